//! Showing the parts of a value, for people and for programs.

use core::fmt;

use super::error::OptionError;

/// What a printer's methods give back.
pub type Written = fmt::Result;

/// A value that can show its parts.
pub trait Describe {
    /// Shows them.
    ///
    /// # Errors
    /// The printer could not write.
    fn describe(&self, out: &mut dyn Printer) -> Written;
}

/// Is shown the parts of a value, one after the other. `Display` is one printer; JSON is another that is easily made.
///
/// Between [`Printer::begin_list`] and [`Printer::end`] come the elements, between [`Printer::begin_record`] and the
/// end come fields with a value each, and a sub-option is one value or an error and an end.
#[expect(clippy::missing_errors_doc, reason = "every method fails when the printer cannot write, and only then")]
pub trait Printer {
    /// A number; the unit is empty or such as `s`.
    fn number(&mut self, value: i64, unit: &'static str) -> Written;
    /// Yes or no.
    fn flag(&mut self, value: bool) -> Written;
    /// A name, an address, a word.
    fn text(&mut self, value: &dyn fmt::Display) -> Written;
    /// What nobody interprets.
    fn bytes(&mut self, value: &[u8]) -> Written;
    /// Trouble where a value should be.
    fn error(&mut self, error: &OptionError) -> Written;
    /// Elements follow.
    fn begin_list(&mut self) -> Written;
    /// Fields follow.
    fn begin_record(&mut self) -> Written;
    /// A field's value follows.
    fn field(&mut self, name: &'static str) -> Written;
    /// A sub-option's value follows.
    fn begin_sub_option(&mut self, code: u32, name: Option<&'static str>) -> Written;
    /// The list, record or sub-option that was begun last is complete.
    fn end(&mut self) -> Written;
}

/// Shows a part that has a code and perhaps a name: what it says, or what is wrong with it.
pub(crate) fn part(
    out: &mut dyn Printer,
    (code, name): (u32, Option<&'static str>),
    value: &Result<impl Describe, OptionError>,
) -> Written {
    out.begin_sub_option(code, name)?;
    match value {
        Ok(value) => value.describe(out)?,
        Err(error) => out.error(error)?,
    }
    out.end()
}

/// `{}` prints one line, `{:#}` a line for each sub-option.
pub(crate) fn display(value: &dyn Describe, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let lines = f.alternate();
    value.describe(&mut Text { f, lines, frames: [Frame::default(); DEPTH], depth: 0 })
}

/// Nothing here nests deeper.
const DEPTH: usize = 12;

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Kind {
    #[default]
    List,
    Record,
    SubOption,
}

#[derive(Clone, Copy, Default)]
struct Frame {
    kind: Kind,
    /// Whether the list or record is between brackets.
    closed: bool,
    started: bool,
}

struct Text<'f, 'b> {
    f: &'f mut fmt::Formatter<'b>,
    lines: bool,
    frames: [Frame; DEPTH],
    depth: usize,
}

impl Text<'_, '_> {
    fn top(&mut self) -> Option<&mut Frame> {
        self.depth.checked_sub(1).and_then(|top| self.frames.get_mut(top))
    }

    fn open(&mut self, kind: Kind, closed: bool) {
        if let Some(frame) = self.frames.get_mut(self.depth) {
            *frame = Frame { kind, closed, started: false };
        }
        self.depth += 1;
    }

    /// Writes what stands between this value and the one before it.
    fn separate(&mut self, separator: &str) -> Written {
        match self.top() {
            Some(Frame { kind: Kind::List, started: started @ false, .. }) => *started = true,
            Some(Frame { kind: Kind::List, .. }) => self.f.write_str(separator)?,
            _ => {}
        }
        Ok(())
    }

    fn in_record(&mut self) -> bool {
        self.top().is_some_and(|frame| frame.kind == Kind::Record)
    }
}

impl Printer for Text<'_, '_> {
    fn number(&mut self, value: i64, unit: &'static str) -> Written {
        self.separate(", ")?;
        let blank = if unit.is_empty() { "" } else { " " };
        write!(self.f, "{value}{blank}{unit}")
    }

    fn flag(&mut self, value: bool) -> Written {
        self.separate(", ")?;
        write!(self.f, "{value}")
    }

    fn text(&mut self, value: &dyn fmt::Display) -> Written {
        self.separate(", ")?;
        write!(self.f, "{value}")
    }

    fn bytes(&mut self, value: &[u8]) -> Written {
        self.separate(", ")?;
        let printable = value.iter().all(|byte| (b' '..=b'~').contains(byte));
        match str::from_utf8(value) {
            Ok(text) if printable && !text.is_empty() => write!(self.f, "{text:?}"),
            _ => {
                self.f.write_str("0x")?;
                value.iter().try_for_each(|byte| write!(self.f, "{byte:02x}"))
            }
        }
    }

    fn error(&mut self, error: &OptionError) -> Written {
        self.separate(", ")?;
        write!(self.f, "malformed: {}", error.kind())
    }

    fn begin_list(&mut self) -> Written {
        let closed = self.in_record();
        self.separate("; ")?;
        self.open(Kind::List, closed);
        if closed { self.f.write_str("[") } else { Ok(()) }
    }

    fn begin_record(&mut self) -> Written {
        let closed = self.in_record();
        self.separate("; ")?;
        self.open(Kind::Record, closed);
        if closed { self.f.write_str("[") } else { Ok(()) }
    }

    fn field(&mut self, name: &'static str) -> Written {
        let first = self.top().is_some_and(|frame| !core::mem::replace(&mut frame.started, true));
        let comma = if first { "" } else { ", " };
        write!(self.f, "{comma}{name} ")
    }

    fn begin_sub_option(&mut self, code: u32, name: Option<&'static str>) -> Written {
        if self.lines {
            self.separate("")?;
            let outer = self.frames.iter().take(self.depth).filter(|frame| frame.kind == Kind::SubOption).count();
            write!(self.f, "\n{:width$}", "", width = 4 * (outer + 1))?;
        } else {
            self.separate("; ")?;
        }
        self.open(Kind::SubOption, false);
        match name {
            Some(name) => write!(self.f, "{name} ({code}): "),
            None => write!(self.f, "{code}: "),
        }
    }

    fn end(&mut self) -> Written {
        let closed = self.top().is_some_and(|frame| frame.closed);
        self.depth = self.depth.saturating_sub(1);
        if closed { self.f.write_str("]") } else { Ok(()) }
    }
}
