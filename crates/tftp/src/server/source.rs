//! Reading ahead: the next piece of a file is fetched while the current one travels.
#![expect(clippy::disallowed_types, reason = "the driver's side: files are its business")]

use std::fs::File;
use std::future::pending;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use tokio::task::{JoinHandle, spawn_blocking};

use super::cache::{Cache, FileId, PART};
use super::handler::Source;
use crate::netascii;
use crate::packet::Mode;

/// Of a file that is kept for others at least so much is read at once: reading is a walk to another thread and back.
const MIN_READ: u64 = 4 * PART;
/// And at most so much: the first bytes should not wait for the last ones of a large window.
const MAX_READ: u64 = 16 * PART;

#[derive(Debug)]
pub(super) struct Reader {
    state: State,
    size: u64,
    shared: Option<Shared>,
}

/// Where the parts of this file are kept for other transfers.
#[derive(Clone, Debug)]
struct Shared {
    cache: Arc<Cache>,
    file: FileId,
}

#[derive(Debug)]
enum State {
    Memory(Bytes),
    Idle(File),
    /// At most one read is under way; it owns the file meanwhile.
    Reading(JoinHandle<(File, io::Result<Bytes>)>),
    Broken,
}

impl Reader {
    pub(super) fn new(source: Source, cache: &Arc<Cache>) -> Self {
        match source {
            Source::Bytes(bytes) => Self { size: bytes.len() as u64, state: State::Memory(bytes), shared: None },
            Source::File(file, size) => {
                let id = FileId::of(&file, size).filter(|_| !cache.is_off());
                let shared = id.map(|file| Shared { cache: Arc::clone(cache), file });
                Self { size, state: State::Idle(file), shared }
            }
        }
    }

    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// The bytes that will travel, for `tsize`. A file's netascii form is not known before it was read.
    pub(super) fn wire_size(&self, mode: Mode) -> Option<u64> {
        match (&self.state, mode) {
            (State::Memory(bytes), Mode::Netascii) => Some(netascii::encoded_len(bytes)),
            (_, Mode::Netascii) => None,
            _ => Some(self.size),
        }
    }

    /// Starts to read a range. Bytes in memory, or at least the first of them, are there at once; a file's come from
    /// [`Self::ready`].
    pub(super) fn start(&mut self, range: &Range<u64>) -> Option<Bytes> {
        if let Some(Shared { cache, file }) = &self.shared
            && let Some(piece) = cache.find(*file, range.start)
        {
            return Some(piece);
        }
        match std::mem::replace(&mut self.state, State::Broken) {
            State::Memory(bytes) => {
                let index = |offset| usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
                let piece = bytes.slice(index(range.start)..index(range.end));
                self.state = State::Memory(bytes);
                Some(piece)
            }
            State::Idle(mut file) => {
                let (range, shared) = (range.clone(), self.shared.clone());
                self.state = State::Reading(spawn_blocking(move || {
                    let piece = match shared {
                        Some(shared) => shared.read(&mut file, range),
                        None => read_piece(&mut file, range),
                    };
                    (file, piece)
                }));
                None
            }
            other => {
                self.state = other;
                None
            }
        }
    }

    /// The bytes that [`Self::start`] asked for; never ready when nothing is being read. Dropping the future loses
    /// nothing.
    pub(super) async fn ready(&mut self) -> io::Result<Bytes> {
        let State::Reading(handle) = &mut self.state else { return pending().await };
        match handle.await {
            Ok((file, piece)) => {
                self.state = State::Idle(file);
                piece
            }
            Err(error) => {
                self.state = State::Broken;
                Err(io::Error::other(error))
            }
        }
    }
}

impl Shared {
    /// Reads whole parts, keeps them, and returns what was asked for.
    fn read(&self, file: &mut File, range: Range<u64>) -> io::Result<Bytes> {
        let begin = range.start - range.start % PART;
        let end = range.end.clamp(begin + MIN_READ, begin + MAX_READ).next_multiple_of(PART);
        let bytes = read_piece(file, begin..end)?;
        self.cache.keep(self.file, begin, &bytes);
        let skip = usize::try_from(range.start - begin).unwrap_or(usize::MAX).min(bytes.len());
        Ok(bytes.slice(skip..))
    }
}

fn read_piece(file: &mut File, range: Range<u64>) -> io::Result<Bytes> {
    let len = range.end.saturating_sub(range.start);
    file.seek(SeekFrom::Start(range.start))?;
    let mut piece = Vec::with_capacity(usize::try_from(len).unwrap_or(0));
    file.take(len).read_to_end(&mut piece)?;
    Ok(piece.into())
}
