//! Looking for a packet in a loop instead of sleeping until it is there.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::super::now;

/// How long other tasks of the same thread may have to wait.
const MAX_HOLD: Duration = Duration::from_micros(100);

/// Decides whether a transfer sleeps while it waits for its peer.
///
/// A peer on the same host or the next switch answers within microseconds, and a thread that has gone to sleep takes
/// longer to wake up than that. So a transfer stays awake for a moment if its peer answered quickly the last time, and
/// no other transfer has received anything since: with two of them the processor is better left to the other.
#[derive(Debug)]
pub(crate) struct BusyPoll {
    limit: Duration,
    /// Counts what all transfers of a server receive.
    arrivals: Arc<AtomicUsize>,
    /// The count after this transfer's last one.
    seen: usize,
    is_quick: bool,
    /// Since when no other task has run on this thread.
    awake_since: Instant,
}

impl BusyPoll {
    /// Stays awake for `limit` at a time. All transfers of a server share `arrivals`.
    pub(crate) fn new(limit: Duration, arrivals: Arc<AtomicUsize>) -> Self {
        Self { limit, arrivals, seen: 0, is_quick: false, awake_since: now() }
    }

    /// Always sleeps.
    pub(crate) fn never() -> Self {
        Self::new(Duration::ZERO, Arc::default())
    }

    /// The time, which the others of these functions want; nothing while another transfer is busy.
    pub(crate) fn start(&self) -> Option<Instant> {
        (self.is_alone() && !self.limit.is_zero()).then(now)
    }

    /// What `receive` gives, if it is there soon.
    pub(crate) async fn awake(
        &mut self,
        start: Option<Instant>,
        mut receive: impl FnMut() -> io::Result<usize>,
    ) -> Option<io::Result<usize>> {
        let start = start.filter(|_| self.is_quick)?;
        if start.duration_since(self.awake_since) > MAX_HOLD {
            tokio::task::yield_now().await;
            self.awake_since = now();
        }
        while self.is_alone() && now().duration_since(start) < self.limit {
            match receive() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => std::hint::spin_loop(),
                received => {
                    self.count();
                    return Some(received);
                }
            }
        }
        self.is_quick = false;
        None
    }

    /// Tells that something came after all, while this transfer slept.
    pub(crate) fn slept(&mut self, start: Option<Instant>) {
        self.is_quick = false;
        if let Some(start) = start.filter(|_| self.is_alone()) {
            self.awake_since = now();
            self.is_quick = self.awake_since.duration_since(start) < self.limit;
        }
        self.count();
    }

    /// Whether nothing has come for others since this transfer's last packet.
    fn is_alone(&self) -> bool {
        self.arrivals.load(Ordering::Relaxed) == self.seen
    }

    fn count(&mut self) {
        self.seen = self.arrivals.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(3600);

    /// Whether a packet that comes at the third look is seen without sleeping.
    async fn sees(busy: &mut BusyPoll) -> bool {
        let mut looks = 0;
        let third = || {
            looks += 1;
            if looks < 3 { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(4) }
        };
        busy.awake(busy.start(), third).await.is_some_and(|received| received.is_ok_and(|length| length == 4))
    }

    #[tokio::test]
    async fn only_a_quick_peer_is_waited_for_awake() {
        let mut busy = BusyPoll::new(LONG, Arc::default());
        assert!(!sees(&mut busy).await, "nothing is known of the peer yet");
        busy.slept(Some(now()));
        assert!(sees(&mut busy).await);
        busy.slept(Some(now() - LONG));
        assert!(!sees(&mut busy).await, "it took as long as the limit");
    }

    #[tokio::test]
    async fn another_transfer_needs_the_processor() {
        let arrivals = Arc::new(AtomicUsize::new(0));
        let [mut busy, mut other] = [(); 2].map(|()| BusyPoll::new(LONG, Arc::clone(&arrivals)));
        busy.slept(Some(now()));
        assert!(sees(&mut busy).await, "nothing has come for the other one");
        other.slept(other.start());
        assert!(!sees(&mut busy).await);
        busy.slept(Some(now()));
        assert!(!sees(&mut busy).await, "the other one's was the last but one");
        busy.slept(Some(now()));
        assert!(sees(&mut busy).await);
    }

    #[tokio::test]
    async fn silence_is_not_waited_for_awake_twice() {
        let mut busy = BusyPoll::new(Duration::ZERO, Arc::default());
        busy.is_quick = true;
        let silence = || Err(io::ErrorKind::WouldBlock.into());
        assert!(busy.awake(Some(now()), silence).await.is_none());
        assert!(!busy.is_quick);
        assert!(!sees(&mut BusyPoll::never()).await);
    }

    #[tokio::test]
    #[expect(clippy::disallowed_methods, reason = "a task to give way to")]
    async fn other_tasks_of_the_thread_get_their_turn() {
        let mut busy = BusyPoll::new(LONG, Arc::default());
        busy.slept(Some(now()));
        busy.awake_since = now() - LONG;
        let other = tokio::spawn(async {});
        assert!(sees(&mut busy).await);
        assert!(other.is_finished());
    }
}
