//! Commands of curtin's own, some of which a plan leaves to curtin.

use crate::own_command::OwnCommand;
use crate::problem::Problem;
use crate::value::{Mapping, Node};

/// `runs` tells whether there is a stage of this name.
pub(super) fn check(root: &Mapping, runs: impl Fn(&str) -> bool, problems: &mut Vec<Problem>) {
    for (section, commands) in root.iter() {
        let Some(section) = section.as_str() else { continue };
        if !section.strip_suffix("_commands").is_some_and(&runs) {
            continue;
        }
        for (key, command) in commands.as_mapping().into_iter().flat_map(Mapping::iter) {
            let words = command.as_sequence().unwrap_or_default();
            let words: Option<Vec<&str>> = words.iter().map(Node::as_str).collect();
            let (Some(key), Some(["curtin", words @ ..])) = (key.as_str(), words.as_deref()) else { continue };
            let path = format!("{section}.{key}");
            match OwnCommand::read(key, words) {
                Ok(OwnCommand::Other(name)) => {
                    let message = format!("a plan leaves `curtin {name}` to curtin, which has to be installed there");
                    let problem = Problem::warning("curtin-command", path, command.span, message);
                    problems.push(problem.remedy("leave it to the sections of the configuration"));
                }
                Ok(_) => {}
                Err(refusal) => {
                    let problem = Problem::error(refusal.code, path, command.span, refusal.message);
                    problems.push(problem.remedy(refusal.remedy));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Level, check};

    #[test]
    fn what_a_plan_does_by_itself_is_no_surprise() {
        let found = |command: &str| {
            let yaml = format!("late_commands: {command}");
            check(&yaml, Level::Lint).iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(found("{builtin: [curtin, hook], a: [curtin, in-target, --, sync], b: curtin swap}"), [""; 0]);
        assert_eq!(
            found("{x: [curtin, -v, hook]}"),
            ["1:20: warning[curtin-command] late_commands.x: a plan leaves `curtin hook` to curtin, which has to be \
                 installed there (leave it to the sections of the configuration)"]
        );
        for (command, problem) in [
            ("[curtin]", "error[curtin-command] late_commands.x: curtin without a command prints its help, and fails"),
            ("[curtin, in-target, --]", "error[in-target] late_commands.x: curtin in-target without a command"),
            ("[curtin, block-mata, simple]", "error[curtin-command] late_commands.x: curtin has no command block-mata"),
        ] {
            let found = found(&format!("{{x: {command}}}"));
            assert!(found.len() == 1 && found[0].contains(problem), "{found:?}");
        }
        assert_eq!(check("{stages: [early], late_commands: {x: [curtin]}}", Level::Runtime), []);
    }
}
