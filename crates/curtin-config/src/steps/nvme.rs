//! Remote disks that are reached by `NVMe` over TCP. They are connected before the installation; what is done here lets the
//! installed system connect them, in one of three ways, as in curtin.

use crate::plan::{Draft, Stage};
use crate::value::{Mapping, Node, Value};

use super::{file_step, packages, words};

/// Everything that the system starts from is local: a daemon connects the rest.
const DAEMON: &str = r#"
set -e
[ -e "$root/usr/sbin/stafd" ] || need nvme-stas
cd "$root/etc/stas"
[ ! -e stafd.conf ] || mv stafd.conf .stafd.conf.bak
ln -s stafd-curtin.conf stafd.conf"#;

/// The kernel is local, and the root or a part of it is not: the initramfs connects it. Behind the root, the directory of
/// the two scripts.
const INITRAMFS: &str = r#"
set -e
etc=/etc/curtin-nvme-over-tcp
if [ -x "$root/usr/sbin/update-initramfs" ]; then
  mkdir -p "$root/etc/initramfs-tools/hooks" "$root/etc/initramfs-tools/scripts/init-premount"
  cat >"$root/etc/initramfs-tools/hooks/curtin-nvme-over-tcp" <<END
#!/bin/sh
[ "\$1" != prereqs ] || { echo udev; exit 0; }
. /usr/share/initramfs-tools/hook-functions
copy_exec /usr/sbin/nvme /usr/sbin
for file in /etc/nvme/hostid /etc/nvme/hostnqn $etc/network-up $etc/connect-nvme; do copy_file config \$file; done
manual_add_modules nvme-tcp
END
  cat >"$root/etc/initramfs-tools/scripts/init-premount/curtin-nvme-over-tcp" <<END
#!/bin/sh
[ "\$1" != prereqs ] || exit 0
. $etc/network-up
modprobe nvme-tcp
. $etc/connect-nvme
END
  chmod 755 "$root/etc/initramfs-tools/hooks/curtin-nvme-over-tcp" \
    "$root/etc/initramfs-tools/scripts/init-premount/curtin-nvme-over-tcp"
elif [ -x "$root/usr/bin/dracut" ]; then
  need dracut-network
  module=$root/usr/lib/dracut/modules.d/35curtin-nvme-tcp
  mkdir -p "$module"
  cat >"$module/module-setup.sh" <<END
#!/bin/bash
depends() { echo systemd-networkd; }
install() {
  inst_multiple /usr/sbin/nvme /etc/nvme/hostid /etc/nvme/hostnqn $etc/connect-nvme
  netplan generate --root-dir "\$initdir"
  inst_hook initqueue/settled 99 "\$moddir/connect-nvme.sh"
}
installkernel() { hostonly='' instmods nvme_tcp; }
END
  cat >"$module/connect-nvme.sh" <<END
#!/bin/bash
modprobe nvme-tcp
/usr/lib/systemd/systemd-networkd-wait-online
$etc/connect-nvme
END
  chmod 755 "$module/module-setup.sh" "$module/connect-nvme.sh"
else
  echo "the image has neither update-initramfs nor dracut: it could not connect its root"
  exit 1
fi"#;

/// Not even the kernel is local: the firmware reads it, and says in a table of its own where it has found it, which
/// dracut reads.
const FIRMWARE: &str = r#"
set -e
need dracut dracut-network jq
module=$root/usr/lib/dracut/modules.d/35curtin-systemd-network-cmdline
mkdir -p "$module"
cat >"$module/networkd-cmdline.sh" <<'END'
#!/bin/bash
type getcmdline >/dev/null 2>&1 || . /lib/dracut-lib.sh
/usr/lib/systemd/systemd-network-generator -- $(getcmdline)
END
cat >"$module/module-setup.sh" <<'END'
#!/bin/bash
depends() { echo systemd-networkd; }
install() { inst_hook pre-udev 99 "$moddir/networkd-cmdline.sh"; }
END
chmod 755 "$module/networkd-cmdline.sh" "$module/module-setup.sh""#;

/// Where the system has to connect a disk to start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Daemon,
    Initramfs,
    Firmware,
}

