//! Where this machine's apt gets Debian from: the lab names no mirror of its own.

use crate::error::{Doing, Error, Result};
use std::process::Command;

/// A source of apt's: where it is, and which release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) uri: String,
    release: String,
    origin: String,
}

/// Everything that apt is configured to read.
pub(crate) fn sources() -> Result<Vec<Source>> {
    let output = Command::new("apt-get")
        .args(["indextargets", "--format", "$(REPO_URI) $(RELEASE) $(ORIGIN)", "Created-By: Packages"])
        .output()
        .doing("apt-get does not run")?;
    Ok(parse(&String::from_utf8_lossy(&output.stdout)))
}

/// The mirror with Debian 12 itself.
pub(crate) fn of_debian(sources: &[Source]) -> Result<&str> {
    let found = sources.iter().find(|source| source.origin == "Debian" && source.release == "bookworm");
    found.map(|source| source.uri.as_str()).ok_or_else(|| {
        Error::said("apt has no source with Debian's bookworm: add one to /etc/apt, and run `apt-get update`")
    })
}

pub(super) fn parse(text: &str) -> Vec<Source> {
    let mut sources: Vec<Source> = Vec::new();
    for line in text.lines() {
        let mut words = line.split_whitespace();
        let (Some(uri), Some(release)) = (words.next(), words.next()) else { continue };
        let origin = words.next().unwrap_or_default().to_owned();
        let source = Source { uri: uri.trim_end_matches('/').to_owned(), release: release.to_owned(), origin };
        if !sources.contains(&source) {
            sources.push(source);
        }
    }
    sources
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mirror_is_apts() {
        let text = "http://m.example/debian-security/ bookworm-security Debian\n\
            https://m.example/node nodistro .\nhttp://m.example/debian/ bookworm Debian\n\
            http://m.example/debian/ bookworm Debian\n";
        let sources = parse(text);
        assert_eq!(sources.len(), 3);
        assert_eq!(of_debian(&sources).unwrap(), "http://m.example/debian");
        assert!(of_debian(&sources[..2]).unwrap_err().to_string().contains("apt-get update"));
    }
}
