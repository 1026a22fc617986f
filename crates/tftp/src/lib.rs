//! TFTP: RFC 1350 with the option extensions as sans-IO state machines, and a tokio server.
