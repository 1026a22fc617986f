//! Hiding what a text holds of secrets, by the names that they go by. It errs on the side of hiding.

/// What stands for a secret.
pub(crate) const MASK: &str = "********";

/// A key with one of these is followed by a secret.
const NAMES: [&str; 14] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "authorization",
    "private_key",
    "private-key",
    "consumer_key",
    "license_key",
    "api_key",
    "apikey",
    "psk",
    "rootpw",
];

/// What stands between the first two dollar signs of a password's hash.
const METHODS: [&str; 9] = ["1", "2a", "2b", "2y", "5", "6", "7", "gy", "y"];

/// The text with the values of YAML, JSON, XML, shell and debconf lines replaced whose key sounds like a secret, with
/// passwords in URLs, with hashes of passwords wherever they stand, and with private keys.
pub(crate) fn mask(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    // Deeper lines below a masked key belong to its value.
    let mut hidden: Option<usize> = None;
    let mut in_key = false;
    for (written, line) in logical_lines(text) {
        let line = line.as_str();
        let is_blank = line.trim().is_empty();
        let indent = line.len() - line.trim_start().len();
        if in_key || (hidden.is_some_and(|below| indent > below) && !is_blank) {
            in_key = in_key && !line.contains("-----END ");
            continue;
        }
        if !is_blank {
            hidden = None;
        }
        let at = if line.contains("PRIVATE KEY-----") {
            in_key = true;
            line.find("-----BEGIN ")
        } else {
            secret_at(line)
        };
        let Some(at) = at else {
            let masked = without_hashes(&without_user_info(line));
            out.push_str(if masked == line { written } else { &masked });
            continue;
        };
        hidden = Some(indent);
        let (key, value) = line.split_at_checked(at).unwrap_or(("", line));
        out.push_str(key);
        // A key alone has its value in the lines below.
        out.push_str(if value.trim().is_empty() { value } else { MASK });
        out.push_str(if !value.trim().is_empty() && line.ends_with('\n') { "\n" } else { "" });
    }
    out
}

/// The lines of a text as they are written, and joined with those that continue them, as debconf and shells join them.
fn logical_lines(text: &str) -> impl Iterator<Item = (&str, String)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let mut physical = rest.split_inclusive('\n');
        let mut line = physical.next()?.to_owned();
        let mut len = line.len();
        while let Some(kept) = line.trim_end_matches(['\r', '\n']).strip_suffix('\\').map(str::len)
            && let Some(next) = physical.next()
        {
            line.truncate(kept);
            line.push_str(next);
            len += next.len();
        }
        let (written, behind) = rest.split_at_checked(len)?;
        rest = behind;
        Some((written, line))
    })
}

/// Where the secret of a line begins.
fn secret_at(line: &str) -> Option<usize> {
    let lower = line.to_ascii_lowercase();
    // `d-i passwd/root-password password SECRET`: the type says it, whatever the question is called.
    let mut fields = lower.split_whitespace();
    let question = fields.nth(1).unwrap_or_default();
    if fields.next() == Some("password") {
        let behind = lower.find(question)? + question.len();
        return lower.get(behind..)?.find("password").map(|at| behind + at + "password".len() + 1);
    }
    let ends = NAMES.iter().flat_map(|name| lower.match_indices(name).map(|(at, name)| at + name.len()));
    ends.filter_map(|end| value_at(&lower, end)).min()
}

/// Where the value begins of a key with a name that ends here.
fn value_at(line: &str, end: usize) -> Option<usize> {
    let rest = line.get(end..)?;
    // Kickstart has options and the secret right behind the command.
    let at = if line.trim_start().starts_with("rootpw ") { 0 } else { rest.find([':', '=', '>'])? };
    // Only the rest of the key may stand between: the end of a word, and quotes.
    let mut between = rest.get(..at)?.chars();
    if !between.all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '"' | '\'' | ' ')) {
        return None;
    }
    let value = end + at + 1;
    let rest = line.get(value..)?;
    Some(value + (rest.len() - rest.trim_start_matches([' ', '\t']).len()))
}

