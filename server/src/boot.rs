//! What a machine boots: loader files, and the script that its state asks for.

mod script;

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;

use firstlight_pxe::{BootFile, Client, Cpu, Firmware, Policy, Quirks, RequestedPath, Transport};

use crate::config::{Config, ConfigError, DhcpMode, Installer, OperatingSystems, Policies, is_ipxe};
use crate::controller::Controller;
use crate::model::Record;
use crate::subnets::{Subnet, Subnets};
use crate::templates::Templates;
pub use script::NoScript;
pub(crate) use script::claimed;

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

    /// The same for a machine, which reaches this server by the interface that its address is on. Where none is known, or a
    /// relay agent is between, that is any.
    #[must_use]
    pub fn near(&self, record: &Record) -> Self {
        let subnet = record.address.and_then(|address| self.subnets.of(address));
        let interface = subnet.and_then(|subnet| subnet.interface.as_ref());
        interface.map_or_else(|| self.clone(), |interface| self.at(interface.address))
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
}

fn image_path(os: &str, file: &str) -> String {
    format!("images/{os}/{ARCHITECTURE}/{file}")
}
