//! From a tree to text.

use std::sync::Arc;

use super::{Def, For, Node, Template};
use crate::arguments::Arguments;
use crate::evaluate::{Scope, is_macro};
use crate::expression::Fault;
use crate::object::{Items, Made};
use crate::{Map, Problem, Value, builtins, text};

/// How a block ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    Next,
    Break,
    Continue,
}

/// Renders a template in a new frame of names, and then what it inherits in one that sees them.
pub(super) fn template(template: &Template, scope: &mut Scope<'_>) -> Result<String, Fault> {
    let mut page =
        Page { out: String::with_capacity(template.source.text.len()), defs: Some(Map::new()), inherits: None };
    scope.assign(&"__template_name__".into(), Value::from(template.name()));
    nodes(&template.nodes, scope, &mut page)?;
    let Some((at, name)) = page.inherits.filter(|(_, name)| name.is_true()) else { return Ok(page.out) };
    let Value::Str(wanted) = &name else {
        return Err(Fault::new(at, Problem::Type(format!("`inherit` takes a template's name, not {}", name.kind()))));
    };
    let Some(parent) = (scope.templates)(wanted) else {
        return Err(Fault::new(at, Problem::NoTemplate(wanted.to_string())));
    };
    scope.at(at, |scope| scope.budget.enter())?;
    let mut own = page.defs.unwrap_or_default();
    own.insert("body", page.out);
    let frame = scope.frame();
    let result = scope.nested(frame, |scope| {
        scope.assign(&"self".into(), Made::Page(Arc::new(own)).into());
        self::template(&parent, scope)
    });
    scope.budget.leave();
    result.map_err(|fault| located(fault, || Arc::clone(&parent.source)))
}

/// `def` called: its text.
pub(crate) fn expand(
    scope: &mut Scope<'_>,
    at: usize,
    def: &Arc<Def>,
    frame: usize,
    arguments: Arguments,
) -> Result<Value, Fault> {
    let values = scope.at(at, |scope| {
        scope.budget.enter()?;
        def.bind(arguments)
    })?;
    let run = |scope: &mut Scope<'_>| {
        let given = |name: &Arc<str>| values.iter().any(|(known, _)| known == name);
        let mut defaults = Vec::new();
        for (name, default) in def.signature.defaults.iter().filter(|(name, _)| !given(name)) {
            defaults.push((Arc::clone(name), scope.evaluate(default)?));
        }
        for (name, value) in defaults.iter().chain(&values) {
            scope.assign(name, value.clone());
        }
        let mut page = Page { out: String::new(), defs: None, inherits: None };
        nodes(&def.body, scope, &mut page)?;
        Ok(page.out)
    };
    let text = scope.nested(frame, run).map_err(|fault| located(fault, || Arc::clone(&def.source)))?;
    scope.budget.leave();
    Ok(Value::from(text))
}

/// A fault belongs to the innermost template that it passes through.
fn located(mut fault: Fault, source: impl FnOnce() -> Arc<crate::error::Source>) -> Fault {
    fault.0.source.get_or_insert_with(source);
    fault
}

/// What is being written.
struct Page {
    out: String,
    /// The `def`s that a template which is inherited sees; those in a `def` stay there.
    defs: Option<Map>,
    inherits: Option<(usize, Value)>,
}

impl Page {
    fn push(&mut self, text: &str, at: usize, scope: &mut Scope<'_>) -> Result<(), Fault> {
        scope.at(at, |scope| {
            scope.budget.charge(text.len() / 16)?;
            scope.budget.output(self.out.len() + text.len())
        })?;
        self.out.push_str(text);
        Ok(())
    }
}

fn nodes(nodes: &[Node], scope: &mut Scope<'_>, page: &mut Page) -> Result<Flow, Fault> {
    for node in nodes {
        let flow = self::node(node, scope, page)?;
        if flow != Flow::Next {
            return Ok(flow);
        }
    }
    Ok(Flow::Next)
}

fn node(node: &Node, scope: &mut Scope<'_>, page: &mut Page) -> Result<Flow, Fault> {
    match node {
        // Text has no place of its own: only a loop can make it too much, and that is found at its start.
        Node::Text(text) => page.push(text, 0, scope)?,
        Node::Output(expression, filters) => {
            let mut value = scope.evaluate(expression)?;
            for filter in filters {
                let function = scope.evaluate(filter)?;
                value = scope.call(filter.at, &function, Arguments::one(value))?;
            }
            if is_macro(&value) {
                value = scope.call(expression.at, &value, Arguments::default())?;
            }
            match &value {
                Value::None => {}
                Value::Str(text) => page.push(text, expression.at, scope)?,
                _ => {
                    let text = scope.at(expression.at, |scope| text::str_of(&value, &mut scope.budget))?;
                    page.push(&text, expression.at, scope)?;
                }
            }
        }
        Node::If(branches) => {
            for branch in branches {
                let taken = match &branch.condition {
                    Some(condition) => scope.evaluate(condition)?.is_true(),
                    None => true,
                };
                if taken {
                    scope.at(branch.at, |scope| scope.budget.enter())?;
                    let flow = nodes(&branch.body, scope, page)?;
                    scope.budget.leave();
                    return Ok(flow);
                }
            }
        }
        Node::For(each) => return turns(each, scope, page),
        Node::Assign(targets, expression) => {
            let value = scope.whole(expression)?;
            for target in targets {
                match target.names.as_slice() {
                    [name] if !target.unpacks => scope.assign(name, value.clone()),
                    names => scope.at(expression.at, |scope| scope.unpack(names, target.rest, &value))?,
                }
            }
        }
        Node::Evaluate(expression) => {
            scope.evaluate(expression)?;
        }
        Node::Default(name, expression) => {
            if scope.get(name).is_none() {
                let value = scope.whole(expression)?;
                scope.assign(name, value);
            }
        }
        Node::Define(def) => {
            let value: Value = Made::Macro(Arc::clone(def), scope.frame()).into();
            if let Some(defs) = &mut page.defs {
                defs.insert(&def.name, value.clone());
            }
            scope.assign(&def.name, value);
        }
        Node::Inherit(expression) => page.inherits = Some((expression.at, scope.evaluate(expression)?)),
        Node::Break => return Ok(Flow::Break),
        Node::Continue => return Ok(Flow::Continue),
    }
    Ok(Flow::Next)
}

fn turns(each: &For, scope: &mut Scope<'_>, page: &mut Page) -> Result<Flow, Fault> {
    let at = each.items.at;
    let value = scope.evaluate(&each.items)?;
    // The body may take from an iterator too, and what a `break` leaves is still there.
    let iterator = builtins::iterator(&value);
    let items = match iterator {
        Some(_) => Arc::default(),
        None => scope.at(at, |scope| builtins::shared_items(&value, &mut scope.budget))?,
    };
    let mut items = items.iter().cloned();
    scope.at(at, |scope| scope.budget.enter())?;
    while let Some(item) = iterator.map_or_else(|| items.next(), Items::next) {
        scope.at(at, |scope| scope.budget.charge(0))?;
        match each.names.as_slice() {
            [name] => scope.assign(name, item),
            names => scope.at(at, |scope| scope.unpack(names, None, &item))?,
        }
        if nodes(&each.body, scope, page)? == Flow::Break {
            break;
        }
    }
    scope.budget.leave();
    Ok(Flow::Next)
}
