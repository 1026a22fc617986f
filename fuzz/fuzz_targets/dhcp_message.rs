//! Any bytes: parse, walk everything, emit, and read the same back.
#![no_main]

use firstlight_dhcp::{EmitPolicy, Message, MessageRef, OptionCode};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(view) = MessageRef::parse(bytes) else { return };
    // Each step takes at least two bytes away, so walking is linear.
    assert!(view.options().count() * 2 <= bytes.len());
    for code in (0..=255).map(OptionCode) {
        assert_eq!(view.get(code).is_some(), view.first(code).is_some());
    }
    let _ = (view.message_type(), view.truncated_option(), view.hardware_address(), format!("{view:?}"));

    let mut policy = EmitPolicy::default();
    policy.max_size = usize::MAX;
    let message = Message::from(&view);
    let mut once = Vec::new();
    message.emit(&policy, &mut once).expect("there is no limit");
    let again = Message::from(&MessageRef::parse(&once).expect("what is emitted is a message"));
    for code in (0..=255).map(OptionCode) {
        assert_eq!(again.get(code), message.get(code));
    }
    let mut twice = Vec::new();
    again.emit(&policy, &mut twice).expect("there is no limit");
    assert_eq!(once, twice);
});
