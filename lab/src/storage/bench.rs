//! The inner half: drives one machine through its rows.

use super::compare::{self, Found};
use super::rows::{self, Row};
use super::{Verdict, save};
use crate::api::{self, Api};
use crate::error::{Doing, Error, Result};
use crate::events::{self, Event};
use crate::narrate::Narrator;
use crate::plan::Plan;
use crate::qemu::Machine;
use crate::server::Server;
use crate::ssh;
use crate::webhook::Strip;
use firstlight_curtin_config::Disk;
use firstlight_curtin_config::layout::Device;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::io::Write;
use std::time::Instant;
use tokio::sync::mpsc;

/// A machine on the bench.
struct Bench<'a> {
    plan: &'a Plan,
    machine: &'a Machine,
    server: Server,
    api: Api,
    events: mpsc::Receiver<Event>,
    events_file: std::fs::File,
    narrator: Narrator,
    /// What the server calls the machine, once it does.
    id: String,
    /// What the last plan of an installation says of the disks.
    planned: Vec<Device>,
}

/// Where a machine has got to.
enum Reached {
    Wanted,
    /// It has failed, for this reason.
    Failed(String),
}

/// Starts the server, commissions the machine and tries the rows of the plan.
pub(crate) async fn run(plan: &Plan, machine: &Machine, strip: &Strip, key: &str) -> Result<()> {
    let rows = rows::chosen(&plan.storage)?;
    let server = Server::start(plan, "authoritative", "").await?;
    let api = Api::open(&plan.work_dir)?;
    api.add_key(key).await?;
    let events_file =
        std::fs::File::create(plan.work_dir.join("events.jsonl")).doing("the events cannot be written down")?;
    let mut bench = Bench {
        plan,
        machine,
        server,
        events: events::follow(api.clone()),
        api,
        events_file,
        narrator: Narrator::new(plan.verbose),
        id: String::new(),
        planned: Vec::new(),
    };
    let disks = bench.commission(strip).await?;
    let mut verdicts = Vec::new();
    for row in rows {
        verdicts.push(bench.try_row(row, &disks).await?);
        save(&plan.work_dir, &verdicts)?;
    }
    Ok(())
}

impl Bench<'_> {
    /// From power-on to Ready; gives the disks that were found.
    async fn commission(&mut self, strip: &Strip) -> Result<Vec<Disk>> {
        self.narrator.powered_on(&self.machine.mac(), Timestamp::now());
        self.machine.power_on().await?;
        self.expect("New").await?;
        let name = self.api.machine(&self.id).await?.name;
        self.narrator.introduce(&self.id, &name, &self.machine.mac());
        self.api.set_power(&self.id, strip.power_of(self.machine)).await?;
        self.act("commission", json!({})).await?;
        self.expect("Ready").await?;
        let found = self.api.machine(&self.id).await?.inventory.unwrap_or_default();
        let known = |disk: api::Disk| Disk { serial: disk.serial, ..Disk::new(disk.path, disk.size) };
        Ok(found.disks.into_iter().map(known).collect())
    }

    /// Deploys a row, looks at it, and gives the machine back.
    async fn try_row(&mut self, row: &Row, disks: &[Disk]) -> Result<Verdict> {
        let started = Instant::now();
        self.narrator.user(&self.machine.mac(), &format!("storage configuration {}", row.name));
        self.planned.clear();
        self.act("allocate", json!({})).await?;
        self.act("deploy", json!({"curtin": row.curtin(disks)?})).await?;
        let differences = match self.until("Deployed").await? {
            Reached::Wanted => self.look(row).await.unwrap_or_else(|error| vec![error.to_string()]),
            Reached::Failed(reason) => {
                let console = self.machine.serial().last().join("\n");
                let _ = std::fs::write(self.plan.work_dir.join(format!("{}-console.txt", row.name)), console);
                vec![reason]
            }
        };
        let said = match differences.as_slice() {
            [] => format!("{}: {} block devices, all as planned", row.name, self.planned.len()),
            some => format!("{}: NOT as planned: {}", row.name, some.join("; ")),
        };
        self.narrator.user(&self.machine.mac(), &said);
        self.act("release", json!({})).await?;
        self.expect("Ready").await?;
        let seconds = started.elapsed().as_secs_f64();
        Ok(Verdict { name: row.name.to_owned(), seconds, devices: self.planned.len(), differences })
    }

    /// Logs in to the deployed machine and compares.
    async fn look(&mut self, row: &Row) -> Result<Vec<String>> {
        if self.planned.is_empty() {
            return Err(Error::said("the server has not said what the installation makes of the disks"));
        }
        let machine = self.api.machine(&self.id).await?;
        let Some(address) = machine.address else {
            return Err(Error::said(format!("{} is Deployed, and the API does not know its address", machine.name)));
        };
        let answer = ssh::ask(&self.plan.work_dir, &address, &compare::question(&self.planned)).await?;
        // For reading after the run.
        let _ = std::fs::write(self.plan.work_dir.join(format!("{}-lsblk.txt", row.name)), &answer);
        Ok(Found::parse(&answer)?.differences(&self.planned))
    }

    async fn act(&self, action: &'static str, body: Value) -> Result<()> {
        self.api.act_with(&self.id, action, body).await
    }

    /// As [`Self::until`], where a failure ends the run.
    async fn expect(&mut self, status: &str) -> Result<()> {
        match self.until(status).await? {
            Reached::Wanted => Ok(()),
            Reached::Failed(reason) => Err(Error::said(reason)),
        }
    }

    /// Follows the events until the machine has a status, or fails.
    async fn until(&mut self, status: &str) -> Result<Reached> {
        loop {
            let event = tokio::select! {
                event = self.events.recv() => event.ok_or_else(|| Error::said("the event stream has ended"))?,
                error = self.server.ended() => return Err(error),
            };
            // A copy for reading after the run; a full disk shows elsewhere first.
            let _ = writeln!(self.events_file, "{}", event.raw);
            self.narrator.event(&event);
            // There is one machine.
            if let Some(id) = &event.machine {
                self.id.clone_from(id);
            }
            if event.kind == "install.started" {
                let devices = event.details.get("devices").cloned().unwrap_or_default();
                self.planned = serde_json::from_value(devices).doing("the planned block devices are strange")?;
            }
            if event.kind != "machine.status" {
                continue;
            }
            match event.detail("to") {
                reached if reached == status => return Ok(Reached::Wanted),
                failed if failed.starts_with("Failed") || failed == "Broken" => {
                    let machine = self.api.machine(&self.id).await?;
                    let reason = machine.failure.map_or_else(|| event.message.clone(), |reason| reason.to_string());
                    return Ok(Reached::Failed(format!("{failed}: {reason}")));
                }
                _ => {}
            }
        }
    }
}
