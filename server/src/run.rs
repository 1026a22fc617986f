//! Start, everything at once, stop.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::sys::statvfs::statvfs;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::boot::{Boot, BootError};
use crate::config::{Config, ConfigError};
use crate::controller::Controller;
use crate::dhcp::{self, DhcpError};
use crate::http::{App, router, serve};
use crate::journal::Journal;
use crate::meter::Meters;
use crate::model::NewEvent;
use crate::network::InterfaceError;
use crate::store::sqlite::SqliteStore;
use crate::store::{Store, StoreError};
use crate::subnets::{Interface, Subnet, Subnets};
use crate::templates::TemplatesError;
use crate::tftp::TftpService;
use crate::{audit, outbox, secret};

/// Room for the database to begin with; SQLite's own errors on a full disk name anything but the disk.
const MIN_FREE: u64 = 16 << 20;

/// The server cannot run. Each reads as one sentence that says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The interface is wrong.
    #[error(transparent)]
    Interface(#[from] InterfaceError),
    /// Something that should be served is missing.
    #[error(transparent)]
    Boot(#[from] BootError),
    /// A directory of templates is missing.
    #[error(transparent)]
    Templates(#[from] TemplatesError),
    /// DHCP cannot run.
    #[error(transparent)]
    Dhcp(#[from] DhcpError),
    /// The data directory is not usable.
    #[error("data directory {path}: {error}")]
    DataDir {
        /// Where.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// There is no room.
    #[error("data directory {path}: the disk is full: free at least {needed} MiB", needed = MIN_FREE >> 20)]
    DiskFull {
        /// Where.
        path: PathBuf,
    },
    /// The database is not usable.
    #[error("database {path}: {error}")]
    Store {
        /// Where.
        path: PathBuf,
        /// Why.
        error: StoreError,
    },
    /// A port is not to be had.
    #[error("{service} cannot use port {port} on {address}: {reason}")]
    Port {
        /// `DHCP`, `TFTP` or `HTTP`.
        service: &'static str,
        /// Which port.
        port: u16,
        /// Which address.
        address: IpAddr,
        /// Why, and what to do.
        reason: String,
    },
    /// A service ended by itself.
    #[error("{service} has ended: {reason}")]
    Ended {
        /// Which.
        service: &'static str,
        /// Why.
        reason: String,
    },
}

impl StartError {
    pub(crate) fn port(service: &'static str, address: IpAddr, port: u16, error: &io::Error) -> Self {
        let reason = match error.kind() {
            io::ErrorKind::AddrInUse => "another program has it; `ss -tulpn` shows which".to_owned(),
            io::ErrorKind::PermissionDenied => "only root may; run it as root".to_owned(),
            _ => error.to_string(),
        };
        Self::Port { service, port, address, reason }
    }
}

/// Runs the server until `shutdown` ends, then stops in good order.
///
/// # Errors
///
/// [`StartError`] when it cannot start, or a service breaks down.
pub async fn run(config: Config, shutdown: impl Future<Output = ()>) -> Result<(), StartError> {
    let started = Instant::now();
    let subnets = Subnets::new(&config)?;
    make_data_dir(&config.data_dir)?;
    let admin_token = admin_token(&config.data_dir)?;
    let store = open_store(&config.data_dir).await?;
    let (journal, writer) = Journal::new(config.events_kept);
    let controller = Controller::new(store.clone(), journal.clone(), config.timeouts.clone());
    let boot = Boot::new(controller.clone(), &config, subnets.clone())?;
    boot.check()?;
    boot.templates().check()?;

    let meters = Arc::<Meters>::default();
    let (stop, stopped) = watch::channel(false);
    let app = App {
        controller: controller.clone(),
        boot: boot.clone(),
        admin_token: admin_token.into(),
        meters: meters.clone(),
        ntp_servers: config.dhcp.ntp_servers.iter().map(ToString::to_string).collect(),
        stop: stopped.clone(),
    };
    let mut services: JoinSet<Result<(), StartError>> = JoinSet::new();
    for (address, listener) in http_listeners(&config, &subnets).await? {
        // What machines are told to fetch, they fetch from where they have asked.
        let app = App { boot: boot.at(address), ..app.clone() };
        let (router, stopped) = (router(app), stopped.clone());
        services.spawn(async move {
            serve(listener, router, stopped).await;
            Ok(())
        });
    }
    for interface in subnets.interfaces() {
        spawn_tftp(&mut services, &boot.at(interface.address), &journal, &meters, stopped.clone())?;
    }
    dhcp::spawn(&mut services, config.dhcp.probe, &boot, &controller, meters, stopped.clone()).await?;
    spawn_housekeeping(&mut services, &boot, &controller, &stopped);
    let (writer_stop, writer_stopped) = watch::channel(false);
    let writer = tokio::spawn(writer.run(store, writer_stopped));

    let took = started.elapsed().as_millis();
    let message = format!("serving {}", served(&subnets));
    journal.note(NewEvent::now("server.started", message.clone()));
    eprintln!("firstlight: {message}; ready in {took} ms");
    let outcome = tokio::select! {
        () = shutdown => Ok(()),
        ended = first_end(&mut services) => ended,
    };
    let _ = stop.send(true);
    let _ = tokio::time::timeout(Duration::from_secs(5), services.join_all()).await;
    let _ = writer_stop.send(true);
    let _ = tokio::time::timeout(Duration::from_secs(5), writer).await;
    outcome
}

async fn first_end(services: &mut JoinSet<Result<(), StartError>>) -> Result<(), StartError> {
    match services.join_next().await {
        Some(Ok(Ok(()))) | None => Err(StartError::Ended { service: "a service", reason: "nobody told it to".into() }),
        Some(Ok(Err(error))) => Err(error),
        Some(Err(error)) => Err(StartError::Ended { service: "a service", reason: error.to_string() }),
    }
}

fn spawn_housekeeping(
    services: &mut JoinSet<Result<(), StartError>>,
    boot: &Boot,
    controller: &Controller,
    stopped: &watch::Receiver<bool>,
) {
    let client = reqwest::Client::builder()
        .timeout(Duration::from_secs(10))
        .redirect(reqwest::redirect::Policy::limited(3))
        .build()
        .unwrap_or_default();
    let (a, b, c) = (controller.clone(), controller.clone(), controller.clone());
    let (stop_a, stop_b, stop_c) = (stopped.clone(), stopped.clone(), stopped.clone());
    let power_client = client.clone();
    services.spawn(async move {
        outbox::run(a, client, stop_a).await;
        Ok(())
    });
    services.spawn(async move {
        outbox::watch_deadlines(b, stop_b).await;
        Ok(())
    });
    services.spawn(async move {
        outbox::watch_power(c, power_client, stop_c).await;
        Ok(())
    });
    let (boot, controller, stop) = (boot.clone(), controller.clone(), stopped.clone());
    services.spawn(async move {
        audit::run(boot, controller, stop).await;
        Ok(())
    });
}

fn spawn_tftp(
    services: &mut JoinSet<Result<(), StartError>>,
    boot: &Boot,
    journal: &Journal,
    meters: &Arc<Meters>,
    mut stopped: watch::Receiver<bool>,
) -> Result<(), StartError> {
    const PORT: u16 = 69;
    let address = IpAddr::V4(boot.policy().server);
    let server = firstlight_tftp::Server::bind(SocketAddr::new(address, PORT))
        .map_err(|error| StartError::port("TFTP", address, PORT, &error))?;
    let service = TftpService::new(boot.clone(), journal.clone(), meters.clone());
    services.spawn(async move {
        let shutdown = async move {
            let () = crate::run::stopped(&mut stopped).await;
        };
        let served = server.serve(service, shutdown).await;
        served.map_err(|error| StartError::Ended { service: "TFTP", reason: error.to_string() })
    });
    Ok(())
}

/// The interfaces' addresses for machines, and loopback for people on this host; each with the address that is told there.
async fn http_listeners(config: &Config, subnets: &Subnets) -> Result<Vec<(Ipv4Addr, TcpListener)>, StartError> {
    let mut listeners = Vec::new();
    let own = subnets.interfaces().map(|interface| (interface.address, interface.address));
    for (told, address) in own.chain([(subnets.main(), Ipv4Addr::LOCALHOST)]) {
        let (address, port) = (IpAddr::V4(address), config.http.port);
        let listener = TcpListener::bind((address, port)).await;
        listeners.push((told, listener.map_err(|error| StartError::port("HTTP", address, port, &error))?));
    }
    Ok(listeners)
}

/// Each subnet and where it is.
fn served(subnets: &Subnets) -> String {
    let one = |subnet: &Subnet| match &subnet.interface {
        Some(Interface { name, address }) => format!("{name} from {address}/{}", subnet.dhcp.prefix_len),
        None => format!("{subnet} behind a relay agent"),
    };
    subnets.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn make_data_dir(path: &Path) -> Result<(), StartError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|error| StartError::DataDir { path: path.to_owned(), error })?;
    let free = statvfs(path).map(|disk| disk.blocks_available() * disk.fragment_size());
    match free {
        Ok(free) if free < MIN_FREE => Err(StartError::DiskFull { path: path.to_owned() }),
        _ => Ok(()),
    }
}

async fn open_store(data_dir: &Path) -> Result<Arc<dyn Store>, StartError> {
    let path = data_dir.join("firstlight.db");
    match SqliteStore::open(&path).await {
        Ok(store) => Ok(Arc::new(store)),
        Err(error) => Err(StartError::Store { path, error }),
    }
}

/// The admin token, made at the first start and readable by its owner alone.
fn admin_token(data_dir: &Path) -> Result<String, StartError> {
    let path = data_dir.join("admin-token");
    let failed = |error| StartError::DataDir { path: path.clone(), error };
    match std::fs::read_to_string(&path) {
        Ok(token) if token.trim().len() >= 16 => return Ok(token.trim().to_owned()),
        Ok(_) => {
            return Err(failed(io::Error::other("the token is too short: delete the file, and a new one is made")));
        }
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
        Err(_) => {}
    }
    let token = secret::token();
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).map_err(failed)?;
    writeln!(file, "{token}").and_then(|()| file.sync_all()).map_err(failed)?;
    Ok(token)
}

/// Returns when the server is to stop.
pub(crate) async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}
