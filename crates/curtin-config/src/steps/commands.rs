//! The user's own commands: plain ones, and those that run in the installed system.

use crate::command::{Command, Commands, Entry};
use crate::plan::{Draft, Stage, Step};
use crate::problem::Problem;

/// Adds the commands of one stage in the order of their keys.
pub(super) fn stage(draft: &mut Draft<'_>, stage: Stage, section: &str, commands: &Commands) {
    for entry in commands.entries() {
        let command = match &entry.command {
            Command::Shell(text) => ["sh", "-c", text].map(str::to_owned).to_vec(),
            Command::Argv(argv) => match argv.first().map(String::as_str) {
                Some("curtin") => match curtin(draft, section, entry, argv) {
                    Some(command) => command,
                    None => continue,
                },
                _ => argv.clone(),
            },
        };
        let id = format!("{stage}-{}", entry.key);
        let shown: String = match &entry.command {
            Command::Shell(text) => text.clone(),
            Command::Argv(argv) => argv.join(" "),
        };
        let description = format!("{section}.{}: {}", entry.key, shorten(&shown));
        draft.push(Step::new(stage, id, description, command));
    }
}

/// One line of at most 80 characters.
fn shorten(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let line: String = line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if line.chars().count() > 80 || text.lines().nth(1).is_some() {
        let head: String = line.chars().take(79).collect();
        format!("{head}…")
    } else {
        line
    }
}

/// Translates a command of curtin's own; `None` means that there is nothing to run.
fn curtin(draft: &mut Draft<'_>, section: &str, entry: &Entry, argv: &[String]) -> Option<Vec<String>> {
    let words: Vec<&str> = argv.iter().skip(1).map(String::as_str).collect();
    match words.first().copied() {
        Some("in-target") => {
            let command = in_target(words.get(1..).unwrap_or_default());
            if command.is_empty() {
                draft.problems.push(
                    Problem::error(
                        "in-target",
                        format!("{section}.{}", entry.key),
                        entry.span,
                        "curtin in-target without a command",
                    )
                    .remedy("write [curtin, in-target, --, COMMAND, ARGUMENTS]"),
                );
                return None;
            }
            let mut chroot = vec!["chroot".to_owned(), draft.target.mount_point.clone()];
            chroot.extend(command);
            Some(chroot)
        }
        Some(word) if stands_for_a_step(&entry.key, word) => None,
        other => {
            let name = other.unwrap_or_default();
            draft.problems.push(
                Problem::error(
                    "curtin-command",
                    format!("{section}.{}", entry.key),
                    entry.span,
                    format!("`curtin {name}` is not supported by the planner yet"),
                )
                .remedy("only `curtin in-target` and the built-in commands are"),
            );
            None
        }
    }
}

/// Whether a command of curtin's own stands for what the plan does by itself.
pub(crate) fn stands_for_a_step(key: &str, word: &str) -> bool {
    key == "builtin" && matches!(word, "block-meta" | "extract" | "curthooks" | "hook" | "net-meta" | "apply_net")
}

/// The command behind the options of `in-target`.
fn in_target<'a>(words: &[&'a str]) -> Vec<String> {
    let mut rest = words.iter().copied();
    let mut command: Vec<&'a str> = Vec::new();
    while let Some(word) = rest.next() {
        match word {
            "--" => break,
            "-t" | "--target" => {
                rest.next();
            }
            option if option.starts_with('-') => {}
            first => {
                command.push(first);
                break;
            }
        }
    }
    command.extend(rest);
    command.into_iter().map(str::to_owned).collect()
}
