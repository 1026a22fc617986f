//! Walking the options, over all the fields that they may be spread over.
//!
//! RFC 2131 §4.1 (option overload), RFC 2132 §2 (pad, end, length), RFC 3396 §7 (the order of the fields).

use core::ops::Range;

use super::option_code::OptionCode;

/// The bytes before the cookie.
pub(crate) const FIXED: usize = 236;
pub(crate) const SNAME: Range<usize> = 44..108;
pub(crate) const FILE: Range<usize> = 108..236;

/// The raw options of a message in wire order, without pad and end: the option field, then `file`, then `sname` where
/// option 52 says so (RFC 3396 §7). A 52 inside an overloaded field is an option without effect.
///
/// A field ends at the first option that does not fit it; the fields after it are still read. Every step takes at
/// least two bytes off a field, and no field is read twice.
#[derive(Clone, Debug)]
pub struct Options<'a> {
    rest: &'a [u8],
    // `None` for options that are not in a datagram.
    header: Option<&'a [u8; FIXED]>,
    overload: Overload,
    truncated: Option<OptionCode>,
}

#[derive(Clone, Copy, Debug)]
enum Overload {
    /// In the option field, and option 52 has not been met yet.
    Unknown,
    /// The fields that are still to be read, as in option 52.
    Fields(u8),
}

impl<'a> Options<'a> {
    #[inline]
    pub(crate) const fn new(options: &'a [u8], header: Option<&'a [u8; FIXED]>) -> Self {
        Self { rest: options, header, overload: Overload::Unknown, truncated: None }
    }

    /// The first option so far that ends outside its field: it and what follows in this field is not readable.
    #[must_use]
    pub const fn truncated(&self) -> Option<OptionCode> {
        self.truncated
    }

    /// The value of option 52, or 0 if there is no valid one in what is left of the option field.
    pub(crate) fn overload(mut self) -> u8 {
        self.header = None;
        loop {
            match self.overload {
                Overload::Fields(fields) => return fields,
                // The end of the option field sets it to no fields.
                Overload::Unknown => self.next(),
            };
        }
    }

    #[cold]
    fn next_field(&mut self) -> Option<&'a [u8]> {
        // Whatever a 52 in a later field says, it opens nothing.
        let fields = match self.overload {
            Overload::Fields(fields) => fields,
            Overload::Unknown => 0,
        };
        let (range, left) = match fields {
            1 | 3 => (FILE, fields & 2),
            2 => (SNAME, 0),
            _ => (0..0, 0),
        };
        self.overload = Overload::Fields(left);
        self.header?.get(range).filter(|field| !field.is_empty())
    }
}

impl<'a> Iterator for Options<'a> {
    type Item = (OptionCode, &'a [u8]);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match step(self.rest) {
                Step::Option(code, value, rest) => {
                    self.rest = rest;
                    if let (OptionCode::OVERLOAD, Overload::Unknown) = (code, self.overload) {
                        // The first 52 counts; one that is malformed opens nothing.
                        self.overload = Overload::Fields(if let &[fields @ 1..=3] = value { fields } else { 0 });
                    }
                    return Some((code, value));
                }
                Step::Truncated(code) => self.truncated = self.truncated.or(Some(code)),
                Step::End => {}
            }
            self.rest = self.next_field().unwrap_or_default();
            if self.rest.is_empty() {
                return None;
            }
        }
    }
}

impl core::iter::FusedIterator for Options<'_> {}

/// What the next bytes of a field are.
enum Step<'a> {
    Option(OptionCode, &'a [u8], &'a [u8]),
    /// An explicit end, or no more bytes.
    End,
    /// A code whose length is missing or runs past the field.
    Truncated(OptionCode),
}

