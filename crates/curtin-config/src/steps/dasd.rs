//! Disks of IBM mainframes: their format, which comes before any partition.

use crate::layout::Table;
use crate::plan::{Draft, Stage, Step};

use super::{packages, words};

/// Formats a DASD that is not as it should be; with a word behind `keep`, that is an error. The command is behind these.
const FORMAT: &str = r#"
id=$1 blocks=$2 layout=$3 label=$4 keep=$5
shift 5
device=/dev/disk/by-path/ccw-$id
place=/sys/bus/ccw/devices/$id
fits() {
  [ "$(cat "$place/status" 2>/dev/null)" != unformatted ] || return 1
  [ "$(cat "$place"/block/*/queue/hw_sector_size)" = "$blocks" ] || return 1
  found=$(dasdview --extended "$device" | sed -n 's/^format.*[[:space:]]\([[:alnum:]]*\) formatted$/\1/p')
  [ "$(printf %s "$found" | tr '[:upper:]' '[:lower:]')" = "$layout" ] || return 1
  [ -z "$label" ] || dasdinfo --all --export "--busid=$id" | grep -qx "ID_SERIAL=[\"']\{0,1\}$label[\"']\{0,1\}"
}
fits && exit 0
[ -z "$keep" ] || { echo "the DASD $id is not formatted as the configuration says, and is to be preserved"; exit 1; }
"$@" || exit 1
if command -v udevadm >/dev/null; then udevadm settle --timeout=60 || :; fi
fits || { echo "the DASD $id is still not as the configuration says"; exit 1; }"#;

/// Devices that are online now are so at the next start, too. chzdev says 8 when there are none, and takes no values that
/// it gives as not available.
const ONLINE: &str = r#"
set -e
[ -x "$root/sbin/zipl" ] || [ -x "$root/usr/sbin/zipl" ] || need s390-tools
status=0
settings=$(chzdev --quiet --active --online --export -) || status=$?
[ "$status" -ne 8 ] || exit 0
[ "$status" -eq 0 ] || exit "$status"
printf '%s\n' "$settings" | sed 's/^\[active/[persistent/; /=n\/a$/d' |
  chzdev --quiet --persistent --no-root-update --base "/etc=$root/etc" --import -"#;

/// Whether the layout has disks that only come online when the system says so.
pub(super) fn is_used(draft: &Draft<'_>) -> bool {
    let layout = &draft.layout;
    !layout.dasds.is_empty() || layout.disks.iter().any(|disk| disk.table == Some(Table::Vtoc))
}

pub(super) fn in_target(draft: &mut Draft<'_>) {
    if is_used(draft) {
        packages::step(draft, "zdev", "let the installed system bring its DASDs online", ONLINE, Vec::new());
    }
}

pub(super) fn all(draft: &mut Draft<'_>) {
    for dasd in draft.layout.dasds.clone() {
        let device = dasd.path();
        let block_size = dasd.block_size.to_string();
        let mut format = vec!["dasdfmt".to_owned(), "-y".to_owned(), format!("--blocksize={block_size}")];
        format.extend([format!("--disk_layout={}", dasd.disk_layout), format!("--mode={}", dasd.mode)]);
        format.extend(dasd.label.iter().map(|label| format!("--label={label}")));
        format.push(device.clone());
        let label = dasd.label.as_deref().unwrap_or_default();
        let keep = if dasd.preserve { "keep" } else { "" };
        let id = &dasd.device_id;
        let mut command = words(&["sh", "-c", FORMAT, "dasd", id, &block_size, &dasd.disk_layout, label, keep]);
        command.extend(format);
        let (what, node) = match draft.target.disks.iter().find(|disk| disk.is_at(&device)) {
            Some(disk) => (format!("{id} ({})", disk.path), disk.path.clone()),
            None => (id.clone(), device),
        };
        let description = match dasd.preserve {
            true => format!("check the format of the DASD {what}"),
            false => format!("format the DASD {what}, unless it has this format"),
        };
        let step = Step::new(Stage::Partitioning, format!("dasd-{id}"), description, command);
        // What no disk of the section stands for is nothing that the plan uses, and is formatted all the same.
        draft.push(if dasd.preserve { step.reads([node]) } else { step.destroys().writes([node]) });
    }
}
