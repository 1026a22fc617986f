//! How often an address may ask.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

const SECOND: Duration = Duration::from_secs(1);
/// The most addresses whose requests are counted. Whoever can forge more of them than this gets in here, and meets the
/// limits on transfers.
const MAX_ADDRESSES: usize = 4096;

/// The requests of each address within a second.
#[derive(Debug, Default)]
pub(super) struct Rate {
    began: Option<Instant>,
    counts: HashMap<IpAddr, u32>,
}

impl Rate {
    /// Counts a request, and tells whether it is among the first `limit` of its address in this second.
    pub(super) fn admits(&mut self, now: Instant, address: IpAddr, limit: u32) -> bool {
        if self.began.is_none_or(|began| now.saturating_duration_since(began) >= SECOND) {
            self.began = Some(now);
            self.counts.clear();
        }
        if self.counts.len() >= MAX_ADDRESSES && !self.counts.contains_key(&address) {
            return true;
        }
        let count = self.counts.entry(address).or_default();
        *count = count.saturating_add(1);
        *count <= limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_admitted_so_often_in_a_second() {
        #[expect(clippy::disallowed_methods, reason = "any instant will do")]
        let start = Instant::now();
        let (one, other) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        let mut rate = Rate::default();
        assert_eq!([one, one, one, other].map(|address| rate.admits(start, address, 2)), [true, true, false, true]);
        assert!(!rate.admits(start + SECOND - Duration::from_millis(1), one, 2));
        assert!(rate.admits(start + SECOND, one, 2));
    }

    #[test]
    fn a_flood_of_addresses_takes_no_memory() {
        #[expect(clippy::disallowed_methods, reason = "any instant will do")]
        let start = Instant::now();
        let mut rate = Rate::default();
        for address in 0..100_000_u32 {
            assert!(rate.admits(start, IpAddr::from(address.to_be_bytes()), 1));
        }
        assert_eq!(rate.counts.len(), MAX_ADDRESSES);
        assert!(!rate.admits(start, IpAddr::from([0, 0, 0, 0]), 1), "those that were counted still are");
    }
}
