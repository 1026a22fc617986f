//! The client's side, as boot ROMs do it: read an offer's option 43, choose, and ask until a boot server answers.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use super::{BOOT_SERVER_PORT, CLIENT_PORT, Cast, DHCP_PORT};
use crate::oracle::Offer;
use crate::{BootItem, BootServer, DiscoveryControl, VendorOption, emit_vendor_options, vendor_options};

/// Seconds that each try of one way is waited for (EDK2 waits one, two, three and four; other ROMs are alike).
const WAITS: [u64; 4] = [1, 2, 3, 4];

/// What option 43 of an offer tells a client to do. Sub-options that are malformed are taken for absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Instructions {
    /// Sub-option 6; without it, no bit is set.
    pub control: u8,
    /// Sub-option 7.
    pub multicast: Option<Ipv4Addr>,
    /// Sub-option 8.
    pub servers: Vec<BootServer>,
    /// Sub-option 9: types and texts.
    pub menu: Vec<(u16, Vec<u8>)>,
    /// Sub-option 10: seconds and text.
    pub prompt: Option<(u8, Vec<u8>)>,
}

/// What a client does before anybody touches its keyboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Choice {
    /// It loads the boot file of the offer.
    BootFile,
    /// It boots its disk, after so many seconds.
    LocalDisk {
        /// Seconds.
        after: u8,
    },
    /// It looks for a boot server of this type, after so many seconds.
    Discover {
        /// The type.
        kind: u16,
        /// Seconds.
        after: u8,
    },
    /// It waits for a key for ever.
    Wait,
}

/// A request to send. The client adds what every packet of its has: options 60, 93, 94 and 97.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Transmit {
    /// Where to.
    pub destination: SocketAddrV4,
    /// The port from which it is sent, and on which the answer is awaited.
    pub source_port: u16,
    /// The header's `secs`.
    pub secs: u16,
    /// Options 53 and 43.
    pub options: Vec<(u8, Vec<u8>)>,
}

/// A packet that is not the awaited answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Ignored {
    /// Not an ACK.
    #[error("option 53 is not ACK")]
    NotAnAck,
    /// Not from a PXE server.
    #[error("option 60 is not PXEClient")]
    NotPxe,
    /// The answer to another question.
    #[error("sub-option 71 does not echo the boot item")]
    OtherItem,
    /// Only listed servers are believed, and this is none.
    #[error("boot server {0} is not in the list")]
    Unlisted(Ipv4Addr),
    /// An answer was taken already, or it is too late for one.
    #[error("the discovery has ended")]
    Ended,
}

/// Nobody answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no boot server of type {kind} answered to {tries} requests")]
pub struct NotFound {
    /// The type.
    pub kind: u16,
    /// How many requests were sent.
    pub tries: usize,
}

/// Looks for the boot server of one item: multicast first, then broadcast, then each listed address.
///
/// Send what [`poll_transmit`](Self::poll_transmit) gives, hand in what arrives, call
/// [`handle_timeout`](Self::handle_timeout) at [`poll_timeout`](Self::poll_timeout); calling it early does no harm. Times
/// are durations on a clock of the caller's.
#[derive(Clone, Debug)]
pub struct Discovery {
    item: BootItem,
    ways: Vec<(Cast, Ipv4Addr)>,
    listed: Option<Vec<Ipv4Addr>>,
    state: State,
}

#[derive(Clone, Debug)]
enum State {
    Asking { tries: usize, is_sent: bool, deadline: Duration },
    Found(Offer),
    NotFound,
}

impl Instructions {
    /// Reads the value of an offer's option 43.
    #[must_use]
    pub fn parse(option_43: &[u8]) -> Self {
        let mut it = Self::default();
        for option in vendor_options(option_43).flatten() {
            match option {
                VendorOption::DiscoveryControl(bits) => it.control = bits.0,
                VendorOption::DiscoveryMulticast(address) => it.multicast = Some(address),
                VendorOption::BootServers(servers) => it.servers = servers,
                VendorOption::BootMenu(items) => {
                    it.menu = items.iter().map(|item| (item.kind, item.text.to_vec())).collect();
                }
                VendorOption::MenuPrompt { timeout, text } => it.prompt = Some((timeout, text.to_vec())),
                _ => {}
            }
        }
        it
    }

    /// What happens if nobody touches the keyboard.
    ///
    /// ```
    /// use firstlight_pxe::discovery::{Choice, Instructions};
    /// assert_eq!(Instructions::parse(&[6, 1, 8, 255]).choice(), Choice::BootFile);
    /// let menu = Instructions::parse(&[6, 1, 7, 9, 4, 0, 15, 1, b'x', 10, 1, 5, 255]);
    /// assert_eq!(menu.choice(), Choice::Discover { kind: 15, after: 5 });
    /// ```
    #[must_use]
    pub fn choice(&self) -> Choice {
        if self.has(DiscoveryControl::USE_BOOT_FILE) {
            return Choice::BootFile;
        }
        let Some(&(kind, _)) = self.menu.first() else { return Choice::BootFile };
        match self.prompt {
            // Without a prompt the menu is shown and waits; 255 asks for the same.
            None | Some((255, _)) => Choice::Wait,
            Some((after, _)) if kind == 0 => Choice::LocalDisk { after },
            Some((after, _)) => Choice::Discover { kind, after },
        }
    }

