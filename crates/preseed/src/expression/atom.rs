//! From tokens to a tree: values, what may follow them, and what stands in brackets.

use std::sync::Arc;

use super::lex::Token;
use super::parse::{MAX_NESTING, Parsed, Parser, is_keyword, parse_nested, show};
use super::{Argument, Call, Comprehension, Expression, Fault, Form, Kind, Lambda, Piece, Slice, Turns, literal};
use crate::format::fields;
use crate::{Problem, Value};

/// What stands in brackets.
enum Items {
    Comprehension(Expression),
    /// Items, and whether there was a comma.
    Each(Vec<Expression>, bool),
}

impl Parser {
    /// A value with its attributes, calls and indices.
    pub(super) fn postfix(&mut self) -> Parsed {
        let at = self.at();
        let mut value = self.atom()?;
        loop {
            let kind = if self.eat(".") {
                Kind::Attribute(Box::new(value), self.name("`.`")?)
            } else if self.eat("(") {
                Kind::Call(Box::new(Call { function: value, arguments: self.arguments()? }))
            } else if self.eat("[") {
                self.index(value)?
            } else {
                return Ok(value);
            };
            value = self.node(at, kind)?;
        }
    }

    fn index(&mut self, value: Expression) -> Result<Kind, Fault> {
        let from = if self.is_sign(":") { None } else { Some(self.list()?) };
        if !self.eat(":") {
            self.expect("]")?;
            return match from {
                Some(index) => Ok(Kind::Index(Box::new(value), Box::new(index))),
                None => Err(Fault::syntax(self.at(), "expected an index")),
            };
        }
        let to = if matches!(self.peek(), Token::Sign("]" | ":")) { None } else { Some(self.conditional()?) };
        let step = if self.eat(":") && !self.is_sign("]") { Some(self.conditional()?) } else { None };
        self.expect("]")?;
        Ok(Kind::Slice(Box::new(Slice { value, from, to, step })))
    }

    fn arguments(&mut self) -> Result<Vec<Argument>, Fault> {
        let mut arguments = Vec::new();
        while !self.eat(")") {
            let at = self.at();
            let argument = if self.eat("**") {
                Argument::AllNamed(self.conditional()?)
            } else if self.eat("*") {
                Argument::All(self.conditional()?)
            } else {
                let value = self.conditional()?;
                if self.is_word("for") {
                    let value = self.comprehension(at, Form::Generator, value, None)?;
                    Argument::Positional(value)
                } else if self.eat("=") {
                    let Kind::Name(name) = value.kind else {
                        return Err(Fault::syntax(at, "an argument's name stands before `=`"));
                    };
                    Argument::Named(name, self.conditional()?)
                } else {
                    Argument::Positional(value)
                }
            };
            let after_named = arguments.iter().any(|earlier| matches!(earlier, Argument::Named(..)));
            if matches!(argument, Argument::Positional(_)) && after_named {
                return Err(Fault::syntax(at, "an argument without a name after one with a name"));
            }
            arguments.push(argument);
            if !self.eat(",") {
                self.expect(")")?;
                break;
            }
        }
        Ok(arguments)
    }

    /// What stands before a closing sign.
    fn items(&mut self, close: &'static str, form: Form) -> Result<Items, Fault> {
        let mut items = Vec::new();
        let mut comma = false;
        while !self.eat(close) {
            let at = self.at();
            let item = if self.eat("*") { self.spread(at)? } else { self.conditional()? };
            let is_spread = matches!(item.kind, Kind::Spread(_));
            if self.is_word("for") && items.is_empty() && !is_spread {
                let all = self.comprehension(at, form, item, None)?;
                self.expect(close)?;
                return Ok(Items::Comprehension(all));
            }
            items.push(item);
            if self.eat(",") {
                comma = true;
            } else {
                self.expect(close)?;
                break;
            }
        }
        Ok(Items::Each(items, comma))
    }

    fn spread(&mut self, at: usize) -> Parsed {
        let value = self.binary(0)?;
        self.node(at, Kind::Spread(Box::new(value)))
    }

    fn comprehension(&mut self, at: usize, form: Form, item: Expression, value: Option<Expression>) -> Parsed {
        let mut turns = Vec::new();
        self.nesting = self.deeper(at)?;
        while self.eat_word("for") {
            let bracket = self.eat("(");
            let mut names = vec![self.name("`for`")?];
            let mut unpacks = false;
            while self.eat(",") {
                unpacks = true;
                if self.is_word("in") || self.is_sign(")") {
                    break;
                }
                names.push(self.name("`,`")?);
            }
            if bracket {
                self.expect(")")?;
            }
            if !self.eat_word("in") {
                return Err(Fault::syntax(self.at(), "expected `in` after the names of a `for`"));
            }
            let items = self.or()?;
            let mut conditions = Vec::new();
            while self.eat_word("if") {
                conditions.push(self.or()?);
            }
            turns.push(Turns { names, unpacks, items, conditions });
        }
        self.nesting -= 1;
        self.node(at, Kind::Comprehension(Box::new(Comprehension { form, item, value, turns })))
    }

