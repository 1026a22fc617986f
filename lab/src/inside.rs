//! The inner half: the first process of the lab's namespaces. It sets the lab up,
//! runs it, and reports; when it ends, the kernel removes everything else.

use crate::error::{Doing, Error, Result};
use crate::installer;
use crate::matrix::attempt;
use crate::matrix::row::ROWS;
use crate::plan::Plan;
use crate::qemu::{Hardware, Machine};
use crate::run::Run;
use crate::storage::{self, bench};
use crate::webhook::Strip;
use crate::{forward, network, outside, ra, ssh};
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::process::{Child, Command};

/// Runs the plan to its end, or until the outer half or the user says stop.
pub(crate) async fn main(plan: &Path) -> Result<()> {
    let plan = Plan::load(plan)?;
    let mut machines = Vec::new();
    let outcome = tokio::select! {
        outcome = work(&plan, &mut machines) => outcome,
        () = leash() => Err(Error::Interrupted),
        () = outside::stop_signal() => Err(Error::Interrupted),
    };
    for machine in &machines {
        // Off first: QEMU writes its last words into the logs.
        machine.power_off().await?;
        if outcome.is_ok() {
            machine.discard_disk();
        }
    }
    let Err(error) = outcome else {
        if plan.row.is_some() || !plan.storage.is_empty() {
            return Ok(());
        }
        println!("To look around in a lab (its page, SSH into its machines), start it with --keep.");
        println!("Logs: {}", logs(&plan));
        return Ok(());
    };
    match &error {
        Error::Interrupted => eprintln!("lab: stopped"),
        error => {
            for machine in machines.iter().filter(|machine| machine.was_on()) {
                eprintln!("\nThe last lines of {}'s console:", machine.label());
                for line in machine.serial().last() {
                    eprintln!("  {line}");
                }
            }
            eprintln!("\nlab: FAILED: {error}");
        }
    }
    eprintln!("Logs: {}", logs(&plan));
    for machine in &machines {
        if matches!(error, Error::Interrupted) {
            machine.discard_disk();
        }
    }
    Err(Error::Reported(error.exit_code()))
}

async fn work(plan: &Plan, machines: &mut Vec<Arc<Machine>>) -> Result<()> {
    if let Some(name) = &plan.row {
        let row = ROWS.iter().find(|row| row.name == name).ok_or_else(|| Error::said("there is no such row"))?;
        return attempt::boot(plan, row, machines).await;
    }
    network::up(plan.machines).await?;
    ra::start()?;
    let _tcpdump = record(&plan.work_dir).await?;
    for number in 1..=plan.machines {
        let disks = if plan.storage.is_empty() { 1 } else { storage::rows::DISKS };
        let hardware = Hardware { disks, ..Hardware::plain(plan.firmware) };
        let machine = Machine::create(number, hardware, &plan.work_dir)?;
        machines.push(Arc::new(machine));
    }
    let strip = Strip::new(machines)?;
    strip.clone().serve().await?;
    let key = ssh::make_key(&plan.work_dir).await?;
    if let [machine] = machines.as_slice()
        && !plan.storage.is_empty()
    {
        let outcome = tokio::time::timeout(plan.time_limit, bench::run(plan, machine, &strip, &key)).await;
        return outcome
            .unwrap_or_else(|_| Err(Error::said(format!("it took longer than {} s", plan.time_limit.as_secs()))));
    }
    forward::inside(&plan.work_dir, SocketAddr::from((network::SERVER, 80))).await?;
    if plan.installer_mirror.is_some() {
        installer::inside(&plan.work_dir).await?;
    }
    let mut run = Run::start(plan, machines, strip, &key).await?;
    let outcome = tokio::time::timeout(plan.time_limit, run.drive()).await;
    outcome.unwrap_or_else(|_| {
        Err(Error::said(format!(
            "the run took longer than {} s (--time-limit); {}",
            plan.time_limit.as_secs(),
            run.whereabouts()
        )))
    })?;
    run.print_summary().await?;
    if plan.keep {
        run.print_how_to_look_further().await?;
        run.follow().await?;
    }
    Ok(())
}

/// Returns when the outer half is gone or lets go of our standard input.
async fn leash() {
    let mut byte = [0];
    while let Ok(1..) = tokio::io::stdin().read(&mut byte).await {}
}

/// Everything on the bridge, cut to 600 bytes a packet.
pub(crate) async fn record(run: &Path) -> Result<Child> {
    let log = std::fs::File::create(run.join("tcpdump.log")).doing("tcpdump's log")?;
    let mut child = Command::new("tcpdump")
        .args(["-i", network::BRIDGE, "-s", "600", "-U", "-Z", "root", "-w"])
        .arg(run.join("lab.pcap"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .kill_on_drop(true)
        .spawn()
        .doing("tcpdump (package tcpdump) does not start")?;
    // It must be listening before the first packet.
    for _ in 0..100 {
        if run.join("lab.pcap").exists() {
            return Ok(child);
        }
        if let Ok(Some(status)) = child.try_wait() {
            return Err(Error::said(format!(
                "tcpdump ended ({status}); it says why in {}",
                run.join("tcpdump.log").display()
            )));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Err(Error::said("tcpdump does not begin to record"))
}

fn logs(plan: &Plan) -> String {
    format!(
        "{}/ (machine-*/serial.log: consoles, lab.pcap: the network, server.log, events.jsonl)",
        plan.work_dir.display()
    )
}
