//! Every configuration that curtin's own functions were asked about.

use serde_json::{Value, json};

use super::sections::DISK;

/// What the items of the vectors may stand on.
const MORE: &str = "{id: x, type: disk, serial: S1}, {id: y, type: disk, serial: S2}, {id: z, type: disk, serial: S3}";

/// As texts.
pub(crate) fn configurations() -> Vec<String> {
    let read = |text: &str| serde_json::from_str::<Value>(text).expect("a file of vectors");
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let generated = read(include_str!("../../../../testdata/curtin/curtin_runtime_generated.json"));
    let generated = list(&generated).into_iter().filter_map(|case| Some(case["config"].as_str()?.to_owned()));
    let schema = read(include_str!("../../../../testdata/curtin/curtin_schema_vectors.json"));
    let storage = |items: &str| {
        format!("{{sources: [http://h/r.tgz], storage: {{version: 2, config: [{DISK}, {MORE}, {items}]}}}}")
    };
    let items = list(&schema["cases"]).into_iter().map(|case| match case.get("item") {
        Some(item) => storage(&item.to_string()),
        None => {
            let mut item = schema["base"][case["type"].as_str().unwrap_or_default()].clone();
            item[case["prop"].as_str().unwrap_or_default()] = case["value"].clone();
            storage(&item.to_string())
        }
    });
    let whole = list(&schema["top_level"]).into_iter().map(|case| json!({"storage": case["storage"]}).to_string());
    let merged = read(include_str!("../../../../testdata/curtin/curtin_merge_vectors.json"));
    let merged = list(&merged["merge"]).into_iter().map(|case| case["merged"].to_string());
    let zfs = read(include_str!("../../../../testdata/curtin/curtin_zfs_commands.json"));
    let zfs = list(&zfs).into_iter().map(|case| {
        let lines = list(&case["items"]).into_iter().filter_map(|item| Some(format!("  {}\n", item.as_str()?)));
        format!("storage:\n  version: 1\n  config:\n{}", lines.collect::<String>())
    });
    generated.chain(items).chain(whole).chain(merged).chain(zfs).chain(misc()).collect()
}

fn misc() -> Vec<String> {
    let all: Value = serde_json::from_str(include_str!("../../../../testdata/curtin/curtin_misc_vectors.json"))
        .expect("a file of vectors");
    let mut found = Vec::new();
    for (name, section) in [
        ("BootCfg_fromdict", "boot"),
        ("KernelConfig_fromdict", "kernel"),
        ("power_state", "power_state"),
        ("get_dd_images", "sources"),
        ("migrate_proxy", ""),
        ("translate_old_apt_features", ""),
        ("translate_old_grub_schema", ""),
    ] {
        for case in all[name].as_array().into_iter().flatten() {
            let input = case["input"].clone();
            found.push(if section.is_empty() { input } else { json!({section: input}) });
        }
    }
    found.extend(all["stage_run"].as_array().into_iter().flatten().map(|it| json!({"late_commands": it["commands"]})));
    found.extend(all["sanitize_source"].as_array().into_iter().flatten().map(|it| json!({"sources": [it["input"]]})));
    found.iter().map(Value::to_string).collect()
}
