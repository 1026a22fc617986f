//! The program that an installer runs at its end.

use firstlight_preseed::{Context, Template};

use crate::store::Credential;
use crate::templates::TemplatesError;

/// The path below the server's root of what an installed system may say, before the part that nobody can guess.
const PATH: &str = "metadata/installed/";

/// The program; `credential` is that of the installed system.
///
/// # Errors
///
/// When the template is broken.
pub fn late_script(http_root: &str, credential: &Credential) -> Result<String, TemplatesError> {
    let token = credential.bootstrap.as_deref().unwrap_or_default();
    let server = http_root.trim_start_matches("http://").trim_end_matches('/');
    let (host, port) = server.split_once(':').unwrap_or((server, "80"));
    let context = Context::new()
        .with("host", host)
        .with("port", port)
        .with("first_boot_path", format!("/{PATH}{token}/first-boot"))
        .with("finished_url", format!("{http_root}{PATH}{token}/finished"));
    Ok(Template::parse("late", include_str!("../../templates/late.sh"))?.render(&context)?)
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::net::{Ipv4Addr, TcpListener};
    use std::process::Command;

    use super::*;
    use crate::store::Scope;

    /// Answers each request with the next of `answers`, and gives what was asked for.
    fn server(answers: [&'static str; 3]) -> (u16, std::thread::JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let serve = move || {
            let asked = answers.into_iter().map(|answer| {
                let (mut stream, _) = listener.accept().unwrap();
                let head: Vec<String> = BufReader::new(stream.try_clone().unwrap())
                    .lines()
                    .map(Result::unwrap)
                    .take_while(|line| !line.is_empty())
                    .collect();
                write!(stream, "HTTP/1.1 {answer}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
                head[0].clone()
            });
            asked.collect()
        };
        (port, std::thread::spawn(serve))
    }

    #[test]
    fn what_it_leaves_reports_the_first_boot() {
        let (port, asked) = server(["204 No Content", "503 Busy", "204 No Content"]);
        let credential = Credential {
            token_key: String::new(),
            token_secret: String::new(),
            consumer_key: String::new(),
            machine: String::new(),
            scope: Scope::Deployed,
            instance_id: String::new(),
            bootstrap: Some("t".to_owned()),
            address: None,
        };
        let text = late_script(&format!("http://127.0.0.1:{port}/"), &credential).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let target = directory.path().join("target");
        std::fs::create_dir_all(target.join("etc")).unwrap();
        let script = directory.path().join("late");
        std::fs::write(&script, text).unwrap();
        assert!(Command::new("sh").arg(&script).arg(&target).status().unwrap().success());
        let unit = std::fs::read_to_string(target.join("etc/systemd/system/firstlight-first-boot.service")).unwrap();
        assert!(unit.contains("\nExecStart=/bin/bash /usr/local/sbin/firstlight-first-boot\n"), "{unit}");
        let wanted = target.join("etc/systemd/system/multi-user.target.wants/firstlight-first-boot.service");
        let link = std::fs::read_link(wanted).unwrap();
        assert_eq!(link.to_str(), Some("/etc/systemd/system/firstlight-first-boot.service"));
        let program = target.join("usr/local/sbin/firstlight-first-boot");
        assert!(Command::new("bash").arg(&program).status().unwrap().success());
        let [finished, first, again] =
            ["finished", "first-boot", "first-boot"].map(|what| format!("GET /{PATH}t/{what} "));
        let asked = asked.join().unwrap();
        assert!(
            asked[0].starts_with(&finished) && asked[1].starts_with(&first) && asked[2].starts_with(&again),
            "{asked:?}"
        );
    }
}
