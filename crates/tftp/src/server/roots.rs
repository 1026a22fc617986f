//! Clients with a root of their own.

use std::net::{IpAddr, Ipv4Addr};

/// Linux's table of neighbours: address, hardware type, flags, hardware address, mask, device.
const NEIGHBOURS: &str = "/proc/net/arp";

/// Whether clients have a root of their own: a directory in the root that is named after them.
///
/// A client that has such a directory sees what is in it, and what symbolic links in it lead to below the root. Every
/// other client sees the whole root, with these directories.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Roots {
    /// All clients have the same root.
    #[default]
    Shared,
    /// Named after the IP address: `10.77.0.12`, or `fd00--12` with `-` for each `:`.
    PerAddress,
    /// Named after the MAC address, in lower case with `-`: `52-54-00-12-34-56`. The kernel's table of neighbours knows
    /// those of the IPv4 clients on this server's links; on Linux only.
    PerMac,
}

impl Roots {
    /// The name of the client's directory, if it can have one.
    pub(super) fn directory(self, client: IpAddr) -> Option<String> {
        match (self, client.to_canonical()) {
            (Self::Shared, _) => None,
            (Self::PerAddress, client) => Some(client.to_string().replace(':', "-")),
            (Self::PerMac, IpAddr::V4(client)) => mac_of(client, &std::fs::read_to_string(NEIGHBOURS).ok()?),
            (Self::PerMac, IpAddr::V6(_)) => None,
        }
    }
}

fn mac_of(client: Ipv4Addr, neighbours: &str) -> Option<String> {
    neighbours.lines().skip(1).find_map(|line| {
        let mut fields = line.split_ascii_whitespace();
        let is_client = fields.next()?.parse() == Ok(client);
        let mac = fields.nth(2)?;
        // An entry without an answer is there as well, with a MAC address of zeroes.
        (is_client && mac != "00:00:00:00:00:00").then(|| mac.to_ascii_lowercase().replace(':', "-"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_are_named_after_clients() {
        let check = |client: &str, want: Option<&str>| {
            assert_eq!(Roots::PerAddress.directory(client.parse().unwrap()).as_deref(), want);
        };
        check("10.0.0.7", Some("10.0.0.7"));
        check("::ffff:10.0.0.7", Some("10.0.0.7"));
        check("fe80::1", Some("fe80--1"));
        assert_eq!(Roots::Shared.directory([10, 0, 0, 7].into()), None);
    }

    #[test]
    fn the_table_of_neighbours_knows_the_mac_address() {
        let table = "IP address       HW type     Flags       HW address            Mask     Device\n\
                     10.0.0.7         0x1         0x0         00:00:00:00:00:00     *        br1\n\
                     10.0.0.7         0x1         0x2         52:54:00:AB:cd:ef     *        br0\n\
                     10.0.0.70        0x1         0x2         52:54:00:00:00:01     *        br0\n\
                     garbage\n";
        assert_eq!(mac_of([10, 0, 0, 7].into(), table).as_deref(), Some("52-54-00-ab-cd-ef"));
        assert_eq!(mac_of([10, 0, 0, 8].into(), table), None);
    }
}
