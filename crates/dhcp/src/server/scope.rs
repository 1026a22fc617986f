//! [`Scope`]: one subnet with its leases and offers, and the rules that keep them consistent.
//!
//! ```text
//!            offer              grant                 release, expire, move
//!   free ───────────▶ offered ─────────▶ bound ───────────────────────────▶ free, with a history
//!     ▲                │   │               │ decline
//!     └── lapse, other ┘   │ conflict      ▼          quarantine ends
//!         server chosen    └───────────▶ declined ─────────────────────────▶ free, with a history
//! ```
//!
//! An address with a history goes back to its last holder, and to others only when no unused address is left. When
//! nothing is free, the oldest offer that its client has not taken is used again, once it is [`OFFER_GUARD`] seconds
//! old, and then the quarantine that is next to end: neither a flood of DISCOVERs nor a liar with many names and DECLINEs
//! takes a subnet out of service. Every deadline is in an ordered set, and each is also checked where an address is
//! used, so that a late wake-up gives nobody more time and an early one is harmless.

use std::net::Ipv4Addr;

use super::{
    answer::Parameters,
    ask::Ask,
    book::Book,
    client::ClientKey,
    config::Subnet,
    hash::{Key, Table},
    lease::{ChangeCause, Lease, LeaseChange, LeaseState},
    offers::{Offer, Offers},
    pool::{NEVER_USED, Pool},
    reservation::{Reservation, Selector},
    time::Timestamp,
};
use crate::OptionCode;

/// Seconds for which an offer is safe, whatever else is wanted: clients answer within 10.
pub(super) const OFFER_GUARD: u32 = 10;

#[derive(Clone, Debug)]
pub(super) struct Scope {
    pub(super) subnet: Subnet,
    pub(super) parameters: Parameters,
    pub(super) book: Book,
    pub(super) offers: Offers,
    pool: Pool,
    /// Places in the subnet's list of reservations.
    reserved: Table<Ipv4Addr, usize>,
    selectors: Table<Selector, usize>,
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
    pub(super) fn new(subnet: Subnet, server_ids: &[Ipv4Addr], key: Key) -> Self {
        let (mut reserved, mut selectors) = (Table::with_hasher(key), Table::with_hasher(key));
        for (at, reservation) in subnet.reservations.iter().enumerate() {
            reserved.insert(reservation.address, at);
            selectors.insert(reservation.client.clone(), at);
        }
        Self {
            pool: Pool::new(&subnet, server_ids),
            parameters: Parameters::of(&subnet),
            subnet,
            book: Book::new(key),
            offers: Offers::new(key),
            reserved,
            selectors,
        }
    }

    pub(super) fn next_deadline(&self) -> Option<Timestamp> {
        self.book.next_timer().into_iter().chain(self.offers.next_timer()).min()
    }

    /// Whether the client has a lease of the address now.
    pub(super) fn is_bound_to(&self, key: &ClientKey, address: Ipv4Addr, now: Timestamp) -> bool {
        self.book
            .of(key)
            .is_some_and(|lease| lease.address == address && lease.state == LeaseState::Bound && lease.over() > now)
    }

    /// What the client has been offered and may still take.
    pub(super) fn offered_to(&self, key: &ClientKey, now: Timestamp) -> Option<Ipv4Addr> {
        let address = self.offers.address_of(key)?;
        self.offers.get(address).is_some_and(|offer| offer.expires > now).then_some(address)
    }

    /// What is reserved for a client, whether it is free or not.
    pub(super) fn reservation(&self, ask: &Ask<'_>) -> Option<&Reservation> {
        self.subnet.reservations.get(self.reservation_place(ask)?)
    }

    fn reservation_place(&self, ask: &Ask<'_>) -> Option<usize> {
        if self.selectors.is_empty() {
            return None;
        }
        if let Some(place) = ask.selectors().find_map(|selector| self.selectors.get(&selector)) {
            return Some(*place);
        }
        let own = self.book.of(&ask.key).map(|lease| lease.address).into_iter().chain(self.offers.address_of(&ask.key));
        let mut places = own.filter_map(|address| self.reserved.get(&address).copied());
        places.find(|place| self.subnet.reservations.get(*place).is_some_and(|there| ask.lacks(&there.client)))
    }

