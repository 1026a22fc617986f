//! DHCP: leases from the store, boot options from the `pxe` crate, every packet into the journal.

mod ear;
mod events;
mod proxy;
mod rows;
mod search;

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use firstlight_dhcp::foreign::{Evidence, ForeignServer, ForeignServers};
use firstlight_dhcp::server::{
    Config as DhcpConfig, ConfigError, LeaseChange, Probing, Receipt, Reply, Server, Subnet, Timestamp,
};
use firstlight_dhcp::tokio::{Commit, Observation, Service, Socket, Verdict, drive};
use firstlight_dhcp::{MessageRef, MessageType, OptionCode};
use firstlight_pxe::discovery::{BOOT_SERVER_PORT, DHCP_PORT};
use firstlight_pxe::{Client, Role, decide_with};
use serde_json::json;
use socket2::{Domain, Protocol, Type};
use tokio::net::UdpSocket;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::boot::Boot;
use crate::config::DhcpMode;
use crate::controller::Controller;
use crate::journal::Journal;
use crate::meter::Meters;
use crate::model::{Mac, NewEvent};
use crate::run::StartError;
use crate::secret;
use crate::store::{Store, StoreError};
use crate::subnets::{Interface, Subnets};
use crate::time::Millis;
use events::{replied, requested, unsent};
use proxy::Proxy;
use rows::{from_row, to_row};
pub use search::{Found, PATIENCE, search};

/// Seconds after which another DHCP server is told of again.
const FOREIGN_QUIET: u32 = 3600;

/// DHCP cannot run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DhcpError {
    /// The configuration makes no subnet.
    #[error("dhcp: {0}")]
    Config(#[from] ConfigError),
    /// The leases cannot be read.
    #[error("the stored leases cannot be read: {0}")]
    Store(#[from] StoreError),
    /// Nobody said whether another server gives the addresses.
    #[error(
        "dhcp.mode is not set: say \"authoritative\" to give machines addresses, \"proxy\" to name boot files beside another \
         DHCP server, \"off\" if that one names this server"
    )]
    NoMode,
}

/// Starts what each subnet's [`DhcpMode`] asks for; the DHCP server with the leases that are stored.
///
/// Where this server gives no address at all, port 67 is the proxy's alone. Otherwise the DHCP server hears every interface,
/// since relay agents may come in by any, and leaves to the proxy what is its business.
///
/// # Errors
///
/// When a port, the configuration or the stored leases are not usable.
pub async fn spawn(
    services: &mut JoinSet<Result<(), StartError>>,
    probe: bool,
    boot: &Boot,
    controller: &Controller,
    meters: Arc<Meters>,
    mut stopped: watch::Receiver<bool>,
) -> Result<(), StartError> {
    let subnets = boot.subnets().clone();
    let proxy = Arc::new(Proxy { boot: boot.clone(), journal: controller.journal().clone() });
    let authoritative: Vec<Subnet> = subnets
        .iter()
        .filter(|subnet| subnet.mode == DhcpMode::Authoritative)
        .map(|subnet| subnet.dhcp.clone())
        .collect();
    for interface in subnets.heard() {
        proxy.spawn(services, BOOT_SERVER_PORT, interface, &meters, &stopped)?;
        if authoritative.is_empty() {
            proxy.spawn(services, DHCP_PORT, interface, &meters, &stopped)?;
        }
    }
    if authoritative.is_empty() {
        return Ok(());
    }
    let mut server = Server::new(dhcp_config(&subnets, authoritative, probe)).map_err(DhcpError::from)?;
    let store = controller.store().clone();
    let leases = store.leases().await.map_err(DhcpError::from)?;
    server.restore(leases.iter().filter_map(from_row));
    let Some(socket) = listen(&subnets)? else { return Ok(()) };
    let service = DhcpService {
        store,
        journal: controller.journal().clone(),
        proxy,
        meters,
        commit: Arc::default(),
        foreign: ForeignServers::new(subnets.interfaces().map(|interface| interface.address), FOREIGN_QUIET),
    };
    services.spawn(async move {
        let shutdown = async move {
            let () = crate::run::stopped(&mut stopped).await;
        };
        let driven = drive(socket, server, service, shutdown).await;
        driven.map_err(|error| StartError::Ended { service: "DHCP", reason: error.to_string() })
    });
    Ok(())
}

