//! What the sender was seen to do, and what it may do next: a count of its own, which shares nothing with the machine.

use bytes::Bytes;
use firstlight_tftp::Packet;

/// What the sender was seen to do, and what it may do next.
#[derive(Default)]
pub(crate) struct Watch {
    pub(crate) confirmed: bool,
    pub(crate) acked: u64,
    pub(crate) sent: u64,
    pub(crate) wire: Bytes,
    pub(crate) block: u64,
    pub(crate) window: u64,
    pub(crate) firsts_of_base: u64,
    pub(crate) timeouts_of_base: u64,
    pub(crate) packets: u64,
}

impl Watch {
    /// Checks a DATA packet that leaves.
    #[track_caller]
    pub(crate) fn sees(&mut self, block: u16, data: &[u8]) {
        assert!(self.confirmed || block == 1, "a window went to an address that never answered");
        let ahead = u64::from(block.wrapping_sub(wire_number(self.acked)));
        assert!((1..=self.window).contains(&ahead), "block {block} is {ahead} after the last ACK");
        let number = self.acked + ahead;
        assert!(number <= self.sent + 1, "block {number} skips some after {}", self.sent);
        let begin = usize::try_from((number - 1) * self.block).unwrap();
        let end = self.wire.len().min(begin + usize::try_from(self.block).unwrap());
        assert_eq!(data, &self.wire[begin..end], "block {number}");
        if ahead == 1 {
            self.firsts_of_base += 1;
            // The first burst, one for each timer (a time-out, a probe, a go-back), and, with windows, one for a gap
            // that the receiver tells of.
            let allowed = (1 + self.timeouts_of_base) * if self.window > 1 { 2 } else { 1 };
            assert!(self.firsts_of_base <= allowed, "{number} was sent {} times", self.firsts_of_base);
        }
        self.sent = self.sent.max(number);
        self.packets += 1;
    }

    /// The number of the last block.
    pub(crate) fn last(&self) -> u64 {
        self.wire.len() as u64 / self.block + 1
    }

    /// Notes a packet for the sender; whether it is a duplicate of the last ACK.
    pub(crate) fn hears(&mut self, packet: &Packet<'_>) -> bool {
        let Packet::Ack { block } = *packet else {
            self.confirmed |= matches!(packet, Packet::Oack(_)); // the client of a write request
            return false;
        };
        let ahead = u64::from(block.wrapping_sub(wire_number(self.acked)));
        let first = !self.confirmed;
        let progress = ahead > 0 && self.acked + ahead <= self.sent;
        self.confirmed |= block == 0 || progress;
        if progress {
            self.acked += ahead;
            self.firsts_of_base = 0;
            self.timeouts_of_base = 0;
        }
        ahead == 0 && !first && self.sent > self.acked
    }
}

pub(crate) fn wire_number(block: u64) -> u16 {
    u16::try_from(block & 0xFFFF).unwrap()
}
