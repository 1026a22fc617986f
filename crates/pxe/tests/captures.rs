//! Our captures of real firmware: every DHCP packet of a client is identified as we know it to be right, each of our
//! answers to it boots by the oracle, and the oracle says of the captured offers what then came over the wire.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::borrow::Cow;
use std::net::{Ipv4Addr, SocketAddrV4};

use firstlight_pxe::discovery::{Cast, Receipt, Reply, Responder, Silence};
use firstlight_pxe::oracle::{Offer, Rom, would_boot};
use firstlight_pxe::{Answer, BootFile, Client, ConfigKey, Policy, RequestedPath, Role, Stage, Transport, decide};
use pcap_file::pcap::PcapReader;

const SERVER: Ipv4Addr = Ipv4Addr::new(192, 168, 77, 1);
const FOREIGN: Ipv4Addr = Ipv4Addr::new(192, 168, 77, 2);
const MACHINE: Ipv4Addr = Ipv4Addr::new(192, 168, 77, 130);
const NOBODY: Ipv4Addr = Ipv4Addr::UNSPECIFIED;
const POLICY: Policy = Policy { server: SERVER, http_port: 80 };

const CAPTURES: [&str; 8] = [
    "a1_seabios_virtio_ipxerom_httpscript.pcap",
    "a2_seabios_e1000_ipxerom_httpscript.pcap",
    "a4_seabios_virtio_ipxerom_pxelinux.pcap",
    "a7_seabios_virtio_undionly_chain.pcap",
    "a8_seabios_virtio_lpxelinux_http.pcap",
    "b2_ovmf_virtionetdxe_shim_grub.pcap",
    "b4_ovmf_ipxeefi_chain.pcap",
    "c2_ovmf_httpboot_ipxe.pcap",
];

/// What happened on the wire, as far as it matters here.
enum Event {
    /// A DHCP packet of a client.
    Request(Packet),
    /// A DHCP server's packet.
    Reply(Packet),
    /// An answer from port 4011 of an address.
    BootServer(Ipv4Addr, Packet),
    /// A name in a TFTP read request.
    Tftp(String),
    /// The path of a HEAD or GET.
    Http(String),
}

struct Packet {
    chaddr: [u8; 6],
    offer: Offer,
}

impl Packet {
    fn parse(udp_payload: &[u8]) -> Self {
        let address = |at: usize| Ipv4Addr::from(<[u8; 4]>::try_from(&udp_payload[at..at + 4]).unwrap());
        let file = udp_payload[108..236].split(|byte| *byte == 0).next().unwrap().to_vec();
        let mut options = Vec::new();
        let mut rest = &udp_payload[240..];
        while let [code, tail @ ..] = rest {
            match code {
                0 => rest = tail,
                255 => break,
                _ => {
                    let (len, tail) = tail.split_first().unwrap();
                    let (value, tail) = tail.split_at(usize::from(*len));
                    options.push((*code, value.to_vec()));
                    rest = tail;
                }
            }
        }
        let chaddr = udp_payload[28..34].try_into().unwrap();
        Self { chaddr, offer: Offer { yiaddr: address(16), siaddr: address(20), file, options } }
    }

    fn option(&self, code: u8) -> Option<&[u8]> {
        self.offer.options.iter().find(|(other, _)| *other == code).map(|(_, value)| value.as_slice())
    }

    fn find<'a>(&'a self) -> impl Fn(u8) -> Option<Cow<'a, [u8]>> {
        |code| self.option(code).map(Cow::Borrowed)
    }

    fn client(&self) -> Client {
        Client::identify_with_mac(self.chaddr, self.find()).unwrap()
    }
}

