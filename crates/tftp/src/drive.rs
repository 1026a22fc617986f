//! The loop around one [`Transfer`], for servers and clients: packets, file bytes and time.

mod cache;
mod port;
mod reader;
mod sink;
mod source;

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::{Duration, Instant};

use crate::error_code::ErrorCode;
use crate::outcome::Outcome;
use crate::packet::Packet;
use crate::transfer::Transfer;

pub(crate) use cache::Cache;
pub(crate) use port::{BusyPoll, INBOX, OwnPort, Port, RequestPort, SharedPort, fitting_block, inbox};
pub(crate) use reader::Reader;
pub use sink::Sink;
pub use source::Source;

/// The longest packet that is not a block: of an ERROR's text more is not kept.
pub(crate) const MIN_BUFFER: usize = 1024;
/// No datagram is longer.
pub(crate) const MAX_DATAGRAM: usize = 1 << 16;
const DATA_HEADER: usize = 4;
/// Datagrams that are taken together before their bytes are stored.
const MAX_BATCH: usize = 64;

/// One transfer with its ends: the peer's port and the file.
pub(crate) struct Drive<'f, P> {
    pub(crate) transfer: Transfer,
    pub(crate) port: Port,
    file: FileEnd<'f>,
    /// How long storing may take.
    patience: Duration,
    /// Called with the number of the file's bytes that were read or stored.
    progress: P,
    moved: u64,
    /// What went wrong with the file, which the peer is not told in so many words.
    pub(crate) trouble: Option<io::Error>,
}

/// Where the bytes come from or go to.
pub(crate) enum FileEnd<'f> {
    Source(Reader),
    Sink(Box<dyn Sink + 'f>),
    /// Stored, or not to be touched any more.
    Done,
}

/// How a [`Drive`] goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Until {
    /// The end, in which a lost last ACK can be repeated.
    Ended,
    /// The file is stored and its last ACK is sent.
    Stored,
}

/// What a [`Drive`] has waited for.
enum Event {
    Arrived(io::Result<usize>),
    Read(io::Result<bytes::Bytes>),
    Alarm,
    Cancelled(Outcome),
}

impl<'f, P: FnMut(u64) + Send> Drive<'f, P> {
    pub(crate) fn new(transfer: Transfer, port: Port, file: FileEnd<'f>, patience: Duration, progress: P) -> Self {
        Self { transfer, port, file, patience, progress, moved: 0, trouble: None }
    }

    /// Drives the transfer to its end, or until `cancel` is ready, which says what the end is then. `None`: the file is
    /// stored, and that was to be the end.
    pub(crate) async fn run(&mut self, until: Until, cancel: impl Future<Output = Outcome>) -> Option<Outcome> {
        let outcome = self.run_to(until, cancel).await;
        if let FileEnd::Sink(sink) = std::mem::replace(&mut self.file, FileEnd::Done) {
            sink.abort().await;
        }
        outcome
    }

    async fn run_to(&mut self, until: Until, cancel: impl Future<Output = Outcome>) -> Option<Outcome> {
        let agreed = self.transfer.agreed();
        let block = agreed.map_or(0, |agreed| usize::from(agreed.block_size)) + DATA_HEADER;
        let windows = matches!(self.file, FileEnd::Sink(_)) && agreed.is_some_and(|agreed| agreed.window_size > 1);
        // One byte more, or a block that is too long would look like one that is not.
        let mut received = vec![0; (block + 1).max(MIN_BUFFER)];
        let mut out = Vec::new();
        let mut cancel = pin!(cancel);
        let mut alarm = pin!(tokio::time::sleep_until(now().into()));
        let mut has_received = false;
        let mut arrivals = 0_usize;
        loop {
            let in_step = self.transfer.is_in_step();
            let has_sent = match self.move_and_flush(&mut out).await {
                Ok(has_sent) => has_sent,
                Err(ended) => return Some(ended),
            };
            let alone = std::mem::take(&mut has_received) && has_sent && in_step;
            if let Some(outcome) = self.transfer.outcome() {
                return Some(outcome);
            }
            if until == Until::Stored && self.transfer.is_dallying() {
                return None;
            }
            let Some(deadline) = self.transfer.poll_timeout() else { continue };
            // Each packet moves the deadline. Waking once too early is cheaper than setting the alarm for each of them.
            if alarm.is_elapsed() || alarm.deadline() > deadline.into() {
                alarm.as_mut().reset(deadline.into());
            }
            let Self { transfer, port, file, progress, moved, trouble, .. } = self;
            let packets_first = !arrivals.is_multiple_of(MAX_BATCH);
            let arriving = port.recv(&mut received, alone);
            let event = next(arriving, packets_first, ready(file), alarm.as_mut(), cancel.as_mut()).await;
            match event {
                Event::Arrived(length) => {
                    has_received = true;
                    arrivals = arrivals.wrapping_add(1);
                    if let Err(ended) = take(transfer, length, &received) {
                        return Some(ended);
                    }
                    for _ in 0..if windows { MAX_BATCH } else { 0 } {
                        let Some(length) = port.try_recv(&mut received) else { break };
                        let _ = take(transfer, Ok(length), &received);
                    }
                }
                Event::Read(Ok(piece)) => {
                    *moved += piece.len() as u64;
                    transfer.handle_data(piece);
                    progress(*moved);
                }
                Event::Read(Err(error)) => {
                    *trouble = Some(error);
                    transfer.fail(ErrorCode::NOT_DEFINED, "the file cannot be read");
                }
                Event::Alarm => transfer.handle_timeout(now()),
                Event::Cancelled(outcome) => return Some(self.cancelled(&mut received, outcome).await),
            }
        }
    }

