//! Commands of curtin's own, of which a plan runs one.

use crate::problem::Problem;
use crate::steps::stands_for_a_step;
use crate::value::{Mapping, Node};

pub(super) fn check(root: &Mapping, problems: &mut Vec<Problem>) {
    for (section, commands) in root.iter() {
        let Some(section) = section.as_str().filter(|name| name.ends_with("_commands")) else { continue };
        for (key, command) in commands.as_mapping().into_iter().flat_map(Mapping::iter) {
            let mut words = command.as_sequence().unwrap_or_default().iter().map(Node::as_str);
            let (Some(key), Some(Some("curtin")), Some(Some(word))) = (key.as_str(), words.next(), words.next()) else {
                continue;
            };
            if word != "in-target" && !stands_for_a_step(key, word) {
                let message = format!("curtin runs `curtin {word}`, and no plan can be made of it");
                let problem = Problem::warning("curtin-command", format!("{section}.{key}"), command.span, message);
                problems.push(problem.remedy("leave it to the sections of the configuration"));
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
            found("{x: [curtin, hook]}"),
            [
                "1:20: warning[curtin-command] late_commands.x: curtin runs `curtin hook`, and no plan can be made of it \
              (leave it to the sections of the configuration)"
            ]
        );
    }
}
