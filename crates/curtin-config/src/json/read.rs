//! JSON text as Python's `json.loads` reads it: NaN and the infinities are numbers, and an integer has no limit but ours.

use std::collections::BTreeMap;

use crate::big::Big;
use crate::problem::Span;
use crate::value::{Mapping, Node, Value};
use crate::yaml::MAX_DEPTH;

/// Why a text is no JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} at character {}", place + 1)]
pub(crate) struct BadJson {
    message: &'static str,
    /// How many characters stand before it.
    place: usize,
}

/// Reads JSON text; every value gets the same span. It will stand inside of `depth` mappings.
pub(crate) fn parse(text: &str, span: Span, depth: usize) -> Result<Node, BadJson> {
    let mut reader = Reader { rest: text, length: text.chars().count(), span };
    let node = reader.value(depth)?;
    reader.blanks();
    if reader.rest.is_empty() { Ok(node) } else { Err(reader.bad("something stands behind the value")) }
}

struct Reader<'a> {
    rest: &'a str,
    length: usize,
    span: Span,
}

impl<'a> Reader<'a> {
    fn bad(&self, message: &'static str) -> BadJson {
        self.bad_at(self.rest, message)
    }

    /// As [`bad`](Self::bad), at an earlier place.
    fn bad_at(&self, rest: &str, message: &'static str) -> BadJson {
        BadJson { message, place: self.length - rest.chars().count() }
    }

    fn blanks(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
    }

    fn eat(&mut self, start: &str) -> bool {
        let rest = self.rest.strip_prefix(start);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// A separator, and blanks on both sides of it.
    fn eat_separator(&mut self, separator: &str) -> bool {
        self.blanks();
        let found = self.eat(separator);
        self.blanks();
        found
    }

    fn value(&mut self, depth: usize) -> Result<Node, BadJson> {
        if depth >= MAX_DEPTH {
            return Err(self.bad("this is nested too deeply"));
        }
        self.blanks();
        let value = match self.rest.chars().next() {
            Some('"') => Value::String(self.string()?),
            Some('[') => self.list(depth)?,
            Some('{') => self.mapping(depth)?,
            _ => self.word()?,
        };
        Ok(Node::new(value, self.span))
    }

    fn list(&mut self, depth: usize) -> Result<Value, BadJson> {
        self.eat("[");
        let mut items = Vec::new();
        if self.eat_separator("]") {
            return Ok(Value::Sequence(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            if self.eat_separator("]") {
                return Ok(Value::Sequence(items));
            }
            if !self.eat(",") {
                return Err(self.bad("a comma or ] is missing"));
            }
        }
    }

    /// Of a key that stands twice, the last value counts and the first place.
    fn mapping(&mut self, depth: usize) -> Result<Value, BadJson> {
        self.eat("{");
        let mut entries: Vec<(Node, Node)> = Vec::new();
        let mut places = BTreeMap::new();
        if self.eat_separator("}") {
            return Ok(Value::Mapping(Mapping { entries }));
        }
        loop {
            self.blanks();
            let key = self.string()?;
            if !self.eat_separator(":") {
                return Err(self.bad("a colon is missing"));
            }
            let value = self.value(depth + 1)?;
            let place = *places.entry(key.clone()).or_insert(entries.len());
            match entries.get_mut(place) {
                Some(entry) => entry.1 = value,
                None => entries.push((Node::new(Value::String(key), self.span), value)),
            }
            if self.eat_separator("}") {
                return Ok(Value::Mapping(Mapping { entries }));
            }
            if !self.eat(",") {
                return Err(self.bad("a comma or } is missing"));
            }
        }
    }

    fn string(&mut self) -> Result<String, BadJson> {
        if !self.eat("\"") {
            return Err(self.bad("a text in double quotes is missing"));
        }
        let mut text = String::new();
        loop {
            let end = self.rest.find(|c: char| c == '"' || c == '\\' || c < ' ').unwrap_or(self.rest.len());
            let (plain, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, ""));
            text.push_str(plain);
            self.rest = rest;
            if self.eat("\"") {
                return Ok(text);
            }
            if !self.eat("\\") {
                return Err(self.bad("the closing quote is missing, or a control character stands in the text"));
            }
            text.push(self.escape()?);
        }
    }

    fn escape(&mut self) -> Result<char, BadJson> {
        let start = self.rest;
        self.escaped().ok_or_else(|| self.bad_at(start, "there is no such escape sequence, or half of a pair"))
    }

    fn escaped(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let c = chars.next()?;
        self.rest = chars.as_str();
        Some(match c {
            '"' | '\\' | '/' => c,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let mut code = self.hex()?;
                if (0xd800..0xdc00).contains(&code) && self.eat("\\u") {
                    let low = self.hex().filter(|low| (0xdc00..0xe000).contains(low))?;
                    code = 0x1_0000 + ((code - 0xd800) << 10) + (low - 0xdc00);
                }
                char::from_u32(code)?
            }
            _ => return None,
        })
    }

    fn hex(&mut self) -> Option<u32> {
        let (digits, rest) = self.rest.split_at_checked(4)?;
        self.rest = rest;
        let good = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        good.then(|| u32::from_str_radix(digits, 16).ok()).flatten()
    }

    /// A number, or one of the words that stand for a value.
    fn word(&mut self) -> Result<Value, BadJson> {
        for (word, value) in [
            ("null", Value::Null),
            ("true", Value::Bool(true)),
            ("false", Value::Bool(false)),
            ("NaN", Value::Float(f64::NAN)),
            ("Infinity", Value::Float(f64::INFINITY)),
            ("-Infinity", Value::Float(f64::NEG_INFINITY)),
        ] {
            if self.eat(word) {
                return Ok(value);
            }
        }
        let (length, is_whole) = number(self.rest).ok_or_else(|| self.bad("a value is missing"))?;
        let (digits, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, ""));
        let value = match is_whole {
            true => digits.parse().ok().map(Value::Int).or_else(|| big(digits)),
            false => digits.parse().ok().map(Value::Float),
        };
        let value = value.ok_or_else(|| self.bad("this number is too large"))?;
        self.rest = rest;
        Ok(value)
    }
}

