//! Boot scripts: what a machine is to do next, as the text that its boot loader runs.
//!
//! Every string of a [`BootScript`] may hold anything: no quote, dollar sign, semicolon or line feed in it starts
//! another command. What a loader has no way to write down is left out; each renderer says what that is.

use std::net::Ipv4Addr;

mod grub;
mod ipxe;
mod pxelinux;

/// The boot loader that will run the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Loader {
    /// iPXE, on BIOS or UEFI: the script asks at run time.
    Ipxe,
    /// GRUB 2.06 or later on UEFI, started by shim: kernels come over TFTP, since Debian's signed one has no HTTP.
    Grub,
    /// GRUB with its `http` module, as UEFI's HTTP boot starts it: kernels come over HTTP.
    GrubHttp,
    /// lpxelinux on BIOS.
    Pxelinux,
    /// pxelinux on BIOS, which knows TFTP only.
    PxelinuxTftp,
}

/// What a machine is to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BootScript {
    /// The address at which the machine reaches our TFTP and HTTP servers.
    pub server: Ipv4Addr,
    /// The TCP port of our HTTP server.
    pub http_port: u16,
    /// The machine's name, for the message on its screen.
    pub machine: Option<String>,
    /// What to do.
    pub purpose: Purpose,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Purpose {
    /// Boot a kernel from the network.
    Kernel {
        /// The kernel's path below the server's root, over HTTP and TFTP alike.
        kernel: String,
        /// The initial RAM disk's path, likewise.
        initrd: String,
        /// The kernel's command line, without `initrd=`.
        command_line: String,
    },
    /// Boot the ephemeral system for a task, which its command line leads it to.
    Ephemeral {
        /// What it is for.
        task: Task,
        /// The kernel's path, as for [`Kernel`](Self::Kernel).
        kernel: String,
        /// The initial RAM disk's path.
        initrd: String,
        /// The command line; see [`kernel_command_line`](crate::kernel_command_line).
        command_line: String,
    },
    /// Boot Debian's installer, the classic way to install.
    Installer {
        /// The kernel's path, as for [`Kernel`](Self::Kernel).
        kernel: String,
        /// The initial RAM disk's path.
        initrd: String,
        /// The command line; see [`installer_command_line`](crate::installer_command_line).
        command_line: String,
    },
    /// Boot the system that is installed on the machine's own disk.
    LocalDisk,
    /// Switch the machine off.
    PowerOff {
        /// Why, for the message on its screen.
        reason: String,
    },
}

/// What the ephemeral system is booted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Task {
    /// To make itself known.
    Enlist,
    /// To look at the hardware and test it.
    Commission,
    /// To write an image to the disk.
    Install,
    /// To be logged in to, with the disks as they are.
    Rescue,
    /// To erase the disks.
    Erase,
}

/// Renders a boot script as the text that a loader runs.
///
/// ```
/// use std::net::Ipv4Addr;
/// use firstlight_pxe::{BootScript, Loader, Purpose, render};
/// let script = BootScript {
///     server: Ipv4Addr::new(192, 168, 77, 1),
///     http_port: 80,
///     machine: Some("web01".into()),
///     purpose: Purpose::PowerOff { reason: "the machine is Ready".into() },
/// };
/// let text = render(Loader::Pxelinux, &script);
/// assert!(text.contains("COM32 poweroff.c32\n"));
/// ```
#[must_use]
pub fn render(loader: Loader, script: &BootScript) -> String {
    match loader {
        Loader::Ipxe => ipxe::render(script),
        Loader::Grub => grub::render(script, grub::Source::Tftp),
        Loader::GrubHttp => grub::render(script, grub::Source::Http),
        Loader::Pxelinux => pxelinux::render(script, pxelinux::Source::Http),
        Loader::PxelinuxTftp => pxelinux::render(script, pxelinux::Source::Tftp),
    }
}

/// What a loader has to do for a purpose: there are many reasons to boot a kernel.
enum Steps<'a> {
    Kernel { kernel: &'a str, initrd: &'a str, command_line: &'a str },
    LocalDisk,
    PowerOff { reason: &'a str },
}

impl BootScript {
    /// The line that a person at the machine's screen reads first.
    fn title(&self) -> String {
        let doing = match &self.purpose {
            Purpose::Kernel { .. } => "booting from the network",
            Purpose::Ephemeral { task, .. } => match task {
                Task::Enlist => "enlisting",
                Task::Commission => "commissioning",
                Task::Install => "installing",
                Task::Rescue => "booting the rescue system",
                Task::Erase => "ERASING ALL DISKS",
            },
            Purpose::Installer { .. } => "starting the installer",
            Purpose::LocalDisk => "booting from the local disk",
            Purpose::PowerOff { .. } => "switching off",
        };
        match &self.machine {
            Some(machine) => format!("Firstlight: {machine}: {doing}"),
            None => format!("Firstlight: {doing}"),
        }
    }

    fn steps(&self) -> Steps<'_> {
        match &self.purpose {
            Purpose::Kernel { kernel, initrd, command_line }
            | Purpose::Ephemeral { kernel, initrd, command_line, .. }
            | Purpose::Installer { kernel, initrd, command_line } => Steps::Kernel { kernel, initrd, command_line },
            Purpose::LocalDisk => Steps::LocalDisk,
            Purpose::PowerOff { reason } => Steps::PowerOff { reason },
        }
    }

    fn http_root(&self) -> String {
        crate::decide::http_root(self.server, self.http_port)
    }
}

/// One line of printable text: control characters become spaces, the ends are trimmed.
fn one_line(text: &str) -> String {
    let line: String = text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect();
    line.trim().to_owned()
}

/// A path as it stands in a URL: what would end it or start something else is percent-encoded.
fn url_path(path: &str) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(path.len());
    for byte in path.trim_start_matches('/').bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~+@:,=".contains(&byte) {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}
