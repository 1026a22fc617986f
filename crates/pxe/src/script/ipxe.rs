//! The script of iPXE.
//!
//! iPXE knows no quotes: words end at white space, `${…}` is expanded over and over, a word that is `;`, `&&` or `||`
//! ends a command, a word that starts with `#` ends the line, and a backslash at the end of a line joins the next
//! one. Free text is defused: the dollar sign of `${` is left out, and a backslash is put before such a word.

use super::{BootScript, Steps, one_line, url_path};
use crate::BootFile;

/// The name under which the kernel finds its initial RAM disk on UEFI.
const INITRD: &str = "initrd.img";

pub(super) fn render(script: &BootScript) -> String {
    let title = defuse(&script.title());
    let steps = match script.steps() {
        Steps::Kernel { kernel, initrd, command_line } => kernel_lines(script, kernel, initrd, command_line),
        // BIOS: the next boot device. UEFI firmware would try the network again instead, so GRUB starts the disk.
        Steps::LocalDisk => format!("iseq ${{platform}} efi && goto uefi ||\nexit\n{}", uefi_lines(script)),
        Steps::PowerOff { reason } => power_off_lines(script, reason),
    };
    // Giving up would mean the next boot device, and so a system that should not run now: ask again instead.
    let root = script.http_root();
    format!(
        "#!ipxe\n\
         echo {title}\n\
         {steps}\
         :failed\n\
         echo Firstlight: this did not work, asking again in 10 seconds\n\
         sleep 10\n\
         imgfree ||\n\
         chain --replace --autofree {root}boot.ipxe || goto failed\n"
    )
}

fn kernel_lines(script: &BootScript, kernel: &str, initrd: &str, command_line: &str) -> String {
    let root = script.http_root();
    let (kernel, initrd, command_line) = (url_path(kernel), url_path(initrd), defuse(command_line));
    format!(
        "kernel {root}{kernel} initrd={INITRD} {command_line} || goto failed\n\
         initrd --name {INITRD} {root}{initrd} || goto failed\n\
         boot || goto failed\n"
    )
}

fn power_off_lines(script: &BootScript, reason: &str) -> String {
    let (server, lpxelinux) = (script.server, BootFile::Lpxelinux);
    let (reason, uefi) = (defuse(reason), uefi_lines(script));
    // Many builds have no `poweroff`: then a loader that can do it is started, and told to by its own configuration.
    // 210 is pxelinux's path prefix: without it, pxelinux would look beside this script's URL.
    format!(
        "echo Reason: {reason}\n\
         poweroff ||\n\
         iseq ${{platform}} efi && goto uefi ||\n\
         set 210:string tftp://{server}/\n\
         chain --autofree tftp://{server}/{lpxelinux} || goto failed\n\
         goto failed\n\
         {uefi}"
    )
}

/// GRUB itself, not shim: an iPXE of 2019 tells shim wrong file sizes, and shim then refuses GRUB. Where Secure Boot is on,
/// an unsigned iPXE does not run in the first place.
fn uefi_lines(script: &BootScript) -> String {
    format!(":uefi\nchain --autofree tftp://{}/{} || goto failed\n", script.server, BootFile::GrubX64)
}

/// Free text that stays text.
fn defuse(text: &str) -> String {
    // Every dollar sign before a brace: taking one from `$${` would leave the next.
    let mut parts = one_line(text);
    while parts.contains("${") {
        parts = parts.replace("${", "{");
    }
    let words: Vec<String> = parts
        .split_whitespace()
        .map(|word| match word {
            ";" | "&&" | "||" => format!("\\{word}"),
            _ if word.starts_with('#') => format!("\\{word}"),
            _ => word.to_owned(),
        })
        .collect();
    words.join(" ").trim_end_matches(['\\', ' ']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_text_stays_text() {
        assert_eq!(defuse("a ; reboot"), "a \\; reboot");
        assert_eq!(defuse("a || b && c # d"), "a \\|| b \\&& c \\# d");
        assert_eq!(defuse("a\nexit\r\n"), "a exit");
        assert_eq!(defuse("${net0/mac} $${x} $x"), "{net0/mac} {x} $x");
        assert_eq!(defuse("line goes on \\\\ \\"), "line goes on");
        assert_eq!(defuse("it's \"so\""), "it's \"so\"");
    }
}
