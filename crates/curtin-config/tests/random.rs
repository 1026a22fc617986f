//! Random configurations: the sensible ones have a plan, and every plan could be carried out.

#[path = "random/config.rs"]
mod config;
#[path = "random/invariants.rs"]
mod invariants;
#[path = "random/rich.rs"]
mod rich;
#[path = "random/sections.rs"]
mod sections;
#[path = "random/vectors.rs"]
mod vectors;

use firstlight_curtin_config::layout::{Partition, PartitionKind, Table};
use firstlight_curtin_config::{
    Config, Disk, ExistingPartition, ExistingTable, Firmware, ItemKind, Level, Node, Plan, Problem, Source, Storage,
    Target, check, check_bytes, check_storage, parse, plan, to_yaml,
};
use proptest::prelude::*;
use sections::DEPENDS_ON_DISKS;

const SOURCE: &str = "http://127.0.0.1/root.tar.zst";

fn yaml(storage: &Storage) -> String {
    with_units(&to_yaml(&Node::mapping([
        ("sources", Node::mapping([("root", Node::from(SOURCE))])),
        ("storage", storage.to_node()),
    ])))
}

/// Writes whole mebibytes as people do.
fn with_units(yaml: &str) -> String {
    let line = |line: &str| {
        let (key, value) = line.split_once(": ").unwrap_or((line, ""));
        let is_size = matches!(key.trim_start_matches([' ', '-']), "size" | "offset");
        match value.parse::<u64>() {
            Ok(bytes) if is_size && bytes > 0 && bytes % (1 << 20) == 0 => format!("{key}: {}M\n", bytes >> 20),
            _ => format!("{line}\n"),
        }
    };
    yaml.lines().map(line).collect()
}

/// Parsed text and typed values give the same plan or the same refusal, twice.
#[track_caller]
fn planned(storage: &Storage, target: &Target) -> Option<Plan> {
    let text = yaml(storage);
    let read = plan(&parse(&text).config, target);
    let mut config = Config::flat(Source::from_uri(SOURCE));
    config.storage = Some(storage.clone());
    let built = plan(&config, target);
    assert_eq!(plan(&config, target), built, "a plan is deterministic");
    match (read, built) {
        (Ok(read), Ok(built)) => {
            assert_eq!((&read.layout, &read.steps), (&built.layout, &built.steps));
            Some(built)
        }
        (Err(_), Err(_)) => None,
        (read, built) => panic!("read {read:#?}, built {built:#?}:\n{text}"),
    }
}

/// The same machine once more, with what a first plan left on it: a part of the partitions is kept, with their file
/// systems; the others are taken out and made again where they were.
fn again(storage: &Storage, target: &Target, first: &Plan, choices: &[bool]) -> (Storage, Target) {
    let (mut storage, mut target) = (storage.clone(), target.clone());
    storage.version = 2;
    for (disk, layout) in target.disks.iter_mut().zip(&first.layout.disks) {
        let part = |part: &Partition, table: Table| ExistingPartition {
            number: part.number,
            start: part.start,
            size: part.size,
            type_code: part.kind.code(table).to_owned(),
            uuid: Some(part.uuid.clone()),
            fstype: part.filesystem.as_ref().map(|fs| fs.kind.clone()),
            fs_uuid: part.filesystem.as_ref().map(|fs| fs.uuid.clone()),
        };
        disk.existing = layout.table.map(|table| ExistingTable {
            table,
            partitions: layout.partitions.iter().map(|it| part(it, table)).collect(),
        });
    }
    let found = |id: &str| first.layout.disks.iter().flat_map(|disk| &disk.partitions).find(|part| part.id == id);
    let mut kept = Vec::new();
    let mut choices = choices.iter().copied().cycle();
    for item in &mut storage.items {
        match &mut item.kind {
            ItemKind::Disk(disk) => item.preserve = disk.ptable.is_some(),
            ItemKind::Partition(part) => {
                let Some(place) = found(&item.id) else { continue };
                part.number = Some(place.number);
                part.offset = Some(place.start);
                part.size = Some(place.size);
                // Where it does not know the flag of an MBR, the plan does not compare it.
                item.preserve = place.kind == PartitionKind::Extended || choices.next().unwrap_or(true);
                if item.preserve {
                    kept.push(item.id.clone());
                }
            }
            ItemKind::Format(format) => item.preserve = kept.contains(&format.volume),
            _ => {}
        }
    }
    (storage, target)
}

