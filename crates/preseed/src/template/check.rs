//! What a rendering would stumble over, found without one: in every branch, for the names of a context.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Branch, Def, For, Node, Target, Template};
use crate::error::nearest;
use crate::expression::{Argument, Comprehension, Expression, Kind, Piece};
use crate::{Context, Finding, Level, Problem, Value, builtins, methods};

/// How many findings there are at most: who has more, has another kind of file.
const MAX_FINDINGS: usize = 100;
/// Expressions in expressions that are looked at; the default limits do not render deeper ones.
const MAX_DEPTH: u32 = 200;

pub(super) fn check(template: &Template, context: &Context) -> Vec<Finding> {
    let Check { found, faults, .. } = walk(template, context);
    let faults = faults.into_iter().map(|(at, problem)| (at, Level::Error, problem));
    findings(template, found.into_iter().chain(faults).collect())
}

pub(super) fn faults(template: &Template) -> Vec<Finding> {
    let found = walk(template, &Context::new()).faults.into_iter();
    findings(template, found.map(|(at, problem)| (at, Level::Error, problem)).collect())
}

fn walk<'a>(template: &'a Template, context: &'a Context) -> Check<'a> {
    let mut anywhere = BTreeSet::new();
    assigned(&template.nodes, &mut anywhere);
    let mut check = Check {
        context,
        known: BTreeMap::new(),
        log: Vec::new(),
        anywhere,
        in_def: false,
        depth: 0,
        found: Vec::new(),
        faults: Vec::new(),
    };
    check.nodes(&template.nodes);
    check
}

fn findings(template: &Template, mut found: Vec<Found>) -> Vec<Finding> {
    found.sort_by_key(|(at, ..)| *at);
    found.dedup();
    found.truncate(MAX_FINDINGS);
    let finding = |(at, level, problem)| Finding { location: template.source.location(at), level, problem };
    found.into_iter().map(finding).collect()
}

/// Whether a name that the template assigns has a value at a place.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Certainty {
    Sometimes,
    Always,
}

type Found = (usize, Level, Problem);
type Change = (Arc<str>, Option<Certainty>);

struct Check<'a> {
    context: &'a Context,
    known: BTreeMap<Arc<str>, Certainty>,
    /// Names that were assigned and what was known of them before, to come back to.
    log: Vec<Change>,
    /// Every name that is assigned outside of a `def`: when one is called, they may all have values.
    anywhere: BTreeSet<Arc<str>>,
    in_def: bool,
    depth: u32,
    found: Vec<Found>,
    /// What could not be read.
    faults: Vec<(usize, Problem)>,
}

impl<'a> Check<'a> {
    fn find(&mut self, at: usize, level: Level, problem: Problem) {
        if self.found.len() < MAX_FINDINGS {
            self.found.push((at, level, problem));
        }
    }

    fn assign(&mut self, name: &Arc<str>, certainty: Certainty) {
        let before = self.known.insert(Arc::clone(name), certainty);
        self.log.push((Arc::clone(name), before));
    }

    /// Runs, forgets what was assigned, and returns it.
    fn aside(&mut self, run: impl FnOnce(&mut Self)) -> BTreeMap<Arc<str>, Certainty> {
        let mark = self.log.len();
        run(self);
        let mut assigned = BTreeMap::new();
        for (name, before) in self.log.split_off(mark).into_iter().rev() {
            let after = match before {
                Some(before) => self.known.insert(Arc::clone(&name), before),
                None => self.known.remove(&name),
            };
            // The last assignment comes first here; earlier ones do not matter.
            if let Some(after) = after {
                assigned.entry(name).or_insert(after);
            }
        }
        assigned
    }

    fn nodes(&mut self, nodes: &'a [Node]) {
        for node in nodes {
            self.node(node);
        }
    }

    fn node(&mut self, node: &'a Node) {
        match node {
            Node::Text(_) | Node::Break | Node::Continue => {}
            Node::Output(value, filters) => {
                self.expression(value);
                filters.iter().for_each(|filter| self.expression(filter));
            }
            Node::If(branches) => self.branches(branches),
            Node::For(each) => self.turns(each),
            Node::Assign(targets, value) => {
                self.expression(value);
                targets.iter().flat_map(|target| &target.names).for_each(|name| self.assign(name, Certainty::Always));
            }
            Node::Evaluate(value) | Node::Inherit(value) => self.expression(value),
            Node::Default(name, value) => {
                let is_known = self.known.get(name) == Some(&Certainty::Always) || self.context.get(name).is_some();
                if !is_known {
                    self.expression(value);
                }
                self.assign(name, Certainty::Always);
            }
            Node::Define(def) => {
                self.assign(&def.name, Certainty::Always);
                self.def(def);
            }
        }
    }

