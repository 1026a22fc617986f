//! A client and our responder, through whole boots: who answers what, where the answer goes, and who stays silent.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/link.rs"]
mod link;
#[path = "support/options.rs"]
mod options;

use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use firstlight_pxe::discovery::{
    Cast, Choice, Discovery, Ignored, Instructions, Item, Menu, NotFound, Prompt, Receipt, Reply, Responder, Service,
    Silence, Transmit,
};
use firstlight_pxe::oracle::{NoBoot, Offer, Rom, would_boot};
use firstlight_pxe::{BootItem, NoAnswer};

use link::{BIOS, BROADCAST, MACHINE, NOBODY, OTHER, POLICY, SERVER, UEFI, UNICAST};
use options::{Options, find};

const RELAY: Ipv4Addr = Ipv4Addr::new(10, 0, 1, 1);
const GROUP: Ipv4Addr = Ipv4Addr::new(239, 1, 2, 3);

const DISCOVER: (u8, &[u8]) = (53, &[1]);
const REQUEST: (u8, &[u8]) = (53, &[3]);
/// Type 15, layer 0.
const ITEM: (u8, &[u8]) = (43, &[71, 4, 0, 15, 0, 0, 255]);

fn handle(responder: &Responder, receipt: Receipt, options: Options<'_>) -> Result<Reply, Silence> {
    responder.handle(&receipt, find(options))
}

fn item(kind: u16, service: Service) -> Item {
    Item { kind, text: format!("item {kind}"), service }
}

fn menu(multicast: Option<Ipv4Addr>, broadcast: bool) -> Menu {
    let layers = vec!["install.0".into(), "install.1".into()];
    let items = vec![
        item(15, Service::Files(layers)),
        item(0, Service::LocalDisk),
        item(16, Service::Decided),
        item(17, Service::Elsewhere(vec![OTHER])),
    ];
    Menu::new(SERVER, items, Some(&Prompt { timeout: 3, text: "F8".into() }), multicast, broadcast).unwrap()
}

fn with_menu() -> Responder {
    Responder::new(POLICY).with_menu(menu(Some(GROUP), true))
}

fn to(address: Ipv4Addr, port: u16) -> SocketAddrV4 {
    SocketAddrV4::new(address, port)
}

#[test]
fn an_offer_goes_to_everybody_or_to_the_relay_agent() {
    let responder = Responder::new(POLICY);
    let reply = handle(&responder, BROADCAST, &[DISCOVER, BIOS]).unwrap();
    assert_eq!((reply.is_offer, reply.source_port, reply.destination), (true, 67, to(Ipv4Addr::BROADCAST, 68)));
    let codes: Vec<u8> = reply.answer.options.iter().map(|(code, _)| *code).collect();
    assert_eq!(codes, [53, 54, 66, 67, 60, 43]);
    assert_eq!(reply.answer.options[0].1, [2]);
    assert_eq!(reply.answer.options[1].1, SERVER.octets());

    let relayed = Receipt { giaddr: RELAY, cast: Cast::Unicast, source: to(RELAY, 67), ..BROADCAST };
    let reply = handle(&responder, relayed, &[DISCOVER, BIOS, (82, &[1, 1, 7])]).unwrap();
    assert_eq!(reply.destination, to(RELAY, 67));
    assert_eq!(reply.answer.options.last(), Some(&(82, vec![1, 1, 7])));
}

#[test]
fn an_answer_of_port_4011_goes_to_the_port_that_asked() {
    let responder = Responder::new(POLICY).without_offers();
    for message_type in [REQUEST, (53, &[8])] {
        let reply = handle(&responder, UNICAST, &[message_type, UEFI]).unwrap();
        assert_eq!((reply.is_offer, reply.source_port, reply.destination), (false, 4011, to(MACHINE, 4011)));
        assert_eq!((reply.answer.file.as_str(), reply.answer.siaddr), ("bootx64.efi", SERVER));
        assert_eq!(reply.answer.options[0], (53, vec![5]));
    }
    let from_68 = Receipt { source: to(MACHINE, 68), ..UNICAST };
    assert_eq!(handle(&responder, from_68, &[REQUEST, UEFI]).unwrap().destination, to(MACHINE, 68));
    let without_source = Receipt { source: to(NOBODY, 68), ..UNICAST };
    assert_eq!(handle(&responder, without_source, &[REQUEST, UEFI]).unwrap().destination, to(MACHINE, 68));
    let without_any = Receipt { ciaddr: NOBODY, ..without_source };
    assert_eq!(handle(&responder, without_any, &[REQUEST, UEFI]).unwrap().destination, to(Ipv4Addr::BROADCAST, 68));
}

