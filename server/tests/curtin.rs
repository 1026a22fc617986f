//! The command line's curtin tools: what they print, and that a failure prints nothing but its reason.

#[path = "support/command.rs"]
mod command;

/// The exit status, standard output and standard error of `firstlight curtin …` with this input.
fn curtin(arguments: &[&str], input: &str) -> (i32, String, String) {
    command::firstlight(&[&["curtin"], arguments].concat(), input.as_bytes())
}

#[test]
fn merge_prints_yaml_or_json() {
    let (status, out, _) = curtin(&["merge", "-", "--set", "a/c=yes", "--json"], "a: {b: 1.0, 2: x}\n");
    assert_eq!((status, out.as_str()), (0, "{\"a\": {\"b\": 1.0, \"2\": \"x\", \"c\": \"yes\"}}\n"));
    let (status, out, _) = curtin(&["merge", "-"], "a: [yes, 'yes']\n");
    assert_eq!((status, out.as_str()), (0, "a:\n  - true\n  - \"yes\"\n"));
}

#[test]
fn merge_warns_of_a_key_that_stands_twice() {
    let (status, out, err) = curtin(&["merge", "-", "--json"], "a: 1\na: 2\n");
    assert_eq!((status, out.as_str()), (0, "{\"a\": 2}\n"));
    assert!(err.starts_with("-:2:1: warning[duplicate-key] a: "), "{err}");
}

#[test]
fn what_cannot_be_merged_or_written_prints_nothing() {
    for (arguments, input, reason) in [
        (&["merge", "-"][..], "[1]", "-: a configuration is a mapping, not a list"),
        (&["merge", "-"], "a: [1", "yaml-syntax"),
        (&["merge", "-", "--json"], "a: 2001-01-01", "a: a date cannot be written as JSON"),
        (&["merge", "-", "--set", "x"], "a: 1", "--set x: there is no \"=\""),
        (&["merge", "/no/such/file"], "", "/no/such/file: No such file"),
    ] {
        let (status, out, err) = curtin(arguments, input);
        assert_eq!((status, out.as_str()), (1, ""), "{input}");
        assert!(err.contains(reason), "{input}: {err}");
    }
    assert_eq!(curtin(&["merge"], "").0, 2, "no file is a mistake in the use");
}

