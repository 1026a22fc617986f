//! Problems beside the lines that they are about.

use crate::problem::{Problem, Span};

/// How much of a line is shown.
const WIDTH: usize = 100;

/// A text whose lines can be found.
///
/// ```
/// use firstlight_curtin_config::{Level, Lines, check};
///
/// let yaml = "swap:\n  size: 1gb\n";
/// let problems = check(yaml, Level::Runtime);
/// assert_eq!(
///     Lines::new(yaml).snippet(&problems[0]).as_deref(),
///     Some("2 |   size: 1gb\n  |         ^^^\n")
/// );
/// ```
#[derive(Clone, Debug)]
pub struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
    /// In plain ASCII, a column is found without counting characters.
    ascii: bool,
}

/// The longest line whose characters are counted for one problem.
const MAX_COUNTED: usize = 1 << 16;

impl<'a> Lines<'a> {
    /// Finds the lines of a text.
    #[must_use]
    pub fn new(text: &'a str) -> Self {
        let bytes = text.as_bytes();
        let ends = bytes.iter().enumerate().filter(|(at, byte)| match byte {
            b'\n' => true,
            b'\r' => bytes.get(at + 1) != Some(&b'\n'),
            _ => false,
        });
        let starts = std::iter::once(0).chain(ends.map(|(at, _)| at + 1)).collect();
        Self { text, starts, ascii: text.is_ascii() }
    }

    /// The line that a problem is about, with a mark below the value; `None` if it stands in another text, in none, or
    /// in a line that is too long to count its characters.
    ///
    /// A long line is cut on both sides. Each line ends with a line break.
    #[must_use]
    pub fn snippet(&self, problem: &Problem) -> Option<String> {
        let Span { source, line, column } = problem.span;
        let line = self.line(line).filter(|_| source == 0)?;
        let at = usize::try_from(column).ok()?.checked_sub(1)?;
        let begin = at.saturating_sub(WIDTH / 2);
        let from_begin = self.skip(line, begin)?;
        let visible = |c: char| if c.is_control() { ' ' } else { c };
        let shown: String = from_begin.chars().take(WIDTH).map(visible).collect();
        let marked = length(from_begin.chars().take(WIDTH).skip(at - begin)).max(1);
        let number = problem.span.line.to_string();
        let (before, dots) = (" ".repeat(number.len()), if begin > 0 { "…" } else { "" });
        let indent = " ".repeat(at - begin + dots.chars().count());
        Some(format!("{number} | {dots}{}\n{before} | {indent}{}\n", shown.trim_end(), "^".repeat(marked)))
    }

    /// A line without its first characters.
    fn skip(&self, line: &'a str, characters: usize) -> Option<&'a str> {
        if self.ascii {
            return line.get(characters.min(line.len())..);
        }
        let counted = line.len() <= MAX_COUNTED;
        counted.then(|| line.char_indices().nth(characters).map_or("", |(at, _)| line.get(at..).unwrap_or_default()))
    }

    fn line(&self, number: u32) -> Option<&'a str> {
        let index = usize::try_from(number).ok()?.checked_sub(1)?;
        let start = *self.starts.get(index)?;
        let end = self.starts.get(index + 1).copied().unwrap_or(self.text.len());
        Some(self.text.get(start..end)?.trim_end_matches(['\r', '\n']))
    }
}

/// How long the value is that begins here, as far as this line tells.
fn length(mut rest: impl Iterator<Item = char>) -> usize {
    let Some(first) = rest.next() else { return 1 };
    if matches!(first, '\'' | '"') {
        return 2 + rest.take_while(|c| *c != first).count();
    }
    if matches!(first, '{' | '[') {
        return 1;
    }
    let mut before = first;
    1 + rest
        .take_while(|c| {
            let ends = matches!(c, ',' | ']' | '}') || (*c == ' ' && before == ':') || (*c == '#' && before == ' ');
            before = *c;
            !ends
        })
        .collect::<String>()
        .trim_end_matches([' ', ':'])
        .chars()
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, line: u32, column: u32, wanted: Option<&str>) {
        let problem = Problem::error("x", "", Span { source: 0, line, column }, "y");
        assert_eq!(Lines::new(text).snippet(&problem).as_deref(), wanted);
    }

    #[test]
    fn the_value_is_marked() {
        check("a: b c # d", 1, 4, Some("1 | a: b c # d\n  |    ^^^\n"));
        check("a: 'b, c' # d", 1, 4, Some("1 | a: 'b, c' # d\n  |    ^^^^^^\n"));
        check("late-commands: {}\r\nä: {b: c, d: e}\n", 2, 8, Some("2 | ä: {b: c, d: e}\n  |        ^\n"));
        check("late-commands: {}", 1, 1, Some("1 | late-commands: {}\n  | ^^^^^^^^^^^^^\n"));
        check("a:\tb", 1, 3, Some("1 | a: b\n  |   ^^\n"));
    }

    #[test]
    fn what_is_not_there_is_not_shown() {
        check("a", 0, 0, None);
        check("a", 2, 1, None);
        check("a", 1, 9, Some("1 | a\n  |         ^\n"));
        let elsewhere = Problem::error("x", "", Span { source: 1, line: 1, column: 1 }, "y");
        assert_eq!(Lines::new("a").snippet(&elsewhere), None);
    }

    #[test]
    fn long_lines_are_cut() {
        let text = format!("{}: {}", "k".repeat(300), "v".repeat(300));
        let problem = Problem::error("x", "", Span { source: 0, line: 1, column: 303 }, "y");
        let snippet = Lines::new(&text).snippet(&problem).unwrap();
        let lines: Vec<&str> = snippet.lines().collect();
        assert_eq!(lines[0], format!("1 | …{}: {}", "k".repeat(48), "v".repeat(50)));
        assert_eq!(lines[1], format!("  | {}{}", " ".repeat(51), "^".repeat(50)));
    }
}
