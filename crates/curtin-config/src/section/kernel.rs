//! The kernel, and what is kept of it when it crashes.

use super::Keys;
use crate::config::Context;
use crate::problem::Problem;
use crate::value::{Mapping, Node, Value};

/// The `kernel` section.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Kernel {
    /// The package to install.
    pub package: Option<String>,
    /// The package when nothing else is found: `linux-generic` unless said otherwise.
    pub fallback_package: Option<String>,
    /// From releases to kernel versions to suffixes of package names.
    pub mapping: Mapping,
    /// Whether a kernel is installed at all. True unless said otherwise.
    pub install: Option<bool>,
    /// Which kernels are removed afterwards.
    pub remove: Option<RemoveKernels>,
    /// What curtin does not know.
    pub rest: Mapping,
}

/// Kernels that are removed from the installed system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RemoveKernels {
    /// All that the image brought.
    Existing,
    /// These packages.
    Packages(Vec<String>),
}

impl Kernel {
    /// Null stands for no kernel at all.
    pub(crate) fn read(cx: &mut Context, node: &Node) -> Option<Self> {
        if node.is_null() {
            return Some(Self { install: Some(false), ..Self::default() });
        }
        let mut keys = Keys::new(cx, "kernel", node)?.dashes();
        let package =
            if keys.get("package").is_some_and(|node| !node.is_null()) { keys.strict_text("package") } else { None };
        let kernel = Self {
            package,
            fallback_package: keys.strict_text("fallback_package"),
            mapping: mapping(&mut keys),
            install: keys.flag("install"),
            remove: remove(&mut keys),
            rest: Mapping::default(),
        };
        Some(Self { rest: keys.rest(), ..kernel })
    }
}

fn mapping(keys: &mut Keys<'_>) -> Mapping {
    let Some(node) = keys.get("mapping") else { return Mapping::default() };
    if node.as_mapping().is_none() {
        let problem = Problem::bad_type(keys.path("mapping"), node, "a mapping of releases");
        keys.cx.problem(problem.remedy("write `mapping: {noble: {6.8.0: -my-suffix}}`"));
    }
    node.as_mapping().cloned().unwrap_or_default()
}

fn remove(keys: &mut Keys<'_>) -> Option<RemoveKernels> {
    let node = keys.get("remove")?;
    match &node.value {
        Value::Null => None,
        Value::String(word) if word == "existing" => Some(RemoveKernels::Existing),
        Value::String(_) => {
            keys.warning(
                "odd-value",
                "remove",
                node.span,
                "curtin removes nothing for this word",
                "write existing, or a list",
            );
            None
        }
        Value::Sequence(items) => {
            for (at, item) in items.iter().enumerate().filter(|(_, item)| item.as_str().is_none()) {
                keys.bad_type(&format!("remove[{at}]"), item, "text");
            }
            Some(RemoveKernels::Packages(items.iter().filter_map(Node::as_str).map(str::to_owned).collect()))
        }
        _ => {
            keys.bad_type("remove", node, "a list of packages or the word existing");
            None
        }
    }
}

/// The `kernel-crash-dumps` section.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KernelCrashDumps {
    /// On, off, or as kdump-tools decides.
    pub enabled: Option<bool>,
    /// What curtin does not know.
    pub rest: Mapping,
}

impl KernelCrashDumps {
    pub(crate) fn read(cx: &mut Context, node: &Node) -> Option<Self> {
        let mut keys = Keys::new(cx, "kernel-crash-dumps", node)?;
        let enabled = if keys.get("enabled").is_some_and(|node| !node.is_null()) { keys.flag("enabled") } else { None };
        Some(Self { enabled, rest: keys.rest() })
    }
}
