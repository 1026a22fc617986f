//! Building replies: what is in them, and where they go.
//!
//! RFC 2131 §4.1 (destination) and §4.3.1 table 3 (fields and options), RFC 3046 §2.2 (82 is echoed), RFC 6842 (61 is
//! echoed), RFC 3011 (118 is echoed), RFC 8357 (the relay's port), RFC 4039 (80), RFC 1534 (BOOTP), RFC 2132 §9.8
//! (parameter request list), §9.10 (maximum size).

use std::{
    net::{Ipv4Addr, SocketAddrV4},
    time::Duration,
};

use super::{
    ask::Ask,
    config::Subnet,
    decision::{Destination, Reply},
    reservation::Reservation,
    scope::Scope,
};
use crate::{EmitPolicy, Message, MessageRef, MessageType, OptionCode};

const CLIENT_PORT: u16 = 68;
const SERVER_PORT: u16 = 67;
/// What every client takes: an IP datagram of 576 bytes (RFC 2131 §2), without the headers of IP and UDP.
const MIN_MESSAGE: usize = 576 - IP_UDP;
const IP_UDP: usize = 28;
/// The vendor area of BOOTP (RFC 1497), without cookie and end.
const BOOTP_OPTIONS: usize = 64 - 5;

/// The options of a subnet, written once.
#[derive(Clone, Debug)]
pub(super) struct Parameters {
    /// The mask and the broadcast address: always with an address, otherwise only if asked for.
    link: [(OptionCode, [u8; 4]); 2],
    options: Vec<(OptionCode, Vec<u8>)>,
}

impl Parameters {
    pub(super) fn of(subnet: &Subnet) -> Self {
        let mut options = subnet.options.clone();
        for (code, addresses) in [
            (OptionCode::ROUTERS, &subnet.routers),
            (OptionCode::DNS_SERVERS, &subnet.dns_servers),
            (OptionCode::NTP_SERVERS, &subnet.ntp_servers),
        ] {
            options.push((code, addresses.iter().flat_map(Ipv4Addr::octets).collect()));
        }
        options.extend(subnet.domain_name.iter().map(|name| (OptionCode::DOMAIN_NAME, name.clone().into_bytes())));
        options.retain(|(_, value)| !value.is_empty());
        options.sort_by_key(|(code, _)| *code);
        let link = [
            (OptionCode::SUBNET_MASK, subnet.mask().octets()),
            (OptionCode::BROADCAST_ADDRESS, subnet.broadcast().octets()),
        ];
        Self { link, options }
    }
}

/// A reply that carries an address: OFFER or ACK.
pub(super) fn lease_reply(
    kind: MessageType,
    ask: &Ask<'_>,
    scope: &Scope,
    address: Ipv4Addr,
    lease_time: u32,
) -> Reply {
    let mut message = start(kind, ask);
    message.yiaddr = address;
    if kind == MessageType::ACK {
        message.ciaddr = ask.message.ciaddr();
    }
    let (t1, t2) = renewal_times(lease_time);
    message.push(OptionCode::LEASE_TIME, &lease_time.to_be_bytes());
    message.push(OptionCode::RENEWAL_TIME, &t1.to_be_bytes());
    message.push(OptionCode::REBINDING_TIME, &t2.to_be_bytes());
    for (code, value) in &scope.parameters.link {
        message.push(*code, value);
    }
    let destination = destination(ask, address);
    finish(message, ask, Some((scope, scope.reservation(ask))), destination, Some(address))
}

/// A BOOTREPLY: an address without times, and what fits into the vendor area.
pub(super) fn bootp_reply(ask: &Ask<'_>, scope: &Scope, address: Ipv4Addr) -> Reply {
    let mut message = Message::reply_to(ask.message);
    message.yiaddr = address;
    message.ciaddr = ask.message.ciaddr();
    let mut room = BOOTP_OPTIONS;
    let own = scope.reservation(ask).into_iter().flat_map(own_options);
    let [mask, _] = &scope.parameters.link;
    let link = std::iter::once((mask.0, &mask.1[..]));
    for (code, value) in link.chain(own).chain(scope.parameters.options.iter().map(|(code, value)| (*code, &value[..])))
    {
        if has(&message, code) {
            continue;
        }
        if let Some(left) = room.checked_sub(2 + value.len()) {
            message.push(code, value);
            room = left;
        }
    }
    echo(&mut message, ask.message, OptionCode::RELAY_AGENT_INFORMATION);
    let destination = destination(ask, address);
    let policy = EmitPolicy { max_size: MIN_MESSAGE, ..EmitPolicy::default() };
    Reply { message, destination, address: Some(address), requested: Vec::new(), policy, delay: Duration::ZERO }
}

/// The ACK of an INFORM: parameters without an address and its times (RFC 2131 §4.3.5).
pub(super) fn inform_reply(ask: &Ask<'_>, scope: &Scope, client: Ipv4Addr) -> Reply {
    let mut message = start(MessageType::ACK, ask);
    message.ciaddr = ask.message.ciaddr();
    let address = (!client.is_unspecified()).then_some(client);
    let destination =
        address.map_or(Destination::Broadcast, |client| Destination::Unicast(SocketAddrV4::new(client, CLIENT_PORT)));
    finish(message, ask, Some((scope, scope.reservation(ask))), destination, address)
}

