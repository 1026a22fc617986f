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

use thiserror::Error;

use crate::{Architecture, BootFile, Client, Cpu, DiscoveryControl, Firmware, Stage, Transport, VendorOption};

mod answer;
mod quirks;
mod raspberry_pi;

pub use answer::Answer;
pub(crate) use answer::name_file;
use answer::sub_options;
pub use quirks::{ProxyStyle, Quirks};

/// The longest name in a header's `file`, which ends with a NUL.
pub(crate) const MAX_FILE: usize = 127;

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
    /// The machine's own boot file has no name that can be sent.
    #[error("the boot file of this machine has a name of {0} bytes, or with a NUL in it: give it one of 1 to 127")]
    FileName(usize),
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
    decide_with(client, role, policy, &Quirks::default())
}

/// Decides what a machine gets that is known to need something else than others of its kind.
///
/// # Errors
///
/// As [`decide`].
pub fn decide_with(client: &Client, role: Role, policy: &Policy, quirks: &Quirks) -> Result<Answer, NoAnswer> {
    if client.firmware == Firmware::Apple {
        return Err(NoAnswer::AppleBsdp);
    }
    if client.stage == Stage::Ipxe && quirks.ipxe_as_rom {
        let rom = Client { stage: Stage::Firmware, transport: Transport::Tftp, ..client.clone() };
        return decide_with(&rom, role, policy, quirks);
    }
    let mut answer = match client.stage {
        Stage::Ipxe => ipxe_script(client, policy, quirks),
        // It has its configuration's path from where it was loaded, and takes the server from here.
        Stage::Grub => name_file(client, policy, quirks, "", None, "GRUB: the server, it knows its files"),
        Stage::Onie => return Err(NoAnswer::Onie),
        Stage::Windows => return Err(NoAnswer::Windows),
        Stage::Firmware if client.firmware == Firmware::RaspberryPi => {
            return Ok(raspberry_pi::answer(client, policy, quirks));
        }
        Stage::Firmware => loader(client, policy, quirks)?,
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
        (Role::ProxyOffer, false) => proxy_offer(client, quirks.proxy, &mut answer),
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
/// what it gets from the proxies that it was tested with; older EDK2 does not even keep a proxy offer with sub-options.
fn proxy_offer(client: &Client, style: ProxyStyle, answer: &mut Answer) {
    answer.options.push((60, b"PXEClient".to_vec()));
    let is_uefi = client.stage == Stage::Firmware && client.firmware == Firmware::Uefi;
    if style == ProxyStyle::OnPort4011 || (is_uefi && style == ProxyStyle::ByFirmware) {
        answer.file.clear();
        answer.boot_file = None;
        answer.options.retain(|(code, _)| *code != 67);
        answer.explanation.push("in a proxy offer: it asks port 4011 for the boot file");
    } else {
        answer.options.push((43, sub_options(&[VendorOption::DiscoveryControl(DiscoveryControl::USE_BOOT_FILE)])));
    }
}

fn loader(client: &Client, policy: &Policy, quirks: &Quirks) -> Result<Answer, NoAnswer> {
    if let Some(file) = &quirks.boot_file {
        if !is_file_name(file) {
            return Err(NoAnswer::FileName(file.len()));
        }
        return Ok(name_file(client, policy, quirks, file, None, "the machine's own boot file"));
    }
    let (file, why) = match (client.firmware, client.architecture.cpu(), client.transport) {
        (Firmware::Bios, Cpu::X86, Transport::Tftp) => (BootFile::Lpxelinux, "BIOS firmware: PXELINUX over TFTP"),
        (Firmware::Uefi, Cpu::X64, Transport::Tftp) => {
            (BootFile::ShimX64, "x64 UEFI over PXE: shim over TFTP, which loads the signed GRUB")
        }
        // Not shim: Debian's GRUB finds no configuration when it was loaded over HTTP boot.
        (Firmware::Uefi, Cpu::X64, Transport::Http) => {
            (BootFile::SnponlyX64, "x64 UEFI HTTP boot: iPXE by its full URI")
        }
        _ => return Err(NoAnswer::NoLoader { architecture: client.architecture, transport: client.transport }),
    };
    let path = match client.transport {
        Transport::Tftp => file.path().to_owned(),
        Transport::Http => format!("{}boot/{file}", policy.http_root()),
    };
    Ok(name_file(client, policy, quirks, &path, Some(file), why))
}

pub(crate) fn is_file_name(file: &str) -> bool {
    (1..=MAX_FILE).contains(&file.len()) && !file.contains('\0')
}

fn ipxe_script(client: &Client, policy: &Policy, quirks: &Quirks) -> Answer {
    let (uri, why) = match client.transport {
        Transport::Http => (format!("{}boot.ipxe", policy.http_root()), "iPXE: its script over HTTP"),
        Transport::Tftp => (format!("tftp://{}/boot.ipxe", policy.server), "iPXE without HTTP: its script over TFTP"),
    };
    name_file(client, policy, quirks, &uri, None, why)
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
        check(&[bios, (97, &[])], &POLICY, "lpxelinux.0", &[(97, &[])]);
        check(&[bios, (97, &[7; 18])], &POLICY, "lpxelinux.0", &[]);
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

    #[track_caller]
    fn check_quirk(
        options: &[(u8, &[u8])],
        role: Role,
        change: impl Fn(&mut Quirks),
        file: &str,
        also: &[u8],
    ) -> Answer {
        let mut quirks = Quirks::default();
        change(&mut quirks);
        let answer = decide_with(&client(options), role, &POLICY, &quirks).unwrap();
        assert_eq!(answer.file, file);
        assert_eq!(answer.options.iter().map(|(code, _)| *code).collect::<Vec<_>>(), also);
        answer
    }

    #[test]
    fn one_machine_may_need_something_else() {
        use Role::ProxyOffer;
        check_quirk(&[UEFI], ProxyOffer, |it| it.proxy = ProxyStyle::InOffer, "bootx64.efi", &[66, 67, 60, 43]);
        check_quirk(&[BIOS], ProxyOffer, |it| it.proxy = ProxyStyle::OnPort4011, "", &[66, 60]);
        let own = |it: &mut Quirks| it.boot_file = Some("shim-2023.efi".into());
        let answer = check_quirk(&[UEFI], Role::Dhcp, own, "shim-2023.efi", &[66, 67]);
        assert_eq!((answer.boot_file, answer.options[1].1.as_slice()), (None, &b"shim-2023.efi\0"[..]));
        check_quirk(&[(93, &[0, 11])], Role::Dhcp, own, "shim-2023.efi", &[66, 67]);
        check_quirk(&[UEFI, (77, b"iPXE")], Role::Dhcp, own, "http://192.168.77.1/boot.ipxe", &[66, 67, 175]);
        let as_rom = |it: &mut Quirks| it.ipxe_as_rom = true;
        check_quirk(&[BIOS, (77, b"iPXE")], Role::Dhcp, as_rom, "lpxelinux.0", &[66, 67]);
        check_quirk(&[BIOS, (77, b"iPXE")], ProxyOffer, as_rom, "lpxelinux.0", &[66, 67, 60, 43]);
        let answer = check_quirk(&[UEFI], Role::Dhcp, |it| it.terminated = Some(false), "bootx64.efi", &[66, 67]);
        assert_eq!(answer.options[1].1, b"bootx64.efi");
        let second = std::time::Duration::from_secs(1);
        let answer = check_quirk(&[UEFI], Role::Dhcp, |it| it.delay = Some(second), "bootx64.efi", &[66, 67]);
        assert_eq!(answer.delay, second);
    }

    #[test]
    fn a_name_that_cannot_be_sent_is_refused() {
        for name in [String::new(), "x".repeat(128), "a\0b".to_owned()] {
            let quirks = Quirks { boot_file: Some(name.clone()), ..Quirks::default() };
            let refused = decide_with(&client(&[UEFI]), Role::Dhcp, &POLICY, &quirks);
            assert_eq!(refused, Err(NoAnswer::FileName(name.len())));
        }
    }

    #[test]
    fn the_file_field_has_room_for_the_longest_uri() {
        let policy = Policy { server: Ipv4Addr::new(255, 255, 255, 255), http_port: 65535 };
        let http = client(&[(60, b"HTTPClient"), (93, &[0, 16])]);
        assert!(decide(&http, Role::Dhcp, &policy).unwrap().file.len() <= 127);
    }
}
