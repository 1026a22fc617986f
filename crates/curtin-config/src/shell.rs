//! A plan as a shell script for an ephemeral system.
//!
//! The script needs coreutils, util-linux (with fdisk), curl, tar and what unpacks the image.
//! It reports each step through a shell function of the caller's, which is all it knows of the
//! world outside: `report start ID DESCRIPTION`, `report finish ID SECONDS`,
//! `report fail ID STATUS LAST_LINES`. The report's own exit status is ignored.

use std::fmt::Write as _;

use crate::plan::{Plan, Step};
use crate::quote::quote;

/// How [`render_shell`] writes a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShellOptions {
    /// The name of the shell function that hears of each step; characters that cannot stand in a
    /// function's name are left out.
    pub report: String,
    /// The directory for the log and for what the script needs itself.
    pub run_directory: String,
    /// Shell code that is put at the beginning as it is, such as the report function. Without it,
    /// the script prints what happens unless the function is defined already.
    pub prelude: String,
}

impl Default for ShellOptions {
    fn default() -> Self {
        Self { report: "report".to_owned(), run_directory: "/run/firstlight".to_owned(), prelude: String::new() }
    }
}

/// The fixed part. Every name begins with `fl_`; the caller's report function is `fl_report`.
const RUNTIME: &str = r#"
fl_log=$fl_run/install.log
fl_step=''
mkdir -p "$fl_run/bin" && : >>"$fl_log" || exit 1

# Some configurations call `curtin in-target` from within a line of shell.
cat >"$fl_run/bin/curtin" <<'FL_CURTIN'
#!/bin/sh
[ "$1" = in-target ] || { echo "curtin $1 is not available here" >&2; exit 1; }
shift
while [ $# -gt 0 ]; do
  case $1 in
    --) shift; break ;;
    -t|--target) shift 2 ;;
    -*) shift ;;
    *) break ;;
  esac
done
exec chroot "$TARGET_MOUNT_POINT" "$@"
FL_CURTIN
chmod 755 "$fl_run/bin/curtin"
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:$fl_run/bin
export PATH LC_ALL=C DEBIAN_FRONTEND=noninteractive

fl_now() {
  read -r fl_up fl_rest </proc/uptime
  printf '%s' "${fl_up%.*}"
}

fl_unmount() {
  fl_tries=0
  while mountpoint -q "$TARGET_MOUNT_POINT" && [ "$fl_tries" -lt 5 ]; do
    umount -R "$TARGET_MOUNT_POINT" || umount -R -l "$TARGET_MOUNT_POINT"
    fl_tries=$((fl_tries + 1))
  done >>"$fl_log" 2>&1
}

fl_failed() {
  trap - EXIT HUP INT TERM
  fl_lines=$(tail -c "+$((fl_from + 1))" "$fl_log" | tr -d '\000' | tail -n 20 | tail -c 4000)
  fl_report fail "$fl_step" "$1" "$fl_lines" </dev/null || :
  fl_unmount
  exit 1
}

fl_run_step() {
  fl_step=$1
  fl_begin=$(fl_now)
  printf '\n== %s: %s\n' "$1" "$2" >>"$fl_log"
  fl_from=$(wc -c <"$fl_log")
  fl_report start "$1" "$2" </dev/null || :
  "$3" </dev/null >>"$fl_log" 2>&1
  fl_status=$?
  [ "$fl_status" -eq 0 ] || fl_failed "$fl_status"
  fl_report finish "$1" "$(($(fl_now) - fl_begin))" </dev/null || :
  fl_step=''
}

fl_interrupted() {
  trap - EXIT HUP INT TERM
  if [ -n "$fl_step" ]; then fl_failed "$1"; fi
  fl_unmount
  exit 1
}

trap 'fl_interrupted 129' HUP
trap 'fl_interrupted 130' INT
trap 'fl_interrupted 143' TERM
# What an earlier attempt left behind would be in the way.
fl_unmount
"#;

/// Writes a plan as a script for any POSIX shell.
///
/// Nothing in a plan can break out of its place in the script: every word is quoted. After the
/// last step the script goes on with whatever the caller has put behind it; when a step fails, it
/// unmounts what it has mounted and exits with status 1.
///
/// ```
/// use firstlight_curtin_config::{Disk, ShellOptions, Target, parse, plan, render_shell};
///
/// let parsed = parse("sources: [http://127.0.0.1/r.tgz]\nlate_commands: {a: [echo, \"it's; done\"]}");
/// let target = Target { disks: vec![Disk::new("/dev/vda", 4 << 30)], ..Target::default() };
/// let script = render_shell(&plan(&parsed.config, &target).unwrap(), &ShellOptions::default());
/// assert!(script.contains(r"( exec echo 'it'\''s; done' )"));
/// ```
#[must_use]
pub fn render_shell(plan: &Plan, options: &ShellOptions) -> String {
    let report = function_name(&options.report);
    let mut script =
        String::from("#!/bin/sh\n# An installation, written by firstlight-curtin-config.\nset -u\numask 022\n");
    let _ = writeln!(script, "export TARGET_MOUNT_POINT={}", quote(&plan.mount_point));
    let _ = writeln!(script, "fl_run={}", quote(&options.run_directory));
    if options.prelude.is_empty() {
        let _ = writeln!(script, "command -v {report} >/dev/null || {report}() {{ printf '%s\\n' \"$*\"; }}");
    } else {
        script.push_str(options.prelude.trim_end_matches('\n'));
        script.push('\n');
    }
    let _ = writeln!(script, "fl_report() {{ {report} \"$@\"; }}");
    script.push_str(RUNTIME);
    if !plan.environment.is_empty() {
        let all: Vec<String> =
            plan.environment.iter().map(|(name, value)| format!("{name}={}", quote(value))).collect();
        let _ = writeln!(
            script,
            "\n# For the steps alone: a report goes its own way.\nfl_env() {{ export {}; }}",
            all.join(" ")
        );
    }
    for (at, step) in plan.steps.iter().enumerate() {
        render_step(&mut script, step, at + 1, !plan.environment.is_empty());
    }
    script.push_str("\ntrap - EXIT HUP INT TERM\n");
    script
}

fn function_name(name: &str) -> String {
    let name: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    if name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') { name } else { "report".to_owned() }
}

fn render_step(script: &mut String, step: &Step, at: usize, has_environment: bool) {
    let command: Vec<String> = step.command.iter().map(|word| quote(word)).collect();
    // `exec` in a subshell: a word that names a builtin or function still means the program.
    let command = format!("{}exec {}", if has_environment { "fl_env; " } else { "" }, command.join(" "));
    let _ = writeln!(script, "\nfl_do_{at}() {{");
    match &step.stdin {
        Some(text) => {
            let _ = writeln!(script, "  printf %s {} |\n    ( {command} )", quote(text));
        }
        None => {
            let _ = writeln!(script, "  ( {command} )");
        }
    }
    script.push_str("}\n");
    let _ = writeln!(script, "fl_run_step {} {} fl_do_{at}", quote(&step.id), quote(&one_line(&step.description)));
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
