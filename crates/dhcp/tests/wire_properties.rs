//! Properties of the wire format: parsing is total, and what is emitted reads back.

#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

use std::net::Ipv4Addr;

use firstlight_dhcp::{EmitError, EmitPolicy, HardwareAddress, Message, MessageRef, OpCode, OptionCode};
use proptest::{collection::vec, prelude::*};

/// Calls everything that reads.
fn walk(bytes: &[u8]) {
    let Ok(view) = MessageRef::parse(bytes) else { return };
    // Linear: a step takes an option with its two bytes of code and length off a field, and no field is read twice.
    let taken: usize = view.options().map(|(_, value)| 2 + value.len()).sum();
    assert!(taken <= bytes.len() - 44);
    for code in 0..=255 {
        let joined = view.get(OptionCode(code));
        assert_eq!(joined.as_deref(), join(view.pieces(OptionCode(code))).as_deref());
        assert_eq!(view.first(OptionCode(code)), view.pieces(OptionCode(code)).next());
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

fn join<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Option<Vec<u8>> {
    pieces.fold(None, |joined, piece| Some([joined.unwrap_or_default(), piece.to_vec()].concat()))
}

/// The datagram up to the end option and the zeroes behind it, as the docs of [`Message`] define canonical.
fn is_canonical(bytes: &[u8]) -> bool {
    let Ok(view) = MessageRef::parse(bytes) else { return false };
    let mut at = 240;
    for (_, value) in view.options() {
        at += 2 + value.len();
    }
    let codes: Vec<u8> = view.options().map(|(code, _)| code.0).collect();
    let tail = bytes.get(at..).unwrap_or_default();
    view.has_cookie()
        && bytes[28 + usize::from(bytes[2])..44].iter().all(|byte| *byte == 0)
        && !codes.contains(&52)
        && codes.is_sorted_by_key(rank)
        && tail.first() == Some(&255)
        && tail[1..].iter().all(|byte| *byte == 0)
}

/// "53 first, 82 last": nothing else changes places.
fn rank(code: &u8) -> u8 {
    match code {
        53 => 0,
        82 => 2,
        _ => 1,
    }
}

/// Emits a canonical datagram again, byte for byte.
fn check_identity(bytes: &[u8]) {
    let mut policy = unlimited();
    policy.min_size = bytes.len();
    let message = Message::try_from(bytes).unwrap();
    let mut emitted = Vec::new();
    message.emit(&policy, &mut emitted).unwrap();
    assert_eq!(emitted, bytes);
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
    /// A datagram that is canonical.
    fn canonical()(
        mut header in vec(any::<u8>(), 236),
        hlen in 0u8..=16,
        mut options in vec((1u8..255, vec(any::<u8>(), 0..256)), 0..8),
        padding in 0usize..80,
    ) -> Vec<u8> {
        header[2] = hlen;
        header[28 + usize::from(hlen)..44].fill(0);
        header.extend_from_slice(&[99, 130, 83, 99]);
        options.retain(|(code, _)| *code != 52);
        options.sort_by_key(|(code, _)| rank(code));
        for (code, value) in options {
            header.extend_from_slice(&[code, value.len() as u8]);
            header.extend_from_slice(&value);
        }
        header.push(255);
        header.resize(header.len() + padding, 0);
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
        prop_assert!(is_canonical(&bytes));
        check_identity(&bytes);

        let mut buffer = vec![0xee; bytes.len() + 9];
        prop_assert_eq!(message.emit_into(&unlimited(), &mut buffer), Ok(bytes.len()));
        prop_assert_eq!(&buffer[..bytes.len()], &bytes[..]);
        prop_assert_eq!(&buffer[bytes.len()..], &[0xee; 9]);
    }

    #[test]
    fn a_canonical_datagram_is_emitted_as_it_came(bytes in canonical()) {
        prop_assert!(is_canonical(&bytes));
        check_identity(&bytes);
    }

    /// RFC 2131 §4.1: "If the options in a DHCP message extend into the 'sname' and 'file' fields, the 'option
    /// overload' option MUST appear in the 'options' field".
    #[test]
    fn an_overloaded_message_reads_the_same(mut message in message(), names in 0u8..4, max in 300usize..900) {
        for (keep, field) in [(1, "file"), (2, "sname")] {
            if names & keep == 0 {
                let outcome = if field == "file" { message.set_file(b"") } else { message.set_sname(b"") };
                outcome.unwrap();
            }
        }
        let mut policy = EmitPolicy::default();
        policy.max_size = max;
        policy.terminate_names = true;
        let mut plain = Vec::new();
        let fits = message.emit(&policy, &mut plain);
        policy.overload = true;
        let mut bytes = Vec::new();
        let outcome = message.emit(&policy, &mut bytes);
        if fits.is_ok() {
            prop_assert_eq!((outcome, &bytes), (Ok(()), &plain));
        } else if let Err(error) = outcome {
            let EmitError::TooLarge { size, max: limit } = error else { panic!("{error}") };
            prop_assert!(size > max && limit == max);
            prop_assert!(bytes.is_empty());
        } else {
            prop_assert!(bytes.len() <= max);
            let view = MessageRef::parse(&bytes).unwrap();
            prop_assert!(view.file_is_overloaded() || view.sname_is_overloaded());
            prop_assert!(view.truncated_option().is_none());
            let mut whole = Vec::new();
            policy.max_size = usize::MAX;
            message.emit(&policy, &mut whole).unwrap();
            let whole = MessageRef::parse(&whole).unwrap();
            for code in (0..=255).map(OptionCode).filter(|code| *code != OptionCode::OVERLOAD) {
                prop_assert_eq!(view.get(code), whole.get(code));
            }
            // A relay looks for its option in the option field.
            let relay = whole.pieces(OptionCode::RELAY_AGENT_INFORMATION).map(|piece| 2 + piece.len()).sum::<usize>();
            let last = bytes.iter().rposition(|byte| *byte != 0).unwrap();
            let expect = whole.options().filter(|(code, _)| code.0 == 82).flat_map(|(code, value)| {
                [vec![code.0, value.len() as u8], value.to_vec()].concat()
            });
            prop_assert!(last >= 240 + relay);
            prop_assert!(bytes[last - relay..last].iter().copied().eq(expect));
        }
    }
}
