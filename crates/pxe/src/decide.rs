//! What to answer: a pure function from a [`Client`] and a [`Role`] to the boot part of a DHCP reply.
//!
//! What makes firmware follow an answer differs with the role, and is decided here:
//!
//! | role | PXE firmware | iPXE | UEFI HTTP boot |
//! |---|---|---|---|
//! | [`Role::Dhcp`] | boot file, *no* 60 | script, 175 without waiting | URI, 60 `HTTPClient` |
//! | [`Role::ProxyOffer`] | 60; BIOS: 43 "use the boot file" and the boot file; UEFI: neither, it asks 4011 | 60, 43, script | URI, 60 `HTTPClient` |
//! | [`Role::BootServer`] | 60, boot file, boot item echoed | the same with its script | nothing: it never asks |
//!
//! UEFI firmware reads a `PXEClient` without discovery sub-options in option 43 as "ask port 4011", and hangs if nobody
//! is there. So as the only server, which also gives the address, option 60 stays out; as a proxy it must be there (an
//! offer that brings neither an address nor option 60 is dropped), and somebody must listen on 4011.

use std::net::Ipv4Addr;
use std::time::Duration;

use thiserror::Error;

use crate::{
    Architecture, BootFile, Client, Cpu, DiscoveryControl, Firmware, MenuItem, Stage, Transport, VendorOption,
    emit_vendor_options,
};

/// The addresses that answers name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The address at which the machine reaches our TFTP and HTTP servers.
    pub server: Ipv4Addr,
    /// The TCP port of our HTTP server; left out of URIs if it is 80.
    pub http_port: u16,
}

/// In which reply the answer travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Role {
    /// The OFFER or ACK of the server that gives the address.
    Dhcp,
    /// An OFFER beside a foreign DHCP server's, without an address (PXE 2.1 §2.2.2, "proxyDHCP").
    ProxyOffer,
    /// The ACK to a request on port 4011 (PXE 2.1 §2.2.5).
    BootServer,
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
    /// How long to hold the answer back: no time at all, but for the firmware that misses an answer that is too quick.
    pub delay: Duration,
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
    /// The installer environment of a network switch.
    #[error("ONIE wants the operating system of a network switch, and there is none here")]
    Onie,
    /// A boot loader of another kind of server.
    #[error("the boot loader of Windows Deployment Services wants a server of its own kind")]
    Windows,
    /// The client does not ask for this role's answer.
    #[error("{firmware} boots over {transport} and does not ask on port 4011")]
    NotAsked {
        /// What it is.
        firmware: Firmware,
        /// How it fetches its loader.
        transport: Transport,
    },
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
/// # use firstlight_pxe::{Client, Policy, Role, decide};
/// let bios = Client::identify(|code| (code == 60).then_some(Cow::Borrowed(&b"PXEClient"[..]))).unwrap();
/// let policy = Policy { server: Ipv4Addr::new(192, 168, 77, 1), http_port: 5248 };
/// assert_eq!(decide(&bios, Role::Dhcp, &policy).unwrap().file, "lpxelinux.0");
/// ```
///
/// # Errors
///
/// [`NoAnswer`] says, in words for a log or a page, why there is nothing to boot for this client.
pub fn decide(client: &Client, role: Role, policy: &Policy) -> Result<Answer, NoAnswer> {
    if client.firmware == Firmware::Apple {
        return Err(NoAnswer::AppleBsdp);
    }
    let mut answer = match client.stage {
        Stage::Ipxe => ipxe_script(client, policy),
        // It has its configuration's path from where it was loaded, and takes the server from here.
        Stage::Grub => name_file(client, policy, "", None, "GRUB: the server, it knows its files"),
        Stage::Onie => return Err(NoAnswer::Onie),
        Stage::Windows => return Err(NoAnswer::Windows),
        Stage::Firmware if client.firmware == Firmware::RaspberryPi => return Ok(raspberry_pi(client, policy)),
        Stage::Firmware => loader(client, policy)?,
    };
    let is_http_boot = client.stage == Stage::Firmware && client.transport == Transport::Http;
    match (role, is_http_boot) {
        (Role::BootServer, true) => {
            return Err(NoAnswer::NotAsked { firmware: client.firmware, transport: client.transport });
        }
        // It drops offers without this.
        (_, true) => answer.options.push((60, b"HTTPClient".to_vec())),
        (Role::Dhcp, false) if client.stage == Stage::Ipxe => {
            // 176 = 1: "no proxy DHCP"; without it iPXE waits two seconds for proxy offers.
            answer.options.push((175, vec![176, 1, 1]));
        }
        (Role::Dhcp, false) => {}
        (Role::ProxyOffer, false) => proxy_offer(client, &mut answer),
        (Role::BootServer, false) => boot_server(client, &mut answer),
    }
    Ok(answer)
}

