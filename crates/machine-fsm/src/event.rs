//! What can happen to a machine.

use std::fmt;

/// What happened, or what a user asks for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Event {
    /// A user wants the machine inspected.
    Commission,
    /// A user takes the machine.
    Allocate,
    /// A user wants an operating system on the machine.
    Deploy,
    /// A user gives the machine back.
    Release,
    /// A user wants what is going on to stop.
    Abort,
    /// A user sets the machine aside.
    MarkBroken {
        /// What is wrong with it.
        reason: String,
    },
    /// A user says that a broken machine is well again.
    MarkFixed,
    /// The machine asked over the network what to boot.
    Netbooted,
    /// The ephemeral system reported in with the credentials of this boot.
    EphemeralStarted,
    /// All scripts of the ephemeral system ended well.
    ScriptsFinished,
    /// A script of the ephemeral system failed.
    ScriptsFailed {
        /// Which one, and how.
        reason: String,
    },
    /// The installer wrote the disk and is about to reboot.
    Installed,
    /// The installer gave up.
    InstallFailed {
        /// At which step, and how.
        reason: String,
    },
    /// The installed system's cloud-init reported the end of its first boot.
    FirstBootFinished,
    /// The installed system's cloud-init reported that its first boot failed.
    FirstBootFailed {
        /// What it said.
        reason: String,
    },
    /// The power driver has seen the machine off, or cannot know (a machine without remote power).
    PoweredOff,
    /// The power driver could not do what was asked of it.
    PowerFailed {
        /// What it said.
        reason: String,
    },
    /// The [`Deadline`](crate::Deadline) of the state has passed.
    DeadlinePassed,
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Commission => "commission",
            Self::Allocate => "allocate",
            Self::Deploy => "deploy",
            Self::Release => "release",
            Self::Abort => "abort",
            Self::MarkBroken { .. } => "mark broken",
            Self::MarkFixed => "mark fixed",
            Self::Netbooted => "a netboot",
            Self::EphemeralStarted => "a report of the ephemeral system",
            Self::ScriptsFinished | Self::ScriptsFailed { .. } => "the end of the scripts",
            Self::Installed | Self::InstallFailed { .. } => "the end of an installation",
            Self::FirstBootFinished | Self::FirstBootFailed { .. } => "the end of a first boot",
            Self::PoweredOff => "a power-off",
            Self::PowerFailed { .. } => "a power failure",
            Self::DeadlinePassed => "a passed deadline",
        })
    }
}
