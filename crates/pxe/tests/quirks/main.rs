//! What real firmware and boot loaders do, one line of it a test: what we take them for, and what an answer looks like
//! that they survive.
//!
//! Where a line is about leases, padding, broadcasts or relay agents, `firstlight-dhcp` shows it; where it is about
//! what HTTP and TFTP send, the server does.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod boot_loaders;
mod dhcp_and_proxy_dhcp;
mod identity;
#[path = "../support/link.rs"]
mod link;
#[path = "../support/options.rs"]
mod options;

use std::net::{Ipv4Addr, SocketAddrV4};

use firstlight_pxe::discovery::{Receipt, Reply, Responder};
use firstlight_pxe::oracle::{NoBoot, Offer, Rom, would_boot};
use firstlight_pxe::{Answer, Client, Role, decide};

use link::{BIOS, BROADCAST, MACHINE, NOBODY, OTHER, POLICY, SERVER, UEFI, UNICAST};
use options::{Options, find};

const HTTP: (u8, &[u8]) = (60, b"HTTPClient:Arch:00016:UNDI:003000");
const IPXE: (u8, &[u8]) = (77, b"iPXE");
const CLASS: (u8, &[u8]) = (60, b"PXEClient");
const ID: (u8, &[u8]) = (54, &[10, 0, 0, 1]);
const MASK: (u8, &[u8]) = (1, &[255, 255, 255, 0]);
const USE_FILE: (u8, &[u8]) = (43, &[6, 1, 8, 255]);

fn identify(options: Options<'_>) -> Client {
    Client::identify(find(options)).unwrap()
}

fn answer(options: Options<'_>, role: Role) -> Answer {
    decide(&identify(options), role, &POLICY).unwrap()
}

fn value(answer: &Answer, code: u8) -> Option<&[u8]> {
    answer.options.iter().find(|(other, _)| *other == code).map(|(_, value)| value.as_slice())
}

fn offer(yiaddr: Ipv4Addr, siaddr: Ipv4Addr, file: &str, options: Options<'_>) -> Offer {
    let options = [(53, &[2][..])].iter().chain(options).map(|(code, value)| (*code, value.to_vec())).collect();
    Offer { yiaddr, siaddr, file: file.as_bytes().to_vec(), options }
}

/// An offer of the address alone.
fn address() -> Offer {
    offer(MACHINE, NOBODY, "", &[MASK, (54, &[10, 0, 0, 2])])
}

#[track_caller]
fn boots(offers: &[Offer], boot_server: Option<&Offer>, file: &str) {
    let boot = would_boot(Rom::Edk2Pxe, offers, |_| boot_server.cloned());
    assert_eq!(boot.map(|boot| boot.file), Ok(file.to_owned()));
}

#[track_caller]
fn refused(offers: &[Offer], why: NoBoot) {
    assert_eq!(would_boot(Rom::Edk2Pxe, offers, |_| None), Err(why));
}

/// On port 4011, from port `source`.
fn asked(responder: &Responder, source: u16, options: Options<'_>) -> Reply {
    let receipt = Receipt { source: SocketAddrV4::new(MACHINE, source), ..UNICAST };
    responder.handle(&receipt, find(options)).unwrap()
}

fn heard(responder: &Responder, options: Options<'_>) -> Reply {
    responder.handle(&BROADCAST, find(options)).unwrap()
}
