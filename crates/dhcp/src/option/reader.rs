//! Taking fields off the front of an option's bytes.

use core::net::Ipv4Addr;

use super::error::{Expected, OptionError, OptionErrorKind};
use crate::OptionCode;

/// The bytes of an option and a position in them. Whatever is asked for and is not there becomes an error that names
/// the option and the field.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    code: OptionCode,
    sub: Option<u8>,
    field: &'static str,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// What the option is called in errors where no field of it was named.
    const WHOLE: &'static str = "value";

    /// Starts at the front.
    #[must_use]
    #[inline]
    pub const fn new(code: OptionCode, bytes: &'a [u8]) -> Self {
        Self { code, sub: None, field: Self::WHOLE, bytes, at: 0 }
    }

    /// A reader of bytes that lie within this one's, for a sub-option.
    #[must_use]
    pub const fn within(self, sub: u8, bytes: &'a [u8]) -> Self {
        Self { code: self.code, sub: Some(sub), field: Self::WHOLE, bytes, at: 0 }
    }

    /// A reader of bytes that lie within this one's, for a field with a length of its own.
    #[must_use]
    pub const fn over(self, bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, ..self }
    }

    /// Says which field is read next, for errors.
    #[must_use]
    pub const fn named(&mut self, field: &'static str) -> &mut Self {
        self.field = field;
        self
    }

    pub(crate) const fn name(&self) -> &'static str {
        self.field
    }

    /// All bytes, those taken as well.
    pub(crate) const fn all(&self) -> &'a [u8] {
        self.bytes
    }

    pub(crate) const fn at(&self) -> usize {
        self.at
    }

    /// How many bytes are left.
    #[must_use]
    #[inline]
    pub const fn left(&self) -> usize {
        self.bytes.len().saturating_sub(self.at)
    }

    /// Takes bytes.
    ///
    /// # Errors
    /// Fewer are left.
    #[inline]
    pub fn take(&mut self, field: &'static str, len: usize) -> Result<&'a [u8], OptionError> {
        let left = self.left();
        let taken = self.bytes.get(self.at..).and_then(|rest| rest.get(..len));
        let taken = taken.ok_or_else(|| self.error(OptionErrorKind::Truncated { field, needed: len, left }))?;
        self.at += len;
        Ok(taken)
    }

    /// Takes as many bytes as the array has.
    ///
    /// # Errors
    /// Fewer are left.
    #[inline]
    pub fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], OptionError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(field, N)?);
        Ok(array)
    }

    /// Takes a byte.
    ///
    /// # Errors
    /// None is left.
    #[inline]
    pub fn u8(&mut self, field: &'static str) -> Result<u8, OptionError> {
        self.array(field).map(u8::from_be_bytes)
    }

    /// Takes a number of two bytes.
    ///
    /// # Errors
    /// Fewer are left.
    pub fn u16(&mut self, field: &'static str) -> Result<u16, OptionError> {
        self.array(field).map(u16::from_be_bytes)
    }

    /// Takes a number of four bytes.
    ///
    /// # Errors
    /// Fewer are left.
    pub fn u32(&mut self, field: &'static str) -> Result<u32, OptionError> {
        self.array(field).map(u32::from_be_bytes)
    }

    /// Takes an IPv4 address.
    ///
    /// # Errors
    /// Fewer than four bytes are left.
    pub fn address(&mut self, field: &'static str) -> Result<Ipv4Addr, OptionError> {
        self.array::<4>(field).map(Ipv4Addr::from)
    }

    /// Takes a length of one byte and what it counts.
    ///
    /// # Errors
    /// The length is not there, or runs past the end.
    #[inline]
    pub fn counted(&mut self, field: &'static str) -> Result<&'a [u8], OptionError> {
        let len = self.u8(field)?;
        self.take(field, len.into())
    }

    /// Takes all that is left.
    #[inline]
    pub fn rest(&mut self) -> &'a [u8] {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        self.at = self.bytes.len();
        rest
    }

    /// Makes sure that nothing is left.
    ///
    /// # Errors
    /// Something is.
    #[inline]
    pub fn end(&self) -> Result<(), OptionError> {
        if self.left() == 0 { Ok(()) } else { Err(self.wrong_length(Expected::Exactly(self.at))) }
    }

    /// Makes sure that this many bytes are left.
    ///
    /// # Errors
    /// Fewer are.
    #[inline]
    pub fn at_least(&self, len: usize) -> Result<(), OptionError> {
        if self.left() >= len { Ok(()) } else { Err(self.wrong_length(Expected::AtLeast(self.at + len))) }
    }

    pub(crate) const fn skip_to(&mut self, at: usize) {
        self.at = at;
    }

    /// The error of a format that is `expected` and an option that is as long as this one.
    pub(crate) fn wrong_length(&self, expected: Expected) -> OptionError {
        self.error(OptionErrorKind::Length { expected, found: self.bytes.len() })
    }

    /// The error of a list whose elements have `len` bytes each, and that is empty or ends inside one.
    pub(crate) fn wrong_multiple(&self, len: usize) -> OptionError {
        if self.at == 0 && self.field == Self::WHOLE {
            return self.wrong_length(Expected::MultipleOf(len));
        }
        let left = self.left();
        let needed = left.saturating_add(1).next_multiple_of(len);
        self.error(OptionErrorKind::Truncated { field: self.field, needed, left })
    }

    pub(crate) fn wrong_value(&self, field: &'static str, expected: &'static str, found: u32) -> OptionError {
        self.error(OptionErrorKind::Value { field, expected, found })
    }

    pub(crate) fn error(&self, kind: OptionErrorKind) -> OptionError {
        let error = OptionError::new(self.code, kind);
        self.sub.map_or(error, |sub| error.within(sub))
    }
}
