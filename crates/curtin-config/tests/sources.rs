//! Every form of a root image, fetched and unpacked for real. Needs root: images are mounted.

#![expect(clippy::unwrap_used, reason = "a test fails where it stands")]

use std::fs;
use std::path::Path;
use std::process::Command;

use firstlight_curtin_config::{Disk, Firmware, Plan, Target, parse, plan};

fn planned(config: &str, mount_point: &str) -> Plan {
    let parsed = parse(config);
    assert_eq!(parsed.problems, [], "{config}");
    let disks = vec![Disk::new("/dev/vdb", 8 << 30), Disk::new("/dev/vda", 8 << 30)];
    let target = Target { disks, firmware: Firmware::Uefi, mount_point: mount_point.to_owned(), ..Target::default() };
    plan(&parsed.config, &target).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

/// A directory with the files that `script` makes in it; `$1` is the directory.
#[track_caller]
fn made(script: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    sh(script, &[directory.path().to_str().unwrap()]);
    directory
}

#[track_caller]
fn sh(script: &str, arguments: &[&str]) -> String {
    let output = Command::new("unshare").args(["-m", "sh", "-ec", script, "sh"]).args(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script}: {said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Runs the steps with these ids in one mount namespace, then `after`, which has the mount point as `$1`.
#[track_caller]
fn run(plan: &Plan, ids: &[&str], after: &str) -> String {
    let quoted = |word: &String| firstlight_curtin_config::quote(word);
    let steps = plan.steps.iter().filter(|step| ids.contains(&step.id.as_str()));
    let lines: Vec<String> = steps.map(|step| step.command.iter().map(quoted).collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(lines.len(), ids.len(), "{:#?}", plan.steps);
    sh(&format!("{}\n{after}", lines.join(" >&2\n")), &[&plan.mount_point])
}

/// Extracts a source into an empty directory; gives the names that are there afterwards.
#[track_caller]
fn extracted(directory: &Path, source: &str) -> String {
    let target = directory.join("target");
    fs::create_dir_all(&target).unwrap();
    let config = format!("sources: {{root: {source}}}\n").replace("DIR", directory.to_str().unwrap());
    let found = run(&planned(&config, target.to_str().unwrap()), &["extract-1"], "cd \"$1\"; ls -A | tr '\\n' ' '");
    fs::remove_dir_all(&target).unwrap();
    found
}

#[test]
fn an_archive_is_unpacked_whatever_its_name_says() {
    let directory = made(
        "cd $1; mkdir r; echo hello >r/motd; tar -C r -cf plain .; for p in gzip bzip2 xz 'zstd -q'; do $p -c plain >${p%% *}; done",
    );
    for (name, kind) in [("plain", "tgz"), ("gzip", "txz"), ("bzip2", "tgz"), ("xz", "tgz"), ("zstd", "tgz")] {
        assert_eq!(extracted(directory.path(), &format!("'{kind}:file://DIR/{name}'")), "motd ", "{name}");
    }
    assert_eq!(extracted(directory.path(), "DIR/plain"), "motd ");
    fs::write(directory.path().join("broken"), "\u{1f}\u{8b} nothing").unwrap();
    let config = format!("sources: [{}/broken]\n", directory.path().display());
    let plan = planned(&config, directory.path().to_str().unwrap());
    let step = plan.steps.iter().find(|step| step.id == "extract-1").unwrap();
    let output = Command::new(&step.command[0]).args(&step.command[1..]).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_directory_is_copied() {
    let directory = made("cd $1; mkdir -p r/etc; echo hello >r/etc/motd; ln -s motd r/etc/link; touch r/.hidden");
    assert_eq!(extracted(directory.path(), "cp://DIR/r"), ".hidden etc ");
    let plan = planned("install: {extra_rsync_args: [--exclude=/x]}\nsources: ['cp:///media/root/']\n", "/target");
    let step = plan.steps.iter().find(|step| step.id == "extract-1").unwrap();
    assert_eq!(step.command.join(" "), "rsync -aXHAS --one-file-system --exclude=/x /media/root/ /target");
}

/// A layer on top of another may take files away: an overlay has a device 0:0 in their place.
#[test]
fn images_of_file_systems_are_copied() {
    let directory = made(
        "cd $1; mkdir a b; touch a/one a/two b/three; mknod b/two c 0 0; mksquashfs a a.squashfs -quiet -no-progress
         mksquashfs b a.b.squashfs -quiet -no-progress; truncate -s 8M image; mkfs.ext4 -q -O ^has_journal -d a image",
    );
    assert_eq!(extracted(directory.path(), "'fsimage:file://DIR/a.squashfs'"), "one two ");
    assert_eq!(extracted(directory.path(), "DIR/a.b.squashfs").split_whitespace().count(), 2, "one image alone");
    assert_eq!(extracted(directory.path(), "'fsimage:DIR/image'"), "lost+found one two ");
    assert_eq!(extracted(directory.path(), "{type: fsimage-layered, uri: 'file://DIR/a.b.squashfs'}"), "one three ");
}

/// A loop device over a sparse file, given back when the test ends.
struct Loop(String);

impl Drop for Loop {
    fn drop(&mut self) {
        let _ = Command::new("losetup").args(["--detach", &self.0]).output();
    }
}

#[test]
fn the_image_of_a_disk_is_written_and_its_root_mounted() {
    let directory = made(
        "cd $1; mkdir -p r/etc target; echo root >r/etc/fstab; truncate -s 4M disk.img
         truncate -s 64M root.img; mkfs.ext4 -q -d r root.img; truncate -s 80M image; truncate -s 128M disk
         printf 'label: gpt\\nstart=2048, size=8192\\nstart=10240, size=131072\\n' | sfdisk -q image
         dd if=root.img of=image bs=1M seek=5 conv=notrunc status=none; xz -0 -k image; tar -cf image.tar image",
    );
    let file = |name: &str| directory.path().join(name).display().to_string();
    let disk = sh("losetup --find --show --partscan \"$1\"", &[&file("disk")]);
    let disk = Loop(disk.trim().to_owned());
    for (kind, name) in [("dd-raw", "image"), ("dd-xz", "image.xz"), ("dd-tar", "image.tar")] {
        let config = format!("sources: {{root: {{type: {kind}, uri: 'file://{}'}}}}\n", file(name));
        let parsed = parse(&config);
        let disks = vec![Disk::new(&disk.0, 128 << 20)];
        let target = Target { disks, mount_point: file("target"), ..Target::default() };
        let plan = plan(&parsed.config, &target).unwrap();
        let wipe = format!("wipe-{}", disk.0.trim_start_matches("/dev/"));
        assert_eq!(run(&plan, &[&wipe, "image", "mount-root"], "cat \"$1/etc/fstab\""), "root\n", "{kind}");
    }
}

#[test]
fn the_image_of_a_disk_brings_everything_else() {
    let image = "sources: {root: {type: dd-gz, uri: 'http://h/disk.gz'}}\n";
    let plan = planned(image, "/target");
    assert_eq!(plan.layout.to_string(), "/dev/vdb  8 GiB  the image http://h/disk.gz\n");
    let ids: Vec<&str> = plan.steps.iter().map(|step| step.id.as_str()).collect();
    let wanted = "check-vdb wipe-vdb image mount-root hostname hosts network networkd bind unlive unmount";
    assert_eq!(ids.join(" "), wanted);
    let chosen = |more: &str| planned(&format!("{image}{more}"), "/target").layout.disks[0].path.clone();
    assert_eq!(chosen("block-meta: {devices: [/dev/vda]}\n"), "/dev/vda");
    let storage =
        "storage: {version: 1, config: [{id: b, type: disk, path: /dev/vdb}, {id: a, type: disk, path: /dev/vda";
    assert_eq!(chosen(&format!("{storage}}}]}}\n")), "/dev/vda");
    assert_eq!(chosen(&format!("{}}}]}}\n", storage.replace("vdb}", "vdb, grub_device: true}"))), "/dev/vdb");
}

#[test]
fn block_meta_chooses_the_disk_of_the_simple_layout() {
    let flat = planned("sources: [/r.tar]\nblock-meta: {devices: [/dev/vda], boot-partition: {enabled: true}}\n", "/t");
    assert_eq!(flat.layout.disks[0].path, "/dev/vda");
    assert_eq!(flat.layout.device_at("/boot"), Some("/dev/vda3"));
    let parsed = parse("sources: [/r.tar]\nblock-meta: {devices: [/dev/sdz]}\n");
    let target = Target { disks: vec![Disk::new("/dev/vda", 8 << 30)], ..Target::default() };
    let refusal = plan(&parsed.config, &target).unwrap_err();
    assert_eq!(refusal.iter().map(|problem| problem.code).collect::<Vec<_>>(), ["no-disk"]);
}
