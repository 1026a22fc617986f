//! The file as the sender sees it: how far it was read, and the bytes that are not acknowledged yet.

use std::ops::Range;

use bytes::Bytes;

use crate::buffer::Buffer;
use crate::netascii;
use crate::packet::Mode;

/// At least so much of a file is kept at hand.
const MIN_READ_AHEAD: u64 = 64 << 10;
/// So much is kept at hand beyond two windows, or a third one if that is more: short windows need not a read each.
const MIN_SURPLUS: u64 = 48 << 10;

/// Offsets of the file and offsets of what travels differ in netascii: `fetched` and `wanted` are the former,
/// everything else the latter.
#[derive(Debug)]
pub(crate) struct Feed {
    size: Option<u64>,
    netascii: bool,
    fetched: u64,
    /// The end of the range that was asked for and not delivered yet.
    wanted: Option<u64>,
    at_end: bool,
    read_ahead: u64,
    /// More bytes than this are enough.
    few: u64,
    buffer: Buffer,
}

/// The file ended before its known size.
pub(crate) struct Shortened;

impl Feed {
    pub(crate) fn new(mode: Mode, size: Option<u64>, window_bytes: u64) -> Self {
        let two_windows = window_bytes.saturating_mul(2);
        Self {
            size,
            netascii: mode == Mode::Netascii,
            fetched: 0,
            wanted: None,
            at_end: size == Some(0),
            read_ahead: two_windows.saturating_add(window_bytes.max(MIN_SURPLUS)).max(MIN_READ_AHEAD),
            // An ACK takes away one window at most, and then the next one is whole.
            few: two_windows.max(MIN_READ_AHEAD / 2),
            buffer: Buffer::default(),
        }
    }

    /// The range to read next, when the bytes from `acknowledged` on have become few.
    pub(crate) fn want(&mut self, acknowledged: u64) -> Option<Range<u64>> {
        if self.at_end || self.wanted.is_some() {
            return None;
        }
        let held = self.buffer.end().saturating_sub(acknowledged);
        if held > self.few {
            return None; // few large reads instead of one per block
        }
        let end = self.fetched.saturating_add(self.read_ahead - held);
        let end = self.size.map_or(end, |size| end.min(size));
        self.wanted = Some(end);
        Some(self.fetched..end)
    }

    /// Takes the beginning of the range that was asked for; empty data is the end of the file.
    pub(crate) fn push(&mut self, mut data: Bytes) -> Result<(), Shortened> {
        let Some(wanted) = self.wanted.take() else { return Ok(()) };
        if data.is_empty() {
            self.at_end = true;
            return if self.size.is_some() { Err(Shortened) } else { Ok(()) };
        }
        let room = wanted.saturating_sub(self.fetched);
        data.truncate(usize::try_from(room).unwrap_or(usize::MAX));
        self.fetched = self.fetched.saturating_add(data.len() as u64);
        self.at_end = self.size == Some(self.fetched);
        self.buffer.push(if self.netascii { netascii::encode(data) } else { data });
        Ok(())
    }

    /// The bytes that can travel so far.
    pub(crate) const fn available(&self) -> u64 {
        self.buffer.end()
    }

    /// Whether these are all.
    pub(crate) const fn at_end(&self) -> bool {
        self.at_end
    }

    pub(crate) fn copy_to(&self, offset: u64, len: usize, out: &mut Vec<u8>) {
        self.buffer.copy_to(offset, len, out);
    }

    pub(crate) fn discard_to(&mut self, offset: u64) {
        self.buffer.discard_to(offset);
    }

    pub(crate) fn clear(&mut self) {
        self.buffer.clear();
    }
}
