//! Who may ask for what: the HTTP side of a machine's life, without a network.
#![expect(clippy::unwrap_used, reason = "a test panics when it fails")]

#[path = "support/house.rs"]
mod house;

use std::net::{Ipv4Addr, SocketAddr};

use axum::body::Body;
use axum::http::{Request, StatusCode};
use firstlight::config::Config;
use firstlight::http::Peer;
use firstlight::journal::Journal;
use firstlight::store::{Credential, Scope};
use firstlight_pxe::Loader;
use serde_json::{Value, json};
use tower::ServiceExt;

use house::{ADMIN, House, MACHINE, OTHER};

/// A server with an image.
async fn house() -> House {
    house_with(Journal::new(1000).0).await
}

async fn house_with(journal: Journal) -> House {
    let dir = tempfile::tempdir().unwrap();
    let images = dir.path().join("debian/bookworm/amd64");
    std::fs::create_dir_all(&images).unwrap();
    for file in ["vmlinuz", "initrd.img", "root.squashfs", "root.tar.zst"] {
        std::fs::write(images.join(file), "0123456789").unwrap();
    }
    House::new(dir, Config::new("none".to_owned()), journal).await
}

impl House {
    async fn get(&self, peer: Ipv4Addr, path: &str, authorization: &str) -> (StatusCode, String) {
        let request = Request::get(path).header("authorization", authorization).body(Body::empty()).unwrap();
        self.send(peer, request).await
    }

    async fn post(&self, path: &str, authorization: &str, kind: &str, body: impl Into<Body>) -> (StatusCode, String) {
        let request = Request::post(path)
            .header("authorization", authorization)
            .header("content-type", kind)
            .body(body.into())
            .unwrap();
        self.send(MACHINE, request).await
    }

    async fn form(&self, path: &str, authorization: &str, body: &str) -> StatusCode {
        self.post(path, authorization, "application/x-www-form-urlencoded", body.to_owned()).await.0
    }

    async fn admin(&self, path: &str, body: Value) -> (StatusCode, Value) {
        let (status, text) = self.post(path, &format!("Bearer {ADMIN}"), "application/json", body.to_string()).await;
        (status, serde_json::from_str(&text).unwrap_or_default())
    }

    /// Boots the machine from the network, and gives its id and its OAuth header.
    async fn ephemeral(&self, peer: Ipv4Addr) -> (String, String) {
        let (_, _, id, header) = self.bootstrap(peer).await;
        (id, header)
    }

    async fn bootstrap(&self, peer: Ipv4Addr) -> (String, String, String, String) {
        let script = self.boot.script(peer, None, Loader::Ipxe).await.unwrap();
        let path = script.split("cloud-config-url=http://10.77.0.1").nth(1).unwrap();
        let path = path.split_whitespace().next().unwrap().to_owned();
        let (status, config) = self.get(peer, &path, "").await;
        assert_eq!(status, StatusCode::OK, "{config}");
        let field = |name: &str| {
            let line = config.lines().find(|line| line.trim().starts_with(name)).unwrap();
            line.split_once(": ").unwrap().1.trim_matches('"').to_owned()
        };
        let id = field("metadata_url").split('/').nth(4).unwrap().to_owned();
        let header = format!(
            r#"OAuth oauth_signature_method="PLAINTEXT", oauth_consumer_key="{}", oauth_token="{}", oauth_signature="%26{}""#,
            field("consumer_key"),
            field("token_key"),
            field("token_secret")
        );
        (path, script, id, header)
    }

    /// The OAuth header of the installed system.
    async fn deployed(&self, id: &str) -> String {
        let unused = Credential {
            token_key: "unused".to_owned(),
            token_secret: String::new(),
            consumer_key: String::new(),
            machine: id.to_owned(),
            scope: Scope::Deployed,
            instance_id: String::new(),
            bootstrap: None,
            address: None,
        };
        let credential = self.controller.store().credential(&unused).await.unwrap();
        assert_ne!(credential.token_key, "unused", "the installation script brought credentials");
        format!(
            r#"OAuth oauth_signature_method="PLAINTEXT", oauth_consumer_key="{}", oauth_token="{}", oauth_signature="%26{}""#,
            credential.consumer_key, credential.token_key, credential.token_secret
        )
    }

