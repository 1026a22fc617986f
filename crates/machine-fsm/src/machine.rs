//! The states, and the questions that each of them answers.

use crate::Status;

/// The state of a machine. The data of a state lives in its variant.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Machine {
    /// See [`Status::Enlisting`].
    Enlisting(Ephemeral),
    /// See [`Status::FailedEnlisting`].
    FailedEnlisting {
        /// Why, as a sentence.
        reason: String,
    },
    /// See [`Status::New`].
    New,
    /// See [`Status::Commissioning`].
    Commissioning(Ephemeral),
    /// See [`Status::FailedCommissioning`].
    FailedCommissioning {
        /// Why, as a sentence.
        reason: String,
    },
    /// See [`Status::Ready`].
    Ready,
    /// See [`Status::Allocated`].
    Allocated,
    /// See [`Status::Deploying`].
    Deploying(Installation),
    /// See [`Status::FailedDeployment`].
    FailedDeployment {
        /// Why, as a sentence.
        reason: String,
    },
    /// See [`Status::Deployed`].
    Deployed,
    /// See [`Status::Releasing`].
    Releasing,
    /// See [`Status::FailedReleasing`].
    FailedReleasing {
        /// Why, as a sentence.
        reason: String,
    },
    /// See [`Status::Broken`].
    Broken {
        /// What the user said about it.
        reason: String,
    },
}

/// How far a boot into the ephemeral system has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ephemeral {
    /// The machine has been told to boot, and may ask for its boot files as often as its firmware likes.
    Awaited,
    /// The ephemeral system has reported in. A netboot from here on means that it died.
    Running,
}

/// How far an installation has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Installation {
    /// The ephemeral system writes the disk.
    Installing(Ephemeral),
    /// The disk is written; the installed system boots for the first time.
    FirstBoot,
}

/// What a machine gets when it boots from the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Boot {
    /// The ephemeral system, to introduce the machine.
    Enlist,
    /// The ephemeral system, to inspect the machine.
    Commission,
    /// The ephemeral system, to install an operating system.
    Install,
    /// What is on its disk.
    LocalDisk,
    /// Nothing: the boot loader turns the machine off without a kernel.
    PowerOff,
}

/// Which limit of time a transient state runs under. The caller knows how long each one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Deadline {
    /// From the first netboot to the last enlistment script.
    Enlisting,
    /// From the wish to commission to the last script.
    Commissioning,
    /// From the wish to deploy to the first boot's report.
    Deploying,
    /// From the wish to release to the machine being off.
    Releasing,
}

impl Machine {
    /// The state of a machine that nobody has heard of before, when it boots from the network.
    #[must_use]
    pub const fn discovered() -> Self {
        Self::Enlisting(Ephemeral::Awaited)
    }

    /// The state without its data.
    #[must_use]
    pub const fn status(&self) -> Status {
        match self {
            Self::Enlisting(_) => Status::Enlisting,
            Self::FailedEnlisting { .. } => Status::FailedEnlisting,
            Self::New => Status::New,
            Self::Commissioning(_) => Status::Commissioning,
            Self::FailedCommissioning { .. } => Status::FailedCommissioning,
            Self::Ready => Status::Ready,
            Self::Allocated => Status::Allocated,
            Self::Deploying(_) => Status::Deploying,
            Self::FailedDeployment { .. } => Status::FailedDeployment,
            Self::Deployed => Status::Deployed,
            Self::Releasing => Status::Releasing,
            Self::FailedReleasing { .. } => Status::FailedReleasing,
            Self::Broken { .. } => Status::Broken,
        }
    }

    /// What the machine gets if it boots from the network now.
    ///
    /// Only the states that wait for an ephemeral system hand one out. A machine that has no reason to run is turned off.
    #[must_use]
    pub const fn boot(&self) -> Boot {
        match self {
            Self::Enlisting(_) => Boot::Enlist,
            Self::Commissioning(_) => Boot::Commission,
            Self::Deploying(Installation::Installing(_)) => Boot::Install,
            Self::Deploying(Installation::FirstBoot) | Self::Deployed => Boot::LocalDisk,
            Self::FailedEnlisting { .. }
            | Self::New
            | Self::FailedCommissioning { .. }
            | Self::Ready
            | Self::Allocated
            | Self::FailedDeployment { .. }
            | Self::Releasing
            | Self::FailedReleasing { .. }
            | Self::Broken { .. } => Boot::PowerOff,
        }
    }

    /// The limit of time that this state runs under; `None` when it may last for ever.
    #[must_use]
    pub const fn deadline(&self) -> Option<Deadline> {
        match self {
            Self::Enlisting(_) => Some(Deadline::Enlisting),
            Self::Commissioning(_) => Some(Deadline::Commissioning),
            Self::Deploying(_) => Some(Deadline::Deploying),
            Self::Releasing => Some(Deadline::Releasing),
            _ => None,
        }
    }

    /// Why the machine is where it is, for the states that somebody has to look after.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::FailedEnlisting { reason }
            | Self::FailedCommissioning { reason }
            | Self::FailedDeployment { reason }
            | Self::FailedReleasing { reason }
            | Self::Broken { reason } => Some(reason),
            _ => None,
        }
    }
}
