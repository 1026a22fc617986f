//! Option 77: one raw string, as most loaders write it, or the list of RFC 3004 §4.

/// The user classes of a value: those of RFC 3004's list if its lengths add up, else the value as it is.
///
/// ```
/// use firstlight_pxe::user_classes;
/// assert_eq!(user_classes(b"iPXE").collect::<Vec<_>>(), [b"iPXE"]);
/// assert_eq!(user_classes(b"\x04iPXE\x03lab").collect::<Vec<_>>(), [&b"iPXE"[..], b"lab"]);
/// ```
pub fn user_classes(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let is_list = is_rfc_3004(value);
    let mut rest = value;
    std::iter::from_fn(move || {
        if !is_list {
            return (!rest.is_empty()).then(|| std::mem::take(&mut rest));
        }
        let (class, tail) = split(rest)?;
        rest = tail;
        Some(class)
    })
}

pub(super) fn is_rfc_3004(value: &[u8]) -> bool {
    let mut rest = value;
    while let Some((_, tail)) = split(rest) {
        rest = tail;
    }
    rest.is_empty() && !value.is_empty()
}

/// A class has at least one byte (RFC 3004 §4): a length of zero shows that it is no list.
fn split(value: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&len, tail) = value.split_first()?;
    tail.split_at_checked(usize::from(len)).filter(|(class, _)| !class.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: &[u8], expected: &[&[u8]]) {
        assert_eq!(user_classes(value).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn lists_and_strings_are_told_apart() {
        check(b"", &[]);
        check(b"iPXE", &[b"iPXE"]);
        check(b"\x04iPXE", &[b"iPXE"]);
        check(b"\x03abc\x04iPXE", &[b"abc", b"iPXE"]);
        check(b"\x04iPX", &[b"\x04iPX"]);
        check(b"\x00\x04iPXE", &[b"\x00\x04iPXE"]);
        check(b"\x04iPXE\x00", &[b"\x04iPXE\x00"]);
        check(b"onie_dhcp_user_class", &[b"onie_dhcp_user_class"]);
    }
}
