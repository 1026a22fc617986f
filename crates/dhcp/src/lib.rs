#![doc = include_str!("../README.md")]

pub mod server;
#[cfg(feature = "tokio")]
pub mod tokio;
pub mod wire;

pub use wire::{
    EmitError, EmitPolicy, FieldTooLong, HardwareAddress, HardwareAddressError, Message, MessageRef, MessageType,
    OpCode, OptionCode, Options, OwnedOptions, ParseError,
};
