//! The wire format and the negotiation: tables, and properties over arbitrary bytes.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use firstlight_tftp::negotiate::DEFAULT_BLOCK_SIZE;
use firstlight_tftp::{
    ErrorCode, Limits, Mode, Negotiated, Options, OptionsBuf, Packet, ParseError, RequestRef, name, negotiate,
};
use proptest::prelude::*;

#[test]
fn modes_are_known_in_any_case() {
    assert_eq!(Mode::parse(b"OCTET"), Some(Mode::Octet));
    assert_eq!(Mode::parse(b"NetASCII"), Some(Mode::Netascii));
    assert_eq!(Mode::parse(b"mail"), Some(Mode::Mail));
    assert_eq!(Mode::parse(b"octets"), None);
    assert_eq!(Mode::parse(b""), None);
}

#[track_caller]
fn check_parse(bytes: &[u8], want: Result<Packet<'_>, ParseError>) {
    assert_eq!(Packet::parse(bytes), want);
}

#[test]
fn packets() {
    check_parse(b"\0\x03\xff\xffabc", Ok(Packet::Data { block: 65535, data: b"abc" }));
    check_parse(b"\0\x03\0\x01", Ok(Packet::Data { block: 1, data: b"" }));
    check_parse(b"\0\x04\x01\x02", Ok(Packet::Ack { block: 0x102 }));
    check_parse(b"\0\x04\x01\x02padding", Ok(Packet::Ack { block: 0x102 }));
    check_parse(b"\0\x05\0\x08no\0", Ok(Packet::Error { code: ErrorCode::OPTION_REFUSED, message: b"no" }));
    check_parse(b"\0\x05\x12\x34no", Ok(Packet::Error { code: ErrorCode(0x1234), message: b"no" }));
    check_parse(b"\0\x05\0\x01", Ok(Packet::Error { code: ErrorCode::FILE_NOT_FOUND, message: b"" }));
    check_parse(b"\0\x06", Ok(Packet::Oack(Options::default())));
    let request = RequestRef { filename: b"caf\xe9", mode: b"octet", options: Options::default() };
    check_parse(b"\0\x01caf\xe9\0octet\0", Ok(Packet::Rrq(request)));
    check_parse(b"\0\x02caf\xe9\0octet\0", Ok(Packet::Wrq(request)));
}

#[test]
fn broken_packets_name_the_field() {
    check_parse(b"", Err(ParseError::Truncated { field: "opcode" }));
    check_parse(b"\0", Err(ParseError::Truncated { field: "opcode" }));
    check_parse(b"\0\x04\0", Err(ParseError::Truncated { field: "block number" }));
    check_parse(b"\0\x05", Err(ParseError::Truncated { field: "error code" }));
    check_parse(b"\0\x07", Err(ParseError::UnknownOpcode(7)));
    check_parse(b"\0\x01", Err(ParseError::Unterminated { field: "file name" }));
    check_parse(b"\0\x01name\0octet", Err(ParseError::Unterminated { field: "mode" }));
}

#[test]
fn unknown_options_duplicates_and_order_survive() {
    let raw = b"x-new\0yes\0BLKSIZE\x001432\0blksize\x00512\0cut off";
    let options = Options::new(raw);
    let listed: Vec<String> = options.iter().map(|option| format!("{option:?}")).collect();
    assert_eq!(listed, ["x-new=yes", "BLKSIZE=1432", "blksize=512"]);
    assert_eq!(options.get("blksize"), Some(&b"1432"[..]));
    let request = Packet::Rrq(RequestRef { filename: b"f", mode: b"octet", options }).to_vec();
    assert_eq!(request, [b"\0\x01f\0octet\0".as_slice(), raw].concat());
}

#[test]
fn a_nul_cannot_be_smuggled_into_an_option() {
    let mut options = OptionsBuf::new();
    assert!(options.push(b"a\0b", b"1").is_err());
    assert!(options.push(b"a", b"1\0").is_err());
    assert!(options.as_options().is_empty());
}

/// Negotiates `name=value …` for a file of 5000 bytes and compares the OACK, written the same way.
#[track_caller]
fn check(asked: &str, want: &str) -> Negotiated {
    check_with(asked, want, &Limits::default(), Some(5000))
}

#[track_caller]
fn check_with(asked: &str, want: &str, limits: &Limits, size: Option<u64>) -> Negotiated {
    let mut options = OptionsBuf::new();
    for option in asked.split_whitespace() {
        let (name, value) = option.split_once('=').unwrap();
        options.push(name.as_bytes(), value.as_bytes()).unwrap();
    }
    let agreed = negotiate(options.as_options(), limits, size);
    let oack: Vec<String> = agreed.oack.as_options().iter().map(|option| format!("{option:?}")).collect();
    assert_eq!(oack.join(" "), want);
    agreed
}

#[test]
fn nothing_asked_nothing_granted() {
    assert_eq!(check("", ""), Negotiated::default());
    assert_eq!(check("multicast= x=y", ""), Negotiated::default());
}

