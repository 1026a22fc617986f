//! Why a file did not arrive.

use std::io;
use std::net::SocketAddr;

use crate::error_code::ErrorCode;
use crate::outcome::Outcome;

/// Why a client could not get or put a file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// There is no way to the server from here.
    #[error("there is no way to the server: {0}")]
    Socket(#[source] io::Error),
    /// Nobody listens on the server's port.
    #[error("no TFTP server listens on {0}")]
    Unreachable(SocketAddr),
    /// The server has not answered at all.
    #[error("no answer from {0}; a TFTP server that is busy is silent, and so is a firewall")]
    NoAnswer(SocketAddr),
    /// The server has fallen silent.
    #[error("the server has fallen silent after {bytes} bytes")]
    Silence {
        /// What had arrived by then, on this side or on the other.
        bytes: u64,
    },
    /// The server refuses, or has ended the transfer.
    #[error("the server refuses: {message} (code {code})")]
    Refused {
        /// Its code.
        code: ErrorCode,
        /// Its text; bytes that are not UTF-8 are replaced.
        message: String,
    },
    /// The server does not keep to the protocol.
    #[error("the server does not keep to the protocol: {0}")]
    Protocol(String),
    /// The file could not be read or written on this side.
    #[error("the local file cannot be read or written: {0}")]
    File(#[source] io::Error),
}

impl ClientError {
    pub(super) fn from_outcome(outcome: Outcome, server: SocketAddr) -> Self {
        match outcome {
            Outcome::PeerError { code, message } => Self::Refused { code, message },
            Outcome::TimedOut { acknowledged, .. } => Self::Silence { bytes: acknowledged },
            Outcome::Unreachable => Self::Unreachable(server),
            Outcome::Refused { code: ErrorCode::OPTION_REFUSED | ErrorCode::ILLEGAL_OPERATION, message } => {
                Self::Protocol(message)
            }
            Outcome::Refused { message, .. } => Self::File(io::Error::other(message)),
            Outcome::Failed { reason } => Self::Socket(io::Error::other(reason)),
            other => Self::Protocol(format!("{other:?}")),
        }
    }
}
