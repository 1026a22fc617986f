//! Random clients, some of them mad, against the rules that the server must keep whatever they do.

#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddrV4},
};

use firstlight_dhcp::{
    EmitPolicy, HardwareAddress, Message, MessageRef, MessageType, OptionCode,
    server::{ChangeCause, Config, Lease, LeaseChange, LeaseState, Receipt, Reply, Server, Silence, Subnet, Timestamp},
};
use proptest::{collection::vec, prelude::*};

const SERVER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
const LEASE: u32 = 100;
const HOLD: u32 = 20;

fn client(number: u8) -> HardwareAddress {
    HardwareAddress::ethernet([2, 0, 0, 0, 0, number])
}

fn address(last: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 0, 0, last)
}

/// Two small pools with the router inside one; .12 is reserved for client 1, .50 for client 2.
fn server() -> Server {
    let mut subnet = Subnet::new(address(0), 24);
    subnet.pools = vec![address(10)..=address(13), address(20)..=address(21)];
    subnet.routers = vec![address(20)];
    subnet.lease_time = LEASE;
    subnet.reservations = [(client(1), address(12)), (client(2), address(50))].into();
    let mut config = Config::new(SERVER, vec![subnet]);
    let limits = &mut config.limits;
    (limits.offer_hold, limits.quarantine, limits.max_offers) = (HOLD, 150, Some(5));
    Server::new(config).unwrap()
}

fn may_have(hardware: HardwareAddress, given: Ipv4Addr) -> bool {
    match given.octets()[3] {
        12 => hardware == client(1),
        50 => hardware == client(2),
        last => [10, 11, 13, 21].contains(&last),
    }
}

#[derive(Clone, Debug)]
enum Step {
    Send { client: u8, kind: u8, requested: Option<u8>, ciaddr: Option<u8>, server: Option<bool> },
    Wait(u16),
    Wake,
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    let last = || prop::option::of(prop_oneof![10u8..15, 20u8..22, Just(50), Just(1)]);
    let send = (1u8..8, prop_oneof![Just(1u8), Just(3), Just(3), Just(4), Just(7), 1u8..10], last(), last())
        .prop_flat_map(|(client, kind, requested, ciaddr)| {
            prop::option::of(prop::bool::weighted(0.8)).prop_map(move |server| Step::Send {
                client,
                kind,
                requested,
                ciaddr,
                server,
            })
        });
    prop_oneof![12 => send, 2 => (0u16..60).prop_map(Step::Wait), 1 => Just(Step::Wake), 1 => Just(Step::Restart)]
}

struct Model {
    now: Timestamp,
    server: Server,
    stored: BTreeMap<Ipv4Addr, Lease>,
    offered: BTreeMap<Ipv4Addr, (HardwareAddress, Timestamp)>,
}

fn exchange(server: &mut Server, now: Timestamp, message: &Message) -> (Vec<LeaseChange>, Result<Reply, Silence>) {
    let mut bytes = Vec::new();
    message.emit(&EmitPolicy::default(), &mut bytes).unwrap();
    let from = Receipt::new(SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 68), SERVER);
    let decision = server.handle(now, &MessageRef::parse(&bytes).unwrap(), from);
    (decision.changes().to_vec(), decision.committed())
}

impl Model {
    fn step(&mut self, step: &Step) {
        match *step {
            Step::Wait(seconds) => self.now = self.now.after(seconds.into()),
            Step::Wake => {
                let changes = self.server.handle_timeout(self.now);
                self.commit(&changes);
                assert!(self.server.poll_timeout().is_none_or(|next| next > self.now));
            }
            Step::Restart => {
                self.server = server();
                self.server.restore(self.stored.values().cloned());
                self.offered.clear();
                assert!(self.server.leases().eq(self.stored.values()));
            }
            Step::Send { client: number, kind, requested, ciaddr, server } => {
                let mut message = Message::request(client(number), 1);
                message.push(OptionCode::MESSAGE_TYPE, &[kind]);
                message.ciaddr = ciaddr.map_or(Ipv4Addr::UNSPECIFIED, address);
                if let Some(last) = requested {
                    message.push(OptionCode::REQUESTED_ADDRESS, &address(last).octets());
                }
                if let Some(ours) = server {
                    let id = if ours { SERVER } else { address(2) };
                    message.push(OptionCode::SERVER_IDENTIFIER, &id.octets());
                    if !ours && kind == MessageType::REQUEST.0 {
                        self.offered.retain(|_, (hardware, _)| *hardware != client(number));
                    }
                }
                self.send(client(number), &message);
            }
        }
    }