#[test]
fn plan_shows_the_disks_and_the_steps() {
    let disks = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(disks.path(), r#"[{"path": "/dev/vda", "size": 8589934592}]"#).unwrap();
    let disks = disks.path().to_str().unwrap();
    let source = "sources: {root: 'http://127.0.0.1/root.tar.zst'}\n";
    let (status, out, _) = curtin(&["plan", "-", "--disks", disks], source);
    assert_eq!(status, 0);
    assert!(out.starts_with("/dev/vda  8 GiB  gpt\n"), "{out}");
    assert!(out.contains("  2 ! partitioning  erase what was on /dev/vda\n"), "{out}");
    let (_, out, _) = curtin(&["plan", "-", "--disks", disks, "--format", "json"], source);
    let plan: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(plan["disks"][0]["partitions"][2]["path"], "/dev/vda3");
    assert_eq!(plan["steps"][1]["destroys_data"], true);
    let (_, out, _) = curtin(&["plan", "-", "--disks", disks, "--format", "sh"], source);
    assert!(out.starts_with("#!/bin/sh"), "{out}");
    let (status, out, err) = curtin(&["plan", "-", "--disks", disks, "--set", "storage=x"], source);
    assert_eq!((status, out.as_str()), (1, ""));
    assert!(err.starts_with("--set storage=x:"), "{err}");
}

#[test]
fn plan_shows_volumes_and_keeps_secrets() {
    let disks = tempfile::NamedTempFile::new().unwrap();
    let machine = r#"[
        {"path": "/dev/vda", "size": 8589934592, "links": ["/dev/disk/by-id/x"], "table": "gpt", "partitions": [
            {"number": 1, "start": 1048576, "size": 1048576, "type": "21686148-6449-6E6F-744E-656564454649"},
            {"number": 2, "start": 2097152, "size": 1073741824, "type": "0FC63DAF-8483-4772-8E79-3D69D8477DE4",
             "fstype": "ext4", "fs_uuid": "aaaaaaaa-2222-3333-4444-000000000003"}]},
        {"path": "/dev/vdb", "size": 8589934592, "serial": "B", "sector_size": 4096}]"#;
    std::fs::write(disks.path(), machine).unwrap();
    let disks = disks.path().to_str().unwrap();
    let config = "sources: {root: 'http://127.0.0.1/root.tar.zst'}
storage:
  version: 1
  config:
  - {id: a, type: disk, path: /dev/disk/by-id/x, preserve: true}
  - {id: a1, type: partition, device: a, number: 1, preserve: true}
  - {id: a2, type: partition, device: a, number: 2, preserve: true}
  - {id: boot, type: format, volume: a2, fstype: ext4, preserve: true}
  - {id: b, type: disk, serial: B}
  - {id: c, type: dm_crypt, volume: b, dm_name: safe, key: sesame}
  - {id: g, type: lvm_volgroup, name: vg, devices: [c]}
  - {id: l, type: lvm_partition, name: root, volgroup: g}
  - {id: f, type: format, volume: l, fstype: xfs}
  - {id: m, type: mount, device: f, path: /}
  - {id: n, type: mount, device: boot, path: /boot}
";
    let show = |format: &str| {
        let (status, out, err) =
            curtin(&["plan", "-", "--disks", disks, "--firmware", "bios", "--format", format], config);
        assert_eq!(status, 0, "{err}");
        out
    };
    let text = show("text");
    assert!(text.contains("└─  2       1 GiB  linux       ext4   /boot  (kept)\n"), "{text}");
    assert!(text.contains("└─ root           7.9 GiB  xfs    /\n"), "{text}");
    let plan: serde_json::Value = serde_json::from_str(&show("json")).unwrap();
    assert_eq!(plan["volumes"][1]["name"], "vg");
    assert_eq!(plan["devices"][5]["path"], "/dev/vg/root");
    assert!(!text.contains("sesame") && !plan.to_string().contains("sesame"));
    assert!(show("sh").contains("printf %s sesame |"), "the script has to know it");
    let (_, _, err) =
        curtin(&["plan", "-", "--disks", disks, "--firmware", "bios", "--set", "curthooks/mode=target"], config);
    assert!(err.starts_with("warning[not-planned] curthooks.mode: "), "{err}");
}

#[test]
fn check_has_levels_and_one_line_of_json_a_file() {
    let typo = "late-commands: {a: [sync]}\n";
    assert_eq!(curtin(&["check", "-", "--level", "runtime"], typo), (0, String::new(), String::new()));
    let (status, out, _) = curtin(&["check", "-"], typo);
    assert_eq!(
        (status, out.as_str()),
        (
            0,
            "-:1:1: warning[unknown-key] late-commands: curtin does not know this key (did you mean `late_commands`?)\n    \
             1 | late-commands: {a: [sync]}\n      | ^^^^^^^^^^^^^\n"
        )
    );
    let (status, out, _) = curtin(&["check", "-", "--json"], "{}\n");
    assert_eq!((status, out.as_str()), (0, "{\"file\":\"-\",\"problems\":[]}\n"));

    let refused = "storage: {version: 1, config: [{id: d, type: disk}]}\n";
    let (status, out, err) = curtin(&["check", "-", "--level", "schema", "--json"], refused);
    let line: serde_json::Value = serde_json::from_str(&out).unwrap();
    let problem = &line["problems"][0];
    assert_eq!((status, err.as_str()), (1, ""));
    assert_eq!((&problem["level"], &problem["severity"]), (&"schema".into(), &"error".into()));
    assert_eq!((&problem["path"], &problem["column"]), (&"storage.config[0]".into(), &32.into()));

    // The validator is content with this one.
    let broken = "swap: {size: 1gb}\n";
    assert_eq!(curtin(&["check", "-", "--level", "schema"], broken).0, 0);
    let (status, out, _) = curtin(&["check", "-", "--level", "runtime", "--json"], broken);
    let line: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((status, &line["problems"][0]["level"]), (1, &"runtime".into()));

    // What the firmware of the machine needs is not asked for before it is known.
    let bare = "storage: {version: 1, config: [{id: d, type: disk, serial: S, ptable: gpt}, \
                {id: p, type: partition, device: d, size: 8G}, {id: f, type: format, volume: p, fstype: ext4}, \
                {id: m, type: mount, device: f, path: /}]}\n";
    assert_eq!(curtin(&["check", "-", "--level", "runtime"], bare).0, 0);
    for firmware in ["bios", "uefi"] {
        let (status, out, _) = curtin(&["check", "-", "--level", "runtime", "--firmware", firmware], bare);
        assert_eq!((status, out.contains("error[no-boot-partition]")), (1, true), "{out}");
    }

    for text in ["a: [1", "[1]", "#curtin-config-archive\na: 1"] {
        let (status, out, _) = curtin(&["check", "-", "--level", "schema"], text);
        assert_eq!((status, out.contains("error[")), (1, true), "{text}: {out}");
    }
}

