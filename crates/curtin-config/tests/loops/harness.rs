//! Loop devices on which the partitioning stage of a plan is run for real, and `lsblk` beside what the plan said.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use firstlight_curtin_config::{Disk, Firmware, Plan, ShellOptions, Stage, Target, layout, parse, plan, render_shell};
use serde_json::Value;

/// Runs a command and gives its standard output.
#[track_caller]
pub(crate) fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("{program} cannot be started: {error}"));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {text}{error}");
    text.trim_end().to_owned()
}

/// Fails with a sentence when the machine lacks what the test needs.
pub(crate) fn check_means(tools: &[(&str, &str)]) {
    assert_eq!(run("id", &["-u"]), "0", "this test needs root: it makes loop devices and mounts them");
    let usual =
        [("sfdisk", "fdisk"), ("mkfs.vfat", "dosfstools"), ("mkfs.ext4", "e2fsprogs"), ("unshare", "util-linux")];
    for (tool, package) in usual.iter().chain(tools) {
        let found = Command::new("sh").args(["-c", &format!("command -v {tool}")]).output();
        let found = found.is_ok_and(|output| output.status.success());
        assert!(found, "this test needs {tool}: apt-get install {package}");
    }
}

/// Loop devices over sparse files, given back when the test ends, however it ends.
pub(crate) struct Bench {
    directory: tempfile::TempDir,
    pub(crate) disks: Vec<Disk>,
}

