//! What real firmware and boot loaders do, one line of it a test: what we take them for, and what an answer looks like
//! that they survive.
//!
//! Where a line is about leases, padding, broadcasts or relay agents, `firstlight-dhcp` shows it; where it is about
//! what HTTP and TFTP send, the server does.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::borrow::Cow;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use firstlight_pxe::discovery::{Cast, Instructions, Item, Menu, Receipt, Reply, Responder, Service};
use firstlight_pxe::oracle::{NoBoot, Offer, Rom, would_boot};
use firstlight_pxe::{
    Answer, Architecture, BootFile, BootScript, Client, ConfigKey, Cpu, Firmware, IpxeFeatures, Loader, MachineUuid,
    NoAnswer, Policy, ProxyStyle, Purpose, Quirks, RaspberryPiName, RequestedPath, Role, Stage, Transport, decide,
    decide_with, render,
};

type Options<'a> = &'a [(u8, &'a [u8])];

const SERVER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
const OTHER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);
const MACHINE: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 100);
const NOBODY: Ipv4Addr = Ipv4Addr::UNSPECIFIED;
const POLICY: Policy = Policy { server: SERVER, http_port: 80 };

const BIOS: (u8, &[u8]) = (60, b"PXEClient:Arch:00000:UNDI:002001");
const UEFI: (u8, &[u8]) = (60, b"PXEClient:Arch:00007:UNDI:003016");
const HTTP: (u8, &[u8]) = (60, b"HTTPClient:Arch:00016:UNDI:003000");
const IPXE: (u8, &[u8]) = (77, b"iPXE");
const CLASS: (u8, &[u8]) = (60, b"PXEClient");
const ID: (u8, &[u8]) = (54, &[10, 0, 0, 1]);
const MASK: (u8, &[u8]) = (1, &[255, 255, 255, 0]);
const USE_FILE: (u8, &[u8]) = (43, &[6, 1, 8, 255]);

fn find<'a>(options: Options<'a>) -> impl Fn(u8) -> Option<Cow<'a, [u8]>> {
    move |code| options.iter().find(|(other, _)| *other == code).map(|(_, value)| Cow::Borrowed(*value))
}

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
    let receipt = Receipt {
        port: 4011,
        cast: Cast::Unicast,
        source: SocketAddrV4::new(MACHINE, source),
        mac: None,
        ciaddr: MACHINE,
        giaddr: NOBODY,
    };
    responder.handle(&receipt, find(options)).unwrap()
}

/// As a DISCOVER arrives, from a client without an address.
const BROADCAST: Receipt = Receipt {
    port: 67,
    cast: Cast::Broadcast,
    source: SocketAddrV4::new(NOBODY, 68),
    mac: None,
    ciaddr: NOBODY,
    giaddr: NOBODY,
};

fn heard(responder: &Responder, options: Options<'_>) -> Reply {
    responder.handle(&BROADCAST, find(options)).unwrap()
}

mod identity {
    use super::*;

    #[test]
    fn option_93_is_a_code_of_the_registry() {
        let kind = |code: u8| {
            let client = identify(&[(93, &[0, code])]);
            (client.firmware, client.architecture.cpu(), client.transport)
        };
        use Transport::{Http, Tftp};
        assert_eq!(kind(0), (Firmware::Bios, Cpu::X86, Tftp));
        assert_eq!(kind(6), (Firmware::Uefi, Cpu::X86, Tftp));
        assert_eq!(kind(7), (Firmware::Uefi, Cpu::X64, Tftp));
        assert_eq!(kind(10), (Firmware::Uefi, Cpu::Arm32, Tftp));
        assert_eq!(kind(11), (Firmware::Uefi, Cpu::Arm64, Tftp));
        assert_eq!(kind(15), (Firmware::Uefi, Cpu::X86, Http));
        assert_eq!(kind(16), (Firmware::Uefi, Cpu::X64, Http));
        assert_eq!(kind(18), (Firmware::Uefi, Cpu::Arm32, Http));
        assert_eq!(kind(19), (Firmware::Uefi, Cpu::Arm64, Http));
        assert!((25..=30).all(|code| kind(code).1 == Cpu::RiscV));
        assert!((37..=40).all(|code| kind(code).1 == Cpu::LoongArch));
        assert_eq!(kind(41).0, Firmware::RaspberryPi);
        assert_eq!(Architecture(42).name(), "unknown");
    }