#[test]
fn a_file_that_cannot_be_read_has_its_line_too() {
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &[u8]| {
        let path = directory.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (good, bad) = (file("good.yaml", b"{}"), file("bad.yaml", b"a: \xff\n"));
    for level in ["schema", "runtime", "lint"] {
        let files = [good.as_str(), "/no/such/file", &bad];
        let arguments = ["check", "--json", "--level", level, files[0], files[1], files[2]];
        let (status, out, err) = curtin(&arguments, "");
        assert_eq!((status, err.as_str()), (1, ""));
        let lines: Vec<serde_json::Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let names: Vec<&str> = lines.iter().map(|line| line["file"].as_str().unwrap()).collect();
        assert_eq!(names, files);
        let codes = lines.iter().map(|line| line["problems"][0]["code"].as_str());
        assert_eq!(codes.collect::<Vec<_>>(), [None, Some("unreadable"), Some("not-utf8")]);
        assert_eq!(lines[2]["problems"][0]["remedy"], "save the file as UTF-8");
    }
    let (status, out, err) = curtin(&["check", "/no/such/file"], "");
    let wanted = "/no/such/file:error[unreadable] it cannot be read: No such file or directory (os error 2) \
             (see that the file is there, and that you may read it)\n";
    assert_eq!((status, out.as_str(), err.as_str()), (1, wanted, ""));
    assert_eq!(curtin(&["check", &good], "").0, 0);
    assert_eq!(curtin(&["check"], "").0, 2, "no file is a mistake in the use");
}

#[test]
fn the_example_of_an_overview_of_bare_metal_passes() {
    // What a talk on MAAS shows: early commands, mirrors, a source and a power state.
    let example = "early_commands:
  driver_01_install: [\"sh\", \"-c\", \"apt-get update --quiet && apt-get --assume-yes install driver\"]
  driver_02_load: [\"sh\", \"-c\", \"depmod && modprobe driver\"]
apt_mirrors:
  ubuntu_archive: http://local.archive/ubuntu
  ubuntu_security: http://local.archive/ubuntu
sources:
- https://cloud-images.ubuntu.com/xenial/current/xenial-server-cloudimg-amd64-root.tar.gz
power_state:
  mode: poweroff
  delay: 5
  message: Bye Bye
";
    assert_eq!(curtin(&["check", "-"], example), (0, String::new(), String::new()));
    let disks = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(disks.path(), r#"[{"path": "/dev/vda", "size": 8589934592}]"#).unwrap();
    let (status, out, err) =
        curtin(&["plan", "-", "--disks", disks.path().to_str().unwrap(), "--format", "json"], example);
    assert_eq!((status, err.as_str()), (0, ""));
    let plan: serde_json::Value = serde_json::from_str(&out).unwrap();
    let steps: Vec<(&str, &str)> = plan["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| (step["stage"].as_str().unwrap(), step["id"].as_str().unwrap()))
        .collect();
    assert_eq!(steps[..2], [("early", "early-driver-01-install"), ("early", "early-driver-02-load")]);
    for step in [("extract", "extract-1"), ("curthooks", "apt-list"), ("curthooks", "apt-preserve")] {
        assert!(steps.contains(&step), "{step:?} is not one of {steps:?}");
    }
    assert_eq!(steps.last(), Some(&("late", "power-state")));
    assert_eq!(plan["power_state"], serde_json::json!({"mode": "poweroff", "delay": 5}));
}
