//! Writing a [`Message`]: what order, how large, how padded.
//!
//! RFC 2131 §4.1 (sizes, overload), RFC 1542 §2.1 (300 bytes), RFC 3046 §2.1 (82 last), RFC 3396 (long options).

use alloc::vec::Vec;

use super::{
    encoder::{EmitError, Encoder, HEADER},
    message::Message,
    option_code::OptionCode,
    overload,
    view::MessageRef,
};

/// How a [`Message`] becomes bytes.
///
/// The order is no matter of choice: 53 first, 82 last and verbatim, the others as they were pushed or as
/// [`Message::order_by`] put them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EmitPolicy {
    /// A shorter message is filled with zeroes up to here, unless [`EmitPolicy::max_size`] is less. 300 unless
    /// changed: BOOTP's size, below which some relays and clients drop a message.
    pub min_size: usize,
    /// A longer message is an error. 1472 unless changed: one Ethernet frame.
    pub max_size: usize,
    /// Whether options 66 and 67 get a NUL inside the option if they have none. Off unless changed; a server wants
    /// it, for ROMs that read these options without looking at their length.
    pub terminate_names: bool,
    /// Whether options that do not fit go to `file` and then to `sname`, if these are empty (RFC 2131 §4.1, option 52).
    /// Off unless changed: old ROMs do not read options there.
    pub overload: bool,
}

/// What UDP and IPv4 put around a message.
const IP_UDP: usize = 28;
/// RFC 2131 §2: "A DHCP client must be prepared to receive DHCP messages with an 'options' field of at least length 312
/// octets." That is a datagram of 576 bytes.
const MIN_MESSAGE: usize = 576 - IP_UDP;

impl Default for EmitPolicy {
    fn default() -> Self {
        Self { min_size: 300, max_size: 1472, terminate_names: false, overload: false }
    }
}

impl EmitPolicy {
    /// The policy for a reply: as large as option 57 of the request allows (RFC 2132 §9.10), which counts the IPv4 and
    /// UDP headers; 548 bytes without it; never above one Ethernet frame.
    #[must_use]
    pub fn for_reply(request: &MessageRef<'_>) -> Self {
        let policy = Self { terminate_names: true, ..Self::default() };
        let max_size = match request.first(OptionCode::MAX_MESSAGE_SIZE) {
            Some(&[high, low]) => usize::from(u16::from_be_bytes([high, low])).saturating_sub(IP_UDP),
            _ => MIN_MESSAGE,
        };
        Self { max_size: max_size.clamp(MIN_MESSAGE, policy.max_size), ..policy }
    }
}

impl Message {
    /// Appends the message to `buf`: option 53 first, 82 last and verbatim, the others in their order, an explicit end.
    ///
    /// # Errors
    /// [`EmitError::TooLarge`]; `buf` is as it was.
    pub fn emit(&self, policy: &EmitPolicy, buf: &mut Vec<u8>) -> Result<(), EmitError> {
        let start = buf.len();
        let layout = self.layout(policy, policy.max_size)?;
        buf.resize(start + layout.room, 0);
        let written = self.write(policy, &layout, buf.get_mut(start..).unwrap_or_default());
        buf.truncate(start + written.unwrap_or(0));
        written.map(drop)
    }

    /// As [`Message::emit`], into a buffer; gives the message's size. Nothing is allocated.
    ///
    /// # Errors
    /// [`EmitError::TooLarge`], for the policy or for the buffer.
    pub fn emit_into(&self, policy: &EmitPolicy, buf: &mut [u8]) -> Result<usize, EmitError> {
        let layout = self.layout(policy, policy.max_size.min(buf.len()))?;
        self.write(policy, &layout, buf.get_mut(..layout.room).unwrap_or_default())
    }

    fn layout(&self, policy: &EmitPolicy, max: usize) -> Result<Layout, EmitError> {
        let (mut in_order, mut last) = (true, 0);
        for (code, _) in self.options() {
            let rank = rank(code);
            in_order &= last <= rank && !(policy.terminate_names && is_name(code));
            last = rank;
        }
        let mut options = self.options.len();
        if !in_order {
            options = 0;
            self.for_each(policy, |_, piece| options += 2 + piece.len());
        }
        let size = HEADER + options + 1;
        match size <= max {
            true => Ok(Layout { room: size.max(policy.min_size.min(max)), in_order, overload: false }),
            false if policy.overload => Ok(Layout { room: max, in_order, overload: true }),
            false => Err(EmitError::TooLarge { size, max }),
        }
    }

    fn write(&self, policy: &EmitPolicy, layout: &Layout, out: &mut [u8]) -> Result<usize, EmitError> {
        let mut encoder = Encoder::new(out, self.op, self.hardware_address, self.xid)?
            .hops(self.hops)
            .secs(self.secs)
            .flags(self.flags)
            .ciaddr(self.ciaddr)
            .yiaddr(self.yiaddr)
            .siaddr(self.siaddr)
            .giaddr(self.giaddr)
            .names(self.sname(), self.file());
        if layout.overload {
            return overload::write(self, policy, encoder);
        }
        if layout.in_order {
            encoder.push_records(&self.options)?;
        } else {
            let mut outcome = Ok(());
            self.for_each(policy, |code, piece| outcome = outcome.and_then(|()| encoder.push(code, piece)));
            outcome?;
        }
        Ok(encoder.finish(policy.min_size))
    }

    /// Shows the pieces, of at most 255 bytes, in the order and with the content that they are emitted with.
    pub(super) fn for_each(&self, policy: &EmitPolicy, mut show: impl FnMut(OptionCode, &[u8])) {
        for wanted in 0..3 {
            let mut options = self.options();
            while let Some((code, piece)) = options.next() {
                if rank(code) != wanted {
                    continue;
                }
                let open = policy.terminate_names && is_name(code) && piece.last().is_some_and(|last| *last != 0);
                // The NUL belongs behind the last piece of a name.
                if open && options.clone().all(|(later, _)| later != code) {
                    let mut terminated = [0; 256];
                    terminated.iter_mut().zip(piece).for_each(|(to, from)| *to = *from);
                    let terminated = terminated.get(..=piece.len()).unwrap_or_default();
                    terminated.chunks(255).for_each(|piece| show(code, piece));
                } else {
                    show(code, piece);
                }
            }
        }
    }
}

/// What is known of a message before it is written.
struct Layout {
    /// Bytes to write into.
    room: usize,
    /// Whether the options are emitted as they lie in memory.
    in_order: bool,
    overload: bool,
}

/// RFC 3046 §2.1: the relay's option is "the last option". Some clients want to see the message's type first.
pub(super) const fn rank(code: OptionCode) -> u8 {
    match code {
        OptionCode::MESSAGE_TYPE => 0,
        OptionCode::RELAY_AGENT_INFORMATION => 2,
        _ => 1,
    }
}

const fn is_name(code: OptionCode) -> bool {
    matches!(code, OptionCode::TFTP_SERVER_NAME | OptionCode::BOOT_FILE_NAME)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MessageRef;
    use crate::wire::message::tests::message;

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
