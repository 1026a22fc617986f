//! Builds the images, once per recipe: the kernel, initramfs and root that a
//! netbooted machine runs, and the root file system that is put on disks.
//!
//! The build runs in its own mount and process namespace, so that nothing that
//! it mounts or starts outlives it, and into a folder of its own that takes the
//! place of the old images in one step.

use crate::cli::ImageOptions;
use crate::error::{Doing, Error, Result};
use crate::{check, namespace, recipe};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::fs::File;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

/// Where the server expects this release's images, below its images folder.
const RELEASE: &str = "debian/bookworm/amd64";
const FILES: [&str; 4] = ["vmlinuz", "initrd.img", "root.squashfs", "root.tar.zst"];
const FINGERPRINT: &str = "fingerprint";

/// Package steps (fetched, unpacked, set up) that each build takes, for the bars.
const EPHEMERAL_STEPS: u64 = 740;
const TARGET_STEPS: u64 = 700;

/// Makes sure that the images are there and returns the images folder.
pub(crate) async fn ensure(cache: &Path, options: &ImageOptions) -> Result<PathBuf> {
    let images = cache.join("images");
    let release = images.join(RELEASE);
    if !options.rebuild_images && is_current(&release) {
        return Ok(images);
    }
    std::fs::create_dir_all(&images).doing(format!("{} cannot be made", images.display()))?;
    let _lock = lock(cache)?;
    // Another lab may have built them while this one waited.
    if options.rebuild_images || !is_current(&release) {
        check::room_for_images(cache)?;
        build(cache, &release).await?;
    }
    Ok(images)
}

fn is_current(release: &Path) -> bool {
    FILES.iter().all(|file| release.join(file).is_file())
        && std::fs::read_to_string(release.join(FINGERPRINT)).is_ok_and(|found| found.trim() == recipe::fingerprint())
}

/// One build at a time; the lock goes when its file is closed.
fn lock(cache: &Path) -> Result<std::fs::File> {
    let path = cache.join("build.lock");
    let file = std::fs::File::create(&path).doing(format!("{} cannot be made", path.display()))?;
    if file.try_lock().is_err() {
        println!("Another lab is building the images; waiting for it.");
        file.lock().doing(format!("{} cannot be locked", path.display()))?;
    }
    Ok(file)
}

async fn build(cache: &Path, release: &Path) -> Result<()> {
    remove_leftovers(cache);
    let started = Instant::now();
    println!(
        "Building the images (Debian 12, about two minutes and 150 MB from Debian's mirror) in {}",
        cache.display()
    );
    let temp = tempfile::Builder::new()
        .prefix("building-")
        .tempdir_in(cache)
        .doing(format!("{} cannot be written", cache.display()))?;
    let outcome = build_in(temp.path(), cache).await;
    if let Err(error) = outcome {
        discard(temp).await;
        return Err(error);
    }
    let made = temp.path().join("out");
    std::fs::write(made.join(FINGERPRINT), recipe::fingerprint() + "\n")
        .doing("the images' fingerprint cannot be written")?;
    put_in_place(&made, release)?;
    discard(temp).await;
    println!("Images built in {:.0} s.", started.elapsed().as_secs_f64());
    Ok(())
}

async fn build_in(temp: &Path, cache: &Path) -> Result<()> {
    for dir in ["recipe", "work", "out"] {
        std::fs::create_dir(temp.join(dir)).doing("the build's folders cannot be made")?;
    }
    recipe::unpack(&temp.join("recipe"))?;
    let bars = MultiProgress::new();
    if !std::io::stderr().is_terminal() {
        bars.set_draw_target(ProgressDrawTarget::hidden());
    }
    let ephemeral = async {
        let bar = bars.add(bar("ephemeral system", EPHEMERAL_STEPS));
        script("build-ephemeral.sh", temp, cache, &bar).await?;
        script("build-initrd.sh", temp, cache, &bar).await?;
        bar.finish_with_message("done");
        Ok(())
    };
    let target = async {
        let bar = bars.add(bar("deployable system", TARGET_STEPS));
        script("build-target.sh", temp, cache, &bar).await?;
        bar.finish_with_message("done");
        Ok(())
    };
    let both = async { tokio::try_join!(ephemeral, target).map(drop) };
    tokio::select! {
        result = both => result,
        () = crate::outside::stop_signal() => Err(Error::Interrupted),
    }
}

