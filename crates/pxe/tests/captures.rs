//! Every DHCP packet that a client sent in our captures is identified, and answered, as we know it to be right.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use firstlight_pxe::{Client, Policy, Role, decide};
use pcap_file::pcap::PcapReader;

/// The UDP payloads sent to port 67 in a capture of Ethernet frames. Raw: the captures are cut, which the strict
/// reader refuses.
fn requests(name: &str) -> Vec<Vec<u8>> {
    let path = format!("{}/../../testdata/pcap/{name}", env!("CARGO_MANIFEST_DIR"));
    let bytes = std::fs::read(path).unwrap();
    let mut reader = PcapReader::new(bytes.as_slice()).unwrap();
    let mut requests = Vec::new();
    while let Some(packet) = reader.next_raw_packet() {
        let packet = packet.unwrap();
        let frame = &packet.data;
        let is_udp4 = frame.get(12..14) == Some(&[8, 0]) && frame.get(23) == Some(&17);
        let header = frame.get(14).map_or(0, |byte| usize::from(byte & 15) * 4);
        let udp = frame.get(14 + header..).unwrap_or_default();
        if is_udp4 && udp.get(2..4) == Some(&[0, 67]) {
            requests.push(udp[8..].to_vec());
        }
    }
    requests
}

/// The options of a DHCP packet.
fn options(packet: &[u8]) -> BTreeMap<u8, Vec<u8>> {
    let mut options = BTreeMap::new();
    let mut rest = &packet[240..];
    while let [code, tail @ ..] = rest {
        match code {
            0 => rest = tail,
            255 => break,
            _ => {
                let (len, tail) = tail.split_first().unwrap();
                let (value, tail) = tail.split_at(usize::from(*len));
                options.insert(*code, value.to_vec());
                rest = tail;
            }
        }
    }
    options
}

/// The clients of a capture and what they are answered, each kind once, in order.
#[track_caller]
fn check(name: &str, expected: &[(&str, &str)]) {
    let policy = Policy { server: Ipv4Addr::new(192, 168, 77, 1), http_port: 80 };
    let mut seen: Vec<(String, String)> = Vec::new();
    for packet in requests(name) {
        let options = options(&packet);
        let client = Client::identify(|code| options.get(&code).map(|value| Cow::Borrowed(value.as_slice()))).unwrap();
        assert!(client.uuid.is_some(), "{name}: every one of these machines has a UUID");
        let answer = decide(&client, Role::Dhcp, &policy).unwrap();
        let pair = (client.to_string(), answer.file);
        if !seen.contains(&pair) {
            seen.push(pair);
        }
    }
    let seen: Vec<(&str, &str)> = seen.iter().map(|(client, file)| (client.as_str(), file.as_str())).collect();
    assert_eq!(seen, expected, "{name}");
}

const BIOS_IPXE: (&str, &str) = ("x86 BIOS (0), iPXE over HTTP", "http://192.168.77.1/boot.ipxe");
const UEFI_PXE: (&str, &str) = ("x64 UEFI (7), firmware over TFTP", "bootx64.efi");
const UEFI_IPXE: (&str, &str) = ("x64 UEFI (7), iPXE over HTTP", "http://192.168.77.1/boot.ipxe");
const UEFI_HTTP: (&str, &str) = ("x64 UEFI HTTP (16), firmware over HTTP", "http://192.168.77.1/boot/snponly.efi");

#[test]
fn ipxe_in_a_bios_rom() {
    check("a1_seabios_virtio_ipxerom_httpscript.pcap", &[BIOS_IPXE]);
    check("a2_seabios_e1000_ipxerom_httpscript.pcap", &[BIOS_IPXE]);
    check("a4_seabios_virtio_ipxerom_pxelinux.pcap", &[BIOS_IPXE]);
    check("a7_seabios_virtio_undionly_chain.pcap", &[BIOS_IPXE]);
    check("a8_seabios_virtio_lpxelinux_http.pcap", &[BIOS_IPXE]);
}

#[test]
fn uefi_firmware() {
    check("b2_ovmf_virtionetdxe_shim_grub.pcap", &[UEFI_PXE]);
    check("b4_ovmf_ipxeefi_chain.pcap", &[UEFI_PXE, UEFI_IPXE]);
    check("c2_ovmf_httpboot_ipxe.pcap", &[UEFI_HTTP, UEFI_IPXE]);
}
