//! The list inside of options 43 and 175: tag, length, value, and again (RFC 2132 §8.4).

/// The tag that ends a list; it has no length.
pub(crate) const END: u8 = 255;

/// Tags and values in their order, without pads, up to the end tag or to what is cut off.
pub(crate) fn encapsulated(value: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    let mut rest = value;
    std::iter::from_fn(move || {
        loop {
            match rest {
                [0, tail @ ..] => rest = tail,
                [END, ..] | [] | [_] => return None,
                [tag, len, tail @ ..] => {
                    let (value, tail) = tail.split_at_checked(usize::from(*len))?;
                    rest = tail;
                    return Some((*tag, value));
                }
            }
        }
    })
}
