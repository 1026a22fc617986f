//! `Template::check`: what a rendering would stumble over, found without one.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use firstlight_preseed::{Context, Level, Map, Template, Value};

fn context() -> Context {
    let disk = [("name", Value::from("sda")), ("size", Value::from(500))].into_iter().collect::<Map>();
    let node = [("hostname", Value::from("web01")), ("owner", Value::None), ("disk", Value::from(disk))];
    Context::new()
        .with("node", node.into_iter().collect::<Map>())
        .with("release", "bookworm")
        .with("disks", Value::list(["sda", "sdb"]))
        .with("debug", false)
}

/// Each finding as `E line:column: problem`.
#[track_caller]
fn check(template: &str, expected: &[&str]) {
    let findings = Template::parse("t", template).unwrap().check(&context());
    let shown: Vec<String> = findings
        .iter()
        .map(|finding| {
            let level = if finding.level == Level::Error { 'E' } else { 'W' };
            format!("{level} {}", finding.to_string().trim_start_matches("t:"))
        })
        .collect();
    assert_eq!(shown, expected, "{template:?}");
}

#[test]
fn names_are_looked_for_in_every_branch() {
    check("{{node.hostname}}{{len(disks)}}{{start_braces}}{{release|escape.json}}{{self.body}}", &[]);
    check(
        "{{if debug}}\n{{nod.hostname}}\n{{elif relase}}\n{{else}}\n{{disk[0]}}\n{{endif}}",
        &[
            "E 2:3: `nod` is not defined; did you mean `node`?",
            "E 3:8: `relase` is not defined; did you mean `release`?",
            "E 5:3: `disk` is not defined; did you mean `disks`?",
        ],
    );
    check("{{for d in []}}{{e}}{{endfor}}", &["E 1:18: `e` is not defined"]);
    check("{{release or fallback}}", &["E 1:14: `fallback` is not defined"]);
    check("{{release if debug else qux}}", &["E 1:25: `qux` is not defined"]);
    check("{{release|escap.json}}", &["E 1:11: `escap` is not defined; did you mean `escape`?"]);
    check(
        "{{f'{qux}'}}{{len(qux, x=qux)}}",
        &["E 1:6: `qux` is not defined", "E 1:19: `qux` is not defined", "E 1:26: `qux` is not defined"],
    );
    check("{{py: a = b}}{{default c = d}}", &["E 1:11: `b` is not defined", "E 1:28: `d` is not defined"]);
    check("{{default release = d}}", &[]);
    check(
        "{{[d + e for d in disks if f]}}{{d}}",
        &["E 1:8: `e` is not defined", "E 1:28: `f` is not defined", "E 1:34: `d` is not defined"],
    );
}

#[test]
fn a_name_needs_a_value_on_every_way() {
    check("{{py: a = 1}}{{a}}{{default b = 1}}{{b}}{{def f}}{{enddef}}{{f()}}", &[]);
    check("{{if debug}}{{py: a = 1}}{{else}}{{py: a = 2}}{{endif}}{{a}}", &[]);
    let sometimes = "is not defined on every way to here; `default a = …` before it helps";
    check("{{if debug}}{{py: a = 1}}{{endif}}{{a}}", &[&format!("W 1:37: `a` {sometimes}")]);
    check("{{for a in disks}}{{a}}{{endfor}}{{a}}", &[&format!("W 1:36: `a` {sometimes}")]);
    check("{{if debug}}{{py: a = 1}}{{endif}}{{default a = 2}}{{a}}", &[]);
    check("{{if debug}}{{py: release = 'x'}}{{endif}}{{release}}", &[]);
    check("{{a}}{{py: a = 1}}", &["E 1:3: `a` is not defined"]);
}