    /// What follows the word `lambda`.
    pub(super) fn lambda(&mut self) -> Result<Kind, Fault> {
        let mut parameters: Vec<(Arc<str>, Option<Expression>)> = Vec::new();
        let (mut positional, mut rest, mut named): (_, Option<Arc<str>>, Option<Arc<str>>) = (None, None, None);
        while !self.eat(":") {
            let at = self.at();
            let wrong = |name: &str| Fault::syntax(at, format!("the parameter `{name}` cannot stand here"));
            let stars = if self.eat("**") { 2 } else { u8::from(self.eat("*")) };
            if stars == 1 && self.is_sign(",") && positional.is_none() {
                positional = Some(parameters.len());
                self.next();
                if !matches!(self.peek(), Token::Name(_)) {
                    return Err(wrong("*"));
                }
                continue;
            }
            let name = self.name("`lambda`")?;
            let default = if stars == 0 && self.eat("=") { Some(self.conditional()?) } else { None };
            let is_late = positional.is_none()
                && stars == 0
                && default.is_none()
                && parameters.iter().any(|(_, default)| default.is_some());
            let mut known = parameters.iter().map(|(name, _)| name).chain(&rest);
            if is_late || named.is_some() || known.any(|known| *known == name) || (stars == 1 && positional.is_some()) {
                return Err(wrong(&name));
            }
            match stars {
                0 => parameters.push((name, default)),
                1 => {
                    positional = Some(parameters.len());
                    rest = Some(name);
                }
                _ => named = Some(name),
            }
            if !self.eat(",") {
                self.expect(":")?;
                break;
            }
        }
        let body = self.conditional()?;
        let positional = positional.unwrap_or(parameters.len());
        Ok(Kind::Lambda(Arc::new(Lambda { parameters, positional, rest, named, body })))
    }

    fn atom(&mut self) -> Parsed {
        let (at, token) = self.next();
        let kind = match token {
            Token::Int(number) => Kind::Literal(Value::Int(number)),
            Token::Float(number) => Kind::Literal(Value::Float(number)),
            Token::Str(_) | Token::Format(..) => self.strings(token)?,
            Token::Name(name) => match name.as_str() {
                "None" => Kind::Literal(Value::None),
                "True" => Kind::Literal(Value::Bool(true)),
                "False" => Kind::Literal(Value::Bool(false)),
                _ if is_keyword(&name) => {
                    return Err(Fault::syntax(at, format!("expected a value, found `{name}`")));
                }
                _ => Kind::Name(name.into()),
            },
            Token::Sign("(") => match self.items(")", Form::Generator)? {
                Items::Comprehension(all) => return Ok(all),
                Items::Each(items, comma) => match <[Expression; 1]>::try_from(items) {
                    Ok([Expression { at, kind: Kind::Spread(_) }]) if !comma => {
                        return Err(Fault::syntax(at, "`*` stands in a list, tuple or set only"));
                    }
                    Ok([item]) if !comma => return Ok(item),
                    Ok(items) => Kind::Tuple(items.into()),
                    Err(items) => Kind::Tuple(items),
                },
            },
            Token::Sign("[") => match self.items("]", Form::List)? {
                Items::Comprehension(all) => return Ok(all),
                Items::Each(items, _) => Kind::List(items),
            },
            Token::Sign("{") => self.braces()?,
            token => return Err(Fault::syntax(at, format!("expected a value, found {}", show(&token)))),
        };
        self.node(at, kind)
    }

    /// Strings side by side are one.
    fn strings(&mut self, first: Token) -> Result<Kind, Fault> {
        let mut pieces = Vec::new();
        let mut token = first;
        loop {
            match token {
                Token::Str(text) => pieces.push(Piece::Text(text)),
                Token::Format(text, at, raw) => self.pieces(&text, at, raw, &mut pieces)?,
                _ => {}
            }
            if !matches!(self.peek(), Token::Str(_) | Token::Format(..)) {
                break;
            }
            (_, token) = self.next();
        }
        let texts: Option<Vec<&str>> =
            pieces.iter().map(|piece| if let Piece::Text(text) = piece { Some(text.as_str()) } else { None }).collect();
        Ok(match texts {
            Some(texts) => Kind::Literal(Value::from(texts.concat())),
            None => Kind::Text(pieces),
        })
    }

