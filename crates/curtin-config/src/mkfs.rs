//! The file systems that curtin makes, and what their tools take.

/// A file system that curtin makes.
pub(crate) struct Kind {
    /// Its name in a configuration.
    pub(crate) name: &'static str,
    /// The longest label, in bytes; curtin cuts the rest off.
    pub(crate) label: usize,
    /// Whether a UUID can be chosen.
    pub(crate) uuid: bool,
    /// The smallest device that it can be made on, in MiB.
    pub(crate) least: u64,
}

const fn kind(name: &'static str, label: usize, uuid: bool, least: u64) -> Kind {
    Kind { name, label, uuid, least }
}

/// All of them, in the order of their names.
pub(crate) const KINDS: &[Kind] = &[
    kind("btrfs", 256, true, 109),
    kind("ext2", 16, true, 1),
    kind("ext3", 16, true, 2),
    kind("ext4", 16, true, 1),
    kind("f2fs", 512, true, 38),
    kind("fat", 11, false, 1),
    kind("fat12", 11, false, 1),
    kind("fat16", 11, false, 3),
    kind("fat32", 11, false, 33),
    kind("vfat", 11, false, 1),
    kind("jfs", 16, false, 16),
    kind("ntfs", 32, false, 1),
    kind("reiserfs", 16, true, 33),
    kind("swap", 15, true, 1),
    kind("xfs", 12, true, 300),
];

/// The file system of a name.
pub(crate) fn find(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name)
}

/// A label as curtin uses it.
pub(crate) fn cut(label: &str, limit: usize) -> &str {
    let mut end = limit.min(label.len());
    while !label.is_char_boundary(end) {
        end -= 1;
    }
    label.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_those_of_curtin() {
        let all = include_str!("../../../testdata/curtin/curtin_misc_vectors.json");
        let vectors: serde_json::Value = serde_json::from_str(all).unwrap();
        let names: Vec<_> =
            vectors["mkfs_fstypes"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
        assert_eq!(names, KINDS.iter().map(|kind| kind.name).collect::<Vec<_>>());
        for kind in KINDS {
            assert_eq!(vectors["mkfs_label_limit_by_fstype"][kind.name], kind.label, "{}", kind.name);
            assert_eq!(vectors["mkfs_uuid_supported"][kind.name], kind.uuid, "{}", kind.name);
        }
    }

    #[test]
    fn labels_are_cut_between_characters() {
        assert_eq!(cut("installation", 11), "installatio");
        assert_eq!(cut("größe", 3), "gr");
        assert_eq!(cut("", 3), "");
    }
}
