//! Captures of real firmware that netboots: what each program asks for over TFTP, what we grant it, and how its packets
//! end our transfers. The bulk of DATA and ACKs is not in the captures, so only short files come to their end.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::collections::HashMap;
use std::io::Cursor;
use std::time::Instant;

use firstlight_tftp::{Limits, Mode, Options, Outcome, Packet, Timing, Transfer, name, negotiate};
use pcap_file::pcap::PcapReader;

const TFTP: u16 = 69;
/// For files of which the captured server did not tell the size.
const UNKNOWN_SIZE: usize = 100_000;

/// A packet of TFTP: ports and payload.
type Datagram = (u16, u16, Vec<u8>);

fn datagrams(capture: &str) -> Vec<Datagram> {
    let path = format!("{}/../../testdata/pcap/{capture}", env!("CARGO_MANIFEST_DIR"));
    let mut reader = PcapReader::new(Cursor::new(std::fs::read(path).unwrap())).unwrap();
    let (mut found, mut clients) = (Vec::new(), Vec::new());
    while let Some(frame) = reader.next_raw_packet() {
        let Some((from, to, payload)) = udp(&frame.unwrap().data) else { continue };
        if to == TFTP {
            clients.push(from);
        }
        if clients.contains(&from) || clients.contains(&to) {
            found.push((from, to, payload));
        }
    }
    found
}

/// The ports and the payload of an IPv4 UDP packet in an Ethernet frame.
fn udp(frame: &[u8]) -> Option<Datagram> {
    let [0x08, 0x00, ip @ ..] = frame.get(12..)? else { return None };
    let header = usize::from(ip.first()? & 0x0F) * 4;
    if *ip.get(9)? != 17 {
        return None;
    }
    let port = |at: usize| Some(u16::from_be_bytes(ip.get(header + at..header + at + 2)?.try_into().ok()?));
    Some((port(0)?, port(2)?, ip.get(header + 8..)?.to_vec()))
}

fn listed(options: Options<'_>) -> String {
    options.iter().map(|option| format!("{option:?}")).collect::<Vec<_>>().join(" ")
}

/// A client's transfers with us, in the order of its requests.
#[derive(Default)]
struct Replay {
    lines: Vec<String>,
    /// By the client's port: what was asked, and our answer to it.
    under_way: HashMap<u16, (String, Transfer)>,
}

impl Replay {
    fn take(&mut self, now: Instant, sizes: &HashMap<Vec<u8>, usize>, (from, _, payload): &Datagram) {
        match Packet::parse(payload) {
            Ok(Packet::Rrq(request)) => {
                self.close(*from);
                let file_name = String::from_utf8(name::clean(request.filename)).unwrap();
                let size = sizes.get(request.filename).copied().unwrap_or(UNKNOWN_SIZE) as u64;
                let agreed = negotiate(request.options, &Limits::default(), Some(size));
                let (asked, granted) = (listed(request.options), listed(agreed.oack.as_options()));
                let mode = Mode::parse(request.mode).unwrap();
                let transfer = Transfer::serve_read(now, &agreed, mode, Some(size), Timing::default());
                self.under_way.insert(*from, (format!("{file_name}: {asked} -> {granted}"), transfer));
            }
            Ok(packet) => {
                if let Some((_, transfer)) = self.under_way.get_mut(from) {
                    transfer.handle(now, &packet);
                }
            }
            Err(error) => panic!("{error}: {payload:?}"),
        }
        if let Some((_, transfer)) = self.under_way.get_mut(from) {
            let mut buf = Vec::new();
            loop {
                if let Some(range) = transfer.poll_want() {
                    transfer.handle_data(vec![0; usize::try_from(range.end - range.start).unwrap()].into());
                } else if transfer.poll_transmit(&mut buf).is_none() {
                    break;
                }
            }
        }
    }

    fn close(&mut self, port: u16) {
        let Some((line, transfer)) = self.under_way.remove(&port) else { return };
        let end = match transfer.outcome() {
            None => "cut off".to_owned(),
            Some(Outcome::Probe) => "probe".to_owned(),
            Some(Outcome::Complete { bytes, .. }) => format!("complete {bytes}"),
            Some(other) => format!("{other:?}"),
        };
        self.lines.push(format!("{line} = {end}"));
    }
}

