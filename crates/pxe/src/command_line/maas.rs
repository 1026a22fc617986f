//! The kernel command line of MAAS 3.8, for ephemeral images that were built for it.

use std::fmt::Write as _;
use std::net::IpAddr;

use super::{encode_spaces, push_kept_words, push_words};

/// The port on which MAAS serves images.
const IMAGES_PORT: u16 = 5248;
/// The port to which MAAS has logs sent if nothing else is said.
const LOG_PORT: u16 = 5247;

/// Ubuntu's releases before 22.04, by their code names: their ephemeral system runs without `AppArmor`.
const WITHOUT_APPARMOR: [&str; 35] = [
    "warty", "hoary", "breezy", "dapper", "edgy", "feisty", "gutsy", "hardy", "intrepid", "jaunty", "karmic", "lucid",
    "maverick", "natty", "oneiric", "precise", "quantal", "raring", "saucy", "trusty", "utopic", "vivid", "wily",
    "xenial", "yakkety", "zesty", "artful", "bionic", "cosmic", "disco", "eoan", "focal", "groovy", "hirsute",
    "impish",
];

/// What MAAS's ephemeral system must know from its kernel command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaasCommandLine<'a> {
    /// The address at which images are served.
    pub image_server: IpAddr,
    /// The image below `images/`: a squashfs, or a `.tgz` or `.txz`; `squashfs` if empty.
    pub image: &'a str,
    /// The operating system of the image, such as `ubuntu`.
    pub osystem: &'a str,
    /// Its release, such as `noble`.
    pub release: &'a str,
    /// The machine's architecture in Debian's words, such as `armhf`.
    pub arch: &'a str,
    /// Its sub-architecture, such as `generic`.
    pub subarch: &'a str,
    /// The machine's name.
    pub hostname: &'a str,
    /// Where cloud-init reads its configuration.
    pub cloud_config_url: &'a str,
    /// The host to which logs are sent.
    pub log_host: &'a str,
    /// Its port; 0 for the usual one.
    pub log_port: u16,
    /// Parameters for the ephemeral system only.
    pub ephemeral: &'a str,
    /// Parameters for the ephemeral and the installed system.
    pub extra: &'a str,
}

/// Renders the command line. It is the same for every purpose.
///
/// White space in a value is percent-encoded, so that it cannot start another parameter; MAAS leaves it as it is.
///
/// ```
/// use firstlight_pxe::{MaasCommandLine, maas_command_line};
/// let line = maas_command_line(&MaasCommandLine {
///     image_server: [10, 0, 0, 2].into(),
///     image: "f00/ubuntu/amd64/ga-24.04/noble/stable/squashfs",
///     osystem: "ubuntu",
///     release: "noble",
///     arch: "amd64",
///     subarch: "ga-24.04",
///     hostname: "web01",
///     cloud_config_url: "http://10.0.0.2:5248/MAAS/metadata/latest/enlist-preseed/",
///     log_host: "10.0.0.2",
///     log_port: 0,
///     ephemeral: "",
///     extra: "console=ttyS0",
/// });
/// assert!(line.starts_with("nomodeset root=squash:http://10.0.0.2:5248/images/f00/ubuntu/"));
/// assert!(line.ends_with(" log_host=10.0.0.2 log_port=5247 --- console=ttyS0"));
/// ```
#[must_use]
pub fn maas_command_line(line: &MaasCommandLine<'_>) -> String {
    let image = if line.image.is_empty() { "squashfs" } else { line.image };
    let is_archive = image.ends_with(".tgz") || image.ends_with(".txz");
    let kind = if is_archive { "tar" } else { "squash" };
    let server = match line.image_server {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    };
    let mut text = format!("nomodeset root={kind}:http://{server}:{IMAGES_PORT}/images/{}", encode_spaces(image));
    // The initial RAM disk configures one family: that by which it reaches the image.
    if line.image_server.is_ipv4() {
        let _ = write!(text, " ip=::::{}:BOOTIF:dhcp ip6=off", encode_spaces(line.hostname));
    } else {
        text.push_str(" ip=off ip6=dhcp");
    }
    let url = encode_spaces(line.cloud_config_url);
    let _ = write!(text, " cc:{{'datasource_list': ['MAAS']}}end_cc cloud-config-url={url}");
    if !is_archive {
        text.push_str(" ro overlayroot=tmpfs overlayroot_cfgdisk=disabled");
    }
    if line.osystem == "ubuntu" && WITHOUT_APPARMOR.contains(&line.release) {
        text.push_str(" apparmor=0");
    }
    let log_port = if line.log_port == 0 { LOG_PORT } else { line.log_port };
    let _ = write!(text, " log_host={} log_port={log_port}", encode_spaces(line.log_host));
    // What the hardware needs.
    match (line.arch, line.subarch) {
        ("armhf", "highbank" | "generic") => text.push_str(" console=ttyAMA0"),
        ("ppc64el", "generic") => text.push_str(" rootdelay=60"),
        _ => {}
    }
    push_words(&mut text, line.ephemeral);
    push_kept_words(&mut text, line.extra);
    text
}
