//! The way to Debian's packages: an HTTP proxy in the lab's network, a Unix socket in the run's folder, and outside of
//! the namespaces a proxy that fetches as apt does and knows nothing but apt's own sources. Packages are kept.

use super::mirror::Source;
use crate::error::{Doing, Error, Result};
use crate::forward::short;
use crate::network;
use axum::Router;
use axum::extract::State;
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, UnixListener, UnixStream};
use tokio::process::Command;
use tokio::sync::mpsc;

/// Its port in the lab's network.
pub(crate) const PORT: u16 = 3128;

const SOCKET: &str = "packages.sock";

/// apt's own downloader, with apt's proxies, credentials and retries.
const APT_HELPER: &str = "/usr/lib/apt/apt-helper";

struct Proxy {
    sources: Vec<Source>,
    cache: PathBuf,
    log: Mutex<File>,
    missing: mpsc::Sender<String>,
}

/// Outer half: serves the socket in `run`, until a package is asked for that the mirror does not have. The installer would
/// wait for somebody who helps it.
pub(crate) fn outside(run: &Path, cache: &Path, sources: Vec<Source>) -> Result<impl Future<Output = Error> + use<>> {
    let doing = || format!("the socket for packages cannot be made in {}", run.display());
    let folder = File::open(run).doing(doing())?;
    let path = short(&folder, SOCKET);
    let _ = std::fs::remove_file(&path);
    let listener = UnixListener::bind(&path).doing(doing())?;
    let log = File::create(run.join("packages.log")).doing("the log of packages cannot be written")?;
    let (missing, mut told) = mpsc::channel(1);
    let proxy = Proxy { sources, cache: cache.join("packages"), log: Mutex::new(log), missing };
    let router = Router::new().fallback(answer).with_state(Arc::new(proxy));
    tokio::spawn(async move {
        let _folder = folder;
        let _ = axum::serve(listener, router).await;
    });
    Ok(async move {
        let uri = told.recv().await.unwrap_or_default();
        Error::said(format!("apt's mirror does not have {uri}, which its index names: use a complete one"))
    })
}

/// Inner half: from the port to the socket in `run`, for ever.
pub(crate) async fn inside(run: &Path) -> Result<()> {
    let folder = File::open(run).doing(format!("{} cannot be opened", run.display()))?;
    let path = short(&folder, SOCKET);
    let listener =
        TcpListener::bind((network::SERVER, PORT)).await.doing(format!("port {PORT} cannot be used for the proxy"))?;
    tokio::spawn(async move {
        let _folder = folder;
        loop {
            let Ok((mut client, _)) = listener.accept().await else { continue };
            let path = path.clone();
            tokio::spawn(async move {
                if let Ok(mut outer) = UnixStream::connect(path).await {
                    let _ = copy_bidirectional(&mut client, &mut outer).await;
                }
            });
        }
    });
    Ok(())
}

async fn answer(State(proxy): State<Arc<Proxy>>, method: Method, uri: Uri) -> Response {
    let response = match (method, find(&proxy.sources, &uri)) {
        (Method::GET | Method::HEAD, Some(url)) => fetch(&proxy.cache, &url).await,
        (Method::GET | Method::HEAD, None) => StatusCode::FORBIDDEN.into_response(),
        _ => StatusCode::METHOD_NOT_ALLOWED.into_response(),
    };
    if response.status() == StatusCode::NOT_FOUND && is_package(uri.path()) {
        let _ = proxy.missing.try_send(uri.to_string());
    }
    if let Ok(mut log) = proxy.log.lock() {
        // A full disk shows elsewhere first.
        let _ = writeln!(log, "{} {uri}", response.status().as_u16());
    }
    response
}

/// The address at a source of apt's that `uri` means, whichever the scheme.
fn find(sources: &[Source], uri: &Uri) -> Option<String> {
    let wanted = format!("{}{}", uri.authority()?, uri.path());
    if wanted.split('/').any(|part| part == "..") {
        return None;
    }
    sources.iter().find_map(|source| {
        let (_, place) = source.uri.split_once("://")?;
        let rest = wanted.strip_prefix(place)?.strip_prefix('/')?;
        Some(format!("{}/{rest}", source.uri))
    })
}

