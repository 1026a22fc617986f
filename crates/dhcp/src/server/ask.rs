//! [`Ask`]: one request with everything about it that a decision needs, read once.

use std::net::Ipv4Addr;

use super::{
    Receipt,
    agent::Agent,
    client::{ClientKey, client_id, hostname, uuid},
    lease::{ClientId, Lease, LeaseState},
    reservation::Selector,
    time::Timestamp,
};
use crate::{MessageRef, OptionCode};

pub(super) struct Ask<'a> {
    pub(super) now: Timestamp,
    pub(super) message: &'a MessageRef<'a>,
    pub(super) from: Receipt,
    pub(super) key: ClientKey,
    pub(super) client_id: Option<ClientId>,
    pub(super) agent: Agent,
    /// Who the client shall believe the server to be: the relay, if it says so (RFC 5107); else what it has chosen,
    /// or reached.
    pub(super) server_id: Ipv4Addr,
    /// Option 54: whether it is ours; `None` without it.
    pub(super) is_for_us: Option<bool>,
}

impl<'a> Ask<'a> {
    /// `None` for a client that says nothing about who it is.
    pub(super) fn new(
        now: Timestamp,
        message: &'a MessageRef<'a>,
        from: Receipt,
        own_ids: &[Ipv4Addr],
    ) -> Option<Self> {
        let client_id = client_id(message);
        let key = ClientKey::new(message.hardware_address(), client_id.as_ref())?;
        let agent = Agent::of(message);
        let reached = from.destination.into_iter().chain([from.interface_address]).find(|to| own_ids.contains(to));
        let named = message.ipv4(OptionCode::SERVER_IDENTIFIER);
        let chosen = named.filter(|id| own_ids.contains(id));
        let server_id = agent.server_id.or(chosen).or(reached).or(own_ids.first().copied())?;
        let is_for_us = named.map(|id| id == server_id || chosen.is_some());
        Some(Self { now, message, from, key, client_id, agent, server_id, is_for_us })
    }

    pub(super) fn is_relayed(&self) -> bool {
        !self.message.giaddr().is_unspecified()
    }

    /// An address on the link that the client is to be served on.
    pub(super) fn link(&self) -> Ipv4Addr {
        link(self.message, &self.agent, self.from)
    }

    /// Option 50.
    pub(super) fn requested(&self) -> Option<Ipv4Addr> {
        self.message.ipv4(OptionCode::REQUESTED_ADDRESS).filter(|address| !address.is_unspecified())
    }

    /// What reservations the client could have, the strongest claim first.
    pub(super) fn selectors(&self) -> impl Iterator<Item = Selector> {
        let hardware = self.key.hardware().copied().map(Selector::Hardware);
        let id = self.client_id.clone().map(Selector::ClientId);
        let circuit = self.agent.circuit_id.clone().map(Selector::CircuitId);
        [hardware, id, uuid(self.message).map(Selector::Uuid), circuit].into_iter().flatten()
    }

    /// Whether the request says nothing about what a reservation goes by.
    pub(super) fn lacks(&self, selector: &Selector) -> bool {
        match selector {
            Selector::Hardware(_) => false,
            Selector::ClientId(_) => self.client_id.is_none(),
            Selector::Uuid(_) => uuid(self.message).is_none(),
            Selector::CircuitId(_) => self.agent.circuit_id.is_none(),
        }
    }

    /// A lease of an address for this client, from now on.
    pub(super) fn lease(&self, address: Ipv4Addr, state: LeaseState, seconds: u32) -> Lease {
        Lease {
            address,
            hardware_address: self.message.hardware_address(),
            client_id: self.client_id.clone(),
            hostname: hostname(self.message),
            state,
            since: self.now,
            expires: self.now.after(seconds),
        }
    }
}

/// What the relay says (RFC 3527, which comes before RFC 3011), what the client says (RFC 3011), the relay itself, or the
/// interface.
pub(super) fn link(message: &MessageRef<'_>, agent: &Agent, from: Receipt) -> Ipv4Addr {
    let selected = agent.link.or_else(|| message.ipv4(OptionCode::SUBNET_SELECTION));
    let relay = Some(message.giaddr()).filter(|giaddr| !giaddr.is_unspecified());
    selected.or(relay).unwrap_or(from.interface_address)
}
