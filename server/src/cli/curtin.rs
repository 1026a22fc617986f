//! `firstlight curtin`: curtin configurations on the command line, without a server.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use firstlight_curtin_config::layout::Table;
use firstlight_curtin_config::{
    Disk, ExistingPartition, ExistingTable, Firmware, Lines, Merge, Node, Problem, ShellOptions, Span, Target,
    Value as Yaml, check_bytes, plan, render_json, render_shell, render_text, to_json, to_yaml,
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
    /// Say what is wrong with configurations; exit status 1 if there are errors, a file that cannot be read among them
    Check {
        /// The files; - is standard input
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// How strictly; each level includes those before it
        #[arg(long, value_enum, default_value = "lint")]
        level: Level,
        /// The machine's firmware, if it is known: what that cannot start from is an error
        #[arg(long, value_enum)]
        firmware: Option<FirmwareName>,
        /// Print one line of JSON for each file
        #[arg(long)]
        json: bool,
    },
    /// Show what an installation would do; nothing is touched
    Plan {
        #[command(flatten)]
        input: Input,
        /// A JSON file with the machine's disks, the preferred one first: a list of {"path", "size", "serial", "wwn",
        /// "links", "`sector_size`", "table", "partitions", "fstype", "`fs_uuid`", "volume"}, of which path and size (in
        /// bytes) are needed; table (gpt, msdos or vtoc) and partitions, a list of {"number", "start", "size", "type", "uuid",
        /// "fstype", "`fs_uuid`"}, say what is there to be preserved; what is an array, a logical volume or the like has
        /// "volume": true
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
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Level {
    /// curtin's validator, which looks at the storage section alone
    Schema,
    /// The installer, which would fail, or destroy what it has just made
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
    fstype: Option<String>,
    fs_uuid: Option<String>,
    #[serde(default)]
    volume: bool,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum TableName {
    Gpt,
    Msdos,
    Vtoc,
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

/// Runs the action; what it prints is complete or nothing. A failure has been told of.
pub(super) fn run(action: Action) -> ExitCode {
    let text = match action {
        Action::Check { files, level, firmware, json } => return check(&files, level, firmware.map(Into::into), json),
        Action::Merge { input, json } => merged(&input, json),
        Action::Plan { input, disks, firmware, format } => planned(&input, &disks, firmware, format),
    };
    let outcome = text.and_then(|text| {
        let printed = std::io::stdout().write_all(text.as_bytes());
        printed.map_err(|error| format!("the result cannot be printed: {error}"))
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => super::fail(&message),
    }
}

fn merged(input: &Input, json: bool) -> Result<String, String> {
    let merge = merge(input)?;
    warn(&merge, merge.problems());
    let root = Node::detached(Yaml::Mapping(merge.root().clone()));
    if json { to_json(&root).map(|text| text + "\n").map_err(|error| error.to_string()) } else { Ok(to_yaml(&root)) }
}

fn planned(input: &Input, disks: &Path, firmware: FirmwareName, format: Format) -> Result<String, String> {
    let merge = merge(input)?;
    let sources = merge.clone();
    let parsed = merge.parse();
    let (disks, volumes) = read_disks(disks)?;
    let target = Target { firmware: firmware.into(), disks, volumes, ..Target::default() };
    let plan = plan(&parsed.config, &target).map_err(|problems| {
        let count = problems.len();
        warn(&sources, &problems);
        format!("there is no plan: {count} error{}", if count == 1 { "" } else { "s" })
    })?;
    warn(&sources, &parsed.problems);
    warn(&sources, &plan.warnings);
    Ok(match format {
        Format::Text => render_text(&plan),
        Format::Sh => render_shell(&plan, &ShellOptions::default()),
        Format::Json => render_json(&plan),
    })
}

/// What is wrong with each file; one that cannot be read does not keep the others from being looked at.
fn check(files: &[PathBuf], level: Level, firmware: Option<Firmware>, json: bool) -> ExitCode {
    let mut status = 0;
    let mut out = std::io::stdout().lock();
    for file in files {
        let name = file.display().to_string();
        let (bytes, problems) = match open(file) {
            Ok(bytes) => {
                let problems = check_bytes(&bytes, level.into(), firmware);
                (bytes, problems)
            }
            Err(error) => (Vec::new(), vec![Problem::unreadable(&error.to_string())]),
        };
        status = status.max(u8::from(problems.iter().any(Problem::is_error)));
        let printed = if json {
            let line = json!({"file": name, "problems": problems.iter().map(machine_problem).collect::<Vec<_>>()});
            format!("{line}\n")
        } else {
            annotated(&name, &String::from_utf8_lossy(&bytes), &problems)
        };
        if let Err(error) = out.write_all(printed.as_bytes()) {
            if error.kind() == std::io::ErrorKind::BrokenPipe {
                return ExitCode::SUCCESS;
            }
            eprintln!("firstlight: the findings cannot be printed: {error}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::from(status)
}

/// Each problem on a line of its own, and below it the line that it is about.
fn annotated(name: &str, text: &str, problems: &[Problem]) -> String {
    let lines = Lines::new(text);
    let mut shown = String::new();
    for problem in problems {
        shown.push_str(&format!("{name}:{problem}\n"));
        for line in lines.snippet(problem).unwrap_or_default().lines() {
            shown.push_str(&format!("    {line}\n"));
        }
    }
    shown
}

fn machine_problem(problem: &Problem) -> serde_json::Value {
    json!({
        "severity": problem.severity.to_string(), "level": problem.level.to_string(), "code": problem.code,
        "path": problem.path, "line": problem.span.line, "column": problem.span.column, "message": problem.message,
        "remedy": problem.remedy,
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
    let bytes = open(file).map_err(|error| format!("{}: {error}", file.display()))?;
    String::from_utf8(bytes).map_err(|_| format!("{}: this is not UTF-8 text", file.display()))
}

fn open(file: &Path) -> std::io::Result<Vec<u8>> {
    if file != Path::new("-") {
        return std::fs::read(file);
    }
    let mut bytes = Vec::new();
    std::io::stdin().read_to_end(&mut bytes).map(|_| bytes)
}

/// The disks, and what is built of disks.
fn read_disks(file: &Path) -> Result<(Vec<Disk>, Vec<Disk>), String> {
    let entries: Vec<DiskEntry> =
        serde_json::from_str(&read(file)?).map_err(|error| format!("{}: {error}", file.display()))?;
    let (volumes, disks): (Vec<_>, Vec<_>) = entries.into_iter().partition(|entry| entry.volume);
    let all = |entries: Vec<DiskEntry>| entries.into_iter().map(Into::into).collect();
    Ok((all(disks), all(volumes)))
}

impl From<DiskEntry> for Disk {
    fn from(entry: DiskEntry) -> Self {
        Self {
            serial: entry.serial,
            wwn: entry.wwn,
            links: entry.links,
            sector_size: entry.sector_size,
            existing: entry.table.map(|table| ExistingTable {
                table: table.into(),
                partitions: entry.partitions.into_iter().map(Into::into).collect(),
            }),
            fstype: entry.fstype,
            fs_uuid: entry.fs_uuid,
            ..Self::new(entry.path, entry.size)
        }
    }
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

impl From<Level> for firstlight_curtin_config::Level {
    fn from(level: Level) -> Self {
        match level {
            Level::Schema => Self::Schema,
            Level::Runtime => Self::Runtime,
            Level::Lint => Self::Lint,
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
            TableName::Vtoc => Self::Vtoc,
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
