//! Capture files, pcap and pcapng: frames in the order of the file, each with its number and time.
//!
//! Nothing in a file makes this panic or allocate more than the file holds; what comes before a broken tail is read.

mod layers;

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::Path;

use jiff::Timestamp;
use pcap_file::PcapError;
use pcap_file::TsResolution;
use pcap_file::pcap::PcapReader;
use pcap_file::pcapng::blocks::interface_description::{InterfaceDescriptionBlock, InterfaceDescriptionOption};
use pcap_file::pcapng::{Block, PcapNgReader};

pub use layers::{Datagram, Layers, NotRead};

/// The first bytes of a pcapng file.
const PCAPNG: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];

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
        error: PcapError,
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
    PcapNg(PcapNgReader<Source>),
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
        let is_pcapng = magic == PCAPNG;
        let source = Cursor::new(magic).chain(file);
        let format = if is_pcapng {
            PcapNgReader::new(source).map(Format::PcapNg)
        } else {
            PcapReader::new(source).map(Format::Pcap)
        };
        let format = format.map_err(|_| CaptureError::NotACapture)?;
        Ok(Self { format, last: 0, ended: false })
    }

    fn read(&mut self) -> Option<Result<Frame, PcapError>> {
        let number = self.last + 1;
        match &mut self.format {
            Format::Pcap(reader) => {
                let header = reader.header();
                // Raw, for the reader takes a packet that was cut when it was captured for an error.
                let packet = match reader.next_raw_packet()? {
                    Ok(packet) => packet,
                    Err(error) => return Some(Err(error)),
                };
                let unit = if header.ts_resolution == TsResolution::NanoSecond { 1 } else { 1000 };
                let nanos = i128::from(packet.ts_sec) * 1_000_000_000 + i128::from(packet.ts_frac) * unit;
                Some(Ok(Frame {
                    number,
                    time: Timestamp::from_nanosecond(nanos).ok(),
                    // The upper bits tell of checksums behind the frames.
                    link_type: u32::from(header.datalink) & 0xffff,
                    original_len: packet.orig_len,
                    data: packet.data.into_owned(),
                }))
            }
            Format::PcapNg(reader) => pcapng_frame(reader, number),
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
        match self.read() {
            None => {
                self.ended = true;
                None
            }
            Some(Ok(frame)) => {
                self.last = frame.number;
                Some(Ok(frame))
            }
            Some(Err(error)) => {
                self.ended = true;
                Some(Err(match error {
                    PcapError::IoError(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                        CaptureError::Cut { last }
                    }
                    PcapError::IoError(error) => CaptureError::File(error),
                    error => CaptureError::Damaged { last, error },
                }))
            }
        }
    }
}

/// The next block that holds a packet.
fn pcapng_frame(reader: &mut PcapNgReader<Source>, number: u64) -> Option<Result<Frame, PcapError>> {
    loop {
        let (interface, ticks, original_len, data) = match reader.next_block()? {
            Err(error) => return Some(Err(error)),
            Ok(Block::EnhancedPacket(packet)) => {
                // The crate counts the ticks as nanoseconds, whatever the interface says.
                let ticks = u64::try_from(packet.timestamp.as_nanos()).ok();
                (packet.interface_id, ticks, packet.original_len, packet.data.into_owned())
            }
            Ok(Block::Packet(packet)) => {
                (packet.interface_id.into(), Some(packet.timestamp), packet.original_len, packet.data.into_owned())
            }
            Ok(Block::SimplePacket(packet)) => {
                let mut data = packet.data.into_owned();
                data.truncate(usize::try_from(packet.original_len).unwrap_or(usize::MAX));
                (0, None, packet.original_len, data)
            }
            Ok(_) => continue,
        };
        let interface = usize::try_from(interface).ok().and_then(|id| reader.interfaces().get(id));
        let Some(interface) = interface else {
            return Some(Err(PcapError::InvalidField("a packet of an interface that is not described")));
        };
        return Some(Ok(Frame {
            number,
            time: ticks.and_then(|ticks| time(interface, ticks)),
            link_type: interface.linktype.into(),
            data,
            original_len,
        }));
    }
}

/// Ticks since 1970 in the resolution of the interface: microseconds, unless it says otherwise.
fn time(interface: &InterfaceDescriptionBlock<'_>, ticks: u64) -> Option<Timestamp> {
    let mut per_second = 1_000_000_u128;
    let mut offset = 0;
    for option in &interface.options {
        match option {
            InterfaceDescriptionOption::IfTsResol(power) => {
                let exponent = u32::from(power & 0x7f);
                let base: u128 = if power & 0x80 == 0 { 10 } else { 2 };
                per_second = base.checked_pow(exponent)?;
            }
            // Signed, says the specification.
            InterfaceDescriptionOption::IfTsOffset(seconds) => offset = i128::from(seconds.cast_signed()),
            _ => {}
        }
    }
    let nanos = u128::from(ticks).checked_mul(1_000_000_000)?.checked_div(per_second)?;
    Timestamp::from_nanosecond(i128::try_from(nanos).ok()?.checked_add(offset * 1_000_000_000)?).ok()
}
