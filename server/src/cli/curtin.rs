//! `firstlight curtin`: curtin configurations on the command line, without a server.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use firstlight_curtin_config::layout::Table;
use firstlight_curtin_config::{
    Disk, ExistingPartition, ExistingTable, Firmware, Merge, MergeError, Node, Problem, ShellOptions, Span, Target,
    Value as Yaml, check_storage, parse, plan, render_json, render_shell, render_text, to_json, to_yaml,
};
use serde::Deserialize;
use serde_json::json;

/// Curtin configurations.
#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// Merge configurations as curtin does, and print the result
    Merge {
        #[command(flatten)]
        input: Input,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Say what is wrong with configurations; exit status 1 if there are errors
    Check {
        /// The files; - is standard input
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// How strictly; each level includes those before it
        #[arg(long, value_enum, default_value = "lint")]
        level: Level,
        /// Print one line of JSON for each file
        #[arg(long)]
        json: bool,
    },
    /// Show what an installation would do; nothing is touched
    Plan {
        #[command(flatten)]
        input: Input,
        /// A JSON file with the machine's disks, the preferred one first: a list of {"path", "size", "serial", "wwn",
        /// "links", "`sector_size`", "table", "partitions"}, of which path and size (in bytes) are needed; table (gpt or
        /// msdos) and partitions, a list of {"number", "start", "size", "type", "uuid", "fstype", "`fs_uuid`"}, say what
        /// is there to be preserved
        #[arg(long)]
        disks: PathBuf,
        /// The machine's firmware
        #[arg(long, value_enum, default_value = "uefi")]
        firmware: FirmwareName,
        /// How to print it
        #[arg(long, value_enum, default_value = "text")]
        format: Format,
    },
}

/// Which configurations.
#[derive(Debug, Args)]
pub(super) struct Input {
    /// The files, in the order in which they are merged; - is standard input
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Another value, merged after the files: path/to/key=text, or json:path/to/key=JSON
    #[arg(long = "set", value_name = "KEY=VALUE")]
    settings: Vec<String>,
}

/// Who objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(super) enum Level {
    /// curtin's validator, which looks at the storage section alone
    Schema,
    /// An installation, which would fail
    Runtime,
    /// Nobody, but it is worth a look
    Lint,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum FirmwareName {
    Bios,
    Uefi,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Format {
    /// The disks as they will be, and the steps
    Text,
    /// The script that the ephemeral system runs
    Sh,
    /// Layout and steps for programs
    Json,
}

/// A disk in a file of disks.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DiskEntry {
    path: String,
    size: u64,
    serial: Option<String>,
    wwn: Option<String>,
    #[serde(default)]
    links: Vec<String>,
    #[serde(default = "usual_sector")]
    sector_size: u32,
    table: Option<TableName>,
    #[serde(default)]
    partitions: Vec<PartitionEntry>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum TableName {
    Gpt,
    Msdos,
}

/// A partition that a disk has, in a file of disks.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PartitionEntry {
    number: u32,
    start: u64,
    size: u64,
    #[serde(rename = "type")]
    type_code: String,
    uuid: Option<String>,
    fstype: Option<String>,
    fs_uuid: Option<String>,
}

const fn usual_sector() -> u32 {
    512
}

/// Runs the action; what it prints is complete or nothing.
pub(super) fn run(action: Action) -> Result<(), String> {
    let text = match action {
        Action::Merge { input, json } => {
            let merge = merge(&input)?;
            warn(&merge, merge.problems());
            let root = Node::detached(Yaml::Mapping(merge.root().clone()));
            if json {
                to_json(&root).map(|text| text + "\n").map_err(|error| error.to_string())?
            } else {
                to_yaml(&root)
            }
        }
        Action::Check { files, level, json } => return check(&files, level, json),
        Action::Plan { input, disks, firmware, format } => {
            let merge = merge(&input)?;
            let sources = merge.clone();
            let parsed = merge.parse();
            let target = Target { firmware: firmware.into(), disks: read_disks(&disks)?, ..Target::default() };
            let plan = plan(&parsed.config, &target).map_err(|problems| {
                let count = problems.len();
                warn(&sources, &problems);
                format!("there is no plan: {count} error{}", if count == 1 { "" } else { "s" })
            })?;
            warn(&sources, &parsed.problems);
            match format {
                Format::Text => render_text(&plan),
                Format::Sh => render_shell(&plan, &ShellOptions::default()),
                Format::Json => render_json(&plan),
            }
        }
    };
    std::io::stdout().write_all(text.as_bytes()).map_err(|error| format!("the result cannot be printed: {error}"))
}

