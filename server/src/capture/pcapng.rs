//! pcapng files: blocks that describe interfaces, and blocks that hold packets of them. Others are passed over.

use std::io::{self, Read};

use jiff::Timestamp;

use super::Frame;

/// The type of the block that begins a section, the same in both byte orders.
pub(super) const SECTION: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];

const INTERFACE: u32 = 1;
const PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const ENHANCED_PACKET: u32 = 6;

/// Options of an interface.
const TIME_RESOLUTION: u16 = 9;
const TIME_OFFSET: u16 = 14;

/// Why the next packet cannot be read.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The file ends too early, or cannot be read.
    Io(io::Error),
    /// A block contradicts itself.
    Damaged(String),
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

fn damaged(reason: &str) -> Trouble {
    Trouble::Damaged(reason.to_owned())
}

pub(super) struct PcapNg<R> {
    source: R,
    order: Order,
    /// Of this section.
    interfaces: Vec<Interface>,
}

#[derive(Clone, Copy)]
enum Order {
    Little,
    Big,
}

struct Interface {
    link_type: u16,
    /// How much of a packet is kept; 0 for all.
    snap_len: u32,
    /// How many ticks make a second.
    resolution: Option<u128>,
    /// Seconds to be added to all times.
    offset: i64,
}

impl<R: Read> PcapNg<R> {
    pub(super) const fn new(source: R) -> Self {
        Self { source, order: Order::Little, interfaces: Vec::new() }
    }

    /// The next packet, or `None` at the end of the file.
    pub(super) fn frame(&mut self, number: u64) -> Result<Option<Frame>, Trouble> {
        while let Some((kind, body)) = self.block()? {
            let mut fields = Fields { order: self.order, bytes: &body };
            match kind {
                INTERFACE => {
                    let interface = interface(&mut fields).ok_or_else(|| damaged("an interface without its fields"))?;
                    self.interfaces.push(interface);
                }
                PACKET | SIMPLE_PACKET | ENHANCED_PACKET => {
                    let packet = packet(kind, &mut fields).ok_or_else(|| damaged("a packet longer than its block"))?;
                    let interface = usize::try_from(packet.interface).ok().and_then(|id| self.interfaces.get(id));
                    let interface =
                        interface.ok_or_else(|| damaged("a packet of an interface that is not described"))?;
                    return Ok(Some(packet.frame(number, interface)));
                }
                _ => {}
            }
        }
        Ok(None)
    }

    /// The type and body of the next block. A section's is dealt with here.
    fn block(&mut self) -> Result<Option<(u32, Vec<u8>)>, Trouble> {
        let mut start = [0; 8];
        if self.source.read(&mut start[..1])? == 0 {
            return Ok(None);
        }
        self.source.read_exact(&mut start[1..])?;
        let [k0, k1, k2, k3, len @ ..] = start;
        let kind = [k0, k1, k2, k3];
        let mut magic = Vec::new();
        if kind == SECTION {
            magic = self.bytes(4)?;
            self.order = match magic.as_slice() {
                [0x4d, 0x3c, 0x2b, 0x1a] => Order::Little,
                [0x1a, 0x2b, 0x3c, 0x4d] => Order::Big,
                _ => return Err(damaged("a section without a byte order")),
            };
            self.interfaces.clear();
        }
        let len = self.order.u32(len);
        let body = len.checked_sub(12 + u32::try_from(magic.len()).unwrap_or(0));
        let body = body.filter(|_| len.is_multiple_of(4)).ok_or_else(|| damaged("a block of an impossible length"))?;
        let body = self.bytes(body)?;
        if self.bytes(4)?.first_chunk().map(|end| self.order.u32(*end)) != Some(len) {
            return Err(damaged("a block with two lengths"));
        }
        Ok(Some((self.order.u32(kind), body)))
    }

    /// Reads bytes; a length that lies allocates no more than the file has.
    fn bytes(&mut self, len: u32) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let read = self.source.by_ref().take(len.into()).read_to_end(&mut bytes)?;
        if u32::try_from(read) == Ok(len) { Ok(bytes) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }
}

impl Order {
    const fn u16(self, bytes: [u8; 2]) -> u16 {
        match self {
            Self::Little => u16::from_le_bytes(bytes),
            Self::Big => u16::from_be_bytes(bytes),
        }
    }

    const fn u32(self, bytes: [u8; 4]) -> u32 {
        match self {
            Self::Little => u32::from_le_bytes(bytes),
            Self::Big => u32::from_be_bytes(bytes),
        }
    }
}

/// The fields of a block, from the front.
struct Fields<'b> {
    order: Order,
    bytes: &'b [u8],
}

impl<'b> Fields<'b> {
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (array, rest) = self.bytes.split_first_chunk()?;
        self.bytes = rest;
        Some(*array)
    }

    fn u16(&mut self) -> Option<u16> {
        self.array().map(|bytes| self.order.u16(bytes))
    }

    fn u32(&mut self) -> Option<u32> {
        self.array().map(|bytes| self.order.u32(bytes))
    }

    /// An option. The list ends with code 0, or with the block.
    fn option(&mut self) -> Option<(u16, &'b [u8])> {
        let code = self.u16().filter(|code| *code != 0)?;
        let len = usize::from(self.u16()?);
        let (value, rest) = self.bytes.split_at_checked(len)?;
        self.bytes = rest.get(len.next_multiple_of(4) - len..).unwrap_or_default();
        Some((code, value))
    }
}

