//! Commands that fetch a root image and unpack it, or write it to a disk.

use crate::plan::{Draft, Stage, Step};
use crate::problem::Problem;
use crate::source::{Source, SourceKind};

/// `curl` fails on HTTP errors, waits for a server that is just starting, and gives up on one that stands still.
/// A failure of any command goes to file descriptor 3.
///
/// How a stream is packed, its first bytes tell, whatever its name says, as in curtin.
const STREAM: &str = r#"fetch() {
  curl -fsS --globoff --proto =http,https,file --retry 8 --retry-connrefused --retry-delay 2 \
    --connect-timeout 15 --speed-limit 1 --speed-time 120 -- "$1" || echo "curl $?" >&3
}
unpack() {
  magic=$(dd bs=1 count=6 2>/dev/null | od -An -to1)
  case $magic in
    ' 037 213'*) set -- gzip -dc ;;
    ' 102 132 150'*) set -- bzip2 -dc ;;
    ' 375 067 172 130 132 000'*) set -- xz -dc ;;
    ' 050 265 057 375'*) set -- zstd -dcq ;;
    *) set -- cat ;;
  esac
  { printf "$(echo "$magic" | tr ' ' '\\')"; cat; } | "$@" || echo "$1 $?" >&3
}
"#;

/// Around `fetch | unpack | store`: `curl` does not start a stream again that something has begun to read, so a
/// transfer that breaks off (its exit statuses 18, 28, 52, 55 and 56) starts over with the whole pipe. What the first
/// attempt has written, the next one replaces. Whatever else fails would fail again.
const ATTEMPTS: (&str, &str) = (
    "for attempt in 1 2 3; do\n  failed=$({ ",
    r#"; } 3>&1 >&2)
  case $failed in
    '') exit 0 ;;
    *'curl 18'* | *'curl 28'* | *'curl 52'* | *'curl 55'* | *'curl 56'*)
      echo "the transfer broke off (attempt $attempt of 3)" >&2
      sleep 2 ;;
    *) break ;;
  esac
done
echo "failed with this exit status:" $failed >&2
exit 1"#,
);

