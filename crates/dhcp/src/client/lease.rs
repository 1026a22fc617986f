//! [`Lease`]: what a client was given, and until when.

use core::{net::Ipv4Addr, time::Duration};

use super::{event::Ignored, exchange::Jitter};
use crate::{Message, MessageRef, OptionCode};

/// An address and until when it may be used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lease {
    /// The address.
    pub address: Ipv4Addr,
    /// The server that gave it (option 54).
    pub server: Ipv4Addr,
    /// When the client asks its server to extend the lease (T1); `None` if it lasts for ever. Up to a sixteenth of the
    /// time before what the server said, so that machines which started together do not renew together.
    pub t1: Option<Duration>,
    /// When it asks any server (T2).
    pub t2: Option<Duration>,
    /// When it stops using the address.
    pub expires: Option<Duration>,
    /// The whole ACK, with every option.
    pub ack: Message,
}

/// What makes an offer another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Offer {
    pub(super) address: Ipv4Addr,
    pub(super) server: Ipv4Addr,
}

impl Offer {
    pub(super) fn parse(reply: &MessageRef<'_>) -> Result<Self, Ignored> {
        let address = Some(reply.yiaddr()).filter(|address| is_host(*address)).ok_or(Ignored::NoAddress)?;
        let server = reply.ipv4(OptionCode::SERVER_IDENTIFIER).filter(|server| is_host(*server));
        Ok(Self { address, server: server.ok_or(Ignored::NoServerIdentifier)? })
    }
}

impl Lease {
    pub(super) fn new(
        offer: Offer,
        asked: Duration,
        ack: &MessageRef<'_>,
        jitter: &mut Jitter,
    ) -> Result<Self, Ignored> {
        let seconds = |code| ack.ipv4(code).map(u32::from);
        let lease_time = seconds(OptionCode::LEASE_TIME).filter(|time| *time > 0).ok_or(Ignored::NoLeaseTime)?;
        let Offer { address, server } = offer;
        let (mut t1, mut t2, mut expires) = (None, None, None);
        // RFC 2131 §3.3: "The time value of 0xffffffff is reserved to represent 'infinity'."
        if lease_time != u32::MAX {
            let whole = Duration::from_secs(lease_time.into());
            let told = |code| seconds(code).map(|time| Duration::from_secs(time.into()));
            // §4.4.5: "T1 defaults to (0.5 * duration_of_lease). T2 defaults to (0.875 * duration_of_lease)." Times that do
            // not ascend are no better than none.
            let second = told(OptionCode::REBINDING_TIME).filter(|t2| *t2 < whole).unwrap_or(whole / 8 * 7);
            let first = told(OptionCode::RENEWAL_TIME).filter(|t1| *t1 < second).unwrap_or((whole / 2).min(second));
            let fuzz = first / 16 / 1000 * (jitter.next() % 1000);
            t1 = Some(asked.saturating_add(first - fuzz));
            t2 = Some(asked.saturating_add(second));
            expires = Some(asked.saturating_add(whole));
        }
        Ok(Self { address, server, t1, t2, expires, ack: Message::from(ack) })
    }
}

/// Whether this can be somebody's address.
pub(crate) fn is_host(address: Ipv4Addr) -> bool {
    !address.is_unspecified() && !address.is_broadcast() && !address.is_multicast() && !address.is_loopback()
}
