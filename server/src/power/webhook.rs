//! Power by HTTP: POST to turn on and off, GET to ask.
//!
//! The query answers in JSON or in text; what counts is a `status` of `running` or `on`, `stopped` or `off`, as with
//! MAAS's webhook driver.

use async_trait::async_trait;

use super::{PowerDriver, PowerError};
use crate::model::{PowerState, Webhook};

/// As much of an answer as is read.
const MAX_ANSWER: usize = 64 * 1024;

/// Sends requests.
#[derive(Debug, Clone)]
pub struct WebhookDriver {
    webhook: Webhook,
    client: reqwest::Client,
}

impl WebhookDriver {
    /// A driver that sends to the URLs of `webhook`.
    #[must_use]
    pub fn new(webhook: Webhook, client: reqwest::Client) -> Self {
        Self { webhook, client }
    }

    async fn send(&self, what: &'static str, url: &str) -> Result<String, PowerError> {
        let problem = |problem: String| PowerError::Request { what, url: url.to_owned(), problem };
        let request = match what {
            "GET" => self.client.get(url),
            _ => self.client.post(url).json(&serde_json::json!({})),
        };
        let request = match &self.webhook.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        let mut response = request.send().await.map_err(|error| problem(cause(&error)))?;
        if !response.status().is_success() {
            return Err(problem(format!("answered {}", response.status())));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| problem(cause(&error)))? {
            if body.len() + chunk.len() > MAX_ANSWER {
                return Err(problem(format!("answered more than {MAX_ANSWER} bytes")));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(String::from_utf8_lossy(&body).into_owned())
    }
}

#[async_trait]
impl PowerDriver for WebhookDriver {
    async fn on(&self) -> Result<(), PowerError> {
        self.send("POST", &self.webhook.power_on_uri).await.map(|_| ())
    }

    async fn off(&self) -> Result<(), PowerError> {
        self.send("POST", &self.webhook.power_off_uri).await.map(|_| ())
    }

    async fn query(&self) -> Result<PowerState, PowerError> {
        Ok(status(&self.send("GET", &self.webhook.power_query_uri).await?))
    }
}

/// What an answer says.
fn status(answer: &str) -> PowerState {
    let json: Option<serde_json::Value> = serde_json::from_str(answer).ok();
    let word = match json.as_ref().and_then(|json| json["status"].as_str()) {
        Some(word) => word.to_owned(),
        None => answer.split_once("status").map_or(answer, |(_, rest)| rest).to_owned(),
    };
    match word.trim_matches(|c: char| !c.is_ascii_alphanumeric()).to_ascii_lowercase().as_str() {
        "running" | "on" => PowerState::On,
        "stopped" | "off" => PowerState::Off,
        _ => PowerState::Unknown,
    }
}

/// The innermost reason, without the URL twice.
fn cause(error: &reqwest::Error) -> String {
    let mut source: &dyn std::error::Error = error;
    while let Some(inner) = source.source() {
        source = inner;
    }
    source.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_answers_say() {
        for (answer, state) in [
            (r#"{"status": "running"}"#, PowerState::On),
            (r#"{"status": "off", "name": "x"}"#, PowerState::Off),
            ("status: stopped\n", PowerState::Off),
            ("on", PowerState::On),
            ("", PowerState::Unknown),
            ("<html>", PowerState::Unknown),
        ] {
            assert_eq!(status(answer), state, "{answer}");
        }
    }
}
