//! Values that cannot be written where curtin, or a plan, has to write them.

use crate::problem::Problem;
use crate::value::{Mapping, Node, Value};

/// Sections that hold data, or nothing that becomes a word of a command: files, and what is handed on as it is.
const DATA: &[&str] =
    &["bucket", "cloudconfig", "install", "network", "reporter", "reporting", "users", "verbosity", "write_files"];

pub(super) fn check(root: &Mapping, problems: &mut Vec<Problem>) {
    for (key, value) in root.iter() {
        let mut path = key.to_text().unwrap_or_default();
        if !DATA.contains(&path.as_str()) && !path.ends_with("_commands") {
            let mut found = Vec::new();
            nul(&mut path, value, &mut found);
            // Where that is an error already, it is not said twice.
            found.retain(|new| problems.iter().all(|old| !old.is_error() || old.span != new.span));
            problems.append(&mut found);
        }
        written_as_json(&mut path, value, problems);
    }
}

/// No system takes a NUL in the words of a command, and no tool in its settings.
fn nul(path: &mut String, node: &Node, problems: &mut Vec<Problem>) {
    let refuse = |path: &str, node: &Node, problems: &mut Vec<Problem>| {
        if node.as_str().is_some_and(|text| text.contains('\0')) {
            let message = "this goes to commands, which take no NUL character";
            problems.push(Problem::error("nul-character", path, node.span, message).remedy("remove the \\0"));
        }
    };
    refuse(path, node, problems);
    walk(path, node, &mut |path, key, value| {
        if let Some(key) = key {
            refuse(path, key, problems);
        }
        nul(path, value, problems);
    });
}

/// curtin hands the merged configuration to its stages as JSON, which not every value can be written in.
fn written_as_json(path: &mut String, node: &Node, problems: &mut Vec<Problem>) {
    if matches!(node.value, Value::Timestamp(_) | Value::Set(_) | Value::Binary(_)) {
        refuse(path, node, problems);
    }
    walk(path, node, &mut |path, key, value| {
        if let Some(key) = key.filter(|key| matches!(key.value, Value::Timestamp(_) | Value::Binary(_))) {
            refuse(path, key, problems);
        }
        written_as_json(path, value, problems);
    });
}

/// What is in a list or mapping, each with its path and its key.
fn walk(path: &mut String, node: &Node, each: &mut dyn FnMut(&mut String, Option<&Node>, &Node)) {
    let length = path.len();
    for (at, item) in node.as_sequence().unwrap_or_default().iter().enumerate() {
        path.push_str(&format!("[{at}]"));
        each(path, None, item);
        path.truncate(length);
    }
    for (key, value) in node.as_mapping().into_iter().flat_map(Mapping::iter) {
        path.push('.');
        path.push_str(key.as_str().unwrap_or_default());
        each(path, Some(key), value);
        path.truncate(length);
    }
}
fn refuse(path: &str, node: &Node, problems: &mut Vec<Problem>) {
    let message = format!("curtin writes its configuration as JSON, which cannot hold {}", node.kind());
    let problem = Problem::error("not-json", path, node.span, message);
    problems.push(problem.remedy(match node.value {
        Value::Timestamp(_) => "put it in quotes",
        Value::Set(_) => "write a list",
        _ => "write it as text",
    }));
}
