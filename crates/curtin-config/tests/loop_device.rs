//! A rendered script, run for real: a disk image behind a loop device is partitioned, formatted,
//! filled, and looked at afterwards.
//!
//! Needs root and the packages fdisk, dosfstools, e2fsprogs, zstd and curl; it says so when
//! one is missing. GRUB is a stub in the tiny root image, and the EFI system partition is made and
//! looked at but not mounted, because the kernel of a build machine may have no vfat: that the
//! result boots is for the lab.

#![expect(clippy::unwrap_used, reason = "a test fails where it stands")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use firstlight_curtin_config::{Disk, Firmware, Plan, ShellOptions, Target, parse, plan, quote, render_shell};

const SIZE: u64 = 4 << 30;

/// Runs a command and gives its standard output.
#[track_caller]
fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("{program} cannot be started: {error}"));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {text}{error}");
    text.trim_end().to_owned()
}

fn check_means() {
    let id = run("id", &["-u"]);
    assert_eq!(id, "0", "this test needs root: it makes loop devices and mounts them");
    for (tool, package) in [
        ("sfdisk", "fdisk"),
        ("mkfs.vfat", "dosfstools"),
        ("mkfs.ext4", "e2fsprogs"),
        ("zstd", "zstd"),
        ("curl", "curl"),
        ("losetup", "mount"),
        ("unshare", "util-linux"),
    ] {
        let found = Command::new("sh").args(["-c", &format!("command -v {tool}")]).output();
        let found = found.is_ok_and(|output| output.status.success());
        assert!(found, "this test needs {tool}: apt-get install {package}");
    }
}

/// A loop device that is given back when the test ends, however it ends.
struct Loop {
    path: String,
}

impl Loop {
    fn new(image: &Path) -> Self {
        let image = image.to_str().unwrap();
        run("truncate", &["-s", &SIZE.to_string(), image]);
        let path = run("losetup", &["--find", "--show", "--partscan", image]);
        Self { path }
    }
}

impl Drop for Loop {
    fn drop(&mut self) {
        let _ = Command::new("losetup").args(["--detach", &self.path]).output();
    }
}

/// A root with a shell and two stubs that note how they were called.
fn root_archive(directory: &Path) -> PathBuf {
    let script = r#"
set -e
mkdir -p "$1/bin" "$1/sbin" "$1/usr/sbin" "$1/etc/cloud/cloud.cfg.d" "$1/boot" "$1/lib/systemd/system"
for tool in sh cat chown echo; do
  program=$(command -v $tool || command -v dash)
  [ $tool = echo ] && program=/bin/echo
  cp -L "$program" "$1/bin/$tool"
  ldd "$program" | grep -o '/[^ ]*' | while read -r library; do
    mkdir -p "$1${library%/*}"; cp -Lu "$library" "$1$library"
  done
done
printf 'root:x:0:0::/:/bin/sh\nmail:x:8:8::/:/bin/sh\n' >"$1/etc/passwd"
printf 'root:x:0:\nmail:x:8:\n' >"$1/etc/group"
: >"$1/lib/systemd/system/systemd-networkd.service"
printf 'old' >"$1/etc/hostname"
for tool in grub-install update-grub; do
  printf '#!/bin/sh\necho %s "$@" >>/boot/calls\n[ -e /proc/self/stat ] && [ -e /dev/null ]\n' $tool >"$1/usr/sbin/$tool"
  chmod 755 "$1/usr/sbin/$tool"
done
tar -C "$1" -cf - . | zstd -q -1 >"$2"
"#;
    let root = directory.join("root");
    let archive = directory.join("root.tar.zst");
    run("sh", &["-c", script, "sh", root.to_str().unwrap(), archive.to_str().unwrap()]);
    archive
}

const REPORT: &str = r#"report() { printf '%s|' "$@" | tr '\n' '~' >>"$EVENTS"; echo >>"$EVENTS"; }"#;

struct Bench {
    directory: tempfile::TempDir,
    disk: Loop,
}

impl Bench {
    fn new() -> Self {
        check_means();
        let directory = tempfile::tempdir().unwrap();
        let disk = Loop::new(&directory.path().join("disk.img"));
        Self { directory, disk }
    }

    fn file(&self, name: &str) -> String {
        self.directory.path().join(name).to_str().unwrap().to_owned()
    }

    fn plan(&self, firmware: Firmware, more: &str) -> Plan {
        let archive = root_archive(self.directory.path());
        let parsed = parse(&format!("sources:\n  root: {}\n{more}", archive.display()));
        assert_eq!(parsed.problems, []);
        let target = Target {
            firmware,
            disks: vec![Disk::new(&self.disk.path, SIZE)],
            hostname: "brave-otter.lab".to_owned(),
            mount_point: self.file("target"),
            seed: "machine-17".to_owned(),
            ..Target::default()
        };
        let mut plan = plan(&parsed.config, &target).unwrap();
        plan.steps.retain(|step| step.id != "mount-boot-efi");
        plan
    }

    /// Runs the script in a mount namespace of its own, and gives the reports.
    fn install(&self, plan: &Plan) -> (Output, Vec<String>) {
        let options = ShellOptions {
            run_directory: self.file("run"),
            prelude: format!("EVENTS={}\n{REPORT}", quote(&self.file("events"))),
            ..ShellOptions::default()
        };
        let script = self.file("install.sh");
        fs::write(&script, render_shell(plan, &options)).unwrap();
        let output = Command::new("unshare").args(["-m", "sh", &script]).output().unwrap();
        let events = fs::read_to_string(self.file("events")).unwrap_or_default();
        (output, events.lines().map(str::to_owned).collect())
    }

