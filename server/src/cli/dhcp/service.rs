//! [`LeaseService`]: what the driver asks of `firstlight dhcp`. A thread owns the lease file, for writing blocks.

use std::{
    io,
    sync::mpsc,
    thread::{self, JoinHandle},
};

use firstlight_dhcp::{
    server::LeaseChange,
    tokio::{Commit, Observation, Service},
};
use tokio::sync::oneshot;

use super::{lease_file::LeaseFile, record};

/// Lines, and whom to tell that they are durable.
type Batch = (Vec<u8>, oneshot::Sender<io::Result<()>>);

/// Stores leases in a file; logs what happens.
pub(super) struct LeaseService {
    writer: mpsc::Sender<Batch>,
}

impl LeaseService {
    /// Starts the thread that writes; it ends when the service is dropped.
    pub(super) fn start(file: LeaseFile) -> io::Result<(Self, JoinHandle<()>)> {
        let (writer, batches) = mpsc::channel();
        let thread = thread::Builder::new().name("leases".into()).spawn(|| write(file, batches))?;
        Ok((Self { writer }, thread))
    }
}

fn write(mut file: LeaseFile, batches: mpsc::Receiver<Batch>) {
    let mut failing = false;
    for (lines, done) in batches {
        let appended = file.append(&lines);
        match &appended {
            Ok(()) if failing => tracing::info!("leases are stored again in {}", file.path().display()),
            Err(error) if !failing => tracing::error!(
                "leases cannot be stored in {}: {error}; nothing is acknowledged until they can",
                file.path().display()
            ),
            _ => {}
        }
        failing = appended.is_err();
        // The driver may have been stopped meanwhile.
        let _ = done.send(appended);
        if let Err(error) = file.compact() {
            tracing::warn!("the lease file could not be compacted, and goes on growing: {error}");
        }
    }
}

impl Service for LeaseService {
    fn commit(&mut self, changes: &[LeaseChange]) -> Commit {
        let mut lines = Vec::with_capacity(changes.len() * 128);
        changes.iter().for_each(|change| record::push(&change.lease, &mut lines));
        let (done, written) = oneshot::channel();
        // Without the thread, the channel's other end is dropped, and that is an answer, too.
        let _ = self.writer.send((lines, done));
        Box::pin(async { written.await.unwrap_or_else(|_| Err(io::Error::other("the lease file's thread has ended"))) })
    }

    fn observe(&mut self, event: Observation<'_>) {
        match event {
            Observation::Replied { request, source, reply } => tracing::debug!(
                "{} {} to {} by {source}",
                reply.message.message_type().map(|kind| kind.to_string()).unwrap_or_default(),
                reply.message.yiaddr,
                request.hardware_address(),
            ),
            Observation::Silent { request, source, reason } => {
                tracing::debug!("no answer to {} by {source}: {reason}", request.hardware_address());
            }
            Observation::Malformed { source, error, .. } => tracing::debug!("{source} sent no DHCP message: {error}"),
            Observation::Withheld { request, .. } => {
                tracing::debug!("no answer to {}: its lease is not stored", request.hardware_address());
            }
            Observation::EmitFailed { request, error, .. } => {
                tracing::warn!("the answer to {} cannot be written: {error}", request.hardware_address());
            }
            Observation::SendFailed { request, error, .. } => {
                tracing::warn!("the answer to {} cannot be sent: {error}", request.hardware_address());
            }
            Observation::ProbeFailed { address, error } => {
                tracing::warn!("{address} cannot be looked for before it is offered: {error}");
            }
            // The thread has told.
            Observation::CommitFailed { .. } => {}
            other => tracing::debug!("{other:?}"),
        }
    }
}
