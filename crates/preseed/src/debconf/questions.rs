//! The questions of debian-installer, and their types.
//!
//! Facts from the installation guide's example and from the installer's templates of Debian 12, with some that older
//! releases and Ubuntu's ask. Packages have further questions of their own; nothing is known about those.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use super::Type;

/// Lines of a type, the part before the first slash, a colon, and what may follow the slash. A question with two types
/// takes both.
const KNOWN: &str = include_str!("questions.txt");

/// The known questions, read from the table once.
pub(super) static QUESTIONS: LazyLock<Questions> = LazyLock::new(Questions::new);

/// Questions with their types.
pub(super) struct Questions {
    types: BTreeMap<String, Vec<Type>>,
    components: BTreeSet<&'static str>,
}

impl Questions {
    fn new() -> Self {
        let mut types: BTreeMap<String, Vec<Type>> = BTreeMap::new();
        for (kind, component, names) in rows() {
            for name in names.split_ascii_whitespace() {
                types.entry(format!("{component}/{name}")).or_default().extend(kind);
            }
        }
        Self { types, components: rows().map(|(_, component, _)| component).collect() }
    }

    /// The types that a question takes; none if it is not known.
    pub(super) fn types(&self, question: &str) -> &[Type] {
        self.types.get(&*numberless(question)).map(Vec::as_slice).unwrap_or_default()
    }

    /// The part before the first slash, if it is one of the installer's.
    pub(super) fn component<'a>(&self, question: &'a str) -> Option<&'a str> {
        let (component, name) = question.split_once('/')?;
        // Which of these exist depends on the language.
        let is_generated = component == "localechooser" && name.contains('/');
        (!is_generated && self.components.contains(component)).then_some(component)
    }

    /// The names of all.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.types.keys().map(String::as_str)
    }
}

fn rows() -> impl Iterator<Item = (Option<Type>, &'static str, &'static str)> {
    KNOWN.lines().filter_map(|line| {
        let (head, names) = line.split_once(':')?;
        let (kind, component) = head.split_once(' ')?;
        Some((Type::of(kind), component, names))
    })
}

/// Local repositories are numbered; the first stands for all.
fn numberless(question: &str) -> Cow<'_, str> {
    let local = question.strip_prefix("apt-setup/local").and_then(|rest| rest.split_once('/'));
    match local {
        Some((number, name)) if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) => {
            Cow::Owned(format!("apt-setup/local0/{name}"))
        }
        _ => Cow::Borrowed(question),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_well_formed() {
        assert!(rows().all(|(kind, ..)| kind.is_some()));
        assert_eq!(rows().count(), KNOWN.lines().count());
    }

    #[test]
    fn types_of_questions() {
        let known = &QUESTIONS;
        assert_eq!(known.types("passwd/root-login"), [Type::Boolean]);
        assert_eq!(known.types("time/zone"), [Type::String, Type::Select]);
        assert_eq!(known.types("apt-setup/local12/key"), [Type::String]);
        assert_eq!(known.types("apt-setup/localhost/key"), []);
        assert_eq!(known.component("partman-auto/disk"), Some("partman-auto"));
        assert_eq!(known.component("localechooser/shortlist/de"), None);
        assert_eq!(known.component("postfix/mailname"), None);
    }
}
