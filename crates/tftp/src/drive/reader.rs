//! Reading ahead: the next piece of a file is fetched while the current one travels.
#![expect(clippy::disallowed_types, reason = "the driver's side: files are its business")]

use std::fs::File;
use std::future::pending;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::task::{JoinHandle, spawn_blocking};

use super::cache::{Cache, FileId, PART, Reading};
use super::source::Source;
use crate::netascii;
use crate::packet::Mode;

/// Of a file that is kept for others at least so much is read at once: reading may be a walk to another thread and back.
const MIN_READ: u64 = 4 * PART;
/// And of any file at most so much: the first bytes should not wait for the last ones of a large window.
const MAX_READ: u64 = 16 * PART;

/// Reads one file in order.
pub(crate) struct Reader {
    state: State,
    size: Option<u64>,
    shared: Option<Reading>,
    #[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "only Linux tells"))]
    residence: Residence,
}

/// The longest file whose netascii form is measured.
const MAX_TEXT: u64 = 1 << 20;

/// What is known of the wait for a file's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Residence {
    /// The kernel says when it would have to wait for a disk (Linux 4.14, most file systems).
    Told,
    /// It never waits: tmpfs, which cannot be asked.
    #[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "only Linux tells"))]
    Memory,
    Unknown,
}

enum State {
    Memory(Bytes),
    Idle(File),
    /// At most one read is under way; it owns the file meanwhile.
    Reading(JoinHandle<(File, io::Result<Bytes>)>, Range<u64>),
    /// A reader, and how many bytes are wanted of it.
    Stream(Pin<Box<dyn AsyncRead + Send>>, usize),
    Broken,
}

impl Reader {
    pub(crate) fn new(source: Source, cache: &Arc<Cache>) -> Self {
        let (state, size, shared) = match source {
            Source::Bytes(bytes) => {
                let size = bytes.len() as u64;
                (State::Memory(bytes), Some(size), None)
            }
            Source::File(file, size) => {
                let shared = FileId::of(&file, size).map(|file| Cache::join(cache, file));
                (State::Idle(file), Some(size), shared)
            }
            Source::Reader(reader, size) => (State::Stream(reader, 0), size, None),
        };
        Self {
            state,
            size,
            shared,
            residence: if cfg!(target_os = "linux") { Residence::Told } else { Residence::Unknown },
        }
    }

    pub(crate) fn size(&self) -> Option<u64> {
        self.size
    }

    /// The bytes that will travel, for `tsize`. A file's netascii form is known after a look at all of it, which a text
    /// is worth and an image is not.
    pub(crate) async fn wire_size(&mut self, mode: Mode) -> Option<u64> {
        if mode != Mode::Netascii {
            return self.size;
        }
        match std::mem::replace(&mut self.state, State::Broken) {
            State::Memory(bytes) => {
                let size = netascii::encoded_len(&bytes);
                self.state = State::Memory(bytes);
                Some(size)
            }
            State::Idle(file) if self.size.is_some_and(|size| size <= MAX_TEXT) => {
                let size = self.size?;
                let task = spawn_blocking(move || (read_span(&file, 0..size), file));
                let (text, file) = task.await.ok()?;
                self.state = State::Idle(file);
                text.ok().map(|text| netascii::encoded_len(&text))
            }
            other => {
                self.state = other;
                None
            }
        }
    }

