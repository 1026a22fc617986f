//! Rendered scripts: nothing in a plan can break out of its place in one.

#![expect(clippy::unwrap_used, reason = "a test fails where it stands")]
#![expect(clippy::disallowed_methods, reason = "a test has a server of its own")]

use std::fs;
use std::io::{Read, Write};
use std::process::Command;

use firstlight_curtin_config::{
    Commands, Config, Disk, Plan, ShellOptions, Source, Target, WriteFile, plan, quote, render_shell,
};
use proptest::prelude::*;

fn planned(config: &Config) -> Plan {
    let target = Target { disks: vec![Disk::new("/dev/vda", 8 << 30)], ..Target::default() };
    plan(config, &target).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

fn hostile() -> Config {
    let mut config = Config::flat(Source::from_uri("http://127.0.0.1/$(reboot)';`x`.tar.gz"));
    let mut commands = Commands::default();
    commands.set(
        "';reboot;'",
        firstlight_curtin_config::Command::Argv(
            ["if", "'", "\n}\nreboot\n{", "$(reboot)", "\\"].map(str::to_owned).to_vec(),
        ),
    );
    commands.set("$(reboot)", firstlight_curtin_config::Command::Shell("cat <<'X'\n'\"\nX".to_owned()));
    config.late_commands = commands;
    config.write_files = vec![("`reboot`".to_owned(), WriteFile::new("/etc/'; reboot; '", "\nFL_CURTIN\nEOF\n'"))];
    config
}

#[test]
fn a_hostile_plan_is_still_a_valid_script() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("install.sh");
    let options = ShellOptions { report: "rep;reboot;ort".to_owned(), ..ShellOptions::default() };
    let script = render_shell(&planned(&hostile()), &options);
    fs::write(&path, &script).unwrap();
    for shell in ["bash", "sh"] {
        let output = Command::new(shell).arg("-n").arg(&path).output().unwrap();
        assert!(output.status.success(), "{shell}: {}", String::from_utf8_lossy(&output.stderr));
    }
    assert!(script.contains("fl_report() { reprebootort \"$@\"; }"));
    assert!(script.contains("( exec if "), "an unquoted keyword is fine behind exec");
}

/// Runs only the step with this id; gives the reports and the log.
fn run_step(plan: &mut Plan, id: &str) -> (Option<i32>, String, String) {
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    plan.steps.retain(|step| step.id == id);
    plan.mount_point = file("target");
    let options = ShellOptions {
        run_directory: file("run"),
        prelude: format!("say() {{ printf '[%s]' \"$@\" >>{}; false; }}", quote(&file("events"))),
        report: "say".to_owned(),
    };
    let script = format!("{}echo after >>{}\n", render_shell(plan, &options), quote(&file("events")));
    let output = Command::new("sh").args(["-c", &script]).current_dir(directory.path()).output().unwrap();
    let read = |name: &str| fs::read_to_string(file(name)).unwrap_or_default();
    (output.status.code(), read("events"), read("run/install.log"))
}

fn late(command: firstlight_curtin_config::Command) -> Plan {
    let mut config = Config::flat(Source::from_uri("http://127.0.0.1/r.txz"));
    config.late_commands.set("it", command);
    planned(&config)
}

fn argv(words: &[&str]) -> firstlight_curtin_config::Command {
    firstlight_curtin_config::Command::Argv(words.iter().map(|word| (*word).to_owned()).collect())
}

#[test]
fn steps_are_reported_whatever_the_report_returns() {
    let (status, events, log) = run_step(&mut late(argv(&["echo", "a b", "$HOME"])), "late-it");
    assert_eq!(status, Some(0));
    // The seconds that it took are the machine's business.
    let seconds = events.strip_prefix("[start][late-it][late_commands.it: echo a b $HOME][finish][late-it][");
    let seconds = seconds.and_then(|rest| rest.strip_suffix("]after\n"));
    assert!(seconds.is_some_and(|seconds| seconds.parse::<u32>().is_ok()), "{events}");
    assert_eq!(log, "\n== late-it: late_commands.it: echo a b $HOME\na b $HOME\n");
}

#[test]
fn a_failure_ends_the_script_with_the_last_lines() {
    let command = firstlight_curtin_config::Command::Shell("seq 30; echo \"it's\" >&2; exit 9".to_owned());
    let (status, events, _) = run_step(&mut late(command), "late-it");
    let lines: Vec<String> = (12..=30).map(|number| number.to_string()).collect();
    assert_eq!(status, Some(1));
    let wanted = format!("[fail][late-it][9][{}\nit's]", lines.join("\n"));
    assert!(events.ends_with(&wanted), "{events}");
}

#[test]
fn a_builtin_in_a_list_is_a_program() {
    for words in [vec!["exit", "0"], vec!["return", "0"], vec!["fl_failed", "1"], vec!["say", "x"], vec![""]] {
        let (status, events, _) = run_step(&mut late(argv(&words)), "late-it");
        assert_eq!(status, Some(1), "{words:?}");
        // An empty name is the directory itself to some shells.
        let number = if events.contains("[126]") && words == [""] { 126 } else { 127 };
        assert!(events.contains(&format!("[fail][late-it][{number}]")), "{words:?}: {events}");
    }
}

