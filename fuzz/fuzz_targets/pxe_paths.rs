//! Any requested path has a meaning, the same for either slash, and none leads out of its directory.
#![no_main]

use firstlight_pxe::{BootFile, RequestedPath};
use libfuzzer_sys::fuzz_target;

fn is_inside(path: &str) -> bool {
    !path.chars().any(char::is_control) && !path.split(['/', '\\']).any(|part| matches!(part, "" | "." | ".."))
}

fn check(meaning: &RequestedPath) {
    match meaning {
        RequestedPath::Image(path) | RequestedPath::RaspberryPi { file: path, .. } => {
            assert!(is_inside(path), "{path:?}")
        }
        RequestedPath::Tree { path, meaning, .. } => {
            assert!(is_inside(path), "{path:?}");
            assert!(!matches!(**meaning, RequestedPath::Tree { .. }));
            check(meaning);
        }
        _ => {}
    }
}

fuzz_target!(|data: &[u8]| {
    let path = String::from_utf8_lossy(data);
    let meaning = RequestedPath::parse(&path);
    check(&meaning);
    assert_eq!(matches!(meaning, RequestedPath::BootFile(_)), BootFile::from_path(&path).is_some());
    // A URL's scheme is written with slashes only.
    if !path.contains(":/") && !path.contains(":\\") {
        assert_eq!(RequestedPath::parse(&path.replace('/', "\\")), meaning);
        assert_eq!(RequestedPath::parse(&format!("//{path}")), meaning);
    }
});
