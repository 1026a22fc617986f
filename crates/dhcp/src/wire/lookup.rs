//! Finding an option among raw ones, for a view and for a message alike.

#[cfg(feature = "alloc")]
use alloc::{borrow::Cow, vec::Vec};

use super::{code::MessageType, option_code::OptionCode, options::Options};
use crate::option::{OptionError, OptionErrorKind, TypedOption};

/// The values of the options with this code.
pub(crate) fn pieces(options: Options<'_>, code: OptionCode) -> impl Iterator<Item = &[u8]> + Clone {
    options.filter_map(move |(found, value)| (found == code).then_some(value))
}

/// The value of the first option 53.
pub(crate) fn message_type(options: Options<'_>) -> Option<MessageType> {
    match pieces(options, OptionCode::MESSAGE_TYPE).next()? {
        &[value] => Some(MessageType(value)),
        _ => None,
    }
}

/// An option of one piece by its type.
pub(crate) fn typed<'a, T: TypedOption<'a>>(
    mut pieces: impl Iterator<Item = &'a [u8]>,
) -> Option<Result<T, OptionError>> {
    let value = pieces.next()?;
    if pieces.next().is_some() {
        return Some(Err(OptionError::new(T::CODE, OptionErrorKind::Split)));
    }
    Some(T::parse(value))
}

/// An option by its type; several pieces are joined in `scratch`.
#[cfg(feature = "alloc")]
pub(crate) fn typed_in<'s, T: TypedOption<'s>>(
    mut pieces: impl Iterator<Item = &'s [u8]>,
    scratch: &'s mut Vec<u8>,
) -> Option<Result<T, OptionError>> {
    let first = pieces.next()?;
    let Some(second) = pieces.next() else { return Some(T::parse(first)) };
    scratch.clear();
    for piece in [first, second].into_iter().chain(pieces) {
        scratch.extend_from_slice(piece);
    }
    Some(T::parse(scratch))
}

/// Joins the pieces of one option (RFC 3396 §5: in the order of their appearance, adjacent or not).
#[cfg(feature = "alloc")]
pub(crate) fn join<'a>(mut pieces: impl Iterator<Item = &'a [u8]>) -> Option<Cow<'a, [u8]>> {
    let mut joined = Cow::Borrowed(pieces.next()?);
    for piece in pieces {
        joined.to_mut().extend_from_slice(piece);
    }
    Some(joined)
}
