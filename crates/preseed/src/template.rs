//! Templates: from text to a tree, and from a tree and a context to text.

mod lex;
mod parse;
mod render;

use crate::error::Location;
use crate::evaluate::Scope;
use crate::expression::{Expression, Fault};
use crate::{Context, Limits, RenderError, TemplateError};

/// A parsed template.
///
/// ```
/// use firstlight_preseed::{Context, Template};
/// let error = Template::parse("curtin", "a: 1\nb: {{if x}}\n").unwrap_err();
/// assert_eq!(error.to_string(), "curtin:2:6: `if` without `endif`");
/// let template = Template::parse("curtin", "{{nod.hostname}}")?;
/// let error = template.render(&Context::new().with("node", "web01")).unwrap_err();
/// assert_eq!(error.to_string(), "curtin:1:3: `nod` is not defined; did you mean `node`?");
/// assert_eq!(error.location.source_line, "{{nod.hostname}}");
/// # Ok::<(), firstlight_preseed::TemplateError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    name: String,
    text: String,
    nodes: Vec<Node>,
}

/// A part of a template.
#[derive(Clone, Debug, PartialEq)]
enum Node {
    Text(String),
    Output(Expression),
    If(Vec<Branch>),
    For(For),
    /// `py: name = …`
    Assign(Vec<String>, Expression),
    /// `default name = …`
    Default(String, Expression),
    Break,
    Continue,
}

/// `if`, `elif`, or an `else` without a condition.
#[derive(Clone, Debug, PartialEq)]
struct Branch {
    condition: Option<Expression>,
    body: Vec<Node>,
}

#[derive(Clone, Debug, PartialEq)]
struct For {
    names: Vec<String>,
    items: Expression,
    body: Vec<Node>,
}

impl Template {
    /// Parses a template. The name is what errors call it.
    ///
    /// # Errors
    ///
    /// [`TemplateError`] with the place of the first fault.
    pub fn parse(name: &str, text: &str) -> Result<Self, TemplateError> {
        match lex::lex(text).and_then(|tokens| parse::parse(tokens, text.len())) {
            Ok(nodes) => Ok(Self { name: name.to_owned(), text: text.to_owned(), nodes }),
            Err(Fault { at, problem }) => Err(TemplateError { location: Location::of(name, text, at).into(), problem }),
        }
    }

    /// Renders the template within the default [`Limits`].
    ///
    /// # Errors
    ///
    /// [`RenderError`] with the place where a name is missing, values do not fit, or a limit is reached.
    pub fn render(&self, context: &Context) -> Result<String, RenderError> {
        self.render_with(context, &Limits::default())
    }

    /// Renders the template within the given limits.
    ///
    /// # Errors
    ///
    /// As [`render`](Self::render).
    pub fn render_with(&self, context: &Context, limits: &Limits) -> Result<String, RenderError> {
        let mut scope = Scope::new(context, *limits);
        let mut out = String::new();
        match render::nodes(&self.nodes, &mut scope, &mut out) {
            Ok(_) => Ok(out),
            Err(Fault { at, problem }) => {
                Err(RenderError { location: Location::of(&self.name, &self.text, at).into(), problem })
            }
        }
    }

    /// The name that was given to [`parse`](Self::parse).
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}
