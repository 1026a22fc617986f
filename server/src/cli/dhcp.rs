//! `firstlight dhcp`: a DHCP server alone, with its leases in a file.

mod dump;
mod lease_file;
mod record;
mod service;

use std::{net::Ipv4Addr, ops::RangeInclusive, path::PathBuf, str::FromStr};

use clap::Subcommand;
use firstlight_dhcp::{
    server::{Config, Probing, Server, Subnet},
    tokio::{Socket, drive},
};

use crate::network;
use lease_file::{LeaseFile, Torn};
use service::LeaseService;

/// Offers that may wait for their REQUEST: a rack, or a benchmark, that starts at once.
const MAX_OFFERS: usize = 1_000_000;

/// `firstlight dhcp`
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, arg_required_else_help = true)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Option<Action>,
    #[command(flatten)]
    serve: Option<Serve>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Print the DHCP messages of a capture
    ///
    /// One line for each message, one for each of its options and sub-options. What cannot be read is told on standard
    /// error, with the number of its frame; with --json it is an object with `error`.
    Dump(dump::Args),
}

/// What is served, if nothing else is to be done.
#[derive(Debug, clap::Args)]
struct Serve {
    /// The network interface; its first IPv4 address and prefix make the subnet
    #[arg(long)]
    interface: String,
    /// Addresses for clients, FIRST-LAST; may be given several times
    #[arg(long = "pool", required = true)]
    pools: Vec<Pool>,
    /// Where leases are stored; made if it is not there
    #[arg(long)]
    lease_file: PathBuf,
    /// Seconds
    #[arg(long, default_value_t = 3600, value_parser = clap::value_parser!(u32).range(10..))]
    lease_time: u32,
    /// The default gateway; may be given several times
    #[arg(long = "router")]
    routers: Vec<Ipv4Addr>,
    /// A name server; may be given several times
    #[arg(long = "dns")]
    dns_servers: Vec<Ipv4Addr>,
    /// Look for an address on the link before it is offered
    #[arg(long)]
    probe: bool,
}

/// `FIRST-LAST`
#[derive(Debug, Clone)]
struct Pool(RangeInclusive<Ipv4Addr>);

impl FromStr for Pool {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parse = |text: &str| text.trim().parse::<Ipv4Addr>().ok();
        let ends = text.split_once('-').and_then(|(first, last)| Some(parse(first)?..=parse(last)?));
        ends.map(Self).ok_or("not FIRST-LAST, such as 10.0.0.100-10.0.0.199")
    }
}

/// Does what was asked for; serves until `shutdown`.
pub(super) async fn run(args: Args, shutdown: impl Future<Output = ()> + Send) -> Result<(), String> {
    match (args.action, args.serve) {
        (Some(Action::Dump(args)), _) => dump::run(&args),
        (None, Some(args)) => serve(args, shutdown).await,
        (None, None) => Err("name an interface with --interface".to_owned()),
    }
}

async fn serve(args: Serve, shutdown: impl Future<Output = ()> + Send) -> Result<(), String> {
    let text = |error: &dyn std::error::Error| error.to_string();
    let link = network::link(&args.interface).map_err(|error| text(&error))?;
    let mut server = Server::new(config(&args, link)?).map_err(|error| text(&error))?;
    let socket = Socket::bind(&args.interface).map_err(|error| text(&error))?;
    let (file, leases, torn) = LeaseFile::open(&args.lease_file).map_err(|error| text(&error))?;
    let path = args.lease_file.display();
    if let Some(Torn { offset, len }) = torn {
        eprintln!("firstlight: {path}: the last write was not finished: {len} bytes at byte {offset} are dropped");
    }
    eprintln!(
        "firstlight: serving {} from {}/{} with {} leases of {path}",
        args.interface,
        link.address,
        link.prefix_len,
        leases.len()
    );
    server.restore(leases);
    let (service, writer) = LeaseService::start(file).map_err(|error| text(&error))?;
    let driven = drive(socket, server, service, shutdown).await;
    // The service is gone, so the thread has nothing left to wait for.
    writer.join().map_err(|_| "the lease file's thread panicked".to_owned())?;
    driven.map_err(|error| format!("the socket on {} has failed: {error}", args.interface))
}

fn config(args: &Serve, link: network::Link) -> Result<Config, String> {
    let mask = u32::MAX.checked_shl(32 - u32::from(link.prefix_len)).unwrap_or(0);
    let mut subnet = Subnet::new(Ipv4Addr::from(u32::from(link.address) & mask), link.prefix_len);
    subnet.pools = args.pools.iter().map(|pool| pool.0.clone()).collect();
    subnet.lease_time = args.lease_time;
    subnet.routers.clone_from(&args.routers);
    subnet.dns_servers.clone_from(&args.dns_servers);
    let mut config = Config::new(link.address, vec![subnet]);
    config.limits.max_offers = Some(MAX_OFFERS);
    config.limits.max_offers_per_relay = None;
    config.probing = args.probe.then(Probing::default);
    config.seed = crate::secret::seed();
    Ok(config)
}
