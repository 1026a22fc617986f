//! The scripts, word for word. Each was run by its loader in a virtual machine when it was written down.

use std::net::Ipv4Addr;

use firstlight_pxe::{BootScript, CommandLine, Loader, Purpose, kernel_command_line, render};

fn script(purpose: Purpose) -> BootScript {
    BootScript { server: Ipv4Addr::new(192, 168, 77, 1), http_port: 80, machine: Some("web01".into()), purpose }
}

fn kernel() -> BootScript {
    script(Purpose::Kernel {
        kernel: "images/debian/bookworm/amd64/vmlinuz".into(),
        initrd: "images/debian/bookworm/amd64/initrd".into(),
        command_line: kernel_command_line(&CommandLine {
            squashfs_url: "http://192.168.77.1/images/root.squashfs".into(),
            boot_mac: Some([0x52, 0x54, 0, 0x77, 0, 1]),
            cloud_config_url: Some("http://192.168.77.1/seed?op=get&x=1".into()),
            extra: "console=ttyS0 note=\"a b\"".into(),
        }),
    })
}

/// A reason that tries every way out.
fn hostile() -> BootScript {
    script(Purpose::PowerOff { reason: "it's \"Ready\"; $HOME ${net0/mac}\n|| reboot # end \\".into() })
}

#[track_caller]
fn check(loader: Loader, script: &BootScript, expected: &[&str]) {
    let text = render(loader, script);
    assert_eq!(text.lines().collect::<Vec<_>>(), expected);
    assert!(text.ends_with('\n'));
}

const IPXE_FAILED: [&str; 5] = [
    ":failed",
    "echo Firstlight: this did not work, asking again in 10 seconds",
    "sleep 10",
    "imgfree ||",
    "chain --replace --autofree http://192.168.77.1/boot.ipxe || goto failed",
];

#[track_caller]
fn check_ipxe(script: &BootScript, expected: &[&str]) {
    check(Loader::Ipxe, script, &[&["#!ipxe"], expected, &IPXE_FAILED].concat());
}

#[test]
fn ipxe_kernel() {
    check_ipxe(
        &kernel(),
        &[
            "echo Firstlight: web01: booting from the network",
            "kernel http://192.168.77.1/images/debian/bookworm/amd64/vmlinuz initrd=initrd.img \
             root=squash:http://192.168.77.1/images/root.squashfs BOOTIF=01-52-54-00-77-00-01 ip=dhcp \
             network-config=disabled cc:{'datasource_list': ['MAAS']}end_cc \
             cloud-config-url=http://192.168.77.1/seed?op=get&x=1 ro console=ttyS0 note=\"a b\" || goto failed",
            "initrd --name initrd.img http://192.168.77.1/images/debian/bookworm/amd64/initrd || goto failed",
            "boot || goto failed",
        ],
    );
}

#[test]
fn ipxe_local_disk() {
    check_ipxe(
        &script(Purpose::LocalDisk),
        &[
            "echo Firstlight: web01: booting from the local disk",
            "iseq ${platform} efi && goto uefi ||",
            "exit",
            ":uefi",
            "chain --autofree tftp://192.168.77.1/grubx64.efi || goto failed",
        ],
    );
}

#[test]
fn ipxe_power_off() {
    check_ipxe(
        &hostile(),
        &[
            "echo Firstlight: web01: switching off",
            "echo Reason: it's \"Ready\"; $HOME {net0/mac} \\|| reboot \\# end",
            "poweroff ||",
            "iseq ${platform} efi && goto uefi ||",
            "set 210:string tftp://192.168.77.1/",
            "chain --autofree tftp://192.168.77.1/lpxelinux.0 || goto failed",
            "goto failed",
            ":uefi",
            "chain --autofree tftp://192.168.77.1/grubx64.efi || goto failed",
        ],
    );
}

#[test]
fn ipxe_on_another_port() {
    let mut script = kernel();
    script.http_port = 5248;
    let text = render(Loader::Ipxe, &script);
    assert!(text.contains("kernel http://192.168.77.1:5248/images/"));
    assert!(text.contains("chain --replace --autofree http://192.168.77.1:5248/boot.ipxe"));
}

