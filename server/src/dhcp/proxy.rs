//! Boot files for machines whose addresses come from another DHCP server: offers beside its own on port 67, and the boot
//! server on port 4011, which is also there where this server gives the addresses, for those who ask it.
//!
//! It gives no addresses and stores nothing. What is answered, and why not, is [`Responder`]'s to say.

use std::io;
use std::net::{IpAddr, SocketAddr, SocketAddrV4};
use std::sync::Arc;
use std::time::Instant;

use firstlight_dhcp::{EmitPolicy, Message, MessageRef, MessageType, OpCode, OptionCode};
use firstlight_pxe::discovery::{BOOT_SERVER_PORT, Cast, DHCP_PORT, Receipt, Reply, Responder, Silence};
use serde_json::json;
use tokio::net::UdpSocket;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::{identify, is_transient, mac, requested};
use crate::boot::Boot;
use crate::journal::Journal;
use crate::meter::Meters;
use crate::model::NewEvent;
use crate::network::Link;
use crate::run::StartError;

/// No client sends more than its Ethernet frame holds.
const DATAGRAM: usize = 2048;

/// Which ports are answered.
pub(crate) struct Proxy {
    pub(crate) responder: Responder,
    /// What single machines need.
    pub(crate) boot: Boot,
    /// Offers on port 67, too.
    pub(crate) offers: bool,
    pub(crate) journal: Journal,
    pub(crate) meters: Arc<Meters>,
}

impl Proxy {
    /// Binds the ports and answers until `stopped`.
    pub(crate) fn spawn(
        self,
        services: &mut JoinSet<Result<(), StartError>>,
        interface: &str,
        link: Link,
        stopped: &watch::Receiver<bool>,
    ) -> Result<(), StartError> {
        let shared = Arc::new(self);
        let ports: &[u16] = if shared.offers { &[DHCP_PORT, BOOT_SERVER_PORT] } else { &[BOOT_SERVER_PORT] };
        for &port in ports {
            let socket = super::bind(interface, port)
                .map_err(|error| StartError::port("proxyDHCP", IpAddr::V4(link.address), port, &error))?;
            let (proxy, mut stopped) = (shared.clone(), stopped.clone());
            services.spawn(async move {
                tokio::select! {
                    ended = proxy.serve(&socket, port) => {
                        ended.map_err(|error| StartError::Ended { service: "proxyDHCP", reason: error.to_string() })
                    }
                    () = crate::run::stopped(&mut stopped) => Ok(()),
                }
            });
        }
        Ok(())
    }

    async fn serve(&self, socket: &UdpSocket, port: u16) -> io::Result<()> {
        let mut room = [0; DATAGRAM];
        loop {
            let (len, source) = match socket.recv_from(&mut room).await {
                Ok((len, SocketAddr::V4(source))) => (len, source),
                Ok((_, SocketAddr::V6(_))) => continue,
                // What an earlier answer met on its way, and a link that is down for a moment.
                Err(error) if is_transient(&error) => continue,
                Err(error) => return Err(error),
            };
            let arrived = Instant::now();
            let Ok(request) = MessageRef::parse(room.get(..len).unwrap_or_default()) else { continue };
            if let Some((datagram, reply)) = self.answer(&request, source, port) {
                if !reply.answer.delay.is_zero() {
                    tokio::time::sleep(reply.answer.delay).await;
                }
                if let Err(error) = socket.send_to(&datagram, reply.destination).await {
                    let message = format!("the answer to {} could not be sent: {error}", request.hardware_address());
                    self.journal.note(NewEvent::now("dhcp.failed", message).mac(mac(&request)));
                }
                self.meters.dhcp.add(arrived.elapsed());
            }
        }
    }

    fn answer(&self, request: &MessageRef<'_>, source: SocketAddrV4, port: u16) -> Option<(Vec<u8>, Reply)> {
        if request.op() != OpCode::REQUEST {
            return None;
        }
        let is_relayed = !request.giaddr().is_unspecified();
        let receipt = Receipt {
            port,
            cast: if port == DHCP_PORT && !is_relayed { Cast::Broadcast } else { Cast::Unicast },
            source,
            mac: request.hardware_address().mac(),
            ciaddr: request.ciaddr(),
            giaddr: request.giaddr(),
        };
        let quirks = identify(request).map(|client| self.boot.quirks(receipt.mac, &client)).unwrap_or_default();
        match self.responder.handle_with(&receipt, &quirks, |code| request.get(OptionCode(code))) {
            Ok(reply) => {
                self.journal.note(requested(request, source));
                let datagram = emit(request, &reply);
                self.journal.note(told(request, &reply, port));
                datagram.map(|datagram| (datagram, reply))
            }
            // Everybody's search for an address is heard here, and is nobody's business.
            Err(Silence::NotBooting | Silence::AddressRequest | Silence::NoProxy | Silence::Message { .. }) => None,
            Err(why) => {
                self.journal.note(requested(request, source));
                let message = format!("no answer to {}: {why}", request.hardware_address());
                self.journal.note(NewEvent::now("dhcp.silence", message).mac(mac(request)));
                None
            }
        }
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
