//! [`MessageRef`]: a validated view over the bytes of one message. It never copies and never allocates, but for the
//! joining of a split option.
//!
//! ```text
//!  0       1       2       3        4 .. 8    8 .. 10  10 .. 12
//!  op      htype   hlen    hops     xid       secs     flags
//!  12 .. 16   16 .. 20   20 .. 24   24 .. 28   28 .. 44   44 .. 108   108 .. 236   236 .. 240   240 ..
//!  ciaddr     yiaddr     siaddr     giaddr     chaddr     sname       file         cookie       options
//! ```
//!
//! RFC 2131 §2 (format) and §4.1 (overload), RFC 3396 (long options), RFC 951 (BOOTP, without cookie).

mod options;

use core::{fmt, net::Ipv4Addr};

use super::{
    code::OpCode,
    hardware::HardwareAddress,
    options::{FILE, FIXED, SNAME},
};

pub(crate) const COOKIE: [u8; 4] = [99, 130, 83, 99];

/// A received message, checked once and then read in place.
///
/// What is checked: the fixed header is there and `hlen` is at most 16. What is tolerated: a missing cookie (BOOTP;
/// the message then has no options), a missing end option, bytes after the end, and a last option that is cut off
/// ([`MessageRef::truncated_option`] names it; the ones before it are read). A malformed option spoils only itself:
/// [`MessageRef::typed`] says what is wrong with it and the others are read.
///
/// # An option that is there twice
///
/// RFC 3396 makes one long option of the pieces with its code, adjacent or not. Options 53 and 54 have a fixed size and
/// are never long: a second one is a sender's mistake and not a continuation. [`MessageRef::message_type`] and
/// [`MessageRef::first`] look at the first, whatever follows; [`MessageRef::get`] joins; [`MessageRef::typed`] refuses.
///
/// ```
/// use firstlight_dhcp::{EmitPolicy, Message, MessageRef, MessageType, OptionCode};
///
/// let mut message = Message::request("52:54:00:12:34:56".parse()?, 0x1234);
/// message.push(OptionCode::MESSAGE_TYPE, &[MessageType::DISCOVER.0]);
/// let mut datagram = Vec::new();
/// message.emit(&EmitPolicy::default(), &mut datagram)?;
///
/// let view = MessageRef::parse(&datagram)?;
/// assert_eq!(view.message_type(), Some(MessageType::DISCOVER));
/// assert_eq!(view.xid(), 0x1234);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
pub struct MessageRef<'a> {
    header: &'a [u8; FIXED],
    // `None` without the cookie.
    options: Option<&'a [u8]>,
}

/// Why a datagram is not a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseError {
    /// The datagram ends inside the fixed header.
    TooShort {
        /// Its length.
        len: usize,
    },
    /// `hlen` is larger than `chaddr`.
    HardwareLength {
        /// The value received.
        hlen: u8,
    },
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooShort { len } => {
                write!(f, "datagram of {len} bytes is shorter than the fixed header of {FIXED} bytes")
            }
            Self::HardwareLength { hlen } => write!(f, "hlen is {hlen}, but chaddr has 16 bytes"),
        }
    }
}

impl core::error::Error for ParseError {}

impl<'a> MessageRef<'a> {
    /// Checks a datagram's payload.
    ///
    /// # Errors
    /// See [`ParseError`].
    #[inline]
    pub fn parse(bytes: &'a [u8]) -> Result<Self, ParseError> {
        let Some((header, rest)) = bytes.split_first_chunk::<FIXED>() else {
            return Err(ParseError::TooShort { len: bytes.len() });
        };
        let hlen = header[2];
        if hlen > 16 {
            return Err(ParseError::HardwareLength { hlen });
        }
        Ok(Self { header, options: rest.strip_prefix(&COOKIE) })
    }

    /// Who speaks.
    #[must_use]
    pub const fn op(&self) -> OpCode {
        OpCode(self.header[0])
    }

    /// The type of the hardware address.
    #[must_use]
    pub const fn htype(&self) -> u8 {
        self.header[1]
    }

    /// The hardware address: `hlen` bytes.
    #[must_use]
    pub fn chaddr(&self) -> &'a [u8] {
        self.header.get(28..28 + usize::from(self.header[2])).unwrap_or_default()
    }

    /// `htype`, `hlen` and `chaddr` as one value.
    #[must_use]
    pub fn hardware_address(&self) -> HardwareAddress {
        // `parse` has bounded `hlen`, so the fallback is never taken.
        HardwareAddress::new(self.htype(), self.chaddr()).unwrap_or(HardwareAddress::ethernet([0; 6]))
    }

    /// How many relays the message has crossed.
    #[must_use]
    pub const fn hops(&self) -> u8 {
        self.header[3]
    }

    /// The transaction.
    #[must_use]
    pub const fn xid(&self) -> u32 {
        let h = self.header;
        u32::from_be_bytes([h[4], h[5], h[6], h[7]])
    }

    /// Seconds since the client began.
    #[must_use]
    pub const fn secs(&self) -> u16 {
        u16::from_be_bytes([self.header[8], self.header[9]])
    }

    /// The flags word.
    #[must_use]
    pub const fn flags(&self) -> u16 {
        u16::from_be_bytes([self.header[10], self.header[11]])
    }

    /// Whether the client asks for broadcast replies.
    #[must_use]
    pub const fn broadcast(&self) -> bool {
        self.header[10] & 0x80 != 0
    }

    /// The address that the client has.
    #[must_use]
    pub const fn ciaddr(&self) -> Ipv4Addr {
        self.address_at(12)
    }

    /// The address that the client is given.
    #[must_use]
    pub const fn yiaddr(&self) -> Ipv4Addr {
        self.address_at(16)
    }

    /// The server of the next boot step.
    #[must_use]
    pub const fn siaddr(&self) -> Ipv4Addr {
        self.address_at(20)
    }

    /// The relay.
    #[must_use]
    pub const fn giaddr(&self) -> Ipv4Addr {
        self.address_at(24)
    }

    /// The 64 bytes of `sname`, as they are.
    #[must_use]
    pub fn sname(&self) -> &'a [u8] {
        self.header.get(SNAME).unwrap_or_default()
    }

    /// The 128 bytes of `file`, as they are.
    #[must_use]
    pub fn file(&self) -> &'a [u8] {
        self.header.get(FILE).unwrap_or_default()
    }

    const fn address_at(&self, at: usize) -> Ipv4Addr {
        let h = self.header;
        Ipv4Addr::new(h[at], h[at + 1], h[at + 2], h[at + 3])
    }
}

impl fmt::Debug for MessageRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessageRef")
            .field("op", &self.op())
            .field("hardware", &self.hardware_address())
            .field("xid", &self.xid())
            .field("ciaddr", &self.ciaddr())
            .field("yiaddr", &self.yiaddr())
            .field("siaddr", &self.siaddr())
            .field("giaddr", &self.giaddr())
            .field("options", &fmt::from_fn(|f| f.debug_list().entries(self.options()).finish()))
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_errors_name_the_field() {
        assert_eq!(MessageRef::parse(&[0; 235]).err(), Some(ParseError::TooShort { len: 235 }));
        for hlen in [17, 128, 255] {
            let mut bytes = [0; FIXED];
            bytes[2] = hlen;
            assert_eq!(MessageRef::parse(&bytes).err(), Some(ParseError::HardwareLength { hlen }));
        }
    }
}
