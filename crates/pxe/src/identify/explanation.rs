//! Why something was decided as it was.

use std::borrow::Cow;
use std::fmt;

/// Why a client was classified, or an answer chosen, as it was: facts in the order in which they were found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Explanation {
    facts: Vec<Cow<'static, str>>,
}

impl Explanation {
    pub(crate) fn push(&mut self, fact: impl Into<Cow<'static, str>>) {
        self.facts.push(fact.into());
    }

    /// The facts, one by one.
    pub fn facts(&self) -> impl Iterator<Item = &str> {
        self.facts.iter().map(AsRef::as_ref)
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, fact) in self.facts().enumerate() {
            if at > 0 {
                f.write_str("; ")?;
            }
            f.write_str(fact)?;
        }
        Ok(())
    }
}
