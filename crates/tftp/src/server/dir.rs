//! The files of a directory, read-only.
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
use crate::drive::Source;

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
        Ok(Self { root: Arc::new(root), remap: Arc::default(), roots: Roots::default(), ignore_case: false })
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

    fn find(&self, client: IpAddr, name: &[u8]) -> io::Result<Source> {
        let mut path = relative_path(&self.remap.apply(name)).ok_or(io::ErrorKind::NotFound)?;
        if let Some(own) = self.roots.directory(client).filter(|own| self.root.is_directory(own.as_ref())) {
            path = Path::new(&own).join(path);
        }
        match self.root.file(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && self.ignore_case => {
                self.root.file(&self.root.find_ignoring_case(&path)?)
            }
            found => found,
        }
        .and_then(Source::from_file)
    }
}

#[async_trait::async_trait]
impl Handler for DirHandler {
    async fn read(&self, request: &Request) -> Result<Source, Error> {
        let (files, client, name) = (self.clone(), request.peer.ip(), request.name().to_vec());
        match tokio::task::spawn_blocking(move || files.find(client, &name)).await {
            Ok(found) => Ok(found?),
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
