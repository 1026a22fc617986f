//! The files of a directory; read-only, unless uploads are allowed.
//!
//! Only regular files are served, and only what lies beneath the root once all symbolic links are followed.

use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::handler::{Error, Handler, Request};
use super::remap::Remap;
use super::root::Root;
use super::roots::Roots;
#[cfg(target_os = "linux")]
use super::upload::{Upload, is_unfinished};
use crate::drive::{Sink, Source};

/// Which files clients may write. Only regular files are ever replaced, never through a symbolic link, and no
/// directory is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uploads {
    /// Whether files may be made, too, and not only those replaced that are there.
    pub create: bool,
    /// The largest file.
    pub max_bytes: u64,
}

impl Default for Uploads {
    /// Files that are there may be replaced, by at most 1 GiB.
    fn default() -> Self {
        Self { create: false, max_bytes: 1 << 30 }
    }
}

/// Serves the files of a directory.
///
/// ```no_run
/// # async fn run() -> std::io::Result<()> {
/// use firstlight_tftp::{DirHandler, Server};
/// let server = Server::bind(([0, 0, 0, 0], 69).into())?;
/// server.serve(DirHandler::open("/srv/tftp")?, std::future::pending()).await
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct DirHandler {
    root: Arc<Root>,
    remap: Arc<Remap>,
    roots: Roots,
    ignore_case: bool,
    uploads: Option<Uploads>,
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
        Ok(Self {
            root: Arc::new(root),
            remap: Arc::default(),
            roots: Roots::default(),
            ignore_case: false,
            uploads: None,
        })
    }

    /// Rewrites names before files are looked for.
    #[must_use]
    pub fn with_remap(mut self, remap: Remap) -> Self {
        self.remap = Arc::new(remap);
        self
    }

    /// Gives clients a root of their own.
    #[must_use]
    pub fn with_roots(mut self, roots: Roots) -> Self {
        self.roots = roots;
        self
    }

    /// When there is no file of the name that was asked for: looks for one whose name differs only in the case of
    /// ASCII letters. Windows boot files ask for `\Boot\BCD` and `\boot\bcd` alike.
    #[must_use]
    pub fn ignoring_case(mut self) -> Self {
        self.ignore_case = true;
        self
    }

    /// Lets clients write. A file takes the place of the old one when it is complete and on the disk. On Linux only;
    /// elsewhere all is refused.
    #[must_use]
    pub fn with_uploads(mut self, uploads: Uploads) -> Self {
        self.uploads = Some(uploads);
        self
    }

    fn read(&self, client: IpAddr, name: &[u8]) -> io::Result<Source> {
        let path = self.path(client, name)?;
        let found = match self.root.file(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && self.ignore_case => {
                self.root.file(&self.root.find_ignoring_case(&path)?)
            }
            found => found,
        };
        Source::from_file(found?)
    }

    /// A file that can be opened at once. One that cannot, for whatever reason, is [`Self::read`]'s.
    fn at_hand(&self, client: IpAddr, name: &[u8]) -> Option<Source> {
        let file = self.root.file_at_hand(&self.path(client, name).ok()?)?;
        Source::from_file(file).ok()
    }

    #[cfg(target_os = "linux")]
    fn write(&self, client: IpAddr, name: &[u8], uploads: Uploads) -> io::Result<Box<dyn Sink>> {
        let mut path = self.path(client, name)?;
        if self.ignore_case
            && let Ok(there) = self.root.find_ignoring_case(&path)
        {
            path = there;
        }
        Ok(Box::new(Upload::begin(&self.root, &path, uploads.create, uploads.max_bytes)?))
    }

    #[cfg(not(target_os = "linux"))]
    fn write(&self, _: IpAddr, _: &[u8], _: Uploads) -> io::Result<Box<dyn Sink>> {
        Err(io::ErrorKind::PermissionDenied.into())
    }

    fn path(&self, client: IpAddr, name: &[u8]) -> io::Result<PathBuf> {
        let path = relative_path(&self.remap.apply(name)).ok_or(io::ErrorKind::NotFound)?;
        #[cfg(target_os = "linux")]
        if is_unfinished(&path) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let own = self.roots.directory(client).filter(|own| self.root.is_directory(own.as_ref()));
        Ok(own.map_or_else(|| path.clone(), |own| Path::new(&own).join(&path)))
    }

    /// Does `work` on a thread that may wait for the disk.
    async fn blocking<T: Send + 'static>(
        &self,
        request: &Request,
        work: impl FnOnce(&Self, IpAddr, &[u8]) -> io::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let (files, client, name) = (self.clone(), request.peer.ip(), request.name().to_vec());
        match tokio::task::spawn_blocking(move || work(&files, client, &name)).await {
            Ok(done) => Ok(done?),
            Err(error) => Err(io::Error::other(error).into()),
        }
    }
}

#[async_trait::async_trait]
impl Handler for DirHandler {
    async fn read(&self, request: &Request) -> Result<Source, Error> {
        // Looking for the client's own root may be a walk to the disk.
        if self.roots == Roots::Shared
            && let Some(file) = self.at_hand(request.peer.ip(), request.name())
        {
            return Ok(file);
        }
        self.blocking(request, Self::read).await
    }

    async fn write(&self, request: &Request) -> Result<Box<dyn Sink>, Error> {
        let Some(uploads) = self.uploads else { return Err(Error::read_only()) };
        if request.announced_size().is_some_and(|size| size > uploads.max_bytes) {
            return Err(io::Error::from(io::ErrorKind::FileTooLarge).into());
        }
        self.blocking(request, move |files, client, name| files.write(client, name, uploads)).await
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
