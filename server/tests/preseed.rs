//! The command line's preseed tools: what they print, byte for byte, and their exit status.
#![expect(clippy::unwrap_used, reason = "a test panics when it fails")]

#[path = "support/command.rs"]
mod command;
#[path = "support/home.rs"]
mod home;
#[path = "support/namespace.rs"]
mod namespace;

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

/// The exit status, standard output and standard error of `firstlight preseed …` with this input.
fn preseed(arguments: &[&str], input: &[u8]) -> (i32, String, String) {
    command::firstlight(&[&["preseed"], arguments].concat(), input)
}

fn write(directory: &Path, name: &str, text: &str) -> PathBuf {
    let path = directory.join(name);
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn names_one_a_line_or_as_json() {
    let usual = ["names", "--prefix", "curtin", "--osystem", "ubuntu", "--release", "noble"];
    let (status, out, _) = preseed(&usual, b"");
    assert_eq!((status, out.as_str()), (0, "curtin_ubuntu_noble\ncurtin_noble\ncurtin_ubuntu\ncurtin\ngeneric\n"));
    let all = ["--arch", "amd64/", "--name", "web01", "--no-default", "--json"];
    let (status, out, _) = preseed(&[&["names", "--osystem", "", "--release", ""][..], &all].concat(), b"");
    let expected = r#"["_amd64___web01","_amd64__","_amd64_","_amd64",""]"#;
    assert_eq!((status, out.as_str()), (0, format!("{expected}\n").as_str()));
    assert_eq!(preseed(&["names", "--osystem", "debian"], b"").0, 2, "a release is needed");
}

#[test]
fn render_adds_and_loses_no_byte() {
    let directory = tempfile::tempdir().unwrap();
    let context =
        write(directory.path(), "context.json", r#"{"z": 1, "a": [1.5, null, "é"], "m": {"z": true, "a": 2}}"#);
    let context = context.to_str().unwrap();
    let template = b"{{z}}\r\n{{a[2]}} {{for k, v in m.items()}}{{k}}={{v}};{{endfor}}";
    let (status, out, err) = preseed(&["render", "-", "--context", context], template);
    assert_eq!((status, out.as_str(), err.as_str()), (0, "1\r\né z=True;a=2;", ""));

    write(directory.path(), "curtin", "{{z + 1}}");
    let templates = directory.path().to_str().unwrap();
    let arguments = ["render", "curtin", "--context", context, "--templates", "/no/such", "--templates", templates];
    assert_eq!(preseed(&arguments, b""), (0, "2".to_owned(), String::new()));

    let inheriting = b"{{inherit 'frame'}}{{z}}";
    let arguments = ["render", "-", "--context", context, "--templates", templates];
    let (status, out, err) = preseed(&arguments, inheriting);
    assert_eq!((status, out.as_str()), (1, ""), "{err}");
    write(directory.path(), "frame", "<{{self.body}}>");
    assert_eq!(preseed(&arguments, inheriting), (0, "<1>".to_owned(), String::new()));
    write(directory.path(), "frame", "{{if}}");
    let (status, _, err) = preseed(&arguments, inheriting);
    assert!(status == 1 && err.contains("/frame:1:"), "{err}");
}

#[test]
fn render_tells_of_mistakes() {
    let directory = tempfile::tempdir().unwrap();
    let context = write(directory.path(), "context.json", r#"{"node": 1}"#);
    let context = context.to_str().unwrap();
    let (status, out, err) = preseed(&["render", "-", "--context", context], b"a\n{{nod}}\n");
    assert_eq!((status, out.as_str()), (1, ""));
    let told = "firstlight: -:2:3: `nod` is not defined; did you mean `node`?\n  |\n2 | {{nod}}\n  |   ^\n";
    assert_eq!(err, told);
    let (status, out, err) = preseed(&["render", "-", "--context", context], b"a\n{{if x}}\n");
    assert_eq!((status, out.as_str()), (1, ""));
    assert!(err.contains("-:2:"), "{err}");

    for (json, reason) in [("[1]", "a context is an object, not a list"), ("{", "EOF"), ("{\"a\": 1e999}", "range")] {
        let context = write(directory.path(), "bad.json", json);
        let (status, out, err) = preseed(&["render", "-", "--context", context.to_str().unwrap()], b"x");
        assert_eq!((status, out.as_str()), (2, ""), "{json}");
        assert!(err.contains(reason), "{json}: {err}");
    }
    assert_eq!(preseed(&["render", "/no/such", "--context", context], b"").0, 2);
    assert_eq!(preseed(&["render", "-"], b"").0, 2, "a context is needed");
}

#[test]
fn check_prints_what_debconf_would_store() {
    let text =
        b"d-i a/b string x\nother a/b boolean  true\r\nd-i a/b sting x\nd-i a/c string y\\\nz\nd-i a/c seen false\n";
    let (status, out, _) = preseed(&["check", "-", "--json"], text);
    assert_eq!((status, out.matches('\n').count()), (1, 1), "{out}");
    let expected = json!({
        "file": "-",
        "answers": [
            {"owner": "d-i, other", "question": "a/b", "type": "boolean", "value": " true", "seen": true, "line": 2},
            {"owner": "d-i", "question": "a/c", "type": "string", "value": "yz", "seen": false, "line": 4},
        ],
        "problems": [
            {"severity": "error", "code": "unknown-type", "line": 3, "message": "`sting` is not a type; did you mean `string`?"},
        ],
    });
    assert_eq!(serde_json::from_str::<Value>(&out).unwrap(), expected);
}

#[test]
fn check_says_what_is_wrong_where() {
    let (status, out, err) = preseed(&["check", "-"], b"d-i clock-setup/utc boolean yes\nd-i\n");
    assert_eq!((status, err.as_str()), (1, ""));
    let expected = "-:1: warning: `clock-setup/utc` takes `true` or `false`, and nothing behind it, not `yes`\n\
        -:2: error: owner, question and type are needed, found only `d-i`\n";
    assert_eq!(out, expected);
    assert_eq!(preseed(&["check", "-"], b"d-i time/zone string UTC\n"), (0, String::new(), String::new()));
    assert_eq!(preseed(&["check"], b"").0, 2, "no file is a mistake in the use");

    let directory = tempfile::tempdir().unwrap();
    let good = write(directory.path(), "good.cfg", "");
    let good = good.to_str().unwrap();
    let (status, out, err) = preseed(&["check", "--json", good, "/no/such", good], b"");
    assert_eq!((status, out.matches(r#""answers":[]"#).count()), (2, 2), "{out}");
    assert!(err.contains("/no/such: No such file"), "{err}");
}

/// Runs `script` in a network namespace with a server; `$firstlight` is a client of it, `$home` has its `templates`.
fn with_server(script: &str) -> String {
    let home = home::home("[preseed]\ntemplates = [\"HOME/templates\"]");
    std::fs::create_dir(home.path().join("templates")).unwrap();
    let home_path = home.path().display().to_string();
    let script = format!(
        "set -e; home={home_path}; firstlight=$FIRSTLIGHT; export FIRSTLIGHT_TOKEN_FILE=$home/state/admin-token\n\
         ip link set lo up; ip link add br0 type bridge; ip address add 10.77.0.1/24 dev br0; ip link set br0 up\n\
         timeout 60 $firstlight serve --authoritative --config $home/firstlight.toml 2>$home/log &\n\
         i=0; until grep -q 'ready in' $home/log; do i=$((i + 1)); [ $i -lt 300 ]; sleep 0.1; done\n{script}"
    );
    let output = namespace::run(&[("ip", "iproute2")], &script);
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
    out.replace(&home_path, "HOME")
}

#[test]
fn explain_shows_the_chain_and_the_text() {
    let out = with_server(
        "$firstlight add --name web01 --mac 52:54:00:00:00:01 >/dev/null\n\
         printf '{{node.hostname}}\npassword: x\n' > $home/templates/generic\n\
         $firstlight preseed explain web01 --prefix curtin_userdata\n\
         printf '{{nod}}' > $home/templates/curtin_userdata_debian\n\
         $firstlight preseed explain web01 --prefix curtin_userdata >/dev/null 2>$home/err || echo \"$?\" $(cat $home/err)\n\
         $firstlight preseed explain web01 --prefix none >/dev/null 2>&1 || echo \"$?\"\n",
    );
    let names = [
        "curtin_userdata_debian_amd64_generic_bookworm_web01",
        "curtin_userdata_debian_amd64_generic_bookworm",
        "curtin_userdata_debian_amd64_generic",
        "curtin_userdata_debian_amd64",
        "curtin_userdata_debian",
        "curtin_userdata",
    ];
    let mut expected: String = names.iter().map(|name| format!("-         HOME/templates/{name}\n")).collect();
    expected.push_str("used      HOME/templates/generic\n");
    expected.extend(names.iter().take(5).map(|name| format!("-         {name} (built in)\n")));
    expected.push_str(
        "shadowed  curtin_userdata (built in)\n\
         -         generic (built in)\n\
         warning: `generic` hides `curtin_userdata`, which is more specific but lies in a later location\n\n\
         web01\npassword: ********\n\n\
         1 firstlight: HOME/templates/curtin_userdata_debian:1:3: `nod` is not defined; did you mean `node`?\n2\n",
    );
    assert_eq!(out, expected);
}
