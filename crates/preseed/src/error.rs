//! Errors that show the place: file, line, column and the line itself.

use std::fmt;

use thiserror::Error;

/// A place in a template.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Location {
    /// The name that was given to [`Template::parse`](crate::Template::parse).
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The line's text, without its line feed; long lines are cut.
    pub source_line: String,
}

/// The template is not well formed. `{:#}` shows the line too, with a caret under the place.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub struct TemplateError {
    /// Where.
    pub location: Box<Location>,
    /// What.
    pub problem: Problem,
}

/// The template is well formed, but not for this context. `{:#}` shows the line too, with a caret under the place.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub struct RenderError {
    /// Where.
    pub location: Box<Location>,
    /// What.
    pub problem: Problem,
}

/// What [`Template::check`](crate::Template::check) finds. `{:#}` shows the line too, with a caret under the place.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// Where.
    pub location: Box<Location>,
    /// How bad.
    pub level: Level,
    /// What.
    pub problem: Problem,
}

/// How bad a [`Finding`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Level {
    /// It may be meant.
    Warning,
    /// A rendering that gets there fails.
    Error,
}

/// What is wrong at a place.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Problem {
    /// The text does not follow the template language.
    #[error("{0}")]
    Syntax(String),
    /// The language of MAAS has it, this crate does not.
    #[error("{0} is not supported")]
    Unsupported(String),
    /// A name that the context does not hold.
    #[error("`{name}` is not defined{}", suggest(suggestion.as_deref()))]
    Undefined {
        /// The name.
        name: String,
        /// The nearest name that is defined.
        suggestion: Option<String>,
    },
    /// A name that only some ways to its place give a value, found by [`Template::check`](crate::Template::check).
    #[error("`{0}` is not defined on every way to here; `default {0} = …` before it helps")]
    Sometimes(String),
    /// What follows an `else` in its `if`.
    #[error("this is never written: it follows the `else` of its `if`")]
    Unreachable,
    /// The last parameter of a `def`, which MAAS's engine does not see if it has no default.
    #[error("as in MAAS, `{def}` does not take its last parameter; write `{parameter}=None`")]
    Forgotten {
        /// The `def`.
        def: String,
        /// Its last parameter.
        parameter: String,
    },
    /// An attribute, key or index that a value does not hold.
    #[error("{of} has no `{name}`{}", suggest(suggestion.as_deref()))]
    Missing {
        /// The kind of value.
        of: &'static str,
        /// The attribute, key or index.
        name: String,
        /// The nearest one that it has.
        suggestion: Option<String>,
    },
    /// Values that do not fit the operation.
    #[error("{0}")]
    Type(String),
    /// A value that no result exists for, such as a division by zero.
    #[error("{0}")]
    Arithmetic(String),
    /// What `inherit` asks for is not there.
    #[error("there is no template `{0}` to inherit")]
    NoTemplate(String),
    /// A limit was reached; it is named.
    #[error("the limit of {limit} {what} is reached")]
    Limit {
        /// What is limited.
        what: &'static str,
        /// The limit.
        limit: u64,
    },
}

fn suggest(name: Option<&str>) -> String {
    name.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
}

/// A template's name and text, for places in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) name: String,
    pub(crate) text: String,
}

impl Source {
    /// The place of a byte offset.
    pub(crate) fn location(&self, at: usize) -> Box<Location> {
        Location::of(&self.name, &self.text, at).into()
    }
}

/// The longest part of a line that an error shows.
const SHOWN: usize = 200;

impl Location {
    /// The place of a byte offset in a text.
    pub(crate) fn of(file: &str, text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        let source_line = text.get(start..).unwrap_or_default().lines().next().unwrap_or_default();
        Self {
            file: file.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before.get(start..).unwrap_or_default().chars().count() + 1,
            source_line: source_line.chars().take(SHOWN).collect(),
        }
    }
}

/// `file:line:column: problem`, and in the alternate form the line and a caret under the place.
fn show(f: &mut fmt::Formatter<'_>, location: &Location, problem: &Problem) -> fmt::Result {
    write!(f, "{location}: {problem}")?;
    if !f.alternate() {
        return Ok(());
    }
    let Location { line, column, source_line, .. } = location;
    let margin = " ".repeat(line.to_string().len());
    if *column > SHOWN {
        return write!(f, "\n{margin} |\n{line} | {source_line}…");
    }
    // Tabs stay, so that the caret stands under its place however wide they are shown.
    let before = source_line.chars().take(column - 1);
    let indent: String = before.map(|character| if character == '\t' { '\t' } else { ' ' }).collect();
    write!(f, "\n{margin} |\n{line} | {source_line}\n{margin} | {indent}^")
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(f, &self.location, &self.problem)
    }
}

impl fmt::Display for RenderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(f, &self.location, &self.problem)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(f, &self.location, &self.problem)
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// The name that a user most likely meant: at most a third of its letters differ.
pub(crate) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    // Names are short; a hostile long one is not worth a table.
    if name.len() > 64 {
        return None;
    }
    known
        .filter(|other| other.len() <= 64)
        .map(|other| (distance(name, other), other))
        .filter(|(distance, _)| *distance <= name.chars().count() / 3)
        .min()
        .map(|(_, other)| other.to_owned())
}

/// Levenshtein's distance.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.chars().enumerate() {
        let mut diagonal = i;
        let mut last = i + 1;
        let mut next = vec![last];
        for (b, &above) in right.iter().zip(row.iter().skip(1)) {
            let replaced = diagonal + usize::from(a != *b);
            last = replaced.min(above + 1).min(last + 1);
            diagonal = above;
            next.push(last);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_name() {
        let known = ["node", "release", "osystem"];
        assert_eq!(nearest("nod", known.into_iter()).as_deref(), Some("node"));
        assert_eq!(nearest("relaese", known.into_iter()).as_deref(), Some("release"));
        assert_eq!(nearest("proxy", known.into_iter()), None);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
    }

    #[test]
    fn places() {
        let place = Location::of("t", "ab\ncdé{{x", 9);
        assert_eq!((place.line, place.column, place.source_line.as_str()), (2, 6, "cdé{{x"));
        assert_eq!(place.to_string(), "t:2:6");
        assert_eq!(Location::of("t", "", 5).to_string(), "t:1:1");
    }
}