pub(super) fn all(draft: &mut Draft<'_>) {
    let mut controllers: Vec<(String, u32)> =
        draft.layout.controllers.iter().map(|it| (it.address.clone(), it.port)).collect();
    controllers.sort();
    controllers.dedup();
    if controllers.is_empty() {
        return;
    }
    match way(draft) {
        Way::Daemon => {
            let line = |(address, port): &(String, u32)| {
                format!("controller = transport=tcp;traddr={address};trsvcid={port}\n")
            };
            let lines: String = controllers.iter().map(line).collect();
            let text = format!("[Controllers]\n{lines}");
            let path = "/etc/stas/stafd-curtin.conf";
            let step = file_step(draft, Stage::Curthooks, "nvme-conf", "name the remote disks", path, 0o644, &text);
            draft.push(step);
            packages::step(draft, "nvme-stas", "let a daemon connect the remote disks", DAEMON, Vec::new());
        }
        Way::Initramfs => {
            let connect = |(address, port): &(String, u32)| {
                format!("nvme connect-all --transport tcp --traddr {address} --trsvcid {port}\n")
            };
            let connect: String = controllers.iter().map(connect).collect();
            for (name, text) in [("connect-nvme", connect), ("network-up", network(draft))] {
                let path = format!("/etc/curtin-nvme-over-tcp/{name}");
                let description = format!("write {path} for the initramfs");
                let text = format!("#!/bin/sh\n{text}");
                let step = file_step(draft, Stage::Curthooks, name, &description, &path, 0o755, &text);
                draft.push(step);
            }
            packages::step(
                draft,
                "nvme-initramfs",
                "let the initramfs connect the remote disks",
                INITRAMFS,
                Vec::new(),
            );
        }
        Way::Firmware => {
            packages::step(
                draft,
                "nvme-firmware",
                "let dracut find the remote disks as the firmware has found them",
                FIRMWARE,
                Vec::new(),
            );
        }
    }
}

/// What needs the network is said by the option `_netdev`.
fn way(draft: &Draft<'_>) -> Way {
    let mounts = &draft.layout.mounts;
    let is_remote = |path: &str| {
        let mount = mounts.iter().find(|mount| mount.path == path)?;
        Some(mount.options.split(',').any(|option| option == "_netdev"))
    };
    let boot = is_remote("/boot");
    let firmware =
        boot == Some(true) || is_remote("/boot/efi") == Some(true) || (is_remote("/") == Some(true) && boot.is_none());
    let essential = |path: &str| path == "/" || path.starts_with("/usr") || path.starts_with("/var");
    match mounts.iter().any(|mount| essential(&mount.path) && is_remote(&mount.path) == Some(true)) {
        _ if firmware => Way::Firmware,
        true => Way::Initramfs,
        false => Way::Daemon,
    }
}

/// Commands that bring up the network as the file of netplan among `write_files` says, as far as curtin reads it:
/// Ethernet, addresses, DHCP and routes.
fn network(draft: &Draft<'_>) -> String {
    let file = draft.config.write_files.iter().find(|(key, _)| key == "etc_netplan_installer");
    let text = file.map(|(_, file)| String::from_utf8_lossy(&file.content).into_owned()).unwrap_or_default();
    let (root, _) = crate::yaml::load(&text);
    let get = |node: &Node, key: &str| node.as_mapping().and_then(|mapping| mapping.get(key)).cloned();
    let ethernets = root.and_then(|root| get(&get(&root, "network")?, "ethernets"));
    let mut lines: Vec<Vec<String>> = Vec::new();
    for (name, device) in ethernets.iter().filter_map(Node::as_mapping).flat_map(Mapping::iter) {
        let Some(name) = name.to_text() else { continue };
        let list = |key: &str| get(device, key).and_then(|node| node.as_sequence().map(<[Node]>::to_vec));
        let is = |node: Option<Node>| node.is_some_and(|node| matches!(node.value, Value::Bool(true)));
        for address in list("addresses").unwrap_or_default().iter().filter_map(Node::to_text) {
            lines.push(words(&["ip", "address", "add", &address, "dev", &name]));
        }
        lines.push(match (is(get(device, "dhcp4")), is(get(device, "dhcp6"))) {
            (true, true) => words(&["dhcpcd", &name]),
            (true, false) => words(&["dhcpcd", "-4", &name]),
            (false, true) => words(&["dhcpcd", "-6", &name]),
            (false, false) => words(&["ip", "link", "set", &name, "up"]),
        });
        for route in list("routes").unwrap_or_default() {
            let text = |key: &str| get(&route, key).and_then(|node| node.to_text());
            let Some(to) = text("to") else { continue };
            let mut line = words(&["ip", "route", "add", &to]);
            line.extend(text("via").into_iter().flat_map(|via| ["via".to_owned(), via]));
            if is(get(&route, "on-link")) {
                line.extend(words(&["dev", &name]));
            }
            lines.push(line);
        }
    }
    let quoted = |line: &Vec<String>| line.iter().map(|word| crate::quote::quote(word)).collect::<Vec<_>>().join(" ");
    lines.iter().map(|line| format!("{}\n", quoted(line))).collect()
}
