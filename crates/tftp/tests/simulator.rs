//! Two parties and a network that loses, duplicates, reorders, replays and forges, on a virtual clock.
//!
//! The sender is [`Transfer`]; the receiver below is written from RFC 1350 and RFC 7440 and shares nothing with
//! it. Timers fire early, files are slow and come in pieces. After every step the sender is held to what it may do.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bytes::Bytes;
use firstlight_tftp::{Limits, Mode, OptionsBuf, Outcome, Packet, Timing, Transfer, negotiate};

/// One run.
#[derive(Clone, Copy, Debug)]
struct Scenario {
    seed: u64,
    size: usize,
    block: usize,
    window: u64,
    /// Chances in 1000.
    loss: u64,
    duplicate: u64,
    replay: u64,
    early: u64,
    slow_file: u64,
}

const CALM: Scenario =
    Scenario { seed: 1, size: 0, block: 512, window: 1, loss: 0, duplicate: 0, replay: 0, early: 0, slow_file: 0 };

const CLIENT_TIMEOUT: Duration = Duration::from_millis(1_500);

/// `splitmix64`: small, and the same everywhere.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % sides
    }

    fn chance(&mut self, in_1000: u64) -> bool {
        in_1000 > 0 && self.roll(1000) < in_1000
    }
}

enum Event {
    ToServer(Vec<u8>),
    ToClient(Vec<u8>),
    FileBytes(Bytes),
    ClientTimer,
    /// Wakes the sender; it may be too early, or not due at all.
    ServerTimer,
}

/// A receiver: RFC 1350 §2, RFC 2347, RFC 7440 §3.
struct Client {
    block: usize,
    window: u64,
    greeted: bool,
    received: Vec<u8>,
    /// The last block received in order.
    last: u64,
    since_ack: u64,
    gap_reported: bool,
    finished: bool,
    /// When it repeats its last ACK.
    deadline: Instant,
    acks_by_own_number: bool,
}

impl Client {
    fn handle(&mut self, datagram: &[u8]) -> Option<Vec<u8>> {
        match Packet::parse(datagram).unwrap() {
            Packet::Oack(options) => {
                assert_eq!(options.get("blksize"), Some(self.block.to_string().as_bytes()));
                assert_eq!(options.get("windowsize"), Some(self.window.to_string().as_bytes()));
                self.greeted = true;
                (self.last == 0).then(|| self.ack(0))
            }
            Packet::Data { block, data } => {
                assert!(self.greeted, "DATA before the OACK was acknowledged");
                self.handle_data(block, data)
            }
            other => panic!("a sender sent {other:?}"),
        }
    }

    fn handle_data(&mut self, block: u16, data: &[u8]) -> Option<Vec<u8>> {
        let ahead = block.wrapping_sub(wire(self.last)).cast_signed();
        if ahead == 1 && !self.finished {
            self.received.extend_from_slice(data);
            self.last += 1;
            self.since_ack += 1;
            self.gap_reported = false;
            self.finished = data.len() < self.block;
            return (self.finished || self.since_ack == self.window).then(|| self.ack(self.last));
        }
        if ahead > 1 {
            // RFC 7440 §4: the missing block is reported once, by the ACK of the last good one.
            assert!(u64::from(ahead.unsigned_abs()) <= 2 * self.window, "a block from beyond the window");
            return (!std::mem::replace(&mut self.gap_reported, true)).then(|| self.ack(self.last));
        }
        if self.window == 1 && self.acks_by_own_number {
            return Some(Packet::Ack { block }.to_vec());
        }
        // An old block: the ACK was lost. Answering the last of a window is enough.
        (self.window == 1 || ahead == 0).then(|| self.ack(self.last))
    }

    fn ack(&mut self, block: u64) -> Vec<u8> {
        self.since_ack = 0;
        Packet::Ack { block: wire(block) }.to_vec()
    }
}

