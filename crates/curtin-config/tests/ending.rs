//! What a plan does last: the steps are run, with programs that write down how they were called.

#![expect(clippy::unwrap_used, reason = "a test fails where it stands")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use firstlight_curtin_config::{Disk, Plan, Target, parse, plan};

fn planned(config: &str, mount_point: &Path) -> Plan {
    let parsed = parse(&format!("sources: [/r.tar]\n{config}"));
    let mount_point = mount_point.to_str().unwrap().to_owned();
    let target = Target { disks: vec![Disk::new("/dev/vda", 8 << 30)], mount_point, ..Target::default() };
    plan(&parsed.config, &target).unwrap()
}

/// Runs a step; gives the words that the program was called with.
#[track_caller]
fn called(plan: &Plan, step: &str, program: &str) -> Vec<String> {
    let directory = tempfile::tempdir().unwrap();
    let (stub, words) = (directory.path().join(program), directory.path().join("words"));
    fs::write(&stub, format!("#!/bin/sh\nprintf '%s\\n' \"$@\" >{0}.part\nmv {0}.part {0}\n", words.display()))
        .unwrap();
    fs::set_permissions(&stub, fs::Permissions::from_mode(0o755)).unwrap();
    let step = plan.steps.iter().find(|found| found.id == step).unwrap();
    let path = format!("{}:{}", directory.path().display(), "/usr/sbin:/usr/bin:/sbin:/bin");
    let status = Command::new(&step.command[0]).args(&step.command[1..]).env("PATH", path).status().unwrap();
    assert!(status.success(), "{step:#?}");
    // It may be called in the background.
    let wait = ["60", "sh", "-c", "until [ -e \"$0\" ]; do sleep 0.01; done", words.to_str().unwrap()];
    assert!(Command::new("timeout").args(wait).status().unwrap().success(), "{program} was not called");
    fs::read_to_string(words).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn the_power_state_comes_last_and_in_the_background() {
    let plan = planned("power_state: {mode: poweroff, delay: now, message: Bye Bye}\n", Path::new("/target"));
    let last: Vec<&str> = plan.steps.iter().rev().take(2).map(|step| step.id.as_str()).collect();
    assert_eq!(last, ["power-state", "unmount"]);
    assert_eq!(called(&plan, "power-state", "shutdown"), ["-P", "now", "Bye Bye"]);
    for nothing in ["", "power_state: null\n", "power_state: {mode: reboot, delay: soon}\n"] {
        let plan = planned(nothing, Path::new("/target"));
        assert_eq!(plan.steps.last().unwrap().id, "unmount", "{nothing}");
    }
}

#[test]
fn kexec_loads_what_the_menu_starts() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    fs::create_dir_all(root.join("boot/grub")).unwrap();
    fs::write(root.join("boot/vmlinuz-6"), "").unwrap();
    fs::write(root.join("boot/initrd-6"), "").unwrap();
    let menu = "set default=\"0\"\nif [ x ]; then\n  set default=\"1\"\nfi
menuentry 'a' {\n\tlinux /vmlinuz-5 root=/dev/sda1\n}
menuentry 'b' {\n\tlinux /vmlinuz-6 root=/dev/sda2 ro quiet\n\tinitrd /initrd-6\n}
menuentry 'c' {\n\tlinux /vmlinuz-7\n}\n";
    fs::write(root.join("boot/grub/grub.cfg"), menu).unwrap();
    let plan = planned("kexec: {mode: 'on'}\n", root);
    let boot = root.join("boot").display().to_string();
    assert_eq!(
        called(&plan, "kexec", "kexec"),
        [
            "-l".to_owned(),
            format!("{boot}/vmlinuz-6"),
            "--append=root=/dev/sda2 ro quiet".to_owned(),
            format!("--initrd={boot}/initrd-6")
        ]
    );
    let ends: Vec<&str> = plan.steps.iter().rev().take(3).map(|step| step.id.as_str()).collect();
    assert_eq!(ends, ["power-state", "unmount", "kexec"]);
    assert_eq!(plan.steps.last().unwrap().command[4..], ["0", "shutdown", "-r", "now", "'rebooting with kexec'"]);
}
