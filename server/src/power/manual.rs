//! A machine without remote power: a person is the driver.

use async_trait::async_trait;

use super::{PowerDriver, PowerError};
use crate::model::PowerState;

/// Does nothing and knows nothing.
#[derive(Debug, Clone, Copy)]
pub struct Manual;

#[async_trait]
impl PowerDriver for Manual {
    fn is_manual(&self) -> bool {
        true
    }

    async fn on(&self) -> Result<(), PowerError> {
        Ok(())
    }

    async fn off(&self) -> Result<(), PowerError> {
        Ok(())
    }

    async fn query(&self) -> Result<PowerState, PowerError> {
        Ok(PowerState::Unknown)
    }
}