/// What the sender was seen to do, and what it may do next.
#[derive(Default)]
struct Watch {
    confirmed: bool,
    acked: u64,
    sent: u64,
    bursts_of_base: u64,
    timeouts_of_base: u64,
    data_packets: u64,
}

impl Watch {
    fn saw_ack(&mut self, block: u16) {
        let ahead = u64::from(block.wrapping_sub(wire(self.acked)));
        if !self.confirmed {
            self.confirmed = block == 0;
        } else if ahead > 0 && self.acked + ahead <= self.sent {
            self.acked += ahead;
            self.bursts_of_base = 0;
            self.timeouts_of_base = 0;
        }
    }

    fn saw_data(&mut self, block: u16, data: &[u8], s: &Scenario, file: &[u8]) {
        assert!(self.confirmed, "only the OACK may go to an address that never answered");
        let ahead = u64::from(block.wrapping_sub(wire(self.acked)));
        assert!((1..=s.window).contains(&ahead), "block {block} is {ahead} after the last ACK: {s:?}");
        let number = self.acked + ahead;
        assert!(number <= self.sent + 1, "block {number} skips some after {}", self.sent);
        let begin = usize::try_from(number - 1).unwrap() * s.block;
        assert_eq!(data, &file[begin..file.len().min(begin + s.block)], "block {number}");
        if ahead == 1 {
            self.bursts_of_base += 1;
            // The first burst, one for each time-out, and, with windows, one go-back for each of these.
            let allowed = (1 + self.timeouts_of_base) * if s.window > 1 { 2 } else { 1 };
            assert!(self.bursts_of_base <= allowed, "base {number} was sent {} times: {s:?}", self.bursts_of_base);
        }
        self.sent = self.sent.max(number);
        self.data_packets += 1;
    }
}

struct World {
    s: Scenario,
    dice: Dice,
    now: Instant,
    serial: u64,
    queue: BTreeMap<(Instant, u64), Event>,
    file: Bytes,
    server: Transfer,
    client: Client,
    watch: Watch,
    lost_in_a_row: u64,
    /// When the sender's next wake-up is queued.
    wake: Option<Instant>,
}

impl World {
    fn new(s: Scenario) -> Self {
        let mut asked = OptionsBuf::new();
        asked.push(b"blksize", s.block.to_string().as_bytes()).unwrap();
        asked.push(b"windowsize", s.window.to_string().as_bytes()).unwrap();
        let agreed = negotiate(asked.as_options(), &Limits::default(), Some(s.size as u64));
        let mut dice = Dice(s.seed);
        let file: Bytes = (0..s.size).map(|_| dice.roll(256).to_le_bytes()[0]).collect();
        let size = if s.seed.is_multiple_of(3) { None } else { Some(s.size as u64) };
        let now = epoch();
        Self {
            s,
            now,
            serial: 0,
            queue: BTreeMap::new(),
            file,
            server: Transfer::serve_read(now, &agreed, Mode::Octet, size, Timing::default()),
            client: Client {
                block: s.block,
                window: s.window,
                greeted: false,
                received: Vec::new(),
                last: 0,
                since_ack: 0,
                gap_reported: false,
                finished: false,
                deadline: now + CLIENT_TIMEOUT,
                acks_by_own_number: s.seed.is_multiple_of(2),
            },
            dice,
            watch: Watch::default(),
            lost_in_a_row: 0,
            wake: None,
        }
    }

    fn at(&mut self, delay: Duration, event: Event) {
        self.serial += 1;
        self.queue.insert((self.now + delay, self.serial), event);
    }