    /// Reads the beginning of a range, or starts to. Bytes in memory are there at once, whether they are ours or the
    /// kernel's; those on a disk come from [`Self::ready`].
    pub(crate) fn start(&mut self, range: &Range<u64>) -> Option<Bytes> {
        if let Some(piece) = self.shared.as_ref().and_then(|shared| shared.find(range.start)) {
            return Some(piece);
        }
        match std::mem::replace(&mut self.state, State::Broken) {
            State::Memory(bytes) => {
                let index = |offset| usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
                let piece = bytes.slice(index(range.start)..index(range.end));
                self.state = State::Memory(bytes);
                Some(piece)
            }
            State::Idle(file) => {
                let span = self.span(range);
                if let Some(piece) = self.read_now(&file, &span).and_then(|bytes| self.take(&bytes, &span, range.start))
                {
                    self.state = State::Idle(file);
                    return Some(piece);
                }
                let wanted = span.start..range.start;
                let task = spawn_blocking(move || {
                    let piece = read_span(&file, span);
                    (file, piece)
                });
                self.state = State::Reading(task, wanted);
                None
            }
            State::Stream(reader, _) => {
                let length = range.end.saturating_sub(range.start).min(MAX_READ);
                self.state = State::Stream(reader, usize::try_from(length).unwrap_or(0));
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
    pub(crate) async fn ready(&mut self) -> io::Result<Bytes> {
        if let State::Stream(reader, wanted @ 1..) = &mut self.state {
            let mut piece = BytesMut::with_capacity(*wanted);
            reader.take(*wanted as u64).read_buf(&mut piece).await?;
            *wanted = 0;
            return Ok(piece.freeze());
        }
        let State::Reading(task, surplus) = &mut self.state else { return pending().await };
        let (read, surplus) = (task.await, surplus.clone());
        match read {
            Ok((file, piece)) => {
                self.state = State::Idle(file);
                // Nothing behind the surplus: the file has become shorter.
                Ok(self.take(&piece?, &surplus, surplus.end).unwrap_or_default())
            }
            Err(error) => {
                self.state = State::Broken;
                Err(io::Error::other(error))
            }
        }
    }

    /// What to read for a range: whole parts, when others read the same file.
    fn span(&self, range: &Range<u64>) -> Range<u64> {
        if self.shared.as_ref().is_some_and(Reading::has_company) {
            let begin = range.start - range.start % PART;
            begin..range.end.clamp(begin + MIN_READ, begin + MAX_READ).next_multiple_of(PART)
        } else {
            range.start..range.end.min(range.start.saturating_add(MAX_READ))
        }
    }

    /// Keeps for others what was read, and returns what is there from `begin` on, if anything is.
    fn take(&self, bytes: &Bytes, span: &Range<u64>, begin: u64) -> Option<Bytes> {
        if let Some(shared) = self.shared.as_ref().filter(|shared| shared.has_company()) {
            shared.keep(span.start, bytes);
        }
        let skip = usize::try_from(begin - span.start).ok().filter(|&skip| skip < bytes.len())?;
        Some(bytes.slice(skip..))
    }

    /// What the kernel has in memory at the beginning of the span: then no other thread is needed.
    #[cfg(target_os = "linux")]
    fn read_now(&mut self, file: &File, span: &Range<u64>) -> Option<Bytes> {
        use rustix::io::{Errno, ReadWriteFlags, preadv2};
        let how = match self.residence {
            Residence::Told => ReadWriteFlags::NOWAIT,
            Residence::Memory => ReadWriteFlags::empty(),
            Residence::Unknown => return None,
        };
        let mut piece = zeroes(&(span.start..span.end.min(self.size.unwrap_or(0))));
        match preadv2(file, &mut [io::IoSliceMut::new(&mut piece)], span.start, how) {
            Ok(length) => {
                piece.truncate(length);
                Some(piece.into())
            }
            Err(Errno::AGAIN) => None,
            Err(Errno::OPNOTSUPP) if how == ReadWriteFlags::NOWAIT && is_tmpfs(file) => {
                self.residence = Residence::Memory;
                self.read_now(file, span)
            }
            Err(_) => {
                self.residence = Residence::Unknown;
                None
            }
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn read_now(&mut self, _: &File, _: &Range<u64>) -> Option<Bytes> {
        None
    }
}

#[cfg(target_os = "linux")]
fn is_tmpfs(file: &File) -> bool {
    const TMPFS_MAGIC: u64 = 0x0102_1994; // statfs(2)
    rustix::fs::fstatfs(file).is_ok_and(|system| u64::try_from(system.f_type).is_ok_and(|magic| magic == TMPFS_MAGIC))
}

fn read_span(mut file: &File, span: Range<u64>) -> io::Result<Bytes> {
    file.seek(SeekFrom::Start(span.start))?;
    let mut piece = zeroes(&span);
    let mut filled = 0;
    while let Some(rest) = piece.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match file.read(rest) {
            Ok(0) => break,
            Ok(length) => filled += length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    piece.truncate(filled);
    Ok(piece.into())
}

/// Room for a span, which is [`MAX_READ`] and a part long at most.
fn zeroes(span: &Range<u64>) -> Vec<u8> {
    vec![0; usize::try_from(span.end.saturating_sub(span.start)).unwrap_or(0)]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads it all in pieces as a transfer does.
    async fn read_all(reader: &mut Reader, step: u64) -> Vec<u8> {
        let mut all = Vec::new();
        let size = reader.size().unwrap();
        while (all.len() as u64) < size {
            let begin = all.len() as u64;
            let piece = match reader.start(&(begin..(begin + step).min(size))) {
                Some(piece) => piece,
                None => reader.ready().await.unwrap(),
            };
            assert!(!piece.is_empty(), "nothing at {begin}");
            all.extend_from_slice(&piece[..piece.len().min(usize::try_from(step).unwrap())]);
        }
        all
    }

    #[tokio::test]
    async fn the_same_bytes_come_from_wherever_they_are() {
        let want: Vec<u8> = (0..=250).cycle().take(300_001).collect();
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        std::fs::write(&path, &want).unwrap();
        let cache = Arc::new(Cache::new(1 << 20));
        let open = || Reader::new(Source::from_file(File::open(&path).unwrap()).unwrap(), &cache);
        for residence in [Residence::Told, Residence::Memory, Residence::Unknown] {
            let mut alone = open();
            alone.residence = residence;
            assert!(read_all(&mut alone, 70_000).await == want, "alone, {residence:?}");
            let (mut one, mut other) = (open(), open());
            drop(alone);
            one.residence = residence;
            assert!(read_all(&mut one, 10_000).await == want, "in company, {residence:?}");
            assert!(other.start(&(299_000..299_500)).is_some(), "it was kept");
            assert!(read_all(&mut other, 33_000).await == want, "after another, {residence:?}");
        }
    }

    #[tokio::test]
    async fn a_file_that_became_shorter_ends() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        std::fs::write(&path, vec![1; 200_000]).unwrap();
        let cache = Arc::new(Cache::new(1 << 20));
        let mut reader = Reader::new(Source::from_file(File::open(&path).unwrap()).unwrap(), &cache);
        std::fs::write(&path, [1; 10]).unwrap();
        assert_eq!(reader.start(&(100_000..150_000)), None);
        assert_eq!(reader.ready().await.unwrap(), Bytes::new());
    }
}
