//! Building replies: what is in them, and where they go.
//!
//! RFC 2131 §4.1 (destination) and §4.3.1 table 3 (fields and options), RFC 3046 §2.2 (82 is echoed), RFC 6842 (61 is
//! echoed), RFC 2132 §9.8 (parameter request list), §9.10 (maximum size).

use std::net::{Ipv4Addr, SocketAddrV4};

use super::{
    config::Subnet,
    decision::{Destination, Reply},
};
use crate::{EmitPolicy, Message, MessageRef, MessageType, OptionCode};

const CLIENT_PORT: u16 = 68;
const SERVER_PORT: u16 = 67;
/// What every client takes: an IP datagram of 576 bytes (RFC 2131 §2), without the headers of IP and UDP.
const MIN_MESSAGE: usize = 576 - IP_UDP;
/// What fits into an Ethernet frame, whatever more the client says.
const MAX_MESSAGE: usize = 1500 - IP_UDP;
const IP_UDP: usize = 28;

/// A reply that carries an address: OFFER or ACK.
pub(super) fn lease_reply(
    kind: MessageType,
    request: &MessageRef<'_>,
    subnet: &Subnet,
    server_id: Ipv4Addr,
    address: Ipv4Addr,
) -> Reply {
    let mut message = start(kind, request, server_id);
    message.yiaddr = address;
    if kind == MessageType::ACK {
        message.ciaddr = request.ciaddr();
    }
    let (t1, t2) = renewal_times(subnet.lease_time);
    message.push(OptionCode::LEASE_TIME, &subnet.lease_time.to_be_bytes());
    message.push(OptionCode::RENEWAL_TIME, &t1.to_be_bytes());
    message.push(OptionCode::REBINDING_TIME, &t2.to_be_bytes());
    message.push(OptionCode::SUBNET_MASK, &subnet.mask().octets());
    message.push(OptionCode::BROADCAST_ADDRESS, &subnet.broadcast().octets());
    let destination = destination(request, address);
    finish(message, request, Some(subnet), destination, Some(address))
}

/// The ACK of an INFORM: parameters without an address and its times (RFC 2131 §4.3.5).
pub(super) fn inform_reply(request: &MessageRef<'_>, subnet: &Subnet, server_id: Ipv4Addr, client: Ipv4Addr) -> Reply {
    let mut message = start(MessageType::ACK, request, server_id);
    message.ciaddr = request.ciaddr();
    let destination = if client.is_unspecified() {
        Destination::Broadcast
    } else {
        Destination::Unicast(SocketAddrV4::new(client, CLIENT_PORT))
    };
    let address = (!client.is_unspecified()).then_some(client);
    finish(message, request, Some(subnet), destination, address)
}

/// A refusal, with a sentence for whoever reads the capture.
pub(super) fn nak_reply(request: &MessageRef<'_>, server_id: Ipv4Addr, why: &str) -> Reply {
    let mut message = start(MessageType::NAK, request, server_id);
    message.push(OptionCode::MESSAGE, why.as_bytes());
    let destination = if request.giaddr().is_unspecified() {
        // RFC 2131 §4.1: "In all cases, when 'giaddr' is zero, the server broadcasts any DHCPNAK messages".
        Destination::Broadcast
    } else {
        // §4.3.2: the relay must broadcast it, for the client may have no right address to be reached at.
        message.set_broadcast(true);
        relay(request)
    };
    finish(message, request, None, destination, None)
}

/// T1 and T2 (RFC 2131 §4.4.5: 0.5 and 0.875 of the lease), strictly ascending.
const fn renewal_times(lease_time: u32) -> (u32, u32) {
    (lease_time / 2, lease_time - lease_time / 8 - 1)
}

fn start(kind: MessageType, request: &MessageRef<'_>, server_id: Ipv4Addr) -> Message {
    let mut message = Message::reply_to(request);
    message.push(OptionCode::MESSAGE_TYPE, &[kind.0]);
    message.push(OptionCode::SERVER_IDENTIFIER, &server_id.octets());
    message
}

fn finish(
    mut message: Message,
    request: &MessageRef<'_>,
    subnet: Option<&Subnet>,
    destination: Destination,
    address: Option<Ipv4Addr>,
) -> Reply {
    let requested: Vec<OptionCode> = request
        .get(OptionCode::PARAMETER_REQUEST_LIST)
        .map(|list| list.iter().copied().map(OptionCode).collect())
        .unwrap_or_default();
    if let Some(subnet) = subnet {
        push_optional(&mut message, &requested, subnet);
    }
    if let Some(id) = request.get(OptionCode::CLIENT_IDENTIFIER) {
        message.push(OptionCode::CLIENT_IDENTIFIER, &id);
    }
    // Piece by piece: what the relay split stays split, and what it left empty stays empty.
    for (code, value) in request.options().filter(|(code, _)| *code == OptionCode::RELAY_AGENT_INFORMATION) {
        message.push(code, value);
    }
    Reply { message, destination, address, requested, policy: policy(request) }
}

/// The options that a client gets if it asks for them, in its order; all of them, if it asks for nothing in
/// particular.
fn push_optional(message: &mut Message, requested: &[OptionCode], subnet: &Subnet) {
    const ALL: [OptionCode; 4] =
        [OptionCode::ROUTERS, OptionCode::DNS_SERVERS, OptionCode::DOMAIN_NAME, OptionCode::NTP_SERVERS];
    for &code in if requested.is_empty() { &ALL } else { requested } {
        // A list may name an option twice.
        if message.options().any(|(there, _)| there == code) {
            continue;
        }
        match code {
            OptionCode::SUBNET_MASK => message.push(code, &subnet.mask().octets()),
            OptionCode::BROADCAST_ADDRESS => message.push(code, &subnet.broadcast().octets()),
            OptionCode::ROUTERS if !subnet.routers.is_empty() => message.push_addresses(code, &subnet.routers),
            OptionCode::DNS_SERVERS if !subnet.dns_servers.is_empty() => {
                message.push_addresses(code, &subnet.dns_servers);
            }
            OptionCode::NTP_SERVERS if !subnet.ntp_servers.is_empty() => {
                message.push_addresses(code, &subnet.ntp_servers);
            }
            OptionCode::DOMAIN_NAME => {
                if let Some(name) = &subnet.domain_name {
                    message.push(code, name.as_bytes());
                }
            }
            _ => {}
        }
    }
}

fn policy(request: &MessageRef<'_>) -> EmitPolicy {
    let max_size = request
        .first(OptionCode::MAX_MESSAGE_SIZE)
        .and_then(|value| <[u8; 2]>::try_from(value).ok())
        .map_or(MIN_MESSAGE, |size| usize::from(u16::from_be_bytes(size)).saturating_sub(IP_UDP))
        .clamp(MIN_MESSAGE, MAX_MESSAGE);
    EmitPolicy { max_size, terminate_names: true, ..EmitPolicy::default() }
}

/// Where an OFFER or ACK goes (RFC 2131 §4.1).
fn destination(request: &MessageRef<'_>, address: Ipv4Addr) -> Destination {
    let hardware = request.hardware_address();
    if !request.giaddr().is_unspecified() {
        relay(request)
    } else if !request.ciaddr().is_unspecified() {
        Destination::Unicast(SocketAddrV4::new(request.ciaddr(), CLIENT_PORT))
    } else if request.broadcast() || !hardware.is_identifying() {
        Destination::Broadcast
    } else {
        Destination::Hardware { address, hardware }
    }
}

const fn relay(request: &MessageRef<'_>) -> Destination {
    Destination::Relay(SocketAddrV4::new(request.giaddr(), SERVER_PORT))
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
