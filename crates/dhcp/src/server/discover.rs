//! DISCOVER (RFC 2131 §4.3.1), rapid commit (RFC 4039) and the probe before an offer (RFC 2131 §2.2).
//!
//! ```text
//!             probe needed               silent, or the deadline has passed
//!   DISCOVER ─────────────▶ probing ─────────────────────────────────────────▶ OFFER, or ACK with rapid commit
//!      │                    ▲     │ in use: quarantine                            ▲
//!      │                    └─────┴─ next address, up to so many; then silence    │
//!      └─ the client's own, probed lately, or too many probes waiting ────────────┘
//! ```
//!
//! An address that is being probed is held by an offer that has not left yet: it ends with the offer's time, so that a
//! probe that is never answered leaves nothing behind.

use std::net::Ipv4Addr;

use super::{
    Draft, Server,
    answer::lease_reply,
    ask::Ask,
    client::ClientKey,
    config::{Limits, Probing},
    decision::{Probe, ProbeAnswer, Reply, Silence},
    lease::{ChangeCause, Lease, LeaseState},
    offers::{Offer, Pending},
    scope::Scope,
    time::Timestamp,
};
use crate::{HardwareAddress, MessageType, OptionCode};

/// Addresses that are remembered as free; more are forgotten, and probed again.
const REMEMBERED: usize = 16_384;

impl Server {
    pub(super) fn discover(&mut self, ask: &Ask<'_>, draft: &mut Draft) -> Result<Reply, Silence> {
        let (limits, now) = (self.limits, ask.now);
        let index = self.link(ask).ok_or(Silence::NoSubnet)?;
        self.admit(index, ask)?;
        let scope = self.scopes.get_mut(index).ok_or(Silence::NoSubnet)?;
        let address = scope.choose(ask, &mut draft.changes).ok_or(Silence::NoFreeAddress)?;
        let lease_time = scope.lease_time(ask, None);
        let rapid = scope.subnet.rapid_commit && ask.message.first(OptionCode::RAPID_COMMIT).is_some();
        let kind = if rapid { MessageType::ACK } else { MessageType::OFFER };
        let mut reply = lease_reply(kind, ask, scope, address, lease_time);
        if rapid {
            reply.message.push(OptionCode::RAPID_COMMIT, &[]);
        }
        let mut offer = Offer {
            key: ask.key.clone(),
            since: now,
            expires: now.after(limits.offer_hold),
            lease_time,
            is_known: scope.knows(ask),
            relay: ask.message.giaddr(),
            pending: None,
        };
        let grant = rapid.then(|| ask.lease(address, LeaseState::Bound, lease_time));
        match self.probe_needed(index, ask, address) {
            Need::No => self.settle(index, address, offer, reply, grant, draft),
            Need::Waiting(deadline) => {
                let attempt = self.attempt(index, address);
                offer.pending = Some(Box::new(Pending { reply, grant, deadline, attempt }));
                self.hold(index, address, offer)
            }
            Need::Yes(deadline) => {
                draft.probe = Some(Probe { address, deadline });
                self.counters.probes += 1;
                offer.pending = Some(Box::new(Pending { reply, grant, deadline, attempt: 1 }));
                self.hold(index, address, offer)
            }
        }
    }

    /// Whether another offer may wait. Clients with a reservation or a history are always served.
    fn admit(&mut self, index: usize, ask: &Ask<'_>) -> Result<(), Silence> {
        let (Limits { max_offers, max_offers_per_relay, .. }, now) = (self.limits, ask.now);
        let scope = self.scopes.get_mut(index).ok_or(Silence::NoSubnet)?;
        if scope.offered_to(&ask.key, now).is_some() || scope.knows(ask) {
            return Ok(());
        }
        scope.drop_due_offers(now);
        let relay = ask.message.giaddr();
        if max_offers_per_relay.is_some_and(|max| ask.is_relayed() && scope.offers.strangers_behind(relay) >= max) {
            return Err(Silence::TooManyOffers);
        }
        let Some(max) = max_offers else { return Ok(()) };
        let is_full = |scopes: &[Scope]| scopes.iter().map(|scope| scope.offers.strangers()).sum::<usize>() >= max;
        if !is_full(&self.scopes) {
            return Ok(());
        }
        self.scopes.iter_mut().for_each(|scope| scope.drop_due_offers(now));
        if is_full(&self.scopes) {
            let oldest = |scope: &&mut Scope| scope.offers.oldest_stranger().map_or(Timestamp(u64::MAX), |(at, _)| at);
            let dropped = self.scopes.iter_mut().min_by_key(oldest).is_some_and(|scope| scope.drop_oldest_offer(now));
            if !dropped {
                return Err(Silence::TooManyOffers);
            }
        }
        Ok(())
    }

    fn probe_needed(&mut self, index: usize, ask: &Ask<'_>, address: Ipv4Addr) -> Need {
        let (Some(policy), Some(scope)) = (self.probing, self.scopes.get(index)) else { return Need::No };
        let now = ask.now;
        if let Some(offer) = scope.offers.get(address).filter(|offer| offer.key == ask.key && offer.expires > now) {
            return match &offer.pending {
                Some(pending) if pending.deadline > now => Need::Waiting(pending.deadline),
                // Nobody has said anything in time; or it has been looked for before it was offered.
                Some(_) | None => Need::No,
            };
        }
        let own = scope.book.get(address).filter(|lease| ClientKey::of_lease(lease).as_ref() == Some(&ask.key));
        if own.is_some_and(|lease| lease.expires.after(policy.fresh) > now) {
            return Need::No;
        }
        self.probe_unless_known_free(address, policy, now)
    }

