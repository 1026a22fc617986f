//! [`Config`]: who the client is and what it wants.

use alloc::vec::Vec;
use core::time::Duration;

use crate::{HardwareAddress, OptionCode};

/// Who a client is and what it wants.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// `htype`, `hlen` and `chaddr`.
    pub hardware_address: HardwareAddress,
    /// Options for each DISCOVER and REQUEST, such as 12 (host name), 60 (vendor class), 61 (client identifier, also in
    /// DECLINE and RELEASE), 77, 93 or 97. None unless changed.
    pub options: Vec<(OptionCode, Vec<u8>)>,
    /// Option 55: what the client would like to be told. Mask, routers, DNS servers and domain name unless changed.
    pub requested: Vec<OptionCode>,
    /// Option 57: the largest message that the client takes, in bytes, with the headers of IPv4 and UDP; at least 576.
    /// 1500 unless changed.
    pub max_message_size: u16,
    /// Whether replies are to be broadcast: for a client that cannot receive unicast before it has an address. On
    /// unless changed.
    pub broadcast: bool,
    /// Whether a server may answer a DISCOVER with an ACK (RFC 4039). Off unless changed.
    pub rapid_commit: bool,
    /// How long offers are collected from the first one on: then the address that the client had last is taken, else
    /// the first offer. None unless changed, so that the first offer is taken.
    pub collect: Duration,
    /// How long a new address is looked for on the link before it is used ([`Event::Check`](super::Event::Check)). Not
    /// at all unless changed.
    pub check: Duration,
    /// What transaction identifiers and jitter are made of: different for each client and each start.
    pub seed: u64,
}

impl Config {
    /// A client with this hardware address.
    #[must_use]
    pub fn new(hardware_address: HardwareAddress, seed: u64) -> Self {
        Self {
            hardware_address,
            options: Vec::new(),
            requested: [OptionCode::SUBNET_MASK, OptionCode::ROUTERS, OptionCode::DNS_SERVERS, OptionCode::DOMAIN_NAME]
                .into(),
            max_message_size: 1500,
            broadcast: true,
            rapid_commit: false,
            collect: Duration::ZERO,
            check: Duration::ZERO,
            seed,
        }
    }

    pub(super) fn client_id(&self) -> Option<&[u8]> {
        let id = self.options.iter().find(|(code, _)| *code == OptionCode::CLIENT_IDENTIFIER);
        id.map(|(_, value)| value.as_slice())
    }
}
