//! Fuzz targets: built once, each run for a while from its committed seeds.

use std::fs;
use std::path::Path;

use crate::shell;

/// Builds every target in `fuzz/fuzz_targets` and runs each for `seconds`.
pub(crate) fn run(seconds: u32) -> Result<(), String> {
    shell::run("rustup run nightly cargo fuzz build")?;
    for target in targets()? {
        // What is found goes to `corpus`, which is not kept; what is worth keeping is committed under `seeds`.
        let corpus = format!("fuzz/corpus/{target}");
        fs::create_dir_all(&corpus).map_err(|error| format!("{corpus}: {error}"))?;
        let seeds = format!("fuzz/seeds/{target}");
        let seeds = if Path::new(&seeds).is_dir() { format!(" {seeds}") } else { String::new() };
        shell::run(&format!(
            "rustup run nightly cargo fuzz run {target} {corpus}{seeds} -- -max_total_time={seconds} -timeout=10 -rss_limit_mb=2048"
        ))?;
    }
    Ok(())
}

fn targets() -> Result<Vec<String>, String> {
    let entries = fs::read_dir("fuzz/fuzz_targets").map_err(|error| format!("fuzz/fuzz_targets: {error}"))?;
    let mut targets: Vec<String> =
        entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.strip_suffix(".rs").map(str::to_owned)).collect();
    targets.sort();
    Ok(targets)
}
