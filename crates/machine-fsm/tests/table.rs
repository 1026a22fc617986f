//! The promises of the table, checked for every state that can be reached and every event.

#![expect(clippy::unwrap_used, reason = "a test panics when it fails")]

use std::collections::{HashMap, HashSet, VecDeque};

use firstlight_machine_fsm::{Boot, Effect, Ephemeral, Event, Installation, Machine, Status, Transition};
use proptest::prelude::*;

fn events() -> Vec<Event> {
    let reason = || "r".to_owned();
    vec![
        Event::Commission,
        Event::Allocate,
        Event::Deploy,
        Event::Release,
        Event::Abort,
        Event::MarkBroken { reason: reason() },
        Event::MarkFixed,
        Event::Netbooted,
        Event::EphemeralStarted,
        Event::ScriptsFinished,
        Event::ScriptsFailed { reason: reason() },
        Event::Installed,
        Event::InstallFailed { reason: reason() },
        Event::FirstBootFinished,
        Event::FirstBootFailed { reason: reason() },
        Event::PoweredOff,
        Event::PowerFailed { reason: reason() },
        Event::DeadlinePassed,
    ]
}

/// Every state that can be reached from a discovered machine or one added by hand.
fn reachable() -> HashSet<Machine> {
    let mut seen = HashSet::new();
    let mut queue = VecDeque::from([Machine::discovered(), Machine::New]);
    while let Some(machine) = queue.pop_front() {
        if seen.insert(machine.clone()) {
            queue.extend(events().into_iter().filter_map(|event| Some(machine.clone().apply(event).ok()?.next)));
        }
    }
    seen
}

#[track_caller]
fn check(from: Machine, event: Event, next: Machine, effects: &[Effect]) {
    let transition = from.apply(event).unwrap();
    assert_eq!((transition.next, transition.effects.as_slice()), (next, effects));
}

#[track_caller]
fn refused(from: Machine, event: Event, sentence: &str) {
    assert_eq!(from.apply(event).unwrap_err().to_string(), sentence);
}

#[test]
fn the_happy_path() {
    use Effect::{ForgetDeployment, PowerCycle, PowerOff, RevokeEphemeralCredentials as Revoke};
    use Ephemeral::{Awaited, Running};
    use Installation::{FirstBoot, Installing};

    check(Machine::discovered(), Event::Netbooted, Machine::Enlisting(Awaited), &[]);
    check(Machine::Enlisting(Awaited), Event::EphemeralStarted, Machine::Enlisting(Running), &[]);
    check(Machine::Enlisting(Running), Event::ScriptsFinished, Machine::New, &[Revoke, PowerOff]);
    check(Machine::New, Event::Commission, Machine::Commissioning(Awaited), &[PowerCycle]);
    check(Machine::Commissioning(Running), Event::ScriptsFinished, Machine::Ready, &[Revoke, PowerOff]);
    check(Machine::Ready, Event::Allocate, Machine::Allocated, &[]);
    check(Machine::Allocated, Event::Deploy, Machine::Deploying(Installing(Awaited)), &[PowerCycle]);
    check(Machine::Deploying(Installing(Running)), Event::Installed, Machine::Deploying(FirstBoot), &[Revoke]);
    check(Machine::Deploying(FirstBoot), Event::Netbooted, Machine::Deploying(FirstBoot), &[]);
    check(Machine::Deploying(FirstBoot), Event::FirstBootFinished, Machine::Deployed, &[]);
    check(Machine::Deployed, Event::Release, Machine::Releasing, &[Revoke, ForgetDeployment, PowerOff]);
    check(Machine::Releasing, Event::PoweredOff, Machine::Ready, &[]);
}

/// The whole table, edge by edge: a change of any of them shows here.
#[test]
fn every_edge_is_as_it_is_written_down() {
    let mut table = String::new();
    let mut states: Vec<Machine> =
        reachable().into_iter().filter(|machine| machine.reason().is_none_or(|why| why == "r")).collect();
    states.sort_by_key(|machine| format!("{machine:?}"));
    for machine in states {
        for event in events() {
            let Ok(Transition { next, effects, .. }) = machine.clone().apply(event.clone()) else { continue };
            table.push_str(
                &format!("{machine:?} + {event:?} -> {next:?} {effects:?}\n").replace(" { reason: \"r\" }", ""),
            );
        }
    }
    assert_eq!(table, include_str!("edges.txt"), "the table is now:\n{table}");
}

