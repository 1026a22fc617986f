//! The packets of RFC 1350 §5 and RFC 2347, as views over the received bytes.
//!
//! Parsing is total: every input gives a packet or a [`ParseError`] that names the field. File names and messages
//! are bytes, because nothing promises that they are text. It never looks at a transfer's state.

use crate::error_code::ErrorCode;
use crate::options::{Options, split_nul};

const RRQ: u16 = 1;
const WRQ: u16 = 2;
const DATA: u16 = 3;
const ACK: u16 = 4;
const ERROR: u16 = 5;
const OACK: u16 = 6;

/// One packet.
///
/// ```
/// use firstlight_tftp::Packet;
/// let packet = Packet::parse(b"\x00\x01pxelinux.0\0octet\0tsize\x000\0")?;
/// let Packet::Rrq(request) = packet else { unreachable!() };
/// assert_eq!(request.filename, b"pxelinux.0");
/// assert_eq!(request.options.get("tsize"), Some(&b"0"[..]));
/// # Ok::<(), firstlight_tftp::ParseError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Packet<'a> {
    /// A read request.
    Rrq(RequestRef<'a>),
    /// A write request.
    Wrq(RequestRef<'a>),
    /// A block of the file; shorter than the block size in the last packet.
    Data {
        /// The low 16 bits of the block's number, which starts at 1.
        block: u16,
        /// The bytes.
        data: &'a [u8],
    },
    /// An acknowledgement of this block and all before it.
    Ack {
        /// The low 16 bits of the block's number; 0 acknowledges an OACK.
        block: u16,
    },
    /// The end of a transfer, or the refusal of a request.
    Error {
        /// The code.
        code: ErrorCode,
        /// A text for a person.
        message: &'a [u8],
    },
    /// The options that the server grants.
    Oack(Options<'a>),
}

/// The body of a read or write request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RequestRef<'a> {
    /// The file name as it was sent; see [`crate::name::clean`].
    pub filename: &'a [u8],
    /// The mode as it was sent; see [`Mode::parse`].
    pub mode: &'a [u8],
    /// The options.
    pub options: Options<'a>,
}

/// The transfer modes of RFC 1350 §1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Bytes as they are.
    Octet,
    /// Text with CR LF line ends; a lone CR travels as CR NUL.
    Netascii,
    /// Mail to a user: obsolete, always refused.
    Mail,
}

impl Mode {
    /// The name in a request.
    #[must_use]
    pub const fn name(self) -> &'static [u8] {
        match self {
            Self::Octet => b"octet",
            Self::Netascii => b"netascii",
            Self::Mail => b"mail",
        }
    }

    /// The mode of that name, in any case.
    #[must_use]
    pub fn parse(name: &[u8]) -> Option<Self> {
        [Self::Octet, Self::Netascii, Self::Mail].into_iter().find(|mode| name.eq_ignore_ascii_case(mode.name()))
    }
}

/// Why bytes are not a packet. The sender is at fault in every case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// The packet ends before this field is complete.
    #[error("packet ends within the {field}")]
    Truncated {
        /// The field.
        field: &'static str,
    },
    /// The string of this field has no terminating NUL.
    #[error("{field} is not terminated")]
    Unterminated {
        /// The field.
        field: &'static str,
    },
    /// The opcode is none of 1 to 6.
    #[error("opcode {0} is unknown")]
    UnknownOpcode(u16),
}

impl<'a> Packet<'a> {
    /// Reads one datagram. Bytes after the end of an ACK or of an ERROR's message are dropped: some firmware
    /// pads its packets.
    ///
    /// # Errors
    /// When the bytes are no TFTP packet.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, ParseError> {
        let (opcode, body) = split_u16(bytes, "opcode")?;
        match opcode {
            RRQ => Ok(Self::Rrq(RequestRef::parse(body)?)),
            WRQ => Ok(Self::Wrq(RequestRef::parse(body)?)),
            DATA => {
                let (block, data) = split_u16(body, "block number")?;
                Ok(Self::Data { block, data })
            }
            ACK => {
                let (block, _) = split_u16(body, "block number")?;
                Ok(Self::Ack { block })
            }
            ERROR => {
                let (code, text) = split_u16(body, "error code")?;
                // A message without its NUL is still an ERROR, and must still end the transfer.
                let message = split_nul(text).map_or(text, |(message, _)| message);
                Ok(Self::Error { code: ErrorCode(code), message })
            }
            OACK => Ok(Self::Oack(Options::new(body))),
            other => Err(ParseError::UnknownOpcode(other)),
        }
    }

    /// Appends the packet. A string that contains a NUL ends there, as it would for its reader.
    pub fn emit(&self, out: &mut Vec<u8>) {
        match *self {
            Self::Rrq(request) => request.emit(RRQ, out),
            Self::Wrq(request) => request.emit(WRQ, out),
            Self::Data { block, data } => {
                put_u16(out, DATA);
                put_u16(out, block);
                out.extend_from_slice(data);
            }
            Self::Ack { block } => {
                put_u16(out, ACK);
                put_u16(out, block);
            }
            Self::Error { code, message } => {
                put_u16(out, ERROR);
                put_u16(out, code.0);
                put_string(out, message);
            }
            Self::Oack(options) => {
                put_u16(out, OACK);
                out.extend_from_slice(options.as_bytes());
            }
        }
    }

    /// The packet as new bytes.
    #[must_use]
    pub fn to_vec(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.emit(&mut out);
        out
    }
}

impl<'a> RequestRef<'a> {
    fn parse(body: &'a [u8]) -> Result<Self, ParseError> {
        let (filename, rest) = split_nul(body).ok_or(ParseError::Unterminated { field: "file name" })?;
        let (mode, rest) = split_nul(rest).ok_or(ParseError::Unterminated { field: "mode" })?;
        Ok(Self { filename, mode, options: Options::new(rest) })
    }

    fn emit(&self, opcode: u16, out: &mut Vec<u8>) {
        put_u16(out, opcode);
        put_string(out, self.filename);
        put_string(out, self.mode);
        out.extend_from_slice(self.options.as_bytes());
    }
}

/// The number of a block on the wire: it wraps from 65535 to 0.
pub(crate) const fn wire_number(block: u64) -> u16 {
    (block & 0xFFFF) as u16
}

/// Appends the header of a DATA packet; the caller appends the bytes.
pub(crate) fn put_data_header(out: &mut Vec<u8>, block: u16) {
    put_u16(out, DATA);
    put_u16(out, block);
}

fn put_u16(out: &mut Vec<u8>, value: u16) {
    out.extend_from_slice(&value.to_be_bytes());
}

fn put_string(out: &mut Vec<u8>, text: &[u8]) {
    out.extend(text.iter().take_while(|&&byte| byte != 0));
    out.push(0);
}

fn split_u16<'a>(bytes: &'a [u8], field: &'static str) -> Result<(u16, &'a [u8]), ParseError> {
    let (head, tail) = bytes.split_first_chunk::<2>().ok_or(ParseError::Truncated { field })?;
    Ok((u16::from_be_bytes(*head), tail))
}
