//! `firstlight preseed`: names, templates and debconf preseed files on the command line.

mod context;
mod explain;

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use firstlight_preseed::debconf::{Preseed, Problem};
use firstlight_preseed::{LookupKey, Template, candidates};
use serde_json::json;

use super::Remote;
use super::client::Client;
use crate::templates;

/// Preseeds and templates.
#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// Print the file names under which a template is looked for, the best first
    Names(Names),
    /// Print what a template becomes; exit status 1 if it has a mistake, 2 if a file cannot be read
    Render {
        /// The template; - is standard input
        template: PathBuf,
        /// A JSON file with an object: the names that the template can use
        #[arg(long, value_name = "FILE")]
        context: PathBuf,
        /// A directory with what the template inherits, and with the template itself if there is no such file; may be given
        /// several times
        #[arg(long, value_name = "DIR")]
        templates: Vec<PathBuf>,
    },
    /// Say what is wrong with debconf preseed files; exit status 1 if something is, 2 if a file cannot be read
    Check {
        /// The files; - is standard input
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Print one line of JSON for each file, with what debconf would store
        #[arg(long)]
        json: bool,
    },
    /// Show which template a machine gets, why, and what becomes of it; exit status 1 if it has a mistake
    Explain {
        /// The machine's name or id
        machine: String,
        /// The first part of the template's name, such as curtin or `debian_preseed`
        #[arg(long)]
        prefix: String,
        #[command(flatten)]
        remote: Remote,
    },
}

/// What a template is looked for.
#[derive(Debug, Args)]
pub(super) struct Names {
    /// What it is for, such as enlist, commissioning or curtin; none if it is not given
    #[arg(long, default_value = "")]
    prefix: String,
    /// The operating system; may be empty
    #[arg(long)]
    osystem: String,
    /// Its release; may be empty
    #[arg(long)]
    release: String,
    /// The machine's architecture and sub-architecture; either may be empty, as in amd64/
    #[arg(long, value_name = "ARCH/SUBARCH")]
    arch: Option<String>,
    /// The machine's name
    #[arg(long, value_name = "HOST")]
    name: Option<String>,
    /// Leave out the last name, generic
    #[arg(long)]
    no_default: bool,
    /// Print a JSON array
    #[arg(long)]
    json: bool,
}

/// The exit status when there was nothing to look at, as for a mistake in the use.
const UNUSABLE: u8 = 2;

/// Runs the action. A failure has been told of.
pub(super) async fn run(action: Action) -> ExitCode {
    let outcome = match action {
        Action::Names(names) => return print(&list(&names)),
        Action::Render { template, context, templates } => render(&template, &context, &templates),
        Action::Check { files, json } => return check(&files, json),
        Action::Explain { machine, prefix, remote } => explain(&machine, &prefix, &remote).await,
    };
    match outcome {
        Ok(text) => print(&text),
        Err((status, message)) => {
            eprintln!("firstlight: {message}");
            ExitCode::from(status)
        }
    }
}

async fn explain(machine: &str, prefix: &str, remote: &Remote) -> Result<String, (u8, String)> {
    let told = match Client::new(remote) {
        Ok(client) => explain::run(&client, machine, prefix).await,
        Err(error) => Err(error),
    };
    told.map_err(|error| (UNUSABLE, error.to_string()))?.map(|()| String::new()).map_err(|fault| (1, fault))
}

fn list(names: &Names) -> String {
    let key = LookupKey {
        prefix: &names.prefix,
        osystem: &names.osystem,
        arch: names.arch.as_deref().map(|arch| arch.split_once('/').unwrap_or((arch, ""))),
        release: &names.release,
        name: names.name.as_deref(),
        default: !names.no_default,
    };
    let names_of_key = candidates(&key);
    if names.json {
        format!("{}\n", json!(names_of_key.collect::<Vec<_>>()))
    } else {
        names_of_key.map(|name| name + "\n").collect()
    }
}

fn render(template: &Path, context: &Path, directories: &[PathBuf]) -> Result<String, (u8, String)> {
    let unusable = |message| (UNUSABLE, message);
    let shown = |path: &Path, error: &dyn std::fmt::Display| unusable(format!("{}: {error}", path.display()));
    let file = find(template, directories);
    let text = read(&file).map_err(unusable)?;
    let text = String::from_utf8(text).map_err(|_| shown(&file, &"this is not UTF-8 text"))?;
    let context = context::parse(&read(context).map_err(unusable)?).map_err(|error| shown(context, &error))?;
    let template = Template::parse(&file.display().to_string(), &text).map_err(|error| (1, format!("{error:#}")))?;
    templates::render(&template, &context, directories).map_err(|error| (1, format!("{error:#}")))
}

/// The template itself, or the first file of that name in a directory.
fn find(template: &Path, directories: &[PathBuf]) -> PathBuf {
    if template == Path::new("-") || template.exists() {
        return template.to_owned();
    }
    let found = directories.iter().map(|directory| directory.join(template)).find(|file| file.is_file());
    found.unwrap_or_else(|| template.to_owned())
}

fn check(files: &[PathBuf], json: bool) -> ExitCode {
    let mut status = 0;
    let mut text = String::new();
    for file in files {
        let name = file.display().to_string();
        match read(file) {
            Ok(bytes) => {
                let preseed = Preseed::parse(&bytes);
                let problems = preseed.check();
                status = status.max(u8::from(!problems.is_empty()));
                if json {
                    text.push_str(&format!("{}\n", machine_readable(&name, &preseed, &problems)));
                } else {
                    text.extend(problems.iter().map(|problem| shown(&name, problem)));
                }
            }
            Err(message) => {
                eprintln!("firstlight: {message}");
                status = UNUSABLE;
            }
        }
    }
    let printed = print(&text);
    if printed == ExitCode::SUCCESS { ExitCode::from(status) } else { printed }
}

fn shown(file: &str, problem: &Problem) -> String {
    let line = problem.line.map(|line| format!("{line}:")).unwrap_or_default();
    format!("{file}:{line} {}: {}\n", problem.severity(), problem.what)
}

fn machine_readable(file: &str, preseed: &Preseed, problems: &[Problem]) -> serde_json::Value {
    let answers: Vec<_> = preseed
        .answers()
        .iter()
        .map(|answer| {
            let owners: Vec<&str> = answer.owners.iter().map(String::as_str).collect();
            json!({
                "owner": owners.join(", "), "question": answer.question, "type": answer.kind.name(),
                "value": answer.value, "seen": answer.seen, "line": answer.line,
            })
        })
        .collect();
    let problems: Vec<_> = problems
        .iter()
        .map(|problem| {
            json!({
                "severity": problem.severity().to_string(), "code": problem.what.code(), "line": problem.line,
                "message": problem.what.to_string(),
            })
        })
        .collect();
    json!({"file": file, "answers": answers, "problems": problems})
}

fn read(file: &Path) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let outcome = if file == Path::new("-") {
        std::io::stdin().read_to_end(&mut bytes).map(drop)
    } else {
        std::fs::read(file).map(|read| bytes = read)
    };
    outcome.map(|()| bytes).map_err(|error| format!("{}: {error}", file.display()))
}

/// Prints a text as it is; whoever closes the pipe has seen enough.
fn print(text: &str) -> ExitCode {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            eprintln!("firstlight: the result cannot be printed: {error}");
            ExitCode::FAILURE
        }
        _ => ExitCode::SUCCESS,
    }
}
