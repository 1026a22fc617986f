//! From tokens to a tree: operators, with the precedence that they have in Python.

use std::sync::Arc;

use super::lex::{Token, tokens};
use super::{Binary, Compare, Conditional, Expression, Fault, Kind, Unary};
use crate::Problem;

/// Brackets in brackets, and other expressions in expressions.
pub(crate) const MAX_NESTING: u32 = 40;
/// Nodes of one expression: chains such as `a + a + …` make trees as deep as they are long.
const MAX_NODES: u32 = 1000;

/// Parses a whole expression that starts at offset `base` of the template.
pub(super) fn parse(text: &str, base: usize) -> Result<Expression, Fault> {
    parse_nested(text, base, 0)
}

/// The same for an expression that is part of one that nests so deep.
pub(super) fn parse_nested(text: &str, base: usize, nesting: u32) -> Result<Expression, Fault> {
    let tokens = tokens(text, base)?;
    let mut parser = Parser { tokens: tokens.into_iter().peekable(), end: base + text.len(), nesting, nodes: 0 };
    let expression = parser.list()?;
    match parser.next() {
        (_, Token::End) => Ok(expression),
        (at, Token::Sign("=")) => Err(Fault::syntax(at, "`=` is no comparison; `==` is")),
        (at, token) => Err(Fault::syntax(at, format!("unexpected {} after an expression", show(&token)))),
    }
}

pub(super) fn show(token: &Token) -> String {
    match token {
        Token::Name(name) => format!("`{name}`"),
        Token::Int(number) => number.to_string(),
        Token::Float(number) => number.to_string(),
        Token::Str(_) | Token::Format(..) => "a string".to_owned(),
        Token::Sign(sign) => format!("`{sign}`"),
        Token::End => "end of the expression".to_owned(),
    }
}

pub(super) struct Parser {
    tokens: std::iter::Peekable<std::vec::IntoIter<(usize, Token)>>,
    end: usize,
    pub(super) nesting: u32,
    nodes: u32,
}

pub(super) type Parsed = Result<Expression, Fault>;

/// The operators between two values, the loosest first; one level binds looser than the next.
const LEVELS: [&[(&str, Binary)]; 6] = [
    &[("|", Binary::Or)],
    &[("^", Binary::Xor)],
    &[("&", Binary::And)],
    &[("<<", Binary::ShiftLeft), (">>", Binary::ShiftRight)],
    &[("+", Binary::Add), ("-", Binary::Subtract)],
    &[("*", Binary::Multiply), ("/", Binary::Divide), ("//", Binary::FloorDivide), ("%", Binary::Modulo)],
];

impl Parser {
    pub(super) fn peek(&mut self) -> &Token {
        self.tokens.peek().map_or(&Token::End, |(_, token)| token)
    }

    pub(super) fn at(&mut self) -> usize {
        self.tokens.peek().map_or(self.end, |(at, _)| *at)
    }

    pub(super) fn next(&mut self) -> (usize, Token) {
        self.tokens.next().unwrap_or((self.end, Token::End))
    }

    pub(super) fn is_sign(&mut self, sign: &str) -> bool {
        matches!(self.peek(), Token::Sign(found) if *found == sign)
    }

    pub(super) fn eat(&mut self, sign: &str) -> bool {
        let found = self.is_sign(sign);
        if found {
            self.next();
        }
        found
    }

    pub(super) fn is_word(&mut self, word: &str) -> bool {
        matches!(self.peek(), Token::Name(found) if found == word)
    }

