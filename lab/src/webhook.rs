//! The lab's power strip: the HTTP interface that the server's `webhook` power
//! driver calls to turn machines on and off and to ask how they are.

use crate::error::{Doing, Result};
use crate::network;
use crate::qemu::Machine;
use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::net::TcpListener;

const PORT: u16 = 8099;

/// The machines, and the token that callers must know.
#[derive(Clone, Debug)]
pub(crate) struct Strip {
    machines: Arc<[Arc<Machine>]>,
    token: Arc<str>,
}

impl Strip {
    /// A strip for these machines, with a token of its own.
    pub(crate) fn new(machines: &[Arc<Machine>]) -> Result<Self> {
        Ok(Self { machines: machines.into(), token: random_token()?.into() })
    }

    /// What the API is told about `machine`: where its switch is.
    pub(crate) fn power_of(&self, machine: &Machine) -> Value {
        let base = format!("http://{}:{PORT}/power/{}", network::SERVER, machine.label());
        json!({
            "driver": "webhook",
            "power_on_uri": format!("{base}/on"),
            "power_off_uri": format!("{base}/off"),
            "power_query_uri": format!("{base}/status"),
            "token": &*self.token,
        })
    }

    /// Serves it on the lab's network, for ever.
    pub(crate) async fn serve(self) -> Result<()> {
        let listener = TcpListener::bind((network::SERVER, PORT))
            .await
            .doing(format!("port {PORT} cannot be used for the power webhook"))?;
        let router = self.router();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(())
    }

    fn router(self) -> Router {
        Router::new()
            .route("/power/{machine}/on", post(on))
            .route("/power/{machine}/off", post(off))
            .route("/power/{machine}/status", get(status))
            .layer(middleware::from_fn_with_state(self.clone(), check_token))
            .with_state(self)
    }

    fn find(&self, label: &str) -> Option<&Machine> {
        self.machines.iter().find(|machine| machine.label() == label).map(AsRef::as_ref)
    }
}

async fn check_token(State(strip): State<Strip>, request: Request, next: Next) -> Response {
    let given = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    if given == Some(&*strip.token) {
        next.run(request).await
    } else {
        problem(StatusCode::UNAUTHORIZED, "the token is missing or wrong")
    }
}

async fn on(State(strip): State<Strip>, Path(label): Path<String>) -> Response {
    let Some(machine) = strip.find(&label) else {
        return unknown(&label);
    };
    answer(machine.power_on().await, "running")
}

async fn off(State(strip): State<Strip>, Path(label): Path<String>) -> Response {
    let Some(machine) = strip.find(&label) else {
        return unknown(&label);
    };
    answer(machine.power_off().await, "stopped")
}

async fn status(State(strip): State<Strip>, Path(label): Path<String>) -> Response {
    let Some(machine) = strip.find(&label) else {
        return unknown(&label);
    };
    let status = if machine.is_on().await { "running" } else { "stopped" };
    Json(json!({ "status": status })).into_response()
}

fn answer(outcome: Result<()>, status: &str) -> Response {
    match outcome {
        Ok(()) => Json(json!({ "status": status })).into_response(),
        Err(error) => problem(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

fn unknown(label: &str) -> Response {
    problem(StatusCode::NOT_FOUND, &format!("there is no machine {label} on this power strip"))
}

fn problem(status: StatusCode, sentence: &str) -> Response {
    (status, Json(json!({ "error": sentence }))).into_response()
}

/// 128 bits from the kernel, in hexadecimal.
fn random_token() -> Result<String> {
    use std::io::Read;
    let mut bytes = [0; 16];
    std::fs::File::open("/dev/urandom")
        .and_then(|mut file| file.read_exact(&mut bytes))
        .doing("/dev/urandom cannot be read")?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Firmware;
    use crate::qemu::Hardware;

    /// Serves a strip of one machine on loopback; returns its address and token.
    async fn strip(dir: &std::path::Path) -> (String, String) {
        let machine = Arc::new(Machine::create(1, Hardware::plain(Firmware::Bios), dir).unwrap());
        let strip = Strip::new(&[machine]).unwrap();
        let token = strip.token.to_string();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, strip.router()).await });
        (base, token)
    }

    #[tokio::test]
    async fn a_machine_that_was_never_on_is_stopped() {
        let dir = tempfile::tempdir().unwrap();
        let (base, token) = strip(dir.path()).await;
        let client = reqwest::Client::new();
        let url = format!("{base}/power/machine-1/status");
        let body: Value = client.get(url).bearer_auth(&token).send().await.unwrap().json().await.unwrap();
        assert_eq!(body, json!({ "status": "stopped" }));
        let url = format!("{base}/power/machine-1/off");
        let off = client.post(url).bearer_auth(&token).send().await.unwrap();
        assert_eq!(off.status(), 200);
    }

    #[tokio::test]
    async fn strangers_and_unknown_machines_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let (base, token) = strip(dir.path()).await;
        let client = reqwest::Client::new();
        let status = format!("{base}/power/machine-1/status");
        assert_eq!(client.get(&status).send().await.unwrap().status(), 401);
        let wrong = client.get(&status).bearer_auth("wrong").send().await;
        assert_eq!(wrong.unwrap().status(), 401);
        let other = format!("{base}/power/machine-2/status");
        let unknown = client.get(other).bearer_auth(token).send().await;
        assert_eq!(unknown.unwrap().status(), 404);
    }
}
