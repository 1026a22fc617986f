//! Walking the option area, and what an option may be spread over.
//!
//! Implements RFC 2131 §4.1 (option overload) and RFC 2132 §2 (pad, end, length).

use super::option_code::OptionCode;

/// The raw options of a message in wire order, the overloaded `file` and `sname` after the option field.
///
/// Ends at the first option that does not fit its area; the areas after it are still read.
#[derive(Clone, Debug)]
pub struct Options<'a> {
    rest: &'a [u8],
    // An array of slices and not a recursion: an overload option inside an overloaded area opens nothing.
    later: [&'a [u8]; 2],
}

impl<'a> Options<'a> {
    pub(crate) const fn new(options: &'a [u8], file: &'a [u8], sname: &'a [u8]) -> Self {
        Self { rest: options, later: [file, sname] }
    }
}

impl<'a> Iterator for Options<'a> {
    type Item = (OptionCode, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Step::Option(code, value, rest) = step(self.rest) {
                self.rest = rest;
                return Some((code, value));
            }
            let [next, after] = self.later;
            if next.is_empty() && after.is_empty() {
                self.rest = &[];
                return None;
            }
            self.rest = next;
            self.later = [after, &[]];
        }
    }
}

/// What the next bytes of an area are.
pub(crate) enum Step<'a> {
    Option(OptionCode, &'a [u8], &'a [u8]),
    /// An explicit end, or no more bytes.
    End,
    /// A code whose length is missing or runs past the area.
    Truncated(OptionCode),
}

/// Takes one option off the front of an area, with the pads before it.
pub(crate) fn step(mut area: &[u8]) -> Step<'_> {
    loop {
        match *area {
            [0, ref rest @ ..] => area = rest,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(areas: [&[u8]; 3], expect: &[(u8, &[u8])]) {
        let [options, file, sname] = areas;
        let got: Vec<(u8, &[u8])> = Options::new(options, file, sname).map(|(code, value)| (code.0, value)).collect();
        assert_eq!(got, expect);
    }

    #[test]
    fn pads_ends_and_zero_lengths() {
        check([&[], &[], &[]], &[]);
        check([&[0, 0, 255, 1, 1, 1], &[], &[]], &[]);
        check([&[0, 12, 0, 0, 12, 1, b'x', 255], &[], &[]], &[(12, b""), (12, b"x")]);
        check([&[12, 1, b'x'], &[], &[]], &[(12, b"x")]);
    }

    #[test]
    fn a_truncated_option_spoils_its_area_only() {
        check([&[12, 2, b'x'], &[15, 1, b'f', 255], &[]], &[(15, b"f")]);
        check([&[12], &[], &[15, 1, b's']], &[(15, b"s")]);
    }

    #[test]
    fn areas_follow_in_order() {
        check([&[1, 1, 1, 255], &[2, 1, 2, 255, 9], &[3, 1, 3]], &[(1, &[1]), (2, &[2]), (3, &[3])]);
    }
}
