//! `firstlight dhcp dump`: the DHCP messages of a capture, decoded to the last sub-option.

mod json;
mod options;
mod text;

use std::io::{self, BufWriter, Write};
use std::net::SocketAddrV4;
use std::path::{Path, PathBuf};

use firstlight_dhcp::MessageRef;

use crate::capture::{Capture, Datagram, Frame, Layers};

/// DHCP's server and client, and PXE's boot servers.
const PORTS: [u16; 3] = [67, 68, 4011];

/// `firstlight dhcp dump`
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A pcap or pcapng file
    file: PathBuf,
    /// Print one JSON object for each message
    #[arg(long)]
    json: bool,
}

/// Prints what the file holds, up to its end or where it is broken.
pub(super) fn run(args: &Args) -> Result<(), String> {
    let mut out = BufWriter::new(io::stdout().lock());
    let outcome = dump(&args.file, args.json, &mut out).and_then(|()| out.flush().map_err(Stop::Output));
    match outcome {
        Err(Stop::Capture(reason)) => {
            // What was read before stands before the reason.
            let _ = out.flush();
            Err(format!("{}: {reason}", args.file.display()))
        }
        // Whoever reads has seen enough.
        Err(Stop::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(Stop::Output(error)) => Err(format!("standard output: {error}")),
        Ok(()) => Ok(()),
    }
}

enum Stop {
    Capture(String),
    Output(io::Error),
}

fn dump(path: &Path, json: bool, out: &mut dyn Write) -> Result<(), Stop> {
    let stop = |error: crate::capture::CaptureError| Stop::Capture(error.to_string());
    let mut layers = Layers::new(&PORTS);
    for frame in Capture::open(path).map_err(stop)? {
        let frame = frame.map_err(stop)?;
        if let Some(record) = Record::of(&mut layers, &frame) {
            let written = if json { json::write(&record, out) } else { text::write(&record, out) };
            written.map_err(Stop::Output)?;
        }
    }
    Ok(())
}

/// What a frame has for us: a message, or what is wrong with it, or both.
struct Record<'f> {
    frame: &'f Frame,
    /// Source and destination.
    ends: Option<(SocketAddrV4, SocketAddrV4)>,
    message: Option<MessageRef<'f>>,
    error: Option<String>,
}

impl<'f> Record<'f> {
    /// `None` for a frame of something else.
    fn of(layers: &mut Layers<'_>, frame: &'f Frame) -> Option<Self> {
        let datagram = match layers.datagram(frame) {
            Ok(datagram) => datagram?,
            Err(error) => return Some(Self { frame, ends: None, message: None, error: Some(error.to_string()) }),
        };
        let ends = Some((datagram.source, datagram.destination));
        let (message, trouble) = match MessageRef::parse(datagram.payload) {
            Ok(message) => (
                Some(message),
                message.truncated_option().map(|code| format!("option {} ({code}) ends outside its field", code.0)),
            ),
            Err(error) => (None, Some(error.to_string())),
        };
        Some(Self { frame, ends, message, error: missing(&datagram).or(trouble) })
    }
}

fn missing(datagram: &Datagram<'_>) -> Option<String> {
    let (missing, captured) = (datagram.missing, datagram.payload.len());
    (missing > 0).then(|| format!("the message is cut off: {captured} of {} bytes were captured", captured + missing))
}