fn check(files: &[PathBuf], level: Level, json: bool) -> Result<(), String> {
    let mut out = std::io::stdout().lock();
    let mut bad = 0;
    for file in files {
        let name = file.display().to_string();
        let findings = findings(&read(file)?, level);
        bad += usize::from(findings.iter().any(|(_, problem)| problem.is_error()));
        let printed = if json {
            writeln!(out, "{}", json!({"file": name, "problems": findings.iter().map(shown).collect::<Vec<_>>()}))
        } else {
            findings.iter().try_for_each(|(_, problem)| writeln!(out, "{name}:{problem}"))
        };
        printed.map_err(|error| format!("the findings cannot be printed: {error}"))?;
    }
    match bad {
        0 => Ok(()),
        1 => Err("one file has errors".to_owned()),
        _ => Err(format!("{bad} files have errors")),
    }
}

/// What is wrong with a text, in its order; what the validator refuses is not refused twice.
fn findings(text: &str, level: Level) -> Vec<(Level, Problem)> {
    let mut merge = Merge::new();
    if let Err(error) = merge.add("", text) {
        return match error {
            MergeError::Unreadable { problem, .. } => vec![(Level::Schema, *problem)],
            _ => parse(text).problems.into_iter().map(|problem| (Level::Schema, problem)).collect(),
        };
    }
    let mut findings: Vec<(Level, Problem)> = match merge.root().get("storage") {
        Some(storage) => check_storage(storage).into_iter().map(|problem| (Level::Schema, problem)).collect(),
        None => Vec::new(),
    };
    for problem in merge.parse().problems {
        let found = if problem.is_error() { Level::Runtime } else { Level::Lint };
        let is_known = findings.iter().any(|(_, known)| known.path == problem.path && known.span == problem.span);
        if found <= level && !is_known {
            findings.push((found, problem));
        }
    }
    findings.sort_by_key(|(_, problem)| problem.span);
    findings
}

fn shown((level, problem): &(Level, Problem)) -> serde_json::Value {
    let level = match level {
        Level::Schema => "schema",
        Level::Runtime => "runtime",
        Level::Lint => "lint",
    };
    json!({
        "severity": problem.severity.to_string(), "level": level, "code": problem.code, "path": problem.path,
        "line": problem.span.line, "column": problem.span.column, "message": problem.message, "remedy": problem.remedy,
    })
}

fn merge(input: &Input) -> Result<Merge, String> {
    let mut merge = Merge::new();
    for file in &input.files {
        merge.add(&file.display().to_string(), &read(file)?).map_err(|error| error.to_string())?;
    }
    for setting in &input.settings {
        merge.set(setting).map_err(|error| error.to_string())?;
    }
    Ok(merge)
}

fn read(file: &Path) -> Result<String, String> {
    let mut bytes = Vec::new();
    let outcome = if file == Path::new("-") {
        std::io::stdin().read_to_end(&mut bytes).map(drop)
    } else {
        std::fs::read(file).map(|read| bytes = read)
    };
    outcome.map_err(|error| format!("{}: {error}", file.display()))?;
    String::from_utf8(bytes).map_err(|_| format!("{}: this is not UTF-8 text", file.display()))
}

fn read_disks(file: &Path) -> Result<Vec<Disk>, String> {
    let entries: Vec<DiskEntry> =
        serde_json::from_str(&read(file)?).map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(entries
        .into_iter()
        .map(|entry| Disk {
            serial: entry.serial,
            wwn: entry.wwn,
            links: entry.links,
            sector_size: entry.sector_size,
            existing: entry.table.map(|table| ExistingTable {
                table: table.into(),
                partitions: entry.partitions.into_iter().map(Into::into).collect(),
            }),
            ..Disk::new(entry.path, entry.size)
        })
        .collect())
}

/// Problems go to standard error, each with its file.
fn warn(merge: &Merge, problems: &[Problem]) {
    for problem in problems {
        match merge.source(problem.span).filter(|_| problem.span != Span::NONE) {
            Some(file) => eprintln!("{file}:{problem}"),
            None => eprintln!("{problem}"),
        }
    }
}

impl From<FirmwareName> for Firmware {
    fn from(name: FirmwareName) -> Self {
        match name {
            FirmwareName::Bios => Self::Bios,
            FirmwareName::Uefi => Self::Uefi,
        }
    }
}

impl From<TableName> for Table {
    fn from(name: TableName) -> Self {
        match name {
            TableName::Gpt => Self::Gpt,
            TableName::Msdos => Self::Msdos,
        }
    }
}

impl From<PartitionEntry> for ExistingPartition {
    fn from(entry: PartitionEntry) -> Self {
        Self {
            number: entry.number,
            start: entry.start,
            size: entry.size,
            type_code: entry.type_code,
            uuid: entry.uuid,
            fstype: entry.fstype,
            fs_uuid: entry.fs_uuid,
        }
    }
}
