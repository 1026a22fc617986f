//! Names that clients ask for, rewritten to the names of files.

use regex::bytes::{Regex, RegexBuilder};

use crate::name;

/// Rules that rewrite names. The first whose pattern is found in the name decides; no rule sees the result of
/// another one.
///
/// A rule sees the cleaned name (see [`name::clean`]), and its result is cleaned again, so no rule leads out of the
/// root. The syntax is that of the crate `regex`, on bytes: `.` and `\d` are not Unicode's, `(?i)` ignores the case
/// of ASCII letters. `$1` or `${name}` in the replacement stands for a group.
///
/// ```
/// use firstlight_tftp::Remap;
/// let remap = Remap::default()
///     .with_rule("^bootmgfw[.]efi$", "shimx64.efi")?
///     .with_rule("(?i)^pxelinux[.]cfg/01-([0-9a-f-]+)$", "hosts/${1}.cfg")?;
/// assert_eq!(remap.apply(b"bootmgfw.efi"), b"shimx64.efi");
/// assert_eq!(remap.apply(b"PXELINUX.CFG/01-52-54-00-AB-CD-EF"), b"hosts/52-54-00-AB-CD-EF.cfg");
/// assert_eq!(remap.apply(b"vmlinuz"), b"vmlinuz");
/// # Ok::<(), firstlight_tftp::RemapError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Remap {
    rules: Vec<(Regex, Vec<u8>)>,
}

/// A pattern that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the pattern {pattern:?} is not a usable regular expression: {reason}")]
pub struct RemapError {
    /// The pattern.
    pub pattern: String,
    /// What is wrong with it; may have several lines.
    pub reason: String,
}

impl Remap {
    /// The same rules and one more at the end. What the pattern matches is replaced once; anchor it to replace the
    /// whole name.
    ///
    /// # Errors
    /// When the pattern is no regular expression, or one that takes too much memory.
    pub fn with_rule(mut self, pattern: &str, replacement: &str) -> Result<Self, RemapError> {
        let regex = RegexBuilder::new(pattern)
            .unicode(false)
            .build()
            .map_err(|error| RemapError { pattern: pattern.to_owned(), reason: error.to_string() })?;
        self.rules.push((regex, replacement.as_bytes().to_vec()));
        Ok(self)
    }

    /// The name of the file for a cleaned name.
    #[must_use]
    pub fn apply(&self, name: &[u8]) -> Vec<u8> {
        let rule = self.rules.iter().find(|(pattern, _)| pattern.is_match(name));
        rule.map_or_else(|| name.to_vec(), |(pattern, with)| name::clean(&pattern.replace(name, &with[..])))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_rule_that_matches_decides() {
        let remap = Remap::default().with_rule("a", "b").unwrap().with_rule("b", "c").unwrap();
        assert_eq!(remap.apply(b"aab"), b"bab");
        assert_eq!(remap.apply(b"b\xff"), b"c");
        assert_eq!(remap.apply(b"\xe9"), b"\xe9");
    }

    #[test]
    fn no_rule_leads_out_of_the_root() {
        let remap = Remap::default().with_rule("^up/(.*)", "/../../$1").unwrap();
        assert_eq!(remap.apply(b"up/etc/passwd"), b"etc/passwd");
    }

    #[test]
    fn a_bad_pattern_is_named() {
        let error = Remap::default().with_rule("a(", "b").unwrap_err();
        assert_eq!(error.pattern, "a(");
        assert!(error.to_string().starts_with(r#"the pattern "a(" is not a usable regular expression: "#));
    }
}
