//! The `firstlight` command: the server, and a client of its API.

/// Prints a line; whoever closes the pipe, such as `head`, has seen enough.
macro_rules! say {
    ($($text:tt)*) => { $crate::cli::print(format_args!($($text)*)) };
}

mod client;
mod curtin;
mod dhcp;
mod import;
mod machines;
mod preseed;
mod serve;
mod tftp;

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use serde_json::{Value, json};

use client::{Client, ClientError};
use machines::Action;

/// Takes bare-metal machines from power-on to a running operating system.
#[derive(Debug, Parser)]
#[command(name = "firstlight", version, about, arg_required_else_help = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// How to reach the server.
#[derive(Debug, Args)]
struct Remote {
    /// The server's address
    #[arg(long, env = "FIRSTLIGHT_URL", default_value = "http://127.0.0.1", global = true)]
    url: String,
    /// The file with the admin token
    #[arg(long, env = "FIRSTLIGHT_TOKEN_FILE", default_value = "/var/lib/firstlight/admin-token", global = true)]
    token_file: PathBuf,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server: DHCP, TFTP, HTTP, power
    Serve {
        /// The configuration file; docs/firstlight.toml is a commented example
        #[arg(long)]
        config: Option<PathBuf>,
        /// The network interface that machines boot from
        #[arg(long, required_unless_present = "config")]
        interface: Option<String>,
        /// The data directory
        #[arg(long)]
        data_dir: Option<PathBuf>,
        /// Give machines addresses, without looking for another DHCP server first; in every subnet without a mode
        #[arg(long)]
        authoritative: bool,
    },
    /// Merge curtin configurations, and show what an installation would do
    #[command(subcommand)]
    Curtin(curtin::Action),
    /// Preseeds: names of templates, templates, debconf preseed files
    #[command(subcommand)]
    Preseed(preseed::Action),
    /// Run a DHCP server alone, with its leases in a file
    Dhcp(dhcp::Args),
    /// Run a TFTP server alone, for the files of a directory
    Tftp(tftp::Args),
    /// Get a file from a TFTP server
    Get(tftp::GetArgs),
    /// Put a file on a TFTP server
    Put(tftp::PutArgs),
    /// List all machines
    Machines {
        #[command(flatten)]
        remote: Remote,
    },
    /// Show one machine
    Show(Plain),
    /// Add a machine by hand
    Add {
        /// Its name; a friendly one is made up without
        #[arg(long)]
        name: Option<String>,
        /// A network interface that it may boot from; may be given several times
        #[arg(long = "mac", required = true)]
        macs: Vec<String>,
        #[command(flatten)]
        power: machines::PowerArgs,
        #[command(flatten)]
        remote: Remote,
    },
    /// Add many machines from a CSV or JSON file
    ///
    /// CSV: a header line with the columns `name`, `macs` (separated by spaces or `;`), `power_driver`, `power_on_uri`,
    /// `power_off_uri`, `power_query_uri`, `power_token`; only `macs` is needed. JSON: an array of what the API takes.
    Import {
        /// The file; what ends in .json is JSON
        file: PathBuf,
        #[command(flatten)]
        remote: Remote,
    },
    /// Rename a machine
    Rename {
        #[command(flatten)]
        plain: Plain,
        /// The new name
        name: String,
    },
    /// Say how a machine is turned on and off
    SetPower {
        #[command(flatten)]
        plain: Plain,
        #[command(flatten)]
        power: machines::PowerArgs,
    },
    /// Show the results of a machine's scripts
    Scripts(Plain),
    /// Forget a machine
    Delete(Plain),
    /// SSH keys that every machine gets
    Keys {
        #[command(subcommand)]
        action: Option<KeyAction>,
        #[command(flatten)]
        remote: Remote,
    },
    /// Inspect a machine and run the commissioning scripts
    Commission(Plain),
    /// Take a Ready machine
    Allocate(Plain),
    /// Install an operating system on a machine
    Deploy {
        #[command(flatten)]
        plain: Plain,
        /// The operating system, such as debian, or an installer of the server's configuration
        #[arg(long)]
        os: Option<String>,
        /// Its release, such as bookworm
        #[arg(long, requires = "os")]
        release: Option<String>,
        /// A file with a curtin configuration
        #[arg(long)]
        curtin: Option<PathBuf>,
        /// A file with cloud-init user-data for the installed system
        #[arg(long)]
        user_data: Option<PathBuf>,
    },
    /// Give a machine back
    Release(Plain),
    /// Stop what is going on
    Abort(Plain),
    /// Set a machine aside
    MarkBroken {
        #[command(flatten)]
        plain: Plain,
        /// What is wrong with it
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// Say that a broken machine is well again
    MarkFixed(Plain),
    /// Follow what happens
    Events {
        /// Start behind this event; 0 shows all that is kept
        #[arg(long)]
        after: Option<i64>,
        #[command(flatten)]
        remote: Remote,
    },
    /// Print a link that logs a browser in, once
    Login {
        #[command(flatten)]
        remote: Remote,
    },
}

/// An action on one machine.
#[derive(Debug, Args)]
struct Plain {
    /// The machine's name or id
    machine: String,
    #[command(flatten)]
    remote: Remote,
}

#[derive(Debug, Subcommand)]
enum KeyAction {
    /// List the keys
    List,
    /// Add a key
    Add {
        /// A public key file
        file: PathBuf,
    },
    /// Remove a key
    Remove {
        /// Its number, as listed
        id: i64,
    },
}

/// A thousand transfers need two thousand sockets and files. The usual limit of 1024 is there for programs that call
/// `select`; the hard one is what the administrator allows.
fn allow_many_files() {
    use nix::sys::resource::{Resource::RLIMIT_NOFILE, getrlimit, setrlimit};
    let raised = getrlimit(RLIMIT_NOFILE).and_then(|(_, hard)| setrlimit(RLIMIT_NOFILE, hard, hard));
    if let Err(error) = raised {
        tracing::warn!("the limit of open files stays as it is: {error}");
    }
}

/// Runs the command.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let filter = tracing_subscriber::EnvFilter::try_from_env("FIRSTLIGHT_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn,firstlight=info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    allow_many_files();
    let mut runtime = match &cli.command {
        // One task and one socket: more threads would only hand packets to each other.
        Command::Dhcp(_) | Command::Tftp(_) | Command::Get(_) | Command::Put(_) => {
            tokio::runtime::Builder::new_current_thread()
        }
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    let runtime = match runtime.enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error.to_string()),
    };
    let outcome = match cli.command {
        // These have three exit statuses.
        Command::Preseed(action) => return runtime.block_on(preseed::run(action)),
        Command::Curtin(action) => return curtin::run(action),
        other => runtime.block_on(run(other)),
    };
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => fail(&message),
    }
}

