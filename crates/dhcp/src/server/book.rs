//! [`Book`]: every lease of a subnet, found by its address and by its client, and when the next one ends.
//!
//! A lookup takes the same time with a thousand leases and with a million. A renewal leaves the timer of its lease where
//! it is: when it comes, too early, it is moved on.

use std::{collections::BTreeSet, net::Ipv4Addr};

use super::{
    client::ClientKey,
    hash::{Key, Table},
    lease::{Lease, LeaseState},
    time::Timestamp,
};

#[derive(Clone, Debug)]
pub(super) struct Book {
    /// An address that was leased once stays, as the history of its last holder: there is at most one entry for each
    /// address of the subnet.
    entries: Vec<Entry>,
    by_address: Table<Ipv4Addr, usize>,
    /// The current or last lease of a client.
    by_client: Table<ClientKey, usize>,
    timers: BTreeSet<(Timestamp, Ipv4Addr)>,
    quarantined: BTreeSet<(Timestamp, Ipv4Addr)>,
    /// How many addresses a client has put into quarantine.
    declined: Table<ClientKey, u32>,
}

/// Aligned, so that it touches as few cache lines as it can.
#[derive(Clone, Debug)]
#[repr(align(64))]
struct Entry {
    lease: Lease,
    /// The entry's key in `timers`: never later than the lease is over, if it is still to end.
    timer: Option<Timestamp>,
}

impl Book {
    pub(super) fn new(key: Key) -> Self {
        Self {
            entries: Vec::new(),
            by_address: Table::with_hasher(key),
            by_client: Table::with_hasher(key),
            timers: BTreeSet::new(),
            quarantined: BTreeSet::new(),
            declined: Table::with_hasher(key),
        }
    }

    pub(super) fn leases(&self) -> impl Iterator<Item = &Lease> {
        self.entries.iter().map(|entry| &entry.lease)
    }

    pub(super) fn get(&self, address: Ipv4Addr) -> Option<&Lease> {
        Some(&self.entries.get(*self.by_address.get(&address)?)?.lease)
    }

    /// The current or last lease of a client.
    pub(super) fn of(&self, key: &ClientKey) -> Option<&Lease> {
        Some(&self.entries.get(*self.by_client.get(key)?)?.lease)
    }

    /// The lease of an address, which is most likely the client's own: that one is found without another look-up.
    pub(super) fn get_for(&self, key: &ClientKey, address: Ipv4Addr) -> Option<&Lease> {
        self.of(key).filter(|own| own.address == address).or_else(|| self.get(address))
    }

    /// How many addresses the client has in quarantine.
    pub(super) fn declined_by(&self, key: &ClientKey) -> u32 {
        self.declined.get(key).copied().unwrap_or(0)
    }

    /// Addresses in quarantine, the one that is next to be free first.
    pub(super) fn quarantined(&self) -> impl Iterator<Item = Ipv4Addr> {
        self.quarantined.iter().map(|(_, address)| *address)
    }

    /// Takes a lease in, whatever was there before: its state, and when it ended or was to end.
    pub(super) fn store(&mut self, lease: Lease) -> Option<(LeaseState, Timestamp)> {
        let (address, expires, over) = (lease.address, lease.expires, lease.over());
        let is_active = matches!(lease.state, LeaseState::Bound | LeaseState::Declined);
        let key = ClientKey::of_lease(&lease);
        let own = key.as_ref().and_then(|key| self.by_client.get(key).copied());
        let own = own.filter(|at| self.entries.get(*at).is_some_and(|entry| entry.lease.address == address));
        let found = own.or_else(|| self.by_address.get(&address).copied());
        let before = found.and_then(|at| self.entries.get(at)).map(|entry| (entry.lease.state, entry.lease.expires));
        let at = found.unwrap_or(self.entries.len());
        match found {
            Some(at) => self.forget(at, key.as_ref().filter(|_| lease.state != LeaseState::Declined)),
            None => _ = self.by_address.insert(address, at),
        }
        // Who declined an address does not want it again.
        match key {
            Some(key) if lease.state == LeaseState::Declined => *self.declined.entry(key).or_default() += 1,
            Some(key) if own.is_none() => self.remember(key, at, &lease),
            Some(_) | None => {}
        }
        if lease.state == LeaseState::Declined {
            self.quarantined.insert((expires, address));
        }
        match self.entries.get_mut(at) {
            Some(entry) => entry.lease = lease,
            None => self.entries.push(Entry { lease, timer: None }),
        }
        if is_active {
            self.schedule(at, address, over);
        }
        before
    }

    /// The client shall not get its last address again.
    pub(super) fn disown(&mut self, key: &ClientKey) {
        self.by_client.remove(key);
    }

    /// When [`pop_due`](Self::pop_due) has something to do.
    pub(super) fn next_timer(&self) -> Option<Timestamp> {
        self.timers.first().map(|(at, _)| *at)
    }

    /// A lease or quarantine whose time is over; it is the caller's to end it.
    pub(super) fn pop_due(&mut self, now: Timestamp) -> Option<Lease> {
        while let Some(&(timer, address)) = self.timers.first()
            && timer <= now
        {
            self.timers.pop_first();
            let Some(&at) = self.by_address.get(&address) else { continue };
            let Some(entry) = self.entries.get_mut(at) else { continue };
            entry.timer = None;
            if matches!(entry.lease.state, LeaseState::Bound | LeaseState::Declined) {
                let over = entry.lease.over();
                if over <= now {
                    return Some(entry.lease.clone());
                }
                self.schedule(at, address, over);
            }
        }
        None
    }

    fn schedule(&mut self, at: usize, address: Ipv4Addr, over: Timestamp) {
        let Some(entry) = self.entries.get_mut(at) else { return };
        match entry.timer {
            Some(timer) if timer <= over => return,
            Some(timer) => _ = self.timers.remove(&(timer, address)),
            None => {}
        }
        entry.timer = Some(over);
        self.timers.insert((over, address));
    }

    /// An entry is about to be replaced; it stays the one of `keeper`, if it is.
    fn forget(&mut self, at: usize, keeper: Option<&ClientKey>) {
        let Some(Entry { lease, .. }) = self.entries.get(at) else { return };
        if lease.state == LeaseState::Declined {
            self.quarantined.remove(&(lease.expires, lease.address));
        }
        let Some(key) = ClientKey::of_lease(lease) else { return };
        if lease.state == LeaseState::Declined
            && let Some(count) = self.declined.get_mut(&key)
        {
            *count -= 1;
            if *count == 0 {
                self.declined.remove(&key);
            }
        }
        if Some(&key) != keeper && self.by_client.get(&key) == Some(&at) {
            self.by_client.remove(&key);
        }
    }

    /// Notes a lease as its client's current or last one, unless a better one is known. (Leases may be restored in any
    /// order.)
    fn remember(&mut self, key: ClientKey, at: usize, lease: &Lease) {
        let rank = |lease: &Lease| (lease.state == LeaseState::Bound, lease.since);
        if self.of(&key).is_none_or(|known| rank(known) <= rank(lease)) {
            self.by_client.insert(key, at);
        }
    }
}
