//! What is to stay must stand on what stays.

use super::graph::{Graph, Item};
use crate::problem::Problem;

/// curtin finds out when it looks for what is to stay, and after the rest has been wiped.
pub(super) fn check(graph: &Graph<'_>, problems: &mut Vec<Problem>) {
    let kinds = ["raid", "lvm_volgroup", "lvm_partition", "dm_crypt", "bcache", "format"];
    for item in graph.items.iter().filter(|item| item.preserved() && kinds.contains(&item.kind)) {
        let anew = item.references().find_map(|it| Some((it.key, graph.get(it.id).filter(|below| !stays(below))?)));
        if let Some((key, below)) = anew {
            let message = format!("{} is emptied or made anew, so that nothing on it can be preserved", below.id);
            let remedy = format!("write `preserve: true` at {}, too, and no `wipe`", below.id);
            problems.push(item.warning("preserve-new", key, message).remedy(remedy));
        }
    }
}

/// A disk also stays when nothing is said of it.
fn stays(item: &Item<'_>) -> bool {
    !item.wiped() && (item.preserved() || (item.kind == "disk" && !item.flag("ptable")))
}