    fn has(&self, bit: DiscoveryControl) -> bool {
        DiscoveryControl(self.control).has(bit)
    }

    pub(crate) fn addresses(&self, kind: u16) -> Vec<Ipv4Addr> {
        let servers = self.servers.iter().filter(|server| server.kind == kind);
        servers.flat_map(|server| server.addresses.iter().copied()).collect()
    }

    fn ways(&self, kind: u16) -> Vec<(Cast, Ipv4Addr)> {
        let multicast = self.multicast.filter(|_| !self.has(DiscoveryControl::NO_MULTICAST));
        let broadcast = (!self.has(DiscoveryControl::NO_BROADCAST)).then_some(Ipv4Addr::BROADCAST);
        let mut ways = Vec::new();
        ways.extend(multicast.map(|address| (Cast::Multicast, address)));
        ways.extend(broadcast.map(|address| (Cast::Broadcast, address)));
        ways.extend(self.addresses(kind).into_iter().map(|address| (Cast::Unicast, address)));
        ways
    }
}

impl Discovery {
    /// Starts to look for an item's boot server.
    #[must_use]
    pub fn new(now: Duration, instructions: &Instructions, item: BootItem) -> Self {
        let ways = instructions.ways(item.kind);
        let listed = instructions.has(DiscoveryControl::ONLY_LISTED).then(|| instructions.addresses(item.kind));
        let mut it = Self { item, ways, listed, state: State::NotFound };
        it.ask(now, 0);
        it
    }

    /// The next request to send, once for each try.
    #[must_use]
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        let State::Asking { tries, is_sent, .. } = &mut self.state else { return None };
        if std::mem::replace(is_sent, true) {
            return None;
        }
        let (cast, address) = *self.ways.get(*tries / WAITS.len())?;
        let (destination, source_port) = match cast {
            Cast::Broadcast => (DHCP_PORT, CLIENT_PORT),
            Cast::Unicast | Cast::Multicast => (BOOT_SERVER_PORT, BOOT_SERVER_PORT),
        };
        let item = emit_vendor_options(&[VendorOption::BootItem(self.item)]).unwrap_or_default();
        Some(Transmit {
            destination: SocketAddrV4::new(address, destination),
            source_port,
            secs: u16::try_from(*tries % WAITS.len()).unwrap_or(u16::MAX),
            options: vec![(53, vec![3]), (43, item)],
        })
    }

    /// Takes an answer.
    ///
    /// # Errors
    /// [`Ignored`] says why it changes nothing.
    pub fn handle(&mut self, reply: &Offer) -> Result<(), Ignored> {
        if !matches!(self.state, State::Asking { .. }) {
            return Err(Ignored::Ended);
        }
        if reply.option(53) != Some(&[5]) {
            return Err(Ignored::NotAnAck);
        }
        if !reply.is_pxe() {
            return Err(Ignored::NotPxe);
        }
        let mut echoed = reply.option(43).into_iter().flat_map(vendor_options).flatten();
        if !echoed.any(|option| option == VendorOption::BootItem(self.item)) {
            return Err(Ignored::OtherItem);
        }
        let server = reply.server().unwrap_or(Ipv4Addr::UNSPECIFIED);
        if self.listed.as_ref().is_some_and(|listed| !listed.contains(&server)) {
            return Err(Ignored::Unlisted(server));
        }
        self.state = State::Found(reply.clone());
        Ok(())
    }

    /// Tries again, or in the next way, or gives up.
    pub fn handle_timeout(&mut self, now: Duration) {
        if let State::Asking { tries, deadline, .. } = self.state
            && now >= deadline
        {
            self.ask(now, tries + 1);
        }
    }

    /// When to call [`handle_timeout`](Self::handle_timeout); `None` once it has ended.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Duration> {
        match self.state {
            State::Asking { deadline, .. } => Some(deadline),
            State::Found(_) | State::NotFound => None,
        }
    }

    /// The boot server's answer, once there is one or none to come.
    #[must_use]
    pub fn outcome(&self) -> Option<Result<&Offer, NotFound>> {
        match &self.state {
            State::Asking { .. } => None,
            State::Found(reply) => Some(Ok(reply)),
            State::NotFound => Some(Err(NotFound { kind: self.item.kind, tries: self.ways.len() * WAITS.len() })),
        }
    }

    fn ask(&mut self, now: Duration, tries: usize) {
        let wait = WAITS.get(tries % WAITS.len()).copied().unwrap_or(1);
        self.state = if tries < self.ways.len() * WAITS.len() {
            State::Asking { tries, is_sent: false, deadline: now + Duration::from_secs(wait) }
        } else {
            State::NotFound
        };
    }
}
