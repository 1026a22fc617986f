//! REQUEST (RFC 2131 §4.3.2), by the decision table of the [`Server`]'s module.

use std::net::Ipv4Addr;

use super::{
    Draft, Server,
    answer::{lease_reply, nak_reply},
    ask::Ask,
    decision::{Reply, Silence},
    lease::LeaseState,
    scope::{Availability, Scope},
};
use crate::MessageType;

/// A REQUEST, told apart by its fields alone (RFC 2131 §4.3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Request {
    /// The client takes our offer.
    Selecting(Ipv4Addr),
    /// The client takes somebody else's.
    Elsewhere,
    /// The client asks whether it may go on with the address it had.
    InitReboot(Ipv4Addr),
    /// The client has the address and wants it for longer, and speaks to this server alone.
    Renewing(Ipv4Addr),
    /// The same to every server on its link.
    Rebinding(Ipv4Addr),
    /// One of both: the driver does not know where the datagram was sent to.
    Extending(Ipv4Addr),
}

impl Request {
    fn of(ask: &Ask<'_>, offered: Option<Ipv4Addr>) -> Option<Self> {
        let ciaddr = Some(ask.message.ciaddr()).filter(|address| !address.is_unspecified());
        match ask.is_for_us {
            Some(false) => Some(Self::Elsewhere),
            // Some clients leave out option 50 or put the address into ciaddr; what we offered is what they mean.
            Some(true) => ask.requested().or(ciaddr).or(offered).map(Self::Selecting),
            None => ciaddr.map(|address| Self::extending(ask, address)).or(ask.requested().map(Self::InitReboot)),
        }
    }

    /// "This message will be unicast, so no relay agents will be involved"; "This message MUST be broadcast to the
    /// 0xffffffff IP broadcast address" (RFC 2131 §4.3.2).
    fn extending(ask: &Ask<'_>, address: Ipv4Addr) -> Self {
        match ask.from.destination {
            _ if ask.is_relayed() => Self::Rebinding(address),
            Some(destination) if destination.is_broadcast() => Self::Rebinding(address),
            Some(_) => Self::Renewing(address),
            None => Self::Extending(address),
        }
    }
}

impl Server {
    pub(super) fn request(&mut self, ask: &Ask<'_>, draft: &mut Draft) -> Result<Reply, Silence> {
        let link = self.link(ask);
        let offered = link.and_then(|index| self.scopes.get(index)?.offered_to(&ask.key, ask.now));
        let kind = Request::of(ask, offered).ok_or(Silence::NoAddress)?;
        let index = match kind {
            // It has come through routers and without a relay, so the address itself says which subnet it is about.
            Request::Renewing(address) => self.subnet_of(address).or(link),
            Request::Extending(address) => {
                let own = self.subnet_of(address).filter(|index| {
                    self.scopes.get(*index).is_some_and(|scope| scope.is_bound_to(&ask.key, address, ask.now))
                });
                own.or(link)
            }
            _ => link,
        };
        let scope = index.and_then(|index| self.scopes.get_mut(index)).ok_or(Silence::NoSubnet)?;
        let address = match kind {
            Request::Elsewhere => {
                scope.withdraw_offer(&ask.key);
                return Err(Silence::OtherServer);
            }
            Request::Selecting(address)
            | Request::InitReboot(address)
            | Request::Renewing(address)
            | Request::Rebinding(address)
            | Request::Extending(address) => address,
        };
        match verdict(scope, kind, address, ask) {
            Verdict::Grant => {}
            Verdict::Refuse(why) => return Ok(nak_reply(ask, why)),
            Verdict::Ignore(silence) => return Err(silence),
        }
        let offer = scope.offers.get(address).filter(|offer| offer.key == ask.key);
        let lease_time = scope.lease_time(ask, offer.map(|offer| offer.lease_time));
        let reply = lease_reply(MessageType::ACK, ask, scope, address, lease_time);
        scope.grant(&ask.key, ask.lease(address, LeaseState::Bound, lease_time), &mut draft.changes);
        Ok(reply)
    }
}

enum Verdict {
    Grant,
    Refuse(&'static str),
    Ignore(Silence),
}

/// The decision table of the [`Server`]'s module, below the choice of the subnet.
fn verdict(scope: &Scope, kind: Request, address: Ipv4Addr, ask: &Ask<'_>) -> Verdict {
    if !scope.subnet.contains(address) {
        return Verdict::Refuse("address is not on this network");
    }
    let reserved = scope.reserved_address(ask);
    // An offer is honoured, even if the reservation has become free since.
    let offered = scope.offered_to(&ask.key, ask.now) == Some(address);
    if !offered && reserved.is_some_and(|reserved| reserved != address) {
        return Verdict::Refuse("another address is reserved for this client");
    }
    let known = scope.book.of(&ask.key).map(|lease| lease.address).or(reserved);
    let availability = scope.availability(ask, address);
    match (kind, known) {
        // §4.3.2: "If the DHCP server has no record of this client, then it MUST remain silent".
        (Request::InitReboot(_), None) => Verdict::Ignore(Silence::UnknownLease),
        (Request::Selecting(_), _) => Verdict::of(availability),
        // Another server may serve another part of the same subnet.
        _ if availability == Availability::NotOurs && known != Some(address) => Verdict::Ignore(Silence::UnknownLease),
        (Request::InitReboot(_), Some(own)) if own != address => Verdict::Refuse("client has another address"),
        _ => Verdict::of(availability),
    }
}

impl Verdict {
    const fn of(availability: Availability) -> Self {
        match availability {
            Availability::Free => Self::Grant,
            Availability::Taken => Self::Refuse("address is in use"),
            Availability::NotOurs => Self::Refuse("address is not available"),
        }
    }
}
