//! The driver: [`drive`] runs a [`Server`] on a UDP [`Socket`], and a [`Service`] says where leases are stored.
//!
//! It receives what is ready, decides about all of it, asks the service for *one* commit of every change, and only
//! then sends. It keeps no state of its own, starts no task and has no opinion about storage, boot options or logs:
//! these are the service's.
//!
//! RFC 2131 §4.1 (ports, addressing; raw frames for clients that do not answer ARP yet).

mod batch;
mod frame;
mod link;
mod service;
mod socket;

use std::{
    future::Future,
    io,
    net::{SocketAddr, SocketAddrV4},
    pin::pin,
    time::Duration,
};

pub use service::{Observation, Service};
pub use socket::{BindError, Socket};

use crate::server::{Receipt, Server, Timestamp};
use batch::{Datagram, answer};

/// Datagrams that share one commit.
const BATCH: usize = 64;
/// Room for one datagram; no client sends more than its Ethernet frame holds.
const DATAGRAM: usize = 2048;
/// The wall clock may be set while we sleep.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);

/// Runs until `shutdown` is ready; a batch that has been received is answered before. Restore the server's leases
/// first.
///
/// ```no_run
/// use firstlight_dhcp::server::{Config, LeaseChange, Server, Subnet};
/// use firstlight_dhcp::tokio::{Service, Socket, drive};
///
/// struct Volatile;
///
/// #[async_trait::async_trait]
/// impl Service for Volatile {
///     async fn commit(&mut self, _changes: &[LeaseChange]) -> std::io::Result<()> {
///         Ok(()) // a real one writes them to disk first
///     }
/// }
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let mut subnet = Subnet::new([192, 168, 77, 0].into(), 24);
/// subnet.pools = vec![[192, 168, 77, 100].into()..=[192, 168, 77, 199].into()];
/// let server = Server::new(Config::new([192, 168, 77, 1].into(), vec![subnet]))?;
/// drive(Socket::bind("eth1")?, server, Volatile, std::future::pending()).await?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// The socket has failed for good. A failed commit or an unreachable client is no such error: the service is told
/// by [`Service::observe`].
pub async fn drive(
    mut socket: Socket,
    mut server: Server,
    mut service: impl Service,
    shutdown: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    let mut shutdown = pin!(shutdown);
    let mut buffer = vec![0; BATCH * DATAGRAM];
    let mut received = Vec::with_capacity(BATCH);
    let interface_address = socket.interface_address_for(server.server_id());
    loop {
        let timer = sleep_until(server.poll_timeout());
        ::tokio::select! {
            () = &mut shutdown => return Ok(()),
            ready = socket.readable() => {
                ready?;
                receive(&socket, &mut buffer, &mut received)?;
                let datagrams = buffer.chunks(DATAGRAM).zip(&received).filter_map(|(room, &(len, source))| {
                    let receipt = Receipt::new(source, interface_address);
                    room.get(..len).map(|bytes| Datagram { bytes, receipt })
                });
                answer(clock(), datagrams, &mut server, &mut service, &mut socket).await;
            }
            () = timer => {
                let changes = server.handle_timeout(clock());
                if !changes.is_empty() && let Err(error) = service.commit(&changes).await {
                    service.observe(Observation::CommitFailed { error: &error, changes: &changes });
                }
            }
        }
    }
}

/// Takes what is there without waiting, up to a batch.
fn receive(socket: &Socket, buffer: &mut [u8], received: &mut Vec<(usize, SocketAddrV4)>) -> io::Result<()> {
    received.clear();
    for room in buffer.chunks_mut(DATAGRAM) {
        match socket.try_receive(room) {
            Ok((len, SocketAddr::V4(source))) => received.push((len, source)),
            // An IPv4 socket has no other sources.
            Ok((_, SocketAddr::V6(_))) => break,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
            // What earlier datagrams met on their way is reported here, and concerns nobody any more.
            Err(error) if is_transient(&error) => break,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn is_transient(error: &io::Error) -> bool {
    use io::ErrorKind::{
        ConnectionRefused, ConnectionReset, HostUnreachable, Interrupted, NetworkDown, NetworkUnreachable,
        PermissionDenied,
    };
    matches!(
        error.kind(),
        ConnectionRefused
            | ConnectionReset
            | HostUnreachable
            | Interrupted
            | NetworkDown
            | NetworkUnreachable
            | PermissionDenied
    )
}

#[expect(clippy::disallowed_methods, reason = "the driver is where the clock is read")]
fn clock() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Timestamp(since.map_or(0, |since| since.as_secs()))
}

#[expect(clippy::disallowed_methods, reason = "the driver is what waits")]
async fn sleep_until(deadline: Option<Timestamp>) {
    match deadline {
        Some(deadline) => {
            let wait = Duration::from_secs(clock().seconds_until(deadline)).min(LONGEST_SLEEP);
            ::tokio::time::sleep(wait).await;
        }
        None => std::future::pending().await,
    }
}
