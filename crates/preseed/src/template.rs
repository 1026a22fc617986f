//! Templates: from text to a tree, and from a tree and a context to text.

mod check;
mod define;
mod lex;
mod parse;
mod render;
mod statement;

pub(crate) use define::Def;
pub(crate) use render::expand;

use std::sync::Arc;

use crate::error::Source;
use crate::evaluate::Scope;
use crate::expression::{Expression, Placed};
use crate::{Context, Finding, Limits, RenderError, TemplateError};

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
    source: Arc<Source>,
    nodes: Vec<Node>,
}

/// A part of a template.
#[derive(Clone, Debug, PartialEq)]
enum Node {
    Text(String),
    /// A value, and the filters that it goes through.
    Output(Expression, Vec<Expression>),
    If(Vec<Branch>),
    For(For),
    /// `py: name = …`; `a = b = …` has two targets.
    Assign(Vec<Target>, Expression),
    /// `py: …` without a name: only its errors matter.
    Evaluate(Expression),
    /// `default name = …`
    Default(Arc<str>, Expression),
    Define(Arc<Def>),
    Inherit(Expression),
    Break,
    Continue,
}

/// `if`, `elif`, or an `else` without a condition.
#[derive(Clone, Debug, PartialEq)]
struct Branch {
    at: usize,
    condition: Option<Expression>,
    body: Vec<Node>,
}

#[derive(Clone, Debug, PartialEq)]
struct For {
    names: Vec<Arc<str>>,
    items: Expression,
    body: Vec<Node>,
}

/// What is assigned to.
#[derive(Clone, Debug, PartialEq)]
struct Target {
    names: Vec<Arc<str>>,
    /// True for `a, b` and `a,`: the value is taken apart.
    unpacks: bool,
    /// Which of the names has a `*`, and takes what the others leave.
    rest: Option<usize>,
}

impl Template {
    /// Parses a template. The name is what errors call it.
    ///
    /// # Errors
    ///
    /// [`TemplateError`] with the place of the first fault in how the directives stand. A fault in an expression is told
    /// when a rendering gets there, as in MAAS, or by [`faults`](Self::faults).
    pub fn parse(name: &str, text: &str) -> Result<Self, TemplateError> {
        let source = Arc::new(Source { name: name.to_owned(), text: text.to_owned() });
        match lex::lex(text).and_then(|tokens| parse::parse(tokens, &source)) {
            Ok(nodes) => Ok(Self { source, nodes }),
            Err(fault) => {
                let Placed { at, problem, .. } = *fault.0;
                Err(TemplateError { location: source.location(at), problem })
            }
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

    /// Renders the template within the given limits. There are no others that it could inherit.
    ///
    /// # Errors
    ///
    /// As [`render`](Self::render).
    pub fn render_with(&self, context: &Context, limits: &Limits) -> Result<String, RenderError> {
        self.render_inheriting(context, limits, &|_| None)
    }

    /// Renders the template, and whichever it inherits: `{{inherit "generic"}}` asks `templates` for `generic`.
    ///
    /// ```
    /// use firstlight_preseed::{Context, Limits, Template};
    /// let own = Template::parse("own", "{{inherit 'frame'}}{{def title}}web01{{enddef}}body")?;
    /// let frame = Template::parse("frame", "<{{self.title()}}: {{self.body}}>")?;
    /// let templates = |name: &str| (name == "frame").then(|| frame.clone());
    /// let text = own.render_inheriting(&Context::new(), &Limits::default(), &templates)?;
    /// assert_eq!(text, "<web01: body>");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`render`](Self::render), and where there is no such template.
    pub fn render_inheriting(
        &self,
        context: &Context,
        limits: &Limits,
        templates: &dyn Fn(&str) -> Option<Self>,
    ) -> Result<String, RenderError> {
        let mut scope = Scope::new(context, *limits, templates);
        render::template(self, &mut scope).map_err(|fault| {
            let Placed { at, problem, source } = *fault.0;
            let location = source.as_ref().unwrap_or(&self.source).location(at);
            RenderError { location, problem }
        })
    }

    /// The expressions that cannot be read, in branches that are not taken too. There are 100 findings at most.
    ///
    /// ```
    /// use firstlight_preseed::{Context, Template};
    /// let template = Template::parse("curtin", "{{if debug}}\n{{release upper}}\n{{endif}}\n")?;
    /// assert_eq!(template.faults()[0].to_string(), "curtin:2:11: unexpected `upper` after an expression");
    /// assert_eq!(template.render(&Context::new().with("debug", false))?, "");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn faults(&self) -> Vec<Finding> {
        check::faults(self)
    }

    /// What rendering with this context's names would stumble over, in the order of the text and without rendering:
    /// [`faults`](Self::faults), names that are not defined, in branches that are not taken too, fields and keys that the context's values do not
    /// have, and what MAAS's engine does other than it reads. No finding of [`Level::Error`](crate::Level) means that no
    /// name is missing; values may still not fit. There are 100 findings at most.
    ///
    /// ```
    /// use firstlight_preseed::{Context, Template};
    /// let template = Template::parse("curtin", "{{if debug}}\n{{relase}}\n{{endif}}\n")?;
    /// let findings = template.check(&Context::new().with("debug", false).with("release", "noble"));
    /// assert_eq!(findings[0].to_string(), "curtin:2:3: `relase` is not defined; did you mean `release`?");
    /// # Ok::<(), firstlight_preseed::TemplateError>(())
    /// ```
    #[must_use]
    pub fn check(&self, context: &Context) -> Vec<Finding> {
        check::check(self, context)
    }

    /// The name that was given to [`parse`](Self::parse).
    #[must_use]
    pub fn name(&self) -> &str {
        &self.source.name
    }
}
