//! The evaluator: expressions over values, within limits.

use std::collections::BTreeMap;

use crate::budget::Budget;
use crate::error::nearest;
use crate::expression::{Conditional, Expression, Fault, Kind};
use crate::{Context, Problem, Value, builtins, methods, operators};

/// How much a rendering may cost. Templates come from users, and one must not stop a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Operations: evaluated nodes, loop turns, and bytes or items that an operation produces.
    pub steps: u64,
    /// Nested operations.
    pub depth: u32,
    /// Bytes of output.
    pub output: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { steps: 2_000_000, depth: 100, output: 4 << 20 }
    }
}

/// The names that are defined while a template is rendered.
pub(crate) struct Scope<'a> {
    context: &'a Context,
    own: BTreeMap<&'a str, Value>,
    pub(crate) budget: Budget,
}

impl<'a> Scope<'a> {
    pub(crate) fn new(context: &'a Context, limits: Limits) -> Self {
        Self { context, own: BTreeMap::new(), budget: Budget::new(limits) }
    }

    pub(crate) fn assign(&mut self, name: &'a str, value: Value) {
        self.own.insert(name, value);
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.own.get(name).or_else(|| self.context.get(name))
    }

    /// Assigns one name, or each of several from a list of as many.
    pub(crate) fn unpack(&mut self, names: &'a [String], value: Value) -> Result<(), Problem> {
        if let [name] = names {
            self.assign(name, value);
            return Ok(());
        }
        let items = builtins::items(&value, &mut self.budget)?;
        if items.len() != names.len() {
            return Err(Problem::Type(format!("{} values for {} names", items.len(), names.len())));
        }
        for (name, item) in names.iter().zip(items) {
            self.assign(name, item);
        }
        Ok(())
    }

    pub(crate) fn evaluate(&mut self, expression: &Expression) -> Result<Value, Fault> {
        let at = expression.at;
        self.at(at, |scope| scope.budget.charge(0).and_then(|()| scope.budget.enter()))?;
        let value = self.kind(expression)?;
        self.budget.leave();
        Ok(value)
    }

    /// Adds the place to a problem.
    fn at<T>(&mut self, at: usize, run: impl FnOnce(&mut Self) -> Result<T, Problem>) -> Result<T, Fault> {
        run(self).map_err(|problem| Fault { at, problem })
    }

    fn kind(&mut self, expression: &Expression) -> Result<Value, Fault> {
        let at = expression.at;
        match &expression.kind {
            Kind::Literal(value) => Ok(value.clone()),
            Kind::Name(name) => self.at(at, |scope| scope.name(name)),
            Kind::List(items) => {
                let items = self.all(items)?;
                self.at(at, |scope| builtins::compose(items, &mut scope.budget))
            }
            Kind::Dict(entries) => self.dict(at, entries),
            Kind::Attribute(value, name) => {
                let value = self.evaluate(value)?;
                self.at(at, |_| member(&value, name))
            }
            Kind::Index(value, index) => {
                let (value, index) = (self.evaluate(value)?, self.evaluate(index)?);
                self.at(at, |_| element(&value, &index))
            }
            Kind::Slice(value, from, to) => self.slice(at, value, from.as_deref(), to.as_deref()),
            Kind::Call(function, arguments) => self.call(at, function, arguments),
            Kind::Filter(value, filter) => self.filter(value, filter),
            Kind::Not(value) => Ok(Value::Bool(!self.evaluate(value)?.is_true())),
            Kind::Negate(value) => {
                let value = self.evaluate(value)?;
                let subtract = crate::expression::Binary::Subtract;
                match value {
                    Value::Float(number) => Ok(Value::Float(-number)),
                    _ => self.at(at, |scope| operators::binary(subtract, &Value::Int(0), &value, &mut scope.budget)),
                }
            }
            Kind::And(left, right) => {
                let left = self.evaluate(left)?;
                if left.is_true() { self.evaluate(right) } else { Ok(left) }
            }
            Kind::Or(left, right) => {
                let left = self.evaluate(left)?;
                if left.is_true() { Ok(left) } else { self.evaluate(right) }
            }
            Kind::Binary(operator, left, right) => {
                let (left, right) = (self.evaluate(left)?, self.evaluate(right)?);
                self.at(at, |scope| operators::binary(*operator, &left, &right, &mut scope.budget))
            }
            Kind::Compare(first, rest) => {
                let mut left = self.evaluate(first)?;
                for (compare, right) in rest {
                    let right = self.evaluate(right)?;
                    if !self.at(at, |scope| operators::compare(*compare, &left, &right, &mut scope.budget))? {
                        return Ok(Value::Bool(false));
                    }
                    left = right;
                }
                Ok(Value::Bool(true))
            }
            Kind::Conditional(conditional) => {
                let Conditional { condition, then, otherwise } = &**conditional;
                if self.evaluate(condition)?.is_true() { self.evaluate(then) } else { self.evaluate(otherwise) }
            }
        }
    }