/// Raw: the captures are cut, which the strict reader refuses.
fn events(name: &str) -> Vec<Event> {
    let path = format!("{}/../../testdata/pcap/{name}", env!("CARGO_MANIFEST_DIR"));
    let bytes = std::fs::read(path).unwrap();
    let mut reader = PcapReader::new(bytes.as_slice()).unwrap();
    let mut events = Vec::new();
    while let Some(packet) = reader.next_raw_packet() {
        events.extend(event(&packet.unwrap().data));
    }
    events
}

fn event(frame: &[u8]) -> Option<Event> {
    if frame.get(12..14)? != [8, 0] {
        return None;
    }
    let ip = &frame[14..];
    let payload = ip.get(usize::from(ip[0] & 15) * 4..)?;
    if ip[9] == 6 {
        let data = payload.get(usize::from(payload[12] >> 4) * 4..)?;
        let line = data.strip_prefix(b"GET ").or_else(|| data.strip_prefix(b"HEAD "))?;
        let path = line.split(|byte| *byte == b' ').next()?;
        return Some(Event::Http(String::from_utf8(path.to_vec()).unwrap()));
    }
    let (port, data) = (u16::from_be_bytes([payload[2], payload[3]]), payload.get(8..)?);
    match (port, data) {
        (67, _) => Some(Event::Request(Packet::parse(data))),
        (68, _) => Some(Event::Reply(Packet::parse(data))),
        (_, [2, ..]) if payload[..2] == 4011_u16.to_be_bytes() => {
            let server = <[u8; 4]>::try_from(&ip[12..16]).unwrap();
            Some(Event::BootServer(server.into(), Packet::parse(data)))
        }
        (69, [0, 1, name @ ..]) => {
            let name = name.split(|byte| *byte == 0).next()?;
            Some(Event::Tftp(String::from_utf8(name.to_vec()).unwrap()))
        }
        _ => None,
    }
}

fn requests(name: &str) -> Vec<Packet> {
    let packets = events(name).into_iter();
    packets.filter_map(|event| if let Event::Request(packet) = event { Some(packet) } else { None }).collect()
}

fn rom(client: &Client) -> Rom {
    match (client.stage, client.transport) {
        (Stage::Ipxe, _) => Rom::Ipxe,
        (_, Transport::Http) => Rom::Edk2Http,
        (_, Transport::Tftp) => Rom::Edk2Pxe,
    }
}

/// The clients of a capture and what they are answered, each kind once, in order.
#[track_caller]
fn check(name: &str, expected: &[(&str, &str)]) {
    let mut seen: Vec<(String, String)> = Vec::new();
    for packet in requests(name) {
        let client = packet.client();
        assert!(client.uuid.unwrap().is_placeholder(), "{name}: none of these machines was given a UUID");
        assert_eq!(client.architectures, [client.architecture], "{name}");
        let answer = decide(&client, Role::Dhcp, &POLICY).unwrap();
        let pair = (format!("{client}, {}", client.undi.unwrap()), answer.file);
        if !seen.contains(&pair) {
            seen.push(pair);
        }
    }
    let seen: Vec<(&str, &str)> = seen.iter().map(|(client, file)| (client.as_str(), file.as_str())).collect();
    assert_eq!(seen, expected, "{name}");
}

const SCRIPT: &str = "http://192.168.77.1/boot.ipxe";
const BIOS_IPXE: (&str, &str) = ("x86 BIOS (0), iPXE over HTTP, UNDI 2.1", SCRIPT);
const UEFI_PXE: (&str, &str) = ("x64 UEFI (7), firmware over TFTP, UNDI 3.0", "bootx64.efi");
const UEFI_IPXE: (&str, &str) = ("x64 UEFI (7), iPXE over HTTP, UNDI 3.10", SCRIPT);
const UEFI_HTTP: (&str, &str) =
    ("x64 UEFI HTTP (16), firmware over HTTP, UNDI 3.0", "http://192.168.77.1/boot/snponly.efi");

