//! Every DHCP message of our captures of real firmware: it parses, it survives a round trip, and the server answers
//! it. `pcap/ORIGIN.md` says where the captures come from.

#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

use std::{collections::BTreeSet, fmt::Write, fs, net::Ipv4Addr, path::PathBuf};

use firstlight_dhcp::{
    EmitPolicy, Message, MessageRef, OptionCode,
    server::{Config, Destination, Receipt, Server, Subnet, Timestamp},
};
use pcap_file::pcap::PcapReader;

/// The payloads of the UDP datagrams to or from a DHCP port, with the source port.
fn messages(name: &str) -> Vec<(u16, Vec<u8>)> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/pcap").join(name);
    let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut reader = PcapReader::new(bytes.as_slice()).unwrap();
    let mut found = Vec::new();
    // Raw, for the reader takes a packet that was cut when it was captured for an error.
    while let Some(packet) = reader.next_raw_packet() {
        let packet = packet.unwrap();
        let frame = &packet.data;
        // Ethernet with IPv4, then UDP.
        if frame.len() < 42 || frame[12..14] != [8, 0] || frame[23] != 17 {
            continue;
        }
        let udp = &frame[14 + usize::from(frame[14] & 15) * 4..];
        let port = |at: usize| u16::from_be_bytes([udp[at], udp[at + 1]]);
        if [port(0), port(2)].iter().any(|port| [67, 68, 4011].contains(port)) {
            found.push((port(0), udp[8..].to_vec()));
        }
    }
    found
}

/// Checks the types of a capture's messages in order, the round trip of each, and their text against the one under
/// `tests/captures`.
#[track_caller]
fn check(name: &str, expect: &str) {
    let (mut types, mut texts) = (Vec::new(), Vec::new());
    for (_, bytes) in messages(name) {
        let view = MessageRef::parse(&bytes).unwrap();
        assert_eq!(view.truncated_option(), None);
        types.push(view.message_type().unwrap().to_string());
        texts.push(render(&view));

        // Firmware and dnsmasq are canonical: 53 first, no pads between options, zeroes behind the end.
        let message = Message::from(&view);
        let mut policy = EmitPolicy::default();
        policy.min_size = bytes.len();
        let mut emitted = Vec::new();
        message.emit(&policy, &mut emitted).unwrap();
        assert_eq!(emitted, bytes);
        let mut buffer = [0xee; 1472];
        let size = message.emit_into(&policy, &mut buffer).unwrap();
        assert_eq!(buffer[..size], bytes);
    }
    assert_eq!(types.join(" "), expect);

    let name = name.replace(".pcap", ".txt");
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/captures").join(&name);
    let found = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(&name);
    let text = texts.join("\n");
    fs::write(&found, &text).unwrap();
    assert!(
        fs::read_to_string(&path).is_ok_and(|golden| golden == text),
        "{} differs from what was read, which is in {}",
        path.display(),
        found.display()
    );
}

/// A message as text: the header's fields that are not zero, then every option as it lies on the wire.
fn render(view: &MessageRef<'_>) -> String {
    let mut text = format!("{} {} hardware {:?}", view.op(), view.message_type().unwrap(), view.hardware_address());
    for (name, value) in [("hops", view.hops().into()), ("secs", view.secs()), ("flags", view.flags())] {
        if value != 0 {
            write!(text, " {name} {value}").unwrap();
        }
    }
    writeln!(text, " xid {:08x}", view.xid()).unwrap();
    let addresses =
        [("ciaddr", view.ciaddr()), ("yiaddr", view.yiaddr()), ("siaddr", view.siaddr()), ("giaddr", view.giaddr())];
    for (name, address) in addresses.into_iter().filter(|(_, address)| !address.is_unspecified()) {
        writeln!(text, "  {name} {address}").unwrap();
    }
    for (name, field) in [("sname", view.sname()), ("file", view.file())] {
        let content = field.split(|byte| *byte == 0).next().unwrap();
        if field.iter().any(|byte| *byte != 0) {
            writeln!(text, "  {name} {}", content.escape_ascii()).unwrap();
        }
    }
    for (code, value) in view.options() {
        let hex: String = value.iter().map(|byte| format!("{byte:02x}")).collect();
        writeln!(text, "  {} {code} = {hex}", code.0).unwrap();
    }
    text
}

const DORA: &str = "DISCOVER OFFER REQUEST ACK";

#[test]
fn seabios_with_an_ipxe_rom() {
    check("a1_seabios_virtio_ipxerom_httpscript.pcap", DORA);
    check("a2_seabios_e1000_ipxerom_httpscript.pcap", DORA);
    check("a4_seabios_virtio_ipxerom_pxelinux.pcap", DORA);
    check("a7_seabios_virtio_undionly_chain.pcap", &[DORA; 7].join(" "));
    check("a8_seabios_virtio_lpxelinux_http.pcap", DORA);
}

#[test]
fn ovmf() {
    check("b2_ovmf_virtionetdxe_shim_grub.pcap", DORA);
    check("b4_ovmf_ipxeefi_chain.pcap", &[DORA; 2].join(" "));
    check("c2_ovmf_httpboot_ipxe.pcap", &[DORA; 2].join(" "));
}

/// One machine, whatever program it runs, keeps one address, and gets what its DISCOVER asks for.
#[test]
fn the_server_answers_every_client() {
    for name in [
        "a1_seabios_virtio_ipxerom_httpscript.pcap",
        "a2_seabios_e1000_ipxerom_httpscript.pcap",
        "a4_seabios_virtio_ipxerom_pxelinux.pcap",
        "a7_seabios_virtio_undionly_chain.pcap",
        "a8_seabios_virtio_lpxelinux_http.pcap",
        "b2_ovmf_virtionetdxe_shim_grub.pcap",
        "b4_ovmf_ipxeefi_chain.pcap",
        "c2_ovmf_httpboot_ipxe.pcap",
    ] {
        let server_id = Ipv4Addr::new(192, 168, 77, 1);
        let mut subnet = Subnet::new(Ipv4Addr::new(192, 168, 77, 0), 24);
        subnet.pools = vec![Ipv4Addr::new(192, 168, 77, 100)..=Ipv4Addr::new(192, 168, 77, 199)];
        subnet.routers = vec![server_id];
        let mut server = Server::new(Config::new(server_id, vec![subnet])).unwrap();
        let mut granted = BTreeSet::new();
        for (now, (port, bytes)) in (1000..).zip(messages(name)) {
            let request = MessageRef::parse(&bytes).unwrap();
            if port == 67 {
                continue;
            }
            let from = Receipt::new("0.0.0.0:68".parse().unwrap(), server_id);
            let reply = server.handle(Timestamp(now), &request, from).committed().unwrap();
            assert_eq!(reply.message.get(OptionCode::ROUTERS).as_deref(), Some(&server_id.octets()[..]), "{name}");
            // OVMF sets the broadcast flag, iPXE does not.
            let hardware = request.hardware_address();
            let unicast = Destination::Hardware { address: reply.message.yiaddr, hardware };
            let expect = if request.broadcast() { Destination::Broadcast } else { unicast };
            assert_eq!(reply.destination, expect, "{name}");
            reply.message.emit(&reply.policy, &mut Vec::new()).unwrap();
            if reply.message.message_type() == Some(firstlight_dhcp::MessageType::ACK) {
                granted.insert((request.hardware_address(), reply.message.yiaddr));
            }
        }
        assert_eq!(granted.len(), 1, "{name}: {granted:?}");
    }
}
