//! What debconf would store of a file.

use std::collections::{BTreeMap, BTreeSet};

use super::{Item, Line, Problem, Type, What, line};
use crate::error::nearest;

/// An answer as debconf stores it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answer {
    /// All who answered the question, sorted.
    pub owners: BTreeSet<String>,
    /// The question.
    pub question: String,
    /// The type that was given last.
    pub kind: Type,
    /// The value that was given last.
    pub value: String,
    /// Whether the question counts as seen, and is not asked again.
    pub seen: bool,
    /// The line of the answer, from 1.
    pub line: usize,
}

/// What is stored, and what is refused.
pub(super) fn store(lines: &[Line]) -> (Vec<Answer>, Vec<Problem>) {
    let mut answers: Vec<Answer> = Vec::new();
    let mut index: BTreeMap<&str, usize> = BTreeMap::new();
    let mut refused = Vec::new();
    for line in lines {
        let mut refuse = |what| refused.push(Problem { line: Some(line.number), what });
        match &line.item {
            Item::Blank | Item::Comment(_) => {}
            Item::Incomplete(text) => refuse(What::Incomplete { text: text.clone() }),
            Item::UnknownType { kind, .. } => refuse(unknown_type(kind)),
            Item::Answer { owner, question, kind, value } => {
                if let Some(known) = index.get(question.as_str()).and_then(|&at| answers.get_mut(at)) {
                    known.owners.insert(owner.clone());
                    (known.kind, known.value, known.seen, known.line) = (*kind, value.clone(), true, line.number);
                } else {
                    index.insert(question, answers.len());
                    let mut owners = BTreeSet::from([owner.clone()]);
                    if owner == "0" {
                        // To Perl, this is no name: debconf makes the question for nobody before it adds the owner.
                        owners.insert("unknown".to_owned());
                    }
                    let (question, value) = (question.clone(), value.clone());
                    answers.push(Answer { owners, question, kind: *kind, value, seen: true, line: line.number });
                }
            }
            Item::Seen { question, value, .. } => {
                match index.get(question.as_str()).and_then(|&at| answers.get_mut(at)) {
                    Some(known) => known.seen = value == "true",
                    None => refuse(What::SeenTooEarly { question: question.clone() }),
                }
            }
        }
    }
    (answers, refused)
}

fn unknown_type(kind: &str) -> What {
    let known = Type::ALL.iter().map(|kind| kind.name()).chain([line::SEEN]);
    What::UnknownType { suggestion: nearest(&kind.to_lowercase(), known), kind: kind.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::super::Preseed;
    use super::*;

    #[test]
    fn the_last_answer_wins() {
        let text = b"b q string x\no other note\na q seen false\na q boolean true\n";
        let answers = Preseed::parse(text).answers();
        assert_eq!(answers.len(), 2);
        let owners = BTreeSet::from(["a".to_owned(), "b".to_owned()]);
        let (question, value) = ("q".to_owned(), "true".to_owned());
        assert_eq!(answers[0], Answer { owners, question, kind: Type::Boolean, value, seen: true, line: 4 });
    }

    #[test]
    fn an_owner_that_is_false_to_perl() {
        let owners = |text: &[u8]| Preseed::parse(text).answers()[0].owners.iter().cloned().collect::<Vec<_>>();
        assert_eq!(owners(b"0 q string x\n"), ["0", "unknown"]);
        assert_eq!(owners(b"a q string x\n0 q string y\n"), ["0", "a"]);
    }

    #[test]
    fn the_flag() {
        for (value, seen) in [("true", true), ("false", false), ("true ", false), ("", false), ("True", false)] {
            let text = format!("o q string x\no q seen {value}\n");
            assert_eq!(Preseed::parse(text.as_bytes()).answers()[0].seen, seen, "{value:?}");
        }
    }

    #[test]
    fn refusals() {
        let (answers, refused) = store(Preseed::parse(b"o q seen true\no q\n\no q String x\no q string x").lines());
        assert_eq!(answers.len(), 1);
        let shown: Vec<String> = refused.iter().map(ToString::to_string).collect();
        let expected = [
            "1: `seen` is said of `q`, which no line before answers",
            "2: owner, question and type are needed, found only `o q`",
            "4: `String` is not a type; did you mean `string`?",
        ];
        assert_eq!(shown, expected);
    }
}
