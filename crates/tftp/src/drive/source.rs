//! Where the bytes of a file to send come from.
#![expect(clippy::disallowed_types, reason = "the driver's side: files are its business")]

use std::fmt;
use std::fs::File;
use std::io;
use std::pin::Pin;

use bytes::Bytes;
use tokio::io::AsyncRead;

/// The bytes to send.
#[non_exhaustive]
pub enum Source {
    /// Bytes in memory; they are shared, not copied.
    Bytes(Bytes),
    /// That many bytes from the beginning of a file. A `tokio` file becomes one by `into_std().await`.
    File(File, u64),
    /// What a reader gives, and how many bytes that will be, if it is known: then fewer are an error and more are not
    /// sent. Without it the peer is not told the size.
    Reader(Pin<Box<dyn AsyncRead + Send>>, Option<u64>),
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

    /// What a reader gives, see [`Source::Reader`].
    pub fn from_reader(reader: impl AsyncRead + Send + 'static, size: Option<u64>) -> Self {
        Self::Reader(Box::pin(reader), size)
    }
}

impl From<Bytes> for Source {
    fn from(bytes: Bytes) -> Self {
        Self::Bytes(bytes)
    }
}

impl From<Vec<u8>> for Source {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes.into())
    }
}

impl From<&'static [u8]> for Source {
    fn from(bytes: &'static [u8]) -> Self {
        Self::Bytes(bytes.into())
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => f.debug_tuple("Bytes").field(&bytes.len()).finish(),
            Self::File(file, size) => f.debug_tuple("File").field(file).field(size).finish(),
            Self::Reader(_, size) => f.debug_tuple("Reader").field(size).finish(),
        }
    }
}
