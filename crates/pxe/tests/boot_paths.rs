//! What MAAS finds in requested paths, as recorded in `testdata/pxe/boot_paths.json`, beside what we find.

use firstlight_pxe::{BootFile, ConfigKey, MachineUuid, RaspberryPiName, RequestedPath, Tree};
use serde_json::Value as Json;

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
        for expected in case["matches"].as_array().unwrap() {
            let found = matches(path);
            let method = expected["method"].as_str().unwrap();
            let (_, groups) = found
                .iter()
                .find(|(found, _)| *found == method)
                .unwrap_or_else(|| panic!("{path:?} is {:?}, expected {expected}", RequestedPath::parse(path)));
            let wanted: Vec<(String, String)> = expected["groups"]
                .as_object()
                .unwrap()
                .iter()
                .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
                .collect();
            let mut groups: Vec<(String, String)> =
                groups.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
            groups.sort();
            let normal = |text: &str| text.to_lowercase().replace(':', "-");
            let wanted: Vec<_> = wanted.iter().map(|(name, value)| (name.clone(), normal(value))).collect();
            let groups: Vec<_> = groups.iter().map(|(name, value)| (name.clone(), normal(value))).collect();
            assert_eq!(groups, wanted, "{path:?} as {method}");
            checked += 1;
        }
    }
    assert_eq!(checked, 24);
}

#[test]
fn what_maas_leaves_out_is_left_out_or_is_a_spelling_that_loaders_use() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/pxe/boot_paths.json");
    let vectors: Json = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let cases = vectors["cases"].as_array().unwrap().iter();
    let unmatched = cases.filter(|case| case["matches"].as_array().unwrap().is_empty());
    let ours: Vec<&str> =
        unmatched.map(|case| case["path"].as_str().unwrap()).filter(|path| !matches(path).is_empty()).collect();
    assert_eq!(
        ours,
        ["pxelinux.cfg/01-AA-BB-CC-DD-EE-FF", "pxelinux.cfg/01-aa:bb:cc:dd:ee:ff", "grub/grub.cfg", "ipxe.cfg"]
    );
}

/// In the vectors' words: every boot method that would answer, and what it extracts.
fn matches(path: &str) -> Vec<(&'static str, Vec<(&'static str, String)>)> {
    match RequestedPath::parse(path) {
        RequestedPath::PxelinuxConfig(key) => vec![("pxe", key_groups(&key))],
        RequestedPath::GrubConfig(key) => vec![("grub", key_groups(&key))],
        RequestedPath::IpxeScript(key) => vec![("ipxe", key_groups(&key))],
        RequestedPath::Tree { tree, path, meaning } => {
            let (config, other) = match tree {
                Tree::Ppc64el => ("powernv_cfg", "powernv_other"),
                Tree::S390x => ("s390x_cfg", "s390x_other"),
                _ => panic!("{tree:?}"),
            };
            let mut found = vec![(other, vec![("path", path)])];
            if let RequestedPath::PxelinuxConfig(key) = *meaning {
                found.push((config, key_groups(&key)));
            }
            found
        }
        _ => Vec::new(),
    }
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

    let x64 = ConfigKey::Default { arch: Some("x86_64".into()), subarch: None };
    check("/grub/grub.cfg-default-x86_64", &grub(x64));
    check("GRUB\\GRUB.CFG-01-52:54:00:77:00:AB", &grub(ConfigKey::Mac(MAC)));

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
fn other_architectures_ask_below_their_name() {
    let tree =
        |tree, path: &str, meaning| RequestedPath::Tree { tree, path: path.to_owned(), meaning: Box::new(meaning) };
    let config = RequestedPath::PxelinuxConfig(ConfigKey::Mac(MAC));
    check(
        "/ppc64el/pxelinux.cfg/01-52-54-00-77-00-AB",
        &tree(Tree::Ppc64el, "pxelinux.cfg/01-52-54-00-77-00-AB", config.clone()),
    );
    check("S390X//01-52-54-00-77-00-ab", &tree(Tree::S390x, "01-52-54-00-77-00-ab", config));
    check("ppc64el/01-52-54-00-77-00-ab", &tree(Tree::Ppc64el, "01-52-54-00-77-00-ab", RequestedPath::Other));
    let image = RequestedPath::Image("debian/vmlinuz".into());
    check("s390x/images/debian/vmlinuz", &tree(Tree::S390x, "images/debian/vmlinuz", image));
    check("ppc64el/ppc64el/x", &tree(Tree::Ppc64el, "ppc64el/x", RequestedPath::Other));
    check("ppc64el/", &RequestedPath::Other);
    check("ppc64el/../x", &RequestedPath::Other);
}

#[test]
fn a_raspberry_pi_asks_in_its_own_directory() {
    let serial = RaspberryPiName::Serial(0x9ffe_fdef);
    check("9ffefdef/start4.elf", &RequestedPath::RaspberryPi { machine: serial, file: "start4.elf".into() });
    let file = "overlays/Disable.dtbo".to_owned();
    check(
        "dc-a6-32-01-36-C2//overlays/Disable.dtbo",
        &RequestedPath::RaspberryPi { machine: RaspberryPiName::Mac([0xdc, 0xa6, 0x32, 1, 0x36, 0xc2]), file },
    );
    check("9ffefdef/../x", &RequestedPath::Other);
    check("9ffefdef", &RequestedPath::Other);
    check("9ffefde/start4.elf", &RequestedPath::Other);
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

#[test]
fn slashes_in_front_do_not_make_a_path_too_long() {
    let longest = format!("images/{}", "a".repeat(1024 - "images/".len()));
    let image = RequestedPath::Image(longest["images/".len()..].to_owned());
    check(&longest, &image);
    check(&format!("//{longest}"), &image);
    check(&format!("{longest}a"), &RequestedPath::Other);
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
