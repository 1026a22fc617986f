//! Any text is parsed and checked, and planned or refused; a plan renders, and partitions stay in their disk.
#![no_main]

use firstlight_curtin_config::{Disk, Firmware, Level, Lines, ShellOptions, Target, check, parse, plan, render_shell};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let parsed = parse(text);
    let problems = check(text, Level::Lint);
    let lines = Lines::new(text);
    for problem in &problems {
        let _ = lines.snippet(problem);
    }
    let firmware = if data.len() % 2 == 0 { Firmware::Bios } else { Firmware::Uefi };
    let target = Target {
        firmware,
        disks: vec![Disk { serial: Some("s".to_owned()), ..Disk::new("/dev/vda", 16 << 30) }],
        hostname: "fuzz".to_owned(),
        ..Target::default()
    };
    let Ok(plan) = plan(&parsed.config, &target) else { return };
    assert!(!parsed.has_errors(), "a configuration with errors has no plan");
    for disk in &plan.layout.disks {
        let mut end = 1 << 20;
        for partition in &disk.partitions {
            assert!(partition.start >= end);
            end = partition.start + partition.size;
        }
        assert!(end < disk.size);
    }
    let script = render_shell(&plan, &ShellOptions::default());
    assert!(!script.contains('\0'));
});