pub(crate) fn boot_server(client: &Client, answer: &mut Answer) {
    answer.options.push((60, b"PXEClient".to_vec()));
    if let Some(item) = client.boot_item {
        // A client that chose from a menu wants to hear that its choice was understood.
        answer.options.push((43, sub_options(&[VendorOption::BootItem(item)])));
    }
}

/// BIOS ROMs and iPXE take the boot file from the offer. UEFI firmware in the field is better off with 4011, which is
/// what it gets from the proxies that it was tested with.
fn proxy_offer(client: &Client, answer: &mut Answer) {
    answer.options.push((60, b"PXEClient".to_vec()));
    if client.stage == Stage::Firmware && client.firmware == Firmware::Uefi {
        answer.file.clear();
        answer.boot_file = None;
        answer.options.retain(|(code, _)| *code != 67);
        answer.explanation.push_str("; in a proxy offer: it asks port 4011 for the boot file");
    } else {
        answer.options.push((43, sub_options(&[VendorOption::DiscoveryControl(DiscoveryControl::USE_BOOT_FILE)])));
    }
}

/// How long Raspberry Pi are made to wait: some firmware starts over, for ever, if the answer comes sooner (which is what
/// dnsmasq's `dhcp-reply-delay` is for).
const RASPBERRY_PI_DELAY: Duration = Duration::from_secs(2);

/// A Raspberry Pi looks for its name in the menu, and asks the server for files of its own; a boot file means nothing to it.
fn raspberry_pi(client: &Client, policy: &Policy) -> Answer {
    let mut answer = name_file(client, policy, "", None, "Raspberry Pi: the server, it knows its files");
    // Without the NUL: it takes all of the value for the address.
    answer.options = vec![(66, policy.server.to_string().into_bytes())];
    answer.options.extend(echo(client));
    answer.options.push((60, b"PXEClient".to_vec()));
    let menu = vec![MenuItem { kind: 0, text: b"Raspberry Pi Boot" }];
    let no_discovery = DiscoveryControl(DiscoveryControl::NO_BROADCAST.0 | DiscoveryControl::NO_MULTICAST.0);
    let list = [
        VendorOption::DiscoveryControl(no_discovery),
        VendorOption::MenuPrompt { timeout: 0, text: b"PXE" },
        VendorOption::BootMenu(menu),
    ];
    answer.options.push((43, sub_options(&list)));
    answer.delay = RASPBERRY_PI_DELAY;
    answer
}

