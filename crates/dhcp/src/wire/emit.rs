//! Writing a message: what order, how large, how padded.
//!
//! RFC 2131 §4.1 (option 53, sizes), RFC 1542 §2.1 (300 bytes), RFC 3046 §2.1 (82 last), RFC 3396 (long options).
//! It never overloads `file` and `sname`: old ROMs do not read options there.

use alloc::vec::Vec;
use core::fmt;

use super::{
    message::Message,
    option_code::OptionCode,
    view::{COOKIE, FIXED},
};

/// How a [`Message`] becomes bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EmitPolicy {
    /// A shorter message is filled with zeroes up to here. 300 unless changed: BOOTP's size, below which some relays
    /// and clients drop a message.
    pub min_size: usize,
    /// A longer message is an error. 1472 unless changed: one Ethernet frame.
    pub max_size: usize,
    /// Whether options 66 and 67 get a NUL inside the option if they have none. Off unless changed; a server wants
    /// it, for ROMs that read these options without looking at their length.
    pub terminate_names: bool,
}

impl Default for EmitPolicy {
    fn default() -> Self {
        Self { min_size: 300, max_size: 1472, terminate_names: false }
    }
}

/// Why a message cannot be emitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EmitError {
    /// The options do not fit.
    TooLarge {
        /// What the message needs.
        size: usize,
        /// What the policy allows.
        max: usize,
    },
}

impl fmt::Display for EmitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { size, max } => {
                write!(f, "message of {size} bytes is larger than the {max} bytes that its receiver takes")
            }
        }
    }
}

impl core::error::Error for EmitError {}

impl Message {
    /// Appends the message to `buf`: option 53 first, 82 last and verbatim, the others in their order, an explicit end.
    ///
    /// # Errors
    /// [`EmitError::TooLarge`]; `buf` is as it was.
    pub fn emit(&self, policy: &EmitPolicy, buf: &mut Vec<u8>) -> Result<(), EmitError> {
        let start = buf.len();
        buf.reserve(FIXED + 64 + policy.min_size);
        self.emit_header(buf);
        buf.extend_from_slice(&COOKIE);
        self.emit_options(|code| code == OptionCode::MESSAGE_TYPE, policy, buf);
        self.emit_options(
            |code| code != OptionCode::MESSAGE_TYPE && code != OptionCode::RELAY_AGENT_INFORMATION,
            policy,
            buf,
        );
        self.emit_options(|code| code == OptionCode::RELAY_AGENT_INFORMATION, policy, buf);
        buf.push(OptionCode::END.0);

        let size = buf.len() - start;
        if size > policy.max_size {
            buf.truncate(start);
            return Err(EmitError::TooLarge { size, max: policy.max_size });
        }
        if size < policy.min_size {
            buf.resize(start + policy.min_size, 0);
        }
        Ok(())
    }

    fn emit_header(&self, buf: &mut Vec<u8>) {
        buf.extend_from_slice(&[self.op.0, self.hardware_address.htype(), self.hardware_address.hlen(), self.hops]);
        buf.extend_from_slice(&self.xid.to_be_bytes());
        buf.extend_from_slice(&self.secs.to_be_bytes());
        buf.extend_from_slice(&self.flags.to_be_bytes());
        for address in [self.ciaddr, self.yiaddr, self.siaddr, self.giaddr] {
            buf.extend_from_slice(&address.octets());
        }
        buf.extend_from_slice(self.hardware_address.padded());
        buf.extend_from_slice(self.sname());
        buf.extend_from_slice(self.file());
    }

    fn emit_options(&self, wanted: impl Fn(OptionCode) -> bool, policy: &EmitPolicy, buf: &mut Vec<u8>) {
        for (code, value) in self.options() {
            if !wanted(code) || matches!(code, OptionCode::PAD | OptionCode::END | OptionCode::OVERLOAD) {
                continue;
            }
            let is_name = matches!(code, OptionCode::TFTP_SERVER_NAME | OptionCode::BOOT_FILE_NAME);
            if policy.terminate_names && is_name && !value.is_empty() && value.last() != Some(&0) {
                let mut terminated = value.to_vec();
                terminated.push(0);
                emit_option(code, &terminated, buf);
            } else {
                emit_option(code, value, buf);
            }
        }
    }
}