#[test]
fn grub_kernel() {
    check(
        Loader::Grub,
        &kernel(),
        &[
            "set timeout=0",
            "echo 'Firstlight: web01: booting from the network'",
            "if linux '(tftp,192.168.77.1)/images/debian/bookworm/amd64/vmlinuz' \
             'root=squash:http://192.168.77.1/images/root.squashfs' 'BOOTIF=01-52-54-00-77-00-01' 'ip=dhcp' \
             'network-config=disabled' 'cc:{datasource_list:' '[MAAS]}end_cc' \
             'cloud-config-url=http://192.168.77.1/seed?op=get&x=1' 'ro' 'console=ttyS0' 'note=a b'; then",
            "  if initrd '(tftp,192.168.77.1)/images/debian/bookworm/amd64/initrd'; then",
            "    boot",
            "  fi",
            "fi",
            "echo 'Firstlight: the kernel did not start, restarting in 10 seconds'",
            "sleep 10",
            "reboot",
        ],
    );
}

#[test]
fn grub_local_disk() {
    let text = render(Loader::Grub, &script(Purpose::LocalDisk));
    let expected = "  if search --no-floppy --set=root --file $loader; then\n    \
                      echo \"Firstlight: starting ($root)$loader\"\n    \
                      if chainloader ($root)$loader; then\n      boot\n    fi\n  fi\ndone\n";
    assert!(text.contains(expected), "{text}");
    assert!(text.contains("for loader in /EFI/debian/shimx64.efi /EFI/debian/grubx64.efi "), "{text}");
    assert!(text.ends_with("exit\n"), "{text}");
}

#[test]
fn grub_power_off() {
    check(
        Loader::Grub,
        &hostile(),
        &[
            "set timeout=0",
            "echo 'Firstlight: web01: switching off'",
            "echo 'Reason: its \"Ready\"; $HOME ${net0/mac} || reboot # end \\'",
            "sleep 3",
            "halt",
        ],
    );
}

#[test]
fn pxelinux_kernel() {
    check(
        Loader::Pxelinux,
        &kernel(),
        &[
            "SERIAL 0 115200",
            "PROMPT 0",
            "DEFAULT firstlight",
            "SAY Firstlight: web01: booting from the network",
            "ONERROR restart",
            "LABEL restart",
            "  COM32 reboot.c32",
            "LABEL firstlight",
            "  LINUX http://192.168.77.1/images/debian/bookworm/amd64/vmlinuz",
            "  INITRD http://192.168.77.1/images/debian/bookworm/amd64/initrd",
            "  APPEND root=squash:http://192.168.77.1/images/root.squashfs BOOTIF=01-52-54-00-77-00-01 ip=dhcp \
             network-config=disabled cc:{'datasource_list': ['MAAS']}end_cc \
             cloud-config-url=http://192.168.77.1/seed?op=get&x=1 ro console=ttyS0 note=\"a b\"",
        ],
    );
}

#[test]
fn pxelinux_local_disk_and_power_off() {
    let head = ["SERIAL 0 115200", "PROMPT 0", "DEFAULT firstlight"];
    let disk = ["SAY Firstlight: web01: booting from the local disk", "LABEL firstlight", "  LOCALBOOT 0"];
    check(Loader::Pxelinux, &script(Purpose::LocalDisk), &[&head[..], &disk].concat());
    let off = [
        "SAY Firstlight: web01: switching off",
        "SAY Reason: it's \"Ready\"; $HOME ${net0/mac} || reboot # end \\",
        "LABEL firstlight",
        "  COM32 poweroff.c32",
    ];
    check(Loader::Pxelinux, &hostile(), &[&head[..], &off].concat());
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(96))]
    /// Whatever the text, a script has the same lines, each with the same first word.
    #[test]
    fn free_text_adds_no_line_and_no_command(text in "([a-z ]|[;|&#$'\"\\\\{}\n\r\t]){0,24}") {
        let with = |text: &str| [
            script(Purpose::PowerOff { reason: text.into() }),
            BootScript { machine: Some(text.into()), ..script(Purpose::LocalDisk) },
            script(Purpose::Kernel { kernel: text.into(), initrd: text.into(), command_line: text.into() }),
        ];
        let shape = |loader, script| -> Vec<String> {
            let text = render(loader, script);
            text.lines().map(|line| line.split_whitespace().next().unwrap_or_default().to_owned()).collect()
        };
        for (hostile, plain) in with(&text).iter().zip(&with("x")) {
            for loader in [Loader::Ipxe, Loader::Grub, Loader::Pxelinux] {
                proptest::prop_assert_eq!(shape(loader, hostile), shape(loader, plain));
            }
            let ipxe = render(Loader::Ipxe, hostile).replace("${platform}", "");
            proptest::prop_assert!(!ipxe.contains("${"), "{ipxe}");
            // In GRUB, the quotes of each line are in pairs: everything free is between two of them.
            for line in render(Loader::Grub, hostile).lines() {
                proptest::prop_assert_eq!(line.matches('\'').count() % 2, 0);
            }
        }
    }
}
