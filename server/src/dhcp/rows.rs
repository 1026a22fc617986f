//! Leases as the store has them.

use firstlight_dhcp::HardwareAddress;
use firstlight_dhcp::server::{ClientId, HostName, Lease, LeaseState, Timestamp};

use crate::model::Mac;
use crate::store::LeaseRow;

/// Ethernet addresses are stored as people write them, so that machines are found by them; others with their type.
pub(super) fn to_row(lease: &Lease) -> LeaseRow {
    let hardware = lease.hardware_address;
    let mac = match hardware.mac() {
        Some(mac) => Mac(mac).to_string(),
        None => format!("{}/{hardware}", hardware.htype()),
    };
    LeaseRow {
        address: lease.address,
        mac,
        client_id: lease.client_id.as_ref().map(|id| id.as_bytes().to_vec()),
        hostname: lease.hostname.as_ref().map(ToString::to_string),
        state: lease.state.to_string(),
        since: lease.since.0,
        expires: lease.expires.0,
    }
}

pub(super) fn from_row(row: &LeaseRow) -> Option<Lease> {
    let hardware_address = match row.mac.split_once('/') {
        None => HardwareAddress::ethernet(row.mac.parse::<Mac>().ok()?.0),
        Some((htype, bytes)) => {
            let bytes: Option<Vec<u8>> = bytes
                .split(':')
                .filter(|byte| !byte.is_empty())
                .map(|byte| u8::from_str_radix(byte, 16).ok())
                .collect();
            HardwareAddress::new(htype.parse().ok()?, &bytes?)?
        }
    };
    let state = match row.state.as_str() {
        "bound" => LeaseState::Bound,
        "released" => LeaseState::Released,
        "declined" => LeaseState::Declined,
        _ => LeaseState::Expired,
    };
    Some(Lease {
        address: row.address,
        hardware_address,
        client_id: row.client_id.as_deref().map(ClientId::new),
        hostname: row.hostname.as_deref().map(HostName::new),
        state,
        since: Timestamp(row.since),
        expires: Timestamp(row.expires),
    })
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn a_lease_survives_the_store() {
        for hardware_address in [
            HardwareAddress::ethernet([0x52, 0x54, 0, 0, 0, 1]),
            HardwareAddress::new(32, &[]).unwrap(),
            HardwareAddress::new(6, &[1, 2, 3, 4, 5, 6, 7, 8]).unwrap(),
        ] {
            let lease = Lease {
                address: Ipv4Addr::new(10, 0, 0, 7),
                hardware_address,
                client_id: Some(ClientId::new(&[1, 2])),
                hostname: Some(HostName::new("calm-otter")),
                state: LeaseState::Declined,
                since: Timestamp(5),
                expires: Timestamp(9),
            };
            assert_eq!(from_row(&to_row(&lease)), Some(lease));
        }
    }
}
