//! Rendering with what a template inherits.

use std::cell::RefCell;
use std::path::{Component, Path, PathBuf};

use firstlight_preseed::{Context, Limits, Template, bundled};

use super::{TemplatesError, read};

/// Renders a template; what it inherits lies in one of the directories, or is bundled.
pub(crate) fn render(
    template: &Template,
    context: &Context,
    directories: &[PathBuf],
) -> Result<String, TemplatesError> {
    // That a file is there and cannot be used is more than that there is none.
    let fault = RefCell::new(None);
    let parent = |name: &str| {
        find(name, directories).unwrap_or_else(|error| {
            fault.borrow_mut().get_or_insert(error);
            None
        })
    };
    let rendered = template.render_inheriting(context, &Limits::default(), &parent);
    match fault.into_inner() {
        Some(error) => Err(error),
        None => Ok(rendered?),
    }
}

fn find(name: &str, directories: &[PathBuf]) -> Result<Option<Template>, TemplatesError> {
    let mut components = Path::new(name).components();
    if !matches!((components.next(), components.next()), (Some(Component::Normal(_)), None)) {
        return Ok(None);
    }
    let mut files = directories.iter().map(|directory| directory.join(name));
    match files.find(|file| file.symlink_metadata().is_ok_and(|entry| !entry.is_dir())) {
        Some(file) => read::template(&file).map(Some),
        None => Ok(bundled(name).map(|text| Template::parse(name, text)).transpose()?),
    }
}
