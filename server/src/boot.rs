//! What a machine boots: loader files, and the script that its state asks for.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use firstlight_machine_fsm::{Boot as Answer, Event};
use firstlight_pxe::{
    BootFile, BootScript, Client, CommandLine, ConfigKey, Cpu, Firmware, Loader, Policy, Purpose, Quirks,
    RequestedPath, Transport, kernel_command_line, render,
};
use serde_json::json;

use crate::config::{Config, ConfigError, DhcpMode, Installer, OperatingSystems, Policies, is_ipxe};
use crate::controller::{ControlError, Controller};
use crate::installer::Installation;
use crate::model::{Mac, NewEvent, Power, Record};
use crate::network::neighbour;
use crate::secret;
use crate::store::{Credential, Facts, LeaseRow, Scope};
use crate::subnets::{Subnet, Subnets};
use crate::templates::{Subject, Templates};
use crate::time::Millis;

/// The root file system of the ephemeral system.
pub const ROOT_FILE: &str = "root.squashfs";
/// The files of an ephemeral system, in `OSYSTEM/RELEASE/ARCHITECTURE/`.
pub const EPHEMERAL_FILES: [&str; 3] = ["vmlinuz", "initrd.img", ROOT_FILE];
/// The root file system that is deployed, beside them.
pub const DEPLOY_FILE: &str = "root.tar.zst";
/// The one architecture so far, in Debian's words.
pub const ARCHITECTURE: &str = "amd64";
/// shim for 64-bit Arm, which asks for `grubaa64.efi` beside it.
const ARM64_SHIM: &str = "bootaa64.efi";

/// Where the files of classic installers are served, below `images/`.
const INSTALLERS: &str = "installers/";

/// How long an address that another server gave is taken for the machine's.
const SEEN: Duration = Duration::from_secs(3600);

/// Something that should be served is not there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BootError {
    /// A boot loader.
    #[error("boot file {file} is missing: install the package {package}, or put {file} into boot_dir")]
    MissingBootFile {
        /// Its name.
        file: &'static str,
        /// The Debian package that has it.
        package: &'static str,
    },
    /// A file of a classic installer.
    #[error("os.{name}.{key}: {path} is missing: install the package that has it, or name another file")]
    MissingInstaller {
        /// The installer's name.
        name: String,
        /// `kernel` or `initrd`.
        key: &'static str,
        /// Where it should be.
        path: PathBuf,
    },
    /// A boot loader of somebody's own.
    #[error("boot file {file} of {of} is missing: put it into boot_dir, or name one that is there")]
    MissingOwnFile {
        /// Its name or URI.
        file: String,
        /// Whose it is, and the table that says so.
        of: String,
    },
    /// An image.
    #[error("image {path} is missing: build one with `cargo lab images`, or set images_dir and os to where it is")]
    MissingImage {
        /// Where it should be.
        path: PathBuf,
    },
}

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

/// Finds boot files and writes boot scripts.
#[derive(Clone)]
pub struct Boot {
    controller: Controller,
    policy: Policy,
    os: Arc<OperatingSystems>,
    kernel_options: String,
    images_dir: PathBuf,
    boot_dir: Option<PathBuf>,
    subnets: Subnets,
    policies: Arc<Policies>,
    templates: Templates,
}

impl Boot {
    /// Serves what `config` names, in `subnets`.
    ///
    /// # Errors
    ///
    /// When `[pxe]` makes no sense.
    pub fn new(controller: Controller, config: &Config, subnets: Subnets) -> Result<Self, ConfigError> {
        Ok(Self {
            controller,
            policy: Policy { server: subnets.main(), http_port: config.http.port },
            os: Arc::new(config.os.clone()),
            kernel_options: config.kernel_options.clone(),
            images_dir: config.images_dir(),
            boot_dir: config.boot_dir.clone(),
            subnets,
            policies: Arc::new(config.pxe.policies()?),
            templates: Templates::new(&config.preseed.templates),
        })
    }

    /// The same for machines that reach this server by `address`.
    #[must_use]
    pub fn at(&self, address: Ipv4Addr) -> Self {
        Self { policy: Policy { server: address, ..self.policy }, ..self.clone() }
    }

    /// The subnets that are served.
    #[must_use]
    pub fn subnets(&self) -> &Subnets {
        &self.subnets
    }

    /// Checks that everything that may be advertised is there to be served.
    ///
    /// # Errors
    ///
    /// The first file that is missing, and where to get it.
    pub fn check(&self) -> Result<(), BootError> {
        for file in BootFile::ALL {
            if self.boot_file(*file).is_none() {
                return Err(BootError::MissingBootFile { file: file.path(), package: file.package() });
            }
        }
        let of_subnets = self.subnets.iter().flat_map(|subnet| {
            let files = subnet.pxe.boot_files.iter();
            files.map(move |(kind, file)| (format!("subnet {subnet} (dhcp.subnets.pxe.boot_files.{kind})"), file))
        });
        for (of, file) in self.policies.boot_files().chain(of_subnets) {
            let path = self.path_of(file);
            if !path.contains("://") && self.served(path).is_none() {
                return Err(BootError::MissingOwnFile { file: file.to_owned(), of });
            }
        }
        for file in EPHEMERAL_FILES {
            let path = self.image_dir(&self.os.default).join(file);
            if !path.is_file() {
                return Err(BootError::MissingImage { path });
            }
        }
        for (name, installer) in &self.os.installers {
            for (key, file) in [("kernel", &installer.kernel), ("initrd", &installer.initrd)] {
                let path = self.images_dir.join(file);
                if !path.is_file() {
                    return Err(BootError::MissingInstaller { name: name.clone(), key, path });
                }
            }
        }
        Ok(())
    }

