//! What a plan said of a machine's block devices and mounts, beside what the installed machine says.

use crate::error::{Doing, Error, Result};
use firstlight_curtin_config::layout::Device;
use firstlight_curtin_config::quote;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// Stands between the answers of the commands.
const CUT: &str = "====";

/// What a machine says of itself.
#[derive(Debug)]
pub(crate) struct Found {
    /// The devices by their kernel names.
    devices: BTreeMap<String, Line>,
    /// Kernel names by the paths that the plan has for them.
    names: BTreeMap<String, String>,
    /// Where something is mounted: mount point, kernel name, file system.
    mounts: BTreeSet<(String, String, String)>,
}

/// A device in the tree of `lsblk`. One on several others is there several times.
#[derive(Clone, Debug, Deserialize)]
struct Line {
    kname: String,
    path: String,
    #[serde(rename = "type")]
    kind: String,
    size: u64,
    start: Option<u64>,
    pttype: Option<String>,
    parttype: Option<String>,
    partuuid: Option<String>,
    fstype: Option<String>,
    label: Option<String>,
    uuid: Option<String>,
    mountpoint: Option<String>,
    #[serde(default)]
    children: Vec<Line>,
    #[serde(skip)]
    parents: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Lsblk {
    blockdevices: Vec<Line>,
}

#[derive(Deserialize)]
struct Findmnt {
    filesystems: Vec<Mount>,
}

#[derive(Deserialize)]
struct Mount {
    target: String,
    source: String,
    fstype: String,
}

/// The command to run on the machine (without the column NAME, `lsblk` gives no tree), the output of which [`Found::parse`] reads.
pub(crate) fn question(planned: &[Device]) -> String {
    let paths = |only: &str| -> String {
        let wanted = planned.iter().filter(|device| only.is_empty() || device.kind == only);
        wanted.map(|device| quote(&device.path)).collect::<Vec<_>>().join(" ")
    };
    format!(
        "lsblk --json --bytes --output \
         NAME,KNAME,PATH,TYPE,SIZE,START,PTTYPE,PARTTYPE,PARTUUID,FSTYPE,LABEL,UUID,MOUNTPOINT {} && echo {CUT} && \
         findmnt --json --list --real --output TARGET,SOURCE,FSTYPE && echo {CUT} && \
         for path in {}; do echo \"$path $(readlink -f \"$path\")\"; done",
        paths("disk"),
        paths("")
    )
}

impl Found {
    /// Reads the answer to [`question`].
    pub(crate) fn parse(answer: &str) -> Result<Self> {
        let mut parts = answer.split(CUT);
        let mut part = || parts.next().ok_or_else(|| Error::said(format!("the answer is cut off: {answer}")));
        let lsblk: Lsblk = serde_json::from_str(part()?).doing("lsblk's answer is strange")?;
        let findmnt: Findmnt = serde_json::from_str(part()?).doing("findmnt's answer is strange")?;
        let names = part()?
            .lines()
            .filter_map(|line| line.split_once(' '))
            .filter_map(|(path, node)| Some((path.to_owned(), node.strip_prefix("/dev/")?.to_owned())))
            .collect();
        let mut devices = BTreeMap::new();
        for line in lsblk.blockdevices {
            gather(line, None, &mut devices);
        }
        let kernel_name = |source: &str| {
            let known = devices.values().find(|line| line.path == source);
            known.map_or_else(|| source.to_owned(), |line| line.kname.clone())
        };
        let mounts =
            findmnt.filesystems.into_iter().map(|it| (it.target, kernel_name(&it.source), it.fstype)).collect();
        Ok(Self { devices, names, mounts })
    }

    /// How the machine differs from the plan, a sentence each.
    pub(crate) fn differences(&self, planned: &[Device]) -> Vec<String> {
        let mut all = Vec::new();
        let mut expected = BTreeSet::new();
        for device in planned {
            let found = self.name(&device.path).and_then(|name| self.devices.get(name));
            let Some(found) = found else {
                all.push(format!("{} is not there", device.path));
                continue;
            };
            expected.insert(found.kname.clone());
            self.compare(device, found, &mut all);
        }
        let strangers = self.devices.values().filter(|line| !expected.contains(&line.kname));
        all.extend(strangers.map(|line| format!("{} is there, and is not in the plan", line.path)));
        self.compare_mounts(planned, &mut all);
        all
    }

