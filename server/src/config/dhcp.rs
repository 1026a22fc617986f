//! `[dhcp]`: addresses for machines.

use std::net::Ipv4Addr;

use firstlight_dhcp::server::{self, ClientId, Selector};
use serde::Deserialize;

use super::{ConfigError, FurtherSubnet};

/// Who gives machines their addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DhcpMode {
    /// This server, and no other.
    Authoritative,
    /// Another DHCP server; this one makes offers of boot files beside it, and is asked on port 4011.
    Proxy,
    /// Another DHCP server, which names this one as the next server: here is no DHCP at all.
    Off,
}

/// `[dhcp]`: the subnet of `interface`, and what further ones take from it.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Dhcp {
    /// Who gives the addresses. If it is not set, `firstlight serve` looks for another DHCP server first.
    pub mode: Option<DhcpMode>,
    /// `FIRST-LAST`; the default is the upper half of the subnet.
    pub pool: Option<String>,
    /// Seconds; at least 60.
    pub lease_seconds: u32,
    /// The default gateway; none by default.
    pub routers: Vec<Ipv4Addr>,
    /// Name servers; none by default.
    pub dns_servers: Vec<Ipv4Addr>,
    /// Time servers; none by default.
    pub ntp_servers: Vec<Ipv4Addr>,
    /// The domain of the machines' names.
    pub domain_name: Option<String>,
    /// Whether an address is looked for on the link before it is offered. It costs each new machine half a second.
    pub probe: bool,
    /// Addresses that belong to one machine each, in whichever subnet.
    pub reservations: Vec<Reservation>,
    /// The subnets beside that of `interface`.
    pub subnets: Vec<FurtherSubnet>,
}

/// `[[dhcp.reservations]]`: an address, and how its machine is recognised: exactly one of `mac`, `client_id` and
/// `circuit_id`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Reservation {
    /// An Ethernet address.
    pub mac: Option<String>,
    /// Option 61 in hexadecimal digits.
    pub client_id: Option<String>,
    /// Option 82, sub-option 1, as text: the port of a switch, whoever is behind it.
    pub circuit_id: Option<String>,
    /// The address, inside or outside the pool.
    pub address: Option<Ipv4Addr>,
    /// The name that the machine is given by DHCP.
    pub hostname: Option<String>,
}

impl Default for Dhcp {
    fn default() -> Self {
        Self {
            mode: None,
            pool: None,
            lease_seconds: 3600,
            routers: Vec::new(),
            dns_servers: Vec::new(),
            ntp_servers: Vec::new(),
            domain_name: None,
            probe: false,
            reservations: Vec::new(),
            subnets: Vec::new(),
        }
    }
}

impl Dhcp {
    /// The reservations.
    ///
    /// # Errors
    ///
    /// One that lacks its address, or does not say in one way whose it is.
    pub fn reserved(&self) -> Result<Vec<server::Reservation>, ConfigError> {
        self.reservations.iter().map(Reservation::read).collect()
    }
}

impl Reservation {
    fn read(&self) -> Result<server::Reservation, ConfigError> {
        let value = || self.address.map_or_else(|| "without an address".to_owned(), |address| address.to_string());
        let bad = |problem: &'static str| ConfigError::Value {
            key: "dhcp.reservations".into(),
            value: value(),
            problem: problem.into(),
        };
        let address = self.address.ok_or_else(|| bad("needs an address"))?;
        let selector = match (&self.mac, &self.client_id, &self.circuit_id) {
            (Some(mac), None, None) => {
                let parsed = mac.parse().map(Selector::Hardware);
                parsed.map_err(|_| bad("mac must be an Ethernet address, such as 52:54:00:12:34:56"))?
            }
            (None, Some(id), None) => {
                let parsed = unhex(id).map(|id| Selector::ClientId(ClientId::new(&id)));
                parsed.ok_or_else(|| bad("client_id must be hexadecimal digits, such as 01525400123456"))?
            }
            (None, None, Some(id)) => Selector::CircuitId(id.clone().into_bytes()),
            _ => return Err(bad("needs exactly one of mac, client_id and circuit_id")),
        };
        let mut reservation = server::Reservation::new(selector, address);
        reservation.hostname.clone_from(&self.hostname);
        Ok(reservation)
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2).map(|pair| {
        let pair = std::str::from_utf8(pair).ok().filter(|pair| pair.len() == 2)?;
        pair.chars().all(|digit| digit.is_ascii_hexdigit()).then(|| u8::from_str_radix(pair, 16).ok())?
    });
    pairs.collect::<Option<Vec<u8>>>().filter(|bytes| !bytes.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: &[&str]) {
        let dhcp: Dhcp = toml::from_str(text).unwrap();
        let told = match dhcp.reserved() {
            Ok(all) => all.iter().map(|one| format!("{} {} {:?}", one.client, one.address, one.hostname)).collect(),
            Err(error) => vec![error.to_string()],
        };
        assert_eq!(told, expect);
    }

    #[test]
    fn reservations_say_whose_they_are_in_one_way() {
        check("", &[]);
        check(
            "[[reservations]]\nmac = '52-54-00-12-34-56'\naddress = '10.0.0.9'\nhostname = 'node1'\n\
             [[reservations]]\nclient_id = '0aff'\naddress = '10.0.0.10'\n\
             [[reservations]]\ncircuit_id = 'port 7'\naddress = '10.0.0.11'",
            &[
                "52:54:00:12:34:56 10.0.0.9 Some(\"node1\")",
                "client id 0aff 10.0.0.10 None",
                "circuit id 706f72742037 10.0.0.11 None",
            ],
        );
        let one = |keys: &str, error: &str| {
            check(&format!("[[reservations]]\n{keys}"), &[&format!("dhcp.reservations = {error}")]);
        };
        one("mac = '52:54:00:12:34:56'", "without an address: needs an address");
        one("address = '10.0.0.9'", "10.0.0.9: needs exactly one of mac, client_id and circuit_id");
        one(
            "address = '10.0.0.9'\nmac = 'a'\nclient_id = '01'",
            "10.0.0.9: needs exactly one of mac, client_id and circuit_id",
        );
        one("address = '10.0.0.9'\nmac = 'a'", "10.0.0.9: mac must be an Ethernet address, such as 52:54:00:12:34:56");
        one(
            "address = '10.0.0.9'\nclient_id = '+1'",
            "10.0.0.9: client_id must be hexadecimal digits, such as 01525400123456",
        );
    }
}