fn print(line: std::fmt::Arguments<'_>) {
    if let Err(error) = writeln!(std::io::stdout(), "{line}") {
        let enough = error.kind() == std::io::ErrorKind::BrokenPipe;
        if !enough {
            eprintln!("firstlight: {error}");
        }
        std::process::exit(i32::from(!enough));
    }
}

fn fail(message: &str) -> ExitCode {
    eprintln!("firstlight: {message}");
    ExitCode::FAILURE
}

async fn run(command: Command) -> Result<(), String> {
    match command {
        Command::Serve { config, interface, data_dir, authoritative } => {
            serve::run(config, interface, data_dir, authoritative).await
        }
        Command::Dhcp(args) => dhcp::run(args, stop_signal()).await,
        Command::Tftp(args) => tftp::run(args, stop_signal()).await,
        Command::Get(args) => tftp::get(args, stop_signal()).await,
        Command::Put(args) => tftp::put(args, stop_signal()).await,
        other => ask(other).await.map_err(|error| error.to_string()),
    }
}

/// SIGINT or SIGTERM.
async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}

async fn ask(command: Command) -> Result<(), ClientError> {
    match command {
        // These have been run before, without a server to ask.
        Command::Serve { .. }
        | Command::Curtin(_)
        | Command::Dhcp(_)
        | Command::Preseed(_)
        | Command::Tftp(_)
        | Command::Get(_)
        | Command::Put(_) => Ok(()),
        Command::Machines { remote } => on_machines(Action::List, &remote).await,
        Command::Show(Plain { machine, remote }) => on_machines(Action::Show { machine }, &remote).await,
        Command::Add { name, macs, power, remote } => on_machines(Action::Add { name, macs, power }, &remote).await,
        Command::Import { file, remote } => on_machines(Action::Import { file }, &remote).await,
        Command::Rename { plain: Plain { machine, remote }, name } => {
            on_machines(Action::Rename { machine, name }, &remote).await
        }
        Command::SetPower { plain: Plain { machine, remote }, power } => {
            on_machines(Action::SetPower { machine, power }, &remote).await
        }
        Command::Scripts(Plain { machine, remote }) => on_machines(Action::Scripts { machine }, &remote).await,
        Command::Delete(Plain { machine, remote }) => on_machines(Action::Delete { machine }, &remote).await,
        Command::Keys { action, remote } => keys(action.unwrap_or(KeyAction::List), &Client::new(&remote)?).await,
        Command::Commission(plain) => act(plain, "commission", json!({})).await,
        Command::Allocate(plain) => act(plain, "allocate", json!({})).await,
        Command::Release(plain) => act(plain, "release", json!({})).await,
        Command::Abort(plain) => act(plain, "abort", json!({})).await,
        Command::MarkFixed(plain) => act(plain, "mark-fixed", json!({})).await,
        Command::MarkBroken { plain, reason } => act(plain, "mark-broken", json!({"reason": reason})).await,
        Command::Deploy { plain, os, release, curtin, user_data } => {
            let curtin = curtin.as_deref().map(client::read_file).transpose()?;
            let user_data = user_data.as_deref().map(client::read_file).transpose()?;
            let mut wish = json!({});
            for (key, value) in [("os", os), ("release", release), ("curtin", curtin), ("user_data", user_data)] {
                if let Some(value) = value {
                    wish[key] = Value::String(value);
                }
            }
            act(plain, "deploy", wish).await
        }
        Command::Events { after, remote } => Client::new(&remote)?.follow(after).await,
        Command::Login { remote } => {
            let client = Client::new(&remote)?;
            let login = client.post("login-codes", &json!({})).await?;
            let link = format!("{}{}", client.root(), login["url"].as_str().unwrap_or_default());
            client.show(&login, || say!("{link}"));
            Ok(())
        }
    }
}

