//! Sections whose values are read otherwise than they look.

#![expect(clippy::unwrap_used, reason = "a test fails where it stands")]

use firstlight_curtin_config::{
    Disk, NetplanSettings, Network, Plan, ReporterKind, Target, parse, plan, render_json, to_yaml,
};

#[track_caller]
fn planned(config: &str) -> Plan {
    let parsed = parse(&format!("sources: [/r.tar]\n{config}"));
    plan(&parsed.config, &Target { disks: vec![Disk::new("/dev/vda", 8 << 30)], ..Target::default() }).unwrap()
}

/// The settings of one Ethernet device, and the codes of what is wrong with them.
fn ethernet(settings: &str) -> (NetplanSettings, Vec<&'static str>) {
    let parsed = parse(&format!("network: {{version: 2, ethernets: {{e0: {{{settings}}}}}}}\n"));
    let codes = parsed.problems.iter().map(|problem| problem.code).collect();
    let Some(Network::V2(plan)) = parsed.config.network_config else { panic!("{settings}") };
    (plan.devices.into_iter().next().unwrap().settings, codes)
}

#[test]
fn flags_of_a_netplan_are_read_as_netplan_reads_them() {
    for (text, value) in [
        ("true", Some(true)),
        ("'no'", Some(false)),
        ("'OFF'", Some(false)),
        ("n", Some(false)),
        ("\"Yes\"", Some(true)),
        ("y", Some(true)),
        ("1", None),
        ("maybe", None),
        ("null", None),
    ] {
        let (settings, codes) = ethernet(&format!("dhcp4: {text}"));
        assert_eq!(settings.dhcp4, value, "{text}");
        assert_eq!(codes, if value.is_none() { vec!["odd-type"] } else { vec![] }, "{text}");
    }
}

#[test]
fn a_route_has_its_segment_size_by_the_name_that_netplan_knows() {
    let (settings, codes) = ethernet("routes: [{to: default, via: 192.0.2.1, advertised-mss: 1400}]");
    assert_eq!((settings.routes[0].advertised_mss, codes), (Some(1400), vec![]));
    assert_eq!(ethernet("routes: [{to: default, advmss: 1400}]").1, ["unknown-key"]);
}

#[test]
fn the_id_of_a_route_stands_there_once() {
    let route = "network: {version: 1, config: [{type: route, destination: 192.0.2.0/24, id: 7}]}\n";
    let parsed = parse(route);
    assert_eq!(parsed.problems.iter().filter(|problem| problem.path.ends_with(".id")).count(), 1);
    let text = to_yaml(&parsed.config.network_config.unwrap().to_node());
    assert_eq!(text.matches("id:").count(), 1, "{text}");
}

#[test]
fn a_webhook_waits_for_parts_of_seconds() {
    let config = "reporting: {m: {type: webhook, endpoint: 'http://m', retries: [0.5, 1]}}\n";
    let parsed = parse(config);
    let ReporterKind::Webhook { retries, .. } = &parsed.config.reporting[0].kind else { panic!("no webhook") };
    assert_eq!(retries.iter().map(to_yaml).collect::<Vec<_>>(), ["0.5\n", "1\n"]);
    assert!(parsed.config.to_yaml().contains("- 0.5\n"), "{}", parsed.config.to_yaml());
}

#[test]
fn what_only_its_owner_may_read_is_shown_to_nobody() {
    let plan = planned(
        "write_files:
  text: {path: /etc/a, content: sesame, permissions: '0600'}
  bytes: {path: /etc/b, content: !!binary AHNlc2FtZQ==, permissions: '0400'}
  public: {path: /etc/c, content: poppy}
network: {version: 2, wifis: {w0: {access-points: {home: {password: sesame}}}}}
",
    );
    for shown in [format!("{plan:?}"), render_json(&plan)] {
        assert!(!shown.contains("sesame") && !shown.contains("AHNlc2FtZQ") && shown.contains("poppy"), "{shown}");
    }
}

#[test]
fn files_are_written_in_the_order_of_the_text() {
    let plan = planned(
        "write_files: {b: {path: /x, owner: none}, a: {path: /x, owner: '-1:adm'}, c: {path: /y, owner: 'root : mail'}}",
    );
    let steps = plan.steps.iter().filter(|step| step.id.starts_with("file-") || step.id.starts_with("owner-"));
    let steps: Vec<(&str, &str)> =
        steps.map(|step| (step.id.as_str(), step.command.iter().rev().nth(1).unwrap().as_str())).collect();
    let file = "/dev/stdin";
    assert_eq!(
        steps,
        [("file-b", file), ("file-a", file), ("owner-a", ":adm"), ("file-c", file), ("owner-c", ":mail")]
    );
}

#[test]
fn names_that_become_the_same_get_numbers() {
    let commands = "late_commands: {a.b: 'true', a_b: 'true', a-b-2: 'true', a b: 'true', 'a:b-2': 'true'}\n";
    let plan = planned(commands);
    let ids: Vec<&str> = plan.steps.iter().map(|step| step.id.as_str()).filter(|id| id.contains("a-b")).collect();
    let mut unique = ids.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!((ids.len(), unique.len()), (5, 5), "{ids:?}");
    assert!(ids.iter().any(|id| id.ends_with("a-b-2-2")) && ids.iter().any(|id| id.ends_with("a-b-3")), "{ids:?}");
}