#[test]
fn broadcast_and_multicast_discovery_are_answered_to_the_client() {
    let heard = Receipt { ciaddr: MACHINE, source: to(MACHINE, 68), ..BROADCAST };
    let reply = handle(&with_menu(), heard, &[REQUEST, BIOS, ITEM]).unwrap();
    assert_eq!((reply.source_port, reply.destination), (67, to(MACHINE, 68)));
    assert_eq!(reply.answer.file, "install.0");
    assert!(reply.answer.options.contains(&(43, ITEM.1.to_vec())));
    let relayed = Receipt { giaddr: RELAY, ..heard };
    assert_eq!(handle(&with_menu(), relayed, &[REQUEST, BIOS, ITEM]).unwrap().destination, to(RELAY, 67));

    let grouped = Receipt { cast: Cast::Multicast, ..UNICAST };
    let reply = handle(&with_menu(), grouped, &[REQUEST, BIOS, ITEM]).unwrap();
    assert_eq!((reply.source_port, reply.destination), (4011, to(MACHINE, 4011)));
}

#[test]
fn only_a_bios_rom_is_offered_the_menu() {
    let value = |options: Options<'_>| {
        let reply = handle(&with_menu(), BROADCAST, options).unwrap();
        reply.answer.options.into_iter().find(|(code, _)| *code == 43).map(|(_, value)| value)
    };
    assert_eq!(value(&[DISCOVER, BIOS]).as_deref(), Some(menu(Some(GROUP), true).option_43()));
    assert_eq!(value(&[DISCOVER, UEFI]), None);
    assert_eq!(value(&[DISCOVER, BIOS, (77, b"iPXE")]), Some(vec![6, 1, 8, 255]));
}

#[test]
fn each_item_and_layer_has_its_file() {
    let file = |kind: u8, layer: u8| {
        let chosen = [71, 4, 0, kind, 0, layer, 255];
        let reply = handle(&with_menu(), UNICAST, &[REQUEST, BIOS, (43, &chosen)])?;
        assert!(reply.answer.options.contains(&(43, chosen.to_vec())), "the item is echoed");
        Ok(reply.answer.file)
    };
    assert_eq!(file(0, 0), Ok("lpxelinux.0".into()));
    assert_eq!(file(15, 0), Ok("install.0".into()));
    assert_eq!(file(15, 1), Ok("install.1".into()));
    assert_eq!(file(15, 2), Err(Silence::UnknownLayer { kind: 15, layer: 2 }));
    assert_eq!(file(16, 0), Ok("lpxelinux.0".into()));
    assert_eq!(file(16, 1), Err(Silence::UnknownLayer { kind: 16, layer: 1 }));
    assert_eq!(file(17, 0), Err(Silence::UnknownItem(17)));
    assert_eq!(file(99, 0), Err(Silence::UnknownItem(99)));
}

#[track_caller]
fn silent(responder: &Responder, receipt: Receipt, options: Options<'_>, why: &Silence, said: &str) {
    let silence = handle(responder, receipt, options).unwrap_err();
    assert_eq!(&silence, why);
    assert_eq!(silence.to_string(), said);
}

