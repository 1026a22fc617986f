//! Properties of the wire format: parsing is total, and what is emitted reads back.

#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

use std::net::Ipv4Addr;

use firstlight_dhcp::{EmitPolicy, HardwareAddress, Message, MessageRef, OpCode, OptionCode};
use proptest::{collection::vec, prelude::*};

/// Calls everything that reads.
fn walk(bytes: &[u8]) {
    let Ok(view) = MessageRef::parse(bytes) else { return };
    // Linear: every step takes at least two bytes off an area of at most the input's size.
    assert!(view.options().count() <= bytes.len());
    for code in 0..=255 {
        let joined = view.get(OptionCode(code));
        assert_eq!(joined.is_some(), view.first(OptionCode(code)).is_some());
    }
    let _ = (view.message_type(), view.truncated_option(), view.hardware_address(), format!("{view:?}"));

    let message = Message::from(&view);
    let mut emitted = Vec::new();
    let policy = unlimited();
    message.emit(&policy, &mut emitted).unwrap();
    let again = Message::from(&MessageRef::parse(&emitted).unwrap());
    for code in (0..=255).map(OptionCode).filter(|code| *code != OptionCode::OVERLOAD) {
        assert_eq!(again.get(code), message.get(code));
    }
    let mut twice = Vec::new();
    again.emit(&policy, &mut twice).unwrap();
    assert_eq!(twice, emitted);
}

fn unlimited() -> EmitPolicy {
    let mut policy = EmitPolicy::default();
    policy.max_size = usize::MAX;
    policy
}

/// Options with lengths that are near the truth more often than not.
fn option_area() -> impl Strategy<Value = Vec<u8>> {
    let option = (any::<u8>(), vec(any::<u8>(), 0..6), -1i16..=1).prop_map(|(code, value, lie)| {
        let len = (value.len() as i16 + if lie == 0 { 0 } else { lie }).max(0) as u8;
        [vec![code, len], value].concat()
    });
    let overload = (0u8..5).prop_map(|value| vec![52, 1, value]);
    vec(prop_oneof![6 => option, 1 => overload, 1 => Just(vec![0]), 1 => Just(vec![255])], 0..20)
        .prop_map(|options| options.concat())
}

prop_compose! {
    fn datagram()(
        mut header in vec(any::<u8>(), 236),
        hlen in 0u8..20,
        sname in option_area(),
        file in option_area(),
        cookie in prop::bool::weighted(0.9),
        options in option_area(),
    ) -> Vec<u8> {
        header[2] = hlen;
        for (to, from) in header[44..108].iter_mut().zip(sname) {
            *to = from;
        }
        for (to, from) in header[108..].iter_mut().zip(file) {
            *to = from;
        }
        if cookie {
            header.extend_from_slice(&[99, 130, 83, 99]);
        }
        header.extend_from_slice(&options);
        header
    }
}

prop_compose! {
    fn message()(
        (op, htype, hardware) in (any::<u8>(), any::<u8>(), vec(any::<u8>(), 0..=16)),
        (hops, xid, secs, flags) in any::<(u8, u32, u16, u16)>(),
        addresses in any::<[u32; 4]>(),
        file in vec(1u8.., 0..128),
        sname in vec(1u8.., 0..64),
        options in vec((1u8..255, vec(any::<u8>(), 0..300)), 0..8),
    ) -> Message {
        let mut message = Message::request(HardwareAddress::new(htype, &hardware).unwrap(), xid);
        message.op = OpCode(op);
        (message.hops, message.secs, message.flags) = (hops, secs, flags);
        [message.ciaddr, message.yiaddr, message.siaddr, message.giaddr] = addresses.map(Ipv4Addr::from_bits);
        message.set_file(&file).unwrap();
        message.set_sname(&sname).unwrap();
        for (code, value) in options.into_iter().filter(|(code, _)| *code != OptionCode::OVERLOAD.0) {
            message.push(OptionCode(code), &value);
        }
        message
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_a_message_or_an_error(bytes in vec(any::<u8>(), 0..700)) {
        walk(&bytes);
    }

    #[test]
    fn any_options_are_walked(bytes in datagram()) {
        walk(&bytes);
    }

    #[test]
    fn what_is_emitted_reads_back(message in message()) {
        let mut bytes = Vec::new();
        message.emit(&unlimited(), &mut bytes).unwrap();
        let view = MessageRef::parse(&bytes).unwrap();
        let back = Message::from(&view);
        prop_assert_eq!(back.op, message.op);
        prop_assert_eq!(back.hardware_address, message.hardware_address);
        prop_assert_eq!(
            (back.hops, back.xid, back.secs, back.flags),
            (message.hops, message.xid, message.secs, message.flags)
        );
        prop_assert_eq!(
            [back.ciaddr, back.yiaddr, back.siaddr, back.giaddr],
            [message.ciaddr, message.yiaddr, message.siaddr, message.giaddr]
        );
        prop_assert_eq!((back.sname(), back.file()), (message.sname(), message.file()));
        for code in (0..=255).map(OptionCode) {
            prop_assert_eq!(view.get(code), message.get(code));
        }
        // "53 first, 82 last": nothing else changes places.
        let codes: Vec<OptionCode> = view.options().map(|(code, _)| code).collect();
        let rank = |code: &OptionCode| match code.0 { 53 => 0, 82 => 2, _ => 1 };
        prop_assert!(codes.is_sorted_by_key(rank));
    }
}
