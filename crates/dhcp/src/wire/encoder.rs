//! [`Encoder`]: a message written option by option into a buffer of the caller. It never allocates.
//!
//! RFC 2131 §2 (format), RFC 3396 (long options).

use core::{fmt, net::Ipv4Addr};

use super::{
    code::OpCode,
    hardware::HardwareAddress,
    option_code::OptionCode,
    options::{FILE, FIXED, SNAME},
    view::{COOKIE, MessageRef},
};

/// The fixed header and the cookie.
pub(crate) const HEADER: usize = FIXED + COOKIE.len();

/// Writes a message front to back: the header, then options in the order of the calls, then the end.
///
/// What RFC 2131 and relays want of the order is up to the caller: 53 first, 82 last. `Message::emit` sees to it.
///
/// ```
/// use firstlight_dhcp::{Encoder, MessageRef, MessageType, OpCode, OptionCode};
///
/// let mut buffer = [0; 576];
/// let mut encoder = Encoder::new(&mut buffer, OpCode::REQUEST, "52:54:00:12:34:56".parse()?, 0x1234)?.secs(4);
/// encoder.push(OptionCode::MESSAGE_TYPE, &[MessageType::DISCOVER.0])?;
/// encoder.push(OptionCode::PARAMETER_REQUEST_LIST, &[1, 3, 6])?;
/// let size = encoder.finish(300);
///
/// assert_eq!(size, 300);
/// assert_eq!(MessageRef::parse(&buffer[..size])?.message_type(), Some(MessageType::DISCOVER));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
#[derive(Debug)]
pub struct Encoder<'b> {
    header: &'b mut [u8; HEADER],
    options: &'b mut [u8],
    len: usize,
}

/// Why a message cannot be emitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EmitError {
    /// The options do not fit.
    TooLarge {
        /// What the message needs.
        size: usize,
        /// What the policy or the buffer allows.
        max: usize,
    },
}

/// A name is too long for `sname` or `file`, which end with a NUL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldTooLong {
    field: &'static str,
    max: usize,
    len: usize,
}

impl<'b> Encoder<'b> {
    /// A message with zeroes in the fields of the header that are not given here.
    ///
    /// # Errors
    /// The buffer is shorter than an empty message: 241 bytes.
    pub fn new(buffer: &'b mut [u8], op: OpCode, client: HardwareAddress, xid: u32) -> Result<Self, EmitError> {
        let max = buffer.len();
        let Some((header, options @ [_, ..])) = buffer.split_first_chunk_mut::<HEADER>() else {
            return Err(EmitError::TooLarge { size: HEADER + 1, max });
        };
        *header = [0; HEADER];
        [header[0], header[1], header[2]] = [op.0, client.htype(), client.hlen()];
        header[4..8].copy_from_slice(&xid.to_be_bytes());
        header[28..44].copy_from_slice(client.padded());
        header[FIXED..].copy_from_slice(&COOKIE);
        Ok(Self { header, options, len: 0 })
    }

    /// A reply with the fields that a server takes over from the request (RFC 2131 §4.3.1, table 3): `htype`, `hlen`,
    /// `chaddr`, `xid`, `flags` and `giaddr`.
    ///
    /// # Errors
    /// The buffer is shorter than an empty message: 241 bytes.
    pub fn reply_to(buffer: &'b mut [u8], request: &MessageRef<'_>) -> Result<Self, EmitError> {
        let encoder = Self::new(buffer, OpCode::REPLY, request.hardware_address(), request.xid())?;
        Ok(encoder.flags(request.flags()).giaddr(request.giaddr()))
    }

    /// How many relays the message has crossed.
    pub fn hops(self, hops: u8) -> Self {
        self.header[3] = hops;
        self
    }

    /// Seconds since the client began.
    pub fn secs(self, secs: u16) -> Self {
        self.header[8..10].copy_from_slice(&secs.to_be_bytes());
        self
    }

    /// The flags word; `0x8000` asks for broadcast replies.
    pub fn flags(self, flags: u16) -> Self {
        self.header[10..12].copy_from_slice(&flags.to_be_bytes());
        self
    }

    /// The address that the client has.
    pub fn ciaddr(self, address: Ipv4Addr) -> Self {
        self.header[12..16].copy_from_slice(&address.octets());
        self
    }

    /// The address that the client is given.
    pub fn yiaddr(self, address: Ipv4Addr) -> Self {
        self.header[16..20].copy_from_slice(&address.octets());
        self
    }

