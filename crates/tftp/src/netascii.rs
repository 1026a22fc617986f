//! Netascii (RFC 1350 §1 after RFC 764): line ends travel as CR LF, a lone carriage return as CR NUL.

use bytes::{BufMut, Bytes};

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

/// Turns netascii into local text, piece by piece: a pair may be cut by the end of a block.
///
/// A carriage return that neither LF nor NUL follows is no netascii; it is kept as it came.
///
/// ```
/// use firstlight_tftp::netascii::Decoder;
/// let mut decoder = Decoder::default();
/// let mut text = Vec::new();
/// decoder.decode(b"a\r\nb\r", &mut text);
/// decoder.decode(b"\0c", &mut text);
/// decoder.finish(&mut text);
/// assert_eq!(text, b"a\nb\rc");
/// ```
#[derive(Clone, Debug, Default)]
pub struct Decoder {
    after_return: bool,
}

impl Decoder {
    /// Appends the text of one piece.
    pub fn decode(&mut self, piece: &[u8], out: &mut impl BufMut) {
        for &byte in piece {
            if std::mem::take(&mut self.after_return) {
                match byte {
                    b'\n' => {
                        out.put_u8(b'\n');
                        continue;
                    }
                    b'\0' => {
                        out.put_u8(b'\r');
                        continue;
                    }
                    _ => out.put_u8(b'\r'),
                }
            }
            if byte == b'\r' {
                self.after_return = true;
            } else {
                out.put_u8(byte);
            }
        }
    }

    /// Appends what the end of the file leaves over: a carriage return that nothing followed.
    pub fn finish(self, out: &mut impl BufMut) {
        if self.after_return {
            out.put_u8(b'\r');
        }
    }
}

fn expansion(text: &[u8]) -> usize {
    text.iter().filter(|&&byte| matches!(byte, b'\n' | b'\r')).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(pieces: &[&[u8]]) -> Vec<u8> {
        let (mut decoder, mut out) = (Decoder::default(), Vec::new());
        for piece in pieces {
            decoder.decode(piece, &mut out);
        }
        decoder.finish(&mut out);
        out
    }

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

    #[test]
    fn decoding_is_the_inverse_wherever_the_pieces_are_cut() {
        for text in ["", "plain", "\n", "\r", "\r\n", "a\nb\r\nc\r", "\0\r\0\n\n\r\r"] {
            let encoded = encode(text.into());
            for cut in 0..=encoded.len() {
                let (head, tail) = encoded.split_at(cut);
                assert_eq!(decoded(&[head, tail]), text.as_bytes(), "{text:?} cut at {cut}");
            }
        }
    }

    #[test]
    fn what_is_no_netascii_is_kept() {
        assert_eq!(decoded(&[b"a\rb\nc\r\r\n\r"]), b"a\rb\nc\r\n\r");
    }
}
