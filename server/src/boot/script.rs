//! The script that a machine's state asks for, and whose it is.

use std::net::Ipv4Addr;
use std::time::Duration;

use firstlight_machine_fsm::{Boot as Answer, Event};
use firstlight_pxe::{BootScript, CommandLine, ConfigKey, Loader, Purpose, kernel_command_line, render};
use serde_json::json;

use super::{ARCHITECTURE, Boot, INSTALLERS, ROOT_FILE, image_path};
use crate::config::DhcpMode;
use crate::controller::ControlError;
use crate::installer::Installation;
use crate::model::{Mac, NewEvent, Power, Record};
use crate::network::neighbour;
use crate::secret;
use crate::store::{Credential, Facts, LeaseRow, Scope};
use crate::templates::Subject;
use crate::time::Millis;

/// How long an address that another server gave is taken for the machine's.
const SEEN: Duration = Duration::from_secs(3600);

/// Nobody gets a boot script without a lease.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NoScript {
    /// The address is not leased.
    #[error("{0} holds no lease from this server, so it is not known which machine this is")]
    Stranger(Ipv4Addr),
    /// Another server gave the address, and nothing says to whom.
    #[error(
        "the hardware address of {0} is not known: it is not on this server's link, and the name that it asked for holds none"
    )]
    Unknown(Ipv4Addr),
    /// The machine could not be looked up or changed.
    #[error(transparent)]
    Control(#[from] ControlError),
}

impl Boot {
    /// The script for the machine that holds `peer`, which is thereby known to boot from the network. `claimed` is the
    /// hardware address in the name that was asked for, if there is one.
    ///
    /// # Errors
    ///
    /// When it is not known which machine this is, or the database says no.
    pub async fn script(&self, peer: Ipv4Addr, claimed: Option<Mac>, loader: Loader) -> Result<String, NoScript> {
        let mac = self.who(peer, claimed).await?;
        let known = self.controller.discover(mac).await?;
        let mut record = self.controller.apply(&known.id, Event::Netbooted).await?;
        let mut kernel = None;
        if matches!(record.machine.boot(), Answer::Enlist | Answer::Commission | Answer::Install) {
            match self.kernel(&record, mac, peer).await? {
                Ok(purpose) => kernel = Some(purpose),
                Err(reason) => record = self.controller.apply(&known.id, Event::InstallFailed { reason }).await?,
            }
        }
        let answer = record.machine.boot();
        let purpose = match (kernel, answer) {
            (Some(kernel), _) => kernel,
            (None, Answer::LocalDisk) => Purpose::LocalDisk,
            _ => Purpose::PowerOff { reason: why_off(&record) },
        };
        self.tell(&record, mac, answer, loader).await?;
        let script = BootScript {
            server: self.policy.server,
            http_port: self.policy.http_port,
            machine: Some(record.name),
            purpose,
        };
        Ok(render(loader, &script))
    }

    /// Where this server gives the addresses, it knows. Elsewhere the link does (ARP), and behind a router, where it does
    /// not, the machine is believed.
    async fn who(&self, peer: Ipv4Addr, claimed: Option<Mac>) -> Result<Mac, NoScript> {
        let store = self.controller.store();
        let subnet = self.subnets.of(peer).or_else(|| self.subnets.iter().next());
        if subnet.is_some_and(|subnet| subnet.mode == DhcpMode::Authoritative) {
            let holder = store.lease_holder(peer, Millis::now()).await.map_err(ControlError::from)?;
            return holder.ok_or(NoScript::Stranger(peer));
        }
        let mac = neighbour(peer).or(claimed).ok_or(NoScript::Unknown(peer))?;
        // So that what this address does next is told of this machine.
        let since = Millis::now();
        let seen = LeaseRow {
            address: peer,
            mac: mac.to_string(),
            client_id: None,
            hostname: None,
            state: "bound".to_owned(),
            since: since.seconds(),
            expires: since.after(SEEN).seconds(),
        };
        store.put_leases(&[seen]).await.map_err(ControlError::from)?;
        Ok(mac)
    }

