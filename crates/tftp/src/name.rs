//! What a boot ROM meant by the file name that it sent.
//!
//! Names come with backslashes, a drive letter, leading and doubled slashes, `..`, and a stray 0xFF or NUL at the
//! end. Cleaning is a function of the bytes alone: it never looks at a file system, never changes the case, and its
//! result never leads out of the root.

/// The name relative to the root: parts joined by single slashes, no `.` or `..`, no slash in front. `..` above the
/// root stays at the root. Bytes that are not UTF-8 are kept.
///
/// ```
/// use firstlight_tftp::name::clean;
/// assert_eq!(clean(b"\\Boot\\\\x64\\wdsnbp.com\xff"), b"Boot/x64/wdsnbp.com");
/// assert_eq!(clean(b"/../../etc/./passwd"), b"etc/passwd");
/// ```
#[must_use]
pub fn clean(raw: &[u8]) -> Vec<u8> {
    let end = raw.iter().rposition(|byte| !matches!(byte, 0 | 0xFF)).map_or(0, |last| last + 1);
    let name = raw.get(..end).unwrap_or_default();
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in without_drive(name).split(|byte| matches!(byte, b'/' | b'\\')) {
        match part {
            b"" | b"." => {}
            b".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join(&b'/')
}

/// Drops `C:` in front of a slash or backslash; a colon elsewhere (a MAC address) is part of the name.
fn without_drive(name: &[u8]) -> &[u8] {
    match name {
        [letter, b':', rest @ ..] if letter.is_ascii_alphabetic() && matches!(rest, [b'/' | b'\\', ..]) => rest,
        whole => whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(raw: &[u8], want: &[u8]) {
        assert_eq!(clean(raw).escape_ascii().to_string(), want.escape_ascii().to_string());
    }

    #[test]
    fn names_of_real_clients() {
        check(b"pxelinux.0", b"pxelinux.0");
        check(b"/grub/x86_64-efi/command.lst", b"grub/x86_64-efi/command.lst");
        check(b"//grubx64.efi", b"grubx64.efi");
        check(b"boot\\x86\\wdsnbp.com", b"boot/x86/wdsnbp.com");
        check(b"C:\\boot\\bcd", b"boot/bcd");
        check(b"pxelinux.0\xff", b"pxelinux.0");
        check(b"pxelinux.0\xff\0\xff", b"pxelinux.0");
        check(b"grub.cfg-52:54:00:12:34:56", b"grub.cfg-52:54:00:12:34:56");
        check(b"c:relative", b"c:relative");
        check(b"caf\xe9.cfg", b"caf\xe9.cfg");
    }

    #[test]
    fn the_root_is_never_left() {
        check(b"..", b"");
        check(b"../../../etc/shadow", b"etc/shadow");
        check(b"a/../../b", b"b");
        check(b"a\\..\\..\\b", b"b");
        check(b"a/b/./../c/", b"a/c");
        check(b"...", b"...");
        check(b"C:/../x", b"x");
        check(b"", b"");
        check(b"///", b"");
        check(b"\xff", b"");
    }
}
