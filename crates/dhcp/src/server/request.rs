//! What a server does with each type of message (RFC 2131 §4.3.1 to §4.3.5).

use std::net::Ipv4Addr;

use super::{
    Receipt, Server,
    answer::{inform_reply, lease_reply, nak_reply},
    client::{ClientKey, client_id, hostname},
    decision::{Reply, Silence},
    lease::{Lease, LeaseChange, LeaseState},
    scope::{Availability, Scope},
    time::Timestamp,
};
use crate::{MessageRef, MessageType, OptionCode};

/// A REQUEST, told apart by its fields alone (RFC 2131 §4.3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Request {
    /// The client takes our offer.
    Selecting(Ipv4Addr),
    /// The client takes somebody else's.
    Elsewhere,
    /// The client asks whether it may go on with the address it had.
    InitReboot(Ipv4Addr),
    /// RENEWING or REBINDING: the client has the address and wants it for longer.
    Extending(Ipv4Addr),
}

impl Request {
    fn of(request: &MessageRef<'_>, server_id: Ipv4Addr, offered: Option<Ipv4Addr>) -> Option<Self> {
        let ciaddr = Some(request.ciaddr()).filter(|address| !address.is_unspecified());
        let requested = request.ipv4(OptionCode::REQUESTED_ADDRESS).filter(|address| !address.is_unspecified());
        match request.ipv4(OptionCode::SERVER_IDENTIFIER) {
            Some(id) if id != server_id => Some(Self::Elsewhere),
            // Some clients leave out option 50 or put the address into ciaddr; what we offered is what they mean.
            Some(_) => requested.or(ciaddr).or(offered).map(Self::Selecting),
            None => ciaddr.map(Self::Extending).or(requested.map(Self::InitReboot)),
        }
    }
}

impl Server {
    pub(super) fn discover(
        &mut self,
        now: Timestamp,
        request: &MessageRef<'_>,
        from: Receipt,
        key: &ClientKey,
        changes: &mut Vec<LeaseChange>,
    ) -> Result<Reply, Silence> {
        let (server_id, limits) = (self.server_id, self.limits);
        let index = self.link(request, from).ok_or(Silence::NoSubnet)?;
        let is_full = |scopes: &[Scope]| {
            limits.max_offers.is_some_and(|max| scopes.iter().map(Scope::offer_count).sum::<usize>() >= max)
        };
        if is_full(&self.scopes) {
            changes.extend(self.handle_timeout(now));
        }
        let full = is_full(&self.scopes);
        let scope = self.scopes.get_mut(index).ok_or(Silence::NoSubnet)?;
        if full && scope.offered_to(key).is_none() {
            return Err(Silence::TooManyOffers);
        }
        let requested = request.ipv4(OptionCode::REQUESTED_ADDRESS);
        let address = scope.choose(key, requested, now, changes).ok_or(Silence::NoFreeAddress)?;
        scope.offer(key, address, now.after(limits.offer_hold), now);
        Ok(lease_reply(MessageType::OFFER, request, &scope.subnet, server_id, address))
    }

    pub(super) fn request(
        &mut self,
        now: Timestamp,
        request: &MessageRef<'_>,
        from: Receipt,
        key: &ClientKey,
        changes: &mut Vec<LeaseChange>,
    ) -> Result<Reply, Silence> {
        let server_id = self.server_id;
        let link = self.link(request, from);
        let offered = link.and_then(|index| self.scopes.get(index)?.offered_to(key));
        let kind = Request::of(request, server_id, offered).ok_or(Silence::NoAddress)?;
        let index = match kind {
            Request::Extending(address) => self.routed(request, key, address, now).or(link),
            _ => link,
        };
        let scope = index.and_then(|index| self.scopes.get_mut(index)).ok_or(Silence::NoSubnet)?;
        let address = match kind {
            Request::Elsewhere => {
                scope.withdraw_offer(key, now);
                return Err(Silence::OtherServer);
            }
            Request::Selecting(address) | Request::InitReboot(address) | Request::Extending(address) => address,
        };
        match verdict(scope, kind, address, key, now) {
            Verdict::Grant => {}
            Verdict::Refuse(why) => return Ok(nak_reply(request, server_id, why)),
            Verdict::Ignore(silence) => return Err(silence),
        }
        let lease = Lease {
            address,
            hardware_address: request.hardware_address(),
            client_id: client_id(request),
            hostname: hostname(request),
            state: LeaseState::Bound,
            since: now,
            expires: now.after(scope.subnet.lease_time),
        };
        scope.grant(key, lease, changes);
        Ok(lease_reply(MessageType::ACK, request, &scope.subnet, server_id, address))
    }

