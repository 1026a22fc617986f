//! The outer half: checks, packages, the images; then it
//! starts the inner half in its namespaces and carries the web page out.

use crate::cli::{ImageOptions, PlaceOptions, RunOptions};
use crate::error::{Doing, Error, Result};
use crate::plan::Plan;
use crate::{check, forward, images, namespace, packages, paths};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Child;
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

/// What every lab needs.
#[derive(Debug)]
pub(crate) struct Ready {
    pub(crate) cache: PathBuf,
    pub(crate) images_dir: PathBuf,
    pub(crate) server_binary: PathBuf,
}

/// Checks the system, installs packages, builds images.
pub(crate) async fn prepare(options: &PlaceOptions) -> Result<Ready> {
    check::system()?;
    check::tun()?;
    packages::ensure(options.images.yes)?;
    let cache = paths::cache_dir(options.images.cache_dir.as_deref())?;
    let server_binary = match &options.server_binary {
        Some(path) => {
            std::fs::canonicalize(path).doing(format!("the server binary {} cannot be used", path.display()))?
        }
        None => built_server()?,
    };
    let images_dir = images::ensure(&cache, &options.images).await?;
    Ok(Ready { cache, images_dir, server_binary })
}

/// `cargo lab`.
pub(crate) async fn run(options: RunOptions) -> Result<()> {
    run_with(options, None, |_| Ok(std::future::pending())).await
}

/// A run, beside what `serve` does on this side once the run's folder is there; it ends the run when it ends.
pub(crate) async fn run_with<F: Future<Output = Error>>(
    options: RunOptions,
    installer_mirror: Option<String>,
    serve: impl FnOnce(&Path) -> Result<F>,
) -> Result<()> {
    let ready = prepare(&options.place).await?;
    let firmware = options.firmware.to_string();
    let work_dir = paths::run_dir(options.place.work_dir.as_deref(), &ready.cache, &firmware)?;
    check::room_for_run(&work_dir, options.machines)?;
    let listener = forward::listen_outside(options.web_port).await?;
    let web_port = listener.local_addr().doing("the web page's port is not known")?.port();
    let seconds = options.time_limit.unwrap_or(1500 + 300 * (u64::from(options.machines) - 1));
    let plan = Plan {
        row: None,
        installer_mirror,
        storage: Vec::new(),
        firmware: options.firmware,
        machines: options.machines,
        until: options.until,
        keep: options.keep,
        kill_server_at: options.kill_server_at,
        time_limit: Duration::from_secs(seconds),
        verbose: options.verbose,
        work_dir,
        images_dir: ready.images_dir,
        server_binary: ready.server_binary,
        web_port,
    };
    let forwarding = tokio::spawn(forward::outside(listener, plan.work_dir.clone()));
    let serving = serve(&plan.work_dir)?;
    let outcome = tokio::select! {
        outcome = supervise(&plan) => outcome,
        error = serving => Err(error),
    };
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
pub(crate) async fn supervise(plan: &Plan) -> Result<()> {
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

/// The server that was built together with this program.
fn built_server() -> Result<PathBuf> {
    let own = std::env::current_exe().doing("the lab's own path is not known")?;
    let server = own.with_file_name("firstlight");
    if server.is_file() {
        return Ok(server);
    }
    let server = server.display();
    Err(Error::said(format!(
        "there is no server at {server}: start the lab with `cargo lab`, or name one with --server-binary"
    )))
}