#[test]
fn ipxe_in_a_bios_rom() {
    check(CAPTURES[0], &[BIOS_IPXE]);
    check(CAPTURES[1], &[BIOS_IPXE]);
    check(CAPTURES[2], &[BIOS_IPXE]);
    check(CAPTURES[3], &[BIOS_IPXE]);
    check(CAPTURES[4], &[BIOS_IPXE]);
}

#[test]
fn uefi_firmware() {
    check(CAPTURES[5], &[UEFI_PXE]);
    check(CAPTURES[6], &[UEFI_PXE, UEFI_IPXE]);
    check(CAPTURES[7], &[UEFI_HTTP, UEFI_IPXE]);
}

#[test]
fn ipxe_says_what_it_is_made_of() {
    let features = |name: &str| {
        let found = requests(name).into_iter().find_map(|packet| packet.client().ipxe);
        found.unwrap().to_string()
    };
    let with = "iPXE 1.0.0 with PXE extensions, iSCSI, AoE, HTTP, TFTP, DNS, bzImage, Multiboot, PXE, ELF, menu, NFS";
    assert_eq!(features(CAPTURES[0]), with);
    assert_eq!(features(CAPTURES[7]), "iPXE 1.0.0 with iSCSI, AoE, HTTP, TFTP, DNS, EFI, menu, NFS");
}

#[test]
fn the_client_identifier_changes_and_the_address_does_not() {
    let packets = requests(CAPTURES[6]);
    let of = |stage| packets.iter().find(|packet| packet.client().stage == stage).unwrap();
    let (firmware, ipxe) = (of(Stage::Firmware), of(Stage::Ipxe));
    assert_eq!(firmware.option(61), None);
    assert_eq!(ipxe.option(61), Some(&[1, 0x52, 0x54, 0, 0x77, 0, 1][..]));
    assert_eq!(firmware.chaddr, ipxe.chaddr);
}

fn offer(answer: Answer, yiaddr: Ipv4Addr) -> Offer {
    let mut options = vec![(53, vec![2]), (54, SERVER.octets().to_vec()), (1, vec![255, 255, 255, 0])];
    options.extend(answer.options);
    Offer { yiaddr, siaddr: answer.siaddr, file: answer.file.into_bytes(), options }
}

fn reply_offer(reply: Reply) -> Offer {
    let Answer { siaddr, file, options, .. } = reply.answer;
    Offer { yiaddr: NOBODY, siaddr, file: file.into_bytes(), options }
}

#[test]
fn our_answer_to_every_packet_boots_its_client() {
    let mut answered = 0;
    for packet in CAPTURES.iter().flat_map(|name| requests(name)) {
        let client = packet.client();
        let alone = decide(&client, Role::Dhcp, &POLICY).unwrap();
        let expected = alone.file.clone();
        let boot = would_boot(rom(&client), &[offer(alone, MACHINE)], |_| None).unwrap();
        assert_eq!((boot.file, boot.server), (expected, SERVER), "{client}");
        answered += 1;
    }
    assert_eq!(answered, 32);
}

