//! Looking for a packet in a loop instead of sleeping until it is there.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::super::now;

/// How long other tasks of the same thread may have to wait.
const MAX_HOLD: Duration = Duration::from_micros(100);
/// For so many packets the transfer sleeps, for as many it stays awake, and for the rest of a round of 256 it does what
/// was quicker.
const TRIAL: u8 = 16;

/// Decides whether a transfer sleeps while it waits for its peer.
///
/// A peer on the same host or the next switch answers within microseconds, and a thread that has gone to sleep often takes
/// longer to wake up than that. On the other hand the peer may need the very processor. So both are tried; but when other
/// transfers have something to do, they have the processor instead.
#[derive(Debug)]
pub(crate) struct BusyPoll {
    limit: Duration,
    /// Counts what all transfers of a server receive.
    arrivals: Arc<AtomicUsize>,
    /// The count after this transfer's last one.
    seen: usize,
    /// The place of the next packet in the round.
    place: u8,
    /// How long the packets of the first trial have taken, none longer than the limit.
    slept: Duration,
    /// And those of the second.
    awake: Duration,
    /// Since when no other task has run on this thread.
    awake_since: Instant,
}

impl BusyPoll {
    /// Stays awake for `limit` at a time. All transfers of a server share `arrivals`.
    pub(crate) fn new(limit: Duration, arrivals: Arc<AtomicUsize>) -> Self {
        let (slept, awake) = (Duration::ZERO, Duration::ZERO);
        Self { limit, arrivals, seen: 0, place: 0, slept, awake, awake_since: now() }
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
        let start = start.filter(|_| self.stays_awake())?;
        if start.duration_since(self.awake_since) > MAX_HOLD {
            tokio::task::yield_now().await;
            self.awake_since = now();
        }
        while self.is_alone() && now().duration_since(start) < self.limit {
            match receive() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => std::hint::spin_loop(),
                received => {
                    self.received(Some(start));
                    return Some(received);
                }
            }
        }
        None
    }

    /// Tells that something came after all, while this transfer slept.
    pub(crate) fn slept(&mut self, start: Option<Instant>) {
        self.received(start);
        self.awake_since = start.map_or(self.awake_since, |_| now());
    }

    fn stays_awake(&self) -> bool {
        match self.place / TRIAL {
            0 => false,
            // A peer that is slow in any case is not waited for in a loop.
            1 => self.slept < self.limit * TRIAL.into(),
            _ => self.awake < self.slept,
        }
    }

    fn received(&mut self, start: Option<Instant>) {
        if let Some(start) = start.filter(|_| self.is_alone()) {
            let taken = now().duration_since(start).min(self.limit);
            match self.place / TRIAL {
                0 => self.slept += taken,
                1 => self.awake += taken,
                _ => {}
            }
            self.place = self.place.wrapping_add(1);
        } else {
            self.place = 0;
        }
        if self.place == 0 {
            (self.slept, self.awake) = (Duration::ZERO, Duration::ZERO);
        }
        self.seen = self.arrivals.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
    }

    /// Whether nothing has come for others since this transfer's last packet.
    fn is_alone(&self) -> bool {
        self.arrivals.load(Ordering::Relaxed) == self.seen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(3600);

    fn alone() -> BusyPoll {
        BusyPoll::new(LIMIT, Arc::default())
    }

    /// So many packets, each after so long a sleep.
    fn sleep(busy: &mut BusyPoll, packets: u8, taken: Duration) {
        (0..packets).for_each(|_| busy.slept(Some(now() - taken)));
    }

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
    async fn what_is_quicker_is_done() {
        let mut busy = alone();
        assert!(!sees(&mut busy).await, "nothing is known of the peer yet");
        sleep(&mut busy, TRIAL, LIMIT / 2);
        for packet in TRIAL..=u8::MAX {
            assert!(sees(&mut busy).await, "{packet}");
        }
        assert!(!sees(&mut busy).await, "a new round begins");
        sleep(&mut busy, TRIAL, LIMIT / 2);
        assert!(sees(&mut busy).await);
        sleep(&mut busy, TRIAL, LIMIT);
        assert!(!sees(&mut busy).await, "staying awake took longer");
    }

    #[tokio::test]
    async fn a_slow_peer_is_never_waited_for_awake() {
        let mut busy = alone();
        for packet in 0..=u8::MAX {
            assert!(!sees(&mut busy).await, "{packet}");
            sleep(&mut busy, 1, LIMIT);
        }
    }

    #[tokio::test]
    async fn another_transfer_needs_the_processor() {
        let arrivals = Arc::new(AtomicUsize::new(0));
        let [mut busy, mut other] = [(); 2].map(|()| BusyPoll::new(LIMIT, Arc::clone(&arrivals)));
        sleep(&mut busy, TRIAL, LIMIT / 2);
        assert!(sees(&mut busy).await, "nothing has come for the other one");
        other.slept(other.start());
        assert!(!sees(&mut busy).await);
        busy.slept(busy.start());
        assert!(!sees(&mut busy).await, "the other one's was the last but one");
        sleep(&mut busy, TRIAL, LIMIT / 2);
        assert!(sees(&mut busy).await);
    }

    #[tokio::test]
    async fn nobody_stays_awake_for_longer_than_the_limit() {
        let mut busy = BusyPoll::new(Duration::from_nanos(2), Arc::default());
        (busy.place, busy.slept) = (TRIAL, Duration::from_nanos(1));
        assert!(busy.stays_awake());
        assert!(busy.awake(Some(now()), || Err(io::ErrorKind::WouldBlock.into())).await.is_none());
        assert_eq!(BusyPoll::never().start(), None);
    }

    #[tokio::test]
    #[expect(clippy::disallowed_methods, reason = "a task to give way to")]
    async fn other_tasks_of_the_thread_get_their_turn() {
        let mut busy = alone();
        sleep(&mut busy, TRIAL, LIMIT / 2);
        busy.awake_since = now() - LIMIT;
        let other = tokio::spawn(async {});
        assert!(sees(&mut busy).await);
        assert!(other.is_finished());
    }
}
