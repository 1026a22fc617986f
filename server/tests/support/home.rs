//! A server's directory.
#![expect(clippy::unwrap_used, reason = "a test panics when it fails")]

use tempfile::TempDir;

/// Images, every boot file (the tests are not about which packages are installed) and a configuration for `br0`, which ends
/// with `more`. `HOME` in it is the directory.
pub(crate) fn home(more: &str) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let (images, boot) = (dir.path().join("images/debian/bookworm/amd64"), dir.path().join("boot"));
    std::fs::create_dir_all(&images).unwrap();
    std::fs::create_dir_all(&boot).unwrap();
    for file in ["vmlinuz", "initrd.img", "root.squashfs", "root.tar.zst"] {
        std::fs::write(images.join(file), "x").unwrap();
    }
    for file in firstlight_pxe::BootFile::ALL {
        std::fs::write(boot.join(file.path()), "x").unwrap();
    }
    let config = format!(
        "interface = \"br0\"\ndata_dir = \"HOME/state\"\nimages_dir = \"HOME/images\"\nboot_dir = \"HOME/boot\"\n{more}\n"
    );
    let config = config.replace("HOME", &dir.path().display().to_string());
    std::fs::write(dir.path().join("firstlight.toml"), config).unwrap();
    dir
}
