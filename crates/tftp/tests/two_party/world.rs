//! Two machines, the network between them, and the clock.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use bytes::Bytes;
use firstlight_tftp::netascii::encode;
use firstlight_tftp::{Limits, Mode, Outcome, Packet, Timing, Transfer, negotiate, negotiate_write};

use crate::scenario::{Dice, Scenario, proposal, size_told};
use crate::watch::{Watch, wire_number};

const CLIENT: usize = 0;
const SERVER: usize = 1;

#[derive(Debug)]
enum Event {
    Arrives(Vec<u8>),
    /// The socket buffer is read once more.
    Serve,
    FileBytes(Bytes),
    /// A slow disk has taken bytes, or has stored the file.
    Disk,
    Timer,
}

#[derive(Default)]
struct Party {
    machine: Option<Transfer>,
    inbox: VecDeque<Vec<u8>>,
    serving: bool,
    stored: Vec<u8>,
    disk_busy: bool,
    wake: Option<Instant>,
}

/// How a run ended.
pub(crate) struct Ended {
    /// Whether the sender knows that the receiver is done.
    pub(crate) certain: bool,
    /// DATA packets that it took, and the fewest that it could take.
    pub(crate) packets: u64,
    pub(crate) blocks: u64,
    /// From the end of the negotiation until the sender was done.
    pub(crate) took: Duration,
}

/// What the network does to one packet.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    Lost,
    Twice,
    /// It is overtaken by those that follow.
    Late,
    /// It comes now, and once more when nobody expects it.
    Again,
}

pub(crate) struct World {
    s: Scenario,
    dice: Dice,
    now: Instant,
    serial: u64,
    queue: BTreeMap<(Instant, u64), (usize, Event)>,
    file: Bytes,
    parties: [Party; 2],
    watch: Watch,
    lost_in_a_row: [u64; 2],
    /// What happens to which packet, counted from 0.
    faults: Vec<(u64, Fault)>,
    sent: u64,
}

impl World {
    pub(crate) fn new(s: Scenario, faults: &[(u64, Fault)]) -> Self {
        let now = epoch();
        let (file, proposal) = (s.file(), proposal(&s));
        let machine = if s.put {
            Transfer::put(now, b"file", s.mode, size_told(&s), proposal, Timing::default())
        } else {
            Transfer::get(now, b"file", s.mode, proposal, Timing::default())
        };
        let client = Party { machine: Some(machine), ..Party::default() };
        Self {
            s,
            dice: Dice(s.seed ^ 0xD1CE),
            now,
            serial: 0,
            queue: BTreeMap::new(),
            watch: Watch {
                wire: if s.mode == Mode::Netascii { encode(file.clone()) } else { file.clone() },
                block: if s.options { u64::from(s.block) } else { 512 },
                window: if s.options { u64::from(s.window) } else { 1 },
                ..Watch::default()
            },
            file,
            parties: [client, Party::default()],
            lost_in_a_row: [0; 2],
            faults: faults.to_vec(),
            sent: 0,
        }
    }

    const fn sender(&self) -> usize {
        if self.s.put { CLIENT } else { SERVER }
    }

    fn at(&mut self, delay: Duration, party: usize, event: Event) {
        self.serial += 1;
        self.queue.insert((self.now + delay, self.serial), (party, event));
    }

    /// The network. Never more than three losses in a row in one direction: the property is about a path that works
    /// at all.
    fn send(&mut self, to: usize, packet: &[u8]) {
        self.sent += 1;
        let fault = self.faults.iter().find(|(number, _)| *number + 1 == self.sent).map(|(_, fault)| *fault);
        match fault {
            Some(Fault::Lost) => return,
            Some(Fault::Twice) => self.at(Duration::from_micros(200), to, Event::Arrives(packet.to_vec())),
            Some(Fault::Late) => return self.at(Duration::from_millis(1), to, Event::Arrives(packet.to_vec())),
            Some(Fault::Again) => self.at(Duration::from_millis(700), to, Event::Arrives(packet.to_vec())),
            None => {}
        }
        if self.lost_in_a_row[to] < 3 && self.dice.chance(self.s.loss) {
            self.lost_in_a_row[to] += 1;
            return;
        }
        self.lost_in_a_row[to] = 0;
        let jitter = if self.s.duplicate + self.s.replay > 0 { self.dice.roll(3000) } else { 0 };
        self.at(Duration::from_micros(200 + jitter), to, Event::Arrives(packet.to_vec()));
        if self.dice.chance(self.s.duplicate) {
            let delay = Duration::from_micros(self.dice.roll(20_000));
            self.at(delay, to, Event::Arrives(packet.to_vec()));
        }
        if self.dice.chance(self.s.replay) {
            let delay = Duration::from_millis(self.dice.roll(3_000));
            self.at(delay, to, Event::Arrives(packet.to_vec()));
        }
    }

