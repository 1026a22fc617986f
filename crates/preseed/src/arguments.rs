//! What a call is given, and how a function takes it.

use std::sync::Arc;

use crate::operators::integer;
use crate::{Problem, Value};

/// The arguments of a call.
#[derive(Debug, Default)]
pub(crate) struct Arguments {
    pub(crate) positional: Vec<Value>,
    pub(crate) named: Vec<(Arc<str>, Value)>,
}

impl Arguments {
    pub(crate) fn one(value: Value) -> Self {
        Self { positional: vec![value], named: Vec::new() }
    }

    /// The arguments in the order of a function's parameters. A parameter that starts with `!` has to be given, and one
    /// that is nothing else has no name to be given by.
    pub(crate) fn take<const N: usize>(
        self,
        function: &str,
        parameters: [&str; N],
    ) -> Result<[Option<Value>; N], Problem> {
        let given = self.positional.len();
        if given > N {
            let most = if N == 1 { "1 argument".to_owned() } else { format!("{N} arguments") };
            return Err(Problem::Type(format!("`{function}` takes at most {most}, not {given}")));
        }
        let mut taken = [const { None }; N];
        for (slot, value) in taken.iter_mut().zip(self.positional) {
            *slot = Some(value);
        }
        for (name, value) in self.named {
            let at = parameters.iter().position(|parameter| parameter.trim_start_matches('!') == &*name);
            match at.and_then(|at| taken.get_mut(at)) {
                Some(slot @ None) => *slot = Some(value),
                Some(Some(_)) => return Err(Problem::Type(format!("`{function}` is given `{name}` twice"))),
                None => return Err(unexpected(function, &name)),
            }
        }
        for (slot, parameter) in taken.iter().zip(parameters) {
            if slot.is_none() && parameter.starts_with('!') {
                return Err(Problem::Type(format!("`{function}` needs another argument")));
            }
        }
        Ok(taken)
    }

    /// The values of a function that takes any number of them, and no names.
    pub(crate) fn all(self, function: &str) -> Result<Vec<Value>, Problem> {
        match self.named.first() {
            Some((name, _)) => Err(unexpected(function, name)),
            None => Ok(self.positional),
        }
    }

    /// Takes a named argument out.
    pub(crate) fn named(&mut self, name: &str) -> Option<Value> {
        let at = self.named.iter().position(|(found, _)| &**found == name)?;
        Some(self.named.remove(at).1)
    }
}

fn unexpected(function: &str, name: &str) -> Problem {
    Problem::Type(format!("`{function}` takes no argument `{name}`"))
}

/// A required argument; [`Arguments::take`] has made sure that it is there.
pub(crate) fn required(value: Option<Value>) -> Value {
    value.unwrap_or_default()
}

/// A whole number.
pub(crate) fn whole(value: &Value) -> Result<i64, Problem> {
    integer(value).ok_or_else(|| Problem::Type(format!("{} is no whole number", value.kind())))
}

/// A whole number, or the default if it is not given.
pub(crate) fn whole_or(value: Option<Value>, default: i64) -> Result<i64, Problem> {
    value.map_or(Ok(default), |value| whole(&value))
}

/// A text.
pub(crate) fn text(function: &str, value: Option<Value>) -> Result<Arc<str>, Problem> {
    match value {
        Some(Value::Str(text)) => Ok(text),
        other => Err(Problem::Type(format!("`{function}` takes a string, not {}", other.unwrap_or_default().kind()))),
    }
}
