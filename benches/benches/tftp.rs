//! TFTP in memory: what the two machines and the parser cost without a network.

use std::hint::black_box;
use std::time::Instant;

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use firstlight_tftp::{Limits, Mode, Negotiated, OptionsBuf, Outcome, Packet, Timing, Transfer, negotiate};

const FILE: usize = 16 << 20;

/// Sends the whole file to a peer that acknowledges each window; returns the bytes that were handed out.
fn transfer(now: Instant, file: &Bytes, window: &str, buf: &mut Vec<u8>) -> u64 {
    let mut asked = OptionsBuf::new();
    asked.push(b"blksize", b"1468").expect("no NUL");
    asked.push(b"windowsize", window.as_bytes()).expect("no NUL");
    let agreed = negotiate(asked.as_options(), &Limits::default(), Some(file.len() as u64));
    let size = Some(file.len() as u64);
    let mut machine = Transfer::serve_read(now, &agreed, Mode::Octet, size, Timing::default());
    let mut last = 0;
    loop {
        while let Some(range) = machine.poll_want() {
            let (begin, end) = (range.start as usize, range.end as usize);
            machine.handle_data(file.slice(begin..end));
        }
        while let Some(segment) = machine.poll_transmit(buf) {
            let datagram = buf.chunks(segment).next_back().unwrap_or_default();
            if let Ok(Packet::Data { block, .. }) = Packet::parse(datagram) {
                last = block;
            }
        }
        if let Some(Outcome::Complete { bytes, .. }) = machine.outcome() {
            return bytes;
        }
        machine.handle(now, &Packet::Ack { block: last });
    }
}

fn sender(criterion: &mut Criterion) {
    let file = Bytes::from(vec![0x5A; FILE]);
    let now = Instant::now();
    let mut buf = Vec::new();
    let mut group = criterion.benchmark_group("tftp/sender");
    group.throughput(Throughput::Bytes(FILE as u64));
    for window in ["1", "16"] {
        group.bench_function(format!("window_{window}"), |bencher| {
            bencher.iter(|| {
                assert_eq!(transfer(now, &file, window, &mut buf), FILE as u64);
            });
        });
    }
    group.finish();
}

/// Receives the whole file, already cut into blocks; returns the bytes that were taken.
fn receive(now: Instant, block: &[u8], window: u16, buf: &mut Vec<u8>) -> usize {
    let agreed = Negotiated { block_size: 1468, window_size: window, ..Negotiated::default() };
    let mut machine = Transfer::serve_write(now, &agreed, Mode::Octet, Timing::default());
    let mut taken = 0;
    for number in 1..=(FILE / block.len()) as u64 {
        machine.handle(now, &Packet::Data { block: (number & 0xFFFF) as u16, data: block });
        taken += machine.poll_data().map_or(0, |bytes| bytes.len());
        while machine.poll_transmit(buf).is_some() {}
    }
    taken
}

fn receiver(criterion: &mut Criterion) {
    let block = vec![0x5A; 1468];
    let now = Instant::now();
    let mut buf = Vec::new();
    let whole = FILE / block.len() * block.len();
    let mut group = criterion.benchmark_group("tftp/receiver");
    group.throughput(Throughput::Bytes(whole as u64));
    for window in [1, 16] {
        group.bench_function(format!("window_{window}"), |bencher| {
            bencher.iter(|| assert_eq!(receive(now, &block, window, &mut buf), whole));
        });
    }
    group.finish();
}

fn parse(criterion: &mut Criterion) {
    let packets: [(&str, &[u8]); 3] = [
        ("rrq", b"\0\x01grubx64.efi\0octet\0tsize\x000\0blksize\x001468\0windowsize\x004\0"),
        ("ack", b"\0\x04\x12\x34"),
        ("error", b"\0\x05\0\x08User aborted the transfer\0"),
    ];
    let mut group = criterion.benchmark_group("tftp/parse");
    for (name, packet) in packets {
        group.bench_function(name, |bencher| bencher.iter(|| Packet::parse(black_box(packet)).is_ok()));
    }
    let request = packets[0].1;
    group.bench_function("rrq_negotiated", |bencher| {
        bencher.iter(|| match Packet::parse(black_box(request)) {
            Ok(Packet::Rrq(request)) => negotiate(request.options, &Limits::default(), Some(1 << 20)).block_size,
            _ => 0,
        });
    });
    group.finish();
}

criterion_group!(benches, sender, receiver, parse);
criterion_main!(benches);