    fn branches(&mut self, branches: &'a [Branch]) {
        let mut results = Vec::new();
        let mut is_complete = false;
        for branch in branches {
            if is_complete {
                self.find(branch.at, Level::Warning, Problem::Unreachable);
            }
            match &branch.condition {
                Some(condition) => self.expression(condition),
                None => is_complete = true,
            }
            results.push(self.aside(|check| check.nodes(&branch.body)));
        }
        let mut names: BTreeMap<Arc<str>, usize> = BTreeMap::new();
        for (name, certainty) in results.iter().flatten() {
            *names.entry(Arc::clone(name)).or_default() += usize::from(*certainty == Certainty::Always);
        }
        for (name, count) in names {
            self.merge(&name, is_complete && count == results.len());
        }
    }

    /// After a branch that may not have been taken, a name has a value if it has one either way.
    fn merge(&mut self, name: &Arc<str>, always: bool) {
        let before = self.known.get(name) == Some(&Certainty::Always) || self.context.get(name).is_some();
        self.assign(name, if always || before { Certainty::Always } else { Certainty::Sometimes });
    }

    fn turns(&mut self, each: &'a For) {
        self.expression(&each.items);
        let assigned = self.aside(|check| {
            each.names.iter().for_each(|name| check.assign(name, Certainty::Always));
            check.nodes(&each.body);
        });
        assigned.keys().for_each(|name| self.merge(name, false));
    }

    fn def(&mut self, def: &'a Def) {
        if let Some(name) = def.signature.forgotten() {
            let problem = Problem::Forgotten { def: def.name.to_string(), parameter: name.to_string() };
            self.find(def.at, Level::Warning, problem);
        }
        let was_in_def = std::mem::replace(&mut self.in_def, true);
        def.signature.defaults.iter().for_each(|(_, default)| self.expression(default));
        self.aside(|check| {
            def.signature.names().for_each(|name| check.assign(name, Certainty::Always));
            check.nodes(&def.body);
        });
        self.in_def = was_in_def;
    }

    fn expression(&mut self, expression: &'a Expression) {
        self.depth += 1;
        if self.depth <= MAX_DEPTH {
            self.kind(expression);
        }
        self.depth -= 1;
    }

    fn kind(&mut self, expression: &'a Expression) {
        let at = expression.at;
        match &expression.kind {
            Kind::Literal(_) => {}
            Kind::Fault(fault) if self.faults.len() < MAX_FINDINGS => self.faults.push((at, fault.0.problem.clone())),
            Kind::Fault(_) => {}
            Kind::Name(name) => self.name(at, name),
            Kind::List(items) | Kind::Tuple(items) | Kind::Set(items) => {
                items.iter().for_each(|item| self.expression(item));
            }
            Kind::Dict(entries) => entries.iter().for_each(|(key, value)| {
                self.expression(key);
                self.expression(value);
            }),
            Kind::Attribute(value, name) => {
                self.expression(value);
                self.attribute(at, value, name);
            }
            Kind::Index(value, index) => {
                self.expression(value);
                self.expression(index);
                self.key(at, value, index);
            }
            Kind::Slice(slice) => {
                self.expression(&slice.value);
                [&slice.from, &slice.to, &slice.step].into_iter().flatten().for_each(|part| self.expression(part));
            }
            Kind::Call(call) => {
                self.expression(&call.function);
                for argument in &call.arguments {
                    let (Argument::Positional(value)
                    | Argument::Named(_, value)
                    | Argument::All(value)
                    | Argument::AllNamed(value)) = argument;
                    self.expression(value);
                }
            }
            Kind::Text(pieces) => self.pieces(pieces),
            Kind::Lambda(lambda) => {
                lambda.parameters.iter().filter_map(|(_, default)| default.as_ref()).for_each(|d| self.expression(d));
                self.aside(|check| {
                    let names = lambda.parameters.iter().map(|(name, _)| name).chain(&lambda.rest).chain(&lambda.named);
                    names.for_each(|name| check.assign(name, Certainty::Always));
                    check.expression(&lambda.body);
                });
            }
            Kind::Comprehension(comprehension) => self.comprehension(comprehension),
            Kind::Unary(_, value) | Kind::Spread(value) => self.expression(value),
            Kind::And(left, right) | Kind::Or(left, right) | Kind::Binary(_, left, right) => {
                self.expression(left);
                self.expression(right);
            }
            Kind::Compare(first, rest) => {
                self.expression(first);
                rest.iter().for_each(|(_, value)| self.expression(value));
            }
            Kind::Conditional(conditional) => {
                self.expression(&conditional.condition);
                self.expression(&conditional.then);
                self.expression(&conditional.otherwise);
            }
        }
    }

