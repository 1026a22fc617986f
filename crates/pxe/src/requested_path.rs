//! What a boot loader asks for over TFTP or HTTP: from a path to its meaning.
//!
//! Paths come from the network. They are compared, never joined to a directory: an [`RequestedPath::Image`] holds no
//! `..`, no empty component and no control character.

use std::borrow::Cow;

use crate::{BootFile, MachineUuid};

/// The meaning of a requested path.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RequestedPath {
    /// A configuration of pxelinux. It asks for the most specific name first and wants "not found" for each that is
    /// not answered.
    PxelinuxConfig(ConfigKey),
    /// A configuration of GRUB. Debian's asks only for `grub/grub.cfg`: find the machine by its address.
    GrubConfig(ConfigKey),
    /// A script of iPXE.
    IpxeScript(ConfigKey),
    /// A boot loader file.
    BootFile(BootFile),
    /// A module list of GRUB (`grub/x86_64-efi/command.lst`): nothing is lost if it is not found or empty.
    GrubList,
    /// A file below `images/`, by its path there, such as `debian/bookworm/amd64/vmlinuz`.
    Image(String),
    /// A path with the name of another architecture in front, as DHCP's path prefix (option 210) makes its loader do.
    Tree {
        /// The architecture.
        tree: Tree,
        /// The rest, as it was asked for, with one slash between components.
        path: String,
        /// The meaning of the rest.
        meaning: Box<Self>,
    },
    /// A file of a Raspberry Pi: it looks for each first in a directory of its own.
    RaspberryPi {
        /// The name of that directory.
        machine: RaspberryPiName,
        /// The path below it, such as `start4.elf`.
        file: String,
    },
    /// Anything else.
    Other,
}

/// An architecture whose loaders ask below its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Tree {
    /// POWER, little endian: petitboot, which does as pxelinux does.
    Ppc64el,
    /// IBM Z under KVM: it leaves `pxelinux.cfg/` out.
    S390x,
}

/// By what a Raspberry Pi names its directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RaspberryPiName {
    /// The last 32 bits of its serial number.
    Serial(u32),
    /// Its hardware address.
    Mac([u8; 6]),
}

/// Whose configuration is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigKey {
    /// The machine's hardware address.
    Mac([u8; 6]),
    /// The machine's UUID.
    Uuid(MachineUuid),
    /// The first `digits` hexadecimal digits of the machine's IPv4 address.
    IpPrefix {
        /// The digits that were given, as the lowest bits.
        prefix: u32,
        /// How many: 1 to 8.
        digits: u8,
    },
    /// No machine, but perhaps an architecture: `default`, `default-arm64`, `default.arm-highbank`,
    /// `default-x86_64`, or no suffix.
    Default {
        /// The architecture, in lower case.
        arch: Option<String>,
        /// The sub-architecture, in lower case.
        subarch: Option<String>,
    },
}

impl ConfigKey {
    const DEFAULT: Self = Self::Default { arch: None, subarch: None };

    /// True if an IPv4 address starts with the digits of this key.
    ///
    /// ```
    /// use firstlight_pxe::ConfigKey;
    /// let key = ConfigKey::IpPrefix { prefix: 0xC0A84D, digits: 6 };
    /// assert!(key.matches_ip([192, 168, 77, 130].into()));
    /// assert!(!key.matches_ip([192, 168, 78, 130].into()));
    /// ```
    #[must_use]
    pub fn matches_ip(&self, ip: std::net::Ipv4Addr) -> bool {
        match *self {
            Self::IpPrefix { prefix, digits: digits @ 1..=8 } => ip.to_bits() >> (32 - 4 * u32::from(digits)) == prefix,
            _ => false,
        }
    }
}

impl RequestedPath {
    /// Finds the meaning of a path. Leading, doubled and backward slashes, a URL's scheme and host in front, and upper
    /// case are tolerated.
    ///
    /// ```
    /// use firstlight_pxe::{BootFile, ConfigKey, RequestedPath};
    /// assert_eq!(
    ///     RequestedPath::parse("pxelinux.cfg/01-52-54-00-77-00-01"),
    ///     RequestedPath::PxelinuxConfig(ConfigKey::Mac([0x52, 0x54, 0, 0x77, 0, 1])),
    /// );
    /// assert_eq!(RequestedPath::parse("//grubx64.efi"), RequestedPath::BootFile(BootFile::GrubX64));
    /// assert_eq!(RequestedPath::parse("images/../secret"), RequestedPath::Other);
    /// ```
    #[must_use]
    pub fn parse(path: &str) -> Self {
        let Some(path) = normalise(path) else {
            return Self::Other;
        };
        for (prefix, tree) in [("ppc64el/", Tree::Ppc64el), ("s390x/", Tree::S390x)] {
            if let Some(rest) = strip_prefix(&path, prefix) {
                return Self::Tree { tree, path: rest.to_owned(), meaning: Box::new(tree.meaning(rest)) };
            }
        }
        Self::parse_normal(&path)
    }

