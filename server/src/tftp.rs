//! TFTP: boot loaders, their configuration by who asks, kernels and initial RAM disks. Nothing is ever written.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use bytes::Bytes;
use firstlight_pxe::{ConfigKey, Loader, RequestedPath};
use firstlight_tftp::{Error, ErrorCode, Handler, Outcome, Request, Source};
use serde_json::json;

use crate::boot::{Boot, NoScript, claimed};
use crate::journal::Journal;
use crate::meter::Meters;
use crate::model::NewEvent;

/// Serves what [`Boot`] knows.
pub struct TftpService {
    boot: Boot,
    journal: Journal,
    meters: Arc<Meters>,
}

impl TftpService {
    /// A service over `boot`, which tells `journal`.
    #[must_use]
    pub fn new(boot: Boot, journal: Journal, meters: Arc<Meters>) -> Self {
        Self { boot, journal, meters }
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

    async fn find(&self, request: &Request) -> Result<Source, Error> {
        let name = request.name_str().ok_or_else(Error::not_found)?;
        let path = match RequestedPath::parse(name) {
            RequestedPath::PxelinuxConfig(key) => return self.script(request, &key, Loader::Pxelinux).await,
            RequestedPath::IpxeScript(key) => return self.script(request, &key, Loader::Ipxe).await,
            RequestedPath::GrubConfig(key) => return self.script(request, &key, Loader::Grub).await,
            RequestedPath::BootFile(file) => self.boot.boot_file(file).ok_or_else(Error::not_found)?,
            RequestedPath::Image(path) => self.boot.image_file(&path),
            _ => return Err(Error::not_found()),
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
