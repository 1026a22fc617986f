//! A plan as JSON for programs, and as text for people. Secrets are in neither, but for
//! passwords in the URLs of proxies and sources.

use serde_json::{Value, json};

use crate::layout::{DiskLayout, Filesystem, Table, Volume, VolumeKind};
use crate::plan::{Plan, Step};

/// Writes a plan as JSON: `disks`, `volumes`, `devices` (what `lsblk` will say), `mounts`, `steps`,
/// `environment`, `power_state` and `warnings`. Sizes are in bytes.
///
/// The standard input of a secret step is `null`: to run a plan, use
/// [`render_shell`](crate::render_shell).
///
/// ```
/// use firstlight_curtin_config::{Disk, Target, parse, plan, render_json};
///
/// let parsed = parse("sources: [http://127.0.0.1/root.txz]\n");
/// let target = Target { disks: vec![Disk::new("/dev/sda", 10 << 30)], ..Target::default() };
/// let json = render_json(&plan(&parsed.config, &target).unwrap());
/// assert!(json.contains("\"path\": \"/dev/sda3\""));
/// ```
#[must_use]
pub fn render_json(plan: &Plan) -> String {
    let layout = &plan.layout;
    let mounts: Vec<Value> = layout
        .mounts
        .iter()
        .map(|mount| {
            json!({
                "path": mount.path, "type": mount.kind, "spec": mount.spec, "device": mount.device,
                "options": mount.options,
            })
        })
        .collect();
    let power = plan.power_state.as_ref();
    let value = json!({
        "disks": layout.disks.iter().map(disk).collect::<Vec<_>>(),
        "volumes": layout.volumes.iter().map(volume).collect::<Vec<_>>(),
        "devices": layout.devices(),
        "dasds": layout.dasds.iter().map(|it| json!({
            "device_id": it.device_id, "blocksize": it.block_size, "disk_layout": it.disk_layout, "label": it.label,
            "mode": it.mode, "preserve": it.preserve,
        })).collect::<Vec<_>>(),
        "controllers": layout.controllers.iter().map(|it| json!({"transport": "tcp", "address": it.address, "port": it.port})).collect::<Vec<_>>(),
        "mounts": mounts,
        "steps": plan.steps.iter().map(step).collect::<Vec<_>>(),
        "environment": plan.environment.iter().cloned().collect::<std::collections::BTreeMap<_, _>>(),
        "power_state": power.map(|state| json!({"mode": state.mode.name(), "delay": state.delay})),
        "warnings": plan.warnings.iter().map(ToString::to_string).collect::<Vec<_>>(),
    });
    format!("{value:#}\n")
}

/// Writes a plan for people: the disks as they will be, then the steps; those that destroy what is
/// on a disk are marked.
///
/// ```
/// use firstlight_curtin_config::{Disk, Target, parse, plan, render_text};
///
/// let parsed = parse("sources: [http://127.0.0.1/root.txz]\n");
/// let target = Target { disks: vec![Disk::new("/dev/sda", 10 << 30)], ..Target::default() };
/// let text = render_text(&plan(&parsed.config, &target).unwrap());
/// assert!(text.starts_with("/dev/sda  10 GiB  gpt\n"));
/// assert!(text.contains("\n  2 ! partitioning  erase what was on /dev/sda\n"));
/// ```
#[must_use]
pub fn render_text(plan: &Plan) -> String {
    let mut text = format!("{}\n", plan.layout);
    for (at, step) in plan.steps.iter().enumerate() {
        let mark = if step.destroys_data { '!' } else { ' ' };
        // A description may quote a configuration: no line break, no control sequence.
        let line: String = step.description.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        text.push_str(&format!("{:>3} {mark} {:<13} {line}\n", at + 1, step.stage.to_string()));
    }
    text.push_str("\n! destroys what is on the disk\n");
    text
}

fn filesystem(filesystem: Option<&Filesystem>) -> Value {
    filesystem.map_or(Value::Null, |fs| json!({"type": fs.kind, "label": fs.label, "uuid": fs.uuid}))
}

fn disk(disk: &DiskLayout) -> Value {
    let partitions: Vec<Value> = disk
        .partitions
        .iter()
        .map(|part| {
            json!({
                "number": part.number, "path": part.path, "start": part.start, "size": part.size, "uuid": part.uuid,
                "bootable": part.bootable, "kind": part.kind.word(), "filesystem": filesystem(part.filesystem.as_ref()),
            })
        })
        .collect();
    json!({
        "path": disk.path, "size": disk.size, "sector_size": disk.sector_size, "table": disk.table.map(Table::word),
        "uuid": disk.uuid,
        "partitions": partitions, "filesystem": filesystem(disk.filesystem.as_ref()),
    })
}

fn volume(volume: &Volume) -> Value {
    let mut value = json!({
        "path": volume.path, "size": volume.size, "members": volume.members(),
        "filesystem": filesystem(volume.filesystem.as_ref()), "preserve": volume.preserve,
        "partitions": volume.table().map(|table| disk(table)["partitions"].clone()),
    });
    let more = match &volume.kind {
        VolumeKind::Raid(raid) => json!({
            "type": "raid", "level": raid.level.name(), "metadata": raid.metadata, "uuid": raid.uuid,
            "spares": raid.spares,
        }),
        VolumeKind::Group(group) => json!({"type": "volume_group", "name": group.name}),
        VolumeKind::Logical(logical) => {
            json!({"type": "logical_volume", "name": logical.name, "group": logical.group, "extents": logical.extents})
        }
        VolumeKind::Crypt(crypt) => json!({"type": "crypt", "name": crypt.name, "uuid": crypt.uuid}),
        VolumeKind::Bcache(bcache) => {
            json!({"type": "bcache", "cache_set": bcache.cache_set, "mode": bcache.mode})
        }
        VolumeKind::Pool(pool) => json!({
            "type": "zpool", "name": pool.name, "vdevs": pool.vdevs, "properties": properties(&pool.properties),
            "fs_properties": properties(&pool.fs_properties), "mountpoint": pool.mountpoint,
            "encrypted": pool.keyfile.is_some(),
        }),
        VolumeKind::Dataset(dataset) => json!({
            "type": "zfs", "pool": dataset.pool, "name": dataset.name, "properties": properties(&dataset.properties),
            "mountpoint": dataset.mountpoint,
        }),
    };
    if let (Value::Object(value), Value::Object(more)) = (&mut value, more) {
        value.extend(more);
    }
    value
}

fn properties(list: &[(String, String)]) -> Value {
    list.iter().map(|(key, value)| (key.clone(), Value::from(value.as_str()))).collect()
}

fn step(step: &Step) -> Value {
    let stdin = step.stdin.as_ref().filter(|_| !step.secret);
    json!({
        "id": step.id, "stage": step.stage.to_string(), "description": step.description, "command": step.command,
        "stdin": stdin, "secret": step.secret, "destroys_data": step.destroys_data,
        "reads": step.reads, "writes": step.writes,
    })
}