    pub(super) fn decline(
        &mut self,
        now: Timestamp,
        request: &MessageRef<'_>,
        from: Receipt,
        key: &ClientKey,
        changes: &mut Vec<LeaseChange>,
    ) -> Result<Reply, Silence> {
        self.check_server_id(request)?;
        let until = now.after(self.limits.quarantine);
        let index = self.link(request, from).ok_or(Silence::NoSubnet)?;
        let scope = self.scopes.get_mut(index).ok_or(Silence::NoSubnet)?;
        let address = request.ipv4(OptionCode::REQUESTED_ADDRESS).ok_or(Silence::NoAddress)?;
        // Anybody can claim anything: only the holder takes an address out of use.
        if !scope.is_bound_to(key, address, now) && scope.offered_to(key) != Some(address) {
            return Err(Silence::NotTheHolder);
        }
        let lease = Lease {
            address,
            hardware_address: request.hardware_address(),
            client_id: client_id(request),
            hostname: hostname(request),
            state: LeaseState::Declined,
            since: now,
            expires: until,
        };
        scope.decline(lease, changes);
        Err(Silence::DeclineRecorded)
    }

    pub(super) fn release(
        &mut self,
        now: Timestamp,
        request: &MessageRef<'_>,
        key: &ClientKey,
        changes: &mut Vec<LeaseChange>,
    ) -> Result<Reply, Silence> {
        self.check_server_id(request)?;
        let address = request.ciaddr();
        if address.is_unspecified() {
            return Err(Silence::NoAddress);
        }
        // A RELEASE is unicast and may have come through a router: the address itself says which subnet it is about.
        let scope = self.scopes.iter_mut().find(|scope| scope.subnet.contains(address)).ok_or(Silence::NoSubnet)?;
        if !scope.is_bound_to(key, address, now) {
            return Err(Silence::NotTheHolder);
        }
        scope.release(address, now, changes);
        Err(Silence::ReleaseRecorded)
    }

    pub(super) fn inform(&self, request: &MessageRef<'_>, from: Receipt) -> Result<Reply, Silence> {
        // The client may leave out its address; the datagram has come from it.
        let client = if request.ciaddr().is_unspecified() { *from.source.ip() } else { request.ciaddr() };
        let index = self.subnet_of(client).or_else(|| self.link(request, from)).ok_or(Silence::NoSubnet)?;
        let scope = self.scopes.get(index).ok_or(Silence::NoSubnet)?;
        // Without ciaddr but with a relay, the source is the relay and not the client.
        let relayed = !request.giaddr().is_unspecified() && request.ciaddr().is_unspecified();
        if relayed {
            return Err(Silence::NoAddress);
        }
        Ok(inform_reply(request, &scope.subnet, self.server_id, client))
    }

    /// The subnet of the link that the client is on: the relay's, or that of the interface.
    fn link(&self, request: &MessageRef<'_>, from: Receipt) -> Option<usize> {
        let relay = request.giaddr();
        self.subnet_of(if relay.is_unspecified() { from.interface_address } else { relay })
    }

    fn subnet_of(&self, address: Ipv4Addr) -> Option<usize> {
        self.scopes.iter().position(|scope| scope.subnet.contains(address))
    }

    /// A RENEWING client speaks to the server directly, through routers and without a relay: if its lease in another
    /// subnet than that of the interface is on record, that subnet is meant.
    fn routed(&self, request: &MessageRef<'_>, key: &ClientKey, address: Ipv4Addr, now: Timestamp) -> Option<usize> {
        if !request.giaddr().is_unspecified() {
            return None;
        }
        let index = self.subnet_of(address)?;
        self.scopes.get(index)?.is_bound_to(key, address, now).then_some(index)
    }

    /// DECLINE and RELEASE name the server, but some clients leave it out.
    fn check_server_id(&self, request: &MessageRef<'_>) -> Result<(), Silence> {
        match request.ipv4(OptionCode::SERVER_IDENTIFIER) {
            Some(id) if id != self.server_id => Err(Silence::OtherServer),
            _ => Ok(()),
        }
    }
}

enum Verdict {
    Grant,
    Refuse(&'static str),
    Ignore(Silence),
}

/// The decision table of the [`Server`]'s module, below the choice of the subnet.
fn verdict(scope: &Scope, kind: Request, address: Ipv4Addr, key: &ClientKey, now: Timestamp) -> Verdict {
    if !scope.subnet.contains(address) {
        return Verdict::Refuse("address is not on this network");
    }
    let reservation = scope.reservation(key, now);
    // An offer is honoured, even if the reservation has become free since.
    let offered = scope.offered_to(key) == Some(address);
    if !offered && reservation.is_some_and(|reserved| reserved != address) {
        return Verdict::Refuse("another address is reserved for this client");
    }
    let known = scope.lease_of(key).map(|lease| lease.address).or(reservation);
    let availability = scope.availability(key, address, now);
    match (kind, known) {
        // §4.3.2: "If the DHCP server has no record of this client, then it MUST remain silent".
        (Request::InitReboot(_), None) => Verdict::Ignore(Silence::UnknownLease),
        // Another server may serve another part of the same subnet.
        (Request::InitReboot(_) | Request::Extending(_), _)
            if availability == Availability::NotOurs && known != Some(address) =>
        {
            Verdict::Ignore(Silence::UnknownLease)
        }
        (Request::InitReboot(_), Some(own)) if own != address => Verdict::Refuse("client has another address"),
        _ => match availability {
            Availability::Free => Verdict::Grant,
            Availability::Taken => Verdict::Refuse("address is in use"),
            Availability::NotOurs => Verdict::Refuse("address is not available"),
        },
    }
}
