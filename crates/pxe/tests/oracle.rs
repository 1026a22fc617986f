//! Bad offers, each with what becomes of it; and our own answers, from which every modelled ROM boots.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/options.rs"]
mod options;

use std::net::Ipv4Addr;

use firstlight_pxe::oracle::{Boot, NoBoot, Offer, Rom, would_boot};
use firstlight_pxe::{Answer, Client, Policy, Role, decide};

use options::{Options, find};

const SERVER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
const OTHER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);
const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 100);
const NOBODY: Ipv4Addr = Ipv4Addr::UNSPECIFIED;

fn offer(yiaddr: Ipv4Addr, siaddr: Ipv4Addr, file: &str, options: Options<'_>) -> Offer {
    let offer = (53, vec![2]);
    let options = std::iter::once(offer).chain(options.iter().map(|(code, value)| (*code, value.to_vec()))).collect();
    Offer { yiaddr, siaddr, file: file.as_bytes().to_vec(), options }
}

const MASK: (u8, &[u8]) = (1, &[255, 255, 255, 0]);
const ID: (u8, &[u8]) = (54, &[10, 0, 0, 1]);
const PXE: (u8, &[u8]) = (60, b"PXEClient");
const HTTP: (u8, &[u8]) = (60, b"HTTPClient");
const USE_FILE: (u8, &[u8]) = (43, &[6, 1, 8, 255]);

fn plain() -> Offer {
    offer(ADDRESS, SERVER, "", &[MASK, ID])
}

#[track_caller]
fn refused(rom: Rom, offers: &[Offer], why: NoBoot) {
    assert_eq!(would_boot(rom, offers, |_| None), Err(why));
}

#[track_caller]
fn boots(rom: Rom, offers: &[Offer], boot_server: Option<&Offer>, file: &str) -> Boot {
    let boot = would_boot(rom, offers, |_| boot_server.cloned()).unwrap();
    assert_eq!((boot.address, boot.file.as_str()), (ADDRESS, file));
    boot
}

#[test]
fn uefi_refuses_what_its_source_refuses() {
    use Rom::Edk2Pxe as Rom;
    refused(Rom, &[], NoBoot::NoAddress);
    refused(Rom, &[plain()], NoBoot::NoBootFile);
    refused(Rom, &[offer(NOBODY, SERVER, "x.efi", &[ID, PXE, USE_FILE])], NoBoot::NoAddress);
    refused(Rom, &[offer(ADDRESS, SERVER, "x.efi", &[ID])], NoBoot::Netmask);
    refused(Rom, &[offer(ADDRESS, SERVER, "x.efi", &[ID, (1, &[255, 255, 255, 254])])], NoBoot::Netmask);
    refused(Rom, &[offer(ADDRESS, SERVER, "x.efi", &[ID, (1, &[255, 0, 255, 0])])], NoBoot::Netmask);
    refused(Rom, &[offer(ADDRESS, SERVER, "x.efi", &[MASK])], NoBoot::NoServerId);
    // A foreign server that says PXEClient and means nothing by it.
    refused(Rom, &[offer(ADDRESS, OTHER, "x.efi", &[MASK, ID, PXE])], NoBoot::SilentBootServer(OTHER));
    refused(Rom, &[offer(ADDRESS, NOBODY, "x.efi", &[MASK, ID, PXE])], NoBoot::SilentBootServer(SERVER));
    // It hijacks even beside an offer that would do.
    let good = offer(ADDRESS, SERVER, "x.efi", &[MASK, ID]);
    let hijacker = offer(ADDRESS, OTHER, "", &[MASK, ID, PXE]);
    refused(Rom, &[good, hijacker], NoBoot::SilentBootServer(OTHER));
    let mtftp: (u8, &[u8]) = (43, &[1, 4, 224, 0, 0, 1, 255]);
    refused(Rom, &[offer(ADDRESS, SERVER, "x.efi", &[MASK, ID, PXE, mtftp])], NoBoot::Mtftp);
    refused(Rom, &[plain(), offer(NOBODY, SERVER, "x.efi", &[ID])], NoBoot::ProxyWithoutClass);
    let menu: (u8, &[u8]) = (43, &[6, 1, 3, 9, 5, 0, 0, 2, b'h', b'd', 255]);
    refused(Rom, &[offer(ADDRESS, SERVER, "x.efi", &[MASK, ID, PXE, menu])], NoBoot::Menu);
    let asked = |_| Some(offer(NOBODY, SERVER, "", &[ID, PXE]));
    let binl = offer(ADDRESS, SERVER, "", &[MASK, ID, PXE]);
    assert_eq!(would_boot(Rom, &[binl], asked), Err(NoBoot::EmptyBootServer(SERVER)));
}

