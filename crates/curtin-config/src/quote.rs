//! Quoting for a POSIX shell.

/// Writes any text as one word of a POSIX shell: nothing in it can end the word or be expanded.
///
/// A shell word cannot hold the NUL character; it is left out. (A configuration with one in a
/// command has no plan in the first place.)
///
/// ```
/// use firstlight_curtin_config::quote;
///
/// assert_eq!(quote("/dev/vda"), "/dev/vda");
/// assert_eq!(quote("it's $(here)"), r"'it'\''s $(here)'");
/// assert_eq!(quote(""), "''");
/// ```
#[must_use]
pub fn quote(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:,@%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    let mut word = String::with_capacity(text.len() + 2);
    word.push('\'');
    for c in text.chars() {
        match c {
            '\'' => word.push_str(r"'\''"),
            '\0' => {}
            other => word.push(other),
        }
    }
    word.push('\'');
    word
}
