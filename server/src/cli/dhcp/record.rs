//! One line of a lease file: a lease as people can read it, and a checksum over it.
//!
//! ```text
//! 10.0.0.7 bound 1700000000 1700003600 1/52:54:00:12:34:56 id=0152540012 host=calm-otter 8c736521
//! address  state since      expires    htype/hardware      option 61     option 12       CRC-32 of all before
//! ```

use std::io::Write;

use firstlight_dhcp::{
    HardwareAddress,
    server::{ClientId, HostName, Lease, LeaseState, Timestamp},
};

/// Appends the line of a lease.
pub(super) fn push(lease: &Lease, out: &mut Vec<u8>) {
    let start = out.len();
    let Lease { address, hardware_address, client_id, hostname, state, since, expires } = lease;
    // Writing into memory does not fail.
    let _ = write!(out, "{address} {state} {since} {expires} {}/{hardware_address}", hardware_address.htype());
    if let Some(id) = client_id {
        let _ = write!(out, " id={id}");
    }
    if let Some(name) = hostname {
        let _ = write!(out, " host={name}");
    }
    let sum = crc32(out.get(start..).unwrap_or_default());
    let _ = writeln!(out, " {sum:08x}");
}

/// Reads a line, without its end; `None` if the checksum is wrong or there is anything else in it than [`push`] writes.
pub(super) fn parse(line: &[u8]) -> Option<Lease> {
    let line = std::str::from_utf8(line).ok()?;
    let (fields, sum) = line.rsplit_once(' ')?;
    if sum != format!("{:08x}", crc32(fields.as_bytes())) {
        return None;
    }
    let mut fields = fields.split(' ').peekable();
    let lease = Lease {
        address: fields.next()?.parse().ok()?,
        state: state(fields.next()?)?,
        since: Timestamp(fields.next()?.parse().ok()?),
        expires: Timestamp(fields.next()?.parse().ok()?),
        hardware_address: hardware(fields.next()?)?,
        client_id: match fields.peek().and_then(|field| field.strip_prefix("id=")) {
            Some(id) => {
                fields.next();
                Some(ClientId::new(&unhex(id)?))
            }
            None => None,
        },
        hostname: match fields.peek().and_then(|field| field.strip_prefix("host=")) {
            Some(name) => {
                fields.next();
                Some(HostName::new(name))
            }
            None => None,
        },
    };
    fields.next().is_none().then_some(lease)
}

fn state(word: &str) -> Option<LeaseState> {
    Some(match word {
        "bound" => LeaseState::Bound,
        "released" => LeaseState::Released,
        "expired" => LeaseState::Expired,
        "declined" => LeaseState::Declined,
        _ => return None,
    })
}

fn hardware(field: &str) -> Option<HardwareAddress> {
    let (htype, bytes) = field.split_once('/')?;
    HardwareAddress::new(htype.parse().ok()?, &unhex(&bytes.replace(':', ""))?)
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = text.chars().map(|digit| digit.to_digit(16)).collect();
    let digits = digits?;
    let pairs = digits.chunks(2).map(|pair| match *pair {
        [high, low] => u8::try_from(high << 4 | low).ok(),
        _ => None,
    });
    pairs.collect()
}

/// CRC-32 as in Ethernet and zip (reflected, 0xedb88320).
fn crc32(bytes: &[u8]) -> u32 {
    const TABLE: [u32; 256] = {
        let mut table = [0; 256];
        let mut at = 0;
        while at < 256 {
            let mut sum = at as u32;
            let mut bit = 0;
            while bit < 8 {
                sum = if sum & 1 == 1 { sum >> 1 ^ 0xedb8_8320 } else { sum >> 1 };
                bit += 1;
            }
            table[at] = sum;
            at += 1;
        }
        table
    };
    !bytes.iter().fold(!0, |sum, byte| sum >> 8 ^ TABLE[usize::from(sum as u8 ^ byte)])
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn lease() -> Lease {
        Lease {
            address: Ipv4Addr::new(10, 0, 0, 7),
            hardware_address: HardwareAddress::ethernet([0x52, 0x54, 0, 0x12, 0x34, 0x56]),
            client_id: Some(ClientId::new(&[1, 0x52, 0xff])),
            hostname: Some(HostName::new("calm=otter/-")),
            state: LeaseState::Bound,
            since: Timestamp(1_700_000_000),
            expires: Timestamp(1_700_003_600),
        }
    }

    #[test]
    fn the_checksum_is_the_well_known_one() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn a_line_is_readable_and_comes_back() {
        let mut line = Vec::new();
        push(&lease(), &mut line);
        let text = "10.0.0.7 bound 1700000000 1700003600 1/52:54:00:12:34:56 id=0152ff host=calm=otter/-";
        assert_eq!(String::from_utf8(line.clone()).unwrap(), format!("{text} {:08x}\n", crc32(text.as_bytes())));
        assert_eq!(parse(&line[..line.len() - 1]), Some(lease()));
    }

    #[test]
    fn every_kind_of_lease_comes_back() {
        for state in [LeaseState::Bound, LeaseState::Released, LeaseState::Expired, LeaseState::Declined] {
            for client_id in [None, Some(ClientId::new(&[])), Some(ClientId::new(&[0; 300]))] {
                for hostname in [None, Some(HostName::new("id=00"))] {
                    for hardware_address in [lease().hardware_address, HardwareAddress::new(32, &[]).unwrap()] {
                        let lease = Lease {
                            state,
                            client_id: client_id.clone(),
                            hostname: hostname.clone(),
                            hardware_address,
                            ..lease()
                        };
                        let mut line = Vec::new();
                        push(&lease, &mut line);
                        assert_eq!(parse(&line[..line.len() - 1]), Some(lease));
                    }
                }
            }
        }
    }

    #[test]
    fn no_flipped_bit_goes_unnoticed() {
        let mut line = Vec::new();
        push(&lease(), &mut line);
        line.pop();
        for at in 0..line.len() * 8 {
            let mut damaged = line.clone();
            damaged[at / 8] ^= 1 << (at % 8);
            assert_eq!(parse(&damaged), None, "bit {at}");
        }
    }
}