    /// Runs a line of shell with the installed root mounted read-only at `$1`.
    fn look(&self, line: &str) -> String {
        let look = self.file("look");
        let script =
            format!("set -e; mkdir -p \"$1\"; mount -o ro {disk}p3 \"$1\"; cd \"$1\"; {line}", disk = self.disk.path);
        run("unshare", &["-m", "sh", "-c", &script, "look", &look])
    }
}

#[test]
fn the_flat_layout_is_installed() {
    let bench = Bench::new();
    let more = r#"
write_files:
  note: {path: /etc/note, content: "it's $HOME; `x`\n", permissions: '0600', owner: 'mail:mail'}
  raw: {path: /etc/raw, content: !!binary "AAEC/w=="}
late_commands:
  10_list: [curtin, in-target, --, sh, -c, 'echo "$0" in >/etc/in-target']
  20_line: curtin in-target -- sh -c 'echo line >>/etc/in-target'
  30_out: echo "$TARGET_MOUNT_POINT" >"$TARGET_MOUNT_POINT/etc/out"
"#;
    let plan = bench.plan(Firmware::Uefi, more);
    let (output, events) = bench.install(&plan);
    let log = fs::read_to_string(bench.file("run/install.log")).unwrap();
    assert!(output.status.success(), "{events:#?}\n{log}\n{output:?}");

    let wanted: Vec<String> = plan
        .steps
        .iter()
        .flat_map(|step| [format!("start|{}|{}|", step.id, step.description), format!("finish|{}|", step.id)])
        .collect();
    assert_eq!(events.len(), wanted.len());
    for (event, wanted) in events.iter().zip(&wanted) {
        assert!(event.starts_with(wanted.as_str()), "{event} is not {wanted}");
    }

    let table: serde_json::Value = serde_json::from_str(&run("sfdisk", &["--json", &bench.disk.path])).unwrap();
    let table = &table["partitiontable"];
    assert_eq!(table["label"], "gpt");
    for (found, planned) in table["partitions"].as_array().unwrap().iter().zip(&plan.layout.disks[0].partitions) {
        assert_eq!(found["node"], planned.path.as_str());
        assert_eq!(found["start"], planned.start / 512);
        assert_eq!(found["size"], planned.size / 512);
        assert_eq!(found["uuid"], planned.uuid.to_uppercase());
    }

    let hosts = bench.look("cat etc/hostname; grep 127.0.1.1 etc/hosts");
    assert_eq!(hosts, "brave-otter\n127.0.1.1 brave-otter.lab brave-otter");
    let fstab = bench.look("grep -v '^#' etc/fstab");
    for (line, mount) in fstab.lines().zip(&plan.layout.mounts) {
        assert_eq!(line.split(' ').next(), Some(mount.spec.as_str()));
        let device = mount.device.as_deref().unwrap();
        let uuid = run("blkid", &["-p", "-s", "UUID", "-o", "value", device]);
        assert_eq!(mount.spec, format!("UUID={uuid}"));
    }
    assert_eq!(bench.look("stat -c '%a %u:%g %s' etc/note; cat etc/note"), "600 8:8 16\nit's $HOME; `x`");
    assert_eq!(bench.look("od -An -tx1 etc/raw"), " 00 01 02 ff");
    assert_eq!(bench.look("cat etc/in-target etc/out"), format!("sh in\nline\n{}", bench.file("target")));
    assert_eq!(
        bench.look("cat boot/calls"),
        "grub-install --target=x86_64-efi --efi-directory=/boot/efi --no-nvram --removable\n\
         grub-install --target=x86_64-efi --efi-directory=/boot/efi --no-nvram --bootloader-id=debian\n\
         update-grub"
    );
    assert_eq!(
        bench.look("cat etc/cloud/cloud.cfg.d/50-curtin-networking.cfg"),
        "network:\n  version: 2\n  ethernets:\n    \"en*\":\n      match:\n        name: \"en*\"\n      dhcp4: true\n    \
         \"eth*\":\n      match:\n        name: \"eth*\"\n      dhcp4: true"
    );
}

#[test]
fn a_failing_step_is_reported_and_everything_is_unmounted() {
    let bench = Bench::new();
    let plan =
        bench.plan(Firmware::Bios, "late_commands:\n  bad: echo \"some'thing\"; exit 7\n  never: touch /nowhere\n");
    // Left over from an earlier attempt: the second run must cope.
    for attempt in 1..=2 {
        let _ = fs::remove_file(bench.file("events"));
        let (output, events) = bench.install(&plan);
        assert_eq!(output.status.code(), Some(1), "attempt {attempt}: {events:#?}");
        assert_eq!(events.last().map(String::as_str), Some("fail|late-bad|7|some'thing|"));
    }
    assert_eq!(run("lsblk", &["-nro", "MOUNTPOINT", &bench.disk.path]).trim(), "");
    let calls = bench.look("cat boot/calls");
    assert_eq!(calls, format!("grub-install --target=i386-pc {}\nupdate-grub", bench.disk.path));
}
