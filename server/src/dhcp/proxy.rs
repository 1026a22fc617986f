//! Boot files for machines whose addresses come from another DHCP server: offers beside its own on port 67, and the boot
//! server on port 4011, which is also there where this server gives the addresses, for those who ask it.
//!
//! It gives no addresses and stores nothing. What is answered, and why not, is [`Responder`]'s to say.

use std::io;
use std::net::{IpAddr, SocketAddrV4};
use std::sync::Arc;
use std::time::Instant;

use firstlight_dhcp::server::Receipt;
use firstlight_dhcp::{EmitPolicy, Message, MessageRef, MessageType, OpCode, OptionCode};
use firstlight_pxe::discovery::{self, Cast, DHCP_PORT, Reply, Responder, Silence};
use firstlight_pxe::{Client, Policy, Quirks};
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::ear::Ear;
use super::events::requested;
use super::search::is_own;
use super::{identify, is_transient, mac};
use crate::boot::Boot;
use crate::config::DhcpMode;
use crate::journal::Journal;
use crate::meter::Meters;
use crate::model::NewEvent;
use crate::run::StartError;
use crate::subnets::Interface;

/// No client sends more than its Ethernet frame holds.
const DATAGRAM: usize = 2048;

/// Who is answered what.
pub(crate) struct Proxy {
    pub(crate) boot: Boot,
    pub(crate) journal: Journal,
}

impl Proxy {
    /// Binds a port on an interface and answers until `stopped`.
    pub(crate) fn spawn(
        self: &Arc<Self>,
        services: &mut JoinSet<Result<(), StartError>>,
        port: u16,
        interface: &Interface,
        meters: &Arc<Meters>,
        stopped: &watch::Receiver<bool>,
    ) -> Result<(), StartError> {
        let ear = Ear::bind(interface, port)
            .map_err(|error| StartError::port("proxyDHCP", IpAddr::V4(interface.address), port, &error))?;
        let (proxy, meters, mut stopped) = (self.clone(), meters.clone(), stopped.clone());
        services.spawn(async move {
            tokio::select! {
                ended = proxy.serve(&ear, &meters) => {
                    ended.map_err(|error| StartError::Ended { service: "proxyDHCP", reason: error.to_string() })
                }
                () = crate::run::stopped(&mut stopped) => Ok(()),
            }
        });
        Ok(())
    }

    async fn serve(&self, ear: &Ear, meters: &Meters) -> io::Result<()> {
        let mut room = [0; DATAGRAM];
        loop {
            let (len, receipt, from) = match ear.receive(&mut room).await {
                Ok(received) => received,
                // What an earlier answer met on its way, and a link that is down for a moment.
                Err(error) if is_transient(&error) => continue,
                Err(error) => return Err(error),
            };
            let arrived = Instant::now();
            let Ok(request) = MessageRef::parse(room.get(..len).unwrap_or_default()) else { continue };
            if let Some((datagram, reply)) = self.answer(&request, receipt, ear.port) {
                ear.send(datagram, from, reply, mac(&request), &self.journal).await;
                meters.dhcp.add(arrived.elapsed());
            }
        }
    }

    /// What a request is answered on a port.
    pub(crate) fn answer(&self, request: &MessageRef<'_>, receipt: Receipt, port: u16) -> Option<(Vec<u8>, Reply)> {
        if request.op() != OpCode::REQUEST || is_own(request, receipt) {
            return None;
        }
        let source = receipt.source;
        let responder = Responder::new(self.policy(request, receipt));
        let responder = match self.boot.subnets().of_request(request, receipt).map(|subnet| subnet.mode) {
            Some(DhcpMode::Proxy) => responder,
            Some(DhcpMode::Authoritative) => responder.without_offers(),
            Some(DhcpMode::Off) => return None,
            None => {
                let link = receipt.link(request);
                self.silent(request, source, &format!("{link} is in none of the subnets: add its own to dhcp.subnets"));
                return None;
            }
        };
        let is_relayed = !request.giaddr().is_unspecified();
        let arrival = discovery::Receipt {
            port,
            cast: if port == DHCP_PORT && !is_relayed { Cast::Broadcast } else { Cast::Unicast },
            source,
            mac: request.hardware_address().mac(),
            ciaddr: request.ciaddr(),
            giaddr: request.giaddr(),
        };
        let quirks = identify(request).map(|client| self.terms(request, receipt, &client).1).unwrap_or_default();
        match responder.handle_with(&arrival, &quirks, |code| request.get(OptionCode(code))) {
            Ok(reply) => {
                self.journal.note(requested(request, source));
                let datagram = emit(request, &reply);
                self.journal.note(told(request, &reply, port));
                datagram.map(|datagram| (datagram, reply))
            }
            // Everybody's search for an address is heard here, and is nobody's business.
            Err(Silence::NotBooting | Silence::AddressRequest | Silence::NoProxy | Silence::Message { .. }) => None,
            Err(why) => {
                self.silent(request, source, &why.to_string());
                None
            }
        }
    }

    /// The addresses that a client's answer names, and what it needs that others do not.
    pub(crate) fn terms(&self, request: &MessageRef<'_>, receipt: Receipt, client: &Client) -> (Policy, Quirks) {
        let subnet = self.boot.subnets().of_request(request, receipt);
        (self.policy(request, receipt), self.boot.quirks(subnet, request.hardware_address().mac(), client))
    }

    fn policy(&self, request: &MessageRef<'_>, receipt: Receipt) -> Policy {
        let subnets = self.boot.subnets();
        Policy { server: subnets.server_for(subnets.of_request(request, receipt), receipt), ..*self.boot.policy() }
    }

    fn silent(&self, request: &MessageRef<'_>, source: SocketAddrV4, why: &str) {
        self.journal.note(requested(request, source));
        let message = format!("no answer to {}: {why}", request.hardware_address());
        self.journal.note(NewEvent::now("dhcp.silence", message).mac(mac(request)));
    }
}

fn emit(request: &MessageRef<'_>, reply: &Reply) -> Option<Vec<u8>> {
    let mut message = Message::reply_to(request);
    if !reply.is_offer {
        message.ciaddr = request.ciaddr();
    }
    message.siaddr = reply.answer.siaddr;
    let named = message.set_sname(reply.answer.sname.as_bytes()).and(message.set_file(reply.answer.file.as_bytes()));
    for (code, value) in &reply.answer.options {
        message.push(OptionCode(*code), value);
    }
    let mut datagram = Vec::new();
    let emitted = message.emit(&EmitPolicy::for_reply(request), &mut datagram);
    if named.is_err() || emitted.is_err() {
        tracing::error!("the boot options for {} do not fit into a DHCP message", request.hardware_address());
        return None;
    }
    Some(datagram)
}

fn told(request: &MessageRef<'_>, reply: &Reply, port: u16) -> NewEvent {
    let (kind, word) = if reply.is_offer { ("dhcp.proxy-offer", "OFFER") } else { ("dhcp.boot-server", "ACK") };
    let file = &reply.answer.file;
    let boot = if file.is_empty() { String::from("ask port 4011") } else { format!("boot file {file}") };
    let message = format!("{word} without an address to {}: {boot}", request.hardware_address());
    NewEvent::now(kind, message).mac(mac(request)).details(json!({
        "xid": request.xid(), "boot_file": file, "port": port, "destination": reply.destination.to_string(),
        "type": request.message_type().map(|kind: MessageType| kind.to_string()),
        "why": reply.answer.explanation.facts().map(str::to_owned).collect::<Vec<_>>(),
    }))
}
