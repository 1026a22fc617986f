//! OAuth 1.0 with the PLAINTEXT signature (RFC 5849 §3.4.4), as cloud-init's MAAS datasource speaks it.
//!
//! The secret itself is the signature, so this is only as private as the network that it crosses.

use crate::secret;

/// What an `Authorization: OAuth …` header says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Claim {
    /// `oauth_consumer_key`
    pub consumer_key: String,
    /// `oauth_token`
    pub token_key: String,
    /// The part of `oauth_signature` behind the `&`.
    pub token_secret: String,
}

impl Claim {
    /// Reads the value of an `Authorization` header; `None` when it is not a whole PLAINTEXT claim with an empty
    /// consumer secret.
    ///
    /// ```
    /// use firstlight::oauth::Claim;
    ///
    /// let header = r#"OAuth oauth_signature_method="PLAINTEXT", oauth_consumer_key="c", oauth_token="t", oauth_signature="%26s""#;
    /// assert_eq!(Claim::parse(header).unwrap().token_secret, "s");
    /// ```
    #[must_use]
    pub fn parse(header: &str) -> Option<Self> {
        let (scheme, rest) = header.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("OAuth") {
            return None;
        }
        let mut claim = Self::default();
        let mut method = String::new();
        for pair in rest.split(',') {
            let (key, value) = pair.trim().split_once('=')?;
            let value = percent_decode(value.trim().trim_matches('"'))?;
            match key.trim() {
                "oauth_consumer_key" => claim.consumer_key = value,
                "oauth_token" => claim.token_key = value,
                "oauth_signature" => claim.token_secret = value.strip_prefix('&')?.to_owned(),
                "oauth_signature_method" => method = value,
                _ => {}
            }
        }
        let whole = method == "PLAINTEXT" && !claim.token_key.is_empty() && !claim.token_secret.is_empty();
        whole.then_some(claim)
    }

    /// Whether the claim proves these credentials. All parts are compared, each in constant time.
    #[must_use]
    pub fn proves(&self, consumer_key: &str, token_key: &str, token_secret: &str) -> bool {
        let parts = [
            secret::equal(&self.consumer_key, consumer_key),
            secret::equal(&self.token_key, token_key),
            secret::equal(&self.token_secret, token_secret),
        ];
        parts.into_iter().fold(true, |all, part| all & part)
    }
}

/// Percent-decoding (RFC 3986 §2.1); `None` when the text is not UTF-8 or a sequence is cut short.
fn percent_decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = r#"OAuth oauth_nonce="118525133698537681461795212390", oauth_timestamp="1795212390", oauth_version="1.0", oauth_signature_method="PLAINTEXT", oauth_consumer_key="ck", oauth_token="tk", oauth_signature="%26ts""#;

    #[test]
    fn the_header_of_cloud_init() {
        let claim = Claim::parse(HEADER).unwrap();
        assert!(claim.proves("ck", "tk", "ts"));
        assert!(!claim.proves("ck", "tk", "tx"));
        assert!(!claim.proves("cx", "tk", "ts"));
    }

    #[test]
    fn what_is_not_a_claim() {
        for header in [
            "",
            "OAuth",
            "Bearer x",
            "OAuth a",
            &HEADER.replace("PLAINTEXT", "HMAC-SHA1"),
            &HEADER.replace("%26ts", "ts"),
            &HEADER.replace("%26ts", "%2"),
        ] {
            assert_eq!(Claim::parse(header), None, "{header}");
        }
    }
}
