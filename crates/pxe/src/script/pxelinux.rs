//! The configuration of lpxelinux (BIOS).
//!
//! A directive's value runs to the end of its line and is not quoted in any way: only line feeds need care. Kernels
//! come over HTTP, which is why it must be *l*pxelinux.

use super::{BootScript, Steps, one_line, url_path};
use crate::BootFile;

pub(super) fn render(script: &BootScript) -> String {
    let title = one_line(&script.title());
    // SERIAL has to be the first directive. Without PROMPT and TIMEOUT the default starts at once.
    let head = format!("SERIAL 0 115200\nPROMPT 0\nDEFAULT firstlight\nSAY {title}\n");
    match script.steps() {
        Steps::Kernel { kernel, initrd, command_line } => {
            let root = script.http_root();
            // A comma would start another initial RAM disk.
            let (kernel, initrd) = (url_path(kernel), url_path(initrd).replace(',', "%2C"));
            let command_line = one_line(command_line);
            // Giving up would leave the machine at a prompt: start over instead, and be told anew what to do.
            let reboot = BootFile::Reboot;
            format!(
                "{head}ONERROR restart\n\
                 LABEL restart\n  COM32 {reboot}\n\
                 LABEL firstlight\n  LINUX {root}{kernel}\n  INITRD {root}{initrd}\n  APPEND {command_line}\n"
            )
        }
        // 0: leave the PXE stack in order and go on with the BIOS's next boot device.
        Steps::LocalDisk => format!("{head}LABEL firstlight\n  LOCALBOOT 0\n"),
        Steps::PowerOff { reason } => {
            let (reason, poweroff) = (one_line(reason), BootFile::Poweroff);
            format!("{head}SAY Reason: {reason}\nLABEL firstlight\n  COM32 {poweroff}\n")
        }
    }
}
