//! `firstlight dhcp dump`: the DHCP messages of a capture, decoded to the last sub-option.

mod json;
mod options;
mod text;

use std::io::{self, BufWriter, Write};
use std::net::SocketAddrV4;
use std::path::{Path, PathBuf};

use firstlight_dhcp::MessageRef;
use jiff::Timestamp;

use crate::capture::{Capture, CaptureError, Datagram, Layers, NotRead};

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
    let stop = |error: CaptureError| Stop::Capture(error.to_string());
    let mut write = |record: &Record<'_>| {
        let written = if json { json::write(record, out) } else { text::write(record, out) };
        written.map_err(Stop::Output)
    };
    let mut layers = Layers::new(&PORTS);
    let mut outcome = Ok(());
    for frame in Capture::open(path).map_err(stop)? {
        let frame = match frame {
            Ok(frame) => frame,
            Err(error) => {
                outcome = Err(stop(error));
                break;
            }
        };
        match layers.datagram(&frame) {
            Ok(None) => {}
            Ok(Some(datagram)) => write(&Record::of(frame.number, frame.time, &datagram))?,
            Err(error) => write(&Record::not_read(frame.number, frame.time, &error))?,
        }
    }
    for lost in layers.into_lost() {
        write(&Record::not_read(lost.frame, lost.time, &lost.reason))?;
    }
    outcome
}

/// What a frame has for us: a message, or what is wrong with it, or both.
struct Record<'f> {
    /// The frame's number; the last one's of a message in fragments.
    frame: u64,
    time: Option<Timestamp>,
    /// Source and destination.
    ends: Option<(SocketAddrV4, SocketAddrV4)>,
    message: Option<MessageRef<'f>>,
    error: Option<String>,
}

impl<'f> Record<'f> {
    fn of(frame: u64, time: Option<Timestamp>, datagram: &'f Datagram<'_>) -> Self {
        let ends = Some((datagram.source, datagram.destination));
        let (message, trouble) = match MessageRef::parse(&datagram.payload) {
            Ok(message) => (
                Some(message),
                message.truncated_option().map(|code| format!("option {} ({code}) ends outside its field", code.0)),
            ),
            Err(error) => (None, Some(error.to_string())),
        };
        Self { frame, time, ends, message, error: missing(datagram).or(trouble) }
    }

    fn not_read(frame: u64, time: Option<Timestamp>, reason: &NotRead) -> Self {
        Self { frame, time, ends: None, message: None, error: Some(reason.to_string()) }
    }
}

fn missing(datagram: &Datagram<'_>) -> Option<String> {
    let (missing, captured) = (datagram.missing, datagram.payload.len());
    (missing > 0).then(|| format!("the message is cut off: {captured} of {} bytes were captured", captured + missing))
}
