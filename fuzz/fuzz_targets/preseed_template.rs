//! Any text gives a template or an error, any template a text or an error, within its limits; and what the check lets
//! through misses no name of the context.
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
    let findings = template.check(&context);
    assert!(findings.len() <= 100);
    for finding in &findings {
        let _ = format!("{finding:#}");
    }
    let limits = Limits { steps: 20_000, output: 1 << 16, ..Limits::default() };
    // The template inherits itself, which the limit of depth ends.
    let templates = |_: &str| Some(template.clone());
    match template.render_inheriting(&context, &limits, &templates) {
        Ok(text) => assert!(text.len() <= limits.output),
        Err(error) => {
            assert!(error.location.line >= 1 && error.location.column >= 1);
            let _ = format!("{error:#}");
        }
    }
});
