//! Every kind of client that asks, by what it sends: who it is taken for, why, and what it gets.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/options.rs"]
mod options;

use std::net::Ipv4Addr;
use std::time::Duration;

use firstlight_pxe::{
    Architecture, Client, Cpu, Firmware, NoAnswer, Policy, Role, Stage, Transport, Undi, decide, known_system,
};

use options::{Options, find};

const POLICY: Policy = Policy { server: Ipv4Addr::new(192, 168, 77, 1), http_port: 80 };

fn identify(options: Options<'_>) -> Client {
    Client::identify(find(options)).unwrap()
}

#[track_caller]
fn check(client: &Client, firmware: Firmware, stage: Stage, shown: &str, why: &str) {
    assert_eq!((client.firmware, client.stage), (firmware, stage));
    assert_eq!(client.to_string(), shown);
    assert_eq!(client.explanation.to_string(), why);
}

#[track_caller]
fn check_words(options: Options<'_>, shown: &str, why: &str) {
    let client = identify(options);
    assert_eq!((client.to_string().as_str(), client.explanation.to_string().as_str()), (shown, why));
}

const BIOS_CLASS: (u8, &[u8]) = (60, b"PXEClient:Arch:00000:UNDI:002001");

/// The IANA registry "Processor Architecture Types": code, name, firmware, instruction set, whether it boots over HTTP.
const REGISTRY: [(u16, &str, Firmware, Cpu, bool); 42] = {
    use Cpu::{Arm32, Arm64, Itanium, LoongArch, Mips, Power, RiscV, S390, Sunway, X64, X86};
    use Firmware::{Bios, Other, RaspberryPi, UBoot, Uefi};
    [
        (0, "x86 BIOS", Bios, X86, false),
        (1, "NEC/PC98", Other, X86, false),
        (2, "Itanium", Uefi, Itanium, false),
        (3, "DEC Alpha", Other, Cpu::Other, false),
        (4, "Arc x86", Other, X86, false),
        (5, "Intel Lean Client", Other, X86, false),
        (6, "x86 UEFI", Uefi, X86, false),
        (7, "x64 UEFI", Uefi, X64, false),
        (8, "EFI Xscale", Uefi, Arm32, false),
        (9, "x64 UEFI (EBC)", Uefi, X64, false),
        (10, "ARM 32-bit UEFI", Uefi, Arm32, false),
        (11, "ARM 64-bit UEFI", Uefi, Arm64, false),
        (12, "PowerPC Open Firmware", Other, Power, false),
        (13, "PowerPC ePAPR", Other, Power, false),
        (14, "POWER OPAL v3", Other, Power, false),
        (15, "x86 UEFI HTTP", Uefi, X86, true),
        (16, "x64 UEFI HTTP", Uefi, X64, true),
        (17, "x64 UEFI HTTP (EBC)", Uefi, X64, true),
        (18, "ARM 32-bit UEFI HTTP", Uefi, Arm32, true),
        (19, "ARM 64-bit UEFI HTTP", Uefi, Arm64, true),
        (20, "x86 BIOS HTTP", Bios, X86, true),
        (21, "ARM 32-bit U-Boot", UBoot, Arm32, false),
        (22, "ARM 64-bit U-Boot", UBoot, Arm64, false),
        (23, "ARM 32-bit U-Boot HTTP", UBoot, Arm32, true),
        (24, "ARM 64-bit U-Boot HTTP", UBoot, Arm64, true),
        (25, "RISC-V 32-bit UEFI", Uefi, RiscV, false),
        (26, "RISC-V 32-bit UEFI HTTP", Uefi, RiscV, true),
        (27, "RISC-V 64-bit UEFI", Uefi, RiscV, false),
        (28, "RISC-V 64-bit UEFI HTTP", Uefi, RiscV, true),
        (29, "RISC-V 128-bit UEFI", Uefi, RiscV, false),
        (30, "RISC-V 128-bit UEFI HTTP", Uefi, RiscV, true),
        (31, "s390 Basic", Other, S390, false),
        (32, "s390 Extended", Other, S390, false),
        (33, "MIPS 32-bit UEFI", Uefi, Mips, false),
        (34, "MIPS 64-bit UEFI", Uefi, Mips, false),
        (35, "Sunway 32-bit UEFI", Uefi, Sunway, false),
        (36, "Sunway 64-bit UEFI", Uefi, Sunway, false),
        (37, "LoongArch 32-bit UEFI", Uefi, LoongArch, false),
        (38, "LoongArch 32-bit UEFI HTTP", Uefi, LoongArch, true),
        (39, "LoongArch 64-bit UEFI", Uefi, LoongArch, false),
        (40, "LoongArch 64-bit UEFI HTTP", Uefi, LoongArch, true),
        (41, "ARM rpiboot", RaspberryPi, Arm64, false),
    ]
};