#[test]
fn uefi_prefers_as_its_source_prefers() {
    use Rom::Edk2Pxe as Rom;
    let named = offer(ADDRESS, OTHER, "plain.efi", &[MASK, ID]);
    let pxe10 = offer(ADDRESS, SERVER, "pxe10.efi", &[MASK, ID, PXE, USE_FILE]);
    let proxy10 = offer(NOBODY, SERVER, "proxy.efi", &[ID, PXE, USE_FILE]);
    let binl = offer(NOBODY, SERVER, "ignored.efi", &[ID, PXE]);
    let reply = offer(NOBODY, SERVER, "asked.efi", &[ID, PXE]);
    boots(Rom, &[named.clone(), pxe10.clone(), proxy10.clone()], None, "pxe10.efi");
    boots(Rom, &[named.clone(), proxy10], None, "proxy.efi");
    assert!(boots(Rom, &[named.clone(), binl], Some(&reply), "asked.efi").by_boot_server);
    assert_eq!(boots(Rom, &[named], None, "plain.efi").server, OTHER);
    let by_option = offer(ADDRESS, SERVER, "header.efi", &[MASK, ID, (67, b"option.efi\0")]);
    boots(Rom, &[by_option], None, "option.efi");
}

#[test]
fn old_uefi_keeps_only_proxy_offers_that_send_it_to_port_4011() {
    let proxy = |options| offer(NOBODY, SERVER, "proxy.efi", options);
    refused(Rom::Edk2PxeOld, &[plain(), proxy(&[ID, PXE, USE_FILE])], NoBoot::ProxyDropped);
    boots(Rom::Edk2Pxe, &[plain(), proxy(&[ID, PXE, USE_FILE])], None, "proxy.efi");
    let reply = offer(NOBODY, SERVER, "asked.efi", &[ID, PXE]);
    for rom in [Rom::Edk2Pxe, Rom::Edk2PxeOld] {
        boots(rom, &[plain(), proxy(&[ID, PXE])], Some(&reply), "asked.efi");
        let from_dhcp = offer(ADDRESS, SERVER, "x.efi", &[MASK, ID, PXE, USE_FILE]);
        boots(rom, &[from_dhcp], None, "x.efi");
    }
}

#[test]
fn http_boot_refuses_what_its_source_refuses() {
    use Rom::Edk2Http as Rom;
    let uri: (u8, &[u8]) = (67, b"http://10.0.0.1/x.efi");
    let name: (u8, &[u8]) = (67, b"http://boot.example/x.efi");
    refused(Rom, &[offer(ADDRESS, SERVER, "", &[MASK, ID, uri])], NoBoot::NoHttpClass);
    refused(Rom, &[offer(ADDRESS, SERVER, "", &[MASK, ID, HTTP])], NoBoot::NoBootFile);
    refused(Rom, &[offer(ADDRESS, SERVER, "", &[MASK, ID, HTTP, (67, b"x.efi")])], NoBoot::NotAUri);
    refused(Rom, &[offer(ADDRESS, SERVER, "", &[MASK, ID, HTTP, name])], NoBoot::NoDns);
    boots(
        Rom,
        &[offer(ADDRESS, SERVER, "", &[MASK, ID, HTTP, name, (6, &[10, 0, 0, 1])])],
        None,
        "http://boot.example/x.efi",
    );
    boots(Rom, &[plain(), offer(NOBODY, SERVER, "", &[ID, HTTP, uri])], None, "http://10.0.0.1/x.efi");
}