    #[test]
    fn seven_and_nine_are_both_x64() {
        let file = |code: u8| answer(&[CLASS, (93, &[0, code])], Role::Dhcp).file;
        assert_eq!(file(7), "bootx64.efi");
        assert_eq!(file(9), file(7));
    }

    #[test]
    fn a_raspberry_pi_claims_to_be_a_bios() {
        let id = [&b"\x00RPi5"[..], &[7; 12]].concat();
        let pi = identify(&[BIOS, (93, &[0, 0]), (97, &id)]);
        assert_eq!((pi.architecture, pi.firmware), (Architecture::BIOS, Firmware::RaspberryPi));
        let address = [0x2c, 0xcf, 0x67, 1, 2, 3];
        assert_eq!(Client::identify_with_mac(address, find(&[BIOS])).unwrap().firmware, Firmware::RaspberryPi);
        let discover = Receipt { mac: Some(address), ..BROADCAST };
        let answer = Responder::new(POLICY).handle(&discover, find(&[(53, &[1]), BIOS])).unwrap().answer;
        assert_eq!((answer.file.as_str(), answer.delay), ("", Duration::from_secs(2)));
    }

    #[test]
    fn option_93_is_a_list() {
        let client = identify(&[(93, &[0, 7, 0, 9, 0, 16])]);
        assert_eq!(client.architectures, [Architecture::X64_UEFI, Architecture::EBC, Architecture::X64_HTTP]);
        assert_eq!(client.architecture, Architecture::X64_UEFI);
    }

    #[test]
    fn option_60_names_class_architecture_and_interface() {
        assert_eq!((UEFI.1.len(), HTTP.1.len()), (32, 33));
        let uefi = identify(&[UEFI]);
        let undi = uefi.undi.unwrap();
        assert_eq!((uefi.architecture, undi.major, undi.minor), (Architecture::X64_UEFI, 3, 16));
        assert_eq!((identify(&[UEFI]).transport, identify(&[HTTP]).transport), (Transport::Tftp, Transport::Http));
    }

    #[test]
    fn option_97_of_any_size_is_accepted_and_echoed_as_it_came() {
        assert_eq!(value(&answer(&[BIOS], Role::Dhcp), 97), None);
        for size in [0, 1, 16, 17] {
            let id = vec![0; size];
            assert_eq!(value(&answer(&[BIOS, (97, &id)], Role::Dhcp), 97), Some(id.as_slice()), "{size} bytes");
            assert_eq!(identify(&[BIOS, (97, &id)]).uuid.is_some(), size == 17);
        }
    }

    #[test]
    fn the_first_three_fields_of_a_uuid_come_in_either_order() {
        let by_wire = MachineUuid::parse_text("4c4c4544-0030-3510-8056-b4c04f4e3632").unwrap();
        let by_dmidecode = MachineUuid::parse_text("44454c4c-3000-1035-8056-b4c04f4e3632").unwrap();
        assert!(by_wire != by_dmidecode && by_wire.is_same_machine(by_dmidecode));
    }

    #[test]
    fn a_uuid_may_be_shared_by_many_machines() {
        for text in ["00000000-0000-0000-0000-000000000000", "03000200-0400-0500-0006-000700080009"] {
            assert!(MachineUuid::parse_text(text).unwrap().is_placeholder());
        }
    }

    #[test]
    fn the_client_identifier_says_nothing() {
        for id in [&[1, 0x52, 0x54, 0, 0x77, 0, 1][..], &[255, 1, 2, 3], &[]] {
            assert_eq!(identify(&[UEFI, (61, id)]), identify(&[UEFI]));
        }
    }

    #[test]
    fn ipxe_by_option_77_raw_or_as_a_list_or_by_option_175() {
        let marks: [(u8, &[u8]); 4] = [IPXE, (77, b"\x04iPXE"), (77, b"\x01x\x04iPXE"), (175, &[19, 1, 1])];
        for mark in marks {
            assert_eq!(identify(&[BIOS, mark]).stage, Stage::Ipxe, "{mark:?}");
        }
        assert_eq!(identify(&[BIOS, (77, b"PXE")]).stage, Stage::Firmware);
    }