    /// Moves bytes and packets, and tells whether there were packets to send. What is at hand leaves before more is read,
    /// so that the peer takes it in meanwhile; what was received is stored before it is acknowledged.
    async fn move_and_flush(&mut self, out: &mut Vec<u8>) -> Result<bool, Outcome> {
        let is_source = matches!(self.file, FileEnd::Source(_));
        let at_hand = is_source && self.flush(out).await?;
        let has_read = self.move_bytes().await;
        let rest = (has_read || !is_source) && self.flush(out).await?;
        Ok(at_hand || rest)
    }

    /// Reads what is wanted and at hand, and tells whether there was something; stores what was received.
    async fn move_bytes(&mut self) -> bool {
        let before = self.moved;
        let mut has_read = false;
        match &mut self.file {
            FileEnd::Source(reader) => {
                while let Some(range) = self.transfer.poll_want()
                    && let Some(piece) = reader.start(&range)
                {
                    has_read = true;
                    self.moved += piece.len() as u64;
                    self.transfer.handle_data(piece);
                }
            }
            FileEnd::Sink(sink) => {
                while let Some(bytes) = self.transfer.poll_data() {
                    let length = bytes.len() as u64;
                    match within(self.patience, sink.write(bytes)).await {
                        Ok(()) => self.moved += length,
                        Err(error) => cannot_store(&mut self.transfer, &mut self.trouble, error),
                    }
                }
                if self.transfer.is_whole() {
                    self.commit().await;
                }
            }
            FileEnd::Done => {}
        }
        if self.moved > before {
            (self.progress)(self.moved);
        }
        has_read
    }

    async fn commit(&mut self) {
        let FileEnd::Sink(sink) = std::mem::replace(&mut self.file, FileEnd::Done) else { return };
        match within(self.patience, sink.commit()).await {
            Ok(()) => self.transfer.handle_stored(now()),
            Err(error) => cannot_store(&mut self.transfer, &mut self.trouble, error),
        }
    }

    /// Sends all that waits to be sent, and tells whether there was something.
    async fn flush(&mut self, out: &mut Vec<u8>) -> Result<bool, Outcome> {
        let mut has_sent = false;
        while let Some(segment) = self.transfer.poll_transmit(out) {
            self.port.send(out, segment).await.map_err(|_| Outcome::Unreachable)?;
            has_sent = true;
        }
        Ok(has_sent)
    }

    /// Ends a transfer from outside. What the peer already said comes first: the ERROR that ends EDK2's size probe and
    /// its next request may arrive together.
    async fn cancelled(&mut self, received: &mut [u8], outcome: Outcome) -> Outcome {
        while self.transfer.outcome().is_none()
            && let Some(length) = self.port.try_recv(received)
        {
            let _ = take(&mut self.transfer, Ok(length), received);
        }
        if self.transfer.outcome().is_none() && (outcome == Outcome::Cancelled || self.transfer.is_dallying()) {
            let stored = self.transfer.is_dallying();
            self.transfer.fail(ErrorCode::NOT_DEFINED, "the server is stopping");
            let _ = self.flush(&mut Vec::new()).await;
            return self.transfer.outcome().filter(|_| stored).unwrap_or(outcome);
        }
        self.transfer.outcome().unwrap_or(outcome)
    }
}

