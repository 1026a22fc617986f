//! Whatever the text, a boot script has the same lines.
#![no_main]

use std::net::Ipv4Addr;

use firstlight_pxe::{BootScript, Loader, Purpose, Task, render};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let scripts = |text: &str| {
        let text = || text.to_owned();
        [
            Purpose::Ephemeral { task: Task::Erase, kernel: text(), initrd: text(), command_line: text() },
            Purpose::LocalDisk,
            Purpose::PowerOff { reason: text() },
        ]
        .map(|purpose| BootScript {
            server: Ipv4Addr::new(192, 0, 2, 1),
            http_port: 80,
            machine: Some(text()),
            purpose,
        })
    };
    for loader in [Loader::Ipxe, Loader::Grub, Loader::GrubHttp, Loader::Pxelinux, Loader::PxelinuxTftp] {
        for (hostile, plain) in scripts(&text).iter().zip(&scripts("x")) {
            let hostile = render(loader, hostile);
            assert_eq!(hostile.matches('\n').count(), render(loader, plain).matches('\n').count());
            assert!(!hostile.contains(|character: char| character.is_control() && character != '\n'));
            match loader {
                Loader::Ipxe => assert!(!hostile.replace("${platform}", "").contains("${")),
                Loader::Pxelinux | Loader::PxelinuxTftp => {}
                _ => assert!(hostile.lines().all(|line| line.matches('\'').count() % 2 == 0)),
            }
        }
    }
});
