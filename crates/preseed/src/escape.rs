//! The filters `escape.json` and `escape.shell`.

use std::fmt::Write as _;

/// A JSON string, ASCII only, as Python writes it.
pub(crate) fn json(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='~' => out.push(character),
            _ => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
    out.push('"');
    out
}

/// One word of a POSIX shell: as it is if it is plain, in single quotes if not.
pub(crate) fn shell(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"@%+=:,./-_".contains(&byte);
    if !text.is_empty() && text.bytes().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\"'\"'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_strings() {
        assert_eq!(json("a\"b\\c\n\u{1}"), r#""a\"b\\c\n\u0001""#);
        assert_eq!(json("é😀"), r#""\u00e9\ud83d\ude00""#);
    }

    #[test]
    fn shell_words() {
        assert_eq!(shell("it's"), r#"'it'"'"'s'"#);
        assert_eq!(shell(""), "''");
        assert_eq!(shell("http://a/b?c=d"), "'http://a/b?c=d'");
        assert_eq!(shell("a-b/c"), "a-b/c");
        assert_eq!(shell("$(reboot)\n"), "'$(reboot)\n'");
    }
}
