//! Turning machines on and off.

mod manual;
mod webhook;

use std::time::Duration;

use async_trait::async_trait;

use crate::model::{Power, PowerState};

pub use manual::Manual;
pub use webhook::WebhookDriver;

/// How long a machine may take to be what a driver told it to be: BMCs lie for seconds.
pub const SETTLE: Duration = Duration::from_secs(60);

/// A driver could not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PowerError {
    /// Nothing that understands could be reached.
    #[error("{what} {url}: {problem}")]
    Request {
        /// The method.
        what: &'static str,
        /// Where to.
        url: String,
        /// Why.
        problem: String,
    },
    /// The machine did not become what it should be.
    #[error("the machine is still not {wanted} after {seconds} s", seconds = SETTLE.as_secs())]
    Unsettled {
        /// `on` or `off`.
        wanted: &'static str,
    },
}

/// One way of turning machines on and off. Asking for what already is, is harmless.
#[async_trait]
pub trait PowerDriver: Send + Sync {
    /// Whether somebody has to press a button, because this driver cannot.
    fn is_manual(&self) -> bool {
        false
    }
    /// Asks for the machine to be on.
    async fn on(&self) -> Result<(), PowerError>;
    /// Asks for the machine to be off.
    async fn off(&self) -> Result<(), PowerError>;
    /// Whether the machine is on.
    async fn query(&self) -> Result<PowerState, PowerError>;
}

/// The driver that `power` configures.
#[must_use]
pub fn driver(power: &Power, client: &reqwest::Client) -> Box<dyn PowerDriver> {
    match power {
        Power::Manual => Box::new(Manual),
        Power::Webhook(webhook) => Box::new(WebhookDriver::new(webhook.clone(), client.clone())),
    }
}
