//! Packages of the installed system: what is installed, upgraded and taken away.

use crate::plan::{Draft, Stage, Step};
use crate::section::{Kernel, RemoveKernels};
use crate::value::{Mapping, Node};

use super::words;

/// Before a script that needs packages: no daemon starts meanwhile, and names of hosts are found as in the system that
/// installs. Both are undone in the end.
pub(super) const APT: &str = r#"
root=$1
shift
policy=$root/usr/sbin/policy-rc.d
names=$root/etc/resolv.conf
made='' moved=''
restore() {
  [ -z "$made" ] || rm -f "$policy"
  [ -z "$moved" ] || rm -f "$names"
  [ "$moved" != aside ] || mv "$names.firstlight" "$names"
}
trap restore EXIT
trap 'exit 1' HUP INT TERM
if [ ! -e "$policy" ] && [ -d "${policy%/*}" ]; then
  made=1
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
fi
if [ -e /etc/resolv.conf ] && [ -d "$root/etc" ]; then
  if [ -e "$names" ] || [ -L "$names" ]; then mv "$names" "$names.firstlight" && moved=aside; else moved=new; fi
  cp /etc/resolv.conf "$names"
fi
apt() {
  chroot "$root" apt-get -qy -o Dpkg::Options::=--force-unsafe-io -o Dpkg::Options::=--force-confold "$@"
}
has() { [ "$(chroot "$root" dpkg-query -W -f '${db:Status-Abbrev}' "$1" 2>/dev/null)" = 'ii ' ]; }
need() {
  for package; do
    shift
    has "$package" || set -- "$@" "$package"
  done
  [ $# -eq 0 ] || { apt update && apt install "$@"; }
}
"#;

/// A step whose script begins with [`APT`].
pub(super) fn step(draft: &mut Draft<'_>, id: &str, description: &str, script: &str, arguments: Vec<String>) {
    let mut command = words(&["sh", "-c", &format!("{APT}{script}"), id, &draft.target.mount_point]);
    command.extend(arguments);
    draft.push(Step::new(Stage::Curthooks, id, description, command));
}

/// The kernel packages that Ubuntu's older releases have for the kernel that runs: release, version, and what stands
/// behind `linux-generic`. A configuration adds to them.
const KERNELS: &[(&str, &str, &str)] = &[
    ("precise", "3.2.0", ""),
    ("precise", "3.5.0", "-lts-quantal"),
    ("precise", "3.8.0", "-lts-raring"),
    ("precise", "3.11.0", "-lts-saucy"),
    ("precise", "3.13.0", "-lts-trusty"),
    ("trusty", "3.13.0", ""),
    ("trusty", "3.16.0", "-lts-utopic"),
    ("trusty", "3.19.0", "-lts-vivid"),
    ("trusty", "4.2.0", "-lts-wily"),
    ("trusty", "4.4.0", "-lts-xenial"),
    ("xenial", "4.3.0", ""),
    ("xenial", "4.4.0", ""),
];

/// The words are the package, or `-` for none, the one to fall back to, and what is removed; then the mapping, in which the
/// last one counts. Without a package, release and running kernel decide, as in curtin: `6.8.0-45-generic` is version 6.8.0 of the
/// flavour generic. Nothing is removed unless a kernel has come that was not there.
const KERNEL: &str = r#"
set -ef
package=$1 fallback=$2 remove=$3
shift 3
kernels() {
  chroot "$root" dpkg-query -W -f '${Package}/${db:Status-Abbrev}/${Provides}\n' |
    awk -F/ '$2 == "ii " && (", " $3 ", ") ~ /, linux-image, / { print $1 }' | sort
}
before=$(kernels)
if [ "$package" = - ]; then
  package=
elif [ -z "$package" ]; then
  release=$(. "$root/etc/os-release" && printf %s "$VERSION_CODENAME")
  running=$(uname -r)
  flavour=${running#*-*-}
  while [ $# -gt 0 ]; do
    if [ "$1/$2" = "$release/${running%%-*}" ]; then package=linux-$flavour$3; fi
    shift 3
  done
  apt update
  if [ -n "$package" ] && chroot "$root" apt-cache pkgnames | grep -qxF -- "$package"; then
    ! has "$package" || package=
  else
    package=$fallback
  fi
else
  apt update
fi
[ -z "$package" ] || apt install -- "$package"
[ -n "$remove" ] || exit 0
[ "$remove" != existing ] || remove=$before
new=
for kernel in $(kernels); do
  case " $(echo $remove) " in *" $kernel "*) ;; *) new=$kernel ;; esac
done
[ -z "$new" ] || [ -z "$remove" ] || apt autopurge -- $remove"#;

/// The kernel of the `kernel` section; without one, the image has its own. Packages are removed even if none is installed,
/// as long as the image has another kernel.
pub(super) fn kernel(draft: &mut Draft<'_>) {
    let Some(kernel) = draft.config.kernel.clone() else { return };
    let installs = kernel.install != Some(false);
    let removes = matches!(&kernel.remove, Some(RemoveKernels::Packages(names)) if !names.is_empty());
    if !installs && !removes {
        return;
    }
    let remove = match &kernel.remove {
        None => String::new(),
        Some(RemoveKernels::Existing) => "existing".to_owned(),
        Some(RemoveKernels::Packages(names)) => names.join(" "),
    };
    let fallback = kernel.fallback_package.as_deref().unwrap_or("linux-generic");
    let package = if installs { kernel.package.as_deref() } else { Some("-") };
    let mut arguments = words(&[package.unwrap_or_default(), fallback, &remove]);
    if package.is_none() {
        arguments.extend(mapping(&kernel));
    }
    let description = match package {
        _ if !installs => format!("remove the kernels {remove}"),
        Some(package) => format!("install the kernel {package}"),
        None => "install the kernel that fits the one that runs".to_owned(),
    };
    step(draft, "kernel", &description, KERNEL, arguments);
}

/// Triples of words.
fn mapping(kernel: &Kernel) -> Vec<String> {
    let mut all: Vec<String> =
        KERNELS.iter().flat_map(|(release, version, suffix)| words(&[release, version, suffix])).collect();
    for (release, versions) in kernel.mapping.iter() {
        for (version, suffix) in versions.as_mapping().into_iter().flat_map(Mapping::iter) {
            all.extend([release, version, suffix].map(|node| Node::to_text(node).unwrap_or_default()));
        }
    }
    all
}

/// Everything else that comes from packages, in curtin's order.
pub(super) fn more(draft: &mut Draft<'_>) {
    multipath(draft);
    if draft.config.system_upgrade == Some(true) {
        let script = "apt update && apt dist-upgrade && apt autoremove";
        step(draft, "system-upgrade", "upgrade the packages of the installed system", script, Vec::new());
    }
    pollinate(draft);
    crash_dumps(draft);
}

/// The words are the mode, whether bindings are written anew, and the packages. Where the root lies on a multipath
/// device, its name is the one that it has now; where the system that installs knows of no such devices, GRUB is told the
/// name that the disk will have.
const MULTIPATH: &str = r#"
set -e
mode=$1 overwrite=$2
shift 2
device=$(findmnt -nvo SOURCE "$root" || :)
of() { [ -z "$device" ] || lsblk -nso KNAME,TYPE "$device" | awk -v type="$1" '$2 == type { print $1; exit }'; }
mpath=$(of mpath)
if [ "$mode" = auto ] && [ -z "$mpath" ]; then
  echo 'the root file system is not on a multipath device'
  exit 0
fi
need "$@"
mkdir -p "$root/etc/multipath"
[ -e "$root/etc/multipath.conf" ] || printf 'defaults {\n\tuser_friendly_names yes\n}\n' >"$root/etc/multipath.conf"
bindings=$root/etc/multipath/bindings
if [ "$overwrite" = true ] || [ ! -e "$bindings" ]; then
  if [ -e /etc/multipath/bindings ]; then
    cp /etc/multipath/bindings "$bindings"
  else
    disk=$(of disk)
    name=mpatha
    [ -z "$mpath" ] || name=$(lsblk -ndo NAME "/dev/$mpath")
    printf '%s %s\n' "$name" "$(/lib/udev/scsi_id --whitelisted --replace-whitespace --device="/dev/$disk")" >"$bindings"
    if [ -z "$mpath" ]; then
      number=$(cat "/sys/class/block/${device##*/}/partition" 2>/dev/null || :)
      mkdir -p "$root/etc/default/grub.d"
      printf 'GRUB_DEVICE=/dev/mapper/mpatha%s\nGRUB_DISABLE_LINUX_UUID=true\n' "${number:+-part$number}" \
        >"$root/etc/default/grub.d/50-multipath.cfg"
    fi
  fi
fi
chroot "$root" update-initramfs -u -k all"#;

fn multipath(draft: &mut Draft<'_>) {
    let Some(section) = draft.config.multipath.clone() else { return };
    let mode = section.mode.as_deref().unwrap_or("auto");
    if mode == "disabled" {
        return;
    }
    let overwrite = section.overwrite_bindings.unwrap_or(true).to_string();
    let mut arguments = words(&[mode, &overwrite]);
    arguments.extend(section.packages.unwrap_or_else(|| vec!["multipath-tools-boot".to_owned()]));
    step(draft, "multipath", "prepare the installed system for several paths to its disk", MULTIPATH, arguments);
}

const POLLINATE: &str = r#"
for place in usr/bin usr/sbin usr/local/bin; do
  if [ -x "$1/$place/pollinate" ]; then exec install -D -m 0644 /dev/stdin "$1/etc/pollinate/add-user-agent"; fi
done
echo 'the image has no pollinate'"#;

/// curtin adds its own version, and that of MAAS; there is neither here.
fn pollinate(draft: &mut Draft<'_>) {
    let agent = draft.config.pollinate.as_ref().and_then(|section| section.user_agent.as_ref());
    let Some(agent) = agent.filter(|agent| !agent.is_empty()) else { return };
    let line = |(name, value): (&Node, &Node)| {
        let text = |node: &Node| node.to_text().unwrap_or_default();
        format!("{}/{} # written by firstlight\n", text(name), text(value))
    };
    let text: String = agent.iter().map(line).collect();
    let command = words(&["sh", "-c", POLLINATE, "pollinate", &draft.target.mount_point]);
    let step = Step::new(Stage::Curthooks, "pollinate", "write what pollinate tells of the system", command);
    let file = format!("{}/etc/pollinate/add-user-agent", draft.target.mount_point);
    draft.push(step.stdin(text).writes([file]));
}

/// The tool decides by itself when it is called without a word. Before Ubuntu 24.10 it is not there, and kdump-tools is
/// turned on by being installed.
const CRASH_DUMPS: &str = r#"
set -e
tool=/usr/share/kdump-tools/kdump_set_default
case $1 in
  true) need kdump-tools; [ ! -x "$root$tool" ] || chroot "$root" "$tool" true ;;
  false) ! has kdump-tools || chroot "$root" "$tool" false ;;
  *) [ ! -x "$root$tool" ] || chroot "$root" "$tool" ;;