#[test]
fn our_proxy_boots_every_client_beside_a_foreign_server() {
    let responder = Responder::new(POLICY);
    let dhcp = Offer {
        yiaddr: MACHINE,
        siaddr: NOBODY,
        file: vec![],
        options: vec![(53, vec![2]), (54, FOREIGN.octets().to_vec()), (1, vec![255, 255, 255, 0])],
    };
    let mut booted = 0;
    for packet in CAPTURES.iter().flat_map(|name| requests(name)) {
        let client = packet.client();
        let broadcast = Receipt {
            port: 67,
            cast: Cast::Broadcast,
            source: SocketAddrV4::new(NOBODY, 68),
            mac: Some(packet.chaddr),
            ciaddr: NOBODY,
            giaddr: NOBODY,
        };
        let heard = responder.handle(&broadcast, packet.find());
        if packet.option(53) == Some(&[3]) {
            assert_eq!(heard, Err(Silence::AddressRequest), "the foreign server answers that");
            continue;
        }
        // With the options of its DISCOVER, which are those of its request to port 4011 but for the type.
        let asked = |address: Ipv4Addr| {
            assert_eq!(address, SERVER);
            let source = SocketAddrV4::new(MACHINE, 4011);
            let receipt = Receipt {
                port: 4011,
                cast: Cast::Unicast,
                source,
                mac: Some(packet.chaddr),
                ciaddr: MACHINE,
                giaddr: NOBODY,
            };
            let request = |code| if code == 53 { Some(Cow::Borrowed(&[3][..])) } else { packet.find()(code) };
            responder.handle(&receipt, request).ok().map(reply_offer)
        };
        let boot = would_boot(rom(&client), &[dhcp.clone(), reply_offer(heard.unwrap())], asked).unwrap();
        assert_eq!(boot.file, decide(&client, Role::Dhcp, &POLICY).unwrap().file, "{client}");
        assert_eq!((boot.address, boot.server), (MACHINE, SERVER));
        booted += 1;
    }
    assert_eq!(booted, 16);
}

#[test]
fn the_oracle_foretells_what_was_fetched() {
    let mut foretold = 0;
    for name in CAPTURES {
        let (mut client, mut boot) = (None, None);
        for event in events(name) {
            match event {
                Event::Request(packet) => client = Some(packet.client()),
                Event::Reply(packet) if packet.option(53) == Some(&[2]) => {
                    let offers = [packet.offer];
                    boot = Some(would_boot(rom(client.as_ref().unwrap()), &offers, |_| None).unwrap());
                }
                Event::Reply(_) | Event::BootServer(..) => {}
                Event::Tftp(path) | Event::Http(path) => {
                    // The first thing that is fetched after an offer.
                    let Some(boot) = boot.take() else { continue };
                    let fetched = boot.file.strip_prefix("http://192.168.77.1").unwrap_or(&boot.file);
                    assert_eq!(path, fetched, "{name}");
                    assert_eq!(boot.server, SERVER);
                    foretold += 1;
                }
            }
        }
    }
    assert_eq!(foretold, 16);
}

#[test]
fn dnsmasq_sends_ipxe_round_in_circles_and_we_do_not() {
    // It hands undionly.kpxe to iPXE, which asks again, for ever.
    let names: Vec<String> = events(CAPTURES[3])
        .into_iter()
        .filter_map(|event| if let Event::Tftp(name) = event { Some(name) } else { None })
        .collect();
    assert!(names.len() > 5 && names.iter().all(|name| name == "undionly.kpxe"), "{names:?}");
    let ours = |packet: Packet| decide(&packet.client(), Role::Dhcp, &POLICY).unwrap().file;
    assert!(requests(CAPTURES[3]).into_iter().map(ours).all(|file| file == SCRIPT));
}

