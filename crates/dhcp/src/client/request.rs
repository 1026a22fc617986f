//! What a client sends: RFC 2131 §4.4.1, table 5.

use core::{net::Ipv4Addr, time::Duration};

use super::{
    config::Config,
    event::Transmit,
    exchange::Exchange,
    lease::{Lease, Offer},
};
use crate::{Message, MessageType, OptionCode};

pub(super) fn discover(config: &Config, exchange: &Exchange, now: Duration, last: Option<Ipv4Addr>) -> Transmit {
    let mut message = asking(config, MessageType::DISCOVER, exchange, now);
    if let Some(address) = last {
        message.push(OptionCode::REQUESTED_ADDRESS, &address.octets());
    }
    if config.rapid_commit {
        message.push(OptionCode::RAPID_COMMIT, &[]);
    }
    broadcast(message)
}

/// "DHCPREQUEST generated during SELECTING state: Client inserts the address of the selected server in 'server identifier',
/// 'ciaddr' MUST be zero, 'requested IP address' MUST be filled in with the yiaddr value from the chosen DHCPOFFER."
/// (§4.3.2)
pub(super) fn selecting(config: &Config, exchange: &Exchange, now: Duration, offer: &Offer) -> Transmit {
    let mut message = asking(config, MessageType::REQUEST, exchange, now);
    message.push(OptionCode::REQUESTED_ADDRESS, &offer.address.octets());
    message.push(OptionCode::SERVER_IDENTIFIER, &offer.server.octets());
    broadcast(message)
}

/// "DHCPREQUEST generated during INIT-REBOOT state: 'server identifier' MUST NOT be filled in, 'requested IP address' option
/// MUST be filled in with client's notion of its previously assigned address. 'ciaddr' MUST be zero." (§4.3.2)
pub(super) fn rebooting(config: &Config, exchange: &Exchange, now: Duration, address: Ipv4Addr) -> Transmit {
    let mut message = asking(config, MessageType::REQUEST, exchange, now);
    message.push(OptionCode::REQUESTED_ADDRESS, &address.octets());
    broadcast(message)
}

/// "'server identifier' MUST NOT be filled in, 'requested IP address' option MUST NOT be filled in, 'ciaddr' MUST be filled
/// in with client's IP address." (§4.3.2, RENEWING and REBINDING)
pub(super) fn extending(
    config: &Config,
    exchange: &Exchange,
    now: Duration,
    lease: &Lease,
    destination: Ipv4Addr,
) -> Transmit {
    let mut message = asking(config, MessageType::REQUEST, exchange, now);
    message.ciaddr = lease.address;
    // It can receive unicast now.
    message.set_broadcast(false);
    Transmit { message, source: lease.address, destination }
}

pub(super) fn decline(config: &Config, xid: u32, address: Ipv4Addr, server: Ipv4Addr) -> Transmit {
    let mut message = giving_up(config, MessageType::DECLINE, xid, server);
    message.push(OptionCode::REQUESTED_ADDRESS, &address.octets());
    broadcast(message)
}

pub(super) fn release(config: &Config, xid: u32, address: Ipv4Addr, server: Ipv4Addr) -> Transmit {
    let mut message = giving_up(config, MessageType::RELEASE, xid, server);
    message.ciaddr = address;
    Transmit { message, source: address, destination: server }
}

fn asking(config: &Config, kind: MessageType, exchange: &Exchange, now: Duration) -> Message {
    let mut message = Message::request(config.hardware_address, exchange.xid);
    message.secs = exchange.secs(now);
    message.set_broadcast(config.broadcast);
    message.push(OptionCode::MESSAGE_TYPE, &[kind.0]);
    for (code, value) in &config.options {
        message.push(*code, value);
    }
    message.push(OptionCode::MAX_MESSAGE_SIZE, &config.max_message_size.max(576).to_be_bytes());
    let requested: alloc::vec::Vec<u8> = config.requested.iter().map(|code| code.0).collect();
    if !requested.is_empty() {
        message.push(OptionCode::PARAMETER_REQUEST_LIST, &requested);
    }
    message
}

/// Of the client's own options, DECLINE and RELEASE may have the identifier alone.
fn giving_up(config: &Config, kind: MessageType, xid: u32, server: Ipv4Addr) -> Message {
    let mut message = Message::request(config.hardware_address, xid);
    message.push(OptionCode::MESSAGE_TYPE, &[kind.0]);
    if let Some(id) = config.client_id() {
        message.push(OptionCode::CLIENT_IDENTIFIER, id);
    }
    message.push(OptionCode::SERVER_IDENTIFIER, &server.octets());
    message
}

const fn broadcast(message: Message) -> Transmit {
    Transmit { message, source: Ipv4Addr::UNSPECIFIED, destination: Ipv4Addr::BROADCAST }
}