    fn step(&mut self, party: usize, event: Event) {
        match event {
            Event::Arrives(packet) => {
                if self.parties[party].inbox.len() < self.s.buffer {
                    self.parties[party].inbox.push_back(packet);
                    if !std::mem::replace(&mut self.parties[party].serving, true) {
                        self.at(Duration::from_micros(self.s.service), party, Event::Serve);
                    }
                }
            }
            Event::Serve => {
                let packet = self.parties[party].inbox.pop_front().unwrap();
                self.parties[party].serving = !self.parties[party].inbox.is_empty();
                if self.parties[party].serving {
                    self.at(Duration::from_micros(self.s.service), party, Event::Serve);
                }
                self.receive(party, &packet);
            }
            Event::FileBytes(piece) => {
                self.machine(party).handle_data(piece);
                self.drain(party);
            }
            Event::Disk => {
                self.parties[party].disk_busy = false;
                let now = self.now;
                self.machine(party).handle_stored(now); // means nothing before the file is whole
                self.drain(party);
            }
            Event::Timer => self.fire(party),
        }
    }

    fn machine(&mut self, party: usize) -> &mut Transfer {
        self.parties[party].machine.as_mut().unwrap()
    }

    fn receive(&mut self, party: usize, packet: &[u8]) {
        let packet = Packet::parse(packet).unwrap();
        if let Packet::Rrq(request) | Packet::Wrq(request) = packet {
            let (now, timing) = (self.now, Timing::default());
            let limits = Limits::default();
            let machine = match packet {
                Packet::Rrq(_) => {
                    let agreed = negotiate(request.options, &limits, Some(self.watch.wire.len() as u64));
                    Transfer::serve_read(now, &agreed, self.s.mode, size_told(&self.s), timing)
                }
                _ => Transfer::serve_write(now, &negotiate_write(request.options, &limits), self.s.mode, timing),
            };
            self.parties[SERVER].machine.get_or_insert(machine); // a repeated request finds its transfer under way
        }
        let (now, is_sender) = (self.now, party == self.sender());
        let before = self.watch.packets;
        let repeated = is_sender && self.watch.hears(&packet);
        self.machine(party).handle(now, &packet);
        self.drain(party);
        if repeated && self.watch.window == 1 && self.s.slow_file == 0 {
            // RFC 1123 §4.2.3.1: "the sender ... must never resend the current DATA packet on receipt of a duplicate
            // ACK".
            assert_eq!(self.watch.packets, before, "the sorcerer's apprentice");
        }
        if is_sender && self.watch.confirmed && self.dice.chance(self.s.replay) {
            // An ACK of blocks that were never sent.
            let block = wire_number(self.watch.sent + 1 + self.dice.roll(1000));
            self.machine(party).handle(now, &Packet::Ack { block });
            self.drain(party);
        }
    }

    fn fire(&mut self, party: usize) {
        let now = self.now;
        if self.parties[party].wake.is_some_and(|wake| wake <= now) {
            self.parties[party].wake = None;
        }
        let Some(deadline) = self.machine(party).poll_timeout() else { return };
        if party == self.sender() && deadline <= now {
            self.watch.timeouts_of_base += 1;
        }
        self.machine(party).handle_timeout(now);
        if deadline > now {
            assert_eq!(self.machine(party).poll_transmit(&mut Vec::new()), None, "an early timer");
            assert_eq!(self.machine(party).poll_timeout(), Some(deadline));
        }
        self.drain(party);
    }

