//! The event log: every packet and every change of state, stored with its time.
//!
//! What comes with a transaction is stored in it ([`Store::change`] and others); what comes by itself, such as packets,
//! goes through a bounded queue, and many are stored at once. Readers are woken and read from the store, so that none
//! sees an event that could still be lost, and each can resume where it stopped.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::{mpsc, watch};

use crate::model::NewEvent;
use crate::store::Store;

const QUEUE: usize = 8192;
const PRUNE_EVERY: usize = 2000;

/// Notes events and wakes those who read them.
#[derive(Debug, Clone)]
pub struct Journal {
    queue: mpsc::Sender<NewEvent>,
    lost: Arc<AtomicU64>,
    newest: Arc<watch::Sender<u64>>,
}

/// The other end of the queue; [`Writer::run`] empties it into the store.
#[derive(Debug)]
pub struct Writer {
    queue: mpsc::Receiver<NewEvent>,
    journal: Journal,
    keep: u32,
}

impl Journal {
    /// A journal, and the writer that somebody has to run. At most about `keep` events are kept.
    #[must_use]
    pub fn new(keep: u32) -> (Self, Writer) {
        let (sender, queue) = mpsc::channel(QUEUE);
        let journal = Self { queue: sender, lost: Arc::default(), newest: Arc::new(watch::Sender::new(0)) };
        (journal.clone(), Writer { queue, journal, keep })
    }

    /// Notes an event. Never waits: under a flood that fills the queue events are counted instead of kept.
    pub fn note(&self, event: NewEvent) {
        tracing::debug!(kind = event.kind, "{}", event.message);
        if self.queue.try_send(event).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Wakes the readers: something new is stored.
    pub fn wake(&self) {
        self.newest.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Tells when something new is stored.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.newest.subscribe()
    }
}

impl Writer {
    /// Stores what is noted until every [`Journal`] but the writer's own is dropped, or `stop` says so; then the rest.
    pub async fn run(mut self, store: Arc<dyn Store>, mut stop: watch::Receiver<bool>) {
        let mut batch = Vec::with_capacity(256);
        let mut since_prune = 0;
        loop {
            tokio::select! {
                count = self.queue.recv_many(&mut batch, 256) => if count == 0 { return },
                () = crate::run::stopped(&mut stop) => {
                    while let Ok(event) = self.queue.try_recv() {
                        batch.push(event);
                    }
                    self.store(&store, &mut batch).await;
                    return;
                }
            }
            since_prune += batch.len();
            self.store(&store, &mut batch).await;
            if since_prune >= PRUNE_EVERY {
                since_prune = 0;
                if let Err(error) = store.prune_events(self.keep).await {
                    tracing::error!("old events stay: {error}");
                }
            }
        }
    }

    async fn store(&self, store: &Arc<dyn Store>, batch: &mut Vec<NewEvent>) {
        let lost = self.journal.lost.swap(0, Ordering::Relaxed);
        if lost > 0 {
            batch.push(NewEvent::now("server.overload", format!("{lost} events came too fast to be kept")));
        }
        if let Err(error) = store.append_events(batch).await {
            tracing::error!("{} events are lost: {error}", batch.len());
        }
        batch.clear();
        self.journal.wake();
    }
}
