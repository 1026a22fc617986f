//! Reading and writing the DISCOVER of a real PXE ROM, beside `dhcparse`, `dhcproto`, `dhcp4r` and `smoltcp`.
//!
//! Each group is one task. Not every crate does the whole of it, and the name of a row says so: `smoltcp` reads the
//! options that a client needs, `dhcp4r` has types for nine options, `dhcparse` for 36.

use std::{fs, hint::black_box, path::PathBuf};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use dhcparse::dhcpv4::Encode as _;
use dhcproto::{Decodable, Encodable, v4};
use firstlight_dhcp::{EmitPolicy, Message, MessageRef, MessageType, OptionValue};
use pcap_file::pcap::PcapReader;
use smoltcp::wire::{DhcpPacket, DhcpRepr};

/// The first DISCOVER of a capture, without the headers around it.
fn discover() -> Vec<u8> {
    let path = "../testdata/pcap/a1_seabios_virtio_ipxerom_httpscript.pcap";
    let capture = fs::read(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)).expect("the capture is in testdata");
    let mut reader = PcapReader::new(capture.as_slice()).expect("it is a capture");
    while let Some(packet) = reader.next_raw_packet() {
        let packet = packet.expect("it is whole");
        // Ethernet, IPv4 without options, UDP.
        let message = packet.data.get(42..).unwrap_or_default();
        if MessageRef::parse(message).is_ok_and(|view| view.message_type() == Some(MessageType::DISCOVER)) {
            return message.to_vec();
        }
    }
    unreachable!("the capture begins with a DISCOVER")
}

fn walk(c: &mut Criterion) {
    let bytes = discover();
    let mut group = c.benchmark_group("dhcp/walk every option by type");
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    group.bench_function("firstlight, borrowed", |b| {
        b.iter(|| {
            let view = MessageRef::parse(black_box(&bytes)).expect("it is a message");
            for (code, value) in view.options() {
                black_box(OptionValue::parse(code, value).expect("it has its format"));
            }
            view.xid()
        });
    });
    group.bench_function("dhcparse, borrowed", |b| {
        b.iter(|| {
            let message = dhcparse::dhcpv4::Message::new(black_box(&bytes)).expect("it is a message");
            for option in message.options().expect("it has options") {
                black_box(option.expect("it has its format"));
            }
            message.xid()
        });
    });
    group.bench_function("smoltcp, borrowed, a client's options", |b| {
        b.iter(|| {
            let packet = DhcpPacket::new_checked(black_box(bytes.as_slice())).expect("it is a message");
            black_box(DhcpRepr::parse(&packet).expect("it has its format"));
            packet.transaction_id()
        });
    });
    group.bench_function("dhcproto, owned", |b| {
        b.iter(|| {
            let message = v4::Message::from_bytes(black_box(&bytes)).expect("it is a message");
            for option in message.opts().iter() {
                black_box(option);
            }
            message.xid()
        });
    });
    group.bench_function("dhcp4r, owned", |b| {
        b.iter(|| {
            let packet = dhcp4r::packet::Packet::from(black_box(&bytes)).ok().expect("it is a message");
            for option in &packet.options {
                black_box(option);
            }
            packet.xid
        });
    });
    group.finish();
}

fn own(c: &mut Criterion) {
    let bytes = discover();
    let mut group = c.benchmark_group("dhcp/parse into an owned message");
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    group.bench_function("firstlight", |b| {
        b.iter(|| Message::try_from(black_box(bytes.as_slice())).expect("it is a message"));
    });
    group.bench_function("dhcproto", |b| {
        b.iter(|| v4::Message::from_bytes(black_box(&bytes)).expect("it is a message"));
    });
    group.bench_function("dhcp4r", |b| {
        b.iter(|| dhcp4r::packet::Packet::from(black_box(&bytes)).ok().expect("it is a message"));
    });
    group.finish();
}

fn emit(c: &mut Criterion) {
    let bytes = discover();
    let mut group = c.benchmark_group("dhcp/encode into a buffer");
    let ours = Message::try_from(bytes.as_slice()).expect("it is a message");
    let mut buffer = [0; 1472];
    group.bench_function("firstlight", |b| {
        b.iter(|| black_box(&ours).emit_into(&EmitPolicy::default(), black_box(&mut buffer)).expect("it fits"));
    });
    let theirs = dhcparse::dhcpv4::Message::new(bytes.as_slice()).expect("it is a message");
    group.bench_function("dhcparse, a copy of the bytes", |b| {
        b.iter(|| {
            let encoded = dhcparse::dhcpv4::Encoder.encode(black_box(&theirs), black_box(&mut buffer));
            encoded.expect("it fits").xid()
        });
    });
    let theirs = v4::Message::from_bytes(&bytes).expect("it is a message");
    let mut vec = Vec::with_capacity(2048);
    group.bench_function("dhcproto", |b| {
        b.iter(|| {
            vec.clear();
            black_box(&theirs).encode(&mut dhcproto::Encoder::new(&mut vec)).expect("it fits");
            black_box(&vec).len()
        });
    });
    let theirs = dhcp4r::packet::Packet::from(&bytes).ok().expect("it is a message");
    group.bench_function("dhcp4r", |b| {
        b.iter(|| black_box(&theirs).encode(black_box(&mut buffer)).len());
    });
    let packet = DhcpPacket::new_checked(bytes.as_slice()).expect("it is a message");
    let theirs = DhcpRepr::parse(&packet).expect("it has its format");
    group.bench_function("smoltcp, a client's options", |b| {
        b.iter(|| {
            let mut packet = DhcpPacket::new_unchecked(black_box(buffer.as_mut_slice()));
            black_box(&theirs).emit(&mut packet).expect("it fits");
        });
    });
    group.finish();
}

criterion_group!(benches, walk, own, emit);
criterion_main!(benches);