#[test]
fn every_silence_has_its_reason() {
    let plain = Responder::new(POLICY);
    silent(
        &plain,
        Receipt { port: 69, ..UNICAST },
        &[REQUEST, BIOS],
        &Silence::Port(69),
        "port 69 is neither 67 nor 4011",
    );
    silent(
        &plain,
        BROADCAST,
        &[DISCOVER, (60, b"MSFT 5.0")],
        &Silence::NotBooting,
        "the client does not boot over the network",
    );
    silent(
        &plain,
        BROADCAST,
        &[DISCOVER, (60, b"AAPLBSDPC/i386/iMac4,1")],
        &Silence::NoAnswer(NoAnswer::AppleBsdp),
        "Apple NetBoot (BSDP) is not served, and answering it as PXE would only delay it",
    );
    silent(
        &plain,
        BROADCAST,
        &[BIOS],
        &Silence::Message { message_type: 0, port: 67 },
        "message type 0 on port 67 is not answered by a proxy",
    );
    silent(
        &plain,
        UNICAST,
        &[DISCOVER, BIOS],
        &Silence::Message { message_type: 1, port: 4011 },
        "message type 1 on port 4011 is not answered by a proxy",
    );
    silent(
        &plain.clone().without_offers(),
        BROADCAST,
        &[DISCOVER, BIOS],
        &Silence::NoProxy,
        "this server makes no proxy offers",
    );
    silent(
        &plain,
        BROADCAST,
        &[REQUEST, BIOS],
        &Silence::AddressRequest,
        "a request for an address, which is the DHCP server's to answer",
    );
    silent(
        &with_menu(),
        BROADCAST,
        &[REQUEST, BIOS, ITEM, (54, &[10, 0, 0, 2])],
        &Silence::OtherServer(OTHER),
        "the request is for server 10.0.0.2",
    );
    let quiet = Responder::new(POLICY).with_menu(menu(None, false));
    let ask: Options<'_> = &[REQUEST, BIOS, ITEM];
    silent(&quiet, BROADCAST, ask, &Silence::CastOff(Cast::Broadcast), "broadcast discovery is switched off");
    let grouped = Receipt { cast: Cast::Multicast, ..UNICAST };
    silent(&quiet, grouped, ask, &Silence::CastOff(Cast::Multicast), "multicast discovery is switched off");
    silent(&plain, grouped, ask, &Silence::CastOff(Cast::Multicast), "multicast discovery is switched off");
    silent(&plain, UNICAST, ask, &Silence::UnknownItem(15), "boot server type 15 is not served here");
    silent(
        &with_menu(),
        UNICAST,
        &[REQUEST, BIOS, (43, &[71, 4, 0, 15, 0, 9, 255])],
        &Silence::UnknownLayer { kind: 15, layer: 9 },
        "boot server type 15 has no layer 9",
    );
    silent(
        &with_menu(),
        UNICAST,
        &[REQUEST, BIOS, (43, &[71, 4, 0, 15, 0x80, 0, 255])],
        &Silence::Credentials(15),
        "the client asks for credentials of boot server type 15, and there are none",
    );
}

fn offer_of(reply: Reply) -> Offer {
    Offer {
        yiaddr: NOBODY,
        siaddr: reply.answer.siaddr,
        file: reply.answer.file.into_bytes(),
        options: reply.answer.options,
    }
}

/// What our server hears of a client's request. `None` if it does not reach it.
fn deliver(responder: &Responder, sent: &Transmit) -> Option<Offer> {
    let address = *sent.destination.ip();
    let cast = match address {
        Ipv4Addr::BROADCAST => Cast::Broadcast,
        GROUP => Cast::Multicast,
        SERVER => Cast::Unicast,
        _ => return None,
    };
    let receipt = Receipt {
        port: sent.destination.port(),
        cast,
        source: SocketAddrV4::new(MACHINE, sent.source_port),
        mac: None,
        ciaddr: MACHINE,
        giaddr: NOBODY,
    };
    let mut options: Vec<(u8, &[u8])> = sent.options.iter().map(|(code, value)| (*code, value.as_slice())).collect();
    options.push(BIOS);
    let reply = handle(responder, receipt, &options).ok()?;
    assert_eq!(reply.destination, SocketAddrV4::new(MACHINE, sent.source_port), "the client listens there");
    assert_eq!(reply.source_port, sent.destination.port());
    Some(offer_of(reply))
}

#[test]
fn a_bios_rom_boots_the_first_item_of_the_menu() {
    let responder = with_menu();
    let offer = offer_of(handle(&responder, BROADCAST, &[DISCOVER, BIOS]).unwrap());
    let value = offer.options.iter().find(|(code, _)| *code == 43).unwrap().1.clone();
    let instructions = Instructions::parse(&value);
    assert_eq!(instructions.choice(), Choice::Discover { kind: 15, after: 3 });
    let mut discovery = Discovery::new(Duration::ZERO, &instructions, BootItem { kind: 15, layer: 0 });
    let sent = discovery.poll_transmit().unwrap();
    assert_eq!((sent.destination, sent.source_port), (to(GROUP, 4011), 4011));
    let reply = deliver(&responder, &sent).unwrap();
    assert_eq!(discovery.handle(&reply), Ok(()));
    assert_eq!(discovery.outcome(), Some(Ok(&reply)));
    assert_eq!(reply.file, b"install.0");
    assert_eq!(discovery.poll_timeout(), None);
    assert_eq!(discovery.handle(&reply), Err(Ignored::Ended), "a duplicate changes nothing");
}

