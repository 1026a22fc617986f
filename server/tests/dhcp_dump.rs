//! `firstlight dhcp dump`: both forms against checked-in output, every link layer, and captures that are broken.
#![expect(clippy::unwrap_used, reason = "a test panics when it fails")]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

fn testdata(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata").join(name)
}

/// Exit status, standard output, standard error.
fn dump(file: &Path, arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_firstlight"))
        .args(["dhcp", "dump"])
        .arg(file)
        .args(arguments)
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn json(file: &Path) -> Vec<Value> {
    let (status, out, err) = dump(file, &["--json"]);
    assert_eq!((status, err.as_str()), (0, ""));
    out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_capture_in_both_forms() {
    let capture = testdata("pcap/b2_ovmf_virtionetdxe_shim_grub.pcap");
    for (arguments, golden) in [(&[][..], "b2_ovmf.txt"), (&["--json"], "b2_ovmf.jsonl")] {
        let (status, out, err) = dump(&capture, arguments);
        assert_eq!((status, err.as_str()), (0, ""));
        assert_eq!(out, std::fs::read_to_string(testdata("dump").join(golden)).unwrap(), "{golden}");
    }
}

/// A little-endian pcap file with these frames, as captured and as long as they were.
fn pcap(link_type: u32, frames: &[(&[u8], usize)]) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let mut bytes = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    bytes.extend(65_535_u32.to_le_bytes());
    bytes.extend(link_type.to_le_bytes());
    for (frame, original) in frames {
        for word in [1_700_000_000, 250_000, frame.len(), *original] {
            bytes.extend(u32::try_from(word).unwrap().to_le_bytes());
        }
        bytes.extend(*frame);
    }
    file.write_all(&bytes).unwrap();
    file
}

/// An IPv4 packet with a DISCOVER that has these options; `fragment` is the word behind the identification.
fn packet(options: &[u8], fragment: u16) -> Vec<u8> {
    let mut message = vec![0; 236];
    message[..4].copy_from_slice(&[1, 1, 6, 0]);
    message[4..8].copy_from_slice(&7_u32.to_be_bytes());
    message[28..34].copy_from_slice(&[0x52, 0x54, 0, 1, 2, 3]);
    message.extend([99, 130, 83, 99]);
    message.extend(options);
    let udp = u16::try_from(message.len() + 8).unwrap();
    let mut packet = vec![0x45, 0];
    packet.extend((udp + 20).to_be_bytes());
    packet.extend([0, 9]);
    packet.extend(fragment.to_be_bytes());
    packet.extend([64, 17, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 0, 68, 0, 67]);
    packet.extend(udp.to_be_bytes());
    packet.extend([0, 0]);
    packet.extend(message);
    packet
}

fn whole(frame: &[u8]) -> (&[u8], usize) {
    (frame, frame.len())
}

const ETHERNET: [u8; 12] = [255; 12];
const DISCOVER: [u8; 4] = [53, 1, 1, 255];

#[test]
fn every_link_layer() {
    let headers: [(u32, Vec<u8>); 8] = [
        (1, [&ETHERNET[..], &[8, 0]].concat()),
        (1, [&ETHERNET[..], &[0x81, 0, 0, 5, 8, 0]].concat()),
        (1, [&ETHERNET[..], &[0x88, 0xa8, 0, 5, 0x81, 0, 0, 6, 8, 0]].concat()),
        (113, [&[0; 14][..], &[8, 0]].concat()),
        (276, [&[8, 0][..], &[0; 18]].concat()),
        (101, vec![]),
        (0, vec![2, 0, 0, 0]),
        (108, vec![0, 0, 0, 2]),
    ];
    for (link_type, header) in headers {
        let frame = [header, packet(&DISCOVER, 0)].concat();
        let lines = json(pcap(link_type, &[whole(&frame)]).path());
        let [line] = lines.as_slice() else { panic!("{link_type}: {lines:?}") };
        assert_eq!(line["frame"], 1);
        assert_eq!(line["time"], "2023-11-14T22:13:20.25Z");
        assert_eq!((&line["src"], &line["dst"]), (&"0.0.0.0:68".into(), &"255.255.255.255:67".into()));
        assert_eq!(
            (&line["xid"], &line["type"], &line["chaddr"]),
            (&7.into(), &"DISCOVER".into(), &"525400010203".into())
        );
        assert_eq!(line["options"][0]["raw"], "01");
    }
}

/// Sub-options in sub-options, each with its code, and the malformed ones with what is wrong.
#[test]
fn sub_options_are_trees() {
    let radius = [7, 17, 26, 9, 0, 0, 13, 233, 1, 3, 7, 1, 4, b'm', b'e', 27, 4, 0, 1];
    let relay = [&[82, 25, 5, 4, 10, 0, 0, 1][..], &radius].concat();
    let frame = packet(&[&[53, 1, 1], &relay[..], &[255]].concat(), 0);
    let lines = json(pcap(101, &[whole(&frame)]).path());
    let expect = serde_json::json!([
        {"code": 5, "name": "link-selection", "value": "10.0.0.1"},
        {"code": 7, "name": "radius-attributes", "value": [
            {"code": 26, "name": "vendor-specific", "value": {"code": 3561, "name": "enterprise", "value": "0x010307"}},
            {"code": 1, "name": "user-name", "value": "me"},
            {"code": 27, "name": "session-timeout", "error":
                "option 82 (relay-agent-information), sub-option 7: expected 4 bytes, found 2"},
        ]},
    ]);
    assert_eq!(lines[0]["options"][1]["value"], expect);
}

#[test]
fn split_and_overloaded_options_are_entries_of_their_own() {
    let mut frame = packet(&[53, 1, 1, 52, 1, 2, 119, 3, 3, b'e', b'n', 0, 119, 2, b'g', 0, 1, 2, 9, 9, 255], 0);
    // `sname` holds a host name.
    frame[28 + 44..28 + 49].copy_from_slice(&[12, 2, b'h', b'i', 255]);
    let lines = json(pcap(101, &[whole(&frame)]).path());
    let options = lines[0]["options"].as_array().unwrap();
    let codes: Vec<u64> = options.iter().map(|option| option["code"].as_u64().unwrap()).collect();
    assert_eq!(codes, [53, 52, 119, 119, 1, 12]);
    assert_eq!(options[2]["value"], serde_json::json!(["eng"]));
    assert_eq!(options[3]["raw"], "6700");
    assert_eq!(options[4]["error"], "option 1 (subnet-mask): expected 4 bytes, found 2");
    assert_eq!((&options[5]["field"], &options[5]["value"]), (&"sname".into(), &"hi".into()));
}

/// The fragments of a packet: each with so many bytes, a multiple of 8.
fn fragments(packet: &[u8], bytes: usize) -> Vec<Vec<u8>> {
    let (header, data) = packet.split_at(20);
    let pieces = data.chunks(bytes).enumerate().map(|(index, piece)| {
        let more = (index + 1) * bytes < data.len();
        let mut fragment = [header, piece].concat();
        let len = u16::try_from(fragment.len()).unwrap();
        fragment[2..4].copy_from_slice(&len.to_be_bytes());
        let place = u16::try_from(index * bytes / 8).unwrap() | if more { 0x2000 } else { 0 };
        fragment[6..8].copy_from_slice(&place.to_be_bytes());
        fragment
    });
    pieces.collect()
}

#[test]
fn fragments_are_put_together() {
    let filler = [[43, 255].as_slice(), &[0x20; 255]].concat();
    let message = packet(&[&[53, 1, 1], &filler[..], &filler[..], &[255]].concat(), 0);
    let pieces = fragments(&message, 200);
    let [first, second, third, fourth] = pieces.as_slice() else { panic!("{}", pieces.len()) };
    // Another host's datagram with the same identification, and one of other ports.
    let mut other = fragments(&message, 512);
    other.iter_mut().for_each(|piece| piece[12..16].copy_from_slice(&[10, 0, 0, 9]));
    let mut foreign = fragments(&message, 512);
    foreign.iter_mut().for_each(|piece| piece[4] = 1);
    foreign[0][20..24].copy_from_slice(&[0, 53, 0, 54]);
    // The link may pad a short frame.
    let padded = [&fourth[..], &[0; 30]].concat();
    let frames = [
        whole(&padded),
        whole(&other[0]),
        whole(&foreign[0]),
        whole(third),
        whole(first),
        whole(&foreign[1]),
        whole(second),
        whole(&other[1]),
        whole(first),
        (&third[..100], third.len()),
        whole(fourth),
        whole(second),
    ];
    let lines = json(pcap(101, &frames).path());
    let seen: Vec<_> = lines
        .iter()
        .map(|line| (line["frame"].as_u64().unwrap(), line["src"].as_str().unwrap(), line["error"].as_str()))
        .collect();
    let cut = "the message is cut off: 472 of 758 bytes were captured";
    assert_eq!(seen, [(7, "0.0.0.0:68", None), (8, "10.0.0.9:68", None), (12, "0.0.0.0:68", Some(cut))]);
    for line in &lines[..2] {
        let codes: Vec<_> = line["options"].as_array().unwrap().iter().map(|option| &option["code"]).collect();
        assert_eq!(codes, [53, 43, 43]);
    }
}

#[test]
fn what_cannot_be_read_is_told_with_its_frame() {
    let good = packet(&DISCOVER, 0);
    let fragment = packet(&DISCOVER, 0x2000);
    let frames = [
        whole(&good),
        (&good[..24], good.len()),
        (&good[..100], good.len()),
        whole(&fragment),
        whole(&good),
        whole(&[0x60; 60]),
    ];
    let file = pcap(101, &frames);
    let errors: Vec<(u64, Option<String>)> = json(file.path())
        .iter()
        .map(|line| (line["frame"].as_u64().unwrap(), line["error"].as_str().map(str::to_owned)))
        .collect();
    let expect = [
        (1, None),
        (2, Some("the frame is cut off inside its UDP header: 24 of 272 bytes were captured")),
        (3, Some("the message is cut off: 72 of 244 bytes were captured")),
        (5, None),
        // What has no end is told when the file has one.
        (4, Some("fragments of the IP datagram 9 from 0.0.0.0 are missing, from its byte 252 on")),
    ];
    assert_eq!(errors, expect.map(|(frame, error)| (frame, error.map(str::to_owned))));
    let (status, out, err) = dump(file.path(), &[]);
    assert_eq!(status, 0);
    assert_eq!(out.lines().filter(|line| line.starts_with('#')).count(), 2);
    assert_eq!(err.lines().count(), 3);
    assert!(err.starts_with("frame 2: the frame is cut off"), "{err}");
}

/// A block of a pcapng file.
fn block(kind: u32, body: &[&[u8]]) -> Vec<u8> {
    let body = body.concat();
    let padding = vec![0; body.len().next_multiple_of(4) - body.len()];
    let len = u32::try_from(12 + body.len() + padding.len()).unwrap().to_le_bytes();
    [&kind.to_le_bytes()[..], &len, &body, &padding, &len].concat()
}

const SECTION: [u8; 16] = [0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255];

/// Two interfaces with link layers and clocks of their own, each kind of block that holds a packet, blocks that hold
/// none, and a second section that starts anew.
#[test]
fn pcapng() {
    let message = packet(&DISCOVER, 0);
    let ethernet = [&ETHERNET[..], &[8, 0], &message].concat();
    let word = |word: usize| u32::try_from(word).unwrap().to_le_bytes();
    let interface = |link_type: u8, options: &[u8]| block(1, &[&[link_type, 0, 0, 0, 0, 0, 0, 0], options]);
    let enhanced = |interface: usize, ticks: u64, frame: &[u8], original: usize| {
        let (high, low) = ((ticks >> 32) as u32, ticks as u32);
        let ticks = [high.to_le_bytes(), low.to_le_bytes()].concat();
        block(6, &[&word(interface), &ticks, &word(frame.len()), &word(original), frame])
    };
    let seconds = 1_700_000_000;
    let file = [
        block(0x0a0d_0d0a, &[&SECTION]),
        // Ethernet in microseconds; raw IP in units of 2^-10 s, and 60 s behind.
        interface(1, &[]),
        interface(101, &[9, 0, 1, 0, 0x8a, 0, 0, 0, 14, 0, 8, 0, 60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
        block(4, &[&[0; 4]]),
        enhanced(0, seconds * 1_000_000 + 1, &ethernet, ethernet.len()),
        enhanced(1, seconds * 1024 + 512, &message, message.len()),
        block(0x0bad, &[b"unknown"]),
        block(3, &[&word(ethernet.len()), &ethernet]),
        enhanced(1, seconds * 1024, &message[..100], message.len()),
        block(0x0a0d_0d0a, &[&SECTION]),
        interface(101, &[9, 0, 1, 0, 9, 0, 0, 0]),
        enhanced(0, seconds * 1_000_000_000 + 7, &message, message.len()),
    ];
    let mut capture = tempfile::NamedTempFile::new().unwrap();
    capture.write_all(&file.concat()).unwrap();
    let lines = json(capture.path());
    let seen: Vec<_> = lines
        .iter()
        .map(|line| (line["frame"].as_u64().unwrap(), line["time"].as_str(), line["error"].as_str()))
        .collect();
    let cut = "the message is cut off: 72 of 244 bytes were captured";
    let expect = [
        (1, Some("2023-11-14T22:13:20.000001Z"), None),
        (2, Some("2023-11-14T22:14:20.5Z"), None),
        (3, None, None),
        (4, Some("2023-11-14T22:14:20Z"), Some(cut)),
        (5, Some("2023-11-14T22:13:20.000000007Z"), None),
    ];
    assert_eq!(seen, expect);

    // The file ends inside the last block, and with a packet of an interface that nobody described.
    let mut whole = file.concat();
    whole.truncate(whole.len() - 9);
    let mut capture = tempfile::NamedTempFile::new().unwrap();
    capture.write_all(&whole).unwrap();
    let (status, _, err) = dump(capture.path(), &[]);
    assert_eq!(status, 1);
    assert!(err.ends_with("the file ends in the middle of what follows frame 4\n"), "{err}");
    let mut capture = tempfile::NamedTempFile::new().unwrap();
    let stray = enhanced(0, 0, &message, message.len());
    capture.write_all(&[block(0x0a0d_0d0a, &[&SECTION]), stray].concat()).unwrap();
    let (status, out, err) = dump(capture.path(), &[]);
    assert_eq!((status, out.as_str()), (1, ""));
    assert!(
        err.ends_with("what follows frame 0 is damaged: a packet of an interface that is not described\n"),
        "{err}"
    );
}

/// A section in the other byte order, from a machine that has it.
#[test]
fn pcapng_in_big_endian() {
    let message = packet(&DISCOVER, 0);
    let block = |kind: u32, body: &[u32], data: &[u8]| {
        let body = [body.iter().flat_map(|word| word.to_be_bytes()).collect(), data.to_vec()].concat();
        let len = u32::try_from(12 + body.len()).unwrap().to_be_bytes();
        [&kind.to_be_bytes()[..], &len, &body, &len].concat()
    };
    let len = u32::try_from(message.len()).unwrap();
    let ticks = 1_700_000_000_u64 * 1_000_000;
    let file = [
        block(0x0a0d_0d0a, &[0x1a2b_3c4d, 0x0001_0000, u32::MAX, u32::MAX], &[]),
        block(1, &[101 << 16, 0], &[]),
        block(6, &[0, (ticks >> 32) as u32, ticks as u32, len, len], &message),
    ];
    let mut capture = tempfile::NamedTempFile::new().unwrap();
    capture.write_all(&file.concat()).unwrap();
    let lines = json(capture.path());
    assert_eq!(
        (lines.len(), &lines[0]["time"], &lines[0]["type"]),
        (1, &"2023-11-14T22:13:20Z".into(), &"DISCOVER".into())
    );
}

#[test]
fn a_file_that_is_no_capture_or_ends_early_is_one_sentence() {
    let (status, out, err) = dump(&testdata("pcap/ORIGIN.md"), &[]);
    assert_eq!((status, out.as_str()), (1, ""));
    assert!(err.ends_with("ORIGIN.md: neither a pcap nor a pcapng file\n"), "{err}");
    let (status, out, err) = dump(Path::new("/nowhere.pcap"), &["--json"]);
    assert_eq!((status, out.as_str()), (1, ""));
    assert_eq!(err.lines().count(), 1, "{err}");

    let good = packet(&DISCOVER, 0);
    let whole = std::fs::read(pcap(101, &[whole(&good), whole(&good)]).path()).unwrap();
    let mut cut = tempfile::NamedTempFile::new().unwrap();
    cut.write_all(&whole[..whole.len() - 5]).unwrap();
    let (status, out, err) = dump(cut.path(), &[]);
    assert_eq!((status, out.lines().count()), (1, 2));
    assert!(err.ends_with("the file ends in the middle of what follows frame 1\n"), "{err}");
}
