//! What options mean: a type for each option of the IANA registry, read in place and written back byte for byte.
//!
//! A type is a view over the option's bytes or a small value. Parsing checks the format and nothing else; a value that
//! parsed is emitted as it came. Nothing here joins the pieces of a split option: that is for the message.

#[macro_use]
mod shape;

mod address;
mod error;
mod scalar;
mod value;

#[cfg(feature = "alloc")]
use alloc::vec::Vec;

use crate::OptionCode;

pub use address::*;
pub use error::{Expected, OptionError, OptionErrorKind};
pub use scalar::*;
pub use value::OptionValue;

/// An option whose format is known.
///
/// ```
/// use firstlight_dhcp::option::{LeaseTime, Routers, TypedOption};
///
/// let routers = Routers::parse(&[192, 168, 77, 1, 192, 168, 77, 2])?;
/// assert_eq!(routers.0.iter().count(), 2);
/// let error = LeaseTime::parse(&[0, 0, 14]).unwrap_err();
/// assert_eq!(error.to_string(), "option 51 (lease-time): expected 4 bytes, found 3");
/// # Ok::<(), firstlight_dhcp::OptionError>(())
/// ```
pub trait TypedOption<'a>: Sized {
    /// The option's code.
    const CODE: OptionCode;

    /// Reads the value of the option, without its code and length.
    ///
    /// # Errors
    /// The bytes do not have the option's format.
    fn parse(bytes: &'a [u8]) -> Result<Self, OptionError>;

    /// Appends the value, without its code and length.
    #[cfg(feature = "alloc")]
    fn emit(&self, value: &mut Vec<u8>);
}
