//! The driver: sockets, files and tasks around [`Transfer`](crate::Transfer) (feature `tokio`).
//!
//! One task owns the request port. Each transfer is one task, with its own port (its "transfer ID", RFC 1350 §4), bound
//! to the address that was asked and connected to the peer, so that strangers' packets never reach it; or, in single-port
//! mode, with what the first task receives from its peer. A repeated request from the same peer port takes the place of
//! its predecessor.
//!
//! It answers broadcast requests (RFC 906) only when told to, writes only what a handler takes, and drops requests without
//! an answer above its limits: an answer would stop the client, silence makes it ask again.

mod bind;
mod config;
mod dir;
mod handler;
mod listener;
mod rate;
mod registry;
mod remap;
mod root;
mod roots;
mod transfer;
#[cfg(target_os = "linux")]
mod upload;

pub use config::Config;
pub use dir::{DirHandler, Uploads};
pub use handler::{Error, Handler, Request};
pub use listener::Server;
pub use remap::{Remap, RemapError};
pub use roots::Roots;
