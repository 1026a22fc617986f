//! From a tree to text.

use super::{For, Node};
use crate::evaluate::Scope;
use crate::expression::Fault;
use crate::{builtins, text};

/// How a block ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    Next,
    Break,
    Continue,
}

pub(super) fn nodes<'a>(nodes: &'a [Node], scope: &mut Scope<'a>, out: &mut String) -> Result<Flow, Fault> {
    for node in nodes {
        let flow = self::node(node, scope, out)?;
        if flow != Flow::Next {
            return Ok(flow);
        }
    }
    Ok(Flow::Next)
}

fn node<'a>(node: &'a Node, scope: &mut Scope<'a>, out: &mut String) -> Result<Flow, Fault> {
    match node {
        Node::Text(text) => {
            // Text has no place of its own: only a loop can make it too much, and that is found at its start.
            let fault = |problem| Fault { at: 0, problem };
            scope.budget.charge(text.len() / 16).map_err(fault)?;
            scope.budget.output(out.len() + text.len()).map_err(fault)?;
            out.push_str(text);
        }
        Node::Output(expression) => {
            let value = scope.evaluate(expression)?;
            let fault = |problem| Fault { at: expression.at, problem };
            let text = text::output(&value, &mut scope.budget).map_err(fault)?;
            scope.budget.output(out.len() + text.len()).map_err(fault)?;
            out.push_str(&text);
        }
        Node::If(branches) => {
            for branch in branches {
                let taken = match &branch.condition {
                    Some(condition) => scope.evaluate(condition)?.is_true(),
                    None => true,
                };
                if taken {
                    return nodes(&branch.body, scope, out);
                }
            }
        }
        Node::For(each) => return turns(each, scope, out),
        Node::Assign(names, expression) => {
            let value = scope.evaluate(expression)?;
            scope.unpack(names, value).map_err(|problem| Fault { at: expression.at, problem })?;
        }
        Node::Default(name, expression) => {
            if scope.get(name).is_none() {
                let value = scope.evaluate(expression)?;
                scope.assign(name, value);
            }
        }
        Node::Break => return Ok(Flow::Break),
        Node::Continue => return Ok(Flow::Continue),
    }
    Ok(Flow::Next)
}

fn turns<'a>(each: &'a For, scope: &mut Scope<'a>, out: &mut String) -> Result<Flow, Fault> {
    let at = each.items.at;
    let fault = |problem| Fault { at, problem };
    let value = scope.evaluate(&each.items)?;
    let items = builtins::items(&value, &mut scope.budget).map_err(fault)?;
    for item in items {
        scope.budget.charge(0).map_err(fault)?;
        scope.unpack(&each.names, item).map_err(fault)?;
        if nodes(&each.body, scope, out)? == Flow::Break {
            break;
        }
    }
    Ok(Flow::Next)
}