/// Lists of fixed size: they always fit.
fn sub_options(options: &[VendorOption<'_>]) -> Vec<u8> {
    emit_vendor_options(options).unwrap_or_default()
}

fn loader(client: &Client, policy: &Policy) -> Result<Answer, NoAnswer> {
    match (client.firmware, client.architecture.cpu(), client.transport) {
        (Firmware::Bios, Cpu::X86, Transport::Tftp) => {
            let why = "BIOS firmware: PXELINUX over TFTP";
            Ok(name_file(client, policy, BootFile::Lpxelinux.path(), Some(BootFile::Lpxelinux), why))
        }
        (Firmware::Uefi, Cpu::X64, Transport::Tftp) => {
            let why = "x64 UEFI over PXE: shim over TFTP, which loads the signed GRUB";
            Ok(name_file(client, policy, BootFile::ShimX64.path(), Some(BootFile::ShimX64), why))
        }
        (Firmware::Uefi, Cpu::X64, Transport::Http) => {
            // Not shim: Debian's GRUB finds no configuration when it was loaded over HTTP boot.
            let file = BootFile::SnponlyX64;
            let uri = format!("{}boot/{file}", policy.http_root());
            Ok(name_file(client, policy, &uri, Some(file), "x64 UEFI HTTP boot: iPXE by its full URI"))
        }
        _ => Err(NoAnswer::NoLoader { architecture: client.architecture, transport: client.transport }),
    }
}

fn ipxe_script(client: &Client, policy: &Policy) -> Answer {
    let (uri, why) = match client.transport {
        Transport::Http => (format!("{}boot.ipxe", policy.http_root()), "iPXE: its script over HTTP"),
        Transport::Tftp => (format!("tftp://{}/boot.ipxe", policy.server), "iPXE without HTTP: its script over TFTP"),
    };
    name_file(client, policy, &uri, None, why)
}

/// Fills both the header and the options: U-Boot and shim read only the header, some ROMs only the options.
pub(crate) fn name_file(
    client: &Client,
    policy: &Policy,
    file: &str,
    boot_file: Option<BootFile>,
    why: &str,
) -> Answer {
    let mut options = vec![(66, terminated(&policy.server.to_string()))];
    if !file.is_empty() {
        options.push((67, terminated(file)));
    }
    options.extend(echo(client));
    Answer {
        siaddr: policy.server,
        file: file.to_owned(),
        options,
        boot_file,
        delay: Duration::ZERO,
        explanation: format!("{why} ({})", client.explanation),
    }
}

/// PXE 2.1 §2.2.3 wants its identifier back, as it came.
fn echo(client: &Client) -> Option<(u8, Vec<u8>)> {
    let id = client.machine_id.as_ref().filter(|id| matches!(id.len(), 1..=17))?;
    Some((97, id.clone()))
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
        let answer = decide(&client(options), Role::Dhcp, policy).unwrap();
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
        assert_eq!(decide(&client(options), Role::Dhcp, &POLICY).unwrap_err().to_string(), reason);
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

    #[track_caller]
    fn check_role(options: &[(u8, &[u8])], role: Role, file: &str, also: &[(u8, &[u8])]) {
        let answer = decide(&client(options), role, &POLICY).unwrap();
        assert_eq!((answer.file.as_str(), answer.siaddr), (file, POLICY.server));
        let named: Vec<(u8, &[u8])> = answer
            .options
            .iter()
            .filter(|(code, _)| !matches!(code, 66 | 67))
            .map(|(c, v)| (*c, v.as_slice()))
            .collect();
        assert_eq!(named, also);
        assert_eq!(answer.options.iter().any(|(code, _)| *code == 67), !file.is_empty());
    }

    const BIOS: (u8, &[u8]) = (60, b"PXEClient:Arch:00000:UNDI:002001");
    const UEFI: (u8, &[u8]) = (60, b"PXEClient:Arch:00007:UNDI:003016");
    const CLASS: (u8, &[u8]) = (60, b"PXEClient");

    #[test]
    fn a_proxy_offers_what_each_firmware_follows() {
        let use_file: (u8, &[u8]) = (43, &[6, 1, 8, 255]);
        check_role(&[BIOS], Role::ProxyOffer, "lpxelinux.0", &[CLASS, use_file]);
        check_role(&[UEFI], Role::ProxyOffer, "", &[CLASS]);
        check_role(&[UEFI, (77, b"iPXE")], Role::ProxyOffer, "http://192.168.77.1/boot.ipxe", &[CLASS, use_file]);
        check_role(
            &[(60, b"HTTPClient:Arch:00016:UNDI:003000")],
            Role::ProxyOffer,
            "http://192.168.77.1/boot/snponly.efi",
            &[(60, b"HTTPClient")],
        );
    }

    #[test]
    fn a_boot_server_names_the_file_and_echoes_the_item() {
        check_role(&[UEFI], Role::BootServer, "bootx64.efi", &[CLASS]);
        let item: (u8, &[u8]) = (43, &[71, 4, 0, 15, 0, 0, 255]);
        check_role(&[UEFI, item], Role::BootServer, "bootx64.efi", &[CLASS, item]);
        check_role(&[BIOS, (97, &[0; 17])], Role::BootServer, "lpxelinux.0", &[(97, &[0; 17]), CLASS]);
        let http = client(&[(60, b"HTTPClient"), (93, &[0, 16])]);
        assert_eq!(
            decide(&http, Role::BootServer, &POLICY).unwrap_err().to_string(),
            "UEFI boots over HTTP and does not ask on port 4011"
        );
    }

    #[test]
    fn the_file_field_has_room_for_the_longest_uri() {
        let policy = Policy { server: Ipv4Addr::new(255, 255, 255, 255), http_port: 65535 };
        let http = client(&[(60, b"HTTPClient"), (93, &[0, 16])]);
        assert!(decide(&http, Role::Dhcp, &policy).unwrap().file.len() <= 127);
    }
}