/// Plays the client's packets against our transfers; compares one line for each request that was answered with a file.
#[track_caller]
fn check(capture: &str, want: &[&str]) {
    let datagrams = datagrams(capture);
    let mut sizes = HashMap::new();
    let mut asked: HashMap<u16, Vec<u8>> = HashMap::new();
    let mut missing = Vec::new();
    for (from, to, payload) in &datagrams {
        match Packet::parse(payload) {
            Ok(Packet::Rrq(request)) => drop(asked.insert(*from, request.filename.to_vec())),
            Ok(Packet::Oack(options)) => {
                if let Some(size) = options.get("tsize") {
                    sizes.insert(asked[to].clone(), std::str::from_utf8(size).unwrap().parse().unwrap());
                }
            }
            Ok(Packet::Error { code, .. }) if code.0 == 1 => missing.push(asked[to].clone()),
            _ => {}
        }
    }
    let (mut replay, now, mut ports) = (Replay::default(), epoch(), Vec::new());
    for datagram in datagrams.iter().filter(|(from, _, _)| asked.contains_key(from)) {
        let absent =
            matches!(Packet::parse(&datagram.2), Ok(Packet::Rrq(one)) if missing.contains(&one.filename.to_vec()));
        if !absent {
            ports.push(datagram.0);
            replay.take(now, &sizes, datagram);
        }
    }
    ports.into_iter().for_each(|port| replay.close(port));
    assert_eq!(replay.lines, want);
}

#[expect(clippy::disallowed_methods, reason = "the zero of a virtual clock that then stands still")]
fn epoch() -> Instant {
    Instant::now()
}

#[test]
fn pxelinux() {
    check(
        "a4_seabios_virtio_ipxerom_pxelinux.pcap",
        &[
            "pxelinux.0: blksize=1432 tsize=0 -> blksize=1432 tsize=42430 = cut off",
            "ldlinux.c32: tsize=0 blksize=1408 -> tsize=119524 blksize=1408 = cut off",
            "pxelinux.cfg/default: tsize=0 blksize=1408 -> tsize=182 blksize=1408 = complete 182",
            "vmlinuz: tsize=0 blksize=1408 -> tsize=14186432 blksize=1408 = cut off",
            "initrd.feas: tsize=0 blksize=1408 -> tsize=1516499 blksize=1408 = cut off",
        ],
    );
}

#[test]
fn undionly() {
    // The chain has no script, so it loads itself again and again.
    let loads = ["undionly.kpxe: blksize=1432 tsize=0 -> blksize=1432 tsize=74213 = cut off"; 7];
    check("a7_seabios_virtio_undionly_chain.pcap", &loads);
}

#[test]
fn lpxelinux() {
    check(
        "a8_seabios_virtio_lpxelinux_http.pcap",
        &[
            "ldlinux.c32: tsize=0 blksize=1408 -> tsize=119524 blksize=1408 = cut off",
            "lpxelinux.0: blksize=1432 tsize=0 -> blksize=1432 tsize=75072 = cut off",
            "pxelinux.cfg/01-52-54-00-77-00-05: tsize=0 blksize=1408 -> tsize=222 blksize=1408 = complete 222",
        ],
    );
}

#[test]
fn edk2_shim_and_grub() {
    check(
        "b2_ovmf_virtionetdxe_shim_grub.pcap",
        &[
            "bootx64.efi: tsize=0 blksize=1468 windowsize=4 -> tsize=1048504 blksize=1468 windowsize=4 = probe",
            "bootx64.efi: blksize=1468 windowsize=4 -> blksize=1468 windowsize=4 = cut off",
            "grubx64.efi: blksize=512 windowsize=4 -> blksize=512 windowsize=4 = cut off",
            "grub/grub.cfg: blksize=1024 tsize=0 -> blksize=1024 tsize=263 = complete 263",
            "vmlinuz: blksize=1024 tsize=0 -> blksize=1024 tsize=14186432 = cut off",
            "initrd.feas: blksize=1024 tsize=0 -> blksize=1024 tsize=1516499 = cut off",
        ],
    );
}

#[test]
fn edk2_and_ipxe() {
    check(
        "b4_ovmf_ipxeefi_chain.pcap",
        &[
            "ipxe.efi: tsize=0 blksize=1468 windowsize=4 -> tsize=850528 blksize=1468 windowsize=4 = probe",
            "ipxe.efi: blksize=1468 windowsize=4 -> blksize=1468 windowsize=4 = cut off",
        ],
    );
}