/// Takes apart what is built of a device, the last thing first.
const TAKE_APART: &str = r#"
for pass in 1 2 3; do
  lsblk -nrpo NAME,TYPE "$1" | tac | while read -r name type; do
    case $type in
      lvm | crypt) dmsetup remove --retry "$name" ;;
      raid* | md) mdadm --stop "$name" ;;
    esac
    cache=/sys/class/block/${name##*/}/bcache
    for stop in "$cache/set/stop" "$cache/stop"; do [ ! -e "$stop" ] || echo 1 >"$stop"; done
  done
  [ "$(lsblk -nrpo NAME "$1" | grep -cv "^$1")" = 0 ] && break
  sleep 1
done
wipefs -qaf "$1"; losetup --detach "$1""#;

impl Drop for Bench {
    fn drop(&mut self) {
        for disk in &self.disks {
            let _ = Command::new("bash").args(["-c", TAKE_APART, "apart", &disk.path]).output();
        }
    }
}

impl Bench {
    /// `count` disks of `size` bytes.
    pub(crate) fn new(count: usize, size: u64, sector_size: u32) -> Self {
        let directory = tempfile::tempdir().expect("there is room in /tmp");
        let mut bench = Self { directory, disks: Vec::new() };
        for at in 0..count {
            let image = bench.file(&format!("disk-{at}.img"));
            run("truncate", &["-s", &size.to_string(), &image]);
            let sector = sector_size.to_string();
            let path = run("losetup", &["--find", "--show", "--partscan", "--sector-size", &sector, &image]);
            bench.disks.push(Disk { sector_size, serial: Some(format!("L{at}")), ..Disk::new(path, size) });
        }
        bench
    }

    fn file(&self, name: &str) -> String {
        self.directory.path().join(name).display().to_string()
    }

    /// The plan of a storage section for a UEFI machine with these disks.
    #[track_caller]
    pub(crate) fn plan(&self, storage: &str) -> Plan {
        let parsed = parse(&format!("sources: [/nowhere.tar]\n{storage}"));
        assert_eq!(parsed.problems, []);
        let target = Target {
            firmware: Firmware::Uefi,
            disks: self.disks.clone(),
            mount_point: self.file("target"),
            seed: "machine-17".to_owned(),
            ..Target::default()
        };
        plan(&parsed.config, &target).unwrap_or_else(|problems| panic!("{problems:#?}"))
    }

    /// Runs the partitioning stage, and compares what is there afterwards with what was said.
    #[track_caller]
    pub(crate) fn partition(&self, plan: &Plan) {
        let mut part = plan.clone();
        let filesystems = fs::read_to_string("/proc/filesystems").unwrap_or_default();
        let mounts_vfat = filesystems.contains("vfat");
        part.steps.retain(|step| step.stage == Stage::Partitioning && (mounts_vfat || step.id != "mount-boot-efi"));
        let lsblk = self.file("lsblk.json");
        let options = ShellOptions {
            run_directory: self.file("run"),
            prelude: "report() { printf '%s\\n' \"$*\"; }".to_owned(),
            ..ShellOptions::default()
        };
        let paths: Vec<&str> = self.disks.iter().map(|disk| disk.path.as_str()).collect();
        let script = format!(
            "{}\nudevadm settle 2>/dev/null\nlsblk --json --list --bytes --output \
             KNAME,TYPE,SIZE,FSTYPE,LABEL,UUID,MOUNTPOINT {} >{lsblk}\nfl_unmount\n",
            render_shell(&part, &options),
            paths.join(" ")
        );
        let file = self.file("install.sh");
        fs::write(&file, script).expect("the script is written");
        let output = Command::new("unshare").args(["-m", "sh", &file]).output().expect("unshare runs");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
        let found: Value = serde_json::from_str(&fs::read_to_string(&lsblk).expect("lsblk has run")).expect("JSON");
        let root = self.file("target");
        for device in plan.layout.devices() {
            let skips_mount = !mounts_vfat && device.fstype.as_deref() == Some("vfat");
            compare(&device, &found, &root, skips_mount);
        }
    }
}

/// One device of a plan and its line of `lsblk`.
#[track_caller]
fn compare(device: &layout::Device, found: &Value, root: &str, skips_mount: bool) {
    let node = fs::canonicalize(&device.path).unwrap_or_else(|error| panic!("{}: {error}", device.path));
    let name = node.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let lines = found["blockdevices"].as_array().expect("a list");
    let line = lines.iter().find(|line| line["kname"] == name);
    let line = line.unwrap_or_else(|| panic!("lsblk does not show {} ({name}): {found:#}", device.path));
    let kind = if line["type"] == "loop" { "disk" } else { line["type"].as_str().unwrap_or_default() };
    assert_eq!(kind, device.kind, "{}", device.path);
    let size = line["size"].as_u64().expect("a size");
    let fits = if device.at_least { size >= device.size } else { size == device.size };
    assert!(fits, "{} has {size} bytes, and {} were planned", device.path, device.size);
    // Without udev, lsblk knows nothing of contents; blkid is whom udev asks.
    let text = |key: &str| line[key].as_str().map(str::to_owned).or_else(|| probe(&node, key));
    assert_eq!(text("fstype"), device.fstype, "{}", device.path);
    if device.uuid.is_some() {
        let lower = |text: Option<String>| text.map(|text| text.to_lowercase());
        assert_eq!(lower(text("uuid")), lower(device.uuid.clone()), "{}", device.path);
    }
    if device.label.is_some() {
        assert_eq!(text("label"), device.label, "{}", device.path);
    }
    // Swap is turned on by the installed system alone.
    let mountpoint = device.mountpoint.as_deref().filter(|_| !skips_mount).filter(|path| path.starts_with('/'));
    let wanted = mountpoint.map(|path| format!("{root}{}", path.trim_end_matches('/')));
    assert_eq!(text("mountpoint"), wanted, "{}", device.path);
    let slaves = fs::read_dir(Path::new("/sys/class/block").join(name).join("slaves"));
    let slaves: BTreeSet<String> = slaves
        .map(|entries| entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect())
        .unwrap_or_default();
    if device.kind != "part" && !device.parents.is_empty() {
        let parents: BTreeSet<String> = device
            .parents
            .iter()
            .filter_map(|path| Some(fs::canonicalize(path).ok()?.file_name()?.to_string_lossy().into_owned()))
            .collect();
        // A logical volume may lie on some of its group's devices.
        assert!(slaves.is_subset(&parents) && !slaves.is_empty(), "{} is on {slaves:?}", device.path);
    }
}

fn probe(node: &Path, key: &str) -> Option<String> {
    let tag = match key {
        "fstype" => "TYPE",
        "label" => "LABEL",
        "uuid" => "UUID",
        _ => return None,
    };
    let output = Command::new("blkid").args(["-p", "-s", tag, "-o", "value"]).arg(node).output().expect("blkid runs");
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    Some(text).filter(|text| !text.is_empty())
}
