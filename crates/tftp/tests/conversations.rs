//! Transfers other than a read that is served, packet by packet: a write that is served, and a client's get and put.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::time::{Duration, Instant};

use firstlight_tftp::{ErrorCode, Limits, Mode, Options, Outcome, Packet, Proposal, Timing, Transfer, negotiate_write};

/// A transfer and its clock. What it sends is told in words.
struct Talk {
    transfer: Transfer,
    now: Instant,
    stored: Vec<u8>,
    /// What a sender sends.
    file: &'static [u8],
}

impl Talk {
    fn begin(file: &'static [u8], begin: impl FnOnce(Instant) -> Transfer) -> Self {
        let now = epoch();
        Self { transfer: begin(now), now, stored: Vec::new(), file }
    }

    /// A write request with these options, served.
    fn write(options: &[u8], mode: Mode) -> Self {
        let agreed = negotiate_write(Options::new(options), &Limits::default());
        Self::begin(b"", |now| Transfer::serve_write(now, &agreed, mode, Timing::default()))
    }

    fn get(proposal: Proposal) -> Self {
        Self::begin(b"", |now| Transfer::get(now, b"f", Mode::Octet, proposal, Timing::default()))
    }

    fn put(proposal: Proposal, file: &'static [u8]) -> Self {
        let size = Some(file.len() as u64);
        Self::begin(file, |now| Transfer::put(now, b"f", Mode::Octet, size, proposal, Timing::default()))
    }

    fn hears(&mut self, packet: &Packet<'_>) -> String {
        self.transfer.handle(self.now, packet);
        self.says()
    }

    fn data(&mut self, block: u16, data: &[u8]) -> String {
        self.hears(&Packet::Data { block, data })
    }

    fn ack(&mut self, block: u16) -> String {
        self.hears(&Packet::Ack { block })
    }

    fn oack(&mut self, options: &[u8]) -> String {
        self.hears(&Packet::Oack(Options::new(options)))
    }

    fn after(&mut self, milliseconds: u64) -> String {
        self.now += Duration::from_millis(milliseconds);
        self.transfer.handle_timeout(self.now);
        self.says()
    }

    /// Stores what there is, and tells what is sent.
    fn says(&mut self) -> String {
        if let Some(bytes) = self.transfer.poll_data() {
            self.stored.extend_from_slice(&bytes);
        }
        self.transfer.handle_stored(self.now);
        self.sends()
    }

    fn sends(&mut self) -> String {
        if let Some(range) = self.transfer.poll_want() {
            let range = usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap();
            self.transfer.handle_data(self.file[range].into());
        }
        let (mut words, mut buf) = (Vec::new(), Vec::new());
        while let Some(segment) = self.transfer.poll_transmit(&mut buf) {
            assert!(buf.len() <= 65_507);
            words.extend(buf.chunks(segment).map(|datagram| in_words(&Packet::parse(datagram).unwrap())));
        }
        words.join(", ")
    }
}

fn in_words(packet: &Packet<'_>) -> String {
    match packet {
        Packet::Rrq(request) => format!("RRQ {:?}", request.options),
        Packet::Wrq(request) => format!("WRQ {:?}", request.options),
        Packet::Data { block, data } => format!("DATA {block} {}", data.escape_ascii()),
        Packet::Ack { block } => format!("ACK {block}"),
        Packet::Oack(options) => format!("OACK {options:?}"),
        Packet::Error { code, message } => format!("ERROR {} {}", code.0, message.escape_ascii()),
    }
}

#[expect(clippy::disallowed_methods, reason = "the zero of a virtual clock that then stands still")]
fn epoch() -> Instant {
    Instant::now()
}

const ASKED: Proposal = Proposal { block_size: Some(8), window_size: Some(3), timeout: None, tsize: None };
const WINDOW: &[u8] = b"blksize\08\0windowsize\x003\0";

#[test]
fn a_write_without_options() {
    let mut talk = Talk::write(b"", Mode::Octet);
    assert_eq!(talk.says(), "ACK 0");
    assert_eq!(talk.data(1, &[b'x'; 512]), "ACK 1");
    assert_eq!(talk.data(1, &[b'x'; 512]), "ACK 1");
    assert_eq!(talk.data(2, b"end"), "ACK 2");
    assert!(talk.transfer.is_dallying());
    // RFC 1350 §6: "the host sending the last ACK will wait for a while before terminating in order to retransmit the
    // final ACK if it has been lost".
    assert_eq!(talk.after(500), "");
    assert_eq!(talk.data(2, b"end"), "ACK 2");
    assert_eq!(talk.transfer.outcome(), None);
    assert_eq!(talk.after(9_000), "");
    assert_eq!(talk.transfer.outcome(), Some(Outcome::Complete { bytes: 515, retransmitted: 2 }));
    assert_eq!(talk.stored.len(), 515);
}

