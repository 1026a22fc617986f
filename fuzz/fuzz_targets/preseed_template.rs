//! Any text gives a template or an error, any template a text or an error, within its limits.
#![no_main]

use firstlight_preseed::{Context, Limits, Map, Template, Value};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(template) = Template::parse("fuzz", text) else { return };
    let node: Map = [("hostname", Value::from("web01")), ("cores", Value::from(8))].into_iter().collect();
    let context = Context::new()
        .with("node", node)
        .with("disks", Value::list(["sda", "sdb"]))
        .with("x", 1)
        .with("y", 0.5)
        .with("none", ());
    let limits = Limits { steps: 20_000, output: 1 << 16, ..Limits::default() };
    match template.render_with(&context, &limits) {
        Ok(text) => assert!(text.len() <= limits.output),
        Err(error) => assert!(error.location.line >= 1 && error.location.column >= 1),
    }
});
