//! The steps of an installation, stage by stage in curtin's order.

mod apt;
mod bootloader;
mod commands;
mod dasd;
pub(crate) mod disk_image;
mod disks;
mod extlinux;
mod filesystems;
mod kept;
mod needs;
mod nvme;
mod packages;
mod power;
mod swap;
mod system;
mod target_volumes;
mod unplanned;
mod volumes;
mod zfs;

pub(crate) use commands::stands_for_a_step;
pub(crate) use power::power_state;

use crate::image;
use crate::plan::{Draft, Stage, Step};
use crate::problem::{Problem, Span};
use crate::source::SourceKind;

/// curtin's stages in their order, each with what the plan does by itself and the section of the user's commands.
const STAGES: &[(&str, Stage, &str)] = &[
    ("early", Stage::Early, "early_commands"),
    ("partitioning", Stage::Partitioning, "partitioning_commands"),
    ("network", Stage::Network, "network_commands"),
    ("extract", Stage::Extract, "extract_commands"),
    ("curthooks", Stage::Curthooks, "curthooks_commands"),
    ("hook", Stage::Curthooks, "hook_commands"),
    ("late", Stage::Late, "late_commands"),
];

/// Adds every step.
pub(crate) fn all(draft: &mut Draft<'_>) {
    unplanned::all(draft);
    let usual = STAGES.iter().map(|(name, ..)| (*name).to_owned());
    let names: Vec<String> = draft.config.stages.clone().unwrap_or_else(|| usual.collect());
    let mut done = 0;
    for name in &names {
        match STAGES.iter().position(|(known, ..)| known == name) {
            Some(at) if at < done => {
                let message = format!("the stage {name} runs twice, or after one that needs what it does");
                let problem = Problem::error("stage-order", "stages", Span::NONE, message);
                draft.problems.push(problem.remedy("leave stages in curtin's order"));
            }
            Some(at) => {
                done = at + 1;
                stage(draft, at);
            }
            None => own_stage(draft, name, done),
        }
    }
    power::kexec(draft);
    unmount(draft);
    power::change(draft);
}

/// One of curtin's stages.
fn stage(draft: &mut Draft<'_>, at: usize) {
    let config = draft.config;
    let Some((name, stage, section)) = STAGES.get(at).copied() else { return };
    let commands = match name {
        "early" => &config.early_commands,
        "partitioning" => {
            match draft.image {
                Some(image) => disk_image::write(draft, image),
                None => disks::all(draft),
            }
            &config.partitioning_commands
        }
        "network" => &config.network_commands,
        "extract" => {
            extract(draft);
            &config.extract_commands
        }
        "curthooks" => {
            system::all(draft);
            if draft.image.is_none() {
                bootloader::all(draft);
            }
            &config.curthooks_commands
        }
        "hook" => &config.hook_commands,
        _ => &config.late_commands,
    };
    commands::stage(draft, stage, section, commands);
}

/// A stage of the user's own; to people it is a part of the one before it.
fn own_stage(draft: &mut Draft<'_>, name: &str, done: usize) {
    let config = draft.config;
    let before = done.checked_sub(1).and_then(|at| STAGES.get(at)).map_or(Stage::Early, |(_, stage, _)| *stage);
    if let Some((_, commands)) = config.stage_commands.iter().find(|(stage, _)| stage == name) {
        commands::stage(draft, before, &format!("{name}_commands"), commands);
    }
}

fn extract(draft: &mut Draft<'_>) {
    let sources = draft.sources;
    if sources.is_empty() {
        draft.problems.push(
            Problem::warning("no-source", "sources", Span::NONE, "no root image is named, so none is extracted")
                .remedy("write `sources: {root: URL}`"),
        );
    }
    let archives = sources.iter().filter(|source| !matches!(source.kind, SourceKind::Disk(_)));
    for (at, source) in (1..).zip(archives) {
        image::extract(draft, source, at);
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
    zfs::export(draft);
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
    Step::new(stage, id, description, command).content(content, mode).writes([full])
}

/// The words of a command.
pub(crate) fn words(list: &[&str]) -> Vec<String> {
    list.iter().map(|word| (*word).to_owned()).collect()
}
