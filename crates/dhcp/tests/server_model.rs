//! Random clients, some of them mad, against the rules that the server must keep whatever they do.

#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{Ipv4Addr, SocketAddrV4},
};

use firstlight_dhcp::{
    EmitPolicy, HardwareAddress, Message, MessageRef, MessageType, OptionCode,
    server::{
        ChangeCause, ClientId, Config, Decision, Lease, LeaseChange, LeaseState, ProbeAnswer, Probing, Receipt, Reply,
        Reservation, Selector, Server, Silence, Subnet, Timestamp,
    },
};
use proptest::{collection::vec, prelude::*};

const SERVER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
const LEASE: u32 = 100;
const HOLD: u32 = 20;
/// Seconds for which nothing takes an offer away, as the documentation of `Limits` says.
const GUARD: u32 = 10;
const FRESH: u32 = 30;
const MAX_DECLINES: usize = 2;
const PORT: &[u8] = b"port 7";
/// What everybody may have.
const POOL: [u8; 4] = [10, 11, 13, 21];

fn client(number: u8) -> HardwareAddress {
    HardwareAddress::ethernet([2, 0, 0, 0, 0, number])
}

fn address(last: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 0, 0, last)
}

/// Two small pools with the router inside one and an exclusion; .12 is reserved for client 1, .50 for client 2, .51 for
/// whoever is behind a port.
fn server(probing: bool) -> Server {
    let mut subnet = Subnet::new(address(0), 24);
    subnet.pools = vec![address(10)..=address(14), address(20)..=address(21)];
    subnet.exclusions = vec![address(14)..=address(14)];
    subnet.routers = vec![address(20)];
    subnet.lease_time = LEASE;
    subnet.rapid_commit = true;
    subnet.reservations = vec![
        Reservation::new(client(1), address(12)),
        Reservation::new(client(2), address(50)),
        Reservation::new(Selector::CircuitId(PORT.into()), address(51)),
    ];
    let mut config = Config::new(SERVER, vec![subnet]);
    let limits = &mut config.limits;
    (limits.offer_hold, limits.quarantine, limits.max_offers) = (HOLD, 150, Some(5));
    limits.max_declines = MAX_DECLINES as u32;
    let mut policy = Probing::default();
    (policy.max_pending, policy.fresh, policy.attempts) = (2, FRESH, 2);
    config.probing = probing.then_some(policy);
    Server::new(config).unwrap()
}

#[derive(Clone, Debug)]
enum Step {
    Send(Send),
    Probe { last: u8, in_use: bool },
    Wait(u16),
    ClockBack(u16),
    Wake,
    Restart,
}

#[derive(Clone, Debug)]
struct Send {
    client: u8,
    kind: u8,
    requested: Option<u8>,
    ciaddr: Option<u8>,
    server: Option<bool>,
    broadcast: bool,
    behind_port: bool,
    rapid: bool,
}

fn step() -> impl Strategy<Value = Step> {
    let last = || prop_oneof![10u8..15, 20u8..22, 50u8..52, Just(1)];
    let kind = prop_oneof![2 => Just(1u8), 3 => Just(3), 1 => Just(4), 1 => Just(7), 1 => 1u8..10];
    let server = prop::option::of(prop::bool::weighted(0.8));
    let flags = (any::<bool>(), prop::bool::weighted(0.2), prop::bool::weighted(0.1));
    let send = (1u8..8, kind, prop::option::of(last()), prop::option::of(last()), server, flags).prop_map(
        |(client, kind, requested, ciaddr, server, (broadcast, behind_port, rapid))| {
            Step::Send(Send { client, kind, requested, ciaddr, server, broadcast, behind_port, rapid })
        },
    );
    prop_oneof![
        24 => send,
        6 => (last(), prop::bool::weighted(0.3)).prop_map(|(last, in_use)| Step::Probe { last, in_use }),
        4 => (0u16..60).prop_map(Step::Wait),
        1 => (0u16..90).prop_map(Step::ClockBack),
        2 => Just(Step::Wake),
        1 => Just(Step::Restart),
    ]
}

struct Model {
    now: Timestamp,
    probing: bool,
    server: Server,
    /// Probes that the server was told about.
    answers: u64,
    stored: BTreeMap<Ipv4Addr, Lease>,
    /// Whose offer, since when, and whether it has left (or waits for its probe).
    offered: BTreeMap<Ipv4Addr, (HardwareAddress, Timestamp)>,
    found_free: BTreeMap<Ipv4Addr, Timestamp>,
    /// Who has been behind the port.
    behind_port: BTreeSet<HardwareAddress>,
}

