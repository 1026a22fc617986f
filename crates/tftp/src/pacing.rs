//! How many blocks of a window leave at once.
//!
//! A burst that is larger than the peer's socket buffer loses its tail every time, and so would the full window that
//! follows the gap. The window itself is agreed, so it is sent in bursts with pauses between them.

use std::time::{Duration, Instant};

/// Long enough for firmware to take a few blocks from its network card.
const PAUSE: Duration = Duration::from_millis(2);

/// So many windows with a gap in a row are no chance.
const MANY: u32 = 4;

#[derive(Debug)]
pub(crate) struct Pacing {
    window: u64,
    /// Blocks of one burst; the whole window unless the peer loses its tail again and again.
    burst: u64,
    /// Blocks left of the current burst.
    left: u64,
    until: Option<Instant>,
    /// Windows in a row that came with a gap.
    gaps: u32,
}

impl Pacing {
    pub(crate) const fn new(window: u64) -> Self {
        Self { window, burst: window, left: window, until: None, gaps: 0 }
    }

    /// When the next burst may leave, while there is a pause.
    pub(crate) const fn until(&self) -> Option<Instant> {
        self.until
    }

    /// Takes one block out of the burst; at its end a pause begins.
    pub(crate) fn take(&mut self, now: Instant) -> bool {
        if self.until.is_some() {
            return false;
        }
        if self.left == 0 {
            self.until = Some(now + PAUSE);
            return false;
        }
        self.left -= 1;
        true
    }

    /// Whether a pause ends now.
    pub(crate) fn resume(&mut self, now: Instant) -> bool {
        let over = self.until.is_some_and(|until| until <= now);
        if over {
            self.restart();
        }
        over
    }

    /// A new burst begins.
    pub(crate) const fn restart(&mut self) {
        self.until = None;
        self.left = self.burst;
    }

    /// Blocks were lost. A buffer that overflows loses the tail of the burst, and then nobody tells of the gap until
    /// the sender asks; a single block may be lost by chance, and the next one tells of it.
    pub(crate) fn lost(&mut self, tail: bool) {
        self.gaps += if tail { MANY } else { 1 };
        if self.gaps >= MANY {
            self.gaps = 0;
            self.burst = (self.burst / 2).max(1);
        }
        self.restart();
    }

    /// The peer has taken a whole window.
    pub(crate) fn grow(&mut self) {
        self.gaps = 0;
        self.burst = (self.burst + self.burst / 8 + 1).min(self.window);
        self.restart();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::disallowed_methods, reason = "the zero of a virtual clock that then stands still")]
    fn epoch() -> Instant {
        Instant::now()
    }

    fn burst(pacing: &mut Pacing, now: Instant) -> usize {
        (0..100).take_while(|_| pacing.take(now)).count()
    }

    #[test]
    fn bursts_halve_when_their_tail_is_lost_and_grow_with_whole_windows() {
        let now = epoch();
        let mut pacing = Pacing::new(16);
        assert_eq!(burst(&mut pacing, now), 16);
        pacing.lost(true);
        assert_eq!(burst(&mut pacing, now), 8);
        assert_eq!(pacing.until(), Some(now + PAUSE));
        assert!(!pacing.resume(now));
        assert!(pacing.resume(now + PAUSE));
        assert_eq!(burst(&mut pacing, now), 8);
        pacing.lost(true);
        assert_eq!(burst(&mut pacing, now), 4);
        for (windows, want) in [(1, 5), (1, 6), (4, 12), (10, 16)] {
            (0..windows).for_each(|_| pacing.grow());
            assert_eq!(burst(&mut pacing, now), want, "after {windows} more");
        }
        for _ in 0..100 {
            pacing.lost(true);
        }
        assert_eq!(burst(&mut pacing, now), 1);
    }

    #[test]
    fn single_gaps_are_chance_until_there_are_many_in_a_row() {
        let now = epoch();
        let mut pacing = Pacing::new(16);
        for _ in 0..10 {
            (0..MANY - 1).for_each(|_| pacing.lost(false));
            pacing.grow();
        }
        assert_eq!(burst(&mut pacing, now), 16);
        (0..MANY).for_each(|_| pacing.lost(false));
        assert_eq!(burst(&mut pacing, now), 8);
    }
}
