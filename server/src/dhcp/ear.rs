//! A port on an interface: what was sent there, to which address, and answers from that address.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::Ipv4Addr;
use std::os::fd::AsRawFd;
use std::sync::Arc;

use firstlight_dhcp::server::Receipt;
use firstlight_pxe::discovery::Reply;
use nix::cmsg_space;
use nix::libc::{in_addr, in_pktinfo};
use nix::sys::socket::sockopt::Ipv4PacketInfo;
use nix::sys::socket::{ControlMessage, ControlMessageOwned, MsgFlags, SockaddrIn, recvmsg, sendmsg, setsockopt};
use tokio::io::Interest;
use tokio::net::UdpSocket;
use tokio::sync::Semaphore;

use crate::journal::Journal;
use crate::model::{Mac, NewEvent};
use crate::subnets::Interface;

/// Answers held back at a time. More than these leave at once, which most machines can live with.
const MAX_DELAYED: usize = 1024;

pub(super) struct Ear {
    socket: Arc<UdpSocket>,
    pub(super) port: u16,
    /// The interface's.
    address: Ipv4Addr,
    delayed: Arc<Semaphore>,
}

impl Ear {
    pub(super) fn bind(interface: &Interface, port: u16) -> io::Result<Self> {
        let socket = super::bind(&interface.name, port)?;
        setsockopt(&socket, Ipv4PacketInfo, &true)?;
        let delayed = Arc::new(Semaphore::new(MAX_DELAYED));
        Ok(Self { socket: Arc::new(socket), port, address: interface.address, delayed })
    }

    /// A datagram's length, how it came in, and the address of this host that an answer comes from: the one that it was
    /// sent to, which may be another interface's, or this one's if it was broadcast.
    pub(super) async fn receive(&self, room: &mut [u8]) -> io::Result<(usize, Receipt, Ipv4Addr)> {
        let receive = || {
            let (mut control, mut slices) = (cmsg_space!(in_pktinfo), [IoSliceMut::new(room)]);
            let fd = self.socket.as_raw_fd();
            let message = recvmsg::<SockaddrIn>(fd, &mut slices, Some(&mut control), MsgFlags::MSG_DONTWAIT)?;
            let source = message.address.ok_or(io::ErrorKind::InvalidData)?;
            let receipt = Receipt::new(source.into(), self.address);
            let info = message.cmsgs()?.find_map(|message| match message {
                ControlMessageOwned::Ipv4PacketInfo(info) => Some(info),
                _ => None,
            });
            let Some(info) = info else { return Ok((message.bytes, receipt, self.address)) };
            let [sent_to, local] =
                [info.ipi_addr, info.ipi_spec_dst].map(|of| Ipv4Addr::from_bits(u32::from_be(of.s_addr)));
            let from = if sent_to == local { local } else { self.address };
            Ok((message.bytes, receipt.with_destination(sent_to), from))
        };
        self.socket.async_io(Interest::READABLE, receive).await
    }

    /// Sends an answer from an address of this host, in its time: nobody else waits for it.
    pub(super) async fn send(
        &self,
        datagram: Vec<u8>,
        from: Ipv4Addr,
        reply: Reply,
        mac: Option<Mac>,
        journal: &Journal,
    ) {
        let (socket, journal) = (self.socket.clone(), journal.clone());
        let send = async move {
            let sent = socket.async_io(Interest::WRITABLE, || emit(&socket, &datagram, from, reply.destination.into()));
            if let Err(error) = sent.await {
                let who = mac.map_or_else(|| "a machine".to_owned(), |mac| mac.to_string());
                let message = format!("the answer to {who} could not be sent: {error}");
                journal.note(NewEvent::now("dhcp.failed", message).mac(mac));
            }
        };
        match self.delayed.clone().try_acquire_owned() {
            Ok(slot) if !reply.answer.delay.is_zero() => {
                tokio::spawn(async move {
                    tokio::time::sleep(reply.answer.delay).await;
                    send.await;
                    drop(slot);
                });
            }
            _ => send.await,
        }
    }
}

fn emit(socket: &UdpSocket, datagram: &[u8], from: Ipv4Addr, to: SockaddrIn) -> io::Result<()> {
    let address = |address: Ipv4Addr| in_addr { s_addr: address.to_bits().to_be() };
    let source = in_pktinfo { ipi_ifindex: 0, ipi_spec_dst: address(from), ipi_addr: address(Ipv4Addr::UNSPECIFIED) };
    let control = [ControlMessage::Ipv4PacketInfo(&source)];
    sendmsg(socket.as_raw_fd(), &[IoSlice::new(datagram)], &control, MsgFlags::MSG_DONTWAIT, Some(&to))?;
    Ok(())
}
