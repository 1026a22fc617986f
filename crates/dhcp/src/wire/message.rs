//! [`Message`]: a message that is being built or kept. It never interprets its options.

use alloc::{
    borrow::Cow,
    string::{String, ToString},
    vec::Vec,
};
use core::{fmt, net::Ipv4Addr};

use super::{
    code::{MessageType, OpCode},
    encoder::{FieldTooLong, fill},
    hardware::HardwareAddress,
    lookup,
    option_code::OptionCode,
    options::{Options, contiguous},
    view::{MessageRef, ParseError},
};
use crate::option::{OptionError, TypedOption};

const BROADCAST: u16 = 0x8000;

/// An owned message: the header as plain fields, the options as ordered raw bytes in one arena.
///
/// Order, duplicates, empty, unknown and split options are kept as they came. The options 52, pad and end are no
/// content, they say how a message is laid out: pushing one does nothing, and a message that was parsed from an
/// overloaded one has all its options in the option field and an empty `file` or `sname`.
///
/// # What is emitted as it came
///
/// A parsed message is emitted byte for byte as it came, with [`EmitPolicy::min_size`](crate::EmitPolicy) as its size,
/// if it was *canonical*: `chaddr` is zero beyond `hlen`; it has the cookie; the option field holds 53 first and 82
/// last, if they are there, and neither a pad nor a 52 between the options; then an end, and zeroes. Any other message
/// is made canonical; its options read the same.
///
/// ```
/// use firstlight_dhcp::{Message, OptionCode};
/// let mut message = Message::request("52:54:00:12:34:56".parse()?, 1);
/// message.push(OptionCode::HOST_NAME, b"bold-otter");
/// message.set(OptionCode::HOST_NAME, b"calm-heron");
/// assert_eq!(message.get(OptionCode::HOST_NAME).as_deref(), Some(&b"calm-heron"[..]));
/// assert_eq!(message.options().count(), 1);
/// # Ok::<(), firstlight_dhcp::HardwareAddressError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// Who speaks.
    pub op: OpCode,
    /// `htype`, `hlen` and `chaddr`.
    pub hardware_address: HardwareAddress,
    /// How many relays the message has crossed.
    pub hops: u8,
    /// The transaction.
    pub xid: u32,
    /// Seconds since the client began.
    pub secs: u16,
    /// The flags word; see [`Message::set_broadcast`].
    pub flags: u16,
    /// The address that the client has.
    pub ciaddr: Ipv4Addr,
    /// The address that the client is given.
    pub yiaddr: Ipv4Addr,
    /// The server of the next boot step.
    pub siaddr: Ipv4Addr,
    /// The relay.
    pub giaddr: Ipv4Addr,
    sname: [u8; 64],
    file: [u8; 128],
    // As on the wire, without pad, overload and end.
    pub(super) options: Vec<u8>,
}

impl Message {
    /// An empty request of a client.
    #[must_use]
    pub fn request(hardware_address: HardwareAddress, xid: u32) -> Self {
        Self {
            op: OpCode::REQUEST,
            hardware_address,
            hops: 0,
            xid,
            secs: 0,
            flags: 0,
            ciaddr: Ipv4Addr::UNSPECIFIED,
            yiaddr: Ipv4Addr::UNSPECIFIED,
            siaddr: Ipv4Addr::UNSPECIFIED,
            giaddr: Ipv4Addr::UNSPECIFIED,
            sname: [0; 64],
            file: [0; 128],
            options: Vec::new(),
        }
    }

    /// An empty reply with the fields that a server takes over from the request (RFC 2131 §4.3.1, table 3): `htype`,
    /// `hlen`, `chaddr`, `xid`, `flags` and `giaddr`.
    #[must_use]
    pub fn reply_to(request: &MessageRef<'_>) -> Self {
        Self {
            op: OpCode::REPLY,
            flags: request.flags(),
            giaddr: request.giaddr(),
            ..Self::request(request.hardware_address(), request.xid())
        }
    }

    /// Whether replies are to be broadcast.
    #[must_use]
    pub const fn broadcast(&self) -> bool {
        self.flags & BROADCAST != 0
    }

    /// Sets or clears the broadcast flag and leaves the reserved bits.
    pub const fn set_broadcast(&mut self, on: bool) {
        if on {
            self.flags |= BROADCAST;
        } else {
            self.flags &= !BROADCAST;
        }
    }

    /// The 64 bytes of `sname`.
    #[must_use]
    pub const fn sname(&self) -> &[u8; 64] {
        &self.sname
    }

    /// The 128 bytes of `file`.
    #[must_use]
    pub const fn file(&self) -> &[u8; 128] {
        &self.file
    }

    /// Puts a name into `sname`; a NUL follows it.
    ///
    /// # Errors
    /// The name has more than 63 bytes; `sname` is unchanged.
    pub fn set_sname(&mut self, name: &[u8]) -> Result<(), FieldTooLong> {
        fill("sname", &mut self.sname, name)
    }

