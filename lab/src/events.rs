//! The server's event stream (server-sent events), followed across its deaths:
//! after a break it is opened again from the last event that came.

use crate::api::Api;
use futures_util::StreamExt;
use serde::Deserialize;
use serde_json::Value;
use std::time::Duration;
use tokio::sync::mpsc;

/// One event as the API documents it.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Event {
    pub(crate) id: u64,
    pub(crate) time: jiff::Timestamp,
    #[serde(default)]
    pub(crate) machine: Option<String>,
    #[serde(default)]
    pub(crate) name: Option<String>,
    #[serde(default)]
    pub(crate) mac: Option<String>,
    pub(crate) kind: String,
    #[serde(default)]
    pub(crate) message: String,
    #[serde(default)]
    pub(crate) details: Value,
    /// The event as it came.
    #[serde(skip)]
    pub(crate) raw: String,
}

impl Event {
    /// A text in the details, or an empty one.
    pub(crate) fn detail(&self, name: &str) -> &str {
        self.details.get(name).and_then(Value::as_str).unwrap_or_default()
    }
}

/// Starts to follow; what comes out is every event once, in order.
pub(crate) fn follow(api: Api) -> mpsc::Receiver<Event> {
    let (sender, receiver) = mpsc::channel(256);
    tokio::spawn(async move {
        let mut last = 0;
        while !sender.is_closed() {
            // A refusal is not told apart from a server that is down: the run's
            // time limit and the server's own log settle it.
            if let Ok(answer) = api.events(last).await {
                read(answer, &sender, &mut last).await;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    });
    receiver
}

async fn read(answer: reqwest::Response, sender: &mpsc::Sender<Event>, last: &mut u64) {
    let mut stream = answer.bytes_stream();
    let mut parser = Parser::default();
    while let Some(Ok(chunk)) = stream.next().await {
        for data in parser.push(&chunk) {
            let Ok(mut event) = serde_json::from_str::<Event>(&data) else {
                eprintln!("lab: an event is not understood: {data}");
                continue;
            };
            if event.id > *last {
                *last = event.id;
                event.raw = data;
                if sender.send(event).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// Puts the stream's lines together and yields the data of each event. (The id
/// is in the data too.)
#[derive(Debug, Default)]
struct Parser {
    line: Vec<u8>,
    data: String,
}

impl Parser {
    fn push(&mut self, bytes: &[u8]) -> Vec<String> {
        let mut events = Vec::new();
        for byte in bytes {
            if *byte != b'\n' {
                self.line.push(*byte);
                continue;
            }
            let line = std::mem::take(&mut self.line);
            let line = String::from_utf8_lossy(&line);
            let line = line.trim_end_matches('\r');
            if line.is_empty() {
                if !self.data.is_empty() {
                    events.push(std::mem::take(&mut self.data));
                }
            } else if let Some(data) = line.strip_prefix("data:") {
                if !self.data.is_empty() {
                    self.data.push('\n');
                }
                self.data.push_str(data.strip_prefix(' ').unwrap_or(data));
            }
        }
        events
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_put_together_from_any_pieces() {
        let stream = b": hello\n\nid: 1\ndata: {\"a\":1}\n\nid: 2\r\ndata:two\r\ndata: lines\r\n\r\nid: 3\ndata: cut";
        for size in [1, 2, 7, stream.len()] {
            let mut parser = Parser::default();
            let events: Vec<String> = stream.chunks(size).flat_map(|chunk| parser.push(chunk)).collect();
            assert_eq!(events, ["{\"a\":1}", "two\nlines"], "in pieces of {size}");
        }
    }

    #[test]
    fn an_event_as_documented() {
        let event: Event = serde_json::from_str(
            r#"{"id":7,"time":"2026-01-02T03:04:05Z","machine":"m","name":"calm-otter","mac":null,
                "kind":"machine.status","message":"it is New","details":{"from":"Enlisting","to":"New"}}"#,
        )
        .unwrap();
        assert_eq!((event.id, event.detail("to")), (7, "New"));
        assert_eq!(event.detail("nothing"), "");
    }
}
