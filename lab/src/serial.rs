//! A machine's serial console: cleaned of terminal codes, stamped with the time,
//! written to a file; the last lines are kept for the report of a failure.

use std::collections::VecDeque;
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Instant;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::mpsc;

const KEPT: usize = 30;
/// A line that never ends is cut here.
const LONGEST: usize = 4096;

/// The log and the last lines. Clones share both.
#[derive(Clone, Debug)]
pub(crate) struct Serial {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug)]
struct Inner {
    file: std::fs::File,
    last: VecDeque<String>,
    listener: Option<mpsc::UnboundedSender<String>>,
    since: Instant,
}

impl Serial {
    /// Begins a log; times count from now.
    pub(crate) fn create(path: &Path) -> std::io::Result<Self> {
        let file = std::fs::File::create(path)?;
        let inner = Inner { file, last: VecDeque::new(), listener: None, since: Instant::now() };
        Ok(Self { inner: Arc::new(Mutex::new(inner)) })
    }

    /// Adds a line.
    pub(crate) fn note(&self, text: &str) {
        let Ok(mut inner) = self.inner.lock() else {
            return;
        };
        if let Some(listener) = &inner.listener {
            // Whoever listened may have heard enough.
            let _ = listener.send(text.to_owned());
        }
        let line = format!("[{:9.3}] {text}", inner.since.elapsed().as_secs_f64());
        // A full disk must not stop the machine; the lines in memory remain.
        let _ = writeln!(inner.file, "{line}");
        inner.last.push_back(line);
        if inner.last.len() > KEPT {
            inner.last.pop_front();
        }
    }

    /// Every line from now on, without its time. There is one listener.
    pub(crate) fn listen(&self) -> mpsc::UnboundedReceiver<String> {
        let (sender, lines) = mpsc::unbounded_channel();
        if let Ok(mut inner) = self.inner.lock() {
            inner.listener = Some(sender);
        }
        lines
    }

    /// The last lines, oldest first.
    pub(crate) fn last(&self) -> Vec<String> {
        self.inner.lock().map(|inner| inner.last.iter().cloned().collect()).unwrap_or_default()
    }

    /// Reads a console until it ends.
    pub(crate) async fn follow(self, mut console: impl AsyncRead + Unpin) {
        let mut buffer = [0; 4096];
        let mut cleaner = Cleaner::default();
        while let Ok(length @ 1..) = console.read(&mut buffer).await {
            for byte in buffer.iter().take(length) {
                if let Some(line) = cleaner.push(*byte) {
                    self.note(&line);
                }
            }
        }
        if let Some(line) = cleaner.take() {
            self.note(&line);
        }
    }
}

/// Takes terminal codes out and cuts at line ends. Loaders paint with cursor
/// movements and no line end, so a jump to a line counts as one.
#[derive(Debug, Default)]
struct Cleaner {
    line: Vec<u8>,
    escape: Escape,
}

#[derive(Clone, Copy, Debug, Default)]
enum Escape {
    #[default]
    Text,
    Begun,
    Control,
}

impl Cleaner {
    fn push(&mut self, byte: u8) -> Option<String> {
        match (self.escape, byte) {
            (Escape::Text, 0x1b) => self.escape = Escape::Begun,
            (Escape::Text, b'\r' | b'\n') => return self.take(),
            (Escape::Text, b'\t' | 0x20..=0x7e | 0x80..=0xff) => {
                self.line.push(byte);
                if self.line.len() >= LONGEST {
                    return self.take();
                }
            }
            (Escape::Text, _) => {}
            (Escape::Begun, b'[') => self.escape = Escape::Control,
            // Character sets: ESC ( B and the like have one more byte.
            (Escape::Begun, b'(' | b')') => {}
            (Escape::Begun, _) => self.escape = Escape::Text,
            (Escape::Control, 0x40..=0x7e) => {
                self.escape = Escape::Text;
                if matches!(byte, b'H' | b'J') {
                    return self.take();
                }
            }
            (Escape::Control, _) => {}
        }
        None
    }

    fn take(&mut self) -> Option<String> {
        let line = std::mem::take(&mut self.line);
        let text = String::from_utf8_lossy(&line).trim_end().to_owned();
        (!text.is_empty()).then_some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(input: &[u8], expected: &[&str]) {
        let mut cleaner = Cleaner::default();
        let mut lines: Vec<String> = input.iter().filter_map(|byte| cleaner.push(*byte)).collect();
        lines.extend(cleaner.take());
        assert_eq!(lines, expected);
    }

    #[test]
    fn terminal_codes_are_taken_out() {
        check(b"plain\r\nlines\n\n", &["plain", "lines"]);
        check(b"\x1b[1;32m  OK  \x1b[0m Started", &["  OK   Started"]);
        check(b"\x1b(Bword", &["word"]);
        check(b"one\x1b[12;1Htwo\x1b[2Jthree", &["one", "two", "three"]);
        check(b"bell\x07\x00s", &["bells"]);
        check(b"\x1b", &[]);
    }

    #[test]
    fn a_line_without_end_is_cut() {
        let mut cleaner = Cleaner::default();
        let cut = (0..LONGEST).filter_map(|_| cleaner.push(b'x')).count();
        assert_eq!(cut, 1);
    }

    #[test]
    fn the_last_lines_are_kept() {
        let dir = tempfile::tempdir().unwrap();
        let serial = Serial::create(&dir.path().join("serial.log")).unwrap();
        for number in 0..40 {
            serial.note(&format!("line {number}"));
        }
        let last = serial.last();
        assert_eq!(last.len(), KEPT);
        assert!(last[0].ends_with("line 10"), "{}", last[0]);
    }
}