/// Port 67 on every interface where DHCP is heard.
fn listen(subnets: &Subnets) -> Result<Option<Socket>, StartError> {
    let mut all: Option<Socket> = None;
    for Interface { name, address } in subnets.heard() {
        let socket = Socket::bind(name).map_err(|error| match error.kind() {
            io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied => {
                StartError::port("DHCP", IpAddr::V4(*address), DHCP_PORT, &error)
            }
            _ => StartError::Ended { service: "DHCP", reason: error.to_string() },
        })?;
        all = Some(match all {
            Some(others) => others.join(socket),
            None => socket,
        });
    }
    Ok(all)
}

fn dhcp_config(subnets: &Subnets, authoritative: Vec<Subnet>, probe: bool) -> DhcpConfig {
    let mut dhcp = DhcpConfig::new(subnets.main(), authoritative);
    dhcp.other_ids =
        subnets.interfaces().map(|interface| interface.address).filter(|id| *id != subnets.main()).collect();
    dhcp.probing = probe.then(Probing::default);
    dhcp.seed = secret::seed();
    dhcp
}

/// Commits leases, adds boot options, tells of packets.
struct DhcpService {
    store: Arc<dyn Store>,
    journal: Journal,
    /// For the subnets whose addresses come from another server, and what it knows of machines for all.
    proxy: Arc<Proxy>,
    meters: Arc<Meters>,
    /// Microseconds that the last commit took: the decision itself is a matter of less than one.
    commit: Arc<AtomicU64>,
    foreign: ForeignServers,
}

