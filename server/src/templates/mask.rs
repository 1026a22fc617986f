//! Hiding what a text holds of secrets, by the names that they go by.

/// What stands for a secret.
pub(crate) const MASK: &str = "********";

/// A key with one of these is followed by a secret.
const NAMES: [&str; 6] = ["password", "passwd", "passphrase", "secret", "token", "private_key"];

/// The text with the values of YAML, JSON, shell and debconf lines replaced whose key sounds like a secret.
pub(crate) fn mask(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    // Deeper lines below a masked key belong to its value.
    let mut hidden: Option<usize> = None;
    for line in text.split_inclusive('\n') {
        let indent = line.len() - line.trim_start().len();
        if hidden.is_some_and(|below| indent > below && !line.trim().is_empty()) {
            continue;
        }
        hidden = None;
        match value_at(line) {
            Some(at) => {
                out.push_str(line.get(..at).unwrap_or_default());
                out.push_str(MASK);
                out.push_str(if line.ends_with('\n') { "\n" } else { "" });
                hidden = Some(indent);
            }
            None => out.push_str(line),
        }
    }
    out
}

/// Where the secret of a line begins.
fn value_at(line: &str) -> Option<usize> {
    let lower = line.to_ascii_lowercase();
    let found = NAMES.iter().filter_map(|name| lower.find(name).map(|at| at + name.len())).min()?;
    let rest = lower.get(found..)?;
    // `d-i passwd/root-password password SECRET`, and what else has the type of a secret.
    if let Some(at) = lower.find(" password ").filter(|_| lower.split_whitespace().count() > 3) {
        return Some(at + " password ".len());
    }
    let at = rest.find([':', '='])?;
    // Only the rest of the key may stand between: quotes, and the end of a word.
    let between = rest.get(..at)?;
    let is_key = between.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '"' | '\'' | ' '));
    let value = rest.get(at + 1..)?;
    let space = value.len() - value.trim_start().len();
    (is_key && !value.trim().is_empty()).then_some(found + at + 1 + space)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_by_name() {
        for (text, expected) in [
            ("a: 1\ntoken_secret: x\nb: 2\n", "a: 1\ntoken_secret: ********\nb: 2\n"),
            ("  \"password\": \"x\", \"a\": 1}", "  \"password\": ********"),
            ("export ROOT_PASSWORD=x\n", "export ROOT_PASSWORD=********\n"),
            ("d-i passwd/root-password password x\n", "d-i passwd/root-password password ********\n"),
            ("d-i passwd/make-user boolean true\n", "d-i passwd/make-user boolean true\n"),
            ("ssh_private_key: |\n  x\n  y\n\nz\n", "ssh_private_key: ********\n\nz\n"),
            ("password:\n", "password:\n"),
            ("# the token of the day\n", "# the token of the day\n"),
        ] {
            assert_eq!(mask(text), expected);
        }
    }
}
