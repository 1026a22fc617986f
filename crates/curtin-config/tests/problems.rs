//! Every line of PROBLEMS.md is true: its example has this problem, at this level, and says what to do about it.

use std::collections::BTreeSet;
use std::path::Path;

use firstlight_curtin_config::{Level, check};

/// What the storage examples stand on.
const BASE: &str = "{id: a, type: disk, serial: A, ptable: gpt}, {id: m, type: disk, serial: M, ptable: msdos}, \
                    {id: x, type: disk, serial: X}, {id: y, type: disk, serial: Y}, {id: z, type: disk, serial: Z}, \
                    {id: p, type: partition, device: a, size: 10G}, {id: f, type: format, volume: p, fstype: ext4}, \
                    {id: n0, type: mount, device: f, path: /}";

fn config(example: &str) -> String {
    let (version, items) = example.strip_prefix("v2 ").map_or((1, example), |items| (2, items));
    if items.starts_with("{id: ") {
        format!("storage: {{version: {version}, config: [{BASE}, {items}]}}\n")
    } else {
        format!("{items}\n")
    }
}

/// The lines of the tables: code, level and severity, example.
fn lines() -> Vec<(String, String, String)> {
    let table = include_str!("../PROBLEMS.md").lines().filter(|line| line.starts_with("| `"));
    table
        .map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
            assert_eq!(cells.len(), 5, "{line}");
            let text = |cell: &str| cell.trim_matches('`').replace("\\n", "\n").replace("\\t", "\t");
            (text(cells[0]), cells[1].to_owned(), text(cells[2]))
        })
        .collect()
}

#[test]
fn every_example_has_its_problem() {
    let mut wrong = Vec::new();
    for (code, kind, example) in lines() {
        let yaml = config(&example);
        let problems = check(&yaml, Level::Lint);
        let found = problems.iter().filter(|problem| problem.code == code);
        let found: Vec<String> = found.map(|problem| format!("{} {}", problem.level, problem.severity)).collect();
        if !found.contains(&kind) || problems.iter().any(|problem| problem.remedy.is_empty()) {
            wrong.push(format!("{code}: {kind}, not {found:?}: {example}\n{problems:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_examples_stand_on_is_fine_itself() {
    let yaml = config("{id: n, type: mount, spec: none, fstype: tmpfs, path: /tmp}");
    assert_eq!(check(&yaml, Level::Runtime), []);
}

/// The codes in the lists, which have no examples.
fn listed_without_example() -> BTreeSet<String> {
    let items = include_str!("../PROBLEMS.md").split("\n* `").skip(1);
    let heads = items.flat_map(|item| item.split("\n\n").next().unwrap_or_default().split('`').step_by(2));
    heads.map(str::to_owned).collect()
}

#[test]
fn every_code_has_a_line() {
    let mut listed = listed_without_example();
    listed.extend(lines().into_iter().map(|(code, ..)| code));
    let mut missing = BTreeSet::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for name in ["check", "config", "section", "storage", "yaml", "resolve", "steps"] {
        for file in std::fs::read_dir(root.join(name)).unwrap() {
            codes(&file.unwrap().path(), &mut missing);
        }
    }
    for name in
        ["config", "command", "source", "power", "write_file", "yaml", "check", "plan", "resolve", "steps", "image"]
    {
        codes(&root.join(name).with_extension("rs"), &mut missing);
    }
    missing.retain(|code| !listed.contains(code));
    assert_eq!(missing, BTreeSet::new());
}

#[test]
fn every_code_has_a_usual_remedy() {
    let mut all: BTreeSet<String> = lines().into_iter().map(|(code, ..)| code).collect();
    all_codes(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut all);
    all.retain(|code| code.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-')));
    assert!(all.len() > 180, "{}", all.len());
    let table: String = include_str!("../src/problem/remedy.rs").split_whitespace().collect();
    all.retain(|code| !table.contains(&format!("(\"{code}\",\"")));
    assert_eq!(all, BTreeSet::new());
}

/// Those of all files in and below a place.
fn all_codes(place: &Path, found: &mut BTreeSet<String>) {
    match std::fs::read_dir(place) {
        Ok(entries) => entries.flatten().for_each(|entry| all_codes(&entry.path(), found)),
        Err(_) => codes(place, found),
    }
}

/// What stands first in quotes after the name of a function that makes a problem.
fn codes(file: &Path, found: &mut BTreeSet<String>) {
    let Ok(text) = std::fs::read_to_string(file) else { return };
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    for call in ["error(", "warning(", "info(", "fatal(", "refuse(", "warn("] {
        for rest in text.split(call).skip(1) {
            let rest = rest.trim_start().trim_start_matches("item,");
            let code = rest.trim_start().strip_prefix('"').and_then(|rest| rest.split_once('"'));
            found.extend(code.map(|(code, _)| code.to_owned()).filter(|code| !code.contains(' ')));
        }
    }
}
