//! The outer half: checks, packages, the server's build, the images; then it
//! starts the inner half in its namespaces and carries the web page out.

use crate::cli::{ImageOptions, RunOptions};
use crate::error::{Doing, Error, Result};
use crate::plan::Plan;
use crate::{check, forward, images, namespace, packages, paths};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};

/// How long the inner half may take to end by itself.
const GRACE: Duration = Duration::from_secs(5);

/// `cargo lab images`.
pub(crate) async fn images(options: &ImageOptions) -> Result<()> {
    check::system()?;
    packages::ensure(options.yes)?;
    let cache = paths::cache_dir(options.cache_dir.as_deref())?;
    let images = images::ensure(&cache, options).await?;
    println!("The images are in {}.", images.display());
    Ok(())
}

/// `cargo lab`.
pub(crate) async fn run(options: RunOptions) -> Result<()> {
    check::system()?;
    check::tun()?;
    packages::ensure(options.images.yes)?;
    let cache = paths::cache_dir(options.images.cache_dir.as_deref())?;
    let server_binary = match &options.server_binary {
        Some(path) => {
            std::fs::canonicalize(path).doing(format!("the server binary {} cannot be used", path.display()))?
        }
        None => build_server().await?,
    };
    let images_dir = images::ensure(&cache, &options.images).await?;
    let firmware = options.firmware.to_string();
    let work_dir = paths::run_dir(options.work_dir.as_deref(), &cache, &firmware)?;
    check::room_for_run(&work_dir, options.machines)?;
    let listener = forward::listen_outside(options.web_port).await?;
    let web_port = listener.local_addr().doing("the web page's port is not known")?.port();
    let seconds = options.time_limit.unwrap_or(900 + 300 * (u64::from(options.machines) - 1));
    let plan = Plan {
        firmware: options.firmware,
        machines: options.machines,
        until: options.until,
        keep: options.keep,
        kill_server_at: options.kill_server_at,
        time_limit: Duration::from_secs(seconds),
        verbose: options.verbose,
        work_dir,
        images_dir,
        server_binary,
        web_port,
    };
    let forwarding = tokio::spawn(forward::outside(listener, plan.work_dir.clone()));
    let outcome = supervise(&plan).await;
    forwarding.abort();
    let _ = std::fs::remove_file(plan.work_dir.join("pid"));
    let _ = std::fs::remove_file(plan.work_dir.join("web.sock"));
    outcome
}

/// Ctrl-C, SIGTERM or SIGHUP.
pub(crate) async fn stop_signal() {
    let (Ok(mut interrupt), Ok(mut terminate), Ok(mut hangup)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()), signal(SignalKind::hangup()))
    else {
        // Without handlers the signals do what they always do.
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        _ = hangup.recv() => {}
    }
}

/// Runs the inner half to its end, or ends it.
async fn supervise(plan: &Plan) -> Result<()> {
    let plan_path = plan.save()?;
    let this = std::env::current_exe().doing("the lab does not find its own binary")?;
    // Its standard input is the leash: when this end closes, it tidies up and ends.
    let mut child = namespace::isolated()
        .arg(this)
        .arg("__inside")
        .arg(&plan_path)
        .stdin(Stdio::piped())
        .spawn()
        .doing("setpriv and unshare (package util-linux) do not start")?;
    let leash = child.stdin.take();
    if let Some(pid) = child.id() {
        let path = plan.work_dir.join("pid");
        std::fs::write(&path, format!("{pid}\n")).doing(format!("{} cannot be written", path.display()))?;
    }
    let interrupted = tokio::select! {
        _ = child.wait() => false,
        () = stop_signal() => true,
    };
    drop(leash);
    end(&mut child).await?;
    let status = child.wait().await.doing("the inner half is lost")?;
    match status.code() {
        _ if interrupted => Err(Error::Reported(130)),
        Some(0) => Ok(()),
        Some(code) => Err(Error::Reported(u8::try_from(code).unwrap_or(1))),
        None => {
            Err(Error::said(format!("the inner half was killed ({status}); logs are in {}", plan.work_dir.display())))
        }
    }
}

async fn end(child: &mut Child) -> Result<()> {
    if tokio::time::timeout(GRACE, child.wait()).await.is_err() {
        child.kill().await.doing("the inner half cannot be ended")?;
    }
    Ok(())
}

/// Builds the server as `cargo` would for the user, and asks cargo where it is.
async fn build_server() -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let workspace = workspace()?;
    let mut child = Command::new(cargo)
        .current_dir(&workspace)
        .args(["build", "--release", "--package", "firstlight", "--bin", "firstlight"])
        .args(["--message-format", "json-render-diagnostics"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .doing("cargo does not start")?;
    let mut binary = None;
    if let Some(output) = child.stdout.take() {
        let mut lines = BufReader::new(output).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            binary = executable(&line).or(binary);
        }
    }
    let status = child.wait().await.doing("cargo is lost")?;
    match binary {
        Some(binary) if status.success() => Ok(binary),
        _ => Err(Error::said("the server does not build; what the compiler said is above")),
    }
}

/// The workspace: where cargo says that this package is, or was when it was built.
fn workspace() -> Result<PathBuf> {
    let package =
        std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    let workspace = package.parent().unwrap_or(Path::new("/"));
    if workspace.join("Cargo.toml").is_file() {
        Ok(workspace.to_owned())
    } else {
        Err(Error::said(
            "the server's source is not where it was: start the lab with `cargo lab`, or name a server with --server-binary",
        ))
    }
}

/// The path in one of cargo's JSON lines, if it is about the server's binary.
fn executable(line: &str) -> Option<PathBuf> {
    let message: serde_json::Value = serde_json::from_str(line).ok()?;
    let is_server = message.get("reason")?.as_str()? == "compiler-artifact"
        && message.pointer("/target/name")?.as_str()? == "firstlight";
    let path = message.get("executable")?.as_str()?;
    is_server.then(|| PathBuf::from(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_is_found_among_cargos_messages() {
        let line =
            r#"{"reason":"compiler-artifact","target":{"name":"firstlight"},"executable":"/t/release/firstlight"}"#;
        assert_eq!(executable(line), Some("/t/release/firstlight".into()));
        let library = r#"{"reason":"compiler-artifact","target":{"name":"firstlight"},"executable":null}"#;
        assert_eq!(executable(library), None);
        assert_eq!(executable("warning: words"), None);
    }
}
