//! Netascii (RFC 1350 §1 after RFC 764): line ends travel as CR LF, a lone carriage return as CR NUL.

use bytes::Bytes;

/// The netascii form of local text whose lines end with LF. Each byte stands for itself, so a file may be encoded
/// piece by piece. Text without LF and CR is not copied.
///
/// ```
/// use firstlight_tftp::netascii::encode;
/// assert_eq!(encode("a\nb\rc".into()), "a\r\nb\r\0c");
/// ```
#[must_use]
pub fn encode(text: Bytes) -> Bytes {
    let extra = expansion(&text);
    if extra == 0 {
        return text;
    }
    let mut out = Vec::with_capacity(text.len().saturating_add(extra));
    for &byte in &text {
        match byte {
            b'\n' => out.extend_from_slice(b"\r\n"),
            b'\r' => out.extend_from_slice(b"\r\0"),
            other => out.push(other),
        }
    }
    out.into()
}

/// The length of the netascii form: what `tsize` must say.
#[must_use]
pub fn encoded_len(text: &[u8]) -> u64 {
    (text.len() as u64).saturating_add(expansion(text) as u64)
}

fn expansion(text: &[u8]) -> usize {
    text.iter().filter(|&&byte| matches!(byte, b'\n' | b'\r')).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_is_that_of_the_encoded_text() {
        for text in ["", "plain", "\n", "\r", "\r\n", "a\nb\r\nc\r"] {
            assert_eq!(encode(text.into()).len() as u64, encoded_len(text.as_bytes()), "{text:?}");
        }
    }

    #[test]
    fn carriage_return_before_a_line_feed_is_kept_as_such() {
        assert_eq!(encode("\r\n".into()), "\r\0\r\n");
    }
}