fn bar(name: &str, steps: u64) -> ProgressBar {
    let bar = ProgressBar::new(steps);
    if let Ok(style) = ProgressStyle::with_template("{prefix:>18} [{bar:30}] {percent:>3}% {elapsed:>4} {wide_msg}") {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.set_prefix(name.to_owned());
    bar.enable_steady_tick(Duration::from_millis(250));
    bar
}

/// Runs one script of the recipe and moves `bar` by what it prints.
async fn script(name: &str, temp: &Path, cache: &Path, bar: &ProgressBar) -> Result<()> {
    let log_path = cache.join(name).with_extension("log");
    let mut log = File::create(&log_path).await.doing(format!("{} cannot be written", log_path.display()))?;
    let recipe = temp.join("recipe");
    let mut child = namespace::contained()
        .arg("bash")
        .arg("-c")
        .arg("exec 2>&1; exec bash \"$@\"")
        .arg("bash")
        .arg(recipe.join(name))
        .args([temp.join("work"), temp.join("out"), recipe])
        .env("LC_ALL", "C.UTF-8")
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .doing("setpriv and unshare (package util-linux) do not start")?;
    let Some(output) = child.stdout.take() else {
        return Err(Error::said(format!("{name} has no output to read")));
    };
    let mut lines = BufReader::new(output).lines();
    let mut last = Vec::new();
    while let Ok(Some(line)) = lines.next_line().await {
        log.write_all(format!("{line}\n").as_bytes())
            .await
            .doing(format!("{} cannot be written", log_path.display()))?;
        advance(bar, &line);
        last.push(line);
        if last.len() > 12 {
            last.remove(0);
        }
    }
    let status = child.wait().await.doing(format!("{name} is lost"))?;
    if status.success() {
        return Ok(());
    }
    bar.abandon_with_message("failed");
    Err(Error::said(format!(
        "{name} failed ({status}); its last lines, all of them in {}:\n  {}",
        log_path.display(),
        last.join("\n  ")
    )))
}

fn advance(bar: &ProgressBar, line: &str) {
    if let Some(stage) = line.strip_prefix("@stage ") {
        bar.set_message(stage.to_owned());
        if bar.is_hidden() {
            println!("  {stage}");
        }
    } else if ["Get:", "Unpacking ", "Setting up "].iter().any(|start| line.starts_with(start)) {
        // Debian grows; the bar stays short of full until the packing is done.
        if bar.position() < bar.length().unwrap_or(0).saturating_sub(10) {
            bar.inc(1);
        }
        bar.set_message(line.chars().take(60).collect::<String>());
    }
}

/// Swaps the new images in: whoever has the old ones open keeps them.
fn put_in_place(made: &Path, release: &Path) -> Result<()> {
    let old = release.with_extension("old");
    let doing = || format!("the images cannot be put into {}", release.display());
    if let Some(parent) = release.parent() {
        std::fs::create_dir_all(parent).doing(doing())?;
    }
    let _ = std::fs::remove_dir_all(&old);
    if release.exists() {
        std::fs::rename(release, &old).doing(doing())?;
    }
    std::fs::rename(made, release).doing(doing())?;
    let _ = std::fs::remove_dir_all(&old);
    Ok(())
}

/// A killed build may still be dying in its namespace: try for a while.
async fn discard(temp: tempfile::TempDir) {
    let path = temp.keep();
    for _ in 0..20 {
        if std::fs::remove_dir_all(&path).is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// What a build left that was killed together with the lab. Called with the lock held.
fn remove_leftovers(cache: &Path) {
    let Ok(entries) = std::fs::read_dir(cache) else {
        return;
    };
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().starts_with("building-") {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn make_images(release: &Path, fingerprint: &str) {
        std::fs::create_dir_all(release).unwrap();
        for file in FILES {
            std::fs::write(release.join(file), file).unwrap();
        }
        std::fs::write(release.join(FINGERPRINT), fingerprint).unwrap();
    }

    #[test]
    fn images_of_another_recipe_are_not_current() {
        let dir = tempfile::tempdir().unwrap();
        let release = dir.path().join(RELEASE);
        assert!(!is_current(&release));
        make_images(&release, "other");
        assert!(!is_current(&release));
        make_images(&release, &recipe::fingerprint());
        assert!(is_current(&release));
        std::fs::remove_file(release.join("vmlinuz")).unwrap();
        assert!(!is_current(&release));
    }

    #[test]
    fn new_images_take_the_place_of_old_ones() {
        let dir = tempfile::tempdir().unwrap();
        let release = dir.path().join(RELEASE);
        make_images(&release, "old");
        let made = dir.path().join("out");
        make_images(&made, "new");
        put_in_place(&made, &release).unwrap();
        assert_eq!(std::fs::read_to_string(release.join(FINGERPRINT)).unwrap(), "new");
        assert!(!made.exists());
    }
}