#[test]
fn commands_read_nothing() {
    let (status, _, log) = run_step(&mut late(argv(&["cat"])), "late-it");
    assert_eq!((status, log.lines().count()), (Some(0), 2));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Every word comes out of a shell as it went in.
    #[test]
    fn words_survive(words in proptest::collection::vec("[\\x01-\\x7fäß€😀'\"`$\\\\\n]{0,24}", 1..40)) {
        let line: String = words.iter().map(|word| format!(" {}", quote(word))).collect();
        for shell in ["bash", "sh"] {
            let output = Command::new(shell).args(["-c", &format!("printf '%s\\0'{line}")]).output().unwrap();
            let found = String::from_utf8(output.stdout).unwrap();
            let found: Vec<&str> = found.split_terminator('\0').collect();
            prop_assert_eq!(&found, &words);
        }
    }

    /// Standard input and arguments of a step arrive byte for byte.
    #[test]
    fn input_survives(text in "[\\x01-\\x7fäß€'\"`$\\\\\n]{0,64}", name in "[\\x01-\\x7f'\"`$\\\\]{0,24}") {
        let mut plan = late(argv(&["sh", "-c", "cat; printf '|%s|' \"$1\"", "sh", &name]));
        for step in &mut plan.steps {
            step.stdin = Some(text.clone());
        }
        let (status, _, log) = run_step(&mut plan, "late-it");
        prop_assert_eq!(status, Some(0));
        let (_, found) = log.trim_start_matches('\n').split_once('\n').unwrap();
        prop_assert_eq!(found, format!("{text}|{name}|"));
    }
}

/// A server that sends `body`, but breaks off in the middle of the first `failures` answers.
fn flaky_server(body: Vec<u8>, failures: usize) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for (at, connection) in listener.incoming().enumerate() {
            let mut connection = connection.unwrap();
            let mut request = [0; 4096];
            let _ = connection.read(&mut request).unwrap();
            let sent = if at < failures { body.len() / 2 } else { body.len() };
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            connection.write_all(head.as_bytes()).unwrap();
            connection.write_all(&body[..sent]).unwrap();
        }
    });
    format!("http://{address}/root.tar")
}

/// Extracts an archive from such a server; gives the exit status, what was said, and how much of the file is there.
fn extract(failures: usize) -> (Option<i32>, String, usize) {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("file"), vec![b'x'; 1 << 20]).unwrap();
    let archive = Command::new("tar").args(["-C", directory.path().to_str().unwrap(), "-cf", "-", "file"]).output();
    let url = flaky_server(archive.unwrap().stdout, failures);
    let plan = planned(&Config::flat(Source::from_uri(&url)));
    let step = plan.steps.iter().find(|step| step.id == "extract-1").unwrap();
    let target = directory.path().join("target");
    fs::create_dir(&target).unwrap();
    let words =
        step.command.iter().map(|word| if *word == plan.mount_point { target.as_os_str() } else { word.as_ref() });
    let words: Vec<_> = words.collect();
    let output = Command::new(words[0]).args(&words[1..]).output().unwrap();
    let size = fs::read(target.join("file")).map_or(0, |bytes| bytes.len());
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned(), size)
}

#[test]
fn a_transfer_that_breaks_off_starts_over() {
    let (status, said, size) = extract(1);
    assert_eq!((status, size), (Some(0), 1 << 20), "{said}");
    assert!(said.contains("the transfer broke off (attempt 1 of 3)"), "{said}");
}

#[test]
fn a_transfer_that_always_breaks_off_fails_with_what_curl_said() {
    let (status, said, _) = extract(usize::MAX);
    assert_eq!(status, Some(1), "{said}");
    assert!(said.contains("exit status: curl 18"), "{said}");
    assert_eq!(said.matches("broke off").count(), 3, "{said}");
}

#[test]
fn a_missing_curtin_is_found_before_anything_is_wiped() {
    use firstlight_curtin_config::Command::Argv;

    let command = ["curtin", "-v", "block-wipe", "--mode=zero", "/dev/vdb"].map(str::to_owned);
    let mut plan = late(Argv(command.to_vec()));
    let at = |id: &str| plan.steps.iter().position(|step| step.id == id).unwrap();
    assert!(at("check-curtin") < at("wipe-vda"));
    let step = &plan.steps[at("late-it")];
    assert_eq!((step.command.as_slice(), step.destroys_data), (command.as_slice(), true));
    assert_eq!(step.writes, ["/dev/vdb"]);
    let warnings: Vec<&str> = plan.warnings.iter().map(|problem| problem.code).collect();
    assert_eq!(warnings, ["curtin-command"]);
    let (status, events, _) = run_step(&mut plan, "check-curtin");
    assert_eq!(status, Some(1));
    assert!(events.contains("curtin is missing"), "{events}");

    let without = late(Argv(["curtin", "in-target", "--", "sync"].map(str::to_owned).to_vec()));
    assert!(without.steps.iter().all(|step| step.id != "check-curtin") && without.warnings.is_empty());
}
