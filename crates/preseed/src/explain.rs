//! Why a template is the one that is used.
//!
//! Locations are searched one after the other, each for all candidates: any file in the first location wins over every
//! file in the second. That is what MAAS does, and it surprises: a `generic` of one's own hides the host-specific
//! file that a package brings.

use std::fmt;

use crate::{LookupKey, candidates};

/// One file name in one location.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tried {
    /// Which location, as an index into those that were given to [`explain`].
    pub location: usize,
    /// The file name.
    pub name: String,
    /// How specific the name is: 0 for the most specific one of the candidates.
    pub rank: usize,
    /// Whether the file is there.
    pub found: bool,
}

/// Every candidate in every location, in the order in which they are tried.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Explanation {
    tried: Vec<Tried>,
}

/// A less specific file that is used because its location comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Shadow<'a> {
    /// The file that is used.
    pub used: &'a Tried,
    /// The more specific file that is not.
    pub hidden: &'a Tried,
}

/// Tries every candidate in every location.
///
/// `exists(location, name)` says whether a file is there; nothing is read here. A candidate that is no file name on any
/// system, because a part is empty or holds a `/`, is listed as not found, and is not asked for.
///
/// ```
/// use firstlight_preseed::{LookupKey, explain};
/// let key = LookupKey {
///     prefix: "curtin", osystem: "debian", arch: None, release: "bookworm", name: Some("web01"), default: true,
/// };
/// let files = [(0, "generic"), (1, "curtin_debian_bookworm_web01")];
/// let explanation = explain(&key, 2, |location, name| files.contains(&(location, name)));
/// assert_eq!(explanation.winner().unwrap().name, "generic");
/// assert_eq!(
///     explanation.shadows().next().unwrap().to_string(),
///     "`generic` hides `curtin_debian_bookworm_web01`, which is more specific but lies in a later location",
/// );
/// ```
pub fn explain(key: &LookupKey<'_>, locations: usize, mut exists: impl FnMut(usize, &str) -> bool) -> Explanation {
    let names: Vec<String> = candidates(key).collect();
    let tried = (0..locations).flat_map(|location| names.iter().enumerate().map(move |name| (location, name)));
    let tried = tried.map(|(location, (rank, name))| {
        let found = is_file_name(name) && exists(location, name);
        Tried { location, name: name.clone(), rank, found }
    });
    Explanation { tried: tried.collect() }
}

impl Explanation {
    /// Everything that was tried, in order.
    #[must_use]
    pub fn tried(&self) -> &[Tried] {
        &self.tried
    }

    /// The file that is used: the first that was found.
    #[must_use]
    pub fn winner(&self) -> Option<&Tried> {
        self.found().next()
    }

    /// The files that were found and are not used, the best first.
    pub fn shadowed(&self) -> impl Iterator<Item = &Tried> {
        self.found().skip(1)
    }

    /// The shadowed files that are more specific than the one that is used. Each deserves a warning.
    pub fn shadows(&self) -> impl Iterator<Item = Shadow<'_>> {
        let used = self.winner();
        self.shadowed()
            .filter_map(move |hidden| used.filter(|used| hidden.rank < used.rank).map(|used| Shadow { used, hidden }))
    }

    fn found(&self) -> impl Iterator<Item = &Tried> {
        self.tried.iter().filter(|tried| tried.found)
    }
}

impl fmt::Display for Shadow<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (used, hidden) = (&self.used.name, &self.hidden.name);
        write!(f, "`{used}` hides `{hidden}`, which is more specific but lies in a later location")
    }
}

fn is_file_name(name: &str) -> bool {
    !matches!(name, "" | "." | "..") && !name.contains(['/', '\0'])
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: LookupKey<'_> = LookupKey {
        prefix: "curtin",
        osystem: "debian",
        arch: None,
        release: "12",
        name: Some("web01"),
        default: true,
    };

    fn explained(files: &[(usize, &str)]) -> Explanation {
        explain(&KEY, 2, |location, name| files.contains(&(location, name)))
    }

    #[test]
    fn locations_come_before_names() {
        let tried = explained(&[]);
        let tried: Vec<_> = tried.tried().iter().map(|tried| (tried.location, tried.name.as_str())).collect();
        let names = ["curtin_debian_12_web01", "curtin_debian_12", "curtin_debian", "curtin", "generic"];
        let expected: Vec<_> = [0, 1].into_iter().flat_map(|at| names.map(|name| (at, name))).collect();
        assert_eq!(tried, expected);
    }

    #[test]
    fn what_is_used_and_what_is_shadowed() {
        assert_eq!(explained(&[]).winner(), None);

        let one =
            explained(&[(0, "curtin_debian"), (0, "generic"), (1, "curtin_debian"), (1, "curtin_debian_12_web01")]);
        let winner = one.winner().unwrap();
        assert_eq!((winner.location, winner.name.as_str(), winner.rank), (0, "curtin_debian", 2));
        let shadowed: Vec<_> = one.shadowed().map(|tried| (tried.location, tried.name.as_str())).collect();
        assert_eq!(shadowed, [(0, "generic"), (1, "curtin_debian_12_web01"), (1, "curtin_debian")]);
        let hidden: Vec<_> = one.shadows().map(|shadow| shadow.hidden.name.as_str()).collect();
        assert_eq!(hidden, ["curtin_debian_12_web01"]);
    }

    #[test]
    fn a_path_is_never_asked_for() {
        let key = LookupKey { prefix: "", osystem: "ubuntu", release: "../etc/passwd", name: None, ..KEY };
        let explanation = explain(&key, 1, |_, name| {
            assert_eq!(name.find('/'), None, "{name}");
            true
        });
        let found: Vec<_> = explanation.tried().iter().map(|tried| (tried.name.as_str(), tried.found)).collect();
        let expected = [("ubuntu_../etc/passwd", false), ("../etc/passwd", false), ("ubuntu", true), ("generic", true)];
        assert_eq!(found, expected);
        let key = LookupKey { release: "", ..key };
        assert_eq!(explain(&key, 1, |_, name| name.is_empty()).winner(), None);
    }
}
