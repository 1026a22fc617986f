//! The stages of an installation, and which of them run.

use std::collections::BTreeSet;

use super::{Config, Context};
use crate::problem::Problem;
use crate::steps;
use crate::value::{Mapping, Node, Value};

/// The stages that run unless `stages` names others.
const STAGES: &[&str] = &["early", "partitioning", "network", "extract", "curthooks", "hook", "late"];

/// Whether a stage runs; a section that cannot be read stops curtin by itself.
pub(crate) fn runs(stages: Option<&Node>, stage: &str) -> bool {
    match stages {
        Some(node) => stage_list(node).is_none_or(|stages| stages.iter().any(|name| name == stage)),
        None => STAGES.contains(&stage),
    }
}

pub(super) fn stage_names(cx: &mut Context, node: &Node) -> Option<Vec<String>> {
    let stages = stage_list(node);
    if stages.is_none() {
        cx.problem(Problem::bad_type("stages", node, "a list of stages").remedy("leave it out"));
    }
    if node.as_str().is_some() {
        let message = "every letter of a text is taken for a stage, so nothing is installed";
        cx.warning(
            "odd-type",
            "stages",
            node.span,
            message,
            "write [early, partitioning, network, extract, curthooks, hook, late]",
        );
    }
    if let Some(at) = stages.as_deref().and_then(steps::out_of_order) {
        let span = node.as_sequence().and_then(|items| items.get(at)).map_or(node.span, |item| item.span);
        let message = "this stage runs twice, or after one that needs what it does";
        cx.problem(Problem::error("stage-order", "stages", span, message));
    }
    stages
}

/// What Python's loop over them sees.
fn stage_list(node: &Node) -> Option<Vec<String>> {
    match &node.value {
        Value::Sequence(items) | Value::Set(items) => Some(items.iter().filter_map(Node::to_text).collect()),
        Value::String(text) => Some(text.chars().map(String::from).collect()),
        Value::Mapping(mapping) => Some(mapping.iter().filter_map(|(key, _)| key.to_text()).collect()),
        _ => None,
    }
}

/// Commands of stages that do not run, and stages that have none.
pub(super) fn check_stages(cx: &mut Context, config: &Config, root: &Mapping) {
    let stages: BTreeSet<&str> = match &config.stages {
        Some(stages) => stages.iter().map(String::as_str).collect(),
        None => STAGES.iter().copied().collect(),
    };
    for (key, _) in root.iter() {
        let Some(stage) = key.as_str().and_then(|name| name.strip_suffix("_commands")) else { continue };
        if stages.contains(stage) || stage == "apply_net" {
            continue;
        }
        let name = format!("{stage}_commands");
        let problem = Problem::warning(
            "stage-not-run",
            name,
            key.span,
            format!("there is no stage {stage} that would run these"),
        );
        let names: Vec<&str> = stages.iter().copied().take(100).collect();
        cx.unknown(problem, stage, &names);
    }
}
