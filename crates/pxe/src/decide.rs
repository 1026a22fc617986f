//! What to answer: a pure function from a [`Client`] to the boot part of a DHCP reply.
//!
//! The role is the plainest one: we are the DHCP server, we give the address, and we are the only one who does. Then
//! option 60 stays *out* of answers to PXE clients. UEFI firmware reads a `PXEClient` without discovery sub-options
//! in option 43 as "ask port 4011", and hangs if nobody is there; without option 60 it takes `siaddr` and the boot
//! file from the offer that also brings the address, which is also what every BIOS ROM understands. (A proxy offer,
//! which brings no address, would need option 60.) HTTP boot is the exception: it drops offers without `HTTPClient`.

use std::net::Ipv4Addr;

use thiserror::Error;

use crate::{Architecture, BootFile, Client, Cpu, Firmware, Stage, Transport};

/// The addresses that answers name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The address at which the machine reaches our TFTP and HTTP servers.
    pub server: Ipv4Addr,
    /// The TCP port of our HTTP server; left out of URIs if it is 80.
    pub http_port: u16,
}

/// The boot part of a DHCP OFFER or ACK.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answer {
    /// The header's `siaddr`.
    pub siaddr: Ipv4Addr,
    /// The header's `file` field; shorter than 128 bytes, without the closing NUL.
    pub file: String,
    /// Options to add as they are, in this order: each code at most once.
    pub options: Vec<(u8, Vec<u8>)>,
    /// The boot file that the answer names; `None` if it names iPXE's script.
    pub boot_file: Option<BootFile>,
    /// Why this answer.
    pub explanation: String,
}

/// Why a network-booting client gets no boot file. It may still be given an address, without any boot option.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NoAnswer {
    /// Apple's BSDP must not be answered as PXE.
    #[error("Apple NetBoot (BSDP) is not served, and answering it as PXE would only delay it")]
    AppleBsdp,
    /// There is no boot loader for this architecture.
    #[error("there is no boot loader for {architecture} over {transport}")]
    NoLoader {
        /// What the client says it is.
        architecture: Architecture,
        /// How it would fetch the loader.
        transport: Transport,
    },
}

impl Policy {
    /// `http://server[:port]/`, to which a path is appended.
    #[must_use]
    pub fn http_root(&self) -> String {
        http_root(self.server, self.http_port)
    }
}

pub(crate) fn http_root(server: Ipv4Addr, port: u16) -> String {
    match port {
        80 => format!("http://{server}/"),
        _ => format!("http://{server}:{port}/"),
    }
}

/// Decides what a client gets.
///
/// ```
/// # use std::{borrow::Cow, net::Ipv4Addr};
/// # use firstlight_pxe::{Client, Policy, decide};
/// let bios = Client::identify(|code| (code == 60).then_some(Cow::Borrowed(&b"PXEClient"[..]))).unwrap();
/// let policy = Policy { server: Ipv4Addr::new(192, 168, 77, 1), http_port: 5248 };
/// assert_eq!(decide(&bios, &policy).unwrap().file, "lpxelinux.0");
/// ```
///
/// # Errors
///
/// [`NoAnswer`] says, in words for a log or a page, why there is nothing to boot for this client.
pub fn decide(client: &Client, policy: &Policy) -> Result<Answer, NoAnswer> {
    if client.firmware == Firmware::Apple {
        return Err(NoAnswer::AppleBsdp);
    }
    if client.stage == Stage::Ipxe {
        return Ok(ipxe_script(client, policy));
    }
    let no_loader = NoAnswer::NoLoader { architecture: client.architecture, transport: client.transport };
    match (client.firmware, client.architecture.cpu(), client.transport) {
        (Firmware::Bios, Cpu::X86, Transport::Tftp) => {
            let why = "BIOS firmware: PXELINUX over TFTP";
            Ok(answer(client, policy, BootFile::Lpxelinux.path(), Some(BootFile::Lpxelinux), why))
        }
        (Firmware::Uefi, Cpu::X64, Transport::Tftp) => {
            let why = "x64 UEFI over PXE: shim over TFTP, which loads the signed GRUB";
            Ok(answer(client, policy, BootFile::ShimX64.path(), Some(BootFile::ShimX64), why))
        }
        (Firmware::Uefi, Cpu::X64, Transport::Http) => {
            // Not shim: Debian's GRUB finds no configuration when it was loaded over HTTP boot.
            let file = BootFile::SnponlyX64;
            let uri = format!("{}boot/{file}", policy.http_root());
            let mut answer = answer(client, policy, &uri, Some(file), "x64 UEFI HTTP boot: iPXE by its full URI");
            answer.options.push((60, b"HTTPClient".to_vec()));
            Ok(answer)
        }
        _ => Err(no_loader),
    }
}

