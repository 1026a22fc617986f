//! [`Scope`]: one subnet with its leases and offers, and the rules that keep them consistent.
//!
//! ```text
//!            offer              grant                 release, expire, move
//!   free ───────────▶ offered ─────────▶ bound ───────────────────────────▶ free, with a history
//!     ▲                  │                 │ decline
//!     └── lapse, other ──┘                 ▼          quarantine ends
//!         server chosen                 declined ─────────────────────────▶ free, with a history
//! ```
//!
//! An address with a history goes back to its last holder, and to others only when no unused address is left. Offers
//! are memory only. Every deadline (offer, lease, quarantine) is in one ordered set, and each is also checked where an
//! address is used, so that a late wake-up gives nobody more time and an early one is harmless.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::Ipv4Addr,
};

use super::{
    client::ClientKey,
    config::Subnet,
    lease::{ChangeCause, Lease, LeaseChange, LeaseState},
    pool::Pool,
    time::Timestamp,
};
use crate::HardwareAddress;

#[derive(Clone, Debug)]
pub(super) struct Scope {
    pub(super) subnet: Subnet,
    pool: Pool,
    reserved: BTreeMap<Ipv4Addr, HardwareAddress>,
    /// The server's address and the routers'.
    excluded: BTreeSet<Ipv4Addr>,
    leases: BTreeMap<Ipv4Addr, Lease>,
    /// The current or last lease of a client.
    held: BTreeMap<ClientKey, Ipv4Addr>,
    offers: BTreeMap<Ipv4Addr, Offer>,
    offered: BTreeMap<ClientKey, Ipv4Addr>,
    deadlines: BTreeSet<(Timestamp, Ipv4Addr, Due)>,
}

#[derive(Clone, Debug)]
struct Offer {
    key: ClientKey,
    expires: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Offer,
    Lease,
}

/// What an address is to one client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Availability {
    /// It can be granted to the client.
    Free,
    /// Somebody else has it, or it is in quarantine, or reserved for somebody else.
    Taken,
    /// The server does not hand it out.
    NotOurs,
}

impl Scope {
    pub(super) fn new(subnet: Subnet, server_id: Ipv4Addr) -> Self {
        Self {
            pool: Pool::new(&subnet),
            reserved: subnet.reservations.iter().map(|(hardware, address)| (*address, *hardware)).collect(),
            excluded: subnet.routers.iter().copied().chain([server_id]).collect(),
            subnet,
            leases: BTreeMap::new(),
            held: BTreeMap::new(),
            offers: BTreeMap::new(),
            offered: BTreeMap::new(),
            deadlines: BTreeSet::new(),
        }
    }

    pub(super) fn leases(&self) -> impl Iterator<Item = &Lease> {
        self.leases.values()
    }

    pub(super) fn offer_count(&self) -> usize {
        self.offers.len()
    }

    pub(super) fn next_deadline(&self) -> Option<Timestamp> {
        self.deadlines.first().map(|(at, _, _)| *at)
    }

    /// The current or last lease of a client.
    pub(super) fn lease_of(&self, key: &ClientKey) -> Option<&Lease> {
        self.leases.get(self.held.get(key)?)
    }

    /// Whether the client has a lease of the address now.
    pub(super) fn is_bound_to(&self, key: &ClientKey, address: Ipv4Addr, now: Timestamp) -> bool {
        self.lease_of(key)
            .is_some_and(|lease| lease.address == address && lease.state == LeaseState::Bound && lease.expires > now)
    }

    /// The address reserved for a client, unless somebody else still has it.
    pub(super) fn reservation(&self, key: &ClientKey, now: Timestamp) -> Option<Ipv4Addr> {
        let address = *self.subnet.reservations.get(key.hardware()?)?;
        (self.availability(key, address, now) == Availability::Free).then_some(address)
    }

    pub(super) fn offered_to(&self, key: &ClientKey) -> Option<Ipv4Addr> {
        self.offered.get(key).copied()
    }

