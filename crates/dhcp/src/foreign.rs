//! [`ForeignServers`]: who else answers DHCP on this network?
//!
//! A client that chooses another server broadcasts a REQUEST with that server's identifier (RFC 2131 §3.1, step 3: "the
//! client broadcasts a DHCPREQUEST message that MUST include the 'server identifier' option to indicate which server it
//! has selected"), so every server on the link hears of the others from clients alone. Replies of others are evidence
//! too, where they are seen.
//!
//! It keeps a bounded table and never sends anything. What it hears can be forged, like all of DHCP: it is a hint for a
//! person, not a reason to act.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::Ipv4Addr,
};

use crate::{
    MessageRef, OpCode, OptionCode, client::is_host, option::RelayAgentInformation, option::RelaySubOption,
    server::Timestamp,
};

/// The sub-option of option 82 (RFC 5107 §4).
const SERVER_ID_OVERRIDE: u8 = 11;
/// Servers that are remembered; the one that was quiet for the longest time makes room.
const MAX_SERVERS: usize = 64;

/// What made a server known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Evidence {
    /// A client named it.
    NamedByClient,
    /// It answered somebody itself.
    Answered,
}

/// A server that is not ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ForeignServer {
    /// Its identifier (option 54).
    pub address: Ipv4Addr,
    /// When it was noticed first.
    pub first: Timestamp,
    /// When it was noticed last.
    pub last: Timestamp,
    /// How often.
    pub count: u64,
    /// The last evidence.
    pub evidence: Evidence,
}

/// Notices DHCP servers from the messages of a link.
///
/// ```
/// use firstlight_dhcp::foreign::ForeignServers;
/// use firstlight_dhcp::server::Timestamp;
/// use firstlight_dhcp::{EmitPolicy, Message, MessageRef, MessageType, OptionCode};
///
/// let mut request = Message::request("52:54:00:12:34:56".parse()?, 1);
/// request.push(OptionCode::MESSAGE_TYPE, &[MessageType::REQUEST.0]);
/// request.push(OptionCode::SERVER_IDENTIFIER, &[192, 168, 77, 9]);
/// let mut datagram = Vec::new();
/// request.emit(&EmitPolicy::default(), &mut datagram)?;
/// let request = MessageRef::parse(&datagram)?;
///
/// let mut foreign = ForeignServers::new([[192, 168, 77, 1].into()], 3600);
/// let found = foreign.handle(Timestamp(1000), &request);
/// assert_eq!(found.map(|server| server.address), Some([192, 168, 77, 9].into()));
/// assert_eq!(foreign.handle(Timestamp(1001), &request), None); // it is known now
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct ForeignServers {
    own: BTreeSet<Ipv4Addr>,
    quiet: u32,
    servers: BTreeMap<Ipv4Addr, ForeignServer>,
}

impl ForeignServers {
    /// A detector for a network whose own servers have these identifiers. A server is reported again when it was not
    /// noticed for `quiet` seconds.
    #[must_use]
    pub fn new(own: impl IntoIterator<Item = Ipv4Addr>, quiet: u32) -> Self {
        Self { own: own.into_iter().collect(), quiet, servers: BTreeMap::new() }
    }

    /// Takes a message that was seen, from whomever to whomever; returns the server that it makes known, if that is new.
    pub fn handle(&mut self, now: Timestamp, message: &MessageRef<'_>) -> Option<ForeignServer> {
        let address = message.ipv4(OptionCode::SERVER_IDENTIFIER).filter(|address| is_host(*address))?;
        if self.own.contains(&address) || speaks_for(message, address) {
            return None;
        }
        let evidence = if message.op() == OpCode::REPLY { Evidence::Answered } else { Evidence::NamedByClient };
        if let Some(server) = self.servers.get_mut(&address) {
            let was_quiet = server.last.seconds_until(now) >= u64::from(self.quiet);
            *server = ForeignServer { last: now, count: server.count.saturating_add(1), evidence, ..*server };
            return was_quiet.then_some(*server);
        }
        if self.servers.len() >= MAX_SERVERS
            && let Some(oldest) = self.servers.values().min_by_key(|server| server.last).map(|server| server.address)
        {
            self.servers.remove(&oldest);
        }
        let server = ForeignServer { address, first: now, last: now, count: 1, evidence };
        self.servers.insert(address, server);
        Some(server)
    }

