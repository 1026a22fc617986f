//! Any bytes: parse, walk everything, emit by every policy, and read the same back.
#![no_main]

use firstlight_dhcp::{EmitError, EmitPolicy, Message, MessageRef, OptionCode, OptionValue};
use libfuzzer_sys::fuzz_target;

const CODES: std::ops::RangeInclusive<u8> = 0..=255;

fuzz_target!(|bytes: &[u8]| {
    let Ok(view) = MessageRef::parse(bytes) else { return };
    // A step takes an option off a field, and no field is read twice.
    let taken: usize = view.options().map(|(_, value)| 2 + value.len()).sum();
    assert!(taken <= bytes.len());
    for (code, value) in view.options() {
        if let Ok(option) = OptionValue::parse(code, value) {
            let _ = option.to_string();
        }
    }
    for code in CODES.map(OptionCode) {
        assert_eq!(view.get(code).as_deref(), view.pieces(code).map(<[u8]>::to_vec).reduce(join).as_deref());
    }
    let _ = (view.message_type(), view.truncated_option(), view.hardware_address(), format!("{view:?}"));

    let mut policy = EmitPolicy::default();
    policy.max_size = usize::MAX;
    let message = Message::from(&view);
    let mut once = Vec::new();
    message.emit(&policy, &mut once).expect("there is no limit");
    reads_as(&once, &message);
    let again = Message::try_from(&once[..]).expect("what is emitted is a message");
    let mut twice = Vec::new();
    again.emit(&policy, &mut twice).expect("there is no limit");
    assert_eq!(once, twice, "what is emitted is canonical");

    policy.min_size = 0;
    policy.overload = true;
    let mut buffer = [0xee; 576];
    match message.emit_into(&policy, &mut buffer) {
        Ok(size) => reads_as(&buffer[..size], &message),
        Err(EmitError::TooLarge { size, max }) => assert!(size > max),
        Err(_) => unreachable!("there is no other reason"),
    }
});

fn join(mut joined: Vec<u8>, piece: Vec<u8>) -> Vec<u8> {
    joined.extend(piece);
    joined
}

/// Whether a datagram has the content of a message.
fn reads_as(bytes: &[u8], message: &Message) {
    let view = MessageRef::parse(bytes).expect("what is emitted is a message");
    assert_eq!(view.truncated_option(), None);
    for code in CODES.map(OptionCode).filter(|code| *code != OptionCode::OVERLOAD) {
        assert_eq!(view.get(code), message.get(code));
    }
    assert_eq!((view.xid(), view.hardware_address()), (message.xid, message.hardware_address));
}