#[test]
fn a_def_sees_what_is_assigned_later() {
    check(
        "{{def f}}{{a}}{{g()}}{{b}}{{enddef}}{{py: a = 1}}{{def g}}{{enddef}}{{f()}}",
        &["E 1:24: `b` is not defined"],
    );
    check("{{def f(a, b=a, *c, **d, e=1)}}{{a}}{{b}}{{c}}{{d}}{{e}}{{enddef}}", &["E 1:14: `a` is not defined"]);
    check(
        "{{def f(a, b)}}{{a}}{{b}}{{enddef}}",
        &["W 1:3: as in MAAS, `f` does not take its last parameter; write `b=None`", "E 1:23: `b` is not defined"],
    );
}

#[test]
fn fields_are_those_of_the_context() {
    check("{{node.hostnam}}", &["E 1:3: a dictionary has no `hostnam`; did you mean `hostname`?"]);
    check("{{node.disk.siz}}{{node['disk'].name}}", &["E 1:3: a dictionary has no `siz`; did you mean `size`?"]);
    check("{{node.items()}}{{node.get('x')}}{{release.upper()}}{{node.owner.name}}", &[]);
    check("{{release.uper()}}", &["E 1:3: a string has no `uper`; did you mean `upper`?"]);
    check(
        "{{disks.append(1)}}",
        &[
            "E 1:3: a template cannot change a value (`name = name + […]` makes a longer list): `append` of a list is not supported",
        ],
    );
    check("{{if 'x' in node}}{{node['x']}}{{endif}}", &["W 1:21: a dictionary has no `x`"]);
    check("{{py: node = release}}{{node.hostnam}}", &[]);
    check("{{for node in disks}}{{node.hostnam}}{{endfor}}", &[]);
}

#[test]
fn what_is_never_written_is_told() {
    check(
        "{{if debug}}a{{else}}b{{elif debug}}c{{else}}d{{endif}}",
        &[
            "W 1:25: this is never written: it follows the `else` of its `if`",
            "W 1:40: this is never written: it follows the `else` of its `if`",
        ],
    );
}

#[test]
fn a_finding_shows_its_line() {
    let findings = Template::parse("curtin", "a: 1\n\tb: {{nod}}\n").unwrap().check(&context());
    let shown = "curtin:2:7: `nod` is not defined; did you mean `node`?\n  |\n2 | \tb: {{nod}}\n  | \t     ^";
    assert_eq!(format!("{:#}", findings[0]), shown);
    let error =
        Template::parse("curtin", &"\n".repeat(9)).map(|_| Template::parse("curtin", "\n\n{{if x").unwrap_err());
    assert_eq!(format!("{:#}", error.unwrap()), "curtin:3:3: `{{` without `}}`\n  |\n3 | {{if x\n  |   ^");
}

#[test]
fn findings_are_bounded() {
    assert_eq!(Template::parse("t", &"{{qux}}".repeat(500)).unwrap().check(&context()).len(), 100);
    let deep = format!("{{{{{}x}}}}", "x + ".repeat(300));
    let findings = Template::parse("t", &deep).unwrap().check(&context());
    assert!(findings.len() <= 100 && !findings.is_empty());
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(512))]
    /// "No finding of `Level::Error` means that no name is missing."
    #[test]
    fn what_passes_the_check_misses_no_name(
        parts in proptest::collection::vec(proptest::sample::select(vec![
            "{{if debug}}", "{{else}}", "{{elif a}}", "{{endif}}", "{{for a in disks}}", "{{endfor}}", "{{a}}", "{{b}}",
            "{{py: a = 1}}", "{{py: b = a}}", "{{default b = a}}", "{{def f(c=a)}}", "{{def f}}", "{{enddef}}", "{{f()}}",
            "{{c}}", "{{node.hostname}}", "{{if not debug}}", "{{break}}", "{{continue}}",
        ]), 0..14)
    ) {
        let Ok(template) = Template::parse("t", &parts.concat()) else { return Ok(()) };
        if template.check(&context()).is_empty()
            && let Err(error) = template.render(&context())
        {
            let is_missing = matches!(error.problem, firstlight_preseed::Problem::Undefined { .. });
            proptest::prop_assert!(!is_missing || parts.contains(&"{{f()}}"), "{}", error);
        }
    }
}
