//! Preseed lookup and the template language of MAAS: bring your templates, unchanged.
//!
//! * [`candidates`] lists the file names under which a machine's template may lie, the most specific first;
//!   [`explain`] says which one is used, and what it hides.
//! * [`Template`] is the Tempita language that such templates are written in: expressions, filters, `if`, `for`, `def`,
//!   `inherit`, `default`, `py:` assignments and the rule that a directive alone on its line takes the line with it.
//!   There is no way to run Python: a small evaluator with limits on steps, depth and output.
//! * [`bundled`] has a template of our own for each purpose, for who has none.
//! * [`debconf`] reads, writes and checks the preseed files of debian-installer.
//! * [`Value`] and [`Context`] are what a template sees, built from plain values; [`Variables`] has the names of MAAS.
//!
//! The crate never opens a file, reads a clock or draws a random number. Any text gives a template or an error with
//! file, line and column; any template gives a text or an error, in bounded time and memory.
//!
//! ```
//! use firstlight_preseed::{Context, Template, Value};
//!
//! let template = Template::parse("hosts", "{{for node in nodes}}\n{{node.ip}} {{node.name|escape.shell}}\n{{endfor}}\n")?;
//! let node = Value::map([("ip", "10.0.0.7"), ("name", "web01")]);
//! let text = template.render(&Context::new().with("nodes", Value::list([node])))?;
//! assert_eq!(text, "10.0.0.7 web01\n");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod arguments;
mod budget;
mod builtins;
mod bundled;
mod context;
pub mod debconf;
mod error;
mod escape;
mod evaluate;
mod explain;
mod expression;
mod format;
mod lookup;
mod map;
mod methods;
mod object;
mod operators;
mod percent;
mod template;
mod text;
mod value;

pub use bundled::{BUNDLED, bundled};
pub use context::{Context, Disk, Installation, Interface, Machine, Node, Server, Variables};
pub use error::{Finding, Level, Location, Problem, RenderError, TemplateError};
pub use evaluate::Limits;
pub use explain::{Explanation, Shadow, Tried, explain};
pub use lookup::{LookupKey, candidates};
pub use map::Map;
pub use object::Object;
pub use template::Template;
pub use value::Value;

/// The README's example is a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