async fn fetch(cache: &Path, url: &str) -> Response {
    // What a package's name stands for never changes; an index does.
    let kept = is_package(url).then(|| cache.join(url.replace(['/', ':'], "_")));
    if let Some(bytes) = read(kept.as_deref()).await {
        return bytes.into_response();
    }
    match download(cache, url, kept.as_deref()).await {
        Ok(Some(bytes)) => bytes.into_response(),
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(error) => (StatusCode::BAD_GATEWAY, error.to_string()).into_response(),
    }
}

fn is_package(path: &str) -> bool {
    path.ends_with(".deb") || path.ends_with(".udeb")
}

async fn read(path: Option<&Path>) -> Option<Vec<u8>> {
    tokio::fs::read(path?).await.ok()
}

/// Nothing where there is no such file.
async fn download(cache: &Path, url: &str, kept: Option<&Path>) -> Result<Option<Vec<u8>>> {
    std::fs::create_dir_all(cache).doing(format!("{} cannot be made", cache.display()))?;
    let dir = tempfile::tempdir_in(cache).doing(format!("{} cannot be written", cache.display()))?;
    let file = dir.path().join("file");
    let output = Command::new(APT_HELPER)
        .args(["download-file", url])
        .arg(&file)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .doing(format!("{APT_HELPER} does not run"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        return if said.contains("404 ") { Ok(None) } else { Err(Error::said(said)) };
    }
    let bytes = tokio::fs::read(&file).await.doing("what apt has fetched cannot be read")?;
    if let Some(kept) = kept {
        std::fs::rename(&file, kept).doing(format!("{} cannot be written", kept.display()))?;
    }
    Ok(Some(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::installer::mirror::parse;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    #[test]
    fn only_apts_sources_are_reached() {
        let sources = parse("https://m.example/debian/ bookworm Debian");
        let find = |uri: &str| find(&sources, &uri.parse().unwrap());
        let deb = "m.example/debian/pool/main/a/a_1%2b1.deb";
        assert_eq!(find(&format!("http://{deb}")), Some(format!("https://{deb}")));
        for uri in
            ["http://m.example/debian", "http://m.example/debian-x/a", "http://other.example/debian/a", "/debian/a"]
        {
            assert_eq!(find(uri), None, "{uri}");
        }
        assert_eq!(find("http://m.example/debian/../x"), None);
    }

    /// A mirror on loopback, which apt's own program asks; its index is there, its packages are not.
    #[tokio::test]
    async fn a_missing_package_ends_the_run_and_a_missing_index_does_not() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let place = format!("{}/debian", listener.local_addr().unwrap());
        let mirror = Router::new().route("/debian/Release", axum::routing::get(async || "release"));
        tokio::spawn(async move { axum::serve(listener, mirror).await });
        let dir = tempfile::tempdir().unwrap();
        let serving = outside(dir.path(), dir.path(), parse(&format!("http://{place} bookworm Debian"))).unwrap();
        for (path, expected) in
            [("Release", "HTTP/1.0 200"), ("Packages.xz", "HTTP/1.0 404"), ("a.udeb", "HTTP/1.0 404")]
        {
            let mut stream = UnixStream::connect(dir.path().join(SOCKET)).await.unwrap();
            stream.write_all(format!("GET http://{place}/{path} HTTP/1.0\r\n\r\n").as_bytes()).await.unwrap();
            let mut text = String::new();
            stream.read_to_string(&mut text).await.unwrap();
            assert!(text.starts_with(expected), "{path}: {text}");
        }
        let told = serving.await.to_string();
        assert_eq!(
            told,
            format!("apt's mirror does not have http://{place}/a.udeb, which its index names: use a complete one")
        );
    }

    #[tokio::test]
    async fn strangers_are_refused_and_told_of() {
        let dir = tempfile::tempdir().unwrap();
        let serving = outside(dir.path(), dir.path(), Vec::new()).unwrap();
        let socket = dir.path().join(SOCKET);
        let mut stream = UnixStream::connect(&socket).await.unwrap();
        stream.write_all(b"GET http://a.example/b HTTP/1.0\r\nHost: a.example\r\n\r\n").await.unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        assert!(text.starts_with("HTTP/1.0 403"), "{text}");
        assert_eq!(std::fs::read_to_string(dir.path().join("packages.log")).unwrap(), "403 http://a.example/b\n");
        drop(serving);
    }
}
