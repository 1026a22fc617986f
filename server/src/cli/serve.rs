//! `firstlight serve`: what was asked for, and whether there is a DHCP server already.

use std::io::{BufRead, IsTerminal, Write};
use std::path::PathBuf;

use crate::config::{Config, DhcpMode};
use crate::dhcp::{PATIENCE, search};
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
    }
    if config.dhcp.mode.is_none() {
        config.dhcp.mode = Some(choose(&config).await?);
    }
    crate::run(config, super::stop_signal()).await.map_err(|error| error.to_string())
}

/// Two DHCP servers on one network do harm. So one that is there is left to its work, and without one, a person says yes.
async fn choose(config: &Config) -> Result<DhcpMode, String> {
    let interface = &config.interface;
    let link = link(interface).map_err(|error| error.to_string())?;
    let pool = config.dhcp.range(link.address, link.prefix_len).map_err(|error| error.to_string())?;
    eprintln!("firstlight: looking for a DHCP server on {interface} for {} s", PATIENCE.as_secs());
    let found = search(interface).await.map_err(|error| {
        format!("cannot look for a DHCP server on {interface}: {error}; set dhcp.mode, or say --authoritative")
    })?;
    if let Some(server) = found {
        eprintln!(
            "firstlight: DHCP SERVER {server} ANSWERS on {interface}: it gives the addresses, and this server names the boot \
             files beside it (dhcp.mode = \"proxy\")"
        );
        return Ok(DhcpMode::Proxy);
    }
    let offer = format!("no DHCP server answers on {interface}; this one can give {} to {}", pool.start(), pool.end());
    if !std::io::stdin().is_terminal() {
        return Err(format!("{offer}: say so with --authoritative, or with dhcp.mode = \"authoritative\""));
    }
    eprint!("firstlight: {offer}. Shall it? [y/N] ");
    let _ = std::io::stderr().flush();
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer).map_err(|error| error.to_string())?;
    match answer.trim() {
        "y" | "Y" | "yes" => Ok(DhcpMode::Authoritative),
        _ => {
            Err("nothing was started: set dhcp.mode to \"proxy\" or \"off\" if addresses come from elsewhere"
                .to_owned())
        }
    }
}
