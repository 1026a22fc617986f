//! The request port: one task that reads requests and starts transfers.
#![expect(clippy::disallowed_types, reason = "the driver's side: sockets are its business")]

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::time::Duration;

use quinn_udp::RecvMeta;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::bind;
use super::config::Config;
use super::handler::{Handler, Request};
use super::registry::{Active, Admission, Registry};
use super::transfer::{Report, Share, Task};
use crate::drive::{BusyPoll, Cache, RequestPort, inbox, now};
use crate::outcome::Outcome;
use crate::packet::Packet;

/// Several requests may arrive in one read (GRO), and one datagram may be this long.
const RECEIVE_BUFFER: usize = 1 << 16;
/// How long transfers may take to tell their peers that the server stops.
const GOODBYE: Duration = Duration::from_secs(1);
/// The pause after a failed read, so that a lasting error does not spin, and how many in a row end the server.
const ERROR_PAUSE: Duration = Duration::from_millis(100);
const MAX_ERRORS: u32 = 100;

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
        Self::from_std(bind::alone(address)?)
    }

    /// Takes a UDP port together with other servers that do so as well (`SO_REUSEPORT`): the kernel spreads the
    /// clients among them, each client always to the same one. So one host can serve with several processes, and a
    /// new one can take over while the old one ends its transfers: it gives the port up when it is told to stop, but for
    /// single-port mode. On Linux only.
    ///
    /// # Errors
    /// As [`bind`](Self::bind); `AddrInUse` when the other one does not share, or belongs to another user.
    #[cfg(target_os = "linux")]
    pub fn bind_shared(address: SocketAddr) -> io::Result<Self> {
        Self::from_std(bind::shared(address)?)
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

    /// Serves until `shutdown` is ready. Then requests are dropped, transfers under way have [`Config::grace`] to end,
    /// and what is left is ended with an ERROR.
    ///
    /// # Errors
    /// When the request socket cannot be used (any more). Nothing that a peer does is an error here.
    pub async fn serve(self, handler: impl Handler, shutdown: impl Future<Output = ()>) -> io::Result<()> {
        let mut config = self.config;
        if std::thread::available_parallelism().is_ok_and(|processors| processors.get() == 1) {
            config.busy_poll = Duration::ZERO;
        }
        let mut listener = Listener {
            handler: Arc::new(handler),
            config,
            cache: Arc::new(Cache::new(self.config.cache_bytes)),
            port: Some(Arc::new(RequestPort::new(self.socket)?)),
            local: self.local,
            registry: Registry::default(),
            arrivals: Arc::default(),
            tasks: JoinSet::new(),
            stopping: false,
        };
        let mut served = listener.run(shutdown).await;
        if served.is_ok() {
            listener.stopping = true;
            // Requests are for another server now that may share the port.
            listener.port = listener.port.filter(|_| self.config.single_port);
            served = listener.run(pause(self.config.grace)).await;
        }
        listener.registry.cancel_all();
        let all = async { while listener.tasks.join_next().await.is_some() {} };
        // Tasks that take longer are aborted when the set is dropped.
        let _ = tokio::time::timeout(GOODBYE, all).await;
        served
    }
}

struct Listener {
    handler: Arc<dyn Handler>,
    config: Config,
    cache: Arc<Cache>,
    /// Closed when the server stops, unless transfers need it.
    port: Option<Arc<RequestPort>>,
    local: SocketAddr,
    registry: Registry,
    /// How many datagrams all transfers have received.
    arrivals: Arc<AtomicUsize>,
    tasks: JoinSet<()>,
    /// Requests are dropped.
    stopping: bool,
}

impl Listener {
    /// Serves until `end`, or until the last transfer has ended when the server stops.
    async fn run(&mut self, end: impl Future<Output = ()>) -> io::Result<()> {
        let mut end = pin!(end);
        let mut buffer = vec![0; RECEIVE_BUFFER];
        let mut errors = 0;
        while !(self.stopping && self.tasks.is_empty()) {
            tokio::select! {
                () = &mut end => break,
                Some(ended) = self.tasks.join_next_with_id() => {
                    self.registry.remove(ended.map_or_else(|error| error.id(), |(task, ())| task));
                }
                received = receive(self.port.as_deref(), &mut buffer) => match received {
                    Ok(meta) => {
                        errors = 0;
                        let bytes = buffer.get(..meta.len).unwrap_or_default();
                        for datagram in bytes.chunks(meta.stride.max(1)) {
                            self.handle(&meta, datagram);
                        }
                    }
                    Err(error) => {
                        errors += 1;
                        if errors >= MAX_ERRORS {
                            return Err(error);
                        }
                        pause(ERROR_PAUSE).await;
                    }
                },
            }
        }
        Ok(())
    }

    fn handle(&mut self, meta: &RecvMeta, datagram: &[u8]) {
        let peer = SocketAddr::new(meta.addr.ip().to_canonical(), meta.addr.port());
        let peer = if peer.ip() == meta.addr.ip() { meta.addr } else { peer }; // keeps an IPv6 scope
        let (packet, write) = match Packet::parse(datagram) {
            Ok(Packet::Rrq(packet)) => (packet, false),
            Ok(Packet::Wrq(packet)) => (packet, true),
            // Without a transfer it has no business on this port. An answer would only help whoever forges addresses.
            _ => return self.registry.deliver(peer, datagram, self.config.longest_packet()),
        };
        let destination = meta.dst_ip.map_or(self.local.ip(), |ip| ip.to_canonical());
        if self.stopping || destination.is_multicast() {
            return;
        }
        let request = Request::new(peer, SocketAddr::new(destination, self.local.port()), &packet, write);
        match self.registry.admit(now(), peer, datagram, &self.config) {
            Admission::Start => self.start(request, meta.addr, datagram),
            Admission::Refuse => self.handler.done(&request, &Outcome::Overloaded),
            Admission::Wait => {}
        }
    }

    fn start(&mut self, request: Request, peer_as_received: SocketAddr, datagram: &[u8]) {
        let peer = request.peer;
        let report = Report { handler: Arc::clone(&self.handler), request, outcome: Outcome::Cancelled };
        let (cancel, cancelled) = oneshot::channel();
        let answered = Arc::new(AtomicBool::new(false));
        let (inbox, share) = self
            .port
            .clone()
            .filter(|_| self.config.single_port)
            .map(|port| {
                let (sender, receiver) = inbox();
                (sender, Share { port, peer: peer_as_received, inbox: receiver })
            })
            .unzip();
        let transfer = Task {
            report,
            config: self.config,
            cache: Arc::clone(&self.cache),
            share,
            cancel: cancelled,
            answered: Arc::clone(&answered),
        };
        let busy_poll = BusyPoll::new(self.config.busy_poll, Arc::clone(&self.arrivals));
        let task = self.tasks.spawn(transfer.run(busy_poll)).id();
        self.registry.insert(peer, Active { task, cancel, packet: datagram.to_vec(), answered, inbox });
    }
}

async fn receive(port: Option<&RequestPort>, buffer: &mut [u8]) -> io::Result<RecvMeta> {
    match port {
        Some(port) => port.receive(buffer).await,
        None => std::future::pending().await,
    }
}

#[expect(clippy::disallowed_methods, reason = "a driver may wait")]
async fn pause(duration: Duration) {
    tokio::time::sleep(duration).await;
}
