//! Every typed option: its table, its text, its errors, and that what is read is written back.

#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

#[path = "options/lengths.rs"]
mod lengths;
#[path = "options/samples.rs"]
mod samples;
#[path = "options/sub_options.rs"]
mod sub_options;

use std::collections::BTreeMap;

use firstlight_dhcp::{
    OptionCode, OptionErrorKind, OptionValue,
    option::{
        CableLabsSubOption, ClientFqdn, ClientIdentifier, ClientUuid, DomainSearch, FqdnName, Geoconf, IpxeSubOption,
        Mask, MosAddress, MosDomain, NetwareIpSubOption, PxeSubOption, RelayAgentInformation, RelaySubOption,
        SubOption, SubOptionSet, SubnetMask, SubnetSubOption, Tagged, TypedOption, UserClass, VendorSpecific,
    },
};
use proptest::{collection::vec, prelude::*};
use samples::SAMPLES;

fn sample(code: u8) -> &'static [u8] {
    SAMPLES.iter().find(|sample| sample.0 == code).unwrap().1
}

/// Reads bytes and uses what comes out in every way. An error names its option.
fn exercise(code: u8, bytes: &[u8]) -> Result<(), OptionErrorKind> {
    match OptionValue::parse(OptionCode(code), bytes) {
        Ok(value) => {
            let text = format!("{value}");
            assert!(!text.chars().any(char::is_control), "{code}: {text:?}");
            let _ = format!("{value:#} {value:?}");
            let mut emitted = Vec::new();
            value.emit(&mut emitted);
            assert_eq!(OptionValue::parse(OptionCode(code), &emitted), Ok(value), "{code}");
            Ok(())
        }
        Err(error) => {
            let name = OptionCode(code).name().unwrap();
            assert!(error.to_string().starts_with(&format!("option {code} ({name})")), "{error}");
            assert_eq!(error.code(), OptionCode(code));
            Err(error.kind())
        }
    }
}

/// The table of the module's documentation, the dispatch and the names of the codes tell the same.
#[test]
fn table_dispatch_and_names_agree() {
    let table: BTreeMap<u8, (&str, &str)> = include_str!("../src/option.rs")
        .lines()
        .filter_map(|line| {
            let mut cells = line.strip_prefix("//! | ")?.split(" | ");
            let code = cells.next()?.parse().ok()?;
            Some((code, (cells.next()?, cells.next()?.trim_start_matches("[`").split('`').next()?)))
        })
        .collect();
    for code in 1..=254 {
        let Some((name, kind)) = table.get(&code) else {
            // Tentatively assigned to IP telephones, without a format.
            let name = (code == 176).then_some("ip-telephone");
            assert_eq!(OptionCode(code).name(), name, "{code}");
            assert_eq!(OptionValue::parse(OptionCode(code), &[1, 2, 3]), Ok(OptionValue::Raw(&[1, 2, 3])));
            continue;
        };
        assert_eq!(OptionCode(code).name(), Some(*name));
        let value = OptionValue::parse(OptionCode(code), sample(code)).unwrap();
        let variant = format!("{value:?}");
        assert_eq!(variant.split('(').next(), Some(*kind), "{code}");
    }
    // "Every DHCPv4 option in the IANA registry", and those that everybody uses.
    let ranges = [
        (1..=83),
        (85..=95),
        (97..=101),
        (108..=109),
        (112..=114),
        (116..=125),
        (128..=148),
        (150..=159),
        (161..=162),
        (175..=175),
        (177..=177),
        (208..=213),
        (220..=221),
        (249..=249),
        (252..=252),
    ];
    assert_eq!(table.into_keys().collect::<Vec<u8>>(), ranges.into_iter().flatten().collect::<Vec<u8>>());
}

#[test]
fn every_option_prints_what_it_holds() {
    for (code, bytes, text) in SAMPLES {
        let value = OptionValue::parse(OptionCode(*code), bytes).unwrap();
        assert_eq!(value.to_string(), *text, "{code}");
    }
}

#[track_caller]
fn refused(code: u8, bytes: &[u8], message: &str) {
    assert_eq!(OptionValue::parse(OptionCode(code), bytes).unwrap_err().to_string(), message);
}

