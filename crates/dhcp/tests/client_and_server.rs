//! Clients and a server in one process, with a virtual clock and a network that loses, duplicates, delays and reorders,
//! while machines crash on both sides.
//!
//! What must hold at every moment: no two clients use one address. What must hold in the end, when the network is well
//! again: everybody has a lease, and the server knows the same one.

#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
    net::{Ipv4Addr, SocketAddrV4},
    time::Duration,
};

use firstlight_dhcp::{
    EmitPolicy, HardwareAddress, Message, MessageRef,
    client::{self, Client, Event, Loss, State, Transmit},
    server::{Config, Destination, Lease, Probing, Receipt, Server, Subnet, Timestamp},
};

const SERVER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
/// More than there are addresses. In peace, so many stay on as there are addresses for.
const CLIENTS: usize = 12;
const PEACEFUL: usize = 7;
const LEASE: u32 = 120;
/// Milliseconds of trouble, and of peace after it.
const TROUBLE: u64 = 1_500_000;
const PEACE: u64 = 400_000;
/// How long a datagram may be under way. A machine that was turned off stays off for longer: a RELEASE that overtakes the
/// next lease of its sender would free an address in use, and nothing in the protocol could tell.
const LATEST: u64 = 3_000;
const OFF: u64 = 2 * LATEST;

/// `xorshift64*`.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32) % bound
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Arrival {
    ToServer { from: Ipv4Addr, to: Ipv4Addr, bytes: Vec<u8> },
    ToClient { client: usize, bytes: Vec<u8> },
    PowerOn { client: usize },
}

struct Machine {
    client: Option<Client>,
    /// The address on its interface.
    uses: Option<Ipv4Addr>,
    /// What a reboot remembers.
    remembers: Option<Ipv4Addr>,
    /// Its cable is out until then.
    cut_until: u64,
    /// Its clock began at another moment than everybody else's.
    clock: u64,
    starts: u64,
}

#[derive(Default, Debug)]
struct Seen {
    bound: u32,
    renewed: u32,
    expired: u32,
    conflicts: u32,
    rebinding: u32,
    rebooting: u32,
    restarts: u32,
}

struct World {
    now: u64,
    random: Random,
    trouble: bool,
    wire: BinaryHeap<Reverse<(u64, u64, Arrival)>>,
    sent: u64,
    machines: Vec<Machine>,
    server: Server,
    stored: BTreeMap<Ipv4Addr, Lease>,
    /// Uses an address of the pool and never asked for it.
    squatter: Ipv4Addr,
    check: bool,
    probe: bool,
    seen: Seen,
}

fn server(probe: bool) -> Server {
    let mut subnet = Subnet::new([10, 0, 0, 0].into(), 24);
    subnet.pools = vec![[10, 0, 0, 100].into()..=[10, 0, 0, 107].into()];
    subnet.lease_time = LEASE;
    subnet.rapid_commit = true;
    let mut config = Config::new(SERVER, vec![subnet]);
    config.limits.quarantine = 60;
    config.probing = probe.then(Probing::default);
    Server::new(config).unwrap()
}

fn hardware(number: usize) -> HardwareAddress {
    HardwareAddress::ethernet([2, 0, 0, 0, 0, number as u8])
}

fn emit(message: &Message, policy: &EmitPolicy) -> Vec<u8> {
    let mut bytes = Vec::new();
    message.emit(policy, &mut bytes).unwrap();
    bytes
}

impl World {
    fn new(seed: u64) -> Self {
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let (check, probe) = (random.chance(50), random.chance(30));
        let squatter = if check { [10, 0, 0, 105] } else { [10, 9, 9, 9] }.into();
        let machines = (0..CLIENTS)
            .map(|_| Machine {
                client: None,
                uses: None,
                remembers: None,
                cut_until: 0,
                clock: random.below(1 << 40),
                starts: 0,
            })
            .collect();
        let mut world = Self {
            now: 1_700_000_000_000 + random.below(1000),
            random,
            trouble: true,
            wire: BinaryHeap::new(),
            sent: 0,
            machines,
            server: server(probe),
            stored: BTreeMap::new(),
            squatter,
            check,
            probe,
            seen: Seen::default(),
        };
        for client in 0..CLIENTS {
            let after = world.random.below(30_000);
            world.post(after, Arrival::PowerOn { client });
        }
        world
    }

    /// Seconds of the server's clock.
    fn second(&self) -> Timestamp {
        Timestamp(self.now / 1000)
    }

    fn clock(&self, client: usize) -> Duration {
        Duration::from_millis(self.now - 1_700_000_000_000 + self.machines[client].clock)
    }

    fn post(&mut self, after: u64, arrival: Arrival) {
        self.sent += 1;
        self.wire.push(Reverse((self.now + after, self.sent, arrival)));
    }

