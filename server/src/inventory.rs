//! What commissioning finds out about a machine, read from the output of the built-in scripts.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::Mac;

/// The parts of a machine.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Inventory {
    /// `firmware`, as the ephemeral system saw it: `bios` or `uefi`.
    pub firmware: Option<String>,
    /// Who made the machine.
    pub vendor: Option<String>,
    /// What it is called by its maker.
    pub product: Option<String>,
    /// The hypervisor, or `none`.
    pub virtuality: Option<String>,
    /// The processor's name.
    pub cpu_model: Option<String>,
    /// Logical processors.
    pub cpus: Option<u64>,
    /// Memory in MiB.
    pub memory_mib: Option<u64>,
    /// Disks that an operating system could be installed on.
    pub disks: Vec<Disk>,
    /// Network interfaces.
    pub interfaces: Vec<Interface>,
    /// The kernel command line of the ephemeral system, without its credentials.
    pub kernel_command_line: Option<String>,
}

/// A disk.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disk {
    /// The device file, such as `/dev/sda`.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// The serial number.
    pub serial: Option<String>,
    /// The world wide name.
    pub wwn: Option<String>,
    /// The model.
    pub model: Option<String>,
    /// Whether it spins.
    pub rotational: bool,
    /// Bytes of a logical sector.
    pub sector_size: u32,
}

/// A network interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interface {
    /// The kernel's name.
    pub name: String,
    /// The hardware address.
    pub mac: Mac,
    /// Whether it has a link.
    pub link: bool,
}

impl Inventory {
    /// Takes in the output of one built-in script; output that cannot be read changes nothing.
    ///
    /// # Errors
    ///
    /// What was wrong with the output, for the event log.
    pub fn learn(&mut self, script: &str, output: &str) -> Result<(), serde_json::Error> {
        match script {
            "00-support-info" => self.firmware = support_info(output),
            "01-lshw" => self.learn_lshw(&serde_json::from_str(output)?),
            "02-virtuality" => self.virtuality = Some(output.trim().to_owned()),
            "40-network-interfaces" => self.learn_interfaces(&serde_json::from_str(output)?),
            "50-block-devices" => self.learn_disks(&serde_json::from_str(output)?),
            "51-cpu-memory" => self.learn_cpu_memory(output),
            "99-kernel-cmdline" => self.kernel_command_line = Some(output.trim().to_owned()),
            _ => {}
        }
        Ok(())
    }

    fn learn_lshw(&mut self, lshw: &Value) {
        let system = lshw.get(0).unwrap_or(lshw);
        self.vendor = text(system, "vendor");
        self.product = text(system, "product");
    }

    fn learn_interfaces(&mut self, links: &Value) {
        self.interfaces = array(links)
            .filter(|link| text(link, "link_type").as_deref() == Some("ether"))
            .filter_map(|link| {
                Some(Interface {
                    name: text(link, "ifname")?,
                    mac: text(link, "permaddr").or_else(|| text(link, "address"))?.parse().ok()?,
                    link: text(link, "operstate").as_deref() == Some("UP"),
                })
            })
            .collect();
    }

    fn learn_disks(&mut self, lsblk: &Value) {
        self.disks = array(&lsblk["blockdevices"])
            .filter(|disk| text(disk, "type").as_deref() == Some("disk") && disk["ro"] != Value::Bool(true))
            .filter_map(|disk| {
                Some(Disk {
                    path: text(disk, "path")?,
                    size: disk["size"].as_u64().filter(|size| *size > 0)?,
                    serial: text(disk, "serial"),
                    wwn: text(disk, "wwn"),
                    model: text(disk, "model"),
                    rotational: disk["rota"].as_bool().unwrap_or(false),
                    sector_size: disk["log-sec"].as_u64().and_then(|size| u32::try_from(size).ok()).unwrap_or(512),
                })
            })
            .collect();
    }

    fn learn_cpu_memory(&mut self, output: &str) {
        for line in output.lines() {
            let Some((key, value)) = line.split_once(':') else { continue };
            let value = value.trim();
            match key.trim() {
                "Model name" => self.cpu_model = Some(value.to_owned()),
                "CPU(s)" => self.cpus = value.parse().ok(),
                "MemTotal" => {
                    self.memory_mib =
                        value.split_whitespace().next().and_then(|kib| kib.parse().ok()).map(|kib: u64| kib / 1024);
                }
                _ => {}
            }
        }
    }
}

fn support_info(output: &str) -> Option<String> {
    output.lines().find_map(|line| line.strip_prefix("firmware: ")).map(str::to_owned)
}

fn text(value: &Value, key: &str) -> Option<String> {
    value.get(key)?.as_str().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn array(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scripts_of_a_virtual_machine() {
        let mut inventory = Inventory::default();
        inventory.learn("00-support-info", "kernel: 6.1\nfirmware: uefi\n").unwrap();
        inventory.learn("01-lshw", r#"[{"vendor": "QEMU", "product": "Standard PC"}]"#).unwrap();
        inventory.learn("02-virtuality", "qemu\n").unwrap();
        inventory
            .learn(
                "40-network-interfaces",
                r#"[{"ifname":"lo","link_type":"loopback","address":"00:00:00:00:00:00"},
                    {"ifname":"ens3","link_type":"ether","operstate":"UP","address":"52:54:00:00:00:01"}]"#,
            )
            .unwrap();
        inventory
            .learn(
                "50-block-devices",
                r#"{"blockdevices":[{"path":"/dev/loop0","type":"loop","size":1,"ro":true},
                    {"path":"/dev/vda","type":"disk","size":4294967296,"serial":"D1","ro":false,"rota":true,"log-sec":512}]}"#,
            )
            .unwrap();
        inventory.learn("51-cpu-memory", "CPU(s):   2\nModel name:  TCG CPU\nMemTotal:  2048000 kB\n").unwrap();
        assert_eq!(inventory.firmware.as_deref(), Some("uefi"));
        assert_eq!(inventory.vendor.as_deref(), Some("QEMU"));
        assert_eq!(inventory.interfaces.len(), 1);
        assert_eq!(inventory.interfaces[0].mac.to_string(), "52:54:00:00:00:01");
        assert_eq!(inventory.disks.len(), 1);
        assert_eq!(inventory.disks[0].size, 4 << 30);
        assert_eq!((inventory.cpus, inventory.memory_mib), (Some(2), Some(2000)));
    }

    #[test]
    fn output_that_cannot_be_read_is_an_error_and_changes_nothing() {
        let mut inventory = Inventory::default();
        assert!(inventory.learn("50-block-devices", "lsblk: not found").is_err());
        assert_eq!(inventory, Inventory::default());
    }
}
