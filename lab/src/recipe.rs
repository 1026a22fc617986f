//! The recipe of the images: the scripts, built into the lab, and their fingerprint.
//!
//! The cached images are good as long as the recipe that made them is this one.
//! (Debian's own updates come in with the next change, or `--rebuild-images`.)

use crate::error::{Doing, Result};
use std::path::Path;

/// The scripts by file name, in the order in which they are fingerprinted.
const FILES: &[(&str, &str)] = &[
    ("debian.sh", include_str!("../images/debian.sh")),
    ("build-ephemeral.sh", include_str!("../images/build-ephemeral.sh")),
    ("build-target.sh", include_str!("../images/build-target.sh")),
    ("build-initrd.sh", include_str!("../images/build-initrd.sh")),
    ("initrd-init", include_str!("../images/initrd-init")),
    ("initrd-udhcpc.sh", include_str!("../images/initrd-udhcpc.sh")),
];

/// Writes the scripts into `dir`.
pub(crate) fn unpack(dir: &Path) -> Result<()> {
    for (name, text) in FILES {
        let path = dir.join(name);
        std::fs::write(&path, text).doing(format!("{} cannot be written", path.display()))?;
    }
    Ok(())
}

/// A number that changes with every change of the recipe.
pub(crate) fn fingerprint() -> String {
    let mut hash = Fnv::new();
    for (name, text) in FILES {
        hash.eat(name.as_bytes());
        hash.eat(&[0]);
        hash.eat(text.as_bytes());
        hash.eat(&[0]);
    }
    format!("{:032x}", hash.0)
}

/// FNV-1a, 128 bits: the fingerprint guards against forgetfulness, not attack.
struct Fnv(u128);

impl Fnv {
    fn new() -> Self {
        Self(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d)
    }

    fn eat(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 ^= u128::from(*byte);
            self.0 = self.0.wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fnv_known_values() {
        // From the algorithm's reference: the empty input and "a".
        assert_eq!(Fnv::new().0, 0x6c62272e07bb014262b821756295c58d);
        let mut hash = Fnv::new();
        hash.eat(b"a");
        assert_eq!(hash.0, 0xd228cb696f1a8caf78912b704e4a8964);
    }
}
