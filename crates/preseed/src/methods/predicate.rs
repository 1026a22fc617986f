//! The `is…` methods of texts.

/// The answer of `text.name()`.
pub(super) fn is(name: &str, text: &str) -> bool {
    let all = |matches: fn(char) -> bool| !text.is_empty() && text.chars().all(matches);
    match name {
        "isalnum" => all(char::is_alphanumeric),
        "isalpha" => all(char::is_alphabetic),
        "isascii" => text.is_ascii(),
        "isdecimal" => all(is_decimal),
        "isdigit" => all(|c| is_decimal(c) || is_digit(c)),
        "isnumeric" => all(char::is_numeric),
        "isspace" => all(super::is_space),
        "islower" => text.chars().any(char::is_lowercase) && !text.chars().any(char::is_uppercase),
        "isupper" => text.chars().any(char::is_uppercase) && !text.chars().any(char::is_lowercase),
        "istitle" => is_title(text),
        "isprintable" => text.chars().all(crate::text::is_printable),
        "isidentifier" => is_identifier(text),
        _ => false,
    }
}

/// The digits 0 to 9 of the scripts that are seen most; in each they follow one another.
fn is_decimal(character: char) -> bool {
    const ZEROES: [u32; 12] = [0x30, 0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xe50, 0xff10];
    let code = u32::from(character);
    ZEROES.into_iter().any(|zero| (zero..zero + 10).contains(&code))
}

/// Digits that are no decimals: raised, lowered and circled ones.
fn is_digit(character: char) -> bool {
    matches!(character, '²' | '³' | '¹' | '\u{2070}' | '\u{2074}'..='\u{2079}' | '\u{2080}'..='\u{2089}' | '\u{2460}'..='\u{2468}')
}

/// Every word starts with a capital, and has no other.
fn is_title(text: &str) -> bool {
    let mut inside = false;
    let mut found = false;
    for character in text.chars() {
        if character.is_uppercase() {
            if inside {
                return false;
            }
            inside = true;
            found = true;
        } else if character.is_lowercase() {
            if !inside {
                return false;
            }
        } else {
            inside = false;
        }
    }
    found
}

fn is_identifier(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_') && text.chars().all(|c| c.is_alphanumeric() || c == '_')
}
