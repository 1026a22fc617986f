//! A client of the API.

use std::io;
use std::path::{Path, PathBuf};

use reqwest::{Method, Response};
use serde_json::Value;

use super::Remote;

/// A request did not succeed.
#[derive(Debug, thiserror::Error)]
pub(super) enum ClientError {
    #[error("cannot read {path}: {error}")]
    File { path: PathBuf, error: io::Error },
    #[error("cannot read the admin token from {path}: {error}; name the file with --token-file")]
    Token { path: PathBuf, error: io::Error },
    #[error("the server at {url} does not answer: {error}; name it with --url")]
    Unreachable { url: String, error: String },
    #[error("{message}; {remedy}")]
    Refused { message: String, remedy: String },
    #[error("the answer of {url} cannot be read: {error}")]
    Answer { url: String, error: String },
    #[error("{path}:{line}: {problem}")]
    Import { path: PathBuf, line: usize, problem: String },
    #[error("{0}")]
    Usage(String),
}

/// Reads a text file that a user named.
pub(super) fn read_file(path: &Path) -> Result<String, ClientError> {
    std::fs::read_to_string(path).map_err(|error| ClientError::File { path: path.to_owned(), error })
}

/// Speaks to one server.
pub(super) struct Client {
    root: String,
    token: String,
    json: bool,
    http: reqwest::Client,
}

impl Client {
    pub(super) fn new(remote: &Remote) -> Result<Self, ClientError> {
        let path = &remote.token_file;
        let token = std::fs::read_to_string(path).map_err(|error| ClientError::Token { path: path.clone(), error })?;
        let root = remote.url.trim_end_matches('/').to_owned();
        Ok(Self { root, token: token.trim().to_owned(), json: remote.json, http: reqwest::Client::new() })
    }

    pub(super) fn root(&self) -> &str {
        &self.root
    }

    /// Prints `value` as JSON if that was asked for, or else what `people` prints.
    pub(super) fn show(&self, value: &Value, people: impl FnOnce()) {
        if self.json {
            say!("{value}");
        } else {
            people();
        }
    }

    pub(super) async fn get(&self, path: &str) -> Result<Value, ClientError> {
        self.send(Method::GET, path, None).await
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> Result<Value, ClientError> {
        self.send(Method::POST, path, Some(body)).await
    }

    pub(super) async fn patch(&self, path: &str, body: &Value) -> Result<Value, ClientError> {
        self.send(Method::PATCH, path, Some(body)).await
    }

    pub(super) async fn delete(&self, path: &str) -> Result<(), ClientError> {
        self.request(Method::DELETE, path, None).await.map(|_| ())
    }

    /// Prints events for ever; comes back where it stopped when the server was away.
    pub(super) async fn follow(&self, after: Option<i64>) -> Result<(), ClientError> {
        let mut after = after;
        loop {
            let path = after.map_or_else(|| "events".to_owned(), |after| format!("events?after={after}"));
            let mut response = match self.request(Method::GET, &path, None).await {
                Ok(response) => response,
                Err(error @ ClientError::Unreachable { .. }) if after.is_none() => return Err(error),
                Err(ClientError::Unreachable { .. }) => {
                    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
                    continue;
                }
                Err(error) => return Err(error),
            };
            let mut buffer = Vec::new();
            while let Ok(Some(chunk)) = response.chunk().await {
                buffer.extend_from_slice(&chunk);
                while let Some(end) = buffer.iter().position(|byte| *byte == b'\n') {
                    let line: Vec<u8> = buffer.drain(..=end).collect();
                    let line = String::from_utf8_lossy(&line);
                    let Some(data) = line.trim_end().strip_prefix("data: ") else { continue };
                    let Ok(event) = serde_json::from_str::<Value>(data) else { continue };
                    after = event["id"].as_i64().or(after);
                    self.show(&event, || {
                        say!(
                            "{}  {:<18} {}",
                            super::text(&event, "time"),
                            super::text(&event, "kind"),
                            super::text(&event, "message")
                        );
                    });
                }
            }
            after = after.or(Some(0));
        }
    }

    async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, ClientError> {
        let response = self.request(method, path, body).await?;
        let url = response.url().to_string();
        response.json().await.map_err(|error| ClientError::Answer { url, error: error.to_string() })
    }

    async fn request(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Response, ClientError> {
        let url = format!("{}/api/v1/{path}", self.root);
        let mut request = self.http.request(method, &url).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(body);
        }
        let unreachable = |error: reqwest::Error| ClientError::Unreachable {
            url: self.root.clone(),
            error: error.without_url().to_string(),
        };
        let response = request.send().await.map_err(unreachable)?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status();
        let answer: Value = response.json().await.unwrap_or_default();
        let said = |key: &str| answer["error"][key].as_str().map(str::to_owned);
        Err(ClientError::Refused {
            message: said("message").unwrap_or_else(|| format!("the server answered {status}")),
            remedy: said("remedy").unwrap_or_else(|| format!("is {} a Firstlight server?", self.root)),
        })
    }
}
