//! Any order of packets, file bytes, time and sending: the sender keeps to its window, sends the right bytes, holds
//! no more than it asked for, and is complete only when the last block was acknowledged.
#![no_main]

use std::time::{Duration, Instant};

use bytes::Bytes;
use firstlight_tftp::{ErrorCode, Limits, Mode, OptionsBuf, Outcome, Packet, Timing, Transfer, negotiate};
use libfuzzer_sys::fuzz_target;

struct Model {
    machine: Transfer,
    file: Bytes,
    block: u64,
    window: u64,
    now: Instant,
    opened: bool,
    acked: u64,
    sent: u64,
    want: Option<std::ops::Range<u64>>,
}

fuzz_target!(|bytes: &[u8]| {
    let [size_high, size_low, block, window, flags, operations @ ..] = bytes else { return };
    let size = usize::from(u16::from_be_bytes([*size_high, *size_low]));
    let mut asked = OptionsBuf::new();
    if flags & 1 != 0 {
        asked.push(b"blksize", (u32::from(*block) * 4 + 8).to_string().as_bytes()).expect("digits");
    }
    if flags & 2 != 0 {
        asked.push(b"windowsize", (u32::from(*window) + 1).to_string().as_bytes()).expect("digits");
    }
    let agreed = negotiate(asked.as_options(), &Limits::default(), Some(size as u64));
    let now = Instant::now();
    let told = (flags & 4 == 0).then_some(size as u64);
    let mut model = Model {
        machine: Transfer::serve_read(now, &agreed, Mode::Octet, told, Timing::default()),
        file: (0..size).map(content).collect(),
        block: u64::from(agreed.block_size),
        window: u64::from(agreed.window_size),
        now,
        opened: agreed.oack.as_options().is_empty(),
        acked: 0,
        sent: 0,
        want: None,
    };
    for operation in operations.chunks_exact(3) {
        let [kind, a, b] = *operation else { continue };
        model.apply(kind, u16::from_be_bytes([a, b]));
        model.check();
    }
});

fn content(offset: usize) -> u8 {
    (offset.wrapping_mul(31) ^ (offset >> 7)).to_le_bytes()[0]
}

fn wire(block: u64) -> u16 {
    (block & 0xFFFF) as u16
}

impl Model {
    fn apply(&mut self, kind: u8, value: u16) {
        match kind % 8 {
            0 => self.ack(value),
            1 => self.ack(wire(self.acked.wrapping_add(u64::from(value % 8)))),
            2 => self.ack(wire(self.sent)),
            3 => {
                self.now += Duration::from_millis(u64::from(value));
                self.machine.handle_timeout(self.now);
            }
            4 => self.want = self.want.take().or_else(|| self.machine.poll_want()),
            5 => self.feed(usize::from(value)),
            6 => self.transmit(),
            _ if value == 0xFFFF => {
                let packet = Packet::Error { code: ErrorCode::OPTION_REFUSED, message: b"enough" };
                self.machine.handle(self.now, &packet);
            }
            _ => {
                let before = self.machine.poll_timeout();
                self.machine.handle(self.now, &Packet::Data { block: value, data: b"x" });
                assert_eq!(self.machine.poll_timeout(), before, "DATA means nothing to a sender");
            }
        }
    }

    fn ack(&mut self, block: u16) {
        let ended = self.machine.outcome().is_some();
        self.machine.handle(self.now, &Packet::Ack { block });
        let ahead = u64::from(block.wrapping_sub(wire(self.acked)));
        if ended {
            // Nothing counts any more.
        } else if !self.opened {
            self.opened = block == 0;
        } else if self.acked + ahead <= self.sent {
            self.acked += ahead;
        }
    }

    fn feed(&mut self, most: usize) {
        let Some(range) = self.want.take() else {
            self.machine.handle_data(Bytes::from_static(b"never asked for"));
            return;
        };
        let begin = usize::try_from(range.start).expect("small").min(self.file.len());
        let end = usize::try_from(range.end).expect("small").min(self.file.len());
        self.machine.handle_data(self.file.slice(begin..end.min(begin + most.max(1))));
    }

    fn transmit(&mut self) {
        let mut buf = Vec::new();
        let Some(segment) = self.machine.poll_transmit(&mut buf) else { return };
        assert!(buf.len() <= 65_507);
        for datagram in buf.chunks(segment) {
            match Packet::parse(datagram) {
                Ok(Packet::Data { block, data }) => self.sent_data(block, data),
                Ok(Packet::Oack(_)) => assert!(!self.opened),
                Ok(Packet::Error { .. }) => assert!(self.machine.outcome().is_some()),
                other => panic!("a sender sent {other:?}"),
            }
        }
    }

    fn sent_data(&mut self, block: u16, data: &[u8]) {
        assert!(self.opened);
        let ahead = u64::from(block.wrapping_sub(wire(self.acked)));
        assert!((1..=self.window).contains(&ahead), "block {block} is {ahead} after the last ACK");
        let number = self.acked + ahead;
        assert!(number <= self.sent + 1);
        self.sent = self.sent.max(number);
        let begin = usize::try_from((number - 1) * self.block).expect("small");
        let end = (begin + usize::try_from(self.block).expect("small")).min(self.file.len());
        assert_eq!(Some(data), self.file.get(begin..end));
    }

    fn check(&self) {
        let last = self.file.len() as u64 / self.block + 1;
        match self.machine.outcome() {
            None => {
                assert!(self.machine.poll_timeout().is_some());
                assert!(self.acked < last);
            }
            Some(Outcome::Complete { bytes, .. }) => {
                assert_eq!(bytes, self.file.len() as u64);
                assert_eq!(self.acked, last);
            }
            Some(_) => assert!(self.machine.poll_timeout().is_none()),
        }
    }
}
