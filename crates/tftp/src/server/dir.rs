//! The files of a directory, read-only.
//!
//! Only regular files are served, and only what lies beneath the root once all symbolic links are followed: on Linux
//! the kernel sees to that (`openat2` with `RESOLVE_BENEATH`, Linux 5.6), without a window between check and use.
//! Elsewhere the path is resolved first and compared with the root, which is safe as long as nobody hostile can
//! change links below the root.
#![expect(clippy::disallowed_types, reason = "the driver's side: files are its business")]

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::handler::{Error, Handler, Request, Source};

/// Serves the files of a directory.
///
/// ```no_run
/// # async fn run() -> std::io::Result<()> {
/// use firstlight_tftp::{DirHandler, Server};
/// let server = Server::bind(([0, 0, 0, 0], 69).into())?;
/// server.serve(DirHandler::open("/srv/tftp")?, std::future::pending()).await
/// # }
/// ```
#[derive(Debug)]
pub struct DirHandler {
    root: Arc<Root>,
}

impl DirHandler {
    /// Opens the directory.
    ///
    /// # Errors
    /// When it is no directory or cannot be opened; the text names the path.
    pub fn open(root: impl AsRef<Path>) -> io::Result<Self> {
        let path = root.as_ref();
        let root = Root::open(path).map_err(|error| {
            let path = path.display();
            let what = match error.kind() {
                io::ErrorKind::NotFound => format!("there is no directory {path}"),
                io::ErrorKind::NotADirectory => format!("{path} is not a directory"),
                io::ErrorKind::PermissionDenied => format!("no right to use the directory {path}"),
                _ => format!("the directory {path} cannot be used: {error}"),
            };
            io::Error::new(error.kind(), what)
        })?;
        Ok(Self { root: Arc::new(root) })
    }
}

#[async_trait::async_trait]
impl Handler for DirHandler {
    async fn read(&self, request: &Request) -> Result<Source, Error> {
        let Some(path) = relative_path(request.name()) else { return Err(Error::not_found()) };
        let root = Arc::clone(&self.root);
        let opened = tokio::task::spawn_blocking(move || root.file(&path).and_then(Source::from_file)).await;
        match opened {
            Ok(opened) => Ok(opened?),
            Err(error) => Err(io::Error::other(error).into()),
        }
    }
}

#[cfg(unix)]
fn relative_path(name: &[u8]) -> Option<PathBuf> {
    use std::os::unix::ffi::OsStrExt as _;
    (!name.is_empty()).then(|| PathBuf::from(std::ffi::OsStr::from_bytes(name)))
}

#[cfg(not(unix))]
fn relative_path(name: &[u8]) -> Option<PathBuf> {
    // A colon would name a drive or a stream there.
    let name = std::str::from_utf8(name).ok().filter(|name| !name.is_empty() && !name.contains(':'))?;
    Some(PathBuf::from(name))
}

#[cfg(target_os = "linux")]
#[derive(Debug)]
struct Root(std::os::fd::OwnedFd);

#[cfg(target_os = "linux")]
impl Root {
    fn open(path: &Path) -> io::Result<Self> {
        use rustix::fs::{Mode, OFlags, open};
        Ok(Self(open(path, OFlags::DIRECTORY | OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?))
    }

    fn file(&self, path: &Path) -> io::Result<File> {
        use rustix::fs::{Mode, OFlags, ResolveFlags, openat2};
        use rustix::io::Errno;
        // NONBLOCK: opening a FIFO must not wait for its writer; what kind of file it is, is asked afterwards.
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
        match openat2(&self.0, path, flags, Mode::empty(), resolve) {
            Ok(fd) => Ok(fd.into()),
            // A link that leads out of the root or nowhere; a socket, or a device that is not there.
            Err(Errno::XDEV | Errno::LOOP | Errno::NXIO | Errno::NODEV) => Err(io::ErrorKind::PermissionDenied.into()),
            Err(error) => Err(error.into()),
        }
    }
}

#[cfg(not(target_os = "linux"))]
#[derive(Debug)]
struct Root(PathBuf);

#[cfg(not(target_os = "linux"))]
impl Root {
    fn open(path: &Path) -> io::Result<Self> {
        let path = path.canonicalize()?;
        if path.is_dir() { Ok(Self(path)) } else { Err(io::ErrorKind::NotADirectory.into()) }
    }

    fn file(&self, path: &Path) -> io::Result<File> {
        let path = self.0.join(path).canonicalize()?;
        if !path.starts_with(&self.0) || !path.metadata()?.is_file() {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        File::open(path)
    }
}
