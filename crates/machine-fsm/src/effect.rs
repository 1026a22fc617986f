//! What a transition asks of the world.

use crate::Machine;

/// What the caller has to do after the transition is stored. Each may be done again after a crash: it is idempotent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Effect {
    /// Turn the machine off if it is on, then on, so that it boots from the network.
    PowerCycle,
    /// Turn the machine off, and tell the table [`PoweredOff`](crate::Event::PoweredOff) when it is.
    PowerOff,
    /// The credentials of the ephemeral system are dead from now on.
    RevokeEphemeralCredentials,
    /// The credentials of the installed system are dead from now on, and what was deployed is forgotten.
    ForgetDeployment,
}

/// The next state, and what it asks for. Store both in one transaction.
#[must_use = "a transition that is not stored did not happen"]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transition {
    /// The state that follows.
    pub next: Machine,
    /// What has to be done, in this order.
    pub effects: Vec<Effect>,
}
