//! Every check, each with its time.

use std::time::Instant;

use crate::shell::{self, run_with};
use crate::{fuzz, setup};

/// How long each fuzz target runs in CI.
const FUZZ_SECONDS: u32 = 8;
/// The crates that must build for any machine.
const CRATES: &str = "-p firstlight-curtin-config -p firstlight-dhcp -p firstlight-machine-fsm -p firstlight-preseed -p firstlight-pxe -p firstlight-tftp";

/// DHCP on a machine that has no operating system and, unless `alloc` is added, no allocator.
const NO_STD: &str = "cargo build --quiet --target thumbv7em-none-eabi -p firstlight-dhcp --no-default-features";

/// Whether virtual machines are booted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lab {
    With,
    Without,
}

type Step = (&'static str, fn() -> Result<(), String>);

const CHECKS: [Step; 9] = [
    ("set up", setup::testing),
    ("format", || shell::run("cargo fmt --all --check")),
    ("clippy", || shell::run("cargo clippy --quiet --workspace --all-targets --all-features -- -D warnings")),
    ("docs", || run_with("cargo doc --quiet --workspace --no-deps --all-features", "RUSTDOCFLAGS", "-D warnings")),
    ("tests", || shell::run("cargo test --quiet --workspace --all-features")),
    ("wasm32", || shell::run(&format!("cargo build --quiet --target wasm32-unknown-unknown {CRATES}"))),
    ("no_std", || shell::run(NO_STD)),
    ("no_std, alloc", || shell::run(&format!("{NO_STD} --features alloc"))),
    ("fuzz", || setup::fuzzing().and_then(|()| fuzz::run(FUZZ_SECONDS))),
];

const LAB: [Step; 4] = [
    ("lab, BIOS", || shell::run("cargo lab --yes --firmware bios --until released")),
    ("lab, UEFI", || shell::run("cargo lab --yes --firmware uefi --until released")),
    ("lab, server killed", || shell::run("cargo lab --yes --firmware bios --until deployed --kill-server-at deploy")),
    ("lab, firmware matrix", || shell::run("cargo lab matrix --yes --fast")),
];

/// Runs the checks until one fails, and prints what each took.
pub(crate) fn run(lab: Lab) -> Result<(), String> {
    let lab: &[Step] = if lab == Lab::With { &LAB } else { &[] };
    let mut times = Vec::new();
    let mut failed = None;
    for (name, check) in CHECKS.iter().chain(lab) {
        println!("\n== {name}");
        let begin = Instant::now();
        let outcome = check();
        times.push((name, begin.elapsed().as_secs(), outcome.is_ok()));
        if let Err(message) = outcome {
            failed = Some(format!("{name}: {message}"));
            break;
        }
    }
    let total: u64 = times.iter().map(|(_, seconds, _)| seconds).sum();
    println!("\n{:<22} {:>8}", "step", "seconds");
    for (name, seconds, good) in &times {
        println!("{name:<22} {seconds:>8}  {}", if *good { "ok" } else { "FAILED" });
    }
    println!("{:<22} {total:>8}", "all");
    let passed = times.iter().filter(|(_, _, good)| *good).count();
    println!("\nsteps: {passed} passed, {} failed", times.len() - passed);
    failed.map_or(Ok(()), Err)
}
