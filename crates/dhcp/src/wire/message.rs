//! [`Message`]: a message that is being built or kept. It never interprets its options.

use alloc::{
    borrow::Cow,
    string::{String, ToString},
    vec::Vec,
};
use core::{fmt, net::Ipv4Addr};

use super::{
    code::{MessageType, OpCode},
    hardware::HardwareAddress,
    option_code::OptionCode,
    view::{MessageRef, join},
};

const BROADCAST: u16 = 0x8000;

/// An owned message: the header as plain fields, the options as ordered raw bytes in one arena.
///
/// Order, duplicates, empty and unknown options are kept as they came. The options 52, pad and end are no content:
/// a message that was parsed from an overloaded one has its options in the option field and an empty `file` or
/// `sname`.
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
    // Records of code (1 byte), length (4 bytes, native order) and value.
    options: Vec<u8>,
}

/// A name is too long for `sname` or `file`, which end with a NUL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldTooLong {
    field: &'static str,
    max: usize,
    len: usize,
}

impl fmt::Display for FieldTooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} takes at most {} bytes, not {}", self.field, self.max, self.len)
    }
}

impl core::error::Error for FieldTooLong {}

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

    /// Appends an option. A value above 255 bytes is split when it is emitted (RFC 3396).
    pub fn push(&mut self, code: OptionCode, value: &[u8]) {
        // More than 4 GiB cannot be emitted either; the limit of a message is far below.
        let value = value.get(..u32::MAX as usize).unwrap_or(value);
        let len = u32::try_from(value.len()).unwrap_or(u32::MAX);
        self.options.reserve(5 + value.len());
        self.options.push(code.0);
        self.options.extend_from_slice(&len.to_ne_bytes());
        self.options.extend_from_slice(value);
    }

    /// Replaces an option, every piece of it, by one value at the place of the first piece, or appends it.
    pub fn set(&mut self, code: OptionCode, value: &[u8]) {
        let old = core::mem::take(&mut self.options);
        let mut done = false;
        for (found, piece) in OwnedOptions(&old) {
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
        for (found, piece) in OwnedOptions(&old).filter(|(found, _)| *found != code) {
            self.push(found, piece);
        }
        self.options.len() != before
    }

    /// The raw options in order.
    #[must_use]
    pub fn options(&self) -> OwnedOptions<'_> {
        OwnedOptions(&self.options)
    }

    /// The value of an option; pieces are joined (RFC 3396).
    #[must_use]
    pub fn get(&self, code: OptionCode) -> Option<Cow<'_, [u8]>> {
        join(self.options(), code)
    }

    /// Option 53.
    #[must_use]
    pub fn message_type(&self) -> Option<MessageType> {
        let (_, value) = self.options().find(|(code, _)| *code == OptionCode::MESSAGE_TYPE)?;
        value.first().copied().map(MessageType)
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
        if !view.sname_is_overloaded() {
            message.sname.copy_from_slice(view.sname());
        }
        if !view.file_is_overloaded() {
            message.file.copy_from_slice(view.file());
        }
        for (code, value) in view.options().filter(|(code, _)| *code != OptionCode::OVERLOAD) {
            message.push(code, value);
        }
        message
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

/// The raw options of a [`Message`] in order.
#[derive(Clone, Debug)]
pub struct OwnedOptions<'a>(&'a [u8]);

impl<'a> Iterator for OwnedOptions<'a> {
    type Item = (OptionCode, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (&code, rest) = self.0.split_first()?;
        let (len, rest) = rest.split_first_chunk::<4>()?;
        let len = usize::try_from(u32::from_ne_bytes(*len)).ok()?;
        let (value, rest) = rest.split_at_checked(len)?;
        self.0 = rest;
        Some((OptionCode(code), value))
    }
}

/// A field for a human: up to its NUL.
fn text(field: &[u8]) -> String {
    field.split(|byte| *byte == 0).next().unwrap_or_default().escape_ascii().to_string()
}

fn fill(field: &'static str, to: &mut [u8], name: &[u8]) -> Result<(), FieldTooLong> {
    let max = to.len().saturating_sub(1);
    if name.len() > max {
        return Err(FieldTooLong { field, max, len: name.len() });
    }
    to.fill(0);
    for (to, from) in to.iter_mut().zip(name) {
        *to = *from;
    }
    Ok(())
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
}