#[test]
fn the_whole_registry_of_architectures() {
    for (at, (code, name, firmware, cpu, http)) in REGISTRY.into_iter().enumerate() {
        assert_eq!(usize::from(code), at);
        let client = identify(&[(93, &code.to_be_bytes())]);
        assert_eq!(client.architecture, Architecture(code));
        assert_eq!(client.architecture.name(), name);
        assert_eq!((client.firmware, client.architecture.cpu()), (firmware, cpu), "{name}");
        assert_eq!(client.transport == Transport::Http, http, "{name}");
        let decimal = format!("PXEClient:Arch:{code:05}:UNDI:003000");
        assert_eq!(identify(&[(60, decimal.as_bytes())]).architecture, Architecture(code), "by option 60");
    }
    assert_eq!(Architecture(42).name(), "unknown");
    assert_eq!((Architecture(42).firmware(), Architecture(42).cpu()), (Firmware::Other, Cpu::Other));
}

#[test]
fn firmware_by_option_93() {
    check_words(
        &[(60, b"PXEClient:Arch:00000:UNDI:002001"), (93, &[0, 0])],
        "x86 BIOS (0), firmware over TFTP",
        "option 60 is PXEClient; option 93 is x86 BIOS (0)",
    );
    check_words(
        &[(60, b"PXEClient:Arch:00009:UNDI:003016"), (93, &[0, 9, 0, 7])],
        "x64 UEFI (EBC) (9), firmware over TFTP",
        "option 60 is PXEClient; option 93 is x64 UEFI (EBC) (9) first and 1 more",
    );
    check_words(
        &[(60, b"HTTPClient:Arch:00016:UNDI:003000"), (93, &[0, 16])],
        "x64 UEFI HTTP (16), firmware over HTTP",
        "option 60 is HTTPClient; option 93 is x64 UEFI HTTP (16)",
    );
    check_words(&[(93, &[0, 22])], "ARM 64-bit U-Boot (22), firmware over TFTP", "option 93 is ARM 64-bit U-Boot (22)");
}

#[test]
fn firmware_without_option_93() {
    check_words(
        &[(60, b"PXEClient:Arch:00007:UNDI:003000")],
        "x64 UEFI (7), firmware over TFTP",
        "option 60 is PXEClient; no option 93: option 60 names x64 UEFI (7)",
    );
    check_words(
        &[(60, b"PXEClient"), (93, &[7])],
        "x86 BIOS (0), firmware over TFTP",
        "option 60 is PXEClient; no architecture given: taken for x86 BIOS (0)",
    );
}

#[test]
fn ipxe_in_each_of_its_disguises() {
    let bios: (u8, &[u8]) = (93, &[0, 0]);
    check_words(&[(77, b"iPXE"), bios], "x86 BIOS (0), iPXE over HTTP", "option 77 is iPXE; option 93 is x86 BIOS (0)");
    check_words(
        &[(77, b"\x03abc\x04iPXE"), bios],
        "x86 BIOS (0), iPXE over HTTP",
        "option 77 lists iPXE (RFC 3004); option 93 is x86 BIOS (0)",
    );
    check_words(
        &[(175, &[19, 1, 1]), bios],
        "x86 BIOS (0), iPXE over HTTP",
        "option 175 is there; option 93 is x86 BIOS (0)",
    );
    check_words(
        &[(175, &[21, 1, 1]), bios],
        "x86 BIOS (0), iPXE over TFTP",
        "option 175 is there; option 93 is x86 BIOS (0)",
    );
}

#[test]
fn systems_are_not_booting() {
    assert_eq!(Client::identify(find(&[])), None);
    assert_eq!(Client::identify(find(&[(60, b"MSFT 5.0"), (77, b"RRAS.Microsoft")])), None);
    assert_eq!(Client::identify(find(&[(60, b"Linux ipconfig"), (93, &[])])), None);
    assert_eq!(Client::identify(find(&[(60, b"udhcp 1.35.0"), (97, &[0; 17])])), None);
}

#[test]
fn the_list_of_option_93_is_kept() {
    let client = identify(&[(93, &[0, 9, 0, 7, 0])]);
    assert_eq!(client.architectures, [Architecture::EBC, Architecture::X64_UEFI]);
    assert_eq!(identify(&[BIOS_CLASS]).architectures, []);
}

