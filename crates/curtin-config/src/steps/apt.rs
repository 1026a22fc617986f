//! Package sources, proxies and answers to questions of packages, where curtin puts them.

use crate::plan::{Draft, Stage, Step};
use crate::problem::{Problem, Span};
use crate::section::{Apt, AptMirror, AptSource};

use super::{file_step, words};

/// The first three words are the mount point and the mirrors, or nothing in their place.
const MIRRORS: &str = r#"set -e
. "$1/etc/os-release"
if [ "$ID" = ubuntu ]; then
  archive=${2:-http://archive.ubuntu.com/ubuntu}
  security=${3:-${2:-http://security.ubuntu.com/ubuntu}}
  parts='main restricted universe multiverse'
  more=backports
else
  archive=${2:-http://deb.debian.org/debian}
  security=${3:-http://security.debian.org/debian-security}
  parts=main
  more=
fi
fill() {
  sed -e "s|[$]RELEASE|$VERSION_CODENAME|g" -e "s|[$]MIRROR|$archive|g" -e "s|[$]PRIMARY|$archive|g" \
    -e "s|[$]SECURITY|$security|g"
}
"#;

/// Writes the list of sources from the template on standard input, or the usual one of the distribution, whose own
/// stanza gives way. The words behind the mirrors are the suites and components that are turned off.
const LIST: &str = r#"template=$(cat)
for own in "$1"/etc/apt/sources.list.d/debian.sources "$1"/etc/apt/sources.list.d/ubuntu.sources; do
  [ ! -e "$own" ] || mv "$own" "$own.curtin.old"
done
if [ -z "$template" ]; then
  shown=
  for part in $parts; do
    case " $5 " in *" $part "*) ;; *) shown="$shown $part" ;; esac
  done
  template="deb \$MIRROR \$RELEASE$shown"
  for suite in updates security $more; do
    case " $4 " in *" $suite "* | *" $VERSION_CODENAME-$suite "*) continue ;; esac
    from=MIRROR
    [ "$suite" != security ] || from=SECURITY
    template="$template
deb \$$from \$RELEASE-$suite$shown"
  done
fi
printf '%s\n' "$template" | fill >"$1/etc/apt/sources.list""#;

/// Packages that are there already are configured again.
const DEBCONF: &str = r#"
debconf-set-selections || exit 1
for package; do
  if dpkg-query -W "$package" >/dev/null 2>&1; then dpkg-reconfigure --frontend=noninteractive "$package" || exit 1; fi
done"#;

pub(super) fn all(draft: &mut Draft<'_>) {
    let apt = draft.config.apt.clone().unwrap_or_default();
    debconf(draft, &apt);
    let old = draft.config.apt_mirrors.clone().unwrap_or_default();
    let primary = old.ubuntu_archive.clone().or_else(|| mirror(&apt.primary));
    let security = old.ubuntu_security.clone().or_else(|| mirror(&apt.security));
    let mirrors = [primary, security].map(|uri| sed_text(&uri.unwrap_or_default()));
    if draft.config.apt_mirrors.is_some() || apt.preserve_sources_list == Some(false) {
        list(draft, &apt, &mirrors);
    }
    let http = apt.proxy.as_ref().or(apt.http_proxy.as_ref()).or(draft.config.apt_proxy.as_ref());
    let proxies = [("http", http), ("ftp", apt.ftp_proxy.as_ref()), ("https", apt.https_proxy.as_ref())];
    let proxies: String = proxies
        .iter()
        .filter_map(|(scheme, proxy)| proxy.map(|proxy| format!("Acquire::{scheme}::Proxy \"{proxy}\";\n")))
        .collect();
    file(draft, "apt-proxy", "/etc/apt/apt.conf.d/90curtin-aptproxy", &proxies);
    file(draft, "apt-conf", "/etc/apt/apt.conf.d/94curtin-config", apt.conf.as_deref().unwrap_or_default());
    let pins = apt.preferences.iter();
    let pins =
        pins.map(|pin| format!("Package: {}\nPin: {}\nPin-Priority: {}\n", pin.package, pin.pin, pin.pin_priority));
    let pins: Vec<String> = pins.collect();
    file(draft, "apt-preferences", "/etc/apt/preferences.d/90curtin.pref", &pins.join("\n"));
    for (name, source) in &apt.sources {
        self::source(draft, name, source, &mirrors);
    }
}

/// The mirror for this architecture. Which names resolve is not known before.
fn mirror(mirrors: &[AptMirror]) -> Option<String> {
    let of = |arch: &str| mirrors.iter().find(|mirror| mirror.arches.iter().any(|name| name == arch));
    let mirror = of("amd64").or_else(|| of("default"))?;
    mirror.uri.clone().or_else(|| mirror.search.first().cloned())
}

/// What stands for itself behind the second stroke of `s|…|…|`.
fn sed_text(uri: &str) -> String {
    let mut text = String::new();
    for c in uri.chars().filter(|c| !c.is_control()) {
        if "\\|&".contains(c) {
            text.push('\\');
        }
        text.push(c);
    }
    text
}

fn file(draft: &mut Draft<'_>, id: &str, path: &str, text: &str) {
    if !text.is_empty() {
        let step = file_step(draft, Stage::Curthooks, id, &format!("write {path}"), path, 0o644, text);
        draft.push(step);
    }
}

fn list(draft: &mut Draft<'_>, apt: &Apt, [primary, security]: &[String; 2]) {
    let root = draft.target.mount_point.clone();
    let (suites, components) = (apt.disable_suites.join(" "), apt.disable_components.join(" "));
    let command =
        words(&["sh", "-c", &format!("{MIRRORS}{LIST}"), "sources", &root, primary, security, &suites, &components]);
    let step = Step::new(Stage::Curthooks, "apt-list", "write /etc/apt/sources.list", command);
    let template = apt.sources_list.clone().unwrap_or_default();
    draft.push(step.stdin(template).writes([format!("{root}/etc/apt/sources.list")]));
}

/// Whatever needs a network or a program of Ubuntu's to be found is left out, with a warning.
fn source(draft: &mut Draft<'_>, name: &str, source: &AptSource, [primary, security]: &[String; 2]) {
    let path = format!("apt.sources.{name}");
    let line = source.source.as_deref().unwrap_or_default();
    let file = source.filename.as_deref().unwrap_or(name);
    let file = file.rsplit('/').next().unwrap_or_default().trim_end_matches(".list");
    let is_line = line.is_empty() || line.starts_with("deb ") || line.starts_with("deb-src ");
    if !is_line || (source.keyid.is_some() && source.key.is_none()) || file.is_empty() {
        let message = "only lines that begin with deb and keys that stand here are planned";
        let problem = Problem::warning("not-planned", path, Span::NONE, message);
        return draft.problems.push(problem.remedy("write `source: deb …` and `key`"));
    }
    if let Some(key) = &source.key {
        self::file(draft, &format!("apt-key-{name}"), &format!("/etc/apt/trusted.gpg.d/{file}.asc"), key);
    }
    if !line.is_empty() {
        let root = draft.target.mount_point.clone();
        let place = format!("{root}/etc/apt/sources.list.d/{file}.list");
        let command =
            words(&["sh", "-c", &format!("{MIRRORS}fill >\"$4\""), "source", &root, primary, security, &place]);
        let description = format!("write /etc/apt/sources.list.d/{file}.list");
        let step = Step::new(Stage::Curthooks, format!("apt-source-{name}"), description, command);
        draft.push(step.stdin(format!("{line}\n")).writes([place]));
    }
}

/// Answers may be passwords.
fn debconf(draft: &mut Draft<'_>, apt: &Apt) {
    let texts: Vec<&str> =
        draft.config.debconf_selections.iter().chain(&apt.debconf_selections).map(|(_, text)| text.as_str()).collect();
    if texts.is_empty() {
        return;
    }
    let lines = texts.iter().flat_map(|text| text.lines()).filter(|line| !line.starts_with('#'));
    let mut packages: Vec<&str> = lines.filter_map(|line| line.split([':', ' ', '\t']).next()).collect();
    packages.retain(|name| !name.is_empty());
    packages.sort_unstable();
    packages.dedup();
    let mut command = words(&["chroot", &draft.target.mount_point, "sh", "-c", DEBCONF, "debconf"]);
    command.extend(packages.into_iter().map(str::to_owned));
    let step = Step::new(Stage::Curthooks, "debconf", "answer the questions of packages", command);
    draft.push(step.secret(format!("{}\n", texts.join("\n"))));
}
