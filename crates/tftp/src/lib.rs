//! TFTP: RFC 1350 with the option extensions as sans-IO state machines, with a tokio server and client.
//!
//! * [`packet`] and [`options`]: the wire format, as views over the received bytes.
//! * [`mod@negotiate`]: which options of a request are granted, and how (RFC 2347, 2348, 2349, 7440).
//! * [`Proposal`]: the client's half of it.
//! * [`Transfer`]: one transfer of a server or a client. It is given time, packets and file bytes, and gives back
//!   datagrams, file bytes or wishes for them, and a deadline. After the negotiation it is a [`Sender`] or a
//!   [`Receiver`].
//! * [`name`]: what a boot ROM meant by the file name that it sent.
//! * `Server` and `Handler`, and `Client` (feature `tokio`): sockets and tasks around these, ten lines for a file server
//!   and as many for a client.
//!
//! The core (everything without the feature `tokio`) never reads a clock, never draws a random number and
//! never touches a socket or a file. Mail mode is always refused.
//!
//! Sections implemented: RFC 1350 with the correction of RFC 1123 §4.2.3.1, RFC 2347, RFC 2348, RFC 2349, RFC 7440,
//! RFC 906 (when switched on).

mod buffer;
pub mod error_code;
mod feed;
pub mod name;
pub mod negotiate;
pub mod netascii;
pub mod options;
mod outcome;
mod pacing;
pub mod packet;
mod probe;
mod proposal;
mod receiver;
mod repeated;
mod sender;
mod timing;
mod transfer;

#[cfg(feature = "tokio")]
mod client;
#[cfg(feature = "tokio")]
mod drive;
#[cfg(feature = "tokio")]
mod server;

pub use error_code::ErrorCode;
pub use negotiate::{Limits, Negotiated, negotiate, negotiate_write};
pub use options::{OptionRef, Options, OptionsBuf};
pub use outcome::Outcome;
pub use packet::{Mode, Packet, ParseError, RequestRef};
pub use proposal::{BadOack, Proposal};
pub use receiver::Receiver;
pub use sender::Sender;
pub use timing::Timing;
pub use transfer::Transfer;

#[cfg(feature = "tokio")]
pub use client::{Client, ClientError, Progress};
#[cfg(feature = "tokio")]
pub use drive::{Sink, Source};
#[cfg(feature = "tokio")]
pub use server::{Config, DirHandler, Error, Handler, Remap, RemapError, Request, Roots, Server, Uploads};

/// The examples of the README, compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
