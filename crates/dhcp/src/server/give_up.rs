//! DECLINE and RELEASE (RFC 2131 §4.3.3 and §4.3.4). Anybody can claim anything: only its holder takes an address out of
//! use.

use super::{
    Draft, Server,
    ask::Ask,
    decision::{Reply, Silence},
    lease::{ChangeCause, LeaseState},
};
use crate::OptionCode;

impl Server {
    pub(super) fn decline(&mut self, ask: &Ask<'_>, draft: &mut Draft) -> Result<Reply, Silence> {
        for_us(ask)?;
        let limits = self.limits;
        let index = self.link(ask).ok_or(Silence::NoSubnet)?;
        let scope = self.scopes.get_mut(index).ok_or(Silence::NoSubnet)?;
        let address = ask.message.ipv4(OptionCode::REQUESTED_ADDRESS).ok_or(Silence::NoAddress)?;
        if !scope.is_bound_to(&ask.key, address, ask.now) && scope.offered_to(&ask.key, ask.now) != Some(address) {
            return Err(Silence::NotTheHolder);
        }
        if scope.book.declined_by(&ask.key) >= limits.max_declines {
            // It gets another address all the same: what it says may be true.
            scope.drop_offer(address);
            scope.release(address, ask.now, &mut draft.changes);
            scope.book.disown(&ask.key);
            return Err(Silence::TooManyDeclines);
        }
        let lease = ask.lease(address, LeaseState::Declined, limits.quarantine);
        scope.quarantine(lease, ChangeCause::Declined, &mut draft.changes);
        self.found_free.remove(&address);
        Err(Silence::DeclineRecorded)
    }

    pub(super) fn release(&mut self, ask: &Ask<'_>, draft: &mut Draft) -> Result<Reply, Silence> {
        for_us(ask)?;
        let address = ask.message.ciaddr();
        if address.is_unspecified() {
            return Err(Silence::NoAddress);
        }
        // A RELEASE is unicast and may have come through a router: the address itself says which subnet it is about.
        let index = self.subnet_of(address).ok_or(Silence::NoSubnet)?;
        let scope = self.scopes.get_mut(index).ok_or(Silence::NoSubnet)?;
        if !scope.is_bound_to(&ask.key, address, ask.now) {
            return Err(Silence::NotTheHolder);
        }
        scope.release(address, ask.now, &mut draft.changes);
        Err(Silence::ReleaseRecorded)
    }
}

/// DECLINE and RELEASE name the server, but some clients leave it out.
fn for_us(ask: &Ask<'_>) -> Result<(), Silence> {
    if ask.is_for_us == Some(false) { Err(Silence::OtherServer) } else { Ok(()) }
}
