//! The configuration of GRUB (UEFI, started by shim).
//!
//! Free text goes into single quotes, inside which GRUB expands nothing; a single quote itself cannot stand there.
//! In a kernel's command line GRUB would hand over quotes with a backslash before each, so single quotes are left out
//! (cloud-init's `cc:{'datasource_list': ['MAAS']}end_cc` is YAML and means the same without them) and double quotes
//! group words, as they do for the kernel.

use super::{BootScript, Steps, one_line, url_path};

/// Where systems put the loader that starts them, the most specific first.
const LOADERS: [&str; 15] = [
    "/EFI/debian/shimx64.efi",
    "/EFI/debian/grubx64.efi",
    "/EFI/ubuntu/shimx64.efi",
    "/EFI/ubuntu/grubx64.efi",
    "/EFI/centos/shimx64.efi",
    "/EFI/rocky/shimx64.efi",
    "/EFI/almalinux/shimx64.efi",
    "/EFI/redhat/shimx64.efi",
    "/EFI/fedora/shimx64.efi",
    "/EFI/opensuse/shim.efi",
    "/EFI/sles/shim.efi",
    "/EFI/systemd/systemd-bootx64.efi",
    "/EFI/Microsoft/Boot/bootmgfw.efi",
    "/EFI/BOOT/BOOTX64.EFI",
    "/EFI/BOOT/GRUBX64.EFI",
];

/// Where kernels come from.
#[derive(Clone, Copy)]
pub(super) enum Source {
    Tftp,
    Http,
}

pub(super) fn render(script: &BootScript, source: Source) -> String {
    let mut text = format!("set timeout=0\necho {}\n", quote(&one_line(&script.title())));
    match script.steps() {
        Steps::Kernel { kernel, initrd, command_line } => {
            text.push_str(&kernel_lines(script, source, kernel, initrd, command_line));
        }
        Steps::LocalDisk => text.push_str(&local_disk_lines()),
        Steps::PowerOff { reason } => {
            text.push_str(&format!("echo {}\n", quote(&one_line(&format!("Reason: {reason}")))));
            // Time to read it; an EFI console may be slow to show it too.
            text.push_str("sleep 3\nhalt\n");
        }
    }
    text
}

fn kernel_lines(script: &BootScript, source: Source, kernel: &str, initrd: &str, command_line: &str) -> String {
    let file = |path: &str| match source {
        // Not percent-encoded: TFTP knows no such thing. Debian's signed GRUB has no http module, and shim would refuse
        // to let it load one.
        Source::Tftp => quote(&format!("(tftp,{})/{}", script.server, one_line(path).trim_start_matches('/'))),
        Source::Http if script.http_port == 80 => quote(&format!("(http,{})/{}", script.server, url_path(path))),
        Source::Http => quote(&format!("(http,{}:{})/{}", script.server, script.http_port, url_path(path))),
    };
    let (kernel, initrd) = (file(kernel), file(initrd));
    let command_line: String = kernel_words(command_line).iter().map(|word| format!(" {}", quote(word))).collect();
    // Giving up would leave the machine at a prompt: start over instead, and be told anew what to do.
    format!(
        "if linux {kernel}{command_line}; then\n  \
           if initrd {initrd}; then\n    \
             boot\n  \
           fi\n\
         fi\n\
         echo 'Firstlight: the kernel did not start, restarting in 10 seconds'\n\
         sleep 10\n\
         reboot\n"
    )
}

fn local_disk_lines() -> String {
    // The loader must be found through `root`: GRUB tells a chainloaded program that it came from there, and an
    // installed GRUB looks for its partition on the disk that it came from.
    // `exit` comes last: OVMF takes it for success and stays in its menu, other firmware tries the next boot entry.
    format!(
        "for loader in {}; do\n  \
           if search --no-floppy --set=root --file $loader; then\n    \
             echo \"Firstlight: starting ($root)$loader\"\n    \
             if chainloader ($root)$loader; then\n      \
               boot\n    \
             fi\n  \
           fi\n\
         done\n\
         echo 'Firstlight: no boot loader found on a local disk'\n\
         sleep 5\n\
         exit\n",
        LOADERS.join(" ")
    )
}

/// One GRUB word.
fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', ""))
}

/// The words of a kernel command line, as the kernel would split them: double quotes keep spaces together.
fn kernel_words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quoted = false;
    for character in one_line(line).chars() {
        match character {
            '"' => quoted = !quoted,
            _ if character.is_whitespace() && !quoted => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            _ => word.push(character),
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}
