//! A server's HTTP side in a temporary directory, without a network.
#![expect(clippy::unwrap_used, reason = "a test panics when it fails")]

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use firstlight::boot::Boot;
use firstlight::config::{Config, DhcpMode, Timeouts};
use firstlight::controller::Controller;
use firstlight::http::{App, Peer, router};
use firstlight::journal::Journal;
use firstlight::network::Link;
use firstlight::store::sqlite::SqliteStore;
use firstlight::store::{LeaseRow, Store};
use firstlight::subnets::Subnets;
use tower::ServiceExt;

pub(crate) const MACHINE: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 100);
pub(crate) const OTHER: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 101);
pub(crate) const ADMIN: &str = "admin-token-of-the-test";

pub(crate) struct House {
    pub(crate) router: Router,
    pub(crate) boot: Boot,
    pub(crate) controller: Controller,
    pub(crate) dir: tempfile::TempDir,
    _stop: tokio::sync::watch::Sender<bool>,
}

impl House {
    /// A server at 10.77.0.1 with two leases. Its images are in `dir`, its templates in `dir/templates`.
    pub(crate) async fn new(dir: tempfile::TempDir, mut config: Config, journal: Journal) -> Self {
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&dir.path().join("db")).await.unwrap());
        let lease = |address, mac: &str| LeaseRow {
            address,
            mac: mac.to_owned(),
            client_id: None,
            hostname: None,
            state: "bound".to_owned(),
            since: 0,
            expires: u64::from(u32::MAX) * 10,
        };
        store.put_leases(&[lease(MACHINE, "52:54:00:00:00:01"), lease(OTHER, "52:54:00:00:00:02")]).await.unwrap();
        let controller = Controller::new(store, journal, Timeouts::default());
        config.images_dir = Some(dir.path().to_owned());
        config.preseed.templates = vec![dir.path().join("templates")];
        std::fs::create_dir(dir.path().join("templates")).unwrap();
        config.dhcp.mode = Some(DhcpMode::Authoritative);
        let link = Link { address: Ipv4Addr::new(10, 77, 0, 1), prefix_len: 24 };
        let subnets = Subnets::with(&config, |_| Ok(link)).unwrap();
        let boot = Boot::new(controller.clone(), &config, subnets).unwrap();
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let app = App {
            controller: controller.clone(),
            boot: boot.clone(),
            admin_token: ADMIN.into(),
            meters: Arc::default(),
            ntp_servers: Arc::new([]),
            stop: stopped,
        };
        Self { router: router(app), boot, controller, dir, _stop: stop }
    }

    pub(crate) async fn send(&self, peer: Ipv4Addr, mut request: Request<Body>) -> (StatusCode, String) {
        request.extensions_mut().insert(Peer(SocketAddr::from((peer, 4000))));
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        (status, String::from_utf8_lossy(&body).into_owned())
    }
}
