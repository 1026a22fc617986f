//! Looking for a packet in a loop instead of sleeping until it is there.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::super::now;

/// For so many packets the transfer sleeps, for as many it stays awake, and for the rest of a round it does what was
/// quicker.
const TRIAL: usize = 16;
/// The packets of a round.
const ROUND: usize = 1024;
/// After so many packets what came before counts half.
const RECENT: usize = 64;
/// A transfer that is alone gives way to other tasks after so long; in company, before each look.
const TURN: Duration = Duration::from_micros(500);
/// The least time from one look to the next: a look is a system call.
const PAUSE: Duration = Duration::from_nanos(2500);
/// So much later is the first look of the next wait, after one that came too early.
const LATER: Duration = Duration::from_micros(1);
/// And after one that found something, by this part earlier.
const EARLIER: u32 = 16;

/// A longer limit is as good as none, and times are added to it.
const MAX_LIMIT: Duration = Duration::from_secs(3600);
/// A wait counts for so many times the limit at most.
const LONGEST: u32 = 10;

/// How long the packets of a trial have taken.
#[derive(Clone, Copy, Debug, Default)]
struct Trial {
    median: Duration,
    total: Duration,
}

impl Trial {
    fn of(waits: &mut [Duration; TRIAL]) -> Self {
        let (_, median, _) = waits.select_nth_unstable(TRIAL / 2);
        Self { median: *median, total: waits.iter().sum() }
    }

    /// A single packet may have waited for something else. One that has waited very long may have waited for us: its
    /// sender needs the processor.
    fn is_quicker_than(&self, other: &Self) -> bool {
        self.median < other.median && self.total < 2 * other.total
    }
}

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
    /// The count when the recent ones began.
    before: usize,
    /// How many of the recent ones are this transfer's.
    recent: usize,
    /// How many recent looks in company have found nothing.
    misses: usize,
    /// The place of the next packet in the round.
    place: usize,
    /// How long the packets of a trial have taken.
    waits: [Duration; TRIAL],
    /// The outcome of the first trial.
    slept: Trial,
    /// And of the second.
    awake: Trial,
    /// When the last packet was sent.
    sent: Instant,
    /// How long after that the first look is.
    first_look: Duration,
    /// When other tasks last had their turn.
    turn: Instant,
}

