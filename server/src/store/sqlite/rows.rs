//! Rows to values.

use std::net::Ipv4Addr;

use serde::Serialize;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use crate::model::{Event, PowerState, Record, ScriptResult, from_columns};
use crate::store::{Credential, LeaseRow, PowerEffect, Result, Scope, StoreError};
use crate::time::Millis;

macro_rules! machines {
    ($rest:literal) => {
        concat!(
            "SELECT m.*, (SELECT group_concat(mac) FROM interfaces WHERE machine_id = m.id) AS macs,
                (SELECT address FROM leases WHERE state = 'bound'
                    AND mac IN (SELECT mac FROM interfaces WHERE machine_id = m.id)
                    ORDER BY expires DESC LIMIT 1) AS address
             FROM machines m ",
            $rest
        )
    };
}

pub(super) const MACHINES: &str = machines!("ORDER BY name");
pub(super) const MACHINES_OVERDUE: &str = machines!("WHERE deadline <= ?");
pub(super) const MACHINE_BY_NAME: &str = machines!("WHERE id = ? OR name = ? ORDER BY id = ? DESC LIMIT 1");
pub(super) const MACHINE_BY_MAC: &str = machines!("WHERE id = (SELECT machine_id FROM interfaces WHERE mac = ?)");

pub(super) fn machine(row: &SqliteRow) -> Result<Record> {
    let id: String = row.try_get("id")?;
    let status: String = row.try_get("status")?;
    let progress: Option<String> = row.try_get("progress")?;
    let corrupt = |what, found| StoreError::Corrupt { what, id: id.clone(), found };
    let machine = from_columns(&status, progress.as_deref(), row.try_get("reason")?)
        .ok_or_else(|| corrupt("status", status.clone()))?;
    let parse = |what: &'static str| -> Result<Option<String>> { Ok(row.try_get(what)?) };
    let power: String = row.try_get("power")?;
    let power = serde_json::from_str(&power).map_err(|error| corrupt("power", error.to_string()))?;
    let deployment = match parse("deployment")? {
        Some(text) => Some(serde_json::from_str(&text).map_err(|error| corrupt("deployment", error.to_string()))?),
        None => None,
    };
    let inventory = match parse("inventory")? {
        Some(text) => Some(serde_json::from_str(&text).map_err(|error| corrupt("inventory", error.to_string()))?),
        None => None,
    };
    Ok(Record {
        name: row.try_get("name")?,
        machine,
        revision: row.try_get("revision")?,
        status_since: Millis(row.try_get("status_since")?),
        deadline: row.try_get::<Option<i64>, _>("deadline")?.map(Millis),
        step: row.try_get("step")?,
        macs: parse("macs")?.unwrap_or_default().split(',').filter_map(|mac| mac.parse().ok()).collect(),
        address: row.try_get::<Option<i64>, _>("address")?.map(address),
        firmware: row.try_get("firmware")?,
        architecture: row.try_get("architecture")?,
        power,
        power_state: PowerState::from_stored(&row.try_get::<String, _>("power_state")?),
        deployment,
        inventory,
        id,
    })
}

pub(super) fn lease(row: &SqliteRow) -> sqlx::Result<LeaseRow> {
    Ok(LeaseRow {
        address: address(row.try_get("address")?),
        mac: row.try_get("mac")?,
        client_id: row.try_get("client_id")?,
        hostname: row.try_get("hostname")?,
        state: row.try_get("state")?,
        since: u64::try_from(row.try_get::<i64, _>("since")?).unwrap_or(0),
        expires: u64::try_from(row.try_get::<i64, _>("expires")?).unwrap_or(0),
    })
}

pub(super) fn event(row: &SqliteRow) -> sqlx::Result<Event> {
    let details: String = row.try_get("details")?;
    Ok(Event {
        id: row.try_get("id")?,
        time: Millis(row.try_get("time")?),
        machine: row.try_get("machine_id")?,
        name: row.try_get("name")?,
        mac: row.try_get("mac")?,
        kind: row.try_get("kind")?,
        message: row.try_get("message")?,
        details: serde_json::from_str(&details).unwrap_or_default(),
    })
}

pub(super) fn credential(row: &SqliteRow) -> sqlx::Result<Credential> {
    let scope: String = row.try_get("scope")?;
    Ok(Credential {
        token_key: row.try_get("token_key")?,
        token_secret: row.try_get("token_secret")?,
        consumer_key: row.try_get("consumer_key")?,
        machine: row.try_get("machine_id")?,
        scope: if scope == "deployed" { Scope::Deployed } else { Scope::Ephemeral },
        instance_id: row.try_get("instance_id")?,
        bootstrap: row.try_get("bootstrap")?,
        address: row.try_get::<Option<i64>, _>("address")?.map(address),
    })
}

pub(super) fn script(row: &SqliteRow) -> sqlx::Result<ScriptResult> {
    Ok(ScriptResult {
        name: row.try_get("name")?,
        phase: row.try_get("phase")?,
        exit_status: row.try_get("exit_status")?,
        seconds: row.try_get("seconds")?,
        output: row.try_get("output")?,
        time: Millis(row.try_get("time")?),
    })
}

pub(super) fn effect_kind(effect: PowerEffect) -> &'static str {
    match effect {
        PowerEffect::Off => "power-off",
        PowerEffect::On => "power-on",
    }
}

pub(super) fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

fn address(stored: i64) -> Ipv4Addr {
    Ipv4Addr::from(u32::try_from(stored).unwrap_or(0))
}
