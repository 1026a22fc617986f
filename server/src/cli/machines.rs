//! The commands about machines.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::client::{Client, ClientError};
use super::{import, text};

/// What to do with machines.
#[derive(Debug)]
pub(super) enum Action {
    List,
    Show { machine: String },
    Add { name: Option<String>, macs: Vec<String>, power: PowerArgs },
    Import { file: PathBuf },
    Rename { machine: String, name: String },
    SetPower { machine: String, power: PowerArgs },
    Scripts { machine: String },
    Delete { machine: String },
}

/// A power driver and its parameters.
#[derive(Debug, Args)]
pub(super) struct PowerArgs {
    /// manual or webhook
    #[arg(long, default_value = "manual")]
    driver: String,
    /// webhook: POST here turns the machine on
    #[arg(long)]
    on_uri: Option<String>,
    /// webhook: POST here turns the machine off
    #[arg(long)]
    off_uri: Option<String>,
    /// webhook: GET here says `{"status": "running"}` or `{"status": "stopped"}`
    #[arg(long)]
    query_uri: Option<String>,
    /// webhook: a file with a bearer token
    #[arg(long)]
    power_token_file: Option<PathBuf>,
}

impl PowerArgs {
    fn value(&self) -> Result<Value, ClientError> {
        match self.driver.as_str() {
            "manual" => Ok(json!({"driver": "manual"})),
            "webhook" => {
                let need = |name: &str, uri: &Option<String>| {
                    uri.clone().ok_or_else(|| ClientError::Usage(format!("the webhook driver needs --{name}")))
                };
                let mut power = json!({
                    "driver": "webhook",
                    "power_on_uri": need("on-uri", &self.on_uri)?,
                    "power_off_uri": need("off-uri", &self.off_uri)?,
                    "power_query_uri": need("query-uri", &self.query_uri)?,
                });
                if let Some(file) = &self.power_token_file {
                    power["token"] = json!(super::client::read_file(file)?.trim());
                }
                Ok(power)
            }
            other => Err(ClientError::Usage(format!("there is no power driver `{other}`: use manual or webhook"))),
        }
    }
}

pub(super) async fn run(action: Action, client: &Client) -> Result<(), ClientError> {
    match action {
        Action::List => {
            let machines = client.get("machines").await?;
            client.show(&machines, || table(&machines));
        }
        Action::Show { machine } => {
            let machine = client.get(&format!("machines/{machine}")).await?;
            client.show(&machine, || details(&machine));
        }
        Action::Add { name, macs, power } => {
            let mut new = json!({"macs": macs, "power": power.value()?});
            if let Some(name) = name {
                new["name"] = Value::String(name);
            }
            let machine = client.post("machines", &new).await?;
            client.show(&machine, || say!("{} is {}", text(&machine, "name"), text(&machine, "status")));
        }
        Action::Import { file } => import_all(&file, client).await?,
        Action::Rename { machine, name } => {
            let machine = client.patch(&format!("machines/{machine}"), &json!({"name": name})).await?;
            client.show(&machine, || say!("it is called {} now", text(&machine, "name")));
        }
        Action::SetPower { machine, power } => {
            let machine = client.patch(&format!("machines/{machine}"), &json!({"power": power.value()?})).await?;
            let driver = text(&machine["power"], "driver");
            client.show(&machine, || say!("{}: power by {driver}", text(&machine, "name")));
        }
        Action::Scripts { machine } => {
            let scripts = client.get(&format!("machines/{machine}/scripts")).await?;
            client.show(&scripts, || {
                for script in scripts.as_array().into_iter().flatten() {
                    let seconds = script["seconds"].as_f64().unwrap_or(0.0);
                    say!(
                        "{:<12} {:<24} {:>3}  {seconds:>6.1} s",
                        text(script, "phase"),
                        text(script, "name"),
                        script["exit_status"]
                    );
                }
            });
        }
        Action::Delete { machine } => {
            client.delete(&format!("machines/{machine}")).await?;
            client.show(&json!({"deleted": machine}), || say!("{machine} is forgotten"));
        }
    }
    Ok(())
}

/// Adds every machine of a file; one that cannot be added does not keep the others out.
async fn import_all(file: &std::path::Path, client: &Client) -> Result<(), ClientError> {
    let machines = import::read(file)?;
    let (mut added, mut problems) = (Vec::new(), Vec::new());
    for (line, machine) in machines {
        match client.post("machines", &machine).await {
            Ok(machine) => {
                client.show(&machine, || say!("{} is {}", text(&machine, "name"), text(&machine, "status")));
                added.push(machine);
            }
            Err(error @ ClientError::Unreachable { .. }) => return Err(error),
            Err(error) => problems.push(format!("{}:{line}: {error}", file.display())),
        }
    }
    if problems.is_empty() {
        return Ok(());
    }
    Err(ClientError::Usage(format!("{} added, {} not:\n{}", added.len(), problems.len(), problems.join("\n"))))
}

fn table(machines: &Value) {
    say!("{:<20} {:<20} {:<16} {:<8} NOW", "NAME", "STATUS", "ADDRESS", "POWER");
    for machine in machines.as_array().into_iter().flatten() {
        let now = machine["failure"].as_str().or(machine["step"].as_str()).unwrap_or("");
        say!(
            "{:<20} {:<20} {:<16} {:<8} {now}",
            text(machine, "name"),
            text(machine, "status"),
            text(machine, "address"),
            text(machine, "power_state")
        );
    }
}

fn details(machine: &Value) {
    let Some(fields) = machine.as_object() else { return };
    for (key, value) in fields.iter().filter(|(key, value)| !value.is_null() && *key != "inventory") {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        say!("{key:<14} {value}");
    }
    let inventory = &machine["inventory"];
    if inventory.is_null() {
        return;
    }
    say!("\n{} × {}, {} MiB", inventory["cpus"], text(inventory, "cpu_model"), inventory["memory_mib"]);
    for disk in inventory["disks"].as_array().into_iter().flatten() {
        say!("{}  {} bytes  {}  {}", text(disk, "path"), disk["size"], text(disk, "model"), text(disk, "serial"));
    }
    for interface in inventory["interfaces"].as_array().into_iter().flatten() {
        say!("{}  {}", text(interface, "name"), text(interface, "mac"));
    }
}