impl Service for DhcpService {
    fn commit(&mut self, changes: &[LeaseChange]) -> Commit {
        let rows: Vec<_> = changes.iter().map(|change| to_row(&change.lease)).collect();
        let (store, took) = (self.store.clone(), self.commit.clone());
        Box::pin(async move {
            let begun = Instant::now();
            let stored = store.put_leases(&rows).await.map_err(io::Error::other);
            took.store(u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
            stored
        })
    }

    fn screen(&mut self, request: &MessageRef<'_>, receipt: Receipt) -> Verdict {
        if search::is_own(request, receipt) {
            return Verdict::Ignore;
        }
        match self.proxy.boot.subnets().of_request(request, receipt).map(|subnet| subnet.mode) {
            Some(DhcpMode::Authoritative) | None => Verdict::Serve,
            Some(DhcpMode::Off) => Verdict::Ignore,
            Some(DhcpMode::Proxy) => match self.proxy.answer(request, receipt, DHCP_PORT) {
                Some((datagram, reply)) => {
                    Verdict::Answer { datagram, to: reply.destination, delay: reply.answer.delay }
                }
                None => Verdict::Ignore,
            },
        }
    }

    fn customize(&mut self, request: &MessageRef<'_>, receipt: Receipt, reply: &mut Reply) {
        if reply.message.message_type() == Some(MessageType::NAK) {
            return;
        }
        let Some(client) = identify(request) else { return };
        let (policy, quirks) = self.proxy.terms(request, receipt, &client);
        let Ok(answer) = decide_with(&client, Role::Dhcp, &policy, &quirks) else { return };
        reply.delay = answer.delay;
        reply.message.siaddr = answer.siaddr;
        let named = reply.message.set_sname(answer.sname.as_bytes());
        if named.and(reply.message.set_file(answer.file.as_bytes())).is_err() {
            tracing::error!("boot file `{}` does not fit into a DHCP message", answer.file);
            return;
        }
        for (code, value) in &answer.options {
            reply.message.set(OptionCode(*code), value);
        }
    }

    fn observe(&mut self, event: Observation<'_>) {
        let event = match event {
            Observation::Replied { request, source, reply } => {
                self.hear(request);
                self.journal.note(requested(request, source));
                let commits = reply.message.message_type() == Some(MessageType::ACK);
                let micros = if commits { self.commit.load(Ordering::Relaxed) } else { 0 };
                self.meters.dhcp.add(Duration::from_micros(micros));
                replied(request, reply)
            }
            Observation::Silent { request, source, reason } => {
                self.hear(request);
                self.journal.note(requested(request, source));
                let message = format!("no answer to {}: {reason}", request.hardware_address());
                NewEvent::now("dhcp.silence", message)
                    .mac(mac(request))
                    .details(json!({"reason": reason.code(), "xid": request.xid()}))
            }
            Observation::Malformed { source, error, bytes } => {
                let message = format!("{source} sent {} bytes that are no DHCP message: {error}", bytes.len());
                NewEvent::now("dhcp.malformed", message).details(json!({"source": source.to_string()}))
            }
            Observation::Withheld { request, .. } => {
                let message =
                    format!("the lease of {} could not be stored, so no answer left", request.hardware_address());
                NewEvent::now("dhcp.failed", message).mac(mac(request))
            }
            Observation::EmitFailed { request, error, .. } => {
                let message = format!("the answer to {} could not be written: {error}", request.hardware_address());
                NewEvent::now("dhcp.failed", message).mac(mac(request))
            }
            Observation::SendFailed { request, error, .. } => unsent(request, error),
            Observation::CommitFailed { error, changes } => {
                tracing::error!("leases cannot be stored: {error}");
                NewEvent::now("dhcp.failed", format!("{} leases could not be stored: {error}", changes.len()))
            }
            Observation::AnswerFailed { request, error, .. } => unsent(request, error),
            other => NewEvent::now("dhcp.failed", format!("{other:?}")),
        };
        self.journal.note(event);
    }
}

impl DhcpService {
    /// Tells of another DHCP server, once, when a client is heard speaking of it.
    fn hear(&mut self, request: &MessageRef<'_>) {
        let now = Timestamp(u64::try_from(Millis::now().0 / 1000).unwrap_or_default());
        let Some(ForeignServer { address, evidence, .. }) = self.foreign.handle(now, request) else { return };
        let how = match evidence {
            Evidence::NamedByClient => "a client has chosen it",
            _ => "it has answered a client",
        };
        let message = format!(
            "another DHCP server, {address}, answers on this network ({how}): turn one of the two off, or machines boot now \
             from one and now from the other"
        );
        tracing::warn!("{message}");
        let event = NewEvent::now("dhcp.foreign", message).mac(mac(request));
        self.journal.note(event.details(json!({"server": address})));
    }
}

fn identify(request: &MessageRef<'_>) -> Option<Client> {
    let option = |code| request.get(OptionCode(code));
    match request.hardware_address().mac() {
        Some(mac) => Client::identify_with_mac(mac, option),
        None => Client::identify(option),
    }
}

fn mac(request: &MessageRef<'_>) -> Option<Mac> {
    request.hardware_address().mac().map(Mac)
}

/// A UDP port on one interface.
fn bind(interface: &str, port: u16) -> io::Result<UdpSocket> {
    let socket = socket2::Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
    socket.bind_device(Some(interface.as_bytes()))?;
    socket.set_broadcast(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)).into())?;
    UdpSocket::from_std(socket.into())
}

/// What an earlier datagram met on its way, or a link that is down for a moment.
fn is_transient(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionRefused, HostUnreachable, NetworkDown, NetworkUnreachable};
    matches!(error.kind(), ConnectionRefused | HostUnreachable | NetworkDown | NetworkUnreachable)
}