#[test]
fn errors_say_what_is_wrong() {
    refused(1, &[255, 255, 255], "option 1 (subnet-mask): expected 4 bytes, found 3");
    refused(1, &[255; 8], "option 1 (subnet-mask): expected 4 bytes, found 8");
    refused(3, &[], "option 3 (routers): expected a multiple of 4 bytes, found 0");
    refused(19, &[2], "option 19 (ip-forwarding): value is 2, expected 0 or 1");
    refused(26, &[0, 67], "option 26 (interface-mtu): value is 67, expected at least 68");
    refused(52, &[4], "option 52 (overload): fields is 4, expected 1, 2 or 3");
    refused(57, &[2, 63], "option 57 (max-message-size): value is 575, expected at least 576");
    refused(97, &[0; 16], "option 97 (client-uuid): expected 17 bytes, found 16");
    refused(78, &[1, 10, 0], "option 78 (slp-directory-agents): agents needs 4 bytes, found 2");
    refused(78, &[1], "option 78 (slp-directory-agents): agents needs 4 bytes, found 0");
    refused(121, &[33, 10, 0, 0, 0], "option 121 (classless-routes): prefix length is 33, expected at most 32");
    refused(121, &[24, 10, 0], "option 121 (classless-routes): destination needs 3 bytes, found 2");
    refused(159, &[16, 0, 0, 0], "option 159 (port-parameters): offset is 16, expected at most 15");
    refused(208, &[0; 4], "option 208 (pxelinux-magic): magic is 0, expected 0xf100747e");
}

/// A nested length that runs past the end, in every option that has one.
#[test]
fn nested_lengths_that_lie_are_found() {
    refused(82, &[1, 200, 1], "option 82 (relay-agent-information), sub-option 1: sub-option needs 200 bytes, found 1");
    refused(63, &[5, 2, 1], "option 63 (netware-ip-information), sub-option 5: sub-option needs 2 bytes, found 1");
    refused(82, &[1], "option 82 (relay-agent-information), sub-option 1: sub-option needs 1 byte, found 0");
    refused(99, b"\x02DE\x01\x03BE", "option 99 (geoconf-civic): value needs 3 bytes, found 2");
    for (code, bytes) in [
        (122, &[1, 5, 10, 0, 0, 1][..]),
        (124, &[0, 0, 0, 1, 4, 1, 2, 3]),
        (125, &[0, 0, 0, 1, 4, 1, 2, 3]),
        (125, &[0, 0, 0, 1]),
        (139, &[1, 5, 10, 0, 0, 1]),
        (140, &[1, 9, 0]),
        (143, &[0, 10, b'a']),
        (143, &[0, 0]),
        (158, &[8, 10, 0, 0, 1]),
        (158, &[0]),
        (158, &[3, 10, 0, 0]),
        (162, &[0, 200, 0, 1]),
        (162, &[0, 4, 0, 1, 9, 0]),
        (162, &[0, 5, 0, 1, 1, 0, 4]),
        (162, &[0, 9, 0, 1, 1, 0, 3, 10, 0, 0, 1]),
        (162, &[0, 14, 0, 1, 1, 0, 4, 10, 0, 0, 1, 0, 1, 0, 200, 1]),
        (175, &[177, 9, 1]),
        (177, &[1, 9, 1]),
        (220, &[0, 1, 9, 0]),
    ] {
        assert!(exercise(code, bytes).is_err(), "{code} {bytes:?}");
    }
}

/// A malformed sub-option spoils only itself.
#[test]
fn a_malformed_sub_option_leaves_the_others() {
    let option = RelayAgentInformation::parse(b"\x05\x03\x0a\x00\x00\x01\x04eth0\x0b\x04\x0a\x00\x00\x01").unwrap();
    let mut subs = option.0.iter();
    let error = subs.next().unwrap().unwrap_err();
    assert_eq!(error.to_string(), "option 82 (relay-agent-information), sub-option 5: expected 4 bytes, found 3");
    assert!(matches!(subs.next(), Some(Ok(RelaySubOption::CircuitId(id))) if id.0 == b"eth0"));
    assert_eq!(subs.next(), Some(Ok(RelaySubOption::ServerIdOverride([10, 0, 0, 1].into()))));
    assert_eq!(subs.next(), None);
    assert_eq!(
        option.to_string(),
        "5: malformed: expected 4 bytes, found 3; circuit-id (1): \"eth0\"; server-id-override (11): 10.0.0.1"
    );
}

/// Every length of every sub-option of every set.
#[test]
fn sub_options_survive_every_length() {
    fn all<'a, S: SubOptionSet<'a>>(value: &'a [u8]) {
        for code in 0..=255 {
            if let Err(error) = S::parse(SubOption { code, value }) {
                assert_eq!((error.code(), error.sub_option()), (S::OPTION, Some(code)));
            }
        }
    }
    for fill in [0, 1, 4, 0xff] {
        let bytes = [fill; 255];
        for len in 0..=255 {
            let value = &bytes[..len];
            all::<RelaySubOption<'_>>(value);
            all::<PxeSubOption<'_>>(value);
            all::<IpxeSubOption<'_>>(value);
            all::<CableLabsSubOption<'_>>(value);
            all::<MosAddress<'_>>(value);
            all::<MosDomain<'_>>(value);
            all::<NetwareIpSubOption<'_>>(value);
            all::<SubnetSubOption<'_>>(value);
        }
    }
}