    #[test]
    fn ipxe_may_lack_features_and_says_which() {
        let without_http = identify(&[BIOS, IPXE, (175, &[21, 1, 1, 24, 1, 1])]);
        assert!(!without_http.ipxe.unwrap().has(IpxeFeatures::HTTP));
        let answer = decide(&without_http, Role::Dhcp, &POLICY).unwrap();
        assert_eq!(answer.file, "tftp://10.0.0.1/boot.ipxe");
    }
}

mod dhcp_and_proxy_dhcp {
    use super::*;

    #[test]
    fn edk2_takes_yiaddr_0_for_a_proxy() {
        refused(&[offer(NOBODY, SERVER, "x.efi", &[ID, CLASS, USE_FILE])], NoBoot::NoAddress);
        boots(&[address(), offer(NOBODY, SERVER, "x.efi", &[ID, CLASS, USE_FILE])], None, "x.efi");
    }

    #[test]
    fn edk2_asks_port_4011_of_siaddr_or_option_54_and_fails_if_nobody_is_there() {
        refused(&[offer(MACHINE, OTHER, "x.efi", &[MASK, ID, CLASS])], NoBoot::SilentBootServer(OTHER));
        refused(&[offer(MACHINE, NOBODY, "x.efi", &[MASK, ID, CLASS])], NoBoot::SilentBootServer(SERVER));
        let reply = offer(NOBODY, SERVER, "y.efi", &[ID, CLASS]);
        boots(&[offer(MACHINE, NOBODY, "x.efi", &[MASK, ID, CLASS])], Some(&reply), "y.efi");
    }

    #[test]
    fn edk2_is_told_to_use_the_boot_file_or_not_told_of_pxe() {
        boots(&[offer(MACHINE, SERVER, "x.efi", &[MASK, ID, CLASS, USE_FILE])], None, "x.efi");
        // As the only server we leave 60 out …
        let alone = answer(&[UEFI], Role::Dhcp);
        assert_eq!((alone.file.as_str(), value(&alone, 60), value(&alone, 43)), ("bootx64.efi", None, None));
        boots(&[offer(MACHINE, SERVER, "x.efi", &[MASK, ID])], None, "x.efi");
        // … which a proxy cannot: nobody looks at its offer then.
        refused(&[address(), offer(NOBODY, SERVER, "x.efi", &[ID])], NoBoot::ProxyWithoutClass);
    }

    #[test]
    fn port_4011_is_always_answered() {
        for responder in [Responder::new(POLICY), Responder::new(POLICY).without_offers()] {
            let reply = asked(&responder, 4011, &[(53, &[3]), UEFI]);
            assert_eq!(reply.answer.file, "bootx64.efi");
        }
    }

    #[test]
    fn edk2_prefers_in_its_own_order() {
        // From the most wanted to the least; a proxy's offer comes with one of an address.
        let named = |file: &str, options: Options<'_>| offer(MACHINE, SERVER, file, &[&[MASK, ID], options].concat());
        let proxy =
            |file: &str, options: Options<'_>| vec![address(), offer(NOBODY, SERVER, file, &[&[ID], options].concat())];
        let bootp = Offer { options: vec![(1, vec![255, 255, 255, 0])], ..named("bootp", &[]) };
        let ranks: [(Vec<Offer>, &str); 6] = [
            (vec![named("dhcp pxe10", &[CLASS, USE_FILE])], "dhcp pxe10"),
            (proxy("proxy pxe10", &[CLASS, USE_FILE]), "proxy pxe10"),
            (vec![named("dhcp binl", &[CLASS])], "asked"),
            (proxy("proxy binl", &[CLASS]), "asked"),
            (vec![named("boot file", &[])], "boot file"),
            (vec![bootp], "bootp"),
        ];
        let reply = offer(NOBODY, SERVER, "asked", &[ID, CLASS]);
        for (at, (best, expected)) in ranks.iter().enumerate() {
            for (worse, _) in ranks.iter().skip(at) {
                // Whatever comes first on the wire.
                boots(&[&worse[..], best].concat(), Some(&reply), expected);
                boots(&[&best[..], worse].concat(), Some(&reply), expected);
            }
        }
    }