fn interface(fields: &mut Fields<'_>) -> Option<Interface> {
    let link_type = fields.u16()?;
    let _reserved = fields.u16()?;
    let mut interface = Interface { link_type, snap_len: fields.u32()?, resolution: Some(1_000_000), offset: 0 };
    while let Some((code, value)) = fields.option() {
        match (code, value) {
            (TIME_RESOLUTION, [power]) => {
                let base: u128 = if power & 0x80 == 0 { 10 } else { 2 };
                interface.resolution = base.checked_pow(u32::from(power & 0x7f));
            }
            (TIME_OFFSET, value) => {
                let seconds = value.try_into().map(|bytes| match fields.order {
                    Order::Little => i64::from_le_bytes(bytes),
                    Order::Big => i64::from_be_bytes(bytes),
                });
                interface.offset = seconds.unwrap_or(0);
            }
            _ => {}
        }
    }
    Some(interface)
}

struct Packet<'b> {
    interface: u32,
    ticks: Option<u64>,
    captured: Option<u32>,
    original: u32,
    bytes: &'b [u8],
}

fn packet<'b>(kind: u32, fields: &mut Fields<'b>) -> Option<Packet<'b>> {
    if kind == SIMPLE_PACKET {
        let original = fields.u32()?;
        return Some(Packet { interface: 0, ticks: None, captured: None, original, bytes: fields.bytes });
    }
    let interface = if kind == PACKET {
        let interface = fields.u16()?;
        let _drops = fields.u16()?;
        interface.into()
    } else {
        fields.u32()?
    };
    let (high, low) = (fields.u32()?, fields.u32()?);
    let (captured, original) = (fields.u32()?, fields.u32()?);
    let bytes = fields.bytes.get(..usize::try_from(captured).ok()?)?;
    let ticks = Some(u64::from(high) << 32 | u64::from(low));
    Some(Packet { interface, ticks, captured: Some(captured), original, bytes })
}

impl Packet<'_> {
    fn frame(&self, number: u64, interface: &Interface) -> Frame {
        // A simple packet has no length of its own, and padding behind it.
        let captured = self.captured.unwrap_or_else(|| match interface.snap_len {
            0 => self.original,
            snap_len => self.original.min(snap_len),
        });
        let len = usize::try_from(captured).unwrap_or(usize::MAX);
        Frame {
            number,
            time: self.ticks.and_then(|ticks| interface.time(ticks)),
            link_type: interface.link_type.into(),
            data: self.bytes.get(..len).unwrap_or(self.bytes).to_vec(),
            original_len: self.original,
        }
    }
}

impl Interface {
    fn time(&self, ticks: u64) -> Option<Timestamp> {
        let nanos = u128::from(ticks).checked_mul(1_000_000_000)?.checked_div(self.resolution?)?;
        let offset = i128::from(self.offset) * 1_000_000_000;
        Timestamp::from_nanosecond(i128::try_from(nanos).ok()?.checked_add(offset)?).ok()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn block(kind: u32, body: &[u8]) -> Vec<u8> {
        let len = u32::try_from(12 + body.len()).unwrap().to_le_bytes();
        [&kind.to_le_bytes()[..], &len, body, &len].concat()
    }

    fn file() -> Vec<u8> {
        let section = [0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255];
        let interface = [101, 0, 0, 0, 0, 0, 0, 0, 9, 0, 1, 0, 6, 0, 0, 0, 14, 0, 8, 0, 1, 0, 0, 0, 0, 0, 0, 0];
        let enhanced = [0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 4, 0, 0, 0, 4, 0, 0, 0, 1, 2, 3, 4];
        [
            block(0x0a0d_0d0a, &section),
            block(INTERFACE, &interface),
            block(ENHANCED_PACKET, &enhanced),
            block(PACKET, &enhanced),
            block(SIMPLE_PACKET, &enhanced[16..]),
        ]
        .concat()
    }

    /// Packets until the end or the first trouble.
    fn frames(bytes: &[u8]) -> (Vec<Frame>, Option<Trouble>) {
        let mut reader = PcapNg::new(Cursor::new(bytes));
        let mut frames = Vec::new();
        loop {
            match reader.frame(0) {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => return (frames, None),
                Err(trouble) => return (frames, Some(trouble)),
            }
        }
    }

    #[test]
    fn a_file_that_ends_anywhere_gives_what_is_whole() {
        let file = file();
        // Where the blocks with packets end.
        let ends = [file.len() - 20 - 36, file.len() - 20, file.len()];
        for len in 0..=file.len() {
            let (frames, trouble) = frames(&file[..len]);
            assert_eq!(frames.len(), ends.iter().filter(|end| **end <= len).count(), "{len}");
            let between = len == 0 || len == 28 || len == 28 + 40 || ends.contains(&len);
            assert_eq!(trouble.is_none(), between, "{len}");
        }
        assert!(frames(&file).0.iter().all(|frame| frame.data == [1, 2, 3, 4]));
    }

    /// No more packets come out than blocks fit in, and none with more bytes than the file has.
    #[test]
    fn a_damaged_file_gives_packets_or_trouble() {
        let file = file();
        for at in 0..file.len() {
            for change in [0x01, 0x10, 0x80, 0xff] {
                let mut file = file.clone();
                file[at] ^= change;
                let (frames, _) = frames(&file);
                assert!(frames.len() <= file.len() / 16, "{at}");
                assert!(frames.iter().all(|frame| frame.data.len() <= file.len()), "{at}");
            }
        }
    }
}