#[test]
fn the_oracle_boots_a_bios_rom_by_our_menu() {
    let responder = with_menu();
    let dhcp = Offer {
        yiaddr: MACHINE,
        siaddr: NOBODY,
        file: vec![],
        options: vec![(53, vec![2]), (54, OTHER.octets().to_vec())],
    };
    let offers = [dhcp, offer_of(handle(&responder, BROADCAST, &[DISCOVER, BIOS]).unwrap())];
    let asked = |address| {
        assert_eq!(address, SERVER);
        handle(&responder, UNICAST, &[REQUEST, BIOS, ITEM]).ok().map(offer_of)
    };
    let boot = would_boot(Rom::Legacy, &offers, asked).unwrap();
    assert_eq!((boot.file.as_str(), boot.server, boot.by_boot_server), ("install.0", SERVER, true));
    assert_eq!(would_boot(Rom::Legacy, &offers, |_| None), Err(NoBoot::NoBootServer(15)));
}

#[test]
fn uefi_asks_the_proxy_on_port_4011_and_boots() {
    let responder = Responder::new(POLICY);
    let dhcp = Offer {
        yiaddr: MACHINE,
        siaddr: NOBODY,
        file: vec![],
        options: vec![(53, vec![2]), (1, vec![255, 255, 255, 0]), (54, OTHER.octets().to_vec())],
    };
    let proxy = offer_of(handle(&responder, BROADCAST, &[DISCOVER, UEFI]).unwrap());
    let asked = |address| {
        assert_eq!(address, SERVER);
        handle(&responder, UNICAST, &[REQUEST, UEFI]).ok().map(offer_of)
    };
    let boot = would_boot(Rom::Edk2Pxe, &[dhcp, proxy], asked).unwrap();
    assert_eq!((boot.file.as_str(), boot.server, boot.by_boot_server), ("bootx64.efi", SERVER, true));
}

#[test]
fn a_silent_network_is_asked_in_every_way_and_then_given_up() {
    let instructions = Instructions::parse(menu(Some(GROUP), true).option_43());
    let mut discovery = Discovery::new(Duration::ZERO, &instructions, BootItem { kind: 17, layer: 0 });
    let (mut sent, mut now) = (Vec::new(), Duration::ZERO);
    while let Some(deadline) = discovery.poll_timeout() {
        let transmit = discovery.poll_transmit().unwrap();
        assert_eq!(discovery.poll_transmit(), None, "once for each try");
        sent.push((*transmit.destination.ip(), transmit.secs));
        // Woken too early: nothing happens.
        discovery.handle_timeout(now);
        assert_eq!(discovery.poll_timeout(), Some(deadline));
        now = deadline;
        discovery.handle_timeout(now);
    }
    let ways = [GROUP, Ipv4Addr::BROADCAST, OTHER];
    assert_eq!(sent, ways.iter().flat_map(|way| (0..4).map(|secs| (*way, secs))).collect::<Vec<_>>());
    assert_eq!(now, Duration::from_secs(30));
    assert_eq!(discovery.outcome(), Some(Err(NotFound { kind: 17, tries: 12 })));
    let nowhere = Instructions::parse(&[6, 1, 3, 255]);
    let discovery = Discovery::new(Duration::ZERO, &nowhere, BootItem { kind: 17, layer: 0 });
    assert_eq!(discovery.outcome(), Some(Err(NotFound { kind: 17, tries: 0 })));
}

