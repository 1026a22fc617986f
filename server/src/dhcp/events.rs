//! Packets as the journal tells of them.

use std::io;
use std::net::SocketAddrV4;

use firstlight_dhcp::server::Reply;
use firstlight_dhcp::{MessageRef, MessageType};
use serde_json::{Value, json};

use super::{identify, mac};
use crate::model::NewEvent;

/// What a client wanted, and who it says it is.
pub(super) fn requested(request: &MessageRef<'_>, source: SocketAddrV4) -> NewEvent {
    let kind = match request.message_type() {
        Some(MessageType::DISCOVER) => "dhcp.discover",
        Some(MessageType::REQUEST) => "dhcp.request",
        Some(MessageType::DECLINE) => "dhcp.decline",
        Some(MessageType::RELEASE) => "dhcp.release",
        Some(MessageType::INFORM) => "dhcp.inform",
        _ => "dhcp.other",
    };
    let client = identify(request);
    let who = client.as_ref().map(|client| format!(" ({})", client.architecture)).unwrap_or_default();
    let what = request.message_type().map_or_else(|| "BOOTP".to_owned(), |kind| kind.to_string());
    let mut details = json!({
        "xid": request.xid(), "source": source.to_string(), "giaddr": request.giaddr(), "secs": request.secs(),
    });
    if let Some(client) = &client {
        details["stage"] = json!(format!("{:?}", client.stage));
        details["architecture"] = json!(client.architecture.to_string());
        details["uuid"] = json!(client.uuid.map(|uuid| uuid.to_string()));
        details["why"] = client.explanation.facts().map(str::to_owned).collect::<Vec<_>>().into();
    }
    NewEvent::now(kind, format!("{what} from {}{who}", request.hardware_address())).mac(mac(request)).details(details)
}

/// What the server answered.
pub(super) fn replied(request: &MessageRef<'_>, reply: &Reply) -> NewEvent {
    let (kind, word) = match reply.message.message_type() {
        Some(MessageType::OFFER) => ("dhcp.offer", "OFFER"),
        Some(MessageType::NAK) => ("dhcp.nak", "NAK"),
        _ => ("dhcp.ack", "ACK"),
    };
    let file = reply.message.file();
    let file = String::from_utf8_lossy(file.split(|byte| *byte == 0).next().unwrap_or_default()).into_owned();
    let address = reply.address.map(|address| format!(" of {address}")).unwrap_or_default();
    let boot = if file.is_empty() { String::new() } else { format!(", boot file {file}") };
    let boot_file = if file.is_empty() { Value::Null } else { Value::String(file) };
    NewEvent::now(kind, format!("{word}{address} to {}{boot}", request.hardware_address())).mac(mac(request)).details(
        json!({
            "xid": request.xid(), "address": reply.address, "boot_file": boot_file,
            "destination": format!("{:?}", reply.destination),
        }),
    )
}

pub(super) fn unsent(request: &MessageRef<'_>, error: &io::Error) -> NewEvent {
    let message = format!("the answer to {} could not be sent: {error}", request.hardware_address());
    NewEvent::now("dhcp.failed", message).mac(mac(request))
}
