//! The client: gets files from a server, and puts them there (feature `tokio`).
//!
//! A request leaves from a port of its own. The first answer tells the server's port for the transfer (its "transfer
//! ID", RFC 1350 §4); from then on the kernel drops what comes from elsewhere. Answers from another address than the
//! one that was asked are ignored.

mod ask;
mod error;
mod writer;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWrite;

use crate::drive::{Cache, Drive, FileEnd, OwnPort, Port, Reader, Source, Until, now};
use crate::outcome::Outcome;
use crate::packet::Mode;
use crate::proposal::Proposal;
use crate::timing::Timing;
use crate::transfer::Transfer;

pub use error::ClientError;
use writer::Writer;

/// Blocks per ACK that are asked for. A burst of them fits every socket's buffer; servers without windows ignore it.
const WINDOW_SIZE: u16 = 16;
/// The end of a local disk's trouble is not for this crate to define.
const PATIENCE: Duration = Duration::from_secs(u32::MAX as u64);

/// Gets files from one server, and puts them there.
///
/// It asks for blocks that fit the route's MTU (at most 1468 bytes, 1448 over IPv6), for windows of 16 blocks and for
/// the size of the file; servers grant what they know. Requests may be made at the same time; dropping a future ends
/// its transfer.
///
/// ```
/// # use firstlight_tftp::{DirHandler, Server, Uploads};
/// use firstlight_tftp::{Client, ClientError, ErrorCode, Progress};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let root = tempfile::tempdir()?;
/// # let files = DirHandler::open(root.path())?.with_uploads(Uploads { create: true, ..Uploads::default() });
/// # let server = Server::bind(([127, 0, 0, 1], 0).into())?;
/// # let address = server.local_addr();
/// # tokio::spawn(server.serve(files, std::future::pending()));
/// let client = Client::new(address).on_progress(|Progress { bytes, total }| println!("{bytes} of {total:?}"));
/// client.put("motd", "hello".as_bytes()).await?;
/// let mut motd = Vec::new();
/// assert_eq!(client.get("motd", &mut motd).await?, 5);
/// assert_eq!(motd, b"hello");
/// let missing = client.get("none", &mut tokio::io::sink()).await;
/// assert!(matches!(missing, Err(ClientError::Refused { code: ErrorCode::FILE_NOT_FOUND, .. })));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client {
    server: SocketAddr,
    mode: Mode,
    block_size: Option<u16>,
    window_size: u16,
    timing: Timing,
    progress: Arc<dyn Fn(Progress) + Send + Sync>,
}

/// How far a transfer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Bytes of the file that were read from its source, a little before they are sent, or written to its destination.
    pub bytes: u64,
    /// How many there are, if that is known.
    pub total: Option<u64>,
}

impl Client {
    /// A client of the server at this address; the port is 69 unless its owner says otherwise.
    #[must_use]
    pub fn new(server: SocketAddr) -> Self {
        Self {
            server,
            mode: Mode::Octet,
            block_size: None,
            window_size: WINDOW_SIZE,
            timing: Timing::default(),
            progress: Arc::new(|_| {}),
        }
    }

    /// Files travel in this mode; without it as they are ([`Mode::Octet`]).
    #[must_use]
    pub fn with_mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// Asks for blocks of so many bytes, 8 to 65464, though they may not fit the route's MTU.
    #[must_use]
    pub fn with_block_size(mut self, block_size: u16) -> Self {
        self.block_size = Some(block_size);
        self
    }

    /// Asks for so many blocks per ACK, 1 to 32767.
    #[must_use]
    pub fn with_window_size(mut self, window_size: u16) -> Self {
        self.window_size = window_size;
        self
    }

    /// When to send again and when to give up.
    #[must_use]
    pub fn with_timing(mut self, timing: Timing) -> Self {
        self.timing = timing;
        self
    }

