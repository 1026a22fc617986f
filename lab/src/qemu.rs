//! The machines: QEMU processes with firmware, a network card and a blank disk.
//!
//! A machine gets one boot order, network before disk, for its whole life. There
//! is no `-kernel`, no `fw_cfg`, no SMBIOS hint, no shared folder, and nobody edits
//! its disk or NVRAM from outside: what happens in it, happens over the wire.

use crate::cli::Firmware;
use crate::error::{Doing, Error, Result};
use crate::network;
use crate::serial::Serial;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::process::{Child, Command};
use tokio::sync::Mutex;

const DISK_BYTES: u64 = 4 << 30;

/// What a machine is made of, as far as network boot depends on it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hardware {
    pub(crate) firmware: Firmware,
    pub(crate) disks: u8,
    pub(crate) card: Card,
    /// Whether the card brings the iPXE ROM that QEMU has for it. Without it, the firmware's own driver and network
    /// stack do the work, which only UEFI has.
    pub(crate) ipxe_rom: bool,
    /// UEFI: PXE is switched off in the firmware's setup, and what is left is HTTP boot.
    pub(crate) http_boot: bool,
    /// UEFI: the build that enforces Secure Boot, with Microsoft's keys enrolled.
    pub(crate) secure_boot: bool,
}

/// A network card.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Card {
    VirtioNet,
    E1000,
}

impl Hardware {
    /// What most machines have: under BIOS the card's ROM is the network stack, under UEFI the firmware brings its own.
    pub(crate) const fn plain(firmware: Firmware) -> Self {
        let ipxe_rom = matches!(firmware, Firmware::Bios);
        Self { firmware, disks: 1, card: Card::VirtioNet, ipxe_rom, http_boot: false, secure_boot: false }
    }

    /// The firmware's code and its blank NVRAM, from package ovmf; BIOS has none.
    fn ovmf(self) -> Option<(&'static str, &'static str)> {
        match (self.firmware, self.secure_boot) {
            (Firmware::Bios, _) => None,
            (Firmware::Uefi, false) => Some(("/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd")),
            (Firmware::Uefi, true) => {
                Some(("/usr/share/OVMF/OVMF_CODE_4M.secboot.fd", "/usr/share/OVMF/OVMF_VARS_4M.ms.fd"))
            }
        }
    }

    fn arguments(self, number: u8) -> String {
        let (tap, mac) = (network::tap(number), network::mac(number));
        let card = match self.card {
            Card::VirtioNet => "virtio-net-pci",
            Card::E1000 => "e1000",
        };
        let rom = if self.ipxe_rom { "" } else { ",romfile=" };
        let machine = match (self.firmware, self.secure_boot) {
            (Firmware::Bios, _) => "pc",
            (Firmware::Uefi, false) => "q35",
            // Only code in system management mode may write the variables.
            (Firmware::Uefi, true) => "q35,smm=on -global driver=cfi.pflash01,property=secure,value=on",
        };
        let mut arguments = format!(
            "-accel tcg,thread=multi,tb-size=512 -cpu max -smp 1 -m 2048 -machine {machine} \
             -display none -nodefaults \
             -netdev tap,id=net0,ifname={tap},script=no,downscript=no \
             -device {card},id=nic0,netdev=net0,mac={mac},bootindex=1{rom} \
             -drive if=none,id=drive0,format=raw,cache=unsafe,discard=unmap,file=disk.raw \
             -device virtio-blk-pci,id=disk0,drive=drive0,serial=LAB{number},bootindex=2 \
             -device virtio-rng-pci -chardev stdio,id=console,signal=off -serial chardev:console \
             -qmp unix:qmp.sock,server=on,wait=off"
        );
        for at in 1..self.disks {
            let (file, boot) = (disk_file(at), 2 + at);
            arguments += &format!(
                " -drive if=none,id=drive{at},format=raw,cache=unsafe,discard=unmap,file={file} \
                 -device virtio-blk-pci,id=disk{at},drive=drive{at},serial=LAB{number}-{at},bootindex={boot}"
            );
        }
        if let Some((code, _)) = self.ovmf() {
            arguments += &format!(
                " -drive if=pflash,format=raw,unit=0,readonly=on,file={code} \
                 -drive if=pflash,format=raw,unit=1,file=nvram.fd"
            );
        }
        if self.http_boot {
            for option in ["IPv4PXESupport", "IPv6PXESupport"] {
                arguments += &format!(" -fw_cfg name=opt/org.tianocore/{option},string=n");
            }
        }
        arguments
    }
}

/// One machine. It may be powered on and off any number of times.
#[derive(Debug)]
pub(crate) struct Machine {
    number: u8,
    hardware: Hardware,
    dir: PathBuf,
    serial: Serial,
    child: Mutex<Option<Child>>,
}

impl Machine {
    /// Unpacks a new machine: blank disks, and for UEFI a fresh NVRAM.
    pub(crate) fn create(number: u8, hardware: Hardware, run: &Path) -> Result<Self> {
        let dir = run.join(format!("machine-{number}"));
        let doing = || format!("machine {number} cannot be set up in {}", dir.display());
        std::fs::create_dir_all(&dir).doing(doing())?;
        for at in 0..hardware.disks {
            let disk = File::create(dir.join(disk_file(at))).doing(doing())?;
            disk.set_len(DISK_BYTES).doing(doing())?;
        }
        if let Some((_, blank)) = hardware.ovmf() {
            std::fs::copy(blank, dir.join("nvram.fd")).doing(doing())?;
        }
        let serial = Serial::create(&dir.join("serial.log")).doing(doing())?;
        Ok(Self { number, hardware, dir, serial, child: Mutex::new(None) })
    }