    pub(super) fn eat_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        if found {
            self.next();
        }
        found
    }

    pub(super) fn expect(&mut self, sign: &'static str) -> Result<(), Fault> {
        if self.eat(sign) {
            return Ok(());
        }
        let (at, token) = self.next();
        Err(Fault::syntax(at, format!("expected `{sign}`, found {}", show(&token))))
    }

    pub(super) fn node(&mut self, at: usize, kind: Kind) -> Parsed {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            let problem = Problem::Limit { what: "parts of one expression", limit: MAX_NODES.into() };
            return Err(Fault::new(at, problem));
        }
        Ok(Expression { at, kind })
    }

    /// `a`, or a tuple without brackets: `a, b`.
    pub(super) fn list(&mut self) -> Parsed {
        let at = self.at();
        let first = self.conditional()?;
        if !self.is_sign(",") {
            return Ok(first);
        }
        let mut items = vec![first];
        while self.eat(",") {
            if matches!(self.peek(), Token::End | Token::Sign("]" | ")" | "=" | "}")) {
                break;
            }
            items.push(self.conditional()?);
        }
        self.node(at, Kind::Tuple(items))
    }

    pub(super) fn conditional(&mut self) -> Parsed {
        let at = self.at();
        self.nesting += 1;
        if self.nesting > MAX_NESTING {
            return Err(Fault::new(at, Problem::Limit { what: "nested brackets", limit: MAX_NESTING.into() }));
        }
        if self.eat_word("lambda") {
            let lambda = self.lambda()?;
            self.nesting -= 1;
            return self.node(at, lambda);
        }
        let mut value = self.or()?;
        if self.eat_word("if") {
            let condition = self.or()?;
            if !self.eat_word("else") {
                return Err(Fault::syntax(self.at(), "`a if b` needs an `else`"));
            }
            let otherwise = self.conditional()?;
            value = self.node(at, Kind::Conditional(Box::new(Conditional { condition, then: value, otherwise })))?;
        }
        if self.is_sign(":=") {
            return Err(Fault::unsupported(self.at(), "`:=`"));
        }
        self.nesting -= 1;
        Ok(value)
    }

    pub(super) fn or(&mut self) -> Parsed {
        let at = self.at();
        let mut left = self.and()?;
        while self.eat_word("or") {
            let right = self.and()?;
            left = self.node(at, Kind::Or(Box::new(left), Box::new(right)))?;
        }
        Ok(left)
    }

    fn and(&mut self) -> Parsed {
        let at = self.at();
        let mut left = self.not()?;
        while self.eat_word("and") {
            let right = self.not()?;
            left = self.node(at, Kind::And(Box::new(left), Box::new(right)))?;
        }
        Ok(left)
    }

    fn not(&mut self) -> Parsed {
        let at = self.at();
        let mut count = 0_u32;
        while self.eat_word("not") {
            count += 1;
        }
        let mut value = self.comparison()?;
        for _ in 0..count {
            value = self.node(at, Kind::Unary(Unary::Not, Box::new(value)))?;
        }
        Ok(value)
    }

    fn comparison(&mut self) -> Parsed {
        let at = self.at();
        let first = self.binary(0)?;
        let mut rest = Vec::new();
        while let Some(compare) = self.compare_sign()? {
            rest.push((compare, self.binary(0)?));
        }
        if rest.is_empty() { Ok(first) } else { self.node(at, Kind::Compare(Box::new(first), rest)) }
    }

    fn compare_sign(&mut self) -> Result<Option<Compare>, Fault> {
        let compare = match self.peek() {
            Token::Sign("==") => Compare::Equal,
            Token::Sign("!=") => Compare::NotEqual,
            Token::Sign("<") => Compare::Less,
            Token::Sign("<=") => Compare::LessOrEqual,
            Token::Sign(">") => Compare::Greater,
            Token::Sign(">=") => Compare::GreaterOrEqual,
            Token::Name(word) => match word.as_str() {
                "in" => Compare::In,
                "is" => Compare::Is,
                "not" => Compare::NotIn,
                _ => return Ok(None),
            },
            _ => return Ok(None),
        };
        self.next();
        match compare {
            Compare::NotIn if !self.eat_word("in") => Err(Fault::syntax(self.at(), "expected `in` after `not`")),
            Compare::Is if self.eat_word("not") => Ok(Some(Compare::IsNot)),
            _ => Ok(Some(compare)),
        }
    }

    /// The operators of one level of [`LEVELS`] and those that bind tighter.
    pub(super) fn binary(&mut self, level: usize) -> Parsed {
        let Some(signs) = LEVELS.get(level) else { return self.unary() };
        let at = self.at();
        let mut left = self.binary(level + 1)?;
        loop {
            let Token::Sign(sign) = *self.peek() else { return Ok(left) };
            let Some((_, operator)) = signs.iter().find(|(text, _)| *text == sign) else { return Ok(left) };
            self.next();
            let right = self.binary(level + 1)?;
            left = self.node(at, Kind::Binary(*operator, Box::new(left), Box::new(right)))?;
        }
    }

    /// Signs before a value. A power binds tighter than a sign before it, and looser than one after it.
    fn unary(&mut self) -> Parsed {
        let at = self.at();
        let mut signs = Vec::new();
        loop {
            let sign = match self.peek() {
                Token::Sign("-") => Unary::Minus,
                Token::Sign("+") => Unary::Plus,
                Token::Sign("~") => Unary::Invert,
                _ => break,
            };
            signs.push(sign);
            self.next();
        }
        let mut value = self.postfix()?;
        if self.eat("**") {
            self.nesting += 1;
            if self.nesting > MAX_NESTING {
                return Err(Fault::new(at, Problem::Limit { what: "nested brackets", limit: MAX_NESTING.into() }));
            }
            let exponent = self.unary()?;
            self.nesting -= 1;
            value = self.node(at, Kind::Binary(Binary::Power, Box::new(value), Box::new(exponent)))?;
        }
        for sign in signs.into_iter().rev() {
            value = self.node(at, Kind::Unary(sign, Box::new(value)))?;
        }
        Ok(value)
    }

    /// A name, which is no word of the language.
    pub(super) fn name(&mut self, after: &str) -> Result<Arc<str>, Fault> {
        match self.next() {
            (at, Token::Name(name)) if is_keyword(&name) => {
                Err(Fault::syntax(at, format!("`{name}` is a word of the language, and no name")))
            }
            (_, Token::Name(name)) => Ok(name.into()),
            (at, token) => Err(Fault::syntax(at, format!("expected a name after {after}, found {}", show(&token)))),
        }
    }
}

/// Python's words, which cannot be names.
pub(crate) fn is_keyword(name: &str) -> bool {
    matches!(
        name,
        "None"
            | "True"
            | "False"
            | "and"
            | "as"
            | "assert"
            | "async"
            | "await"
            | "break"
            | "class"
            | "continue"
            | "def"
            | "del"
            | "elif"
            | "else"
            | "except"
            | "finally"
            | "for"
            | "from"
            | "global"
            | "if"
            | "import"
            | "in"
            | "is"
            | "lambda"
            | "nonlocal"
            | "not"
            | "or"
            | "pass"
            | "raise"
            | "return"
            | "try"
            | "while"
            | "with"
            | "yield"
    )
}
