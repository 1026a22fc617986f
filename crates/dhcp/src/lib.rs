#![doc = include_str!("../README.md")]

#[cfg(feature = "alloc")]
extern crate alloc;

pub mod option;
pub mod server;
#[cfg(feature = "tokio")]
pub mod tokio;
pub mod wire;

pub use option::{OptionError, OptionErrorKind, OptionValue, TypedOption};
pub use wire::{
    EmitError, EmitPolicy, FieldTooLong, HardwareAddress, HardwareAddressError, Message, MessageRef, MessageType,
    OpCode, OptionCode, Options, OwnedOptions, ParseError,
};
