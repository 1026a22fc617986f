//! The hot parts of files: a thousand machines that read one initial RAM disk read the disk once.
//!
//! A part is found by what identifies the state of a file: device, inode, size and time of modification. A file that
//! was replaced or written to is another one, so nothing has to be invalidated; the oldest parts make room.
#![expect(clippy::disallowed_types, reason = "the driver's side: transfers share what they have read")]

use std::collections::{HashMap, VecDeque};
use std::fs::File;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

/// The length of a part; the last of a file may be shorter.
pub(crate) const PART: u64 = 64 << 10;

/// One state of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct FileId {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
}

impl FileId {
    /// `None` where the platform does not tell, or when the file is not of that size (any more).
    #[cfg(unix)]
    pub(crate) fn of(file: &File, size: u64) -> Option<Self> {
        use std::os::unix::fs::MetadataExt as _;
        let metadata = file.metadata().ok().filter(|metadata| metadata.is_file() && metadata.len() == size)?;
        let modified = (metadata.mtime(), metadata.mtime_nsec());
        Some(Self { device: metadata.dev(), inode: metadata.ino(), size, modified })
    }

    #[cfg(not(unix))]
    pub(crate) fn of(_: &File, _: u64) -> Option<Self> {
        None
    }
}

/// Parts of files, up to a number of bytes.
#[derive(Debug)]
pub(crate) struct Cache {
    room: usize,
    parts: Mutex<Parts>,
}

#[derive(Debug, Default)]
struct Parts {
    by_place: HashMap<(FileId, u64), Bytes>,
    by_age: VecDeque<(FileId, u64)>,
    bytes: usize,
    /// How many transfers read a file now. What only one reads is not kept: the kernel remembers it as well.
    readers: HashMap<FileId, usize>,
}

/// One transfer's share in a file.
#[derive(Debug)]
pub(crate) struct Reading {
    cache: Arc<Cache>,
    file: FileId,
}

impl Reading {
    /// Whether other transfers read the file, too.
    pub(crate) fn has_company(&self) -> bool {
        self.cache.room > 0 && self.cache.lock().readers.get(&self.file).is_some_and(|&readers| readers > 1)
    }

    /// See [`Cache::find`].
    pub(crate) fn find(&self, offset: u64) -> Option<Bytes> {
        self.cache.find(self.file, offset)
    }

    /// See [`Cache::keep`].
    pub(crate) fn keep(&self, offset: u64, bytes: &[u8]) {
        self.cache.keep(self.file, offset, bytes);
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        let mut parts = self.cache.lock();
        if let Some(readers) = parts.readers.get_mut(&self.file) {
            *readers -= 1;
            if *readers == 0 {
                parts.readers.remove(&self.file);
            }
        }
    }
}

impl Cache {
    pub(crate) fn new(room: usize) -> Self {
        Self { room, parts: Mutex::default() }
    }

    /// Tells that a transfer reads the file, until the result is dropped.
    pub(crate) fn join(cache: &Arc<Self>, file: FileId) -> Reading {
        *cache.lock().readers.entry(file).or_default() += 1;
        Reading { cache: Arc::clone(cache), file }
    }

    fn lock(&self) -> MutexGuard<'_, Parts> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The bytes from `offset` on, to the end of the part that holds it.
    fn find(&self, file: FileId, offset: u64) -> Option<Bytes> {
        let parts = self.lock();
        let part = parts.by_place.get(&(file, offset / PART))?;
        let skip = usize::try_from(offset % PART).ok().filter(|&skip| skip < part.len())?;
        Some(part.slice(skip..))
    }

    /// Keeps the whole parts in `bytes`, which were read at `offset`, a multiple of [`PART`].
    fn keep(&self, file: FileId, offset: u64, bytes: &[u8]) {
        let mut parts = self.lock();
        for (index, part) in (offset / PART..).zip(bytes.chunks(PART as usize)) {
            // A file that became shorter meanwhile must not look like one that ends here.
            if part.len() as u64 != PART.min(file.size.saturating_sub(index.saturating_mul(PART)))
                || part.len() > self.room
                || parts.by_place.contains_key(&(file, index))
            {
                continue;
            }
            // A copy: a slice would hold on to all that was read with it.
            parts.by_place.insert((file, index), Bytes::copy_from_slice(part));
            parts.by_age.push_back((file, index));
            parts.bytes += part.len();
        }
        while parts.bytes > self.room
            && let Some(oldest) = parts.by_age.pop_front()
        {
            parts.bytes -= parts.by_place.remove(&oldest).map_or(0, |part| part.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(inode: u64, size: u64) -> FileId {
        FileId { device: 1, inode, size, modified: (0, 0) }
    }

    #[test]
    fn parts_are_found_by_offset_and_the_oldest_make_room() {
        let part = PART as usize;
        let cache = Cache::new(2 * part);
        let (one, other) = (file(1, PART + 3), file(2, PART));
        let bytes: Vec<u8> = [vec![1; part], vec![2, 3, 4]].concat();
        cache.keep(one, 0, &bytes);
        assert_eq!(cache.find(one, 5).map(|bytes| bytes.len()), Some(part - 5));
        assert_eq!(cache.find(one, PART + 1).as_deref(), Some(&[3, 4][..]));
        assert_eq!(cache.find(one, PART + 3), None);
        assert_eq!(cache.find(file(1, PART + 4), 0), None, "another size is another file");
        cache.keep(other, 0, &bytes[..part]);
        assert_eq!(cache.find(one, 0), None, "the oldest part went");
        assert_eq!(cache.find(one, PART).as_deref(), Some(&[2, 3, 4][..]));
        assert_eq!(cache.find(other, 0).map(|bytes| bytes.len()), Some(part));
    }

    #[test]
    fn company_comes_and_goes() {
        let cache = Arc::new(Cache::new(1 << 20));
        let one = Cache::join(&cache, file(1, 5));
        let stranger = Cache::join(&cache, file(2, 5));
        assert!(!one.has_company());
        let two = Cache::join(&cache, file(1, 5));
        assert!(one.has_company() && two.has_company() && !stranger.has_company());
        drop(two);
        assert!(!one.has_company());
        drop((one, stranger));
        assert!(cache.lock().readers.is_empty());
    }

    #[test]
    fn a_part_that_was_cut_short_is_not_kept() {
        let cache = Cache::new(1 << 20);
        cache.keep(file(1, PART), 0, &[1, 2, 3]);
        assert_eq!(cache.find(file(1, PART), 0), None);
    }
}
