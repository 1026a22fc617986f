//! Which lengths each option may have, and that every other one is an error that names the option.

use firstlight_dhcp::{OptionCode, OptionErrorKind, OptionValue};

use super::{SAMPLES, exercise, sample};

/// The lengths that a format allows. What is inside may forbid some of them.
enum Lengths {
    Exactly(usize),
    AtLeast(usize),
    /// So many bytes, and at least one element of the second length.
    List(usize, usize),
    /// Addresses, or none.
    AddressesOrNone,
    /// No registered format.
    Any,
}

impl Lengths {
    fn allow(&self, len: usize) -> bool {
        match self {
            Self::Exactly(exact) => len == *exact,
            Self::AtLeast(least) => len >= *least,
            Self::List(before, each) => len > *before && (len - before).is_multiple_of(*each),
            Self::AddressesOrNone => len.is_multiple_of(4),
            Self::Any => true,
        }
    }
}

/// RFC 2132 and the RFCs in the table of the module `option`.
fn lengths(code: u8) -> Lengths {
    use Lengths::{AddressesOrNone, Any, AtLeast, Exactly, List};
    match code {
        80 => Exactly(0),
        19 | 20 | 23 | 27 | 29..=31 | 34 | 36 | 37 | 39 | 46 | 52 | 53 | 116 | 156 | 157 => Exactly(1),
        13 | 22 | 26 | 57 => Exactly(2),
        94 => Exactly(3),
        1 | 2 | 16 | 24 | 28 | 32 | 35 | 38 | 50 | 51 | 54 | 58 | 59 | 91 | 108 | 118 | 152..=155 | 159 | 208 | 211 => {
            Exactly(4)
        }
        109 | 123 | 144 => Exactly(16),
        25 | 93 | 117 => List(0, 2),
        3..=11 | 41 | 42 | 44 | 45 | 48 | 49 | 65 | 69..=76 | 85 | 89 | 92 | 112 | 136 | 138 | 142 | 148 | 150 => {
            List(0, 4)
        }
        21 | 33 => List(0, 8),
        78 => List(1, 4),
        83 => List(10, 4),
        212 => List(18, 4),
        68 => AddressesOrNone,
        12 | 14 | 15 | 17 | 18 | 40 | 43 | 47 | 55 | 56 | 60 | 62 | 64 | 66 | 67 | 77 | 79 | 86..=88 | 95 | 98 => {
            AtLeast(1)
        }
        100 | 101 | 113 | 114 | 119 | 128..=135 | 137 | 141 | 145 | 147 | 151 | 161 | 175 | 209 | 210 | 213 => {
            AtLeast(1)
        }
        221 | 252 => AtLeast(1),
        61 | 63 | 82 | 97 | 120 | 122 | 139 | 140 | 177 => AtLeast(2),
        81 | 99 | 143 | 220 => AtLeast(3),
        121 | 124 | 125 | 158 | 249 => AtLeast(5),
        162 => AtLeast(6),
        146 => AtLeast(9),
        90 => AtLeast(11),
        _ => Any,
    }
}

/// Every code with every length, filled with what its sample begins with and with bytes that are lengths themselves.
#[test]
fn wrong_lengths_are_refused_by_name() {
    for code in 0..=254 {
        let lengths = lengths(code);
        let sample = SAMPLES.iter().find(|sample| sample.0 == code).map(|sample| sample.1);
        assert_eq!(sample.is_none(), matches!(lengths, Lengths::Any), "{code}");
        let sample = sample.unwrap_or_default();
        assert!(lengths.allow(sample.len()), "{code}");
        // Short ones, those around the sample's, and the longest.
        let around = sample.len().saturating_sub(1)..sample.len() + 2;
        for len in (0..24).chain(around).chain(253..256) {
            for fill in [0, 1, 4, 64, 0xff] {
                let mut bytes = sample.to_vec();
                bytes.resize(len, fill);
                for bytes in [bytes, vec![fill; len]] {
                    let outcome = exercise(code, &bytes);
                    assert!(lengths.allow(len) || outcome.is_err(), "{code} with {bytes:?}");
                    if let Lengths::Any = lengths {
                        assert_eq!(OptionValue::parse(OptionCode(code), &bytes), Ok(OptionValue::Raw(&bytes)));
                    }
                }
            }
        }
    }
}

/// Where the length says all, every length that is allowed is read, and the error of the others tells it.
#[test]
fn right_lengths_are_enough() {
    assert_eq!(exercise(68, &[]), Ok(()));
    for (code, sample, _) in SAMPLES {
        let lengths = lengths(*code);
        let (Lengths::Exactly(_) | Lengths::List(..) | Lengths::AddressesOrNone) = lengths else { continue };
        for len in 0..=255 {
            // The sample over and over; nothing, for the one that is empty.
            let bytes: Vec<u8> = sample.iter().copied().cycle().chain(std::iter::repeat(0)).take(len).collect();
            match exercise(*code, &bytes) {
                Ok(()) => assert!(lengths.allow(len), "{code} with {len}"),
                Err(OptionErrorKind::Length { found, .. }) => {
                    assert!(!lengths.allow(len) && found == len, "{code} with {len}");
                }
                Err(OptionErrorKind::Truncated { .. }) => assert!(!lengths.allow(len), "{code} with {len}"),
                Err(error) => panic!("{code} with {len}: {error}"),
            }
        }
    }
}

/// Formats that say themselves where they end: a byte less and a byte more are refused.
#[test]
fn self_delimiting_formats_end_where_they_say() {
    for code in
        [63, 82, 88, 99, 119, 121, 122, 124, 125, 137, 139, 140, 141, 143, 146, 147, 158, 162, 175, 177, 213, 220, 249]
    {
        let bytes = sample(code);
        assert!(exercise(code, &bytes[..bytes.len() - 1]).is_err(), "{code} without its last byte");
        // A 255 is the end of 175, and of no other.
        let more = if code == 175 { 1 } else { 0xff };
        assert!(exercise(code, &[bytes, &[more]].concat()).is_err(), "{code} with another byte");
    }
}
