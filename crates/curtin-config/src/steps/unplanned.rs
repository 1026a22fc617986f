//! What stands in a configuration and is not done: said, so that nobody waits for it.

use crate::plan::Draft;
use crate::problem::{Problem, Span};

pub(super) fn all(draft: &mut Draft<'_>) {
    let config = draft.config;
    let sections = [
        ("cloudconfig", config.cloudconfig.is_some()),
        ("kernel", config.kernel.is_some()),
        ("kernel-crash-dumps", config.kernel_crash_dumps.is_some()),
        ("multipath", config.multipath.is_some()),
        ("pollinate", config.pollinate.is_some()),
        ("proxy", config.proxy.is_some()),
        ("reporting", !config.reporting.is_empty()),
        ("system_upgrade", config.system_upgrade == Some(true)),
        ("users", config.users.is_some()),
    ];
    for (name, _) in sections.into_iter().filter(|(_, is_there)| *is_there) {
        let message = "this section is kept, and the plan does nothing for it";
        let problem = Problem::warning("not-planned", name, Span::NONE, message);
        draft.problems.push(problem.remedy("use late_commands, or cloud-init at the first start"));
    }
}
