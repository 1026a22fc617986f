//! The options of an owned message: they are pushed, replaced, ordered and looked up, and never interpreted.

use alloc::{borrow::Cow, vec::Vec};

use super::Message;
use crate::option::{OptionError, TypedOption};
use crate::wire::{code::MessageType, lookup, option_code::OptionCode, options::Options};

impl Message {
    /// Appends an option, in pieces if it has more than 255 bytes (RFC 3396).
    pub fn push(&mut self, code: OptionCode, value: &[u8]) {
        if is_layout(code) {
            return;
        }
        if value.is_empty() {
            self.options.extend_from_slice(&[code.0, 0]);
        }
        for piece in value.chunks(255) {
            // A chunk has at most 255 bytes, so the fallback is never taken.
            self.options.extend_from_slice(&[code.0, u8::try_from(piece.len()).unwrap_or(u8::MAX)]);
            self.options.extend_from_slice(piece);
        }
    }

    /// Appends an option of a type.
    ///
    /// ```
    /// use firstlight_dhcp::{Message, option::LeaseTime};
    /// let mut message = Message::request("52:54:00:12:34:56".parse()?, 1);
    /// message.push_typed(&LeaseTime(3600));
    /// assert_eq!(message.typed::<LeaseTime>(), Some(Ok(LeaseTime(3600))));
    /// # Ok::<(), firstlight_dhcp::HardwareAddressError>(())
    /// ```
    pub fn push_typed<'v, T: TypedOption<'v>>(&mut self, option: &T) {
        let mut value = Vec::new();
        option.emit(&mut value);
        self.push(T::CODE, &value);
    }

    /// Replaces an option, every piece of it, by one value at the place of the first piece, or appends it.
    pub fn set(&mut self, code: OptionCode, value: &[u8]) {
        let old = core::mem::take(&mut self.options);
        let mut done = false;
        for (found, piece) in Options::new(&old, None) {
            if found != code {
                self.push(found, piece);
            } else if !done {
                self.push(code, value);
                done = true;
            }
        }
        if !done {
            self.push(code, value);
        }
    }

    /// Removes every piece of an option; says whether there was one.
    pub fn remove(&mut self, code: OptionCode) -> bool {
        let before = self.options.len();
        let old = core::mem::take(&mut self.options);
        for (found, piece) in Options::new(&old, None).filter(|(found, _)| *found != code) {
            self.push(found, piece);
        }
        self.options.len() != before
    }

    /// Puts the options into the order of a parameter request list; those that it does not name come after, in the
    /// order that they have.
    ///
    /// RFC 2131 §4.3.1 gives a client's list as an order of preference, RFC 2132 §9.8 asks servers to keep to it.
    pub fn order_by(&mut self, requested: &[OptionCode]) {
        let mut rank = [u16::MAX; 256];
        for (place, code) in (0..u16::MAX).zip(requested) {
            if let Some(rank @ &mut u16::MAX) = rank.get_mut(usize::from(code.0)) {
                *rank = place;
            }
        }
        let old = core::mem::take(&mut self.options);
        let mut options: Vec<(OptionCode, &[u8])> = Options::new(&old, None).collect();
        // Stable: the pieces of an option stay in their order.
        options.sort_by_key(|(code, _)| rank.get(usize::from(code.0)));
        for (code, piece) in options {
            self.push(code, piece);
        }
    }

    /// The raw options in order; an option above 255 bytes comes in pieces.
    #[must_use]
    pub fn options(&self) -> Options<'_> {
        Options::new(&self.options, None)
    }

    /// The pieces of an option in order; one, unless the option is split or repeated.
    pub fn pieces(&self, code: OptionCode) -> impl Iterator<Item = &[u8]> + Clone {
        lookup::pieces(self.options(), code)
    }

    /// The first piece of an option.
    #[must_use]
    pub fn first(&self, code: OptionCode) -> Option<&[u8]> {
        self.pieces(code).next()
    }

    /// The value of an option; pieces are joined (RFC 3396).
    #[must_use]
    pub fn get(&self, code: OptionCode) -> Option<Cow<'_, [u8]>> {
        lookup::join(self.pieces(code))
    }

    /// An option by its type, as [`MessageRef::typed`](crate::MessageRef::typed).
    ///
    /// # Errors
    /// The option does not have its format, or it lies in several pieces.
    #[must_use]
    pub fn typed<'m, T: TypedOption<'m>>(&'m self) -> Option<Result<T, OptionError>> {
        lookup::typed(self.pieces(T::CODE))
    }

    /// An option by its type with its pieces joined in `scratch`, as
    /// [`MessageRef::typed_in`](crate::MessageRef::typed_in).
    ///
    /// # Errors
    /// The option does not have its format.
    #[must_use]
    pub fn typed_in<'s, T: TypedOption<'s>>(&'s self, scratch: &'s mut Vec<u8>) -> Option<Result<T, OptionError>> {
        lookup::typed_in(self.pieces(T::CODE), scratch)
    }

    /// Option 53, as [`MessageRef::message_type`](crate::MessageRef::message_type).
    #[must_use]
    pub fn message_type(&self) -> Option<MessageType> {
        lookup::message_type(self.options())
    }
}

/// Whether an option says how a message is laid out, and nothing else.
const fn is_layout(code: OptionCode) -> bool {
    matches!(code, OptionCode::PAD | OptionCode::OVERLOAD | OptionCode::END)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::message::tests::message;

    #[test]
    fn set_replaces_all_pieces_at_the_first_place() {
        let mut m = message(&[(1, b"a"), (12, b"x"), (2, b"b"), (12, b"y")]);
        m.set(OptionCode(12), b"z");
        assert_eq!(m, message(&[(1, b"a"), (12, b"z"), (2, b"b")]));
        m.set(OptionCode(3), b"");
        assert_eq!(m, message(&[(1, b"a"), (12, b"z"), (2, b"b"), (3, b"")]));
        assert!(m.remove(OptionCode(2)));
        assert!(!m.remove(OptionCode(2)));
        assert_eq!(m, message(&[(1, b"a"), (12, b"z"), (3, b"")]));
    }

    #[test]
    fn layout_is_no_content() {
        let mut m = message(&[(0, b""), (52, &[3]), (12, b"x"), (255, b"")]);
        assert_eq!(m, message(&[(12, b"x")]));
        m.set(OptionCode::OVERLOAD, &[1]);
        assert_eq!(m.options().count(), 1);
    }

    #[test]
    fn long_values_are_kept_in_pieces() {
        let mut m = message(&[(43, &[7; 256]), (12, b"x")]);
        assert!(m.pieces(OptionCode(43)).map(<[u8]>::len).eq([255, 1]));
        assert_eq!(m.get(OptionCode(43)).as_deref(), Some(&[7; 256][..]));
        m.set(OptionCode(43), b"short");
        assert_eq!(m, message(&[(43, b"short"), (12, b"x")]));
    }

    #[test]
    fn a_request_list_orders_and_drops_nothing() {
        let mut m = message(&[(1, b"a"), (53, b"t"), (6, b"b"), (3, b"c"), (6, b"d"), (15, b"e")]);
        m.order_by(&[OptionCode(6), OptionCode(99), OptionCode(3), OptionCode(6)]);
        assert_eq!(m, message(&[(6, b"b"), (6, b"d"), (3, b"c"), (1, b"a"), (53, b"t"), (15, b"e")]));
    }
}
