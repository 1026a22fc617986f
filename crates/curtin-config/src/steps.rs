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

pub(crate) use power::power_state;

use crate::image;
use crate::layout::Volume;
use crate::plan::{Draft, Stage, Step};
use crate::problem::{Problem, Span};
use crate::source::SourceKind;

/// curtin's stages in their order, each with the stage of the plan that it belongs to.
const STAGES: &[(&str, Stage)] = &[
    ("early", Stage::Early),
    ("partitioning", Stage::Partitioning),
    ("network", Stage::Network),
    ("extract", Stage::Extract),
    ("curthooks", Stage::Curthooks),
    ("hook", Stage::Curthooks),
    ("late", Stage::Late),
];

/// The place of a stage that does more than run the user's commands.
fn place(name: &str) -> Option<usize> {
    STAGES.iter().position(|(known, _)| *known == name).filter(|_| !matches!(name, "early" | "late"))
}

/// The first stage that curtin has already been through when its turn comes: each needs what those before it do.
pub(crate) fn out_of_order(names: &[String]) -> Option<usize> {
    let mut done = 0;
    names.iter().position(|name| {
        let at = place(name);
        let is_late = at.is_some_and(|at| at < done);
        done = at.map_or(done, |at| at + 1);
        is_late
    })
}

/// Adds every step.
pub(crate) fn all(draft: &mut Draft<'_>) {
    unplanned::all(draft);
    let usual = STAGES.iter().map(|(name, _)| (*name).to_owned());
    let names: Vec<String> = draft.config.stages.clone().unwrap_or_else(|| usual.collect());
    if let Some(name) = out_of_order(&names).and_then(|at| names.get(at)) {
        let message = format!("the stage {name} runs twice, or after one that needs what it does");
        draft.problems.push(Problem::error("stage-order", "stages", Span::NONE, message));
        return;
    }
    let is_bare = is_bare(draft);
    if is_bare {
        let message = "nothing is mounted at /, so that the disks are prepared, and nothing is installed";
        draft.problems.push(Problem::warning("no-root", "storage.config", Span::NONE, message));
    }
    let last = names.iter().rposition(|name| place(name).is_some());
    let mut now = Stage::Early;
    for (at, name) in names.iter().enumerate() {
        // Commands that run between the others are to people a part of the stage before them.
        let is_between = place(name).is_none() && (name != "late" || last.is_some_and(|last| at < last));
        if let Some((_, stage)) = STAGES.iter().find(|(known, _)| known == name && !is_between) {
            now = *stage;
        }
        if name == "partitioning" {
            commands::ready(draft, &names);
        }
        if !is_bare || name == "partitioning" {
            by_itself(draft, name);
        }
        if let Some(commands) = draft.config.commands_of(name) {
            commands::stage(draft, now, &format!("{name}_commands"), commands);
        }
    }
    if !is_bare {
        power::kexec(draft);
    }
    unmount(draft, is_bare);
    power::change(draft);
}

/// Whether the configuration is about disks alone: there is no image, and no place for one.
fn is_bare(draft: &Draft<'_>) -> bool {
    let is_root = |volume: &Volume| volume.mountpoint() == Some("/");
    draft.sources.is_empty() && draft.layout.mounts.is_empty() && !draft.layout.volumes.iter().any(is_root)
}

/// What the plan does in a stage without being told.
fn by_itself(draft: &mut Draft<'_>, name: &str) {
    match (name, draft.image) {
        ("partitioning", Some(image)) => disk_image::write(draft, image),
        ("partitioning", None) => disks::all(draft),
        ("extract", _) => extract(draft),
        ("curthooks", image) => {
            system::all(draft);
            if image.is_none() {
                bootloader::all(draft);
            }
        }
        _ => {}
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

fn unmount(draft: &mut Draft<'_>, is_bare: bool) {
    let install = draft.config.install.as_ref();
    if install.and_then(|install| install.unmount.as_deref()) == Some("disabled") {
        return;
    }
    if is_bare {
        return zfs::export(draft);
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
