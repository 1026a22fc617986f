//! Calls of functions, methods and `def`s.

use std::sync::Arc;

use super::{Scope, access, is_macro};
use crate::arguments::Arguments;
use crate::expression::{Fault, Lambda};
use crate::object::{Items, Made};
use crate::template::expand;
use crate::{Map, Problem, Value, builtins, methods};

impl Scope<'_> {
    /// `function(arguments)`.
    pub(crate) fn call(&mut self, at: usize, function: &Value, arguments: Arguments) -> Result<Value, Fault> {
        let not_callable = || Fault::new(at, Problem::Type(format!("{} cannot be called", function.kind())));
        let Value::Object(object) = function else { return Err(not_callable()) };
        match object.made() {
            Made::Function(name) => self.function(at, name, arguments),
            Made::Method(value, name) => self.call_method(at, value, name, arguments),
            Made::TypeMethod(kind, name) => self.call_type_method(at, kind, name, arguments),
            Made::Getter(value) if arguments.positional.is_empty() && arguments.named.is_empty() => Ok(value.clone()),
            Made::Getter(_) => Err(Fault::new(at, Problem::Type("this method takes no arguments".into()))),
            Made::Macro(def, frame) => expand(self, at, def, *frame, arguments),
            Made::Lambda(lambda, frame) => self.call_lambda(at, lambda, *frame, arguments),
            Made::Empty => Ok(function.clone()),
            _ => Err(not_callable()),
        }
    }

    /// `object.name(arguments)`.
    pub(super) fn call_method(
        &mut self,
        at: usize,
        object: &Value,
        name: &Arc<str>,
        arguments: Arguments,
    ) -> Result<Value, Fault> {
        if let Value::Object(made) = object
            && let Made::Relation(names, _) = made.made()
            && &**name != "all"
        {
            return self.call_method(at, names, name, arguments);
        }
        if let Value::Object(made) = object
            && let Made::Turn(items, position) = made.made()
            && let "first_group" | "last_group" = &**name
        {
            return self.group(at, items, *position, name, arguments);
        }
        if methods::has(object, name) {
            return self.at(at, |scope| methods::call(object, name, arguments, &mut scope.budget));
        }
        if let Some(problem) = methods::refused(object, name) {
            return Err(Fault::new(at, problem));
        }
        let function = self.at(at, |_| {
            access::attribute(object, name).map_err(|problem| match problem {
                Problem::Missing { of, name, suggestion } if !matches!(object, Value::Map(_)) => {
                    Problem::Missing { of, name: format!("{name}()"), suggestion }
                }
                other => other,
            })
        })?;
        self.call(at, &function, arguments)
    }

    fn call_lambda(&mut self, at: usize, lambda: &Lambda, frame: usize, given: Arguments) -> Result<Value, Fault> {
        let wrong = |problem: String| Fault::new(at, Problem::Type(problem));
        let most = lambda.positional;
        let mut positional = given.positional;
        let rest = positional.split_off(most.min(positional.len()));
        if lambda.rest.is_none() && !rest.is_empty() {
            return Err(wrong(format!("the `lambda` takes {most} arguments, not {}", most + rest.len())));
        }
        let mut positional = positional.into_iter();
        let mut named = given.named;
        self.nested(frame, |scope| {
            for (name, default) in &lambda.parameters {
                let by_name = named.iter().position(|(given, _)| given == name);
                let value = match (positional.next(), by_name, default) {
                    (Some(value), None, _) => value,
                    (None, Some(at), _) => named.remove(at).1,
                    (None, None, Some(default)) => scope.evaluate(default)?,
                    (None, None, None) => return Err(wrong(format!("the `lambda` needs `{name}`"))),
                    (Some(_), Some(_), _) => return Err(wrong(format!("the `lambda` is given `{name}` twice"))),
                };
                scope.assign(name, value);
            }
            if let Some(name) = &lambda.rest {
                scope.assign(name, Value::tuple(rest));
            }
            match (&lambda.named, named.first()) {
                (Some(all), _) => scope.assign(all, Value::from(named.into_iter().collect::<Map>())),
                (None, Some((name, _))) => return Err(wrong(format!("the `lambda` takes no argument `{name}`"))),
                (None, None) => {}
            }
            scope.evaluate(&lambda.body)
        })
    }

    fn call_type_method(
        &mut self,
        at: usize,
        kind: &str,
        name: &Arc<str>,
        mut arguments: Arguments,
    ) -> Result<Value, Fault> {
        if arguments.positional.is_empty() {
            return Err(Fault::new(at, Problem::Type(format!("`{kind}.{name}` needs a value to work on"))));
        }
        let value = arguments.positional.remove(0);
        if builtins::type_name(&value) != kind {
            let problem = format!("`{kind}.{name}` does not work on {}", value.kind());
            return Err(Fault::new(at, Problem::Type(problem)));
        }
        self.call_method(at, &value, name, arguments)
    }

    /// The functions that call others are here, the rest is in [`builtins`].
    fn function(&mut self, at: usize, name: &str, mut arguments: Arguments) -> Result<Value, Fault> {
        match name {
            "map" | "filter" => self.map_or_filter(at, name, arguments),
            "locals" => {
                let [] = self.at(at, |_| arguments.take(name, []))?;
                self.at(at, Scope::visible)
            }
            "sorted" | "min" | "max" => {
                let key = arguments.named("key").filter(|key| !matches!(key, Value::None));
                let Some(key) = key else {
                    return self.at(at, |scope| builtins::call(name, arguments, None, &mut scope.budget));
                };
                let items = match (name, arguments.positional.as_mut_slice()) {
                    ("min" | "max", [_, _, ..]) => arguments.positional.clone(),
                    (_, [given, ..]) => {
                        // An iterator is gone after this, so the function gets a list of what it gave.
                        let items = self.at(at, |scope| builtins::items(given, &mut scope.budget))?;
                        *given = Value::from(items.clone());
                        items
                    }
                    (_, []) => Vec::new(),
                };
                let mut keys = Vec::with_capacity(items.len());
                for item in items {
                    keys.push(self.call(at, &key, Arguments::one(item))?);
                }
                self.at(at, |scope| builtins::call(name, arguments, Some(keys), &mut scope.budget))
            }
            "str" if arguments.positional.len() == 1 && arguments.positional.iter().all(is_macro) => {
                let function = arguments.positional.remove(0);
                self.call(at, &function, Arguments::default())
            }
            _ => self.at(at, |scope| builtins::call(name, arguments, None, &mut scope.budget)),
        }
    }

    fn map_or_filter(&mut self, at: usize, name: &str, arguments: Arguments) -> Result<Value, Fault> {
        let values = self.at(at, |_| arguments.all(name))?;
        let Some((function, lists)) = values.split_first().filter(|(_, lists)| !lists.is_empty()) else {
            return Err(Fault::new(at, Problem::Type(format!("`{name}` takes a function and what to go through"))));
        };
        let mut columns = Vec::new();
        for list in lists {
            columns.push(self.at(at, |scope| builtins::items(list, &mut scope.budget))?);
        }
        let mut made = Vec::new();
        for row in 0..columns.iter().map(Vec::len).min().unwrap_or_default() {
            let positional: Vec<Value> = columns.iter().filter_map(|column| column.get(row).cloned()).collect();
            let first = positional.first().cloned().unwrap_or_default();
            self.at(at, |scope| scope.budget.charge(0))?;
            if name == "map" {
                made.push(self.call(at, function, Arguments { positional, named: Vec::new() })?);
                continue;
            }
            let kept = match function {
                Value::None => first.is_true(),
                _ => self.call(at, function, Arguments::one(first.clone()))?.is_true(),
            };
            if kept {
                made.push(first);
            }
        }
        self.at(at, |scope| builtins::check_items(&made, &mut scope.budget))?;
        Ok(Made::Iterator(Items::new(if name == "map" { "map" } else { "filter" }, made)).into())
    }

    /// `loop.first_group(getter)`: whether the item differs from the one before it, or after it, in what the getter
    /// takes: the item itself, an attribute (`'.name'`), a method (`'.name()'`), a key, or what a function gives.
    fn group(
        &mut self,
        at: usize,
        items: &[Value],
        position: usize,
        name: &str,
        arguments: Arguments,
    ) -> Result<Value, Fault> {
        let [getter] = self.at(at, |_| arguments.take(name, ["getter"]))?;
        let other = if name == "first_group" { position.checked_sub(1) } else { position.checked_add(1) };
        let (Some(item), Some(other)) = (items.get(position), other.and_then(|other| items.get(other))) else {
            return Ok(Value::Bool(true));
        };
        let getter = getter.unwrap_or_default();
        let (left, right) = (self.got(at, item, &getter)?, self.got(at, other, &getter)?);
        let same = self.at(at, |scope| crate::operators::equal(&left, &right, &mut scope.budget))?;
        Ok(Value::Bool(!same))
    }

    fn got(&mut self, at: usize, item: &Value, getter: &Value) -> Result<Value, Fault> {
        match getter {
            Value::None => Ok(item.clone()),
            Value::Str(text) => match text.strip_prefix('.') {
                Some(name) => match name.strip_suffix("()") {
                    Some(name) => self.call_method(at, item, &name.into(), Arguments::default()),
                    None => self.at(at, |_| access::attribute(item, &name.into())),
                },
                None => self.at(at, |scope| access::element(item, getter, &mut scope.budget)),
            },
            Value::Object(_) => self.call(at, getter, Arguments::one(item.clone())),
            _ => self.at(at, |scope| access::element(item, getter, &mut scope.budget)),
        }
    }
}