    /// The server of the next boot step.
    pub fn siaddr(self, address: Ipv4Addr) -> Self {
        self.header[20..24].copy_from_slice(&address.octets());
        self
    }

    /// The relay.
    pub fn giaddr(self, address: Ipv4Addr) -> Self {
        self.header[24..28].copy_from_slice(&address.octets());
        self
    }

    /// Puts a name into `sname`; a NUL follows it.
    ///
    /// # Errors
    /// The name has more than 63 bytes.
    pub fn sname(self, name: &[u8]) -> Result<Self, FieldTooLong> {
        fill("sname", &mut self.header[SNAME], name)?;
        Ok(self)
    }

    /// Puts a name into `file`; a NUL follows it.
    ///
    /// # Errors
    /// The name has more than 127 bytes.
    pub fn file(self, name: &[u8]) -> Result<Self, FieldTooLong> {
        fill("file", &mut self.header[FILE], name)?;
        Ok(self)
    }

    /// Appends an option, in pieces if it has more than 255 bytes (RFC 3396). Pad and end are no options and are left
    /// out.
    ///
    /// # Errors
    /// The buffer has no room for the option and the end; the message is as it was.
    pub fn push(&mut self, code: OptionCode, value: &[u8]) -> Result<(), EmitError> {
        if matches!(code, OptionCode::PAD | OptionCode::END) {
            return Ok(());
        }
        let pieces = value.len().div_ceil(255).max(1);
        let len = self.len + 2 * pieces + value.len();
        let free = self.options.len();
        let Some(mut room) = self.options.get_mut(self.len..len).filter(|_| len < free) else {
            return Err(self.too_large(len));
        };
        self.len = len;
        for index in 0..pieces {
            let piece = value.get(index * 255..).unwrap_or_default();
            let piece = piece.get(..255).unwrap_or(piece);
            let Some((to, rest)) = room.split_at_mut_checked(2 + piece.len()) else { break };
            put_piece(to, code, piece);
            room = rest;
        }
        Ok(())
    }

    /// Writes the end and fills the message with zeroes up to `min_size`, or to the buffer's size if that is less.
    /// Gives the message's size.
    #[must_use]
    pub fn finish(self, min_size: usize) -> usize {
        let size = self.len + 1;
        let padded = size.max(min_size.saturating_sub(HEADER)).min(self.options.len());
        // `push` keeps a byte for the end.
        if let Some([end, padding @ ..]) = self.options.get_mut(self.len..padded) {
            *end = OptionCode::END.0;
            padding.fill(0);
        }
        HEADER + padded
    }

    /// Both fields for names as they are.
    #[cfg(feature = "alloc")]
    pub(crate) fn names(self, sname: &[u8; 64], file: &[u8; 128]) -> Self {
        self.header[SNAME].copy_from_slice(sname);
        self.header[FILE].copy_from_slice(file);
        self
    }

    /// Appends options that are in the format of the wire already.
    #[cfg(feature = "alloc")]
    pub(crate) fn push_records(&mut self, records: &[u8]) -> Result<(), EmitError> {
        let len = self.len + records.len();
        let free = self.options.len();
        let Some(room) = self.options.get_mut(self.len..len).filter(|_| len < free) else {
            return Err(self.too_large(len));
        };
        room.copy_from_slice(records);
        self.len = len;
        Ok(())
    }

    /// `sname`, `file` and the option field, to write into them directly.
    #[cfg(feature = "alloc")]
    pub(crate) fn fields(self) -> Option<[&'b mut [u8]; 3]> {
        let [sname, file] = self.header.get_disjoint_mut([SNAME, FILE]).ok()?;
        Some([sname, file, self.options])
    }

    /// What a message with options of `len` bytes lacks.
    fn too_large(&self, len: usize) -> EmitError {
        EmitError::TooLarge { size: HEADER + len + 1, max: HEADER + self.options.len() }
    }
}

impl fmt::Display for EmitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { size, max } => {
                write!(f, "message of {size} bytes is larger than the {max} bytes that its receiver takes")
            }
        }
    }
}

impl core::error::Error for EmitError {}

impl fmt::Display for FieldTooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} takes at most {} bytes, not {}", self.field, self.max, self.len)
    }
}

impl core::error::Error for FieldTooLong {}

