//! The option list at the end of RRQ, WRQ and OACK (RFC 2347): pairs of NUL-terminated strings.
//!
//! The list is kept as it came: unknown options, duplicates and their order survive a round trip. A pair that
//! lacks its terminator spoils only itself: the iterator ends before it.

use std::fmt;

/// A borrowed option list.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Options<'a> {
    raw: &'a [u8],
}

/// One option: name and value, without their terminators.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct OptionRef<'a> {
    /// The name; compared without regard to case (RFC 2347).
    pub name: &'a [u8],
    /// The value, for the known options a decimal number in ASCII.
    pub value: &'a [u8],
}

/// An owned option list.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct OptionsBuf {
    raw: Vec<u8>,
}

/// A NUL in the name or value of an option that was to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("option name or value contains a NUL")]
pub struct ContainsNul;

impl<'a> Options<'a> {
    /// A view over the bytes that follow the mode of a request, or the opcode of an OACK.
    #[must_use]
    pub const fn new(raw: &'a [u8]) -> Self {
        Self { raw }
    }

    /// The bytes as they came.
    #[must_use]
    pub const fn as_bytes(self) -> &'a [u8] {
        self.raw
    }

    /// Whether there is no complete option.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.iter().next().is_none()
    }

    /// The complete options in the order of the packet.
    pub fn iter(self) -> impl Iterator<Item = OptionRef<'a>> + Clone {
        let mut rest = self.raw;
        std::iter::from_fn(move || {
            let (name, after) = split_nul(rest)?;
            let (value, after) = split_nul(after)?;
            rest = after;
            Some(OptionRef { name, value })
        })
    }

    /// The value of the first option of that name, in any case.
    ///
    /// ```
    /// use firstlight_tftp::Options;
    /// let options = Options::new(b"BLKSIZE\x001432\0tsize\x000\0");
    /// assert_eq!(options.get("blksize"), Some(&b"1432"[..]));
    /// ```
    #[must_use]
    pub fn get(self, name: &str) -> Option<&'a [u8]> {
        self.iter().find(|option| option.is(name)).map(|option| option.value)
    }

    /// An owned copy.
    #[must_use]
    pub fn to_buf(self) -> OptionsBuf {
        OptionsBuf { raw: self.raw.to_vec() }
    }
}

impl<'a> OptionRef<'a> {
    /// Whether this is the option of that name, in any case.
    #[must_use]
    pub fn is(self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }

    /// The value as a decimal number: digits only, as all known options want it.
    #[must_use]
    pub fn number(self) -> Option<u64> {
        let digits = std::str::from_utf8(self.value).ok()?;
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None; // `parse` alone would take a leading plus
        }
        digits.parse().ok()
    }
}

impl OptionsBuf {
    /// An empty list.
    #[must_use]
    pub const fn new() -> Self {
        Self { raw: Vec::new() }
    }

    /// Appends an option.
    ///
    /// # Errors
    /// When the name or the value contains a NUL, which would end it early on the wire.
    pub fn push(&mut self, name: &[u8], value: &[u8]) -> Result<(), ContainsNul> {
        if name.contains(&0) || value.contains(&0) {
            return Err(ContainsNul);
        }
        self.append(name, value);
        Ok(())
    }

    /// Appends an option whose bytes are known to hold no NUL.
    pub(crate) fn append(&mut self, name: &[u8], value: &[u8]) {
        for part in [name, value] {
            self.raw.extend_from_slice(part);
            self.raw.push(0);
        }
    }

    /// The list as a view.
    #[must_use]
    pub fn as_options(&self) -> Options<'_> {
        Options::new(&self.raw)
    }
}

/// Splits at the first NUL, which belongs to neither part.
pub(crate) fn split_nul(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = bytes.iter().position(|&byte| byte == 0)?;
    let (head, tail) = bytes.split_at(at);
    Some((head, tail.get(1..)?))
}

impl fmt::Debug for Options<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl fmt::Debug for OptionsBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_options().fmt(f)
    }
}

impl fmt::Debug for OptionRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.name.escape_ascii(), self.value.escape_ascii())
    }
}