esac"#;

fn crash_dumps(draft: &mut Draft<'_>) {
    let Some(section) = &draft.config.kernel_crash_dumps else { return };
    let (word, description) = match section.enabled {
        Some(true) => ("true", "keep what is left of a kernel that crashes"),
        Some(false) => ("false", "keep nothing of a kernel that crashes"),
        None => ("auto", "let kdump-tools decide what is kept of a kernel that crashes"),
    };
    step(draft, "kernel-crash-dumps", description, CRASH_DUMPS, words(&[word]));
}

const OVERLAYROOT: &str = r#"
[ ! -e overlayroot.local.conf ] || mv overlayroot.local.conf overlayroot.local.conf.old"#;

/// A link is followed as it is, and as one within the installed system.
const INTERFACES: &str = r#"
if [ -e network/interfaces.dist ]; then
  case $(readlink -m network/interfaces) in
    /run/* | "$1"/run/*)
      mv network/interfaces network/interfaces.old
      mv network/interfaces.dist network/interfaces ;;
  esac
fi"#;

/// What an image has for a life in memory: overlayroot, and network interfaces below `/run`.
pub(super) fn unlive(draft: &mut Draft<'_>) {
    let tasks = [(OVERLAYROOT, draft.config.disable_overlayroot), (INTERFACES, draft.config.restore_dist_interfaces)];
    let tasks: String = tasks.iter().filter(|(_, choice)| *choice != Some(false)).map(|(task, _)| *task).collect();
    if !tasks.is_empty() {
        let script = format!("set -e\ncd \"$1/etc\" || exit 0{tasks}");
        let command = words(&["sh", "-c", &script, "unlive", &draft.target.mount_point]);
        let description = "turn off what the image has for a life in memory";
        draft.push(Step::new(Stage::Curthooks, "unlive", description, command));
    }
}