    fn name(&self, path: &str) -> Option<&str> {
        self.names.get(path).map(String::as_str)
    }

    fn compare(&self, device: &Device, found: &Line, all: &mut Vec<String>) {
        let mut column = |name: &str, planned: Option<String>, found: Option<String>| {
            // Volume ids of FAT are written in capitals here, and in small letters there.
            let lower = |text: &Option<String>| text.as_ref().map(|text| text.to_lowercase());
            if lower(&planned) != lower(&found) {
                let [planned, found] = [planned, found].map(|text| text.unwrap_or_else(|| "none".to_owned()));
                all.push(format!("{}: {name} is {found}, and not {planned}", device.path));
            }
        };
        column("TYPE", Some(device.kind.clone()), Some(found.kind.clone()));
        if !device.at_least || found.size < device.size {
            column("SIZE", Some(device.size.to_string()), Some(found.size.to_string()));
        }
        column("FSTYPE", device.fstype.clone(), found.fstype.clone());
        column("MOUNTPOINT", device.mountpoint.clone(), found.mountpoint.clone());
        // What is on a member of an array or group is chosen by its tool.
        if device.uuid.is_some() {
            column("UUID", device.uuid.clone(), found.uuid.clone());
            column("LABEL", device.label.clone(), found.label.clone());
        }
        if device.kind == "part" {
            let sectors = device.start.map(|start| (start / 512).to_string());
            column("START", sectors, found.start.map(|start| start.to_string()));
            column("PARTTYPE", device.partition_type.clone(), found.parttype.clone());
            column("PARTUUID", device.partition_uuid.clone(), found.partuuid.clone());
        } else {
            // lsblk says of a partition what its disk has.
            column("PTTYPE", device.table.clone(), found.pttype.clone());
        }
        let parents: BTreeSet<String> =
            device.parents.iter().map(|path| self.name(path).unwrap_or(path).to_owned()).collect();
        // A logical volume may lie on some of its group's devices.
        let fits = if device.kind == "lvm" {
            found.parents.is_subset(&parents) && !found.parents.is_empty()
        } else {
            found.parents == parents
        };
        if !fits {
            all.push(format!("{} is built of {:?}, and not of {parents:?}", device.path, found.parents));
        }
    }