#[test]
fn every_requested_path_has_its_meaning() {
    let paths = |name: &str| -> Vec<(String, RequestedPath)> {
        let named = events(name).into_iter().filter_map(|event| match event {
            Event::Tftp(path) | Event::Http(path) => Some(path),
            _ => None,
        });
        named.map(|path| (path.clone(), RequestedPath::parse(&path))).collect()
    };
    let boot_file = RequestedPath::BootFile;
    let default = || ConfigKey::Default { arch: None, subarch: None };
    for (name, path, meaning) in [
        (CAPTURES[0], "/boot.ipxe", RequestedPath::IpxeScript(default())),
        (CAPTURES[2], "ldlinux.c32", boot_file(BootFile::Ldlinux)),
        (
            CAPTURES[2],
            "pxelinux.cfg/01-52-54-00-77-00-01",
            RequestedPath::PxelinuxConfig(ConfigKey::Mac([0x52, 0x54, 0, 0x77, 0, 1])),
        ),
        (
            CAPTURES[2],
            "pxelinux.cfg/C0A84D82",
            RequestedPath::PxelinuxConfig(ConfigKey::IpPrefix { prefix: 0xC0A8_4D82, digits: 8 }),
        ),
        (CAPTURES[2], "pxelinux.cfg/C", RequestedPath::PxelinuxConfig(ConfigKey::IpPrefix { prefix: 0xC, digits: 1 })),
        (CAPTURES[2], "pxelinux.cfg/default", RequestedPath::PxelinuxConfig(default())),
        (CAPTURES[4], "lpxelinux.0", boot_file(BootFile::Lpxelinux)),
        (CAPTURES[5], "bootx64.efi", boot_file(BootFile::ShimX64)),
        (CAPTURES[5], "revocations_sbat.efi", RequestedPath::Other),
        (CAPTURES[5], "grubx64.efi", boot_file(BootFile::GrubX64)),
        (CAPTURES[5], "/grub/x86_64-efi/command.lst", RequestedPath::GrubList),
        (CAPTURES[5], "/grub/grub.cfg", RequestedPath::GrubConfig(default())),
        (CAPTURES[7], "/snponly.efi", boot_file(BootFile::SnponlyX64)),
    ] {
        assert!(paths(name).contains(&(path.to_owned(), meaning)), "{name}: {path}");
    }
}

/// What the oracle makes of the offers in a capture is what the firmware then fetched.
#[track_caller]
fn foretell(name: &str, expected: &[&str]) {
    let (mut client, mut offers, mut boot_server) = (None, Vec::new(), None);
    let mut fetched = Vec::new();
    for event in events(&format!("matrix/{name}.pcap")) {
        match event {
            Event::Request(packet) if packet.option(53) == Some(&[1]) => {
                client = Some(packet.client());
                offers.clear();
            }
            Event::Request(_) => {}
            Event::Reply(packet) if packet.option(53) == Some(&[2]) => offers.push(packet.offer),
            Event::Reply(_) => {}
            Event::BootServer(address, packet) => boot_server = Some((address, packet.offer)),
            Event::Tftp(path) | Event::Http(path) => {
                // The first thing that is fetched after the offers.
                let Some(client) = client.take() else { continue };
                let asked = |address| boot_server.clone().filter(|(from, _)| *from == address).map(|(_, offer)| offer);
                let boot = would_boot(rom(&client), &offers, asked).unwrap();
                assert_eq!(boot.file.strip_prefix("http://10.77.0.1").unwrap_or(&boot.file), path, "{name}: {client}");
                fetched.push(path);
            }
        }
    }
    assert_eq!(fetched, expected, "{name}");
}

#[test]
fn our_own_answers_boot_real_firmware() {
    let script = "/boot.ipxe";
    foretell("bios-ipxe", &[script]);
    foretell("bios-ipxe-e1000", &[script]);
    foretell("bios-pxelinux", &["pxelinux.0"]);
    foretell("bios-lpxelinux", &["lpxelinux.0"]);
    foretell("uefi-shim-grub", &["bootx64.efi"]);
    foretell("uefi-snponly", &["snponly.efi", script]);
    foretell("uefi-ipxe", &["ipxe.efi", script]);
    foretell("uefi-ipxe-rom", &[script]);
    foretell("uefi-http-ipxe", &["/boot/snponly.efi", script]);
    foretell("uefi-http-grub", &["/boot/bootx64.efi"]);
    foretell("uefi-http-own-grub", &["/boot/grubx64.efi"]);
    foretell("secure-boot", &["bootx64.efi"]);
    foretell("secure-boot-unsigned", &["bootx64.efi"]);
}

#[test]
fn beside_another_server_firmware_still_finds_ours() {
    foretell("proxy-bios", &["/boot.ipxe"]);
    foretell("proxy-uefi", &["snponly.efi", "/boot.ipxe"]);
    foretell("next-server-bios", &["pxelinux.0"]);
    foretell("next-server-uefi", &["bootx64.efi"]);
}
