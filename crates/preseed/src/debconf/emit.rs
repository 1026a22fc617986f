//! Writing preseed files.

use thiserror::Error;

use super::Item;
use super::line::{SEEN, is_space};

/// A line cannot be written so that debconf reads it back.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EmitError {
    /// A field is empty, or would be read as more than one.
    #[error("the {field} `{value}` must not be empty nor hold white space")]
    Field {
        /// Which one.
        field: &'static str,
        /// Its value.
        value: String,
    },
    /// The owner begins with a `#`.
    #[error("the owner `{0}` must not begin with `#`: the line would be a comment")]
    Comment(String),
    /// A comment that would be read as something else.
    #[error("the comment `{0}` must begin with `#`")]
    NotComment(String),
    /// A line feed in a value, for which the format has no notation.
    #[error("`{0}` holds a line feed, for which the format has no notation")]
    LineFeed(String),
    /// A backslash at the end of a line that is not the last one.
    #[error("`{0}` ends in a backslash, which would join it with the next line; move it to the end of the file")]
    Backslash(String),
}

/// Writes lines; what debconf refuses is written as it was.
///
/// # Errors
///
/// [`EmitError`] names the line that would not be read back as it is.
///
/// ```
/// use firstlight_preseed::debconf::{Item, Type, emit};
/// let answer = Item::Answer {
///     owner: "d-i".to_owned(),
///     question: "passwd/root-login".to_owned(),
///     kind: Type::Boolean,
///     value: "false".to_owned(),
/// };
/// assert_eq!(emit([&answer])?, "d-i passwd/root-login boolean false\n");
/// # Ok::<(), firstlight_preseed::debconf::EmitError>(())
/// ```
pub fn emit<'a>(items: impl IntoIterator<Item = &'a Item>) -> Result<String, EmitError> {
    let mut out = String::new();
    for item in items {
        if out.ends_with("\\\n") {
            let last = out.lines().last().unwrap_or_default();
            return Err(EmitError::Backslash(last.to_owned()));
        }
        let line = line(item)?;
        if line.contains('\n') {
            return Err(EmitError::LineFeed(line));
        }
        out.push_str(&line);
        // One carriage return at the end would be taken for a part of the line's end.
        out.push_str(if line.ends_with('\r') { "\r\n" } else { "\n" });
    }
    Ok(out)
}

fn line(item: &Item) -> Result<String, EmitError> {
    match item {
        Item::Blank => Ok(String::new()),
        Item::Comment(text) if text.trim_start_matches(is_space).starts_with('#') => Ok(text.clone()),
        Item::Comment(text) => Err(EmitError::NotComment(text.clone())),
        Item::Incomplete(text) | Item::UnknownType { text, .. } => Ok(text.clone()),
        Item::Answer { owner, question, kind, value } => answer(owner, question, kind.name(), value),
        Item::Seen { owner, question, value } => answer(owner, question, SEEN, value),
    }
}

fn answer(owner: &str, question: &str, kind: &str, value: &str) -> Result<String, EmitError> {
    for (field, text) in [("owner", owner), ("question", question)] {
        if text.is_empty() || text.contains(is_space) {
            return Err(EmitError::Field { field, value: text.to_owned() });
        }
    }
    if owner.starts_with('#') {
        return Err(EmitError::Comment(owner.to_owned()));
    }
    let mut line = format!("{owner} {question} {kind}");
    if !value.is_empty() {
        line.push(' ');
        line.push_str(value);
    }
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::super::{Preseed, Type};
    use super::*;

    fn answer(owner: &str, question: &str, value: &str) -> Item {
        let (owner, question, value) = (owner.to_owned(), question.to_owned(), value.to_owned());
        Item::Answer { owner, question, kind: Type::String, value }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let items = [
            Item::Comment(" # words".to_owned()),
            Item::Blank,
            answer("d-i", "a/b", "  x # y \t"),
            answer("d-i", "a/c", "x\r"),
            answer("d-i", "a/d", ""),
            Item::Seen { owner: "d-i".to_owned(), question: "a/d".to_owned(), value: "false".to_owned() },
            Item::Incomplete("d-i a/b".to_owned()),
            Item::UnknownType { kind: "sting".to_owned(), text: "o  q sting x".to_owned() },
            answer("d-i", "a/e", "C:\\"),
        ];
        let text = emit(&items).unwrap();
        let read: Vec<Item> = Preseed::parse(text.as_bytes()).lines().iter().map(|line| line.item.clone()).collect();
        assert_eq!(read, items, "{text:?}");
    }

    #[test]
    fn what_cannot_be_written() {
        let field = |field, value: &str| EmitError::Field { field, value: value.to_owned() };
        assert_eq!(emit([&answer("", "a/b", "x")]), Err(field("owner", "")));
        assert_eq!(emit([&answer("d-i", "a b", "x")]), Err(field("question", "a b")));
        assert_eq!(emit([&answer("#d-i", "a/b", "x")]), Err(EmitError::Comment("#d-i".to_owned())));
        assert_eq!(emit([&answer("d-i", "q", "x\ny")]), Err(EmitError::LineFeed("d-i q string x\ny".to_owned())));
        assert_eq!(emit([&Item::Comment("x".to_owned())]), Err(EmitError::NotComment("x".to_owned())));
        let backslash = answer("d-i", "q", "x\\");
        assert_eq!(emit([&backslash, &Item::Blank]), Err(EmitError::Backslash("d-i q string x\\".to_owned())));
    }
}
