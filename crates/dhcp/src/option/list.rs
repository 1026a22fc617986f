//! Options that are a list of elements of one format.

#[cfg(feature = "alloc")]
use alloc::vec::Vec;
use core::marker::PhantomData;

use super::{
    describe::{Describe, Printer, Written},
    error::{Expected, OptionError},
    reader::Reader,
    shape::Format,
};
use crate::OptionCode;

/// Elements of one format, at least one, checked when the list was read.
///
/// ```
/// use firstlight_dhcp::option::{ClasslessRoute, ClasslessRoutes, Format, TypedOption};
///
/// let mut bytes = Vec::new();
/// for (destination, prefix) in [([10, 0, 0, 0], 8), ([0, 0, 0, 0], 0)] {
///     ClasslessRoute { destination: destination.into(), prefix, router: [192, 168, 77, 1].into() }.emit(&mut bytes);
/// }
/// let routes = ClasslessRoutes::parse(&bytes)?;
/// assert_eq!(routes.to_string(), "10.0.0.0/8 via 192.168.77.1, 0.0.0.0/0 via 192.168.77.1");
/// # Ok::<(), firstlight_dhcp::OptionError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct List<'a, T> {
    bytes: &'a [u8],
    element: PhantomData<T>,
}

impl<'a, T: Format<'a>> List<'a, T> {
    /// The elements in the order of the option.
    #[must_use]
    pub const fn iter(&self) -> Elements<'a, T> {
        Elements { reader: Reader::new(OptionCode::PAD, self.bytes), element: PhantomData }
    }

    /// The bytes as they came.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Takes what is left; a list that may be empty.
    pub(crate) fn read_any(reader: &mut Reader<'a>) -> Result<Self, OptionError> {
        let bytes = reader.rest();
        if T::are_values(bytes) {
            return Ok(Self { bytes, element: PhantomData });
        }
        let mut elements = reader.over(bytes);
        while elements.left() > 0 {
            let before = elements.left();
            T::read(&mut elements)?;
            // An element without bytes would be read for ever.
            if elements.left() >= before {
                return Err(elements.wrong_length(Expected::AtLeast(1)));
            }
        }
        Ok(Self { bytes, element: PhantomData })
    }
}

impl<'a, T: Format<'a>> Format<'a> for List<'a, T> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, OptionError> {
        match T::LEN {
            Some(len) if reader.left() == 0 || !reader.left().is_multiple_of(len) => {
                return Err(reader.wrong_multiple(len));
            }
            _ => reader.at_least(1)?,
        }
        Self::read_any(reader)
    }

    #[cfg(feature = "alloc")]
    fn emit(&self, value: &mut Vec<u8>) {
        value.extend_from_slice(self.bytes);
    }
}

impl<'a, T: Format<'a>> Describe for List<'a, T> {
    fn describe(&self, out: &mut dyn Printer) -> Written {
        out.begin_list()?;
        self.iter().try_for_each(|element| element.describe(out))?;
        out.end()
    }
}

/// A [`List`] that may be empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MaybeList<'a, T>(pub List<'a, T>);

impl<'a, T: Format<'a>> Format<'a> for MaybeList<'a, T> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, OptionError> {
        List::read_any(reader).map(Self)
    }

    #[cfg(feature = "alloc")]
    fn emit(&self, value: &mut Vec<u8>) {
        self.0.emit(value);
    }
}

impl<'a, T: Format<'a>> Describe for MaybeList<'a, T> {
    fn describe(&self, out: &mut dyn Printer) -> Written {
        self.0.describe(out)
    }
}

impl<'a, T: Format<'a>> IntoIterator for List<'a, T> {
    type Item = T;
    type IntoIter = Elements<'a, T>;

    fn into_iter(self) -> Elements<'a, T> {
        self.iter()
    }
}

/// The elements of a [`List`].
#[derive(Clone, Copy, Debug)]
pub struct Elements<'a, T> {
    reader: Reader<'a>,
    element: PhantomData<T>,
}

impl<'a, T: Format<'a>> Iterator for Elements<'a, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        if self.reader.left() == 0 {
            return None;
        }
        T::read(&mut self.reader).ok()
    }
}
