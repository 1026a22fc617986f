//! Any order of packets, time, storing and sending: the receiver stores the file's bytes in order and nothing else,
//! holds no more than a window, acknowledges nothing that was not taken, and is complete only when all is stored.
#![no_main]

use std::time::{Duration, Instant};

use firstlight_tftp::{
    ErrorCode, Limits, Mode, Options, OptionsBuf, Outcome, Packet, Proposal, Timing, Transfer, negotiate_write,
};
use libfuzzer_sys::fuzz_target;

struct Model {
    machine: Transfer,
    now: Instant,
    block: usize,
    window: u64,
    size: usize,
    /// The last block in order that the machine can have received, and the bytes that it gave out.
    received: u64,
    taken: usize,
    finished: bool,
}

fuzz_target!(|bytes: &[u8]| {
    let [size_high, size_low, block, window, flags, operations @ ..] = bytes else { return };
    let now = Instant::now();
    let (block, window) = (u16::from(*block) * 4 + 8, u16::from(*window) + 1);
    let machine = if flags & 1 == 0 { served(now, block, window) } else { fetched(now, block, window) };
    let agreed = machine.agreed().cloned().expect("the negotiation is over");
    let mut model = Model {
        machine,
        now,
        block: usize::from(agreed.block_size),
        window: u64::from(agreed.window_size),
        size: usize::from(u16::from_be_bytes([*size_high, *size_low])),
        received: 0,
        taken: 0,
        finished: false,
    };
    for operation in operations.chunks_exact(3) {
        let [kind, a, b] = *operation else { continue };
        model.apply(kind, u16::from_be_bytes([a, b]));
        model.check();
    }
});

fn served(now: Instant, block: u16, window: u16) -> Transfer {
    let mut asked = OptionsBuf::new();
    asked.push(b"blksize", block.to_string().as_bytes()).expect("digits");
    asked.push(b"windowsize", window.to_string().as_bytes()).expect("digits");
    let agreed = negotiate_write(asked.as_options(), &Limits::default());
    Transfer::serve_write(now, &agreed, Mode::Octet, Timing::default())
}

fn fetched(now: Instant, block: u16, window: u16) -> Transfer {
    let proposal = Proposal { block_size: Some(block), window_size: Some(window), ..Proposal::default() };
    let mut machine = Transfer::get(now, b"file", Mode::Octet, proposal, Timing::default());
    let granted = proposal.to_options();
    machine.handle(now, &Packet::Oack(Options::new(granted.as_options().as_bytes())));
    machine
}

fn content(offset: usize) -> u8 {
    (offset.wrapping_mul(31) ^ (offset >> 7)).to_le_bytes()[0]
}

fn wire(block: u64) -> u16 {
    (block & 0xFFFF) as u16
}

impl Model {
    fn apply(&mut self, kind: u8, value: u16) {
        match kind % 8 {
            0..=2 => self.data(self.received + 1), // most blocks come in order
            3 => self.data((self.received + u64::from(value % 8)).saturating_sub(3)),
            4 => {
                self.now += Duration::from_millis(u64::from(value));
                self.machine.handle_timeout(self.now);
            }
            5 => self.take(),
            6 => self.transmit(),
            _ => self.odd(value),
        }
    }

    /// A block of the file, whether it is its turn or not.
    fn data(&mut self, block: u64) {
        let begin = usize::try_from(block.saturating_sub(1)).expect("small") * self.block;
        if block == 0 || begin > self.size {
            return; // the file ends before it
        }
        let data: Vec<u8> = (begin..self.size.min(begin + self.block)).map(content).collect();
        let live = self.machine.outcome().is_none() && !self.finished;
        let held = usize::try_from(self.received).expect("small") * self.block - self.taken;
        let fits = held + data.len() <= self.block * usize::try_from(self.window).expect("small");
        self.machine.handle(self.now, &Packet::Data { block: wire(block), data: &data });
        if live && fits && block == self.received + 1 {
            self.received = block;
            self.finished = data.len() < self.block;
        }
    }

    fn take(&mut self) {
        if let Some(bytes) = self.machine.poll_data() {
            let wanted: Vec<u8> = (self.taken..self.taken + bytes.len()).map(content).collect();
            assert_eq!(bytes, wanted);
            self.taken += bytes.len();
        }
        assert!(!self.machine.is_whole() || self.taken == self.size);
        self.machine.handle_stored(self.now);
    }

    fn odd(&mut self, value: u16) {
        let before = self.machine.poll_timeout();
        match value {
            0 => {
                let packet = Packet::Error { code: ErrorCode::NOT_DEFINED, message: b"enough" };
                self.machine.handle(self.now, &packet);
            }
            1 if !self.finished => {
                let data = vec![0; self.block + 1];
                self.machine.handle(self.now, &Packet::Data { block: wire(self.received + 1), data: &data });
                assert!(self.machine.outcome().is_some(), "an over-long block was taken");
            }
            _ => {
                self.machine.handle(self.now, &Packet::Ack { block: value });
                assert_eq!(self.machine.poll_timeout(), before, "an ACK means nothing to a receiver");
            }
        }
    }

    fn transmit(&mut self) {
        let mut buf = Vec::new();
        let Some(length) = self.machine.poll_transmit(&mut buf) else { return };
        assert_eq!(length, buf.len());
        match Packet::parse(&buf) {
            Ok(Packet::Ack { block }) => {
                assert_eq!(block, wire(self.received));
                let all = self.size.min(usize::try_from(self.received).expect("small") * self.block);
                assert_eq!(self.taken, all, "acknowledged before it was taken");
            }
            Ok(Packet::Oack(_)) => assert_eq!(self.received, 0),
            Ok(Packet::Error { .. }) => assert!(self.machine.outcome().is_some()),
            other => panic!("a receiver sent {other:?}"),
        }
    }

    fn check(&self) {
        match self.machine.outcome() {
            None => assert!(self.machine.poll_timeout().is_some()),
            Some(Outcome::Complete { bytes, .. }) => {
                assert_eq!((bytes, self.taken), (self.size as u64, self.size));
            }
            Some(_) => assert!(self.machine.poll_timeout().is_none()),
        }
        assert!(!self.machine.is_dallying() || self.taken == self.size);
    }
}