/// RFC 1035 §4.1.4: a pointer leads to "a prior occurance of the same name", and no chain of them is followed for ever.
#[test]
fn compression_cannot_loop() {
    refused(119, &[0xc0, 0], "option 119 (domain-search): compression pointer is 0, expected a place before the name");
    refused(
        119,
        b"\x01a\xc0\x00",
        "option 119 (domain-search): compression pointer is 0, expected a place before the name",
    );
    refused(
        119,
        &[0xc0, 2, 0xc0, 0],
        "option 119 (domain-search): compression pointer is 2, expected a place before the name",
    );
    refused(
        119,
        &[0xff, 0xff],
        "option 119 (domain-search): compression pointer is 16383, expected a place before the name",
    );
    refused(119, &[0x40, 0], "option 119 (domain-search): label length is 64, expected at most 63");
    refused(119, b"\x04abc", "option 119 (domain-search): label needs 4 bytes, found 3");
    refused(119, b"\x03abc", "option 119 (domain-search): domain name needs 1 byte, found 0");
    refused(119, &[0, 0xc0], "option 119 (domain-search): compression pointer needs 1 byte, found 0");
    for code in [88, 137, 141, 147, 213] {
        assert!(exercise(code, &[0xc0, 0]).is_err());
        assert!(exercise(code, b"\x01a\xc0\x00").is_err());
    }
    assert!(exercise(120, b"\x00\x01a\xc0\x00").is_err());
    refused(
        146,
        &[&[1; 9][..], b"\x01a\xc0\x00"].concat(),
        "option 146 (rdnss-selection): compression pointer is 0, expected a place before the name",
    );
    refused(
        162,
        b"\x00\x07\x00\x01\x04\x01a\xc0\x00",
        "option 162 (encrypted-dns): compression pointer is 0, expected a place before the name",
    );
    for (code, sub) in
        [(122, &b"\x03\x05\x00\x01a\xc0\x00"[..]), (122, b"\x06\x04\x01a\xc0\x00"), (140, b"\x01\x02\xc0\x00")]
    {
        let text = OptionValue::parse(OptionCode(code), sub).unwrap().to_string();
        assert!(text.ends_with("malformed: compression pointer is 0, expected a place before the name"), "{text}");
    }
    // A pointer to a pointer to a pointer …: each leads backwards, and yet there is an end.
    let chain: Vec<u8> = [vec![0]]
        .into_iter()
        .chain((0..200u16).map(|n| [0xc000 | (if n == 0 { 0 } else { 2 * n - 1 })].map(u16::to_be_bytes).concat()))
        .flatten()
        .collect();
    assert!(matches!(exercise(119, &chain), Err(OptionErrorKind::Value { found: 65, .. })));
    // RFC 1035 §2.3.4: "names 255 octets or less".
    let label = [&[63][..], &[b'a'; 63]].concat();
    let name = |labels: usize, last: u8| [label.repeat(labels), vec![last], vec![b'b'; last.into()], vec![0]].concat();
    assert!(DomainSearch::parse(&name(3, 61)).is_ok());
    assert!(DomainSearch::parse(&name(3, 62)).is_err());
}

#[test]
fn what_is_tolerated() {
    let fqdn = ClientFqdn::parse(b"\x01\x00\x00node.example.").unwrap();
    assert!(matches!(fqdn.name, FqdnName::Ascii(text) if text.as_str() == Some("node.example.")));
    assert!(fqdn.is_complete());
    assert!(!ClientFqdn::parse(b"\x05\x00\x00\x04node").unwrap().is_complete());
    refused(81, b"\x04\x00\x00\xc0\x00", "option 81 (client-fqdn): label length is 192, expected at most 63");
    refused(81, b"\x04\x00\x00\x00x", "option 81 (client-fqdn): bytes behind the name is 1, expected none");

    assert_eq!(ClientUuid::parse(&[1, 2]), Ok(ClientUuid::Other(Tagged::new(1, &[2]))));
    assert_eq!(UserClass::parse(b"iPXE"), Ok(UserClass::Raw(b"iPXE")));
    let classes = UserClass::parse(b"\x01a\x02bc").unwrap();
    assert_eq!(classes.iter().collect::<Vec<_>>(), [&b"a"[..], b"bc"]);

    let node = ClientIdentifier::parse(&[255, 0, 0, 0, 7, 0, 3, 0, 1, 0x52, 0x54, 0, 0x12, 0x34, 0x56]).unwrap();
    assert!(matches!(node, ClientIdentifier::Node { iaid: 7, duid } if duid.kind() == 3));
    assert_eq!(node.to_string(), "iaid 0x00000007, duid 00:03:00:01:52:54:00:12:34:56");
    assert_eq!(ClientIdentifier::parse(&[255, 1]), Ok(ClientIdentifier::Opaque(Tagged::new(255, &[1]))));

    assert!(VendorSpecific::parse(b"\x06\x09x").unwrap().sub_options().is_none());
    let pxe =
        VendorSpecific::parse(&[0, 6, 1, 8, 9, 7, 0x80, 0, 4, b'd', b'i', b's', b'k', 255, 1]).unwrap().pxe().unwrap();
    assert_eq!(pxe.to_string(), "discovery-control (6): 0x08 boot-file; boot-menu (9): type 32768, text disk");

    assert_eq!(OptionValue::parse(OptionCode(12), b"a\x1b\xffb\x00\x00").unwrap().to_string(), "a\\u{1b}\\xffb");
    // From a capture of dnsmasq.
    let ipxe = OptionValue::parse(OptionCode(175), &[176, 1, 1, 255]).unwrap();
    assert_eq!(ipxe.to_string(), "no-pxedhcp (176): 1");

    // Bits behind the prefix.
    let routes = OptionValue::parse(OptionCode(121), &[12, 172, 31, 10, 0, 0, 1]).unwrap();
    assert_eq!(routes.to_string(), "172.16.0.0/12 via 10.0.0.1");
}

