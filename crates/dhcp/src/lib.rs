//! DHCPv4: wire format, and a sans-IO server that never acknowledges a lease before it is durable.