/// Copies file system images, each one mounted on top of the one before it. A single squashfs is unpacked without the
/// help of the kernel.
const IMAGES: &str = r#"set -e
root=$1
shift
work=$root/.firstlight-images
mkdir -p "$work/0"
clean() {
  for place in "$work"/*; do ! mountpoint -q "$place" || umount "$place"; done
  rm -rf --one-file-system "$work"
}
trap clean EXIT
layers=
count=0
for url; do
  count=$((count + 1))
  curl -fsS --globoff --proto =http,https,file --retry 8 --retry-connrefused --retry-delay 2 \
    --connect-timeout 15 --speed-limit 1 --speed-time 120 -o "$work/$count.image" -- "$url"
  if [ $# -eq 1 ] && unsquashfs -s "$work/1.image" >/dev/null 2>&1; then
    unsquashfs -q -n -f -d "$root" "$work/1.image"
    exit
  fi
  mkdir "$work/$count"
  mount -o loop,ro "$work/$count.image" "$work/$count"
  layers=$count${layers:+:$layers}
done
if [ $# -gt 1 ]; then
  cd "$work"
  mount -t overlay -o "ro,lowerdir=$layers" overlay 0
  cd /
  count=0
fi
cp -a --one-file-system "$work/$count/." "$root""#;

/// Adds the step of one source; `at` counts from 1.
pub(crate) fn extract(draft: &mut Draft<'_>, source: &Source, at: usize) {
    let root = draft.target.mount_point.clone();
    let (id, description) = (format!("extract-{at}"), format!("fetch and unpack {}", source.uri));
    let step = if let Some(directory) = source.uri.strip_prefix("cp://") {
        copy(draft, directory, &root).reads([directory.to_owned()])
    } else {
        let Some(urls) = urls(draft, source) else { return };
        let script = match source.kind {
            SourceKind::FsImage | SourceKind::Layered => IMAGES.to_owned(),
            _ => stream("unpack", "tar -xpf - --numeric-owner --xattrs '--xattrs-include=*' --acls -C \"$1\""),
        };
        let script = for_urls(script, &urls);
        let command = ["sh", "-c", &script, "extract", &root].map(str::to_owned);
        Step::new(Stage::Extract, id.clone(), description.clone(), command.into_iter().chain(urls.clone())).reads(urls)
    };
    draft.push(Step { id, description, ..step }.writes([root]));
}

/// The step that writes the image of a whole disk.
pub(crate) fn write_disk(draft: &mut Draft<'_>, source: &Source, disk: &str) {
    let SourceKind::Disk(kind) = &source.kind else { return };
    let unpack = match kind.as_str() {
        "dd-raw" => "cat",
        "dd-tgz" | "dd-tbz" | "dd-txz" | "dd-tar" => "unpack | { tar -xOf - || echo \"tar $?\" >&3; }",
        _ => "unpack",
    };
    let Some(urls) = urls(draft, source) else { return };
    let script = stream(unpack, "dd of=\"$1\" bs=4M iflag=fullblock conv=fsync status=none");
    let script = for_urls(script, &urls);
    let command = ["sh", "-c", &script, "write", disk].map(str::to_owned).into_iter().chain(urls.clone());
    let description = format!("write the image {} to {disk}", source.uri);
    let step = Step::new(Stage::Partitioning, "image", description, command);
    draft.push(step.destroys().reads(urls).writes([disk.to_owned()]));
}

/// The script of `fetch | unpack | store`, which has the place as its first argument and the URL as its second.
fn stream(unpack: &str, store: &str) -> String {
    let (begin, end) = ATTEMPTS;
    format!("{STREAM}{begin}fetch \"$2\" | {unpack} | {store} || echo \"store $?\" >&3{end}")
}

/// A directory of the ephemeral system. curtin's `install.extra_rsync_args` need the program that they are for.
fn copy(draft: &Draft<'_>, directory: &str, root: &str) -> Step {
    let from = |end: &str| format!("{}/{end}", directory.trim_end_matches('/'));
    let words = draft.config.install.as_ref().and_then(|install| install.extra_rsync_args.clone()).unwrap_or_default();
    let command = if words.is_empty() {
        ["cp", "-a", "--one-file-system", "--", &from("."), root].map(str::to_owned).to_vec()
    } else {
        let options = ["rsync", "-aXHAS", "--one-file-system"].map(str::to_owned);
        options.into_iter().chain(words).chain([from(""), root.to_owned()]).collect()
    };
    Step::new(Stage::Extract, "", "", command)
}

/// What curl is given: one URL for each layer.
fn urls(draft: &mut Draft<'_>, source: &Source) -> Option<Vec<String>> {
    let uris = if source.kind == SourceKind::Layered { layers(&source.uri) } else { vec![source.uri.clone()] };
    let urls: Option<Vec<String>> = uris.iter().map(|uri| url(uri)).collect();
    let problem = match &urls {
        None => {
            Problem::error("source-uri", "sources", source.span, format!("{:?} is no place of an image", source.uri))
        }
        Some(_) if has_place(&source.uri) => return urls,
        Some(_) => {
            let message = format!("{} says neither how nor where: it is fetched by HTTP, as by wget", source.uri);
            Problem::warning("source-uri", "sources", source.span, message)
        }
    };
    draft.problems.push(problem);
    urls
}

/// Whether a URI says how it is fetched, or is the path of a file.
fn has_place(uri: &str) -> bool {
    uri.starts_with('/') || uri.contains("://")
}

/// What curl takes for a URI that curtin takes; what has no scheme is fetched by HTTP, as by wget, which curtin runs.
pub(crate) fn url(uri: &str) -> Option<String> {
    let schemes = ["http://", "https://", "ftp://", "file:///"];
    let (scheme, rest) = match uri {
        "" => return None,
        path if path.starts_with('/') => ("file://", path),
        _ if schemes.iter().any(|scheme| uri.starts_with(scheme)) => ("", uri),
        _ if uri.contains("://") => return None,
        _ => ("http://", uri),
    };
    // Of a URL, nothing is written anew but what cannot stand in one.
    let stays = |c: char| match uri.starts_with('/') {
        true => c.is_ascii_alphanumeric() || "/._-~".contains(c),
        false => !c.is_ascii_control(),
    };
    let mut url = scheme.to_owned();
    for c in rest.chars() {
        if stays(c) {
            url.push(c);
        } else {
            c.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| url.push_str(&format!("%{byte:02X}")));
        }
    }
    Some(url)
}

/// A script for what these URLs need: `curl` is kept from protocols that nobody has asked for.
fn for_urls(script: String, urls: &[String]) -> String {
    if urls.iter().any(|url| url.starts_with("ftp://")) { script.replace("=http,https,file", "=ftp") } else { script }
}

/// curtin reads `a.b.squashfs` as `a.b.squashfs` on top of `a.squashfs`.
fn layers(uri: &str) -> Vec<String> {
    let (directory, name) = uri.rsplit_once('/').unwrap_or(("", uri));
    let (stem, end) = match name.rsplit_once('.') {
        Some((stem, end)) if !stem.is_empty() => (stem, format!(".{end}")),
        _ => (name, String::new()),
    };
    let ends = stem.match_indices('.').map(|(at, _)| at).chain([stem.len()]);
    ends.filter_map(|at| stem.get(..at)).map(|layer| format!("{directory}/{layer}{end}")).collect()
}

#[cfg(test)]
mod tests {
    use super::layers;

    #[test]
    fn layers_are_named_by_their_dots() {
        let of = |uri| layers(uri).join(" ");
        assert_eq!(of("http://h/a.b.c.squashfs"), "http://h/a.squashfs http://h/a.b.squashfs http://h/a.b.c.squashfs");
        assert_eq!(of("/x.y/minimal.squashfs"), "/x.y/minimal.squashfs");
        assert_eq!(of("/x.y/minimal"), "/x.y/minimal");
    }
}
