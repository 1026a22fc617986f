//! Authentication of messages: option 90 (RFC 3118 §2).

use super::Rest;

named! {
    /// How messages are authenticated, from the IANA registry "DHCP Authentication Option Protocol Id Values".
    AuthenticationProtocol, "protocol" {
        0 "configuration token"
        1 "delayed authentication"
        2 "delayed authentication of DHCPv6"
        3 "reconfigure key"
    }
}

record! {
    /// Authentication of the message. Nothing is verified here.
    pub struct Authentication<'a> {
        /// The protocol.
        protocol: AuthenticationProtocol = "protocol",
        /// What the protocol makes of it; 1 is HMAC-MD5.
        algorithm: u8 = "algorithm",
        /// 0: a counter that never decreases.
        replay_method: u8 = "replay method",
        /// The counter.
        replay: [u8; 8] = "replay detection",
        /// What the protocol makes of it.
        information: Rest<'a> = "information",
    }
}

single! { Authentication<'a> = AUTHENTICATION; }