/// A refusal, with a sentence for whoever reads the capture.
pub(super) fn nak_reply(ask: &Ask<'_>, why: &str) -> Reply {
    let mut message = start(MessageType::NAK, ask);
    message.push(OptionCode::MESSAGE, why.as_bytes());
    let destination = if ask.is_relayed() {
        // §4.3.2: the relay must broadcast it, for the client may have no right address to be reached at.
        message.set_broadcast(true);
        relay(ask)
    } else {
        // RFC 2131 §4.1: "In all cases, when 'giaddr' is zero, the server broadcasts any DHCPNAK messages".
        Destination::Broadcast
    };
    finish(message, ask, None, destination, None)
}

/// T1 and T2 (RFC 2131 §4.4.5: 0.5 and 0.875 of the lease), strictly ascending.
const fn renewal_times(lease_time: u32) -> (u32, u32) {
    (lease_time / 2, lease_time - lease_time / 8 - 1)
}

fn start(kind: MessageType, ask: &Ask<'_>) -> Message {
    let mut message = Message::reply_to(ask.message);
    message.push(OptionCode::MESSAGE_TYPE, &[kind.0]);
    message.push(OptionCode::SERVER_IDENTIFIER, &ask.server_id.octets());
    message
}

fn finish(
    mut message: Message,
    ask: &Ask<'_>,
    told: Option<(&Scope, Option<&Reservation>)>,
    destination: Destination,
    address: Option<Ipv4Addr>,
) -> Reply {
    let request = ask.message;
    let requested: Vec<OptionCode> = request
        .get(OptionCode::PARAMETER_REQUEST_LIST)
        .map(|list| list.iter().copied().map(OptionCode).collect())
        .unwrap_or_default();
    if let Some((scope, own)) = told {
        push_parameters(&mut message, &requested, &scope.parameters, own);
    }
    for code in [OptionCode::CLIENT_IDENTIFIER, OptionCode::SUBNET_SELECTION, OptionCode::RELAY_AGENT_INFORMATION] {
        echo(&mut message, request, code);
    }
    let policy = EmitPolicy::for_reply(request);
    Reply { message, destination, address, requested, policy, delay: Duration::ZERO }
}

/// Piece by piece: what came split stays split, and what came empty stays empty.
fn echo(message: &mut Message, request: &MessageRef<'_>, code: OptionCode) {
    for (code, value) in request.options().filter(|(found, _)| *found == code) {
        message.push(code, value);
    }
}

/// The options that a client gets if it asks for them, in its order; all of them, if it asks for nothing in
/// particular. The client's own come before those of its subnet.
fn push_parameters(
    message: &mut Message,
    requested: &[OptionCode],
    parameters: &Parameters,
    own: Option<&Reservation>,
) {
    let known = own
        .into_iter()
        .flat_map(own_options)
        .chain(parameters.options.iter().map(|(code, value)| (*code, value.as_slice())));
    if requested.is_empty() {
        for (code, value) in known {
            push_once(message, code, value);
        }
        return;
    }
    let link = parameters.link.iter().map(|(code, value)| (*code, value.as_slice()));
    let known = known.chain(link);
    for wanted in requested {
        if let Some((code, value)) = known.clone().find(|(code, _)| code == wanted) {
            push_once(message, code, value);
        }
    }
}

fn own_options(own: &Reservation) -> impl Iterator<Item = (OptionCode, &[u8])> + Clone {
    let hostname = own.hostname.iter().map(|name| (OptionCode::HOST_NAME, name.as_bytes()));
    hostname.chain(own.options.iter().map(|(code, value)| (*code, value.as_slice())))
}

/// A list may name an option twice, and a client's option stands before the subnet's.
fn push_once(message: &mut Message, code: OptionCode, value: &[u8]) {
    if !has(message, code) {
        message.push(code, value);
    }
}

fn has(message: &Message, code: OptionCode) -> bool {
    message.options().any(|(there, _)| there == code)
}

/// Where a reply with an address goes (RFC 2131 §4.1).
fn destination(ask: &Ask<'_>, address: Ipv4Addr) -> Destination {
    let (request, hardware) = (ask.message, ask.message.hardware_address());
    if ask.is_relayed() {
        relay(ask)
    } else if !request.ciaddr().is_unspecified() {
        Destination::Unicast(SocketAddrV4::new(request.ciaddr(), CLIENT_PORT))
    } else if request.broadcast() || !hardware.is_identifying() {
        Destination::Broadcast
    } else {
        Destination::Hardware { address, hardware }
    }
}

/// RFC 8357 §5.2: the port that the relay sent from, if it says that it listens there.
const fn relay(ask: &Ask<'_>) -> Destination {
    let port = if ask.agent.source_port { ask.from.source.port() } else { SERVER_PORT };
    Destination::Relay(SocketAddrV4::new(ask.message.giaddr(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t1_t2_and_the_lease_ascend() {
        for lease in (10..5000).chain([86_400, u32::MAX - 1, u32::MAX]) {
            let (t1, t2) = renewal_times(lease);
            assert!(0 < t1 && t1 < t2 && t2 < lease, "{t1} {t2} {lease}");
        }
    }
}
