//! Any options give a client or none, any client an answer or a reason in every role; the answer that also brings an
//! address boots, by the oracle; and any packet is answered or passed over in silence by a proxy, for a reason.
#![no_main]

use std::borrow::Cow;
use std::net::{Ipv4Addr, SocketAddrV4};

use firstlight_pxe::discovery::{Cast, Item, Menu, Receipt, Responder, Service};
use firstlight_pxe::oracle::{Offer, Rom, would_boot};
use firstlight_pxe::{Client, Firmware, Policy, Role, Stage, Transport, decide};
use libfuzzer_sys::fuzz_target;

const SERVER: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const MACHINE: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 100);
const POLICY: Policy = Policy { server: SERVER, http_port: 80 };

/// Code, length, value, and again: what does not fit is left.
fn options(mut data: &[u8]) -> Vec<(u8, &[u8])> {
    let mut options = Vec::new();
    while let [code, len, tail @ ..] = data {
        let Some((value, rest)) = tail.split_at_checked(usize::from(*len)) else { break };
        options.push((*code, value));
        data = rest;
    }
    options
}

fn check(client: &Client) {
    assert!(!client.explanation.to_string().is_empty());
    for role in [Role::Dhcp, Role::ProxyOffer, Role::BootServer] {
        let Ok(answer) = decide(client, role, &POLICY) else { continue };
        assert!(answer.file.len() < 128);
        assert!(answer.options.iter().all(|(_, value)| value.len() < 256));
        let mut codes: Vec<u8> = answer.options.iter().map(|(code, _)| *code).collect();
        codes.sort_unstable();
        assert!(codes.windows(2).all(|pair| pair[0] != pair[1]), "each code once");
        if role != Role::Dhcp || answer.file.is_empty() {
            continue;
        }
        let rom = match (client.stage, client.firmware, client.transport) {
            (Stage::Ipxe, ..) => Rom::Ipxe,
            (_, Firmware::Uefi, Transport::Http) => Rom::Edk2Http,
            (_, Firmware::Uefi, Transport::Tftp) => Rom::Edk2Pxe,
            _ => Rom::Legacy,
        };
        let mut options = vec![(53, vec![2]), (54, SERVER.octets().to_vec()), (1, vec![255, 255, 255, 0])];
        options.extend(answer.options);
        let offer = Offer { yiaddr: MACHINE, siaddr: answer.siaddr, file: answer.file.clone().into_bytes(), options };
        assert_eq!(would_boot(rom, &[offer], |_| None).unwrap().file, answer.file);
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((&[how, mac], data)) = data.split_first_chunk() else { return };
    let options = options(data);
    let option = |code| options.iter().find(|(other, _)| *other == code).map(|(_, value)| Cow::Borrowed(*value));
    if let Some(client) = Client::identify(option) {
        check(&client);
    }
    let mac = if mac == 0 { [0xb8, 0x27, 0xeb, 1, 2, 3] } else { [0x52, 0x54, 0, 0, 0, mac] };
    if let Some(client) = Client::identify_with_mac(mac, option) {
        check(&client);
    }
    let item = Item { kind: 1, text: "x".to_owned(), service: Service::Files(vec!["a".to_owned()]) };
    let menu = Menu::new(SERVER, vec![item], None, None, true).unwrap();
    let receipt = Receipt {
        port: [67, 4011, 69][usize::from(how % 3)],
        cast: [Cast::Unicast, Cast::Broadcast, Cast::Multicast][usize::from(how / 3 % 3)],
        source: SocketAddrV4::new(MACHINE, 4011),
        mac: Some(mac),
        ciaddr: Ipv4Addr::UNSPECIFIED,
        giaddr: if how > 127 { MACHINE } else { Ipv4Addr::UNSPECIFIED },
    };
    match Responder::new(POLICY).with_menu(menu).handle(&receipt, option) {
        Ok(reply) => {
            assert_eq!(reply.answer.options.first().unwrap().0, 53);
            assert_eq!(reply.source_port, receipt.port);
        }
        Err(silence) => assert!(!silence.to_string().is_empty()),
    }
});
