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

#[cfg(feature = "alloc")]
use alloc::borrow::Cow;
use core::{fmt, net::Ipv4Addr, ops::Range};

use super::{
    code::{MessageType, OpCode},
    hardware::HardwareAddress,
    option_code::OptionCode,
    options::{Options, Step, step},
};

pub(crate) const FIXED: usize = 236;
pub(crate) const COOKIE: [u8; 4] = [99, 130, 83, 99];
const SNAME: Range<usize> = 44..108;
const FILE: Range<usize> = 108..236;

/// A received message, checked once and then read in place.
///
/// What is checked: the fixed header is there and `hlen` is at most 16. What is tolerated: a missing cookie (BOOTP;
/// the message then has no options), a missing end option, bytes after the end, and a last option that is cut off
/// ([`MessageRef::truncated_option`] names it; the ones before it are read).
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
    // Empty for a message without the cookie.
    options: &'a [u8],
    cookie: bool,
    overload: u8,
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
    pub fn parse(bytes: &'a [u8]) -> Result<Self, ParseError> {
        let Some((header, rest)) = bytes.split_first_chunk::<FIXED>() else {
            return Err(ParseError::TooShort { len: bytes.len() });
        };
        let hlen = header[2];
        if hlen > 16 {
            return Err(ParseError::HardwareLength { hlen });
        }
        let options = rest.strip_prefix(&COOKIE);
        let mut message = Self { header, options: options.unwrap_or_default(), cookie: options.is_some(), overload: 0 };
        message.overload = match message.first(OptionCode::OVERLOAD) {
            Some(&[value @ 1..=3]) => value,
            _ => 0,
        };
        Ok(message)
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

    /// Whether the message has DHCP's cookie, and so may have options.
    #[must_use]
    pub const fn has_cookie(&self) -> bool {
        self.cookie
    }

    /// Whether `file` holds options (RFC 2131 §4.1).
    #[must_use]
    pub const fn file_is_overloaded(&self) -> bool {
        self.overload & 1 != 0
    }

    /// Whether `sname` holds options (RFC 2131 §4.1).
    #[must_use]
    pub const fn sname_is_overloaded(&self) -> bool {
        self.overload & 2 != 0
    }

    /// The raw options in wire order, without pad and end: the option field, then `file`, then `sname` where option
    /// 52 says so. A 52 inside an overloaded field is an option without effect.
    #[must_use]
    pub fn options(&self) -> Options<'a> {
        let file = if self.file_is_overloaded() { self.file() } else { &[] };
        let sname = if self.sname_is_overloaded() { self.sname() } else { &[] };
        Options::new(self.options, file, sname)
    }

    /// The value of an option; pieces are joined (RFC 3396), which is the only case that copies.
    #[cfg(feature = "alloc")]
    #[must_use]
    pub fn get(&self, code: OptionCode) -> Option<Cow<'a, [u8]>> {
        join(self.options(), code)
    }

    /// The first piece of an option: what to use for an option of fixed size, whose repetition is a mistake and not
    /// a continuation.
    #[must_use]
    pub fn first(&self, code: OptionCode) -> Option<&'a [u8]> {
        self.options().find_map(|(found, value)| (found == code).then_some(value))
    }

    /// Option 53; `None` in a BOOTP message, or if the option is empty.
    #[must_use]
    pub fn message_type(&self) -> Option<MessageType> {
        self.first(OptionCode::MESSAGE_TYPE)?.first().copied().map(MessageType)
    }

    /// The option that ends outside the option field, if one does.
    #[must_use]
    pub fn truncated_option(&self) -> Option<OptionCode> {
        let mut area = self.options;
        loop {
            match step(area) {
                Step::Option(_, _, rest) => area = rest,
                Step::End => return None,
                Step::Truncated(code) => return Some(code),
            }
        }
    }

    /// An option of exactly four bytes as an address.
    #[cfg(feature = "std")]
    pub(crate) fn ipv4(&self, code: OptionCode) -> Option<Ipv4Addr> {
        <[u8; 4]>::try_from(self.first(code)?).ok().map(Ipv4Addr::from)
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

/// Joins the pieces of one option (RFC 3396 §5: in the order of their appearance, adjacent or not).
#[cfg(feature = "alloc")]
pub(crate) fn join<'a>(
    options: impl Iterator<Item = (OptionCode, &'a [u8])>,
    code: OptionCode,
) -> Option<Cow<'a, [u8]>> {
    let mut joined: Option<Cow<'a, [u8]>> = None;
    for (_, value) in options.filter(|(found, _)| *found == code) {
        match &mut joined {
            None => joined = Some(Cow::Borrowed(value)),
            Some(before) => before.to_mut().extend_from_slice(value),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_options(options: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; FIXED];
        bytes[0] = 1;
        bytes[1] = 1;
        bytes[2] = 6;
        bytes.extend_from_slice(&COOKIE);
        bytes.extend_from_slice(options);
        bytes
    }

    #[test]
    fn header_errors_name_the_field() {
        assert_eq!(MessageRef::parse(&[0; 235]).err(), Some(ParseError::TooShort { len: 235 }));
        for hlen in [17, 128, 255] {
            let mut bytes = with_options(&[]);
            bytes[2] = hlen;
            assert_eq!(MessageRef::parse(&bytes).err(), Some(ParseError::HardwareLength { hlen }));
        }
    }

    #[test]
    fn a_message_without_cookie_has_no_options() {
        let mut bytes = vec![0; FIXED];
        bytes.extend_from_slice(&[53, 1, 1, 255, 0, 0]);
        let message = MessageRef::parse(&bytes).unwrap();
        assert_eq!((message.has_cookie(), message.message_type()), (false, None));
    }

    #[test]
    fn split_options_are_joined_when_not_adjacent() {
        let bytes = with_options(&[12, 2, b'a', b'b', 53, 1, 3, 12, 1, b'c', 255]);
        let message = MessageRef::parse(&bytes).unwrap();
        assert_eq!(message.get(OptionCode::HOST_NAME).as_deref(), Some(&b"abc"[..]));
        assert!(matches!(message.get(OptionCode::MESSAGE_TYPE), Some(Cow::Borrowed([3]))));
        assert_eq!(message.get(OptionCode::ROUTERS), None);
    }

    #[test]
    fn overload_reads_file_then_sname_and_does_not_loop() {
        let mut bytes = with_options(&[52, 1, 3, 255]);
        bytes[108..118].copy_from_slice(&[52, 1, 3, 67, 1, b'f', 255, 0, 0, 0]);
        bytes[44..48].copy_from_slice(&[66, 1, b's', 255]);
        let message = MessageRef::parse(&bytes).unwrap();
        let codes: Vec<u8> = message.options().map(|(code, _)| code.0).collect();
        assert_eq!(codes, [52, 52, 67, 66]);
    }

    #[test]
    fn a_bad_overload_value_opens_nothing() {
        for value in [&[52, 1, 0][..], &[52, 1, 4], &[52, 2, 1, 1], &[52, 0]] {
            let mut bytes = with_options(value);
            bytes[108..111].copy_from_slice(&[67, 1, b'f']);
            assert_eq!(MessageRef::parse(&bytes).unwrap().get(OptionCode::BOOT_FILE_NAME), None);
        }
    }

    #[test]
    fn a_cut_option_is_named_and_the_others_are_read() {
        let bytes = with_options(&[53, 1, 1, 12, 9, b'x']);
        let message = MessageRef::parse(&bytes).unwrap();
        assert_eq!(message.message_type(), Some(MessageType::DISCOVER));
        assert_eq!(message.truncated_option(), Some(OptionCode::HOST_NAME));
    }

    #[test]
    fn duplicated_and_empty_types() {
        let message_type = |options: &[u8]| MessageRef::parse(&with_options(options)).unwrap().message_type();
        assert_eq!(message_type(&[53, 1, 3, 53, 1, 1]), Some(MessageType::REQUEST));
        assert_eq!(message_type(&[53, 0]), None);
    }
}
