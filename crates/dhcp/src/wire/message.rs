//! [`Message`]: a message that is being built or kept. It never interprets its options.

mod options;

use alloc::{
    string::{String, ToString},
    vec::Vec,
};
use core::{fmt, net::Ipv4Addr};

use super::{
    code::OpCode,
    encoder::{FieldTooLong, fill},
    hardware::HardwareAddress,
    options::contiguous,
    view::{MessageRef, ParseError},
};

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

const REPLY_OPTIONS: usize = 160;

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
            // Most replies fit, and none of them grows step by step.
            options: Vec::with_capacity(REPLY_OPTIONS),
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

/// A field for a human: up to its NUL.
fn text(field: &[u8]) -> String {
    field.split(|byte| *byte == 0).next().unwrap_or_default().escape_ascii().to_string()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::OptionCode;

    pub(in crate::wire) fn message(options: &[(u8, &[u8])]) -> Message {
        let mut message = Message::request(HardwareAddress::ethernet([2, 0, 0, 0, 0, 1]), 7);
        for (code, value) in options {
            message.push(OptionCode(*code), value);
        }
        message
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