#[test]
fn older_roms_follow_the_specification() {
    for rom in [Rom::Legacy, Rom::Ipxe] {
        refused(rom, &[offer(NOBODY, SERVER, "x.0", &[ID, PXE, USE_FILE])], NoBoot::NoAddress);
        refused(rom, &[plain(), offer(NOBODY, SERVER, "x.0", &[ID])], NoBoot::ProxyWithoutClass);
        refused(rom, &[offer(ADDRESS, NOBODY, "x.0", &[MASK])], NoBoot::NoServerId);
        refused(rom, &[plain(), offer(NOBODY, SERVER, "", &[ID, PXE])], NoBoot::SilentBootServer(SERVER));
        refused(rom, &[offer(ADDRESS, SERVER, "x.0", &[MASK, ID, PXE, (43, &[6, 1, 3, 255])])], NoBoot::Menu);
        boots(rom, &[offer(ADDRESS, SERVER, "x.0", &[MASK, ID])], None, "x.0");
        boots(rom, &[plain(), offer(NOBODY, SERVER, "x.0", &[ID, PXE, USE_FILE])], None, "x.0");
    }
    // A file from the DHCP server, and a proxy that has none.
    let named = offer(ADDRESS, SERVER, "x.0", &[MASK, ID]);
    boots(Rom::Ipxe, &[named, offer(NOBODY, SERVER, "", &[ID, PXE])], None, "x.0");
}

const POLICY: Policy = Policy { server: SERVER, http_port: 80 };

fn client(options: Options<'_>) -> Client {
    Client::identify(find(options)).unwrap()
}

fn answer(answer: Answer, yiaddr: Ipv4Addr) -> Offer {
    let mut options = answer.options;
    options.push((53, vec![2]));
    options.push((54, SERVER.octets().to_vec()));
    if !yiaddr.is_unspecified() {
        options.push((1, vec![255, 255, 255, 0]));
    }
    Offer { yiaddr, siaddr: answer.siaddr, file: answer.file.into_bytes(), options }
}

#[test]
fn our_own_answers_boot_every_rom_in_every_role() {
    let bios: (u8, &[u8]) = (60, b"PXEClient:Arch:00000:UNDI:002001");
    let uefi: (u8, &[u8]) = (60, b"PXEClient:Arch:00007:UNDI:003016");
    let http: (u8, &[u8]) = (60, b"HTTPClient:Arch:00016:UNDI:003000");
    let script = "http://10.0.0.1/boot.ipxe";
    let uri = "http://10.0.0.1/boot/snponly.efi";
    let cases: [(Rom, Options<'_>, &str); 6] = [
        (Rom::Legacy, &[bios], "lpxelinux.0"),
        (Rom::Edk2Pxe, &[uefi], "bootx64.efi"),
        (Rom::Edk2PxeOld, &[uefi], "bootx64.efi"),
        (Rom::Edk2Http, &[http], uri),
        (Rom::Ipxe, &[bios, (77, b"iPXE")], script),
        (Rom::Ipxe, &[uefi, (77, b"iPXE")], script),
    ];
    for (rom, options, file) in cases {
        let client = client(options);
        let alone = answer(decide(&client, Role::Dhcp, &POLICY).unwrap(), ADDRESS);
        let boot = boots(rom, &[alone], None, file);
        assert_eq!((boot.server, boot.by_boot_server), (SERVER, false));

        // Beside a foreign DHCP server, which comes first.
        let foreign = offer(ADDRESS, OTHER, "", &[MASK, (54, &[10, 0, 0, 2])]);
        let proxy = answer(decide(&client, Role::ProxyOffer, &POLICY).unwrap(), NOBODY);
        let asked = decide(&client, Role::BootServer, &POLICY).ok().map(|it| answer(it, NOBODY));
        let boot = boots(rom, &[foreign, proxy], asked.as_ref(), file);
        assert_eq!((boot.server, boot.by_boot_server), (SERVER, matches!(rom, Rom::Edk2Pxe | Rom::Edk2PxeOld)));
    }
}
