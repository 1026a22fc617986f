//! Reading ahead: the next piece of a file is fetched while the current one travels.
#![expect(clippy::disallowed_types, reason = "the driver's side: files are its business")]

use std::fs::File;
use std::future::pending;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;

use bytes::Bytes;
use tokio::task::{JoinHandle, spawn_blocking};

use super::handler::Source;
use crate::netascii;
use crate::packet::Mode;

#[derive(Debug)]
pub(super) struct Reader {
    state: State,
    size: u64,
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
    pub(super) fn new(source: Source) -> Self {
        match source {
            Source::Bytes(bytes) => Self { size: bytes.len() as u64, state: State::Memory(bytes) },
            Source::File(file, size) => Self { size, state: State::Idle(file) },
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

    /// Starts to read a range. Bytes in memory are there at once; a file's come from [`Self::ready`].
    pub(super) fn start(&mut self, range: &Range<u64>) -> Option<Bytes> {
        let begin = range.start;
        let len = range.end.saturating_sub(begin);
        match std::mem::replace(&mut self.state, State::Broken) {
            State::Memory(bytes) => {
                let index = |offset| usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
                let piece = bytes.slice(index(begin)..index(range.end));
                self.state = State::Memory(bytes);
                Some(piece)
            }
            State::Idle(mut file) => {
                self.state = State::Reading(spawn_blocking(move || {
                    let piece = read_piece(&mut file, begin, len);
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

fn read_piece(file: &mut File, begin: u64, len: u64) -> io::Result<Bytes> {
    file.seek(SeekFrom::Start(begin))?;
    let mut piece = Vec::with_capacity(usize::try_from(len).unwrap_or(0));
    file.take(len).read_to_end(&mut piece)?;
    Ok(piece.into())
}