    /// Every server that is remembered, by address.
    pub fn servers(&self) -> impl Iterator<Item = &ForeignServer> {
        self.servers.values()
    }
}

/// A relay that stands in for a server (RFC 5107 §4) puts its own address where the server's would be.
fn speaks_for(message: &MessageRef<'_>, address: Ipv4Addr) -> bool {
    let agent = message.typed::<RelayAgentInformation<'_>>().and_then(Result::ok);
    let instead = agent.and_then(|agent| agent.0.find(SERVER_ID_OVERRIDE)?.ok());
    message.giaddr() == address || instead == Some(RelaySubOption::ServerIdOverride(address))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{EmitPolicy, HardwareAddress, Message, MessageType};

    const OWN: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
    const OTHER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 9);

    fn message(server: Option<Ipv4Addr>, change: impl FnOnce(&mut Message)) -> Vec<u8> {
        let mut message = Message::request(HardwareAddress::ethernet([2, 0, 0, 0, 0, 1]), 1);
        message.push(OptionCode::MESSAGE_TYPE, &[MessageType::REQUEST.0]);
        if let Some(server) = server {
            message.push(OptionCode::SERVER_IDENTIFIER, &server.octets());
        }
        change(&mut message);
        let mut bytes = Vec::new();
        message.emit(&EmitPolicy::default(), &mut bytes).unwrap();
        bytes
    }

    #[track_caller]
    fn check(bytes: &[u8], expect: Option<(Ipv4Addr, Evidence)>) {
        let mut foreign = ForeignServers::new([OWN], 60);
        let found = foreign.handle(Timestamp(1), &MessageRef::parse(bytes).unwrap());
        assert_eq!(found.map(|server| (server.address, server.evidence)), expect);
    }

    #[test]
    fn who_is_foreign() {
        check(&message(Some(OTHER), |_| {}), Some((OTHER, Evidence::NamedByClient)));
        check(&message(Some(OTHER), |message| message.op = OpCode::REPLY), Some((OTHER, Evidence::Answered)));
        check(&message(Some(OWN), |_| {}), None);
        check(&message(None, |_| {}), None);
        for address in [[0, 0, 0, 0], [255, 255, 255, 255], [224, 0, 0, 1], [127, 0, 0, 1]] {
            check(&message(Some(address.into()), |_| {}), None);
        }
    }

    #[test]
    fn a_relay_is_no_server() {
        check(&message(Some(OTHER), |message| message.giaddr = OTHER), None);
        let relay = [11, 4, 10, 0, 0, 9];
        check(
            &message(Some(OTHER), |message| {
                message.giaddr = Ipv4Addr::new(10, 0, 0, 8);
                message.push(OptionCode::RELAY_AGENT_INFORMATION, &relay);
            }),
            None,
        );
    }

    #[test]
    fn it_tells_once_and_again_after_quiet() {
        let mut foreign = ForeignServers::new([OWN], 60);
        let bytes = message(Some(OTHER), |_| {});
        let request = MessageRef::parse(&bytes).unwrap();
        let counts: Vec<Option<u64>> = [10, 11, 70, 129, 190]
            .into_iter()
            .map(|now| foreign.handle(Timestamp(now), &request).map(|server| server.count))
            .collect();
        assert_eq!(counts, [Some(1), None, None, None, Some(5)]);
        let server = foreign.servers().next().unwrap();
        assert_eq!((server.first, server.last), (Timestamp(10), Timestamp(190)));
    }

    #[test]
    fn a_flood_of_names_pushes_out_the_oldest_alone() {
        let mut foreign = ForeignServers::new([OWN], 60);
        for number in 0..=64_u8 {
            let bytes = message(Some(Ipv4Addr::new(10, 1, 0, number)), |_| {});
            foreign.handle(Timestamp(number.into()), &MessageRef::parse(&bytes).unwrap());
        }
        let addresses: Vec<u8> = foreign.servers().map(|server| server.address.octets()[3]).collect();
        assert_eq!(addresses, (1..=64).collect::<Vec<u8>>());
    }
}
