//! DHCP for IPv4: wire format, and a sans-IO server that never acknowledges a lease before it is durable.
//!
//! * [`wire`]: [`MessageRef`] reads a datagram in place, [`Message`] builds one. Re-exported here.
//! * [`server`]: [`server::Server`] decides about requests; the caller stores leases and sends replies.
//! * `tokio` (a feature): the socket loop around the server, with one commit for many requests.
//!
//! Nothing but the driver reads a clock, draws a random number, or touches a socket or file.

pub mod server;
#[cfg(feature = "tokio")]
pub mod tokio;
pub mod wire;

pub use wire::{
    EmitError, EmitPolicy, FieldTooLong, HardwareAddress, HardwareAddressError, Message, MessageRef, MessageType,
    OpCode, OptionCode, Options, OwnedOptions, ParseError,
};