#[test]
fn a_window_is_acknowledged_at_its_end_and_a_gap_once() {
    let mut talk = Talk::write(WINDOW, Mode::Octet);
    assert_eq!(talk.says(), "OACK [blksize=8, windowsize=3]");
    let block = |number: u8| [number; 8];
    assert_eq!([talk.data(1, &block(1)), talk.data(2, &block(2)), talk.data(3, &block(3))], ["", "", "ACK 3"]);
    // RFC 7440 §4: "the receiver SHOULD notify the sender by sending an ACK corresponding to the last data block
    // correctly received."
    assert_eq!([talk.data(4, &block(4)), talk.data(6, &block(6)), talk.data(6, &block(6))], ["", "ACK 4", ""]);
    assert_eq!([talk.data(5, &block(5)), talk.data(6, &block(6)), talk.data(7, &block(7))], ["", "", "ACK 7"]);
    // Stale, from beyond the window, forged.
    assert_eq!([talk.data(2, &block(2)), talk.data(11, b"?"), talk.data(40_000, b"?")], ["", "", ""]);
    assert_eq!(talk.data(8, b""), "ACK 8");
    assert_eq!(talk.stored, (1..=7).flat_map(block).collect::<Vec<u8>>());
}

#[test]
fn an_over_long_block_is_refused() {
    let mut talk = Talk::write(WINDOW, Mode::Octet);
    talk.says();
    assert_eq!(talk.data(1, b"12345678"), "");
    assert_eq!(talk.data(2, b"123456789"), "ERROR 4 the block is longer than the agreed block size");
    assert!(matches!(talk.transfer.outcome(), Some(Outcome::Refused { code: ErrorCode::ILLEGAL_OPERATION, .. })));
    assert_eq!(talk.data(2, b"12345678"), "");
    assert_eq!(talk.stored, b"12345678");
}

#[test]
fn nothing_is_acknowledged_before_it_is_taken_and_the_end_not_before_it_is_stored() {
    let mut talk = Talk::write(b"", Mode::Octet);
    talk.says();
    talk.transfer.handle(talk.now, &Packet::Data { block: 1, data: &[1; 512] });
    assert_eq!(talk.sends(), "");
    // More than a window without an ACK is not held.
    talk.transfer.handle(talk.now, &Packet::Data { block: 2, data: &[2; 512] });
    assert_eq!(talk.transfer.poll_data().unwrap(), [1; 512].as_slice());
    assert_eq!(talk.sends(), "ACK 1");
    talk.transfer.handle(talk.now, &Packet::Data { block: 2, data: b"end" });
    assert!(!talk.transfer.is_whole());
    talk.transfer.handle_stored(talk.now); // too early: not even taken
    assert_eq!(talk.transfer.poll_data().unwrap(), "end");
    assert!(talk.transfer.is_whole());
    // The disk is slow: the sender's patience is not this side's.
    for _ in 0..10 {
        talk.now += Duration::from_secs(8);
        talk.transfer.handle_timeout(talk.now);
        assert_eq!(talk.sends(), "");
    }
    talk.transfer.fail(ErrorCode::DISK_FULL, "disk full");
    assert_eq!(talk.sends(), "ERROR 3 disk full");
    assert_eq!(talk.sends(), "");
}

#[test]
fn a_stored_file_stays_stored() {
    let mut talk = Talk::write(b"", Mode::Netascii);
    talk.says();
    assert_eq!(talk.data(1, b"a\r\nb\r\0\r"), "ACK 1");
    assert_eq!(talk.stored, b"a\nb\r\r");
    assert_eq!(talk.hears(&Packet::Error { code: ErrorCode::NOT_DEFINED, message: b"too late" }), "");
    assert_eq!(talk.transfer.outcome(), Some(Outcome::Complete { bytes: 7, retransmitted: 0 }));
}

#[test]
fn a_forged_write_request_gets_five_packets() {
    let mut talk = Talk::write(WINDOW, Mode::Octet);
    let mut sent = vec![talk.says()];
    sent.extend([1, 2, 4, 8, 8, 8].map(|seconds| talk.after(seconds * 1000)));
    assert_eq!(sent.iter().filter(|words| !words.is_empty()).count(), 5);
    assert_eq!(talk.transfer.outcome(), Some(Outcome::TimedOut { acknowledged: 0, all_sent: false }));
}

#[test]
fn a_get_with_options_and_with_an_oack_that_comes_twice() {
    let mut talk = Talk::get(Proposal { tsize: Some(0), ..ASKED });
    assert_eq!(talk.says(), "RRQ [blksize=8, windowsize=3, tsize=0]");
    assert_eq!(talk.after(1000), "RRQ [blksize=8, windowsize=3, tsize=0]");
    assert_eq!(talk.transfer.agreed(), None);
    assert_eq!(talk.oack(b"blksize\08\0tsize\x0010\0"), "ACK 0");
    assert_eq!(talk.oack(b"blksize\08\0tsize\x0010\0"), "ACK 0");
    let agreed = talk.transfer.agreed().unwrap();
    assert_eq!((agreed.block_size, agreed.window_size, agreed.tsize), (8, 1, Some(10)));
    assert_eq!([talk.data(1, b"12345678"), talk.data(2, b"90")], ["ACK 1", "ACK 2"]);
    assert_eq!(talk.oack(b"blksize\08\0tsize\x0010\0"), "");
    assert_eq!(talk.stored, b"1234567890");
}

