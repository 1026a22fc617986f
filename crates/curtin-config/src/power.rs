//! What happens to the machine when the installation is done.

use crate::config::Context;
use crate::section::Keys;
use crate::value::{Mapping, Node};

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
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PowerState {
    /// How the machine ends.
    pub mode: PowerMode,
    /// Seconds to wait before.
    pub delay: u64,
    /// A word to those who are logged in.
    pub message: Option<String>,
    /// What curtin does not know.
    pub rest: Mapping,
}

impl PowerState {
    /// The command that does it, the delay aside, as curtin runs it.
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
                let message = match mode.map(|mode| (mode, mode.as_str())) {
                    None => "a power state needs a `mode`".to_owned(),
                    Some((_, Some(word))) => format!("curtin knows no mode {word}"),
                    Some((mode, None)) => format!("the mode is a word, not {}", mode.kind()),
                };
                keys.error("power-mode", "mode", span, &message, "write halt, poweroff or reboot");
                return None;
            }
        };
        let delay = keys.get("delay").map_or(Some(5), seconds);
        let message = keys.text("message").filter(|message| !message.is_empty());
        let Some(delay) = delay else {
            let span = keys.get("delay").map_or(node.span, |delay| delay.span);
            let message = "this is no time to wait, and the machine stays on";
            keys.warning("power-delay", "delay", span, message, "write `now`, seconds, or minutes as `+5`");
            keys.rest();
            return None;
        };
        Some(Self { mode, delay, message, rest: keys.rest() })
    }
}

/// What curtin makes of a delay is what `sleep` understands: `now`, seconds, minutes as `+5`, or a number with a unit. A
/// part of a second counts as a whole one.
fn seconds(node: &Node) -> Option<u64> {
    let text = node.to_text()?;
    if text == "now" {
        return Some(0);
    }
    let minutes = text.strip_prefix('+').filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    let (number, unit) = match minutes {
        Some(minutes) => (minutes, 60.0),
        None => match text.strip_suffix(['s', 'm', 'h', 'd']) {
            Some(number) if text.ends_with('s') => (number, 1.0),
            Some(number) if text.ends_with('m') => (number, 60.0),
            Some(number) if text.ends_with('h') => (number, 3600.0),
            Some(number) => (number, 86_400.0),
            None => (text.as_str(), 1.0),
        },
    };
    let is_number = number.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    let number: f64 = number.parse().ok().filter(|_| is_number)?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "what is too large becomes the largest"
    )]
    Some((number * unit).ceil() as u64)
}

#[cfg(test)]
mod tests {
    use crate::parse;

    #[test]
    fn a_delay_is_what_sleep_understands() {
        let delay = |text: &str| {
            let parsed = parse(&format!("power_state: {{mode: halt, delay: {text}}}\n"));
            parsed.config.power_state.map(|state| state.delay)
        };
        for (text, seconds) in
            [("now", 0), ("7", 7), ("'7'", 7), ("'+2'", 120), ("2m", 120), ("1.5h", 5400), ("0.2", 1), ("1d", 86_400)]
        {
            assert_eq!(delay(text), Some(seconds), "{text}");
        }
        // YAML's +2 is the number 2.
        assert_eq!(delay("+2"), Some(2));
        for text in ["soon", "-1", "true", "null", "''", "inf", "'+'", "1w"] {
            assert_eq!(delay(text), None, "{text}");
        }
        assert_eq!(parse("power_state: {mode: halt}").config.power_state.map(|state| state.delay), Some(5));
    }
}
