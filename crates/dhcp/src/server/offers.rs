//! [`Offers`]: addresses that are kept for a client until it answers. They are memory only.

use std::{collections::BTreeSet, net::Ipv4Addr};

use super::{
    client::ClientKey,
    decision::Reply,
    hash::{Key, Table},
    lease::Lease,
    time::Timestamp,
};

#[derive(Clone, Debug)]
pub(super) struct Offer {
    pub(super) key: ClientKey,
    pub(super) since: Timestamp,
    pub(super) expires: Timestamp,
    /// Seconds of the lease that is offered.
    pub(super) lease_time: u32,
    /// Whether the client has a reservation or a history here: such offers are not limited, and nobody else gets them.
    pub(super) is_known: bool,
    /// The relay that brought the client; unspecified without one.
    pub(super) relay: Ipv4Addr,
    /// The offer has not left yet: the address is being looked for on the link.
    pub(super) pending: Option<Box<Pending>>,
}

/// What a DISCOVER leads to once its address has been found to be free.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    pub(super) reply: Reply,
    /// To be granted with the reply (rapid commit).
    pub(super) grant: Option<Lease>,
    pub(super) deadline: Timestamp,
    /// Addresses that have been tried, this one included.
    pub(super) attempt: u8,
}

#[derive(Clone, Debug)]
pub(super) struct Offers {
    by_address: Table<Ipv4Addr, Offer>,
    by_client: Table<ClientKey, Ipv4Addr>,
    timers: BTreeSet<(Timestamp, Ipv4Addr)>,
    /// Those to clients without reservation or history, the oldest first.
    strangers: BTreeSet<(Timestamp, Ipv4Addr)>,
    per_relay: Table<Ipv4Addr, usize>,
    pending: usize,
}

impl Offers {
    pub(super) fn new(key: Key) -> Self {
        Self {
            by_address: Table::with_hasher(key),
            by_client: Table::with_hasher(key),
            timers: BTreeSet::new(),
            strangers: BTreeSet::new(),
            per_relay: Table::with_hasher(key),
            pending: 0,
        }
    }

    /// How many wait for clients without reservation or history.
    pub(super) fn strangers(&self) -> usize {
        self.strangers.len()
    }

    /// The same for those behind one relay.
    pub(super) fn strangers_behind(&self, relay: Ipv4Addr) -> usize {
        self.per_relay.get(&relay).copied().unwrap_or(0)
    }

    /// How many wait for a probe.
    pub(super) const fn pending(&self) -> usize {
        self.pending
    }

    pub(super) fn get(&self, address: Ipv4Addr) -> Option<&Offer> {
        self.by_address.get(&address)
    }

    pub(super) fn address_of(&self, key: &ClientKey) -> Option<Ipv4Addr> {
        self.by_client.get(key).copied()
    }

    pub(super) fn next_timer(&self) -> Option<Timestamp> {
        self.timers.first().map(|(at, _)| *at)
    }

    /// The address of an offer whose time is over.
    pub(super) fn first_due(&self, now: Timestamp) -> Option<Ipv4Addr> {
        self.timers.first().filter(|(at, _)| *at <= now).map(|(_, address)| *address)
    }

    /// The offer to a stranger that has waited for longest, and since when.
    pub(super) fn oldest_stranger(&self) -> Option<(Timestamp, Ipv4Addr)> {
        self.strangers.first().copied()
    }

    /// The client and the address have no other offer.
    pub(super) fn insert(&mut self, address: Ipv4Addr, offer: Offer) {
        self.by_client.insert(offer.key.clone(), address);
        self.timers.insert((offer.expires, address));
        if !offer.is_known {
            self.strangers.insert((offer.since, address));
            *self.per_relay.entry(offer.relay).or_default() += 1;
        }
        self.pending += usize::from(offer.pending.is_some());
        self.by_address.insert(address, offer);
    }

    pub(super) fn remove(&mut self, address: Ipv4Addr) -> Option<Offer> {
        let offer = self.by_address.remove(&address)?;
        self.by_client.remove(&offer.key);
        self.timers.remove(&(offer.expires, address));
        if !offer.is_known {
            self.strangers.remove(&(offer.since, address));
            if let Some(count) = self.per_relay.get_mut(&offer.relay) {
                *count -= 1;
                if *count == 0 {
                    self.per_relay.remove(&offer.relay);
                }
            }
        }
        self.pending -= usize::from(offer.pending.is_some());
        Some(offer)
    }
}