#[test]
fn a_server_without_options_answers_with_data() {
    let mut talk = Talk::get(ASKED);
    talk.says();
    assert_eq!(talk.data(2, b"?"), "");
    assert_eq!(talk.data(1, &[b'x'; 512]), "ACK 1");
    assert_eq!(talk.data(2, b""), "ACK 2");
    assert_eq!(talk.stored.len(), 512);
}

#[test]
fn an_oack_with_more_than_was_asked_for_is_refused() {
    for (oack, want) in [
        (&b"multicast\0\0"[..], "ERROR 8 option multicast was not asked for"),
        (b"blksize\x009\0", "ERROR 8 option blksize cannot have the value 9"),
    ] {
        for mut talk in [Talk::get(ASKED), Talk::put(ASKED, b"")] {
            talk.says();
            assert_eq!(talk.oack(oack), want);
            let ended = talk.transfer.outcome();
            assert!(matches!(ended, Some(Outcome::Refused { code: ErrorCode::OPTION_REFUSED, .. })), "{ended:?}");
            assert_eq!((talk.oack(WINDOW), talk.after(1000)), (String::new(), String::new()));
        }
    }
}

#[test]
fn an_error_answers_a_request() {
    for mut talk in [Talk::get(ASKED), Talk::put(ASKED, b"")] {
        talk.says();
        assert_eq!(talk.hears(&Packet::Error { code: ErrorCode::FILE_NOT_FOUND, message: b"no" }), "");
        let (code, message) = (ErrorCode::FILE_NOT_FOUND, "no".to_owned());
        assert_eq!(talk.transfer.outcome(), Some(Outcome::PeerError { code, message }));
    }
}

#[test]
fn a_put_sends_a_window_to_a_server_that_has_answered() {
    let mut talk = Talk::put(Proposal { tsize: Some(26), ..ASKED }, b"abcdefghijklmnopqrstuvwxyz");
    assert_eq!(talk.says(), "WRQ [blksize=8, windowsize=3, tsize=26]");
    assert_eq!(talk.data(1, b"?"), "");
    assert_eq!(talk.oack(WINDOW), "DATA 1 abcdefgh, DATA 2 ijklmnop, DATA 3 qrstuvwx");
    assert_eq!(talk.ack(2), "DATA 3 qrstuvwx, DATA 4 yz");
    assert_eq!(talk.ack(4), "");
    assert_eq!(talk.transfer.outcome(), Some(Outcome::Complete { bytes: 26, retransmitted: 1 }));
}

#[test]
fn no_run_of_datagrams_is_longer_than_one_call_can_send() {
    static FILE: [u8; 65_464 * 5] = [7; 65_464 * 5];
    let proposal = Proposal { block_size: Some(65_464), ..ASKED };
    let mut talk = Talk::put(proposal, &FILE);
    talk.says();
    let count = |talk: &mut Talk| talk.says().split(", ").filter(|words| words.starts_with("DATA")).count();
    talk.transfer.handle(talk.now, &Packet::Oack(proposal.to_options().as_options()));
    assert_eq!(count(&mut talk), 3);
    // A gap at once, and then silence: the first block is probed with the last.
    talk.transfer.handle(talk.now, &Packet::Ack { block: 0 });
    assert_eq!(count(&mut talk), 3);
    talk.now += Duration::from_millis(5);
    talk.transfer.handle_timeout(talk.now);
    assert_eq!(count(&mut talk), 2);
}

#[test]
fn a_put_to_a_server_without_options() {
    let mut talk = Talk::put(ASKED, b"hello");
    talk.says();
    assert_eq!([talk.ack(1), talk.ack(0), talk.ack(1)], ["", "DATA 1 hello", ""]);
    assert_eq!(talk.transfer.outcome(), Some(Outcome::Complete { bytes: 5, retransmitted: 0 }));
}

#[test]
fn nobody_answers() {
    for mut talk in [Talk::get(ASKED), Talk::put(ASKED, b"")] {
        assert_ne!(talk.says(), "");
        let again = [1, 2, 4, 8].map(|seconds| (talk.after(seconds * 1000 - 1), talk.after(1)));
        assert!(again.iter().all(|(early, due)| early.is_empty() && !due.is_empty()), "{again:?}");
        assert_eq!((talk.after(8000), talk.transfer.poll_timeout()), (String::new(), None));
        let silence = Outcome::TimedOut { acknowledged: 0, all_sent: false };
        assert_eq!(talk.transfer.outcome(), Some(silence));
    }
}
