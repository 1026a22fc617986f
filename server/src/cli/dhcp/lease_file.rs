//! [`LeaseFile`]: leases in a text file that only grows, so that a batch of them is durable with one write and one sync.
//!
//! The last line of an address counts. Now and then a thread writes what counts into a new file, which then takes the
//! old one's place. Whatever the moment at which the machine stops, one of the two is whole up to the last
//! [`append`](LeaseFile::append) that returned; what follows is the rest of a write that nobody was told about, and is
//! dropped by the next [`open`](LeaseFile::open).

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, BufRead, BufReader, Read, Seek, Write},
    net::Ipv4Addr,
    os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    thread::{self, JoinHandle},
    time::Duration,
};

use firstlight_dhcp::server::Lease;

use super::record;

const HEADER: &[u8] = b"# firstlight leases 1\n";
/// A process that is being replaced, and a child between its fork and its exec, hold the lock for a moment longer.
const LOCK_PATIENCE: u32 = 20;
const LOCK_PAUSE: Duration = Duration::from_millis(50);
/// A file that has grown to so many times what counts in it is written anew …
const GROWTH: u64 = 4;
/// … unless it is small anyway.
const SMALL: u64 = 1 << 20;
/// What a compaction writes between two syncs: a large one would hold up the batches.
const CHUNK: usize = 4 << 20;

/// A lease file that this process alone writes.
#[derive(Debug)]
pub(super) struct LeaseFile {
    path: PathBuf,
    file: File,
    /// What is durable.
    len: u64,
    /// A write has failed or was torn, and its rest follows.
    has_rest: bool,
    /// The directory may not know the file yet.
    is_new: bool,
    compact_at: u64,
    compaction: Option<JoinHandle<Result<Compacted, OpenError>>>,
}

/// The end of a write that was never finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Torn {
    pub(super) offset: u64,
    pub(super) len: u64,
}

/// A lease file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(super) enum OpenError {
    #[error("cannot use the lease file {path}: {error}")]
    Io { path: PathBuf, error: io::Error },
    #[error("the lease file {path} is in use by another process")]
    Locked { path: PathBuf },
    #[error("{path} is not a lease file: its first line is another one than `# firstlight leases 1`")]
    Foreign { path: PathBuf },
    #[error(
        "the lease file {path} is damaged in line {line}, at byte {offset}: restore the file, or delete this line \
         to go on without what it says"
    )]
    Damaged { path: PathBuf, line: u64, offset: u64 },
}

/// The new file, made from the first `covered` bytes of the old one.
#[derive(Debug)]
struct Compacted {
    file: File,
    covered: u64,
    len: u64,
}

impl LeaseFile {
    /// Opens a file, or makes it. Gives the leases in it, ascending by address, and the torn end that was dropped.
    pub(super) fn open(path: &Path) -> Result<(Self, Vec<Lease>, Option<Torn>), OpenError> {
        let failed = |error| OpenError::Io { path: path.to_owned(), error };
        let (file, path) = open_locked(path)?;
        let size = file.metadata().map_err(failed)?.len();
        let Scan { leases, counted, end } = Scan::of(&file, &path)?;
        let torn = (end < size).then_some(Torn { offset: end, len: size - end });
        let has_rest = torn.is_some();
        let compact_at = next_compaction(counted);
        let mut this = Self { path, file, len: end, has_rest, is_new: true, compact_at, compaction: None };
        this.append(if end == 0 { HEADER } else { &[] }).map_err(failed)?;
        Ok((this, leases.into_values().collect(), torn))
    }

    /// The file's path, without links.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes whole lines durable: they all are when this returns. After an error, none is.
    pub(super) fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        // Whole lines must never follow half a line.
        if self.has_rest {
            self.file.set_len(self.len)?;
        }
        self.has_rest = true;
        self.file.write_all_at(lines, self.len)?;
        self.file.sync_data()?;
        if self.is_new {
            sync_directory(&self.path)?;
            self.is_new = false;
        }
        self.has_rest = false;
        self.len += lines.len() as u64;
        Ok(())
    }

    /// Does a bounded piece of what keeps the file small; a thread does the rest. To be called after
    /// [`append`](Self::append). An error harms nothing that is in the file.
    pub(super) fn compact(&mut self) -> Result<(), OpenError> {
        match self.compaction.take() {
            None if self.len < self.compact_at => Ok(()),
            None => {
                let (path, len) = (self.path.clone(), self.len);
                self.compaction = Some(thread::spawn(move || write_compacted(&path, len)));
                Ok(())
            }
            Some(thread) if !thread.is_finished() => {
                self.compaction = Some(thread);
                Ok(())
            }
            Some(thread) => {
                // Not again at once, if this one has failed.
                self.compact_at = next_compaction(self.len);
                let failed = |error| OpenError::Io { path: temporary(&self.path), error };
                let compacted = thread.join().unwrap_or_else(|_| Err(failed(io::Error::other("a thread panicked"))))?;
                self.replace(compacted).map_err(|error| OpenError::Io { path: temporary(&self.path), error })
            }
        }
    }

    /// Adds what has come since to the new file, and gives it the name.
    fn replace(&mut self, Compacted { mut file, covered, len }: Compacted) -> io::Result<()> {
        let mut since = vec![0; usize::try_from(self.len - covered).map_err(io::Error::other)?];
        self.file.read_exact_at(&mut since, covered)?;
        file.write_all(&since)?;
        file.sync_all()?;
        fs::rename(temporary(&self.path), &self.path)?;
        self.file = file;
        self.len = len + since.len() as u64;
        self.has_rest = false;
        self.is_new = true;
        self.compact_at = next_compaction(len);
        Ok(())
    }
}

