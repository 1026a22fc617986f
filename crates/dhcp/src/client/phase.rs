//! [`Phase`]: the states of a client, each with its data.

use alloc::vec::Vec;
use core::{mem, net::Ipv4Addr, time::Duration};

use super::{
    event::State,
    exchange::Exchange,
    lease::{Lease, Offer},
};

#[derive(Clone, Debug)]
pub(super) enum Phase {
    Init { at: Duration },
    InitReboot { at: Duration, address: Ipv4Addr },
    Selecting { exchange: Exchange, offers: Vec<Offer>, select_at: Duration },
    Requesting { exchange: Exchange, offer: Offer },
    Rebooting { exchange: Exchange, address: Ipv4Addr },
    Checking { lease: Lease, until: Duration },
    Bound { lease: Lease },
    Renewing { lease: Lease, exchange: Exchange },
    Rebinding { lease: Lease, exchange: Exchange },
    Released,
}

impl Phase {
    pub(super) const fn state(&self) -> State {
        match self {
            Self::Init { .. } => State::Init,
            Self::InitReboot { .. } => State::InitReboot,
            Self::Selecting { .. } => State::Selecting,
            Self::Requesting { .. } => State::Requesting,
            Self::Rebooting { .. } => State::Rebooting,
            Self::Checking { .. } => State::Checking,
            Self::Bound { .. } => State::Bound,
            Self::Renewing { .. } => State::Renewing,
            Self::Rebinding { .. } => State::Rebinding,
            Self::Released => State::Released,
        }
    }

    pub(super) const fn lease(&self) -> Option<&Lease> {
        match self {
            Self::Checking { lease, .. }
            | Self::Bound { lease }
            | Self::Renewing { lease, .. }
            | Self::Rebinding { lease, .. } => Some(lease),
            _ => None,
        }
    }

    /// Takes the lease out; the phase is to be replaced.
    pub(super) fn take_lease(&mut self) -> Option<Lease> {
        match mem::replace(self, Self::Released) {
            Self::Checking { lease, .. }
            | Self::Bound { lease }
            | Self::Renewing { lease, .. }
            | Self::Rebinding { lease, .. } => Some(lease),
            other => {
                *self = other;
                None
            }
        }
    }

    /// The transaction that waits for an answer.
    pub(super) const fn exchange(&self) -> Option<&Exchange> {
        match self {
            Self::Selecting { exchange, .. }
            | Self::Requesting { exchange, .. }
            | Self::Rebooting { exchange, .. }
            | Self::Renewing { exchange, .. }
            | Self::Rebinding { exchange, .. } => Some(exchange),
            _ => None,
        }
    }

    pub(super) fn deadline(&self) -> Option<Duration> {
        match self {
            Self::Init { at } | Self::InitReboot { at, .. } => Some(*at),
            Self::Selecting { offers, select_at, .. } if !offers.is_empty() => Some(*select_at),
            Self::Selecting { exchange, .. } | Self::Requesting { exchange, .. } | Self::Rebooting { exchange, .. } => {
                Some(exchange.next)
            }
            Self::Checking { until, .. } => Some(*until),
            Self::Bound { lease } => lease.t1,
            Self::Renewing { lease, exchange } => Some(lease.t2.map_or(exchange.next, |t2| t2.min(exchange.next))),
            Self::Rebinding { lease, exchange } => {
                Some(lease.expires.map_or(exchange.next, |end| end.min(exchange.next)))
            }
            Self::Released => None,
        }
    }
}
