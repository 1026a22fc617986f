//! The request port: taking it, and saying why it cannot be taken.
#![expect(clippy::disallowed_types, reason = "the driver's side: sockets are its business")]

use std::io;
use std::net::{SocketAddr, UdpSocket};

/// A port for one server.
pub(super) fn alone(address: SocketAddr) -> io::Result<UdpSocket> {
    UdpSocket::bind(address).map_err(|error| explain(address, &error))
}

/// A port for all servers that take it so.
#[cfg(target_os = "linux")]
pub(super) fn shared(address: SocketAddr) -> io::Result<UdpSocket> {
    use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, socket_with, sockopt};
    let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let open = || {
        let socket = socket_with(family, SocketType::DGRAM, SocketFlags::CLOEXEC, None)?;
        sockopt::set_socket_reuseport(&socket, true)?;
        bind(&socket, &address)?;
        Ok(socket.into())
    };
    open().map_err(|error: rustix::io::Errno| explain(address, &error.into()))
}

fn explain(address: SocketAddr, error: &io::Error) -> io::Error {
    let what = match error.kind() {
        io::ErrorKind::AddrInUse => "another program uses this port".to_owned(),
        io::ErrorKind::PermissionDenied => "no right to use this port".to_owned(),
        io::ErrorKind::AddrNotAvailable => "no interface has this address".to_owned(),
        _ => error.to_string(),
    };
    let (ip, port) = (address.ip(), address.port());
    io::Error::new(error.kind(), format!("cannot listen for TFTP on {ip}, UDP port {port}: {what}"))
}
