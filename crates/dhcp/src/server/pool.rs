//! [`Pool`]: the addresses of a subnet that anybody may get, and which of them to take next.
//!
//! Nothing is allocated before it is used: a pool of 16 million addresses begins with 32 KiB and ends with 2 MiB. An
//! address is reached by three ways, tried in this order: the place that the client hashes to, so that a client keeps
//! its address even if the server forgot it; a cursor that only moves forward, so that the search for an unused address
//! is paid once per address and not once per packet; and the addresses that were given up, the longest unused first.

use std::{collections::BTreeSet, net::Ipv4Addr};

use super::{client::ClientKey, config::Subnet, time::Timestamp};

/// How many neighbours of the hashed place are tried.
const NEIGHBOURS: u64 = 8;
/// What an address that was offered and never leased is idle since.
pub(super) const NEVER_USED: Timestamp = Timestamp(0);
/// Places that share one allocation.
const PAGE: u64 = 4096;

#[derive(Clone, Debug)]
pub(super) struct Pool {
    /// Ascending and apart, without the addresses that belong to somebody.
    spans: Vec<Span>,
    size: u64,
    /// One bit for each place: whether it was taken since it was last unused. No page: none of it was.
    seen: Vec<Option<Box<[u64; 64]>>>,
    cursor: u64,
    /// Seen, but free again.
    idle: BTreeSet<(Timestamp, Ipv4Addr)>,
}

#[derive(Clone, Copy, Debug)]
struct Span {
    start: u32,
    len: u64,
    /// The place of its first address.
    place: u64,
}

impl Pool {
    /// The subnet's pools without its exclusions, routers and reserved addresses, and without the server's.
    pub(super) fn new(subnet: &Subnet, server_ids: &[Ipv4Addr]) -> Self {
        let reserved = subnet.reservations.iter().map(|reservation| reservation.address);
        let single = subnet.routers.iter().copied().chain(server_ids.iter().copied()).chain(reserved);
        let mut cuts: Vec<(u32, u32)> = single.map(|address| (address.to_bits(), address.to_bits())).collect();
        cuts.extend(subnet.exclusions.iter().map(|range| (range.start().to_bits(), range.end().to_bits())));
        cuts.sort_unstable();
        let mut pools: Vec<(u32, u32)> =
            subnet.pools.iter().map(|range| (range.start().to_bits(), range.end().to_bits())).collect();
        pools.sort_unstable();

        let (mut spans, mut size) = (Vec::new(), 0);
        let mut push = |start: u64, end: u64| {
            if let (Ok(first), Some(len)) = (u32::try_from(start), end.checked_sub(start).filter(|len| *len > 0)) {
                spans.push(Span { start: first, len, place: size });
                size += len;
            }
        };
        for (start, end) in pools {
            let (mut start, end) = (u64::from(start), u64::from(end) + 1);
            for &(from, to) in cuts.iter().take_while(|(from, _)| u64::from(*from) < end) {
                push(start, from.into());
                start = start.max(u64::from(to) + 1);
            }
            push(start, end);
        }
        let seen = (0..size.div_ceil(PAGE)).map(|_| None).collect();
        Self { spans, size, seen, cursor: 0, idle: BTreeSet::new() }
    }

    pub(super) fn contains(&self, address: Ipv4Addr) -> bool {
        self.place(address).is_some()
    }

    /// The address is no longer free. `since` is what it was [retired](Self::retire) with, if it was.
    pub(super) fn take(&mut self, address: Ipv4Addr, since: Timestamp) {
        let Some(place) = self.place(address) else { return };
        if self.is_seen(place) {
            self.idle.remove(&(since, address));
        } else {
            self.mark(place, true);
        }
    }

    /// The address has become free, and somebody had it until then.
    pub(super) fn retire(&mut self, address: Ipv4Addr, since: Timestamp) {
        if let Some(place) = self.place(address) {
            self.mark(place, true);
            self.idle.insert((since, address));
        }
    }

    /// The address has become free without ever having been used: it comes before those that were.
    pub(super) fn give_back(&mut self, address: Ipv4Addr) {
        let Some(place) = self.place(address) else { return };
        if place < self.cursor {
            self.idle.insert((NEVER_USED, address));
        } else {
            self.mark(place, false);
        }
    }

    /// The next address for a client that has none; the same one until it is [taken](Self::take).
    pub(super) fn next(&mut self, key: &ClientKey) -> Option<Ipv4Addr> {
        let home = key.stable_hash().checked_rem(self.size)?;
        let mut near = (home..home + NEIGHBOURS.min(self.size)).map(|place| place % self.size);
        if let Some(place) = near.find(|place| !self.is_seen(*place)) {
            return self.at(place);
        }
        while self.cursor < self.size {
            let unseen = !self.word(self.cursor) & (u64::MAX << (self.cursor % 64));
            let place = self.cursor / 64 * 64 + u64::from(unseen.trailing_zeros());
            if unseen != 0 && place < self.size {
                self.cursor = place;
                return self.at(place);
            }
            self.cursor = (self.cursor / 64 + 1) * 64;
        }
        self.idle.first().map(|(_, address)| *address)
    }

    fn word(&self, place: u64) -> u64 {
        let page = usize::try_from(place / PAGE).ok().and_then(|page| self.seen.get(page)?.as_deref());
        page.and_then(|page| page.get(usize::try_from(place % PAGE / 64).ok()?)).copied().unwrap_or(0)
    }

    fn is_seen(&self, place: u64) -> bool {
        self.word(place) & (1 << (place % 64)) != 0
    }

