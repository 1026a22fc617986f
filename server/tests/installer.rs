//! Classic installers over HTTP: from the wish to Deployed, without a network.
#![expect(clippy::unwrap_used, reason = "a test panics when it fails")]

#[path = "support/house.rs"]
mod house;

use std::net::Ipv4Addr;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use firstlight::config::Config;
use firstlight::journal::Journal;
use firstlight::model::{Mac, Power};
use firstlight_machine_fsm::Event;
use firstlight_pxe::{Loader, RequestedPath};
use serde_json::{Value, json};

use house::{ADMIN, House, MACHINE, OTHER};

const ROOT: &str = "http://10.77.0.1/";

const OS: &str = r#"
[os.di]
kind = "debian-installer"
os = "debian/bookworm"
kernel = "di/linux"
initrd = "di/initrd.gz"
mirror = "http://mirror.example/debian"
proxy = "http://10.77.0.1:3128"

[os.rocky]
kind = "kickstart"
os = "rocky/9"
kernel = "di/linux"
initrd = "di/initrd.gz"
mirror = "http://mirror.example/rocky/9/BaseOS/x86_64/os"

[os.leap]
kind = "autoyast"
os = "opensuse/15.6"
kernel = "di/linux"
initrd = "di/initrd.gz"
mirror = "http://mirror.example/leap/repo/oss"

[os.noble]
kind = "autoinstall"
os = "ubuntu/noble"
kernel = "di/linux"
initrd = "di/initrd.gz"
mirror = "http://mirror.example/ubuntu"
image = "noble.iso"

[os.mine]
kind = "debian-installer"
os = "debian/trixie"
kernel = "di/linux"
initrd = "di/initrd.gz"
mirror = "http://mirror.example/debian"
parameters = "url={{answers_url}} {{node.hostname}} {{release}}"
template = "mine"

[os.typo]
kind = "debian-installer"
os = "debian/trixie"
kernel = "di/linux"
initrd = "di/initrd.gz"
mirror = "http://mirror.example/debian"
parameters = "url={{answer_url}}"
"#;

/// A server with the installers above and a Ready machine, web01.
async fn house() -> House {
    let dir = tempfile::tempdir().unwrap();
    for (file, text) in [("di/linux", "kernel"), ("di/initrd.gz", "initrd")] {
        std::fs::create_dir_all(dir.path().join("di")).unwrap();
        std::fs::write(dir.path().join(file), text).unwrap();
    }
    let file = dir.path().join("firstlight.toml");
    std::fs::write(&file, format!("interface = \"none\"\nkernel_options = \"console=ttyS0\"\n{OS}")).unwrap();
    let config = Config::read(&file).unwrap();
    let house = House::new(dir, config, Journal::new(1000).0).await;
    let controller = &house.controller;
    controller.store().add_key("ssh-ed25519 AAAA me@home").await.unwrap();
    let machine = Mac([0x52, 0x54, 0, 0, 0, 1]);
    let machine = controller.add(Some("web01".to_owned()), vec![machine], Power::Manual).await.unwrap();
    controller.apply(&machine.id, Event::Commission).await.unwrap();
    controller.apply(&machine.id, Event::ScriptsFinished).await.unwrap();
    house
}

impl House {
    async fn get(&self, peer: Ipv4Addr, url: &str) -> (StatusCode, String) {
        let path = url.strip_prefix(ROOT).unwrap();
        self.send(peer, Request::get(format!("/{path}")).body(Body::empty()).unwrap()).await
    }

    async fn admin(&self, method: &str, path: &str, body: Value) -> (StatusCode, Value) {
        let request = Request::builder()
            .method(method)
            .uri(format!("/api/v1/machines/web01{path}"))
            .header("authorization", format!("Bearer {ADMIN}"))
            .body(Body::from(body.to_string()))
            .unwrap();
        let (status, text) = self.send(MACHINE, request).await;
        (status, serde_json::from_str(&text).unwrap_or_default())
    }

    async fn deploy(&self, os: &str) {
        let (status, machine) = self.admin("POST", "/deploy", json!({"os": os})).await;
        assert_eq!((status, &machine["status"], &machine["os"]), (StatusCode::OK, &json!("Deploying"), &json!(os)));
    }

    /// What the deployment is refused with.
    async fn refusal(&self, wish: Value) -> String {
        let (status, refusal) = self.admin("POST", "/deploy", wish).await;
        assert_eq!((status, self.status().await.as_str()), (StatusCode::UNPROCESSABLE_ENTITY, "Ready"), "{refusal}");
        refusal["error"]["message"].as_str().unwrap().to_owned()
    }

    async fn script(&self, loader: Loader) -> String {
        self.boot.script(MACHINE, None, loader).await.unwrap()
    }

    /// The kernel's command line, as lpxelinux gets it, without a first word of the loader's.
    async fn command_line(&self) -> String {
        let script = self.script(Loader::Pxelinux).await;
        script.lines().find_map(|line| line.trim().strip_prefix("APPEND ")).unwrap_or_else(|| &script).to_owned()
    }

