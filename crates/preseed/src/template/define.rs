//! `def name(parameters)`: its signature, and how a call fills it.

use std::sync::Arc;

use super::Node;
use crate::arguments::Arguments;
use crate::error::Source;
use crate::expression::{self, Expression, Fault, Kind};
use crate::{Map, Problem, Value};

/// A `def`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Def {
    pub(crate) name: Arc<str>,
    pub(super) signature: Signature,
    pub(super) body: Vec<Node>,
    pub(super) at: usize,
    /// The template that it is written in.
    pub(super) source: Arc<Source>,
}

/// The parameters of a `def`, as MAAS's engine reads them on Python 3. It misses the end of the list, so that
///
/// * a last parameter without a default is forgotten: `def f(a, b)` takes `a` only;
/// * `*rest` and `**named` are refused at the end, and work before another parameter;
/// * a default with a comma after it becomes a tuple of one: `def f(a=1, b=2)` starts with `a = (1,)`;
/// * a parameter of the list cannot be given by name.
///
/// Templates that work there have been written around this, so it is the same here.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Signature {
    parameters: Vec<Arc<str>>,
    /// A last parameter that is forgotten.
    forgotten: Option<Arc<str>>,
    rest: Option<Arc<str>>,
    named: Option<Arc<str>>,
    pub(super) defaults: Vec<(Arc<str>, Expression)>,
}

impl Signature {
    /// Parses what stands in the brackets, which starts at offset `base`.
    pub(super) fn parse(text: &str, base: usize) -> Result<Self, Fault> {
        let mut signature = Self::default();
        if text.trim().is_empty() {
            return Ok(signature);
        }
        if text.starts_with([' ', '\t']) {
            return Err(Fault::syntax(base, "as in MAAS, no blank follows the `(` of a `def`"));
        }
        let parts = super::statement::split(text, ',');
        let last = parts.len().saturating_sub(1);
        for (at, (offset, part)) in parts.into_iter().enumerate() {
            let offset = base + offset + part.len() - part.trim_start().len();
            signature.parameter(part.trim(), offset, at == last)?;
        }
        Ok(signature)
    }

    fn parameter(&mut self, part: &str, at: usize, is_last: bool) -> Result<(), Fault> {
        let stars = part.len() - part.trim_start_matches('*').len();
        let (name, default) = match part.split_once('=') {
            Some((name, default)) => (name.trim_end(), Some(default)),
            None => (part, None),
        };
        let name = name.get(stars..).unwrap_or_default().trim_start();
        if !super::statement::is_name(name) {
            return Err(Fault::syntax(at, format!("{part:.40?} is no parameter")));
        }
        let name: Arc<str> = name.into();
        match (stars, default) {
            (0, Some(default)) => {
                let start = default.trim_start();
                let mut value = expression::parse(start, at + part.len() - start.len());
                if !is_last {
                    value = Expression { at: value.at, kind: Kind::Tuple(vec![value]) };
                }
                self.defaults.push((Arc::clone(&name), value));
                self.parameters.push(name);
            }
            (0, None) if is_last => self.forgotten = Some(name),
            (0, None) => self.parameters.push(name),
            (1 | 2, None) if is_last => {
                let problem =
                    format!("`{part}` cannot be the last parameter of a `def`; as in MAAS, another has to follow");
                return Err(Fault::syntax(at, problem));
            }
            (1, None) => self.rest = Some(name),
            (2, None) => self.named = Some(name),
            _ => return Err(Fault::syntax(at, format!("{part:.40?} is no parameter"))),
        }
        Ok(())
    }

    /// Every name that the body can use.
    pub(super) fn names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.parameters.iter().chain(&self.rest).chain(&self.named)
    }

    pub(super) const fn forgotten(&self) -> Option<&Arc<str>> {
        self.forgotten.as_ref()
    }
}

impl Def {
    /// The names that a call's arguments give, without the defaults.
    pub(super) fn bind(&self, arguments: Arguments) -> Result<Vec<(Arc<str>, Value)>, Problem> {
        let Signature { parameters, forgotten, rest, named, defaults } = &self.signature;
        let mut values: Vec<(Arc<str>, Value)> = Vec::new();
        let mut others = Map::new();
        for (name, value) in arguments.named {
            if parameters.contains(&name) {
                return Err(self.refuses(&format!("cannot take `{name}` by name, as in MAAS; give it by position")));
            }
            if named.is_none() {
                return Err(self.refuses(&format!("takes no argument `{name}`{}", self.why_forgotten(Some(&name)))));
            }
            others.insert(&name, value);
        }
        let mut given = arguments.positional.into_iter();
        for name in parameters {
            if values.iter().any(|(known, _)| known == name) {
                continue;
            }
            match given.next() {
                Some(value) => values.push((Arc::clone(name), value)),
                None if defaults.iter().any(|(known, _)| known == name) => {}
                None => return Err(self.refuses(&format!("needs `{name}`"))),
            }
        }
        let left: Vec<Value> = given.collect();
        match rest {
            _ if left.is_empty() => {}
            Some(rest) => values.push((Arc::clone(rest), Value::tuple(left))),
            None => {
                let most = parameters.len();
                let why = self.why_forgotten(forgotten.as_ref());
                return Err(self.refuses(&format!("takes {most} arguments, not {}{why}", most + left.len())));
            }
        }
        if let Some(named) = named {
            values.push((Arc::clone(named), Value::from(others)));
        }
        Ok(values)
    }

    fn refuses(&self, why: &str) -> Problem {
        Problem::Type(format!("`{}` {why}", self.name))
    }

    fn why_forgotten(&self, name: Option<&Arc<str>>) -> String {
        match (&self.signature.forgotten, name) {
            (Some(forgotten), Some(name)) if forgotten == name => {
                format!("; as in MAAS, the last parameter of a `def` counts with a default only: write `{name}=None`")
            }
            _ => String::new(),
        }
    }
}