    /// The address that is reserved for a client, unless somebody else still has it.
    pub(super) fn reserved_address(&self, ask: &Ask<'_>) -> Option<Ipv4Addr> {
        let address = self.reservation(ask)?.address;
        (!self.is_in_use(address, ask.now, &ask.key)).then_some(address)
    }

    /// Whether the client has a reservation or a history here.
    pub(super) fn knows(&self, ask: &Ask<'_>) -> bool {
        self.book.of(&ask.key).is_some() || self.reservation_place(ask).is_some()
    }

    pub(super) fn availability(&self, ask: &Ask<'_>, address: Ipv4Addr) -> Availability {
        match self.reserved.get(&address).copied() {
            Some(place) if Some(place) == self.reservation_place(ask) => {}
            Some(_) => return Availability::Taken,
            None if !self.pool.contains(address) => return Availability::NotOurs,
            None => {}
        }
        if self.is_in_use(address, ask.now, &ask.key) { Availability::Taken } else { Availability::Free }
    }

    /// Whether anybody else has the address or an offer of it, or it is in quarantine.
    fn is_in_use(&self, address: Ipv4Addr, now: Timestamp, key: &ClientKey) -> bool {
        let leased = self.book.get_for(key, address).is_some_and(|lease| {
            lease.over() > now
                && match lease.state {
                    LeaseState::Bound => ClientKey::of_lease(lease).as_ref() != Some(key),
                    LeaseState::Declined => true,
                    LeaseState::Released | LeaseState::Expired => false,
                }
        });
        leased || self.offers.get(address).is_some_and(|offer| offer.expires > now && offer.key != *key)
    }

    /// Finds the address for a client that asks for any: reservation, current or last lease, standing offer, requested
    /// address, then what the pool has.
    pub(super) fn choose(&mut self, ask: &Ask<'_>, changes: &mut Vec<LeaseChange>) -> Option<Ipv4Addr> {
        if let Some(address) = self.reserved_address(ask) {
            return Some(address);
        }
        let held = self.book.of(&ask.key).map(|lease| lease.address);
        let wishes = [held, self.offered_to(&ask.key, ask.now), ask.requested()];
        let mut wishes = wishes.into_iter().flatten();
        wishes
            .find(|address| self.availability(ask, *address) == Availability::Free)
            .or_else(|| self.choose_from_pool(&ask.key, ask.now, changes))
    }

    /// An address that nobody has any right to. What has lapsed since the last wake-up is looked at when it is needed.
    pub(super) fn choose_from_pool(
        &mut self,
        key: &ClientKey,
        now: Timestamp,
        changes: &mut Vec<LeaseChange>,
    ) -> Option<Ipv4Addr> {
        loop {
            if let Some(address) = self.pool.next(key) {
                return Some(address);
            }
            if !self.expire_one(now, changes) && !self.drop_oldest_offer(now) && !self.end_quarantine(key, now, changes)
            {
                return None;
            }
        }
    }

    /// Keeps an address for a client until it takes it or the time is over.
    pub(super) fn offer(&mut self, address: Ipv4Addr, offer: Offer) {
        self.withdraw_offer(&offer.key);
        self.drop_offer(address);
        self.pool.take(address, self.idle_since(address));
        self.offers.insert(address, offer);
    }

    /// The client has gone elsewhere.
    pub(super) fn withdraw_offer(&mut self, key: &ClientKey) {
        if let Some(address) = self.offers.address_of(key) {
            self.drop_offer(address);
        }
    }

    /// Binds an address to a client. The caller has made sure that it is free for that client.
    pub(super) fn grant(&mut self, key: &ClientKey, lease: Lease, changes: &mut Vec<LeaseChange>) {
        let now = lease.since;
        let address = lease.address;
        self.drop_offer(address);
        self.withdraw_offer(key);
        let cause = if self.is_bound_to(key, address, now) { ChangeCause::Renewed } else { ChangeCause::Granted };
        if let Some(other) = self.book.of(key).map(|lease| lease.address).filter(|other| *other != address) {
            self.end(other, LeaseState::Released, ChangeCause::Moved, now, changes);
        }
        changes.push(LeaseChange { lease: lease.clone(), cause });
        self.store(lease);
    }

    /// The client gives its address back.
    pub(super) fn release(&mut self, address: Ipv4Addr, now: Timestamp, changes: &mut Vec<LeaseChange>) {
        self.end(address, LeaseState::Released, ChangeCause::Released, now, changes);
    }

