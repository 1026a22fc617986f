//! [`Service`]: what a running server leaves to its owner.

use std::{
    future::Future,
    io,
    net::{Ipv4Addr, SocketAddrV4},
    pin::Pin,
    time::Duration,
};

use crate::{
    EmitError, MessageRef, ParseError,
    server::{LeaseChange, Receipt, Reply, Silence},
};

/// A commit that has been begun. It owns what it writes, so that the service can be asked other things meanwhile.
pub type Commit = Pin<Box<dyn Future<Output = io::Result<()>> + Send>>;

/// What becomes of a request before the server sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// The server decides about it.
    Serve,
    /// Nobody answers it.
    Ignore,
    /// The service has answered it itself.
    Answer {
        /// The message.
        datagram: Vec<u8>,
        /// Where it goes; 255.255.255.255 is a broadcast on the link of the request.
        to: SocketAddrV4,
        /// How long it is held back.
        delay: Duration,
    },
}

/// Storage, boot options and the log of a running server.
pub trait Service: Send {
    /// Makes the changes durable, all or none, in their order. Replies that rest on them wait until the future is
    /// ready; until then requests are received, and what they change is gathered for the next commit. There is one
    /// commit at a time.
    ///
    /// If the future gives an error, no reply that rests on one of the changes leaves, and the clients ask again.
    fn commit(&mut self, changes: &[LeaseChange]) -> Commit;

    /// Has the first word on a request: a link whose addresses come from elsewhere is none of the server's business, but
    /// proxyDHCP (PXE 2.1 §2.2.2) may be due there. Of what the server does not get, nothing is
    /// [observed](Self::observe) but that an answer could not be sent.
    fn screen(&mut self, request: &MessageRef<'_>, receipt: Receipt) -> Verdict {
        let _ = (request, receipt);
        Verdict::Serve
    }

    /// Has the last word on a reply, after the commit: boot file, server and vendor options, a host name, a delay. NAKs
    /// come here too.
    fn customize(&mut self, request: &MessageRef<'_>, receipt: Receipt, reply: &mut Reply) {
        let _ = (request, receipt, reply);
    }

    /// Hears of everything that happened: once per datagram (a DISCOVER that waits for a probe is heard of again when
    /// it is answered), once per failed commit and once per failed probe.
    fn observe(&mut self, event: Observation<'_>) {
        let _ = event;
    }
}

/// Something that happened.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Observation<'a> {
    /// A reply has left.
    Replied {
        /// The request.
        request: &'a MessageRef<'a>,
        /// Where the request came from.
        source: SocketAddrV4,
        /// The reply, as it was customized.
        reply: &'a Reply,
    },
    /// There was nothing to reply.
    Silent {
        /// The request.
        request: &'a MessageRef<'a>,
        /// Where the request came from.
        source: SocketAddrV4,
        /// Why.
        reason: Silence,
    },
    /// A datagram was no message.
    Malformed {
        /// Its bytes.
        bytes: &'a [u8],
        /// Where it came from.
        source: SocketAddrV4,
        /// What is wrong with it.
        error: ParseError,
    },
    /// The reply rests on a change that could not be stored, and is dropped.
    Withheld {
        /// The request.
        request: &'a MessageRef<'a>,
        /// Where the request came from.
        source: SocketAddrV4,
    },
    /// The reply does not fit into what the client takes, most likely for its boot options, and is dropped.
    EmitFailed {
        /// The request.
        request: &'a MessageRef<'a>,
        /// Where the request came from.
        source: SocketAddrV4,
        /// The reply, as it was customized.
        reply: &'a Reply,
        /// Its size and the limit.
        error: EmitError,
    },
    /// The reply could not be sent.
    SendFailed {
        /// The request.
        request: &'a MessageRef<'a>,
        /// Where the request came from.
        source: SocketAddrV4,
        /// The reply, as it was customized.
        reply: &'a Reply,
        /// What the system says.
        error: &'a io::Error,
    },
    /// An answer of [`Service::screen`] could not be sent.
    AnswerFailed {
        /// The request.
        request: &'a MessageRef<'a>,
        /// Where the request came from.
        source: SocketAddrV4,
        /// What the system says.
        error: &'a io::Error,
    },
    /// A commit failed.
    CommitFailed {
        /// What [`Service::commit`] returned.
        error: &'a io::Error,
        /// What should have been stored.
        changes: &'a [LeaseChange],
    },
    /// A probe could not be sent; its address is taken for free.
    ProbeFailed {
        /// The address to be looked for.
        address: Ipv4Addr,
        /// What the system says.
        error: &'a io::Error,
    },
}