    pub(super) fn availability(&self, key: &ClientKey, address: Ipv4Addr, now: Timestamp) -> Availability {
        match self.reserved.get(&address) {
            Some(hardware) if Some(hardware) == key.hardware() => {}
            Some(_) => return Availability::Taken,
            None if !self.pool.contains(address) || self.excluded.contains(&address) => return Availability::NotOurs,
            None => {}
        }
        if self.is_in_use(address, now, Some(key)) { Availability::Taken } else { Availability::Free }
    }

    /// Whether anybody but `except` has the address or an offer of it, or it is in quarantine.
    fn is_in_use(&self, address: Ipv4Addr, now: Timestamp, except: Option<&ClientKey>) -> bool {
        let leased = self.leases.get(&address).is_some_and(|lease| {
            lease.expires > now
                && match lease.state {
                    LeaseState::Bound => except.is_none() || ClientKey::of_lease(lease).as_ref() != except,
                    LeaseState::Declined => true,
                    LeaseState::Released | LeaseState::Expired => false,
                }
        });
        leased || self.offers.get(&address).is_some_and(|offer| offer.expires > now && Some(&offer.key) != except)
    }

    /// Finds the address for a client that asks for any: reservation, current lease, standing offer, requested address,
    /// then what the pool has.
    pub(super) fn choose(
        &mut self,
        key: &ClientKey,
        requested: Option<Ipv4Addr>,
        now: Timestamp,
        changes: &mut Vec<LeaseChange>,
    ) -> Option<Ipv4Addr> {
        if let Some(address) = self.reservation(key, now) {
            return Some(address);
        }
        let wishes = [self.held.get(key).copied(), self.offered_to(key), requested];
        for address in wishes.into_iter().flatten() {
            if self.availability(key, address, now) == Availability::Free {
                return Some(address);
            }
        }
        if let Some(address) = self.next_from_pool(key, now) {
            return Some(address);
        }
        // Only now is it worth while to look whether something has lapsed since the last wake-up.
        self.expire(now, usize::MAX, changes);
        self.next_from_pool(key, now)
    }

    fn next_from_pool(&mut self, key: &ClientKey, now: Timestamp) -> Option<Ipv4Addr> {
        // The pool's cursor moves while the rest of the scope is being read.
        let mut pool = std::mem::take(&mut self.pool);
        let found = pool.next(
            key,
            |address| {
                !self.reserved.contains_key(&address)
                    && !self.excluded.contains(&address)
                    && !self.is_in_use(address, now, None)
            },
            |address| self.leases.contains_key(&address),
        );
        self.pool = pool;
        found
    }

    /// Keeps an address for a client until it takes it or the time is over.
    pub(super) fn offer(&mut self, key: &ClientKey, address: Ipv4Addr, expires: Timestamp, now: Timestamp) {
        self.withdraw_offer(key, now);
        self.drop_offer(address);
        self.pool.take(address);
        self.offers.insert(address, Offer { key: key.clone(), expires });
        self.offered.insert(key.clone(), address);
        self.deadlines.insert((expires, address, Due::Offer));
    }

    /// The client has gone elsewhere.
    pub(super) fn withdraw_offer(&mut self, key: &ClientKey, now: Timestamp) {
        if let Some(address) = self.offered_to(key) {
            self.drop_offer(address);
            self.free(address, now);
        }
    }

    /// Binds an address to a client. The caller has made sure that it is free for that client.
    pub(super) fn grant(&mut self, key: &ClientKey, lease: Lease, changes: &mut Vec<LeaseChange>) {
        let now = lease.since;
        let address = lease.address;
        self.drop_offer(address);
        self.withdraw_offer(key, now);
        let cause = if self.is_bound_to(key, address, now) { ChangeCause::Renewed } else { ChangeCause::Granted };
        if let Some(other) = self.held.get(key).copied().filter(|other| *other != address) {
            self.end(other, LeaseState::Released, ChangeCause::Moved, now, changes);
        }
        changes.push(LeaseChange { lease: lease.clone(), cause });
        self.store(lease);
    }