    /// What the webhook's URLs call it.
    pub(crate) fn label(&self) -> String {
        format!("machine-{}", self.number)
    }

    /// Its network card's address.
    pub(crate) fn mac(&self) -> String {
        network::mac(self.number)
    }

    /// Its console.
    pub(crate) fn serial(&self) -> &Serial {
        &self.serial
    }

    /// Whether it was ever powered on.
    pub(crate) fn was_on(&self) -> bool {
        !self.serial.last().is_empty()
    }

    /// Presses the power button of a machine that is off; on one that is on, nothing.
    pub(crate) async fn power_on(&self) -> Result<()> {
        let mut slot = self.child.lock().await;
        if running(&mut slot) {
            return Ok(());
        }
        self.serial.note("--- power on ---");
        let errors = File::options()
            .create(true)
            .append(true)
            .open(self.dir.join("qemu.log"))
            .doing("QEMU's log cannot be written")?;
        let mut child = Command::new("qemu-system-x86_64")
            .args(self.arguments())
            .current_dir(&self.dir)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(errors)
            .kill_on_drop(true)
            .spawn()
            .doing("qemu-system-x86_64 (package qemu-system-x86) does not start")?;
        if let Some(console) = child.stdout.take() {
            tokio::spawn(self.serial.clone().follow(console));
        }
        // QEMU says what is wrong with its arguments at once, and ends.
        tokio::time::sleep(Duration::from_millis(50)).await;
        if let Ok(Some(status)) = child.try_wait() {
            return Err(Error::said(format!(
                "QEMU ended at once ({status}); it says why in {}",
                self.dir.join("qemu.log").display()
            )));
        }
        *slot = Some(child);
        Ok(())
    }

    /// Pulls the plug. What the guest has written stays on the disk.
    pub(crate) async fn power_off(&self) -> Result<()> {
        let mut slot = self.child.lock().await;
        if !running(&mut slot) {
            return Ok(());
        }
        if let Some(mut child) = slot.take() {
            self.serial.note("--- power off ---");
            terminate(&mut child).await?;
        }
        Ok(())
    }

    /// Whether it is on. A guest that turns itself off ends QEMU.
    pub(crate) async fn is_on(&self) -> bool {
        running(&mut *self.child.lock().await)
    }

    /// Removes the disks, which are the large part of what a run leaves.
    pub(crate) fn discard_disk(&self) {
        for at in 0..self.hardware.disks {
            let _ = std::fs::remove_file(self.dir.join(disk_file(at)));
        }
    }

    fn arguments(&self) -> Vec<String> {
        self.hardware.arguments(self.number).split_whitespace().map(str::to_owned).collect()
    }
}

/// The image of a disk, counted from 0.
fn disk_file(at: u8) -> String {
    if at == 0 { "disk.raw".to_owned() } else { format!("disk-{at}.raw") }
}

fn running(slot: &mut Option<Child>) -> bool {
    slot.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None)))
}

/// SIGTERM, so that QEMU writes the NVRAM out; then SIGKILL.
async fn terminate(child: &mut Child) -> Result<()> {
    let started = Instant::now();
    if let Some(pid) = child.id().and_then(|pid| i32::try_from(pid).ok()) {
        let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGTERM);
    }
    while started.elapsed() < Duration::from_secs(2) {
        if !matches!(child.try_wait(), Ok(None)) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    child.kill().await.doing("QEMU cannot be killed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn network_first_and_nothing_smuggled_in() {
        for firmware in [Firmware::Bios, Firmware::Uefi] {
            let dir = tempfile::tempdir().unwrap();
            let hardware = Hardware { disks: 2, ..Hardware::plain(firmware) };
            let machine = Machine::create(3, hardware, dir.path()).unwrap();
            let line = machine.arguments().join(" ");
            assert!(line.contains("nic0,netdev=net0,mac=52:54:00:77:00:03,bootindex=1"));
            assert!(line.contains("serial=LAB3,bootindex=2"));
            assert!(line.contains("file=disk-1.raw") && line.contains("serial=LAB3-1,bootindex=3"));
            for word in ["-kernel", "-initrd", "fw_cfg", "-smbios", "virtfs", "kvm"] {
                assert!(!line.contains(word), "{word} in {line}");
            }
            let disk = std::fs::metadata(dir.path().join("machine-3/disk.raw")).unwrap();
            assert_eq!(disk.len(), DISK_BYTES);
        }
    }

    #[test]
    fn secure_boot_has_its_own_firmware_and_http_boot_no_pxe() {
        let uefi = Hardware::plain(Firmware::Uefi);
        let line = Hardware { secure_boot: true, http_boot: true, ..uefi }.arguments(1);
        assert!(line.contains("q35,smm=on") && line.contains("OVMF_CODE_4M.secboot.fd"), "{line}");
        assert!(line.contains("IPv4PXESupport,string=n"), "{line}");
        assert!(!uefi.arguments(1).contains("smm"));
    }
}
