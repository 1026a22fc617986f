//! What the user of the server writes: a [`Handler`] that finds the bytes for a [`Request`].
#![expect(clippy::disallowed_types, reason = "the driver's side: files are its business")]

use std::borrow::Cow;
use std::fs::File;
use std::io;
use std::net::SocketAddr;

use bytes::Bytes;

use crate::error_code::ErrorCode;
use crate::name;
use crate::options::{Options, OptionsBuf};
use crate::outcome::Outcome;
use crate::packet::{Mode, RequestRef};

/// Finds the bytes for a request.
///
/// ```
/// use firstlight_tftp::{Error, Handler, Request, Source};
///
/// struct OneFile;
///
/// #[async_trait::async_trait]
/// impl Handler for OneFile {
///     async fn read(&self, request: &Request) -> Result<Source, Error> {
///         match request.name_str() {
///             Some("motd") => Ok(Source::Bytes("hello".into())),
///             _ => Err(Error::not_found()),
///         }
///     }
/// }
/// ```
#[async_trait::async_trait]
pub trait Handler: Send + Sync + 'static {
    /// The file, or the ERROR that the peer gets. It is cancelled when the peer gives up or asks for another file.
    async fn read(&self, request: &Request) -> Result<Source, Error>;

    /// Called once for every read or write request in a well-formed packet, when it has ended in whatever way: also
    /// for those that were refused before [`read`](Self::read) was asked. It runs on the server's tasks and must not
    /// block. A repetition of a request that [`read`](Self::read) is still working on counts as the same request.
    fn done(&self, request: &Request, outcome: &Outcome) {
        let _ = (request, outcome);
    }
}

/// The bytes to send.
#[derive(Debug)]
#[non_exhaustive]
pub enum Source {
    /// Bytes in memory; they are shared, not copied.
    Bytes(Bytes),
    /// That many bytes from the beginning of a file. A `tokio` file becomes one by `into_std().await`.
    File(File, u64),
}

impl Source {
    /// A regular file of the size that its metadata says.
    ///
    /// # Errors
    /// When the metadata cannot be read, or it is no regular file (a directory, a FIFO, a device).
    pub fn from_file(file: File) -> io::Result<Self> {
        let metadata = file.metadata()?;
        if metadata.is_file() {
            Ok(Self::File(file, metadata.len()))
        } else {
            Err(io::Error::new(io::ErrorKind::PermissionDenied, "not a regular file"))
        }
    }
}

impl From<Bytes> for Source {
    fn from(bytes: Bytes) -> Self {
        Self::Bytes(bytes)
    }
}

/// A refusal, sent to the peer as an ERROR packet.
///
/// The message is for a stranger on the network: it must not name host paths.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} (code {code})")]
pub struct Error {
    /// The code. U-Boot stops on 1 and 2 and asks for ever on all others.
    pub code: ErrorCode,
    /// The text.
    pub message: Cow<'static, str>,
}

impl Error {
    /// A refusal with a code and a text.
    pub fn new(code: ErrorCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into() }
    }

    /// Code 1.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(ErrorCode::FILE_NOT_FOUND, "file not found")
    }

    /// Code 2.
    #[must_use]
    pub fn access_violation() -> Self {
        Self::new(ErrorCode::ACCESS_VIOLATION, "access denied")
    }

    /// Code 4.
    #[must_use]
    pub fn illegal_operation(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::ILLEGAL_OPERATION, message)
    }
}

/// Neutral on purpose: the text of the IO error, which may name a path, is dropped.
impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        use io::ErrorKind::{InvalidFilename, InvalidInput, IsADirectory, NotADirectory, NotFound, PermissionDenied};
        match error.kind() {
            NotFound | NotADirectory | InvalidInput | InvalidFilename => Self::not_found(),
            PermissionDenied | IsADirectory => Self::access_violation(),
            _ => Self::new(ErrorCode::NOT_DEFINED, "the file cannot be read"),
        }
    }
}

/// A read (or refused write) request as a handler sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Where it came from.
    pub peer: SocketAddr,
    /// The address and port that it was sent to.
    pub local: SocketAddr,
    /// The file name as it was sent.
    pub filename: Vec<u8>,
    /// The mode; `None` when it is none of RFC 1350's, which is refused.
    pub mode: Option<Mode>,
    /// Whether it asks to write. Such requests are refused; only [`Handler::done`] sees them.
    pub write: bool,
    options: OptionsBuf,
    name: Vec<u8>,
}

impl Request {
    /// A request from its packet; a test of a handler can make one, too.
    #[must_use]
    pub fn new(peer: SocketAddr, local: SocketAddr, packet: &RequestRef<'_>, write: bool) -> Self {
        Self {
            peer,
            local,
            filename: packet.filename.to_vec(),
            mode: Mode::parse(packet.mode),
            write,
            options: packet.options.to_buf(),
            name: name::clean(packet.filename),
        }
    }

    /// The options as they were sent.
    #[must_use]
    pub fn options(&self) -> Options<'_> {
        self.options.as_options()
    }

    /// The cleaned name, relative to the root and never above it: see [`name::clean`].
    #[must_use]
    pub fn name(&self) -> &[u8] {
        &self.name
    }

    /// The cleaned name, when it is UTF-8.
    #[must_use]
    pub fn name_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.name).ok()
    }
}
