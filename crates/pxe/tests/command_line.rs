//! The kernel command lines that MAAS makes, as recorded in `testdata/pxe/kernel_cmdline.json`, and what ours cannot do.

use firstlight_pxe::{MaasCommandLine, maas_command_line};
use serde_json::Value as Json;

#[test]
fn what_maas_writes_is_written() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/pxe/kernel_cmdline.json");
    let vectors: Json = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let cases = vectors["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 4);
    for case in cases {
        let text = |name: &str| case["params"][name].as_str().unwrap();
        let line = MaasCommandLine {
            image_server: text("fs_host").parse().unwrap(),
            image: text("xinstall_path"),
            osystem: text("osystem"),
            release: text("release"),
            arch: text("arch"),
            subarch: text("subarch"),
            hostname: text("hostname"),
            cloud_config_url: text("preseed_url"),
            log_host: text("log_host"),
            log_port: u16::try_from(case["params"]["log_port"].as_u64().unwrap()).unwrap(),
            ephemeral: text("ephemeral_opts"),
            extra: text("extra_opts"),
        };
        assert_eq!(maas_command_line(&line), case["tokens"].as_str().unwrap(), "{}", case["name"]);
    }
}

const PLAIN: MaasCommandLine<'_> = MaasCommandLine {
    image_server: std::net::IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 2)),
    image: "squashfs",
    osystem: "custom",
    release: "focal",
    arch: "amd64",
    subarch: "generic",
    hostname: "m1",
    cloud_config_url: "http://10.0.0.2/",
    log_host: "10.0.0.2",
    log_port: 514,
    ephemeral: "",
    extra: "",
};

#[track_caller]
fn check_end(line: &MaasCommandLine<'_>, end: &str) {
    let text = maas_command_line(line);
    assert!(text.ends_with(end), "{text}");
}

#[test]
fn parameters_of_hardware_and_operator_come_last() {
    check_end(&PLAIN, " overlayroot_cfgdisk=disabled log_host=10.0.0.2 log_port=514");
    check_end(&MaasCommandLine { log_port: 0, ..PLAIN }, " log_port=5247");
    check_end(&MaasCommandLine { arch: "armhf", ..PLAIN }, " log_port=514 console=ttyAMA0");
    check_end(&MaasCommandLine { arch: "ppc64el", ..PLAIN }, " log_port=514 rootdelay=60");
    check_end(&MaasCommandLine { ephemeral: "quiet", extra: " a  b ", ..PLAIN }, " log_port=514 quiet --- a b");
    check_end(&MaasCommandLine { ephemeral: "quiet", extra: "  ", ..PLAIN }, " log_port=514 quiet");
}

#[test]
fn apparmor_is_off_only_where_it_has_to_be() {
    let is_off =
        |osystem, release| maas_command_line(&MaasCommandLine { osystem, release, ..PLAIN }).contains("apparmor");
    assert!(is_off("ubuntu", "focal") && is_off("ubuntu", "impish") && is_off("ubuntu", "precise"));
    assert!(!is_off("ubuntu", "jammy") && !is_off("ubuntu", "noble") && !is_off("custom", "focal"));
}

#[test]
fn the_kind_of_image_is_told_by_its_name() {
    let root = |image| {
        let text = maas_command_line(&MaasCommandLine { image, ..PLAIN });
        text.split(' ').nth(1).unwrap().to_owned()
    };
    assert_eq!(root(""), "root=squash:http://10.0.0.2:5248/images/squashfs");
    assert_eq!(root("a/root.txz"), "root=tar:http://10.0.0.2:5248/images/a/root.txz");
    assert_eq!(root("a/root.tgz.img"), "root=squash:http://10.0.0.2:5248/images/a/root.tgz.img");
}

#[test]
fn no_value_starts_another_parameter() {
    let evil = "x init=/bin/sh\n\"";
    let text = maas_command_line(&MaasCommandLine {
        image: evil,
        hostname: evil,
        cloud_config_url: evil,
        log_host: evil,
        ..PLAIN
    });
    let words = |text: &str| text.split_whitespace().count();
    assert_eq!(words(&text), words(&maas_command_line(&PLAIN)), "{text}");
}
