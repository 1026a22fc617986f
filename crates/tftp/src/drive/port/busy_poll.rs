//! Looking for a packet in a loop instead of sleeping until it is there.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::super::now;

/// For so many packets the transfer sleeps, for as many it stays awake, and for the rest of a round of 256 it does what
/// was quicker.
const TRIAL: u8 = 16;
/// A transfer that is alone gives way to other tasks before one look of so many; in company, before each.
const YIELD_EVERY: u8 = 16;
/// The time from one look to the next: a look is a system call.
const PAUSE: Duration = Duration::from_micros(2);

/// Decides whether a transfer sleeps while it waits for its peer.
///
/// A peer on the same host or the next switch answers within microseconds, and a thread that has gone to sleep often takes
/// longer to wake up than that. On the other hand the peer may need the very processor. So both are tried.
///
/// While other transfers are busy, the packet is often there by the time that all of them have had their turn. To look
/// for it, even twice, then costs less than having the kernel watch the socket.
#[derive(Debug)]
pub(crate) struct BusyPoll {
    limit: Duration,
    /// Counts what all transfers of a server receive.
    arrivals: Arc<AtomicUsize>,
    /// The count when the round began.
    before: usize,
    /// The place of the next packet in the round.
    place: u8,
    /// How long the packets of the first trial have taken, none longer than the limit.
    slept: Duration,
    /// And those of the second.
    awake: Duration,
    /// The number of looks, which wraps.
    looks: u8,
    /// How many of them have found nothing in this round.
    misses: usize,
}

impl BusyPoll {
    /// Stays awake for `limit` at a time. All transfers of a server share `arrivals`.
    pub(crate) fn new(limit: Duration, arrivals: Arc<AtomicUsize>) -> Self {
        let before = arrivals.load(Ordering::Relaxed);
        Self { limit, arrivals, before, place: 0, slept: Duration::ZERO, awake: Duration::ZERO, looks: 0, misses: 0 }
    }

    /// Always sleeps.
    pub(crate) fn never() -> Self {
        Self::new(Duration::ZERO, Arc::default())
    }

    /// The time when the wait for a packet begins, if it is to be measured.
    pub(crate) fn start(&self) -> Option<Instant> {
        (self.place < 2 * TRIAL && !self.limit.is_zero()).then(now)
    }

    /// Whether to look for the next packet before sleeping.
    pub(crate) fn stays_awake(&self) -> bool {
        if self.limit.is_zero() || self.place < TRIAL {
            false
        } else if self.in_company() {
            self.misses < 2 * usize::from(self.place)
        } else if self.place < 2 * TRIAL {
            // A peer that is slow in any case is not waited for in a loop.
            self.slept < self.limit * TRIAL.into()
        } else {
            self.awake < self.slept
        }
    }

