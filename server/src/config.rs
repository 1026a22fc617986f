//! The configuration file: TOML, every key optional but the interface.

mod dhcp;
mod os;
mod pxe;
mod subnets;

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

pub use dhcp::{Dhcp, DhcpMode, Reservation};
pub use os::{Installer, Kind, OperatingSystems};
pub(crate) use pxe::is_ipxe;
pub use pxe::{BootFiles, Machine, Policies, Policy, Proxy, Pxe};
pub(crate) use subnets::mask;
pub use subnets::{FurtherSubnet, Place, Written};

/// What `firstlight serve --config FILE` reads. `docs/firstlight.toml` in the repository is a commented example.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The interface that machines boot from; its first IPv4 address and prefix make the subnet.
    pub interface: String,
    /// The database, the admin token. Made with mode 0700 if it is not there.
    #[serde(default = "default_data_dir")]
    pub data_dir: PathBuf,
    /// `OSYSTEM/RELEASE/ARCHITECTURE/{vmlinuz,initrd.img,root.squashfs,root.tar.zst}`; the default is `images` in the
    /// data directory.
    pub images_dir: Option<PathBuf>,
    /// Looked at for boot loaders before the places where Debian's packages put them. Every file below it is served.
    pub boot_dir: Option<PathBuf>,
    /// The ephemeral system, and what else can be deployed.
    #[serde(default)]
    pub os: OperatingSystems,
    /// Appended to the ephemeral system's kernel line.
    #[serde(default)]
    pub kernel_options: String,
    /// How many events are kept.
    #[serde(default = "default_events")]
    pub events_kept: u32,
    /// Addresses for machines.
    #[serde(default)]
    pub dhcp: Dhcp,
    /// Machines that need another boot file, or another way to be told of it.
    #[serde(default)]
    pub pxe: Pxe,
    /// Boot files, metadata, API, page.
    #[serde(default)]
    pub http: Http,
    /// Users' templates.
    #[serde(default)]
    pub preseed: Preseed,
    /// How long each phase may take.
    #[serde(default)]
    pub timeouts: Timeouts,
}

/// `[http]`
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Http {
    /// The TCP port. On any other port than 80, GRUB loads the kernel by TFTP, because its HTTP client knows no other.
    pub port: u16,
}

impl Default for Http {
    fn default() -> Self {
        Self { port: 80 }
    }
}

/// `[preseed]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Preseed {
    /// Directories with templates, looked through in this order before the built-in ones.
    pub templates: Vec<PathBuf>,
}

/// `[timeouts]`, in seconds. MAAS gives 30 minutes to a phase in which a machine boots, 5 to a release.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Timeouts {
    /// From the first netboot to New.
    pub enlisting: u64,
    /// From commission to Ready.
    pub commissioning: u64,
    /// From deploy to Deployed.
    pub deploying: u64,
    /// From release to Ready.
    pub releasing: u64,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { enlisting: 1800, commissioning: 1800, deploying: 1800, releasing: 300 }
    }
}

/// The configuration cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {path}: {error}")]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The file is not what it should be.
    #[error("{path}: {error}")]
    Parse {
        /// Which file.
        path: PathBuf,
        /// Where and what.
        error: Box<toml::de::Error>,
    },
    /// A value makes no sense.
    #[error("{key} = {value}: {problem}")]
    Value {
        /// Which key.
        key: Cow<'static, str>,
        /// Its value.
        value: String,
        /// What is wrong, and what to write instead.
        problem: Cow<'static, str>,
    },
}

impl Config {
    /// Everything by default, on `interface`.
    #[must_use]
    pub fn new(interface: String) -> Self {
        Self {
            interface,
            data_dir: default_data_dir(),
            images_dir: None,
            boot_dir: None,
            os: OperatingSystems::default(),
            kernel_options: String::new(),
            events_kept: default_events(),
            dhcp: Dhcp::default(),
            pxe: Pxe::default(),
            http: Http::default(),
            preseed: Preseed::default(),
            timeouts: Timeouts::default(),
        }
    }

    /// Reads a configuration file.
    ///
    /// # Errors
    ///
    /// [`ConfigError`], which names the file and the key.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|error| ConfigError::Read { path: path.to_owned(), error })?;
        let config: Self = toml::from_str(&text)
            .map_err(|error| ConfigError::Parse { path: path.to_owned(), error: Box::new(error) })?;
        if let Some(subnet) = config.subnets()?.iter().find(|subnet| subnet.lease_seconds < 60) {
            return Err(subnet.fault("lease_seconds", subnet.lease_seconds.to_string(), "must be at least 60"));
        }
        for subnet in &config.dhcp.subnets {
            subnet.pxe.check("dhcp.subnets.pxe")?;
        }
        config.os.check()?;
        Ok(config)
    }

    /// Where the images are.
    #[must_use]
    pub fn images_dir(&self) -> PathBuf {
        self.images_dir.clone().unwrap_or_else(|| self.data_dir.join("images"))
    }
}

impl Timeouts {
    /// How long a state under `deadline` may last.
    #[must_use]
    pub fn of(&self, deadline: firstlight_machine_fsm::Deadline) -> Duration {
        use firstlight_machine_fsm::Deadline;
        Duration::from_secs(match deadline {
            Deadline::Enlisting => self.enlisting,
            Deadline::Commissioning => self.commissioning,
            Deadline::Deploying => self.deploying,
            Deadline::Releasing => self.releasing,
            _ => self.commissioning,
        })
    }
}

fn default_data_dir() -> PathBuf {
    PathBuf::from("/var/lib/firstlight")
}

const fn default_events() -> u32 {
    200_000
}