const fn next_compaction(counted: u64) -> u64 {
    let size = counted.saturating_mul(GROWTH);
    if size < SMALL { SMALL } else { size }
}

/// Opens and locks the file of this name, and makes sure that the name still means that file: whoever compacts gives
/// it to another one.
fn open_locked(path: &Path) -> Result<(File, PathBuf), OpenError> {
    let failed = |error| OpenError::Io { path: path.to_owned(), error };
    let mut patience = LOCK_PATIENCE;
    loop {
        let mut options = OpenOptions::new();
        let file =
            options.read(true).write(true).create(true).truncate(false).mode(0o640).open(path).map_err(failed)?;
        let ours = file.metadata().map_err(failed)?;
        if !ours.is_file() {
            return Err(failed(io::Error::other("it is not a regular file")));
        }
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                patience = patience.checked_sub(1).ok_or_else(|| OpenError::Locked { path: path.to_owned() })?;
                thread::sleep(LOCK_PAUSE);
                continue;
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        // A link stays a link when its file is replaced.
        let path = path.canonicalize().map_err(failed)?;
        let named = path.metadata().map_err(failed)?;
        if (ours.dev(), ours.ino()) == (named.dev(), named.ino()) {
            return Ok((file, path));
        }
    }
}

/// Writes what counts in the first `covered` bytes of a lease file into a new one, which it locks.
fn write_compacted(path: &Path, covered: u64) -> Result<Compacted, OpenError> {
    let scan = Scan::of(
        File::open(path).map_err(|error| OpenError::Io { path: path.to_owned(), error })?.take(covered),
        path,
    )?;
    let path = temporary(path);
    let write = || {
        let mut options = OpenOptions::new();
        let mut file = options.read(true).write(true).create(true).truncate(true).mode(0o640).open(&path)?;
        file.lock()?;
        let mut chunk = HEADER.to_vec();
        for lease in scan.leases.values() {
            record::push(lease, &mut chunk);
            if chunk.len() >= CHUNK {
                file.write_all(&chunk)?;
                file.sync_data()?;
                chunk.clear();
            }
        }
        file.write_all(&chunk)?;
        file.sync_data()?;
        let len = file.stream_position()?;
        Ok(Compacted { file, covered, len })
    };
    write().map_err(|error| {
        // Its space may be what is missing.
        let _ = fs::remove_file(&path);
        OpenError::Io { path: path.clone(), error }
    })
}

fn temporary(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    name.into()
}

fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path.parent().unwrap_or(Path::new("/")))?.sync_all()
}

/// What the whole lines of a file say.
struct Scan {
    leases: BTreeMap<Ipv4Addr, Lease>,
    /// The bytes of the lines that count.
    counted: u64,
    /// Where the last whole line ends.
    end: u64,
}

impl Scan {
    fn of(file: impl Read, path: &Path) -> Result<Self, OpenError> {
        let mut scan = Self { leases: BTreeMap::new(), counted: 0, end: 0 };
        let mut file = BufReader::with_capacity(1 << 16, file);
        let mut line = Vec::new();
        let mut damage = None;
        let (mut number, mut at) = (0, 0);
        loop {
            line.clear();
            let len = file.read_until(b'\n', &mut line);
            let len = len.map_err(|error| OpenError::Io { path: path.to_owned(), error })? as u64;
            number += 1;
            let whole = line.strip_suffix(b"\n");
            let lease = whole.and_then(record::parse);
            match (lease, damage) {
                // The first write, too, may be torn.
                (_, None) if number == 1 && HEADER.starts_with(&line) => {
                    scan.end = if whole.is_some() { len } else { 0 }
                }
                _ if number == 1 => return Err(OpenError::Foreign { path: path.to_owned() }),
                _ if len == 0 => return Ok(scan),
                // What nothing whole follows is the end of a torn write.
                (None, None) => damage = Some((number, at)),
                (None, Some(_)) => {}
                (Some(_), Some((line, offset))) => {
                    return Err(OpenError::Damaged { path: path.to_owned(), line, offset });
                }
                (Some(lease), None) => {
                    scan.counted += if scan.leases.insert(lease.address, lease).is_none() { len } else { 0 };
                    scan.end += len;
                }
            }
            at += len;
        }
    }
}

#[cfg(test)]
mod tests;