    async fn status(&self) -> String {
        self.controller.machine("web01").await.unwrap().machine.status().to_string()
    }
}

/// The word of a command line behind `name=`.
fn word(line: &str, name: &str) -> String {
    let mut words = line.split_whitespace();
    words.find_map(|word| word.strip_prefix(name)?.strip_prefix('=')).unwrap().to_owned()
}

/// The URL in a text that ends with `what`.
fn url<'a>(text: &'a str, what: &str) -> &'a str {
    let urls = text.split(|c: char| c.is_whitespace() || "'\";=".contains(c)).filter(|word| word.starts_with(ROOT));
    urls.into_iter().find(|url| url.ends_with(what)).unwrap()
}

#[tokio::test]
async fn debian_installer_from_the_wish_to_deployed() {
    let house = house().await;
    house.deploy("di").await;
    let line = house.command_line().await;
    let answers = word(&line, "url");
    let expected = format!(
        "auto=true priority=critical url={answers} interface=auto BOOTIF=01-52-54-00-00-00-01 hostname=web01 console=ttyS0"
    );
    assert_eq!(line, expected);
    for (file, text) in [("kernel", "kernel"), ("initrd", "initrd")] {
        let path = format!("images/installers/di/{file}");
        assert!(house.script(Loader::Grub).await.contains(&path));
        assert!(house.script(Loader::Ipxe).await.contains(&path));
        assert_eq!(house.get(MACHINE, &format!("{ROOT}{path}")).await, (StatusCode::OK, text.to_owned()));
        let RequestedPath::Image(path) = RequestedPath::parse(&path) else { unreachable!() };
        assert_eq!(std::fs::read_to_string(house.boot.image_file(&path)).unwrap(), text, "TFTP");
    }

    assert_eq!(house.get(OTHER, &answers).await.0, StatusCode::NOT_FOUND, "for this machine's address alone");
    assert_eq!(house.get(MACHINE, &format!("{ROOT}metadata/installer/guessed/answers")).await.0, StatusCode::NOT_FOUND);
    let (status, text) = house.get(MACHINE, &answers).await;
    assert_eq!(status, StatusCode::OK, "{text}");
    for line in [
        "d-i netcfg/get_hostname string web01",
        "d-i mirror/http/hostname string mirror.example",
        "d-i mirror/http/proxy string http://10.77.0.1:3128",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}: {text}");
    }
    assert!(text.contains("ssh-ed25519 AAAA me@home"), "{text}");
    assert_eq!(house.get(MACHINE, &answers).await, (StatusCode::OK, text.clone()), "asking again changes nothing");

    let late = url(&text, "/late").to_owned();
    assert_eq!(house.get(OTHER, &late).await.0, StatusCode::NOT_FOUND);
    let (status, program) = house.get(MACHINE, &late).await;
    assert_eq!(status, StatusCode::OK, "{program}");
    assert_eq!(house.get(MACHINE, &late).await.1, program, "and the same reports");
    let finished = url(&program, "/finished").to_owned();
    let first_boot = program.split("GET /").nth(1).unwrap().split(' ').next().unwrap();
    let first_boot = format!("{ROOT}{first_boot}");
    assert_ne!(finished.split('/').nth(5), late.split('/').nth(5), "what stays on the disk does not tell the answers");

    assert_eq!(house.status().await, "Deploying");
    for _ in 0..2 {
        assert_eq!(house.get(MACHINE, &finished).await.0, StatusCode::NO_CONTENT);
    }
    assert_eq!(house.get(MACHINE, &answers).await.0, StatusCode::NOT_FOUND, "the installation is over");
    assert!(house.script(Loader::Grub).await.contains("chainloader"), "it boots from its disk");
    assert_eq!(house.status().await, "Deploying", "only the first boot's report makes it Deployed");
    for _ in 0..2 {
        assert_eq!(house.get(MACHINE, &first_boot).await.0, StatusCode::NO_CONTENT);
    }
    assert_eq!(house.status().await, "Deployed");
    assert!(house.script(Loader::Grub).await.contains("chainloader"), "and goes on to");

    assert_eq!(house.admin("POST", "/release", json!({})).await.0, StatusCode::OK);
    assert_eq!(house.get(MACHINE, &first_boot).await.0, StatusCode::NOT_FOUND, "released is forgotten");
}

#[tokio::test]
async fn an_installer_that_boots_twice_or_says_so_has_failed() {
    let house = house().await;
    house.deploy("di").await;
    let answers = word(&house.command_line().await, "url");
    assert_eq!(
        word(&house.command_line().await, "url"),
        answers,
        "a boot may be tried again before the installer runs"
    );
    house.get(MACHINE, &answers).await;
    assert!(house.script(Loader::Grub).await.contains("halt"));
    assert_eq!(house.status().await, "FailedDeployment");

    let house = self::house().await;
    house.deploy("di").await;
    let answers = word(&house.command_line().await, "url");
    house.get(MACHINE, &answers).await;
    let failed = answers.replace("/answers", "/failed?text=no%20disk");
    assert_eq!(house.get(OTHER, &failed).await.0, StatusCode::NOT_FOUND);
    assert_eq!(house.get(MACHINE, &failed).await.0, StatusCode::NO_CONTENT);
    let record = house.controller.machine("web01").await.unwrap();
    assert_eq!((house.status().await.as_str(), record.machine.reason()), ("FailedDeployment", Some("no disk")));
    assert!(record.deadline.is_none());
}

