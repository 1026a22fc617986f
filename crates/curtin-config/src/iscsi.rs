//! Disks that iSCSI reaches: `iscsi:[user:password[:user:password]@]host:proto:port:lun:target`, after RFC 4173.

/// Whether a name of a disk is such an address.
pub(crate) fn is_address(name: &str) -> bool {
    name.starts_with("iscsi:")
}

/// A name of a disk as people may see it: without the users and passwords that an address may have.
pub(crate) fn shown(name: &str) -> String {
    match name.strip_prefix("iscsi:").and_then(|address| address.rsplit_once('@')) {
        Some((_, host)) => format!("iscsi:…@{host}"),
        None => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn nobody_sees_a_password() {
        assert_eq!(shown("iscsi:me:secret@10.0.0.1::3260:1:iqn.t"), "iscsi:…@10.0.0.1::3260:1:iqn.t");
        assert_eq!(shown("iscsi:me:secret:you:p@ss@10.0.0.1::::iqn.t"), "iscsi:…@10.0.0.1::::iqn.t");
        assert_eq!(shown("iscsi:10.0.0.1::3260:1:iqn.t"), "iscsi:10.0.0.1::3260:1:iqn.t");
        assert_eq!(shown("/dev/disk/by-id/a@b"), "/dev/disk/by-id/a@b");
    }
}
