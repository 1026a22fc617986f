//! Every purpose for every loader: what a person reads, what is fetched from where, and that text stays text.

use std::net::Ipv4Addr;

use firstlight_pxe::{BootScript, InstallerCommandLine, Loader, Purpose, Task, installer_command_line, render};

const LOADERS: [Loader; 5] = [Loader::Ipxe, Loader::Grub, Loader::GrubHttp, Loader::Pxelinux, Loader::PxelinuxTftp];
const TASKS: [(Task, &str); 5] = [
    (Task::Enlist, "enlisting"),
    (Task::Commission, "commissioning"),
    (Task::Install, "installing"),
    (Task::Rescue, "booting the rescue system"),
    (Task::Erase, "ERASING ALL DISKS"),
];

fn script(purpose: Purpose) -> BootScript {
    BootScript { server: Ipv4Addr::new(10, 0, 0, 1), http_port: 5248, machine: Some("web01".into()), purpose }
}

fn ephemeral(task: Task, text: &str) -> Purpose {
    Purpose::Ephemeral { task, kernel: text.into(), initrd: text.into(), command_line: text.into() }
}

fn kernel(text: &str) -> Purpose {
    Purpose::Kernel { kernel: text.into(), initrd: text.into(), command_line: text.into() }
}

fn installer(text: &str) -> Purpose {
    Purpose::Installer { kernel: text.into(), initrd: text.into(), command_line: text.into() }
}

#[test]
fn every_task_boots_the_kernel_and_says_what_for() {
    for loader in LOADERS {
        let plain = render(loader, &script(kernel("k")));
        let said = |purpose| {
            let text = render(loader, &script(purpose));
            assert!(text.contains("Firstlight: web01: "), "{text}");
            text
        };
        for (task, doing) in TASKS {
            assert_eq!(said(ephemeral(task, "k")), plain.replace("booting from the network", doing), "{loader:?}");
        }
        assert_eq!(said(installer("k")), plain.replace("booting from the network", "starting the installer"));
        assert!(said(Purpose::LocalDisk).contains("booting from the local disk"));
        let off = said(Purpose::PowerOff { reason: "it is Ready".into() });
        assert!(off.contains("switching off") && off.contains("Reason: it is Ready"), "{off}");
    }
}

#[test]
fn each_loader_fetches_from_where_it_can() {
    let line = |loader, start: &str| {
        let text = render(loader, &script(ephemeral(Task::Enlist, "images/a b,c/vmlinuz")));
        text.lines().find(|line| line.trim_start().starts_with(start)).unwrap().trim().to_owned()
    };
    assert_eq!(
        line(Loader::Ipxe, "kernel"),
        "kernel http://10.0.0.1:5248/images/a%20b,c/vmlinuz initrd=initrd.img images/a b,c/vmlinuz || goto failed"
    );
    assert_eq!(line(Loader::Grub, "if initrd"), "if initrd '(tftp,10.0.0.1)/images/a b,c/vmlinuz'; then");
    assert_eq!(line(Loader::GrubHttp, "if initrd"), "if initrd '(http,10.0.0.1:5248)/images/a%20b,c/vmlinuz'; then");
    assert_eq!(line(Loader::Pxelinux, "LINUX"), "LINUX http://10.0.0.1:5248/images/a%20b,c/vmlinuz");
    assert_eq!(line(Loader::PxelinuxTftp, "LINUX"), "LINUX ::images/a b,c/vmlinuz");
    assert_eq!(line(Loader::Pxelinux, "INITRD"), "INITRD http://10.0.0.1:5248/images/a%20b%2Cc/vmlinuz");
    let default_port = BootScript { http_port: 80, ..script(installer("k")) };
    assert!(render(Loader::GrubHttp, &default_port).contains("if linux '(http,10.0.0.1)/k' 'k'; then"));
}

#[test]
fn grub_over_http_does_the_rest_as_grub_over_tftp() {
    for purpose in [Purpose::LocalDisk, Purpose::PowerOff { reason: "x".into() }] {
        let script = script(purpose);
        assert_eq!(render(Loader::GrubHttp, &script), render(Loader::Grub, &script));
    }
}

#[test]
fn the_installer_is_told_everything_that_it_would_ask() {
    let line = InstallerCommandLine {
        preseed_url: "http://10.0.0.1/p?x=1 init=/bin/sh",
        hostname: "web 01",
        domain: "lab",
        boot_mac: None,
        log: Some(("10.0.0.1", 514)),
        ephemeral: " DEBCONF_DEBUG=5 ",
        extra: "",
    };
    assert_eq!(
        installer_command_line(&line),
        "auto=true priority=critical url=http://10.0.0.1/p?x=1%20init=/bin/sh interface=auto hostname=web%2001 \
         domain=lab log_host=10.0.0.1 log_port=514 DEBCONF_DEBUG=5"
    );
}

/// What a loader reads as words of a line, its own quotes taken off: what it would run.
fn commands(loader: Loader, text: &str) -> Vec<String> {
    let first = |line: &str| line.split_whitespace().next().unwrap_or_default().to_owned();
    match loader {
        Loader::Grub | Loader::GrubHttp => text.lines().flat_map(grub_commands).collect(),
        _ => text.lines().map(first).collect(),
    }
}

/// The first word of each command of a line, split where GRUB's shell splits: outside of quotes.
fn grub_commands(line: &str) -> Vec<String> {
    let (mut commands, mut command, mut quote) = (Vec::new(), String::new(), None);
    for character in line.chars() {
        match (quote, character) {
            (None, '\'' | '"') => quote = Some(character),
            (Some(open), _) if open == character => quote = None,
            (None, ';' | '|' | '&' | '#' | '\n') => commands.push(std::mem::take(&mut command)),
            (None, _) => command.push(character),
            _ => {}
        }
    }
    commands.push(command);
    commands.iter().filter_map(|command| command.split_whitespace().next()).map(str::to_owned).collect()
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(128))]
    /// Whatever the text, each loader runs the same commands.
    #[test]
    fn free_text_is_no_command_in_any_purpose(text in "([a-z ]|[;|&#$'\"\\\\{}<>()\n\r\t,=-]){0,24}") {
        for loader in LOADERS {
            for (hostile, plain) in [
                (ephemeral(Task::Erase, &text), ephemeral(Task::Erase, "x")),
                (installer(&text), installer("x")),
                (Purpose::PowerOff { reason: text.clone() }, Purpose::PowerOff { reason: "x".into() }),
            ] {
                let named = |purpose, machine: &str| BootScript { machine: Some(machine.into()), ..script(purpose) };
                proptest::prop_assert_eq!(
                    commands(loader, &render(loader, &named(hostile, &text))),
                    commands(loader, &render(loader, &named(plain, "x")))
                );
            }
        }
    }
}
