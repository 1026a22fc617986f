//! SSH into deployed machines: the run's key, the check after the first boot,
//! and `cargo lab ssh`.

use crate::cli::SshOptions;
use crate::error::{Doing, Error, Result};
use crate::paths;
use std::collections::BTreeMap;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::process::Command;

/// The default user of Debian's cloud-init.
const USER: &str = "debian";
const PATIENCE: Duration = Duration::from_secs(60);

/// Makes the run's key and returns its public half.
pub(crate) async fn make_key(run: &Path) -> Result<String> {
    let path = key_path(run);
    for old in [path.clone(), path.with_extension("pub")] {
        let _ = std::fs::remove_file(old);
    }
    let status = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-C", "firstlight-lab", "-f"])
        .arg(&path)
        .stdin(Stdio::null())
        .status()
        .await
        .doing("ssh-keygen (package openssh-client) does not start")?;
    if !status.success() {
        return Err(Error::said("ssh-keygen does not make a key"));
    }
    std::fs::read_to_string(path.with_extension("pub"))
        .map(|key| key.trim().to_owned())
        .doing("the SSH key cannot be read")
}

/// What a deployed machine says about itself.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Visit {
    pub(crate) hostname: String,
    pub(crate) root: String,
}

/// Logs in and looks around.
pub(crate) async fn visit(run: &Path, address: &str) -> Result<Visit> {
    parse_visit(&ask(run, address, "hostname; findmnt -no SOURCE /").await?)
}

/// Logs in, for as long as it takes the SSH server to come up, and runs a command that only reads.
pub(crate) async fn ask(run: &Path, address: &str, command: &str) -> Result<String> {
    let started = Instant::now();
    loop {
        let output = Command::new("ssh")
            .args(arguments(&key_path(run), address))
            .arg(command)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .doing("ssh (package openssh-client) does not start")?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        if started.elapsed() > PATIENCE {
            return Err(Error::said(format!(
                "ssh {USER}@{address} fails for {} s: {}",
                PATIENCE.as_secs(),
                String::from_utf8_lossy(&output.stderr).trim()
            )));
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

fn parse_visit(output: &str) -> Result<Visit> {
    let mut lines = output.lines().map(str::trim);
    match (lines.next(), lines.next()) {
        (Some(hostname), Some(root)) => Ok(Visit { hostname: hostname.to_owned(), root: root.to_owned() }),
        _ => Err(Error::said(format!("the machine's answer over SSH is strange: {output:?}"))),
    }
}

/// Writes down the deployed machines' addresses for `cargo lab ssh`.
pub(crate) fn save_addresses(run: &Path, addresses: &BTreeMap<String, String>) -> Result<()> {
    let text = serde_json::to_string_pretty(addresses).doing("the addresses cannot be written")?;
    std::fs::write(run.join("addresses.json"), text).doing("the addresses cannot be written")
}

/// `cargo lab ssh NAME`: enters the network of the newest lab that is up.
pub(crate) fn into_machine(options: &SshOptions) -> Result<()> {
    let cache = paths::cache_dir(options.cache_dir.as_deref())?;
    let (run, pid) = newest_running(&cache)?;
    let addresses: BTreeMap<String, String> = std::fs::read_to_string(run.join("addresses.json"))
        .ok()
        .and_then(|text| serde_json::from_str(&text).ok())
        .unwrap_or_default();
    let address = choose(&addresses, options.name.as_deref())?;
    let error = std::process::Command::new("nsenter")
        .args(["--target", &pid.to_string(), "--net", "ssh"])
        .args(arguments(&key_path(&run), address))
        .args(&options.command)
        .exec();
    Err(Error::said(format!("nsenter (package util-linux) does not start: {error}")))
}

fn newest_running(cache: &Path) -> Result<(PathBuf, u32)> {
    let mut runs: Vec<PathBuf> = std::fs::read_dir(cache.join("runs"))
        .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_default();
    runs.sort();
    runs.into_iter()
        .rev()
        .find_map(|run| paths::running_pid(&run).map(|pid| (run, pid)))
        .ok_or_else(|| Error::said("no lab is up: start one with `cargo lab --until deployed --keep`"))
}

fn choose<'a>(addresses: &'a BTreeMap<String, String>, name: Option<&str>) -> Result<&'a str> {
    let names = || addresses.keys().cloned().collect::<Vec<_>>().join(", ");
    match name {
        Some(name) => addresses
            .get(name)
            .ok_or_else(|| Error::said(format!("no machine {name} is deployed (there are: {})", names()))),
        None if addresses.len() > 1 => Err(Error::said(format!("say which machine: {}", names()))),
        None => addresses.values().next().ok_or_else(|| Error::said("no machine is deployed yet")),
    }
    .map(String::as_str)
}

fn key_path(run: &Path) -> PathBuf {
    run.join("ssh-key")
}

/// Host keys are new with each deployment, in a network that ends with the lab.
fn arguments(key: &Path, address: &str) -> Vec<String> {
    let mut words: Vec<String> = [
        "-F",
        "none",
        "-o",
        "BatchMode=yes",
        "-o",
        "StrictHostKeyChecking=no",
        "-o",
        "UserKnownHostsFile=/dev/null",
        "-o",
        "LogLevel=ERROR",
        "-o",
        "ConnectTimeout=5",
        "-o",
        "IdentitiesOnly=yes",
        "-i",
    ]
    .map(str::to_owned)
    .to_vec();
    words.push(key.display().to_string());
    words.push(format!("{USER}@{address}"));
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_visit() {
        let visit = parse_visit("calm-otter\n/dev/vda2\n").unwrap();
        assert_eq!((visit.hostname.as_str(), visit.root.as_str()), ("calm-otter", "/dev/vda2"));
        assert!(parse_visit("one line").is_err());
    }

    #[test]
    fn the_only_machine_needs_no_name() {
        let mut addresses = BTreeMap::from([("a".to_owned(), "10.77.0.100".to_owned())]);
        assert_eq!(choose(&addresses, None).unwrap(), "10.77.0.100");
        addresses.insert("b".to_owned(), "10.77.0.101".to_owned());
        assert!(choose(&addresses, None).is_err());
        assert_eq!(choose(&addresses, Some("b")).unwrap(), "10.77.0.101");
    }
}
