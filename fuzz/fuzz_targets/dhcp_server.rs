//! A sequence of messages and pauses against one server: whatever the clients do, no address has two holders, and no
//! reply leaves without its lease among the changes.
//!
//! The input is a list of records: a byte that says what happens, and what that needs.
#![no_main]

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddrV4},
};

use firstlight_dhcp::{
    EmitPolicy, HardwareAddress, Message, MessageRef, MessageType, OptionCode,
    server::{
        Bootp, Config, Decision, Lease, LeaseChange, LeaseState, ProbeAnswer, Probing, Receipt, Reservation, Selector,
        Server, Silence, Subnet, Timestamp,
    },
};
use libfuzzer_sys::fuzz_target;

const SERVER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);

fn address(byte: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, byte >> 7, 0, 8 + byte % 16)
}

fn server(is_probing: bool) -> Server {
    let mut near = Subnet::new(Ipv4Addr::new(10, 0, 0, 0), 24);
    near.pools = vec![address(0)..=address(5), address(8)..=address(9)];
    near.routers = vec![address(3)];
    near.lease_time = 60;
    near.exclusions = vec![address(1)..=address(1)];
    near.requested_lease_time = Some(20..=90);
    near.rapid_commit = true;
    near.reservations = vec![
        Reservation::new(HardwareAddress::ethernet([2, 0, 0, 0, 0, 1]), address(2)),
        Reservation::new(HardwareAddress::ethernet([2, 0, 0, 0, 0, 2]), address(12)),
        Reservation::new(Selector::CircuitId(b"p".to_vec()), address(13)),
    ];
    let mut far = Subnet::new(Ipv4Addr::new(10, 1, 0, 0), 24);
    far.pools = vec![address(128)..=address(131)];
    far.lease_time = 60;
    far.bootp = Bootp::Dynamic;
    let mut config = Config::new(SERVER, vec![near, far]);
    let limits = &mut config.limits;
    (limits.offer_hold, limits.quarantine, limits.max_offers) = (10, 90, Some(6));
    (limits.max_offers_per_relay, limits.max_declines) = (Some(2), 2);
    let mut probing = Probing::default();
    (probing.max_pending, probing.fresh, probing.attempts) = (2, 30, 3);
    config.probing = is_probing.then_some(probing);
    Server::new(config).expect("it can be served")
}

/// The next record as a datagram: mostly sane, with the rest of the input as options now and then.
fn datagram(input: &mut &[u8]) -> Option<Vec<u8>> {
    let (&[kind, client, fields, requested, ciaddr, extra], rest) = input.split_first_chunk()?;
    *input = rest;
    let mut message = Message::request(HardwareAddress::ethernet([2, 0, 0, 0, 0, client % 8]), 1);
    if kind % 16 != 0 {
        message.push(OptionCode::MESSAGE_TYPE, &[kind % 16]);
    }
    if kind & 16 != 0 {
        message.push(OptionCode::RELAY_AGENT_INFORMATION, &[1, 1, b'p', 5, 4, 10, kind >> 7, 0, 0]);
    }
    if kind & 32 != 0 {
        message.push(OptionCode::RAPID_COMMIT, &[]);
    }
    message.set_broadcast(fields & 1 != 0);
    if fields & 2 != 0 {
        message.push(OptionCode::REQUESTED_ADDRESS, &address(requested).octets());
    }
    if fields & 4 != 0 {
        message.ciaddr = address(ciaddr);
    }
    if fields & 8 != 0 {
        let id = if fields & 16 != 0 { SERVER } else { address(extra) };
        message.push(OptionCode::SERVER_IDENTIFIER, &id.octets());
    }
    if fields & 32 != 0 {
        message.giaddr = Ipv4Addr::new(10, 1, 0, 1);
    }
    if fields & 64 != 0 {
        message.hardware_address = HardwareAddress::new(32, &[]).expect("no bytes are not too many");
        message.push(OptionCode::CLIENT_IDENTIFIER, &[client % 4]);
    }
    if fields & 128 != 0 {
        let (value, rest) = input.split_at(usize::from(extra).min(input.len()));
        *input = rest;
        message.push(OptionCode(requested), value);
    }
    let mut bytes = Vec::new();
    message.emit(&EmitPolicy::default(), &mut bytes).ok()?;
    Some(bytes)
}

