//! Any storage section is planned or refused; a plan could be carried out.
#![no_main]

use firstlight_curtin_config::{Config, Source, plan};
use libfuzzer_sys::fuzz_target;

#[path = "../../crates/curtin-config/tests/random/config.rs"]
mod config;
#[path = "../../crates/curtin-config/tests/random/invariants.rs"]
mod invariants;

fuzz_target!(|data: &[u8]| {
    let (first, rest) = data.split_first().unwrap_or((&0, &[]));
    let sensible = first % 2 == 0;
    let (storage, target) = if sensible { config::sensible(rest) } else { config::broken(rest) };
    let mut config = Config::flat(Source::from_uri("http://127.0.0.1/root.tar.zst"));
    config.storage = Some(storage);
    match plan(&config, &target) {
        Ok(plan) => invariants::check(&plan),
        Err(problems) => assert!(!sensible, "{problems:#?}"),
    }
});
