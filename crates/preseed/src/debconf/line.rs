//! From bytes to lines, and from a line to what it says.

use super::{Item, Line, Type};

/// The flag that stands in the place of a type.
pub(super) const SEEN: &str = "seen";

/// A line without its end, joined with those that continue it.
pub(super) struct Raw {
    number: usize,
    bytes: Vec<u8>,
}

/// The lines of a file.
pub(super) fn lines(bytes: &[u8]) -> impl Iterator<Item = Raw> {
    // A line feed ends a line; behind the last one there is no further line.
    let mut physical = bytes.split_inclusive(|byte| *byte == b'\n').map(without_end).enumerate().peekable();
    std::iter::from_fn(move || {
        let (at, first) = physical.next()?;
        let mut bytes = first.to_vec();
        // What is left behind the removed backslash may end in another one, if the next line is empty.
        while bytes.last() == Some(&b'\\')
            && let Some((_, next)) = physical.next()
        {
            bytes.pop();
            bytes.extend_from_slice(next);
        }
        Some(Raw { number: at + 1, bytes })
    })
}

impl Raw {
    pub(super) fn parse(self) -> Line {
        let (text, is_utf8) = match String::from_utf8(self.bytes) {
            Ok(text) => (text, true),
            Err(error) => (String::from_utf8_lossy(error.as_bytes()).into_owned(), false),
        };
        Line { number: self.number, item: item(text), is_utf8 }
    }
}

fn item(text: String) -> Item {
    let start = text.trim_start_matches(is_space);
    if start.is_empty() {
        return Item::Blank;
    }
    if start.starts_with('#') {
        return Item::Comment(text);
    }
    let (owner, rest) = field(start);
    let (question, rest) = field(rest.trim_start_matches(is_space));
    let (kind, rest) = field(rest.trim_start_matches(is_space));
    if kind.is_empty() {
        return Item::Incomplete(text);
    }
    let value = rest.strip_prefix(is_space).unwrap_or_default().to_owned();
    let (owner, question) = (owner.to_owned(), question.to_owned());
    match Type::of(kind) {
        Some(kind) => Item::Answer { owner, question, kind, value },
        None if kind == SEEN => Item::Seen { owner, question, value },
        None => Item::UnknownType { kind: kind.to_owned(), text },
    }
}

/// What is before the next white space, and what begins with it.
fn field(text: &str) -> (&str, &str) {
    text.split_at(text.find(is_space).unwrap_or(text.len()))
}

/// White space inside of a line, as Perl's `\s` takes bytes.
pub(super) const fn is_space(char: char) -> bool {
    matches!(char, ' ' | '\t' | '\n' | '\r' | '\x0b' | '\x0c')
}

fn without_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(input: &[u8], expected: &[(usize, &str, &str)]) {
        let lines: Vec<Line> = lines(input).map(Raw::parse).collect();
        let answers: Vec<_> = lines
            .iter()
            .filter_map(|line| match &line.item {
                Item::Answer { question, value, .. } => Some((line.number, question.as_str(), value.as_str())),
                _ => None,
            })
            .collect();
        assert_eq!(answers, expected, "{lines:?}");
    }

    #[test]
    fn ends_of_lines() {
        check(b"o a string x\r\no b string y\r\r\no c string z", &[(1, "a", "x"), (2, "b", "y\r"), (3, "c", "z")]);
        check(b"\r\n\n \t\x0b\x0c\no a string x\n\n", &[(4, "a", "x")]);
    }

    #[test]
    fn continuations() {
        check(b"o a string x\\\r\ny\no b string z", &[(1, "a", "xy"), (3, "b", "z")]);
        check(b"o a string x\\", &[(1, "a", "x\\")]);
        check(b"o a string x\\\n", &[(1, "a", "x\\")]);
        // Two backslashes: one is removed; with an empty line behind, the other one ends the line.
        check(b"o a string x\\\\\ny\n", &[(1, "a", "x\\y")]);
        check(b"o a string x\\\\\n\ny\no b string z", &[(1, "a", "xy"), (4, "b", "z")]);
        check(b"\\\no a string x\n# \\\no b string y\no c string z", &[(1, "a", "x"), (5, "c", "z")]);
        check(b"o \\\n a \\\n string \\\n x", &[(1, "a", " x")]);
    }

    #[test]
    fn white_space() {
        check(b"\t o\x0ba\x0cstring\tx\n", &[(1, "a", "x")]);
        check(b"o a string\t\tx \n", &[(1, "a", "\tx ")]);
        check(b"o a string\rx\n", &[(1, "a", "x")]);
        check(b"o a string\x0b\no b note\n", &[(1, "a", ""), (2, "b", "")]);
        // Neither NEL nor a no-break space parts fields.
        check("o\u{85}a string string x".as_bytes(), &[(1, "string", "x")]);
    }

    #[test]
    fn other_bytes() {
        let mut lines = lines(b"o a string \xff\no b string \0");
        let line = lines.next().map(Raw::parse).unwrap();
        assert!(!line.is_utf8);
        let (owner, question, value) = ("o".to_owned(), "a".to_owned(), "\u{fffd}".to_owned());
        assert_eq!(line.item, Item::Answer { owner, question, kind: Type::String, value });
        assert!(lines.next().map(Raw::parse).unwrap().is_utf8);
    }
}