    /// Where a boot file is: in the configured directory, or where its package put it.
    #[must_use]
    pub fn boot_file(&self, file: BootFile) -> Option<PathBuf> {
        let own = self.boot_dir.as_ref().map(|dir| dir.join(file.path()));
        own.into_iter().chain([PathBuf::from(file.installed_path())]).find(|path| path.is_file())
    }

    /// Where the boot file of a requested path is: one of ours, or any file below `boot_dir`.
    #[must_use]
    pub fn served(&self, path: &str) -> Option<PathBuf> {
        if let Some(file) = BootFile::from_path(path) {
            return self.boot_file(file);
        }
        // Paths below images/ are cleaned of everything that leaves a directory.
        let RequestedPath::Image(below) = RequestedPath::parse(&format!("images/{path}")) else { return None };
        let path = self.boot_dir.as_ref()?.join(below);
        path.is_file().then_some(path)
    }

    /// The path in a URI of this server's, by whichever address; anything else as it is.
    fn path_of<'a>(&self, file: &'a str) -> &'a str {
        let mut roots = self.subnets.interfaces().map(|interface| self.at(interface.address).policy.http_root());
        roots.find_map(|root| file.strip_prefix(&root)?.strip_prefix("boot/")).unwrap_or(file)
    }

    /// What a client in a subnet needs that others of its kind do not; and what its kind needs of this server.
    #[must_use]
    pub fn quirks(&self, subnet: Option<&Subnet>, mac: Option<[u8; 6]>, client: &Client) -> Quirks {
        let mut quirks = self.policies.of(mac, subnet.map(|subnet| &subnet.pxe), client);
        let is_proxy = subnet.is_some_and(|subnet| subnet.mode == DhcpMode::Proxy);
        let is_uefi = client.firmware == Firmware::Uefi && client.transport == Transport::Tftp;
        if quirks.boot_file.is_none() && is_uefi {
            quirks.boot_file = match client.architecture.cpu() {
                // Debian's packages of it are for machines of that architecture: it is there if somebody has put it there.
                Cpu::Arm64 => self.served(ARM64_SHIM).map(|_| ARM64_SHIM.to_owned()),
                // Not shim: GRUB 2.06 asks the server that the DHCP server names, which is seldom the proxy.
                Cpu::X64 if is_proxy => Some(BootFile::SnponlyX64.path().to_owned()),
                _ => None,
            };
        }
        // Said in different places, the two may come to this: an iPXE that is given itself, for ever.
        quirks.ipxe_as_rom &= !quirks.boot_file.as_deref().is_some_and(is_ipxe);
        quirks
    }

    /// The addresses that answers name.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The file behind a path below `images/`: of an image, or of a classic installer.
    #[must_use]
    pub fn image_file(&self, path: &str) -> PathBuf {
        let installer = path.strip_prefix(INSTALLERS).and_then(|path| path.split_once('/'));
        match installer.and_then(|(name, file)| Some((self.os.installers.get(name)?, file))) {
            Some((installer, "kernel")) => self.images_dir.join(&installer.kernel),
            Some((installer, "initrd")) => self.images_dir.join(&installer.initrd),
            _ => self.images_dir.join(path),
        }
    }

    /// The classic installer of this name.
    #[must_use]
    pub fn installer(&self, name: &str) -> Option<&Installer> {
        self.os.installers.get(name)
    }

    /// Every classic installer by name.
    pub fn installers(&self) -> impl Iterator<Item = (&str, &Installer)> {
        self.os.installers.iter().map(|(name, installer)| (name.as_str(), installer))
    }

    /// The classic installer that a machine is, or was, deployed with.
    #[must_use]
    pub fn installer_of(&self, record: &Record) -> Option<&Installer> {
        self.installer(record.deployment.as_ref()?.os.as_deref()?)
    }

    /// Users' templates.
    #[must_use]
    pub fn templates(&self) -> &Templates {
        &self.templates
    }

    /// The image that is deployed when a user names none.
    #[must_use]
    pub fn default_os(&self) -> &str {
        &self.os.default
    }

    /// The directory of an image.
    #[must_use]
    pub fn image_dir(&self, os: &str) -> PathBuf {
        self.images_dir.join(os).join(ARCHITECTURE)
    }

    /// The URL of a file of an image.
    #[must_use]
    pub fn image_url(&self, os: &str, file: &str) -> String {
        format!("{}{}", self.policy.http_root(), image_path(os, file))
    }

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

fn image_path(os: &str, file: &str) -> String {
    format!("images/{os}/{ARCHITECTURE}/{file}")
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