fn commit(stored: &mut BTreeMap<Ipv4Addr, Lease>, changes: &[LeaseChange], now: Timestamp) {
    for LeaseChange { lease, .. } in changes {
        let identity = |lease: &Lease| {
            let hardware = lease.hardware_address;
            (hardware, if hardware.is_identifying() { None } else { lease.client_id.clone() })
        };
        if lease.state == LeaseState::Bound
            && let Some(before) = stored.get(&lease.address)
            && before.expires > now
        {
            assert_ne!(before.state, LeaseState::Declined, "a quarantined address was given out");
            if before.state == LeaseState::Bound {
                assert_eq!(identity(before), identity(lease), "an address has two holders");
            }
        }
        stored.insert(lease.address, lease.clone());
    }
}

/// What has been decided is stored, and a reply rests on what is stored.
fn settle(server: &Server, stored: &mut BTreeMap<Ipv4Addr, Lease>, decision: Decision, now: Timestamp) {
    commit(stored, decision.changes(), now);
    let probe = decision.probe();
    let outcome = decision.committed();
    assert_eq!(probe.is_some_and(|probe| probe.deadline > now), probe.is_some());
    let Ok(reply) = outcome else {
        assert!(probe.is_none() || outcome == Err(Silence::Probing));
        return;
    };
    assert!(probe.is_none(), "a reply that waits for a probe");
    let given = reply.message.yiaddr;
    if matches!(reply.message.message_type(), Some(MessageType::ACK) | None) && !given.is_unspecified() {
        let lease = &stored[&given];
        assert_eq!(lease.state, LeaseState::Bound);
        assert_eq!(lease.hardware_address, reply.message.hardware_address);
        assert!(lease.expires > now);
        assert!(server.leases().any(|known| known == lease));
    }
    let _ = reply.message.emit(&reply.policy, &mut Vec::new());
}

fuzz_target!(|input: &[u8]| {
    let Some((&mode, mut input)) = input.split_first() else { return };
    let is_probing = mode & 1 != 0;
    let (mut server, mut stored, mut now) = (server(is_probing), BTreeMap::new(), Timestamp(1000));
    while let Some((&action, rest)) = input.split_first() {
        input = rest;
        match action {
            0..32 => now = now.after(u32::from(action) * 3),
            32..48 => {
                commit(&mut stored, &server.handle_timeout(now), now);
                assert!(server.poll_timeout().is_none_or(|next| next > now));
            }
            48 => {
                server = self::server(is_probing);
                server.restore(stored.values().cloned());
                assert!(server.leases().eq(stored.values()));
            }
            49..52 => now = Timestamp(now.0.saturating_sub(u64::from(action) - 40)),
            52..84 => {
                let answer = if action & 1 == 0 { ProbeAnswer::InUse } else { ProbeAnswer::Silent };
                let decision = server.handle_probe(now, address((action >> 1) % 16 | (mode & 0x80)), answer);
                settle(&server, &mut stored, decision, now);
            }
            _ => {
                let Some(bytes) = datagram(&mut input) else { return };
                let request = MessageRef::parse(&bytes).expect("what is emitted is a message");
                let mut from = Receipt::new(SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 68), SERVER);
                from.destination = [None, Some(SERVER), Some(Ipv4Addr::BROADCAST)][usize::from(action % 3)];
                let decision = server.handle(now, &request, from);
                settle(&server, &mut stored, decision, now);
            }
        }
    }
    let counters = server.counters();
    assert!(counters.conflicts() <= counters.probes());
});