/// Writes a name and zeroes behind it, at least one.
pub(crate) fn fill(field: &'static str, to: &mut [u8], name: &[u8]) -> Result<(), FieldTooLong> {
    let max = to.len().saturating_sub(1);
    if name.len() > max {
        return Err(FieldTooLong { field, max, len: name.len() });
    }
    to.fill(0);
    to.iter_mut().zip(name).for_each(|(to, from)| *to = *from);
    Ok(())
}

/// Writes an option of at most 255 bytes to where it fits exactly.
pub(crate) fn put_piece(to: &mut [u8], code: OptionCode, piece: &[u8]) {
    if let ([to_code, to_len, to @ ..], Ok(len)) = (to, u8::try_from(piece.len())) {
        [*to_code, *to_len] = [code.0, len];
        to.copy_from_slice(piece);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoder(buffer: &mut [u8]) -> Result<Encoder<'_>, EmitError> {
        Encoder::new(buffer, OpCode::REQUEST, HardwareAddress::ethernet([2, 0, 0, 0, 0, 1]), 7)
    }

    #[test]
    fn every_field_is_at_its_place() {
        let mut buffer = [0xee; 400];
        let address = |last| Ipv4Addr::new(10, 0, 0, last);
        let encoder = encoder(&mut buffer).unwrap().hops(1).secs(2).flags(0x8000);
        let encoder = encoder.ciaddr(address(1)).yiaddr(address(2)).siaddr(address(3)).giaddr(address(4));
        let size = encoder.sname(b"s").unwrap().file(b"f").unwrap().finish(300);
        let view = MessageRef::parse(&buffer[..size]).unwrap();
        assert_eq!((size, view.xid(), view.hops(), view.secs(), view.flags()), (300, 7, 1, 2, 0x8000));
        assert_eq!([view.ciaddr(), view.yiaddr(), view.siaddr(), view.giaddr()], [1, 2, 3, 4].map(address));
        assert_eq!((view.hardware_address().to_string(), view.op()), ("02:00:00:00:00:01".into(), OpCode::REQUEST));
        assert_eq!((&view.sname()[..2], &view.file()[..2]), (&b"s\0"[..], &b"f\0"[..]));
        assert_eq!(buffer[241..300], [0; 59]);
        assert_eq!(buffer[300..], [0xee; 100]);
    }

    #[test]
    fn what_does_not_fit_is_refused_and_leaves_no_trace() {
        assert_eq!(encoder(&mut [0; 240]).unwrap_err(), EmitError::TooLarge { size: 241, max: 240 });
        let mut buffer = [0; 250];
        let mut encoder = encoder(&mut buffer).unwrap();
        encoder.push(OptionCode(12), b"abc").unwrap();
        let error = encoder.push(OptionCode(15), b"def").unwrap_err();
        assert_eq!(error, EmitError::TooLarge { size: 251, max: 250 });
        encoder.push(OptionCode(15), b"de").unwrap();
        assert_eq!(encoder.finish(300), 250);
        assert_eq!(buffer[240..], [12, 3, b'a', b'b', b'c', 15, 2, b'd', b'e', 255]);
    }

    /// RFC 3396 §6: "No split portion of an option that has been split can contain more than 255 octets."
    #[test]
    fn long_options_are_split() {
        for (len, expect) in
            [(0, &[0][..]), (255, &[255]), (256, &[255, 1]), (510, &[255, 255]), (600, &[255, 255, 90])]
        {
            let value: Vec<u8> = (0..len).map(|i| i as u8).collect();
            let mut buffer = [0; 1000];
            let mut encoder = encoder(&mut buffer).unwrap();
            encoder.push(OptionCode(43), &value).unwrap();
            let size = encoder.finish(0);
            let view = MessageRef::parse(&buffer[..size]).unwrap();
            assert!(view.pieces(OptionCode(43)).map(<[u8]>::len).eq(expect.iter().copied()), "{len}");
            assert_eq!(view.get(OptionCode(43)).as_deref(), Some(&value[..]));
        }
    }

    #[test]
    fn names_leave_room_for_the_nul() {
        let mut buffer = [0; 241];
        let encoder = encoder(&mut buffer).unwrap().file(&[b'x'; 127]).unwrap().sname(&[b'y'; 63]).unwrap();
        assert_eq!(encoder.sname(&[b'y'; 64]).unwrap_err().to_string(), "sname takes at most 63 bytes, not 64");
    }
}
