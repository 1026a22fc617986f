//! The kernel command line of Debian's installer, driven by a preseed file.

use super::{encode_spaces, push_boot_mac, push_words};

/// What the classic installer must know from its kernel command line (Debian installation guide, appendix B).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InstallerCommandLine<'a> {
    /// Where the preseed file is.
    pub preseed_url: &'a str,
    /// The machine's name; asked for if empty.
    pub hostname: &'a str,
    /// Its domain; left to DHCP if empty.
    pub domain: &'a str,
    /// The hardware address of the network card that booted: the installer uses the same.
    pub boot_mac: Option<[u8; 6]>,
    /// The host and port to which logs are sent.
    pub log: Option<(&'a str, u16)>,
    /// Parameters for the installer only.
    pub ephemeral: &'a str,
    /// Parameters for the installer and the installed system.
    pub extra: &'a str,
}

/// Renders the command line. No value but the last two can start another parameter.
///
/// ```
/// use firstlight_pxe::{InstallerCommandLine, installer_command_line};
/// let line = installer_command_line(&InstallerCommandLine {
///     preseed_url: "http://192.168.77.1/preseed/web01",
///     hostname: "web01",
///     domain: "",
///     boot_mac: Some([0x52, 0x54, 0, 0x77, 0, 1]),
///     log: None,
///     ephemeral: "",
///     extra: "console=ttyS0",
/// });
/// assert_eq!(
///     line,
///     "auto=true priority=critical url=http://192.168.77.1/preseed/web01 interface=auto \
///      BOOTIF=01-52-54-00-77-00-01 hostname=web01 --- console=ttyS0"
/// );
/// ```
#[must_use]
pub fn installer_command_line(line: &InstallerCommandLine<'_>) -> String {
    // Without `auto`, the questions about language and keyboard come before the preseed file is there to answer them.
    let mut text = format!("auto=true priority=critical url={} interface=auto", encode_spaces(line.preseed_url));
    push_boot_mac(&mut text, line.boot_mac);
    for (name, value) in [("hostname", line.hostname), ("domain", line.domain)] {
        if !value.is_empty() {
            text.push_str(&format!(" {name}={}", encode_spaces(value)));
        }
    }
    if let Some((host, port)) = line.log {
        text.push_str(&format!(" log_host={} log_port={port}", encode_spaces(host)));
    }
    push_words(&mut text, line.ephemeral);
    super::push_kept_words(&mut text, line.extra);
    text
}
