//! `[pxe]`: what machines need that others of their kind do not. The most specific that is said counts: of the machine, of
//! its subnet, of all.

use std::collections::BTreeMap;
use std::time::Duration;

use firstlight_pxe::{BootFile, Client, Cpu, Firmware, ProxyStyle, Quirks, Stage, Transport};
use serde::Deserialize;

use super::ConfigError;
use crate::model::Mac;

// The fields of `Policy` stand in `Pxe` and `Machine` once more: serde's `flatten` would let unknown keys through.

/// `[pxe]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Pxe {
    /// As in [`Policy`], here of all machines.
    pub boot_files: BootFiles,
    /// As in [`Policy`].
    pub ipxe_as_rom: Option<bool>,
    /// As in [`Policy`].
    pub proxy: Option<Proxy>,
    /// As in [`Policy`].
    pub delay_ms: Option<u64>,
    /// As in [`Policy`].
    pub terminated: Option<bool>,
    /// Machines that need something else.
    pub machines: Vec<Machine>,
}

/// `[dhcp.subnets.pxe]`: what the machines of a subnet need.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// The first boot file instead of the one that fits, by kind of firmware.
    pub boot_files: BootFiles,
    /// Whether iPXE gets that boot file and no script.
    pub ipxe_as_rom: Option<bool>,
    /// Where a proxy names the boot file; by default where firmware of its kind looks for it.
    pub proxy: Option<Proxy>,
    /// Milliseconds for which answers are held back.
    pub delay_ms: Option<u64>,
    /// Whether options 66 and 67 end with a NUL.
    pub terminated: Option<bool>,
}

/// Boot files by kind of firmware: one of ours, one in `boot_dir`, or a URI.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct BootFiles {
    /// PC BIOS.
    pub bios: Option<String>,
    /// 32-bit x86 UEFI over PXE.
    pub ia32_uefi: Option<String>,
    /// 64-bit x86 UEFI over PXE.
    pub x64_uefi: Option<String>,
    /// The same over HTTP.
    pub x64_http: Option<String>,
    /// 64-bit Arm UEFI over PXE.
    pub arm64_uefi: Option<String>,
    /// The same over HTTP.
    pub arm64_http: Option<String>,
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
    pub ipxe_as_rom: Option<bool>,
    /// Where a proxy names the boot file; by default where firmware of its kind looks for it.
    pub proxy: Option<Proxy>,
    /// Milliseconds for which answers are held back.
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

/// What is said of machines, checked.
#[derive(Debug, Clone, Default)]
pub struct Policies {
    all: Policy,
    machines: BTreeMap<Mac, Machine>,
}

impl Pxe {
    /// By hardware address.
    ///
    /// # Errors
    ///
    /// An address that is none or comes twice, a boot file with a name that cannot be sent, an iPXE that would be given
    /// itself.
    pub fn policies(&self) -> Result<Policies, ConfigError> {
        let mut machines = BTreeMap::new();
        for machine in &self.machines {
            let bad = |problem: &'static str| {
                let value = machine.mac.clone();
                ConfigError::Value { key: "pxe.machines".into(), value, problem: problem.into() }
            };
            let mac: Mac =
                machine.mac.parse().map_err(|_| bad("mac must be an Ethernet address, such as 52:54:00:12:34:56"))?;
            check(machine.boot_file.as_deref(), machine.ipxe_as_rom).map_err(bad)?;
            if machines.insert(mac, machine.clone()).is_some() {
                return Err(bad("is there twice: write everything about a machine into one table"));
            }
        }
        let Self { boot_files, ipxe_as_rom, proxy, delay_ms, terminated, .. } = self.clone();
        let all = Policy { boot_files, ipxe_as_rom, proxy, delay_ms, terminated };
        all.check("pxe")?;
        Ok(Policies { all, machines })
    }
}

impl Policy {
    /// Whether its boot files can be named.
    pub(super) fn check(&self, table: &str) -> Result<(), ConfigError> {
        for (kind, file) in self.boot_files.iter() {
            let is_path = kind.ends_with("-http") && !file.contains("://");
            let no_uri = if is_path { Err("must be a URI, such as http://10.77.0.1/boot/snponly.efi") } else { Ok(()) };
            check(Some(file), self.ipxe_as_rom).and(no_uri).map_err(|problem| ConfigError::Value {
                key: format!("{table}.boot_files.{kind}").into(),
                value: file.to_owned(),
                problem: problem.into(),
            })?;
        }
        Ok(())
    }
}