    fn probe_unless_known_free(&mut self, address: Ipv4Addr, policy: Probing, now: Timestamp) -> Need {
        if self.found_free.get(&address).is_some_and(|at| at.after(policy.fresh) > now) {
            return Need::No;
        }
        if self.scopes.iter().map(|scope| scope.offers.pending()).sum::<usize>() >= policy.max_pending {
            self.counters.unprobed += 1;
            return Need::No;
        }
        Need::Yes(now.after(policy.wait))
    }

    fn attempt(&self, index: usize, address: Ipv4Addr) -> u8 {
        let offer = self.scopes.get(index).and_then(|scope| scope.offers.get(address));
        offer.and_then(|offer| offer.pending.as_ref()).map_or(1, |pending| pending.attempt)
    }

    /// The address is the client's as soon as the probe is over.
    fn hold(&mut self, index: usize, address: Ipv4Addr, offer: Offer) -> Result<Reply, Silence> {
        if let Some(scope) = self.scopes.get_mut(index) {
            scope.offer(address, offer);
        }
        Err(Silence::Probing)
    }

    /// Offers the address, or grants it at once.
    fn settle(
        &mut self,
        index: usize,
        address: Ipv4Addr,
        offer: Offer,
        reply: Reply,
        grant: Option<Lease>,
        draft: &mut Draft,
    ) -> Result<Reply, Silence> {
        let scope = self.scopes.get_mut(index).ok_or(Silence::NoSubnet)?;
        match grant {
            Some(lease) => scope.grant(&offer.key, lease, &mut draft.changes),
            None => scope.offer(address, offer),
        }
        Ok(reply)
    }

    pub(super) fn probed(
        &mut self,
        now: Timestamp,
        address: Ipv4Addr,
        answer: ProbeAnswer,
        draft: &mut Draft,
    ) -> Result<Reply, Silence> {
        let index = self.subnet_of(address).ok_or(Silence::NoProbe)?;
        let (limits, policy) = (self.limits, self.probing.ok_or(Silence::NoProbe)?);
        let scope = self.scopes.get_mut(index).ok_or(Silence::NoProbe)?;
        if scope.offers.get(address).is_none_or(|offer| offer.pending.is_none() || offer.expires <= now) {
            return Err(Silence::NoProbe);
        }
        let mut offer = scope.offers.remove(address).ok_or(Silence::NoProbe)?;
        let mut pending = offer.pending.take().ok_or(Silence::NoProbe)?;
        (offer.since, offer.expires) = (now, now.after(limits.offer_hold));
        if answer == ProbeAnswer::Silent {
            self.remember_free(address, now);
            let grant = pending.grant_at(address, now);
            return self.settle(index, address, offer, pending.reply, grant, draft);
        }

        self.counters.conflicts += 1;
        let scope = self.scopes.get_mut(index).ok_or(Silence::NoProbe)?;
        scope.quarantine(stranger(address, now, limits.quarantine), ChangeCause::Conflict, &mut draft.changes);
        if pending.attempt >= policy.attempts {
            return Err(Silence::Conflicts);
        }
        let next = scope.choose_from_pool(&offer.key, now, &mut draft.changes).ok_or(Silence::NoFreeAddress)?;
        pending.reply.readdress(next);
        match self.probe_unless_known_free(next, policy, now) {
            Need::Yes(deadline) | Need::Waiting(deadline) => {
                draft.probe = Some(Probe { address: next, deadline });
                self.counters.probes += 1;
                pending.deadline = deadline;
                pending.attempt += 1;
                offer.pending = Some(pending);
                self.hold(index, next, offer)
            }
            Need::No => {
                let grant = pending.grant_at(next, now);
                self.settle(index, next, offer, pending.reply, grant, draft)
            }
        }
    }

    fn remember_free(&mut self, address: Ipv4Addr, now: Timestamp) {
        if self.found_free.len() >= REMEMBERED {
            self.found_free.clear();
        }
        self.found_free.insert(address, now);
    }
}

/// Whether an address must be probed before it is offered.
enum Need {
    No,
    /// It is being probed, until then.
    Waiting(Timestamp),
    Yes(Timestamp),
}

impl Pending {
    /// The lease to be granted with the reply, beginning now.
    fn grant_at(&self, address: Ipv4Addr, now: Timestamp) -> Option<Lease> {
        let lease = self.grant.clone()?;
        let seconds = u32::try_from(lease.since.seconds_until(lease.expires)).unwrap_or(u32::MAX);
        Some(Lease { address, since: now, expires: now.after(seconds), ..lease })
    }
}

/// What is known about whoever has answered for an address.
fn stranger(address: Ipv4Addr, now: Timestamp, quarantine: u32) -> Lease {
    Lease {
        address,
        hardware_address: HardwareAddress::new(0, &[]).unwrap_or(HardwareAddress::ethernet([0; 6])),
        client_id: None,
        hostname: None,
        state: LeaseState::Declined,
        since: now,
        expires: now.after(quarantine),
    }
}
