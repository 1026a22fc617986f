//! The bytes between the file and the wire: read ahead, not acknowledged yet.
//!
//! Chunks are kept as they were handed in, so a file in memory is never copied until its bytes enter a datagram.

use std::collections::VecDeque;

use bytes::{Buf, Bytes};

#[derive(Debug, Default)]
pub(crate) struct Buffer {
    chunks: VecDeque<Bytes>,
    start: u64,
    end: u64,
}

impl Buffer {
    /// The offset after the last byte.
    pub(crate) const fn end(&self) -> u64 {
        self.end
    }

    pub(crate) fn push(&mut self, chunk: Bytes) {
        if !chunk.is_empty() {
            self.end = self.end.saturating_add(chunk.len() as u64);
            self.chunks.push_back(chunk);
        }
    }

    /// Forgets everything before `offset`.
    pub(crate) fn discard_to(&mut self, offset: u64) {
        while self.start < offset
            && let Some(front) = self.chunks.front_mut()
        {
            let surplus = usize::try_from(offset - self.start).unwrap_or(usize::MAX);
            if surplus < front.len() {
                front.advance(surplus);
                self.start = offset;
            } else {
                self.start = self.start.saturating_add(front.len() as u64);
                self.chunks.pop_front();
            }
        }
    }

    pub(crate) fn clear(&mut self) {
        self.chunks.clear();
        self.start = self.end;
    }

    /// Appends up to `len` bytes from `offset` on.
    pub(crate) fn copy_to(&self, offset: u64, len: usize, out: &mut Vec<u8>) {
        let Some(skip) = offset.checked_sub(self.start) else { return };
        let mut skip = usize::try_from(skip).unwrap_or(usize::MAX);
        let mut missing = len;
        for chunk in &self.chunks {
            if missing == 0 {
                return;
            }
            let part = chunk.get(skip..).unwrap_or_default();
            skip = skip.saturating_sub(chunk.len());
            let part = part.get(..missing).unwrap_or(part);
            out.extend_from_slice(part);
            missing -= part.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copied(buffer: &Buffer, offset: u64, len: usize) -> Vec<u8> {
        let mut out = Vec::new();
        buffer.copy_to(offset, len, &mut out);
        out
    }

    #[test]
    fn bytes_are_found_across_chunks_and_after_discarding() {
        let mut buffer = Buffer::default();
        for chunk in ["abc", "", "d", "efgh"] {
            buffer.push(chunk.into());
        }
        assert_eq!(copied(&buffer, 0, 8), b"abcdefgh");
        assert_eq!(copied(&buffer, 2, 3), b"cde");
        assert_eq!(copied(&buffer, 6, 9), b"gh");
        buffer.discard_to(2);
        assert_eq!(copied(&buffer, 2, 2), b"cd");
        buffer.discard_to(5);
        assert_eq!(copied(&buffer, 5, 2), b"fg");
        assert_eq!(copied(&buffer, 4, 2), b"");
        assert_eq!(copied(&buffer, 8, 2), b"");
        buffer.discard_to(100);
        assert_eq!(buffer.end(), 8);
    }
}
