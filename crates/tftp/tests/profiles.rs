//! Conversations of real boot firmware, as text: `>` the client, `<` the server, `+` time passes, `=` the outcome.
//!
//! The requests are those of the named programs as seen on the wire; the answers are what the RFCs and these
//! programs need.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use bytes::Bytes;
use firstlight_tftp::{ErrorCode, Limits, Mode, Negotiated, OptionsBuf, Outcome, Packet, Timing, Transfer, negotiate};

/// Plays the client's lines of a conversation against a file of `size` bytes and compares all lines of the server.
#[track_caller]
fn check(size: usize, conversation: &str) {
    let played = play(&Bytes::from(vec![b'x'; size]), conversation);
    let wanted: Vec<&str> = conversation.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    assert_eq!(played.lines().collect::<Vec<_>>(), wanted);
}

fn play(file: &Bytes, conversation: &str) -> String {
    let mut now = epoch();
    let mut machine: Option<Transfer> = None;
    let mut out = String::new();
    for line in conversation.lines().map(str::trim) {
        let Some((kind, rest)) = line.split_once(' ') else { continue };
        match (kind, &mut machine) {
            (">", started) => {
                let words: Vec<&str> = rest.split(' ').collect();
                match (words.as_slice(), started) {
                    (["RRQ", mode, options @ ..], started) => {
                        let agreed = answer(options, file.len() as u64);
                        let mode = Mode::parse(mode.as_bytes()).unwrap();
                        let size = Some(file.len() as u64);
                        *started = Some(Transfer::serve_read(now, &agreed, mode, size, Timing::default()));
                    }
                    (["ACK", block], Some(machine)) => {
                        machine.handle(now, &Packet::Ack { block: block.parse().unwrap() });
                    }
                    (["ERROR", code, message @ ..], Some(machine)) => {
                        let (code, message) = (ErrorCode(code.parse().unwrap()), message.join(" "));
                        machine.handle(now, &Packet::Error { code, message: message.as_bytes() });
                    }
                    (words, _) => panic!("no such packet: {words:?}"),
                }
            }
            ("+", Some(machine)) => {
                now += Duration::from_millis(rest.strip_suffix("ms").unwrap().parse().unwrap());
                machine.handle_timeout(now);
            }
            _ => continue, // the server's lines are written below
        }
        writeln!(out, "{line}").unwrap();
        let machine = machine.as_mut().expect("a conversation begins with RRQ");
        drain(machine, file, &mut out);
        if let Some(outcome) = machine.outcome() {
            writeln!(out, "= {}", outcome_line(&outcome)).unwrap();
        }
    }
    out
}

fn answer(options: &[&str], size: u64) -> Negotiated {
    let mut asked = OptionsBuf::new();
    for option in options {
        let (name, value) = option.split_once('=').unwrap();
        asked.push(name.as_bytes(), value.as_bytes()).unwrap();
    }
    negotiate(asked.as_options(), &Limits::default(), Some(size))
}

fn drain(machine: &mut Transfer, file: &Bytes, out: &mut String) {
    let mut buf = Vec::new();
    loop {
        while let Some(range) = machine.poll_want() {
            machine.handle_data(file.slice(usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap()));
        }
        let Some(segment) = machine.poll_transmit(&mut buf) else { return };
        for datagram in buf.chunks(segment) {
            match Packet::parse(datagram).unwrap() {
                Packet::Data { block, data } => writeln!(out, "< DATA {block} {}", data.len()).unwrap(),
                Packet::Oack(options) => {
                    let options: Vec<String> = options.iter().map(|option| format!("{option:?}")).collect();
                    writeln!(out, "< OACK {}", options.join(" ")).unwrap();
                }
                other => panic!("a sender sent {other:?}"),
            }
        }
    }
}

fn outcome_line(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Complete { bytes, retransmitted } => format!("complete {bytes} bytes, {retransmitted} again"),
        Outcome::Probe => "probe".to_owned(),
        Outcome::PeerError { code, message } => format!("peer error {} {message}", code.0),
        Outcome::TimedOut { acknowledged, all_sent } => format!("timed out {acknowledged} {all_sent}"),
        other => panic!("unexpected {other:?}"),
    }
}

#[expect(clippy::disallowed_methods, reason = "the zero of a virtual clock that then stands still")]
fn epoch() -> Instant {
    Instant::now()
}

