//! Several configurations into one, as curtin does it: files in order, then `--set`.
//!
//! Mappings are merged key by key; everything else, lists too, is replaced. A key keeps the place where it stood first.
//! What is not a mapping cannot be merged, and is refused as a whole: the result is then as it was.

use std::collections::BTreeMap;

use crate::check::check_root;
use crate::config::{Parsed, read_mapping};
use crate::json;
use crate::problem::{Level, Problem, Span};
use crate::value::{Mapping, Node, Value};
use crate::yaml::{self, MAX_DEPTH};

use self::shared::Shared;

mod shared;

/// The first line of a file that holds a list of configurations.
const ARCHIVE: &str = "#curtin-config-archive";
/// The first line of such a configuration, where its type is not given.
const CONFIG: &str = "#curtin-config";
/// The type, where it is.
const CONFIG_TYPE: &str = "text/curtin-config";

/// Configurations merged so far, and where each value came from.
///
/// A mapping that stands in several places of a file, by an anchor and aliases, is one mapping, as it is for curtin: what
/// is merged into one place shows in all of them.
///
/// ```
/// use firstlight_curtin_config::Merge;
///
/// let mut merge = Merge::new();
/// merge.add("site.yaml", "late_commands: {a: [true]}\nsources: [http://a]\n")?;
/// merge.add("machine.yaml", "late_commands: {b: [true]}\nsources: [http://b]\n")?;
/// merge.set("json:power_state/delay=5")?;
/// let root = merge.root();
/// assert_eq!(root.get("late_commands").and_then(|node| node.as_mapping()).map(|all| all.len()), Some(2));
/// assert_eq!(merge.source(root.get("sources").unwrap().span), Some("machine.yaml"));
/// # Ok::<(), firstlight_curtin_config::MergeError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Merge {
    root: Mapping,
    shared: Shared,
    sources: Vec<String>,
    problems: Vec<Problem>,
}

/// A configuration that cannot be merged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MergeError {
    /// It cannot be read.
    #[error("{name}:{problem}")]
    Unreadable {
        /// Which file.
        name: String,
        /// Where and why.
        problem: Box<Problem>,
    },
    /// Its top is not a mapping.
    #[error("{name}: a configuration is a mapping, not {kind}")]
    NotAMapping {
        /// Which file or argument.
        name: String,
        /// What it is.
        kind: &'static str,
    },
    /// An archive that is not a list.
    #[error("{name}: an archive is a list of configurations, not {kind}")]
    NotAList {
        /// Which file.
        name: String,
        /// What it is.
        kind: &'static str,
    },
    /// A setting without a value.
    #[error("--set {argument}: there is no \"=\": write PATH=TEXT or json:PATH=JSON")]
    NoValue {
        /// The argument.
        argument: String,
    },
    /// A setting whose value is not JSON.
    #[error("--set {argument}: the value is not JSON: {reason}")]
    BadJson {
        /// The argument.
        argument: String,
        /// Why.
        reason: String,
    },
    /// A result without bound.
    #[error("{name}: values are nested deeper than {MAX_DEPTH} levels, or aliases make too many of them")]
    TooLarge {
        /// Which file or argument.
        name: String,
    },
}

impl Merge {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Merges a file, or each configuration of an archive (`#curtin-config-archive` in the first line), over what is
    /// there. `name` is for messages and [`source`](Self::source).
    ///
    /// # Errors
    /// When it cannot be read, is not a mapping, or makes more than 500,000 values or 64 MiB of text with aliases.
    pub fn add(&mut self, name: &str, yaml: &str) -> Result<(), MergeError> {
        let node = self.load(name, yaml)?;
        if !yaml.starts_with(ARCHIVE) {
            return self.merge(name, node);
        }
        let before = self.clone();
        let outcome = self.add_archive(name, node);
        if outcome.is_err() {
            *self = before;
        }
        outcome
    }

    /// Merges one setting: `path/to/key=text`, or `json:path/to/key=JSON`. An empty last key stands for the whole
    /// configuration (`json:={…}`).
    ///
    /// # Errors
    /// When it is no setting, replaces the whole configuration by something else than a mapping, makes too much with
    /// aliases, nests deeper than 200 levels, or has half a surrogate pair in its JSON, which Python would take.
    pub fn set(&mut self, argument: &str) -> Result<(), MergeError> {
        let span = self.next_source(&format!("--set {argument}"));
        let node = setting(argument, '/', span)?;
        self.merge(&format!("--set {argument}"), node)
    }

    /// What has been merged.
    #[must_use]
    pub const fn root(&self) -> &Mapping {
        &self.root
    }

    /// The name of the file or setting that a value came from.
    #[must_use]
    pub fn source(&self, span: Span) -> Option<&str> {
        self.sources.get(usize::from(span.source)).map(String::as_str)
    }

