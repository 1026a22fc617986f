//! Offers, acknowledgements and port 4011.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use firstlight_pxe::discovery::{Instructions, Item, Menu, Responder, Service};
use firstlight_pxe::oracle::{NoBoot, Offer, Rom, would_boot};
use firstlight_pxe::{
    Architecture, BootFile, IpxeFeatures, NoAnswer, Policy, ProxyStyle, Quirks, RaspberryPiName, RequestedPath, Role,
    Stage, decide, decide_with,
};

use super::{
    BIOS, CLASS, HTTP, ID, IPXE, MACHINE, MASK, NOBODY, OTHER, Options, POLICY, SERVER, UEFI, USE_FILE, address,
    answer, asked, boots, heard, identify, offer, refused, value,
};

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
        let options: Vec<(u8, &[u8])> = answer.options.iter().map(|(code, value)| (*code, value.as_slice())).collect();
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
    for reply in
        [heard(&Responder::new(POLICY), &[(53, &[1]), BIOS]), asked(&Responder::new(POLICY), 4011, &[(53, &[3]), BIOS])]
    {
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
