//! What the server puts behind an installer's answers: the command that reports the end.

use firstlight_curtin_config::{Merge, MergeError, Node, Value, quote, to_json, to_yaml};
use firstlight_preseed::debconf::Preseed;

use crate::config::Kind;

/// There is no place for the command.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FinishError {
    /// An `AutoYaST` profile has an end.
    #[error("`</profile>` is missing: an AutoYaST profile is an XML document")]
    NoProfile,
    /// A kickstart section is open.
    #[error("the section `{0}` is not closed: write `%end` behind it")]
    OpenSection(String),
    /// cloud-init takes it for something else.
    #[error("it does not begin with `#cloud-config`")]
    NotCloudConfig,
    /// It is not YAML.
    #[error(transparent)]
    Yaml(#[from] MergeError),
    /// A list of commands is something else.
    #[error("`autoinstall: {0}` is not a list of commands")]
    NotCommands(&'static str),
    /// There is nothing to install by.
    #[error("`autoinstall:` is missing")]
    NoAutoinstall,
}

/// The command that reports the end, for the shell of the installer's own system.
pub(super) fn late_command(kind: Kind, url: &str) -> String {
    // Where the installed system is mounted; YaST's script runs in it.
    let target = match kind {
        Kind::DebianInstaller | Kind::Autoinstall => " /target",
        Kind::Kickstart => " /mnt/sysroot",
        Kind::Autoyast => "",
    };
    let file = "/tmp/firstlight-late";
    // A proxy is for packages.
    format!(
        "(unset http_proxy; {{ wget -q -O {file} {url}late || curl -fsS -o {file} {url}late; }} && sh {file}{target})"
    )
}

/// Puts the command behind everything else that an installation does, unless a template has put it somewhere.
pub(super) fn finish(kind: Kind, text: &str, url: &str) -> Result<String, FinishError> {
    let late = late_command(kind, url);
    if text.contains(&format!("{url}late")) {
        return Ok(text.to_owned());
    }
    match kind {
        Kind::DebianInstaller => Ok(preseed(text, &late, url)),
        Kind::Kickstart => kickstart(text, &late),
        Kind::Autoyast => profile(text, &late),
        Kind::Autoinstall => cloud_config(text, &late, url),
    }
}

/// The last answer counts, so the user's own command becomes a part of ours.
fn preseed(text: &str, late: &str, url: &str) -> String {
    let answers = Preseed::parse(text.as_bytes()).answers();
    let own = answers.iter().find(|answer| answer.question == "preseed/late_command" && !answer.value.is_empty());
    let command = match own {
        Some(own) => format!(
            "sh -c {} && {late} || {{ wget -q -O /dev/null {url}failed; exit 1; }}",
            quote(own.value.trim_start())
        ),
        None => late.to_owned(),
    };
    let end = if text.ends_with('\n') || text.is_empty() { "" } else { "\n" };
    format!("{text}{end}d-i preseed/late_command string {command}\n")
}

/// Scripts run in the order of the file.
fn kickstart(text: &str, late: &str) -> Result<String, FinishError> {
    const SECTIONS: [&str; 9] =
        ["%packages", "%pre", "%pre-install", "%post", "%onerror", "%traceback", "%addon", "%anaconda", "%certificate"];
    let mut open = None;
    for line in text.lines() {
        match line.split_whitespace().next() {
            Some("%end") => open = None,
            Some(word) if SECTIONS.contains(&word) && open.is_none() => open = Some(word),
            _ => {}
        }
    }
    if let Some(section) = open {
        return Err(FinishError::OpenSection(section.to_owned()));
    }
    let end = if text.ends_with('\n') { "" } else { "\n" };
    Ok(format!("{text}{end}%post --nochroot --erroronfail\n{late}\n%end\n"))
}

/// The last of the scripts that run in the installed system before its first boot.
fn profile(text: &str, late: &str) -> Result<String, FinishError> {
    let script = format!(
        "<script><filename>firstlight-late.sh</filename><chrooted config:type=\"boolean\">true</chrooted>\
         <interpreter>shell</interpreter><source><![CDATA[{late}\n]]></source></script>\n"
    );
    let (open, close) = ("<chroot-scripts config:type=\"list\">\n", "</chroot-scripts>\n");
    let visible = without_comments(text);
    let (at, inserted) = if let Some(at) = visible.rfind("</chroot-scripts>") {
        (at, script)
    } else if let Some(at) = visible.rfind("</scripts>") {
        (at, format!("{open}{script}{close}"))
    } else {
        let at = visible.rfind("</profile>").ok_or(FinishError::NoProfile)?;
        (at, format!("<scripts>\n{open}{script}{close}</scripts>\n"))
    };
    let (before, after) = text.split_at_checked(at).ok_or(FinishError::NoProfile)?;
    Ok(format!("{before}{inserted}{after}"))
}

/// The document with comments and character data replaced by as many spaces.
fn without_comments(xml: &str) -> String {
    let mut out = String::with_capacity(xml.len());
    let mut rest = xml;
    let starts = [("<!--", "-->"), ("<![CDATA[", "]]>")];
    while let Some((at, end)) = starts.iter().filter_map(|(start, end)| Some((rest.find(start)?, *end))).min() {
        let (before, hidden) = rest.split_at(at);
        let length = hidden.find(end).map_or(hidden.len(), |at| at + end.len());
        out.push_str(before);
        out.extend(std::iter::repeat_n(' ', length));
        rest = hidden.get(length..).unwrap_or_default();
    }
    out + rest
}

/// The last of `late-commands`; and the first that is told when something goes wrong.
fn cloud_config(text: &str, late: &str, url: &str) -> Result<String, FinishError> {
    if text.lines().next().map(str::trim_end) != Some("#cloud-config") {
        return Err(FinishError::NotCloudConfig);
    }
    let mut merge = Merge::new();
    merge.add("the answers", text)?;
    let failed = format!("curl -fsS -o /dev/null {url}failed");
    for (key, command) in [("late-commands", late), ("error-commands", failed.as_str())] {
        let autoinstall = merge.root().get("autoinstall").and_then(Node::as_mapping);
        let list = match autoinstall.ok_or(FinishError::NoAutoinstall)?.get(key) {
            None => String::new(),
            Some(node) if node.is_null() => String::new(),
            Some(node) => {
                node.as_sequence().ok_or(FinishError::NotCommands(key))?;
                to_json(node).map_err(|_| FinishError::NotCommands(key))?
            }
        };
        let list = list.strip_prefix('[').and_then(|list| list.strip_suffix(']')).unwrap_or_default();
        let comma = if list.trim().is_empty() { "" } else { ", " };
        let command = to_json(&Node::from(command)).map_err(|_| FinishError::NotCommands(key))?;
        merge.set(&format!("json:autoinstall/{key}=[{list}{comma}{command}]"))?;
    }
    Ok(format!("#cloud-config\n{}", to_yaml(&Node::detached(Value::Mapping(merge.root().clone())))))
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "http://10.0.0.1/metadata/installer/t/";
    const FETCH: &str = "(unset http_proxy; { wget -q -O /tmp/firstlight-late http://10.0.0.1/metadata/installer/t/late || \
        curl -fsS -o /tmp/firstlight-late http://10.0.0.1/metadata/installer/t/late; } && sh /tmp/firstlight-late";

    fn finished(kind: Kind, text: &str) -> Result<String, String> {
        finish(kind, text, URL).map_err(|error| error.to_string())
    }

    #[test]
    fn a_preseed_keeps_its_own_late_command() {
        let late = format!("d-i preseed/late_command string {FETCH} /target)\n");
        let text = "d-i a/b string c";
        assert_eq!(finished(Kind::DebianInstaller, text), Ok(format!("{text}\n{late}")));

        let own = "d-i preseed/late_command string echo 'a' \\\n  ; in-target true; # done\n";
        let text = finished(Kind::DebianInstaller, own).unwrap();
        let answers = Preseed::parse(text.as_bytes()).answers();
        let expected = format!(
            r"sh -c 'echo '\''a'\''   ; in-target true; # done' && {FETCH} /target) || {{ wget -q -O /dev/null {URL}failed; exit 1; }}"
        );
        assert_eq!(answers.iter().map(|answer| answer.value.as_str()).collect::<Vec<_>>(), [expected.as_str()]);

        let placed = format!("d-i preseed/late_command string {FETCH} /target); poweroff\n");
        assert_eq!(finished(Kind::DebianInstaller, &placed), Ok(placed.clone()), "a template may place it itself");
    }

    #[test]
    fn a_kickstart_gets_a_last_script() {
        let text = "reboot\n%packages\n@core\n%end\n%post\n%packages\n%end";
        let post = format!("\n%post --nochroot --erroronfail\n{FETCH} /mnt/sysroot)\n%end\n");
        assert_eq!(finished(Kind::Kickstart, text), Ok(format!("{text}{post}")));
        let error = "the section `%packages` is not closed: write `%end` behind it";
        assert_eq!(finished(Kind::Kickstart, "%packages\n@core\n"), Err(error.to_owned()));
    }

    #[test]
    fn a_profile_gets_a_script_where_its_scripts_are() {
        let open = "<chroot-scripts config:type=\"list\">\n";
        let script = format!(
            "<script><filename>firstlight-late.sh</filename><chrooted config:type=\"boolean\">true</chrooted>\
             <interpreter>shell</interpreter><source><![CDATA[{FETCH})\n]]></source></script>\n"
        );
        let hidden = "<!-- </scripts> --><a><![CDATA[</profile>]]></a>";
        for (before, after, expected) in [
            ("<profile>", "</profile>", format!("<scripts>\n{open}{script}</chroot-scripts>\n</scripts>\n")),
            ("<profile><scripts>", "</scripts></profile>", format!("{open}{script}</chroot-scripts>\n")),
            ("<scripts><chroot-scripts><script/>", "</chroot-scripts></scripts></profile>", script.clone()),
        ] {
            let (before, after) = (format!("{hidden}{before}"), format!("{after}{hidden}\n"));
            let text = finished(Kind::Autoyast, &format!("{before}{after}")).unwrap();
            assert_eq!(text, format!("{before}{expected}{after}"));
        }
        assert!(finished(Kind::Autoyast, hidden).unwrap_err().contains("`</profile>` is missing"));
    }

    #[test]
    fn an_autoinstall_gets_a_last_command() {
        let read = |text: &str| {
            let mut merge = Merge::new();
            merge.add("t", text).unwrap();
            let autoinstall = merge.root().get("autoinstall").unwrap().clone();
            serde_json::from_str::<serde_json::Value>(&to_json(&autoinstall).unwrap()).unwrap()
        };
        let text = "#cloud-config\nautoinstall:\n  version: 1\n  late-commands: [[a, '[b]'], c]\n  error-commands:\n";
        let finished_text = finished(Kind::Autoinstall, text).unwrap();
        assert!(finished_text.starts_with("#cloud-config\n"));
        let expected = serde_json::json!({
            "version": 1,
            "late-commands": [["a", "[b]"], "c", format!("{FETCH} /target)")],
            "error-commands": [format!("curl -fsS -o /dev/null {URL}failed")],
        });
        assert_eq!(read(&finished_text), expected);
        for (text, told) in [
            ("autoinstall: {}\n", "it does not begin with `#cloud-config`"),
            ("#cloud-config\na: 1\n", "`autoinstall:` is missing"),
            ("#cloud-config\nautoinstall: {late-commands: x}\n", "`autoinstall: late-commands` is not a list"),
            ("#cloud-config\na: [\n", "the answers:"),
        ] {
            let error = finished(Kind::Autoinstall, text).unwrap_err();
            assert!(error.contains(told), "{error}");
        }
    }
}
