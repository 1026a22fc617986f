//! Prints the installation script of a configuration for a machine with one disk.
//!
//! `cargo run --example install_script -- CONFIG.yaml /dev/vda 8589934592 bios|uefi`

use std::process::ExitCode;

use firstlight_curtin_config::{Disk, Firmware, ShellOptions, Target, parse, plan, render_shell};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [file, disk, size, firmware] = words.as_slice() else {
        eprintln!("usage: install_script CONFIG.yaml DISK BYTES bios|uefi");
        return ExitCode::from(2);
    };
    let (Ok(yaml), Ok(size)) = (std::fs::read_to_string(file), size.parse()) else {
        eprintln!("{file} cannot be read, or {size} is not a number of bytes");
        return ExitCode::from(2);
    };
    let parsed = parse(&yaml);
    let target = Target {
        firmware: if firmware == "uefi" { Firmware::Uefi } else { Firmware::Bios },
        disks: vec![Disk::new(disk, size)],
        hostname: "brave-otter".to_owned(),
        seed: "example".to_owned(),
        ..Target::default()
    };
    match plan(&parsed.config, &target) {
        Ok(plan) => {
            for warning in parsed.problems.iter().chain(&plan.warnings) {
                eprintln!("{warning}");
            }
            eprint!("{}", plan.layout);
            print!("{}", render_shell(&plan, &ShellOptions::default()));
            ExitCode::SUCCESS
        }
        Err(problems) => {
            for problem in problems {
                eprintln!("{problem}");
            }
            ExitCode::FAILURE
        }
    }
}
