//! The wire format of DHCP: bytes to a view, a message to bytes.
//!
//! Parsing is total: any input gives a [`MessageRef`] or a [`ParseError`]. Nothing here interprets what an option
//! means; unknown options, duplicates and their order survive a round trip.
//!
//! RFC 2131 §2 and §4.1, RFC 2132 §2, RFC 3396, RFC 3046 §2.1, RFC 1542 §2.1.

mod code;
#[cfg(feature = "alloc")]
mod emit;
mod encoder;
mod hardware;
mod lookup;
#[cfg(feature = "alloc")]
mod message;
mod option_code;
mod options;
#[cfg(feature = "alloc")]
mod overload;
mod view;

pub use code::{MessageType, OpCode};
#[cfg(feature = "alloc")]
pub use emit::EmitPolicy;
pub use encoder::{EmitError, Encoder, FieldTooLong};
pub use hardware::{HardwareAddress, HardwareAddressError};
#[cfg(feature = "alloc")]
pub use message::Message;
pub use option_code::OptionCode;
pub use options::Options;
pub use view::{MessageRef, ParseError};
