//! [`Agent`]: what a relay says about the client that it speaks for.
//!
//! RFC 3046 (option 82), RFC 3527 (sub-option 5, link selection), RFC 5107 (sub-option 11, server identifier override),
//! RFC 8357 (sub-option 19, relay source port).

use std::net::Ipv4Addr;

use crate::{MessageRef, OptionCode};

const CIRCUIT_ID: u8 = 1;
const LINK_SELECTION: u8 = 5;
const SERVER_ID_OVERRIDE: u8 = 11;
const RELAY_SOURCE_PORT: u8 = 19;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Agent {
    pub(super) circuit_id: Option<Vec<u8>>,
    pub(super) link: Option<Ipv4Addr>,
    pub(super) server_id: Option<Ipv4Addr>,
    /// The relay listens on the port that it sent from, and not on 67.
    pub(super) source_port: bool,
}

impl Agent {
    /// Of a repeated sub-option, the first counts; one of the wrong size is ignored. What steers the server (link,
    /// server identifier, port) is heeded from relays alone; a switch in between may add a circuit without being one.
    pub(super) fn of(message: &MessageRef<'_>) -> Self {
        let mut agent = Self::default();
        let Some(value) = message.get(OptionCode::RELAY_AGENT_INFORMATION) else { return agent };
        let relayed = !message.giaddr().is_unspecified();
        let address = |value: &[u8]| <[u8; 4]>::try_from(value).ok().map(Ipv4Addr::from).filter(|_| relayed);
        let mut rest = &*value;
        while let [code, len, ref after @ ..] = *rest
            && let Some((value, after)) = after.split_at_checked(len.into())
        {
            match code {
                CIRCUIT_ID if agent.circuit_id.is_none() => agent.circuit_id = Some(value.to_vec()),
                LINK_SELECTION => agent.link = agent.link.or(address(value)),
                SERVER_ID_OVERRIDE => agent.server_id = agent.server_id.or(address(value)),
                RELAY_SOURCE_PORT => agent.source_port = relayed,
                _ => {}
            }
            rest = after;
        }
        agent
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{EmitPolicy, HardwareAddress, Message};

    #[track_caller]
    fn check(giaddr: Ipv4Addr, value: &[u8], expect: &Agent) {
        let mut message = Message::request(HardwareAddress::ethernet([2, 0, 0, 0, 0, 1]), 1);
        message.giaddr = giaddr;
        message.push(OptionCode::RELAY_AGENT_INFORMATION, value);
        let mut bytes = Vec::new();
        message.emit(&EmitPolicy::default(), &mut bytes).unwrap();
        assert_eq!(Agent::of(&MessageRef::parse(&bytes).unwrap()), *expect);
    }

    #[test]
    fn sub_options() {
        let relay = Ipv4Addr::new(10, 9, 0, 1);
        let value = [1, 2, 7, 8, 5, 4, 10, 8, 0, 0, 11, 4, 10, 9, 0, 2, 19, 0, 1, 1, 9, 5, 4, 1, 1, 1, 1];
        let circuit_id = Some(vec![7, 8]);
        let all = Agent {
            circuit_id: circuit_id.clone(),
            link: Some(Ipv4Addr::new(10, 8, 0, 0)),
            server_id: Some(Ipv4Addr::new(10, 9, 0, 2)),
            source_port: true,
        };
        check(relay, &value, &all);
        check(Ipv4Addr::UNSPECIFIED, &value, &Agent { circuit_id: circuit_id.clone(), ..Agent::default() });
        // Sizes that lie: what is whole counts.
        check(relay, &[1, 2, 7, 8, 5, 3, 10, 8, 0, 11, 5, 1], &Agent { circuit_id, ..Agent::default() });
        check(relay, &[5], &Agent::default());
    }
}
