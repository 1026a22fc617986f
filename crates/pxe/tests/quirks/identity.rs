//! Who is asking.

use std::time::Duration;

use firstlight_pxe::discovery::{Receipt, Responder};
use firstlight_pxe::{Architecture, Client, Cpu, Firmware, IpxeFeatures, MachineUuid, Role, Stage, Transport, decide};

use super::{BIOS, BROADCAST, CLASS, HTTP, IPXE, POLICY, UEFI, answer, find, identify, value};

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
