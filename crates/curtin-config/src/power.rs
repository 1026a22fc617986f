//! What happens to the machine when the installation is done.

use crate::config::Context;
use crate::section::Keys;
use crate::value::{Node, Value};

/// How the machine ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PowerMode {
    /// Start again.
    #[default]
    Reboot,
    /// Turn off.
    Poweroff,
    /// Stop, and stay on.
    Halt,
}

impl PowerMode {
    /// The word for it in a configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reboot => "reboot",
            Self::Poweroff => "poweroff",
            Self::Halt => "halt",
        }
    }
}

/// The `power_state` section.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PowerState {
    /// How the machine ends.
    pub mode: PowerMode,
    /// Seconds to wait before.
    pub delay: u64,
    /// A word to those who are logged in.
    pub message: Option<String>,
}

impl PowerState {
    /// The command that does it, the delay aside.
    ///
    /// ```
    /// assert_eq!(firstlight_curtin_config::PowerState::default().command(), ["shutdown", "-r", "now"]);
    /// ```
    #[must_use]
    pub fn command(&self) -> Vec<String> {
        let flag = match self.mode {
            PowerMode::Reboot => "-r",
            PowerMode::Poweroff => "-P",
            PowerMode::Halt => "-H",
        };
        let mut argv: Vec<String> = ["shutdown", flag, "now"].map(str::to_owned).to_vec();
        argv.extend(self.message.clone());
        argv
    }

    pub(crate) fn read(cx: &mut Context, node: &Node) -> Option<Self> {
        if node.is_null() {
            return None;
        }
        let mut keys = Keys::new(cx, "power_state", node)?;
        let mode = keys.get("mode");
        let mode = match mode.and_then(Node::as_str) {
            Some("reboot") => PowerMode::Reboot,
            Some("poweroff") => PowerMode::Poweroff,
            Some("halt") => PowerMode::Halt,
            _ => {
                let span = mode.map_or(node.span, |mode| mode.span);
                keys.error("power-mode", "mode", span, "must be halt, poweroff or reboot");
                return None;
            }
        };
        let delay = match keys.get("delay") {
            None => 5,
            Some(delay) => seconds(delay).unwrap_or_else(|| {
                let message = "this is no time to wait, and the machine stays on";
                keys.warning("power-delay", "delay", delay.span, message, "write `now`, seconds, or minutes as `+5`");
                0
            }),
        };
        let message = keys.text("message");
        keys.rest();
        Some(Self { mode, delay, message })
    }
}

/// `now`, a number of seconds, or minutes as `+5` or `5m`.
fn seconds(node: &Node) -> Option<u64> {
    match &node.value {
        Value::Int(number) => u64::try_from(*number).ok(),
        Value::String(text) if text == "now" => Some(0),
        Value::String(text) => {
            let minutes = text.strip_prefix('+').or_else(|| text.strip_suffix('m'));
            match minutes {
                Some(minutes) => minutes.parse::<u64>().ok()?.checked_mul(60),
                None => text.parse().ok(),
            }
        }
        _ => None,
    }
}
