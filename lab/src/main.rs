//! `cargo lab`: a virtual lab for Firstlight on one Linux machine.
//!
//! The lab makes a network of its own (an anonymous network, process and mount
//! namespace), starts the server in it, powers on QEMU machines with blank disks
//! and acts as a user would through the public API, until the machines are
//! deployed and given back. What it prints comes from the server's event stream.
//!
//! It never helps a machine along: QEMU gets firmware, a network card, a blank
//! disk and one boot order for the whole run. The lab meets the server only in
//! DHCP, TFTP, HTTP, the API and the power webhook.

mod api;
mod check;
mod cli;
mod drill;
mod error;
mod events;
mod foreign;
mod forward;
mod images;
mod inside;
mod installer;
mod matrix;
mod namespace;
mod narrate;
mod network;
mod outside;
mod packages;
mod paths;
mod phases;
mod plan;
mod qemu;
mod ra;
mod recipe;
mod run;
mod serial;
mod server;
mod ssh;
mod storage;
mod webhook;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("lab: the async runtime does not start: {error}");
            return ExitCode::FAILURE;
        }
    };
    // On the main thread: a child that asks to die with its parent dies with
    // the thread that started it, and only this one lives as long as the lab.
    let result = runtime.block_on(dispatch(cli));
    runtime.shutdown_background();
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if !error.is_reported() {
                eprintln!("lab: {error}");
            }
            ExitCode::from(error.exit_code())
        }
    }
}

async fn dispatch(cli: cli::Cli) -> error::Result<()> {
    match cli.command {
        None => outside::run(cli.run).await,
        Some(cli::Command::Matrix(options)) => matrix::run(options).await,
        Some(cli::Command::Installer(options)) => installer::run(options).await,
        Some(cli::Command::Storage(options)) => storage::run(options).await,
        Some(cli::Command::Images(options)) => outside::images(&options).await,
        Some(cli::Command::Ssh(options)) => ssh::into_machine(&options),
        Some(cli::Command::Inside { plan }) => inside::main(&plan).await,
    }
}
