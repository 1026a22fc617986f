//! `[item for names in items if condition]`, and its kin.

use super::Scope;
use crate::expression::{Comprehension, Fault, Form, Turns};
use crate::object::{Items, Made};
use crate::{Map, Value, builtins};

impl Scope<'_> {
    pub(super) fn comprehension(&mut self, at: usize, comprehension: &Comprehension) -> Result<Value, Fault> {
        let mut made = Vec::new();
        let frame = self.frame();
        self.nested(frame, |scope| scope.turns(comprehension, &comprehension.turns, &mut made))?;
        self.at(at, |scope| match comprehension.form {
            Form::List => builtins::compose(made.into_iter().map(|(item, _)| item).collect(), &mut scope.budget),
            Form::Set => builtins::set(made.into_iter().map(|(item, _)| item).collect(), &mut scope.budget),
            Form::Generator => {
                let items: Vec<Value> = made.into_iter().map(|(item, _)| item).collect();
                builtins::check_items(&items, &mut scope.budget)?;
                Ok(Made::Iterator(Items::new("generator", items)).into())
            }
            Form::Dict => {
                let mut map = Map::new();
                for (key, value) in made {
                    builtins::put(&mut map, &key, value, &mut scope.budget)?;
                }
                Ok(Value::from(map))
            }
        })
    }

    fn turns(
        &mut self,
        comprehension: &Comprehension,
        turns: &[Turns],
        made: &mut Vec<(Value, Value)>,
    ) -> Result<(), Fault> {
        let Some((first, rest)) = turns.split_first() else {
            let item = self.evaluate(&comprehension.item)?;
            let value = self.optional(comprehension.value.as_ref())?;
            made.push((item, value));
            return Ok(());
        };
        let at = first.items.at;
        let items = self.evaluate(&first.items)?;
        let items = self.at(at, |scope| builtins::items(&items, &mut scope.budget))?;
        self.at(at, |scope| scope.budget.enter())?;
        'items: for item in items {
            self.at(at, |scope| scope.budget.charge(0))?;
            match first.names.as_slice() {
                [name] if !first.unpacks => self.assign(name, item),
                names => self.at(at, |scope| scope.unpack(names, None, &item))?,
            }
            for condition in &first.conditions {
                if !self.evaluate(condition)?.is_true() {
                    continue 'items;
                }
            }
            self.turns(comprehension, rest, made)?;
        }
        self.budget.leave();
        Ok(())
    }
}
