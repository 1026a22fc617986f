//! Any storage section is planned or refused, and so is any configuration, which has a plan where the check finds nothing; a
//! plan could be carried out.
#![no_main]

use firstlight_curtin_config::{Config, Disk, Firmware, Level, Problem, Source, Target, check_bytes, parse, plan};
use libfuzzer_sys::fuzz_target;

#[path = "../../crates/curtin-config/tests/random/config.rs"]
mod config;
#[path = "../../crates/curtin-config/tests/random/invariants.rs"]
mod invariants;
#[path = "../../crates/curtin-config/tests/random/sections.rs"]
mod sections;

fuzz_target!(|data: &[u8]| {
    let (first, rest) = data.split_first().unwrap_or((&0, &[]));
    if first % 4 > 1 {
        return configuration(rest, if first % 4 == 2 { Firmware::Bios } else { Firmware::Uefi });
    }
    let sensible = first % 2 == 0;
    let (storage, target) = if sensible { config::sensible(rest) } else { config::broken(rest) };
    let mut config = Config::flat(Source::from_uri("http://127.0.0.1/root.tar.zst"));
    config.storage = Some(storage);
    match plan(&config, &target) {
        Ok(plan) => invariants::check(&plan),
        Err(problems) => assert!(!sensible && says_what_to_do(&problems), "{problems:#?}"),
    }
});

/// Four disks of 64 GiB fit every section that is generated.
fn configuration(bytes: &[u8], firmware: Firmware) {
    let text = sections::configuration(bytes);
    let disk = |at: u8| {
        let serial = Some(format!("S{at}"));
        Disk { serial, ..Disk::new(format!("/dev/vd{}", char::from(b'a' + at)), 64 << 30) }
    };
    let target = Target { firmware, disks: (0..4).map(disk).collect(), ..Target::default() };
    let problems = check_bytes(text.as_bytes(), Level::Lint, Some(firmware));
    assert!(says_what_to_do(&problems), "{problems:#?}");
    match plan(&parse(&text).config, &target) {
        Ok(plan) => invariants::check(&plan),
        Err(errors) => {
            let depends = |problem: &Problem| sections::DEPENDS_ON_DISKS.contains(&problem.code);
            let is_refused = problems.iter().any(Problem::is_error) || errors.iter().all(depends);
            assert!(is_refused && says_what_to_do(&errors), "{errors:#?}\n{text}");
        }
    }
}

fn says_what_to_do(problems: &[Problem]) -> bool {
    problems.iter().all(|problem| !problem.remedy.is_empty())
}