    /// Puts a datagram on the wire, with what the wire does to it.
    fn send(&mut self, client: usize, arrival: &Arrival) {
        if !self.trouble {
            return self.post(1, arrival.clone());
        }
        if self.now < self.machines[client].cut_until || self.random.chance(15) {
            return;
        }
        for _ in 0..=u64::from(self.random.chance(10)) {
            let most = if self.random.chance(10) { LATEST } else { 100 };
            let after = self.random.below(most);
            self.post(after, arrival.clone());
        }
    }

    fn run_until(&mut self, end: u64) {
        while self.now < end {
            let due = |machine: &Machine| {
                let at = machine.client.as_ref()?.poll_timeout()?;
                Some(at.as_millis() as u64 - machine.clock + 1_700_000_000_000)
            };
            let clients = self.machines.iter().filter_map(due).min();
            let wire = self.wire.peek().map(|Reverse((at, ..))| *at);
            let server = self.server.poll_timeout().map(|at| at.0 * 1000);
            let next = [clients, wire, server].into_iter().flatten().min().unwrap_or(end).max(self.now).min(end);
            self.now = next;
            for client in 0..CLIENTS {
                self.wake(client);
            }
            let changes = self.server.handle_timeout(self.second());
            self.stored.extend(changes.into_iter().map(|change| (change.lease.address, change.lease)));
            while let Some(Reverse((at, ..))) = self.wire.peek()
                && *at <= self.now
            {
                let Reverse((.., arrival)) = self.wire.pop().unwrap();
                self.arrive(arrival);
            }
            self.check_addresses();
            if self.trouble {
                self.make_trouble();
            }
            // Early wake-ups are harmless, also the server's.
            if self.random.chance(5) {
                let client = self.random.below(CLIENTS as u64) as usize;
                self.wake(client);
            }
            self.now += 1;
        }
    }

    fn make_trouble(&mut self) {
        let client = self.random.below(CLIENTS as u64) as usize;
        match self.random.below(400) {
            0 => self.power_off(client, false),
            1 => self.power_off(client, true),
            2 => self.release(client),
            3 => {
                self.seen.restarts += 1;
                self.server = server(self.probe);
                self.server.restore(self.stored.values().cloned());
            }
            4..10 => {
                let cut = self.random.below(200_000);
                self.machines[client].cut_until = self.now + cut;
            }
            _ => {}
        }
    }

    fn power_off(&mut self, client: usize, forgets: bool) {
        let machine = &mut self.machines[client];
        if machine.client.take().is_none() {
            return;
        }
        machine.uses = None;
        if forgets {
            machine.remembers = None;
        }
        let after = OFF + self.random.below(60_000);
        self.post(after, Arrival::PowerOn { client });
    }

    fn power_on(&mut self, client: usize) {
        if !self.trouble && client >= PEACEFUL {
            return;
        }
        let seed = self.random.0;
        let mut config = client::Config::new(hardware(client), seed);
        config.broadcast = self.random.chance(50);
        config.rapid_commit = self.random.chance(30);
        config.collect = Duration::from_millis(self.random.below(3) * 500);
        config.check = if self.check { Duration::from_millis(1500) } else { Duration::ZERO };
        let start = self.clock(client);
        let machine = &mut self.machines[client];
        machine.starts += 1;
        machine.client = Some(match machine.remembers {
            Some(address) => Client::reboot(config, address, start),
            None => Client::new(config, start),
        });
        self.wake(client);
    }

    fn release(&mut self, client: usize) {
        let Some(machine) = self.machines[client].client.as_mut() else { return };
        machine.release();
        assert_eq!((machine.state(), machine.poll_timeout()), (State::Released, None));
        self.machines[client].uses = None;
        self.transmit(client);
        self.power_off(client, true);
    }

    fn wake(&mut self, client: usize) {
        let now = self.clock(client);
        let Some(machine) = self.machines[client].client.as_mut() else { return };
        let event = machine.handle_timeout(now);
        self.apply(client, event);
    }

    fn apply(&mut self, client: usize, event: Option<Event>) {
        let now = self.clock(client);
        let machine = &mut self.machines[client];
        let state = machine.client.as_ref().map(Client::state);
        self.seen.rebinding += u32::from(state == Some(State::Rebinding));
        self.seen.rebooting += u32::from(state == Some(State::Rebooting));
        match event {
            Some(Event::Bound) => {
                self.seen.bound += 1;
                machine.uses = machine.client.as_ref().and_then(|client| Some(client.lease()?.address));
                machine.remembers = machine.uses;
            }
            Some(Event::Renewed) => {
                self.seen.renewed += 1;
                let renewed = machine.client.as_ref().and_then(|client| Some(client.lease()?.address));
                assert_eq!(machine.uses, renewed, "a renewal keeps the address");
            }
            Some(Event::Lost { address, why }) => {
                assert_eq!(machine.uses.take(), Some(address));
                match why {
                    Loss::Expired => self.seen.expired += 1,
                    Loss::Conflict => self.seen.conflicts += 1,
                    _ => panic!("nobody refuses to extend a lease here"),
                }
            }
            Some(Event::Check { address, .. }) => {
                // ARP reaches everybody, also when nobody else does.
                let others = self.machines.iter().enumerate();
                let mut others = others.filter(|(number, _)| *number != client).map(|(_, machine)| machine.uses);
                if address == self.squatter || others.any(|uses| uses == Some(address)) {
                    self.seen.conflicts += 1;
                    let machine = self.machines[client].client.as_mut().unwrap();
                    let why = Loss::Conflict;
                    assert_eq!(machine.handle_conflict(now), Some(Event::Lost { address, why }));
                }
            }
            Some(other) => panic!("unknown event {other:?}"),
            None => {}
        }
        self.transmit(client);
    }

