//! A storage section of any shape is judged: in bounded time, in order, and without an objection to what is not there.
#![no_main]

use std::fmt::Write as _;

use firstlight_curtin_config::{Level, Lines, check};
use libfuzzer_sys::fuzz_target;

/// Items with a place for a reference, of each type.
const ITEMS: [&str; 14] = [
    "type: disk, serial: S",
    "type: disk, path: /dev/sda, ptable: gpt, wipe: superblock",
    "type: disk, serial: T, ptable: msdos, preserve: true",
    "type: partition, size: 1G, device: ",
    "type: partition, size: 5G, flag: extended, number: 2, device: ",
    "type: partition, size: 1M, flag: bios_grub, offset: 3M, device: ",
    "type: format, fstype: ext4, volume: ",
    "type: format, fstype: swap, label: a-long-label-for-swap, volume: ",
    "type: mount, path: /, device: ",
    "type: mount, path: /boot/efi, device: ",
    "type: dm_crypt, dm_name: c, key: k, volume: ",
    "type: lvm_partition, name: l, size: 2G, volgroup: ",
    "type: raid, name: md0, raidlevel: 5, devices: ",
    "type: lvm_volgroup, name: g, devices: ",
];

fuzz_target!(|data: &[u8]| {
    let mut yaml = format!("storage:\n  version: {}\n  config:\n", 1 + data.len() % 2);
    for (at, item) in data.chunks(4).take(2000).enumerate() {
        let byte = |at: usize| usize::from(item.get(at).copied().unwrap_or_default());
        let kind = ITEMS[byte(0) % ITEMS.len()];
        // Ids are often those of another item, and sometimes of none.
        let id = if byte(1) > 240 { byte(1) - 240 } else { at };
        let (first, second) = ((at + byte(2)) % (at + 4), byte(3) % (at + 2));
        let reference = match kind {
            kind if kind.ends_with("devices: ") => format!("[i{first}, i{second}]"),
            kind if kind.ends_with(' ') => format!("i{first}"),
            _ => String::new(),
        };
        let _ = writeln!(yaml, "  - {{id: i{id}, {kind}{reference}}}");
    }
    let schema = check(&yaml, Level::Schema);
    let runtime = check(&yaml, Level::Runtime);
    let lint = check(&yaml, Level::Lint);
    assert!(schema.iter().all(|problem| problem.level == Level::Schema && runtime.contains(problem)));
    assert!(runtime.iter().all(|problem| problem.level <= Level::Runtime && lint.contains(problem)));
    assert!(lint.is_sorted_by_key(|problem| problem.span));
    let lines = Lines::new(&yaml);
    for problem in &lint {
        assert!(!problem.remedy.is_empty(), "{problem}");
        assert!(lines.snippet(problem).is_some() || !problem.span.is_known(), "{problem}");
    }
});