    fn all(&mut self, expressions: &[Expression]) -> Result<Vec<Value>, Fault> {
        expressions.iter().map(|expression| self.evaluate(expression)).collect()
    }

    fn name(&self, name: &str) -> Result<Value, Problem> {
        if let Some(value) = self.get(name) {
            return Ok(value.clone());
        }
        if name == "escape" || builtins::NAMES.contains(&name) {
            return Err(Problem::Unsupported(format!("the function `{name}` as a value")));
        }
        Err(self.undefined(name))
    }

    fn undefined(&self, name: &str) -> Problem {
        let own = self.own.keys().copied();
        let known = own.chain(self.context.names()).chain(builtins::NAMES);
        Problem::Undefined { name: name.to_owned(), suggestion: nearest(name, known) }
    }

    fn dict(&mut self, at: usize, entries: &[(Expression, Expression)]) -> Result<Value, Fault> {
        let mut map = crate::Map::new();
        for (key, value) in entries {
            let key_at = key.at;
            let Value::Str(key) = self.evaluate(key)? else {
                let problem = Problem::Unsupported("a key that is no string".to_owned());
                return Err(Fault { at: key_at, problem });
            };
            let value = self.evaluate(value)?;
            self.at(at, |scope| builtins::check_depth(&value, 1, &mut scope.budget))?;
            map.insert(&key, value);
        }
        Ok(Value::from(map))
    }

    fn slice(
        &mut self,
        at: usize,
        value: &Expression,
        from: Option<&Expression>,
        to: Option<&Expression>,
    ) -> Result<Value, Fault> {
        let value = self.evaluate(value)?;
        let from = from.map(|from| self.evaluate(from)).transpose()?.unwrap_or_default();
        let to = to.map(|to| self.evaluate(to)).transpose()?.unwrap_or_default();
        self.at(at, |scope| {
            let items = builtins::items(&value, &mut scope.budget)?;
            let from = bound(&from, items.len(), 0)?;
            let to = bound(&to, items.len(), items.len())?;
            let part = items.get(from..to).unwrap_or_default();
            match value {
                Value::Str(_) => {
                    let part = part.iter().map(|item| if let Value::Str(text) = item { &**text } else { "" });
                    Ok(Value::from(part.collect::<String>()))
                }
                Value::List(_) => Ok(Value::list(part.to_vec())),
                _ => Err(Problem::Type(format!("{} has no slices", value.kind()))),
            }
        })
    }

    fn call(&mut self, at: usize, function: &Expression, arguments: &[Expression]) -> Result<Value, Fault> {
        match &function.kind {
            // A name of the context hides the function, as it would in Python.
            Kind::Name(name) if self.get(name).is_none() => {
                let arguments = self.all(arguments)?;
                let value = self.at(at, |scope| builtins::call(name, &arguments, &mut scope.budget))?;
                value.ok_or_else(|| Fault { at, problem: self.undefined(name) })
            }
            Kind::Attribute(object, name) => {
                if let (Kind::Name(object), [argument]) = (&object.kind, arguments)
                    && object == "escape"
                    && self.get(object).is_none()
                {
                    let argument = self.evaluate(argument)?;
                    return self.apply_filter(at, Some(object), name, &argument);
                }
                let object = self.evaluate(object)?;
                let arguments = self.all(arguments)?;
                self.at(at, |scope| methods::call(&object, name, &arguments, &mut scope.budget))
            }
            _ => {
                let value = self.evaluate(function)?;
                Err(Fault { at, problem: Problem::Type(format!("{} cannot be called", value.kind())) })
            }
        }
    }