#[test]
fn edk2_asks_for_the_size_and_aborts() {
    check(
        960_000,
        "> RRQ octet tsize=0 blksize=1468 windowsize=4
         < OACK tsize=960000 blksize=1468 windowsize=4
         > ERROR 8 User aborted the transfer
         = probe",
    );
}

#[test]
fn edk2_downloads_in_windows_of_four() {
    check(
        1468 * 5 + 10,
        "> RRQ octet blksize=1468 windowsize=4
         < OACK blksize=1468 windowsize=4
         > ACK 0
         < DATA 1 1468
         < DATA 2 1468
         < DATA 3 1468
         < DATA 4 1468
         > ACK 4
         < DATA 5 1468
         < DATA 6 10
         > ACK 6
         = complete 7350 bytes, 0 again",
    );
}

#[test]
fn ipxe_downloads_in_lock_step() {
    check(
        1432 + 568,
        "> RRQ octet blksize=1432 tsize=0
         < OACK blksize=1432 tsize=2000
         > ACK 0
         < DATA 1 1432
         > ACK 1
         < DATA 2 568
         > ACK 2
         = complete 2000 bytes, 0 again",
    );
}

#[test]
fn pxe_rom_asks_for_the_size_and_aborts_with_error_0() {
    check(
        42_376,
        "> RRQ octet blksize=1432 tsize=0
         < OACK blksize=1432 tsize=42376
         > ERROR 0 TFTP Aborted
         = probe",
    );
}

#[test]
fn grub_acknowledges_old_blocks_by_their_own_number() {
    check(
        2049,
        "> RRQ octet blksize=1024 tsize=0
         < OACK blksize=1024 tsize=2049
         > ACK 0
         < DATA 1 1024
         + 499ms
         + 1ms
         < DATA 1 1024
         > ACK 1
         < DATA 2 1024
         > ACK 1
         > ACK 2
         < DATA 3 1
         > ACK 1
         > ACK 2
         > ACK 3
         = complete 2049 bytes, 1 again",
    );
}

#[test]
fn grub_reads_an_empty_list() {
    check(
        0,
        "> RRQ octet blksize=1024 tsize=0
         < OACK blksize=1024
         > ACK 0
         < DATA 1 0
         > ACK 1
         = complete 0 bytes, 0 again",
    );
}

#[test]
fn pxelinux_puts_the_size_first() {
    check(
        1408,
        "> RRQ octet tsize=0 blksize=1408
         < OACK tsize=1408 blksize=1408
         > ACK 0
         < DATA 1 1408
         > ACK 1
         < DATA 2 0
         > ACK 2
         = complete 1408 bytes, 0 again",
    );
}

#[test]
fn shim_loses_a_block_and_gets_a_full_window() {
    check(
        512 * 9,
        "> RRQ octet blksize=512 windowsize=4
         < OACK blksize=512 windowsize=4
         > ACK 0
         < DATA 1 512
         < DATA 2 512
         < DATA 3 512
         < DATA 4 512
         > ACK 2
         < DATA 3 512
         < DATA 4 512
         < DATA 5 512
         < DATA 6 512
         > ACK 2
         > ACK 2
         > ACK 6
         < DATA 7 512
         < DATA 8 512
         < DATA 9 512
         < DATA 10 0
         > ACK 10
         = complete 4608 bytes, 2 again",
    );
}

#[test]
fn uboot_gets_its_timeout_back_as_it_wrote_it() {
    check(
        10,
        "> RRQ octet timeout=05 tsize=0 blksize=1468
         < OACK timeout=05 tsize=10 blksize=1468
         + 4999ms
         + 1ms
         < OACK timeout=05 tsize=10 blksize=1468
         > ACK 0
         < DATA 1 10
         > ACK 1
         = complete 10 bytes, 0 again",
    );
}

#[test]
fn a_client_of_1981_needs_no_options() {
    check(
        513,
        "> RRQ octet
         < DATA 1 512
         > ACK 0
         > ACK 2
         > ACK 1
         < DATA 2 1
         > ACK 2
         = complete 513 bytes, 0 again",
    );
}