    /// The kernel that does what the machine's state is about, or why there is none.
    async fn kernel(&self, record: &Record, mac: Mac, peer: Ipv4Addr) -> Result<Result<Purpose, String>, NoScript> {
        let bootstrap = self.bootstrap(record, peer).await?;
        if let (Answer::Install, Some(installer)) = (record.machine.boot(), self.installer_of(record)) {
            let keys = self.controller.keys().await?;
            let http_root = self.policy.http_root();
            let subject = Subject { record, os: &installer.os, http_root: &http_root };
            let installation =
                Installation { templates: &self.templates, installer, subject, token: &bootstrap, keys: &keys };
            let command_line = installation.parameters(mac, &self.kernel_options);
            return Ok(command_line.map_err(|error| error.to_string()).map(|command_line| Purpose::Installer {
                kernel: format!("images/{INSTALLERS}{}/kernel", installer.name),
                initrd: format!("images/{INSTALLERS}{}/initrd", installer.name),
                command_line,
            }));
        }
        Ok(Ok(Purpose::Kernel {
            kernel: image_path(&self.os.default, "vmlinuz"),
            initrd: image_path(&self.os.default, "initrd.img"),
            command_line: kernel_command_line(&CommandLine {
                squashfs_url: self.image_url(&self.os.default, ROOT_FILE),
                boot_mac: Some(mac.0),
                cloud_config_url: Some(format!("{}metadata/bootstrap/{bootstrap}", self.policy.http_root())),
                extra: self.kernel_options.clone(),
            }),
        }))
    }

    /// The part of the machine's URLs in this phase that nobody can guess.
    async fn bootstrap(&self, record: &Record, peer: Ipv4Addr) -> Result<String, NoScript> {
        let fresh = Credential {
            token_key: secret::token(),
            token_secret: secret::token(),
            consumer_key: secret::token(),
            machine: record.id.clone(),
            scope: Scope::Ephemeral,
            instance_id: format!("firstlight-{}-{}", record.id, secret::identity()),
            bootstrap: Some(secret::token()),
            address: Some(peer),
        };
        let credential = self.controller.store().credential(&fresh).await.map_err(ControlError::from)?;
        Ok(credential.bootstrap.unwrap_or_default())
    }

    async fn tell(&self, record: &Record, mac: Mac, answer: Answer, loader: Loader) -> Result<(), ControlError> {
        let what = match answer {
            Answer::Enlist => "boots the ephemeral system to enlist",
            Answer::Commission => "boots the ephemeral system to be commissioned",
            Answer::Install if self.installer_of(record).is_some() => "boots the installer",
            Answer::Install => "boots the ephemeral system to be installed",
            Answer::LocalDisk => "boots from its disk",
            _ => "is turned off",
        };
        let status = record.machine.status();
        let event = NewEvent::now("http.boot-script", format!("{} is {status}: it {what}", record.name))
            .machine(&record.id)
            .mac(Some(mac))
            .details(
                json!({"status": status.as_str(), "loader": format!("{loader:?}"), "answer": format!("{answer:?}")}),
            );
        let firmware = match loader {
            Loader::Grub | Loader::GrubHttp => Some("uefi".to_owned()),
            Loader::Pxelinux | Loader::PxelinuxTftp => Some("bios".to_owned()),
            _ => None,
        };
        let facts = Facts { firmware, architecture: Some(ARCHITECTURE.to_owned()), ..Facts::default() };
        self.controller.learn(&record.id, &facts, &[event]).await
    }
}

/// The hardware address in the name of a configuration.
pub(crate) const fn claimed(key: &ConfigKey) -> Option<Mac> {
    match key {
        ConfigKey::Mac(mac) => Some(Mac(*mac)),
        _ => None,
    }
}

/// Why a machine is turned off instead of booted: what its screen says.
fn why_off(record: &Record) -> String {
    let (name, status) = (&record.name, record.machine.status());
    let because = match record.machine.reason() {
        Some(reason) => format!("{name} is {status}: {reason}."),
        None => format!("{name} is {status}: there is nothing to boot."),
    };
    match record.power {
        Power::Manual => format!("{because} Turn it on again after you have commissioned or deployed it."),
        Power::Webhook(_) => format!("{because} It is turned on again when it is commissioned or deployed."),
    }
}
