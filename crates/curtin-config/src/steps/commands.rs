//! The user's own commands: plain ones, those that run in the installed system, and those of curtin's own.

use crate::command::{Command, Commands, Entry};
use crate::own_command::OwnCommand;
use crate::plan::{Draft, Stage, Step};
use crate::problem::Problem;

/// What curtin is asked for before anything is wiped: the script has a `curtin` of its own, which knows `in-target` alone.
const READY: &str = r#"
curtin version >/dev/null 2>&1 || { echo 'curtin is missing, and the configuration runs commands of it'; exit 1; }"#;

/// Adds the commands of one stage in the order of their keys.
pub(super) fn stage(draft: &mut Draft<'_>, stage: Stage, section: &str, commands: &Commands) {
    for entry in commands.entries() {
        let (command, shown) = match &entry.command {
            Command::Shell(text) => (["sh", "-c", text].map(str::to_owned).to_vec(), text.clone()),
            Command::Argv(argv) => (argv.clone(), argv.join(" ")),
        };
        let id = format!("{stage}-{}", entry.key);
        let description = format!("{section}.{}: {}", entry.key, shorten(&shown));
        let step = Step::new(stage, id, description, command);
        let is_own = matches!(&entry.command, Command::Argv(argv) if argv.first().is_some_and(|word| word == "curtin"));
        let step = if is_own { own(draft, section, entry, step) } else { Some(step) };
        if let Some(step) = step {
            draft.push(step);
        }
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

/// The step of a command of curtin's own; `None` means that there is nothing to run.
fn own(draft: &mut Draft<'_>, section: &str, entry: &Entry, mut step: Step) -> Option<Step> {
    let words: Vec<&str> = step.command.iter().skip(1).map(String::as_str).collect();
    let path = format!("{section}.{}", entry.key);
    let command = match OwnCommand::read(&entry.key, &words) {
        Ok(command) => command,
        Err(refusal) => {
            let problem = Problem::error(refusal.code, path, entry.span, refusal.message);
            draft.problems.push(problem.remedy(refusal.remedy));
            return None;
        }
    };
    let destroys = command.destroys();
    match command {
        OwnCommand::PlanStep => None,
        OwnCommand::InTarget(command) => {
            let chroot = ["chroot", &draft.target.mount_point].into_iter().chain(command);
            step.command = chroot.map(str::to_owned).collect();
            Some(step)
        }
        OwnCommand::Other(name) => {
            let message = format!("curtin itself runs `curtin {name}`, and what that does is not in the plan's layout");
            let problem = Problem::warning("curtin-command", path, entry.span, message);
            draft.problems.push(problem.remedy("see that curtin is installed where the plan runs, or remove it"));
            let devices: Vec<String> =
                words.iter().filter(|word| word.starts_with("/dev/")).map(|word| (*word).to_owned()).collect();
            let step = step.writes(devices);
            Some(if destroys { step.destroys() } else { step })
        }
    }
}

/// Whether curtin is there, if any of these stages needs it.
pub(super) fn ready(draft: &mut Draft<'_>, stages: &[String]) {
    let config = draft.config;
    let mut entries = stages.iter().filter_map(|stage| config.commands_of(stage)).flat_map(Commands::entries);
    if entries.any(needs_curtin) {
        let command = ["sh", "-c", READY, "ready"].map(str::to_owned);
        draft.push(Step::new(Stage::Partitioning, "check-curtin", "check that this system has curtin", command));
    }
}

fn needs_curtin(entry: &Entry) -> bool {
    let Command::Argv(argv) = &entry.command else { return false };
    let words: Vec<&str> = argv.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["curtin", words @ ..] => matches!(OwnCommand::read(&entry.key, words), Ok(OwnCommand::Other(_))),
        _ => false,
    }
}
