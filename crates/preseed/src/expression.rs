//! The expression language: its tree, and from text to tree.

mod atom;
mod lex;
mod literal;
mod parse;

use std::sync::Arc;

pub(crate) use parse::is_keyword;

use crate::error::Source;
use crate::{Problem, Value};

/// A problem and its place. A box, because nearly everything returns one and nearly nothing fails.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Fault(pub(crate) Box<Placed>);

/// A problem and its offset in the template.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Placed {
    pub(crate) at: usize,
    pub(crate) problem: Problem,
    /// The template that the offset counts in, where it is not the one that is rendered.
    pub(crate) source: Option<Arc<Source>>,
}

impl Fault {
    #[cold]
    pub(crate) fn new(at: usize, problem: Problem) -> Self {
        Self(Box::new(Placed { at, problem, source: None }))
    }

    pub(crate) fn syntax(at: usize, problem: impl Into<String>) -> Self {
        Self::new(at, Problem::Syntax(problem.into()))
    }

    pub(crate) fn unsupported(at: usize, what: impl Into<String>) -> Self {
        Self::new(at, Problem::Unsupported(what.into()))
    }
}

/// The expression in `text`, which starts at offset `base` of the template.
///
/// A fault becomes a part of the tree: MAAS's engine reads an expression when a rendering gets to it, so one that is
/// never reached may be anything.
pub(crate) fn parse(text: &str, base: usize) -> Expression {
    parse::parse(text, base).unwrap_or_else(|fault| Expression { at: fault.0.at, kind: Kind::Fault(fault) })
}

/// An expression and where it starts in the template's text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Expression {
    pub(crate) at: usize,
    pub(crate) kind: Kind,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    Literal(Value),
    Name(Arc<str>),
    List(Vec<Expression>),
    Tuple(Vec<Expression>),
    Set(Vec<Expression>),
    Dict(Vec<(Expression, Expression)>),
    Attribute(Box<Expression>, Arc<str>),
    Index(Box<Expression>, Box<Expression>),
    Slice(Box<Slice>),
    Call(Box<Call>),
    /// `f'…'`
    Text(Vec<Piece>),
    Comprehension(Box<Comprehension>),
    Lambda(Arc<Lambda>),
    Unary(Unary, Box<Expression>),
    And(Box<Expression>, Box<Expression>),
    Or(Box<Expression>, Box<Expression>),
    Binary(Binary, Box<Expression>, Box<Expression>),
    /// `a < b <= c`: each operand is evaluated once.
    Compare(Box<Expression>, Vec<(Compare, Expression)>),
    Conditional(Box<Conditional>),
    /// `*value` in brackets, `**value` in braces.
    Spread(Box<Expression>),
    /// What could not be read.
    Fault(Fault),
}

/// `value[from:to:step]`
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Slice {
    pub(crate) value: Expression,
    pub(crate) from: Option<Expression>,
    pub(crate) to: Option<Expression>,
    pub(crate) step: Option<Expression>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Call {
    pub(crate) function: Expression,
    pub(crate) arguments: Vec<Argument>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Argument {
    Positional(Expression),
    Named(Arc<str>, Expression),
    /// `*value`
    All(Expression),
    /// `**value`
    AllNamed(Expression),
}

/// A part of an `f'…'`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Piece {
    Text(String),
    /// `{value!conversion:format}`
    Value(Expression, Option<char>, Vec<Piece>),
}

/// `lambda a, b=1, *rest, c, **named: body`
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Lambda {
    pub(crate) parameters: Vec<(Arc<str>, Option<Expression>)>,
    /// How many of the parameters can be given by position; the others stand behind a `*`.
    pub(crate) positional: usize,
    /// `*rest`
    pub(crate) rest: Option<Arc<str>>,
    /// `**named`
    pub(crate) named: Option<Arc<str>>,
    pub(crate) body: Expression,
}

/// `[item for names in items if condition]`, and its kin.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Comprehension {
    pub(crate) form: Form,
    pub(crate) item: Expression,
    /// The value of a dictionary's entry, whose key is the item.
    pub(crate) value: Option<Expression>,
    pub(crate) turns: Vec<Turns>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    List,
    Set,
    Dict,
    Generator,
}

/// `for names in items if condition …`
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Turns {
    pub(crate) names: Vec<Arc<str>>,
    pub(crate) unpacks: bool,
    pub(crate) items: Expression,
    pub(crate) conditions: Vec<Expression>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Conditional {
    pub(crate) condition: Expression,
    pub(crate) then: Expression,
    pub(crate) otherwise: Expression,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unary {
    Not,
    Minus,
    Plus,
    Invert,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Binary {
    Add,
    Subtract,
    Multiply,
    Divide,
    FloorDivide,
    Modulo,
    Power,
    And,
    Or,
    Xor,
    ShiftLeft,
    ShiftRight,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compare {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    NotIn,
    Is,
    IsNot,
}
