//! `firstlight preseed explain`: which template a machine gets, asked of the server.

use serde_json::Value;

use super::super::client::{Client, ClientError};

/// Prints what is tried, what is used and what becomes of it. The inner error is the template's.
pub(super) async fn run(client: &Client, machine: &str, prefix: &str) -> Result<Result<(), String>, ClientError> {
    let answer = client.get(&format!("machines/{machine}/preseed?prefix={prefix}")).await?;
    client.show(&answer, || {
        let used = &answer["used"]["path"];
        for tried in answer["tried"].as_array().into_iter().flatten() {
            let mark = match tried["found"].as_bool() {
                Some(true) if tried["path"] == *used => "used",
                Some(true) => "shadowed",
                _ => "-",
            };
            say!("{mark:<9} {}", super::super::text(tried, "path"));
        }
        for warning in answer["warnings"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            say!("warning: {warning}");
        }
        if let Some(text) = answer["text"].as_str() {
            say!("\n{text}");
        }
    });
    Ok(answer["error"].as_str().map_or(Ok(()), |error| Err(error.to_owned())))
}
