//! Any bytes: parsing is total, emitting is its inverse, negotiation keeps to its limits, names stay inside.
#![no_main]

use firstlight_tftp::{Limits, Packet, name, negotiate};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let clean = name::clean(bytes);
    assert!(!clean.contains(&b'\\'));
    assert!(clean.is_empty() || clean.split(|&byte| byte == b'/').all(|part| !matches!(part, b"" | b"." | b"..")));

    let Ok(packet) = Packet::parse(bytes) else { return };
    let emitted = packet.to_vec();
    assert_eq!(Packet::parse(&emitted), Ok(packet));
    match packet {
        Packet::Ack { .. } | Packet::Error { .. } => assert!(emitted.len() <= bytes.len() + 1),
        _ => assert_eq!(emitted, bytes),
    }
    if let Packet::Rrq(request) | Packet::Wrq(request) = packet {
        let limits = Limits { block_size: 65464, window_size: u16::MAX, window_bytes: 1 << 20 };
        let agreed = negotiate(request.options, &limits, Some(12345));
        let window = u32::from(agreed.window_size) * u32::from(agreed.block_size);
        assert!(agreed.window_size == 1 || window <= limits.window_bytes);
        for granted in agreed.oack.as_options().iter() {
            let name = std::str::from_utf8(granted.name).expect("granted names are ASCII");
            assert!(request.options.get(name).is_some(), "{name} was not asked for");
        }
    }
});