    #[test]
    fn a_bios_rom_has_the_file_in_the_offer_and_uefi_on_port_4011() {
        let responder = Responder::new(POLICY);
        let bios = heard(&responder, &[(53, &[1]), BIOS]).answer;
        assert_eq!((bios.file.as_str(), value(&bios, 43)), ("lpxelinux.0", Some(USE_FILE.1)));
        let uefi = heard(&responder, &[(53, &[1]), UEFI]).answer;
        assert_eq!((uefi.file.as_str(), value(&uefi, 43), value(&uefi, 67)), ("", None, None));
        assert_eq!(asked(&responder, 4011, &[(53, &[3]), UEFI]).answer.file, "bootx64.efi");
    }

    #[test]
    fn the_same_cure_helps_one_uefi_and_harms_another() {
        // Firmware that does not ask on port 4011, and firmware that keeps no offer with sub-options.
        let mut quirks = Quirks::default();
        quirks.proxy = ProxyStyle::InOffer;
        let with = |quirks| {
            let answer = decide_with(&identify(&[UEFI]), Role::ProxyOffer, &POLICY, quirks).unwrap();
            let options: Vec<(u8, &[u8])> =
                answer.options.iter().map(|(code, value)| (*code, value.as_slice())).collect();
            offer(NOBODY, SERVER, &answer.file, &[&[ID], &options[..]].concat())
        };
        let boots = |rom, offer: Offer| would_boot(rom, &[address(), offer], |_| None).map(|boot| boot.file);
        assert_eq!(boots(Rom::Edk2Pxe, with(&quirks)), Ok("bootx64.efi".into()));
        assert_eq!(boots(Rom::Edk2PxeOld, with(&quirks)), Err(NoBoot::ProxyDropped));
        assert_eq!(boots(Rom::Edk2PxeOld, with(&Quirks::default())), Err(NoBoot::SilentBootServer(SERVER)));
    }

    #[test]
    fn one_machine_can_be_served_in_the_other_way() {
        let file = |options, proxy| {
            let mut quirks = Quirks::default();
            quirks.proxy = proxy;
            decide_with(&identify(options), Role::ProxyOffer, &POLICY, &quirks).unwrap().file
        };
        assert_eq!(file(&[UEFI], ProxyStyle::InOffer), "bootx64.efi");
        assert_eq!(file(&[BIOS], ProxyStyle::OnPort4011), "");
    }

    #[test]
    fn port_4011_answers_from_4011_to_the_port_that_asked_and_echoes_the_item() {
        let item: (u8, &[u8]) = (43, &[71, 4, 0, 0, 0, 0, 255]);
        for source in [4011, 68] {
            let reply = asked(&Responder::new(POLICY), source, &[(53, &[3]), UEFI, item]);
            assert_eq!((reply.source_port, reply.destination), (4011, SocketAddrV4::new(MACHINE, source)));
            assert_eq!(value(&reply.answer, 43), Some(item.1));
        }
    }

    #[test]
    fn multicast_tftp_makes_edk2_drop_the_offer() {
        for tag in 1..=5 {
            let list = match tag {
                1 => vec![1, 4, 224, 0, 0, 1, 255],
                2 | 3 => vec![tag, 2, 6, 220, 255],
                _ => vec![tag, 1, 5, 255],
            };
            refused(&[offer(MACHINE, SERVER, "x.efi", &[MASK, ID, CLASS, (43, &list)])], NoBoot::Mtftp);
        }
    }

