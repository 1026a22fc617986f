//! The server's side: one packet, one answer or one reason for silence.

use std::borrow::Cow;
use std::net::{Ipv4Addr, SocketAddrV4};

use super::{BOOT_SERVER_PORT, CLIENT_PORT, Cast, DHCP_PORT, Menu, Receipt, Service};
use crate::decide::{boot_server, name_file};
use crate::{Answer, BootItem, Client, Firmware, NoAnswer, Policy, Quirks, Role, Stage, decide_with};

/// Option codes and message types (RFC 2132 §9.6).
mod code {
    pub(super) const VENDOR_OPTIONS: u8 = 43;
    pub(super) const MESSAGE_TYPE: u8 = 53;
    pub(super) const SERVER_ID: u8 = 54;
    pub(super) const RELAY_AGENT: u8 = 82;
    pub(super) const DISCOVER: u8 = 1;
    pub(super) const OFFER: u8 = 2;
    pub(super) const REQUEST: u8 = 3;
    pub(super) const ACK: u8 = 5;
    pub(super) const INFORM: u8 = 8;
}

/// A proxy and boot server beside the DHCP server that gives the addresses.
///
/// ```
/// use std::borrow::Cow;
/// use std::net::Ipv4Addr;
/// use firstlight_pxe::Policy;
/// use firstlight_pxe::discovery::{Cast, Receipt, Responder};
///
/// let responder = Responder::new(Policy { server: Ipv4Addr::new(10, 0, 0, 1), http_port: 80 });
/// let machine = Ipv4Addr::new(10, 0, 0, 100);
/// let request = |code| match code {
///     53 => Some(Cow::Borrowed(&[3][..])),
///     60 => Some(Cow::Borrowed(&b"PXEClient:Arch:00007:UNDI:003016"[..])),
///     _ => None,
/// };
/// let receipt = Receipt {
///     port: 4011,
///     cast: Cast::Unicast,
///     source: "10.0.0.100:4011".parse().unwrap(),
///     mac: None,
///     ciaddr: machine,
///     giaddr: Ipv4Addr::UNSPECIFIED,
/// };
/// let reply = responder.handle(&receipt, request).unwrap();
/// assert_eq!(reply.answer.file, "bootx64.efi");
/// assert_eq!(reply.destination, receipt.source);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Responder {
    policy: Policy,
    offers: bool,
    menu: Option<Menu>,
}

/// What to send.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reply {
    /// The header's `siaddr` and `file`, and *every* option: 53 first, 54, and 82 last.
    pub answer: Answer,
    /// Our port, from which it is sent.
    pub source_port: u16,
    /// Where it is sent; 255.255.255.255 is a broadcast.
    pub destination: SocketAddrV4,
    /// True for an OFFER, false for an ACK.
    pub is_offer: bool,
}

/// Why a packet is not answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Silence {
    /// Not one of the two ports.
    #[error("port {0} is neither 67 nor 4011")]
    Port(u16),
    /// An operating system's DHCP client.
    #[error("the client does not boot over the network")]
    NotBooting,
    /// No answer exists.
    #[error(transparent)]
    NoAnswer(#[from] NoAnswer),
    /// A message that is the DHCP server's to answer, or nobody's.
    #[error("message type {message_type} on port {port} is not answered by a proxy")]
    Message {
        /// Option 53; 0 for BOOTP, which has none.
        message_type: u8,
        /// Our port.
        port: u16,
    },
    /// The DHCP server makes the offers itself.
    #[error("this server makes no proxy offers")]
    NoProxy,
    /// A REQUEST on port 67 without a boot item: somebody wants an address.
    #[error("a request for an address, which is the DHCP server's to answer")]
    AddressRequest,
    /// A REQUEST that names another server.
    #[error("the request is for server {0}")]
    OtherServer(Ipv4Addr),
    /// Clients were told not to look for servers in this way.
    #[error("{0} discovery is switched off")]
    CastOff(Cast),
    /// A type that is not ours.
    #[error("boot server type {0} is not served here")]
    UnknownItem(u16),
    /// A layer that the item does not have.
    #[error("boot server type {kind} has no layer {layer}")]
    UnknownLayer {
        /// The type.
        kind: u16,
        /// The layer.
        layer: u16,
    },
    /// Signed boot files (PXE 2.1 §2.2.7, boot integrity services) do not exist here.
    #[error("the client asks for credentials of boot server type {0}, and there are none")]
    Credentials(u16),
}

