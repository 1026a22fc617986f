//! What partitions are for, and the types that say so.

use super::Table;

/// What a partition is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PartitionKind {
    /// Any Linux file system.
    Linux,
    /// The EFI system partition.
    Esp,
    /// Where GRUB's core image lives on a GPT disk of a BIOS machine.
    BiosGrub,
    /// Swap.
    Swap,
    /// `/home`.
    Home,
    /// LVM.
    Lvm,
    /// Linux RAID.
    Raid,
    /// The boot partition of POWER machines.
    Prep,
    /// Reserved for Windows.
    MsftReserved,
    /// Holds logical partitions (MBR only).
    Extended,
    /// Holds an MBR's partitions (GPT only).
    Mbr,
}

impl PartitionKind {
    /// The partition type as sfdisk wants it.
    #[must_use]
    pub fn code(self, table: Table) -> &'static str {
        match (table, self) {
            (Table::Gpt, Self::Linux) => "0FC63DAF-8483-4772-8E79-3D69D8477DE4",
            (Table::Gpt, Self::Esp) => "C12A7328-F81F-11D2-BA4B-00A0C93EC93B",
            (Table::Gpt, Self::BiosGrub) => "21686148-6449-6E6F-744E-656564454649",
            (Table::Gpt, Self::Swap) => "0657FD6D-A4AB-43C4-84E5-0933C84B4F4F",
            (Table::Gpt, Self::Home) => "933AC7E1-2EB4-4F13-B844-0E14E2AEF915",
            (Table::Gpt, Self::Lvm) => "E6D6D379-F507-44C2-A23C-238F2A3DF928",
            (Table::Gpt, Self::Raid) => "A19D880F-05FC-4D3B-A006-743F0F84911E",
            (Table::Gpt, Self::Prep) => "9E1A2D38-C612-4316-AA26-8B49521E5A8B",
            (Table::Gpt, Self::MsftReserved) => "E3C9E316-0B5C-4DB8-817D-F92DF00215AE",
            (Table::Gpt, Self::Mbr | Self::Extended) => "024DEE41-33E7-11D3-9D69-0008C781F39F",
            (Table::Vtoc, _) => "",
            (Table::Msdos, Self::Extended) => "5",
            (Table::Msdos, Self::Esp) => "ef",
            (Table::Msdos, Self::Swap) => "82",
            (Table::Msdos, Self::Lvm) => "8e",
            (Table::Msdos, Self::Raid) => "fd",
            (Table::Msdos, Self::Prep) => "41",
            (Table::Msdos, _) => "83",
        }
    }

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Linux => "linux",
            Self::Esp => "efi system",
            Self::BiosGrub => "bios_grub",
            Self::Swap => "swap",
            Self::Home => "home",
            Self::Lvm => "lvm",
            Self::Raid => "raid",
            Self::Prep => "prep",
            Self::MsftReserved => "msftres",
            Self::Extended => "extended",
            Self::Mbr => "mbr",
        }
    }

    /// What a type in a partition table says.
    pub(crate) fn of_code(code: &str, table: Table) -> Self {
        let kinds = [
            Self::Esp,
            Self::BiosGrub,
            Self::Swap,
            Self::Home,
            Self::Lvm,
            Self::Raid,
            Self::Prep,
            Self::MsftReserved,
            Self::Mbr,
        ];
        let code = code.trim_start_matches("0x");
        let extended = ["5", "05", "f", "0f", "85"].iter().any(|it| code.eq_ignore_ascii_case(it));
        if table == Table::Msdos && extended {
            return Self::Extended;
        }
        // On an MBR, several kinds share the type of Linux.
        let plain = |kind: &Self| kind.code(table) == Self::Linux.code(table);
        let found =
            kinds.into_iter().filter(|kind| !plain(kind)).find(|kind| kind.code(table).eq_ignore_ascii_case(code));
        found.unwrap_or(Self::Linux)
    }
}
