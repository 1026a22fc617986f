//! Answers of lease queries that are more than a number: options 151, 156 and 157 (RFC 6926).

use super::MaybeText;

named! {
    /// What became of a query (RFC 6926 §6.2.2, RFC 7724).
    QueryStatus, "status" {
        0 "success"
        1 "unspecified failure"
        2 "query terminated"
        3 "malformed query"
        4 "not allowed"
        5 "data missing"
        6 "connection active"
        7 "catch-up complete"
        8 "TLS connection refused"
    }

    /// The state of the lease (RFC 6926 §6.2.7).
    DhcpState, "state" {
        1 "available"
        2 "active"
        3 "expired"
        4 "released"
        5 "abandoned"
        6 "reset"
        7 "remote"
        8 "transitioning"
    }
}

record! {
    /// The outcome of a bulk lease query (RFC 6926 §6.2.2).
    pub struct StatusCode<'a> {
        /// The outcome.
        status: QueryStatus = "status",
        /// Text for a human, which may be empty.
        message: MaybeText<'a> = "message",
    }
}

flags! {
    /// Where the server has its knowledge from (RFC 6926 §6.2.8).
    DataSource(u8) len 1, "flags" {
        /// Another server told it.
        is_remote = 1 "remote";
    }
}

single! {
    StatusCode<'a> = STATUS_CODE;
    DhcpState = DHCP_STATE;
    DataSource = DATA_SOURCE;
}
