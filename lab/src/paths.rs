//! Where things are kept.

use crate::error::{Doing, Error, Result};
use std::path::{Path, PathBuf};

/// How many finished runs keep their logs.
const RUNS_KEPT: usize = 10;

/// The cache: images, and the logs of the last runs.
pub(crate) fn cache_dir(given: Option<&Path>) -> Result<PathBuf> {
    let dir = if let Some(given) = given {
        given.to_owned()
    } else if let Some(cache) = std::env::var_os("XDG_CACHE_HOME").filter(|dir| !dir.is_empty()) {
        PathBuf::from(cache).join("firstlight-lab")
    } else if let Some(home) = std::env::var_os("HOME").filter(|dir| !dir.is_empty()) {
        PathBuf::from(home).join(".cache/firstlight-lab")
    } else {
        return Err(Error::said("there is no home directory to keep images in; name a folder with --cache-dir"));
    };
    make(&dir)
}

/// A new folder for this run, or the given one. The oldest ones make room.
pub(crate) fn run_dir(given: Option<&Path>, cache: &Path, firmware: &str) -> Result<PathBuf> {
    let given = given.map(make).transpose()?;
    let runs = make(&cache.join("runs"))?;
    let mut old: Vec<PathBuf> = std::fs::read_dir(&runs)
        .doing(format!("{} cannot be listed", runs.display()))?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| running_pid(path).is_none())
        .collect();
    old.sort();
    let surplus = old.len().saturating_sub(RUNS_KEPT - 1);
    for path in old.iter().take(surplus) {
        // A run that cannot be removed is untidy, not a reason to stop. Of one that lies elsewhere only the link goes.
        let _ = std::fs::remove_dir_all(path);
    }
    let now = jiff::Zoned::now().strftime("%Y%m%d-%H%M%S").to_string();
    let path = runs.join(format!("{now}-{firmware}-{}", std::process::id()));
    match given {
        None => make(&path),
        // `cargo lab ssh` finds it by the link.
        Some(dir) => {
            std::os::unix::fs::symlink(&dir, &path).doing(format!("the link {} cannot be made", path.display()))?;
            Ok(dir)
        }
    }
}

/// The process that holds a run's namespaces, if it still lives.
pub(crate) fn running_pid(run: &Path) -> Option<u32> {
    let pid: u32 = std::fs::read_to_string(run.join("pid")).ok()?.trim().parse().ok()?;
    // Another process may have got the number since.
    let words = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    String::from_utf8_lossy(&words).contains("__inside").then_some(pid)
}

/// A folder, made if it is not there.
pub(crate) fn make(dir: &Path) -> Result<PathBuf> {
    std::fs::create_dir_all(dir).doing(format!("the folder {} cannot be made", dir.display()))?;
    std::fs::canonicalize(dir).doing(format!("the folder {} cannot be used", dir.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_runs_are_kept() {
        let cache = tempfile::tempdir().unwrap();
        for second in 0..15 {
            std::fs::create_dir_all(cache.path().join(format!("runs/20200101-0000{second:02}"))).unwrap();
        }
        let new = run_dir(None, cache.path(), "bios").unwrap();
        let kept = std::fs::read_dir(cache.path().join("runs")).unwrap().count();
        assert_eq!(kept, RUNS_KEPT);
        assert!(new.is_dir());
        assert!(!cache.path().join("runs/20200101-000005").exists());
        assert!(cache.path().join("runs/20200101-000006").exists());
    }

    #[test]
    fn a_run_in_a_given_folder_is_found_in_the_cache() {
        let (cache, given) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let run = run_dir(Some(given.path()), cache.path(), "bios").unwrap();
        std::fs::write(run.join("here"), "").unwrap();
        let entries: Vec<_> = std::fs::read_dir(cache.path().join("runs")).unwrap().flatten().collect();
        assert!(matches!(entries.as_slice(), [link] if link.path().join("here").exists()), "{entries:?}");
    }
}
