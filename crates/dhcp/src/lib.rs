#![doc = include_str!("../README.md")]
#![cfg_attr(not(any(feature = "std", test)), no_std)]

#[cfg(feature = "alloc")]
extern crate alloc;

#[cfg(feature = "alloc")]
pub mod client;
#[cfg(feature = "std")]
pub mod foreign;
pub mod option;
#[cfg(feature = "std")]
pub mod server;
#[cfg(feature = "tokio")]
pub mod tokio;
pub mod wire;

pub use option::{OptionError, OptionErrorKind, OptionValue, TypedOption};
pub use wire::{
    EmitError, Encoder, FieldTooLong, HardwareAddress, HardwareAddressError, MessageRef, MessageType, OpCode,
    OptionCode, Options, ParseError,
};
#[cfg(feature = "alloc")]
pub use wire::{EmitPolicy, Message};
