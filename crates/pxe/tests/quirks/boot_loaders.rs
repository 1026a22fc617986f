//! Scripts, and what is asked for on the way to a kernel.

use firstlight_pxe::{
    BootFile, BootScript, ConfigKey, Loader, MachineUuid, Purpose, Quirks, RequestedPath, Role, decide, decide_with,
    render,
};

use super::{CLASS, HTTP, POLICY, SERVER, UEFI, answer, identify};

fn script(purpose: Purpose) -> BootScript {
    BootScript { server: SERVER, http_port: 80, machine: Some("web01".into()), purpose }
}

fn kernel(command_line: &str) -> BootScript {
    script(Purpose::Kernel { kernel: "k".into(), initrd: "i".into(), command_line: command_line.into() })
}

#[test]
fn snponly_is_handed_out_and_never_ipxe_efi() {
    assert_eq!(answer(&[HTTP], Role::Dhcp).boot_file, Some(BootFile::SnponlyX64));
    for code in 0..=41 {
        for class in [CLASS, HTTP] {
            let client = identify(&[class, (93, &[0, code])]);
            let file = decide(&client, Role::Dhcp, &POLICY).ok().and_then(|answer| answer.boot_file);
            assert_ne!(file, Some(BootFile::IpxeX64));
        }
    }
}

#[test]
fn ipxe_on_uefi_names_the_initial_ram_disk_twice() {
    let text = render(Loader::Ipxe, &kernel("quiet"));
    assert!(text.contains("kernel http://10.0.0.1/k initrd=initrd.img quiet || goto failed\n"), "{text}");
    assert!(text.contains("initrd --name initrd.img http://10.0.0.1/i || goto failed\n"), "{text}");
}

#[test]
fn html_escapes_break_scripts_and_are_never_written() {
    let line = "url=http://x/?a=1&b=<2>";
    for loader in [Loader::Ipxe, Loader::Grub, Loader::Pxelinux] {
        let text = render(loader, &kernel(line));
        assert!(text.contains(line), "{text}");
    }
}

#[test]
fn configurations_are_asked_for_by_these_names_in_either_case() {
    let mac = ConfigKey::Mac([0xaa, 0xbb, 0xcc, 0, 1, 2]);
    let ip = ConfigKey::IpPrefix { prefix: 0xC0_A84D, digits: 6 };
    let uuid = ConfigKey::Uuid(MachineUuid::parse_text("44454c4c-3000-1035-8056-b4c04f4e3632").unwrap());
    let default = ConfigKey::Default { arch: None, subarch: None };
    let pxelinux = [
        ("pxelinux.cfg/44454c4c-3000-1035-8056-b4c04f4e3632", uuid),
        ("pxelinux.cfg/01-aa-bb-cc-00-01-02", mac.clone()),
        ("pxelinux.cfg/c0a84d", ip.clone()),
        ("pxelinux.cfg/default", default),
    ];
    let grub = [
        ("grub/grub.cfg-aa-bb-cc-00-01-02", mac.clone()),
        ("grub/grub.cfg-aa:bb:cc:00:01:02", mac.clone()),
        ("grub/grub.cfg-01-aa-bb-cc-00-01-02", mac),
        ("grub/grub.cfg-c0a84d", ip),
    ];
    for (path, key) in pxelinux {
        assert_eq!(RequestedPath::parse(path), RequestedPath::PxelinuxConfig(key.clone()));
        assert_eq!(RequestedPath::parse(&path.to_uppercase()), RequestedPath::PxelinuxConfig(key));
    }
    for (path, key) in grub {
        assert_eq!(RequestedPath::parse(path), RequestedPath::GrubConfig(key.clone()));
        assert_eq!(RequestedPath::parse(&path.to_uppercase()), RequestedPath::GrubConfig(key));
    }
}

#[test]
fn each_loader_boots_the_local_disk_in_its_own_way() {
    let disk = script(Purpose::LocalDisk);
    assert!(render(Loader::Pxelinux, &disk).ends_with("LOCALBOOT 0\n"));
    // UEFI: the disk's loader by its name, since firmware would try the network again.
    let grub = render(Loader::Grub, &disk);
    assert!(grub.contains("chainloader ($root)$loader") && grub.ends_with("exit\n"), "{grub}");
    let ipxe = render(Loader::Ipxe, &disk);
    assert!(ipxe.contains("iseq ${platform} efi && goto uefi ||\nexit\n:uefi\nchain "), "{ipxe}");
}

#[test]
fn shim_and_grub_are_of_one_family_and_can_be_chosen_per_machine() {
    assert_eq!(BootFile::ShimX64.requires(), [BootFile::GrubX64]);
    assert_eq!(BootFile::ShimX64.package(), "shim-signed");
    assert_eq!(BootFile::GrubX64.package(), "grub-efi-amd64-signed");
    let mut quirks = Quirks::default();
    quirks.boot_file = Some("shim-2023/bootx64.efi".into());
    let answer = decide_with(&identify(&[UEFI]), Role::Dhcp, &POLICY, &quirks).unwrap();
    assert_eq!(answer.file, "shim-2023/bootx64.efi");
}
