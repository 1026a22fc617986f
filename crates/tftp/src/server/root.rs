//! A directory that nothing gets out of.
//!
//! On Linux the kernel sees to that (`openat2` with `RESOLVE_BENEATH`, Linux 5.6), without a window between check and
//! use. Elsewhere the path is resolved first and compared with the root, which is safe as long as nobody hostile can
//! change links below the root.
#![expect(clippy::disallowed_types, reason = "the driver's side: files are its business")]

use std::ffi::OsString;
use std::fs::File;
use std::io;
#[cfg(target_os = "linux")]
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

#[cfg(target_os = "linux")]
use rustix::fs::{Mode, OFlags, ResolveFlags, openat2};
#[cfg(target_os = "linux")]
use rustix::io::Errno;

#[cfg(target_os = "linux")]
#[derive(Debug)]
pub(super) struct Root(OwnedFd);

#[cfg(target_os = "linux")]
impl Root {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self(rustix::fs::open(path, OFlags::DIRECTORY | OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?))
    }

    /// Opens a file for reading, whatever kind of file it is.
    pub(super) fn file(&self, path: &Path) -> io::Result<File> {
        self.reading(path, ResolveFlags::empty())
    }

    /// The same, if all that leads to the file is in the kernel's memory (Linux 5.12): no disk is waited for.
    pub(super) fn file_at_hand(&self, path: &Path) -> Option<File> {
        self.reading(path, ResolveFlags::CACHED).ok()
    }

    fn reading(&self, path: &Path, resolve: ResolveFlags) -> io::Result<File> {
        // NONBLOCK: opening a FIFO must not wait for its writer; what kind of file it is, is asked afterwards.
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY;
        Ok(self.beneath(path, flags, resolve)?.into())
    }

    pub(super) fn is_directory(&self, path: &Path) -> bool {
        self.beneath(path, OFlags::DIRECTORY | OFlags::PATH, ResolveFlags::empty()).is_ok()
    }

    /// The names in a directory; the empty path is the root.
    pub(super) fn names(&self, path: &Path) -> io::Result<Vec<OsString>> {
        use std::os::unix::ffi::OsStringExt as _;
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        let directory = self.beneath(path, OFlags::DIRECTORY | OFlags::RDONLY, ResolveFlags::empty())?;
        let mut names = Vec::new();
        for entry in rustix::fs::Dir::new(directory)? {
            names.push(OsString::from_vec(entry?.file_name().to_bytes().to_vec()));
        }
        Ok(names)
    }

    /// Opens what a path leads to, within the root; `resolve` may restrict it further.
    pub(super) fn beneath(&self, path: &Path, flags: OFlags, resolve: ResolveFlags) -> io::Result<OwnedFd> {
        let resolve = resolve | ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
        match openat2(&self.0, path, flags | OFlags::CLOEXEC, Mode::empty(), resolve) {
            Ok(fd) => Ok(fd),
            // A link that leads out of the root or nowhere; a socket, or a device that is not there.
            Err(Errno::XDEV | Errno::LOOP | Errno::NXIO | Errno::NODEV) => Err(io::ErrorKind::PermissionDenied.into()),
            Err(error) => Err(error.into()),
        }
    }
}

#[cfg(not(target_os = "linux"))]
#[derive(Debug)]
pub(super) struct Root(PathBuf);

#[cfg(not(target_os = "linux"))]
impl Root {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let path = path.canonicalize()?;
        if path.is_dir() { Ok(Self(path)) } else { Err(io::ErrorKind::NotADirectory.into()) }
    }

    pub(super) fn file(&self, path: &Path) -> io::Result<File> {
        let path = self.beneath(path)?;
        // Opening a FIFO would wait for its writer.
        if path.metadata()?.is_file() { File::open(path) } else { Err(io::ErrorKind::PermissionDenied.into()) }
    }

    pub(super) fn file_at_hand(&self, _: &Path) -> Option<File> {
        None
    }

    pub(super) fn is_directory(&self, path: &Path) -> bool {
        self.beneath(path).is_ok_and(|path| path.is_dir())
    }

    pub(super) fn names(&self, path: &Path) -> io::Result<Vec<OsString>> {
        self.beneath(path)?.read_dir()?.map(|entry| Ok(entry?.file_name())).collect()
    }

    fn beneath(&self, path: &Path) -> io::Result<PathBuf> {
        let path = self.0.join(path).canonicalize()?;
        if path.starts_with(&self.0) { Ok(path) } else { Err(io::ErrorKind::PermissionDenied.into()) }
    }
}

impl Root {
    /// The path as it is written in the directory, when it differs from `path` only in the case of ASCII letters. A
    /// part that is there as it was asked for is preferred, then the first in the order of bytes.
    pub(super) fn find_ignoring_case(&self, path: &Path) -> io::Result<PathBuf> {
        let mut found = PathBuf::new();
        for part in path {
            let names = self.names(&found)?;
            let alike = names.into_iter().filter(|name| name.eq_ignore_ascii_case(part));
            let best = alike.min_by(|a, b| (a != part, a).cmp(&(b != part, b)));
            found.push(best.ok_or(io::ErrorKind::NotFound)?);
        }
        Ok(found)
    }
}
