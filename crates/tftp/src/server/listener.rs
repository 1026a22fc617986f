//! The request port: one task that reads requests and starts transfers.
#![expect(clippy::disallowed_types, reason = "the driver's side: sockets are its business")]

use std::future::Future;
use std::io::{self, IoSliceMut};
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use quinn_udp::{RecvMeta, UdpSocketState};
use tokio::io::Interest;
use tokio::net::UdpSocket;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::cache::Cache;
use super::handler::{Handler, Request};
use super::registry::{Active, Admission, Registry};
use super::transfer::{Report, Transfer};
use crate::negotiate::Limits;
use crate::outcome::Outcome;
use crate::packet::Packet;
use crate::read_transfer::Timing;

/// Several requests may arrive in one read (GRO), and one datagram may be this long.
const RECEIVE_BUFFER: usize = 1 << 16;
/// How long transfers may take to tell their peers that the server stops.
const GOODBYE: Duration = Duration::from_secs(1);
/// The pause after a failed read, so that a lasting error does not spin, and how many in a row end the server.
const ERROR_PAUSE: Duration = Duration::from_millis(100);
const MAX_ERRORS: u32 = 100;

/// What a server grants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// The limits of the option negotiation. For an IPv6 peer the block size is lowered by the 20 bytes by which
    /// its header is longer.
    pub limits: Limits,
    /// Retransmission.
    pub timing: Timing,
    /// Concurrent transfers in all. Above it requests are dropped; the clients ask again.
    pub max_transfers: usize,
    /// Concurrent transfers of one address.
    pub max_per_address: usize,
    /// How long a handler may look for a file. Clients have given up long before that; a place must not be held for
    /// ever by a handler that hangs.
    pub handler_timeout: Duration,
    /// Bytes of files that are kept in memory for other transfers of the same file.
    pub cache_bytes: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            timing: Timing::default(),
            max_transfers: 1024,
            max_per_address: 64,
            handler_timeout: Duration::from_secs(60),
            cache_bytes: 64 << 20,
        }
    }
}

/// A TFTP server that has its port and does not serve yet.
///
/// ```no_run
/// # use firstlight_tftp::{Error, Handler, Request, Server, Source};
/// # struct OneFile;
/// # #[async_trait::async_trait]
/// # impl Handler for OneFile {
/// #     async fn read(&self, _: &Request) -> Result<Source, Error> { Err(Error::not_found()) }
/// # }
/// # async fn run() -> std::io::Result<()> {
/// let server = Server::bind(([10, 77, 0, 1], 69).into())?;
/// server.serve(OneFile, std::future::pending()).await
/// # }
/// ```
#[derive(Debug)]
pub struct Server {
    socket: std::net::UdpSocket,
    local: SocketAddr,
    config: Config,
}

impl Server {
    /// Takes a UDP port: 69, unless the clients are told otherwise. Port 0 takes a free one, see
    /// [`local_addr`](Self::local_addr).
    ///
    /// With a specific address the server answers from it. With a wildcard address it answers from the address that
    /// was asked, where the platform tells (Linux, Windows, macOS, the BSDs); on others the routing table decides.
    ///
    /// # Errors
    /// The text names the address and the port. The kind tells what is wrong: `AddrInUse` (another server),
    /// `PermissionDenied` (ports below 1024 need rights), `AddrNotAvailable` (no interface has the address).
    pub fn bind(address: SocketAddr) -> io::Result<Self> {
        let socket = std::net::UdpSocket::bind(address).map_err(|error| {
            let what = match error.kind() {
                io::ErrorKind::AddrInUse => "another program uses this port".to_owned(),
                io::ErrorKind::PermissionDenied => "no right to use this port".to_owned(),
                io::ErrorKind::AddrNotAvailable => "no interface has this address".to_owned(),
                _ => error.to_string(),
            };
            let (ip, port) = (address.ip(), address.port());
            io::Error::new(error.kind(), format!("cannot listen for TFTP on {ip}, UDP port {port}: {what}"))
        })?;
        Self::from_std(socket)
    }

