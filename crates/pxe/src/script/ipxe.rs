//! The script of iPXE.
//!
//! iPXE knows no quotes: words end at white space, `${…}` is expanded over and over, a word that is `;`, `&&` or `||`
//! ends a command, a word that starts with `#` ends the line, and a backslash at the end of a line joins the next
//! one. Free text is defused: the dollar sign of `${` is left out, and a backslash is put before such a word.

use super::{BootScript, Purpose, one_line, url_path};
use crate::BootFile;

/// The name under which the kernel finds its initial RAM disk on UEFI.
const INITRD: &str = "initrd.img";

pub(super) fn render(script: &BootScript) -> String {
    let mut text = format!("#!ipxe\necho {}\n", defuse(&script.title()));
    match &script.purpose {
        Purpose::Kernel { kernel, initrd, command_line } => {
            text.push_str(&kernel_lines(script, kernel, initrd, command_line));
        }
        Purpose::LocalDisk => {
            // BIOS: the next boot device. UEFI: firmware would try the network again, so GRUB starts the disk.
            text.push_str("iseq ${platform} efi && goto uefi ||\nexit\n:uefi\n");
            text.push_str(&chain_shim(script));
        }
        Purpose::PowerOff { reason } => {
            text.push_str(&format!("echo Reason: {}\n", defuse(reason)));
            text.push_str(&power_off_lines(script));
        }
    }
    text
}

fn kernel_lines(script: &BootScript, kernel: &str, initrd: &str, command_line: &str) -> String {
    let root = script.http_root();
    let (kernel, initrd, command_line) = (url_path(kernel), url_path(initrd), defuse(command_line));
    // Giving up would mean the next boot device, and so a system that should not run now: ask again instead.
    format!(
        "kernel {root}{kernel} initrd={INITRD} {command_line} || goto failed\n\
         initrd --name {INITRD} {root}{initrd} || goto failed\n\
         boot || goto failed\n\
         :failed\n\
         echo Firstlight: the kernel did not start, asking again in 10 seconds\n\
         sleep 10\n\
         imgfree ||\n\
         chain --replace --autofree {root}boot.ipxe || goto failed\n"
    )
}

fn power_off_lines(script: &BootScript) -> String {
    let server = script.server;
    let (lpxelinux, shim) = (BootFile::Lpxelinux, chain_shim(script));
    // Most builds have no `poweroff`: then the loader that can do it is told to by its own configuration.
    // 210 is pxelinux's path prefix; without it, it would look beside this script's URL.
    format!(
        "poweroff ||\n\
         iseq ${{platform}} efi && goto uefi ||\n\
         set 210:string tftp://{server}/\n\
         chain --autofree tftp://{server}/{lpxelinux}\n\
         :uefi\n\
         {shim}"
    )
}

fn chain_shim(script: &BootScript) -> String {
    format!("chain --autofree tftp://{}/{}\n", script.server, BootFile::ShimX64)
}

/// Free text that stays text.
fn defuse(text: &str) -> String {
    let line = one_line(text).replace("${", "{");
    let words: Vec<String> = line
        .split_whitespace()
        .map(|word| match word {
            ";" | "&&" | "||" => format!("\\{word}"),
            _ if word.starts_with('#') => format!("\\{word}"),
            _ => word.to_owned(),
        })
        .collect();
    words.join(" ").trim_end_matches(['\\', ' ']).to_owned()
}
