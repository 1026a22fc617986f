//! The end: a kernel for kexec, and what becomes of the machine.

use crate::config::Config;
use crate::plan::{Draft, Stage, Step};
use crate::power::{PowerMode, PowerState};

use super::words;

/// What happens to the machine: with `kexec`, it starts again at once.
pub(crate) fn power_state(config: &Config) -> Option<PowerState> {
    if config.kexec == Some(true) {
        let message = Some("'rebooting with kexec'".to_owned());
        return Some(PowerState { mode: PowerMode::Reboot, delay: 0, message, ..PowerState::default() });
    }
    config.power_state.clone()
}

/// Loads what the first entry of the boot menu would, or the one that is its default. Paths in the menu are those of the
/// file system that holds `/boot`.
const KEXEC: &str = r#"
set -e
menu=$1/boot/grub/grub.cfg
command -v kexec >/dev/null || { apt-get -q update && apt-get -qy install kexec-tools; }
default=$(sed -n 's/.*set default="\([0-9][0-9]*\)".*/\1/p' "$menu" | tail -n 1)
entry() {
  awk -v wanted="${default:-0}" -v name="$1" -v rest="$2" '
    $1 == "menuentry" { at++ }
    at == wanted + 1 && $1 == name {
      found = $2
      if (rest) { $1 = $2 = ""; sub(/^ +/, ""); found = $0 }
    }
    END { print found }' "$menu"
}
place() { if [ -e "$root$1" ]; then echo "$root$1"; else echo "$root/boot$1"; fi; }
root=$1
kernel=$(entry linux '')
[ -n "$kernel" ] || { echo 'the boot menu has no kernel'; exit 1; }
initrd=$(entry initrd '')
exec kexec -l "$(place "$kernel")" --append="$(entry linux rest)" ${initrd:+--initrd="$(place "$initrd")"}"#;

/// While the installed system is still mounted.
pub(super) fn kexec(draft: &mut Draft<'_>) {
    if draft.config.kexec == Some(true) {
        let command = words(&["sh", "-c", KEXEC, "kexec", &draft.target.mount_point]);
        let description = "load the kernel of the installed system, which starts without the firmware";
        draft.push(Step::new(Stage::Late, "kexec", description, command));
    }
}

/// In the background, so that the end of the installation can still be told of. The file is curtin's way to keep a
/// machine on.
const POWER: &str = r#"
{ sleep "$1" && shift && [ ! -e /run/block-curtin-poweroff ] && exec "$@"; } </dev/null >/dev/null 2>&1 &"#;

/// The last step of all.
pub(super) fn change(draft: &mut Draft<'_>) {
    let Some(state) = power_state(draft.config) else { return };
    let mut command = words(&["sh", "-c", POWER, "power", &state.delay.to_string()]);
    command.extend(state.command());
    let when = match state.delay {
        0 => "now".to_owned(),
        1 => "after 1 second".to_owned(),
        delay => format!("after {delay} seconds"),
    };
    let description = format!("{} {when}, unless there is /run/block-curtin-poweroff", state.mode.name());
    draft.push(Step::new(Stage::Late, "power-state", description, command));
}