#[test]
fn block_sizes() {
    assert_eq!(check("blksize=8", "blksize=8").block_size, 8);
    assert_eq!(check("blksize=1468", "blksize=1468").block_size, 1468);
    assert_eq!(check("blksize=65464", "blksize=1468").block_size, 1468);
    for bad in ["7", "0", "65465", "65536", "99999999999999999999", "-1", "+512", "0x200", "512 ", ""] {
        let mut options = OptionsBuf::new();
        options.push(b"blksize", bad.as_bytes()).unwrap();
        assert_eq!(negotiate(options.as_options(), &Limits::default(), None), Negotiated::default(), "{bad:?}");
    }
    let jumbo = Limits { block_size: 65464, ..Limits::default() };
    assert_eq!(check_with("blksize=65464", "blksize=65464", &jumbo, None).block_size, 65464);
    let absurd = Limits { block_size: 0, ..Limits::default() };
    assert_eq!(check_with("blksize=512", "blksize=8", &absurd, None).block_size, 8);
}

#[test]
fn the_first_of_duplicates_counts() {
    assert_eq!(check("blksize=1024 BLKSIZE=512", "blksize=1024").block_size, 1024);
    assert_eq!(check("blksize=1 blksize=512", "").block_size, DEFAULT_BLOCK_SIZE);
    assert_eq!(check("timeout=3 timeout=9", "timeout=3").timeout, Some(3));
}

#[test]
fn timeouts_are_echoed_or_left_out() {
    assert_eq!(check("timeout=1", "timeout=1").timeout, Some(1));
    assert_eq!(check("TimeOut=255", "timeout=255").timeout, Some(255));
    assert_eq!(check("timeout=007", "timeout=007").timeout, Some(7));
    assert_eq!(check("timeout=0", "").timeout, None);
    assert_eq!(check("timeout=256", "").timeout, None);
}

#[test]
fn sizes_are_told_when_known_and_not_zero() {
    assert_eq!(check("tsize=0", "tsize=5000").tsize, Some(5000));
    assert_eq!(check("tsize=junk", "").tsize, None);
    assert_eq!(check_with("tsize=0", "", &Limits::default(), Some(0)).tsize, None);
    assert_eq!(check_with("tsize=0", "", &Limits::default(), None).tsize, None);
}

#[test]
fn windows_fit_the_cap_whatever_the_order() {
    assert_eq!(check("windowsize=4", "windowsize=4").window_size, 4);
    assert_eq!(check("windowsize=0", "").window_size, 1);
    assert_eq!(check("windowsize=65536", "").window_size, 1);
    let small = Limits { window_bytes: 10_000, ..Limits::default() };
    check_with("windowsize=65535 blksize=1000", "windowsize=10 blksize=1000", &small, None);
    check_with("blksize=1000 windowsize=65535", "blksize=1000 windowsize=10", &small, None);
    check_with("windowsize=65535", "windowsize=19", &small, None);
    check_with("windowsize=5", "windowsize=1", &Limits { window_bytes: 0, ..small }, None);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn parse_is_total_and_emit_is_its_inverse(opcode in 0_u8..9, body in proptest::collection::vec(any::<u8>(), 0..80)) {
        let bytes = [&[0, opcode], body.as_slice()].concat();
        if let Ok(packet) = Packet::parse(&bytes) {
            let emitted = packet.to_vec();
            prop_assert_eq!(Packet::parse(&emitted), Ok(packet));
            if matches!(packet, Packet::Rrq(_) | Packet::Wrq(_) | Packet::Oack(_) | Packet::Data { .. }) {
                prop_assert_eq!(emitted, bytes);
            }
        }
        let _ = Packet::parse(&body);
    }

    #[test]
    fn requests_survive(filename in "[^\0]{0,40}", mode in "[a-z]{0,8}", options in proptest::collection::vec(("[^\0]{0,8}", "[^\0]{0,8}"), 0..5)) {
        let mut list = OptionsBuf::new();
        for (name, value) in &options {
            list.push(name.as_bytes(), value.as_bytes()).unwrap();
        }
        let request = RequestRef { filename: filename.as_bytes(), mode: mode.as_bytes(), options: list.as_options() };
        let bytes = Packet::Rrq(request).to_vec();
        prop_assert_eq!(Packet::parse(&bytes), Ok(Packet::Rrq(request)));
        let back: Vec<_> = list.as_options().iter().map(|option| (option.name.to_vec(), option.value.to_vec())).collect();
        let want: Vec<_> = options.into_iter().map(|(name, value)| (name.into_bytes(), value.into_bytes())).collect();
        prop_assert_eq!(back, want);
    }

    #[test]
    fn no_more_is_granted_than_was_asked(blksize in 0_u32..70_000, window in 0_u32..70_000, cap in 0_u32..1_000_000) {
        let mut asked = OptionsBuf::new();
        asked.push(b"windowsize", window.to_string().as_bytes()).unwrap();
        asked.push(b"blksize", blksize.to_string().as_bytes()).unwrap();
        let limits = Limits { window_bytes: cap, block_size: 65464, window_size: 65535 };
        let agreed = negotiate(asked.as_options(), &limits, None);
        let (block, granted) = (u32::from(agreed.block_size), u32::from(agreed.window_size));
        prop_assert!(granted == 1 || granted * block <= cap);
        prop_assert!(block == 512 || block <= blksize);
        prop_assert!(granted == 1 || granted <= window);
    }

    #[test]
    fn clean_names_stay_inside_and_stay_clean(raw in proptest::collection::vec(prop_oneof![Just(b'/'), Just(b'\\'), Just(b'.'), Just(0xFF), any::<u8>()], 0..40)) {
        let clean = name::clean(&raw);
        prop_assert!(!clean.starts_with(b"/") && !clean.contains(&b'\\'));
        if !clean.is_empty() {
            prop_assert!(clean.split(|&byte| byte == b'/').all(|part| !matches!(part, b"" | b"." | b"..")));
        }
    }
}
