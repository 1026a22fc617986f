//! The boot ROM and boot loader of a Raspberry Pi, which say the same as a BIOS ROM: `PXEClient:Arch:00000:UNDI:002001`.

/// Prefixes of the hardware addresses that Raspberry Pi registered (IEEE MA-L registry).
const PREFIXES: [[u8; 3]; 6] = [
    [0xb8, 0x27, 0xeb],
    [0xdc, 0xa6, 0x32],
    [0xe4, 0x5f, 0x01],
    [0xd8, 0x3a, 0xdd],
    [0x28, 0xcd, 0xc1],
    [0x2c, 0xcf, 0x67],
];

/// What shows that it is one, as a fact.
pub(super) fn evidence(mac: Option<[u8; 6]>, machine_id: &[u8]) -> Option<&'static str> {
    if let Some([0, b'R', b'P', b'i', _, ..] | [0, _, b'i', b'P', b'R', ..]) = machine_id.get(..5) {
        return Some("option 97 starts with RPi, a Raspberry Pi 4 or later");
    }
    if is_repeated(machine_id) {
        return Some("option 97 repeats a serial number four times, a Raspberry Pi");
    }
    let is_known = mac.is_some_and(|[a, b, c, ..]| PREFIXES.contains(&[a, b, c]));
    is_known.then_some("the hardware address is a Raspberry Pi's")
}

/// The identifier of a Raspberry Pi 3, and of a 4 with an old loader. All zeros or ones are a board that was never given one.
fn is_repeated(machine_id: &[u8]) -> bool {
    let Some((0, id)) = machine_id.split_first() else { return false };
    match id.as_chunks::<4>() {
        ([first, rest @ ..], []) => {
            rest.len() == 3
                && rest.iter().all(|word| word == first)
                && !matches!(*first, [0, 0, 0, 0] | [255, 255, 255, 255])
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_generation_shows_itself() {
        let pi4 = [&b"\x00RPi4"[..], &[0x11, 0x31, 0xc0, 0, 1, 2, 3, 4, 5, 6, 7, 8]].concat();
        assert_eq!(evidence(None, &pi4), Some("option 97 starts with RPi, a Raspberry Pi 4 or later"));
        let reversed = [&b"\x005iPR"[..], &[0; 12]].concat();
        assert_eq!(evidence(None, &reversed), Some("option 97 starts with RPi, a Raspberry Pi 4 or later"));
        let pi3 = [&[0][..], &[0x9f, 0xfe, 0xfd, 0xef].repeat(4)].concat();
        assert_eq!(evidence(None, &pi3), Some("option 97 repeats a serial number four times, a Raspberry Pi"));
        let by_mac = evidence(Some([0xb8, 0x27, 0xeb, 1, 2, 3]), &[]);
        assert_eq!(by_mac, Some("the hardware address is a Raspberry Pi's"));
    }

    #[test]
    fn boards_without_an_identifier_are_none() {
        assert_eq!(evidence(None, &[0; 17]), None);
        assert_eq!(evidence(None, &[&[0][..], &[255; 16]].concat()), None);
        assert_eq!(evidence(None, &[1, 7, 7, 7, 7]), None);
        for times in [3, 5] {
            assert_eq!(evidence(None, &[&[0][..], &[0x9f, 0xfe, 0xfd, 0xef].repeat(times)].concat()), None);
        }
        assert_eq!(evidence(Some([0x52, 0x54, 0, 1, 2, 3]), &[]), None);
    }
}
