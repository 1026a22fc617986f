//! Package sources, proxies and answers to questions of packages, where curtin puts them.

use crate::emit;
use crate::plan::{Draft, Stage, Step};
use crate::problem::{Problem, Span};
use crate::section::apt_source::path_of;
use crate::section::{Apt, AptMirror, AptSource};
use crate::write_file::leads_out;

use super::{file_step, packages, words};

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
  sed -e 's/[$]{\([A-Z]*\)}/$\1/g' -e "s|[$]RELEASE|$VERSION_CODENAME|g" -e "s|[$]MIRROR|$archive|g" \
    -e "s|[$]PRIMARY|$archive|g" -e "s|[$]SECURITY|$security|g"
}
"#;

/// Leaves suites (the first word, a list) and components (the second) out of sources, which are lines or stanzas. A
/// stanza without suites goes altogether.
const FILTER: &str = r#"
filter() {
  off_suites=$1 off_components=$2 awk '
    function turn_off(name, words,    list, n, i) {
      n = split(words, list, " ")
      for (i = 1; i <= n; i++) off[name, list[i]]
    }
    function left(name, words,    list, n, i, kept) {
      n = split(words, list, " ")
      for (i = 1; i <= n; i++) if (!((name, list[i]) in off)) kept = kept " " list[i]
      return kept
    }
    function end_field() {
      if (name == "") return
      words = left(name, words)
      if (words == "") drop = 1
      text = text label words "\n"
      name = ""
    }
    function end_stanza() {
      end_field()
      if (!drop) printf "%s", text
      text = ""
      drop = 0
    }
    BEGIN {
      turn_off("suites:", ENVIRON["off_suites"])
      turn_off("components:", ENVIRON["off_components"])
    }
    /^[ \t]*$/ { end_stanza(); print; next }
    name != "" && /^[ \t#]/ { if (!/^#/) words = words $0; next }
    { end_field() }
    tolower($0) ~ /^(suites|components):/ {
      label = substr($0, 1, index($0, ":"))
      name = tolower(label)
      words = substr($0, length(label) + 1)
      next
    }
    $1 == "deb" || $1 == "deb-src" {
      uri = 2
      if ($2 ~ /^\[/) { while (uri < NF && $uri !~ /\]$/) uri++; uri++ }
      head = $1
      for (i = 2; i <= uri + 1; i++) head = head " " $i
      parts = ""
      for (i = uri + 2; i <= NF; i++) parts = parts " " $i
      kept = left("components:", parts)
      if ((("suites:", $(uri + 1)) in off) || (parts != "" && kept == "")) next
      if (kept != parts) $0 = head kept
    }
    { text = text $0 "\n" }
    END { end_stanza() }'
}
"#;

/// Writes the list of sources from the template on standard input, or the usual one of the distribution, whose own
/// stanza gives way. The words behind the mirrors are the suites and components that are turned off. apt goes by the name
/// of a file: stanzas stand in `.sources`.
const LIST: &str = r#"template=$(cat)
for own in "$1"/etc/apt/sources.list.d/debian.sources "$1"/etc/apt/sources.list.d/ubuntu.sources; do
  [ ! -e "$own" ] || mv "$own" "$own.curtin.old"
done
if [ -z "$template" ]; then
  template="deb \$MIRROR \$RELEASE $parts"
  for suite in updates security $more; do
    from=MIRROR
    [ "$suite" != security ] || from=SECURITY
    template="$template
deb \$$from \$RELEASE-$suite $parts"
  done
fi
list=$1/etc/apt/sources.list
: >"$list"
if printf '%s\n' "$template" | grep -qi '^types:'; then list=$list.d/$ID.sources; fi
mkdir -p "${list%/*}"
printf '%s\n' "$template" | fill | filter "$(printf '%s\n' "$4" | fill)" "$5" >"$list""#;

/// The words are packages that take their answers only when they are configured again, and only without what they have
/// written before.
const DEBCONF: &str = r#"
debconf-set-selections || exit 1
for package; do
  [ "$(dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null)" = 'ii ' ] || continue
  rm -f /etc/cloud/cloud.cfg.d/*dpkg*
  dpkg-reconfigure --frontend=noninteractive "$package" || exit 1
done"#;

/// The packages for which curtin does that.
const RECONFIGURED: [&str; 2] = ["cloud-init", "cloud-init-base"];

pub(super) fn all(draft: &mut Draft<'_>) {
    let apt = draft.config.apt.clone().unwrap_or_default();
    debconf(draft, &apt);
    let (primary, security) = match &draft.config.apt_mirrors {
        Some(old) => (old.ubuntu_archive.clone(), old.ubuntu_security.clone()),
        None => (mirror(&apt.primary), mirror(&apt.security)),
    };
    // curtin takes no mirror of security updates alone.
    let security = primary.as_ref().and(security);
    let mirrors = [primary, security].map(|uri| sed_text(&uri.unwrap_or_default()));
    if draft.config.apt_mirrors.is_some() || apt.preserve_sources_list == Some(false) {
        list(draft, &apt, &mirrors);
    }
    let proxy = apt.proxy.as_ref().or(draft.config.apt_proxy.as_ref());
    let (http, https, ftp) = (apt.http_proxy.as_ref(), apt.https_proxy.as_ref(), apt.ftp_proxy.as_ref());
    // Of two lines, the second one counts.
    let proxies = [("http", proxy), ("http", http), ("ftp", ftp), ("https", https)].into_iter();
    let proxies: String = proxies
        .filter_map(|(scheme, proxy)| proxy.filter(|proxy| !proxy.is_empty()).map(|proxy| (scheme, proxy)))
        .map(|(scheme, proxy)| format!("Acquire::{scheme}::Proxy \"{proxy}\";\n"))
        .collect();
    file(draft, "apt-proxy", "/etc/apt/apt.conf.d/90curtin-aptproxy", &proxies);
    file(draft, "apt-conf", "/etc/apt/apt.conf.d/94curtin-config", apt.conf.as_deref().unwrap_or_default());
    let pins = apt.preferences.iter();
    let pins =
        pins.map(|pin| format!("Package: {}\nPin: {}\nPin-Priority: {}\n", pin.package, pin.pin, pin.pin_priority));
    let pins: Vec<String> = pins.collect();
    file(draft, "apt-preferences", "/etc/apt/preferences.d/90curtin.pref", &pins.join("\n"));
    let expression = apt.add_apt_repo_match.as_deref().unwrap_or(r"^[\w-]+:\w");
    for (name, source) in &apt.sources {
        key(draft, name, source);
        self::source(draft, name, source, &mirrors, expression);
    }
    if !apt.sources.is_empty() {
        packages::step(draft, "sources-update", "fetch the lists of packages", "apt update", Vec::new());
    }
}

/// The mirror for this architecture, or the last default. Which names resolve is not known before.
fn mirror(mirrors: &[AptMirror]) -> Option<String> {
    let is_for = |mirror: &AptMirror, arch: &str| mirror.arches.iter().any(|name| name == arch);
    let own = mirrors.iter().find(|mirror| is_for(mirror, "amd64"));
    let mirror = own.or_else(|| mirrors.iter().rfind(|mirror| is_for(mirror, "default")))?;
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
    let suites: Vec<String> = apt.disable_suites.iter().map(|suite| suite_name(suite)).collect();
    let components: Vec<&str> =
        apt.disable_components.iter().map(String::as_str).filter(|name| *name != "main").collect();
    let (suites, components) = (suites.join(" "), components.join(" "));
    let script = format!("{MIRRORS}{FILTER}{LIST}");
    let command = words(&["sh", "-c", &script, "sources", &root, primary, security, &suites, &components]);
    let step = Step::new(Stage::Curthooks, "apt-list", "write /etc/apt/sources.list", command);
    let template = apt.sources_list.clone().unwrap_or_default();
    let files = ["sources.list", "sources.list.d"].map(|name| format!("{root}/etc/apt/{name}"));
    draft.push(step.stdin(template).writes(files));
    let path = "/etc/cloud/cloud.cfg.d/curtin-preserve-sources.cfg";
    let text = "# cloud-init would write the list of sources anew.\napt: {preserve_sources_list: true}\n";
    file(draft, "apt-preserve", path, text);
}

/// curtin has short names for the suites that every release has.
fn suite_name(suite: &str) -> String {
    match suite {
        "release" => "$RELEASE".to_owned(),
        "updates" | "security" | "backports" | "proposed" => format!("$RELEASE-{suite}"),
        _ => suite.to_owned(),
    }
}

/// The words are the fingerprint, the server, and the file.
const FETCH: &str = r#"
set -e
GNUPGHOME=$(mktemp -d)
export GNUPGHOME
trap 'rm -rf "$GNUPGHOME"' EXIT
for seconds in 1 2 5 10 0; do
  ! gpg --batch --quiet --keyserver "$2" --recv-keys "$1" || break
  sleep "$seconds"
done
mkdir -p "${3%/*}"
gpg --batch --armor --export "$1" >"$3"
[ -s "$3" ]"#;

/// The name of a source's file, which may be a path.
fn file_name<'a>(name: &'a str, source: &'a AptSource) -> &'a str {
    source.filename.as_deref().unwrap_or(name)
}

fn key(draft: &mut Draft<'_>, name: &str, source: &AptSource) {
    let stem = file_name(name, source).rsplit('/').next().unwrap_or_default().to_owned();
    let id = format!("apt-key-{name}");
    let place = format!("/etc/apt/trusted.gpg.d/{stem}");
    match (&source.key, &source.keyid) {
        (Some(key), _) => match std::str::from_utf8(key).ok().filter(|text| text.contains("-----BEGIN PGP")) {
            Some(text) => file(draft, &id, &format!("{place}.asc"), &format!("{}\n", text.trim_end())),
            None => {
                let full = format!("{}{place}.gpg", draft.target.mount_point);
                let script = "mkdir -p \"${1%/*}\" && base64 -d >\"$1\"";
                let step = Step::new(
                    Stage::Curthooks,
                    id,
                    format!("write {place}.gpg"),
                    words(&["sh", "-c", script, "key", &full]),
                );
                draft.push(step.stdin(emit::encode(key)).writes([full]));
            }
        },
        (None, Some(keyid)) => {
            let server = source.keyserver.as_deref().unwrap_or("keyserver.ubuntu.com");
            let full = format!("{}{place}.asc", draft.target.mount_point);
            let command = words(&["sh", "-c", FETCH, "key", keyid, server, &full]);
            let step = Step::new(Stage::Curthooks, id, format!("fetch the key {keyid} from {server}"), command);
            draft.push(step.reads([server.to_owned()]).writes([full]));
        }
        (None, None) => {}
    }
}

/// The words behind the mirrors are the file and the expression for what goes to add-apt-repository; Python's begins at
/// the beginning of a text.
const SOURCE: &str = r#"
source=$(cat)
if printf '%s\n' "$source" | head -n 1 | grep -qP -e "$5"; then
  chroot "$root" sh -c 'command -v add-apt-repository' >/dev/null || need software-properties-common
  for seconds in 1 2 5 10 0; do
    ! chroot "$root" add-apt-repository -y "$source" || exit 0
    sleep "$seconds"
  done
  exit 1
fi
[ "$source" != proposed ] || source='deb $MIRROR $RELEASE-proposed main restricted universe multiverse'
mkdir -p "${4%/*}"
[ ! -s "$4" ] || echo >>"$4"
printf '%s\n' "$source" | fill >>"$4""#;

fn source(draft: &mut Draft<'_>, name: &str, source: &AptSource, [primary, security]: &[String; 2], expression: &str) {
    let Some(line) = &source.source else { return };
    let file = file_name(name, source);
    let whole = path_of(file);
    if leads_out(&whole) {
        let message = format!("{file:?} leads out of the installed system");
        draft.problems.push(Problem::error("file-path", format!("apt.sources.{name}"), Span::NONE, message));
        return;
    }
    let (directory, last) = whole.rsplit_once('/').unwrap_or_default();
    let stem = last.rsplit_once('.').map_or(last, |(stem, _)| if stem.is_empty() { last } else { stem });
    let is_stanza = line.lines().any(|line| line.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("types:")));
    let ending = if is_stanza { "sources" } else { "list" };
    let place = format!("{}/{stem}.{ending}", directory.trim_end_matches('/'));
    let full = format!("{}{place}", draft.target.mount_point);
    let script = format!("{}set -e\nset -- \"$root\" \"$@\"\n{MIRRORS}{SOURCE}", packages::APT);
    let root = draft.target.mount_point.clone();
    let command = words(&["sh", "-c", &script, "source", &root, primary, security, &full, expression]);
    let step =
        Step::new(Stage::Curthooks, format!("apt-source-{name}"), format!("add the package source {name}"), command);
    draft.push(step.stdin(format!("{}\n", line.trim_end())).writes([full]));
}

/// Answers may be passwords.
fn debconf(draft: &mut Draft<'_>, apt: &Apt) {
    let texts: Vec<&str> =
        draft.config.debconf_selections.iter().chain(&apt.debconf_selections).map(|(_, text)| text.as_str()).collect();
    if texts.is_empty() {
        return;
    }
    let lines = texts.iter().flat_map(|text| text.lines()).filter(|line| !line.starts_with('#'));
    let named: Vec<&str> = lines.filter_map(|line| line.split([':', ' ', '\t']).next()).collect();
    let mut command = words(&["chroot", &draft.target.mount_point, "sh", "-c", DEBCONF, "debconf"]);
    command.extend(RECONFIGURED.into_iter().filter(|package| named.contains(package)).map(str::to_owned));
    let step = Step::new(Stage::Curthooks, "debconf", "answer the questions of packages", command);
    draft.push(step.secret(format!("{}\n", texts.join("\n"))));
}