    /// Puts a name into `file`; a NUL follows it.
    ///
    /// # Errors
    /// The name has more than 127 bytes; `file` is unchanged.
    pub fn set_file(&mut self, name: &[u8]) -> Result<(), FieldTooLong> {
        fill("file", &mut self.file, name)
    }

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

    /// An option by its type, as [`MessageRef::typed`].
    ///
    /// # Errors
    /// The option does not have its format, or it lies in several pieces.
    #[must_use]
    pub fn typed<'m, T: TypedOption<'m>>(&'m self) -> Option<Result<T, OptionError>> {
        lookup::typed(self.pieces(T::CODE))
    }

    /// An option by its type with its pieces joined in `scratch`, as [`MessageRef::typed_in`].
    ///
    /// # Errors
    /// The option does not have its format.
    #[must_use]
    pub fn typed_in<'s, T: TypedOption<'s>>(&'s self, scratch: &'s mut Vec<u8>) -> Option<Result<T, OptionError>> {
        lookup::typed_in(self.pieces(T::CODE), scratch)
    }

    /// Option 53, as [`MessageRef::message_type`].
    #[must_use]
    pub fn message_type(&self) -> Option<MessageType> {
        lookup::message_type(self.options())
    }
}

impl From<&MessageRef<'_>> for Message {
    fn from(view: &MessageRef<'_>) -> Self {
        let mut message = Self {
            op: view.op(),
            hops: view.hops(),
            secs: view.secs(),
            flags: view.flags(),
            ciaddr: view.ciaddr(),
            yiaddr: view.yiaddr(),
            siaddr: view.siaddr(),
            giaddr: view.giaddr(),
            ..Self::request(view.hardware_address(), view.xid())
        };
        let contiguous = contiguous(view.option_field());
        if contiguous.is_some() || !view.sname_is_overloaded() {
            message.sname.copy_from_slice(view.sname());
        }
        if contiguous.is_some() || !view.file_is_overloaded() {
            message.file.copy_from_slice(view.file());
        }
        if let Some(options) = contiguous {
            message.options = options.to_vec();
        } else {
            let size = view.options().map(|(_, value)| 2 + value.len()).sum();
            message.options.reserve_exact(size);
            view.options().for_each(|(code, value)| message.push(code, value));
        }
        message
    }
}

impl TryFrom<&[u8]> for Message {
    type Error = ParseError;

    /// Parses a datagram's payload.
    fn try_from(bytes: &[u8]) -> Result<Self, ParseError> {
        MessageRef::parse(bytes).map(|view| Self::from(&view))
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("op", &self.op)
            .field("hardware", &self.hardware_address)
            .field("xid", &self.xid)
            .field("secs", &self.secs)
            .field("flags", &self.flags)
            .field("ciaddr", &self.ciaddr)
            .field("yiaddr", &self.yiaddr)
            .field("siaddr", &self.siaddr)
            .field("giaddr", &self.giaddr)
            .field("sname", &text(&self.sname))
            .field("file", &text(&self.file))
            .field("options", &self.options().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

/// Whether an option says how a message is laid out, and nothing else.
const fn is_layout(code: OptionCode) -> bool {
    matches!(code, OptionCode::PAD | OptionCode::OVERLOAD | OptionCode::END)
}

/// A field for a human: up to its NUL.
fn text(field: &[u8]) -> String {
    field.split(|byte| *byte == 0).next().unwrap_or_default().escape_ascii().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(options: &[(u8, &[u8])]) -> Message {
        let mut message = Message::request(HardwareAddress::ethernet([2, 0, 0, 0, 0, 1]), 7);
        for (code, value) in options {
            message.push(OptionCode(*code), value);
        }
        message
    }

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
    fn names_leave_room_for_the_nul() {
        let mut m = message(&[]);
        assert_eq!(m.set_file(&[b'x'; 127]), Ok(()));
        assert_eq!(m.set_file(&[b'y'; 128]).unwrap_err().to_string(), "file takes at most 127 bytes, not 128");
        assert_eq!(m.file()[..2], *b"xx");
        assert_eq!(m.set_sname(b"s"), Ok(()));
        assert_eq!(m.sname()[..2], *b"s\0");
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

    #[test]
    fn an_overloaded_message_is_normalised() {
        let mut bytes = vec![0; 236];
        bytes.extend_from_slice(&[99, 130, 83, 99, 0, 53, 1, 2, 52, 1, 1, 12, 1, b'a', 0, 255]);
        bytes[108..112].copy_from_slice(&[12, 1, b'b', 255]);
        bytes[44] = b's';
        let parsed = Message::try_from(&bytes[..]).unwrap();
        assert!(parsed.options().eq([(OptionCode(53), &[2][..]), (OptionCode(12), b"a"), (OptionCode(12), b"b")]));
        assert_eq!((parsed.file(), parsed.sname()[0]), (&[0; 128], b's'));
    }
}
