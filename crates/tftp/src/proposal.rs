//! The client's half of the negotiation: which options it asks for, and what it lets the server make of them.

use crate::negotiate::{BLOCK_SIZES, DEFAULT_BLOCK_SIZE, Negotiated};
use crate::options::{OptionRef, Options, OptionsBuf};

/// The options that a client asks for. What is `None` is not asked for, which means the default.
///
/// ```
/// use firstlight_tftp::{Options, Proposal};
/// let proposal = Proposal { block_size: Some(1468), window_size: Some(16), ..Proposal::default() };
/// assert_eq!(proposal.to_options().as_options().as_bytes(), b"blksize\x001468\0windowsize\x0016\0");
/// // The server has lowered the one and does not know the other.
/// let agreed = proposal.accept(Options::new(b"BLKSIZE\x001024\0"))?;
/// assert_eq!((agreed.block_size, agreed.window_size), (1024, 1));
/// # Ok::<(), firstlight_tftp::BadOack>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Proposal {
    /// Bytes per block (RFC 2348), 8 to 65464; other values are moved there.
    pub block_size: Option<u16>,
    /// Blocks per ACK (RFC 7440), 1 to 32767; other values are moved there. Above that old and new blocks cannot be
    /// told apart.
    pub window_size: Option<u16>,
    /// Seconds before the server sends again (RFC 2349), 1 to 255; 0 becomes 1. This side keeps to it as well.
    pub timeout: Option<u8>,
    /// The size of the file (RFC 2349): 0 in a read request, where the server's answer tells it; in a write request
    /// the bytes that will travel, for netascii see [`encoded_len`](crate::netascii::encoded_len).
    pub tsize: Option<u64>,
}

/// Why an OACK is not acceptable. The server is at fault in every case.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadOack {
    /// "The server must not include in the OACK any option which had not been specifically requested by the client"
    /// (RFC 2347).
    #[error("option {name} was not asked for")]
    NotAsked {
        /// The option, escaped.
        name: String,
    },
    /// The value is not a number, or larger than was asked for, or, for `timeout`, another.
    #[error("option {name} cannot have the value {value}")]
    BadValue {
        /// The option.
        name: &'static str,
        /// Its value, escaped.
        value: String,
    },
}

impl Proposal {
    /// The options of the request.
    #[must_use]
    pub fn to_options(&self) -> OptionsBuf {
        let mut options = OptionsBuf::new();
        for (name, value) in self.asked() {
            if let Some(value) = value {
                options.append(name.as_bytes(), value.to_string().as_bytes());
            }
        }
        options
    }

    /// What an OACK means. Options that it does not hold were not granted; of duplicates the first counts.
    ///
    /// # Errors
    /// When the OACK grants what was not asked for. Answer with ERROR 8 (RFC 2347).
    pub fn accept(&self, oack: Options<'_>) -> Result<Negotiated, BadOack> {
        let asked = self.asked();
        let mut granted = [None; 4];
        for option in oack.iter() {
            let found = asked.iter().zip(&mut granted).find(|((name, value), _)| option.is(name) && value.is_some());
            let Some((&(name, Some(most)), granted)) = found else {
                return Err(BadOack::NotAsked { name: option.name.escape_ascii().to_string() });
            };
            let value = acceptable(name, most, option)
                .ok_or_else(|| BadOack::BadValue { name, value: option.value.escape_ascii().to_string() })?;
            granted.get_or_insert(value);
        }
        let [block_size, window_size, timeout, tsize] = granted;
        let number = |value: Option<u64>| value.and_then(|value| u16::try_from(value).ok());
        Ok(Negotiated {
            block_size: number(block_size).unwrap_or(DEFAULT_BLOCK_SIZE),
            window_size: number(window_size).unwrap_or(1),
            timeout: timeout.and_then(|value| u8::try_from(value).ok()),
            tsize,
            oack: OptionsBuf::new(),
        })
    }

    fn asked(&self) -> [(&'static str, Option<u64>); 4] {
        let (smallest, largest) = (*BLOCK_SIZES.start(), *BLOCK_SIZES.end());
        [
            ("blksize", self.block_size.map(|size| u64::from(size.clamp(smallest, largest)))),
            ("windowsize", self.window_size.map(|size| u64::from(size.clamp(1, 32767)))),
            ("timeout", self.timeout.map(|seconds| u64::from(seconds.max(1)))),
            ("tsize", self.tsize),
        ]
    }
}

fn acceptable(name: &str, asked: u64, option: OptionRef<'_>) -> Option<u64> {
    let value = option.number()?;
    let good = match name {
        "blksize" => (u64::from(*BLOCK_SIZES.start())..=asked).contains(&value),
        "windowsize" => (1..=asked).contains(&value),
        "timeout" => value == asked,
        _ => true,
    };
    good.then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Proposal = Proposal { block_size: Some(1468), window_size: Some(16), timeout: Some(3), tsize: Some(0) };

    #[track_caller]
    fn accepted(oack: &[u8]) -> (u16, u16, Option<u8>, Option<u64>) {
        let agreed = ALL.accept(Options::new(oack)).unwrap();
        (agreed.block_size, agreed.window_size, agreed.timeout, agreed.tsize)
    }

    #[track_caller]
    fn refused(oack: &[u8], want: &str) {
        assert_eq!(ALL.accept(Options::new(oack)).unwrap_err().to_string(), want);
    }

    #[test]
    fn what_is_granted_counts_and_the_rest_is_the_default() {
        assert_eq!(accepted(b""), (512, 1, None, None));
        assert_eq!(accepted(b"tsize\x0099\0blksize\08\0"), (8, 1, None, Some(99)));
        assert_eq!(accepted(b"TIMEOUT\x003\0windowsize\x0016\0blksize\x001468\0"), (1468, 16, Some(3), None));
        assert_eq!(accepted(b"blksize\x001000\0blksize\x00900\0"), (1000, 1, None, None));
    }

    #[test]
    fn more_than_was_asked_for_is_refused() {
        refused(b"blksize\x001469\0", "option blksize cannot have the value 1469");
        refused(b"blksize\x007\0", "option blksize cannot have the value 7");
        refused(b"windowsize\x0017\0", "option windowsize cannot have the value 17");
        refused(b"windowsize\x000\0", "option windowsize cannot have the value 0");
        refused(b"timeout\x004\0", "option timeout cannot have the value 4");
        refused(b"tsize\0big\xff\0", "option tsize cannot have the value big\\xff");
        refused(b"multicast\0\0", "option multicast was not asked for");
        let modest = Proposal { tsize: None, ..ALL };
        assert!(modest.accept(Options::new(b"tsize\x001\0")).is_err());
    }

    #[test]
    fn what_is_asked_for_is_in_range() {
        let wild = Proposal { block_size: Some(1), window_size: Some(u16::MAX), timeout: Some(0), tsize: None };
        let options = wild.to_options();
        assert_eq!(options.as_options().as_bytes(), b"blksize\x008\0windowsize\x0032767\0timeout\x001\0");
    }
}