    #[test]
    fn uefi_and_ipxe_are_never_shown_a_menu() {
        let items = vec![Item { kind: 1, text: "x".into(), service: Service::Decided }];
        let menu = Menu::new(SERVER, items, None, None, true).unwrap();
        let responder = Responder::new(POLICY).with_menu(menu);
        let lines = |options: Options<'_>| {
            let answer = heard(&responder, options).answer;
            value(&answer, 43).map_or(0, |value| Instructions::parse(value).menu.len())
        };
        assert_eq!(lines(&[(53, &[1]), BIOS]), 1);
        assert_eq!(lines(&[(53, &[1]), UEFI]), 0);
        assert_eq!(lines(&[(53, &[1]), BIOS, IPXE]), 0);
    }

    #[test]
    fn ipxe_is_told_not_to_wait_for_a_proxy() {
        let answer = answer(&[BIOS, IPXE], Role::Dhcp);
        assert!(IpxeFeatures::parse(value(&answer, 175).unwrap()).no_proxy());
        // As a proxy we had better be waited for.
        assert_eq!(value(&super::answer(&[BIOS, IPXE], Role::ProxyOffer), 175), None);
    }

    #[test]
    fn header_and_options_say_the_same_and_servers_are_ip_literals() {
        for options in [&[BIOS][..], &[UEFI], &[HTTP], &[BIOS, IPXE]] {
            let answer = answer(options, Role::Dhcp);
            let text = |code| {
                let value = value(&answer, code).unwrap();
                String::from_utf8(value[..value.len() - 1].to_vec()).unwrap()
            };
            assert_eq!(text(67), answer.file);
            assert_eq!((text(66), answer.sname.as_str()), (answer.sname.clone(), "10.0.0.1"));
            assert_eq!(answer.siaddr, answer.sname.parse::<Ipv4Addr>().unwrap());
        }
        let reply = heard(&Responder::new(POLICY), &[(53, &[1]), BIOS]).answer;
        assert_eq!(value(&reply, 54), Some(&SERVER.octets()[..]));
    }

    #[test]
    fn options_66_and_67_end_with_a_nul() {
        for options in [&[BIOS][..], &[UEFI], &[HTTP], &[BIOS, IPXE]] {
            let answer = answer(options, Role::Dhcp);
            for code in [66, 67] {
                assert_eq!(value(&answer, code).unwrap().iter().position(|byte| *byte == 0), {
                    Some(value(&answer, code).unwrap().len() - 1)
                });
            }
        }
    }

    #[test]
    fn a_raspberry_pi_has_no_nul_in_option_66() {
        assert_eq!(value(&answer(&[CLASS, (93, &[0, 41])], Role::Dhcp), 66), Some(&b"10.0.0.1"[..]));
    }

    #[test]
    fn http_boot_gets_its_class_back_and_a_full_uri_without_a_name() {
        let answer = answer(&[HTTP], Role::Dhcp);
        assert_eq!(value(&answer, 60), Some(&b"HTTPClient"[..]));
        assert_eq!(value(&answer, 67), Some(&b"http://10.0.0.1/boot/snponly.efi\0"[..]));
        let class: (u8, &[u8]) = (60, b"HTTPClient");
        let named = offer(MACHINE, SERVER, "", &[MASK, ID, class, (67, b"http://boot.example/x.efi")]);
        assert_eq!(would_boot(Rom::Edk2Http, &[named], |_| None), Err(NoBoot::NoDns));
    }

    #[test]
    fn shim_asks_for_grub_with_a_double_slash() {
        assert_eq!(RequestedPath::parse("//grubx64.efi"), RequestedPath::BootFile(BootFile::GrubX64));
    }

    #[test]
    fn option_53_comes_first_and_82_last_as_it_came() {
        let relay: (u8, &[u8]) = (82, &[1, 3, b'e', b't', b'h', 5, 4, 10, 0, 0, 1]);
        for reply in [
            heard(&Responder::new(POLICY), &[(53, &[1]), BIOS, relay]),
            asked(&Responder::new(POLICY), 4011, &[(53, &[3]), BIOS, relay]),
        ] {
            assert_eq!(reply.answer.options.first().unwrap().0, 53);
            assert_eq!(reply.answer.options.last(), Some(&(82, relay.1.to_vec())));
        }
    }

    #[test]
    fn a_boot_file_fits_the_header() {
        let policy = Policy { server: Ipv4Addr::BROADCAST, http_port: 65535 };
        for options in [&[BIOS][..], &[UEFI], &[HTTP], &[BIOS, IPXE]] {
            assert!(decide(&identify(options), Role::Dhcp, &policy).unwrap().file.len() <= 127);
        }
        let mut quirks = Quirks::default();
        quirks.boot_file = Some("x".repeat(128));
        assert_eq!(decide_with(&identify(&[UEFI]), Role::Dhcp, &POLICY, &quirks), Err(NoAnswer::FileName(128)));
    }

    #[test]
    fn empty_and_nul_padded_options_are_read() {
        let client = identify(&[
            (60, b"PXEClient:Arch:00007:UNDI:003016\0\0"),
            (77, b"iPXE\0"),
            (93, b""),
            (94, b""),
            (97, b""),
            (43, b""),
        ]);
        assert_eq!((client.stage, client.architecture), (Stage::Ipxe, Architecture::X64_UEFI));
        assert_eq!(client.undi.unwrap().to_string(), "UNDI 3.16");
        assert_eq!(identify(&[BIOS, (77, b"\x04iPXE\0\0")]).stage, Stage::Ipxe);
    }

    #[test]
    fn edk2_refuses_a_netmask_of_31_bits() {
        let narrow: (u8, &[u8]) = (1, &[255, 255, 255, 254]);
        refused(&[offer(MACHINE, SERVER, "x.efi", &[narrow, ID])], NoBoot::Netmask);
    }

    #[test]
    fn a_proxy_never_sends_what_belongs_to_an_address() {
        for reply in [
            heard(&Responder::new(POLICY), &[(53, &[1]), BIOS]),
            asked(&Responder::new(POLICY), 4011, &[(53, &[3]), BIOS]),
        ] {
            assert!(reply.answer.options.iter().all(|(code, _)| ![1, 28, 51, 58, 59].contains(code)));
        }
    }

    #[test]
    fn a_raspberry_pi_waits_and_finds_its_name_in_the_menu() {
        let answer = answer(&[CLASS, (93, &[0, 41])], Role::ProxyOffer);
        assert_eq!((answer.delay, answer.file.as_str(), value(&answer, 67)), (Duration::from_secs(2), "", None));
        let menu = Instructions::parse(value(&answer, 43).unwrap()).menu;
        assert_eq!(menu, [(0, b"Raspberry Pi Boot".to_vec())]);
        let mut quirks = Quirks::default();
        quirks.delay = Some(Duration::ZERO);
        let pi = identify(&[CLASS, (93, &[0, 41])]);
        assert_eq!(decide_with(&pi, Role::Dhcp, &POLICY, &quirks).unwrap().delay, Duration::ZERO);
    }

    #[test]
    fn a_raspberry_pi_asks_below_its_serial_number_or_address() {
        let by = |path| match RequestedPath::parse(path) {
            RequestedPath::RaspberryPi { machine, file } => (machine, file),
            other => panic!("{other:?}"),
        };
        assert_eq!(by("9ffefdef/start4.elf"), (RaspberryPiName::Serial(0x9ffe_fdef), "start4.elf".into()));
        let mac = RaspberryPiName::Mac([0xdc, 0xa6, 0x32, 1, 0x36, 0xc2]);
        assert_eq!(by("dc-a6-32-01-36-c2/config.txt"), (mac, "config.txt".into()));
    }

    #[test]
    fn apple_bsdp_is_not_answered_as_pxe() {
        for role in [Role::Dhcp, Role::ProxyOffer, Role::BootServer] {
            let apple = identify(&[(60, b"AAPLBSDPC/i386/iMac4,1"), (93, &[0, 7])]);
            assert_eq!(decide(&apple, role, &POLICY), Err(NoAnswer::AppleBsdp));
        }
    }

    #[test]
    fn a_foreign_server_that_says_pxe_hijacks_uefi() {
        let ours = offer(MACHINE, SERVER, "bootx64.efi", &[MASK, ID]);
        let hijacker = offer(MACHINE, OTHER, "", &[MASK, (54, &[10, 0, 0, 2]), CLASS]);
        let hijacked = would_boot(Rom::Edk2Pxe, &[ours, hijacker], |_| None).unwrap_err();
        assert_eq!(
            hijacked.to_string(),
            "option 60 PXEClient without option 43 sends the firmware to port 4011 of 10.0.0.2, and nobody answers there"
        );
    }
}

