//! What an installation would stumble over, line by line.

use std::collections::BTreeMap;

use super::questions::{QUESTIONS, Questions};
use super::{Answer, Item, Line, Preseed, Problem, Type, What, installer, recipe, store};
use crate::error::nearest;

/// The owner of the installer's questions.
const INSTALLER: &str = "d-i";

/// With answers of so many components, a file may be meant to answer a whole installation; with fewer, it is a part.
const WHOLE: usize = 3;

/// A file for a whole installation answers at least two of these; one about software alone is still a part.
const STAGES: [&str; 7] =
    ["debian-installer", "netcfg", "mirror", "passwd", "partman-auto", "grub-installer", "finish-install"];

/// So many names are guessed; the file is hopeless then, and guessing costs time.
const GUESSES: usize = 20;

/// Edits between a name and the one that was meant, at most.
const TYPOS: usize = 3;

pub(super) fn check(preseed: &Preseed) -> Vec<Problem> {
    let lines = preseed.lines();
    let (answers, mut problems) = store::store(lines);
    let questions: &Questions = &QUESTIONS;
    problems.extend(encoding(lines));
    let known: Vec<&Answer> = answers.iter().filter(|answer| !questions.types(&answer.question).is_empty()).collect();
    problems.extend(unknown(&answers, questions));
    problems.extend(known.iter().filter_map(|answer| wrong(answer, questions)));
    problems.extend(replaced(lines, &known));

    let by_name: BTreeMap<&str, &Answer> = known.iter().map(|answer| (answer.question.as_str(), *answer)).collect();
    problems.extend(recipe::check(&by_name));
    if is_whole(&known, questions) {
        problems.extend(indented(lines));
        problems.extend(installer::missing(&by_name));
    }
    // What is missing comes last.
    problems.sort_by_key(|problem| problem.line.unwrap_or(usize::MAX));
    problems
}

fn encoding(lines: &[Line]) -> impl Iterator<Item = Problem> {
    let marked = lines.first().filter(|line| match &line.item {
        Item::Comment(text) | Item::Incomplete(text) | Item::UnknownType { text, .. } => text.starts_with('\u{feff}'),
        Item::Answer { owner, .. } | Item::Seen { owner, .. } => owner.starts_with('\u{feff}'),
        Item::Blank => false,
    });
    let marked = marked.map(|line| Problem { line: Some(line.number), what: What::ByteOrderMark });
    let other = lines.iter().filter(|line| !line.is_utf8);
    marked.into_iter().chain(other.map(|line| Problem { line: Some(line.number), what: What::NotUtf8 }))
}

/// Questions that are the installer's by owner or component, and are none of its questions.
fn unknown(answers: &[Answer], questions: &Questions) -> Vec<Problem> {
    let mut problems = Vec::new();
    for answer in answers.iter().filter(|answer| questions.types(&answer.question).is_empty()) {
        let is_component = questions.component(&answer.question).is_some();
        if !is_component && !answer.owners.contains(INSTALLER) {
            continue;
        }
        let length = answer.question.len();
        let near = questions.names().filter(|name| name.len().abs_diff(length) <= TYPOS && length > 2 * TYPOS);
        let suggestion = if problems.len() < GUESSES { nearest(&answer.question, near) } else { None };
        // Udebs that are not known here may well ask what looks like nothing known.
        if is_component || suggestion.is_some() {
            let question = answer.question.clone();
            problems.push(Problem { line: Some(answer.line), what: What::UnknownQuestion { question, suggestion } });
        }
    }
    problems
}

/// A type or value that the question does not take.
fn wrong(answer: &Answer, questions: &Questions) -> Option<Problem> {
    let types = questions.types(&answer.question);
    let question = answer.question.clone();
    let what = if !types.contains(&answer.kind) {
        What::WrongType { question, expected: *types.first()?, found: answer.kind }
    } else if answer.kind == Type::Boolean && !matches!(answer.value.as_str(), "true" | "false") {
        What::WrongValue { question, expected: "`true` or `false`, and nothing behind it", value: answer.value.clone() }
    } else {
        return None;
    };
    Some(Problem { line: Some(answer.line), what })
}

fn replaced(lines: &[Line], known: &[&Answer]) -> Vec<Problem> {
    let known: BTreeMap<&str, &Answer> = known.iter().map(|answer| (answer.question.as_str(), *answer)).collect();
    let replaced = lines.iter().filter_map(|line| {
        let Item::Answer { question, value, .. } = &line.item else { return None };
        let last = known.get(question.as_str()).filter(|last| last.line > line.number && last.value != *value)?;
        Some(Problem { line: Some(line.number), what: What::Replaced { question: question.clone(), by: last.line } })
    });
    replaced.collect()
}