    /// The address is in use by somebody unknown: nobody gets it before its quarantine is over.
    pub(super) fn quarantine(&mut self, lease: Lease, cause: ChangeCause, changes: &mut Vec<LeaseChange>) {
        self.drop_offer(lease.address);
        changes.push(LeaseChange { lease: lease.clone(), cause });
        self.store(lease);
    }

    /// Ends one thing that is over; `false` if there is none.
    pub(super) fn expire_one(&mut self, now: Timestamp, changes: &mut Vec<LeaseChange>) -> bool {
        if let Some(address) = self.offers.first_due(now) {
            self.drop_offer(address);
            return true;
        }
        let Some(lease) = self.book.pop_due(now) else { return false };
        self.end(lease.address, LeaseState::Expired, ChangeCause::Expired, lease.expires, changes);
        true
    }

    pub(super) fn drop_due_offers(&mut self, now: Timestamp) {
        while let Some(address) = self.offers.first_due(now) {
            self.drop_offer(address);
        }
    }

    /// Seconds of a lease: what the client asks for, as far as it may; what it was offered; what is usual.
    pub(super) fn lease_time(&self, ask: &Ask<'_>, offered: Option<u32>) -> u32 {
        let requested = ask.message.first(OptionCode::LEASE_TIME).and_then(|value| <[u8; 4]>::try_from(value).ok());
        let granted = self.subnet.lease_time_for(requested.map(u32::from_be_bytes));
        granted.or(offered).unwrap_or(self.subnet.lease_time)
    }

    /// Makes room for another stranger; `false` if no offer is old enough.
    pub(super) fn drop_oldest_offer(&mut self, now: Timestamp) -> bool {
        let oldest = self.offers.oldest_stranger().filter(|(since, _)| since.after(OFFER_GUARD) <= now);
        oldest.is_some_and(|(_, address)| {
            self.drop_offer(address);
            true
        })
    }

    /// Takes a lease into the books, whatever was there before.
    pub(super) fn store(&mut self, lease: Lease) {
        let (address, is_active) = (lease.address, is_active(lease.state));
        let before = self.book.store(lease);
        if before.is_none_or(|(state, _)| !self::is_active(state)) {
            self.pool.take(address, before.map_or(NEVER_USED, |(_, ended)| ended));
        }
        if !is_active {
            self.put_back(address);
        }
    }

    pub(super) fn drop_offer(&mut self, address: Ipv4Addr) {
        if self.offers.remove(address).is_some() {
            self.put_back(address);
        }
    }

    /// Gives up the quarantine that is next to end, unless the client itself has asked for it.
    fn end_quarantine(&mut self, key: &ClientKey, now: Timestamp, changes: &mut Vec<LeaseChange>) -> bool {
        let is_own = |address| self.book.get(address).and_then(ClientKey::of_lease).as_ref() == Some(key);
        let is_other = |address: &Ipv4Addr| self.pool.contains(*address) && !is_own(*address);
        let Some(address) = self.book.quarantined().find(is_other) else { return false };
        self.end(address, LeaseState::Expired, ChangeCause::Reclaimed, now, changes);
        true
    }

    fn end(
        &mut self,
        address: Ipv4Addr,
        state: LeaseState,
        cause: ChangeCause,
        at: Timestamp,
        changes: &mut Vec<LeaseChange>,
    ) {
        let Some(lease) = self.book.get(address) else { return };
        if !is_active(lease.state) {
            return;
        }
        let ended = Lease { state, since: at, expires: at, ..lease.clone() };
        changes.push(LeaseChange { lease: ended.clone(), cause });
        self.store(ended);
    }

    /// An address to which something has ended goes back to where it was, unless something else holds it.
    fn put_back(&mut self, address: Ipv4Addr) {
        if self.offers.get(address).is_some() {
            return;
        }
        match self.book.get(address).map(|lease| lease.state) {
            Some(LeaseState::Bound | LeaseState::Declined) => {}
            Some(LeaseState::Released | LeaseState::Expired) => self.pool.retire(address, self.idle_since(address)),
            None => self.pool.give_back(address),
        }
    }

    /// Where the address is in the order of the idle ones, if it is there.
    fn idle_since(&self, address: Ipv4Addr) -> Timestamp {
        self.book.get(address).map_or(NEVER_USED, |lease| lease.expires)
    }
}

const fn is_active(state: LeaseState) -> bool {
    matches!(state, LeaseState::Bound | LeaseState::Declined)
}