    /// Calls `progress` whenever bytes were read or written. It must not block.
    #[must_use]
    pub fn on_progress(mut self, progress: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        self.progress = Arc::new(progress);
        self
    }

    /// Gets a file and writes it to `to`; the result is the number of bytes written. When it returns all bytes are
    /// written and flushed, and a task stays for a few seconds, to repeat the last ACK in case it is lost.
    ///
    /// # Errors
    /// What was written until then stays: a caller that needs all or nothing writes to a temporary place.
    pub async fn get(&self, name: impl AsRef<[u8]>, to: impl AsyncWrite + Send + Unpin) -> Result<u64, ClientError> {
        let proposal = Proposal { tsize: Some(0), ..self.proposal().await? };
        let mut transfer = Transfer::get(now(), name.as_ref(), self.mode, proposal, self.timing);
        let port = ask::ask(&mut transfer, self.server).await?;
        let total = transfer.agreed().and_then(|agreed| agreed.tsize);
        let file = FileEnd::Sink(Box::new(Writer(to)));
        let (bytes, left) = self.drive(transfer, port, file, Until::Stored, total).await?;
        if let Some((transfer, port)) = left {
            dally(transfer, port);
        }
        Ok(bytes)
    }

    /// Puts a file on the server; the result is the number of bytes read from the source. When it returns the server has
    /// acknowledged the last block.
    ///
    /// # Errors
    /// What the server has kept until then is its own business.
    pub async fn put(&self, name: impl AsRef<[u8]>, from: impl Into<Source>) -> Result<u64, ClientError> {
        let mut reader = Reader::new(from.into(), &Arc::new(Cache::new(0)));
        let size = reader.size();
        let proposal = Proposal { tsize: reader.wire_size(self.mode).await, ..self.proposal().await? };
        let mut transfer = Transfer::put(now(), name.as_ref(), self.mode, size, proposal, self.timing);
        let port = ask::ask(&mut transfer, self.server).await?;
        Ok(self.drive(transfer, port, FileEnd::Source(reader), Until::Ended, size).await?.0)
    }

    async fn proposal(&self) -> Result<Proposal, ClientError> {
        let block_size = match self.block_size {
            Some(block_size) => block_size,
            None => ask::fitting_block_size(self.server).map_err(ClientError::Socket)?,
        };
        Ok(Proposal { block_size: Some(block_size), window_size: Some(self.window_size), ..Proposal::default() })
    }

    /// Drives an answered transfer to its end, and tells how many bytes were moved; or until the file is stored, and
    /// gives back what is needed to dally.
    async fn drive(
        &self,
        transfer: Transfer,
        port: OwnPort,
        file: FileEnd<'_>,
        until: Until,
        total: Option<u64>,
    ) -> Result<(u64, Option<(Transfer, Port)>), ClientError> {
        let mut moved = 0;
        let progress = |bytes| {
            moved = bytes;
            (self.progress)(Progress { bytes, total });
        };
        let mut drive = Drive::new(transfer, Port::Own(port), file, PATIENCE, progress);
        match drive.run(until, std::future::pending()).await {
            None => {
                let Drive { transfer, port, .. } = drive;
                Ok((moved, Some((transfer, port))))
            }
            Some(Outcome::Complete { .. }) => Ok((moved, None)),
            Some(outcome) => {
                let trouble = drive.trouble.take();
                Err(trouble.map_or_else(|| ClientError::from_outcome(outcome, self.server), ClientError::File))
            }
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("server", &self.server).field("mode", &self.mode).finish_non_exhaustive()
    }
}

/// Repeats the last ACK if it was lost ("dallying", RFC 1350 §6).
#[expect(clippy::disallowed_methods, reason = "the driver has tasks")]
fn dally(transfer: Transfer, port: Port) {
    tokio::spawn(async move {
        Drive::new(transfer, port, FileEnd::Done, PATIENCE, |_| {}).run(Until::Ended, std::future::pending()).await
    });
}