    /// The parts of an `f'…'`.
    fn pieces(&mut self, text: &str, base: usize, raw: bool, pieces: &mut Vec<Piece>) -> Result<(), Fault> {
        let mut at = 0;
        while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
            let plain = rest.find(['{', '}']).unwrap_or(rest.len());
            let before = rest.get(..plain).unwrap_or_default();
            if !before.is_empty() {
                let before = if raw { Ok(before.to_owned()) } else { literal::unescaped(before) };
                pieces.push(Piece::Text(before.map_err(|problem| Fault::new(base + at, problem))?));
            }
            at += plain;
            let rest = rest.get(plain..).unwrap_or_default();
            if rest.starts_with("{{") || rest.starts_with("}}") {
                pieces.push(Piece::Text(rest.get(..1).unwrap_or_default().to_owned()));
                at += 2;
            } else if rest.starts_with('{') {
                at += 1 + self.replacement(rest.get(1..).unwrap_or_default(), base + at + 1, pieces)?;
            } else if rest.starts_with('}') {
                return Err(Fault::syntax(base + at, "`}` without `{` in a string"));
            }
        }
        Ok(())
    }

    /// `value=!r:format}`: the text after a `{`. Returns its length with the `}`.
    fn replacement(&mut self, text: &str, base: usize, pieces: &mut Vec<Piece>) -> Result<usize, Fault> {
        let open = || Fault::syntax(base, "`{` without `}` in a string");
        let end = expression_end(text).ok_or_else(open)?;
        let value = parse_nested(text.get(..end).unwrap_or_default(), base, self.deeper(base)?)?;
        let mut rest = text.get(end..).unwrap_or_default();
        let mut conversion = None;
        let is_shown = rest.starts_with('=');
        if is_shown {
            rest = rest.get(1..).unwrap_or_default().trim_start_matches([' ', '\t', '\n', '\x0c']);
            let len = text.len() - rest.len();
            pieces.push(Piece::Text(text.get(..len).unwrap_or_default().to_owned()));
        }
        if let Some(after) = rest.strip_prefix('!') {
            conversion = after.chars().next().filter(|letter| matches!(letter, 'r' | 's' | 'a'));
            rest = after
                .get(1..)
                .filter(|_| conversion.is_some())
                .ok_or_else(|| Fault::syntax(base + end, "a conversion is one of `!r`, `!s` and `!a`"))?;
        }
        let mut format = Vec::new();
        let has_spec = rest.starts_with(':');
        if let Some(spec) = rest.strip_prefix(':') {
            let len = fields::end(spec).ok_or_else(open)?;
            let at = base + text.len() - spec.len();
            self.nesting = self.deeper(base)?;
            self.pieces(spec.get(..len).unwrap_or_default(), at, true, &mut format)?;
            self.nesting -= 1;
            rest = spec.get(len..).unwrap_or_default();
        }
        let rest = rest.strip_prefix('}').ok_or_else(open)?;
        if is_shown && !has_spec {
            conversion = conversion.or(Some('r'));
        }
        pieces.push(Piece::Value(value, conversion, format));
        Ok(text.len() - rest.len())
    }

    fn deeper(&self, at: usize) -> Result<u32, Fault> {
        if self.nesting >= MAX_NESTING {
            return Err(Fault::new(at, Problem::Limit { what: "nested brackets", limit: MAX_NESTING.into() }));
        }
        Ok(self.nesting + 1)
    }

    /// A dictionary or a set.
    fn braces(&mut self) -> Result<Kind, Fault> {
        let mut entries = Vec::new();
        let mut items = Vec::new();
        while !self.eat("}") {
            let at = self.at();
            if items.is_empty() && self.eat("**") {
                entries.push((self.spread(at)?, Expression { at, kind: Kind::Literal(Value::None) }));
                if !self.eat(",") {
                    self.expect("}")?;
                    break;
                }
                continue;
            }
            let key = if entries.is_empty() && self.eat("*") { self.spread(at)? } else { self.conditional()? };
            if items.is_empty() && self.eat(":") {
                let value = self.conditional()?;
                if self.is_word("for") && entries.is_empty() {
                    let all = self.comprehension(at, Form::Dict, key, Some(value))?;
                    self.expect("}")?;
                    return Ok(all.kind);
                }
                entries.push((key, value));
            } else if entries.is_empty() {
                let is_spread = matches!(key.kind, Kind::Spread(_));
                if self.is_word("for") && items.is_empty() && !is_spread {
                    let all = self.comprehension(at, Form::Set, key, None)?;
                    self.expect("}")?;
                    return Ok(all.kind);
                }
                items.push(key);
            } else {
                self.expect(":")?;
            }
            if !self.eat(",") {
                self.expect("}")?;
                break;
            }
        }
        Ok(if items.is_empty() { Kind::Dict(entries) } else { Kind::Set(items) })
    }
}

/// Where an expression in an `f'…'` ends: at `=`, `!`, `:` or `}` outside of its own brackets and strings.
fn expression_end(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut quote = None;
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        match (quote, character) {
            (Some(open), _) if open == character => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(character),
            (None, '(' | '[' | '{') => depth += 1,
            (None, '!' | '=' | '<' | '>') if characters.next_if(|(_, next)| *next == '=').is_some() => {}
            (None, '=' | '!' | ':' | '}') if depth == 0 => return Some(at),
            (None, ')' | ']' | '}') => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    None
}
