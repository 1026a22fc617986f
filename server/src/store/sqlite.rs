//! [`Store`] in an embedded SQLite database: write-ahead log, full sync, one writer, several readers.

mod rows;

use std::net::Ipv4Addr;
use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Row, Sqlite, Transaction};

use super::{
    Change, Credential, Facts, Key, LeaseRow, Login, NewMachine, PendingEffect, PowerEffect, Result, Store, StoreError,
};
use crate::model::{Event, Mac, NewEvent, Record, ScriptResult, to_columns};
use crate::time::Millis;

/// The embedded database.
#[derive(Debug, Clone)]
pub struct SqliteStore {
    writer: SqlitePool,
    readers: SqlitePool,
}

impl SqliteStore {
    /// Opens the database at `path`, and makes it if it is not there.
    ///
    /// # Errors
    ///
    /// When the file cannot be opened, is no database, or the disk is full.
    pub async fn open(path: &Path) -> Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(10));
        let writer = SqlitePoolOptions::new().max_connections(1).connect_with(options.clone()).await?;
        sqlx::raw_sql(include_str!("schema.sql")).execute(&writer).await?;
        let readers = SqlitePoolOptions::new().max_connections(3).connect_lazy_with(options.read_only(true));
        Ok(Self { writer, readers })
    }

    async fn begin(&self) -> Result<Transaction<'static, Sqlite>> {
        Ok(self.writer.begin_with("BEGIN IMMEDIATE").await?)
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn leases(&self) -> Result<Vec<LeaseRow>> {
        let rows = sqlx::query("SELECT * FROM leases").fetch_all(&self.readers).await?;
        Ok(rows.iter().map(rows::lease).collect::<sqlx::Result<_>>()?)
    }

    async fn put_leases(&self, leases: &[LeaseRow]) -> Result<()> {
        let mut tx = self.begin().await?;
        for lease in leases {
            sqlx::query(
                "INSERT INTO leases (address, mac, client_id, hostname, state, since, expires) VALUES (?, ?, ?, ?, ?, ?, ?)
                 ON CONFLICT (address) DO UPDATE SET mac = excluded.mac, client_id = excluded.client_id,
                     hostname = excluded.hostname, state = excluded.state, since = excluded.since, expires = excluded.expires",
            )
            .bind(i64::from(u32::from(lease.address)))
            .bind(&lease.mac)
            .bind(&lease.client_id)
            .bind(&lease.hostname)
            .bind(&lease.state)
            .bind(i64::try_from(lease.since).unwrap_or(i64::MAX))
            .bind(i64::try_from(lease.expires).unwrap_or(i64::MAX))
            .execute(&mut *tx)
            .await?;
        }
        Ok(tx.commit().await?)
    }

    async fn lease_holder(&self, address: Ipv4Addr, now: Millis) -> Result<Option<Mac>> {
        let mac: Option<String> =
            sqlx::query_scalar("SELECT mac FROM leases WHERE address = ? AND state = 'bound' AND expires > ?")
                .bind(i64::from(u32::from(address)))
                .bind(now.0 / 1000)
                .fetch_optional(&self.readers)
                .await?;
        Ok(mac.and_then(|mac| mac.parse().ok()))
    }

    async fn machines(&self) -> Result<Vec<Record>> {
        let rows = sqlx::query(rows::MACHINES).fetch_all(&self.readers).await?;
        rows.iter().map(rows::machine).collect()
    }

    async fn machine(&self, key: Key<'_>) -> Result<Option<Record>> {
        let row = match key {
            Key::IdOrName(text) => {
                sqlx::query(rows::MACHINE_BY_NAME)
                    .bind(text)
                    .bind(text)
                    .bind(text)
                    .fetch_optional(&self.readers)
                    .await?
            }
            Key::Mac(mac) => {
                sqlx::query(rows::MACHINE_BY_MAC).bind(mac.to_string()).fetch_optional(&self.readers).await?
            }
        };
        row.as_ref().map(rows::machine).transpose()
    }

    async fn insert_machine(&self, machine: &NewMachine, events: &[NewEvent]) -> Result<()> {
        let mut tx = self.begin().await?;
        let (status, progress, reason) = to_columns(&machine.machine);
        sqlx::query(
            "INSERT INTO machines (id, name, status, progress, reason, status_since, deadline, power)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(&machine.id)
        .bind(&machine.name)
        .bind(status)
        .bind(progress)
        .bind(reason)
        .bind(Millis::now().0)
        .bind(machine.deadline.map(|at| at.0))
        .bind(rows::json(&machine.power))
        .execute(&mut *tx)
        .await
        .map_err(|error| taken(error, "name", &machine.name))?;
        for mac in &machine.macs {
            sqlx::query("INSERT INTO interfaces (mac, machine_id) VALUES (?, ?)")
                .bind(mac.to_string())
                .bind(&machine.id)
                .execute(&mut *tx)
                .await
                .map_err(|error| taken(error, "mac", &mac.to_string()))?;
        }
        append(&mut tx, events).await?;
        Ok(tx.commit().await?)
    }

    async fn put_facts(&self, id: &str, facts: &Facts, events: &[NewEvent]) -> Result<()> {
        let mut tx = self.begin().await?;
        sqlx::query(
            "UPDATE machines SET name = coalesce(?, name), power = coalesce(?, power),
                 power_state = coalesce(?, power_state), firmware = coalesce(?, firmware),
                 architecture = coalesce(?, architecture), inventory = coalesce(?, inventory),
                 step = CASE WHEN ? THEN ? ELSE step END
             WHERE id = ?",
        )
        .bind(&facts.name)
        .bind(facts.power.as_ref().map(rows::json))
        .bind(facts.power_state.map(crate::model::PowerState::as_str))
        .bind(&facts.firmware)
        .bind(&facts.architecture)
        .bind(facts.inventory.as_ref().map(rows::json))
        .bind(facts.step.is_some())
        .bind(facts.step.clone().flatten())
        .bind(id)
        .execute(&mut *tx)
        .await
        .map_err(|error| taken(error, "name", facts.name.as_deref().unwrap_or_default()))?;
        for mac in &facts.macs {
            sqlx::query("INSERT INTO interfaces (mac, machine_id) VALUES (?, ?) ON CONFLICT DO NOTHING")
                .bind(mac.to_string())
                .bind(id)
                .execute(&mut *tx)
                .await?;
        }
        append(&mut tx, events).await?;
        Ok(tx.commit().await?)
    }

    async fn delete_machine(&self, id: &str, events: &[NewEvent]) -> Result<bool> {
        let mut tx = self.begin().await?;
        append(&mut tx, events).await?;
        let gone =
            sqlx::query("DELETE FROM machines WHERE id = ?").bind(id).execute(&mut *tx).await?.rows_affected() > 0;
        if gone {
            tx.commit().await?;
        }
        Ok(gone)
    }

    async fn change(&self, change: &Change) -> Result<bool> {
        let mut tx = self.begin().await?;
        let (status, progress, reason) = to_columns(&change.next);
        let moved = sqlx::query(
            "UPDATE machines SET status = ?, progress = ?, reason = ?, revision = revision + 1, deadline = ?,
                 status_since = CASE WHEN ? THEN ? ELSE status_since END, step = CASE WHEN ? THEN NULL ELSE step END,
                 deployment = CASE WHEN ? THEN NULL ELSE coalesce(?, deployment) END
             WHERE id = ? AND revision = ?",
        )
        .bind(status)
        .bind(progress)
        .bind(reason)
        .bind(change.deadline.map(|at| at.0))
        .bind(change.status_changes)
        .bind(Millis::now().0)
        .bind(change.status_changes)
        .bind(change.forget_deployment)
        .bind(change.deployment.as_ref().map(rows::json))
        .bind(&change.id)
        .bind(change.revision)
        .execute(&mut *tx)
        .await?;
        if moved.rows_affected() == 0 {
            return Ok(false);
        }
        put_effects(&mut tx, change).await?;
        for scope in &change.revoke {
            sqlx::query("DELETE FROM credentials WHERE machine_id = ? AND scope = ?")
                .bind(&change.id)
                .bind(scope.as_str())
                .execute(&mut *tx)
                .await?;
        }
        append(&mut tx, &change.events).await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn overdue(&self, now: Millis) -> Result<Vec<Record>> {
        let rows = sqlx::query(rows::MACHINES_OVERDUE).bind(now.0).fetch_all(&self.readers).await?;
        rows.iter().map(rows::machine).collect()
    }

    async fn pending_effects(&self, now: Millis) -> Result<Vec<PendingEffect>> {
        let rows = sqlx::query(
            "SELECT id, machine_id, kind, attempts FROM effects
             WHERE id IN (SELECT min(id) FROM effects GROUP BY machine_id) AND not_before <= ? ORDER BY id",
        )
        .bind(now.0)
        .fetch_all(&self.readers)
        .await?;
        rows.iter()
            .map(|row| {
                let kind: String = row.try_get("kind")?;
                Ok(PendingEffect {
                    id: row.try_get("id")?,
                    machine: row.try_get("machine_id")?,
                    effect: if kind == "power-on" { PowerEffect::On } else { PowerEffect::Off },
                    attempts: row.try_get("attempts")?,
                })
            })
            .collect()
    }

    async fn finish_effect(&self, id: i64) -> Result<()> {
        sqlx::query("DELETE FROM effects WHERE id = ?").bind(id).execute(&self.writer).await?;
        Ok(())
    }

    async fn postpone_effect(&self, id: i64, not_before: Millis) -> Result<()> {
        sqlx::query("UPDATE effects SET attempts = attempts + 1, not_before = ? WHERE id = ?")
            .bind(not_before.0)
            .bind(id)
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    async fn credential(&self, fresh: &Credential) -> Result<Credential> {
        let mut tx = self.begin().await?;
        sqlx::query(
            "INSERT INTO credentials (token_key, token_secret, consumer_key, machine_id, scope, instance_id, bootstrap, address)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (machine_id, scope) DO UPDATE SET address = excluded.address",
        )
        .bind(&fresh.token_key)
        .bind(&fresh.token_secret)
        .bind(&fresh.consumer_key)
        .bind(&fresh.machine)
        .bind(fresh.scope.as_str())
        .bind(&fresh.instance_id)
        .bind(&fresh.bootstrap)
        .bind(fresh.address.map(|address| i64::from(u32::from(address))))
        .execute(&mut *tx)
        .await?;
        let row = sqlx::query("SELECT * FROM credentials WHERE machine_id = ? AND scope = ?")
            .bind(&fresh.machine)
            .bind(fresh.scope.as_str())
            .fetch_one(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(rows::credential(&row)?)
    }

    async fn credential_by_token(&self, token_key: &str) -> Result<Option<Credential>> {
        let row = sqlx::query("SELECT * FROM credentials WHERE token_key = ?")
            .bind(token_key)
            .fetch_optional(&self.readers)
            .await?;
        Ok(row.as_ref().map(rows::credential).transpose()?)
    }

    async fn credential_by_bootstrap(&self, bootstrap: &str) -> Result<Option<Credential>> {
        let row = sqlx::query("SELECT * FROM credentials WHERE bootstrap = ?")
            .bind(bootstrap)
            .fetch_optional(&self.readers)
            .await?;
        Ok(row.as_ref().map(rows::credential).transpose()?)
    }

    async fn put_script(&self, machine: &str, result: &ScriptResult, events: &[NewEvent]) -> Result<()> {
        let mut tx = self.begin().await?;
        sqlx::query(
            "INSERT OR REPLACE INTO script_results (machine_id, phase, name, exit_status, seconds, output, time)
             VALUES (?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(machine)
        .bind(&result.phase)
        .bind(&result.name)
        .bind(result.exit_status)
        .bind(result.seconds)
        .bind(&result.output)
        .bind(result.time.0)
        .execute(&mut *tx)
        .await?;
        append(&mut tx, events).await?;
        Ok(tx.commit().await?)
    }

    async fn scripts(&self, machine: &str) -> Result<Vec<ScriptResult>> {
        let rows = sqlx::query("SELECT * FROM script_results WHERE machine_id = ? ORDER BY phase, name")
            .bind(machine)
            .fetch_all(&self.readers)
            .await?;
        Ok(rows.iter().map(rows::script).collect::<sqlx::Result<_>>()?)
    }

    async fn append_events(&self, events: &[NewEvent]) -> Result<()> {
        let mut tx = self.begin().await?;
        append(&mut tx, events).await?;
        Ok(tx.commit().await?)
    }

    async fn events_after(&self, after: i64, limit: u32) -> Result<Vec<Event>> {
        let rows = sqlx::query("SELECT * FROM events WHERE id > ? ORDER BY id LIMIT ?")
            .bind(after)
            .bind(limit)
            .fetch_all(&self.readers)
            .await?;
        Ok(rows.iter().map(rows::event).collect::<sqlx::Result<_>>()?)
    }

    async fn newest_events(&self, machine: Option<&str>, limit: u32) -> Result<Vec<Event>> {
        let rows = match machine {
            Some(id) => {
                let query = "SELECT * FROM events WHERE machine_id = ? ORDER BY id DESC LIMIT ?";
                sqlx::query(query).bind(id).bind(limit).fetch_all(&self.readers).await?
            }
            None => {
                sqlx::query("SELECT * FROM events ORDER BY id DESC LIMIT ?")
                    .bind(limit)
                    .fetch_all(&self.readers)
                    .await?
            }
        };
        Ok(rows.iter().map(rows::event).collect::<sqlx::Result<_>>()?)
    }

    async fn last_event(&self) -> Result<i64> {
        Ok(sqlx::query_scalar("SELECT coalesce(max(id), 0) FROM events").fetch_one(&self.readers).await?)
    }

    async fn prune_events(&self, keep: u32) -> Result<()> {
        sqlx::query("DELETE FROM events WHERE id <= (SELECT max(id) FROM events) - ?")
            .bind(keep)
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    async fn keys(&self) -> Result<Vec<(i64, String)>> {
        let rows = sqlx::query("SELECT id, key FROM keys ORDER BY id").fetch_all(&self.readers).await?;
        Ok(rows.iter().map(|row| Ok((row.try_get("id")?, row.try_get("key")?))).collect::<sqlx::Result<_>>()?)
    }

    async fn add_key(&self, key: &str) -> Result<i64> {
        let mut tx = self.begin().await?;
        sqlx::query("INSERT INTO keys (key) VALUES (?) ON CONFLICT DO NOTHING").bind(key).execute(&mut *tx).await?;
        let id = sqlx::query_scalar("SELECT id FROM keys WHERE key = ?").bind(key).fetch_one(&mut *tx).await?;
        tx.commit().await?;
        Ok(id)
    }

    async fn remove_key(&self, id: i64) -> Result<bool> {
        Ok(sqlx::query("DELETE FROM keys WHERE id = ?").bind(id).execute(&self.writer).await?.rows_affected() > 0)
    }

    async fn put_login(&self, login: &Login) -> Result<()> {
        let mut tx = self.begin().await?;
        sqlx::query("DELETE FROM logins WHERE expires <= ?").bind(Millis::now().0).execute(&mut *tx).await?;
        sqlx::query("INSERT INTO logins (token, kind, csrf, expires) VALUES (?, ?, ?, ?)")
            .bind(&login.token)
            .bind(login.kind)
            .bind(&login.csrf)
            .bind(login.expires.0)
            .execute(&mut *tx)
            .await?;
        Ok(tx.commit().await?)
    }

    async fn take_code(&self, code: &str, now: Millis) -> Result<bool> {
        let taken = sqlx::query("DELETE FROM logins WHERE token = ? AND kind = 'code' AND expires > ?")
            .bind(code)
            .bind(now.0)
            .execute(&self.writer)
            .await?;
        Ok(taken.rows_affected() > 0)
    }

    async fn session(&self, token: &str, now: Millis) -> Result<Option<String>> {
        Ok(sqlx::query_scalar("SELECT csrf FROM logins WHERE token = ? AND kind = 'session' AND expires > ?")
            .bind(token)
            .bind(now.0)
            .fetch_optional(&self.readers)
            .await?)
    }
}

async fn put_effects(tx: &mut Transaction<'static, Sqlite>, change: &Change) -> Result<()> {
    if change.effects.is_empty() {
        return Ok(());
    }
    if change.not_before.is_some() {
        let waiting: i64 = sqlx::query_scalar("SELECT count(*) FROM effects WHERE machine_id = ?")
            .bind(&change.id)
            .fetch_one(&mut **tx)
            .await?;
        if waiting > 0 {
            return Ok(());
        }
    } else {
        sqlx::query("DELETE FROM effects WHERE machine_id = ?").bind(&change.id).execute(&mut **tx).await?;
    }
    for effect in &change.effects {
        sqlx::query("INSERT INTO effects (machine_id, kind, not_before) VALUES (?, ?, ?)")
            .bind(&change.id)
            .bind(rows::effect_kind(*effect))
            .bind(change.not_before.map_or(0, |at| at.0))
            .execute(&mut **tx)
            .await?;
    }
    Ok(())
}

async fn append(tx: &mut Transaction<'static, Sqlite>, events: &[NewEvent]) -> Result<()> {
    for event in events {
        let mac = event.mac.map(|mac| mac.to_string());
        sqlx::query(
            "INSERT INTO events (time, machine_id, name, mac, kind, message, details)
             SELECT ?1, m.id, m.name, f.mac, ?4, ?5, ?6
             FROM (SELECT coalesce(?3, (SELECT mac FROM leases WHERE address = ?7)) AS mac) f
             LEFT JOIN machines m ON m.id = coalesce(?2, (SELECT machine_id FROM interfaces WHERE mac = f.mac))",
        )
        .bind(event.time.0)
        .bind(&event.machine)
        .bind(mac)
        .bind(event.kind)
        .bind(&event.message)
        .bind(event.details.to_string())
        .bind(event.address.map(|address| i64::from(u32::from(address))))
        .execute(&mut **tx)
        .await?;
    }
    Ok(())
}

fn taken(error: sqlx::Error, what: &'static str, value: &str) -> StoreError {
    match &error {
        sqlx::Error::Database(inner) if inner.is_unique_violation() => {
            StoreError::Taken { what, value: value.to_owned() }
        }
        _ => StoreError::Database(error),
    }
}