    fn pieces(&mut self, pieces: &'a [Piece]) {
        for piece in pieces {
            if let Piece::Value(value, _, format) = piece {
                self.expression(value);
                self.pieces(format);
            }
        }
    }

    fn comprehension(&mut self, comprehension: &'a Comprehension) {
        self.aside(|check| {
            for turns in &comprehension.turns {
                check.expression(&turns.items);
                turns.names.iter().for_each(|name| check.assign(name, Certainty::Always));
                turns.conditions.iter().for_each(|condition| check.expression(condition));
            }
            check.expression(&comprehension.item);
            comprehension.value.iter().for_each(|value| check.expression(value));
        });
    }

    fn name(&mut self, at: usize, name: &Arc<str>) {
        match self.known.get(name) {
            Some(Certainty::Always) => return,
            Some(Certainty::Sometimes) => {
                if self.context.get(name).is_none() {
                    self.find(at, Level::Warning, Problem::Sometimes(name.to_string()));
                }
                return;
            }
            None => {}
        }
        // `self` is there where another template inherits this one.
        let is_known = self.context.get(name).is_some()
            || builtins::named(name).is_some()
            || matches!(&**name, "self" | "__template_name__")
            || (self.in_def && self.anywhere.contains(name));
        if !is_known {
            let known = self.context.names().chain(builtins::NAMES).chain(self.anywhere.iter().map(|name| &**name));
            let suggestion = nearest(name, known.filter(|known| *known != &**name));
            self.find(at, Level::Error, Problem::Undefined { name: name.to_string(), suggestion });
        }
    }

    /// The value of an expression, where it is the context's.
    fn value(&self, expression: &Expression) -> Option<&'a Value> {
        match &expression.kind {
            Kind::Name(name) if !self.known.contains_key(name) => self.context.get(name),
            Kind::Attribute(value, name) => match self.value(value)? {
                Value::Map(map) => map.get(name),
                _ => None,
            },
            Kind::Index(value, index) => match (self.value(value)?, &index.kind) {
                (Value::Map(map), Kind::Literal(Value::Str(key))) => map.get(key),
                _ => None,
            },
            _ => None,
        }
    }

    fn attribute(&mut self, at: usize, value: &Expression, name: &Arc<str>) {
        let Some(value) = self.value(value).filter(|value| !matches!(value, Value::None)) else { return };
        if let Some(problem) = methods::refused(value, name) {
            self.find(at, Level::Error, problem);
        } else if let Err(problem) = crate::evaluate::attribute(value, name) {
            self.find(at, Level::Error, problem);
        }
    }

    /// A key that is missing may have been asked for before: only a warning.
    fn key(&mut self, at: usize, value: &Expression, index: &Expression) {
        let Kind::Literal(Value::Str(key)) = &index.kind else { return };
        if let Some(Value::Map(map)) = self.value(value)
            && map.get(key).is_none()
        {
            let suggestion = nearest(key, map.keys());
            self.find(at, Level::Warning, Problem::Missing { of: "a dictionary", name: key.to_string(), suggestion });
        }
    }
}

/// The names that are assigned outside of `def`s.
fn assigned(nodes: &[Node], names: &mut BTreeSet<Arc<str>>) {
    for node in nodes {
        match node {
            Node::Assign(targets, _) => {
                names.extend(targets.iter().flat_map(|Target { names, .. }| names).cloned());
            }
            Node::Default(name, _) => {
                names.insert(Arc::clone(name));
            }
            Node::Define(def) => {
                names.insert(Arc::clone(&def.name));
            }
            Node::If(branches) => branches.iter().for_each(|branch| assigned(&branch.body, names)),
            Node::For(each) => {
                names.extend(each.names.iter().cloned());
                assigned(&each.body, names);
            }
            _ => {}
        }
    }
}
