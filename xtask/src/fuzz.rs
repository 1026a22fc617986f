//! Fuzz targets: built once, each run for a while from its committed corpus.

use std::fs;
use std::path::Path;

use crate::shell;

/// Builds every target in `fuzz/fuzz_targets` and runs each for `seconds`.
pub(crate) fn run(seconds: u32) -> Result<(), String> {
    shell::run("rustup run nightly cargo fuzz build")?;
    for target in targets()? {
        // What is found stays out of the tree; what is worth keeping is committed under `corpus`.
        let found = format!("fuzz/target/corpus/{target}");
        fs::create_dir_all(&found).map_err(|error| format!("{found}: {error}"))?;
        let committed = format!("fuzz/corpus/{target}");
        let committed = if Path::new(&committed).is_dir() { format!(" {committed}") } else { String::new() };
        shell::run(&format!(
            "rustup run nightly cargo fuzz run {target} {found}{committed} -- -max_total_time={seconds} -timeout=10 -rss_limit_mb=2048"
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