/// One option, in pieces of at most 255 bytes.
fn emit_option(code: OptionCode, value: &[u8], buf: &mut Vec<u8>) {
    if value.is_empty() {
        buf.extend_from_slice(&[code.0, 0]);
    }
    for piece in value.chunks(255) {
        // A chunk has at most 255 bytes, so the fallback is never taken.
        buf.extend_from_slice(&[code.0, u8::try_from(piece.len()).unwrap_or(u8::MAX)]);
        buf.extend_from_slice(piece);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{HardwareAddress, MessageRef};

    fn message(options: &[(u8, &[u8])]) -> Message {
        let mut message = Message::request(HardwareAddress::ethernet([2, 0, 0, 0, 0, 1]), 7);
        for (code, value) in options {
            message.push(OptionCode(*code), value);
        }
        message
    }

    #[track_caller]
    fn check(policy: EmitPolicy, options: &[(u8, &[u8])], expect: &[u8]) {
        let mut buf = vec![0xee];
        message(options).emit(&policy, &mut buf).unwrap();
        assert_eq!(buf[0], 0xee, "emit appends");
        assert_eq!(&buf[241..241 + expect.len()], expect);
        assert!(buf[241 + expect.len()..].iter().all(|byte| *byte == 0));
    }

    #[test]
    fn order_end_and_padding() {
        let mut buf = Vec::new();
        message(&[]).emit(&EmitPolicy::default(), &mut buf).unwrap();
        assert_eq!((buf.len(), buf[240]), (300, 255));
        check(
            EmitPolicy::default(),
            &[(82, &[1, 1, 9]), (12, b"x"), (53, &[1]), (0, &[]), (255, &[]), (15, b"")],
            &[53, 1, 1, 12, 1, b'x', 15, 0, 82, 3, 1, 1, 9, 255],
        );
    }

    #[test]
    fn long_options_are_split_and_read_back() {
        let value: Vec<u8> = (0..600u16).map(|i| i as u8).collect();
        let mut buf = Vec::new();
        message(&[(43, &value), (53, &[1])]).emit(&EmitPolicy::default(), &mut buf).unwrap();
        let view = MessageRef::parse(&buf).unwrap();
        let lengths: Vec<usize> = view.options().map(|(_, piece)| piece.len()).collect();
        assert_eq!(lengths, [1, 255, 255, 90]);
        assert_eq!(view.get(OptionCode(43)).as_deref(), Some(&value[..]));
    }

    #[test]
    fn names_are_terminated_once_on_request() {
        let policy = EmitPolicy { terminate_names: true, ..EmitPolicy::default() };
        check(policy, &[(67, b"a"), (66, b"b\0")], &[67, 2, b'a', 0, 66, 2, b'b', 0, 255]);
        check(EmitPolicy::default(), &[(67, b"a")], &[67, 1, b'a', 255]);
    }

    #[test]
    fn a_message_above_the_limit_leaves_the_buffer_alone() {
        let policy = EmitPolicy { max_size: 548, ..EmitPolicy::default() };
        let mut buf = vec![1, 2, 3];
        // 240 bytes, two option headers for 306 bytes, the end: 551.
        let error = message(&[(43, &[0; 306])]).emit(&policy, &mut buf);
        assert_eq!(error, Err(EmitError::TooLarge { size: 551, max: 548 }));
        assert_eq!(buf, [1, 2, 3]);
        assert_eq!(message(&[(43, &[0; 303])]).emit(&policy, &mut buf), Ok(()));
        assert_eq!(buf.len(), 3 + 548);
    }
}
