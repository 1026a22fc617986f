//! Any bytes are a preseed file; what is written of it is read as the same answers, in bounded time.
#![no_main]

use firstlight_preseed::debconf::{Preseed, emit};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let preseed = Preseed::parse(bytes);
    let lines = bytes.split_inclusive(|byte| *byte == b'\n').count();
    for problem in preseed.check() {
        assert!(problem.line.is_none_or(|line| (1..=lines).contains(&line)));
        assert!(problem.to_string().len() < 2000);
    }
    let text = emit(preseed.lines().iter().map(|line| &line.item)).expect("what was read can be written");
    let again = Preseed::parse(text.as_bytes());
    let answers = |preseed: &Preseed| {
        let answers = preseed.answers().into_iter();
        answers.map(|answer| (answer.owners, answer.question, answer.kind, answer.value, answer.seen)).collect::<Vec<_>>()
    };
    assert_eq!(answers(&again), answers(&preseed));
});
