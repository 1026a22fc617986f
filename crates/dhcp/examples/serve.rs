//! A DHCP server for a lab link: `cargo run -p firstlight-dhcp --features tokio --example serve -- IF NETWORK/LEN A-B`.
//!
//! The server's address is the interface's. Leases are kept in memory only; what happens is printed.

use std::{error::Error, net::Ipv4Addr};

use firstlight_dhcp::{
    server::{Config, LeaseChange, Server, Subnet},
    tokio::{Commit, Observation, Service, Socket, drive},
};

struct Printer;

impl Service for Printer {
    fn commit(&mut self, changes: &[LeaseChange]) -> Commit {
        for LeaseChange { lease, cause } in changes {
            println!("{cause}: {} to {} until {}", lease.address, lease.hardware_address, lease.expires);
        }
        Box::pin(async { Ok(()) })
    }

    fn observe(&mut self, event: Observation<'_>) {
        match event {
            Observation::Replied { reply, .. } => {
                let kind = reply.message.message_type().map_or_else(String::new, |kind| kind.to_string());
                println!("{kind} {} to {:?}", reply.message.yiaddr, reply.destination);
            }
            Observation::Silent { source, reason, .. } => println!("no answer to {source}: {reason}"),
            other => println!("{other:?}"),
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let usage = "usage: serve INTERFACE NETWORK/LEN FIRST-LAST";
    let mut arguments = std::env::args().skip(1);
    let interface = arguments.next().ok_or(usage)?;
    let link = arguments.next().ok_or(usage)?;
    let pool = arguments.next().ok_or(usage)?;
    let (network, prefix_len) = link.split_once('/').ok_or(usage)?;
    let (first, last) = pool.split_once('-').ok_or(usage)?;

    let socket = Socket::bind(&interface)?;
    let server_id = socket.interface_addresses().next().ok_or("the interface has no address")?;
    let mut subnet = Subnet::new(network.parse()?, prefix_len.parse()?);
    subnet.pools = vec![first.parse::<Ipv4Addr>()?..=last.parse()?];
    let server = Server::new(Config::new(server_id, vec![subnet]))?;
    println!("serving {interface} as {server_id}, raw frames: {}", socket.sends_raw_frames());
    drive(socket, server, Printer, std::future::pending()).await?;
    Ok(())
}