    /// The client gives its address back.
    pub(super) fn release(&mut self, address: Ipv4Addr, now: Timestamp, changes: &mut Vec<LeaseChange>) {
        self.end(address, LeaseState::Released, ChangeCause::Released, now, changes);
    }

    /// The client found the address in use: nobody gets it before `until`.
    pub(super) fn decline(&mut self, lease: Lease, changes: &mut Vec<LeaseChange>) {
        self.drop_offer(lease.address);
        changes.push(LeaseChange { lease: lease.clone(), cause: ChangeCause::Declined });
        self.store(lease);
    }

    /// Ends what is over, the oldest first, at most `limit` of it.
    pub(super) fn expire(&mut self, now: Timestamp, limit: usize, changes: &mut Vec<LeaseChange>) {
        for _ in 0..limit {
            let Some(&(at, address, due)) = self.deadlines.first() else { return };
            if at > now {
                return;
            }
            self.deadlines.pop_first();
            match due {
                Due::Offer => {
                    self.drop_offer(address);
                    self.free(address, now);
                }
                Due::Lease => self.end(address, LeaseState::Expired, ChangeCause::Expired, at, changes),
            }
        }
    }

    /// Takes a lease into the books, whatever was there before.
    pub(super) fn store(&mut self, lease: Lease) {
        let address = lease.address;
        if let Some(old) = self.leases.remove(&address) {
            self.deadlines.remove(&(old.expires, address, Due::Lease));
            if let Some(key) = ClientKey::of_lease(&old)
                && self.held.get(&key) == Some(&address)
            {
                self.held.remove(&key);
            }
        }
        match lease.state {
            LeaseState::Bound | LeaseState::Declined => {
                self.pool.take(address);
                self.deadlines.insert((lease.expires, address, Due::Lease));
            }
            LeaseState::Released | LeaseState::Expired => self.retire(address, lease.expires),
        }
        // Who declined an address does not want it again.
        if lease.state != LeaseState::Declined
            && let Some(key) = ClientKey::of_lease(&lease)
        {
            self.remember(key, &lease);
        }
        self.leases.insert(address, lease);
    }

    /// Notes a lease as its client's current or last one, unless a better one is known. (Leases may be restored in
    /// any order.)
    fn remember(&mut self, key: ClientKey, lease: &Lease) {
        let rank = |lease: &Lease| (lease.state == LeaseState::Bound, lease.since);
        if self.lease_of(&key).is_none_or(|known| rank(known) <= rank(lease)) {
            self.held.insert(key, lease.address);
        }
    }

    fn end(
        &mut self,
        address: Ipv4Addr,
        state: LeaseState,
        cause: ChangeCause,
        at: Timestamp,
        changes: &mut Vec<LeaseChange>,
    ) {
        let Some(lease) = self.leases.get(&address) else { return };
        if !matches!(lease.state, LeaseState::Bound | LeaseState::Declined) {
            return;
        }
        let ended = Lease { state, since: at, expires: at, ..lease.clone() };
        changes.push(LeaseChange { lease: ended.clone(), cause });
        self.store(ended);
    }

    fn drop_offer(&mut self, address: Ipv4Addr) {
        if let Some(offer) = self.offers.remove(&address) {
            self.deadlines.remove(&(offer.expires, address, Due::Offer));
            self.offered.remove(&offer.key);
        }
    }

    /// An offer of the address is gone; puts the address back to where it was.
    fn free(&mut self, address: Ipv4Addr, now: Timestamp) {
        match self.leases.get(&address).map(|lease| lease.state) {
            Some(LeaseState::Bound | LeaseState::Declined) => {}
            Some(LeaseState::Released | LeaseState::Expired) => self.retire(address, now),
            None => self.pool.give_back(address, now),
        }
    }

    /// Puts an address last among those that others may get, unless it is reserved.
    fn retire(&mut self, address: Ipv4Addr, at: Timestamp) {
        if !self.reserved.contains_key(&address) {
            self.pool.retire(address, at);
        }
    }
}
