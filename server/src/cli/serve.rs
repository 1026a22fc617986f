//! `firstlight serve`: what was asked for, and whether there is a DHCP server already.

use std::io::{BufRead, IsTerminal, Write};
use std::net::Ipv4Addr;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use crate::config::{Config, DhcpMode, Place, Written};
use crate::dhcp::{Found, PATIENCE, search};
use crate::network::link;

/// Serves until a signal says stop.
pub(super) async fn run(
    file: Option<PathBuf>,
    interface: Option<String>,
    data_dir: Option<PathBuf>,
    authoritative: bool,
) -> Result<(), String> {
    let mut config = match (file, &interface) {
        (Some(file), _) => Config::read(&file).map_err(|error| error.to_string())?,
        (None, Some(interface)) => Config::new(interface.clone()),
        (None, None) => return Err("name an interface with --interface, or a file with --config".to_owned()),
    };
    if let Some(interface) = interface {
        config.interface = interface;
    }
    if let Some(data_dir) = data_dir {
        config.data_dir = data_dir;
    }
    if authoritative {
        config.dhcp.mode = Some(DhcpMode::Authoritative);
        config.modes().for_each(|mode| *mode = mode.or(Some(DhcpMode::Authoritative)));
    }
    let decided: Vec<_> = config.subnets().map_err(|error| error.to_string())?.iter().filter_map(decided).collect();
    let undecided = undecided(&config)?;
    let mut chosen = Vec::new();
    for question in undecided {
        chosen.push(match question {
            Some(question) => Some(question.ask().await?),
            None => None,
        });
    }
    config.modes().zip(chosen).for_each(|(mode, chosen)| *mode = mode.or(chosen));
    for (interface, table, mode) in decided {
        tokio::spawn(tell(interface, table, mode));
    }
    crate::run(config, super::stop_signal()).await.map_err(|error| error.to_string())
}

/// An interface of which nobody said who gives its addresses.
struct Question {
    interface: String,
    table: &'static str,
    pool: RangeInclusive<Ipv4Addr>,
}

/// An interface of which somebody said who gives its addresses, if it matters who else does.
fn decided(subnet: &Written<'_>) -> Option<(String, &'static str, DhcpMode)> {
    match (subnet.mode, subnet.place) {
        (Some(mode @ (DhcpMode::Authoritative | DhcpMode::Proxy)), Place::Interface(interface)) => {
            Some((interface.to_owned(), subnet.table, mode))
        }
        _ => None,
    }
}

/// Tells of another DHCP server where that was not to be found out before the start.
async fn tell(interface: String, table: &'static str, mode: DhcpMode) {
    match search(&interface).await {
        Ok(Some(found)) => {
            if mode == DhcpMode::Authoritative {
                eprintln!(
                    "firstlight: DHCP SERVER {} ANSWERS on {interface}, where this one gives addresses too: turn one of the two \
                     off, or set {table}.mode = \"proxy\"",
                    found.server
                );
            }
            warn_of_hijack(found);
        }
        Ok(None) => {}
        Err(error) => tracing::debug!("cannot look for a DHCP server on {interface}: {error}"),
    }
}

/// What has to be asked of each subnet, if anything. Behind a relay agent, nobody can look for another server.
fn undecided(config: &Config) -> Result<Vec<Option<Question>>, String> {
    let subnets = config.subnets().map_err(|error| error.to_string())?;
    let question = |subnet: &Written<'_>| match (subnet.mode, subnet.place) {
        (None, Place::Interface(interface)) => {
            let link = link(interface).map_err(|error| error.to_string())?;
            let pool = subnet.range(link.address, link.prefix_len).map_err(|error| error.to_string())?;
            Ok(Some(Question { interface: interface.to_owned(), table: subnet.table, pool }))
        }
        _ => Ok(None),
    };
    subnets.iter().map(question).collect()
}

impl Question {
    /// Two DHCP servers on one network do harm. So one that is there is left to its work, and without one, a person says yes.
    async fn ask(self) -> Result<DhcpMode, String> {
        let Self { interface, table, pool } = self;
        eprintln!("firstlight: looking for a DHCP server on {interface} for {} s", PATIENCE.as_secs());
        let found = search(&interface).await.map_err(|error| {
            format!("cannot look for a DHCP server on {interface}: {error}; set {table}.mode, or say --authoritative")
        })?;
        if let Some(found) = found {
            eprintln!(
                "firstlight: DHCP SERVER {} ANSWERS on {interface}: it gives the addresses, and this server names the boot \
                 files beside it ({table}.mode = \"proxy\")",
                found.server
            );
            warn_of_hijack(found);
            return Ok(DhcpMode::Proxy);
        }
        confirm(&interface, table, &pool)
    }
}

fn warn_of_hijack(Found { server, hijacks }: Found) {
    if hijacks {
        eprintln!(
            "firstlight: {server} sends option 60 (PXEClient) without option 43: UEFI machines will ask it for their boot file, \
             and nobody else: take option 60 out of its configuration"
        );
    }
}

fn confirm(interface: &str, table: &str, pool: &RangeInclusive<Ipv4Addr>) -> Result<DhcpMode, String> {
    let offer = format!("no DHCP server answers on {interface}; this one can give {} to {}", pool.start(), pool.end());
    if !std::io::stdin().is_terminal() {
        return Err(format!("{offer}: say so with --authoritative, or with {table}.mode = \"authoritative\""));
    }
    eprint!("firstlight: {offer}. Shall it? [y/N] ");
    let _ = std::io::stderr().flush();
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer).map_err(|error| error.to_string())?;
    match answer.trim() {
        "y" | "Y" | "yes" => Ok(DhcpMode::Authoritative),
        _ => Err(format!(
            "nothing was started: set {table}.mode to \"proxy\" or \"off\" if addresses come from elsewhere"
        )),
    }
}