    fn transmit(&mut self, client: usize) {
        while let Some(Transmit { message, source, destination }) =
            self.machines[client].client.as_mut().and_then(Client::poll_transmit)
        {
            let bytes = emit(&message, &EmitPolicy::default());
            self.send(client, &Arrival::ToServer { from: source, to: destination, bytes });
        }
    }

    fn arrive(&mut self, arrival: Arrival) {
        match arrival {
            Arrival::PowerOn { client } => self.power_on(client),
            Arrival::ToClient { client, bytes } => {
                let now = self.clock(client);
                let Some(machine) = self.machines[client].client.as_mut() else { return };
                if let Ok(event) = machine.handle(now, &MessageRef::parse(&bytes).unwrap()) {
                    self.apply(client, event);
                }
            }
            Arrival::ToServer { from, to, bytes } => self.serve(from, to, &bytes),
        }
    }

    fn serve(&mut self, from: Ipv4Addr, to: Ipv4Addr, bytes: &[u8]) {
        let receipt = Receipt::new(SocketAddrV4::new(from, 68), SERVER).with_destination(to);
        let now = self.second();
        let mut decision = self.server.handle(now, &MessageRef::parse(bytes).unwrap(), receipt);
        while let Some(probe) = decision.probe() {
            let in_use = probe.address == self.squatter
                || self.machines.iter().any(|machine| machine.uses == Some(probe.address));
            let answer = if in_use {
                firstlight_dhcp::server::ProbeAnswer::InUse
            } else {
                firstlight_dhcp::server::ProbeAnswer::Silent
            };
            self.stored.extend(decision.changes().iter().map(|change| (change.lease.address, change.lease.clone())));
            decision = self.server.handle_probe(now, probe.address, answer);
        }
        self.stored.extend(decision.changes().iter().map(|change| (change.lease.address, change.lease.clone())));
        let Ok(reply) = decision.committed() else { return };
        let bytes = emit(&reply.message, &reply.policy);
        for client in 0..CLIENTS {
            let reaches = match reply.destination {
                Destination::Broadcast => true,
                Destination::Unicast(address) => self.machines[client].uses == Some(*address.ip()),
                Destination::Hardware { hardware: to, .. } => hardware(client) == to,
                Destination::Relay(_) => false,
            };
            if reaches {
                self.send(client, &Arrival::ToClient { client, bytes: bytes.clone() });
            }
        }
    }

    fn check_addresses(&self) {
        let mut users = BTreeMap::new();
        for (number, machine) in self.machines.iter().enumerate() {
            let Some(address) = machine.uses else { continue };
            if let Some(other) = users.insert(address, number) {
                panic!("at {} ms clients {other} and {number} use {address}", self.now);
            }
            assert_ne!(address, self.squatter, "an address in use was found and not declined");
        }
    }
}

#[test]
fn no_two_clients_use_one_address_and_everybody_has_one_in_the_end() {
    let mut total = Seen::default();
    for seed in 1..=100 {
        let mut world = World::new(seed);
        let begin = world.now;
        world.run_until(begin + TROUBLE);
        world.trouble = false;
        (PEACEFUL..CLIENTS).for_each(|client| world.power_off(client, true));
        world.run_until(begin + TROUBLE + PEACE);
        for (number, machine) in world.machines.iter().enumerate().take(PEACEFUL) {
            let state = machine.client.as_ref().map(Client::state);
            assert!(machine.uses.is_some(), "seed {seed}: client {number} is {state:?}");
            let known = world.server.lease_of(&hardware(number)).map(|lease| lease.address);
            assert_eq!(machine.uses, known, "seed {seed}: client {number}");
        }
        let seen = &world.seen;
        for (sum, one) in [
            (&mut total.bound, seen.bound),
            (&mut total.renewed, seen.renewed),
            (&mut total.expired, seen.expired),
            (&mut total.conflicts, seen.conflicts),
            (&mut total.rebinding, seen.rebinding),
            (&mut total.rebooting, seen.rebooting),
            (&mut total.restarts, seen.restarts),
        ] {
            *sum += one;
        }
    }
    // The simulation has been where it is meant to go.
    let Seen { bound, renewed, expired, conflicts, rebinding, rebooting, restarts } = total;
    for (what, times) in [
        ("bound", bound),
        ("renewed", renewed),
        ("expired", expired),
        ("conflict", conflicts),
        ("rebinding", rebinding),
        ("rebooting", rebooting),
        ("server restart", restarts),
    ] {
        assert!(times > 100, "only {times} times {what}");
    }
}