    /// The network. Never more than four losses in a row: the property is about a path that works at all.
    fn send(&mut self, packet: &[u8], event: fn(Vec<u8>) -> Event) {
        if self.lost_in_a_row < 4 && self.dice.chance(self.s.loss) {
            self.lost_in_a_row += 1;
            return;
        }
        self.lost_in_a_row = 0;
        let chaos = self.s.duplicate + self.s.replay > 0;
        let jitter = if chaos { self.dice.roll(5000) } else { 0 };
        self.at(Duration::from_micros(500 + jitter), event(packet.to_vec()));
        if self.dice.chance(self.s.duplicate) {
            let delay = self.dice.roll(20_000);
            self.at(Duration::from_micros(delay), event(packet.to_vec()));
        }
        if self.dice.chance(self.s.replay) {
            let delay = self.dice.roll(3_000);
            self.at(Duration::from_millis(delay), event(packet.to_vec()));
        }
    }

    /// Lets the sender do all that it wants to.
    fn drain(&mut self) {
        let mut buf = Vec::new();
        loop {
            if let Some(range) = self.server.poll_want() {
                let begin = usize::try_from(range.start).unwrap();
                let mut end = usize::try_from(range.end).unwrap().min(self.file.len());
                let slow = self.dice.chance(self.s.slow_file);
                if slow && end > begin {
                    end = begin + 1 + usize::try_from(self.dice.roll((end - begin) as u64)).unwrap();
                }
                let piece = self.file.slice(begin..end);
                if slow {
                    let delay = self.dice.roll(300);
                    self.at(Duration::from_millis(delay), Event::FileBytes(piece));
                } else {
                    self.server.handle_data(piece);
                    continue;
                }
            }
            let Some(segment) = self.server.poll_transmit(&mut buf) else { break };
            for datagram in buf.chunks(segment) {
                if let Packet::Data { block, data } = Packet::parse(datagram).unwrap() {
                    self.watch.saw_data(block, data, &self.s, &self.file);
                }
                self.send(datagram, Event::ToClient);
            }
        }
        if let Some(deadline) = self.server.poll_timeout() {
            let delay = deadline.saturating_duration_since(self.now);
            if self.wake.is_none_or(|wake| wake > deadline) {
                self.wake = Some(deadline);
                self.at(delay, Event::ServerTimer);
            }
            if self.dice.chance(self.s.early) {
                self.at(delay / 3, Event::ServerTimer);
            }
        }
    }

    fn step(&mut self, event: Event) {
        match event {
            Event::ToServer(packet) => {
                let packet = Packet::parse(&packet).unwrap();
                let before = self.watch.acked;
                if let Packet::Ack { block } = packet {
                    self.watch.saw_ack(block);
                }
                let sent = self.watch.data_packets;
                self.server.handle(self.now, &packet);
                self.drain();
                if self.s.window == 1 && self.watch.confirmed && before > 0 && self.watch.acked == before {
                    // RFC 1123 §4.2.3.1: "the sender ... must never resend the current DATA packet on receipt of a
                    // duplicate ACK".
                    assert_eq!(self.watch.data_packets, sent, "the sorcerer's apprentice: {:?}", self.s);
                }
            }
            Event::ToClient(packet) => {
                let answer = self.client.handle(&packet);
                self.client.deadline = self.now + CLIENT_TIMEOUT;
                if let Some(answer) = answer {
                    self.send(&answer, Event::ToServer);
                }
                if self.dice.chance(self.s.replay) && self.watch.confirmed {
                    // An ACK of blocks that were never sent.
                    let block = wire(self.watch.sent + 1 + self.dice.roll(1000));
                    self.server.handle(self.now, &Packet::Ack { block });
                    self.drain();
                }
            }
            Event::ClientTimer => {
                if self.now >= self.client.deadline {
                    self.client.deadline = self.now + CLIENT_TIMEOUT;
                    if self.client.greeted {
                        let again = self.client.ack(self.client.last);
                        self.send(&again, Event::ToServer);
                    }
                }
                self.at(self.client.deadline - self.now, Event::ClientTimer);
            }
            Event::FileBytes(piece) => {
                self.server.handle_data(piece);
                self.drain();
            }
            Event::ServerTimer => {
                let Some(deadline) = self.server.poll_timeout() else { return };
                if self.wake.is_some_and(|wake| wake <= self.now) {
                    self.wake = None;
                }
                if deadline <= self.now {
                    self.watch.timeouts_of_base += 1;
                }
                self.server.handle_timeout(self.now);
                if deadline > self.now {
                    assert_eq!(self.server.poll_transmit(&mut Vec::new()), None, "an early timer: {:?}", self.s);
                    assert_eq!(self.server.poll_timeout(), Some(deadline));
                }
                self.drain();
            }
        }
    }

