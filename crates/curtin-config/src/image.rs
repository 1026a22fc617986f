//! Commands that fetch a root image and unpack it.

use crate::plan::{Draft, Stage, Step};
use crate::problem::Problem;
use crate::source::{Compression, Source, SourceKind};

/// `curl` in every step: fails on HTTP errors, waits for a server that is just starting, and gives
/// up on one that stands still.
const CURL: &str = "curl -fsS --globoff --proto =http,https,file --retry 8 --retry-connrefused \
                    --retry-delay 2 --connect-timeout 15 --speed-limit 1 --speed-time 120";

/// Around `download | unpack`: `curl` does not start a stream again that something has begun to read, so a
/// transfer that breaks off (its exit statuses 18, 28, 52, 55 and 56) starts over with the whole pipe. What the first
/// attempt has unpacked, the next one replaces. Whatever else fails would fail again.
const ATTEMPTS: (&str, &str) = (
    "for attempt in 1 2 3; do ",
    "; results=(\"${PIPESTATUS[@]}\"); case ${results[0]} in 18 | 28 | 52 | 55 | 56) \
     echo \"the transfer broke off (attempt $attempt of 3)\" >&2; sleep 2;; *) break;; esac; done; \
     for result in \"${results[@]}\"; do [ \"$result\" -eq 0 ] || exit \"$result\"; done",
);

/// Adds the steps of one source; `at` counts from 1.
pub(crate) fn extract(draft: &mut Draft<'_>, source: &Source, at: usize) {
    let root = draft.target.mount_point.clone();
    let path = format!("sources[{}]", at.saturating_sub(1));
    let Some(url) = url(&source.uri) else {
        draft.problems.push(
            Problem::error(
                "source-uri",
                path,
                source.span,
                format!("{:?} is neither an HTTP URL nor an absolute path", source.uri),
            )
            .remedy("write http://…, https://…, file:///… or /…"),
        );
        return;
    };
    let script = match &source.kind {
        SourceKind::Tar(compression) => {
            let unpack = match compression {
                Compression::None => "",
                Compression::Gzip => "gzip -dc | ",
                Compression::Bzip2 => "bzip2 -dc | ",
                Compression::Xz => "xz -dc | ",
                Compression::Zstd => "zstd -dcq | ",
            };
            let (begin, end) = ATTEMPTS;
            format!(
                "{begin}{CURL} -- \"$1\" | {unpack}tar -xpf - --numeric-owner --xattrs \
                 '--xattrs-include=*' --acls -C \"$2\"{end}"
            )
        }
        SourceKind::FsImage => {
            if layered(&source.uri) {
                draft.problems.push(
                    Problem::error(
                        "source-layers",
                        path,
                        source.span,
                        "a dot in the name of a file system image means layers, and these are not \
                         supported by the planner yet",
                    )
                    .remedy("give the image a name with one dot at most, such as root.squashfs"),
                );
                return;
            }
            format!(
                "set -e; image=\"$2/.firstlight-image\"; trap 'rm -f \"$image\"' EXIT; \
                 {CURL} -o \"$image\" -- \"$1\"; unsquashfs -q -n -f -d \"$2\" \"$image\""
            )
        }
        SourceKind::Other(kind) => {
            let message = format!("sources of type {kind} are not supported by the planner yet");
            draft.problems.push(
                Problem::error("source-type", path, source.span, message)
                    .remedy("use a tar archive (tgz, txz, tar.zst) or a squashfs image"),
            );
            return;
        }
    };
    let command = ["bash", "-c", &script, "extract", &url, &root].map(str::to_owned);
    let description = format!("fetch and unpack {}", source.uri);
    draft.push(Step::new(Stage::Extract, format!("extract-{at}"), description, command).reads([url]).writes([root]));
}

/// What curl is given.
fn url(uri: &str) -> Option<String> {
    if uri.chars().any(char::is_control) {
        return None;
    }
    if ["http://", "https://", "file:///"].iter().any(|scheme| uri.starts_with(scheme)) {
        return Some(uri.to_owned());
    }
    let path = uri.strip_prefix("cp://").unwrap_or(uri);
    if !path.starts_with('/') {
        return None;
    }
    let mut url = String::from("file://");
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"/._-~".contains(&byte) {
            url.push(char::from(byte));
        } else {
            url.push_str(&format!("%{byte:02X}"));
        }
    }
    Some(url)
}

/// curtin reads `a.b.squashfs` as `b` on top of `a.squashfs`.
fn layered(uri: &str) -> bool {
    let name = uri.rsplit('/').next().unwrap_or_default();
    name.split('.').count() > 2
}
