//! IPv4 datagrams that lie in several frames, put together (RFC 791 §3.2).
//!
//! It remembers a bounded number of datagrams, each with no more bytes than two datagrams have: what a capture has of
//! duplicates does not add up.

use std::collections::{BTreeMap, VecDeque};
use std::net::Ipv4Addr;

use jiff::Timestamp;

use super::Frame;

/// How many datagrams may be incomplete at a time.
const DATAGRAMS: usize = 64;
/// The longest datagram.
const MAX_LEN: usize = 0xffff;

/// What the fragments of one datagram have in common, besides UDP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) source: Ipv4Addr,
    pub(super) destination: Ipv4Addr,
    pub(super) id: u16,
}

/// A fragment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fragment<'f> {
    pub(super) key: Key,
    /// Where it belongs.
    pub(super) offset: usize,
    /// How many bytes it has.
    pub(super) len: usize,
    /// Whether others come behind it.
    pub(super) more: bool,
    /// What was captured of it, from its start.
    pub(super) data: &'f [u8],
}

/// What IP carries: the bytes up to the first that was not captured, and how many there were.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Whole {
    pub(super) data: Vec<u8>,
    pub(super) len: usize,
}

/// A datagram that lacks a fragment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Incomplete {
    pub(super) key: Key,
    /// The last of its frames.
    pub(super) frame: u64,
    pub(super) time: Option<Timestamp>,
    /// Its bytes up to the first that is not there.
    pub(super) start: Vec<u8>,
}

#[derive(Debug, Default)]
pub(super) struct Fragments {
    /// The oldest first.
    open: VecDeque<Datagram>,
}

#[derive(Debug)]
struct Datagram {
    key: Key,
    frame: u64,
    time: Option<Timestamp>,
    pieces: BTreeMap<usize, Piece>,
    /// Captured bytes of all pieces.
    held: usize,
    /// How long the datagram is, once its last fragment has come.
    len: Option<usize>,
}

#[derive(Debug)]
struct Piece {
    len: usize,
    data: Vec<u8>,
}

/// What became of a fragment.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Taken {
    /// The datagram, if this was the fragment that it lacked.
    pub(super) whole: Option<Whole>,
    /// A datagram that had to make room, or that another of the same identification took the place of.
    pub(super) given_up: Option<Incomplete>,
}

impl Fragments {
    pub(super) fn take(&mut self, frame: &Frame, fragment: Fragment<'_>) -> Taken {
        let mut taken = Taken::default();
        let known = self.open.iter().position(|datagram| datagram.key == fragment.key);
        let datagram = known.and_then(|at| self.open.remove(at));
        let mut datagram = match datagram {
            Some(datagram) if datagram.has_room(&fragment) => datagram,
            other => {
                // Identifications are used again (RFC 6864), and then begin a datagram.
                taken.given_up = other.map(Datagram::incomplete);
                Datagram::new(fragment.key)
            }
        };
        if taken.given_up.is_none() && self.open.len() >= DATAGRAMS {
            taken.given_up = self.open.pop_front().map(Datagram::incomplete);
        }
        datagram.put(frame, fragment);
        match datagram.whole() {
            Some(whole) => taken.whole = Some(whole),
            None => self.open.push_back(datagram),
        }
        taken
    }

    /// What is left over at the end, the oldest first.
    pub(super) fn into_incomplete(self) -> impl Iterator<Item = Incomplete> {
        self.open.into_iter().map(Datagram::incomplete)
    }
}

impl Datagram {
    const fn new(key: Key) -> Self {
        Self { key, frame: 0, time: None, pieces: BTreeMap::new(), held: 0, len: None }
    }

    /// Whether the fragment can belong to this datagram: not if it contradicts the length, or there is too much already.
    fn has_room(&self, fragment: &Fragment<'_>) -> bool {
        let end = fragment.offset + fragment.len;
        let fits = self.len.is_none_or(|len| if fragment.more { end <= len } else { end == len });
        fits && self.held + fragment.data.len() <= 2 * MAX_LEN
    }

    fn put(&mut self, frame: &Frame, fragment: Fragment<'_>) {
        (self.frame, self.time) = (frame.number, frame.time);
        let end = fragment.offset + fragment.len;
        if end > MAX_LEN {
            return;
        }
        if !fragment.more {
            self.len = Some(end);
        }
        // Of two fragments at one place the longer one counts, else the first.
        if self.pieces.get(&fragment.offset).is_none_or(|piece| piece.len < fragment.len) {
            self.held += fragment.data.len();
            self.pieces.insert(fragment.offset, Piece { len: fragment.len, data: fragment.data.to_vec() });
        }
    }