    fn run(mut self) -> (Outcome, u64) {
        self.at(CLIENT_TIMEOUT, Event::ClientTimer);
        self.drain();
        let mut steps = 0_u64;
        while self.server.outcome().is_none() {
            let ((time, _), event) = self.queue.pop_first().expect("somebody always has a timer");
            self.now = time;
            self.step(event);
            steps += 1;
            assert!(steps < 20_000_000, "no end in sight: {:?}", self.s);
        }
        assert!(self.client.finished, "the sender ended first: {:?} {:?}", self.server.outcome(), self.s);
        assert!(self.client.received == self.file, "the files differ: {:?}", self.s);
        (self.server.outcome().unwrap(), self.watch.data_packets)
    }
}

fn wire(block: u64) -> u16 {
    u16::try_from(block & 0xFFFF).unwrap()
}

#[expect(clippy::disallowed_methods, reason = "the zero of a virtual clock that then stands still")]
fn epoch() -> Instant {
    Instant::now()
}

/// Runs a scenario to its end, which must be a complete file; returns the DATA packets that it took.
#[track_caller]
fn check(scenario: Scenario) -> u64 {
    let (outcome, packets) = World::new(scenario).run();
    let Outcome::Complete { bytes, retransmitted } = outcome else { panic!("{outcome:?}: {scenario:?}") };
    assert_eq!(bytes, scenario.size as u64);
    let blocks = (scenario.size / scenario.block + 1) as u64;
    assert_eq!(packets, blocks + retransmitted, "{scenario:?}");
    packets
}

#[test]
fn a_calm_network_needs_each_block_once() {
    for size in [0, 1, 511, 512, 513, 1024, 100_000] {
        for window in [1, 2, 4, 16, 64] {
            let packets = check(Scenario { size, window, ..CALM });
            assert_eq!(packets, size as u64 / 512 + 1, "{size} bytes, window {window}");
        }
    }
}

#[test]
fn block_numbers_wrap_to_zero() {
    // The numbers of the last block: 65535, 0, 0, 1; and 0 for the second time.
    for (surplus, window, turns) in [(-9, 1, 1), (-8, 1, 1), (-1, 16, 1), (0, 1, 1), (-8, 64, 2)] {
        let size = (turns * 65536 * 8_usize).checked_add_signed(surplus).unwrap();
        check(Scenario { size, block: 8, window, ..CALM });
    }
}

#[test]
fn block_numbers_wrap_to_zero_on_a_bad_network() {
    for (seed, window) in [(1, 1), (2, 7), (3, 64)] {
        let size = 65536 * 8 + 3;
        check(Scenario { seed, size, block: 8, window, loss: 5, duplicate: 5, replay: 2, early: 5, slow_file: 2 });
    }
}

#[test]
fn bad_networks() {
    for seed in 0..400 {
        let mut dice = Dice(seed ^ 0xF1F1);
        let window = [1, 1, 2, 3, 4, 16, 64][usize::try_from(dice.roll(7)).unwrap()];
        let block = [8, 9, 512, 1468][usize::try_from(dice.roll(4)).unwrap()];
        let blocks = usize::try_from(dice.roll(60)).unwrap();
        let surplus = usize::try_from(dice.roll(3)).unwrap();
        check(Scenario {
            seed,
            size: blocks * block + surplus,
            block,
            window,
            loss: dice.roll(200),
            duplicate: dice.roll(200),
            replay: dice.roll(100),
            early: dice.roll(500),
            slow_file: dice.roll(300),
        });
    }
}
