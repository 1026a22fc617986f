//! What a decision costs with a thousand leases and with a million: a renewal of a client at random, a DISCOVER and its
//! REQUEST from a new client, and the same when the pool is all but full.

#![expect(clippy::unwrap_used, reason = "a step that fails is a benchmark that fails")]

use std::{
    hint::black_box,
    net::Ipv4Addr,
    time::{Duration, Instant},
};

use criterion::{BatchSize, BenchmarkId, Criterion, criterion_group, criterion_main};
use firstlight_dhcp::{
    EmitPolicy, HardwareAddress, Message, MessageRef, MessageType, OptionCode,
    server::{ClientId, Config, HostName, Lease, LeaseState, Receipt, Server, Subnet, Timestamp},
};

const SERVER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
const FIRST: u32 = 0x0a00_0100;
const NOW: Timestamp = Timestamp(1_000_000);

fn client(number: u32) -> HardwareAddress {
    let [a, b, c, d] = number.to_be_bytes();
    HardwareAddress::ethernet([2, 0, a, b, c, d])
}

/// A server with so many leases in a pool of so many addresses.
fn server(leases: u32, pool: u32) -> Server {
    let mut subnet = Subnet::new(Ipv4Addr::new(10, 0, 0, 0), 8);
    subnet.pools = vec![Ipv4Addr::from_bits(FIRST)..=Ipv4Addr::from_bits(FIRST + pool - 1)];
    subnet.routers = vec![SERVER];
    subnet.dns_servers = vec![SERVER];
    let mut config = Config::new(SERVER, vec![subnet]);
    config.limits.max_offers = None;
    let mut server = Server::new(config).unwrap();
    server.restore((0..leases).map(|number| Lease {
        address: Ipv4Addr::from_bits(FIRST + number),
        hardware_address: client(number),
        client_id: Some(ClientId::new(&[&[1], client(number).as_bytes()].concat())),
        hostname: Some(HostName::new(&format!("host-{number}"))),
        state: LeaseState::Bound,
        since: NOW,
        // As if they had come in over an hour.
        expires: NOW.after(3600 + number % 3600),
    }));
    server
}

fn datagram(kind: MessageType, number: u32, address: Option<Ipv4Addr>) -> Vec<u8> {
    let mut message = Message::request(client(number), number);
    message.push(OptionCode::MESSAGE_TYPE, &[kind.0]);
    message.push(OptionCode::CLIENT_IDENTIFIER, &[&[1], client(number).as_bytes()].concat());
    message.push(OptionCode::HOST_NAME, format!("host-{number}").as_bytes());
    message.push(OptionCode::PARAMETER_REQUEST_LIST, &[1, 3, 6, 15, 26, 28, 42, 51, 54, 58, 59]);
    match (kind, address) {
        // In SELECTING the address is option 50, in RENEWING it is ciaddr.
        (MessageType::REQUEST, Some(address)) if number >= RENEWERS => {
            message.push(OptionCode::SERVER_IDENTIFIER, &SERVER.octets());
            message.push(OptionCode::REQUESTED_ADDRESS, &address.octets());
        }
        (_, address) => message.ciaddr = address.unwrap_or(Ipv4Addr::UNSPECIFIED),
    }
    let mut bytes = Vec::new();
    message.emit(&EmitPolicy::default(), &mut bytes).unwrap();
    bytes
}

/// Clients from here on are new.
const RENEWERS: u32 = 100_000_000;

fn decide(server: &mut Server, bytes: &[u8]) -> Option<Ipv4Addr> {
    let from = Receipt::new("0.0.0.0:68".parse().unwrap(), SERVER).with_destination(SERVER);
    let decision = server.handle(NOW, &MessageRef::parse(bytes).unwrap(), from);
    decision.committed().ok()?.address
}

/// A number below `bound`, the next of a fixed sequence (xorshift).
fn draw(state: &mut u64, bound: u32) -> u32 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    (*state % u64::from(bound)) as u32
}

fn renewal(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("renewal");
    for leases in [1_000, 1_000_000] {
        let mut server = server(leases, leases * 2);
        let mut state = 0x9e37_79b9_7f4a_7c15;
        group.bench_function(BenchmarkId::from_parameter(leases), |bench| {
            bench.iter_batched(
                || {
                    let number = draw(&mut state, leases);
                    datagram(MessageType::REQUEST, number, Some(Ipv4Addr::from_bits(FIRST + number)))
                },
                |bytes| assert!(black_box(decide(&mut server, &bytes)).is_some()),
                BatchSize::SmallInput,
            );
        });
    }
}

/// A DISCOVER and the REQUEST that follows, with most of the pool unused. When there are twice as many leases as in the
/// beginning, the server is set back, outside of the time.
fn new_client(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("new client");
    for leases in [1_000, 1_000_000] {
        let fresh = server(leases, leases * 3);
        let (mut server, mut added) = (fresh.clone(), 0);
        group.bench_function(BenchmarkId::from_parameter(leases), |bench| {
            bench.iter_custom(|rounds| {
                (0..rounds).fold(Duration::ZERO, |taken, _| {
                    if added == leases {
                        (server, added) = (fresh.clone(), 0);
                    }
                    added += 1;
                    taken + exchange(&mut server, RENEWERS + added).1
                })
            });
        });
    }
}

/// The same where one address of a thousand is free. Before each of them, outside of the time, a client at random gives
/// its address back.
fn new_client_in_a_full_pool(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("new client, pool 99.9 % full");
    for leases in [1_000, 1_000_000] {
        let mut server = server(leases, leases + leases / 1000);
        let mut holders: Vec<(u32, u32)> = (0..leases).map(|number| (number, FIRST + number)).collect();
        let (mut state, mut next) = (0x9e37_79b9_7f4a_7c15, RENEWERS);
        group.bench_function(BenchmarkId::from_parameter(leases), |bench| {
            bench.iter_custom(|rounds| {
                (0..rounds).fold(Duration::ZERO, |taken, _| {
                    let holder = &mut holders[draw(&mut state, leases) as usize];
                    let release = datagram(MessageType::RELEASE, holder.0, Some(Ipv4Addr::from_bits(holder.1)));
                    decide(&mut server, &release);
                    next += 1;
                    let (address, time) = exchange(&mut server, next);
                    *holder = (next, address.to_bits());
                    taken + time
                })
            });
        });
    }
}

fn exchange(server: &mut Server, number: u32) -> (Ipv4Addr, Duration) {
    let discover = datagram(MessageType::DISCOVER, number, None);
    let begun = Instant::now();
    let offered = decide(server, &discover).unwrap();
    let first = begun.elapsed();
    let request = datagram(MessageType::REQUEST, number, Some(offered));
    let begun = Instant::now();
    assert_eq!(decide(server, &request), Some(offered));
    (offered, first + begun.elapsed())
}

criterion_group!(benches, renewal, new_client, new_client_in_a_full_pool);
criterion_main!(benches);