/// The line with the password of each URL replaced.
fn without_user_info(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, after)) = rest.split_once("://") {
        out.push_str(before);
        out.push_str("://");
        let end = after.find(|c: char| c.is_whitespace() || "/\"'".contains(c)).unwrap_or(after.len());
        let (authority, behind) = after.split_at(end);
        match authority.rsplit_once('@') {
            Some((user, host)) => {
                out.push_str(user.split(':').next().unwrap_or_default());
                out.push_str(&format!(":{MASK}@{host}"));
            }
            None => out.push_str(authority),
        }
        rest = behind;
    }
    out + rest
}

/// The line with the hashes replaced that crypt(5) makes: `$6$salt$hash`.
fn without_hashes(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        rest = after;
        let (method, behind) = after.split_once('$').unwrap_or((after, ""));
        if !METHODS.contains(&method) || behind.is_empty() {
            out.push('$');
            continue;
        }
        out.push_str(MASK);
        rest = behind.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || "./$=,".contains(c));
    }
    out + rest
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
            ("the token; password: x\n", "the token; password: ********\n"),
            ("<user_password>x</user_password>\n", "<user_password>********\n"),
            ("rootpw --iscrypted x\n", "rootpw ********\n"),
            ("d-i passwd/root-password password x\n", "d-i passwd/root-password password ********\n"),
            ("o own/question password x y\n", "o own/question password ********\n"),
            ("d-i passwd/make-user boolean true\n", "d-i passwd/make-user boolean true\n"),
            ("d-i passwd/username string me\n", "d-i passwd/username string me\n"),
            ("password:\n", "password:\n"),
            ("# the token of the day\n", "# the token of the day\n"),
        ] {
            assert_eq!(mask(text), expected);
        }
    }

    #[test]
    fn secrets_over_several_lines() {
        for (text, expected) in [
            ("ssh_private_key: |\n  x\n\n  y\nz\n", "ssh_private_key: ********\n\nz\n"),
            ("chpasswd:\n  list: |\n    root:x\nz\n", "chpasswd:\nz\n"),
            ("a\n-----BEGIN RSA PRIVATE KEY-----\nx\n-----END RSA PRIVATE KEY-----\nz\n", "a\n********\nz\n"),
        ] {
            assert_eq!(mask(text), expected);
        }
    }

    #[test]
    fn secrets_of_lines_that_go_on() {
        for (text, expected) in [
            ("o a/b password x \\\n y\nz\n", "o a/b password ********\nz\n"),
            ("o a/b password \\\r\nx\\\r\ny\nz\n", "o a/b password ********\nz\n"),
            ("o a/b pass\\\nword x\nz\n", "o a/b password ********\nz\n"),
            ("o \\\na/b password\\\n x\nz\n", "o a/b password ********\nz\n"),
            ("o a/b password x\\\\\n\ny\nz\n", "o a/b password ********\nz\n"),
            ("o a/b password x\\", "o a/b password ********"),
            ("run 'ftp://me:x\\\ny@h' $6$a$b\\\nc\n", "run 'ftp://me:********@h' ********\n"),
            ("o a/b string x\\\n  y\nz\n", "o a/b string x\\\n  y\nz\n"),
        ] {
            assert_eq!(mask(text), expected);
        }
    }

    #[test]
    fn hashes() {
        let text = "usermod -p '$6$a/b$c.D' ops; echo root:$y$j9T$x$y | chpasswd -e # $HOME $5 $1$\n";
        let expected = "usermod -p '********' ops; echo root:******** | chpasswd -e # $HOME $5 ********\n";
        assert_eq!(mask(text), expected);
        assert_eq!(mask("cost: 5$ and 6$\n"), "cost: 5$ and 6$\n");
    }

    #[test]
    fn urls() {
        let text = "a http://me:x@h/p?q=a@b 'https://h:80/' ftp://me@h\n";
        assert_eq!(mask(text), "a http://me:********@h/p?q=a@b 'https://h:80/' ftp://me:********@h\n");
    }
}
