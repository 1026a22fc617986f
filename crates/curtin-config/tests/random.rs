//! Random configurations: the sensible ones have a plan, and every plan could be carried out.

#[path = "random/config.rs"]
mod config;
#[path = "random/invariants.rs"]
mod invariants;

use firstlight_curtin_config::{
    Config, Level, Node, Plan, Problem, Source, Storage, Target, check, check_storage, parse, plan, to_yaml,
};
use proptest::prelude::*;

const SOURCE: &str = "http://127.0.0.1/root.tar.zst";

fn yaml(storage: &Storage) -> String {
    to_yaml(&Node::mapping([
        ("sources", Node::mapping([("root", Node::from(SOURCE))])),
        ("storage", storage.to_node()),
    ]))
}

/// Parsed text and typed values give the same plan or the same refusal, twice.
#[track_caller]
fn planned(storage: &Storage, target: &Target) -> Option<Plan> {
    let text = yaml(storage);
    let read = plan(&parse(&text).config, target);
    let mut config = Config::flat(Source::from_uri(SOURCE));
    config.storage = Some(storage.clone());
    let built = plan(&config, target);
    assert_eq!(plan(&config, target), built, "a plan is deterministic");
    match (read, built) {
        (Ok(read), Ok(built)) => {
            assert_eq!((&read.layout, &read.steps), (&built.layout, &built.steps));
            Some(built)
        }
        (Err(_), Err(_)) => None,
        (read, built) => panic!("read {read:#?}, built {built:#?}:\n{text}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn what_has_no_problems_has_a_plan(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
        let (storage, target) = config::sensible(&bytes);
        prop_assert_eq!(check_storage(&storage.to_node()), []);
        let text = yaml(&storage);
        let problems: Vec<_> = check(&text, Level::Runtime).into_iter().filter(Problem::is_error).collect();
        prop_assert!(problems.is_empty(), "{:#?}\n{}", problems, text);
        match plan(&parse(&text).config, &target) {
            Ok(plan) => invariants::check(&plan),
            Err(problems) => prop_assert!(false, "{:#?}\n{}", problems, text),
        }
        prop_assert!(planned(&storage, &target).is_some());
    }

    #[test]
    fn what_is_broken_is_refused_or_still_sound(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
        let (storage, target) = config::broken(&bytes);
        if let Some(plan) = planned(&storage, &target) {
            invariants::check(&plan);
        }
    }
}
