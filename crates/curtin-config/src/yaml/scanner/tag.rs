//! Names, tags and directives.

use super::Scanner;
use crate::yaml::cursor::{Refusal, ends_line, ends_token, is_blank};
use crate::yaml::token::Kind;

const fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_')
}

impl<'a> Scanner<'a> {
    /// What stands behind `&` or `*`.
    pub(super) fn name(&mut self) -> Result<&'a str, Refusal> {
        let mark = self.cursor.mark;
        self.cursor.skip();
        let name = self.cursor.take_until(|c| !is_name(c));
        let end = self.cursor.peek();
        if name.is_empty() || !(is_blank(end) || matches!(end, '?' | ':' | ',' | ']' | '}' | '%' | '@' | '`')) {
            return Err(Refusal::new(mark, "an anchor is named with letters, digits, - and _ only").code("anchor-name"));
        }
        Ok(name)
    }

    pub(super) fn tag(&mut self) -> Result<Kind<'a>, Refusal> {
        let kind = match self.cursor.peek_second() {
            '<' => {
                self.cursor.skip_many(2);
                let tag = self.uri()?;
                if !self.cursor.eat('>') {
                    return Err(Refusal::new(self.cursor.mark, "the > of this tag is missing"));
                }
                Kind::Tag(None, tag)
            }
            c if is_blank(c) => {
                self.cursor.skip();
                Kind::Tag(None, "!".to_owned())
            }
            _ => {
                let has_handle = self.cursor.rest().chars().skip(1).take_while(|c| !ends_token(*c)).any(|c| c == '!');
                let handle = if has_handle { self.tag_handle()? } else { self.primary_handle() };
                Kind::Tag(Some(handle), self.uri()?)
            }
        };
        if !ends_token(self.cursor.peek()) {
            return Err(Refusal::new(self.cursor.mark, "a space is needed behind a tag")
                .remedy("add it, or put the text in quotes"));
        }
        Ok(kind)
    }

    fn primary_handle(&mut self) -> &'a str {
        let handle = self.cursor.rest().get(..1).unwrap_or_default();
        self.cursor.skip();
        handle
    }

    /// `!`, `!!` or `!name!`.
    fn tag_handle(&mut self) -> Result<&'a str, Refusal> {
        let rest = self.cursor.rest();
        if !self.cursor.eat('!') {
            return Err(Refusal::new(self.cursor.mark, "a handle of tags begins with !")
                .remedy("write %TAG ! and a prefix, or leave the line out"));
        }
        if self.cursor.peek() == ' ' {
            return Ok(rest.get(..1).unwrap_or_default());
        }
        let name = self.cursor.take_until(|c| !is_name(c));
        if !self.cursor.eat('!') {
            return Err(Refusal::new(self.cursor.mark, "a handle of tags ends with !").remedy("add the !"));
        }
        Ok(rest.get(..name.len() + 2).unwrap_or_default())
    }

    fn uri(&mut self) -> Result<String, Refusal> {
        let mark = self.cursor.mark;
        let raw = self.cursor.take_until(|c| {
            !(c.is_ascii_alphanumeric()
                || matches!(c, '-' | ';' | '/' | '?' | ':' | '@' | '&' | '=' | '+' | '$' | ',' | '_' | '.')
                || matches!(c, '!' | '~' | '*' | '\'' | '(' | ')' | '[' | ']' | '%'))
        });
        let uri = if raw.contains('%') { unescaped(raw) } else { Some(raw.to_owned()) };
        uri.filter(|uri| !uri.is_empty()).ok_or_else(|| Refusal::new(mark, "this is no tag"))
    }

    pub(super) fn directive_kind(&mut self) -> Result<Kind<'a>, Refusal> {
        self.cursor.skip();
        let mark = self.cursor.mark;
        let name = self.cursor.take_until(|c| !is_name(c));
        if name.is_empty() || !ends_token(self.cursor.peek()) {
            return Err(Refusal::new(mark, "this is no directive").remedy("put the text in quotes"));
        }
        let kind = match name {
            "YAML" => self.version()?,
            "TAG" => self.tag_prefix()?,
            _ => {
                self.cursor.take_until(ends_line);
                Kind::Directive
            }
        };
        self.cursor.finish_line()?;
        Ok(kind)
    }

    fn version(&mut self) -> Result<Kind<'a>, Refusal> {
        self.cursor.skip_spaces();
        let mark = self.cursor.mark;
        let major = self.cursor.take_until(|c| !c.is_ascii_digit());
        let dot = self.cursor.eat('.');
        let minor = self.cursor.take_until(|c| !c.is_ascii_digit());
        if major.is_empty() || !dot || minor.is_empty() || !ends_token(self.cursor.peek()) {
            return Err(
                Refusal::new(mark, "the version of YAML is 1.1").remedy("write %YAML 1.1, or leave the line out")
            );
        }
        Ok(Kind::Version(major.parse().unwrap_or(u32::MAX)))
    }

    fn tag_prefix(&mut self) -> Result<Kind<'a>, Refusal> {
        self.cursor.skip_spaces();
        let handle = self.tag_handle()?;
        if self.cursor.peek() != ' ' {
            return Err(Refusal::new(self.cursor.mark, "a prefix is needed behind the handle")
                .remedy("write %TAG ! tag:yaml.org,2002: or the like, or leave the line out"));
        }
        self.cursor.skip_spaces();
        let prefix = self.uri()?;
        if !ends_token(self.cursor.peek()) {
            return Err(Refusal::new(self.cursor.mark, "a space is needed behind the prefix").remedy("add it"));
        }
        Ok(Kind::TagPrefix(handle, prefix))
    }
}

/// `%41` is `A`.
fn unescaped(raw: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(raw.len());
    let mut pieces = raw.split('%');
    bytes.extend_from_slice(pieces.next()?.as_bytes());
    for piece in pieces {
        let digits = piece.get(..2).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        bytes.extend_from_slice(piece.get(2..)?.as_bytes());
    }
    String::from_utf8(bytes).ok()
}
