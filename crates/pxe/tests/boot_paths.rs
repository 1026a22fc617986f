//! What MAAS finds in requested paths, as recorded in `testdata/pxe/boot_paths.json`, beside what we find.

use firstlight_pxe::{BootFile, ConfigKey, MachineUuid, RequestedPath};
use serde_json::Value as Json;

/// Trees for other architectures: their prefix is not looked behind yet.
const OTHER_TREES: [&str; 2] = ["ppc64el/", "s390x/"];

fn key_groups(key: &ConfigKey) -> Vec<(&'static str, String)> {
    match key {
        ConfigKey::Mac(mac) => {
            vec![("mac", mac.map(|byte| format!("{byte:02x}")).join("-"))]
        }
        ConfigKey::Uuid(uuid) => vec![("hardware_uuid", uuid.to_string())],
        ConfigKey::Default { arch, subarch } => {
            let groups = [("arch", arch.clone()), ("subarch", subarch.clone())];
            groups.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
        }
        _ => Vec::new(),
    }
}

#[test]
fn what_maas_matches_is_matched() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/pxe/boot_paths.json");
    let vectors: Json = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut checked = 0;
    for case in vectors["cases"].as_array().unwrap() {
        let path = case["path"].as_str().unwrap();
        if OTHER_TREES.iter().any(|tree| path.trim_start_matches('/').starts_with(tree)) {
            continue;
        }
        let Some(expected) = case["matches"].get(0) else { continue };
        let (method, key) = match RequestedPath::parse(path) {
            RequestedPath::PxelinuxConfig(key) => ("pxe", key),
            RequestedPath::GrubConfig(key) => ("grub", key),
            RequestedPath::IpxeScript(key) => ("ipxe", key),
            other => panic!("{path:?} is {other:?}, expected {expected}"),
        };
        assert_eq!(method, expected["method"], "{path:?}");
        let groups = key_groups(&key);
        let wanted = expected["groups"].as_object().unwrap();
        assert_eq!(groups.len(), wanted.len(), "{path:?}: {groups:?}");
        for (name, value) in groups {
            let wanted = wanted[name].as_str().unwrap().to_lowercase().replace(':', "-");
            assert_eq!(value, wanted, "{path:?}");
        }
        checked += 1;
    }
    assert_eq!(checked, 14);
}

#[track_caller]
fn check(path: &str, expected: &RequestedPath) {
    assert_eq!(&RequestedPath::parse(path), expected, "{path:?}");
}

const MAC: [u8; 6] = [0x52, 0x54, 0, 0x77, 0, 0xab];

#[test]
fn every_spelling_of_a_configuration() {
    let default = || ConfigKey::Default { arch: None, subarch: None };
    let pxelinux = RequestedPath::PxelinuxConfig;
    check("pxelinux.cfg/01-52-54-00-77-00-ab", &pxelinux(ConfigKey::Mac(MAC)));
    check("pxelinux.cfg/01-52-54-00-77-00-AB", &pxelinux(ConfigKey::Mac(MAC)));
    check("pxelinux.cfg/01-52:54:00:77:00:ab", &pxelinux(ConfigKey::Mac(MAC)));
    check("\\pxelinux.cfg\\20-52-54-00-77-00-ab", &pxelinux(ConfigKey::Mac(MAC)));
    check("pxelinux.cfg/C0A84D82", &pxelinux(ConfigKey::IpPrefix { prefix: 0xC0A8_4D82, digits: 8 }));
    check("pxelinux.cfg/C0A", &pxelinux(ConfigKey::IpPrefix { prefix: 0xC0A, digits: 3 }));
    check("pxelinux.cfg/default", &pxelinux(default()));
    let uuid = MachineUuid::parse_text("44454c4c-3000-1035-8056-b4c04f4e3632").unwrap();
    check("pxelinux.cfg/44454C4C-3000-1035-8056-B4C04F4E3632", &pxelinux(ConfigKey::Uuid(uuid)));

    let grub = RequestedPath::GrubConfig;
    check("/grub/grub.cfg", &grub(default()));
    check("grub.cfg", &grub(default()));
    check("/grub/grub.cfg-52:54:00:77:00:ab", &grub(ConfigKey::Mac(MAC)));
    check("/grub/grub.cfg-01-52-54-00-77-00-ab", &grub(ConfigKey::Mac(MAC)));
    check("/grub/grub.cfg-C0A84D", &grub(ConfigKey::IpPrefix { prefix: 0xC0_A84D, digits: 6 }));

    let ipxe = RequestedPath::IpxeScript;
    check("/boot.ipxe", &ipxe(default()));
    check("ipxe.cfg-52:54:00:77:00:ab", &ipxe(ConfigKey::Mac(MAC)));
}

#[test]
fn files_lists_and_images() {
    check("bootx64.efi", &RequestedPath::BootFile(BootFile::ShimX64));
    check("//grubx64.efi", &RequestedPath::BootFile(BootFile::GrubX64));
    check("/boot//SNPONLY.EFI", &RequestedPath::BootFile(BootFile::SnponlyX64));
    check("http://192.168.77.1/grubx64.efi", &RequestedPath::BootFile(BootFile::GrubX64));
    check("lpxelinux.0\u{fffd}", &RequestedPath::BootFile(BootFile::Lpxelinux));
    check("/grub/x86_64-efi/command.lst", &RequestedPath::GrubList);
    let image = |path: &str| RequestedPath::Image(path.to_owned());
    check("images/debian/bookworm/amd64/vmlinuz", &image("debian/bookworm/amd64/vmlinuz"));
    check("//images\\Debian//vmlinuz", &image("Debian/vmlinuz"));
}

#[test]
fn paths_that_lead_nowhere() {
    for path in [
        "",
        "/",
        "images/",
        "images/../etc/passwd",
        "images/./x",
        "..\\images\\x",
        "images/a\nb",
        "C:/images/x",
        "revocations_sbat.efi",
        "pxelinux.cfg/",
        "pxelinux.cfg/01-52-54-00-77-00",
        "pxelinux.cfg/01-52-54-00-77-00-gg",
        "pxelinux.cfg/C0A84D82F",
        "pxelinux.cfg/+1",
        "pxelinux.cfg/é",
        "grub/grub.cfgx",
        "grub/grub.cfg-",
        "foo/pxelinux.cfg/default",
        &"a/".repeat(2000),
    ] {
        check(path, &RequestedPath::Other);
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(128))]
    #[test]
    fn an_image_stays_below_its_directory(path in "(images)?[/\\\\.a-c]{0,12}[\\PC]{0,4}") {
        if let RequestedPath::Image(path) = RequestedPath::parse(&path) {
            let parts: Vec<&str> = path.split(['/', '\\']).collect();
            proptest::prop_assert!(!parts.iter().any(|part| matches!(*part, "" | "." | "..")), "{path:?}");
        }
    }
}
