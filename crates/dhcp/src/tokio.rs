//! The driver: [`drive`] runs a [`Server`] on a UDP [`Socket`], and a [`Service`] says where leases are stored.
//!
//! It receives what is ready, decides about all of it, asks the service for *one* commit of every change, and sends
//! what rests on it when the commit is done. Meanwhile it goes on receiving, and what cannot wait (an OFFER, a NAK)
//! leaves at once. It starts no task and has no opinion about storage, boot options or logs: these are the service's.
//!
//! RFC 2131 §2.2 (probes), §4.1 (ports, addressing; raw frames for clients that do not answer ARP yet).

mod frame;
mod link;
mod ping;
mod pipeline;
mod service;
mod socket;

use std::{
    future::Future,
    io,
    net::Ipv4Addr,
    pin::{Pin, pin},
    time::Duration,
};

pub use service::{Commit, Observation, Service, Verdict};
pub use socket::{BindError, Socket};

use ::tokio::time::{Instant, Sleep};

use crate::server::{Server, Timestamp};
use ping::Ping;
use pipeline::Pipeline;
use socket::Received;

/// The wall clock may be set while we sleep.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);
/// In so much time, so many datagrams are taken as they come, and one commit begins. What comes beyond that waits for the
/// next window: a wake-up or a commit for each of them would cost the system more than they do, and take the time from
/// whoever sends them. Without such a load, nobody waits.
const WINDOW: Duration = Duration::from_millis(1);
const AT_ONCE: usize = 8;

/// Runs until `shutdown` is ready; what has been received is answered before, unless it waits for a probe or is
/// held back.
///
/// The calling order: [`Server::restore`] with every stored lease, [`Socket::bind`], then `drive`. For each datagram it
/// calls [`Service::screen`] and [`Server::handle`], then, if there are changes, [`Service::commit`] for all that came in meanwhile; then
/// [`Service::customize`] with the reply, and when it is sent, [`Service::observe`].
///
/// ```no_run
/// use firstlight_dhcp::server::{Config, LeaseChange, Server, Subnet};
/// use firstlight_dhcp::tokio::{Commit, Service, Socket, drive};
///
/// struct Volatile;
///
/// impl Service for Volatile {
///     fn commit(&mut self, _changes: &[LeaseChange]) -> Commit {
///         Box::pin(async { Ok(()) }) // a real one writes them to disk first
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
    server: Server,
    service: impl Service,
    shutdown: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    let mut shutdown = pin!(shutdown);
    let mut stopping = false;
    socket.speak_as(server.server_ids());
    let mut pipeline = Pipeline::new(server, service);
    let mut ping = None;
    let mut alarm = Alarm::new();
    let mut pace = Pace::new();
    loop {
        while let Some(address) = pipeline.poll_probe() {
            if let Err(error) = probe(&mut ping, &socket, address).await {
                pipeline.handle_probe_failure(address, &error);
            }
        }
        pipeline.flush(instant(), &mut socket).await;
        pace.roll();
        if pipeline.wants_commit() && (stopping || pace.may_commit()) {
            pace.has_committed = true;
            pipeline.begin_commit();
        }
        if stopping && !pipeline.is_writing() {
            return Ok(());
        }
        alarm.set(pipeline.poll_timeout());
        let delayed = pipeline.poll_delayed();
        let wants_commit = pipeline.wants_commit();
        let may_receive = pace.may_receive();
        let has_room = pipeline.has_room();
        // In this order: what frees something comes before what takes it, and a flood keeps no timer from its turn.
        ::tokio::select! {
            biased;
            () = &mut shutdown, if !stopping => stopping = true,
            outcome = pipeline.committed() => pipeline.finish_commit(outcome),
            () = pace.next(), if wants_commit || !may_receive => {}
            () = alarm.rings(), if !stopping => pipeline.handle_timeout(clock()),
            () = until(delayed), if delayed.is_some() && !stopping => {}
            answer = answered(ping.as_ref()), if !stopping => match answer {
                Ok(address) => pipeline.handle_presence(clock(), address),
                // The next probe opens it again.
                Err(_) => ping = None,
            },
            ready = socket.readable(), if may_receive && has_room && !stopping => {
                ready?;
                let now = clock();
                pace.received(&socket.receive(|datagram| pipeline.handle(now, datagram))?);
            }
        }
    }
}

/// Waits for the first of the replies that are held back.
async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep(deadline.saturating_duration_since(instant())).await,
        None => std::future::pending().await,
    }
}

/// Asks the link for an address. The socket for it is opened when it is needed.
async fn probe(ping: &mut Option<Ping>, socket: &Socket, address: Ipv4Addr) -> io::Result<()> {
    match ping {
        Some(ping) => ping.send(address).await,
        None => ping.insert(Ping::open(socket.interface())?).send(address).await,
    }
}

async fn answered(ping: Option<&Ping>) -> io::Result<Ipv4Addr> {
    match ping {
        Some(ping) => ping.answered().await,
        None => std::future::pending().await,
    }
}

#[expect(clippy::disallowed_methods, reason = "the driver is where the clock is read")]
fn clock() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Timestamp(since.map_or(0, |since| since.as_secs()))
}

/// What may be done before the window ends.
struct Pace {
    window: Pin<Box<Sleep>>,
    received: usize,
    has_more: bool,
    has_committed: bool,
}

impl Pace {
    fn new() -> Self {
        Self { window: sleep(Duration::ZERO), received: 0, has_more: false, has_committed: false }
    }

    /// Begins another window, if this one is over.
    fn roll(&mut self) {
        let now = instant();
        if self.window.deadline() <= now {
            self.window.as_mut().reset(now + WINDOW);
            (self.received, self.has_committed) = (0, false);
        }
    }

    const fn received(&mut self, batch: &Received) {
        self.received += batch.count;
        self.has_more = batch.has_more;
    }

    const fn may_receive(&self) -> bool {
        self.received < AT_ONCE || self.has_more
    }

    const fn may_commit(&self) -> bool {
        !self.has_committed
    }

    async fn next(&mut self) {
        self.window.as_mut().await;
    }
}

/// The next thing to be ended.
struct Alarm {
    sleep: Pin<Box<Sleep>>,
    deadline: Option<Timestamp>,
}

impl Alarm {
    fn new() -> Self {
        Self { sleep: sleep(Duration::ZERO), deadline: None }
    }

    /// Most of the time, nothing has changed.
    fn set(&mut self, deadline: Option<Timestamp>) {
        if deadline == self.deadline {
            return;
        }
        self.deadline = deadline;
        if let Some(deadline) = deadline {
            let wait = Duration::from_secs(clock().seconds_until(deadline)).min(LONGEST_SLEEP);
            self.sleep.as_mut().reset(instant() + wait);
        }
    }

    async fn rings(&mut self) {
        if self.deadline.is_none() {
            return std::future::pending().await;
        }
        self.sleep.as_mut().await;
        self.deadline = None;
    }
}

#[expect(clippy::disallowed_methods, reason = "the driver is what waits")]
fn sleep(duration: Duration) -> Pin<Box<Sleep>> {
    Box::pin(::tokio::time::sleep(duration))
}

#[expect(clippy::disallowed_methods, reason = "the driver is where the clock is read")]
fn instant() -> Instant {
    Instant::now()
}