#[tokio::test]
async fn every_kind_gets_its_answers_and_reports() {
    for (os, name, told) in [
        ("rocky", "inst.ks", "url --url=http://mirror.example/rocky/9/BaseOS/x86_64/os\n"),
        ("leap", "autoyast", "<hostname>web01</hostname>"),
        ("noble", "ds", "ssh-ed25519 AAAA me@home"),
    ] {
        let house = house().await;
        house.deploy(os).await;
        let line = house.command_line().await;
        let answers = word(&line, name);
        let answers = match answers.strip_prefix("nocloud;s=") {
            None => answers,
            Some(directory) => {
                assert!(line.contains("url=http://10.77.0.1/images/noble.iso"), "{line}");
                let (_, meta_data) = house.get(MACHINE, &format!("{directory}meta-data")).await;
                assert!(meta_data.contains("local-hostname: web01\n"), "{meta_data}");
                assert_eq!(house.get(MACHINE, &format!("{directory}vendor-data")).await.0, StatusCode::OK);
                format!("{directory}user-data")
            }
        };
        let (status, text) = house.get(MACHINE, &answers).await;
        assert_eq!(status, StatusCode::OK, "{text}");
        assert!(text.contains(told), "{text}");
        let (_, program) = house.get(MACHINE, url(&text, "/late")).await;
        assert_eq!(house.get(MACHINE, url(&program, "/finished")).await.0, StatusCode::NO_CONTENT, "{program}");
        let record = house.controller.machine("web01").await.unwrap();
        assert_eq!(record.machine.boot(), firstlight_machine_fsm::Boot::LocalDisk);
    }
}

#[tokio::test]
async fn mistakes_are_told_before_anything_boots() {
    let house = house().await;
    let file = house.dir.path().join("templates/mine_debian_amd64_generic_trixie");
    assert!(house.refusal(json!({"os": "mine"})).await.contains("names that begin with `mine`"));
    std::fs::write(&file, "d-i netcfg/get_hostname string {{node.hostnam}}\n").unwrap();
    let refusal = house.refusal(json!({"os": "mine"})).await;
    assert!(refusal.contains("mine_debian_amd64_generic_trixie:1:34: ") && refusal.contains("`hostnam`"), "{refusal}");
    std::fs::write(&file, "d-i netcfg/get_hostname sting {{node.hostname}}\n").unwrap();
    assert_eq!(
        house.refusal(json!({"os": "mine"})).await,
        "the answers that mine becomes are wrong: 1: `sting` is not a type; did you mean `string`?"
    );
    let refusal = house.refusal(json!({"os": "di", "curtin": "{}"})).await;
    assert_eq!(refusal, "di is an installer: it takes no curtin configuration");
    let refusal = house.refusal(json!({"os": "typo"})).await;
    assert_eq!(refusal, "os.typo.parameters:1:7: `answer_url` is not defined; did you mean `answers_url`?");
    assert!(house.refusal(json!({"os": "none"})).await.contains("there is no image `none`"));

    std::fs::write(&file, "{{preseed_data}}d-i time/zone string Europe/Berlin\n").unwrap();
    let (status, told) = house.admin("GET", "/preseed?prefix=mine", Value::Null).await;
    assert_eq!((status, &told["error"]), (StatusCode::OK, &Value::Null));
    assert_eq!(told["used"]["name"], "mine_debian_amd64_generic_trixie");
    assert!(told["text"].as_str().unwrap().contains("/metadata/installer/********/late"), "{told}");
    assert_eq!(house.admin("GET", "/preseed?prefix=none", Value::Null).await.0, StatusCode::BAD_REQUEST);

    house.deploy("mine").await;
    let line = house.command_line().await;
    assert!(line.ends_with(" web01 trixie console=ttyS0"), "{line}");
    let (_, text) = house.get(MACHINE, &word(&line, "url")).await;
    assert!(text.contains("d-i mirror/suite string trixie\n") && text.contains("Europe/Berlin\n"), "{text}");
}

#[tokio::test]
async fn a_template_that_breaks_meanwhile_fails_the_deployment() {
    let house = house().await;
    house.deploy("di").await;
    std::fs::write(house.dir.path().join("templates/debian_preseed"), "{{no_such}}").unwrap();
    let answers = word(&house.command_line().await, "url");
    let (status, refusal) = house.get(MACHINE, &answers).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refusal.contains("debian_preseed:1:3: `no_such` is not defined"), "{refusal}");
    let record = house.controller.machine("web01").await.unwrap();
    assert!(record.machine.reason().unwrap().contains("`no_such` is not defined"), "{:?}", record.machine);
}
