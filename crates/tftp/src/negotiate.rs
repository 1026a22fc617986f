//! Option negotiation: RFC 2347 (how), 2348 (`blksize`), 2349 (`timeout`, `tsize`), 7440 (`windowsize`).
//!
//! The answer holds only what was asked for, in the order of the request, in lower case, and never a larger value
//! than was asked for. A bad value is left out, which means the default; of duplicates the first counts. Nothing is
//! allocated here: the caps are applied before anybody sizes a buffer by them.

use crate::options::{OptionRef, Options, OptionsBuf};
use crate::packet::Packet;

/// The block size without negotiation (RFC 1350 §2).
pub const DEFAULT_BLOCK_SIZE: u16 = 512;
/// The block sizes that RFC 2348 allows.
pub const BLOCK_SIZES: std::ops::RangeInclusive<u16> = 8..=65464;

/// What the server is willing to grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The largest `blksize`. A block that does not fit the path's MTU is fragmented, and firmware often cannot put
    /// it together again: the default 1468 is Ethernet's 1500 less the headers of IPv4, UDP and TFTP.
    pub block_size: u16,
    /// The largest `windowsize`. Above 32767 an old ACK can no longer be told from a new one.
    pub window_size: u16,
    /// The largest window in bytes, by which `windowsize` is lowered when the blocks are large.
    pub window_bytes: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { block_size: 1468, window_size: 8192, window_bytes: 4 << 20 }
    }
}

/// The parameters of a transfer and the OACK that announces them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Negotiated {
    /// Bytes per block.
    pub block_size: u16,
    /// Blocks per acknowledgement.
    pub window_size: u16,
    /// Seconds before a retransmission, when the peer asked for a number.
    pub timeout: Option<u8>,
    /// The size of the file as the sender told it.
    pub tsize: Option<u64>,
    /// The body of the OACK. Empty: no OACK, the transfer begins with the first block, or with ACK 0.
    pub oack: OptionsBuf,
}

impl Default for Negotiated {
    /// The parameters of a request without options.
    fn default() -> Self {
        Self { block_size: DEFAULT_BLOCK_SIZE, window_size: 1, timeout: None, tsize: None, oack: OptionsBuf::new() }
    }
}

/// Decides on the options of a read request. `size` is the number of bytes that will travel, if it is known.
///
/// ```
/// use firstlight_tftp::{Limits, Options, negotiate};
/// let asked = Options::new(b"BlkSize\x0065464\0tsize\x000\0multicast\0\0");
/// let agreed = negotiate(asked, &Limits::default(), Some(70_000));
/// assert_eq!(agreed.block_size, 1468);
/// assert_eq!(agreed.oack.as_options().as_bytes(), b"blksize\x001468\0tsize\x0070000\0");
/// ```
#[must_use]
pub fn negotiate(asked: Options<'_>, limits: &Limits, size: Option<u64>) -> Negotiated {
    decide(asked, limits, |_| size)
}

/// Decides on the options of a write request. The size in it is the client's word (RFC 2349) and echoed: look at
/// [`Negotiated::tsize`] before accepting a file that has no room.
///
/// ```
/// use firstlight_tftp::{Limits, Options, negotiate_write};
/// let agreed = negotiate_write(Options::new(b"tsize\x0070000\0"), &Limits::default());
/// assert_eq!(agreed.tsize, Some(70_000));
/// assert_eq!(agreed.oack.as_options().as_bytes(), b"tsize\x0070000\0");
/// ```
#[must_use]
pub fn negotiate_write(asked: Options<'_>, limits: &Limits) -> Negotiated {
    decide(asked, limits, Some)
}

/// `size` turns the number of the option `tsize` into the answer.
fn decide(asked: Options<'_>, limits: &Limits, size: impl Fn(u64) -> Option<u64>) -> Negotiated {
    let mut agreed =
        Negotiated { block_size: block_size(asked, limits).unwrap_or(DEFAULT_BLOCK_SIZE), ..Negotiated::default() };
    // The window depends on the block size wherever the two stand in the request, so that comes first.
    let mut seen = [false; 4];
    for option in asked.iter() {
        let Some(known) = KNOWN.iter().position(|name| option.is(name)) else { continue };
        if let Some(first) = seen.get_mut(known)
            && !std::mem::replace(first, true)
        {
            agreed.grant(option, limits, &size);
        }
    }
    agreed
}

const KNOWN: [&str; 4] = ["blksize", "timeout", "tsize", "windowsize"];

fn block_size(asked: Options<'_>, limits: &Limits) -> Option<u16> {
    let option = asked.iter().find(|option| option.is("blksize"))?;
    let value = u16::try_from(option.number()?).ok().filter(|value| BLOCK_SIZES.contains(value))?;
    Some(value.min(limits.block_size.max(*BLOCK_SIZES.start())))
}

impl Negotiated {
    /// The OACK, if there is anything to tell.
    pub(crate) fn to_oack(&self) -> Option<Vec<u8>> {
        let options = self.oack.as_options();
        (!options.is_empty()).then(|| Packet::Oack(options).to_vec())
    }

    fn grant(&mut self, option: OptionRef<'_>, limits: &Limits, size: impl Fn(u64) -> Option<u64>) {
        let Some(number) = option.number() else { return };
        if option.is("blksize") {
            if u16::try_from(number).is_ok_and(|value| BLOCK_SIZES.contains(&value)) {
                self.oack.append(b"blksize", self.block_size.to_string().as_bytes());
            }
        } else if option.is("timeout") {
            // U-Boot gives up on any other value than its own, so the bytes are echoed as they came.
            if let Some(seconds) = u8::try_from(number).ok().filter(|&seconds| seconds > 0) {
                self.timeout = Some(seconds);
                self.oack.append(b"timeout", option.value);
            }
        } else if option.is("tsize") {
            // A size of 0 in an OACK makes curl fail, and the first block says it as well.
            if let Some(size) = size(number).filter(|&size| size > 0) {
                self.tsize = Some(size);
                self.oack.append(b"tsize", size.to_string().as_bytes());
            }
        } else if option.is("windowsize")
            && let Some(asked) = u16::try_from(number).ok().filter(|&asked| asked > 0)
        {
            let fitting = limits.window_bytes / u32::from(self.block_size.max(1));
            let fitting = u16::try_from(fitting).unwrap_or(u16::MAX);
            self.window_size = asked.min(limits.window_size).min(fitting).max(1);
            self.oack.append(b"windowsize", self.window_size.to_string().as_bytes());
        }
    }
}
