//! The server's API as the lab's user sees it. Calls are repeated for a while
//! when nobody answers, because a drill may have killed the server.

use crate::error::{Doing, Error, Result};
use crate::network;
use crate::server;
use reqwest::{Client, Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long a call waits for a server that is down.
const PATIENCE: Duration = Duration::from_secs(30);

/// A client with the admin token.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    client: Client,
    base: String,
    token: String,
}

/// What the lab needs to know of a machine.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Machine {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) failure: Option<Value>,
    #[serde(default)]
    pub(crate) macs: Vec<String>,
    #[serde(default)]
    pub(crate) address: Option<String>,
    #[serde(default)]
    pub(crate) inventory: Option<Inventory>,
}

/// What commissioning found.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Inventory {
    pub(crate) disks: Vec<Disk>,
}

/// A disk of a machine.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Disk {
    pub(crate) path: String,
    pub(crate) size: u64,
    pub(crate) serial: Option<String>,
}

/// How long machines have waited for the server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Waits {
    pub(crate) answers: u64,
    pub(crate) seconds: f64,
}

#[derive(Deserialize)]
struct Wait {
    answers: u64,
    waited_seconds: f64,
}

impl Api {
    /// A client for the server of this run, whose token lies in its state folder.
    pub(crate) fn open(run: &Path) -> Result<Self> {
        let path = server::state_dir(run).join("admin-token");
        let token =
            std::fs::read_to_string(&path).doing(format!("the admin token {} cannot be read", path.display()))?;
        let client =
            Client::builder().no_proxy().connect_timeout(Duration::from_secs(5)).build().doing("no HTTP client")?;
        Ok(Self { client, base: format!("http://{}/api/v1", network::SERVER), token: token.trim().to_owned() })
    }

    /// One machine by its id or name.
    pub(crate) async fn machine(&self, id: &str) -> Result<Machine> {
        let value = self.call(Method::GET, &format!("/machines/{id}"), None).await?;
        serde_json::from_value(value).doing(format!("the API's answer about {id} is not a machine"))
    }

    /// Tells where the machine's power switch is.
    pub(crate) async fn set_power(&self, id: &str, power: Value) -> Result<()> {
        let body = json!({ "power": power });
        self.call(Method::PATCH, &format!("/machines/{id}"), Some(body)).await?;
        Ok(())
    }

    /// `commission`, `allocate`, `release`.
    pub(crate) async fn act(&self, id: &str, action: &str) -> Result<()> {
        self.act_with(id, action, json!({})).await
    }

    /// The same, with what there is to say about it.
    pub(crate) async fn act_with(&self, id: &str, action: &str, body: Value) -> Result<()> {
        self.call(Method::POST, &format!("/machines/{id}/{action}"), Some(body)).await?;
        Ok(())
    }

    /// `deploy` what this is the name of, or the server's default.
    pub(crate) async fn deploy(&self, id: &str, os: Option<&str>) -> Result<()> {
        let wish = os.map_or_else(|| json!({}), |os| json!({ "os": os }));
        self.call(Method::POST, &format!("/machines/{id}/deploy"), Some(wish)).await?;
        Ok(())
    }

    /// Adds a public SSH key.
    pub(crate) async fn add_key(&self, key: &str) -> Result<()> {
        self.call(Method::POST, "/keys", Some(json!({ "key": key }))).await?;
        Ok(())
    }

    /// For how many requests, and how many seconds in all, machines have waited for the server since it started.
    pub(crate) async fn waits(&self) -> Result<Waits> {
        let value = self.call(Method::GET, "/server", None).await?;
        let waits = value.get("waits").cloned().unwrap_or_default();
        let services: BTreeMap<String, Wait> =
            serde_json::from_value(waits).doing("the API's answer about the server is strange")?;
        Ok(Waits {
            answers: services.values().map(|wait| wait.answers).sum(),
            seconds: services.values().map(|wait| wait.waited_seconds).sum(),
        })
    }

    /// The path of a page that logs in, once.
    pub(crate) async fn login_path(&self) -> Result<String> {
        let answer = self.call(Method::POST, "/login-codes", Some(json!({}))).await?;
        answer
            .get("url")
            .and_then(Value::as_str)
            .map(str::to_owned)
            .ok_or_else(|| Error::said("the API's login code has no `url`"))
    }

    /// The event stream from after `after` on.
    pub(crate) async fn events(&self, after: u64) -> Result<reqwest::Response> {
        let answer = self
            .client
            .get(format!("{}/events?after={after}", self.base))
            .bearer_auth(&self.token)
            .header("Accept", "text/event-stream")
            .header("Last-Event-ID", after.to_string())
            .send()
            .await
            .doing("the event stream does not open")?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        Err(Error::said(format!("the event stream is refused ({})", answer.status())))
    }

    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value> {
        let started = Instant::now();
        // Whether an attempt may have been carried out before the answer was lost.
        let mut broken = false;
        loop {
            let error = match self.once(&method, path, body.as_ref()).await {
                // Then the repetition comes too late, which is as good.
                Ok((StatusCode::CONFLICT, _)) if broken => return Ok(Value::Null),
                Ok((status, text)) => return read(&method, path, status, &text),
                Err(error) => error,
            };
            if started.elapsed() > PATIENCE {
                return Err(Error::said(format!("{method} {path} gets no answer: {error}")));
            }
            broken |= !error.is_connect();
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    }

    async fn once(&self, method: &Method, path: &str, body: Option<&Value>) -> reqwest::Result<(StatusCode, String)> {
        let mut request = self
            .client
            .request(method.clone(), format!("{}{path}", self.base))
            .bearer_auth(&self.token)
            .timeout(Duration::from_secs(30));
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await?;
        Ok((answer.status(), answer.text().await?))
    }
}

fn read(method: &Method, path: &str, status: StatusCode, text: &str) -> Result<Value> {
    if !status.is_success() {
        return Err(Error::said(format!("{method} {path} is refused ({status}): {}", refusal(text))));
    }
    if text.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_str(text).doing(format!("{method} {path} is not JSON"))
}

/// The sentence in the API's error, or the text as it is.
fn refusal(text: &str) -> String {
    let value: Value = serde_json::from_str(text).unwrap_or(Value::Null);
    value.pointer("/error/message").and_then(Value::as_str).unwrap_or(text).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_sentences() {
        let json = r#"{"error":{"code":"not_possible","message":"deploy is not possible while the machine is New","remedy":""}}"#;
        assert_eq!(refusal(json), "deploy is not possible while the machine is New");
        assert_eq!(refusal("plain"), "plain");
    }
}
