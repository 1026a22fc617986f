//! Which transfers run, and whether one more may.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, SocketAddr, SocketAddrV6};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use tokio::sync::{mpsc, oneshot};
use tokio::task;

use super::config::Config;
use super::rate::Rate;
use crate::outcome::Outcome;

/// The transfers by the address and port of their peer. It belongs to the listener's task alone.
#[derive(Debug, Default)]
pub(super) struct Registry {
    active: BTreeMap<SocketAddr, Active>,
    /// All tasks, also those that were told to end and have not yet.
    tasks: HashMap<task::Id, SocketAddr>,
    rate: Rate,
}

#[derive(Debug)]
pub(super) struct Active {
    pub(super) task: task::Id,
    /// Ends the task with this outcome.
    pub(super) cancel: oneshot::Sender<Outcome>,
    /// The request as it came, to recognize its repetition.
    pub(super) packet: Vec<u8>,
    /// Set by the task when the handler has answered.
    pub(super) answered: Arc<AtomicBool>,
    /// Where its datagrams go that come to the request port, when it has no other.
    pub(super) inbox: Option<mpsc::Sender<Vec<u8>>>,
}

/// What to do with a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Admission {
    Start,
    /// The handler still looks for the file, and the client repeats itself: it will get its answer.
    Wait,
    Refuse,
}

impl Registry {
    /// Decides on a request; a predecessor from the same port is told to end.
    pub(super) fn admit(&mut self, now: Instant, peer: SocketAddr, packet: &[u8], config: &Config) -> Admission {
        if let Some(active) = self.active.get(&peer)
            && active.packet == packet
            && !active.answered.load(Ordering::Relaxed)
        {
            return Admission::Wait;
        }
        if !self.rate.admits(now, peer.ip(), config.max_requests_per_second) || self.tasks.len() >= config.max_transfers
        {
            return Admission::Refuse;
        }
        if let Some(predecessor) = self.active.remove(&peer) {
            // It may just have ended by itself: then nobody listens, and nothing is lost.
            let _ = predecessor.cancel.send(Outcome::Restarted);
        } else if self.active.range(all_ports(peer.ip())).count() >= config.max_per_address {
            return Admission::Refuse;
        }
        Admission::Start
    }

    pub(super) fn insert(&mut self, peer: SocketAddr, active: Active) {
        self.tasks.insert(active.task, peer);
        self.active.insert(peer, active);
    }

    /// Hands a datagram to the transfer of its sender, if there is one. What is too long for any packet of a transfer
    /// is cut off, so that an inbox has a bound.
    pub(super) fn deliver(&self, peer: SocketAddr, datagram: &[u8], longest: usize) {
        if let Some(inbox) = self.active.get(&peer).and_then(|active| active.inbox.as_ref()) {
            let datagram = datagram.get(..longest).unwrap_or(datagram);
            // A full inbox loses it, as a full socket would.
            let _ = inbox.try_send(datagram.to_vec());
        }
    }

    pub(super) fn remove(&mut self, task: task::Id) {
        if let Some(peer) = self.tasks.remove(&task)
            && self.active.get(&peer).is_some_and(|active| active.task == task)
        {
            self.active.remove(&peer);
        }
    }

    pub(super) fn cancel_all(&mut self) {
        for (_, active) in std::mem::take(&mut self.active) {
            let _ = active.cancel.send(Outcome::Cancelled);
        }
    }
}

fn all_ports(address: IpAddr) -> std::ops::RangeInclusive<SocketAddr> {
    match address {
        IpAddr::V4(_) => SocketAddr::new(address, 0)..=SocketAddr::new(address, u16::MAX),
        IpAddr::V6(address) => {
            let end = |port, rest| SocketAddr::V6(SocketAddrV6::new(address, port, rest, rest));
            end(0, 0)..=end(u16::MAX, u32::MAX)
        }
    }
}