    /// Lets a machine do all that it wants to.
    fn drain(&mut self, party: usize) {
        self.drain_disk(party);
        let mut buf = Vec::new();
        loop {
            if let Some(range) = self.machine(party).poll_want()
                && self.read(party, range)
            {
                continue;
            }
            let Some(segment) = self.machine(party).poll_transmit(&mut buf) else { break };
            assert!(buf.len() <= 65_507);
            for datagram in buf.chunks(segment) {
                if let Packet::Data { block, data } = Packet::parse(datagram).unwrap() {
                    self.watch.sees(block, data);
                }
                self.send(1 - party, datagram);
            }
        }
        let Some(deadline) = self.machine(party).poll_timeout() else { return };
        let delay = deadline.saturating_duration_since(self.now);
        if self.parties[party].wake.is_none_or(|wake| wake > deadline) {
            self.parties[party].wake = Some(deadline);
            self.at(delay, party, Event::Timer);
        }
        if self.dice.chance(self.s.early) {
            self.at(delay / 3, party, Event::Timer);
        }
    }

    /// Answers a wish for file bytes, with part of them and late when the disk is slow.
    fn read(&mut self, party: usize, range: std::ops::Range<u64>) -> bool {
        let begin = usize::try_from(range.start).unwrap();
        let mut end = usize::try_from(range.end).unwrap().min(self.file.len());
        let slow = self.dice.chance(self.s.slow_file);
        if slow && end > begin {
            end = begin + 1 + usize::try_from(self.dice.roll((end - begin) as u64)).unwrap();
        }
        let piece = self.file.slice(begin..end);
        if slow {
            let delay = Duration::from_millis(self.dice.roll(300));
            self.at(delay, party, Event::FileBytes(piece));
        } else {
            self.machine(party).handle_data(piece);
        }
        !slow
    }

    /// Stores what was received, at once or later.
    fn drain_disk(&mut self, party: usize) {
        let now = self.now;
        while !self.parties[party].disk_busy {
            let (data, whole) = (self.machine(party).poll_data(), self.machine(party).is_whole());
            if data.is_none() && !whole {
                return;
            }
            self.parties[party].stored.extend_from_slice(&data.unwrap_or_default());
            if self.dice.chance(self.s.slow_file) {
                self.parties[party].disk_busy = true;
                let delay = Duration::from_millis(self.dice.roll(300));
                self.at(delay, party, Event::Disk);
            } else {
                self.machine(party).handle_stored(now);
            }
        }
    }

    /// Runs to the end of both machines, which must be a complete file for the receiver.
    pub(crate) fn run(mut self) -> Ended {
        let (mut begun, mut done) = (self.now, None);
        self.drain(CLIENT);
        let mut steps = 0_u64;
        while self.parties.iter().any(|party| party.machine.as_ref().is_none_or(|one| one.outcome().is_none())) {
            let ((time, _), (party, event)) = self.queue.pop_first().expect("somebody always has a timer");
            self.now = time;
            if !self.watch.confirmed {
                begun = time;
            }
            self.step(party, event);
            let sender = self.parties[self.sender()].machine.as_ref();
            if done.is_none() && sender.is_some_and(|sender| sender.outcome().is_some()) {
                done = Some(self.now);
            }
            steps += 1;
            assert!(steps < 1_000_000, "no end in sight");
        }
        let [sender, receiver] = [self.sender(), 1 - self.sender()];
        let outcome = self.machine(sender).outcome().unwrap();
        let received = self.machine(receiver).outcome().unwrap();
        assert!(matches!(received, Outcome::Complete { .. }), "{received:?}, {outcome:?}");
        assert!(self.parties[receiver].stored == self.file, "the files differ");
        let (length, blocks) = (self.watch.wire.len() as u64, self.watch.last());
        let certain = match outcome {
            Outcome::Complete { bytes, retransmitted } => {
                assert_eq!(bytes, length);
                assert_eq!(self.watch.packets, blocks + retransmitted);
                true
            }
            Outcome::TimedOut { all_sent: true, .. } => false,
            outcome => panic!("{outcome:?}"),
        };
        Ended { certain, packets: self.watch.packets, blocks, took: done.unwrap() - begun }
    }
}

#[expect(clippy::disallowed_methods, reason = "the zero of a virtual clock that then stands still")]
fn epoch() -> Instant {
    Instant::now()
}
