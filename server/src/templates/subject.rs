//! What templates are looked up for, and are told of.

use firstlight_preseed::{Context, Disk, Installation, Interface, LookupKey, Machine, Node, Server, Variables};

use crate::boot::{ARCHITECTURE, Boot};
use crate::config::Installer;
use crate::model::{Power, Record};

/// The one sub-architecture so far.
const SUBARCHITECTURE: &str = "generic";

/// What MAAS's templates send at the end of an installation; see [`Subject::context`].
const NETBOOT_OFF: &str = "op=netboot_off";

/// A machine, and what it is to have.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The machine.
    pub record: &'a Record,
    /// `OSYSTEM/RELEASE` that it is to have, or that its ephemeral system is of.
    pub os: &'a str,
    /// `http://SERVER/`
    pub http_root: &'a str,
}

impl<'a> Subject<'a> {
    /// A machine, with what was wished for it or is the server's default.
    #[must_use]
    pub fn new(boot: &'a Boot, record: &'a Record, http_root: &'a str) -> Self {
        let wished = record.deployment.as_ref().and_then(|deployment| deployment.os.as_deref());
        let os = match boot.installer_of(record) {
            Some(installer) => &installer.os,
            None => wished.unwrap_or(boot.default_os()),
        };
        Self { record, os, http_root }
    }

    pub(super) fn key<'b>(&self, prefix: &'b str) -> LookupKey<'b>
    where
        'a: 'b,
    {
        let (osystem, release) = self.os();
        LookupKey {
            prefix,
            osystem,
            arch: Some((ARCHITECTURE, SUBARCHITECTURE)),
            release,
            name: Some(&self.record.name),
            default: true,
        }
    }

    /// The names that MAAS's templates use; `docs/templates.md` says which ones hold something here.
    ///
    /// `image_url` is given where something is installed. The request of `node_disable_pxe_url` is answered and does
    /// nothing: the server knows from the installation itself when it has ended.
    #[must_use]
    pub fn context(&self, preseed_data: &str, image_url: Option<&str>) -> Context {
        let installation = image_url.map(|image_url| Installation { image_url, ..Installation::default() });
        self.context_of(preseed_data, installation, None, None)
    }

    /// The same for a classic installer, which is also told `mirror`.
    #[must_use]
    pub fn installer_context(&self, preseed_data: &str, installer: &Installer, keys: &[String]) -> Context {
        let image_url = match installer.image.as_str() {
            image if image.is_empty() || image.contains("://") => image.to_owned(),
            path => format!("{}images/{path}", self.http_root),
        };
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let installation = Installation { image_url: &image_url, ssh_keys: &keys, ..Installation::default() };
        self.context_of(preseed_data, Some(installation), Some(&installer.mirror), installer.proxy.as_deref())
            .with("mirror", installer.mirror.as_str())
    }

    fn context_of(
        &self,
        preseed_data: &str,
        installation: Option<Installation<'_>>,
        mirror: Option<&str>,
        http_proxy: Option<&str>,
    ) -> Context {
        let (osystem, release) = self.os();
        let host = self.http_root.trim_start_matches("http://").split([':', '/']).next().unwrap_or_default();
        let metadata_enlist_url = format!("{}metadata/", self.http_root);
        let server = Server {
            osystem,
            release,
            server_host: host,
            server_url: self.http_root,
            metadata_enlist_url: &metadata_enlist_url,
            main_archive: mirror.unwrap_or(main_archive(osystem)),
            http_proxy,
            ports_archive: "http://ports.ubuntu.com/ubuntu-ports",
            ..Server::default()
        };
        let architecture = format!("{ARCHITECTURE}/{SUBARCHITECTURE}");
        let netboot_off = format!("{}metadata/{}/netboot-off", self.http_root, self.record.id);
        let macs: Vec<String> = self.record.macs.iter().map(ToString::to_string).collect();
        let address = self.record.address.map(|address| address.to_string());
        let addresses: Vec<&str> = address.as_deref().into_iter().collect();
        let node = Node {
            system_id: &self.record.id,
            hostname: &self.record.name,
            architecture: &architecture,
            bios_boot_method: if self.record.firmware.as_deref() == Some("uefi") { "uefi" } else { "pxe" },
            osystem,
            distro_series: release,
            zone: "default",
            pool: "default",
            power_type: match self.record.power {
                Power::Manual => "manual",
                Power::Webhook(_) => "webhook",
            },
            interfaces: &self.interfaces(&macs, &addresses),
            disks: &self.disks(),
            ..Node::default()
        };
        let inventory = self.record.inventory.as_ref();
        let small = |number: Option<u64>| number.and_then(|number| u32::try_from(number).ok()).unwrap_or_default();
        let node = Node {
            cpu_count: small(inventory.and_then(|inventory| inventory.cpus)),
            memory: small(inventory.and_then(|inventory| inventory.memory_mib)),
            ..node
        };
        let machine = Machine {
            node,
            node_disable_pxe_url: &netboot_off,
            node_disable_pxe_data: NETBOOT_OFF,
            ..Machine::default()
        };
        Context::from(&Variables { server, preseed_data, machine: Some(machine), installation })
    }

    /// The interfaces; the one that boots is the first, and has the address.
    fn interfaces<'b>(&'b self, macs: &'b [String], addresses: &'b [&'b str]) -> Vec<Interface<'b>> {
        let found = self.record.inventory.as_ref().map(|inventory| inventory.interfaces.as_slice()).unwrap_or_default();
        let name = |mac| found.iter().find(|interface| interface.mac == mac).map_or("", |found| found.name.as_str());
        let known = self.record.macs.iter().zip(macs).enumerate();
        known
            .map(|(at, (mac, mac_address))| Interface {
                name: name(*mac),
                mac_address,
                ip_addresses: if at == 0 { addresses } else { &[] },
            })
            .collect()
    }

    fn disks(&self) -> Vec<Disk<'_>> {
        let found = self.record.inventory.as_ref().map(|inventory| inventory.disks.as_slice()).unwrap_or_default();
        found
            .iter()
            .map(|disk| Disk {
                name: disk.path.trim_start_matches("/dev/"),
                size: i64::try_from(disk.size).unwrap_or(i64::MAX),
                model: disk.model.as_deref().unwrap_or_default(),
                serial: disk.serial.as_deref().unwrap_or_default(),
            })
            .collect()
    }

    fn os(&self) -> (&'a str, &'a str) {
        self.os.split_once('/').unwrap_or((self.os, ""))
    }
}