#[test]
fn strangers_are_not_believed() {
    let responder = Responder::new(POLICY).with_menu(menu(None, true));
    let instructions = Instructions::parse(menu(None, true).option_43());
    let mut discovery = Discovery::new(Duration::ZERO, &instructions, BootItem { kind: 15, layer: 0 });
    let right = deliver(&responder, &discovery.poll_transmit().unwrap()).unwrap();
    let with = |code: u8, value: &[u8]| {
        let mut reply = right.clone();
        reply.options.retain(|(other, _)| *other != code);
        reply.options.push((code, value.to_vec()));
        reply
    };
    assert_eq!(discovery.handle(&with(53, &[2])), Err(Ignored::NotAnAck));
    assert_eq!(discovery.handle(&with(60, b"dhcpd")), Err(Ignored::NotPxe));
    assert_eq!(discovery.handle(&with(43, &[71, 4, 0, 16, 0, 0, 255])), Err(Ignored::OtherItem));
    let stranger = Offer { siaddr: OTHER, ..right.clone() };
    assert_eq!(discovery.handle(&stranger), Err(Ignored::Unlisted(OTHER)));
    assert_eq!(discovery.outcome(), None);
    assert_eq!(discovery.handle(&right), Ok(()));
}

#[test]
fn choices_without_a_keyboard() {
    let choice = |value: &[u8]| Instructions::parse(value).choice();
    assert_eq!(choice(&[]), Choice::BootFile);
    assert_eq!(choice(&[6, 1, 8, 9, 4, 0, 15, 1, b'x', 255]), Choice::BootFile);
    assert_eq!(choice(&[9, 4, 0, 15, 1, b'x', 255]), Choice::Wait);
    assert_eq!(choice(&[9, 4, 0, 15, 1, b'x', 10, 1, 255, 255]), Choice::Wait);
    assert_eq!(choice(&[9, 4, 0, 15, 1, b'x', 10, 1, 0, 255]), Choice::Discover { kind: 15, after: 0 });
    assert_eq!(choice(&[9, 4, 0, 0, 1, b'x', 10, 1, 9, 255]), Choice::LocalDisk { after: 9 });
    assert_eq!(choice(&[9, 9, 0, 15, 1, b'x', 10, 1, 9, 255]), Choice::BootFile, "a cut-off list");
}

proptest::proptest! {
    /// Packets get lost, come twice, late, or from somebody else: the client ends, and only with what it asked for.
    #[test]
    fn a_discovery_ends_with_its_own_item_or_with_nothing(
        fate in proptest::collection::vec(0_u8..6, 0..40), kind in 14_u16..18, multicast: bool, broadcast: bool,
    ) {
        let menu = menu(multicast.then_some(GROUP), broadcast);
        let instructions = Instructions::parse(menu.option_43());
        let responder = Responder::new(POLICY).with_menu(menu);
        let item = BootItem { kind, layer: 0 };
        let mut discovery = Discovery::new(Duration::ZERO, &instructions, item);
        let mut stale: Vec<Offer> = Vec::new();
        let mut fates = fate.into_iter();
        let mut tries = 0;
        while let Some(deadline) = discovery.poll_timeout() {
            tries += 1;
            proptest::prop_assert!(tries <= 100, "it ends");
            let reply = discovery.poll_transmit().and_then(|sent| deliver(&responder, &sent));
            let fate = fates.next().unwrap_or(0);
            if fate > 2 {
                let foreign = Offer { siaddr: OTHER, ..reply.clone().unwrap_or_else(|| offer_of(
                    handle(&responder, BROADCAST, &[DISCOVER, BIOS]).unwrap())) };
                let _ = discovery.handle(&foreign);
            }
            match (fate, reply) {
                (0, Some(reply)) => { let _ = discovery.handle(&reply); }
                (1, Some(reply)) => { for _ in 0..2 { let _ = discovery.handle(&reply); } }
                (2, Some(reply)) => stale.push(reply),
                (3, _) => for late in stale.drain(..) { let _ = discovery.handle(&late); },
                (4, _) => discovery.handle_timeout(deadline.saturating_sub(Duration::from_millis(1))),
                _ => {}
            }
            discovery.handle_timeout(deadline);
        }
        match discovery.outcome().unwrap() {
            Ok(reply) => {
                let echo = vec![71, 4, 0, kind.to_be_bytes()[1], 0, 0, 255];
                proptest::prop_assert!(reply.options.contains(&(43, echo)));
                proptest::prop_assert_eq!(reply.siaddr, SERVER);
            }
            Err(not_found) => proptest::prop_assert_eq!(not_found.kind, kind),
        }
    }
}