/// Four disks of 64 GiB and a DASD.
fn machine(firmware: Firmware) -> Target {
    let disk = |at: usize| Disk {
        serial: Some(format!("S{at}")),
        ..Disk::new(format!("/dev/vd{}", ["a", "b", "c", "d"][at]), 64 << 30)
    };
    let dasd = Disk {
        links: vec!["/dev/disk/by-path/ccw-0.0.1520".to_owned()],
        sector_size: 4096,
        ..Disk::new("/dev/dasda", 8 << 30)
    };
    Target { firmware, disks: (0..4).map(disk).chain([dasd]).collect(), ..Target::default() }
}

/// Whether the check finds nothing, and if so, the plan, or the first problem that stands in its way and does not depend
/// on the disks, if there is one. Whatever is wrong has a remedy.
fn judged(text: &str, firmware: Firmware) -> Option<Result<Plan, Problem>> {
    let says_what_to_do = |problems: &[Problem]| {
        for problem in problems {
            assert!(!problem.remedy.is_empty(), "{problem}\n{text}");
        }
    };
    says_what_to_do(&check_bytes(text.as_bytes(), Level::Lint, Some(firmware)));
    let (config, target) = (parse(text).config, machine(firmware));
    let planned = plan(&config, &target);
    assert_eq!(plan(&config, &target), planned, "a plan is deterministic");
    says_what_to_do(planned.as_ref().map_or_else(Vec::as_slice, |plan| &plan.warnings));
    let problems = check_bytes(text.as_bytes(), Level::Runtime, Some(firmware));
    if problems.iter().any(Problem::is_error) {
        return None;
    }
    Some(planned.map_err(|problems| {
        let depends = |problem: &&Problem| DEPENDS_ON_DISKS.contains(&problem.code);
        problems.iter().find(|problem| !depends(problem)).unwrap_or(&problems[0]).clone()
    }))
}

fn rich(bytes: &[u8]) -> String {
    format!("sources: [{SOURCE}]\n{}", rich::section(bytes))
}

