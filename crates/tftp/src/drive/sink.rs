//! Where the bytes of a received file go.

use std::io;

use bytes::Bytes;

/// Stores one received file: [`write`](Self::write) for each piece in order, and [`commit`](Self::commit) when all is
/// there, or [`abort`](Self::abort). What is dropped without either was aborted in haste.
///
/// No block is acknowledged before `write` has taken its bytes, and the last one not before `commit` has returned: a
/// slow disk slows the peer, and a full one is told. While one of them works, nothing is received.
///
/// ```
/// use firstlight_tftp::Sink;
///
/// struct Memory(Vec<u8>, tokio::sync::mpsc::Sender<Vec<u8>>);
///
/// #[async_trait::async_trait]
/// impl Sink for Memory {
///     async fn write(&mut self, piece: bytes::Bytes) -> std::io::Result<()> {
///         self.0.extend_from_slice(&piece);
///         Ok(())
///     }
///
///     async fn commit(self: Box<Self>) -> std::io::Result<()> {
///         self.1.send(self.0).await.map_err(std::io::Error::other)
///     }
/// }
/// ```
#[async_trait::async_trait]
pub trait Sink: Send {
    /// Takes the next bytes.
    ///
    /// # Errors
    /// End the transfer. The peer is told "disk full" (code 3) for `StorageFull`, `QuotaExceeded` and `FileTooLarge`, and
    /// nothing in particular (code 0) for all others.
    async fn write(&mut self, piece: Bytes) -> io::Result<()>;

    /// Makes the file what others see, and durable.
    ///
    /// # Errors
    /// As for [`write`](Self::write); [`abort`](Self::abort) is not called any more.
    async fn commit(self: Box<Self>) -> io::Result<()>;

    /// Leaves all as it was: the file is not complete.
    async fn abort(self: Box<Self>) {}
}
