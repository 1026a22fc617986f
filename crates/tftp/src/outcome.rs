//! How a transfer ended.

use crate::error_code::ErrorCode;

/// How a transfer ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The receiver acknowledged the last block, after it had stored all bytes.
    Complete {
        /// Bytes of data that travelled (with netascii's expansion, if that was the mode).
        bytes: u64,
        /// DATA packets that were sent more than once; on the receiving side, those that arrived without need.
        retransmitted: u64,
    },
    /// The peer only wanted to know the size: it took the OACK and ended the transfer. EDK2 does this before
    /// every download (with ERROR 8), PXE ROMs for their "get file size" call (with ERROR 0). Not a failure.
    Probe,
    /// The peer ended the transfer with an ERROR.
    PeerError {
        /// Its code.
        code: ErrorCode,
        /// Its text; bytes that are not UTF-8 are replaced.
        message: String,
    },
    /// The peer fell silent.
    TimedOut {
        /// Bytes that were acknowledged.
        acknowledged: u64,
        /// Whether the last block had been sent: some clients never acknowledge it, and have their file. Never true
        /// on the receiving side.
        all_sent: bool,
    },
    /// This side ended the transfer, and told the peer: the request was refused, or the file could not be read.
    Refused {
        /// The code that was sent.
        code: ErrorCode,
        /// The text that was sent.
        message: String,
    },
    /// The peer's port is closed (the driver learned it from ICMP).
    Unreachable,
    /// The same peer port sent a new request, which took this one's place.
    Restarted,
    /// The request was dropped without an answer, because a limit on concurrent transfers was reached; the peer
    /// will ask again.
    Overloaded,
    /// The driver could not send or receive at all.
    Failed {
        /// Why, for the log of this side.
        reason: String,
    },
    /// The driver was shut down.
    Cancelled,
}

impl Outcome {
    pub(crate) fn peer_error(code: ErrorCode, message: &[u8]) -> Self {
        Self::PeerError { code, message: String::from_utf8_lossy(message).into_owned() }
    }
}