fn parse_and_handle(server: &mut Server, now: Timestamp, message: &Message, broadcast: bool) -> Decision {
    let mut bytes = Vec::new();
    message.emit(&EmitPolicy::default(), &mut bytes).unwrap();
    let to = if broadcast { Ipv4Addr::BROADCAST } else { SERVER };
    let from = Receipt::new(SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 68), SERVER).with_destination(to);
    server.handle(now, &MessageRef::parse(&bytes).unwrap(), from)
}

impl Model {
    fn new(probing: bool) -> Self {
        Self {
            now: Timestamp(1000),
            probing,
            server: server(probing),
            answers: 0,
            stored: BTreeMap::new(),
            offered: BTreeMap::new(),
            found_free: BTreeMap::new(),
            behind_port: BTreeSet::new(),
        }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Wait(seconds) => self.now = self.now.after((*seconds).into()),
            Step::ClockBack(seconds) => {
                // What is over by now does not come back.
                self.step(&Step::Wake);
                self.offered.retain(|_, (_, since)| since.after(HOLD) > self.now);
                self.now = Timestamp(self.now.0 - u64::from(*seconds).min(self.now.0));
            }
            Step::Wake => {
                let changes = self.server.handle_timeout(self.now);
                self.commit(&changes);
                assert!(self.server.poll_timeout().is_none_or(|next| next > self.now));
            }
            Step::Restart => {
                self.server = server(self.probing);
                self.answers = 0;
                self.server.restore(self.stored.values().rev().cloned());
                self.offered.clear();
                self.found_free.clear();
                assert!(self.server.leases().eq(self.stored.values()));
            }
            Step::Send(send) => self.send(send),
            Step::Probe { last, in_use } => {
                let answer = if *in_use { ProbeAnswer::InUse } else { ProbeAnswer::Silent };
                self.answers += 1;
                let decision = self.server.handle_probe(self.now, address(*last), answer);
                let waited = self.offered.get(&address(*last)).copied();
                match decision.clone().committed() {
                    Err(Silence::NoProbe) => assert_eq!(decision.changes(), []),
                    _ if *in_use => _ = self.offered.remove(&address(*last)),
                    _ => _ = self.found_free.insert(address(*last), self.now),
                }
                if let Some((hardware, _)) = waited {
                    self.outcome(hardware, &decision);
                }
            }
        }
    }

    fn send(&mut self, send: &Send) {
        let hardware = client(send.client);
        let mut message = Message::request(hardware, 1);
        message.push(OptionCode::MESSAGE_TYPE, &[send.kind]);
        message.ciaddr = send.ciaddr.map_or(Ipv4Addr::UNSPECIFIED, address);
        if let Some(last) = send.requested {
            message.push(OptionCode::REQUESTED_ADDRESS, &address(last).octets());
        }
        if let Some(ours) = send.server {
            let id = if ours { SERVER } else { address(2) };
            message.push(OptionCode::SERVER_IDENTIFIER, &id.octets());
            if !ours && send.kind == MessageType::REQUEST.0 {
                self.offered.retain(|_, (owner, _)| *owner != hardware);
            }
        }
        if send.rapid {
            message.push(OptionCode::RAPID_COMMIT, &[]);
        }
        if send.behind_port {
            message.push(OptionCode::RELAY_AGENT_INFORMATION, &[&[1, PORT.len() as u8], PORT].concat());
            self.behind_port.insert(hardware);
        }
        let unprobed = self.server.counters().unprobed();
        let decision = parse_and_handle(&mut self.server, self.now, &message, send.broadcast);
        if send.kind == MessageType::DISCOVER.0 {
            if let Ok(reply) = decision.clone().committed()
                && self.server.counters().unprobed() == unprobed
            {
                self.needed_no_probe(hardware, reply.message.yiaddr);
            }
            // Whoever has a lease is always served.
            let bound = self.stored.values().any(|lease| self.is_bound(lease) && lease.hardware_address == hardware);
            let silence = decision.clone().committed().err();
            assert!(!bound || silence.is_none_or(|silence| silence == Silence::Probing), "{silence:?}");
        }
        self.outcome(hardware, &decision);
    }

    fn outcome(&mut self, hardware: HardwareAddress, decision: &Decision) {
        let declined = decision.changes().iter().any(|change| change.cause == ChangeCause::Declined);
        self.commit(decision.changes());
        if let Some(probe) = decision.probe() {
            assert!(self.probing && probe.deadline > self.now);
            assert_eq!(decision.clone().committed(), Err(Silence::Probing));
            self.offer(hardware, probe.address);
        } else if decision.clone().committed() == Err(Silence::Probing) {
            // A duplicate starts no other probe.
            let waiting = self.offered.values_mut().find(|(owner, _)| *owner == hardware);
            waiting.unwrap().1 = self.now;
        }
        let Ok(reply) = decision.clone().committed() else {
            if declined || decision.clone().committed() == Err(Silence::TooManyDeclines) {
                let gone = |lease: &Lease| lease.hardware_address == hardware && lease.since == self.now;
                let stored = &self.stored;
                self.offered.retain(|given, (owner, _)| *owner != hardware || !stored.get(given).is_some_and(gone));
            }
            return;
        };
        let given = reply.message.yiaddr;
        assert_eq!(reply.message.hardware_address, hardware);
        match reply.message.message_type() {
            Some(MessageType::OFFER) => {
                assert!(self.others_hold(given, hardware).is_none());
                self.offer(hardware, given);
                self.offer_is_honoured(&reply);
            }
            Some(MessageType::ACK) if !given.is_unspecified() => {
                let lease = &self.stored[&given];
                assert_eq!((lease.hardware_address, lease.state), (hardware, LeaseState::Bound));
                assert_eq!((lease.since, lease.expires), (self.now, self.now.after(LEASE)));
                self.offered.retain(|_, (owner, _)| *owner != hardware);
            }
            _ => assert!(given.is_unspecified()),
        }
    }

    /// One offer per client; nobody else's, unless that client has had its time.
    fn offer(&mut self, hardware: HardwareAddress, given: Ipv4Addr) {
        assert!(self.may_have(hardware, given), "{given} was offered to {hardware}");
        self.offered.retain(|_, (owner, _)| *owner != hardware);
        let before = self.offered.insert(given, (hardware, self.now));
        assert!(before.is_none_or(|(_, since)| since.after(GUARD) <= self.now), "{before:?}");
    }

    /// RFC 2131 §4.3.1: "the server SHOULD NOT reuse the selected network address before the client responds to the
    /// server's DHCPOFFER message" — so its answer is an ACK, up to the last second.
    fn offer_is_honoured(&self, offer: &Reply) {
        let given = offer.message.yiaddr;
        let mut request = Message::request(offer.message.hardware_address, 1);
        request.push(OptionCode::MESSAGE_TYPE, &[MessageType::REQUEST.0]);
        request.push(OptionCode::SERVER_IDENTIFIER, &SERVER.octets());
        request.push(OptionCode::REQUESTED_ADDRESS, &given.octets());
        let decision = parse_and_handle(&mut self.server.clone(), self.now.after(HOLD - 1), &request, true);
        let reply = decision.committed().unwrap().message;
        assert_eq!((reply.message_type(), reply.yiaddr), (Some(MessageType::ACK), given));
    }

    /// RFC 2131 §2.2: "the allocating server SHOULD probe the reused address before allocating the address" — unless
    /// its own client had it a moment ago, or somebody has just looked.
    fn needed_no_probe(&self, hardware: HardwareAddress, given: Ipv4Addr) {
        let is_recent = |at: Timestamp| at.after(FRESH) > self.now;
        let own =
            self.stored.get(&given).is_some_and(|lease| lease.hardware_address == hardware && is_recent(lease.expires));
        let looked = self.found_free.get(&given).is_some_and(|at| is_recent(*at));
        let offered = self.offered.get(&given);
        let offered = offered.is_some_and(|(owner, since)| *owner == hardware && since.after(HOLD) > self.now);
        assert!(!self.probing || own || looked || offered, "{given} was offered to {hardware} without a probe");
    }

    fn may_have(&self, hardware: HardwareAddress, given: Ipv4Addr) -> bool {
        match given.octets()[3] {
            12 => hardware == client(1),
            50 => hardware == client(2),
            51 => self.behind_port.contains(&hardware),
            last => POOL.contains(&last),
        }
    }

    /// The times are cut to whole seconds: a client may use its lease for the second in which it ends.
    fn is_bound(&self, lease: &Lease) -> bool {
        lease.state == LeaseState::Bound && lease.expires.after(1) > self.now
    }

    /// RFC 2131 §1.6: "Guarantee that any specific network address will not be in use by more than one DHCP client at
    /// a time".
    fn others_hold(&self, given: Ipv4Addr, hardware: HardwareAddress) -> Option<&Lease> {
        self.stored.get(&given).filter(|lease| {
            lease.expires > self.now
                && match lease.state {
                    LeaseState::Bound => lease.hardware_address != hardware,
                    LeaseState::Declined => true,
                    _ => false,
                }
        })
    }

    fn commit(&mut self, changes: &[LeaseChange]) {
        for LeaseChange { lease, cause } in changes {
            let (given, hardware) = (lease.address, lease.hardware_address);
            let before = self.stored.get(&given);
            let waits = |(owner, since): &(HardwareAddress, Timestamp)| {
                *owner != hardware && since.after(GUARD) > self.now && since.after(HOLD) > self.now
            };
            match cause {
                ChangeCause::Granted | ChangeCause::Renewed => {
                    assert!(self.may_have(hardware, given), "{lease:?}");
                    assert_eq!(self.others_hold(given, hardware), None);
                    assert!(!self.offered.get(&given).is_some_and(waits), "{lease:?} was offered to another");
                }
                ChangeCause::Declined => {
                    let offered = self.offered.get(&given).is_some_and(|(owner, _)| *owner == hardware);
                    let bound = before.is_some_and(|lease| self.is_bound(lease) && lease.hardware_address == hardware);
                    assert!(offered || bound, "{given} was declined by {hardware}, who did not have it");
                }
                ChangeCause::Conflict => {
                    assert_eq!((hardware.as_bytes(), &lease.client_id), (&[][..], &None::<ClientId>));
                    assert!(before.is_none_or(|lease| !self.is_bound(lease)));
                }
                // Only the holder gives an address up, and only time ends it.
                ChangeCause::Released | ChangeCause::Moved => assert_eq!(before.unwrap().hardware_address, hardware),
                ChangeCause::Expired => assert!(before.unwrap().expires <= self.now),
                ChangeCause::Reclaimed => {
                    assert_eq!(before.unwrap().state, LeaseState::Declined);
                    let is_taken = |last: &u8| {
                        self.offered.contains_key(&address(*last))
                            || self.stored.get(&address(*last)).is_some_and(|lease| lease.expires > self.now)
                    };
                    assert!(POOL.iter().all(is_taken), "there was a free address");
                }
                other => panic!("unknown cause {other}"),
            }
            self.stored.insert(given, lease.clone());
        }
        // A client has one lease at a time, and not more in quarantine than it may.
        let (mut bound, mut declined) = (BTreeMap::new(), BTreeMap::new());
        for lease in self.stored.values() {
            if self.is_bound(lease) {
                *bound.entry(lease.hardware_address).or_insert(0) += 1;
            }
            if lease.state == LeaseState::Declined && !lease.hardware_address.as_bytes().is_empty() {
                *declined.entry(lease.hardware_address).or_insert(0) += 1;
            }
        }
        assert!(bound.values().all(|count| *count == 1), "{bound:?}");
        assert!(declined.values().all(|count| *count <= MAX_DECLINES), "{declined:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_two_clients_hold_one_address(probing: bool, steps in vec(step(), 1..150)) {
        let mut model = Model::new(probing);
        for step in &steps {
            model.step(step);
        }
        // Every request and every answer to a probe has led to a reply or to a silence that has its reason.
        let sum = |what: &str| -> u64 {
            let counters = model.server.counters().iter();
            counters.filter(|(group, _, _)| *group == what).map(|(_, _, count)| count).sum()
        };
        prop_assert_eq!(sum("requests") + model.answers, sum("replies") + sum("silences"));
        // Nothing is left behind: when all is over, every address that anybody may have is free again.
        model.now = Timestamp(100_000);
        model.step(&Step::Wake);
        model.offered.clear();
        prop_assert_eq!(model.server.poll_timeout(), None);
        for client in 100..104 {
            let (kind, behind_port, rapid) = (MessageType::DISCOVER.0, false, false);
            let (requested, ciaddr, server, broadcast) = (None, None, None, true);
            model.send(&Send { client, kind, requested, ciaddr, server, broadcast, behind_port, rapid });
        }
        prop_assert_eq!(model.offered.len(), POOL.len());
    }
}
