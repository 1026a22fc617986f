//! Both machines, in both roles, and between them a network that loses, duplicates, reorders, replays and forges, a
//! receiver whose socket buffer overflows, slow files and early timers, on a virtual clock.
//!
//! Every run has to end with both sides satisfied and equal bytes. After every step the sender is held to what it may
//! do, by a count of its own.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

#[path = "two_party/scenario.rs"]
mod scenario;
#[path = "two_party/watch.rs"]
mod watch;
#[path = "two_party/world.rs"]
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;

use firstlight_tftp::Mode;

use crate::scenario::Scenario;
use crate::world::{Ended, Fault, World};

const SEEDS: u64 = 10_000;
/// With a short last block, and with an empty one.
const SIZES: [usize; 11] = [0, 3, 8, 11, 16, 19, 24, 27, 32, 35, 40];
const CALM: Scenario = Scenario {
    seed: 1,
    put: false,
    mode: Mode::Octet,
    size: 0,
    block: 8,
    window: 1,
    options: true,
    loss: 0,
    duplicate: 0,
    replay: 0,
    early: 0,
    slow_file: 0,
    buffer: 1000,
    service: 10,
};

/// Runs a scenario, and says which it was if it fails.
fn check(scenario: Scenario, faults: &[(u64, Fault)]) -> Ended {
    catch_unwind(AssertUnwindSafe(|| World::new(scenario, faults).run())).unwrap_or_else(|failure| {
        eprintln!("in {scenario:?} with {faults:?}");
        resume_unwind(failure)
    })
}

#[test]
fn both_sides_are_satisfied_whatever_the_network_does() {
    // The last ACK has no ACK of its own: nothing can promise that it arrives before the receiver stops listening.
    let uncertain = (0..SEEDS).filter(|&seed| !check(Scenario::of_seed(seed), &[]).certain).count() as u64;
    assert!(uncertain <= SEEDS / 1000, "{uncertain} of {SEEDS} senders never learned that they were done");
}

#[test]
fn a_calm_network_needs_each_block_once() {
    for put in [false, true] {
        for size in [0, 1, 511, 512, 513, 100_000] {
            for window in [1, 2, 16, 64] {
                let ended = check(Scenario { put, size, window, block: 512, ..CALM }, &[]);
                assert_eq!((ended.certain, ended.packets), (true, ended.blocks), "{put} {size} {window}");
            }
        }
    }
}

#[test]
fn one_lost_packet_in_a_hundred_costs_hardly_any_time_outs() {
    let mut took: Vec<Duration> = (0..9)
        .map(|seed| {
            let put = seed % 2 == 0;
            check(Scenario { seed, put, size: 4 << 20, block: 1468, window: 16, loss: 10, ..CALM }, &[]).took
        })
        .collect();
    took.sort_unstable();
    // Without a loss it is 100 ms; each of the 180 windows is lost in part with one chance in seven.
    assert!(took[4] < Duration::from_millis(300), "{took:?}");
    assert!(took[8] < Duration::from_millis(1500), "{took:?}");
}

#[test]
fn a_small_buffer_gets_small_bursts() {
    for (put, service, most) in [(false, 50, 130), (true, 200, 140), (false, 1000, 180)] {
        let scenario = Scenario { put, size: 512 * 4096, block: 512, window: 64, buffer: 8, service, ..CALM };
        let ended = check(scenario, &[]);
        assert!(ended.certain);
        assert!(ended.packets * 100 < ended.blocks * most, "{} packets for {}", ended.packets, ended.blocks);
    }
}

/// All files of up to six blocks, all windows up to three, both directions, and every way to place two faults among
/// the packets.
#[test]
fn every_pair_of_faults_in_every_small_transfer() {
    let mut runs = 0_u64;
    for put in [false, true] {
        for (size, window) in SIZES.into_iter().flat_map(|size| (1..=3).map(move |window| (size, window))) {
            let scenario = Scenario { put, size, window, ..CALM };
            // A request, an OACK, an ACK 0, and for each block DATA and ACK; with faults there are more.
            let packets = 3 + 2 * (size as u64 / 8 + 1) + 2;
            for first in 0..packets {
                for second in first + 1..packets {
                    for (one, other) in pairs() {
                        let ended = check(scenario, &[(first, one), (second, other)]);
                        assert!(ended.certain, "{scenario:?} {first} {one:?} {second} {other:?}");
                        runs += 1;
                    }
                }
            }
        }
    }
    assert_eq!(runs, 69_696);
}

fn pairs() -> impl Iterator<Item = (Fault, Fault)> {
    const ALL: [Fault; 4] = [Fault::Lost, Fault::Twice, Fault::Late, Fault::Again];
    ALL.into_iter().flat_map(|one| ALL.into_iter().map(move |other| (one, other)))
}