    /// Uses a socket that is bound already: to a device, in another namespace, or by socket activation.
    ///
    /// # Errors
    /// When the socket has no address, or cannot be made non-blocking.
    pub fn from_std(socket: std::net::UdpSocket) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        let local = socket.local_addr()?;
        Ok(Self { socket, local, config: Config::default() })
    }

    /// The same server with other limits.
    #[must_use]
    pub fn with_config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// The address and port of the request socket.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// Serves until `shutdown` is ready; then transfers under way are ended with an ERROR.
    ///
    /// # Errors
    /// When the request socket cannot be used (any more). Nothing that a peer does is an error here.
    pub async fn serve(self, handler: impl Handler, shutdown: impl Future<Output = ()>) -> io::Result<()> {
        let socket = UdpSocket::from_std(self.socket)?;
        let state = UdpSocketState::new((&socket).into())?;
        let mut listener = Listener {
            handler: Arc::new(handler),
            config: self.config,
            cache: Arc::new(Cache::new(self.config.cache_bytes)),
            local: self.local,
            registry: Registry::default(),
            tasks: JoinSet::new(),
        };
        let mut shutdown = pin!(shutdown);
        let mut buffer = vec![0; RECEIVE_BUFFER];
        let mut errors = 0;
        loop {
            tokio::select! {
                () = &mut shutdown => break,
                Some(ended) = listener.tasks.join_next_with_id() => {
                    listener.registry.remove(ended.map_or_else(|error| error.id(), |(task, ())| task));
                }
                received = receive(&socket, &state, &mut buffer) => match received {
                    Ok(meta) => {
                        errors = 0;
                        let bytes = buffer.get(..meta.len).unwrap_or_default();
                        for datagram in bytes.chunks(meta.stride.max(1)) {
                            listener.handle(&meta, datagram);
                        }
                    }
                    Err(error) => {
                        errors += 1;
                        if errors >= MAX_ERRORS {
                            return Err(error);
                        }
                        pause().await;
                    }
                },
            }
        }
        listener.registry.cancel_all();
        let all = async { while listener.tasks.join_next().await.is_some() {} };
        // Tasks that take longer are aborted when the set is dropped.
        let _ = tokio::time::timeout(GOODBYE, all).await;
        Ok(())
    }
}

struct Listener {
    handler: Arc<dyn Handler>,
    config: Config,
    cache: Arc<Cache>,
    local: SocketAddr,
    registry: Registry,
    tasks: JoinSet<()>,
}

impl Listener {
    fn handle(&mut self, meta: &RecvMeta, datagram: &[u8]) {
        let (packet, write) = match Packet::parse(datagram) {
            Ok(Packet::Rrq(packet)) => (packet, false),
            Ok(Packet::Wrq(packet)) => (packet, true),
            // Anything else has no business on this port. An answer would only help whoever forges addresses.
            _ => return,
        };
        let destination = meta.dst_ip.map_or(self.local.ip(), |ip| ip.to_canonical());
        if !can_answer_from(destination) {
            return;
        }
        let peer = SocketAddr::new(meta.addr.ip().to_canonical(), meta.addr.port());
        let peer = if peer.ip() == meta.addr.ip() { meta.addr } else { peer }; // keeps an IPv6 scope
        let request = Request::new(peer, SocketAddr::new(destination, self.local.port()), &packet, write);
        match self.registry.admit(peer, datagram, self.config.max_transfers, self.config.max_per_address) {
            Admission::Start => self.start(request, datagram),
            Admission::Refuse => self.handler.done(&request, &Outcome::Overloaded),
            Admission::Wait => {}
        }
    }

    fn start(&mut self, request: Request, datagram: &[u8]) {
        let peer = request.peer;
        let report = Report { handler: Arc::clone(&self.handler), request, outcome: Outcome::Cancelled };
        let (cancel, cancelled) = oneshot::channel();
        let answered = Arc::new(AtomicBool::new(false));
        let cache = Arc::clone(&self.cache);
        let transfer =
            Transfer { report, config: self.config, cache, cancel: cancelled, answered: Arc::clone(&answered) };
        let task = self.tasks.spawn(transfer.run()).id();
        self.registry.insert(peer, Active { task, cancel, packet: datagram.to_vec(), answered });
    }
}

/// A request to a broadcast or multicast address is not for this server (RFC 906 is not served).
fn can_answer_from(destination: IpAddr) -> bool {
    match destination {
        IpAddr::V4(ip) => !ip.is_broadcast() && !ip.is_multicast(),
        IpAddr::V6(ip) => !ip.is_multicast(),
    }
}

async fn receive(socket: &UdpSocket, state: &UdpSocketState, buffer: &mut [u8]) -> io::Result<RecvMeta> {
    let mut meta = [RecvMeta::default()];
    socket
        .async_io(Interest::READABLE, || state.recv(socket.into(), &mut [IoSliceMut::new(buffer)], &mut meta))
        .await?;
    let [meta] = meta;
    Ok(meta)
}

#[expect(clippy::disallowed_methods, reason = "a driver may wait")]
async fn pause() {
    tokio::time::sleep(ERROR_PAUSE).await;
}
