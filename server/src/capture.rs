//! Capture files, pcap and pcapng: frames in the order of the file, each with its number and time.
//!
//! Nothing in a file makes this panic or allocate more than the file holds; what comes before a broken tail is read.

mod fragments;
mod layers;
mod pcapng;

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read};
use std::path::Path;

use jiff::Timestamp;
use pcap_file::PcapError;
use pcap_file::TsResolution;
use pcap_file::pcap::PcapReader;

use pcapng::{PcapNg, Trouble};

pub use layers::{Datagram, Layers, Lost, NotRead};

/// One packet of a capture.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Its place in the file, from 1.
    pub number: u64,
    /// When it was captured, if the file says so.
    pub time: Option<Timestamp>,
    /// What `data` begins with, from the registry of link types.
    pub link_type: u32,
    /// What was captured of it.
    pub data: Vec<u8>,
    /// How many bytes it had on the link.
    pub original_len: u32,
}

/// Why a capture cannot be read, or not to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CaptureError {
    /// The file cannot be read.
    #[error("{0}")]
    File(#[from] io::Error),
    /// The file is something else.
    #[error("neither a pcap nor a pcapng file")]
    NotACapture,
    /// The file ends too early.
    #[error("the file ends in the middle of what follows frame {last}")]
    Cut {
        /// The last frame that is whole.
        last: u64,
    },
    /// The file is damaged.
    #[error("what follows frame {last} is damaged: {error}")]
    Damaged {
        /// The last frame that is whole.
        last: u64,
        /// What is wrong.
        error: String,
    },
}

/// A capture file that is being read; an iterator over its frames that ends after the first error.
pub struct Capture {
    format: Format,
    last: u64,
    ended: bool,
}

type Source = io::Chain<Cursor<Vec<u8>>, File>;

enum Format {
    Pcap(PcapReader<Source>),
    PcapNg(PcapNg<BufReader<Source>>),
}

impl Capture {
    /// Opens a file.
    ///
    /// # Errors
    /// The file cannot be read, or is no capture.
    pub fn open(path: &Path) -> Result<Self, CaptureError> {
        let mut file = File::open(path)?;
        let mut magic = Vec::new();
        file.by_ref().take(4).read_to_end(&mut magic)?;
        let is_pcapng = magic == pcapng::SECTION;
        let source = Cursor::new(magic).chain(file);
        let format = if is_pcapng {
            Format::PcapNg(PcapNg::new(BufReader::new(source)))
        } else {
            Format::Pcap(PcapReader::new(source).map_err(|_| CaptureError::NotACapture)?)
        };
        Ok(Self { format, last: 0, ended: false })
    }

    fn read(&mut self) -> Result<Option<Frame>, Trouble> {
        let number = self.last + 1;
        match &mut self.format {
            Format::Pcap(reader) => pcap_frame(reader, number),
            Format::PcapNg(reader) => reader.frame(number),
        }
    }
}

impl Iterator for Capture {
    type Item = Result<Frame, CaptureError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let last = self.last;
        let trouble = match self.read() {
            Ok(Some(frame)) => {
                self.last = frame.number;
                return Some(Ok(frame));
            }
            Ok(None) => None,
            Err(trouble) => Some(trouble),
        };
        self.ended = true;
        let error = match trouble? {
            Trouble::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => CaptureError::Cut { last },
            Trouble::Io(error) => CaptureError::File(error),
            Trouble::Damaged(error) => CaptureError::Damaged { last, error },
        };
        Some(Err(error))
    }
}

fn pcap_frame(reader: &mut PcapReader<Source>, number: u64) -> Result<Option<Frame>, Trouble> {
    let header = reader.header();
    // Raw, for the reader takes a packet that was cut when it was captured for an error.
    let packet = match reader.next_raw_packet() {
        None => return Ok(None),
        Some(Ok(packet)) => packet,
        Some(Err(PcapError::IoError(error))) => return Err(Trouble::Io(error)),
        Some(Err(error)) => return Err(Trouble::Damaged(error.to_string())),
    };
    let unit = if header.ts_resolution == TsResolution::NanoSecond { 1 } else { 1000 };
    let nanos = i128::from(packet.ts_sec) * 1_000_000_000 + i128::from(packet.ts_frac) * unit;
    Ok(Some(Frame {
        number,
        time: Timestamp::from_nanosecond(nanos).ok(),
        // The upper bits tell of checksums behind the frames.
        link_type: u32::from(header.datalink) & 0xffff,
        original_len: packet.orig_len,
        data: packet.data.into_owned(),
    }))
}
