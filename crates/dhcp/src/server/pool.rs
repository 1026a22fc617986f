//! [`Pool`]: the addresses of a subnet that anybody may get, and which of them to take next.
//!
//! Nothing is allocated per address: a pool of 16 million costs as much as one of ten. An address is reached by
//! three ways, tried in this order: the place that the client hashes to, so that a client keeps its address even if
//! the server forgot it; a cursor that only moves forward, so that the search for an unused address is paid once per
//! address and not once per packet; and the addresses that were given up, the longest unused first.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::Ipv4Addr,
};

use super::{client::ClientKey, config::Subnet, time::Timestamp};

/// How many neighbours of the hashed place are tried.
const PROBES: u64 = 8;

#[derive(Clone, Debug, Default)]
pub(super) struct Pool {
    /// First address and number of addresses, in ascending order.
    spans: Vec<(u32, u64)>,
    size: u64,
    cursor: u64,
    idle_order: BTreeSet<(Timestamp, Ipv4Addr)>,
    idle_since: BTreeMap<Ipv4Addr, Timestamp>,
}

impl Pool {
    pub(super) fn new(subnet: &Subnet) -> Self {
        let mut spans: Vec<(u32, u64)> = subnet
            .pools
            .iter()
            .map(|pool| {
                let (start, end) = (pool.start().to_bits(), pool.end().to_bits());
                (start, u64::from(end.saturating_sub(start)) + 1)
            })
            .collect();
        spans.sort_unstable();
        let size = spans.iter().map(|(_, len)| len).sum();
        Self { spans, size, cursor: 0, idle_order: BTreeSet::new(), idle_since: BTreeMap::new() }
    }

    pub(super) fn contains(&self, address: Ipv4Addr) -> bool {
        self.position(address).is_some()
    }

    /// The address has become free and somebody had it until now.
    pub(super) fn retire(&mut self, address: Ipv4Addr, now: Timestamp) {
        self.take(address);
        if self.contains(address) {
            self.idle_order.insert((now, address));
            self.idle_since.insert(address, now);
        }
    }

    /// The address has become free without ever having been used. The cursor finds it, if it is still to come there.
    pub(super) fn give_back(&mut self, address: Ipv4Addr, now: Timestamp) {
        if self.position(address).is_some_and(|position| position < self.cursor) {
            self.retire(address, now);
        }
    }

    /// The address is no longer free.
    pub(super) fn take(&mut self, address: Ipv4Addr) {
        if let Some(since) = self.idle_since.remove(&address) {
            self.idle_order.remove(&(since, address));
        }
    }

    /// The next address to be given to a client that has none. `free` says whether nobody uses an address, `used`
    /// whether it has a history.
    pub(super) fn next(
        &mut self,
        key: &ClientKey,
        free: impl Fn(Ipv4Addr) -> bool,
        used: impl Fn(Ipv4Addr) -> bool,
    ) -> Option<Ipv4Addr> {
        if self.size == 0 {
            return None;
        }
        let home = key.stable_hash() % self.size;
        for step in 0..PROBES.min(self.size) {
            // An address with a history stays with its last holder for as long as there are others.
            let address = self.at((home + step) % self.size)?;
            if free(address) && !used(address) {
                return Some(address);
            }
        }
        while self.cursor < self.size {
            let address = self.at(self.cursor)?;
            self.cursor += 1;
            if free(address) && !used(address) {
                return Some(address);
            }
        }
        self.idle_order.iter().map(|(_, address)| *address).find(|address| free(*address))
    }

    fn at(&self, mut position: u64) -> Option<Ipv4Addr> {
        for &(start, len) in &self.spans {
            if position < len {
                return start.checked_add(u32::try_from(position).ok()?).map(Ipv4Addr::from_bits);
            }
            position -= len;
        }
        None
    }

    fn position(&self, address: Ipv4Addr) -> Option<u64> {
        let bits = address.to_bits();
        let mut before = 0;
        for &(start, len) in &self.spans {
            if let Some(offset) = bits.checked_sub(start).map(u64::from).filter(|offset| *offset < len) {
                return Some(before + offset);
            }
            before += len;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, collections::BTreeSet};

    use super::*;
    use crate::HardwareAddress;

    fn pool(ranges: &[([u8; 4], [u8; 4])]) -> Pool {
        let mut subnet = Subnet::new(Ipv4Addr::new(10, 0, 0, 0), 8);
        subnet.pools = ranges.iter().map(|(start, end)| Ipv4Addr::from(*start)..=Ipv4Addr::from(*end)).collect();
        Pool::new(&subnet)
    }

    fn client(number: u32) -> ClientKey {
        let [a, b, c, d] = number.to_be_bytes();
        ClientKey::Hardware(HardwareAddress::ethernet([2, 0, a, b, c, d]))
    }

    #[test]
    fn places_and_addresses_agree_across_pools() {
        let pool = pool(&[([10, 0, 0, 20], [10, 0, 0, 21]), ([10, 0, 0, 5], [10, 0, 0, 7])]);
        let addresses: Vec<u8> = (0..).map_while(|at| pool.at(at)).map(|address| address.octets()[3]).collect();
        assert_eq!(addresses, [5, 6, 7, 20, 21]);
        assert_eq!(pool.position(Ipv4Addr::new(10, 0, 0, 20)), Some(3));
        assert_eq!(pool.position(Ipv4Addr::new(10, 0, 0, 8)), None);
        assert_eq!(pool.position(Ipv4Addr::new(10, 0, 0, 4)), None);
    }

    /// Every address is found, and the work for all of them is linear in their number.
    #[test]
    fn a_pool_can_be_filled_to_the_last_address() {
        let mut pool = pool(&[([10, 0, 0, 1], [10, 0, 15, 255])]);
        let size = 4095;
        let mut taken = BTreeSet::new();
        let looks = Cell::new(0);
        for number in 0..size {
            let free = |address: Ipv4Addr| {
                looks.set(looks.get() + 1);
                !taken.contains(&address)
            };
            let address = pool.next(&client(number), free, |_| false).unwrap();
            taken.insert(address);
        }
        assert_eq!(taken.len(), size as usize);
        assert!(looks.get() <= size * 9 + size, "{}", looks.get());
        assert_eq!(pool.next(&client(size), |address| !taken.contains(&address), |_| false), None);
    }

    #[test]
    fn given_up_addresses_come_last_and_the_longest_unused_first() {
        let mut pool = pool(&[([10, 0, 0, 1], [10, 0, 0, 3])]);
        let [one, two, three] = [1, 2, 3].map(|last| Ipv4Addr::new(10, 0, 0, last));
        pool.retire(one, Timestamp(30));
        pool.retire(two, Timestamp(20));
        pool.retire(one, Timestamp(10));
        let used = |address: Ipv4Addr| address != three;
        assert_eq!(pool.next(&client(0), |_| true, used), Some(three));
        assert_eq!(pool.next(&client(0), |address| address != three, used), Some(one));
        pool.take(one);
        assert_eq!(pool.next(&client(0), |address| address != three, used), Some(two));
    }

    #[test]
    fn a_client_has_the_same_place_in_every_run() {
        let mut pool = pool(&[([10, 0, 0, 1], [10, 255, 255, 254])]);
        assert_eq!(pool.next(&client(1), |_| true, |_| false), Some(Ipv4Addr::new(10, 100, 92, 37)));
    }
}
