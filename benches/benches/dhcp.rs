//! Parsing and walking the DISCOVER of a real PXE ROM, beside `dhcproto`.

use std::{fs, hint::black_box, path::PathBuf};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use dhcproto::{Decodable, v4};
use firstlight_dhcp::{EmitPolicy, Message, MessageRef, MessageType};
use pcap_file::pcap::PcapReader;

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

fn parse(c: &mut Criterion) {
    let bytes = discover();
    let mut group = c.benchmark_group("dhcp/parse");
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    group.bench_function("firstlight, borrowed, every option", |b| {
        b.iter(|| {
            let view = MessageRef::parse(black_box(&bytes)).expect("it is a message");
            let size: usize = view.options().map(|(code, value)| usize::from(code.0) + value.len()).sum();
            black_box((view.xid(), view.message_type(), size))
        });
    });
    group.bench_function("firstlight, owned", |b| {
        b.iter(|| black_box(Message::from(&MessageRef::parse(black_box(&bytes)).expect("it is a message"))));
    });
    group.bench_function("dhcproto, owned, every option", |b| {
        b.iter(|| {
            let message = v4::Message::from_bytes(black_box(&bytes)).expect("it is a message");
            let size: usize = message.opts().iter().map(|(code, _)| usize::from(u8::from(*code))).sum();
            black_box((message.xid(), message.opts().msg_type(), size))
        });
    });
    group.finish();
}

fn emit(c: &mut Criterion) {
    use dhcproto::{Encodable, Encoder};

    let bytes = discover();
    let ours = Message::from(&MessageRef::parse(&bytes).expect("it is a message"));
    let theirs = v4::Message::from_bytes(&bytes).expect("it is a message");
    let mut group = c.benchmark_group("dhcp/emit");
    let mut buffer = Vec::with_capacity(2048);
    group.bench_function("firstlight", |b| {
        b.iter(|| {
            buffer.clear();
            black_box(&ours).emit(&EmitPolicy::default(), &mut buffer).expect("it fits");
            black_box(buffer.len())
        });
    });
    let mut buffer = Vec::with_capacity(2048);
    group.bench_function("dhcproto", |b| {
        b.iter(|| {
            buffer.clear();
            black_box(&theirs).encode(&mut Encoder::new(&mut buffer)).expect("it fits");
            black_box(buffer.len())
        });
    });
    group.finish();
}

criterion_group!(benches, parse, emit);
criterion_main!(benches);
