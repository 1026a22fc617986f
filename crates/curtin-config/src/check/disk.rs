//! Whole disks, mainframe disks and iSCSI.

use std::collections::BTreeMap;
use std::net::Ipv6Addr;

use super::graph::{Graph, Item};
use crate::names::is_bus_id;
use crate::problem::Problem;
use crate::value::Node;

pub(super) fn check(graph: &Graph<'_>, problems: &mut Vec<Problem>) {
    let mut seen: BTreeMap<(&str, &str), &Item<'_>> = BTreeMap::new();
    for item in graph.of("disk") {
        one_disk(item, problems);
        let names = [("serial", item.text("serial")), ("wwn", item.text("wwn")), ("path", item.text("path"))];
        for (key, name) in names {
            let Some(name) = name.filter(|name| !name.is_empty()) else { continue };
            if let Some(first) = seen.insert((key, name), item) {
                let message = format!("{} (line {}) is this disk already", first.id, first.span.line);
                problems.push(item.error("same-disk", key, message).remedy("describe every disk once"));
            }
        }
    }
    for item in graph.of("dasd") {
        if let Some(id) = item.text("device_id").filter(|id| !is_bus_id(id)) {
            let problem = item.error("dasd-id", "device_id", format!("{id:?} is not the bus id of a DASD"));
            problems.push(problem.remedy("write three hexadecimal numbers, such as 0.0.1520"));
        }
        for (key, known) in [("blocksize", "4096"), ("disk_layout", "cdl")] {
            if item.get(key).is_none_or(Node::is_falsy) || item.text(key) == Some("not-formatted") {
                let problem = item.error("missing-key", key, format!("curtin formats no DASD without a `{key}`"));
                problems.push(problem.remedy(format!("write `{key}: {known}`")));
            }
        }
    }
}

fn one_disk(item: &Item<'_>, problems: &mut Vec<Problem>) {
    if item.wiped() && item.preserved() {
        problems.push(
            item.error("wipe-preserved", "wipe", "a disk is wiped or preserved, not both")
                .remedy("remove `wipe`, or `preserve`"),
        );
    }
    if ["serial", "wwn", "path", "device_id"].iter().all(|key| !item.flag(key)) {
        problems.push(
            item.error("disk-unnamed", "", "nothing says which disk this is")
                .remedy("write its `serial`, or its `path`"),
        );
    }
    let Some(path) = item.text("path") else { return };
    if let Some(address) = path.strip_prefix("iscsi:") {
        if let Err(reason) = iscsi(address) {
            let problem = item.error("iscsi-address", "path", reason);
            problems.push(problem.remedy("write iscsi:[user:password[:user:password]@]host:proto:port:lun:target"));
        }
    } else if ["/dev/sd", "/dev/vd", "/dev/hd", "/dev/xvd"].iter().any(|prefix| path.starts_with(prefix))
        && !item.flag("serial")
        && !item.flag("wwn")
    {
        let message = format!("the kernel gives {path} to whichever disk it finds first");
        problems.push(item.info("unstable-path", "path", message).remedy("name the disk by its `serial` or `wwn`"));
    }
}

/// `host:proto:port:lun:target`, with one or two pairs of user and password before an @.
fn iscsi(address: &str) -> Result<(), String> {
    let (users, host) = match address.split_once('@') {
        Some((_, rest)) if rest.contains('@') => return Err("more than one @ in an iSCSI address".to_owned()),
        Some((users, rest)) => (Some(users), rest),
        None => (None, address),
    };
    if users.is_some_and(|users| !matches!(users.split(':').count(), 2 | 4)) {
        return Err("every user of an iSCSI disk needs a password".to_owned());
    }
    let (host, rest) = match host.strip_prefix('[').and_then(|rest| rest.split_once("]:")) {
        Some((host, _)) if host.parse::<Ipv6Addr>().is_err() => return Err(format!("{host} is not an IPv6 address")),
        Some((host, rest)) => (host, rest),
        None => host.split_once(':').unwrap_or((host, "")),
    };
    let fields: Vec<&str> = rest.splitn(4, ':').collect();
    let [_, port, lun, target] = fields.as_slice() else {
        return Err("an iSCSI address has five parts".to_owned());
    };
    if host.is_empty() || target.is_empty() {
        return Err("an iSCSI address needs a host and a target".to_owned());
    }
    for (name, number) in [("port", port), ("lun", lun)] {
        if !number.is_empty() && number.parse::<u32>().is_err() {
            return Err(format!("the {name} of an iSCSI address is a number"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::Value as Json;

    use super::*;

    fn vectors(name: &str) -> Vec<Json> {
        let all = include_str!("../../../../testdata/curtin/curtin_misc_vectors.json");
        serde_json::from_str::<Json>(all).unwrap()[name].as_array().unwrap().clone()
    }

    #[test]
    fn addresses_and_bus_ids_are_those_of_curtin() {
        for case in vectors("iscsi_uri") {
            // Without the prefix it is a path like any other.
            let Some(address) = case["input"].as_str().unwrap().strip_prefix("iscsi:") else { continue };
            assert_eq!(iscsi(address).is_err(), case.get("error").is_some(), "{case}");
        }
        for case in vectors("dasd_device_id") {
            let Some(id) = case["input"].as_str() else { continue };
            assert_eq!(is_bus_id(id), case.get("error").is_none(), "{case}");
        }
    }
}
