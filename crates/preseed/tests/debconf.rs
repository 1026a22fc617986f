//! What debconf stores and says of preseed files, as recorded in `testdata/preseed`, and properties of the format.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use firstlight_preseed::debconf::{Answer, Item, Preseed, Problem, Severity, Type, What, emit};
use firstlight_preseed::{Context, Disk, Installation, Machine, Node, Server, Template, Variables, bundled};
use proptest::prelude::*;
use serde_json::Value as Json;

fn load(name: &str) -> Json {
    let path = format!("{}/../../testdata/preseed/{name}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// A refusal in debconf's words; `$.` is the line that it has read last.
fn in_debconf_words(problem: &Problem) -> Option<String> {
    let line = problem.line.unwrap();
    match &problem.what {
        What::Incomplete { text } => Some(format!("error: parse error on line {line}: '{text}'")),
        What::UnknownType { kind, .. } => Some(format!("warning: Unknown type {kind}, skipping line {line}")),
        What::SeenTooEarly { question } => Some(format!("error: Cannot find a question for {question}")),
        _ => None,
    }
}

fn as_stored(answer: &Answer) -> [String; 4] {
    let owners: Vec<&str> = answer.owners.iter().map(String::as_str).collect();
    let flags = if answer.seen { "seen" } else { "" };
    [answer.question.clone(), answer.value.clone(), owners.join(", "), flags.to_owned()]
}

#[test]
fn what_debconf_stores() {
    let vectors = load("preseed_grammar_vectors.json");
    let cases = vectors.as_array().unwrap();
    for case in cases {
        let preseed = Preseed::parse(case["input"].as_str().unwrap().as_bytes());
        let questions = case["questions"].as_array().unwrap().iter();
        let expected: Vec<_> = questions
            .map(|question| {
                ["name", "value", "owners", "flags"].map(|key| question[key].as_str().unwrap_or("").to_owned())
            })
            .collect();
        let stored: Vec<_> = preseed.answers().iter().map(as_stored).collect();
        assert_eq!(stored, expected, "{}", case["name"]);

        let problems = preseed.check();
        let said: Vec<_> = problems.iter().filter_map(in_debconf_words).collect();
        let expected = case["stderr"].as_array().unwrap().iter().map(|line| line.as_str().unwrap());
        let expected: Vec<_> = expected.filter(|line| !line.starts_with("info: ")).collect();
        assert_eq!(said, expected, "{}", case["name"]);
        assert_eq!(problems.len(), said.len(), "{}: {problems:?}", case["name"]);
    }
    assert_eq!(cases.len(), 33);
}

#[test]
fn questions_of_the_installation_guide() {
    let vectors = load("preseed_di_keys.json");
    let mut count = 0;
    for (question, answers) in vectors["keys"].as_object().unwrap() {
        for answer in answers.as_array().unwrap() {
            let [owner, kind, value] = ["owner", "type", "value"].map(|key| answer[key].as_str().unwrap());
            let preseed = Preseed::parse(format!("{owner} {question} {kind} {value}\n").as_bytes());
            let problems = preseed.check();
            let mut problems = problems.iter().filter(|problem| {
                // Alone, a method lacks the rest of the partitioning.
                !matches!(problem.what, What::Missing { .. })
            });
            assert_eq!(problems.next(), None, "{question}");

            let wrong = if kind == "note" { "boolean" } else { "note" };
            let preseed = Preseed::parse(format!("{owner} {question} {wrong} true\n").as_bytes());
            let expected = What::WrongType {
                question: question.clone(),
                expected: Type::of(kind).unwrap(),
                found: Type::of(wrong).unwrap(),
            };
            let problems = preseed.check();
            let found = problems.iter().find(|problem| problem.line == Some(1)).unwrap();
            assert_eq!((found.what.to_string(), found.severity()), (expected.to_string(), Severity::Warning));
            count += 1;
        }
    }
    assert_eq!(count, 131);
}

#[test]
fn the_bundled_preseed_answers_everything() {
    let variables = Variables {
        server: Server { main_archive: "http://mirror.example/debian", ..Server::default() },
        machine: Some(Machine::default()),
        installation: Some(Installation { ssh_keys: &["ssh-ed25519 AAAA me"], ..Installation::default() }),
        ..Variables::default()
    };
    let context = Context::from(&variables).with("release", "bookworm");
    let template = Template::parse("debian_preseed", bundled("debian_preseed").unwrap()).unwrap();
    let node = Node { hostname: "web01", disks: &[Disk { name: "vda", ..Disk::default() }], ..Node::default() };
    let text = template.render(&context.with("node", &node)).unwrap();
    assert_eq!(Preseed::parse(text.as_bytes()).check(), []);
    let without: String =
        text.lines().filter(|line| !line.contains("bootdev")).map(|line| format!("{line}\n")).collect();
    let problems = Preseed::parse(without.as_bytes()).check();
    let shown: Vec<String> = problems.iter().map(ToString::to_string).collect();
    let effect = "the installer would ask on which disk to install GRUB, on BIOS machines";
    assert_eq!(shown, [format!("`grub-installer/bootdev` is not answered: {effect}")]);
}

fn field() -> impl Strategy<Value = String> {
    proptest::string::string_regex("[^# \t\r\n\x0b\x0c\\\\][^ \t\r\n\x0b\x0c\\\\]{0,8}").unwrap()
}

fn value() -> impl Strategy<Value = String> {
    proptest::string::string_regex("([ \t\ra-z#\\\\\u{a0}é]{0,12}[^\n\\\\])?").unwrap()
}

fn item() -> impl Strategy<Value = Item> {
    let kind = proptest::sample::select(Type::ALL.as_slice());
    let answer = (field(), field(), kind, value()).prop_map(|(owner, question, kind, value)| Item::Answer {
        owner,
        question,
        kind,
        value,
    });
    let seen = (field(), field(), value()).prop_map(|(owner, question, value)| Item::Seen { owner, question, value });
    prop_oneof![answer, seen, Just(Item::Blank), value().prop_map(|text| Item::Comment(format!("#{text}")))]
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(items in proptest::collection::vec(item(), 0..12)) {
        let text = emit(&items).unwrap();
        let read: Vec<Item> = Preseed::parse(text.as_bytes()).lines().iter().map(|line| line.item.clone()).collect();
        prop_assert_eq!(read, items);
    }

    #[test]
    fn what_is_read_can_be_written(text in "([do#] ?|[-i ]|q|string ?|seen|true|\\\\|\r|\n|\t|\u{a0}|é){0,40}") {
        let preseed = Preseed::parse(text.as_bytes());
        let again = emit(preseed.lines().iter().map(|line| &line.item)).unwrap();
        let again = Preseed::parse(again.as_bytes());
        let values = |preseed: &Preseed| preseed.answers().iter().map(as_stored).collect::<Vec<_>>();
        prop_assert_eq!(values(&again), values(&preseed));
        prop_assert_eq!(again.lines().len(), preseed.lines().len());
    }

    #[test]
    fn any_bytes_are_a_file(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let preseed = Preseed::parse(&bytes);
        let lines = bytes.split_inclusive(|byte| *byte == b'\n').count();
        prop_assert!(preseed.check().iter().all(|problem| problem.line.is_none_or(|line| (1..=lines).contains(&line))));
    }
}
