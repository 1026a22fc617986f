//! Names that LVM, device mapper and md take.

/// Whether LVM takes a name for a volume group or logical volume (lvm(8), "Valid names").
pub(crate) fn is_lvm_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "+_.-".contains(c);
    !matches!(name, "" | "." | "..") && name.len() <= 127 && !name.starts_with('-') && name.chars().all(plain)
}

/// Whether LVM keeps a name of a logical volume for itself (lvm(8), "Valid names").
pub(crate) fn is_lvm_reserved(name: &str) -> bool {
    let parts = [
        "_cdata", "_cmeta", "_corig", "_iorig", "_mimage", "_mlog", "_pmspare", "_rimage", "_rmeta", "_tdata",
        "_tmeta", "_vdata", "_vorigin", "_wcorig",
    ];
    ["snapshot", "pvmove"].iter().any(|word| name.starts_with(word)) || parts.iter().any(|part| name.contains(part))
}

/// Whether a device below `/dev/mapper` has the name that it is given: other characters are written as their codes.
pub(crate) fn is_dm_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "#+-.:=@_".contains(c);
    !matches!(name, "" | "." | ".." | "control")
        && name.len() <= 127
        && !name.starts_with(['-', '#'])
        && name.chars().all(plain)
}

/// The device node of an array: `md0`, `/dev/md0`, `md/os`, `/dev/md/os`, or a word without a slash.
pub(crate) fn md_path(name: &str) -> Option<String> {
    let path = if name.starts_with("/dev/") { name.to_owned() } else { format!("/dev/{name}") };
    let numbered = |rest: &str| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit());
    let named = path.strip_prefix("/dev/md/").is_some_and(|rest| !rest.is_empty());
    if named || path.strip_prefix("/dev/md").is_some_and(numbered) {
        Some(path)
    } else {
        (!name.is_empty() && !name.contains('/')).then(|| format!("/dev/md/{name}"))
    }
}

/// Whether this can be the address or name of a host.
pub(crate) fn is_address(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || ".:-_%[]".contains(c))
}

/// Whether this is a UUID: 32 hexadecimal digits in groups.
pub(crate) fn is_uuid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && groups.iter().all(|group| group.chars().all(|c| c.is_ascii_hexdigit()))
}

/// Whether this is the bus id of a DASD: three hexadecimal numbers, of which the first two fit into a byte and the last
/// one into two.
pub(crate) fn is_bus_id(id: &str) -> bool {
    let numbers: Vec<Option<u32>> = id.split('.').map(|part| u32::from_str_radix(part, 16).ok()).collect();
    matches!(numbers.as_slice(), [Some(0..=0xff), Some(0..=0xff), Some(0..=0xffff)]) && !id.contains('+')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (name, lvm, dm) in [
            ("root", true, true),
            ("a+b_c.d-e", true, true),
            (".", false, false),
            (".hidden", true, true),
            ("-a", false, false),
            ("a b", false, false),
            ("a=b", false, true),
            ("control", true, false),
            ("", false, false),
        ] {
            assert_eq!((is_lvm_name(name), is_dm_name(name)), (lvm, dm), "{name}");
        }
        assert!(is_lvm_reserved("x_rmeta") && is_lvm_reserved("snapshot1") && !is_lvm_reserved("mysnapshot"));
    }

    #[test]
    fn nodes_of_arrays() {
        for (name, path) in [
            ("md0", Some("/dev/md0")),
            ("/dev/md7", Some("/dev/md7")),
            ("md/os", Some("/dev/md/os")),
            ("/dev/md/os", Some("/dev/md/os")),
            ("os", Some("/dev/md/os")),
            ("md", Some("/dev/md/md")),
            ("a/b", None),
            ("", None),
        ] {
            assert_eq!(md_path(name).as_deref(), path, "{name}");
        }
    }
}