mod boot_loaders {
    use super::*;

    fn script(purpose: Purpose) -> BootScript {
        BootScript { server: SERVER, http_port: 80, machine: Some("web01".into()), purpose }
    }

    fn kernel(command_line: &str) -> BootScript {
        script(Purpose::Kernel { kernel: "k".into(), initrd: "i".into(), command_line: command_line.into() })
    }

    #[test]
    fn snponly_is_handed_out_and_never_ipxe_efi() {
        assert_eq!(answer(&[HTTP], Role::Dhcp).boot_file, Some(BootFile::SnponlyX64));
        for code in 0..=41 {
            for class in [CLASS, HTTP] {
                let client = identify(&[class, (93, &[0, code])]);
                let file = decide(&client, Role::Dhcp, &POLICY).ok().and_then(|answer| answer.boot_file);
                assert_ne!(file, Some(BootFile::IpxeX64));
            }
        }
    }

    #[test]
    fn ipxe_on_uefi_names_the_initial_ram_disk_twice() {
        let text = render(Loader::Ipxe, &kernel("quiet"));
        assert!(text.contains("kernel http://10.0.0.1/k initrd=initrd.img quiet || goto failed\n"), "{text}");
        assert!(text.contains("initrd --name initrd.img http://10.0.0.1/i || goto failed\n"), "{text}");
    }