    fn send(&mut self, hardware: HardwareAddress, message: &Message) {
        let (changes, outcome) = exchange(&mut self.server, self.now, message);
        self.commit(&changes);
        let Ok(reply) = outcome else { return };
        let given = reply.message.yiaddr;
        match reply.message.message_type() {
            Some(MessageType::OFFER) => {
                assert!(may_have(hardware, given));
                assert!(self.others_hold(given, hardware).is_none());
                // One offer per client; nobody else's.
                self.offered.retain(|_, (owner, until)| *owner != hardware && *until > self.now);
                let before = self.offered.insert(given, (hardware, self.now.after(HOLD)));
                assert_eq!(before, None);
                self.offer_is_honoured(hardware, given);
            }
            Some(MessageType::ACK) if !given.is_unspecified() => {
                let lease = &self.stored[&given];
                assert_eq!((lease.hardware_address, lease.state), (hardware, LeaseState::Bound));
                assert_eq!(lease.expires, self.now.after(LEASE));
                self.offered.retain(|_, (owner, _)| *owner != hardware);
            }
            _ => assert!(given.is_unspecified()),
        }
    }

    /// RFC 2131 §4.3.1: "the server SHOULD NOT reuse the selected network address before the client responds to the
    /// server's DHCPOFFER message" — so its answer is an ACK, up to the last second.
    fn offer_is_honoured(&self, hardware: HardwareAddress, given: Ipv4Addr) {
        let mut request = Message::request(hardware, 1);
        request.push(OptionCode::MESSAGE_TYPE, &[MessageType::REQUEST.0]);
        request.push(OptionCode::SERVER_IDENTIFIER, &SERVER.octets());
        request.push(OptionCode::REQUESTED_ADDRESS, &given.octets());
        let (_, outcome) = exchange(&mut self.server.clone(), self.now.after(HOLD - 1), &request);
        let reply = outcome.unwrap().message;
        assert_eq!((reply.message_type(), reply.yiaddr), (Some(MessageType::ACK), given));
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
            let hardware = lease.hardware_address;
            let before = self.stored.get(&lease.address);
            match cause {
                ChangeCause::Granted | ChangeCause::Renewed => {
                    assert!(may_have(hardware, lease.address), "{lease:?}");
                    assert_eq!(self.others_hold(lease.address, hardware), None);
                    let offered = self.offered.get(&lease.address);
                    assert!(offered.is_none_or(|(owner, until)| *owner == hardware || *until <= self.now));
                }
                ChangeCause::Declined => {
                    assert_eq!(self.others_hold(lease.address, hardware), None);
                    self.offered.remove(&lease.address);
                }
                // Only the holder gives an address up, and only time ends it.
                ChangeCause::Released | ChangeCause::Moved => assert_eq!(before.unwrap().hardware_address, hardware),
                ChangeCause::Expired => assert!(before.unwrap().expires <= self.now),
                other => panic!("unknown cause {other}"),
            }
            self.stored.insert(lease.address, lease.clone());
        }
        // A client has one lease at a time.
        let bound = |lease: &&Lease| lease.state == LeaseState::Bound && lease.expires > self.now;
        let mut holders: Vec<_> = self.stored.values().filter(bound).map(|lease| lease.hardware_address).collect();
        let count = holders.len();
        holders.sort_unstable();
        holders.dedup();
        assert_eq!(holders.len(), count);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_two_clients_hold_one_address(steps in vec(step(), 1..120)) {
        let mut model =
            Model { now: Timestamp(1000), server: server(), stored: BTreeMap::new(), offered: BTreeMap::new() };
        for step in &steps {
            model.step(step);
        }
        // Nothing is left behind: when all is over, every address that anybody may have is free again.
        model.step(&Step::Wait(1000));
        model.step(&Step::Wake);
        prop_assert_eq!(model.server.poll_timeout(), None);
        for number in 100..104 {
            let mut discover = Message::request(client(number), 1);
            discover.push(OptionCode::MESSAGE_TYPE, &[MessageType::DISCOVER.0]);
            model.send(client(number), &discover);
        }
        prop_assert_eq!(model.offered.len(), 4);
    }
}
