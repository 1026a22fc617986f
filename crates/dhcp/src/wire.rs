//! The wire format of DHCP: bytes to a view, a message to bytes.
//!
//! Parsing is total: any input gives a [`MessageRef`] or a [`ParseError`]. Nothing here interprets what an option
//! means; unknown options, duplicates and their order survive a round trip.
//!
//! RFC 2131 §2 and §4.1, RFC 2132 §2, RFC 3396, RFC 3046 §2.1, RFC 1542 §2.1.

mod code;
mod emit;
mod hardware;
mod message;
mod options;
mod view;

pub use code::{MessageType, OpCode, OptionCode};
pub use emit::{EmitError, EmitPolicy};
pub use hardware::{HardwareAddress, HardwareAddressError};
pub use message::{FieldTooLong, Message, OwnedOptions};
pub use options::Options;
pub use view::{MessageRef, ParseError};