    fn mark(&mut self, place: u64, seen: bool) {
        let Some(page) = usize::try_from(place / PAGE).ok().and_then(|page| self.seen.get_mut(page)) else { return };
        let page = page.get_or_insert_with(|| Box::new([0; 64]));
        if let Some(word) = usize::try_from(place % PAGE / 64).ok().and_then(|word| page.get_mut(word)) {
            let bit = 1 << (place % 64);
            *word = if seen { *word | bit } else { *word & !bit };
        }
    }

    fn at(&self, place: u64) -> Option<Ipv4Addr> {
        let after = self.spans.partition_point(|span| span.place <= place);
        let span = self.spans.get(after.checked_sub(1)?)?;
        let offset = u32::try_from(place - span.place).ok()?;
        span.start.checked_add(offset).map(Ipv4Addr::from_bits)
    }

    fn place(&self, address: Ipv4Addr) -> Option<u64> {
        let bits = address.to_bits();
        let after = self.spans.partition_point(|span| span.start <= bits);
        let span = self.spans.get(after.checked_sub(1)?)?;
        let offset = u64::from(bits - span.start);
        (offset < span.len).then_some(span.place + offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{HardwareAddress, server::reservation::Reservation};

    fn subnet(ranges: &[([u8; 4], [u8; 4])]) -> Subnet {
        let mut subnet = Subnet::new(Ipv4Addr::new(10, 0, 0, 0), 8);
        subnet.pools = ranges.iter().map(|(start, end)| Ipv4Addr::from(*start)..=Ipv4Addr::from(*end)).collect();
        subnet
    }

    fn pool(ranges: &[([u8; 4], [u8; 4])]) -> Pool {
        Pool::new(&subnet(ranges), &[])
    }

    fn client(number: u32) -> ClientKey {
        let [a, b, c, d] = number.to_be_bytes();
        ClientKey::Hardware(HardwareAddress::ethernet([2, 0, a, b, c, d]))
    }

    fn last_bytes(pool: &Pool) -> Vec<u8> {
        (0..).map_while(|place| pool.at(place).filter(|_| place < pool.size)).map(|ip| ip.octets()[3]).collect()
    }

    #[test]
    fn places_and_addresses_agree_across_pools() {
        let pool = pool(&[([10, 0, 0, 20], [10, 0, 0, 21]), ([10, 0, 0, 5], [10, 0, 0, 7])]);
        assert_eq!(last_bytes(&pool), [5, 6, 7, 20, 21]);
        assert_eq!(pool.place(Ipv4Addr::new(10, 0, 0, 20)), Some(3));
        for outside in [4, 8, 19, 22] {
            assert_eq!(pool.place(Ipv4Addr::new(10, 0, 0, outside)), None);
        }
    }

    #[test]
    fn what_belongs_to_somebody_is_cut_out() {
        let host = |last| Ipv4Addr::new(10, 0, 0, last);
        let mut subnet = subnet(&[([10, 0, 0, 1], [10, 0, 0, 9]), ([10, 0, 0, 20], [10, 0, 0, 22])]);
        subnet.routers = vec![host(1), host(5)];
        subnet.exclusions = vec![host(4)..=host(6), host(6)..=host(7), host(22)..=host(90)];
        subnet.reservations = vec![Reservation::new(HardwareAddress::ethernet([2; 6]), host(9))];
        assert_eq!(last_bytes(&Pool::new(&subnet, &[host(20), host(2)])), [3, 8, 21]);
    }

    /// Every address is found once, with bits at a page's edge as with any other, and then none.
    #[test]
    fn a_pool_can_be_filled_to_the_last_address() {
        let mut pool = pool(&[([10, 0, 0, 1], [10, 0, 31, 255])]);
        let mut taken = BTreeSet::new();
        while let Some(address) = pool.next(&client(taken.len() as u32)) {
            assert_eq!(pool.next(&client(taken.len() as u32)), Some(address));
            pool.take(address, NEVER_USED);
            assert!(taken.insert(address) && pool.contains(address));
        }
        assert_eq!(taken.len(), 8191);
    }

    #[test]
    fn given_up_addresses_come_last_and_the_longest_unused_first() {
        let mut pool = pool(&[([10, 0, 0, 1], [10, 0, 0, 4])]);
        let [one, two, three, four] = [1, 2, 3, 4].map(|last| Ipv4Addr::new(10, 0, 0, last));
        pool.retire(one, Timestamp(30));
        pool.retire(two, Timestamp(20));
        pool.take(four, NEVER_USED);
        assert_eq!(pool.next(&client(0)), Some(three));
        pool.take(three, NEVER_USED);
        assert_eq!(pool.next(&client(0)), Some(two));
        pool.take(two, Timestamp(20));
        assert_eq!(pool.next(&client(0)), Some(one));
        // Never used is longer unused than anything.
        pool.give_back(three);
        assert_eq!(pool.next(&client(0)), Some(three));
    }

    /// A pool of 16 million addresses costs what is used of it.
    #[test]
    fn a_large_pool_is_sparse() {
        let mut pool = pool(&[([10, 0, 0, 1], [10, 255, 255, 254])]);
        let home = Ipv4Addr::new(10, 100, 92, 37);
        // The same in every run: a client keeps its place even if the server forgets it.
        assert_eq!(pool.next(&client(1)), Some(home));
        pool.take(home, NEVER_USED);
        assert_eq!(pool.seen.iter().flatten().count(), 1);
    }
}