/// Takes one option off the front of a field, with the pads before it.
#[inline]
fn step(mut field: &[u8]) -> Step<'_> {
    loop {
        match *field {
            [0, ref rest @ ..] => field = rest,
            [] | [255, ..] => return Step::End,
            [code] => return Step::Truncated(OptionCode(code)),
            [code, len, ref rest @ ..] => {
                return match rest.split_at_checked(usize::from(len)) {
                    Some((value, rest)) => Step::Option(OptionCode(code), value, rest),
                    None => Step::Truncated(OptionCode(code)),
                };
            }
        }
    }
}

/// The option field up to its end, if nothing but options is before it: no pad and no overload.
#[cfg(feature = "alloc")]
pub(crate) fn contiguous(field: &[u8]) -> Option<&[u8]> {
    let mut rest = field;
    loop {
        rest = match *rest {
            [0 | 52, ..] => return None,
            [code, len, ref value @ ..] if code != OptionCode::END.0 && value.len() >= usize::from(len) => {
                value.get(usize::from(len)..)?
            }
            _ => return field.get(..field.len() - rest.len()),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check([options, file, sname]: [&[u8]; 3], expect: &[(u8, &[u8])], truncated: Option<u8>) {
        let mut header = [0; FIXED];
        header[FILE][..file.len()].copy_from_slice(file);
        header[SNAME][..sname.len()].copy_from_slice(sname);
        let mut walk = Options::new(options, Some(&header));
        let got: Vec<(u8, &[u8])> = walk.by_ref().map(|(code, value)| (code.0, value)).collect();
        assert_eq!(got, expect);
        assert_eq!((walk.next(), walk.truncated()), (None, truncated.map(OptionCode)));
    }

    #[test]
    fn pads_ends_and_zero_lengths() {
        check([&[], &[], &[]], &[], None);
        check([&[0, 0, 255, 1, 1, 1], &[], &[]], &[], None);
        check([&[0, 12, 0, 0, 12, 1, b'x', 255, 9], &[], &[]], &[(12, b""), (12, b"x")], None);
        check([&[12, 1, b'x'], &[], &[]], &[(12, b"x")], None);
    }

    #[test]
    fn a_truncated_option_spoils_its_field_only() {
        check([&[52, 1, 1, 12, 2, b'x'], &[15, 1, b'f', 255], &[]], &[(52, &[1]), (15, b"f")], Some(12));
        check([&[52, 1, 3, 12], &[15, 200], &[17, 1, b's']], &[(52, &[3]), (17, b"s")], Some(12));
    }

    /// RFC 3396 §7: the aggregate is the option field, then the file field, then the sname field.
    #[test]
    fn fields_follow_in_order_and_only_as_option_52_says() {
        let fields = |overload: &[u8]| [[&[52], overload, &[255]].concat(), vec![2, 1, 2], vec![3, 1, 3]];
        for (overload, expect) in [
            (&[1, 1][..], &[52, 2][..]),
            (&[1, 2], &[52, 3]),
            (&[1, 3], &[52, 2, 3]),
            (&[1, 0], &[52]),
            (&[1, 4], &[52]),
            (&[2, 1, 1], &[52]),
            (&[0], &[52]),
            // The first one counts.
            (&[1, 1, 52, 1, 2], &[52, 52, 2]),
            (&[1, 9, 52, 1, 2], &[52, 52]),
        ] {
            let [options, file, sname] = fields(overload);
            let mut header = [0; FIXED];
            header[FILE][..3].copy_from_slice(&file);
            header[SNAME][..3].copy_from_slice(&sname);
            let codes: Vec<u8> = Options::new(&options, Some(&header)).map(|(code, _)| code.0).collect();
            assert_eq!(codes, expect, "{overload:?}");
        }
    }

    #[test]
    fn an_overload_inside_an_overloaded_field_opens_nothing() {
        let [both, again] = [&[52, 1, 1][..], &[52, 1, 3]];
        check([both, again, &[3, 1, 3]], &[(52, &[1]), (52, &[3])], None);
        check([&[52, 1, 2], &[2, 1, 2], again], &[(52, &[2]), (52, &[3])], None);
        check([&[52, 1, 3], again, again], &[(52, &[3][..]); 3], None);
    }
}
