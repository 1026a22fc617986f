//! TFTP: boot loaders, their configuration by who asks, kernels and initial RAM disks. Nothing is ever written.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use async_trait::async_trait;
use bytes::Bytes;
use firstlight_pxe::{BootFile, ConfigKey, Loader, RequestedPath};
use firstlight_tftp::{Error, ErrorCode, Handler, Outcome, Request, Source};
use serde_json::json;

use crate::boot::{Boot, NoScript, claimed};
use crate::journal::Journal;
use crate::meter::Meters;
use crate::model::NewEvent;

/// As many machines may be between their loader and its configuration at once.
const MAX_STARTING: usize = 4096;

/// Serves what [`Boot`] knows.
pub struct TftpService {
    boot: Boot,
    journal: Journal,
    meters: Arc<Meters>,
    /// Who has last fetched pxelinux.0, and not lpxelinux.0: their configurations have the same names. One that is
    /// forgotten gets a configuration that it cannot follow, restarts, and is known again.
    without_http: Mutex<HashSet<Ipv4Addr>>,
}

impl TftpService {
    /// A service over `boot`, which tells `journal`.
    #[must_use]
    pub fn new(boot: Boot, journal: Journal, meters: Arc<Meters>) -> Self {
        Self { boot, journal, meters, without_http: Mutex::default() }
    }

    async fn script(&self, request: &Request, key: &ConfigKey, loader: Loader) -> Result<Source, Error> {
        let peer = ipv4(request.peer.ip()).ok_or_else(Error::access_violation)?;
        match self.boot.script(peer, claimed(key), loader).await {
            Ok(text) => Ok(Source::Bytes(Bytes::from(text))),
            Err(NoScript::Stranger(_) | NoScript::Unknown(_)) => Err(Error::access_violation()),
            Err(error) => {
                tracing::error!("no boot script for {peer}: {error}");
                Err(Error::new(ErrorCode::NOT_DEFINED, "the server has trouble; try again"))
            }
        }
    }

    fn note_loader(&self, peer: IpAddr, file: BootFile) {
        let Some(peer) = ipv4(peer) else { return };
        let mut without_http = self.without_http.lock().unwrap_or_else(PoisonError::into_inner);
        match file {
            BootFile::Pxelinux => {
                if without_http.len() >= MAX_STARTING {
                    without_http.clear();
                }
                without_http.insert(peer);
            }
            BootFile::Lpxelinux => {
                without_http.remove(&peer);
            }
            _ => {}
        }
    }

    fn pxelinux(&self, peer: IpAddr) -> Loader {
        let without_http = self.without_http.lock().unwrap_or_else(PoisonError::into_inner);
        let is_without = ipv4(peer).is_some_and(|peer| without_http.contains(&peer));
        if is_without { Loader::PxelinuxTftp } else { Loader::Pxelinux }
    }

    async fn find(&self, request: &Request) -> Result<Source, Error> {
        let name = request.name_str().ok_or_else(Error::not_found)?;
        let path = match RequestedPath::parse(name) {
            RequestedPath::PxelinuxConfig(key) => {
                return self.script(request, &key, self.pxelinux(request.peer.ip())).await;
            }
            RequestedPath::IpxeScript(key) => return self.script(request, &key, Loader::Ipxe).await,
            RequestedPath::GrubConfig(key) => return self.script(request, &key, Loader::Grub).await,
            RequestedPath::BootFile(file) => {
                self.note_loader(request.peer.ip(), file);
                self.boot.boot_file(file).ok_or_else(Error::not_found)?
            }
            RequestedPath::Image(path) => self.boot.image_file(&path),
            _ => self.boot.served(name).ok_or_else(Error::not_found)?,
        };
        let file = tokio::fs::File::open(&path).await.map_err(Error::from)?.into_std().await;
        Ok(Source::from_file(file)?)
    }
}

#[async_trait]
impl Handler for TftpService {
    async fn read(&self, request: &Request) -> Result<Source, Error> {
        let arrived = Instant::now();
        let (name, peer) = (String::from_utf8_lossy(request.name()), request.peer.ip());
        let details = json!({"file": name, "address": peer.to_string()});
        let event = NewEvent::now("tftp.read", format!("{name}: {peer} asks for it"));
        self.journal.note(event.details(details).address(ipv4(peer)));
        let found = self.find(request).await;
        self.meters.tftp.add(arrived.elapsed());
        found
    }

    fn done(&self, request: &Request, outcome: &Outcome) {
        let name = String::from_utf8_lossy(request.name());
        let peer = request.peer.ip();
        let (kind, message) = match outcome {
            Outcome::Complete { bytes, .. } => ("tftp.done", format!("{name}: {bytes} bytes to {peer}")),
            Outcome::Probe => ("tftp.probe", format!("{name}: {peer} asked only for its size")),
            Outcome::Refused { message, .. } => ("tftp.refused", format!("{name}: {message} ({peer})")),
            other => ("tftp.failed", format!("{name}: the transfer to {peer} ended early: {other:?}")),
        };
        let details = json!({"file": name, "address": peer.to_string(), "outcome": format!("{outcome:?}")});
        self.journal.note(NewEvent::now(kind, message).details(details).address(ipv4(peer)));
    }
}

fn ipv4(address: IpAddr) -> Option<Ipv4Addr> {
    match address.to_canonical() {
        IpAddr::V4(address) => Some(address),
        IpAddr::V6(_) => None,
    }
}
