//! `firstlight tftp`: a TFTP server alone, for the files of a directory; and its client.

mod files;
mod url;

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use firstlight_tftp::{
    Config, DirHandler, Error, Handler, Outcome, Remap, Request, Roots, Server, Sink, Source, Uploads,
};

pub(super) use files::{GetArgs, PutArgs, get, put};

/// `firstlight tftp`
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The address and UDP port for requests
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "0.0.0.0:69")]
    listen: SocketAddr,
    /// The directory whose files are served
    #[arg(long)]
    root: PathBuf,
    /// Which files clients may write: those that are there, or new ones as well; without it none
    #[arg(long, value_name = "WHICH")]
    write: Option<Writable>,
    /// The largest file that clients may write, in bytes
    #[arg(long, value_name = "BYTES", default_value_t = Uploads::default().max_bytes, requires = "write")]
    max_upload: u64,
    /// Share the port with other servers that do so: the kernel spreads the clients among them
    #[arg(long)]
    share_port: bool,
    /// How long transfers may go on when the server is told to stop, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    grace: u32,
    /// Serve all transfers on the one port, for clients behind a NAT, and for containers
    #[arg(long)]
    single_port: bool,
    /// Find files whose names differ from what was asked for only in the case of letters
    #[arg(long)]
    ignore_case: bool,
    /// Rewrite names: a regular expression, =, and what takes its place ($1 for a group); the first that matches counts
    #[arg(long, value_name = "PATTERN=NAME")]
    remap: Vec<String>,
    /// Give each client the directory in the root that is named after its address, if there is one
    #[arg(long, value_name = "WHAT")]
    roots: Option<RootsPer>,
    /// Answer read requests that were sent to a broadcast address (RFC 906), if the file is there
    #[arg(long)]
    broadcast: bool,
    /// The largest block size that is granted; more than 1468 needs larger frames than Ethernet's
    #[arg(long, default_value_t = 1468, value_parser = clap::value_parser!(u16).range(8..=65464))]
    block_size: u16,
    /// Grant blocks that do not fit the MTU of the route to the client, and travel in fragments
    #[arg(long)]
    fragments: bool,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Writable {
    /// Only files that are there
    Existing,
    /// New files as well
    Create,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum RootsPer {
    /// Named after the IP address, such as 10.77.0.12
    Address,
    /// Named after the MAC address, such as 52-54-00-12-34-56
    Mac,
}

/// Serves until `shutdown`.
pub(super) async fn run(args: Args, shutdown: impl Future<Output = ()>) -> Result<(), String> {
    let files = files(&args)?;
    let bind = if args.share_port { Server::bind_shared } else { Server::bind };
    let server = bind(args.listen).map_err(|error| error.to_string())?;
    let mut config = Config {
        single_port: args.single_port,
        broadcast: args.broadcast,
        fragments: args.fragments,
        grace: Duration::from_secs(args.grace.into()),
        ..Config::default()
    };
    config.limits.block_size = args.block_size;
    eprintln!("firstlight: serving {} on {}, UDP", args.root.display(), server.local_addr());
    let served = server.with_config(config).serve(Told(files), shutdown).await;
    served.map_err(|error| format!("the socket on {} has failed: {error}", args.listen))
}

fn files(args: &Args) -> Result<DirHandler, String> {
    let mut remap = Remap::default();
    for rule in &args.remap {
        let (pattern, name) = rule.split_once('=').ok_or_else(|| format!("--remap {rule}: there is no ="))?;
        remap = remap.with_rule(pattern, name).map_err(|error| format!("--remap {rule}: {error}"))?;
    }
    let mut files = DirHandler::open(&args.root).map_err(|error| error.to_string())?.with_remap(remap);
    if args.ignore_case {
        files = files.ignoring_case();
    }
    if let Some(per) = args.roots {
        files = files.with_roots(match per {
            RootsPer::Address => Roots::PerAddress,
            RootsPer::Mac => Roots::PerMac,
        });
    }
    if let Some(write) = args.write {
        let create = matches!(write, Writable::Create);
        files = files.with_uploads(Uploads { create, max_bytes: args.max_upload });
    }
    Ok(files)
}

/// Prints a line for each transfer.
struct Told<H>(H);

#[async_trait]
impl<H: Handler> Handler for Told<H> {
    async fn read(&self, request: &Request) -> Result<Source, Error> {
        self.0.read(request).await
    }

    async fn write(&self, request: &Request) -> Result<Box<dyn Sink>, Error> {
        self.0.write(request).await
    }

    fn done(&self, request: &Request, outcome: &Outcome) {
        // Nobody to read it is no reason to stop.
        let _ = writeln!(std::io::stdout(), "{}", line(request, outcome));
        self.0.done(request, outcome);
    }
}

/// The name comes from a stranger: what could move a terminal's cursor is escaped.
fn line(request: &Request, outcome: &Outcome) -> String {
    let (peer, name) = (request.peer, request.name().escape_ascii());
    let what = match outcome {
        Outcome::Complete { bytes, retransmitted: 0 } => format!("{bytes} bytes"),
        Outcome::Complete { bytes, retransmitted } => format!("{bytes} bytes, {retransmitted} blocks sent again"),
        Outcome::Probe => "asked only for the size".to_owned(),
        Outcome::PeerError { code, message } => {
            format!("ended by the client: {} (code {})", message.escape_debug(), code.0)
        }
        Outcome::TimedOut { acknowledged, all_sent: false } => format!("no answer after {acknowledged} bytes"),
        Outcome::TimedOut { acknowledged, all_sent: true } => {
            format!("all sent, but no answer after {acknowledged} bytes")
        }
        Outcome::Refused { code, message } => format!("refused: {message} (code {})", code.0),
        Outcome::Unreachable => "the client has closed its port".to_owned(),
        Outcome::Restarted => "asked anew".to_owned(),
        Outcome::Overloaded => "not answered: too many transfers at once".to_owned(),
        Outcome::Failed { reason } => format!("failed: {reason}"),
        Outcome::Cancelled => "cut off: the server stops".to_owned(),
        other => format!("{other:?}"),
    };
    let verb = if request.write { "write" } else { "read" };
    format!("{peer} {verb} {name}: {what}")
}

#[cfg(test)]
mod tests {
    use firstlight_tftp::Packet;

    use super::*;

    #[test]
    fn a_line_says_who_what_and_how_it_ended() {
        let Ok(Packet::Rrq(packet)) = Packet::parse(b"\0\x01/boot\\\x1b[2Jgrub\xe9\0octet\0") else {
            panic!("a read request");
        };
        let peer = SocketAddr::from(([10, 0, 0, 7], 2070));
        let request = Request::new(peer, SocketAddr::from(([10, 0, 0, 1], 69)), &packet, false);
        let check = |outcome, want: &str| assert_eq!(line(&request, &outcome), want);
        check(
            Outcome::Complete { bytes: 70_000, retransmitted: 2 },
            r"10.0.0.7:2070 read boot/\x1b[2Jgrub\xe9: 70000 bytes, 2 blocks sent again",
        );
        check(
            Outcome::PeerError { code: firstlight_tftp::ErrorCode(3), message: "full\n".to_owned() },
            r"10.0.0.7:2070 read boot/\x1b[2Jgrub\xe9: ended by the client: full\n (code 3)",
        );
    }
}