#[test]
fn netascii_counts_in_blocks_of_encoded_bytes() {
    let played = play(&Bytes::from("a\n".repeat(300)), "> RRQ netascii\n> ACK 1\n> ACK 2\n");
    assert_eq!(played, "> RRQ netascii\n< DATA 1 512\n> ACK 1\n< DATA 2 388\n> ACK 2\n= complete 900 bytes, 0 again\n");
}

#[test]
fn a_forged_address_gets_five_packets_and_no_window() {
    check(
        100_000,
        "> RRQ octet windowsize=64
         < OACK windowsize=64
         > ACK 7
         + 999ms
         + 1ms
         < OACK windowsize=64
         + 2000ms
         < OACK windowsize=64
         + 4000ms
         < OACK windowsize=64
         + 8000ms
         < OACK windowsize=64
         + 7999ms
         + 1ms
         = timed out 0 false",
    );
    check(
        100_000,
        "> RRQ octet
         < DATA 1 512
         + 1000ms
         < DATA 1 512
         + 2000ms
         < DATA 1 512
         + 4000ms
         < DATA 1 512
         + 8000ms
         < DATA 1 512
         + 8000ms
         = timed out 0 false",
    );
}

#[test]
fn a_client_that_never_acknowledges_the_end_is_told_apart() {
    check(
        512 + 7,
        "> RRQ octet
         < DATA 1 512
         > ACK 1
         < DATA 2 7
         + 1000ms
         < DATA 2 7
         + 2000ms
         < DATA 2 7
         + 4000ms
         < DATA 2 7
         + 8000ms
         < DATA 2 7
         + 8000ms
         < DATA 2 7
         + 8000ms
         < DATA 2 7
         + 8000ms
         = timed out 512 true",
    );
}

#[test]
fn an_error_in_the_middle_ends_the_transfer_at_once() {
    check(
        2000,
        "> RRQ octet
         < DATA 1 512
         > ERROR 3 disk full
         = peer error 3 disk full",
    );
}

#[test]
fn one_go_back_per_base_until_the_timer_fires() {
    check(
        8 * 20,
        "> RRQ octet blksize=8 windowsize=3
         < OACK blksize=8 windowsize=3
         > ACK 0
         < DATA 1 8
         < DATA 2 8
         < DATA 3 8
         > ACK 0
         < DATA 1 8
         < DATA 2 8
         < DATA 3 8
         > ACK 0
         > ACK 0
         + 4ms
         + 1ms
         < DATA 1 8
         < DATA 3 8
         + 494ms
         + 1ms
         < DATA 1 8
         + 2ms
         < DATA 2 8
         + 2ms
         < DATA 3 8
         > ACK 0
         < DATA 1 8
         + 2ms
         < DATA 2 8
         + 2ms
         < DATA 3 8
         > ACK 0
         > ACK 65535
         > ACK 4
         > ERROR 0 enough
         = peer error 0 enough",
    );
}

/// A round trip of 100 ms: the probe is due after 300 ms, the time-out after 500 (RFC 6298 with that floor).
#[test]
fn a_probe_does_not_bring_the_time_out_forward() {
    check(
        8 * 20,
        "> RRQ octet blksize=8 windowsize=3
         < OACK blksize=8 windowsize=3
         + 100ms
         > ACK 0
         < DATA 1 8
         < DATA 2 8
         < DATA 3 8
         + 299ms
         + 1ms
         < DATA 3 8
         + 199ms
         + 1ms
         < DATA 1 8
         > ERROR 0 enough
         = peer error 0 enough",
    );
}

#[test]
fn the_tail_of_a_window_is_probed_once_and_then_the_window_sent_again_once() {
    check(
        8 * 20,
        "> RRQ octet blksize=8 windowsize=3
         < OACK blksize=8 windowsize=3
         > ACK 0
         < DATA 1 8
         < DATA 2 8
         < DATA 3 8
         + 4ms
         + 1ms
         < DATA 3 8
         > ACK 3
         < DATA 4 8
         < DATA 5 8
         < DATA 6 8
         > ACK 3
         + 14ms
         + 1ms
         < DATA 6 8
         + 59ms
         + 1ms
         < DATA 4 8
         + 2ms
         < DATA 5 8
         + 2ms
         < DATA 6 8
         + 14ms
         + 1ms
         < DATA 4 8
         < DATA 6 8
         + 400ms
         > ERROR 0 enough
         = peer error 0 enough",
    );
}