#[test]
fn masks() {
    assert_eq!(SubnetMask::parse(&[255, 255, 254, 0]).unwrap().0.prefix(), Some(23));
    assert_eq!(SubnetMask::parse(&[255, 0, 255, 0]).unwrap().0.prefix(), None);
    for prefix in 0..=32 {
        assert_eq!(Mask::of(prefix).unwrap().prefix(), Some(prefix));
    }
    assert_eq!(Mask::of(33), None);
}

/// RFC 6225 §2.3: latitude and longitude are 34 bits of two's complement, of them 25 behind the point.
#[test]
fn coordinates() {
    let fixed = |degrees: f64| ((degrees * f64::from(1 << 25)).round() as i64 as u128) & ((1 << 34) - 1);
    let (latitude, longitude) = (fixed(38.898_68), fixed(-77.037_23));
    let bits = 18 << 122 | latitude << 88 | 18 << 82 | longitude << 48 | 1 << 44 | 15 << 38 | (15 * 256) << 8 | 1;
    let bits: u128 = bits;
    let location = Geoconf::parse(&bits.to_be_bytes()).map(|option| option.0).unwrap();
    assert!((location.latitude() - 38.898_68).abs() < 1e-6);
    assert!((location.longitude() + 77.037_23).abs() < 1e-6);
    assert_eq!((location.altitude(), location.altitude_type(), location.datum()), (15.0, 1, 1));
    assert_eq!((location.latitude_uncertainty(), location.altitude_uncertainty()), (18, 15));
}

#[test]
fn sub_options_have_lines_of_their_own() {
    let value = OptionValue::parse(OptionCode(82), sample(82)).unwrap();
    let expect = "
    circuit-id (1): \"eth0\"
    remote-id (2): 0x0001
    link-selection (5): 10.0.0.1
    relay-agent-flags (10): 0x80 unicast
    vendor-specific (9): 
        enterprise (3561): 
            1: 0x0a000002
    source-port (19): true";
    assert_eq!(format!("{value:#}"), expect);
}

/// Values that are near the truth: a sample with a few bytes changed, or anything.
fn near(code: u8) -> impl Strategy<Value = Vec<u8>> {
    let bytes = sample(code).to_vec();
    let changed = (Just(bytes), vec((any::<prop::sample::Index>(), any::<u8>()), 0..4), 0usize..300).prop_map(
        |(mut bytes, changes, len)| {
            for (at, byte) in changes {
                if !bytes.is_empty() {
                    let at = at.index(bytes.len());
                    bytes[at] = byte;
                }
            }
            if len > 200 {
                bytes.truncate(len % 7);
            }
            bytes
        },
    );
    prop_oneof![changed, vec(any::<u8>(), 0..260), vec(0u8..6, 0..40)]
}

fn options() -> impl Strategy<Value = (u8, Vec<u8>)> {
    prop::sample::select(SAMPLES).prop_flat_map(|(code, ..)| near(code).prop_map(move |bytes| (code, bytes)))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8192, failure_persistence: None, ..ProptestConfig::default() })]

    /// parse(emit(parse(x))) = parse(x) for every option, and nothing panics.
    #[test]
    fn what_is_read_is_written_back((code, bytes) in options()) {
        let _ = exercise(code, &bytes);
        // What parsed is written as it came; 121's prefix bits are kept too, for the list holds the bytes.
        if let Ok(value) = OptionValue::parse(OptionCode(code), &bytes) {
            let mut emitted = Vec::new();
            value.emit(&mut emitted);
            prop_assert_eq!(emitted, bytes);
        }
    }
}