#[test]
fn undi_from_option_94_before_option_60() {
    let class: (u8, &[u8]) = (60, b"PXEClient:Arch:00007:UNDI:003016");
    assert_eq!(identify(&[class]).undi, Some(Undi { major: 3, minor: 16 }));
    assert_eq!(identify(&[class, (94, &[1, 3, 10])]).undi, Some(Undi { major: 3, minor: 10 }));
    assert_eq!(identify(&[class, (94, &[1, 3])]).undi, Some(Undi { major: 3, minor: 16 }));
    assert_eq!(identify(&[(60, b"PXEClient")]).undi, None);
}

#[test]
fn gpxe_gets_a_loader_and_no_script() {
    let client = identify(&[BIOS_CLASS, (77, b"gPXE"), (175, &[19, 1, 1]), (93, &[0, 0])]);
    check(
        &client,
        Firmware::Bios,
        Stage::Firmware,
        "x86 BIOS (0), firmware over TFTP",
        "option 77 is gPXE, which is too old for iPXE's scripts; option 60 is PXEClient; option 93 is x86 BIOS (0)",
    );
    assert_eq!(decide(&client, Role::Dhcp, &POLICY).unwrap().file, "lpxelinux.0");
}

#[test]
fn raspberry_pi_by_address_identifier_or_architecture() {
    let pi4 = [&b"\x00RPi4"[..], &[0x11, 0x31, 0xc0, 0, 1, 2, 3, 4, 5, 6, 7, 8]].concat();
    check(
        &identify(&[BIOS_CLASS, (93, &[0, 0]), (97, &pi4)]),
        Firmware::RaspberryPi,
        Stage::Firmware,
        "x86 BIOS (0), firmware over TFTP",
        "option 60 is PXEClient; option 93 is x86 BIOS (0); option 97 starts with RPi, a Raspberry Pi 4 or later",
    );
    let by_mac = Client::identify_with_mac([0xdc, 0xa6, 0x32, 1, 2, 3], find(&[BIOS_CLASS])).unwrap();
    assert_eq!(by_mac.firmware, Firmware::RaspberryPi);
    assert_eq!(identify(&[(60, b"PXEClient"), (93, &[0, 41])]).firmware, Firmware::RaspberryPi);
    // With UEFI or iPXE on it, it says what it is and is believed.
    let uefi = Client::identify_with_mac([0xdc, 0xa6, 0x32, 1, 2, 3], find(&[(93, &[0, 11])])).unwrap();
    assert_eq!(uefi.firmware, Firmware::Uefi);
    let ipxe = Client::identify_with_mac([0xdc, 0xa6, 0x32, 1, 2, 3], find(&[BIOS_CLASS, (77, b"iPXE")])).unwrap();
    assert_eq!((ipxe.firmware, ipxe.stage), (Firmware::Bios, Stage::Ipxe));
}

#[test]
fn raspberry_pi_gets_its_menu_and_no_boot_file() {
    let client = identify(&[(60, b"PXEClient"), (93, &[0, 41])]);
    for role in [Role::Dhcp, Role::ProxyOffer, Role::BootServer] {
        let answer = decide(&client, role, &POLICY).unwrap();
        assert_eq!((answer.siaddr, answer.file.as_str()), (POLICY.server, ""));
        assert_eq!(answer.delay, Duration::from_secs(2));
        let menu = b"\x06\x01\x03\x0a\x04\x00PXE\x09\x14\x00\x00\x11Raspberry Pi Boot\xff";
        let expected: [(u8, &[u8]); 3] = [(66, b"192.168.77.1"), (60, b"PXEClient"), (43, menu)];
        assert_eq!(answer.options, expected.map(|(code, value)| (code, value.to_vec())));
    }
    assert_eq!(decide(&identify(&[BIOS_CLASS]), Role::Dhcp, &POLICY).unwrap().delay, Duration::ZERO);
}

#[test]
fn apple_bsdp_is_never_answered() {
    let client = identify(&[(60, b"AAPLBSDPC/i386/MacPro5,1"), (43, b"\x01\x01\x01")]);
    check(
        &client,
        Firmware::Apple,
        Stage::Firmware,
        "x86 BIOS (0), firmware over TFTP",
        "option 60 is AAPLBSDPC (Apple NetBoot); no architecture given: taken for x86 BIOS (0)",
    );
    for role in [Role::Dhcp, Role::ProxyOffer, Role::BootServer] {
        assert_eq!(decide(&client, role, &POLICY), Err(NoAnswer::AppleBsdp));
    }
}