fn ipxe_script(client: &Client, policy: &Policy) -> Answer {
    let (uri, why) = match client.transport {
        Transport::Http => (format!("{}boot.ipxe", policy.http_root()), "iPXE: its script over HTTP"),
        Transport::Tftp => (format!("tftp://{}/boot.ipxe", policy.server), "iPXE without HTTP: its script over TFTP"),
    };
    let mut answer = answer(client, policy, &uri, None, why);
    // 176 = 1: "no proxy DHCP"; without it iPXE waits two seconds for proxy offers.
    answer.options.push((175, vec![176, 1, 1]));
    answer
}

/// Fills both the header and the options: U-Boot and shim read only the header, some ROMs only the options.
fn answer(client: &Client, policy: &Policy, file: &str, boot_file: Option<BootFile>, why: &str) -> Answer {
    let mut options = vec![(66, terminated(&policy.server.to_string())), (67, terminated(file))];
    if let Some(id) = client.machine_id.as_ref().filter(|id| matches!(id.len(), 1..=17)) {
        // PXE 2.1 §2.2.3 wants its identifier back.
        options.push((97, id.clone()));
    }
    Answer {
        siaddr: policy.server,
        file: file.to_owned(),
        options,
        boot_file,
        explanation: format!("{why} ({})", client.explanation),
    }
}

/// EDK2 writes a NUL one byte past an option 67 that does not end with one, and old ROMs read on to the next NUL.
fn terminated(text: &str) -> Vec<u8> {
    let mut value = text.as_bytes().to_vec();
    value.push(0);
    value
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::borrow::Cow;

    const POLICY: Policy = Policy { server: Ipv4Addr::new(192, 168, 77, 1), http_port: 80 };

    fn client(options: &[(u8, &[u8])]) -> Client {
        Client::identify(|code| {
            options.iter().find(|(other, _)| *other == code).map(|(_, value)| Cow::Borrowed(*value))
        })
        .expect("a network-booting client")
    }

    #[track_caller]
    fn check(options: &[(u8, &[u8])], policy: &Policy, file: &str, also: &[(u8, &[u8])]) {
        let answer = decide(&client(options), policy).unwrap();
        assert_eq!(answer.siaddr, policy.server);
        assert_eq!(answer.file, file);
        let mut expected = vec![(66, b"192.168.77.1\0".to_vec()), (67, format!("{file}\0").into_bytes())];
        expected.extend(also.iter().map(|(code, value)| (*code, value.to_vec())));
        assert_eq!(answer.options, expected);
    }

    #[test]
    fn each_firmware_gets_its_loader() {
        let bios: (u8, &[u8]) = (60, b"PXEClient:Arch:00000:UNDI:002001");
        check(&[bios], &POLICY, "lpxelinux.0", &[]);
        check(&[bios, (93, &[0, 7])], &POLICY, "bootx64.efi", &[]);
        check(&[bios, (93, &[0, 9])], &POLICY, "bootx64.efi", &[]);
        check(&[bios, (97, &[0; 17])], &POLICY, "lpxelinux.0", &[(97, &[0; 17])]);
        check(&[bios, (97, &[])], &POLICY, "lpxelinux.0", &[]);
        check(
            &[(60, b"HTTPClient:Arch:00016:UNDI:003000"), (93, &[0, 16])],
            &POLICY,
            "http://192.168.77.1/boot/snponly.efi",
            &[(60, b"HTTPClient")],
        );
    }

    #[test]
    fn ipxe_gets_its_script_whatever_it_runs_on() {
        let elsewhere = Policy { http_port: 5248, ..POLICY };
        let no_wait: (u8, &[u8]) = (175, &[176, 1, 1]);
        for architecture in [0, 7, 11, 99] {
            let list = [0, architecture];
            check(&[(77, b"iPXE"), (93, &list)], &POLICY, "http://192.168.77.1/boot.ipxe", &[no_wait]);
            check(&[(77, b"iPXE"), (93, &list)], &elsewhere, "http://192.168.77.1:5248/boot.ipxe", &[no_wait]);
        }
        check(&[(175, &[21, 1, 1])], &POLICY, "tftp://192.168.77.1/boot.ipxe", &[no_wait]);
    }

    #[track_caller]
    fn check_refused(options: &[(u8, &[u8])], reason: &str) {
        assert_eq!(decide(&client(options), &POLICY).unwrap_err().to_string(), reason);
    }

    #[test]
    fn what_cannot_boot_is_told_why() {
        check_refused(
            &[(60, b"PXEClient"), (93, &[0, 11])],
            "there is no boot loader for ARM 64-bit UEFI (11) over TFTP",
        );
        check_refused(&[(93, &[1, 0])], "there is no boot loader for unknown (256) over TFTP");
        check_refused(
            &[(60, b"AAPLBSDPC/i386/iMac4,1")],
            "Apple NetBoot (BSDP) is not served, and answering it as PXE would only delay it",
        );
    }

    #[test]
    fn the_file_field_has_room_for_the_longest_uri() {
        let policy = Policy { server: Ipv4Addr::new(255, 255, 255, 255), http_port: 65535 };
        let http = client(&[(60, b"HTTPClient"), (93, &[0, 16])]);
        assert!(decide(&http, &policy).unwrap().file.len() <= 127);
    }
}
