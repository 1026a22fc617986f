//! Files of the installed system, and the mounts that commands in it need.

use crate::emit;
use crate::plan::{Draft, Stage, Step};
use crate::problem::Problem;
use crate::value::Node;
use crate::write_file::{WriteFile, no_file};

use super::{apt, dasd, file_step, needs, nvme, packages, swap, target_volumes as volumes};

/// Turns systemd-networkd on in images that have it and nothing else that brings up a network.
const NETWORKD: &str = "\
cd \"$1\" || exit 1
unit=lib/systemd/system
for other in usr/sbin/netplan sbin/ifup usr/sbin/NetworkManager; do [ ! -e \"$other\" ] || exit 0; done
[ -e \"$unit/systemd-networkd.service\" ] || exit 0
for wanted in multi-user.target.wants/systemd-networkd.service network-online.target.wants/systemd-networkd-wait-online.service; do
  mkdir -p \"etc/systemd/system/${wanted%/*}\"
  [ -e \"etc/systemd/system/$wanted\" ] || ln -sf \"/$unit/${wanted##*/}\" \"etc/systemd/system/$wanted\"
done";

pub(super) fn all(draft: &mut Draft<'_>) {
    if draft.image.is_none() {
        fstab(draft);
    }
    swap::file(draft);
    volumes::files(draft);
    names(draft);
    network(draft);
    let files = draft.config.write_files.clone();
    for (key, file) in &files {
        write_file(draft, "write_files", key, file);
    }
    let files = draft.config.cloudconfig.clone();
    for (key, file) in &files {
        write_file(draft, "cloudconfig", key, file);
    }
    bind(draft);
    apt::all(draft);
    packages::unlive(draft);
    needs::all(draft);
    nvme::all(draft);
    dasd::in_target(draft);
    volumes::in_target(draft);
    packages::kernel(draft);
    packages::more(draft);
}

fn fstab(draft: &mut Draft<'_>) {
    let mut text = String::from("# <file system> <mount point> <type> <options> <dump> <pass>\n");
    for mount in &draft.layout.mounts {
        let fields = [&mount.spec, &mount.path, &mount.kind, &mount.options, &mount.freq, &mount.passno];
        text.push_str(&fields.map(|field| field_text(field)).join(" "));
        text.push('\n');
    }
    if draft.layout.volumes.iter().any(|volume| volume.mountpoint().is_some()) {
        text.push_str("# File systems of ZFS are not here: see `zfs list`.\n");
    }
    let step = file_step(draft, Stage::Curthooks, "fstab", "write /etc/fstab", "/etc/fstab", 0o644, &text);
    draft.push(step);
}

/// fstab(5): what would end a field or begin a comment is written in octal.
fn field_text(text: &str) -> String {
    text.replace('\\', "\\134").replace(' ', "\\040").replace('#', "\\043")
}

fn names(draft: &mut Draft<'_>) {
    let full = draft.target.hostname.clone();
    let short = full.split('.').next().unwrap_or(&full).to_owned();
    let names = if short == full { short.clone() } else { format!("{full} {short}") };
    let hosts = format!(
        "127.0.0.1 localhost\n127.0.1.1 {names}\n\n\
         ::1 localhost ip6-localhost ip6-loopback\nff02::1 ip6-allnodes\nff02::2 ip6-allrouters\n"
    );
    let description = format!("name the machine {full}");
    let step =
        file_step(draft, Stage::Curthooks, "hostname", &description, "/etc/hostname", 0o644, &format!("{short}\n"));
    draft.push(step);
    let step = file_step(draft, Stage::Curthooks, "hosts", "write /etc/hosts", "/etc/hosts", 0o644, &hosts);
    draft.push(step);
}

/// cloud-init of the installed system reads this file before it asks any datasource.
fn network(draft: &mut Draft<'_>) {
    let config = draft.config.network.clone().unwrap_or_else(dhcp_everywhere);
    let text = emit::to_yaml(&Node::mapping([("network", config)]));
    let path = "/etc/cloud/cloud.cfg.d/50-curtin-networking.cfg";
    let step = file_step(draft, Stage::Curthooks, "network", "write the network configuration", path, 0o600, &text);
    draft.push(step);
    let command = ["sh", "-c", NETWORKD, "networkd", &draft.target.mount_point].map(str::to_owned);
    draft.push(Step::new(
        Stage::Curthooks,
        "networkd",
        "enable systemd-networkd where nothing else brings up the network",
        command,
    ));
}

/// DHCP on every wired interface. The name of each entry is its own pattern: netplan goes by
/// `match`, while cloud-init's networkd renderer writes the entry's name into `[Match] Name=`.
fn dhcp_everywhere() -> Node {
    let nic = |pattern: &str| {
        Node::mapping([("match", Node::mapping([("name", Node::from(pattern))])), ("dhcp4", Node::from(true))])
    };
    let ethernets = Node::mapping([("en*", nic("en*")), ("eth*", nic("eth*"))]);
    Node::mapping([("version", Node::from(2)), ("ethernets", ethernets)])
}

fn write_file(draft: &mut Draft<'_>, section: &str, key: &str, file: &WriteFile) {
    if let Some(reason) = no_file(&file.path) {
        draft.problems.push(Problem::error("file-path", format!("{section}.{key}.path"), file.span, reason));
        return;
    }
    let id = format!("file-{key}");
    let description = format!("write {}", file.path);
    let plain = std::str::from_utf8(&file.content).ok().filter(|text| !text.contains('\0'));
    let step = match plain {
        Some(text) => file_step(draft, Stage::Curthooks, &id, &description, &file.path, file.mode, text),
        None => {
            let script = "install -D -m \"$1\" /dev/null \"$2\" && base64 -d >\"$2\"";
            let full = format!("{}/{}", draft.target.mount_point, file.path.trim_start_matches('/'));
            let mode = format!("{:04o}", file.mode);
            let command = ["sh", "-c", script, "file", &mode, &full].map(str::to_owned);
            Step::new(Stage::Curthooks, &id, &description, command)
                .content(emit::encode(&file.content), file.mode)
                .writes([full])
        }
    };
    draft.push(step);
    if let Some(owner) = &file.owner {
        // Names are those of the installed system.
        let path = format!("/{}", file.path.trim_start_matches('/'));
        let command = ["chroot", &draft.target.mount_point, "chown", "--", owner, &path].map(str::to_owned);
        draft.push(Step::new(Stage::Curthooks, format!("owner-{key}"), format!("give {path} to {owner}"), command));
    }
}

fn bind(draft: &mut Draft<'_>) {
    let root = draft.target.mount_point.clone();
    let script = "set -e; for d in dev proc run sys; do mkdir -p \"$1/$d\"; mount --bind \"/$d\" \"$1/$d\"; done";
    let command = ["sh", "-c", script, "bind", &root].map(str::to_owned);
    draft.push(Step::new(Stage::Curthooks, "bind", "give the installed system /dev, /proc, /run and /sys", command));
}
