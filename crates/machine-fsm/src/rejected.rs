//! A refusal that reads as a sentence.

use crate::{Event, Status};

/// The event is not possible in this state. The machine is unchanged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{event} is not possible while the machine is {status}{}", advice(*.status, .event))]
pub struct Rejected {
    /// The status that the machine is in.
    pub status: Status,
    /// What was refused.
    pub event: Event,
}

/// What would help, when there is one obvious thing.
fn advice(status: Status, event: &Event) -> &'static str {
    match (event, status) {
        (Event::Allocate | Event::Deploy, Status::New | Status::FailedCommissioning) => ": commission it first",
        (Event::Allocate | Event::Deploy, Status::FailedDeployment | Status::Deployed | Status::FailedReleasing) => {
            ": release it first"
        }
        (Event::Allocate | Event::Deploy | Event::Commission | Event::Release, Status::Broken) => {
            ": mark it fixed first"
        }
        (Event::Commission, Status::Allocated | Status::Deployed | Status::FailedDeployment) => ": release it first",
        (_, Status::Enlisting) if is_user(event) => ": wait until it is New, or abort",
        (_, Status::FailedEnlisting) if is_user(event) => ": turn it on to enlist it again, or delete it",
        (_, status) if is_user(event) && status.is_transient() => ": wait for the end, or abort",
        (Event::Abort, _) => ": nothing is going on",
        _ => "",
    }
}

const fn is_user(event: &Event) -> bool {
    matches!(event, Event::Commission | Event::Allocate | Event::Deploy | Event::Release | Event::MarkFixed)
}
