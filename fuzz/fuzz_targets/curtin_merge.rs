//! Files and settings merge or are refused as a whole; the result is bounded, and reads back as it was written.
#![no_main]

use firstlight_curtin_config::{Merge, Node, Value, to_yaml};
use libfuzzer_sys::fuzz_target;

fn written(merge: &Merge) -> String {
    to_yaml(&Node::detached(Value::Mapping(merge.root().clone())))
}

// Files are apart by 0x01, a setting begins with 0x02.
fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut merge = Merge::new();
    for part in text.split('\u{1}').take(8) {
        let before = written(&merge);
        let outcome = match part.strip_prefix('\u{2}') {
            Some(setting) => merge.set(setting),
            None => merge.add("file", part),
        };
        assert!(outcome.is_ok() || written(&merge) == before);
    }
    let yaml = written(&merge);
    assert!(yaml.len() < 256 << 20);
    let mut again = Merge::new();
    if let Err(error) = again.add("again", &yaml) {
        panic!("{error}\n{yaml}");
    }
    assert_eq!(written(&again), yaml);
});