    /// What `receive` gives, if it is there soon. Other tasks of the thread have their turn between the looks.
    pub(crate) async fn look(&mut self, mut receive: impl FnMut() -> io::Result<usize>) -> Option<io::Result<usize>> {
        let mut end = None;
        loop {
            self.looks = self.looks.wrapping_add(1);
            let in_company = self.in_company();
            if in_company || self.looks.is_multiple_of(YIELD_EVERY) {
                tokio::task::yield_now().await;
            }
            match receive() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.misses += 1,
                received => return Some(received),
            }
            let missed = now();
            if missed >= *end.get_or_insert(missed + self.limit) {
                return None;
            }
            while !in_company && now() < missed + PAUSE {
                std::hint::spin_loop();
            }
        }
    }

    /// Tells that something came, and when the wait for it began.
    pub(crate) fn received(&mut self, start: Option<Instant>) {
        if let Some(start) = start {
            let taken = now().duration_since(start).min(self.limit);
            *(if self.place < TRIAL { &mut self.slept } else { &mut self.awake }) += taken;
        }
        let arrivals = self.arrivals.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        if self.place < u8::MAX {
            self.place += 1;
            return;
        }
        // In company nothing is to be learned from sleeping.
        let place = if self.in_company() { TRIAL } else { 0 };
        let before = arrivals.wrapping_sub(2 * usize::from(place));
        *self = Self { before, place, ..Self::new(self.limit, Arc::clone(&self.arrivals)) };
    }

    /// Whether at least as much has come for others in this round as for this transfer.
    fn in_company(&self) -> bool {
        self.arrivals.load(Ordering::Relaxed).wrapping_sub(self.before) >= 2 * usize::from(self.place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(3600);

    fn alone() -> BusyPoll {
        BusyPoll::new(LIMIT, Arc::default())
    }

    /// So many packets, each after so long a wait.
    fn receive(busy: &mut BusyPoll, packets: u8, taken: Duration) {
        (0..packets).for_each(|_| busy.received(busy.start().map(|_| now() - taken)));
    }

    /// So many packets for each of two transfers.
    fn receive_both(one: &mut BusyPoll, other: &mut BusyPoll, packets: usize) {
        for _ in 0..packets {
            one.received(one.start());
            other.received(other.start());
        }
    }

    #[test]
    fn what_is_quicker_is_done() {
        for (awake, is_quicker) in [(LIMIT / 3, true), (LIMIT, false)] {
            let mut busy = alone();
            for packet in 0..=u8::MAX {
                let want = if packet < 2 * TRIAL { packet >= TRIAL } else { is_quicker };
                assert_eq!(busy.stays_awake(), want, "{packet}");
                receive(&mut busy, 1, if packet < TRIAL { LIMIT / 2 } else { awake });
            }
            assert!(!busy.stays_awake(), "a new round begins");
        }
    }

    #[test]
    fn a_slow_peer_is_never_waited_for_awake() {
        let mut busy = alone();
        for packet in 0..=u8::MAX {
            assert!(!busy.stays_awake(), "{packet}");
            receive(&mut busy, 1, LIMIT);
        }
        assert_eq!(BusyPoll::never().start(), None);
        assert!(!BusyPoll { place: TRIAL, ..BusyPoll::never() }.stays_awake());
    }

    #[test]
    fn in_company_looks_are_cheap_while_they_find_something() {
        let arrivals = Arc::new(AtomicUsize::new(7));
        let [mut one, mut other] = [(); 2].map(|()| BusyPoll::new(LIMIT, Arc::clone(&arrivals)));
        receive_both(&mut one, &mut other, usize::from(TRIAL));
        for packet in usize::from(TRIAL)..1000 {
            assert!(one.stays_awake() && other.stays_awake(), "{packet}");
            receive_both(&mut one, &mut other, 1);
        }
        one.misses = 2 * usize::from(one.place);
        assert!(!one.stays_awake() && other.stays_awake());
        receive_both(&mut one, &mut other, 1);
        assert!(one.stays_awake(), "a packet earns two looks more");
    }

    #[test]
    fn company_that_has_gone_is_forgotten() {
        let arrivals = Arc::new(AtomicUsize::new(0));
        let [mut one, mut other] = [(); 2].map(|()| BusyPoll::new(LIMIT, Arc::clone(&arrivals)));
        receive_both(&mut one, &mut other, 256);
        assert!(one.in_company());
        receive(&mut one, 2 * TRIAL, LIMIT);
        assert!(!one.in_company());
    }

    #[tokio::test]
    async fn looking_ends() {
        let mut busy = BusyPoll::new(Duration::from_nanos(1), Arc::default());
        assert!(busy.look(|| Err(io::ErrorKind::WouldBlock.into())).await.is_none());
        assert!(busy.misses > 0);
        let mut looks = 0;
        let third = || {
            looks += 1;
            if looks < 3 { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(4) }
        };
        assert!(matches!(alone().look(third).await, Some(Ok(4))));
    }

    #[tokio::test]
    #[expect(clippy::disallowed_methods, reason = "a task to give way to")]
    async fn other_tasks_of_the_thread_get_their_turn() {
        let (mut busy, other) = (alone(), tokio::spawn(async {}));
        for _ in 0..YIELD_EVERY {
            assert!(busy.look(|| Ok(4)).await.is_some());
        }
        assert!(other.is_finished());
        let (mut busy, other) = (BusyPoll { place: TRIAL, ..alone() }, tokio::spawn(async {}));
        busy.arrivals.fetch_add(2 * usize::from(TRIAL), Ordering::Relaxed);
        assert!(busy.look(|| Ok(4)).await.is_some());
        assert!(other.is_finished(), "in company");
    }
}
