//! What stands in a configuration and is not a step: said, so that nobody waits for it.

use crate::plan::Draft;
use crate::problem::{Problem, Span};

pub(super) fn all(draft: &mut Draft<'_>) {
    left_to_the_caller(draft);
    if draft.config.curthooks.as_deref() == Some("target") {
        let message =
            "whether the image has hooks of its own is known when it is there, and the plan does not run them";
        let problem = Problem::warning("not-planned", "curthooks.mode", Span::NONE, message);
        draft.problems.push(problem.remedy("run them in curthooks_commands"));
    }
}

/// How the installer itself runs, and whom it tells: curtin does these things in the system that it runs in.
fn left_to_the_caller(draft: &mut Draft<'_>) {
    let config = draft.config;
    let install = config.install.clone().unwrap_or_default();
    let parts = [
        ("reporting", !config.reporting.is_empty()),
        ("reporter", !config.reporter.is_empty()),
        ("verbosity", config.verbosity.is_some()),
        ("showtrace", config.showtrace.is_some()),
        ("install.log_file", install.log_file.is_some()),
        ("install.log_file_append", install.log_file_append.is_some()),
        ("install.error_tarfile", install.error_tarfile.is_some()),
        ("install.post_files", install.post_files.is_some()),
        ("install.save_install_config", install.save_install_config.is_some()),
        ("install.save_install_log", install.save_install_log.is_some()),
        ("install.target", install.target.is_some()),
        ("install.resume_data", install.resume_data.is_some()),
    ];
    for (name, _) in parts.into_iter().filter(|(_, is_there)| *is_there) {
        let message = "this is for whoever runs the plan, who hears of every step";
        draft.problems.push(Problem::info("left-to-caller", name, Span::NONE, message));
    }
}
