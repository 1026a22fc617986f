//! What the user of the server writes: a [`Handler`] that finds the bytes for a [`Request`].

use std::borrow::Cow;
use std::io;
use std::net::SocketAddr;

use crate::drive::{Sink, Source};
use crate::error_code::ErrorCode;
use crate::name;
use crate::options::{Options, OptionsBuf};
use crate::outcome::Outcome;
use crate::packet::{Mode, RequestRef};

/// Finds the bytes for a request, and takes those that clients send.
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

    /// What stores the file that a client wants to send, or the ERROR that it gets. Refused unless a handler says
    /// otherwise. Like [`read`](Self::read) it may be cancelled.
    async fn write(&self, request: &Request) -> Result<Box<dyn Sink>, Error> {
        let _ = request;
        Err(Error::read_only())
    }

    /// Called once for every read or write request in a well-formed packet, when it has ended in whatever way: also
    /// for those that were refused before [`read`](Self::read) or [`write`](Self::write) was asked. It runs on the server's tasks and must not
    /// block. A repetition of a request that one of them is still working on counts as the same request.
    fn done(&self, request: &Request, outcome: &Outcome) {
        let _ = (request, outcome);
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

    /// Code 2: nothing may be written.
    #[must_use]
    pub fn read_only() -> Self {
        Self::new(ErrorCode::ACCESS_VIOLATION, "writing is not allowed")
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
        use io::ErrorKind::{
            FileTooLarge, InvalidFilename, InvalidInput, IsADirectory, NotADirectory, NotFound, PermissionDenied,
            QuotaExceeded, StorageFull,
        };
        match error.kind() {
            NotFound | NotADirectory | InvalidInput | InvalidFilename => Self::not_found(),
            PermissionDenied | IsADirectory => Self::access_violation(),
            StorageFull | QuotaExceeded => Self::new(ErrorCode::DISK_FULL, "no space left"),
            FileTooLarge => Self::new(ErrorCode::DISK_FULL, "the file is too large"),
            _ => Self::new(ErrorCode::NOT_DEFINED, "the file is not available now"),
        }
    }
}

/// A request as a handler sees it.
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
    /// Whether it asks to write.
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

    /// The size that a client promises for the file that it wants to send (RFC 2349).
    #[must_use]
    pub fn announced_size(&self) -> Option<u64> {
        let asked = self.options.as_options();
        asked.iter().find(|option| self.write && option.is("tsize"))?.number()
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
