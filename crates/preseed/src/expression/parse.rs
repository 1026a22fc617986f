//! From tokens to a tree: precedence as in Python, with `|` for filters below everything.

use super::lex::{Token, tokens};
use super::{Binary, Compare, Conditional, Expression, Kind};
use crate::{Problem, Value};

/// A problem and its offset in the template.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Fault {
    pub(crate) at: usize,
    pub(crate) problem: Problem,
}

/// Brackets in brackets.
const MAX_NESTING: u32 = 40;
/// Nodes of one expression: chains such as `a + a + …` make trees as deep as they are long.
const MAX_NODES: u32 = 1000;

/// Parses a whole expression that starts at offset `base` of the template.
pub(crate) fn parse(text: &str, base: usize) -> Result<Expression, Fault> {
    let tokens = tokens(text, base)?;
    let mut parser = Parser { tokens: tokens.into_iter().peekable(), end: base + text.len(), nesting: 0, nodes: 0 };
    let expression = parser.filtered()?;
    match parser.next() {
        (_, Token::End) => Ok(expression),
        (at, Token::Sign("=")) => Err(syntax(at, "`=` is no comparison; `==` is")),
        (at, token) => Err(syntax(at, format!("unexpected {} after an expression", show(&token)))),
    }
}

fn syntax(at: usize, problem: impl Into<String>) -> Fault {
    Fault { at, problem: Problem::Syntax(problem.into()) }
}

fn show(token: &Token) -> String {
    match token {
        Token::Name(name) => format!("`{name}`"),
        Token::Int(number) => number.to_string(),
        Token::Float(number) => number.to_string(),
        Token::Str(_) => "a string".to_owned(),
        Token::Sign(sign) => format!("`{sign}`"),
        Token::End => "end of the expression".to_owned(),
    }
}

struct Parser {
    tokens: std::iter::Peekable<std::vec::IntoIter<(usize, Token)>>,
    end: usize,
    nesting: u32,
    nodes: u32,
}

type Parsed = Result<Expression, Fault>;

impl Parser {
    fn peek(&mut self) -> &Token {
        self.tokens.peek().map_or(&Token::End, |(_, token)| token)
    }

    fn at(&mut self) -> usize {
        self.tokens.peek().map_or(self.end, |(at, _)| *at)
    }

    fn next(&mut self) -> (usize, Token) {
        self.tokens.next().unwrap_or((self.end, Token::End))
    }

