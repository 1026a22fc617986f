//! A writer as the destination of a file.

use std::io;

use bytes::Bytes;
use tokio::io::{AsyncWrite, AsyncWriteExt as _};

use crate::drive::Sink;

pub(super) struct Writer<W>(pub(super) W);

#[async_trait::async_trait]
impl<W: AsyncWrite + Send + Unpin> Sink for Writer<W> {
    async fn write(&mut self, piece: Bytes) -> io::Result<()> {
        self.0.write_all(&piece).await
    }

    async fn commit(mut self: Box<Self>) -> io::Result<()> {
        self.0.flush().await
    }
}
