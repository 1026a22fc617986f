//! Kernel command lines: of the ephemeral system, of one that was built for MAAS, of Debian's installer.

use std::fmt::Write as _;

mod installer;
mod maas;

pub use installer::{InstallerCommandLine, installer_command_line};
pub use maas::{MaasCommandLine, maas_command_line};

/// What the ephemeral system must know from its kernel command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandLine {
    /// The root file system: an `http://` URL of a squashfs image.
    pub squashfs_url: String,
    /// The hardware address of the network card that booted, for `BOOTIF=`.
    pub boot_mac: Option<[u8; 6]>,
    /// Where cloud-init reads the machine's configuration.
    pub cloud_config_url: Option<String>,
    /// The operator's own parameters, put last so that they win.
    pub extra: String,
}

/// Renders a kernel command line.
///
/// Each loader's [`render`](crate::render) does its own quoting, and the iPXE one adds `initrd=`.
/// White space in a URL is percent-encoded: it cannot start another parameter.
///
/// ```
/// use firstlight_pxe::{CommandLine, kernel_command_line};
/// let line = kernel_command_line(&CommandLine {
///     squashfs_url: "http://192.168.77.1/images/root.squashfs".into(),
///     boot_mac: Some([0x52, 0x54, 0, 0x77, 0, 1]),
///     cloud_config_url: Some("http://192.168.77.1/seed".into()),
///     extra: "console=ttyS0".into(),
/// });
/// assert_eq!(
///     line,
///     "root=squash:http://192.168.77.1/images/root.squashfs BOOTIF=01-52-54-00-77-00-01 ip=dhcp \
///      network-config=disabled cc:{'datasource_list': ['MAAS']}end_cc \
///      cloud-config-url=http://192.168.77.1/seed ro console=ttyS0"
/// );
/// ```
#[must_use]
pub fn kernel_command_line(line: &CommandLine) -> String {
    let mut text = format!("root=squash:{}", encode_spaces(&line.squashfs_url));
    push_boot_mac(&mut text, line.boot_mac);
    text.push_str(" ip=dhcp network-config=disabled cc:{'datasource_list': ['MAAS']}end_cc");
    if let Some(url) = &line.cloud_config_url {
        let _ = write!(text, " cloud-config-url={}", encode_spaces(url));
    }
    text.push_str(" ro");
    push_words(&mut text, &line.extra);
    text
}

fn push_boot_mac(text: &mut String, mac: Option<[u8; 6]>) {
    if let Some(mac) = mac {
        // 01 is the hardware type of Ethernet, as pxelinux's IPAPPEND 2 writes it.
        text.push_str(" BOOTIF=01");
        for byte in mac {
            let _ = write!(text, "-{byte:02x}");
        }
    }
}

fn push_words(text: &mut String, words: &str) {
    for word in words.split_whitespace() {
        text.push(' ');
        text.push_str(word);
    }
}

/// Parameters that curtin and Debian's installer also write into the installed system's boot loader.
fn push_kept_words(text: &mut String, words: &str) {
    if !words.trim().is_empty() {
        text.push_str(" ---");
        push_words(text, words);
    }
}

fn encode_spaces(url: &str) -> String {
    let mut text = String::with_capacity(url.len());
    for character in url.chars() {
        if character.is_whitespace() || character.is_control() || character == '"' {
            for byte in character.encode_utf8(&mut [0; 4]).bytes() {
                let _ = write!(text, "%{byte:02X}");
            }
        } else {
            text.push(character);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_cannot_start_a_parameter() {
        let line = kernel_command_line(&CommandLine {
            squashfs_url: "http://a/b init=/bin/sh\n".into(),
            boot_mac: None,
            cloud_config_url: None,
            extra: "  quiet\n  splash ".into(),
        });
        assert_eq!(
            line,
            "root=squash:http://a/b%20init=/bin/sh%0A ip=dhcp network-config=disabled \
             cc:{'datasource_list': ['MAAS']}end_cc ro quiet splash"
        );
    }
}
