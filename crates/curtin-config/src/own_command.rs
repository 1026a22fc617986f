//! Commands of curtin's own, such as `curtin in-target`: what they are to a plan.

use crate::nearest::nearest;

/// The subcommands that curtin has.
const SUBCOMMANDS: [&str; 25] = [
    "apply_net",
    "apt-config",
    "block-attach-iscsi",
    "block-detach-iscsi",
    "block-discover",
    "block-info",
    "block-meta",
    "block-wipe",
    "clear-holders",
    "collect-logs",
    "curthooks",
    "extract",
    "features",
    "hook",
    "in-target",
    "install",
    "mkfs",
    "net-meta",
    "pack",
    "schema-validate",
    "swap",
    "system-install",
    "system-upgrade",
    "unmount",
    "version",
];

/// A command of curtin's own.
pub(crate) enum OwnCommand<'a> {
    /// A command in the installed system.
    InTarget(Vec<&'a str>),
    /// What the plan does by itself.
    PlanStep,
    /// Any other, by its name: curtin has to be there to run it.
    Other(&'a str),
}

/// Why curtin stops at a command of its own, or does nothing of use.
pub(crate) struct Refusal {
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) remedy: String,
}

impl<'a> OwnCommand<'a> {
    /// Reads the words behind `curtin`; `key` is the name of the command in its stage.
    pub(crate) fn read(key: &str, words: &[&'a str]) -> Result<Self, Refusal> {
        let (name, rest) = subcommand(words);
        let refuse = |code, message: String, remedy: String| Err(Refusal { code, message, remedy });
        match name {
            None => {
                let remedy = "write [curtin, in-target, --, COMMAND, ARGUMENTS], or remove it".to_owned();
                refuse("curtin-command", "curtin without a command prints its help, and fails".to_owned(), remedy)
            }
            Some("in-target") => match in_target(rest) {
                command if command.is_empty() => {
                    let remedy = "write [curtin, in-target, --, COMMAND, ARGUMENTS]".to_owned();
                    refuse("in-target", "curtin in-target without a command".to_owned(), remedy)
                }
                command => Ok(Self::InTarget(command)),
            },
            Some(name) if stands_for_a_step(key, name) => Ok(Self::PlanStep),
            Some(name) if SUBCOMMANDS.contains(&name) => Ok(Self::Other(name)),
            Some(name) => {
                let remedy = match nearest(name, &SUBCOMMANDS) {
                    Some(known) => format!("did you mean `{known}`?"),
                    None => "write [curtin, in-target, --, COMMAND, ARGUMENTS], or the program itself".to_owned(),
                };
                refuse("curtin-command", format!("curtin has no command {name}"), remedy)
            }
        }
    }

    /// Whether it destroys what is on a disk.
    pub(crate) fn destroys(&self) -> bool {
        matches!(self, Self::Other("block-meta" | "block-wipe" | "clear-holders" | "mkfs"))
    }
}

/// The subcommand behind curtin's own options, and what follows it.
fn subcommand<'w, 'a>(words: &'w [&'a str]) -> (Option<&'a str>, &'w [&'a str]) {
    let mut rest = words;
    while let [word, more @ ..] = rest {
        rest = match *word {
            "-c" | "--config" | "--set" | "--log-file" => more.get(1..).unwrap_or_default(),
            option if option.starts_with('-') => more,
            name => return (Some(name), more),
        };
    }
    (None, rest)
}

/// Whether a command stands for what the plan does by itself.
fn stands_for_a_step(key: &str, name: &str) -> bool {
    key == "builtin" && matches!(name, "block-meta" | "extract" | "curthooks" | "hook" | "net-meta" | "apply_net")
}

/// The command behind the options of `in-target`.
fn in_target<'a>(words: &[&'a str]) -> Vec<&'a str> {
    let mut rest = words;
    while let [word, more @ ..] = rest {
        rest = match *word {
            "--" => return more.to_vec(),
            "-t" | "--target" => more.get(1..).unwrap_or_default(),
            option if option.starts_with('-') => more,
            _ => return rest.to_vec(),
        };
    }
    Vec::new()
}