impl BootFiles {
    /// Each that is named, with its kind.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let all = [
            ("bios", &self.bios),
            ("ia32-uefi", &self.ia32_uefi),
            ("x64-uefi", &self.x64_uefi),
            ("x64-http", &self.x64_http),
            ("arm64-uefi", &self.arm64_uefi),
            ("arm64-http", &self.arm64_http),
        ];
        all.into_iter().filter_map(|(kind, file)| Some((kind, file.as_deref()?)))
    }

    fn of(&self, client: &Client) -> Option<&String> {
        // An iPXE that is treated as a ROM is given what a ROM is given.
        let transport = if client.stage == Stage::Ipxe { Transport::Tftp } else { client.transport };
        match (client.firmware, client.architecture.cpu(), transport) {
            (Firmware::Bios, ..) => &self.bios,
            (Firmware::Uefi, Cpu::X86, Transport::Tftp) => &self.ia32_uefi,
            (Firmware::Uefi, Cpu::X64, Transport::Tftp) => &self.x64_uefi,
            (Firmware::Uefi, Cpu::X64, Transport::Http) => &self.x64_http,
            (Firmware::Uefi, Cpu::Arm64, Transport::Tftp) => &self.arm64_uefi,
            (Firmware::Uefi, Cpu::Arm64, Transport::Http) => &self.arm64_http,
            _ => &None,
        }
        .as_ref()
    }
}

impl Policies {
    /// What a machine of a subnet needs.
    #[must_use]
    pub fn of(&self, mac: Option<[u8; 6]>, subnet: Option<&Policy>, client: &Client) -> Quirks {
        let none = Machine::default();
        let machine = mac.and_then(|mac| self.machines.get(&Mac(mac))).unwrap_or(&none);
        let subnet = subnet.unwrap_or(&self.all);
        let wider = [subnet, &self.all];
        let mut quirks = Quirks::default();
        let by_kind = || wider.iter().find_map(|policy| policy.boot_files.of(client));
        quirks.boot_file = machine.boot_file.as_ref().or_else(by_kind).cloned();
        quirks.ipxe_as_rom = machine.ipxe_as_rom.or(subnet.ipxe_as_rom).or(self.all.ipxe_as_rom).unwrap_or(false);
        quirks.proxy = match machine.proxy.or(subnet.proxy).or(self.all.proxy) {
            None => ProxyStyle::ByFirmware,
            Some(Proxy::Offer) => ProxyStyle::InOffer,
            Some(Proxy::Port4011) => ProxyStyle::OnPort4011,
        };
        quirks.delay = machine.delay_ms.or(subnet.delay_ms).or(self.all.delay_ms).map(Duration::from_millis);
        quirks.terminated = machine.terminated.or(subnet.terminated).or(self.all.terminated);
        quirks
    }

    /// Every boot file that a machine, or all machines, are given, and where it is said.
    pub fn boot_files(&self) -> impl Iterator<Item = (String, &str)> {
        let machines = self.machines.iter().filter_map(|(mac, machine)| {
            Some((format!("machine {mac} (pxe.machines)"), machine.boot_file.as_deref()?))
        });
        let all = self.all.boot_files.iter().map(|(kind, file)| (format!("pxe.boot_files.{kind}"), file));
        machines.chain(all)
    }
}

fn check(file: Option<&str>, ipxe_as_rom: Option<bool>) -> Result<(), &'static str> {
    let Some(file) = file else { return Ok(()) };
    if !(1..=127).contains(&file.len()) || file.contains('\0') {
        return Err("boot_file must have 1 to 127 bytes and no NUL");
    }
    if ipxe_as_rom == Some(true) && is_ipxe(file) {
        return Err("boot_file is an iPXE, which ipxe_as_rom would give itself for ever: name another loader");
    }
    Ok(())
}