    fn parse_normal(path: &str) -> Self {
        if let Some(file) = BootFile::from_normal_path(path) {
            return Self::BootFile(file);
        }
        // The one part whose case means something.
        if let Some(image) = strip_prefix(path, "images/") {
            return Self::Image(image.to_owned());
        }
        if let Some((directory, file)) = path.split_once('/')
            && let Some(machine) = RaspberryPiName::parse(directory)
        {
            return Self::RaspberryPi { machine, file: file.to_owned() };
        }
        let path = path.to_ascii_lowercase();
        if let Some(name) = path.strip_prefix("pxelinux.cfg/") {
            pxelinux_key(name).map_or(Self::Other, Self::PxelinuxConfig)
        } else if let Some(suffix) = path.strip_prefix("grub/grub.cfg").or_else(|| path.strip_prefix("grub.cfg")) {
            suffixed_key(suffix).map_or(Self::Other, Self::GrubConfig)
        } else if let Some(suffix) = path.strip_prefix("boot.ipxe").or_else(|| path.strip_prefix("ipxe.cfg")) {
            suffixed_key(suffix).map_or(Self::Other, Self::IpxeScript)
        } else if path.starts_with("grub/") && path.ends_with(".lst") {
            Self::GrubList
        } else {
            Self::Other
        }
    }
}

impl Tree {
    fn meaning(self, path: &str) -> RequestedPath {
        match RequestedPath::parse_normal(path) {
            RequestedPath::Other if self == Self::S390x => {
                pxelinux_key(&path.to_ascii_lowercase()).map_or(RequestedPath::Other, RequestedPath::PxelinuxConfig)
            }
            meaning => meaning,
        }
    }
}

impl RaspberryPiName {
    fn parse(directory: &str) -> Option<Self> {
        match directory.len() {
            8 if directory.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
                u32::from_str_radix(directory, 16).ok().map(Self::Serial)
            }
            17 => parse_mac(directory).map(Self::Mac),
            _ => None,
        }
    }
}

fn strip_prefix<'a>(path: &'a str, prefix: &str) -> Option<&'a str> {
    let (head, tail) = path.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(tail).filter(|tail| !tail.is_empty())
}

/// The longest path that is looked at, without the slashes in front: longer ones do not occur.
const MAX_PATH: usize = 1024;

/// One slash between components and none in front. `None` if a component could leave the tree.
pub(crate) fn normalise(path: &str) -> Option<Cow<'_, str>> {
    // Some clients send a stray 0xFF at the end, which arrives as U+FFFD; MAAS's patterns let a line feed pass.
    let path = path.trim_end_matches(['\0', '\n', '\u{fffd}', '\u{ff}']);
    if path.chars().any(char::is_control) {
        return None;
    }
    // shim appends its second file to the directory of the boot file, even if that was iPXE's URL.
    let path = match path.split_once("://") {
        Some((scheme, rest)) if scheme.bytes().all(|byte| byte.is_ascii_alphabetic()) => {
            rest.split_once('/').map_or("", |(_host, path)| path)
        }
        _ => path,
    };
    let is_slash = |character| matches!(character, '/' | '\\');
    let trimmed = path.trim_start_matches(is_slash);
    if trimmed.len() > MAX_PATH || trimmed.split(is_slash).any(|part| matches!(part, "." | "..")) {
        return None;
    }
    if !trimmed.contains('\\') && !trimmed.contains("//") && !trimmed.ends_with('/') {
        return Some(Cow::Borrowed(trimmed));
    }
    let parts: Vec<&str> = trimmed.split(is_slash).filter(|part| !part.is_empty()).collect();
    Some(Cow::Owned(parts.join("/")))
}

/// The names of pxelinux: UUID, hardware type and address, address digits, `default`.
fn pxelinux_key(name: &str) -> Option<ConfigKey> {
    if let Some(suffix) = name.strip_prefix("default") {
        return default_key(suffix);
    }
    if let Some(uuid) = MachineUuid::parse_text(name) {
        return Some(ConfigKey::Uuid(uuid));
    }
    match name.split_once(['-', ':']) {
        // The hardware type is only looked at to be skipped: token ring's 06 names the same six bytes.
        Some((kind, mac)) if kind.len() == 2 && mac.len() == 17 => parse_mac(mac).map(ConfigKey::Mac),
        _ => ip_prefix(name),
    }
}

/// The names of GRUB and of iPXE's `ipxe.cfg`: nothing, or `-` and an address, `01-` and an address, digits, `default`.
fn suffixed_key(suffix: &str) -> Option<ConfigKey> {
    if suffix.is_empty() {
        return Some(ConfigKey::DEFAULT);
    }
    let name = suffix.strip_prefix('-')?;
    if let Some(suffix) = name.strip_prefix("default") {
        return default_key(suffix);
    }
    if name.len() == 17 {
        return parse_mac(name).map(ConfigKey::Mac);
    }
    pxelinux_key(name)
}

fn default_key(suffix: &str) -> Option<ConfigKey> {
    if suffix.is_empty() {
        return Some(ConfigKey::DEFAULT);
    }
    let names = suffix.strip_prefix(['.', '-'])?;
    let (arch, subarch) = match names.split_once('-') {
        Some((arch, subarch)) => (arch, Some(subarch)),
        None => (names, None),
    };
    let is_name =
        |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    (is_name(arch) && subarch.is_none_or(is_name))
        .then(|| ConfigKey::Default { arch: Some(arch.to_owned()), subarch: subarch.map(str::to_owned) })
}

/// `52-54-00-77-00-01`, or with colons.
fn parse_mac(text: &str) -> Option<[u8; 6]> {
    let mut mac = [0; 6];
    let mut parts = text.split(['-', ':']);
    for byte in &mut mac {
        let part = parts.next().filter(|part| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
        *byte = u8::from_str_radix(part, 16).ok()?;
    }
    parts.next().is_none().then_some(mac)
}

fn ip_prefix(name: &str) -> Option<ConfigKey> {
    let digits = u8::try_from(name.len()).ok().filter(|digits| (1..=8).contains(digits))?;
    if !name.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    Some(ConfigKey::IpPrefix { prefix: u32::from_str_radix(name, 16).ok()?, digits })
}