    /// Warnings of the files, such as a key that stands twice.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Reads the result as a configuration.
    #[must_use]
    pub fn parse(self) -> Parsed {
        read_mapping(&self.root, self.problems)
    }

    /// Everything that is wrong with the result, up to a level; see [`check`](crate::check()).
    #[must_use]
    pub fn check(&self, level: Level) -> Vec<Problem> {
        check_root(&self.root, &self.problems, level, None)
    }

    fn next_source(&mut self, name: &str) -> Span {
        // Beyond 65 535 files the last number stands for all: a name is wrong then, and nothing else.
        let source = u16::try_from(self.sources.len()).unwrap_or(u16::MAX);
        self.sources.push(name.to_owned());
        Span { source, ..Span::NONE }
    }

    fn load(&mut self, name: &str, yaml: &str) -> Result<Node, MergeError> {
        let source = self.next_source(name).source;
        let (node, mut problems) = yaml::load_from(yaml, source);
        if let Some(at) = problems.iter().position(Problem::is_error) {
            return Err(MergeError::Unreadable { name: name.to_owned(), problem: Box::new(problems.swap_remove(at)) });
        }
        self.problems.append(&mut problems);
        let node = node.unwrap_or_else(|| Node::detached(Value::Null));
        // Without anchors no alias; and the last number stands for several files, whose places are not told apart.
        if let Value::Mapping(mapping) = &node.value
            && yaml.contains('&')
            && source < u16::MAX
        {
            self.shared.learn(mapping);
        }
        Ok(node)
    }

    fn merge(&mut self, name: &str, node: Node) -> Result<(), MergeError> {
        let kind = node.kind();
        let Value::Mapping(mapping) = node.value else {
            return Err(MergeError::NotAMapping { name: name.to_owned(), kind });
        };
        let before = (!self.shared.is_empty()).then(|| (self.root.clone(), self.shared.clone()));
        merge_into(&mut self.root, mapping, &mut self.shared);
        if self.shared.refresh(&mut self.root).is_err() {
            (self.root, self.shared) = before.unwrap_or_default();
            return Err(MergeError::TooLarge { name: name.to_owned() });
        }
        Ok(())
    }

    fn add_archive(&mut self, name: &str, node: Node) -> Result<(), MergeError> {
        let kind = node.kind();
        let Value::Sequence(items) = node.value else {
            return Err(MergeError::NotAList { name: name.to_owned(), kind });
        };
        for item in &items {
            let text = match &item.value {
                Value::String(text) if text.starts_with(CONFIG) => text,
                Value::Mapping(part) if part.get("type").and_then(Node::as_str) == Some(CONFIG_TYPE) => {
                    let Some(text) = part.get("content").and_then(Node::as_str) else { continue };
                    text
                }
                // Parts of other types are for others.
                _ => continue,
            };
            let part = format!("{name} (the part on line {})", item.span.line);
            let node = self.load(&part, text)?;
            self.merge(&part, node)?;
        }
        Ok(())
    }
}

fn merge_into(base: &mut Mapping, over: Mapping, shared: &mut Shared) {
    if base.is_empty() {
        *base = over;
        return;
    }
    let names = base.entries.iter().enumerate().filter_map(|(at, (key, _))| Some((yaml::key_name(key)?, at)));
    let places: BTreeMap<String, usize> = names.collect();
    for (key, value) in over.entries {
        let place = yaml::key_name(&key).and_then(|name| places.get(&name));
        match place.and_then(|at| base.entries.get_mut(*at)) {
            Some((_, there)) => match (&mut there.value, value) {
                (Value::Mapping(mapping), Node { value: Value::Mapping(value), span }) => {
                    let value = shared.get(span).cloned().unwrap_or(value);
                    match shared.take(there.span) {
                        Some(mut all) => {
                            merge_into(&mut all, value, shared);
                            shared.put(there.span, all);
                        }
                        None => merge_into(mapping, value, shared),
                    }
                }
                (_, value) => *there = value,
            },
            None => base.entries.push((key, value)),
        }
    }
}