    fn filter(&mut self, value: &Expression, filter: &Expression) -> Result<Value, Fault> {
        let value = self.evaluate(value)?;
        let (object, name) = match &filter.kind {
            Kind::Name(name) => (None, name),
            Kind::Attribute(object, name) => match &object.kind {
                Kind::Name(object) => (Some(object.as_str()), name),
                _ => return Err(not_a_filter(filter.at)),
            },
            _ => return Err(not_a_filter(filter.at)),
        };
        self.apply_filter(filter.at, object, name, &value)
    }

    fn apply_filter(&mut self, at: usize, object: Option<&str>, name: &str, value: &Value) -> Result<Value, Fault> {
        let found = self.at(at, |scope| builtins::filter(object, name, value, &mut scope.budget))?;
        found.ok_or_else(|| {
            let problem = match object {
                Some("escape") => {
                    let suggestion = nearest(name, ["json", "shell"].into_iter());
                    Problem::Missing { of: "`escape`", name: name.to_owned(), suggestion }
                }
                Some(object) => self.undefined(object),
                None => self.undefined(name),
            };
            Fault { at, problem }
        })
    }
}

fn not_a_filter(at: usize) -> Fault {
    Fault { at, problem: Problem::Unsupported("anything but a name as a filter".to_owned()) }
}

/// `value.name`.
fn member(value: &Value, name: &str) -> Result<Value, Problem> {
    let Value::Map(map) = value else {
        return Err(Problem::Missing { of: value.kind(), name: name.to_owned(), suggestion: None });
    };
    map.get(name).cloned().ok_or_else(|| Problem::Missing {
        of: value.kind(),
        name: name.to_owned(),
        suggestion: nearest(name, map.keys()),
    })
}

/// `value[index]`.
fn element(value: &Value, index: &Value) -> Result<Value, Problem> {
    let missing = |name: String| Problem::Missing { of: value.kind(), name, suggestion: None };
    match (value, index) {
        (Value::Map(_), Value::Str(key)) => member(value, key),
        (Value::List(items), _) => {
            let at = position(index, items.len())?;
            at.and_then(|at| items.get(at).cloned()).ok_or_else(|| missing(format!("item {}", shown(index))))
        }
        (Value::Str(text), _) => {
            let at = position(index, text.chars().count())?;
            let character = at.and_then(|at| text.chars().nth(at));
            let character = character.ok_or_else(|| missing(format!("character {}", shown(index))))?;
            Ok(Value::from(character.encode_utf8(&mut [0; 4]) as &str))
        }
        _ => Err(Problem::Type(format!("{} cannot be indexed by {}", value.kind(), index.kind()))),
    }
}

fn shown(index: &Value) -> i64 {
    operators::integer(index).unwrap_or_default()
}

/// An index, from the end if it is negative.
fn position(index: &Value, len: usize) -> Result<Option<usize>, Problem> {
    let index = operators::integer(index).ok_or_else(|| Problem::Type(format!("{} is no index", index.kind())))?;
    let from_end = usize::try_from(index.unsigned_abs()).unwrap_or(usize::MAX);
    Ok(if index < 0 { len.checked_sub(from_end) } else { Some(from_end) })
}

/// A slice's end: cut to the length, never missing.
fn bound(index: &Value, len: usize, default: usize) -> Result<usize, Problem> {
    match index {
        Value::None => Ok(default),
        _ => Ok(position(index, len)?.unwrap_or(0).min(len)),
    }
}
