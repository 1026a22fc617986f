#![doc = include_str!("../README.md")]
#![cfg_attr(not(any(feature = "std", test)), no_std)]

#[cfg(feature = "alloc")]
extern crate alloc;

pub mod option;
#[cfg(feature = "std")]
pub mod server;
#[cfg(feature = "tokio")]
pub mod tokio;
pub mod wire;

pub use option::{OptionError, OptionErrorKind, OptionValue, TypedOption};
#[cfg(feature = "alloc")]
pub use wire::{EmitError, EmitPolicy, FieldTooLong, Message, OwnedOptions};
pub use wire::{
    HardwareAddress, HardwareAddressError, MessageRef, MessageType, OpCode, OptionCode, Options, ParseError,
};
