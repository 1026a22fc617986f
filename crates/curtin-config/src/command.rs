//! Commands of a stage: `key: command`, run in the order of the keys.

use crate::config::Context;
use crate::problem::{Problem, Span};
use crate::value::{Node, Value};

/// One command as it stands in a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// A list: executed as it is, no shell sees it.
    Argv(Vec<String>),
    /// A text: given to `sh -c`.
    Shell(String),
}

/// The commands of one stage.
///
/// curtin sorts by key (`10` before `9`), and skips what Python calls false: an empty list or
/// text, null, zero.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Commands {
    entries: Vec<Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) command: Command,
    pub(crate) span: Span,
}

impl Commands {
    /// Adds a command under a key, in place of what was there.
    ///
    /// ```
    /// use firstlight_curtin_config::{Command, Commands};
    ///
    /// let mut commands = Commands::default();
    /// commands.set("99_last", Command::Shell("sync".to_owned()));
    /// commands.set("01_first", Command::Argv(vec!["true".to_owned()]));
    /// let keys: Vec<_> = commands.iter().map(|(key, _)| key).collect();
    /// assert_eq!(keys, ["01_first", "99_last"]);
    /// ```
    pub fn set(&mut self, key: impl Into<String>, command: Command) {
        self.insert(Entry { key: key.into(), command, span: Span::NONE });
    }

    /// The commands in the order in which they run.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Command)> {
        self.entries.iter().map(|entry| (entry.key.as_str(), &entry.command))
    }

    /// Whether nothing would run.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    fn insert(&mut self, entry: Entry) {
        match self.entries.binary_search_by(|old| old.key.cmp(&entry.key)) {
            Ok(at) => {
                if let Some(slot) = self.entries.get_mut(at) {
                    *slot = entry;
                }
            }
            Err(at) => self.entries.insert(at, entry),
        }
    }

    pub(crate) fn read(cx: &mut Context, path: &str, node: &Node) -> Self {
        let mut commands = Self::default();
        let Some(mapping) = node.as_mapping() else {
            let problem = Problem::bad_type(path, node, "a mapping of names to commands");
            cx.problem(if node.is_falsy() {
                problem.remedy("write {}, or leave it out")
            } else {
                problem.remedy("write `10_name: [COMMAND, ARGUMENTS]` below it")
            });
            return commands;
        };
        for (key, value) in mapping.iter() {
            let Some(name) = key.as_str() else {
                let text = key.to_text().unwrap_or_default();
                cx.error(
                    "command-key",
                    path,
                    key.span,
                    format!("the name {text} is {}, and names are sorted as text", key.kind()),
                    "put the name in quotes",
                );
                continue;
            };
            let path = format!("{path}.{name}");
            if value.is_falsy() {
                continue;
            }
            let command = match &value.value {
                Value::String(text) => {
                    no_nul(cx, &path, value);
                    Command::Shell(text.clone())
                }
                Value::Sequence(items) => match argv(cx, &path, items) {
                    Some(argv) => Command::Argv(argv),
                    None => continue,
                },
                _ => {
                    cx.problem(
                        Problem::bad_type(path, value, "a list or a text")
                            .remedy("write [COMMAND, ARGUMENTS], or a line of shell in quotes"),
                    );
                    continue;
                }
            };
            commands.insert(Entry { key: name.to_owned(), command, span: value.span });
        }
        commands
    }
}

fn argv(cx: &mut Context, path: &str, items: &[Node]) -> Option<Vec<String>> {
    let mut argv = Vec::with_capacity(items.len());
    for (at, item) in items.iter().enumerate() {
        let Some(text) = item.to_text() else {
            cx.bad_type(format!("{path}[{at}]"), item, "text");
            return None;
        };
        if item.as_str().is_none() {
            let message = format!("this word is {}, and curtin runs a list of text only", item.kind());
            let problem = Problem::error("word-not-text", format!("{path}[{at}]"), item.span, message);
            cx.problem(problem.remedy("put it in quotes"));
        }
        no_nul(cx, &format!("{path}[{at}]"), item);
        if at == 0 && text.is_empty() {
            cx.error(
                "bad-value",
                format!("{path}[0]"),
                item.span,
                "the name of a program is not empty",
                "write the program first",
            );
        }
        argv.push(text);
    }
    Some(argv)
}

/// No system takes a NUL in the words of a command.
fn no_nul(cx: &mut Context, path: &str, word: &Node) {
    if word.as_str().is_some_and(|text| text.contains('\0')) {
        cx.error("bad-value", path, word.span, "a command cannot contain a NUL character", "remove the \\0");
    }
}
