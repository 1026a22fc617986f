//! Tabs where PyYAML refuses them.

use std::ops::Range;

/// PyYAML takes a tab for a separator nowhere; YAML 1.2 does.
pub(super) struct Tabs<'a> {
    yaml: &'a str,
    /// Whether there is a tab at all.
    any: bool,
    /// Quoted and block text, in order.
    allowed: Vec<Range<usize>>,
}

impl<'a> Tabs<'a> {
    pub(super) fn new(yaml: &'a str) -> Self {
        Self { yaml, any: yaml.contains('\t'), allowed: Vec::new() }
    }

    pub(super) fn allow(&mut self, range: Range<usize>) {
        if self.any {
            self.allowed.push(range);
        }
    }

    /// Line and column of the first one that is neither allowed nor in a comment.
    pub(super) fn first_stray(&self) -> Option<(u32, u32)> {
        if !self.any {
            return None;
        }
        let mut allowed = self.allowed.iter().peekable();
        let (mut line, mut column) = (1, 0);
        let (mut before, mut is_comment) = ('\n', false);
        for (at, c) in self.yaml.char_indices() {
            column += 1;
            while allowed.next_if(|range| range.end <= at).is_some() {}
            let is_text = allowed.peek().is_some_and(|range| range.contains(&at));
            if c == '#' && !is_text && before.is_whitespace() {
                is_comment = true;
            }
            if c == '\t' && !is_text && !is_comment {
                return Some((line, column));
            }
            if c == '\n' {
                (line, column, is_comment) = (line + 1, 0, false);
            }
            before = c;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use crate::yaml::load;

    #[track_caller]
    fn check(yaml: &str, place: Option<(u32, u32)>) {
        let (_, problems) = load(yaml);
        let found = problems.iter().find(|problem| problem.code == "tab").map(|it| (it.span.line, it.span.column));
        assert_eq!(found, place, "{yaml:?}: {problems:?}");
    }

    #[test]
    fn a_tab_is_fine_only_in_text_and_comments() {
        check("a: 'x\ty'\nb: \"\t\"\n# \t\nc: 1 #\t\nd: |\n  \tx\n  y\tz\n", None);
        check("a: x\ty", Some((1, 5)));
        check("a: 1\n\t\nb: 2", Some((2, 1)));
        check("ä: 1\t# c", Some((1, 5)));
        check("a: x#\ty", Some((1, 6)));
        check("a: 'x'\t", Some((1, 7)));
    }
}