    /// Every device that is mounted, and no other.
    fn compare_mounts(&self, planned: &[Device], all: &mut Vec<String>) {
        let expected: BTreeSet<(String, String, String)> = planned
            .iter()
            .filter_map(|device| {
                let target = device.mountpoint.clone().filter(|path| path.starts_with('/'))?;
                Some((target, self.name(&device.path)?.to_owned(), device.fstype.clone()?))
            })
            .collect();
        let say = |(target, name, kind): &(String, String, String)| format!("{name} ({kind}) on {target}");
        all.extend(expected.difference(&self.mounts).map(|mount| format!("findmnt lacks {}", say(mount))));
        all.extend(self.mounts.difference(&expected).map(|mount| format!("findmnt has {} besides", say(mount))));
    }
}

fn gather(mut line: Line, parent: Option<&str>, devices: &mut BTreeMap<String, Line>) {
    let children = std::mem::take(&mut line.children);
    let name = line.kname.clone();
    devices.entry(name.clone()).or_insert(line).parents.extend(parent.map(str::to_owned));
    for child in children {
        gather(child, Some(&name), devices);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// An array of a partition and a disk.
    fn planned() -> Vec<Device> {
        serde_json::from_value(json!([
            {"path": "/dev/vda", "type": "disk", "size": 4096, "pttype": "dos"},
            {"path": "/dev/vda1", "type": "part", "size": 2048, "start": 1_048_576, "parttype": "0xfd",
             "partuuid": "deadbeef-01", "fstype": "linux_raid_member", "parents": ["/dev/vda"]},
            {"path": "/dev/vdb", "type": "disk", "size": 4096, "fstype": "linux_raid_member"},
            {"path": "/dev/md0", "type": "raid1", "size": 1024, "fstype": "ext4", "label": "root", "uuid": "AB-cd",
             "mountpoint": "/", "parents": ["/dev/vda1", "/dev/vdb"]},
        ]))
        .unwrap()
    }

    const ANSWER: &str = r#"{"blockdevices": [
  {"kname":"vda", "path":"/dev/vda", "type":"disk", "size":4096, "start":null, "pttype":"dos", "parttype":null,
   "partuuid":null, "fstype":null, "label":null, "uuid":null, "mountpoint":null, "children": [
    {"kname":"vda1", "path":"/dev/vda1", "type":"part", "size":2048, "start":2048, "pttype":"dos", "parttype":"0xfd",
     "partuuid":"deadbeef-01", "fstype":"linux_raid_member", "label":"brave-otter:0", "uuid":"1234", "mountpoint":null,
     "children": [
      {"kname":"md127", "path":"/dev/md127", "type":"raid1", "size":1024, "start":null, "pttype":null, "parttype":null,
       "partuuid":null, "fstype":"ext4", "label":"root", "uuid":"ab-cd", "mountpoint":"/"}]}]},
  {"kname":"vdb", "path":"/dev/vdb", "type":"disk", "size":4096, "start":null, "pttype":null, "parttype":null,
   "partuuid":null, "fstype":"linux_raid_member", "label":"brave-otter:0", "uuid":"1234", "mountpoint":null,
   "children": [
    {"kname":"md127", "path":"/dev/md127", "type":"raid1", "size":1024, "start":null, "pttype":null, "parttype":null,
     "partuuid":null, "fstype":"ext4", "label":"root", "uuid":"ab-cd", "mountpoint":"/"}]}]}
====
{"filesystems": [{"target":"/", "source":"/dev/md127", "fstype":"ext4"}]}
====
/dev/vda /dev/vda
/dev/vda1 /dev/vda1
/dev/vdb /dev/vdb
/dev/md0 /dev/md127
"#;

    #[track_caller]
    fn check(answer: &str, differences: &[&str]) {
        assert_eq!(Found::parse(answer).unwrap().differences(&planned()), differences);
    }

    #[test]
    fn a_machine_as_planned() {
        check(ANSWER, &[]);
        assert!(question(&planned()).contains("MOUNTPOINT /dev/vda /dev/vdb && "));
    }

    #[test]
    fn every_difference_is_told() {
        let size = ANSWER.replace("\"size\":1024", "\"size\":1025");
        check(&size, &["/dev/md0: SIZE is 1025, and not 1024"]);
        check(&ANSWER.replace("\"dos\"", "\"gpt\""), &["/dev/vda: PTTYPE is gpt, and not dos"]);
        check(&ANSWER.replace("\"start\":2048", "\"start\":4096"), &["/dev/vda1: START is 4096, and not 2048"]);
        check(&ANSWER.replace("\"ab-cd\"", "null"), &["/dev/md0: UUID is none, and not AB-cd"]);
        check(
            &ANSWER.replace("/dev/md0 /dev/md127", "/dev/md0 /dev/md0"),
            &[
                "/dev/md0 is not there",
                "/dev/md127 is there, and is not in the plan",
                "findmnt lacks md0 (ext4) on /",
                "findmnt has md127 (ext4) on / besides",
            ],
        );
    }

    #[test]
    fn a_member_that_is_missing_and_another_mount() {
        let (before, from) = ANSWER.split_once(",\n  {\"kname\":\"vdb\"").unwrap();
        let (_, after) = from.split_once("]}]}\n").unwrap();
        let after =
            after.replace("\"ext4\"}]", "\"ext4\"}, {\"target\":\"/x\", \"source\":\"/dev/vdc\", \"fstype\":\"xfs\"}]");
        check(
            &format!("{before}]}}\n{after}"),
            &[
                "/dev/vdb is not there",
                "/dev/md0 is built of {\"vda1\"}, and not of {\"vda1\", \"vdb\"}",
                "findmnt has /dev/vdc (xfs) on /x besides",
            ],
        );
    }
}
