//! When each machine reached what, and the table at the end.

use crate::api::Waits;
use crate::cli::Until;
use crate::server::Usage;
use std::fmt::Write;
use std::time::Duration;

/// The milestones of one machine, in seconds since its first power-on.
#[derive(Clone, Debug)]
pub(crate) struct Milestones {
    pub(crate) name: String,
    reached: [Option<f64>; 4],
}

const ALL: [(Until, &str); 4] =
    [(Until::New, "New"), (Until::Ready, "Ready"), (Until::Deployed, "Deployed"), (Until::Released, "released")];

impl Milestones {
    /// None reached yet.
    pub(crate) fn of(name: &str) -> Self {
        Self { name: name.to_owned(), reached: [None; 4] }
    }

    /// Notes that a milestone was reached; the first time counts.
    pub(crate) fn reach(&mut self, milestone: Until, seconds: f64) {
        if let Some(slot) = self.reached.get_mut(milestone as usize) {
            slot.get_or_insert(seconds);
        }
    }

    /// Whether it was reached.
    pub(crate) fn has(&self, milestone: Until) -> bool {
        self.reached.get(milestone as usize).is_some_and(Option::is_some)
    }
}

/// The table: one row per machine and phase.
pub(crate) fn table(machines: &[Milestones]) -> String {
    let mut text = format!("{:<20} {:<22} {:>10} {:>14}\n", "machine", "phase", "took", "since power-on");
    for machine in machines {
        let mut before = ("power-on", 0.0);
        for ((_, milestone), at) in ALL.iter().zip(machine.reached) {
            let Some(at) = at else { continue };
            let phase = format!("{} → {milestone}", before.0);
            // Padding counts bytes of the arrow as one character: it is one.
            let _ = writeln!(text, "{:<20} {phase:<22} {:>8.1} s {at:>12.1} s", machine.name, at - before.1);
            before = (milestone, at);
        }
    }
    text
}

/// What the server has cost, in one line.
pub(crate) fn server_line(usage: Usage, started_in: Duration, waits: Waits) -> String {
    format!(
        "The server: ready {} ms after its start; machines waited {:.2} s for it, over {} answers; \
         {:.2} s of processor time in all, {:.1} MiB of memory at most.",
        started_in.as_millis(),
        waits.seconds,
        waits.answers,
        usage.cpu.as_secs_f64(),
        mib(usage.peak_kib),
    )
}

#[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
fn mib(kib: u64) -> f64 {
    kib as f64 / 1024.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_count_from_the_milestone_before() {
        let mut machine = Milestones::of("calm-otter");
        machine.reach(Until::New, 40.0);
        machine.reach(Until::Ready, 80.0);
        machine.reach(Until::Ready, 99.0);
        assert!(machine.has(Until::Ready) && !machine.has(Until::Deployed));
        let text = table(&[machine]);
        let rows: Vec<&str> = text.lines().skip(1).collect();
        assert_eq!(
            rows,
            [
                "calm-otter           power-on → New             40.0 s         40.0 s",
                "calm-otter           New → Ready                40.0 s         80.0 s",
            ]
        );
    }
}
