//! Storing what clients send, in a directory that nothing gets out of.
//!
//! The bytes go to a new file beside the target, which takes the target's place when all is there and on the disk: no
//! reader ever sees a part of a file, and an upload that breaks off changes nothing.
#![expect(clippy::disallowed_types, reason = "the driver's side: files are its business")]

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use rustix::fs::{AtFlags, FileType, Mode, OFlags, ResolveFlags, fchmod, fsync, openat, renameat, statat, unlinkat};
use rustix::io::Errno;
use tokio::task::spawn_blocking;

use super::root::Root;
use crate::drive::Sink;

/// How the names of unfinished files begin. What a server that was killed has left behind can be deleted.
const TEMPORARY: &str = ".firstlight-tftp-";
/// Leftovers of earlier servers may have taken names.
const MAX_ATTEMPTS: u32 = 10_000;
/// Bytes that are written at once.
const CHUNK: usize = 256 << 10;

/// Whether the file is one that was not finished.
pub(super) fn is_unfinished(path: &Path) -> bool {
    let begins = path.file_name().and_then(|name| name.as_encoded_bytes().get(..TEMPORARY.len()));
    begins.is_some_and(|begins| begins.eq_ignore_ascii_case(TEMPORARY.as_bytes()))
}

/// A file on its way into a directory.
pub(super) struct Upload {
    place: Option<Place>,
    buffer: Vec<u8>,
    /// How many bytes more it may have.
    room: u64,
}

impl Upload {
    /// Begins to replace the regular file `path`, or to make it. No part of the path may be a symbolic link.
    pub(super) fn begin(root: &Root, path: &Path, create: bool, max_bytes: u64) -> io::Result<Self> {
        let place = Place::new(root, path, create)?;
        Ok(Self { place: Some(place), buffer: Vec::new(), room: max_bytes })
    }

    /// Does something with the file, on a thread that may wait for the disk.
    async fn with_place<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut Place, &[u8]) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let mut place = self.place.take().ok_or(io::ErrorKind::Other)?;
        let buffer = std::mem::take(&mut self.buffer);
        let (place, done) = spawn_blocking(move || {
            let done = work(&mut place, &buffer);
            (place, done)
        })
        .await
        .map_err(io::Error::other)?;
        self.place = Some(place);
        done
    }
}

#[async_trait::async_trait]
impl Sink for Upload {
    async fn write(&mut self, piece: Bytes) -> io::Result<()> {
        self.room = self.room.checked_sub(piece.len() as u64).ok_or(io::ErrorKind::FileTooLarge)?;
        self.buffer.extend_from_slice(&piece);
        if self.buffer.len() < CHUNK {
            return Ok(());
        }
        self.with_place(|place, bytes| place.file.write_all(bytes)).await
    }

    async fn commit(mut self: Box<Self>) -> io::Result<()> {
        self.with_place(|place, bytes| {
            place.file.write_all(bytes)?;
            place.commit()
        })
        .await
    }
}

/// The new file beside the target; it is deleted unless it takes the target's place.
struct Place {
    directory: OwnedFd,
    name: OsString,
    temporary: String,
    file: File,
    committed: bool,
}

impl Place {
    fn new(root: &Root, path: &Path, create: bool) -> io::Result<Self> {
        let name = path.file_name().ok_or(io::ErrorKind::NotFound)?.to_owned();
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let directory = root.beneath(parent, OFlags::DIRECTORY | OFlags::RDONLY, ResolveFlags::NO_SYMLINKS)?;
        let mode = replaceable(&directory, &name, create)?;
        let (file, temporary) = new_file(&directory)?;
        let place = Self { directory, name, temporary, file, committed: false };
        if let Some(mode) = mode {
            fchmod(&place.file, mode)?;
        }
        Ok(place)
    }

    fn commit(&mut self) -> io::Result<()> {
        self.file.sync_data()?;
        renameat(&self.directory, &self.temporary, &self.directory, &self.name)?;
        self.committed = true;
        Ok(fsync(&self.directory)?)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if !self.committed {
            // What cannot be deleted is never served, either.
            let _ = unlinkat(&self.directory, &self.temporary, AtFlags::empty());
        }
    }
}

/// The permissions of the file that is to be replaced, if there is one.
fn replaceable(directory: &OwnedFd, name: &OsStr, create: bool) -> io::Result<Option<Mode>> {
    match statat(directory, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(there) if FileType::from_raw_mode(there.st_mode) == FileType::RegularFile => {
            let permissions = Mode::RWXU | Mode::RWXG | Mode::RWXO;
            Ok(Some(Mode::from_raw_mode(there.st_mode) & permissions))
        }
        Ok(_) => Err(io::ErrorKind::PermissionDenied.into()),
        Err(Errno::NOENT) if create => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn new_file(directory: &OwnedFd) -> io::Result<(File, String)> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mode = Mode::RUSR | Mode::WUSR | Mode::RGRP | Mode::ROTH;
    for _ in 0..MAX_ATTEMPTS {
        let name = format!("{TEMPORARY}{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        match openat(directory, &name, flags, mode) {
            Ok(file) => return Ok((file.into(), name)),
            Err(Errno::EXIST) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}