    #[test]
    fn html_escapes_break_scripts_and_are_never_written() {
        let line = "url=http://x/?a=1&b=<2>";
        for loader in [Loader::Ipxe, Loader::Grub, Loader::Pxelinux] {
            let text = render(loader, &kernel(line));
            assert!(text.contains(line), "{text}");
        }
    }

    #[test]
    fn configurations_are_asked_for_by_these_names_in_either_case() {
        let mac = ConfigKey::Mac([0xaa, 0xbb, 0xcc, 0, 1, 2]);
        let ip = ConfigKey::IpPrefix { prefix: 0xC0_A84D, digits: 6 };
        let uuid = ConfigKey::Uuid(MachineUuid::parse_text("44454c4c-3000-1035-8056-b4c04f4e3632").unwrap());
        let default = ConfigKey::Default { arch: None, subarch: None };
        let pxelinux = [
            ("pxelinux.cfg/44454c4c-3000-1035-8056-b4c04f4e3632", uuid),
            ("pxelinux.cfg/01-aa-bb-cc-00-01-02", mac.clone()),
            ("pxelinux.cfg/c0a84d", ip.clone()),
            ("pxelinux.cfg/default", default),
        ];
        let grub = [
            ("grub/grub.cfg-aa-bb-cc-00-01-02", mac.clone()),
            ("grub/grub.cfg-aa:bb:cc:00:01:02", mac.clone()),
            ("grub/grub.cfg-01-aa-bb-cc-00-01-02", mac),
            ("grub/grub.cfg-c0a84d", ip),
        ];
        for (path, key) in pxelinux {
            assert_eq!(RequestedPath::parse(path), RequestedPath::PxelinuxConfig(key.clone()));
            assert_eq!(RequestedPath::parse(&path.to_uppercase()), RequestedPath::PxelinuxConfig(key));
        }
        for (path, key) in grub {
            assert_eq!(RequestedPath::parse(path), RequestedPath::GrubConfig(key.clone()));
            assert_eq!(RequestedPath::parse(&path.to_uppercase()), RequestedPath::GrubConfig(key));
        }
    }

    #[test]
    fn each_loader_boots_the_local_disk_in_its_own_way() {
        let disk = script(Purpose::LocalDisk);
        assert!(render(Loader::Pxelinux, &disk).ends_with("LOCALBOOT 0\n"));
        // UEFI: the disk's loader by its name, since firmware would try the network again.
        let grub = render(Loader::Grub, &disk);
        assert!(grub.contains("chainloader ($root)$loader") && grub.ends_with("exit\n"), "{grub}");
        let ipxe = render(Loader::Ipxe, &disk);
        assert!(ipxe.contains("iseq ${platform} efi && goto uefi ||\nexit\n:uefi\nchain "), "{ipxe}");
    }

    #[test]
    fn shim_and_grub_are_of_one_family_and_can_be_chosen_per_machine() {
        assert_eq!(BootFile::ShimX64.requires(), [BootFile::GrubX64]);
        assert_eq!(BootFile::ShimX64.package(), "shim-signed");
        assert_eq!(BootFile::GrubX64.package(), "grub-efi-amd64-signed");
        let mut quirks = Quirks::default();
        quirks.boot_file = Some("shim-2023/bootx64.efi".into());
        let answer = decide_with(&identify(&[UEFI]), Role::Dhcp, &POLICY, &quirks).unwrap();
        assert_eq!(answer.file, "shim-2023/bootx64.efi");
    }
}
