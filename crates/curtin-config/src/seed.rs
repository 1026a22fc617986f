//! UUIDs derived from inputs, so that the same inputs give the same plan.

/// 128 bits of FNV-1a over the parts, each closed by a byte that cannot be in UTF-8 text.
fn hash(parts: &[&str]) -> u128 {
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013B;
    let mut state: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    for part in parts {
        for byte in part.bytes().chain([0xff]) {
            state ^= u128::from(byte);
            state = state.wrapping_mul(PRIME);
        }
    }
    // FNV mixes upwards only; fold the high half down so that the last bytes reach every bit.
    state ^= state >> 64;
    state = state.wrapping_mul(PRIME | (1 << 64));
    state ^ (state >> 61)
}

/// A UUID of version 8 (RFC 9562 §5.8: vendor specific), in lower case.
pub(crate) fn uuid(parts: &[&str]) -> String {
    let bits = hash(parts);
    let bits = (bits & !(0xf << 76)) | (0x8 << 76);
    let bits = (bits & !(0x3 << 62)) | (0x2 << 62);
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        (bits >> 96) & 0xffff_ffff,
        (bits >> 80) & 0xffff,
        (bits >> 64) & 0xffff,
        (bits >> 48) & 0xffff,
        bits & 0xffff_ffff_ffff,
    )
}

/// A FAT volume id in the form of `/dev/disk/by-uuid`: `ABCD-1234`.
pub(crate) fn volume_id(parts: &[&str]) -> String {
    let bits = hash(parts);
    format!("{:04X}-{:04X}", (bits >> 16) & 0xffff, bits & 0xffff)
}

#[cfg(test)]
mod tests {
    use super::{uuid, volume_id};

    #[test]
    fn uuids_are_stable_and_differ_by_every_part() {
        let one = uuid(&["seed", "/dev/vda", "root"]);
        assert_eq!(one, uuid(&["seed", "/dev/vda", "root"]));
        assert_eq!(one.len(), 36);
        assert_eq!(one.as_bytes().get(14), Some(&b'8'));
        assert!(matches!(one.as_bytes().get(19), Some(b'8' | b'9' | b'a' | b'b')));
        for other in
            [uuid(&["seed", "/dev/vda", "rooT"]), uuid(&["seed", "/dev/vdaroot"]), uuid(&["seed2", "/dev/vda", "root"])]
        {
            assert_ne!(one, other);
        }
    }

    #[test]
    fn volume_ids_look_like_fat() {
        let id = volume_id(&["seed", "esp"]);
        assert_eq!(id.len(), 9);
        assert_eq!(id.as_bytes().get(4), Some(&b'-'));
    }
}
