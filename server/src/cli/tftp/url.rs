//! `tftp://HOST[:PORT]/NAME[;mode=MODE]` (RFC 3617).

use std::str::FromStr;

use firstlight_tftp::Mode;

const PORT: u16 = 69;

/// A file on a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Url {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) name: Vec<u8>,
    pub(super) mode: Mode,
}

impl FromStr for Url {
    type Err = String;

    fn from_str(url: &str) -> Result<Self, String> {
        let rest = url.strip_prefix("tftp://").ok_or("a URL begins with tftp://")?;
        let (authority, path) = rest.split_once('/').ok_or("a file name has to follow the host: tftp://HOST/NAME")?;
        let (host, port) = split_port(authority).ok_or("the port is no number from 1 to 65535")?;
        if host.is_empty() {
            return Err("there is no host".to_owned());
        }
        let (path, mode) = match path.rsplit_once(";mode=") {
            None => (path, Mode::Octet),
            Some((path, mode)) => match Mode::parse(mode.as_bytes()) {
                Some(mode @ (Mode::Octet | Mode::Netascii)) => (path, mode),
                _ => return Err("the mode is neither octet nor netascii".to_owned()),
            },
        };
        let name = decode(path).filter(|name| !name.contains(&0)).ok_or("the name has a bad escape with %")?;
        if name.is_empty() {
            return Err("there is no file name".to_owned());
        }
        Ok(Self { host: host.to_owned(), port, name, mode })
    }
}

fn split_port(authority: &str) -> Option<(&str, u16)> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']')?;
            (host, if port.is_empty() { None } else { Some(port.strip_prefix(':')?) })
        }
        None => authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port))),
    };
    let port = port.map_or(Some(PORT), |port| port.parse().ok().filter(|&port| port > 0))?;
    Some((host, port))
}

fn decode(text: &str) -> Option<Vec<u8>> {
    let mut pieces = text.split('%');
    let mut bytes = pieces.next()?.as_bytes().to_vec();
    for piece in pieces {
        let digits = piece.get(..2).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        bytes.extend_from_slice(piece.get(2..)?.as_bytes());
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, host: &str, port: u16, name: &[u8], mode: Mode) {
        let want = Url { host: host.to_owned(), port, name: name.to_vec(), mode };
        assert_eq!(url.parse(), Ok(want), "{url}");
    }

    #[test]
    fn parts_of_a_url() {
        check("tftp://10.0.0.1/pxelinux.0", "10.0.0.1", 69, b"pxelinux.0", Mode::Octet);
        check("tftp://boot.lab:6969/a/b%20c%ff", "boot.lab", 6969, b"a/b c\xff", Mode::Octet);
        check("tftp://[::1]:70//etc/motd;mode=netascii", "::1", 70, b"/etc/motd", Mode::Netascii);
        check("tftp://[fe80::1%eth0]/x", "fe80::1%eth0", 69, b"x", Mode::Octet);
    }

    #[test]
    fn what_is_wrong_with_a_url() {
        let check = |url: &str, want: &str| assert_eq!(url.parse::<Url>(), Err(want.to_owned()), "{url}");
        check("http://a/b", "a URL begins with tftp://");
        check("tftp://host", "a file name has to follow the host: tftp://HOST/NAME");
        check("tftp:///name", "there is no host");
        check("tftp://host/", "there is no file name");
        check("tftp://host:0/x", "the port is no number from 1 to 65535");
        check("tftp://[::1/x", "the port is no number from 1 to 65535");
        check("tftp://host/x;mode=mail", "the mode is neither octet nor netascii");
        check("tftp://host/%4", "the name has a bad escape with %");
        check("tftp://host/%+1", "the name has a bad escape with %");
        check("tftp://host/a%00", "the name has a bad escape with %");
    }
}
