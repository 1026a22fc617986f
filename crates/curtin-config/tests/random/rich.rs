//! Storage sections with every type of item, in words that people use and in words that nobody should: as text, because
//! the checks read text.

use super::config::Dice;

/// A section in the making.
struct Maker<'a> {
    dice: Dice<'a>,
    items: Vec<String>,
    /// Devices that nothing uses yet.
    free: Vec<String>,
    version: u8,
    count: usize,
    mounted: usize,
}

/// The items of a section, for four disks of 64 GiB with the serial numbers S0 to S3 and a DASD at 0.0.1520.
pub(crate) fn section(bytes: &[u8]) -> String {
    let mut maker = Maker { dice: Dice(bytes), items: Vec::new(), free: Vec::new(), version: 1, count: 0, mounted: 0 };
    maker.version = maker.pick(&[1, 2]);
    maker.boot();
    for at in 1..4 {
        maker.disk(at);
    }
    for _ in 0..maker.dice.roll(8) {
        maker.volume();
    }
    for _ in 0..maker.dice.roll(5) {
        maker.content();
    }
    maker.rest();
    let items: String = maker.items.iter().map(|item| format!("  - {{{item}}}\n")).collect();
    format!("storage:\n  version: {}\n  config:\n{items}", maker.version)
}

impl Maker<'_> {
    fn pick<T: Copy>(&mut self, list: &[T]) -> T {
        let at = usize::try_from(self.dice.roll(list.len() as u64)).unwrap_or(0);
        list[at]
    }

    /// One of the first words most of the time, or one of the rarer ones.
    fn mostly<'s>(&mut self, usual: &[&'s str], odd: &[&'s str]) -> &'s str {
        if self.dice.roll(20) == 19 { self.pick(odd) } else { self.pick(usual) }
    }

    fn id(&mut self) -> String {
        self.count += 1;
        format!("i{}", self.count)
    }

    fn push(&mut self, id: &str, kind: &str, rest: &str) {
        self.items.push(format!("id: {id}, type: {kind}{rest}"));
    }

    fn device(&mut self) -> Option<String> {
        let mut free = std::mem::take(&mut self.free);
        let device = self.dice.take(&mut free);
        self.free = free;
        device
    }

    /// A disk that both firmwares start from, with the root on it unless ZFS has it.
    fn boot(&mut self) {
        self.push("d0", "disk", ", serial: S0, ptable: gpt, grub_device: true");
        self.push("bios", "partition", ", device: d0, size: 1M, flag: bios_grub");
        self.push("esp", "partition", ", device: d0, size: 512M, flag: boot");
        self.push("root", "partition", ", device: d0, size: 8G");
        self.push("boot", "partition", ", device: d0, size: 1G");
        match self.dice.roll(6) {
            0 => {
                self.push("f-root", "format", ", volume: root, fstype: zfsroot");
                self.push("m-root", "mount", ", device: f-root, path: /");
            }
            1 => {
                self.push("pool", "zpool", ", pool: rpool, vdevs: [root], mountpoint: /");
                self.push("os", "zfs", ", pool: pool, volume: /os, properties: {canmount: noauto, mountpoint: /}");
            }
            _ => {
                let fstype = self.pick(&["ext4", "xfs", "btrfs", "ext3", "jfs"]);
                let more = self.mostly(&[""], &[", label: a-very-long-name-of-a-root", ", extra_options: [-v]"]);
                self.push("f-root", "format", &format!(", volume: root, fstype: {fstype}{more}"));
                self.push("m-root", "mount", ", device: f-root, path: /");
            }
        }
        self.push("f-boot", "format", ", volume: boot, fstype: ext4");
        self.push("m-boot", "mount", ", device: f-boot, path: /boot");
        self.push("f-esp", "format", ", volume: esp, fstype: fat32, label: efi");
        self.push("m-esp", "mount", ", device: f-esp, path: /boot/efi");
    }

    fn disk(&mut self, at: usize) {
        let id = format!("d{at}");
        let table = self.mostly(&["gpt", "msdos", ""], &["dos", "unsupported", "vtoc"]);
        let ptable = if table.is_empty() { String::new() } else { format!(", ptable: {table}") };
        let more = self.mostly(&["", ", wipe: superblock"], &[", wipe: zero", ", preserve: true", ", name: main"]);
        let kind = if self.dice.roll(12) == 11 && table.is_empty() { "device" } else { "disk" };
        let rest = if kind == "device" {
            format!(", path: /dev/vd{}", ["a", "b", "c", "d"][at])
        } else {
            format!(", serial: S{at}{ptable}{more}")
        };
        self.push(&id, kind, &rest);
        if table.is_empty() || table == "unsupported" {
            self.free.push(id);
            return;
        }
        let count = self.dice.roll(5);
        let extended = table == "msdos" && self.dice.roll(2) == 0;
        for at in 0..count {
            self.partition(&id, table, extended && at > 1);
        }
    }

    /// A partition; with `logical`, an extended one, if there is none yet, or one in it.
    fn partition(&mut self, disk: &str, table: &str, logical: bool) {
        let id = self.id();
        let outer = format!("{disk}x");
        if logical && !self.items.iter().any(|item| item.starts_with(&format!("id: {outer},"))) {
            self.push(&outer, "partition", &format!(", device: {disk}, size: 20G, flag: extended"));
        }
        let usual: &[&str] = if table == "gpt" {
            &["", "linux", "swap", "lvm", "raid", "home"]
        } else {
            if logical { &["logical"] } else { &["", "linux", "boot", "swap", "lvm"] }
        };
        let flag = self.mostly(usual, &["prep", "mbr", "msftres", "bios_grub", "logical", "extended"]);
        let size = self.pick(&["1G", "512M", "3G", "700M", "1000000000", "200M", "1.5G"]);
        let odd = [
            ", number: 7",
            ", offset: 20G",
            ", offset: 40G",
            ", partition_type: '0x83'",
            ", partition_type: 933ac7e1-2eb4-4f13-b844-0e14e2aef915",
            ", partition_name: 'a \"name\" that is longer than there is room for in a table'",
            ", uuid: 933ac7e1-2eb4-4f13-b844-0e14e2aef915",
            ", resize: true",
            ", wipe: random",
            ", grub_device: true",
            ", number: 1",
            ", preserve: true",
        ];
        let more = self.mostly(&[""], &odd);
        let flag_text = if flag.is_empty() { String::new() } else { format!(", flag: {flag}") };
        self.push(&id, "partition", &format!(", device: {disk}, size: {size}{flag_text}{more}"));
        if flag != "extended" {
            self.free.push(id);
        }
    }

    fn volume(&mut self) {
        let id = self.id();
        match self.dice.roll(8) {
            0 | 1 => self.raid(&id),
            2 | 3 => self.lvm(&id),
            4 => {
                let Some(device) = self.device() else { return };
                let key = self.mostly(
                    &["key: sesame", "keyfile: /run/key"],
                    &["keyfile: /dev/urandom", "keyfile: relative", "key: k, cipher: aes-xts-plain64, keysize: '512'"],
                );
                let name = self.mostly(&["c", "safe-"], &["a.b", "x=", "we ird", "a/b", "c:"]);
                self.push(&id, "dm_crypt", &format!(", volume: {device}, dm_name: '{name}{id}', {key}"));
                self.free.push(id);
            }
            5 => {
                let (Some(slow), Some(fast)) = (self.device(), self.device()) else { return };
                let mode = self.mostly(&["", ", cache_mode: writeback"], &[", cache_mode: none", ", ptable: gpt"]);
                self.push(&id, "bcache", &format!(", backing_device: {slow}, cache_device: {fast}{mode}"));
                if mode.contains("ptable") {
                    self.partition(&id, "gpt", false);
                } else {
                    self.free.push(id);
                }
            }
            6 => self.pool(&id),
            _ => {
                let rest = self.mostly(
                    &[
                        "type: nvme_controller, transport: tcp, tcp_addr: 192.0.2.1, tcp_port: 4420",
                        "type: nvme_controller, transport: pcie",
                        "type: dasd, device_id: 0.0.1520, blocksize: 4096, disk_layout: cdl, mode: quick",
                    ],
                    &["type: nvme_controller, transport: tcp", "type: dasd, device_id: 0.0.1520, label: abc"],
                );
                self.items.push(format!("id: {id}, {rest}"));
            }
        }
    }

    fn raid(&mut self, id: &str) {
        let count = 2 + self.dice.roll(3);
        let members: Vec<String> = (0..count).filter_map(|_| self.device()).collect();
        let fitting: &[&str] = match members.len() {
            0 | 1 => return,
            2 => &["1", "0", "raid1", "linear"],
            3 => &["1", "5", "raid5", "4"],
            _ => &["10", "6", "raid10", "stripe"],
        };
        let level = self.mostly(fitting, &["linear", "6", "container", "container", "'1'", "mirror"]);
        let name = self.mostly(&["md", "array-"], &["md/x", "/dev/md", "a/b", "sp ace", "+"]);
        let more = self.mostly(
            &["", "", ", metadata: 1.0"],
            &[
                ", metadata: imsm",
                ", ptable: gpt",
                ", mdname: data",
                ", wipe: zero",
                ", metadata: 0.9",
                ", ptable: msdos",
            ],
        );
        let list = members.join(", ");
        let number = self.count;
        self.push(id, "raid", &format!(", name: '{name}{number}', raidlevel: {level}, devices: [{list}]{more}"));
        if level == "container" {
            let inner = self.id();
            self.push(&inner, "raid", &format!(", name: md{}, raidlevel: 1, container: {id}", self.count));
            self.free.push(inner);
        } else if more.contains("ptable") {
            self.partition(id, if more.contains("gpt") { "gpt" } else { "msdos" }, false);
        } else {
            self.free.push(id.to_owned());
        }
    }

    fn lvm(&mut self, id: &str) {
        let count = 1 + self.dice.roll(2);
        let members: Vec<String> = (0..count).filter_map(|_| self.device()).collect();
        if members.is_empty() {
            return;
        }
        let name = self.mostly(&["vg", "data_"], &[".vg", "-vg", "v g", "a+b"]);
        self.push(id, "lvm_volgroup", &format!(", name: '{name}{id}', devices: [{}]", members.join(", ")));
        for _ in 0..self.dice.roll(3) {
            let volume = self.id();
            let size =
                self.mostly(&[", size: 100M", ", size: 150000000"], &["", ", size: 900G", ", size: 300M, wipe: zero"]);
            let name = self.mostly(&["lv"], &["snapshot", ".lv", "a_rmeta", "l v"]);
            self.push(&volume, "lvm_partition", &format!(", name: '{name}{volume}', volgroup: {id}{size}"));
            self.free.push(volume);
        }
    }

    fn pool(&mut self, id: &str) {
        let Some(device) = self.device() else { return };
        let name = self.mostly(&["tank", "data"], &["mirror", "1pool", "t ank"]);
        let more = self.mostly(
            &["", ", mountpoint: none"],
            &[
                ", pool_properties: {version: null, ashift: 13}, default_features: false",
                ", fs_properties: {canmount: on, compression: lz4}",
                ", fs_properties: {mountpoint: /pool}, mountpoint: /pool",
                ", fs_properties: {canmount: maybe}",
            ],
        );
        self.push(id, "zpool", &format!(", pool: '{name}{id}', vdevs: [{device}]{more}"));
        for volume in ["a", "a/b", "c"].into_iter().take(usize::try_from(self.dice.roll(4)).unwrap_or(0)) {
            let set = self.id();
            let more = self.mostly(
                &["", ", properties: {mountpoint: none}", ", properties: {canmount: off, quota: 1000000000}"],
                &[", properties: {canmount: noauto, mountpoint: none}", ", properties: {mountpoint: relative}"],
            );
            self.push(&set, "zfs", &format!(", pool: {id}, volume: {volume}{more}"));
        }
    }

    fn content(&mut self) {
        let Some(device) = self.device() else { return };
        let id = self.id();
        let fstype = self.mostly(
            &["ext4", "xfs", "swap", "ext2"],
            &["ntfs", "f2fs", "fat16", "reiserfs", "btrfs", "iso9660", "vfat", "ext5"],
        );
        let more = self.mostly(
            &[""],
            &[
                ", uuid: 933ac7e1-2eb4-4f13-b844-0e14e2aef915",
                ", label: a-label-that-is-longer-than-most",
                ", preserve: true",
                ", extra_options: [-c]",
            ],
        );
        self.push(&id, "format", &format!(", volume: {device}, fstype: {fstype}{more}"));
        self.mounted += 1;
        let mount = self.id();
        let place = format!("/srv/{}", self.mounted);
        let path = if fstype == "swap" { "none" } else { self.mostly(&[&place], &["none", "/", "/srv/1", ""]) };
        let path = if path.is_empty() { String::new() } else { format!(", path: {path}") };
        let options = self.mostly(&[""], &[", options: noatime", ", freq: 1, passno: '2'", ", options: _netdev"]);
        self.push(&mount, "mount", &format!(", device: {id}{path}{options}"));
    }

    /// Mounts that need no device of the section.
    fn rest(&mut self) {
        let rest = self.mostly(
            &["", ", spec: none, fstype: tmpfs, path: /tmp"],
            &[
                ", spec: /srv/x, fstype: none, options: bind, path: /mnt/x",
                ", spec: LABEL=data, fstype: ext4, path: /data",
                ", device: f-boot, spec: /dev/sdz1, fstype: ext4, path: /mnt/z",
                ", spec: /swap.img, fstype: swap, path: none",
                ", spec: tmpfs, path: /tmp",
            ],
        );
        if !rest.is_empty() {
            self.push("rest", "mount", rest);
        }
    }
}