impl BusyPoll {
    /// Stays awake for `limit` at a time. All transfers of a server share `arrivals`.
    pub(crate) fn new(limit: Duration, arrivals: Arc<AtomicUsize>) -> Self {
        let (limit, before) = (limit.min(MAX_LIMIT), arrivals.load(Ordering::Relaxed));
        let (sent, turn) = (now(), now());
        let (waits, slept, awake) = ([Duration::ZERO; TRIAL], Trial::default(), Trial::default());
        let first_look = Duration::ZERO;
        Self { limit, arrivals, before, recent: 0, misses: 0, place: 0, waits, slept, awake, sent, first_look, turn }
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
            self.misses < 2 * self.recent
        } else {
            // A peer that is slow in any case is not waited for in a loop.
            let is_near = self.slept.median < self.limit;
            is_near && (self.place < 2 * TRIAL || self.awake.is_quicker_than(&self.slept))
        }
    }

    /// Tells that packets were sent.
    pub(crate) fn sent(&mut self) {
        if !self.limit.is_zero() && !self.in_company() {
            self.sent = now();
        }
    }

    /// What `receive` gives, if it is there soon. Other tasks of the thread have their turn now and then.
    pub(crate) async fn look(&mut self, receive: impl FnMut() -> io::Result<usize>) -> Option<io::Result<usize>> {
        if self.in_company() { self.look_in_turn(receive).await } else { self.look_alone(receive).await }
    }

    async fn look_in_turn(&mut self, mut receive: impl FnMut() -> io::Result<usize>) -> Option<io::Result<usize>> {
        let mut end = None;
        loop {
            tokio::task::yield_now().await;
            match receive() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.misses += 1,
                received => return Some(received),
            }
            let missed = now();
            if missed >= *end.get_or_insert(missed + self.limit) {
                return None;
            }
        }
    }

    /// The first look is about when the peer has answered before. The later it is, the less often is looked.
    async fn look_alone(&mut self, mut receive: impl FnMut() -> io::Result<usize>) -> Option<io::Result<usize>> {
        let begun = now();
        if begun >= self.turn + TURN {
            tokio::task::yield_now().await;
            self.turn = begun;
        }
        let first = begun.max(self.sent + self.first_look);
        let mut due = first;
        loop {
            while now() < due {
                std::hint::spin_loop();
            }
            match receive() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                received => {
                    if due == first {
                        self.first_look -= self.first_look / EARLIER;
                    } else {
                        self.first_look = self.limit.min(self.first_look + LATER);
                    }
                    return Some(received);
                }
            }
            let missed = now();
            if missed >= begun + self.limit {
                return None;
            }
            due = missed + PAUSE.max(missed.duration_since(first) / 2);
        }
    }

    /// Tells that something came, and when the wait for it began.
    pub(crate) fn received(&mut self, start: Option<Instant>) {
        if let Some(start) = start {
            let taken = now().duration_since(start).min(LONGEST * self.limit);
            if let Some(wait) = self.waits.get_mut(self.place % TRIAL) {
                *wait = taken;
            }
            if self.place % TRIAL == TRIAL - 1 {
                *(if self.place < TRIAL { &mut self.slept } else { &mut self.awake }) = Trial::of(&mut self.waits);
            }
        }
        let arrivals = self.arrivals.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        self.recent += 1;
        if self.recent == 2 * RECENT {
            self.before = arrivals.wrapping_sub(arrivals.wrapping_sub(self.before) / 2);
            (self.recent, self.misses) = (RECENT, self.misses / 2);
        }
        self.place += 1;
        if self.place == ROUND {
            // In company nothing is to be learned from sleeping.
            self.place = if self.in_company() { TRIAL } else { 0 };
        }
    }

    /// Whether at least as much has come for others of late as for this transfer.
    fn in_company(&self) -> bool {
        self.arrivals.load(Ordering::Relaxed).wrapping_sub(self.before) >= 2 * self.recent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = MAX_LIMIT;

    fn alone() -> BusyPoll {
        BusyPoll::new(LIMIT, Arc::default())
    }

    /// So many packets, each after so long a wait.
    fn receive(busy: &mut BusyPoll, packets: usize, taken: Duration) {
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
            for packet in 0..ROUND {
                let want = if packet < 2 * TRIAL { packet >= TRIAL } else { is_quicker };
                assert_eq!(busy.stays_awake(), want, "{packet}");
                receive(&mut busy, 1, if packet < TRIAL { LIMIT / 2 } else { awake });
            }
            assert!(!busy.stays_awake(), "a new round begins");
        }
    }

    #[test]
    fn a_packet_that_is_late_decides_nothing_and_one_that_is_very_late_everything() {
        for (late, is_awake) in [(LIMIT / 10, true), (LIMIT, false)] {
            let mut busy = alone();
            receive(&mut busy, TRIAL, LIMIT / 50);
            receive(&mut busy, TRIAL - 1, LIMIT / 60);
            receive(&mut busy, 1, late);
            assert_eq!(busy.stays_awake(), is_awake);
        }
    }

    #[test]
    fn a_slow_peer_is_never_waited_for_awake() {
        let mut busy = alone();
        for packet in 0..ROUND {
            assert!(!busy.stays_awake(), "{packet}");
            receive(&mut busy, 1, LIMIT);
        }
        let mut endless = BusyPoll::new(Duration::MAX, Arc::default());
        receive(&mut endless, 2 * TRIAL, LIMIT);
        assert!(!endless.stays_awake(), "and nothing overflows");
        assert_eq!(BusyPoll::never().start(), None);
        assert!(!BusyPoll { place: TRIAL, ..BusyPoll::never() }.stays_awake());
    }

    #[test]
    fn in_company_looks_are_cheap_while_they_find_something() {
        let arrivals = Arc::new(AtomicUsize::new(7));
        let [mut one, mut other] = [(); 2].map(|()| BusyPoll::new(LIMIT, Arc::clone(&arrivals)));
        receive_both(&mut one, &mut other, TRIAL);
        for packet in TRIAL..1000 {
            assert!(one.stays_awake() && other.stays_awake(), "{packet}");
            receive_both(&mut one, &mut other, 1);
        }
        one.misses = 2 * one.recent;
        assert!(!one.stays_awake() && other.stays_awake());
        receive_both(&mut one, &mut other, 1);
        assert!(one.stays_awake(), "a packet earns two looks more");
    }

    #[test]
    fn company_that_has_gone_is_forgotten() {
        let arrivals = Arc::new(AtomicUsize::new(0));
        let [mut one, mut other] = [(); 2].map(|()| BusyPoll::new(LIMIT, Arc::clone(&arrivals)));
        receive_both(&mut one, &mut other, ROUND);
        assert!(one.in_company() && one.before > 0);
        receive(&mut one, 2, LIMIT);
        assert!(!one.in_company());
        receive(&mut one, ROUND, LIMIT);
        receive_both(&mut one, &mut other, RECENT);
        assert!(!one.in_company(), "not at once");
        receive_both(&mut one, &mut other, 8 * RECENT);
        assert!(one.in_company());
    }

    /// Past the first trial, where it looks.
    fn looking(limit: Duration) -> BusyPoll {
        BusyPoll { place: TRIAL, recent: TRIAL, ..BusyPoll::new(limit, Arc::default()) }
    }

    /// The same in company.
    fn looking_in_turn(limit: Duration) -> BusyPoll {
        let busy = looking(limit);
        busy.arrivals.fetch_add(2 * TRIAL, Ordering::Relaxed);
        busy
    }

    /// What is there at the `n`th look.
    fn found(n: usize) -> impl FnMut() -> io::Result<usize> {
        let mut looks = 0;
        move || {
            looks += 1;
            if looks < n { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(4) }
        }
    }

    #[tokio::test]
    async fn looking_ends() {
        const SHORT: Duration = Duration::from_nanos(1);
        for (mut short, mut long, misses) in
            [(looking(SHORT), looking(LIMIT), 0), (looking_in_turn(SHORT), looking_in_turn(LIMIT), 2)]
        {
            assert!(short.look(found(usize::MAX)).await.is_none());
            assert!(matches!(long.look(found(3)).await, Some(Ok(4))));
            assert_eq!(long.misses, misses);
        }
    }

    #[tokio::test]
    async fn the_first_look_is_when_the_peer_has_answered_before() {
        let mut busy = looking(LIMIT);
        for expected in [LATER, 2 * LATER] {
            assert!(busy.look(found(2)).await.is_some());
            assert_eq!(busy.first_look, expected);
        }
        busy.first_look = Duration::from_millis(16);
        busy.sent();
        assert!(busy.look(found(1)).await.is_some());
        assert!(now() >= busy.sent + Duration::from_millis(16));
        assert_eq!(busy.first_look, Duration::from_millis(15));
    }

    #[tokio::test]
    #[expect(clippy::disallowed_methods, reason = "a task to give way to")]
    async fn other_tasks_of_the_thread_get_their_turn() {
        let (mut busy, other) = (looking(LIMIT), tokio::spawn(async {}));
        busy.turn += LIMIT;
        assert!(busy.look(found(1)).await.is_some() && !other.is_finished());
        busy.turn -= LIMIT + TURN;
        assert!(busy.look(found(1)).await.is_some() && other.is_finished());
        let (mut busy, other) = (looking_in_turn(LIMIT), tokio::spawn(async {}));
        assert!(busy.look(found(1)).await.is_some() && other.is_finished());
    }
}
