//! The evaluator: expressions over values, within limits.

mod access;
mod call;
mod comprehension;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::arguments::Arguments;
use crate::budget::Budget;
use crate::error::nearest;
use crate::expression::{Argument, Conditional, Expression, Fault, Kind, Piece, Unary};
use crate::format::{Spec, spec};
use crate::object::Made;
use crate::text::{ascii_of, repr_of, str_of};
pub(crate) use access::{attribute, element};

use crate::{Context, Map, Problem, Template, Value, builtins, operators};

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
    frames: Vec<Frame>,
    current: usize,
    /// What finds the template that another one inherits.
    pub(crate) templates: &'a dyn Fn(&str) -> Option<Template>,
    pub(crate) budget: Budget,
}

/// The names of a template, of a call of a `def`, or of a comprehension.
#[derive(Default)]
struct Frame {
    names: BTreeMap<Arc<str>, Value>,
    /// The frame that it was written in, whose names it sees too.
    parent: Option<usize>,
}

impl<'a> Scope<'a> {
    pub(crate) fn new(context: &'a Context, limits: Limits, templates: &'a dyn Fn(&str) -> Option<Template>) -> Self {
        Self { context, frames: vec![Frame::default()], current: 0, templates, budget: Budget::new(limits) }
    }

    /// The frame that names are assigned in.
    pub(crate) const fn frame(&self) -> usize {
        self.current
    }

    /// Runs with a new frame in front of `parent`. A function that outlives the frame it was written in sees the
    /// nearest one that is still there.
    pub(crate) fn nested<T>(&mut self, parent: usize, run: impl FnOnce(&mut Self) -> T) -> T {
        let (outer, len) = (self.current, self.frames.len());
        let parent = Some(parent.min(len.saturating_sub(1)));
        self.frames.push(Frame { parent, ..Frame::default() });
        self.current = len;
        let result = run(self);
        self.frames.truncate(len);
        self.current = outer;
        result
    }