    fn eat(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Token::Sign(found) if *found == sign);
        if found {
            self.next();
        }
        found
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), Token::Name(found) if found == word);
        if found {
            self.next();
        }
        found
    }

    fn expect(&mut self, sign: &'static str) -> Result<(), Fault> {
        if self.eat(sign) {
            return Ok(());
        }
        let (at, token) = self.next();
        Err(syntax(at, format!("expected `{sign}`, found {}", show(&token))))
    }

    fn node(&mut self, at: usize, kind: Kind) -> Parsed {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            let problem = Problem::Limit { what: "parts of one expression", limit: MAX_NODES.into() };
            return Err(Fault { at, problem });
        }
        Ok(Expression { at, kind })
    }

    fn filtered(&mut self) -> Parsed {
        let at = self.at();
        let mut value = self.conditional()?;
        while self.eat("|") {
            let filter = self.conditional()?;
            value = self.node(at, Kind::Filter(Box::new(value), Box::new(filter)))?;
        }
        Ok(value)
    }

    fn conditional(&mut self) -> Parsed {
        let at = self.at();
        self.nesting += 1;
        if self.nesting > MAX_NESTING {
            return Err(Fault { at, problem: Problem::Limit { what: "nested brackets", limit: MAX_NESTING.into() } });
        }
        if matches!(self.peek(), Token::Name(word) if word == "lambda") {
            return Err(Fault { at, problem: Problem::Unsupported("`lambda`".to_owned()) });
        }
        let mut value = self.or()?;
        if self.eat_word("if") {
            let condition = self.or()?;
            if !self.eat_word("else") {
                return Err(syntax(self.at(), "`a if b` needs an `else`"));
            }
            let otherwise = self.conditional()?;
            value = self.node(at, Kind::Conditional(Box::new(Conditional { condition, then: value, otherwise })))?;
        }
        self.nesting -= 1;
        Ok(value)
    }

    fn or(&mut self) -> Parsed {
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
            value = self.node(at, Kind::Not(Box::new(value)))?;
        }
        Ok(value)
    }

    fn comparison(&mut self) -> Parsed {
        let at = self.at();
        let first = self.sum()?;
        let mut rest = Vec::new();
        while let Some(compare) = self.compare_sign()? {
            rest.push((compare, self.sum()?));
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
            Compare::NotIn if !self.eat_word("in") => Err(syntax(self.at(), "expected `in` after `not`")),
            Compare::Is if self.eat_word("not") => Ok(Some(Compare::IsNot)),
            _ => Ok(Some(compare)),
        }
    }

    fn sum(&mut self) -> Parsed {
        let at = self.at();
        let mut left = self.product()?;
        loop {
            let operator = match self.peek() {
                Token::Sign("+") => Binary::Add,
                Token::Sign("-") => Binary::Subtract,
                _ => return Ok(left),
            };
            self.next();
            let right = self.product()?;
            left = self.node(at, Kind::Binary(operator, Box::new(left), Box::new(right)))?;
        }
    }

    fn product(&mut self) -> Parsed {
        let at = self.at();
        let mut left = self.unary()?;
        loop {
            let operator = match self.peek() {
                Token::Sign("*") => Binary::Multiply,
                Token::Sign("/") => Binary::Divide,
                Token::Sign("//") => Binary::FloorDivide,
                Token::Sign("%") => Binary::Modulo,
                Token::Sign("**") => {
                    return Err(Fault { at: self.at(), problem: Problem::Unsupported("`**`".to_owned()) });
                }
                _ => return Ok(left),
            };
            self.next();
            let right = self.unary()?;
            left = self.node(at, Kind::Binary(operator, Box::new(left), Box::new(right)))?;
        }
    }

    fn unary(&mut self) -> Parsed {
        let at = self.at();
        let mut negations = 0_u32;
        loop {
            if self.eat("-") {
                negations += 1;
            } else if !self.eat("+") {
                break;
            }
        }
        let mut value = self.postfix()?;
        for _ in 0..negations {
            value = self.node(at, Kind::Negate(Box::new(value)))?;
        }
        Ok(value)
    }

    fn postfix(&mut self) -> Parsed {
        let at = self.at();
        let mut value = self.atom()?;
        loop {
            let kind = if self.eat(".") {
                match self.next() {
                    (_, Token::Name(name)) => Kind::Attribute(Box::new(value), name),
                    (at, token) => {
                        return Err(syntax(at, format!("expected a name after `.`, found {}", show(&token))));
                    }
                }
            } else if self.eat("(") {
                let (arguments, _) = self.items(")")?;
                Kind::Call(Box::new(value), arguments)
            } else if self.eat("[") {
                self.index(value)?
            } else {
                return Ok(value);
            };
            value = self.node(at, kind)?;
        }
    }

    fn index(&mut self, value: Expression) -> Result<Kind, Fault> {
        let from = if matches!(self.peek(), Token::Sign(":")) { None } else { Some(Box::new(self.filtered()?)) };
        if !self.eat(":") {
            self.expect("]")?;
            return match from {
                Some(index) => Ok(Kind::Index(Box::new(value), index)),
                None => Err(syntax(self.at(), "expected an index")),
            };
        }
        let to = if matches!(self.peek(), Token::Sign("]")) { None } else { Some(Box::new(self.filtered()?)) };
        self.expect("]")?;
        Ok(Kind::Slice(Box::new(value), from, to))
    }

    /// Items up to a closing sign, and whether there was a comma.
    fn items(&mut self, close: &'static str) -> Result<(Vec<Expression>, bool), Fault> {
        let mut items = Vec::new();
        let mut comma = false;
        while !self.eat(close) {
            items.push(self.filtered()?);
            let at = self.at();
            if self.eat("=") {
                return Err(Fault { at, problem: Problem::Unsupported("an argument by name".to_owned()) });
            }
            if matches!(self.peek(), Token::Name(word) if word == "for") {
                return Err(Fault { at, problem: Problem::Unsupported("a comprehension".to_owned()) });
            }
            if self.eat(",") {
                comma = true;
            } else {
                self.expect(close)?;
                break;
            }
        }
        Ok((items, comma))
    }

    fn atom(&mut self) -> Parsed {
        let (at, token) = self.next();
        let kind = match token {
            Token::Int(number) => Kind::Literal(Value::Int(number)),
            Token::Float(number) => Kind::Literal(Value::Float(number)),
            Token::Str(mut text) => {
                // Strings side by side are one.
                while let Token::Str(_) = self.peek() {
                    if let (_, Token::Str(more)) = self.next() {
                        text.push_str(&more);
                    }
                }
                Kind::Literal(Value::from(text))
            }
            Token::Name(name) => match name.as_str() {
                "None" => Kind::Literal(Value::None),
                "True" => Kind::Literal(Value::Bool(true)),
                "False" => Kind::Literal(Value::Bool(false)),
                "and" | "or" | "not" | "in" | "is" | "if" | "else" | "for" | "lambda" => {
                    return Err(syntax(at, format!("expected a value, found `{name}`")));
                }
                _ => Kind::Name(name),
            },
            Token::Sign("(") => {
                let (mut items, comma) = self.items(")")?;
                match (items.pop(), comma) {
                    (Some(item), false) => return Ok(item),
                    (last, _) => {
                        items.extend(last);
                        Kind::List(items)
                    }
                }
            }
            Token::Sign("[") => Kind::List(self.items("]")?.0),
            Token::Sign("{") => self.dict()?,
            token => return Err(syntax(at, format!("expected a value, found {}", show(&token)))),
        };
        self.node(at, kind)
    }

    fn dict(&mut self) -> Result<Kind, Fault> {
        let mut entries = Vec::new();
        while !self.eat("}") {
            let key = self.filtered()?;
            self.expect(":")?;
            entries.push((key, self.filtered()?));
            if !self.eat(",") {
                self.expect("}")?;
                break;
            }
        }
        Ok(Kind::Dict(entries))
    }
}
