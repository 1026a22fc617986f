//! Images whose kernel has lost its signature.

use crate::error::{Doing, Error, Result};
use std::path::{Path, PathBuf};

const RELEASE: &str = "debian/bookworm/amd64";

/// Makes an images folder in `run` that is like `images`, but for the kernel.
pub(crate) fn images(images: &Path, run: &Path) -> Result<PathBuf> {
    let (from, own) = (images.join(RELEASE), run.join("images"));
    let to = own.join(RELEASE);
    let doing = || format!("images cannot be made in {}", own.display());
    std::fs::create_dir_all(&to).doing(doing())?;
    for file in ["initrd.img", "root.squashfs"] {
        std::os::unix::fs::symlink(from.join(file), to.join(file)).doing(doing())?;
    }
    let mut kernel = std::fs::read(from.join("vmlinuz")).doing(doing())?;
    strip(&mut kernel).ok_or_else(|| Error::said("vmlinuz is not a signed EFI program"))?;
    std::fs::write(to.join("vmlinuz"), kernel).doing(doing())?;
    Ok(own)
}

/// Clears the entry that says where the signatures are: the fifth data directory of a PE32+ file (Microsoft's "PE
/// Format", "Optional Header Data Directories").
fn strip(program: &mut [u8]) -> Option<()> {
    let offset = u32::from_le_bytes(program.get(0x3c..0x40)?.try_into().ok()?);
    let optional = usize::try_from(offset).ok()?.checked_add(24)?;
    if program.get(optional..optional.checked_add(2)?)? != [0x0b, 0x02] {
        return None;
    }
    let entry = program.get_mut(optional.checked_add(144)?..optional.checked_add(152)?)?;
    if entry.iter().all(|byte| *byte == 0) {
        return None;
    }
    entry.fill(0);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_signature_goes() {
        let mut program = vec![7; 400];
        program[0x3c..0x40].copy_from_slice(&[0x80, 0, 0, 0]);
        program[0x98..0x9a].copy_from_slice(&[0x0b, 0x02]);
        let before = program.clone();
        assert_eq!(strip(&mut program), Some(()));
        let changed: Vec<usize> = (0..400).filter(|at| program[*at] != before[*at]).collect();
        assert_eq!(changed, (0x128..0x130).collect::<Vec<_>>());
        assert_eq!(strip(&mut program), None, "there is none left");
        assert_eq!(strip(&mut [0; 20]), None);
    }
}