    /// The bytes without a gap from the start, and how far fragments reach without a gap, captured or not.
    fn start(&self) -> (Vec<u8>, usize) {
        let mut data: Vec<u8> = Vec::new();
        let mut reached = 0;
        for (offset, piece) in &self.pieces {
            if *offset > reached {
                break;
            }
            if let Some(new) = data.len().checked_sub(*offset).and_then(|known| piece.data.get(known..)) {
                data.extend_from_slice(new);
            }
            reached = reached.max(offset + piece.len);
        }
        (data, reached)
    }

    fn whole(&self) -> Option<Whole> {
        let len = self.len?;
        let (mut data, reached) = self.start();
        data.truncate(len);
        (reached >= len).then_some(Whole { data, len })
    }

    fn incomplete(self) -> Incomplete {
        let (start, _) = self.start();
        Incomplete { key: self.key, frame: self.frame, time: self.time, start }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Key = Key { source: Ipv4Addr::UNSPECIFIED, destination: Ipv4Addr::BROADCAST, id: 9 };

    /// Takes fragments of these places: offset, bytes, whether more come.
    fn take(fragments: &mut Fragments, pieces: &[(usize, &[u8], bool)]) -> Vec<Taken> {
        let number = |index: usize| u64::try_from(index).unwrap_or(0) + 1;
        let pieces = pieces.iter().enumerate();
        pieces
            .map(|(index, (offset, data, more))| {
                let frame =
                    Frame { number: number(index), time: None, link_type: 101, data: Vec::new(), original_len: 0 };
                let fragment = Fragment { key: KEY, offset: *offset, len: data.len(), more: *more, data };
                fragments.take(&frame, fragment)
            })
            .collect()
    }

    fn whole(pieces: &[(usize, &[u8], bool)]) -> Option<Vec<u8>> {
        let taken = take(&mut Fragments::default(), pieces);
        taken.into_iter().last().and_then(|taken| taken.whole).map(|whole| whole.data)
    }

    #[test]
    fn any_order_duplicates_and_overlaps() {
        let expect = Some(b"aaaaaaaabbbbbbbbccc".to_vec());
        let (a, b, c) = ((0, &b"aaaaaaaa"[..], true), (8, &b"bbbbbbbb"[..], true), (16, &b"ccc"[..], false));
        for order in [[a, b, c], [a, c, b], [b, a, c], [b, c, a], [c, a, b], [c, b, a]] {
            assert_eq!(whole(&order), expect);
        }
        assert_eq!(whole(&[c, c, a, a, b]), expect);
        assert_eq!(whole(&[a, (8, b"XXXX", true), c, b]), expect);
        assert_eq!(whole(&[c, b, (0, b"aaaaaaaaYYYY", true)]), Some(b"aaaaaaaaYYYYbbbbccc".to_vec()));
    }

    #[test]
    fn an_identification_that_is_used_again_begins_a_datagram() {
        let mut fragments = Fragments::default();
        let taken = take(
            &mut fragments,
            &[(0, b"old.....", true), (24, b"end", false), (32, b"longer", false), (0, b"new.....", true)],
        );
        let given_up = Incomplete { key: KEY, frame: 2, time: None, start: b"old.....".to_vec() };
        assert_eq!(taken.get(2), Some(&Taken { whole: None, given_up: Some(given_up) }));
        assert_eq!(fragments.into_incomplete().map(|it| it.start).collect::<Vec<_>>(), [b"new....."]);
    }

    #[test]
    fn memory_is_bounded() {
        let mut fragments = Fragments::default();
        let bytes = vec![0; 60_000];
        let mut given_up = 0;
        for id in 0..200 {
            for offset in [0, 8, 16] {
                let frame = Frame { number: 1, time: None, link_type: 101, data: Vec::new(), original_len: 0 };
                let key = Key { id, ..KEY };
                let fragment = Fragment { key, offset, len: bytes.len(), more: true, data: &bytes };
                given_up += usize::from(fragments.take(&frame, fragment).given_up.is_some());
            }
        }
        assert_eq!(fragments.open.len(), DATAGRAMS);
        assert!(fragments.open.iter().all(|datagram| datagram.held <= 2 * MAX_LEN));
        // Each third fragment is too much for its datagram, which begins again.
        assert_eq!(given_up, 200 + 200 - DATAGRAMS);
    }
}