    pub(crate) fn assign(&mut self, name: &Arc<str>, value: Value) {
        let Some(frame) = self.frames.get_mut(self.current) else { return };
        match frame.names.get_mut(name) {
            Some(slot) => *slot = value,
            None => {
                frame.names.insert(Arc::clone(name), value);
            }
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        let mut next = self.frames.get(self.current);
        while let Some(frame) = next {
            if let Some(value) = frame.names.get(name) {
                return Some(value);
            }
            next = frame.parent.and_then(|parent| self.frames.get(parent));
        }
        self.context.get(name)
    }

    /// Every name that is visible, as a dictionary.
    fn visible(&mut self) -> Result<Value, Problem> {
        let mut frames = Vec::new();
        let mut next = self.frames.get(self.current);
        while let Some(frame) = next {
            frames.push(frame);
            next = frame.parent.and_then(|parent| self.frames.get(parent));
        }
        let context = self.context.names().filter_map(|name| Some((name, self.context.get(name)?)));
        let assigned = frames.into_iter().rev().flat_map(|frame| &frame.names).map(|(name, value)| (&**name, value));
        let names: Map = context.chain(assigned).map(|(name, value)| (name, value.clone())).collect();
        self.budget.charge(names.len())?;
        Ok(Value::from(names))
    }

    /// Assigns each of several names from a value with as many items. The name at `rest` takes a list of what is left.
    pub(crate) fn unpack(&mut self, names: &[Arc<str>], rest: Option<usize>, value: &Value) -> Result<(), Problem> {
        let mut items = builtins::items(value, &mut self.budget)?;
        let more = (items.len() + 1).checked_sub(names.len());
        if let (Some(rest), Some(more)) = (rest, more) {
            let list = items.drain(rest..rest + more).collect::<Vec<Value>>();
            items.insert(rest, builtins::compose(list, &mut self.budget)?);
        }
        if items.len() != names.len() {
            return Err(Problem::Type(format!("{} values for {} names", items.len(), names.len())));
        }
        for (name, item) in names.iter().zip(items) {
            self.assign(name, item);
        }
        Ok(())
    }

    pub(crate) fn evaluate(&mut self, expression: &Expression) -> Result<Value, Fault> {
        self.whole(expression).map(Value::plain)
    }

    /// As [`evaluate`](Self::evaluate), where a relation is one still.
    pub(crate) fn whole(&mut self, expression: &Expression) -> Result<Value, Fault> {
        let at = expression.at;
        self.at(at, |scope| scope.budget.charge(0))?;
        match &expression.kind {
            Kind::Literal(value) => Ok(value.clone()),
            Kind::Name(name) => self.known(name).cloned().ok_or_else(|| Fault::new(at, self.undefined(name))),
            _ => {
                self.at(at, |scope| scope.budget.enter())?;
                let value = self.kind(expression)?;
                self.budget.leave();
                Ok(value)
            }
        }
    }

    /// Adds the place to a problem.
    #[inline]
    pub(crate) fn at<T>(&mut self, at: usize, run: impl FnOnce(&mut Self) -> Result<T, Problem>) -> Result<T, Fault> {
        run(self).map_err(|problem| Fault::new(at, problem))
    }

    fn kind(&mut self, expression: &Expression) -> Result<Value, Fault> {
        let at = expression.at;
        match &expression.kind {
            Kind::Literal(_) | Kind::Name(_) => self.whole(expression),
            Kind::List(items) => self.made(at, items, builtins::compose),
            Kind::Tuple(items) => self.made(at, items, builtins::tuple),
            Kind::Set(items) => self.made(at, items, builtins::set),
            Kind::Dict(entries) => self.dict(entries),
            Kind::Attribute(value, name) => {
                // A name's value is looked into, not copied.
                if let Kind::Name(of) = &value.kind {
                    self.at(value.at, |scope| scope.budget.charge(0))?;
                    let of = self.known(of).ok_or_else(|| Fault::new(value.at, self.undefined(of)))?;
                    return access::attribute(of, name).map_err(|problem| Fault::new(at, problem));
                }
                let value = self.whole(value)?;
                self.at(at, |_| access::attribute(&value, name))
            }
            Kind::Index(value, index) => {
                let (value, index) = (self.evaluate(value)?, self.evaluate(index)?);
                self.at(at, |scope| access::element(&value, &index, &mut scope.budget))
            }
            Kind::Slice(slice) => {
                let value = self.evaluate(&slice.value)?;
                let from = self.optional(slice.from.as_ref())?;
                let to = self.optional(slice.to.as_ref())?;
                let step = self.optional(slice.step.as_ref())?;
                self.at(at, |scope| access::slice(&value, &from, &to, &step, &mut scope.budget))
            }
            Kind::Call(call) => {
                if let Kind::Attribute(object, name) = &call.function.kind {
                    let object = self.whole(object)?;
                    let arguments = self.arguments(&call.arguments)?;
                    return self.call_method(at, &object, name, arguments);
                }
                let function = self.evaluate(&call.function)?;
                let arguments = self.arguments(&call.arguments)?;
                self.call(at, &function, arguments)
            }
            Kind::Text(pieces) => {
                let mut out = String::new();
                self.text(at, pieces, &mut out)?;
                Ok(Value::from(out))
            }
            Kind::Lambda(lambda) => Ok(Made::Lambda(Arc::clone(lambda), self.current).into()),
            Kind::Comprehension(comprehension) => self.comprehension(at, comprehension),
            Kind::Unary(Unary::Not, value) => Ok(Value::Bool(!self.evaluate(value)?.is_true())),
            Kind::Unary(sign, value) => {
                let value = self.evaluate(value)?;
                self.at(at, |_| operators::unary(*sign, &value))
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
            Kind::Spread(value) => self.evaluate(value),
            Kind::Fault(fault) => Err(fault.clone()),
            Kind::Conditional(conditional) => {
                let Conditional { condition, then, otherwise } = &**conditional;
                if self.evaluate(condition)?.is_true() { self.evaluate(then) } else { self.evaluate(otherwise) }
            }
        }
    }

    fn made(
        &mut self,
        at: usize,
        items: &[Expression],
        make: impl FnOnce(Vec<Value>, &mut Budget) -> Result<Value, Problem>,
    ) -> Result<Value, Fault> {
        let mut values = Vec::with_capacity(items.len());
        for item in items {
            let value = self.evaluate(item)?;
            if let Kind::Spread(_) = item.kind {
                values.extend(self.at(item.at, |scope| builtins::items(&value, &mut scope.budget))?);
            } else {
                values.push(value);
            }
        }
        self.at(at, |scope| make(values, &mut scope.budget))
    }

    fn optional(&mut self, expression: Option<&Expression>) -> Result<Value, Fault> {
        expression.map_or(Ok(Value::None), |expression| self.evaluate(expression))
    }

    /// The value of a name, which the template, the context or the language has.
    fn known(&self, name: &str) -> Option<&Value> {
        self.get(name).or_else(|| builtins::named(name))
    }

    #[cold]
    fn undefined(&self, name: &str) -> Problem {
        let mut known: Vec<&str> = self.context.names().chain(builtins::NAMES).collect();
        known.extend(self.frames.iter().flat_map(|frame| frame.names.keys()).map(|name| &**name));
        Problem::Undefined { name: name.to_owned(), suggestion: nearest(name, known.into_iter()) }
    }

    fn dict(&mut self, entries: &[(Expression, Expression)]) -> Result<Value, Fault> {
        let mut map = Map::new();
        for (key, value) in entries {
            if let Kind::Spread(_) = key.kind {
                let other = self.evaluate(key)?;
                self.at(key.at, |scope| builtins::put_all(&mut map, &other, &mut scope.budget))?;
                continue;
            }
            let (at, key, value) = (key.at, self.evaluate(key)?, self.evaluate(value)?);
            self.at(at, |scope| builtins::put(&mut map, &key, value, &mut scope.budget))?;
        }
        Ok(Value::from(map))
    }

    fn arguments(&mut self, given: &[Argument]) -> Result<Arguments, Fault> {
        let mut arguments = Arguments::default();
        for argument in given {
            match argument {
                Argument::Positional(value) => arguments.positional.push(self.evaluate(value)?),
                Argument::Named(name, value) => {
                    check_new(&arguments, name, value.at)?;
                    arguments.named.push((Arc::clone(name), self.evaluate(value)?));
                }
                Argument::All(value) => {
                    let (at, value) = (value.at, self.evaluate(value)?);
                    let items = self.at(at, |scope| builtins::items(&value, &mut scope.budget))?;
                    arguments.positional.extend(items);
                }
                Argument::AllNamed(value) => {
                    let (at, value) = (value.at, self.evaluate(value)?);
                    let Value::Map(map) = value else {
                        let problem = format!("`**` takes a dictionary, not {}", value.kind());
                        return Err(Fault::new(at, Problem::Type(problem)));
                    };
                    self.at(at, |scope| scope.budget.charge(map.len()))?;
                    for (name, value) in map.iter() {
                        check_new(&arguments, name, at)?;
                        arguments.named.push((name.into(), value.clone()));
                    }
                }
            }
        }
        Ok(arguments)
    }

    /// An `f'…'`.
    fn text(&mut self, at: usize, pieces: &[Piece], out: &mut String) -> Result<(), Fault> {
        for piece in pieces {
            match piece {
                Piece::Text(text) => {
                    self.at(at, |scope| scope.budget.charge(text.len()))?;
                    out.push_str(text);
                }
                Piece::Value(expression, conversion, format) => {
                    let mut value = self.evaluate(expression)?;
                    let mut wanted = String::new();
                    self.text(at, format, &mut wanted)?;
                    let text = self.at(at, |scope| {
                        if let Some(conversion) = conversion {
                            value = Value::from(converted(*conversion, &value, &mut scope.budget)?);
                        }
                        spec(&value, &Spec::parse(&wanted)?, &mut scope.budget)
                    })?;
                    out.push_str(&text);
                }
            }
        }
        Ok(())
    }
}

fn check_new(arguments: &Arguments, name: &str, at: usize) -> Result<(), Fault> {
    if arguments.named.iter().any(|(other, _)| &**other == name) {
        return Err(Fault::syntax(at, format!("the argument `{name}` is given twice")));
    }
    Ok(())
}

/// `!r`, `!s` and `!a` in a format.
pub(crate) fn converted(conversion: char, value: &Value, budget: &mut Budget) -> Result<String, Problem> {
    match conversion {
        'r' => repr_of(value, budget),
        'a' => ascii_of(value, budget),
        _ => str_of(value, budget),
    }
}

/// True for a `def`, whose text is that of its call.
pub(crate) fn is_macro(value: &Value) -> bool {
    matches!(value, Value::Object(object) if matches!(object.made(), Made::Macro(..)))
}
