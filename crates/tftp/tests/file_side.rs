//! The sender and its file: slow, short, of unknown size, or failing.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::time::{Duration, Instant};

use bytes::Bytes;
use firstlight_tftp::{ErrorCode, Mode, Negotiated, Outcome, Packet, Timing, Transfer};

#[expect(clippy::disallowed_methods, reason = "the zero of a virtual clock that then stands still")]
fn epoch() -> Instant {
    Instant::now()
}

fn plain(now: Instant, size: Option<u64>) -> Transfer {
    Transfer::serve_read(now, &Negotiated::default(), Mode::Octet, size, Timing::default())
}

/// What the sender sends next, `block:length` or the code of an ERROR.
fn sent(machine: &mut Transfer) -> Vec<String> {
    let mut buf = Vec::new();
    let mut all = Vec::new();
    while let Some(segment) = machine.poll_transmit(&mut buf) {
        all.extend(buf.chunks(segment).map(|datagram| match Packet::parse(datagram).unwrap() {
            Packet::Data { block, data } => format!("{block}:{}", data.len()),
            Packet::Error { code, message } => format!("error {} {}", code.0, message.escape_ascii()),
            other => panic!("unexpected {other:?}"),
        }));
    }
    all
}

#[test]
fn a_slow_file_does_not_make_the_peer_look_slow() {
    let start = epoch();
    let at = |millis| start + Duration::from_millis(millis);
    let mut machine = plain(start, Some(600));
    assert_eq!(machine.poll_want(), Some(0..600));
    assert_eq!(sent(&mut machine), [""; 0]);
    machine.handle_timeout(at(1000));
    assert_eq!((sent(&mut machine), machine.outcome()), (vec![], None));
    // The block leaves some time after the timer was set: the peer still has a whole second.
    machine.handle_data(vec![0; 600].into());
    assert_eq!(sent(&mut machine), ["1:512"]);
    machine.handle_timeout(at(2000));
    assert_eq!(sent(&mut machine), [""; 0]);
    machine.handle_timeout(at(3000));
    assert_eq!(sent(&mut machine), ["1:512"]);
}

#[test]
fn a_file_that_ends_early_is_an_error_and_not_a_short_file() {
    let mut machine = plain(epoch(), Some(600));
    assert_eq!(machine.poll_want(), Some(0..600));
    assert_eq!(machine.poll_want(), None, "each range is asked for once");
    machine.handle_data(vec![0; 100].into());
    assert_eq!(machine.poll_want(), Some(100..600));
    machine.handle_data(Bytes::new());
    let message = "the file became shorter while it was read";
    assert_eq!(sent(&mut machine), [format!("error 0 {message}")]);
    let refused = Outcome::Refused { code: ErrorCode::NOT_DEFINED, message: message.to_owned() };
    assert_eq!(machine.outcome(), Some(refused));
    assert_eq!(machine.poll_timeout(), None);
    assert_eq!(machine.poll_want(), None);
}

#[test]
fn a_file_that_grows_is_sent_as_long_as_it_was() {
    let mut machine = plain(epoch(), Some(10));
    assert_eq!(machine.poll_want(), Some(0..10));
    machine.handle_data(vec![0; 5000].into());
    assert_eq!(sent(&mut machine), ["1:10"]);
}

#[test]
fn a_file_of_unknown_size_ends_with_empty_data() {
    let now = epoch();
    let mut machine = plain(now, None);
    assert_eq!(machine.poll_want(), Some(0..65536));
    machine.handle_data(vec![0; 512].into());
    assert_eq!(sent(&mut machine), ["1:512"]);
    machine.handle(now, &Packet::Ack { block: 1 });
    assert_eq!((sent(&mut machine), machine.outcome()), (vec![], None));
    assert_eq!(machine.poll_want(), Some(512..512 + 65536));
    machine.handle_data(Bytes::new());
    assert_eq!(sent(&mut machine), ["2:0"]);
    machine.handle(now, &Packet::Ack { block: 2 });
    assert_eq!(machine.outcome(), Some(Outcome::Complete { bytes: 512, retransmitted: 0 }));
}

#[test]
fn data_that_was_not_asked_for_is_dropped() {
    let mut machine = plain(epoch(), Some(3));
    machine.handle_data("abc".into());
    assert_eq!(sent(&mut machine), [""; 0]);
    assert_eq!(machine.poll_want(), Some(0..3));
}

#[test]
fn no_more_is_held_than_one_read() {
    let now = epoch();
    let mut machine = plain(now, Some(1 << 40));
    let mut held = 0;
    while let Some(range) = machine.poll_want() {
        let length = range.end - range.start;
        held += length;
        machine.handle_data(vec![0; usize::try_from(length).unwrap()].into());
    }
    assert_eq!(held, 65536);
    // A new read when half is gone, not one for each block.
    for block in 1..=64 {
        assert_eq!(machine.poll_want(), None, "block {block}");
        sent(&mut machine);
        machine.handle(now, &Packet::Ack { block });
    }
    assert_eq!(machine.poll_want(), Some(65536..65536 + 64 * 512));
}

#[test]
fn a_whole_window_is_always_at_hand() {
    let now = epoch();
    for (block_size, window_size) in [(512, 2), (1468, 16), (1468, 64), (65464, 8)] {
        let agreed = Negotiated { block_size, window_size, ..Negotiated::default() };
        let mut machine = Transfer::serve_read(now, &agreed, Mode::Octet, Some(1 << 40), Timing::default());
        let window = u64::from(block_size) * u64::from(window_size);
        let most = (2 * window + window.max(48 << 10)).max(64 << 10);
        let read = |machine: &mut Transfer, block: u16| {
            while let Some(range) = machine.poll_want() {
                assert!(range.end - u64::from(block) * u64::from(block_size) <= most, "{range:?} at {block}");
                machine.handle_data(vec![0; usize::try_from(range.end - range.start).unwrap()].into());
            }
        };
        read(&mut machine, 0);
        // The first block goes alone, as there are no options to acknowledge.
        assert_eq!(sent(&mut machine).len(), 1);
        for block in (0..100).map(|number| 1 + number * window_size) {
            machine.handle(now, &Packet::Ack { block });
            assert_eq!(sent(&mut machine).len(), usize::from(window_size), "{block_size} x {window_size}, {block}");
            read(&mut machine, block);
        }
    }
}

#[test]
fn an_error_of_the_file_reaches_the_peer_and_an_error_of_the_peer_is_not_answered() {
    let now = epoch();
    let mut machine = plain(now, Some(3));
    machine.fail(ErrorCode::ACCESS_VIOLATION, "no");
    assert_eq!(sent(&mut machine), ["error 2 no"]);
    let mut machine = plain(now, Some(3));
    machine.handle(now, &Packet::Error { code: ErrorCode(900), message: b"\xff" });
    machine.fail(ErrorCode::NOT_DEFINED, "too late");
    assert_eq!(sent(&mut machine), [""; 0]);
    let message = "\u{FFFD}".to_owned();
    assert_eq!(machine.outcome(), Some(Outcome::PeerError { code: ErrorCode(900), message }));
}