/// One setting as a configuration of its own.
fn setting(argument: &str, delimiter: char, span: Span) -> Result<Node, MergeError> {
    let (text, is_json) = match argument.strip_prefix("json:") {
        Some(rest) => (rest, true),
        None => (argument, false),
    };
    let no_value = || MergeError::NoValue { argument: argument.to_owned() };
    let (path, value) = text.split_once('=').ok_or_else(no_value)?;
    let mut keys: Vec<&str> = path.split(delimiter).collect();
    if keys.last().is_some_and(|last| last.is_empty()) {
        // An empty last key takes the value to the top, wherever it stands.
        keys.clear();
    }
    if keys.len() > MAX_DEPTH {
        return Err(MergeError::TooLarge { name: format!("--set {argument}") });
    }
    let mut node = if is_json {
        json::parse(value, span, keys.len())
            .map_err(|reason| MergeError::BadJson { argument: argument.to_owned(), reason: reason.to_string() })?
    } else {
        Node::new(Value::String(value.to_owned()), span)
    };
    for key in keys.into_iter().rev() {
        let entries = vec![(Node::new(Value::String(key.to_owned()), span), node)];
        node = Node::new(Value::Mapping(Mapping { entries }), span);
    }
    Ok(node)
}

#[cfg(test)]
mod tests {
    use serde_json::Value as Json;

    use super::*;
    use crate::json::to_json;

    fn vectors(name: &str) -> Vec<Json> {
        let all = include_str!("../../../testdata/curtin/curtin_merge_vectors.json");
        serde_json::from_str::<Json>(all).unwrap()[name].as_array().unwrap().clone()
    }

    fn mapping(case: &Json) -> String {
        serde_json::to_string(case).unwrap()
    }