/// Ends the transfer with what the peer may know about the error.
fn cannot_store(transfer: &mut Transfer, trouble: &mut Option<io::Error>, error: io::Error) {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    match error.kind() {
        StorageFull | QuotaExceeded => transfer.fail(ErrorCode::DISK_FULL, "no space left"),
        FileTooLarge => transfer.fail(ErrorCode::DISK_FULL, "the file is too large"),
        _ => transfer.fail(ErrorCode::NOT_DEFINED, "the file cannot be written"),
    }
    *trouble = Some(error);
}

/// It is a packet nearly always, and when one is there nothing else is looked at: every block has this to wait for. A
/// flood of packets must not keep the rest waiting for ever, though, so that comes first from time to time.
async fn next(
    arriving: impl Future<Output = io::Result<usize>>,
    packets_first: bool,
    reading: impl Future<Output = io::Result<bytes::Bytes>>,
    mut alarm: Pin<&mut tokio::time::Sleep>,
    mut cancel: Pin<&mut impl Future<Output = Outcome>>,
) -> Event {
    let (mut arriving, mut reading) = (pin!(arriving), pin!(reading));
    poll_fn(|context| {
        if packets_first && let Poll::Ready(length) = arriving.as_mut().poll(context) {
            return Poll::Ready(Event::Arrived(length));
        }
        if let Poll::Ready(piece) = reading.as_mut().poll(context) {
            return Poll::Ready(Event::Read(piece));
        }
        if alarm.as_mut().poll(context).is_ready() {
            return Poll::Ready(Event::Alarm);
        }
        if let Poll::Ready(outcome) = cancel.as_mut().poll(context) {
            return Poll::Ready(Event::Cancelled(outcome));
        }
        if packets_first { Poll::Pending } else { arriving.as_mut().poll(context).map(Event::Arrived) }
    })
    .await
}

async fn ready(file: &mut FileEnd<'_>) -> io::Result<bytes::Bytes> {
    match file {
        FileEnd::Source(reader) => reader.ready().await,
        FileEnd::Sink(_) | FileEnd::Done => std::future::pending().await,
    }
}

async fn within(patience: Duration, storing: impl Future<Output = io::Result<()>>) -> io::Result<()> {
    tokio::time::timeout(patience, storing).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

/// Hands a received datagram to the transfer.
pub(crate) fn take(transfer: &mut Transfer, length: io::Result<usize>, received: &[u8]) -> Result<(), Outcome> {
    use io::ErrorKind::{ConnectionRefused, HostUnreachable, Interrupted, NetworkUnreachable};
    match length {
        Ok(length) => {
            if let Ok(packet) = Packet::parse(received.get(..length).unwrap_or_default()) {
                transfer.handle(now(), &packet);
            }
            Ok(())
        }
        Err(error) => match error.kind() {
            ConnectionRefused => Err(Outcome::Unreachable),
            HostUnreachable | NetworkUnreachable | Interrupted => Ok(()),
            _ => Err(Outcome::Failed { reason: format!("receiving failed: {error}") }),
        },
    }
}

#[expect(clippy::disallowed_methods, reason = "the driver is where the clock is read")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;
    use crate::negotiate::Negotiated;
    use crate::packet::Mode;
    use crate::timing::Timing;

    /// Behind an ACK within the window there may be another one.
    #[test]
    fn a_peer_that_has_not_answered_all_may_say_more() {
        let agreed = Negotiated { window_size: 4, ..Negotiated::default() };
        let mut transfer = Transfer::serve_read(now(), &agreed, Mode::Octet, None, Timing::default());
        transfer.poll_want();
        transfer.handle_data(vec![0; 20 * 512].into());
        for (ack, in_step) in [(0, true), (1, true), (3, false), (5, false), (9, true)] {
            transfer.handle(now(), &Packet::Ack { block: ack });
            assert_eq!(transfer.is_in_step(), in_step, "{ack}");
            while transfer.poll_transmit(&mut Vec::new()).is_some() {}
        }
    }

    #[tokio::test]
    async fn a_flood_of_packets_does_not_hide_the_rest() {
        async fn check(packets_first: bool, want: fn(&Event) -> bool) {
            let alarm = pin!(tokio::time::sleep_until(now().into()));
            let cancel = pin!(ready(Outcome::Cancelled));
            tokio::task::yield_now().await;
            let event = next(ready(Ok(4)), packets_first, pending(), alarm, cancel).await;
            assert!(want(&event), "packets first: {packets_first}");
        }
        check(true, |event| matches!(event, Event::Arrived(Ok(4)))).await;
        check(false, |event| matches!(event, Event::Alarm | Event::Cancelled(_))).await;
    }
}
