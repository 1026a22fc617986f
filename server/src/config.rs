//! The configuration file: TOML, every key optional but the interface.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

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
    /// Looked at for boot loaders before the places where Debian's packages put them.
    pub boot_dir: Option<PathBuf>,
    /// `OSYSTEM/RELEASE` of the ephemeral system, and of deployments that name none.
    #[serde(default = "default_os")]
    pub os: String,
    /// Appended to the ephemeral system's kernel line.
    #[serde(default)]
    pub kernel_options: String,
    /// How many events are kept.
    #[serde(default = "default_events")]
    pub events_kept: u32,
    /// Addresses for machines.
    #[serde(default)]
    pub dhcp: Dhcp,
    /// Boot files, metadata, API, page.
    #[serde(default)]
    pub http: Http,
    /// How long each phase may take.
    #[serde(default)]
    pub timeouts: Timeouts,
}

/// `[dhcp]`
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Dhcp {
    /// `FIRST-LAST`; the default is the upper half of the subnet.
    pub pool: Option<String>,
    /// Seconds; at least 60.
    pub lease_seconds: u32,
    /// The default gateway; none by default.
    pub routers: Vec<Ipv4Addr>,
    /// Name servers; none by default.
    pub dns_servers: Vec<Ipv4Addr>,
    /// Time servers; none by default.
    pub ntp_servers: Vec<Ipv4Addr>,
    /// The domain of the machines' names.
    pub domain_name: Option<String>,
}

impl Default for Dhcp {
    fn default() -> Self {
        Self {
            pool: None,
            lease_seconds: 3600,
            routers: Vec::new(),
            dns_servers: Vec::new(),
            ntp_servers: Vec::new(),
            domain_name: None,
        }
    }
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
        key: &'static str,
        /// Its value.
        value: String,
        /// What is wrong, and what to write instead.
        problem: &'static str,
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
            os: default_os(),
            kernel_options: String::new(),
            events_kept: default_events(),
            dhcp: Dhcp::default(),
            http: Http::default(),
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
        if config.dhcp.lease_seconds < 60 {
            let value = config.dhcp.lease_seconds.to_string();
            return Err(ConfigError::Value { key: "dhcp.lease_seconds", value, problem: "must be at least 60" });
        }
        if config.os.split('/').count() != 2 || config.os.contains("..") {
            let problem = "must be OSYSTEM/RELEASE, such as debian/bookworm";
            return Err(ConfigError::Value { key: "os", value: config.os, problem });
        }
        Ok(config)
    }

    /// Where the images are.
    #[must_use]
    pub fn images_dir(&self) -> PathBuf {
        self.images_dir.clone().unwrap_or_else(|| self.data_dir.join("images"))
    }
}

impl Dhcp {
    /// The pool, for a server at `address` in a subnet of `prefix_len` bits.
    ///
    /// # Errors
    ///
    /// When `pool` is not two addresses of the subnet in order.
    pub fn range(&self, address: Ipv4Addr, prefix_len: u8) -> Result<std::ops::RangeInclusive<Ipv4Addr>, ConfigError> {
        let mask = u32::MAX.checked_shl(32 - u32::from(prefix_len)).unwrap_or(0);
        let network = u32::from(address) & mask;
        let broadcast = network | !mask;
        let Some(pool) = &self.pool else {
            let first = network + (broadcast - network) / 2;
            return Ok(Ipv4Addr::from(first)..=Ipv4Addr::from(broadcast.saturating_sub(1)));
        };
        let bad = |problem| ConfigError::Value { key: "dhcp.pool", value: pool.clone(), problem };
        let parsed = pool.split_once('-').and_then(|(first, last)| {
            Some((first.trim().parse::<Ipv4Addr>().ok()?, last.trim().parse::<Ipv4Addr>().ok()?))
        });
        let (first, last) = parsed.ok_or_else(|| bad("must be FIRST-LAST, such as 10.0.0.100-10.0.0.199"))?;
        if first > last {
            return Err(bad("the first address is above the last"));
        }
        if u32::from(first) & mask != network || u32::from(last) & mask != network {
            return Err(bad("is not inside the interface's subnet"));
        }
        Ok(first..=last)
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

fn default_os() -> String {
    "debian/bookworm".to_owned()
}

const fn default_events() -> u32 {
    200_000
}
