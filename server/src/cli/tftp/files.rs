//! `firstlight get` and `firstlight put`: one file from a TFTP server, or to it.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use firstlight_tftp::{Client, Progress, Source};
use indicatif::{ProgressBar, ProgressStyle};
use tokio::fs::File;

use super::url::Url;

const BAR: &str = "{bytes}/{total_bytes} {wide_bar} {bytes_per_sec}, {eta} left";
const SPINNER: &str = "{spinner} {bytes} {bytes_per_sec}";

/// `firstlight get`
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct GetArgs {
    /// The file on the server, `tftp://HOST[:PORT]/NAME`; with `;mode=netascii` behind it text travels as text
    url: Url,
    /// The file to write, `-` for the standard output; without it the last part of the name, in this directory
    #[arg(long, short)]
    output: Option<PathBuf>,
    #[command(flatten)]
    options: Options,
}

/// `firstlight put`
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct PutArgs {
    /// The file on the server, `tftp://HOST[:PORT]/NAME`; with `;mode=netascii` behind it text travels as text
    url: Url,
    /// The file to read, `-` for the standard input; without it the last part of the name, in this directory
    #[arg(long, short)]
    input: Option<PathBuf>,
    #[command(flatten)]
    options: Options,
}

#[derive(Debug, clap::Args)]
struct Options {
    /// The block size to ask for; without it what the route's MTU allows, and at most 1468
    #[arg(long, value_parser = clap::value_parser!(u16).range(8..=65464))]
    block_size: Option<u16>,
    /// The number of blocks per acknowledgement to ask for
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=32767))]
    window_size: u16,
}

/// Gets a file, all of it or nothing, unless `interrupt` comes first.
pub(in crate::cli) async fn get(args: GetArgs, interrupt: impl Future<Output = ()>) -> Result<(), String> {
    let output = args.output.map_or_else(|| local_name(&args.url), Ok)?;
    let bar = ProgressBar::no_length();
    let client = client(&args.url, &args.options, &bar).await?;
    let work = async {
        if output == Path::new("-") {
            return client.get(&args.url.name, tokio::io::stdout()).await.map_err(|error| error.to_string());
        }
        let mut destination = Destination::open(output).await?;
        let got = client.get(&args.url.name, &mut destination.file).await.map_err(|error| error.to_string())?;
        destination.finish().await?;
        Ok(got)
    };
    end(work, interrupt, &bar).await
}

/// Puts a file, unless `interrupt` comes first.
pub(in crate::cli) async fn put(args: PutArgs, interrupt: impl Future<Output = ()>) -> Result<(), String> {
    let input = args.input.map_or_else(|| local_name(&args.url), Ok)?;
    let bar = ProgressBar::no_length();
    let client = client(&args.url, &args.options, &bar).await?;
    let work = async {
        let source = source(&input).await.map_err(|error| format!("cannot read {}: {error}", input.display()))?;
        client.put(&args.url.name, source).await.map_err(|error| error.to_string())
    };
    end(work, interrupt, &bar).await
}

async fn end(
    work: impl Future<Output = Result<u64, String>>,
    interrupt: impl Future<Output = ()>,
    bar: &ProgressBar,
) -> Result<(), String> {
    let ended = tokio::select! {
        ended = work => ended,
        () = interrupt => Err("interrupted".to_owned()),
    };
    bar.finish_and_clear();
    let bytes = ended?;
    eprintln!("firstlight: {bytes} bytes");
    Ok(())
}

async fn client(url: &Url, options: &Options, bar: &ProgressBar) -> Result<Client, String> {
    let found = tokio::net::lookup_host((url.host.as_str(), url.port)).await;
    let server = found.map_err(|error| format!("cannot find the host {}: {error}", url.host))?.next();
    let server = server.ok_or_else(|| format!("the host {} has no address", url.host))?;
    let style = |template| ProgressStyle::with_template(template).map_err(|error| error.to_string());
    let (with_end, without) = (style(BAR)?, style(SPINNER)?);
    let bar = bar.clone().with_style(without);
    let client = Client::new(server).with_mode(url.mode).with_window_size(options.window_size).on_progress(
        move |Progress { bytes, total }| {
            if total != bar.length() {
                bar.set_style(with_end.clone());
                bar.update(|state| state.set_len(total.unwrap_or(bytes)));
            }
            bar.set_position(bytes);
        },
    );
    Ok(match options.block_size {
        Some(block_size) => client.with_block_size(block_size),
        None => client,
    })
}

/// The last part of the name, when that is a name here as well.
fn local_name(url: &Url) -> Result<PathBuf, String> {
    let last =
        url.name.rsplit(|byte| matches!(byte, b'/' | b'\\')).next().and_then(|last| std::str::from_utf8(last).ok());
    match last {
        None | Some("" | "." | ".." | "-") => {
            Err("the URL does not end with a name for a local file: say which".to_owned())
        }
        Some(last) => Ok(last.into()),
    }
}

async fn source(path: &Path) -> io::Result<Source> {
    if path == Path::new("-") {
        return Ok(Source::from_reader(tokio::io::stdin(), None));
    }
    let file = File::open(path).await?;
    let metadata = file.metadata().await?;
    if metadata.is_file() {
        return Ok(Source::File(file.into_std().await, metadata.len()));
    }
    Ok(Source::from_reader(file, None))
}

/// A file that takes its place when it is complete. What is not a regular file (`/dev/null`) is written to as it is.
struct Destination {
    file: File,
    path: PathBuf,
    unfinished: Option<PathBuf>,
}

impl Destination {
    async fn open(path: PathBuf) -> Result<Self, String> {
        let is_special = tokio::fs::metadata(&path).await.is_ok_and(|metadata| !metadata.is_file());
        let unfinished = (!is_special).then(|| {
            let mut name = OsString::from(".");
            name.push(path.file_name().unwrap_or_default());
            name.push(format!(".{}", std::process::id()));
            path.with_file_name(name)
        });
        let place = unfinished.as_ref().unwrap_or(&path);
        let opened = File::options().write(true).create(!is_special).truncate(!is_special).open(place).await;
        let file = opened.map_err(|error| format!("cannot write {}: {error}", path.display()))?;
        Ok(Self { file, path, unfinished })
    }

    async fn finish(mut self) -> Result<(), String> {
        let Some(unfinished) = self.unfinished.take() else { return Ok(()) };
        let renamed = tokio::fs::rename(unfinished, &self.path).await;
        renamed.map_err(|error| format!("cannot write {}: {error}", self.path.display()))
    }
}

impl Drop for Destination {
    fn drop(&mut self) {
        if let Some(unfinished) = &self.unfinished {
            // What cannot be deleted is left behind under a name that says what it is.
            let _ = std::fs::remove_file(unfinished);
        }
    }
}
