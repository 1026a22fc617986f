//! The Firstlight reference server: the crates composed into one process.
//!
//! [`run`] takes a [`Config`](config::Config) and runs DHCP, TFTP, HTTP, the outbox and the deadlines until it is told to
//! stop. Everything that must outlive the process is in the [`Store`](store::Store); everything that happens is in the
//! [`Journal`](journal::Journal).

pub mod audit;
pub mod boot;
pub mod capture;
pub mod cli;
pub mod commissioning;
pub mod config;
pub mod controller;
pub mod deployment;
pub mod dhcp;
pub mod http;
pub mod installer;
pub mod inventory;
pub mod journal;
pub mod meter;
pub mod model;
pub mod names;
pub mod network;
pub mod oauth;
pub mod outbox;
pub mod power;
pub mod preview;
mod run;
pub mod secret;
pub mod store;
pub mod subnets;
pub mod templates;
pub mod tftp;
pub mod time;
pub mod userdata;

pub use run::{StartError, run};
