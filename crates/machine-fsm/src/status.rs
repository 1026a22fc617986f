//! The name of a state, without its data.

use std::fmt;
use std::str::FromStr;

/// What a machine is, in one word: the state without its data, as people, APIs and databases name it.
///
/// ```
/// use firstlight_machine_fsm::Status;
///
/// assert_eq!(Status::FailedDeployment.to_string(), "FailedDeployment");
/// assert_eq!("Ready".parse(), Ok(Status::Ready));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Status {
    /// An unknown machine boots the ephemeral system to introduce itself.
    Enlisting,
    /// Enlistment did not end well; the next netboot tries it again.
    FailedEnlisting,
    /// Known, not yet inspected.
    New,
    /// The ephemeral system runs the commissioning scripts.
    Commissioning,
    /// Commissioning did not end well.
    FailedCommissioning,
    /// Inspected and free.
    Ready,
    /// Taken by a user, nothing installed.
    Allocated,
    /// An operating system is being installed, or boots for the first time.
    Deploying,
    /// The installation or the first boot did not end well.
    FailedDeployment,
    /// The installed system has reported its first boot.
    Deployed,
    /// Being turned off on the way back to Ready.
    Releasing,
    /// The machine could not be turned off.
    FailedReleasing,
    /// Set aside by a user.
    Broken,
}

impl Status {
    /// Every status, in the order of a machine's life.
    pub const ALL: [Self; 13] = [
        Self::Enlisting,
        Self::FailedEnlisting,
        Self::New,
        Self::Commissioning,
        Self::FailedCommissioning,
        Self::Ready,
        Self::Allocated,
        Self::Deploying,
        Self::FailedDeployment,
        Self::Deployed,
        Self::Releasing,
        Self::FailedReleasing,
        Self::Broken,
    ];

    /// The name, as [`fmt::Display`] writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enlisting => "Enlisting",
            Self::FailedEnlisting => "FailedEnlisting",
            Self::New => "New",
            Self::Commissioning => "Commissioning",
            Self::FailedCommissioning => "FailedCommissioning",
            Self::Ready => "Ready",
            Self::Allocated => "Allocated",
            Self::Deploying => "Deploying",
            Self::FailedDeployment => "FailedDeployment",
            Self::Deployed => "Deployed",
            Self::Releasing => "Releasing",
            Self::FailedReleasing => "FailedReleasing",
            Self::Broken => "Broken",
        }
    }

    /// Whether the machine is on its way somewhere: such a status has a deadline and can be aborted.
    #[must_use]
    pub const fn is_transient(self) -> bool {
        matches!(self, Self::Enlisting | Self::Commissioning | Self::Deploying | Self::Releasing)
    }

    /// Whether something went wrong and a user has to decide.
    #[must_use]
    pub const fn is_failed(self) -> bool {
        matches!(
            self,
            Self::FailedEnlisting | Self::FailedCommissioning | Self::FailedDeployment | Self::FailedReleasing
        )
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The text is not the name of a status.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a machine status")]
pub struct ParseStatusError(String);

impl FromStr for Status {
    type Err = ParseStatusError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|status| status.as_str() == text).ok_or_else(|| ParseStatusError(text.to_owned()))
    }
}
