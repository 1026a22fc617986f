//! What MAAS and its template engine do, as recorded in `testdata/preseed`.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/json.rs"]
mod json;

use firstlight_preseed::{Context, LookupKey, Template, candidates, explain};
use serde_json::Value as Json;

use json::value;

fn load(name: &str) -> Json {
    let path = format!("{}/../../testdata/preseed/{name}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn text<'a>(json: &'a Json, key: &str) -> &'a str {
    json[key].as_str().unwrap_or_default()
}

#[track_caller]
fn check_names(key: &LookupKey<'_>, expected: &Json) {
    let names: Vec<String> = candidates(key).collect();
    let expected: Vec<&str> = expected.as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    assert_eq!(names, expected, "{key:?}");
}

#[test]
fn candidate_names() {
    let vectors = load("preseed_filenames.json");
    let cases = vectors["cases"].as_array().unwrap();
    for case in cases {
        let input = &case["input"];
        let arch = input["node"][0].as_str();
        let key = LookupKey {
            prefix: text(input, "prefix"),
            osystem: text(input, "osystem"),
            arch: arch.map(|arch| arch.split_once('/').unwrap_or((arch, ""))),
            release: text(input, "release"),
            name: input["node"][1].as_str(),
            default: input["default"].as_bool().unwrap(),
        };
        check_names(&key, &case["expected"]);
    }
    assert_eq!(cases.len(), 7);
}

#[test]
fn more_candidate_names() {
    let vectors = load("preseed_lookup_vectors.json");
    let cases = vectors["filenames"].as_array().unwrap();
    for case in cases {
        let key = LookupKey {
            prefix: text(case, "prefix"),
            osystem: text(case, "osystem"),
            arch: case["arch"][0].as_str().zip(case["arch"][1].as_str()),
            release: text(case, "release"),
            name: case["hostname"].as_str(),
            default: case["default"].as_bool().unwrap(),
        };
        check_names(&key, &case["names"]);
    }
    assert_eq!(cases.len(), 301);
}

#[test]
fn locations() {
    let vectors = load("preseed_lookup_vectors.json");
    let key = LookupKey {
        prefix: "curtin_userdata",
        osystem: "ubuntu",
        arch: Some(("amd64", "generic")),
        release: "noble",
        name: Some("web01"),
        default: true,
    };
    let cases = vectors["lookup"].as_array().unwrap();
    for case in cases {
        let locations: Vec<&str> =
            case["locations"].as_array().unwrap().iter().map(|at| at.as_str().unwrap()).collect();
        let path = |location: usize, name: &str| format!("{}/{name}", locations[location]);
        let files = case["files"].as_object().unwrap();
        let explanation = explain(&key, locations.len(), |location, name| files.contains_key(&path(location, name)));
        let found = explanation.winner().map(|winner| path(winner.location, &winner.name));
        assert_eq!(found.as_deref(), case["found"].as_str());
    }
    assert_eq!(cases.len(), 3);
}

/// An expected `None` is an error.
#[track_caller]
fn check_rendered(template: &str, context: &Json, expected: Option<&str>) {
    let context: Context = context.as_object().unwrap().iter().map(|(name, item)| (name, value(item))).collect();
    let result = Template::parse("t", template)
        .map_err(|error| error.to_string())
        .and_then(|template| template.render(&context).map_err(|error| error.to_string()));
    match (&result, expected) {
        (Ok(rendered), Some(expected)) => assert_eq!(rendered, expected, "{template:?}"),
        (Err(_), None) => {}
        _ => panic!("{template:?}: {result:?}, expected {expected:?}"),
    }
}

#[test]
fn rendered_templates() {
    // No exceptions: every vector holds. (`def` is an error in the recorded engine too, by a fault of its own.)
    let vectors = load("tempita.json");
    for case in vectors["cases"].as_array().unwrap() {
        check_rendered(text(case, "template"), &case["vars"], case["expected"].as_str());
    }
    let vectors = load("tempita_own.json");
    for case in vectors["cases"].as_array().unwrap() {
        check_rendered(text(case, "template"), &vectors["vars"], case["expected"].as_str());
    }
    let vectors = load("preseed_lookup_vectors.json");
    for case in vectors["tempita"].as_array().unwrap() {
        check_rendered(text(case, "template"), &case["context"], case["result"].as_str());
    }
}
