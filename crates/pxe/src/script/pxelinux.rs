//! The configuration of lpxelinux and pxelinux (BIOS).
//!
//! A directive's value runs to the end of its line and is not quoted in any way: only line feeds need care. Kernels
//! come over HTTP to *l*pxelinux, and over TFTP to pxelinux.

use super::{BootScript, Steps, one_line, url_path};
use crate::BootFile;

/// Where kernels come from.
#[derive(Clone, Copy)]
pub(super) enum Source {
    Tftp,
    Http,
}

pub(super) fn render(script: &BootScript, source: Source) -> String {
    let title = one_line(&script.title());
    // SERIAL has to be the first directive. Without PROMPT and TIMEOUT the default starts at once.
    let head = format!("SERIAL 0 115200\nPROMPT 0\nDEFAULT firstlight\nSAY {title}\n");
    match script.steps() {
        Steps::Kernel { kernel, initrd, command_line } => {
            let file = |path: &str| match source {
                Source::Http => format!("{}{}", script.http_root(), url_path(path)),
                // Two colons: from the server's root, wherever the loader itself came from.
                Source::Tftp => format!("::{}", one_line(path).trim_start_matches('/')),
            };
            // A comma would start another initial RAM disk.
            let (kernel, initrd) = (file(kernel), file(initrd).replace(',', "%2C"));
            let command_line = one_line(command_line);
            // Giving up would leave the machine at a prompt: start over instead, and be told anew what to do.
            let reboot = BootFile::Reboot;
            format!(
                "{head}ONERROR restart\n\
                 LABEL restart\n  COM32 {reboot}\n\
                 LABEL firstlight\n  LINUX {kernel}\n  INITRD {initrd}\n  APPEND {command_line}\n"
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