    fn result(merge: &Merge) -> Json {
        let text = to_json(&Node::detached(Value::Mapping(merge.root.clone()))).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    fn merged(texts: &[&Json]) -> Merge {
        let mut merge = Merge::new();
        for (at, text) in texts.iter().enumerate() {
            merge.add(&at.to_string(), &mapping(text)).unwrap();
        }
        merge
    }

    #[test]
    fn two_files_merge_as_in_curtin() {
        // Read by our own reader, which keeps the order of keys.
        let all =
            json::parse(include_str!("../../../testdata/curtin/curtin_merge_vectors.json"), Span::NONE, 0).unwrap();
        let cases = all.as_mapping().unwrap().get("merge").unwrap().as_sequence().unwrap();
        for case in cases {
            let text = |name: &str| to_json(case.as_mapping().unwrap().get(name).unwrap()).unwrap();
            let mut merge = Merge::new();
            merge.add("a", &text("a")).unwrap();
            merge.add("b", &text("b")).unwrap();
            let merged = to_json(&Node::detached(Value::Mapping(merge.root))).unwrap();
            assert_eq!(merged, text("merged"), "{}", text("name"));
        }
        assert_eq!(cases.len(), 33);
    }

    #[test]
    fn three_files_merge_from_the_left() {
        for case in vectors("merge3") {
            assert_eq!(result(&merged(&[&case["a"], &case["b"], &case["c"]])), case["left"], "{case}");
            let right = result(&merged(&[&case["b"], &case["c"]]));
            assert_eq!(result(&merged(&[&case["a"], &right])), case["right"], "{case}");
        }
    }

    #[test]
    fn settings_are_those_of_curtin() {
        let (slash, other) = (vectors("cmdarg2cfg"), vectors("cmdarg2cfg_delim"));
        for case in slash.iter().chain(&other) {
            let argument = case["arg"].as_str().unwrap();
            let delimiter = case["delim"].as_str().map_or('/', |text| text.chars().next().unwrap());
            let node = setting(argument, delimiter, Span::NONE);
            if case.get("error").is_some() {
                assert!(node.is_err(), "{argument}: {node:?}");
            } else if case["result"]["a"]["__float__"] == "nan" {
                let Value::Mapping(root) = node.unwrap().value else { panic!("{argument}") };
                assert!(matches!(root.get("a").unwrap().value, Value::Float(number) if number.is_nan()));
            } else {
                let text = to_json(&node.unwrap()).unwrap();
                assert_eq!(serde_json::from_str::<Json>(&text).unwrap(), case["result"], "{argument}");
            }
        }
    }

    #[test]
    fn settings_merge_as_in_curtin() {
        for case in vectors("merge_cmdarg") {
            let mut merge = merged(&[&case["base"]]);
            let outcome = merge.set(case["arg"].as_str().unwrap());
            assert_eq!(outcome.is_err(), case.get("error").is_some(), "{case}");
            assert_eq!(result(&merge), case["after"], "{case}");
        }
    }

    #[test]
    fn an_alias_shares_what_is_merged_into_it_as_in_curtin() {
        let all: Json = serde_json::from_str(include_str!("../../../testdata/curtin/merge_aliases.json")).unwrap();
        for case in all.as_array().unwrap() {
            let mut merge = Merge::new();
            for (at, text) in case["files"].as_array().unwrap().iter().enumerate() {
                merge.add(&at.to_string(), text.as_str().unwrap()).unwrap();
            }
            for argument in case["set"].as_array().unwrap() {
                merge.set(argument.as_str().unwrap()).unwrap();
            }
            assert_eq!(result(&merge), case["merged"], "{case}");
        }
    }

    #[test]
    fn aliases_of_one_file_leave_those_of_others_alone() {
        let mut merge = Merge::new();
        merge.add("one", "a: &x {k: 1}\nb: *x\n").unwrap();
        merge.add("two", "c: &x {k: 1}\nd: *x\n").unwrap();
        merge.set("a/k=2").unwrap();
        assert_eq!(result(&merge), serde_json::json!({"a": {"k": "2"}, "b": {"k": "2"}, "c": {"k": 1}, "d": {"k": 1}}));
    }

    #[test]
    fn what_would_grow_without_bound_is_refused_and_nothing_changes() {
        let mut merge = Merge::new();
        let aliases = "*x, ".repeat(1000);
        merge.add("one", &format!("a: &x {{}}\nb: [{aliases}]\n")).unwrap();
        let keys: String = (0..1000).map(|number| format!("k{number}: 1, ")).collect();
        let before = result(&merge);
        let error = merge.add("two", &format!("a: {{{keys}}}")).unwrap_err();
        assert!(error.to_string().starts_with("two: values are nested deeper than 200 levels, or"), "{error}");
        assert!(merge.set(&format!("a/k={}", "text".repeat(20_000))).is_err());
        assert_eq!(result(&merge), before);
        merge.set("a/k=1").unwrap();
        assert_eq!(result(&merge)["b"][999]["k"], "1");

        let path = "a/".repeat(60_000);
        assert!(matches!(merge.set(&format!("{path}a=1")), Err(MergeError::TooLarge { .. })));
        let (path, list) = ("a/".repeat(100), "[".repeat(100));
        assert!(merge.set(&format!("json:{path}a={list}{}", list.replace('[', "]"))).is_err());
    }

    #[test]
    fn what_one_file_may_hold_can_be_merged() {
        let mut merge = Merge::new();
        let texts = "*t, ".repeat(62_000);
        merge.add("f", &format!("a: &x {{}}\nb: *x\nt: &t {}\nc: [{texts}]\n", "t".repeat(1000))).unwrap();
        merge.set("a/k=1").unwrap();
        assert_eq!(merge.root.get("b").unwrap().as_mapping().unwrap().len(), 1);
    }

    #[test]
    fn an_archive_is_merged_as_a_whole() {
        let mut merge = Merge::new();
        let text = "#curtin-config-archive\n- |\n  #curtin-config\n  a: 1\n- |\n  #curtin-config\n  [b]\n";
        let error = merge.add("f", text).unwrap_err();
        assert_eq!(error.to_string(), "f (the part on line 5): a configuration is a mapping, not a list");
        assert!(merge.root.is_empty());
    }

    #[test]
    fn what_is_no_configuration_is_refused_as_in_curtin() {
        for (name, wanted) in [("merge_config_str", "cfg"), ("load_config_archive", "result")] {
            for case in vectors(name) {
                let mut merge = Merge::new();
                let outcome = merge.add("f", case["text"].as_str().unwrap());
                assert_eq!(outcome.is_err(), case.get("error").is_some(), "{case}: {outcome:?}");
                if outcome.is_ok() {
                    assert_eq!(result(&merge), case[wanted], "{case}");
                }
            }
        }
    }

    #[test]
    fn errors_name_the_file_and_say_what_to_do() {
        let mut merge = Merge::new();
        let mut check = |name: &str, text: &str, sentence: &str| {
            assert_eq!(merge.add(name, text).unwrap_err().to_string(), sentence);
        };
        check("a.yaml", "[1]", "a.yaml: a configuration is a mapping, not a list");
        check(
            "b.yaml",
            "#curtin-config-archive\na: 1",
            "b.yaml: an archive is a list of configurations, not a mapping",
        );
        assert_eq!(
            merge.set("x").unwrap_err().to_string(),
            "--set x: there is no \"=\": write PATH=TEXT or json:PATH=JSON"
        );
        assert!(merge.set("json:x={").unwrap_err().to_string().starts_with("--set json:x={: the value is not JSON: "));
    }

    #[test]
    fn every_value_remembers_its_file() {
        let mut merge = Merge::new();
        merge.add("one", "a: {x: 1}\nb: 1\n").unwrap();
        merge.add("two", "a: {y: 2}\n").unwrap();
        merge.set("b=3").unwrap();
        let a = merge.root.get("a").unwrap().as_mapping().unwrap();
        let source = |node: &Node| merge.source(node.span).unwrap();
        assert_eq!(source(a.get("x").unwrap()), "one");
        assert_eq!(source(a.get("y").unwrap()), "two");
        assert_eq!(source(merge.root.get("b").unwrap()), "--set b=3");
    }
}