/// Whether a boot file is one of our iPXEs.
pub(crate) fn is_ipxe(file: &str) -> bool {
    matches!(BootFile::from_path(file), Some(BootFile::SnponlyX64 | BootFile::IpxeX64 | BootFile::Undionly))
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    const MACHINE: [u8; 6] = [0x52, 0x54, 0, 0x12, 0x34, 0x56];
    const OTHER: [u8; 6] = [0x52, 0x54, 0, 0x12, 0x34, 0x57];

    fn read(text: &str) -> Result<Policies, String> {
        toml::from_str::<Pxe>(text).unwrap().policies().map_err(|error| error.to_string())
    }

    fn client(class: &'static str) -> Client {
        Client::identify(|code| (code == 60).then_some(Cow::Borrowed(class.as_bytes()))).unwrap()
    }

    fn quirks(change: impl FnOnce(&mut Quirks)) -> Quirks {
        let mut quirks = Quirks::default();
        change(&mut quirks);
        quirks
    }

    #[test]
    fn everything_that_a_machine_may_need() {
        let text = "[[machines]]\nmac = '52-54-00-12-34-56'\nboot_file = 'shim-2023.efi'\nipxe_as_rom = true\n\
                    proxy = '4011'\ndelay_ms = 2000\nterminated = false\n[[machines]]\nmac = '52:54:00:12:34:57'";
        let uefi = client("PXEClient:Arch:00007:UNDI:003016");
        let expected = quirks(|quirks| {
            quirks.boot_file = Some("shim-2023.efi".to_owned());
            quirks.ipxe_as_rom = true;
            quirks.proxy = ProxyStyle::OnPort4011;
            quirks.delay = Some(Duration::from_secs(2));
            quirks.terminated = Some(false);
        });
        let policies = read(text).unwrap();
        assert_eq!(policies.of(Some(MACHINE), None, &uefi), expected);
        assert_eq!(policies.of(Some(OTHER), None, &uefi), Quirks::default());
        assert_eq!(policies.of(None, None, &uefi), Quirks::default());
    }

    #[test]
    fn the_most_specific_counts() {
        let (bios, uefi) = (client("PXEClient:Arch:00000:UNDI:002001"), client("PXEClient:Arch:00007:UNDI:003016"));
        let http = client("HTTPClient:Arch:00016:UNDI:003000");
        let policies = read(
            "proxy = 'offer'\ndelay_ms = 100\nterminated = false\n[boot_files]\nbios = 'pxelinux.0'\n\
             x64-uefi = 'snponly.efi'\n[[machines]]\nmac = '52:54:00:12:34:56'\nboot_file = 'own.efi'\ndelay_ms = 0",
        )
        .unwrap();
        let subnet: Policy =
            toml::from_str("delay_ms = 50\nproxy = '4011'\nboot_files = { x64-uefi = 'a.efi' }").unwrap();
        let of = |mac, subnet: Option<&Policy>, client| {
            let quirks = policies.of(Some(mac), subnet, client);
            let delay = quirks.delay.unwrap().as_millis();
            (quirks.boot_file.unwrap_or_default(), delay, quirks.proxy, quirks.terminated)
        };
        use ProxyStyle::{InOffer, OnPort4011};
        let named = |file: &str, delay, proxy| (file.to_owned(), delay, proxy, Some(false));
        assert_eq!(of(OTHER, None, &bios), named("pxelinux.0", 100, InOffer));
        assert_eq!(of(OTHER, None, &uefi), named("snponly.efi", 100, InOffer));
        assert_eq!(of(OTHER, None, &http), named("", 100, InOffer));
        assert_eq!(of(OTHER, Some(&subnet), &bios), named("pxelinux.0", 50, OnPort4011));
        assert_eq!(of(OTHER, Some(&subnet), &uefi), named("a.efi", 50, OnPort4011));
        assert_eq!(of(MACHINE, Some(&subnet), &uefi), named("own.efi", 0, OnPort4011));
        assert_eq!(of(MACHINE, None, &uefi), named("own.efi", 0, InOffer));
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
        assert_eq!(
            refused("boot_files = { x64-http = 'snponly.efi' }"),
            "pxe.boot_files.x64-http = snponly.efi: must be a URI, such as http://10.77.0.1/boot/snponly.efi"
        );
        assert_eq!(
            refused("ipxe_as_rom = true\nboot_files = { x64-uefi = 'snponly.efi' }"),
            "pxe.boot_files.x64-uefi = snponly.efi: boot_file is an iPXE, which ipxe_as_rom would give itself for ever: \
             name another loader"
        );
    }
}
