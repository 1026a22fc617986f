//! The steps of an installation, stage by stage in curtin's order.

mod bootloader;
mod commands;
mod disks;
mod filesystems;
mod system;
mod target_volumes;
mod volumes;

use crate::image;
use crate::plan::{Draft, Stage, Step};
use crate::problem::{Problem, Span};
use crate::source::Source;

/// Adds every step.
pub(crate) fn all(draft: &mut Draft<'_>) {
    let config = draft.config;
    commands::stage(draft, Stage::Early, "early_commands", &config.early_commands);
    disks::all(draft);
    commands::stage(draft, Stage::Partitioning, "partitioning_commands", &config.partitioning_commands);
    commands::stage(draft, Stage::Network, "network_commands", &config.network_commands);
    extract(draft);
    commands::stage(draft, Stage::Extract, "extract_commands", &config.extract_commands);
    system::all(draft);
    bootloader::all(draft);
    commands::stage(draft, Stage::Curthooks, "curthooks_commands", &config.curthooks_commands);
    commands::stage(draft, Stage::Curthooks, "hook_commands", &config.hook_commands);
    commands::stage(draft, Stage::Late, "late_commands", &config.late_commands);
    unmount(draft);
}

fn extract(draft: &mut Draft<'_>) {
    let mut sources: Vec<Source> = draft.config.sources.clone();
    if sources.is_empty() {
        sources.extend(draft.target.default_source.clone());
    }
    if sources.is_empty() {
        draft.problems.push(
            Problem::error("no-source", "sources", Span::NONE, "no root image is named")
                .remedy("write `sources: {root: URL}`"),
        );
    }
    for (at, source) in sources.iter().enumerate() {
        image::extract(draft, source, at + 1);
    }
}

fn unmount(draft: &mut Draft<'_>) {
    let install = draft.config.install.as_ref();
    if install.and_then(|install| install.unmount.as_deref()) == Some("disabled") {
        return;
    }
    let root = draft.target.mount_point.clone();
    // A daemon that a hook has started may hold the tree for a moment.
    let script = "sync; for _ in 1 2 3 4 5; do umount -R \"$1\" && exit 0; sleep 1; done; exit 1";
    let command = ["sh", "-c", script, "unmount", &root].map(str::to_owned);
    draft.push(Step::new(Stage::Late, "unmount", format!("write everything out and unmount {root}"), command));
}

/// A step that writes a file below the mount point, as root with the given mode.
pub(crate) fn file_step(
    draft: &Draft<'_>,
    stage: Stage,
    id: &str,
    description: &str,
    path: &str,
    mode: u32,
    content: &str,
) -> Step {
    let full = format!("{}/{}", draft.target.mount_point, path.trim_start_matches('/'));
    let command = ["install", "-D", "-m", &format!("{mode:04o}"), "/dev/stdin", &full].map(str::to_owned);
    Step::new(stage, id, description, command).stdin(content).writes([full])
}

/// The words of a command.
pub(crate) fn words(list: &[&str]) -> Vec<String> {
    list.iter().map(|word| (*word).to_owned()).collect()
}