/// Where the packages are that MAAS's images are made of. Other images know better than we do.
fn main_archive(osystem: &str) -> &'static str {
    match osystem {
        "ubuntu" => "http://archive.ubuntu.com/ubuntu",
        _ => "",
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use firstlight_machine_fsm::Machine;
    use firstlight_preseed::{Template, bundled};

    use super::*;
    use crate::model::{Mac, PowerState};
    use crate::time::Millis;

    pub(crate) fn record() -> Record {
        Record {
            id: "abc123".to_owned(),
            name: "web01".to_owned(),
            machine: Machine::New,
            revision: 1,
            status_since: Millis::now(),
            deadline: None,
            step: None,
            macs: vec![Mac([0x52, 0x54, 0, 0, 0, 1])],
            address: Some([10, 0, 0, 7].into()),
            firmware: Some("uefi".to_owned()),
            architecture: None,
            power: Power::Manual,
            power_state: PowerState::Unknown,
            deployment: None,
            inventory: None,
        }
    }

    #[test]
    fn what_maas_knows_is_there() {
        let record = record();
        let subject = Subject { record: &record, os: "debian/bookworm", http_root: "http://10.0.0.1:8080/" };
        let context = subject.context("#cloud-config\n", Some("http://h/root.tar.zst"));
        let text = "{{server_host}} {{node.boot_interface.mac_address}} {{node.boot_interface.ip_addresses[0]}} \
            {{node.bios_boot_method}} {{node.memory}} {{node_disable_pxe_url}}";
        let text = Template::parse("t", text).unwrap().render(&context).unwrap();
        let url = "http://10.0.0.1:8080/metadata/abc123/netboot-off";
        assert_eq!(text, format!("10.0.0.1 52:54:00:00:00:01 10.0.0.7 uefi 0 {url}"));
        let curtin = Template::parse("curtin_userdata", bundled("curtin_userdata").unwrap()).unwrap();
        let curtin = curtin.render(&context).unwrap();
        assert!(curtin.contains("root: \"http://h/root.tar.zst\"") && curtin.contains(url), "{curtin}");
    }
}