fn big(digits: &str) -> Option<Value> {
    let (negative, digits) = digits.strip_prefix('-').map_or((false, digits), |digits| (true, digits));
    Big::from_digits(digits, 10)?.text(negative).map(Value::BigInt)
}

/// How long the number is that the text begins with, and whether it has neither a point nor an exponent.
fn number(text: &str) -> Option<(usize, bool)> {
    let bytes = text.as_bytes();
    let digits = |at: usize| bytes.iter().skip(at).take_while(|byte| byte.is_ascii_digit()).count();
    let sign = usize::from(text.starts_with('-'));
    let whole = if bytes.get(sign) == Some(&b'0') { 1 } else { digits(sign) };
    if whole == 0 {
        return None;
    }
    let mut end = sign + whole;
    if bytes.get(end) == Some(&b'.') && digits(end + 1) > 0 {
        end += 1 + digits(end + 1);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let exponent = digits(end + 1 + sign);
        end += if exponent > 0 { 1 + sign + exponent } else { 0 };
    }
    Some((end, end == sign + whole))
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::json::to_json;
    use crate::problem::Span;

    #[test]
    fn text_is_read_as_python_reads_it() {
        for (text, again) in [
            (" [1, -0, -0.0, 1E5, 1e400, NaN, -Infinity]\n", "[1, 0, -0.0, 100000.0, Infinity, NaN, -Infinity]"),
            ("12345678901234567890123", "12345678901234567890123"),
            (r#"{"b":1,"a":{},"b":[]}"#, r#"{"b": [], "a": {}}"#),
            (r#""\ud83d\ude00\/\n""#, r#""\ud83d\ude00/\n""#),
        ] {
            assert_eq!(to_json(&parse(text, Span::NONE, 0).unwrap()).unwrap(), again, "{text}");
        }
        for text in
            ["", "01", "+1", ".5", "1.", "1 2", "[1,]", "{a: 1}", "'x'", "\"\t\"", "\"\\x\"", "True", "[", "\u{feff}1"]
        {
            assert!(parse(text, Span::NONE, 0).is_err(), "{text}");
        }
        assert!(parse(&"[".repeat(1000), Span::NONE, 0).is_err());
        assert_eq!(parse("[1, x]", Span::NONE, 0).unwrap_err().to_string(), "a value is missing at character 5");
        let error = parse(r#"["\n", "\x"]"#, Span::NONE, 0).unwrap_err();
        assert_eq!(error.to_string(), "there is no such escape sequence, or half of a pair at character 10");
    }
}
