//! What curtin's own functions answered, beside what is read here.

use serde_json::{Value as Json, json};

use crate::{Command, Commands, Level, PowerMode, Source, SourceKind, check, parse};

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
            SourceKind::Layered => Some("fsimage-layered"),
            SourceKind::Disk(kind) | SourceKind::Other(kind) => Some(kind.as_str()),
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

/// Whether a configuration has an error at the runtime level.
fn fails(config: &Json) -> bool {
    let problems = check(&config.to_string(), Level::Runtime);
    problems.iter().any(crate::Problem::is_error)
}

#[test]
fn sections_fail_where_curtin_fails() {
    for (name, section) in [("BootCfg_fromdict", "boot"), ("KernelConfig_fromdict", "kernel")] {
        for case in vectors(name) {
            let config = json!({section: case["input"]});
            // No kernel at all is asked for before the function that these are of.
            let fine = case.get("error").is_none() || config == json!({"kernel": null});
            assert_eq!(fails(&config), !fine, "{case}");
        }
    }
    for name in ["migrate_proxy", "translate_old_apt_features"] {
        for case in vectors(name) {
            assert_eq!(fails(&case["input"]), case.get("error").is_some(), "{case}");
        }
    }
    for case in vectors("translate_old_grub_schema") {
        // A `boot` of null passes the translation, and fails where it is used.
        let fine = case.get("error").is_none() && case["input"].get("boot") != Some(&Json::Null);
        assert_eq!(fails(&case["input"]), !fine, "{case}");
    }
    for case in vectors("get_dd_images") {
        // Two images are found, and refused elsewhere.
        let two = case["result"].as_array().is_some_and(|images| images.len() > 1);
        assert_eq!(fails(&json!({"sources": case["input"]})), case.get("error").is_some() || two, "{case}");
    }
    for case in vectors("sanitize_source_nonstring") {
        let input = case["input"].as_str().unwrap().replace("None", "null").replace('\'', "\"");
        let source: Json = serde_json::from_str(&input).unwrap();
        assert!(fails(&json!({"sources": [source]})), "{case}");
    }
    for case in vectors("stage_run") {
        let bad_type = case["error"].as_str().is_some_and(|error| error.starts_with("TypeError"));
        // A mapping is run word by word, and its first key is no command.
        let mapping = case["commands"]["a"].is_object();
        assert_eq!(fails(&json!({"late_commands": case["commands"]})), bad_type || mapping, "{case}");
    }
}

#[test]
fn flags_are_those_of_curtin() {
    for case in vectors("value_as_boolean") {
        let parsed = parse(&json!({"boot": {"bootloaders": ["grub"], "update_nvram": case["input"]}}).to_string());
        assert_eq!(parsed.config.boot.update_nvram, case["result"].as_bool(), "{case}");
    }
}
