//! Domain names as RFC 1035 §3.1 and §4.1.4 write them.

#[cfg(feature = "alloc")]
use alloc::vec::Vec;
use core::fmt::{self, Write as _};

use super::{
    describe::{Describe, Printer, Written},
    error::OptionError,
    list::List,
    reader::Reader,
    shape::Format,
};
use crate::OptionCode;

/// A complete domain name.
///
/// In a list of names (RFC 3397) it may end in a pointer to a part of a name before it. A pointer has to lead to a place
/// before the part that it ends, and a name has at most 255 bytes and [`MAX_POINTERS`] pointers, so that no name is read
/// for ever.
///
/// ```
/// use firstlight_dhcp::option::{DomainSearch, TypedOption};
///
/// let search = DomainSearch::parse(b"\x03eng\x05apple\x03com\x00\x09marketing\xc0\x04")?;
/// assert_eq!(search.to_string(), "eng.apple.com, marketing.apple.com");
/// assert!(DomainSearch::parse(b"\x03eng\xc0\x00").is_err());
/// # Ok::<(), firstlight_dhcp::OptionError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Name<'a> {
    // Pointers count from its start.
    bytes: &'a [u8],
    at: usize,
}

/// Names, at least one.
pub type Names<'a> = List<'a, Name<'a>>;

/// How many pointers a name may go through.
pub const MAX_POINTERS: usize = 64;

const MAX_LEN: usize = 255;

impl<'a> Name<'a> {
    /// The labels from the left, without the root.
    pub fn labels(self) -> impl Iterator<Item = &'a [u8]> + Clone {
        let mut walk = Walk::new(Reader::new(OptionCode::PAD, self.bytes), self.at);
        core::iter::from_fn(move || walk.label().ok().flatten())
    }

    /// Writes a name given as text, such as `example.com`, with or without a dot at the end. Nothing is written if a
    /// label is empty or longer than 63 bytes, or the name is too long; the answer is then `None`.
    #[cfg(feature = "alloc")]
    pub fn encode(text: &str, value: &mut Vec<u8>) -> Option<()> {
        let text = text.strip_suffix('.').unwrap_or(text);
        if text.len() + 2 > MAX_LEN || text.split('.').any(|label| label.is_empty() || label.len() > 63) {
            return None;
        }
        for label in text.split('.') {
            value.push(u8::try_from(label.len()).ok()?);
            value.extend_from_slice(label.as_bytes());
        }
        value.push(0);
        Some(())
    }
}

impl<'a> Format<'a> for Name<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, OptionError> {
        reader.at_least(1)?;
        let name = Self { bytes: reader.all(), at: reader.at() };
        let mut walk = Walk::new(*reader, name.at);
        while walk.label()?.is_some() {}
        reader.skip_to(walk.after.unwrap_or(walk.at));
        Ok(name)
    }

    #[cfg(feature = "alloc")]
    fn emit(&self, value: &mut Vec<u8>) {
        for label in self.labels() {
            value.push(u8::try_from(label.len()).unwrap_or(0));
            value.extend_from_slice(label);
        }
        value.push(0);
    }
}

impl Describe for Name<'_> {
    fn describe(&self, out: &mut dyn Printer) -> Written {
        out.text(self)
    }
}

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.labels().next().is_none() {
            return f.write_str(".");
        }
        join(f, self.labels())
    }
}

/// Prints labels with dots between them; a dot inside a label and what is not printable is escaped as RFC 1035 §5.1
/// does.
pub(crate) fn join<'a>(f: &mut fmt::Formatter<'_>, labels: impl Iterator<Item = &'a [u8]>) -> fmt::Result {
    for (index, label) in labels.enumerate() {
        if index > 0 {
            f.write_char('.')?;
        }
        for byte in label {
            match byte {
                b'.' | b'\\' => write!(f, "\\{}", char::from(*byte))?,
                b'!'..=b'~' => f.write_char(char::from(*byte))?,
                _ => write!(f, "\\{byte:03}")?,
            }
        }
    }
    Ok(())
}

/// A walk over the labels of one name.
#[derive(Clone)]
struct Walk<'a> {
    reader: Reader<'a>,
    at: usize,
    /// Where the part that is being read begins: a pointer has to lead before it.
    part: usize,
    /// Where the name ends that is not followed through its first pointer.
    after: Option<usize>,
    len: usize,
    pointers: usize,
}

impl<'a> Walk<'a> {
    const fn new(reader: Reader<'a>, at: usize) -> Self {
        Self { reader, at, part: at, after: None, len: 0, pointers: 0 }
    }

    /// The next label, or `None` behind the root.
    fn label(&mut self) -> Result<Option<&'a [u8]>, OptionError> {
        loop {
            self.reader.skip_to(self.at);
            let len = self.reader.u8("domain name")?;
            match len {
                0 => {
                    self.at = self.reader.at();
                    return Ok(None);
                }
                1..=63 => {
                    let label = self.reader.take("label", len.into())?;
                    self.len += 1 + label.len();
                    if self.len >= MAX_LEN {
                        return Err(self.wrong("domain name length", "at most 255", self.len + 1));
                    }
                    self.at = self.reader.at();
                    return Ok(Some(label));
                }
                0xc0.. => self.follow(len)?,
                _ => return Err(self.wrong("label length", "at most 63", len.into())),
            }
        }
    }

    fn follow(&mut self, high: u8) -> Result<(), OptionError> {
        let low = self.reader.u8("compression pointer")?;
        let target = usize::from(u16::from_be_bytes([high & 0x3f, low]));
        self.after.get_or_insert(self.reader.at());
        self.pointers += 1;
        if target >= self.part {
            return Err(self.wrong("compression pointer", "a place before the name", target));
        }
        if self.pointers > MAX_POINTERS {
            return Err(self.wrong("number of compression pointers", "at most 64", self.pointers));
        }
        (self.at, self.part) = (target, target);
        Ok(())
    }

    fn wrong(&self, field: &'static str, expected: &'static str, found: usize) -> OptionError {
        self.reader.wrong_value(field, expected, u32::try_from(found).unwrap_or(u32::MAX))
    }
}

typed! { Names<'a>;
    /// Broadcast and multicast service controllers by name (RFC 4280 §4.1).
    BcmcsDomains = BCMCS_DOMAINS;
    /// Domain search list (RFC 3397).
    DomainSearch = DOMAIN_SEARCH;
    /// Domains where a SIP phone finds its configuration (RFC 6011 §5).
    SipUaDomains = SIP_UA_DOMAINS;
}

typed! { Name<'a>;
    /// The domain name of the LoST server (RFC 5223 §3).
    LostServer = LOST_SERVER;
    /// The name of the DOTS agent (RFC 8973 §5.1).
    DotsAgent = DOTS_AGENT;
    /// The access network's domain, for location information (RFC 5986 §3.1).
    AccessDomain = ACCESS_DOMAIN;
}
