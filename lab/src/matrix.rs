//! `cargo lab matrix`: every way in which firmware gets from power-on to a running kernel with our server, one after
//! the other, each in namespaces of its own.

pub(crate) mod attempt;
mod grub;
pub(crate) mod row;
mod unsigned;

use crate::cli::MatrixOptions;
use crate::error::{Error, Result};
use crate::plan::Plan;
use crate::{outside, paths};
use attempt::{Ended, Seen};
use row::{End, ROWS, Row};
use std::path::Path;
use std::time::Duration;

/// Tries the rows and prints the table.
pub(crate) async fn run(options: MatrixOptions) -> Result<()> {
    let rows = chosen(&options)?;
    let ready = outside::prepare(&options.place).await?;
    let dir = paths::run_dir(options.place.work_dir.as_deref(), &ready.cache, "matrix")?;
    println!("{} rows, one machine at a time; logs and captures: {}\n", rows.len(), dir.display());
    println!("{}", line(["path", "DHCP", "boot files", "kernel", "seconds", ""]));
    let limit = Duration::from_secs(options.time_limit);
    let mut failures = 0;
    for row in &rows {
        let work_dir = paths::make(&dir.join(row.name))?;
        let plan = Plan::of_row(row.name, row.hardware.firmware, limit, work_dir, &ready);
        let outcome = outside::supervise(&plan).await;
        if let Err(Error::Reported(130)) = outcome {
            return outcome;
        }
        failures += usize::from(outcome.is_err());
        println!("{}", told(row, &plan.work_dir, outcome.is_ok()));
    }
    println!("\nrows: {} passed, {failures} failed", rows.len() - failures);
    if failures > 0 { Err(Error::Reported(1)) } else { Ok(()) }
}

/// Those that were asked for, in the table's order.
fn chosen(options: &MatrixOptions) -> Result<Vec<&'static Row>> {
    if let Some(name) = options.only.iter().find(|name| !ROWS.iter().any(|row| row.name == **name)) {
        let names: Vec<&str> = ROWS.iter().map(|row| row.name).collect();
        return Err(Error::said(format!("there is no row {name}; there are: {}", names.join(", "))));
    }
    let is_chosen = |row: &&Row| {
        (options.only.is_empty() || options.only.iter().any(|name| name == row.name)) && (row.fast || !options.fast)
    };
    Ok(ROWS.iter().filter(is_chosen).collect())
}

fn told(row: &Row, run: &Path, is_good: bool) -> String {
    let seen = Seen::load(run).unwrap_or_default();
    let kernel = match (&seen.kernel, &seen.kernel_by) {
        (Some(version), Some(by)) => format!("{version} by {by}"),
        (None, Some(by)) if seen.ended == Some(Ended::Refused) => format!("refused, came by {by}"),
        _ => "-".to_owned(),
    };
    let secure = if seen.secure_boot { ", Secure Boot" } else { "" };
    let verdict = match row.end {
        _ if !is_good => "FAILED".to_owned(),
        End::Cannot(why) => format!("cannot: {why}"),
        _ => "ok".to_owned(),
    };
    line([
        row.path,
        &row.dhcp.describe(),
        &seen.files.join(" "),
        &format!("{kernel}{secure}"),
        &format!("{:.1}", seen.seconds),
        &verdict,
    ])
}

fn line([path, dhcp, files, kernel, seconds, verdict]: [&str; 6]) -> String {
    format!("{path:<34} {dhcp:<26} {files:<36} {kernel:<34} {seconds:>7}  {verdict}").trim_end().to_owned()
}