/// What the check lets pass has a plan that could be carried out, but for what depends on the disks.
#[track_caller]
fn passes_both(text: &str, firmware: Firmware) {
    match judged(text, firmware) {
        None => {}
        Some(Ok(plan)) => invariants::check(&plan),
        Some(Err(problem)) => assert!(DEPENDS_ON_DISKS.contains(&problem.code), "{problem}\n{text}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn what_has_no_problems_has_a_plan(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
        let (storage, target) = config::sensible(&bytes);
        prop_assert_eq!(check_storage(&storage.to_node()), []);
        let text = yaml(&storage);
        let problems: Vec<_> = check(&text, Level::Runtime).into_iter().filter(Problem::is_error).collect();
        prop_assert!(problems.is_empty(), "{:#?}\n{}", problems, text);
        match plan(&parse(&text).config, &target) {
            Ok(plan) => invariants::check(&plan),
            Err(problems) => prop_assert!(false, "{:#?}\n{}", problems, text),
        }
        prop_assert!(planned(&storage, &target).is_some());
    }

    #[test]
    fn what_the_check_lets_pass_has_a_plan(
        bytes in proptest::collection::vec(any::<u8>(), 40..240),
        uefi in any::<bool>(),
    ) {
        let firmware = if uefi { Firmware::Uefi } else { Firmware::Bios };
        passes_both(&rich(&bytes), firmware);
    }

    #[test]
    fn a_configuration_that_the_check_lets_pass_has_a_plan(
        bytes in proptest::collection::vec(any::<u8>(), 20..120),
        uefi in any::<bool>(),
    ) {
        passes_both(&sections::configuration(&bytes), if uefi { Firmware::Uefi } else { Firmware::Bios });
    }

    #[test]
    fn what_is_broken_is_refused_or_still_sound(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
        let (storage, target) = config::broken(&bytes);
        if let Some(plan) = planned(&storage, &target) {
            invariants::check(&plan);
        }
    }

    #[test]
    fn what_is_kept_is_never_written(
        bytes in proptest::collection::vec(any::<u8>(), 0..120),
        choices in proptest::collection::vec(any::<bool>(), 1..9),
    ) {
        let (storage, target) = config::sensible(&bytes);
        let first = planned(&storage, &target).unwrap();
        let (storage, target) = again(&storage, &target, &first, &choices);
        let plan = match plan(&parse(&yaml(&storage)).config, &target) {
            Ok(plan) => plan,
            Err(problems) => return Err(TestCaseError::fail(format!("{problems:#?}\n{}", yaml(&storage)))),
        };
        invariants::check(&plan);
        let places = |plan: &Plan| -> Vec<(String, u64, u64)> {
            let parts = plan.layout.disks.iter().flat_map(|disk| &disk.partitions);
            // A logical partition that stays gets a lower number when one before it is made anew, which comes last.
            let path = |part: &Partition| if part.logical { String::new() } else { part.path.clone() };
            parts.map(|part| (path(part), part.start, part.size)).collect()
        };
        prop_assert_eq!(places(&plan), places(&first));
        for part in plan.layout.disks.iter().flat_map(|disk| &disk.partitions) {
            if part.filesystem.as_ref().is_some_and(|fs| fs.preserve) {
                let before = part.old_path.as_ref().unwrap_or(&part.path);
                let old = first.layout.disks.iter().flat_map(|disk| &disk.partitions).find(|old| old.path == *before);
                prop_assert_eq!(part.filesystem.as_ref().map(|fs| &fs.uuid), old.and_then(|old| old.filesystem.as_ref()).map(|fs| &fs.uuid));
                let writes = plan.steps.iter().any(|step| step.destroys_data && step.writes.contains(&part.path));
                prop_assert!(!writes, "{} is written", part.path);
            }
        }
    }
}

/// The generator is worth something: every type of item is in some plan.
#[test]
fn rich_sections_are_planned() {
    let mut types = std::collections::BTreeMap::new();
    let mut unplanned = std::collections::BTreeMap::new();
    let (mut passed, mut planned) = (0, 0);
    for seed in 0_u64..300 {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut byte = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[3]
        };
        let bytes: Vec<u8> = (0..200).map(|_| byte()).collect();
        let text = rich(&bytes);
        let result = judged(&text, if seed % 2 == 0 { Firmware::Bios } else { Firmware::Uefi });
        let Some(result) = result else { continue };
        passed += 1;
        match result {
            Ok(plan) => {
                planned += 1;
                invariants::check(&plan);
                for item in parse(&text).config.storage.map(|storage| storage.items).unwrap_or_default() {
                    *types.entry(item.kind.name().to_owned()).or_insert(0) += 1;
                }
            }
            Err(problem) if DEPENDS_ON_DISKS.contains(&problem.code) => {}
            Err(problem) => {
                unplanned.entry(problem.code).or_insert_with(|| format!("{problem}\n{text}"));
            }
        }
    }
    assert!(unplanned.is_empty(), "{}", unplanned.into_values().collect::<Vec<_>>().join("\n"));
    assert!(planned > 100, "{planned} of {passed}: {types:?}");
    assert_eq!(types.len(), 13, "{types:?}");
}

#[test]
fn what_curtin_was_asked_about_has_a_plan_or_an_error() {
    let all = vectors::configurations();
    assert!(all.len() > 10_000, "{}", all.len());
    let mut unplanned = std::collections::BTreeMap::new();
    for (at, text) in all.iter().enumerate() {
        match judged(text, if at % 2 == 0 { Firmware::Bios } else { Firmware::Uefi }) {
            None => {}
            Some(Ok(plan)) => invariants::check(&plan),
            Some(Err(problem)) if DEPENDS_ON_DISKS.contains(&problem.code) => {}
            Some(Err(problem)) => {
                unplanned.entry(problem.code).or_insert_with(|| format!("{problem}\n{text}"));
            }
        }
    }
    assert!(unplanned.is_empty(), "{}", unplanned.into_values().collect::<Vec<_>>().join("\n"));
}
