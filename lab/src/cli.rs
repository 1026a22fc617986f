//! The command line of `cargo lab`.

use clap::{Args, Parser, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::PathBuf;

/// A virtual lab for Firstlight: real firmware, blank disks, a network of its own.
#[derive(Debug, Parser)]
#[command(name = "cargo lab", version, args_conflicts_with_subcommands = true)]
pub(crate) struct Cli {
    /// What to do; without it, one whole run.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    /// The run's options.
    #[command(flatten)]
    pub(crate) run: RunOptions,
}

/// What else the lab can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Boot one machine after the other, each by another firmware and boot loader, and print a table
    Matrix(MatrixOptions),
    /// Deploy machines with one storage configuration after the other, and compare their disks with the plan
    Storage(StorageOptions),
    /// Build the images if they are missing or out of date, and nothing else
    Images(ImageOptions),
    /// The same with Debian's own installer, which takes an hour
    Installer(RunOptions),
    /// Log in to a machine of a lab that was started with --keep
    Ssh(SshOptions),
    /// The half that runs inside the namespaces (started by the lab itself)
    #[command(name = "__inside", hide = true)]
    Inside {
        /// The run's plan, as JSON.
        plan: PathBuf,
    },
}

/// Options of a run.
#[derive(Debug, Args)]
pub(crate) struct RunOptions {
    /// The firmware of the machines
    #[arg(long, value_enum, default_value_t = Firmware::Bios)]
    pub(crate) firmware: Firmware,
    /// How many machines to power on at once
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=16))]
    pub(crate) machines: u8,
    /// How far every machine has to come
    #[arg(long, value_enum, default_value_t = Until::Released)]
    pub(crate) until: Until,
    /// Stay up after the end, until Ctrl-C
    #[arg(long)]
    pub(crate) keep: bool,
    /// Kill the server (SIGKILL) in the middle of a phase and start it again
    #[arg(long, value_enum, value_name = "PHASE")]
    pub(crate) kill_server_at: Option<Phase>,
    /// Port of the web page on 127.0.0.1; 0 takes any free one
    #[arg(long, default_value_t = 0, value_name = "PORT")]
    pub(crate) web_port: u16,
    /// Seconds that the whole run may take [default: 1500, and 300 for each further machine]
    #[arg(long, value_name = "SECONDS")]
    pub(crate) time_limit: Option<u64>,
    /// Print every event of the server, not only the milestones
    #[arg(long, short)]
    pub(crate) verbose: bool,
    /// Options of everything that starts machines.
    #[command(flatten)]
    pub(crate) place: PlaceOptions,
}

/// Options of `cargo lab matrix`.
#[derive(Debug, Args)]
pub(crate) struct MatrixOptions {
    /// Only these rows
    #[arg(long, value_delimiter = ',', value_name = "ROW")]
    pub(crate) only: Vec<String>,
    /// Only the rows that continuous integration tries
    #[arg(long)]
    pub(crate) fast: bool,
    /// Seconds that a row may take
    #[arg(long, default_value_t = 240, value_name = "SECONDS")]
    pub(crate) time_limit: u64,
    /// Options of everything that starts machines.
    #[command(flatten)]
    pub(crate) place: PlaceOptions,
}

/// Options of `cargo lab storage`.
#[derive(Debug, Args)]
pub(crate) struct StorageOptions {
    /// Only these configurations
    #[arg(long, value_delimiter = ',', value_name = "NAME")]
    pub(crate) only: Vec<String>,
    /// Print every event of the server, not only the milestones
    #[arg(long, short)]
    pub(crate) verbose: bool,
    /// Options of everything that starts machines.
    #[command(flatten)]
    pub(crate) place: PlaceOptions,
}

/// Options of everything that starts machines.
#[derive(Debug, Args)]
pub(crate) struct PlaceOptions {
    /// Where logs, captures, disks and the server's state of this run go [default: under the cache directory]
    #[arg(long, value_name = "DIR")]
    pub(crate) work_dir: Option<PathBuf>,
    /// A server binary to use instead of the one built beside the lab
    #[arg(long, value_name = "PATH")]
    pub(crate) server_binary: Option<PathBuf>,
    /// Options shared with `cargo lab images`.
    #[command(flatten)]
    pub(crate) images: ImageOptions,
}

/// Options of everything that needs packages and images.
#[derive(Debug, Args)]
pub(crate) struct ImageOptions {
    /// Install missing Debian packages without asking
    #[arg(long, short)]
    pub(crate) yes: bool,
    /// Where images are kept between runs [default: $XDG_CACHE_HOME/firstlight-lab or ~/.cache/firstlight-lab]
    #[arg(long, value_name = "DIR")]
    pub(crate) cache_dir: Option<PathBuf>,
    /// Build the images again even if they are up to date
    #[arg(long)]
    pub(crate) rebuild_images: bool,
}

/// Options of `cargo lab ssh`.
#[derive(Debug, Args)]
pub(crate) struct SshOptions {
    /// The machine's name; may be left out if there is only one
    pub(crate) name: Option<String>,
    /// Where the lab keeps its runs, if --cache-dir was given to it
    #[arg(long, value_name = "DIR")]
    pub(crate) cache_dir: Option<PathBuf>,
    /// A command to run there instead of a shell
    #[arg(last = true)]
    pub(crate) command: Vec<String>,
}

/// The firmware that a machine starts with.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, ValueEnum)]
pub(crate) enum Firmware {
    /// `SeaBIOS` with an iPXE option ROM on the network card.
    Bios,
    /// OVMF with its own network stack.
    Uefi,
}

/// How far a run goes.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize, ValueEnum)]
pub(crate) enum Until {
    /// The machine has enlisted itself.
    New,
    /// It has been commissioned.
    Ready,
    /// It runs from its disk.
    Deployed,
    /// It has been given back.
    Released,
}

/// Where the server is killed.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, ValueEnum)]
pub(crate) enum Phase {
    /// While an unknown machine makes itself known.
    Enlist,
    /// While a machine fetches the ephemeral system.
    Download,
    /// While the commissioning scripts run.
    Commission,
    /// While the system is put on the disk.
    Deploy,
    /// While the machine starts from its disk for the first time.
    FirstBoot,
    /// While the machine is given back.
    Release,
}

impl fmt::Display for Firmware {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bios => "bios",
            Self::Uefi => "uefi",
        })
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Enlist => "enlist",
            Self::Download => "download",
            Self::Commission => "commission",
            Self::Deploy => "deploy",
            Self::FirstBoot => "first boot",
            Self::Release => "release",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn defaults() {
        let cli = Cli::parse_from(["cargo lab"]);
        assert!(cli.command.is_none());
        assert_eq!(cli.run.firmware, Firmware::Bios);
        assert_eq!(cli.run.until, Until::Released);
        assert_eq!((cli.run.machines, cli.run.web_port), (1, 0));
    }

    #[test]
    fn rows_are_a_list() {
        let cli = Cli::parse_from(["cargo lab", "matrix", "--only", "bios-ipxe,uefi-snponly"]);
        let Some(Command::Matrix(options)) = cli.command else { panic!("{cli:?}") };
        assert_eq!(options.only, ["bios-ipxe", "uefi-snponly"]);
    }

    #[test]
    fn phases_are_named_with_a_hyphen() {
        let cli = Cli::parse_from(["cargo lab", "--kill-server-at", "first-boot"]);
        assert_eq!(cli.run.kill_server_at, Some(Phase::FirstBoot));
    }
}
