//! Random names and secrets.

use subtle::ConstantTimeEq;

/// Letters and digits that cannot be mistaken for one another.
const ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz023456789";

/// 160 random bits as 32 letters and digits: a secret that fits into a URL.
#[must_use]
pub fn token() -> String {
    letters::<32>()
}

/// A short identity for a machine: 6 letters and digits. The database refuses the rare double.
#[must_use]
pub fn identity() -> String {
    letters::<6>()
}

/// What hash tables are keyed with, so that nobody can choose keys that collide.
#[must_use]
pub fn seed() -> [u8; 16] {
    let mut bytes = [0; 16];
    fill(&mut bytes);
    bytes
}

/// A random number below `limit`, for choices that need no secrecy.
#[must_use]
pub fn pick(limit: usize) -> usize {
    let mut bytes = [0; 4];
    fill(&mut bytes);
    usize::try_from(u32::from_ne_bytes(bytes)).unwrap_or(0) % limit.max(1)
}

/// Compares in a time that does not depend on where the two differ.
#[must_use]
pub fn equal(a: &str, b: &str) -> bool {
    a.as_bytes().ct_eq(b.as_bytes()).into()
}

fn letters<const N: usize>() -> String {
    let mut bytes = [0; N];
    fill(&mut bytes);
    bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect()
}

/// Fills `bytes` from the operating system's generator.
///
/// # Panics
///
/// When the operating system has none: no secret can be made then.
#[expect(clippy::expect_used, reason = "a server without entropy must not go on")]
fn fill(bytes: &mut [u8]) {
    getrandom::fill(bytes).expect("the operating system has a random number generator");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_long_and_differ() {
        assert_eq!(token().len(), 32);
        assert_ne!(token(), token());
        assert!(equal("abc", "abc"));
        assert!(!equal("abc", "abd"));
        assert!(!equal("abc", "ab"));
    }
}