impl Responder {
    /// Makes proxy offers without a menu, and answers on port 4011.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        Self { policy, offers: true, menu: None }
    }

    /// Answers as a boot server only: somebody else, or our own DHCP server, makes the offers.
    #[must_use]
    pub fn without_offers(mut self) -> Self {
        self.offers = false;
        self
    }

    /// Shows BIOS ROMs a menu, and serves its items.
    #[must_use]
    pub fn with_menu(mut self, menu: Menu) -> Self {
        self.menu = Some(menu);
        self
    }

    /// The group in which boot servers are asked.
    #[must_use]
    pub fn multicast(&self) -> Option<Ipv4Addr> {
        self.menu.as_ref().and_then(Menu::multicast)
    }

    /// Answers a packet, or says why not. `option` gives an option's value by its code.
    ///
    /// The caller has seen that it is a BOOTREQUEST, fills in `xid`, `flags`, `chaddr` and the like from it, and leaves
    /// `yiaddr` 0: neither a proxy nor a boot server gives addresses.
    ///
    /// # Errors
    /// [`Silence`], which can be counted and shown.
    pub fn handle<'a>(
        &self,
        receipt: &Receipt,
        option: impl Fn(u8) -> Option<Cow<'a, [u8]>>,
    ) -> Result<Reply, Silence> {
        self.handle_with(receipt, &Quirks::default(), option)
    }

    /// The same for a machine that is known to need something else than others of its kind.
    ///
    /// # Errors
    /// As [`handle`](Self::handle).
    pub fn handle_with<'a>(
        &self,
        receipt: &Receipt,
        quirks: &Quirks,
        option: impl Fn(u8) -> Option<Cow<'a, [u8]>>,
    ) -> Result<Reply, Silence> {
        let message_type = option(code::MESSAGE_TYPE).and_then(|value| value.first().copied()).unwrap_or(0);
        let other = Silence::Message { message_type, port: receipt.port };
        let client = match receipt.mac {
            Some(mac) => Client::identify_with_mac(mac, &option),
            None => Client::identify(&option),
        };
        let client = client.ok_or(Silence::NotBooting)?;
        let (answer, is_offer) = match (receipt.port, message_type) {
            (DHCP_PORT, code::DISCOVER) => (self.offer(&client, quirks)?, true),
            (DHCP_PORT, code::REQUEST) => {
                let item = client.boot_item.ok_or(Silence::AddressRequest)?;
                self.named(&option)?;
                (self.boot_file(receipt.cast, &client, quirks, Some(item))?, false)
            }
            // Windows' loaders and some ROMs send an INFORM where PXE has a REQUEST.
            (BOOT_SERVER_PORT, code::REQUEST | code::INFORM) => {
                (self.boot_file(receipt.cast, &client, quirks, client.boot_item)?, false)
            }
            (DHCP_PORT | BOOT_SERVER_PORT, _) => return Err(other),
            (port, _) => return Err(Silence::Port(port)),
        };
        let destination = if is_offer { offer_destination(receipt) } else { ack_destination(receipt) };
        let answer = self.complete(answer, is_offer, option(code::RELAY_AGENT));
        Ok(Reply { answer, source_port: receipt.port, destination, is_offer })
    }

    fn offer(&self, client: &Client, quirks: &Quirks) -> Result<Answer, Silence> {
        if !self.offers {
            return Err(Silence::NoProxy);
        }
        let mut answer = decide_with(client, Role::ProxyOffer, &self.policy, quirks)?;
        if client.firmware == Firmware::Bios
            && client.stage == Stage::Firmware
            && let Some(menu) = &self.menu
            && let Some((_, value)) = answer.options.iter_mut().find(|(code, _)| *code == code::VENDOR_OPTIONS)
        {
            *value = menu.option_43().to_vec();
            answer.explanation.push("a BIOS ROM: with a boot menu");
        }
        Ok(answer)
    }

    /// Discovery is heard by every server on the network: what is not ours is left to others.
    fn boot_file(
        &self,
        cast: Cast,
        client: &Client,
        quirks: &Quirks,
        item: Option<BootItem>,
    ) -> Result<Answer, Silence> {
        let is_off = match (cast, &self.menu) {
            (Cast::Unicast, _) => false,
            (Cast::Broadcast, menu) => menu.as_ref().is_some_and(|menu| !menu.broadcast()),
            (Cast::Multicast, menu) => menu.as_ref().is_none_or(|menu| menu.multicast().is_none()),
        };
        if is_off {
            return Err(Silence::CastOff(cast));
        }
        // No item, and type 0, the bootstrap server: whatever is right for the client.
        let item = item.unwrap_or(BootItem { kind: 0, layer: 0 });
        if item.layer & BootItem::CREDENTIALS != 0 {
            return Err(Silence::Credentials(item.kind));
        }
        let service = match (item.kind, &self.menu) {
            (0, _) => &Service::Decided,
            (kind, Some(menu)) => &menu.item(kind).ok_or(Silence::UnknownItem(kind))?.service,
            (kind, None) => return Err(Silence::UnknownItem(kind)),
        };
        let no_layer = Silence::UnknownLayer { kind: item.kind, layer: item.layer };
        match service {
            Service::Decided if item.layer == 0 => Ok(decide_with(client, Role::BootServer, &self.policy, quirks)?),
            Service::Decided => Err(no_layer),
            Service::Files(files) => {
                let file = files.get(usize::from(item.layer)).ok_or(no_layer)?;
                if client.firmware == Firmware::Apple {
                    return Err(NoAnswer::AppleBsdp.into());
                }
                let mut answer = name_file(client, &self.policy, quirks, file, None, "a file from the boot menu");
                boot_server(client, &mut answer);
                Ok(answer)
            }
            Service::LocalDisk | Service::Elsewhere(_) => Err(Silence::UnknownItem(item.kind)),
        }
    }

    /// A broadcast REQUEST is heard by all: option 54 says whose it is.
    fn named<'a>(&self, option: &impl Fn(u8) -> Option<Cow<'a, [u8]>>) -> Result<(), Silence> {
        let named = option(code::SERVER_ID).and_then(|value| <[u8; 4]>::try_from(&*value).ok()).map(Ipv4Addr::from);
        match named {
            Some(server) if server != self.policy.server => Err(Silence::OtherServer(server)),
            _ => Ok(()),
        }
    }

    fn complete(&self, mut answer: Answer, is_offer: bool, relay_agent: Option<Cow<'_, [u8]>>) -> Answer {
        let message_type = if is_offer { code::OFFER } else { code::ACK };
        let mut options =
            vec![(code::MESSAGE_TYPE, vec![message_type]), (code::SERVER_ID, self.policy.server.octets().to_vec())];
        options.append(&mut answer.options);
        options.extend(relay_agent.map(|value| (code::RELAY_AGENT, value.into_owned())));
        Answer { options, ..answer }
    }
}

/// The client has no address yet, and this server gives it none: without a relay agent, everybody hears the offer.
fn offer_destination(receipt: &Receipt) -> SocketAddrV4 {
    if !receipt.giaddr.is_unspecified() {
        return SocketAddrV4::new(receipt.giaddr, DHCP_PORT);
    }
    SocketAddrV4::new(address_or_broadcast(receipt.ciaddr), CLIENT_PORT)
}

fn ack_destination(receipt: &Receipt) -> SocketAddrV4 {
    if receipt.port == DHCP_PORT {
        return offer_destination(receipt);
    }
    // 4011 in practice, 68 in some: the port that it asked from is the one that it listens on.
    let address = if receipt.source.ip().is_unspecified() { receipt.ciaddr } else { *receipt.source.ip() };
    SocketAddrV4::new(address_or_broadcast(address), receipt.source.port())
}

fn address_or_broadcast(address: Ipv4Addr) -> Ipv4Addr {
    if address.is_unspecified() { Ipv4Addr::BROADCAST } else { address }
}
