//! How long machines have waited for this server: from the arrival of a request to the first byte of its answer.
//!
//! What comes after the first byte is the network's and the machine's pace, and is not counted.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

/// The waits of one service since the server started.
#[derive(Debug, Default)]
pub struct Meter {
    answers: AtomicU64,
    microseconds: AtomicU64,
}

impl Meter {
    /// Counts an answer and how long it was waited for.
    pub fn add(&self, waited: Duration) {
        self.answers.fetch_add(1, Ordering::Relaxed);
        self.microseconds.fetch_add(u64::try_from(waited.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    fn read(&self) -> Value {
        let waited = Duration::from_micros(self.microseconds.load(Ordering::Relaxed));
        json!({"answers": self.answers.load(Ordering::Relaxed), "waited_seconds": waited.as_secs_f64()})
    }
}

/// The meters of every service that machines speak to.
#[derive(Debug, Default)]
pub struct Meters {
    /// Replies.
    pub dhcp: Meter,
    /// Files and refusals.
    pub tftp: Meter,
    /// Boot files, scripts, metadata and reports; neither the API nor the page.
    pub http: Meter,
}

impl Meters {
    /// All of them, as the API shows them.
    #[must_use]
    pub fn read(&self) -> Value {
        json!({"dhcp": self.dhcp.read(), "tftp": self.tftp.read(), "http": self.http.read()})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_add_up() {
        let meters = Meters::default();
        meters.tftp.add(Duration::from_millis(250));
        meters.tftp.add(Duration::from_millis(500));
        let read = meters.read();
        assert_eq!(read["tftp"], json!({"answers": 2, "waited_seconds": 0.75}));
        assert_eq!(read["dhcp"]["answers"], 0);
    }
}
