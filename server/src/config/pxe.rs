//! `[pxe]`: what single machines need that others of their kind do not.

use std::collections::BTreeMap;
use std::time::Duration;

use firstlight_pxe::{BootFile, ProxyStyle, Quirks};
use serde::Deserialize;

use super::ConfigError;
use crate::model::Mac;

/// `[pxe]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Pxe {
    /// Machines that need something else.
    pub machines: Vec<Machine>,
}

/// `[[pxe.machines]]`: one machine, and what helps it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Machine {
    /// The hardware address of the card that it boots from.
    pub mac: String,
    /// The first boot file instead of the one that fits its kind: one of ours, one in `boot_dir`, or a URI.
    pub boot_file: Option<String>,
    /// Whether the iPXE in its ROM gets that boot file and no script.
    pub ipxe_as_rom: bool,
    /// Where a proxy names the boot file; by default where firmware of its kind looks for it.
    pub proxy: Option<Proxy>,
    /// Milliseconds for which answers are held back. The DHCP server itself never waits: only the proxy and port 4011.
    pub delay_ms: Option<u64>,
    /// Whether options 66 and 67 end with a NUL.
    pub terminated: Option<bool>,
}

/// Where a proxy names the boot file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Proxy {
    /// In its offer.
    #[serde(rename = "offer")]
    Offer,
    /// On port 4011.
    #[serde(rename = "4011")]
    Port4011,
}

impl Pxe {
    /// By hardware address.
    ///
    /// # Errors
    ///
    /// An address that is none or comes twice, a boot file with a name that cannot be sent, an iPXE that would be given
    /// itself.
    pub fn quirks(&self) -> Result<BTreeMap<Mac, Quirks>, ConfigError> {
        let mut all = BTreeMap::new();
        for machine in &self.machines {
            let bad = |problem: &'static str| {
                let value = machine.mac.clone();
                ConfigError::Value { key: "pxe.machines".into(), value, problem: problem.into() }
            };
            let mac: Mac =
                machine.mac.parse().map_err(|_| bad("mac must be an Ethernet address, such as 52:54:00:12:34:56"))?;
            let quirks = machine.read().map_err(bad)?;
            if all.insert(mac, quirks).is_some() {
                return Err(bad("is there twice: write everything about a machine into one table"));
            }
        }
        Ok(all)
    }
}

impl Machine {
    fn read(&self) -> Result<Quirks, &'static str> {
        if self.boot_file.as_ref().is_some_and(|file| !(1..=127).contains(&file.len()) || file.contains('\0')) {
            return Err("boot_file must have 1 to 127 bytes and no NUL");
        }
        let file = self.boot_file.as_deref().and_then(BootFile::from_path);
        if self.ipxe_as_rom && matches!(file, Some(BootFile::SnponlyX64 | BootFile::IpxeX64 | BootFile::Undionly)) {
            return Err("boot_file is an iPXE, which ipxe_as_rom would give itself for ever: name another loader");
        }
        let mut quirks = Quirks::default();
        quirks.boot_file.clone_from(&self.boot_file);
        quirks.ipxe_as_rom = self.ipxe_as_rom;
        quirks.proxy = match self.proxy {
            None => ProxyStyle::ByFirmware,
            Some(Proxy::Offer) => ProxyStyle::InOffer,
            Some(Proxy::Port4011) => ProxyStyle::OnPort4011,
        };
        quirks.delay = self.delay_ms.map(Duration::from_millis);
        quirks.terminated = self.terminated;
        Ok(quirks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<BTreeMap<Mac, Quirks>, String> {
        toml::from_str::<Pxe>(text).unwrap().quirks().map_err(|error| error.to_string())
    }

    #[test]
    fn everything_that_a_machine_may_need() {
        let text = "[[machines]]\nmac = '52-54-00-12-34-56'\nboot_file = 'shim-2023.efi'\nipxe_as_rom = true\n\
                    proxy = '4011'\ndelay_ms = 2000\nterminated = false\n[[machines]]\nmac = '52:54:00:12:34:57'";
        let mut expected = Quirks::default();
        expected.boot_file = Some("shim-2023.efi".to_owned());
        expected.ipxe_as_rom = true;
        expected.proxy = ProxyStyle::OnPort4011;
        expected.delay = Some(Duration::from_secs(2));
        expected.terminated = Some(false);
        let all: Vec<_> = read(text).unwrap().into_iter().map(|(mac, quirks)| (mac.to_string(), quirks)).collect();
        let plain = ("52:54:00:12:34:57".to_owned(), Quirks::default());
        assert_eq!(all, [("52:54:00:12:34:56".to_owned(), expected), plain]);
    }

    #[test]
    fn what_cannot_work_is_refused() {
        let mac = "[[machines]]\nmac = '52:54:00:12:34:56'\n";
        let refused = |text: &str| read(text).unwrap_err();
        assert_eq!(
            refused("[[machines]]\nmac = 'a'"),
            "pxe.machines = a: mac must be an Ethernet address, such as 52:54:00:12:34:56"
        );
        assert_eq!(
            refused(&format!("{mac}{mac}")),
            "pxe.machines = 52:54:00:12:34:56: is there twice: write everything about a machine into one table"
        );
        assert_eq!(
            refused(&format!("{mac}boot_file = ''")),
            "pxe.machines = 52:54:00:12:34:56: boot_file must have 1 to 127 bytes and no NUL"
        );
        assert_eq!(
            refused(&format!("{mac}boot_file = '/undionly.kpxe'\nipxe_as_rom = true")),
            "pxe.machines = 52:54:00:12:34:56: boot_file is an iPXE, which ipxe_as_rom would give itself for ever: \
             name another loader"
        );
    }
}
