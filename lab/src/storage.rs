//! `cargo lab storage`: one machine per firmware is commissioned once, and deployed with one storage configuration after
//! the other. Each time it boots from its disks, and what it says of them is put beside what the plan has said.

pub(crate) mod bench;
mod compare;
pub(crate) mod rows;

use crate::cli::{Firmware, StorageOptions};
use crate::error::{Doing, Error, Result};
use crate::plan::Plan;
use crate::{outside, paths};
use rows::Row;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::time::Duration;

/// What enlisting and commissioning may take, and what a row may: on a busy host, several times what they do.
const LIMIT: Duration = Duration::from_secs(1200);
const ROW_LIMIT: Duration = Duration::from_secs(1800);

/// What came of a row.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Verdict {
    pub(crate) name: String,
    pub(crate) seconds: f64,
    /// The block devices that were compared.
    pub(crate) devices: usize,
    /// Whatever was not as planned.
    pub(crate) differences: Vec<String>,
}

/// Tries the rows and prints the table.
pub(crate) async fn run(options: StorageOptions) -> Result<()> {
    let rows = rows::chosen(&options.only)?;
    let ready = outside::prepare(&options.place).await?;
    let dir = paths::run_dir(options.place.work_dir.as_deref(), &ready.cache, "storage")?;
    println!("{} storage configurations, one machine at a time; logs: {}", rows.len(), dir.display());
    let mut verdicts = Vec::new();
    for firmware in [Firmware::Bios, Firmware::Uefi] {
        let names: Vec<String> =
            rows.iter().filter(|row| row.firmware == firmware).map(|row| row.name.to_owned()).collect();
        let Ok(count) = u32::try_from(names.len()) else { continue };
        if count == 0 {
            continue;
        }
        let work_dir = paths::make(&dir.join(firmware.to_string()))?;
        let limit = LIMIT + ROW_LIMIT * count;
        let plan = Plan { verbose: options.verbose, ..Plan::of_storage(names, firmware, limit, work_dir, &ready) };
        let outcome = outside::supervise(&plan).await;
        if let Err(Error::Reported(130)) = outcome {
            return outcome;
        }
        verdicts.extend(load(&plan.work_dir)?);
    }
    print_table(&rows, &verdicts)
}

/// Writes down what is known so far, for the outer half.
fn save(run: &Path, verdicts: &[Verdict]) -> Result<()> {
    let text = serde_json::to_string_pretty(verdicts).doing("the verdicts cannot be written")?;
    std::fs::write(run.join("verdicts.json"), text).doing("the verdicts cannot be written")
}

/// Reads it; there is nothing of a run that broke off before its first row.
fn load(run: &Path) -> Result<Vec<Verdict>> {
    let path = run.join("verdicts.json");
    if !path.exists() {
        return Ok(Vec::new());
    }
    let text = std::fs::read_to_string(&path).doing(format!("{} cannot be read", path.display()))?;
    serde_json::from_str(&text).doing(format!("{} is strange", path.display()))
}

fn print_table(rows: &[&Row], verdicts: &[Verdict]) -> Result<()> {
    println!("\n{:<18} {:>8} {:>8}", "configuration", "devices", "seconds");
    let mut failures = 0;
    for row in rows {
        let verdict = verdicts.iter().find(|verdict| verdict.name == row.name);
        let (devices, seconds) = verdict.map_or((0, 0.0), |verdict| (verdict.devices, verdict.seconds));
        let is_good = verdict.is_some_and(|verdict| verdict.differences.is_empty());
        failures += usize::from(!is_good);
        println!("{:<18} {devices:>8} {seconds:>8.1}  {}", row.name, if is_good { "as planned" } else { "FAILED" });
        let not_reached = [String::from("it was not reached")];
        for difference in verdict.map_or(not_reached.as_slice(), |verdict| verdict.differences.as_slice()) {
            println!("    {difference}");
        }
    }
    println!("\nstorage configurations: {} as planned, {failures} failed", rows.len() - failures);
    if failures > 0 { Err(Error::Reported(1)) } else { Ok(()) }
}
