//! The transition table.

use crate::{Boot, Effect, Ephemeral, Event, Installation, Machine, Rejected, Transition};

use Effect::{ForgetDeployment, PowerCycle, PowerOff, RevokeEphemeralCredentials};
use Ephemeral::{Awaited, Running};
use Installation::{FirstBoot, Installing};

impl Machine {
    /// The transition that `event` makes from this state.
    ///
    /// # Errors
    ///
    /// [`Rejected`] when the table has no such edge; the machine is then as it was.
    pub fn apply(self, event: Event) -> Result<Transition, Rejected> {
        let status = self.status();
        match event {
            Event::MarkBroken { reason } => Ok(self.set_aside(reason)),
            Event::Commission | Event::Allocate | Event::Deploy | Event::Release | Event::Abort | Event::MarkFixed => {
                self.user(event)
            }
            Event::Netbooted => Ok(self.netbooted()),
            Event::EphemeralStarted
            | Event::ScriptsFinished
            | Event::ScriptsFailed { .. }
            | Event::Installed
            | Event::InstallFailed { .. }
            | Event::FirstBootFinished
            | Event::FirstBootFailed { .. } => self.reported(event),
            Event::PoweredOff => Ok(match self {
                Self::Releasing => to(Self::Ready, []),
                other => to(other, []),
            }),
            Event::PowerFailed { reason } => Ok(self.failed(reason)),
            Event::DeadlinePassed if status.is_transient() => Ok(self.failed(format!("{status} took too long"))),
            Event::DeadlinePassed => Err(Rejected { status, event }),
        }
    }

    /// What a user asks for.
    fn user(self, event: Event) -> Result<Transition, Rejected> {
        Ok(match (self, event) {
            (Self::New | Self::Ready | Self::FailedCommissioning { .. }, Event::Commission) => {
                to(Self::Commissioning(Awaited), [PowerCycle])
            }
            (Self::Ready, Event::Allocate) => to(Self::Allocated, []),
            (Self::Ready | Self::Allocated, Event::Deploy) => to(Self::Deploying(Installing(Awaited)), [PowerCycle]),
            (
                Self::Allocated | Self::Deployed | Self::FailedDeployment { .. } | Self::FailedReleasing { .. },
                Event::Release,
            ) => to(Self::Releasing, [RevokeEphemeralCredentials, ForgetDeployment, PowerOff]),
            (Self::Enlisting(_), Event::Abort) => {
                to(Self::FailedEnlisting { reason: aborted() }, [RevokeEphemeralCredentials, PowerOff])
            }
            (Self::Commissioning(_), Event::Abort) => to(Self::New, [RevokeEphemeralCredentials, PowerOff]),
            (Self::Deploying(_), Event::Abort) => {
                to(Self::Allocated, [RevokeEphemeralCredentials, ForgetDeployment, PowerOff])
            }
            (Self::Releasing, Event::Abort) => to(Self::FailedReleasing { reason: aborted() }, []),
            (Self::Broken { .. }, Event::MarkFixed) => to(Self::Ready, []),
            (machine, event) => return Err(Rejected { status: machine.status(), event }),
        })
    }

    /// The machine asks what to boot. It is always told, see [`Machine::boot`]; here is what that means for its state.
    fn netbooted(self) -> Transition {
        match self {
            // Enlistment writes nothing, so trying again is safe; it takes somebody who turns the machine on.
            Self::FailedEnlisting { .. } => to(Self::Enlisting(Awaited), []),
            // The ephemeral system ends by turning the machine off or, after an installation, by reporting first.
            // A netboot while it runs means that it died, and booting it again might go on for ever.
            Self::Enlisting(Running) | Self::Commissioning(Running) | Self::Deploying(Installing(Running)) => {
                self.failed("the machine booted again before the ephemeral system had finished".to_owned())
            }
            // Its boot loader turns it off; the power driver makes sure.
            idle if idle.boot() == Boot::PowerOff => to(idle, [PowerOff]),
            other => to(other, []),
        }
    }

    /// What the system on the machine says of itself.
    fn reported(self, event: Event) -> Result<Transition, Rejected> {
        Ok(match (self, event) {
            (Self::Enlisting(_), Event::EphemeralStarted) => to(Self::Enlisting(Running), []),
            (Self::Commissioning(_), Event::EphemeralStarted) => to(Self::Commissioning(Running), []),
            (Self::Deploying(Installing(_)), Event::EphemeralStarted) => to(Self::Deploying(Installing(Running)), []),
            (Self::Enlisting(_), Event::ScriptsFinished) => to(Self::New, [RevokeEphemeralCredentials, PowerOff]),
            (Self::Commissioning(_), Event::ScriptsFinished) => to(Self::Ready, [RevokeEphemeralCredentials, PowerOff]),
            (machine @ (Self::Enlisting(_) | Self::Commissioning(_)), Event::ScriptsFailed { reason })
            | (machine @ Self::Deploying(Installing(_)), Event::InstallFailed { reason })
            | (machine @ Self::Deploying(FirstBoot), Event::FirstBootFailed { reason }) => machine.failed(reason),
            // The installer reboots the machine itself: that works without remote power, too.
            (Self::Deploying(Installing(_)), Event::Installed) => {
                to(Self::Deploying(FirstBoot), [RevokeEphemeralCredentials])
            }
            (Self::Deploying(FirstBoot), Event::FirstBootFinished) => to(Self::Deployed, []),
            (machine, event) => return Err(Rejected { status: machine.status(), event }),
        })
    }

    /// Where trouble leads. A state that is not on its way anywhere stays what it is.
    fn failed(self, reason: String) -> Transition {
        let off = [RevokeEphemeralCredentials, PowerOff];
        match self {
            Self::Enlisting(_) => to(Self::FailedEnlisting { reason }, off),
            Self::Commissioning(_) => to(Self::FailedCommissioning { reason }, off),
            Self::Deploying(_) => to(Self::FailedDeployment { reason }, off),
            Self::Releasing => to(Self::FailedReleasing { reason }, []),
            other => to(other, []),
        }
    }

    fn set_aside(self, reason: String) -> Transition {
        match self {
            Self::Enlisting(_) | Self::Commissioning(_) | Self::Deploying(_) => {
                to(Self::Broken { reason }, [RevokeEphemeralCredentials, ForgetDeployment, PowerOff])
            }
            _ => to(Self::Broken { reason }, [RevokeEphemeralCredentials, ForgetDeployment]),
        }
    }
}

fn to(next: Machine, effects: impl Into<Vec<Effect>>) -> Transition {
    Transition { next, effects: effects.into() }
}

fn aborted() -> String {
    "aborted by a user".to_owned()
}