fn is_whole(known: &[&Answer], questions: &Questions) -> bool {
    let mut components: Vec<&str> = known.iter().filter_map(|answer| questions.component(&answer.question)).collect();
    components.sort_unstable();
    components.dedup();
    let stages = components.iter().filter(|component| STAGES.contains(component)).count();
    components.len() >= WHOLE && stages > 1
}

fn indented(lines: &[Line]) -> impl Iterator<Item = Problem> {
    let indented = lines.iter().filter(|line| matches!(&line.item, Item::Comment(text) if !text.starts_with('#')));
    indented.map(|line| Problem { line: Some(line.number), what: What::IndentedComment })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[track_caller]
    fn expect(text: &str, expected: &[&str]) {
        let problems: Vec<String> = Preseed::parse(text.as_bytes()).check().iter().map(ToString::to_string).collect();
        assert_eq!(problems, expected, "{text}");
    }

    #[test]
    fn nothing_is_said_of_other_questions() {
        expect("d-i a/b boolean yes\nd-i a/b string x\nd-i locale string x\npostfix postfix/mailname string x\n", &[]);
        expect("  # words\nd-i netcfg/get_hostname string web01 # the first\n", &[]);
        expect("d-i localechooser/shortlist/de select DE\n", &[]);
        expect("", &[]);
    }

    #[test]
    fn unknown_questions() {
        let near = "1: debian-installer does not ask `netcfg/get_hostnam`; did you mean `netcfg/get_hostname`?";
        expect("d-i netcfg/get_hostnam string web01", &[near]);
        let near = "1: debian-installer does not ask `debian-instaler/locale`; did you mean `debian-installer/locale`?";
        expect("d-i debian-instaler/locale string en_US", &[near]);
        let near = "1: debian-installer does not ask `tasksel/frist`; did you mean `tasksel/first`?";
        expect("tasksel tasksel/frist multiselect standard", &[near]);
        expect("d-i partman/wallpaper string red", &["1: debian-installer does not ask `partman/wallpaper`"]);
        expect("other debian-instaler/locale string en_US", &[]);
    }

    #[test]
    fn types_and_values() {
        expect("d-i clock-setup/utc string true", &["1: `clock-setup/utc` is a boolean, not a string"]);
        let expected = "1: `clock-setup/utc` takes `true` or `false`, and nothing behind it, not `true # UTC`";
        expect("d-i clock-setup/utc boolean true # UTC", &[expected]);
        expect("d-i mirror/country select manual\nd-i time/zone select UTC", &[]);
    }

    #[test]
    fn several_answers() {
        let replaced = "1: the answer to `time/zone` is replaced in line 3";
        expect("d-i time/zone string UTC\n#\nd-i time/zone string CET\n", &[replaced]);
        expect("d-i time/zone string UTC\nd-i time/zone string UTC\n", &[]);
    }

    #[test]
    fn encodings() {
        let problems = Preseed::parse("\u{feff}d-i a/b string x".as_bytes()).check();
        assert_eq!(problems, [Problem { line: Some(1), what: What::ByteOrderMark }]);
        let problems = Preseed::parse(b"\nd-i a/b string \xe9\n").check();
        assert_eq!(problems, [Problem { line: Some(2), what: What::NotUtf8 }]);
    }

    /// There is a file for every code, and the README has them all.
    #[test]
    fn codes() {
        let whole = "d-i clock-setup/utc boolean true\nd-i time/zone string UTC\nd-i netcfg/get_hostname string x\n # words\n\
                     d-i passwd/root-password password a\nd-i passwd/root-password-again password b\n";
        let files = [
            "d-i x".as_bytes(),
            b"d-i x sting y",
            b"d-i x seen true",
            b"d-i x string \xe9",
            "\u{feff}d-i x string y".as_bytes(),
            b"d-i partman/wallpaper string red",
            b"d-i clock-setup/utc string true",
            b"d-i clock-setup/utc boolean yes",
            b"d-i time/zone string UTC\nd-i time/zone string CET",
            whole.as_bytes(),
            b"d-i partman-auto/method string regular\nd-i partman-auto/expert_recipe string x",
        ];
        let problems = files.into_iter().flat_map(|file| Preseed::parse(file).check());
        let found: BTreeSet<&str> = problems.map(|problem| problem.what.code()).collect();
        let rows =
            include_str!("../../README.md").lines().skip_while(|line| *line != "| code | what is wrong |").skip(2);
        let rows = rows.map_while(|line| line.strip_prefix("| `"));
        assert_eq!(found, rows.filter_map(|row| row.split('`').next()).collect());
    }

    #[test]
    fn a_hopeless_file_takes_bounded_time() {
        let text: String = (0..20_000).map(|at| format!("d-i partman/confirm_{at:05} boolean true\n")).collect();
        let problems = Preseed::parse(text.as_bytes()).check();
        assert_eq!(problems.iter().filter(|problem| problem.what.code() == "unknown-question").count(), 20_000);
    }
}
