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
const OVMF_CODE: &str = "/usr/share/OVMF/OVMF_CODE_4M.fd";
const OVMF_VARS: &str = "/usr/share/OVMF/OVMF_VARS_4M.fd";

/// One machine. It may be powered on and off any number of times.
#[derive(Debug)]
pub(crate) struct Machine {
    number: u8,
    firmware: Firmware,
    dir: PathBuf,
    serial: Serial,
    child: Mutex<Option<Child>>,
}

impl Machine {
    /// Unpacks a new machine: a blank disk, and for UEFI a fresh NVRAM.
    pub(crate) fn create(number: u8, firmware: Firmware, run: &Path) -> Result<Self> {
        let dir = run.join(format!("machine-{number}"));
        let doing = || format!("machine {number} cannot be set up in {}", dir.display());
        std::fs::create_dir_all(&dir).doing(doing())?;
        let disk = File::create(dir.join("disk.raw")).doing(doing())?;
        disk.set_len(DISK_BYTES).doing(doing())?;
        if firmware == Firmware::Uefi {
            std::fs::copy(OVMF_VARS, dir.join("nvram.fd")).doing(doing())?;
        }
        let serial = Serial::create(&dir.join("serial.log")).doing(doing())?;
        Ok(Self { number, firmware, dir, serial, child: Mutex::new(None) })
    }

    /// What the webhook's URLs call it.
    pub(crate) fn label(&self) -> String {
        format!("machine-{}", self.number)
    }

    /// Its network card's address.
    pub(crate) fn mac(&self) -> String {
        format!("52:54:00:77:00:{:02x}", self.number)
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

    /// Removes the disk, which is the large part of what a run leaves.
    pub(crate) fn discard_disk(&self) {
        let _ = std::fs::remove_file(self.dir.join("disk.raw"));
    }

    fn arguments(&self) -> Vec<String> {
        let tap = network::tap(self.number);
        let mac = self.mac();
        let number = self.number;
        // Under UEFI the card's own ROM is left out, so that OVMF's driver and
        // network stack do the work; under BIOS that ROM is the network stack.
        let (machine, rom) = match self.firmware {
            Firmware::Bios => ("pc", ""),
            Firmware::Uefi => ("q35", ",romfile="),
        };
        let mut arguments = format!(
            "-accel tcg,thread=multi,tb-size=512 -cpu max -smp 1 -m 2048 -machine {machine} \
             -display none -nodefaults \
             -netdev tap,id=net0,ifname={tap},script=no,downscript=no \
             -device virtio-net-pci,id=nic0,netdev=net0,mac={mac},bootindex=1{rom} \
             -drive if=none,id=drive0,format=raw,cache=unsafe,discard=unmap,file=disk.raw \
             -device virtio-blk-pci,id=disk0,drive=drive0,serial=LAB{number},bootindex=2 \
             -device virtio-rng-pci -chardev stdio,id=console,signal=off -serial chardev:console \
             -qmp unix:qmp.sock,server=on,wait=off"
        );
        if self.firmware == Firmware::Uefi {
            arguments += &format!(
                " -drive if=pflash,format=raw,unit=0,readonly=on,file={OVMF_CODE} \
                 -drive if=pflash,format=raw,unit=1,file=nvram.fd"
            );
        }
        arguments.split_whitespace().map(str::to_owned).collect()
    }
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
            if firmware == Firmware::Uefi && !Path::new(OVMF_VARS).exists() {
                panic!("package ovmf is missing");
            }
            let machine = Machine::create(3, firmware, dir.path()).unwrap();
            let line = machine.arguments().join(" ");
            assert!(line.contains("nic0,netdev=net0,mac=52:54:00:77:00:03,bootindex=1"));
            assert!(line.contains("serial=LAB3,bootindex=2"));
            for word in ["-kernel", "-initrd", "fw_cfg", "-smbios", "virtfs", "kvm"] {
                assert!(!line.contains(word), "{word} in {line}");
            }
            let disk = std::fs::metadata(dir.path().join("machine-3/disk.raw")).unwrap();
            assert_eq!(disk.len(), DISK_BYTES);
        }
    }
}
