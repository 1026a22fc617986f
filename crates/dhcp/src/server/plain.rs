//! What is asked without a lease: INFORM (RFC 2131 §4.3.5), and BOOTP, which has none (RFC 951, RFC 1534 §2).

use super::{
    Draft, Server,
    answer::{bootp_reply, inform_reply},
    ask::Ask,
    config::Bootp,
    decision::{Reply, Silence},
    lease::LeaseState,
};

impl Server {
    pub(super) fn inform(&self, ask: &Ask<'_>) -> Result<Reply, Silence> {
        let ciaddr = ask.message.ciaddr();
        // The client may leave out its address; the datagram has come from it, unless a relay is in between.
        let client = match (ciaddr.is_unspecified(), ask.is_relayed()) {
            (true, true) => return Err(Silence::NoAddress),
            (true, false) => *ask.from.source.ip(),
            (false, _) => ciaddr,
        };
        let index = self.subnet_of(client).or_else(|| self.link(ask)).ok_or(Silence::NoSubnet)?;
        let scope = self.scopes.get(index).ok_or(Silence::NoSubnet)?;
        Ok(inform_reply(ask, scope, client))
    }

    pub(super) fn bootp(&mut self, ask: &Ask<'_>, draft: &mut Draft) -> Result<Reply, Silence> {
        let index = self.link(ask).ok_or(Silence::NoSubnet)?;
        let scope = self.scopes.get_mut(index).ok_or(Silence::NoSubnet)?;
        let address = match scope.subnet.bootp {
            Bootp::Off => return Err(Silence::Bootp),
            Bootp::Reserved => {
                let own = scope.reservation(ask).ok_or(Silence::BootpStranger)?.address;
                scope.reserved_address(ask).filter(|address| *address == own)
            }
            Bootp::Dynamic => scope.choose(ask, &mut draft.changes),
        };
        let address = address.ok_or(Silence::NoFreeAddress)?;
        let reply = bootp_reply(ask, scope, address);
        // Each time: whether an earlier grant has ever been stored is not known here.
        scope.grant(&ask.key, ask.lease(address, LeaseState::Bound, u32::MAX), &mut draft.changes);
        Ok(reply)
    }
}
