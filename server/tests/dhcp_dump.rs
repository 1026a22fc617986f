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

#[test]
fn what_cannot_be_read_is_told_with_its_frame() {
    let good = packet(&DISCOVER, 0);
    let fragments = [packet(&DISCOVER, 0x2000), packet(&DISCOVER, 4)];
    let frames = [
        whole(&good),
        (&good[..24], good.len()),
        (&good[..100], good.len()),
        whole(&fragments[0]),
        whole(&fragments[1]),
        whole(&[0x60; 60]),
        whole(&good),
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
        (4, Some("IP fragment of the datagram 9 from 0.0.0.0, at byte 0: fragments are not put together")),
        (5, Some("IP fragment of the datagram 9 from 0.0.0.0, at byte 32: fragments are not put together")),
        (7, None),
    ];
    assert_eq!(errors, expect.map(|(frame, error)| (frame, error.map(str::to_owned))));
    let (status, out, err) = dump(file.path(), &[]);
    assert_eq!(status, 0);
    assert_eq!(out.lines().filter(|line| line.starts_with('#')).count(), 2);
    assert_eq!(err.lines().count(), 4);
    assert!(err.starts_with("frame 2: the frame is cut off"), "{err}");
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