#[test]
fn refusals_read_as_sentences() {
    refused(Machine::New, Event::Deploy, "deploy is not possible while the machine is New: commission it first");
    refused(Machine::Deployed, Event::Deploy, "deploy is not possible while the machine is Deployed: release it first");
    refused(Machine::Ready, Event::Abort, "abort is not possible while the machine is Ready: nothing is going on");
    refused(
        Machine::Deploying(Installation::FirstBoot),
        Event::Release,
        "release is not possible while the machine is Deploying: wait for the end, or abort",
    );
}

#[test]
fn an_aborted_deployment_leaves_the_machine_with_its_user() {
    let transition = Machine::Deploying(Installation::FirstBoot).apply(Event::Abort).unwrap();
    assert_eq!(transition.next, Machine::Allocated);
    assert!(transition.effects.contains(&Effect::PowerOff));
}

#[test]
fn every_status_can_be_reached() {
    let statuses: HashSet<Status> = reachable().iter().map(Machine::status).collect();
    assert_eq!(statuses, Status::ALL.into_iter().collect());
}

#[test]
fn every_transient_state_has_a_deadline_that_ends_it_and_a_way_to_abort() {
    for machine in reachable() {
        assert_eq!(machine.deadline().is_some(), machine.status().is_transient(), "{machine:?}");
        if machine.status().is_transient() {
            let late = machine.clone().apply(Event::DeadlinePassed).unwrap();
            assert!(late.next.status().is_failed(), "{machine:?}");
            let aborted = machine.clone().apply(Event::Abort).unwrap();
            assert!(!aborted.next.status().is_transient(), "{machine:?}");
        }
    }
}

#[test]
fn a_status_names_itself() {
    for status in Status::ALL {
        assert_eq!(status.to_string().parse(), Ok(status));
    }
    assert_eq!("Rusty".parse::<Status>().unwrap_err().to_string(), "`Rusty` is not a machine status");
}

#[test]
fn only_a_user_starts_an_installation() {
    for machine in reachable() {
        for event in events() {
            let before = machine.boot();
            let Ok(transition) = machine.clone().apply(event.clone()) else { continue };
            if before != Boot::Install && transition.next.boot() == Boot::Install {
                assert_eq!(event, Event::Deploy, "{machine:?}");
            }
        }
    }
}

#[test]
fn an_ephemeral_system_that_has_begun_is_never_booted_again() {
    let ephemeral = HashMap::from([(Boot::Enlist, ()), (Boot::Commission, ()), (Boot::Install, ())]);
    for machine in reachable() {
        let Ok(started) = machine.clone().apply(Event::EphemeralStarted) else { continue };
        let after = started.next.apply(Event::Netbooted).unwrap().next;
        assert!(!ephemeral.contains_key(&after.boot()), "{machine:?} -> {after:?}");
    }
}

#[test]
fn a_state_without_purpose_is_turned_off() {
    for machine in [Machine::New, Machine::Ready, Machine::Allocated, Machine::Broken { reason: String::new() }] {
        assert_eq!(machine.boot(), Boot::PowerOff);
        check(machine.clone(), Event::Netbooted, machine, &[Effect::PowerOff]);
    }
}

proptest! {
    /// Whatever happens, the number of installers booted never exceeds the number of times that a user asked for one.
    #[test]
    fn no_sequence_of_events_is_a_reinstall_loop(picks in proptest::collection::vec(0_usize..18, 0..200)) {
        let all = events();
        let (mut machine, mut wishes, mut installers) = (Machine::discovered(), 0, 0);
        for pick in picks {
            let event = all[pick].clone();
            let Ok(transition) = machine.clone().apply(event.clone()) else { continue };
            wishes += usize::from(event == Event::Deploy);
            let running = Machine::Deploying(Installation::Installing(Ephemeral::Running));
            installers += usize::from(transition.next == running && machine != running);
            machine = transition.next;
            prop_assert!(installers <= wishes);
        }
    }
}
