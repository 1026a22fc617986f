//! The server under the lab's roof: its configuration, its process, its death
//! and resurrection.

use crate::error::{Doing, Error, Result};
use crate::installer;
use crate::network;
use crate::plan::Plan;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::process::{Child, Command};

/// Seconds that an installation may take.
const DEPLOYING: u64 = 3600;
const START_LIMIT: Duration = Duration::from_secs(20);

/// A running server.
#[derive(Debug)]
pub(crate) struct Server {
    binary: PathBuf,
    config: PathBuf,
    log: PathBuf,
    child: Child,
    /// Process starts so far, and processor time and peak memory of those that ended.
    past: Usage,
    started_in: Duration,
}

/// What the server has cost.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Usage {
    /// Processor time.
    pub(crate) cpu: Duration,
    /// Peak resident memory, in KiB.
    pub(crate) peak_kib: u64,
}

impl Server {
    /// Writes the configuration, starts the server and waits until it is ready. `pxe` is configuration text.
    pub(crate) async fn start(plan: &Plan, mode: &str, pxe: &str) -> Result<Self> {
        let state = state_dir(&plan.work_dir);
        // A folder given with --work-dir may hold an earlier run's.
        let _ = std::fs::remove_dir_all(&state);
        std::fs::create_dir_all(&state).doing("the server's folder cannot be made")?;
        let deploying = if plan.installer_mirror.is_some() { installer::DEPLOYING } else { DEPLOYING };
        let config = plan.work_dir.join("lab.toml");
        std::fs::write(&config, config_text(&plan.work_dir, &plan.images_dir, mode, deploying) + pxe)
            .doing("the server's configuration cannot be written")?;
        let log = plan.work_dir.join("server.log");
        let _ = std::fs::remove_file(&log);
        let child = spawn(&plan.server_binary, &config, &log)?;
        let mut server = Self {
            binary: plan.server_binary.clone(),
            config,
            log,
            child,
            past: Usage::default(),
            started_in: Duration::ZERO,
        };
        server.wait_until_ready().await?;
        Ok(server)
    }

    /// SIGKILL, as a power cut would have it.
    pub(crate) async fn kill(&mut self) -> Result<()> {
        self.past = self.usage();
        self.child.kill().await.doing("the server cannot be killed")
    }

    /// Starts it again with the same configuration and data.
    pub(crate) async fn restart(&mut self) -> Result<()> {
        self.child = spawn(&self.binary, &self.config, &self.log)?;
        self.wait_until_ready().await
    }

    /// How long the last start took until it answered.
    pub(crate) fn started_in(&self) -> Duration {
        self.started_in
    }

    /// What it has cost so far, over all its lives.
    pub(crate) fn usage(&self) -> Usage {
        let now = self.child.id().and_then(usage_of).unwrap_or_default();
        Usage { cpu: self.past.cpu + now.cpu, peak_kib: self.past.peak_kib.max(now.peak_kib) }
    }

    /// Ends when the server does, with what it said.
    pub(crate) async fn ended(&mut self) -> Error {
        let status = match self.child.wait().await {
            Ok(status) => status.to_string(),
            Err(error) => error.to_string(),
        };
        Error::said(format!("the server ended ({status}){}", self.last_words()))
    }

    async fn wait_until_ready(&mut self) -> Result<()> {
        let started = Instant::now();
        let url = format!("http://{}/api/v1/health", network::SERVER);
        let client =
            reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(2)).build().doing("no HTTP client")?;
        while started.elapsed() < START_LIMIT {
            if let Ok(Some(_)) = self.child.try_wait() {
                return Err(self.ended().await);
            }
            if let Ok(answer) = client.get(&url).send().await
                && answer.status().is_success()
            {
                self.started_in = started.elapsed();
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Err(Error::said(format!(
            "the server does not answer {url} within {} s{}",
            START_LIMIT.as_secs(),
            self.last_words()
        )))
    }

    fn last_words(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        let last = lines.get(lines.len().saturating_sub(10)..).unwrap_or(&[]);
        if last.is_empty() {
            return String::new();
        }
        format!("; its last words:\n  {}", last.join("\n  "))
    }
}

/// Where the server keeps its database and the admin token.
pub(crate) fn state_dir(run: &Path) -> PathBuf {
    run.join("server-state")
}

/// Where a row of the matrix puts boot files of its own.
pub(crate) fn boot_dir(run: &Path) -> PathBuf {
    run.join("boot")
}

fn config_text(run: &Path, images: &Path, mode: &str, deploying: u64) -> String {
    let (state, boot) = (state_dir(run), boot_dir(run));
    // On a busy host, ticks come late, and a kernel that counts them at its start would panic.
    format!(
        "data_dir = {state:?}\nimages_dir = {images:?}\nboot_dir = {boot:?}\ninterface = \"{}\"\n\
         kernel_options = \"console=tty0 console=ttyS0,115200 no_timer_check\"\n\n\
         [dhcp]\nmode = \"{mode}\"\npool = \"{}\"\nlease_seconds = 600\n\n\
         [http]\nport = 80\n\n\
         [timeouts]\nenlisting = 600\ncommissioning = 600\ndeploying = {deploying}\nreleasing = 120\n",
        network::BRIDGE,
        network::POOL,
    )
}

fn spawn(binary: &Path, config: &Path, log: &Path) -> Result<Child> {
    let doing = || format!("{} cannot be written", log.display());
    let out = File::options().create(true).append(true).open(log).doing(doing())?;
    let errors = out.try_clone().doing(doing())?;
    Command::new(binary)
        .arg("serve")
        .arg("--config")
        .arg(config)
        .stdin(Stdio::null())
        .stdout(out)
        .stderr(errors)
        .kill_on_drop(true)
        .spawn()
        .doing(format!("{} does not start", binary.display()))
}

fn usage_of(pid: u32) -> Option<Usage> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    parse_usage(&stat, &status)
}

/// proc(5): after the name in parentheses, utime and stime are words 11 and 12,
/// in hundredths of a second on every Linux that runs this lab.
fn parse_usage(stat: &str, status: &str) -> Option<Usage> {
    let (_, words) = stat.rsplit_once(')')?;
    let mut ticks = words.split_whitespace().skip(11);
    let user: u64 = ticks.next()?.parse().ok()?;
    let system: u64 = ticks.next()?.parse().ok()?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let peak_kib = peak.split_whitespace().next()?.parse().ok()?;
    Some(Usage { cpu: Duration::from_millis((user + system) * 10), peak_kib })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usage_is_read_from_proc() {
        let stat = "7 (first (light)) S 1 7 7 0 -1 4194304 1 2 3 4 150 50 0 0 20 0";
        let usage = parse_usage(stat, "Name:\tx\nVmHWM:\t   20480 kB\n").unwrap();
        assert_eq!(usage.cpu, Duration::from_secs(2));
        assert_eq!(usage.peak_kib, 20480);
    }

    #[test]
    fn the_configuration_quotes_its_paths() {
        let text = config_text(Path::new("/a b"), Path::new("/i\"x"), "off", 1);
        assert!(text.starts_with("data_dir = \"/a b/server-state\"\nimages_dir = \"/i\\\"x\"\n"));
    }
}