async fn on_machines(action: Action, remote: &Remote) -> Result<(), ClientError> {
    machines::run(action, &Client::new(remote)?).await
}

async fn act(plain: Plain, action: &str, body: Value) -> Result<(), ClientError> {
    let client = Client::new(&plain.remote)?;
    let machine = client.post(&format!("machines/{}/{action}", plain.machine), &body).await?;
    client.show(&machine, || say!("{} is {}", text(&machine, "name"), text(&machine, "status")));
    Ok(())
}

async fn keys(action: KeyAction, client: &Client) -> Result<(), ClientError> {
    match action {
        KeyAction::List => {
            let keys = client.get("keys").await?;
            client.show(&keys, || {
                for key in keys.as_array().into_iter().flatten() {
                    say!("{:>4}  {}", key["id"], text(key, "key"));
                }
            });
        }
        KeyAction::Add { file } => {
            let key = client.post("keys", &json!({"key": client::read_file(&file)?})).await?;
            client.show(&key, || say!("key {} added", key["id"]));
        }
        KeyAction::Remove { id } => {
            client.delete(&format!("keys/{id}")).await?;
            client.show(&json!({"removed": id}), || say!("key {id} removed"));
        }
    }
    Ok(())
}

/// A string field, or a dash.
fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or("-")
}
