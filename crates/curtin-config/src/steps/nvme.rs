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

/// dracut brings the network up, and the system must not take it down again on its way: the interfaces that lead to the
/// disks are marked as critical, keep their names, and are found by their addresses, as dracut may name them otherwise.
/// The words are the name of the file of netplan, the addresses of the disks, and behind `--` pairs of an interface and
/// what is set of it; without words, there is no such file.
const CRITICAL: &str = r#"
critical() {
  [ $# -gt 0 ] || return 0
  file=$1 used=
  shift
  while [ "$1" != -- ]; do
    used="$used $(ip -o route get "$1" | sed -n 's/.* dev \([^ ]*\).*/\1/p')"
    shift
  done
  shift
  while [ $# -gt 1 ]; do
    setting=$2
    case " $used " in
      *" $1 "*)
        [ "$2" != match ] || setting="match={macaddress: \"$(cat "/sys/class/net/$1/address")\"}"
        key=$(printf '%s\n' "$1" | sed 's/\./\\./g')
        chroot "$root" netplan set --origin-hint "$file" "ethernets.$key.$setting" ;;
    esac
    shift 2
  done
}"#;

/// The kernel is local, and the root or a part of it is not: the initramfs connects it. Behind the root, the directory of
/// the two scripts.
const INITRAMFS: &str = r#"
set -e
need nvme-cli
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
  critical "$@"
  module=$root/usr/lib/dracut/modules.d/35curtin-nvme-tcp
  mkdir -p "$module"
  cat >"$module/module-setup.sh" <<END
#!/bin/bash
depends() { echo systemd-networkd; }
install() {
  inst_multiple /usr/sbin/nvme /etc/nvme/hostid /etc/nvme/hostnqn $etc/connect-nvme
  tree=\$(mktemp -d)
  mkdir -p "\$tree/etc" "\$initdir/etc/systemd/network"
  cp -r /etc/netplan "\$tree/etc/"
  netplan generate --root-dir "\$tree"
  for file in /etc/systemd/network/* "\$tree"/etc/systemd/network/* "\$tree"/run/systemd/network/*; do
    [ ! -f "\$file" ] || command install -m 644 -t "\$initdir/etc/systemd/network" "\$file"
  done
  rm -r "\$tree"
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
/// dracut reads. No package may put initramfs-tools in its place.
const FIRMWARE: &str = r#"
set -e
need dracut dracut-network jq nvme-cli
mkdir -p "$root/etc/apt/preferences.d"
printf 'Package: initramfs-tools\nPin: version *\nPin-Priority: -1\n' >"$root/etc/apt/preferences.d/nvme-over-tcp"
critical "$@"
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
                &format!("{CRITICAL}{INITRAMFS}"),
                critical(draft, &controllers),
            );
        }
        Way::Firmware => {
            packages::step(
                draft,
                "nvme-firmware",
                "let dracut find the remote disks as the firmware has found them",
                &format!("{CRITICAL}{FIRMWARE}"),
                critical(draft, &controllers),
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

/// The name of the file of netplan among `write_files`, and its Ethernet interfaces.
fn ethernets(draft: &Draft<'_>) -> Option<(String, Mapping)> {
    let (_, file) = draft.config.write_files.iter().find(|(key, _)| key == "etc_netplan_installer")?;
    let (root, _) = crate::yaml::load(&String::from_utf8_lossy(&file.content));
    let ethernets = get(&get(&root?, "network")?, "ethernets")?;
    Some((file.path.clone(), ethernets.as_mapping()?.clone()))
}

fn get(node: &Node, key: &str) -> Option<Node> {
    node.as_mapping().and_then(|mapping| mapping.get(key)).cloned()
}

/// The words for [`CRITICAL`].
fn critical(draft: &Draft<'_>, controllers: &[(String, u32)]) -> Vec<String> {
    let Some((path, ethernets)) = ethernets(draft) else { return Vec::new() };
    let file = path.strip_prefix("/etc/netplan/").and_then(|file| file.strip_suffix(".yaml"));
    let Some(file) = file else { return Vec::new() };
    let mut words = vec![file.to_owned()];
    words.extend(controllers.iter().map(|(address, _)| address.clone()));
    words.push("--".to_owned());
    for (name, device) in ethernets.iter() {
        let Some(name) = name.to_text() else { continue };
        let unmatched = get(device, "match").is_none();
        let settings = [
            Some("critical=true"),
            get(device, "set-name").map(|_| "set-name=NULL"),
            unmatched.then_some("match"),
            // netplan adds the name by itself.
            unmatched.then_some("match.name=NULL"),
        ];
        words.extend(settings.into_iter().flatten().flat_map(|setting| [name.clone(), setting.to_owned()]));
    }
    words
}

/// Commands that bring up the network as the file of netplan among `write_files` says, as far as curtin reads it:
/// Ethernet, addresses, DHCP and routes.
fn network(draft: &Draft<'_>) -> String {
    let ethernets = ethernets(draft).map(|(_, ethernets)| ethernets);
    let mut lines: Vec<Vec<String>> = Vec::new();
    for (name, device) in ethernets.iter().flat_map(Mapping::iter) {
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