    /// Reports as cloud-init does: JSON, without saying so.
    async fn report(&self, id: &str, header: &str, name: &str, kind: &str) {
        let body =
            json!({"name": name, "description": "d", "event_type": kind, "origin": "cloudinit", "result": "SUCCESS"});
        let request = Request::post(format!("/metadata/{id}/status"))
            .header("authorization", header)
            .body(Body::from(body.to_string()))
            .unwrap();
        assert_eq!(self.send(MACHINE, request).await.0, StatusCode::NO_CONTENT);
    }

    async fn status(&self, id: &str) -> String {
        self.controller.machine(id).await.unwrap().machine.status().to_string()
    }
}

#[tokio::test]
async fn the_bootstrap_url_is_for_one_address_and_one_phase() {
    let house = house().await;
    let (path, _, id, header) = house.bootstrap(MACHINE).await;
    assert_eq!(house.get(MACHINE, &path, "").await.0, StatusCode::OK, "cloud-init asks twice");
    assert_eq!(house.get(OTHER, &path, "").await.0, StatusCode::NOT_FOUND);
    assert_eq!(house.get(MACHINE, "/metadata/bootstrap/guessed", "").await.0, StatusCode::NOT_FOUND);
    assert_eq!(house.form(&format!("/metadata/{id}/finished"), &header, "failed=").await, StatusCode::NO_CONTENT);
    assert_eq!(house.status(&id).await, "New");
    assert_eq!(house.get(MACHINE, &path, "").await.0, StatusCode::NOT_FOUND, "dead when the phase is over");
    let instance = format!("/metadata/{id}/2012-03-01/meta-data/instance-id");
    assert_eq!(house.get(MACHINE, &instance, &header).await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_token_has_at_least_128_random_bits_and_is_the_same_for_every_retry_of_a_boot() {
    let house = house().await;
    let (path, ..) = house.bootstrap(MACHINE).await;
    let token = path.rsplit('/').next().unwrap();
    assert!(token.len() * 5 >= 128, "{token}");
    assert_eq!(house.bootstrap(MACHINE).await.0, path);
    assert_ne!(house.bootstrap(OTHER).await.0, path);
}

#[tokio::test]
async fn credentials_work_only_for_their_machine() {
    let house = house().await;
    let (mine, my_header) = house.ephemeral(MACHINE).await;
    let (other, _) = house.ephemeral(OTHER).await;
    for path in ["2012-03-01/meta-data/instance-id", "2012-03-01/user-data", "scripts", "scripts/01-lshw"] {
        assert_eq!(
            house.get(MACHINE, &format!("/metadata/{mine}/{path}"), &my_header).await.0,
            StatusCode::OK,
            "{path}"
        );
        let theirs = format!("/metadata/{other}/{path}");
        assert_eq!(house.get(MACHINE, &theirs, &my_header).await.0, StatusCode::UNAUTHORIZED, "{path}");
        assert_eq!(house.get(MACHINE, &theirs, "").await.0, StatusCode::UNAUTHORIZED, "{path}");
    }
    let wrong = my_header.replace("%26", "%26x");
    assert_eq!(house.get(MACHINE, &format!("/metadata/{mine}/scripts"), &wrong).await.0, StatusCode::UNAUTHORIZED);
    let admin = format!("Bearer {ADMIN}");
    assert_eq!(house.get(MACHINE, &format!("/metadata/{mine}/scripts"), &admin).await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn nobody_gets_a_script_without_a_lease() {
    let house = house().await;
    let stranger = Ipv4Addr::new(10, 77, 0, 150);
    assert_eq!(house.get(stranger, "/boot.ipxe", "").await.0, StatusCode::FORBIDDEN);
    assert_eq!(house.get(MACHINE, "/boot.ipxe", "").await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_life_from_enlistment_to_release() {
    let house = house().await;
    let (id, header) = house.ephemeral(MACHINE).await;
    assert_eq!(
        house.get(MACHINE, &format!("/metadata/{id}/2012-03-01/meta-data/instance-id"), &header).await.0,
        StatusCode::OK
    );
    house.form(&format!("/metadata/{id}/finished"), &header, "failed=").await;
    assert_eq!(house.admin(&format!("/api/v1/machines/{id}/deploy"), json!({})).await.0, StatusCode::CONFLICT);

    assert_eq!(house.admin(&format!("/api/v1/machines/{id}/commission"), json!({})).await.0, StatusCode::OK);
    let (_, header) = house.ephemeral(MACHINE).await;
    let disks = r#"{"blockdevices":[{"path":"/dev/vda","type":"disk","size":8589934592,"ro":false,"log-sec":512}]}"#;
    let finish = format!("/metadata/{id}/scripts/50-block-devices/finish?exit_status=0&milliseconds=1500");
    assert_eq!(house.post(&finish, &header, "text/plain", disks).await.0, StatusCode::NO_CONTENT);
    house.form(&format!("/metadata/{id}/finished"), &header, "failed=").await;
    assert_eq!(house.status(&id).await, "Ready");
    assert!(
        house.boot.script(MACHINE, None, Loader::Grub).await.unwrap().contains("halt"),
        "a Ready machine is turned off"
    );

    // A template that does not fit is told before anything boots, and again if it breaks later.
    let template = house.dir.path().join("templates/curtin_userdata_debian");
    let broken = "curtin_userdata_debian:1:3: `nod` is not defined; did you mean `node`?";
    std::fs::write(&template, "{{nod}}").unwrap();
    let (status, refusal) = house.admin(&format!("/api/v1/machines/{id}/deploy"), json!({})).await;
    assert_eq!((status, house.status(&id).await.as_str()), (StatusCode::UNPROCESSABLE_ENTITY, "Ready"));
    assert!(refusal["error"]["message"].as_str().unwrap().ends_with(broken), "{refusal}");
    std::fs::write(&template, "sources: {root: {{image_url|escape.json}}}\n").unwrap();

    let (status, machine) =
        house.admin(&format!("/api/v1/machines/{id}/deploy"), json!({"user_data": "#!/bin/sh\n"})).await;
    assert_eq!((status, machine["status"].as_str()), (StatusCode::OK, Some("Deploying")), "{machine}");
    let (_, header) = house.ephemeral(MACHINE).await;
    let install = format!("/metadata/{id}/install?firmware=bios");
    std::fs::write(&template, "{{nod}}").unwrap();
    let (status, refusal) = house.get(MACHINE, &install, &header).await;
    assert!(status == StatusCode::UNPROCESSABLE_ENTITY && refusal.contains(broken), "{refusal}");
    std::fs::remove_file(&template).unwrap();
    let (status, script) = house.get(MACHINE, &install, &header).await;
    assert_eq!(status, StatusCode::OK, "{script}");
    assert!(script.contains("/dev/vda"));
    let events = house.controller.store().events_after(0, 1000).await.unwrap();
    let begun = events.iter().find(|event| event.kind == "install.started").unwrap();
    let root = &begun.details["devices"][3];
    assert_eq!((&root["path"], &root["mountpoint"]), (&json!("/dev/vda3"), &json!("/")), "{begun:?}");
    assert!(script.contains(root["uuid"].as_str().unwrap()), "the disks are those of this script");
    assert_eq!(house.form(&format!("/metadata/{id}/install/finished"), &header, "").await, StatusCode::NO_CONTENT);
    let local = house.boot.script(MACHINE, None, Loader::Grub).await.unwrap();
    assert!(local.contains("chainloader"), "the first boot is from the disk: {local}");

    assert_eq!(house.status(&id).await, "Deploying", "only the first boot's report makes it Deployed");

    let header = house.deployed(&id).await;
    let user_data = house.get(MACHINE, &format!("/metadata/{id}/2012-03-01/user-data"), &header).await;
    assert_eq!(user_data, (StatusCode::OK, "#!/bin/sh\n".to_owned()));
    assert_eq!(house.get(MACHINE, &format!("/metadata/{id}/scripts"), &header).await.0, StatusCode::FORBIDDEN);
    house.report(&id, &header, "modules-config", "finish").await;
    assert_eq!(house.status(&id).await, "Deploying");
    house.report(&id, &header, "modules-final", "start").await;
    assert_eq!(house.status(&id).await, "Deploying");
    house.report(&id, &header, "modules-final", "finish").await;
    assert_eq!(house.status(&id).await, "Deployed");
    house.report(&id, &header, "modules-final", "finish").await;

    assert_eq!(house.admin(&format!("/api/v1/machines/{id}/release"), json!({})).await.0, StatusCode::OK);
    assert_eq!(house.status(&id).await, "Releasing");
    let hostname = format!("/metadata/{id}/2012-03-01/meta-data/local-hostname");
    assert_eq!(house.get(MACHINE, &hostname, &header).await.0, StatusCode::UNAUTHORIZED, "released is forgotten");
}

#[tokio::test]
async fn a_failed_step_fails_the_deployment_with_its_last_words() {
    let house = house().await;
    let (id, header) = house.ephemeral(MACHINE).await;
    let fail = "state=fail&step=mkfs&exit_status=1&text=mkfs.ext4%3A+no+such+device";
    assert_eq!(house.form(&format!("/metadata/{id}/install/step"), &header, fail).await, StatusCode::CONFLICT);
    assert_eq!(
        house.form(&format!("/metadata/{id}/finished"), &header, "failed=01-lshw").await,
        StatusCode::NO_CONTENT
    );
    let record = house.controller.machine(&id).await.unwrap();
    assert_eq!(record.machine.reason(), Some("these scripts failed: 01-lshw"));
}

#[tokio::test]
async fn a_page_needs_a_login_and_a_change_needs_its_csrf_token() {
    let house = house().await;
    assert_eq!(house.get(MACHINE, "/", "").await.0, StatusCode::SEE_OTHER);
    assert_eq!(house.get(MACHINE, "/api/v1/machines", "").await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(house.get(MACHINE, "/api/v1/machines", "Bearer wrong").await.0, StatusCode::UNAUTHORIZED);
    let (_, login) = house.admin("/api/v1/login-codes", json!({})).await;
    let url = login["url"].as_str().unwrap();
    let mut request = Request::get(url).body(Body::empty()).unwrap();
    request.extensions_mut().insert(Peer(SocketAddr::from((MACHINE, 1))));
    let response = house.router.clone().oneshot(request).await.unwrap();
    let cookie = response.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap().to_owned();
    assert_eq!(house.get(MACHINE, url, "").await.0, StatusCode::UNAUTHORIZED, "a code is good once");

    let page = Request::get("/").header("cookie", &cookie).body(Body::empty()).unwrap();
    let (status, page) = house.send(MACHINE, page).await;
    assert_eq!(status, StatusCode::OK);
    let csrf = page.split(r#"name="csrf-token" content=""#).nth(1).unwrap().split('"').next().unwrap().to_owned();
    let change = |token: &str| {
        let request = Request::post("/api/v1/machines").header("cookie", &cookie).header("x-csrf-token", token);
        let body = json!({"name": "web01", "macs": ["52:54:00:00:00:09"]}).to_string();
        request.header("content-type", "application/json").body(Body::from(body)).unwrap()
    };
    assert_eq!(house.send(MACHINE, change("forged")).await.0, StatusCode::FORBIDDEN);
    assert_eq!(house.send(MACHINE, change(&csrf)).await.0, StatusCode::CREATED);
    assert_eq!(house.send(MACHINE, change(&csrf)).await.0, StatusCode::CONFLICT, "the name is taken");
}

#[tokio::test]
async fn images_have_head_and_ranges() {
    let house = house().await;
    let path = "/images/debian/bookworm/amd64/vmlinuz";
    let head = Request::head(path).body(Body::empty()).unwrap();
    assert_eq!(house.send(OTHER, head).await, (StatusCode::OK, String::new()));
    let range = Request::get(path).header("range", "bytes=2-4").body(Body::empty()).unwrap();
    assert_eq!(house.send(OTHER, range).await, (StatusCode::PARTIAL_CONTENT, "234".to_owned()));
    assert_eq!(house.get(OTHER, "/images/../db", "").await.0, StatusCode::NOT_FOUND);
    assert_eq!(house.get(OTHER, "/images/debian", "").await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn every_machine_request_leaves_a_trace_without_its_secret() {
    let (journal, writer) = Journal::new(1000);
    let house = house_with(journal).await;
    let (bootstrap, _, id, header) = house.bootstrap(MACHINE).await;
    house.get(OTHER, &bootstrap, "").await;
    house.get(MACHINE, &format!("/metadata/{id}/2012-03-01/meta-data/local-hostname"), &header).await;
    house.get(MACHINE, "/images/debian/bookworm/amd64/vmlinuz", "").await;
    // A machine that is turned off in the middle of a download.
    let image = Request::get("/images/debian/bookworm/amd64/root.tar.zst")
        .extension(Peer(SocketAddr::from((MACHINE, 4000))))
        .body(Body::empty())
        .unwrap();
    drop(house.router.clone().oneshot(image).await.unwrap());
    let (status, text) = house.get(MACHINE, "/api/v1/server", &format!("Bearer {ADMIN}")).await;
    let server: Value = serde_json::from_str(&text).unwrap();
    // The API's own answer is not one that machines wait for.
    assert_eq!((status, &server["waits"]["http"]["answers"]), (StatusCode::OK, &json!(5)), "{text}");

    let store = house.controller.store().clone();
    let stop = tokio::sync::watch::channel(true).1;
    writer.run(store.clone(), stop).await;
    let events = store.events_after(0, 1000).await.unwrap();
    let about_http: Vec<&str> =
        events.iter().filter(|event| event.kind.starts_with("http.")).map(|event| event.message.as_str()).collect();
    let told = |part: &str| about_http.iter().filter(|message| message.contains(part)).count();
    assert_eq!(told("GET /metadata/bootstrap/… from 10.77.0.100: 200 OK"), 1, "{about_http:#?}");
    assert_eq!(told("GET /metadata/bootstrap/… from 10.77.0.101: 404 Not Found"), 1, "{about_http:#?}");
    assert_eq!(told("meta-data/local-hostname from 10.77.0.100: 200 OK"), 1, "{about_http:#?}");
    assert_eq!(told("vmlinuz: 10 bytes in "), 1, "{about_http:#?}");
    assert_eq!(told("root.tar.zst: 10.77.0.100 broke off after 0 of 10 bytes"), 1, "{about_http:#?}");
    let secret = bootstrap.rsplit('/').next().unwrap();
    assert!(events.iter().all(|event| !format!("{event:?}").contains(secret)));
}

#[tokio::test]
async fn a_wrong_method_or_path_is_told_in_json_too() {
    let house = house().await;
    for (path, method, status, code) in [
        ("/api/v1/machines", "PUT", StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed"),
        ("/api/v1/nothing", "GET", StatusCode::NOT_FOUND, "not-found"),
        ("/boot.ipxe", "DELETE", StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed"),
    ] {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {ADMIN}"))
            .body(Body::empty())
            .unwrap();
        let (found, text) = house.send(MACHINE, request).await;
        let error: Value = serde_json::from_str(&text).unwrap_or_default();
        assert_eq!((found, &error["error"]["code"]), (status, &json!(code)), "{method} {path}: {text}");
    }
}

#[tokio::test]
async fn broken_templates_are_told_before_a_machine_boots_and_once() {
    let house = house().await;
    let templates = house.dir.path().join("templates");
    let (status, machine) =
        house.admin("/api/v1/machines", json!({"name": "web01", "macs": ["52:54:00:00:00:09"]})).await;
    assert_eq!(status, StatusCode::CREATED);
    let id = machine["id"].as_str().unwrap();
    std::fs::write(templates.join("enlist"), "{{if}}").unwrap();
    // No name is missing while the machine has this architecture: checking finds it, rendering would not.
    let late = "{{preseed_data}}\n{{if node.architecture == 'arm64/generic'}}{{relase}}{{endif}}";
    std::fs::write(templates.join("commissioning"), late).unwrap();
    for _ in 0..2 {
        firstlight::audit::audit(&house.boot, &house.controller).await.unwrap();
    }
    let (_, server) = house.get(MACHINE, "/api/v1/server", &admin()).await;
    let server: Value = serde_json::from_str(&server).unwrap();
    let faults = server["template_faults"].as_array().unwrap();
    let place = "commissioning:2:46: `relase` is not defined; did you mean `release`?";
    assert_eq!(faults.len(), 2, "{faults:?}");
    assert!(faults[0]["message"].as_str().unwrap().contains("/enlist:1:"), "{faults:?}");
    assert_eq!((&faults[1]["prefix"], &faults[1]["machines"]), (&json!("commissioning"), &json!(["web01"])));
    assert!(faults[1]["message"].as_str().unwrap().ends_with(place), "{faults:?}");
    for page in ["/fragments/machines", &format!("/fragments/machines/{id}")] {
        let (_, page) = house.get(MACHINE, page, &admin()).await;
        assert!(page.contains(&format!("/templates/{place}")), "{page}");
    }

    let commission = format!("/api/v1/machines/{id}/commission");
    let (status, refusal) = house.admin(&commission, json!({})).await;
    assert_eq!((status, house.status(id).await.as_str()), (StatusCode::UNPROCESSABLE_ENTITY, "New"));
    assert!(refusal["error"]["message"].as_str().unwrap().ends_with(place), "{refusal}");
    std::fs::write(templates.join("commissioning"), "{{preseed_data}}").unwrap();
    assert_eq!(house.admin(&commission, json!({})).await.0, StatusCode::OK);

    firstlight::audit::audit(&house.boot, &house.controller).await.unwrap();
    let events = house.controller.store().events_after(0, 1000).await.unwrap();
    let told: Vec<&str> =
        events.iter().filter(|event| event.kind.starts_with("template.")).map(|event| event.kind.as_str()).collect();
    assert_eq!(told, ["template.broken", "template.broken", "template.mended"]);
    let mended = events.iter().find(|event| event.kind == "template.mended").unwrap();
    assert!(mended.message.starts_with("no longer: ") && mended.message.ends_with(place), "{}", mended.message);
}

#[tokio::test]
async fn a_users_template_is_taken_and_a_broken_one_fails_the_phase() {
    let house = house().await;
    let templates = house.dir.path().join("templates");
    std::fs::write(templates.join("enlist"), "{{preseed_data}}# for {{node.system_id}}\n").unwrap();
    let (path, _, id, header) = house.bootstrap(MACHINE).await;
    let (_, text) = house.get(MACHINE, &path, "").await;
    assert!(text.starts_with("#cloud-config\n") && text.ends_with(&format!("# for {id}\n")), "{text}");

    // The change takes effect at once, and the built-in text is no way out.
    std::fs::write(templates.join("enlist_userdata"), "#!/bin/sh\n{{no_such}}\n").unwrap();
    let user_data = format!("/metadata/{id}/2012-03-01/user-data");
    let (status, text) = house.get(MACHINE, &user_data, &header).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(text.contains("enlist_userdata:2:3: `no_such` is not defined"), "{text}");
    let record = house.controller.machine(&id).await.unwrap();
    assert_eq!(record.machine.status().as_str(), "FailedEnlisting");
    assert!(record.machine.reason().unwrap().contains("`no_such` is not defined"), "{:?}", record.machine);

    let (_, text) = house.get(MACHINE, &format!("/api/v1/machines/{id}/preseed?prefix=enlist"), &admin()).await;
    let told: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(told["used"]["name"], "enlist");
    assert_eq!(told["shadowed"][0]["path"], "enlist (built in)");
    let (_, page) = house.get(MACHINE, &format!("/machines/{id}"), &admin()).await;
    let link = format!("/machines/{id}/preseed/enlist");
    assert!(page.contains(&format!("href=\"{link}\"")), "{page}");
    let (_, page) = house.get(MACHINE, &link, &admin()).await;
    assert!(page.contains("/templates/enlist</code></td><td><span class=\"badge good\">used"), "{page}");
    assert!(page.contains("enlist (built in)</code></td><td><span class=\"badge calm\">shadowed"), "{page}");
    assert!(page.contains("token_secret: ********\n"), "{page}");
    let text = told["text"].as_str().unwrap();
    assert!(text.contains("token_secret: ********\n") && !text.contains(&header[header.len() - 20..]), "{text}");
}

fn admin() -> String {
    format!("Bearer {ADMIN}")
}