#[test]
fn grub_asks_by_itself_and_is_told_the_server() {
    let client = identify(&[(53, &[3]), (55, &[1, 3, 6, 15, 12, 17, 18])]);
    check(
        &client,
        Firmware::Other,
        Stage::Grub,
        "unknown (65535), GRUB over TFTP",
        "no option 60, and option 55 is GRUB's; no architecture given",
    );
    let answer = decide(&client, Role::Dhcp, &POLICY).unwrap();
    assert_eq!((answer.siaddr, answer.file.as_str()), (POLICY.server, ""));
    assert_eq!(answer.options, [(66, b"192.168.77.1\0".to_vec())]);
    // A system that asks for the same, and says who it is.
    assert_eq!(Client::identify(find(&[(60, b"udhcp"), (55, &[1, 3, 6, 15, 12, 17, 18])])), None);
}

#[test]
fn u_boot_by_option_60_or_93() {
    check(
        &identify(&[(60, b"U-Boot.armv8")]),
        Firmware::UBoot,
        Stage::Firmware,
        "ARM 64-bit U-Boot (22), firmware over TFTP",
        "option 60 is U-Boot's; no option 93: option 60 names ARM 64-bit U-Boot (22)",
    );
    assert_eq!(identify(&[(60, b"U-boot.arm")]).architecture, Architecture::ARM32_UBOOT);
    // Before the registry had a code for it, it sent this.
    let old = identify(&[(60, b"U-Boot.armv7"), (93, &[1, 0])]);
    assert_eq!((old.firmware, old.architecture), (Firmware::UBoot, Architecture(0x100)));
    check(
        &identify(&[(60, b"U-Boot")]),
        Firmware::UBoot,
        Stage::Firmware,
        "unknown (65535), firmware over TFTP",
        "option 60 is U-Boot's; no architecture given",
    );
}

#[test]
fn onie_is_recognised_and_left_alone() {
    let by_vendor = identify(&[(60, b"onie_vendor:x86_64-accton_as7712_32x-r0")]);
    check(
        &by_vendor,
        Firmware::Other,
        Stage::Onie,
        "unknown (65535), ONIE over TFTP",
        "option 60 is ONIE's; no architecture given",
    );
    for class in [&b"onie_dhcp_user_class"[..], b"\x14onie_dhcp_user_class"] {
        let by_user = identify(&[(77, class)]);
        assert_eq!(by_user.stage, Stage::Onie);
        assert_eq!(decide(&by_user, Role::Dhcp, &POLICY), Err(NoAnswer::Onie));
    }
}

#[test]
fn windows_loaders_and_systems_are_recognised() {
    let loader = identify(&[BIOS_CLASS, (93, &[0, 0]), (250, &[13, 2, 8, 0, 255])]);
    check(
        &loader,
        Firmware::Bios,
        Stage::Windows,
        "x86 BIOS (0), Windows boot loader over TFTP",
        "option 250 is there, of Windows Deployment Services; option 60 is PXEClient; option 93 is x86 BIOS (0)",
    );
    assert_eq!(decide(&loader, Role::BootServer, &POLICY), Err(NoAnswer::Windows));
    assert_eq!(Client::identify(find(&[(60, b"MSFT 5.0"), (250, &[1])])), None);
    assert_eq!(known_system(b"MSFT 5.0"), Some("Windows"));
    assert_eq!(known_system(b"d-i"), Some("the installer of Debian"));
    assert_eq!(known_system(b""), None);
}

#[test]
fn user_class_raw_and_by_rfc_3004() {
    for class in [&b"iPXE"[..], b"\x04iPXE", b"\x03lab\x04iPXE"] {
        assert_eq!(identify(&[(77, class)]).stage, Stage::Ipxe, "{}", class.escape_ascii());
    }
    // No list, and not the name either.
    for class in [&b"iPXE2"[..], b"\x05iPXE", b"\x04iPXE\x09x"] {
        assert_eq!(Client::identify(find(&[(77, class)])), None, "{}", class.escape_ascii());
    }
}

#[test]
fn ipxe_without_http_is_sent_to_tftp() {
    let with = |features| identify(&[(77, b"iPXE"), (175, features)]).transport;
    assert_eq!(with(&[19, 1, 1, 21, 1, 1]), Transport::Http);
    assert_eq!(with(&[21, 1, 1]), Transport::Tftp);
    assert_eq!(with(&[19, 1, 0, 21, 1, 1]), Transport::Tftp);
    assert_eq!(with(&[]), Transport::Http, "it says nothing: most can");
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
    #[test]
    fn any_bytes_give_a_client_or_none(values in proptest::collection::vec(proptest::prelude::any::<Vec<u8>>(), 9)) {
        let codes = [43, 55, 60, 77, 93, 94, 97, 175, 250];
        let options: Vec<(u8, &[u8])> = codes.into_iter().zip(values.iter().map(Vec::as_slice)).collect();
        if let Some(client) = Client::identify(find(&options)) {
            proptest::prop_assert!(!client.explanation.to_string().is_empty());
        }
    }
}
