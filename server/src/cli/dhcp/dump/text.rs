//! Messages for people: a line for the header, a line for each option and sub-option.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::net::Ipv4Addr;

use firstlight_dhcp::MessageRef;

use super::Record;
use super::options::{Entry, Joined, Meaning, entries};

pub(super) fn write(record: &Record<'_>, out: &mut dyn Write) -> io::Result<()> {
    let number = record.frame;
    if let (Some(message), Some((source, destination))) = (&record.message, record.ends) {
        let time = record.time.map_or_else(|| "-".to_owned(), |time| time.to_string());
        writeln!(out, "#{number} {time} {source} > {destination} {}", header(message))?;
        for entry in entries(message, &Joined::of(message)) {
            writeln!(out, "    {}", line(&entry))?;
        }
    }
    if let Some(error) = &record.error {
        // In the order of the file, if both go to one terminal.
        out.flush()?;
        eprintln!("frame {number}: {error}");
    }
    Ok(())
}

fn header(message: &MessageRef<'_>) -> String {
    let kind = message.message_type().map_or_else(|| message.op().to_string(), |kind| kind.to_string());
    let mut line = format!("{kind} xid 0x{:08x} {}", message.xid(), message.hardware_address());
    let addresses = [
        ("ciaddr", message.ciaddr()),
        ("yiaddr", message.yiaddr()),
        ("siaddr", message.siaddr()),
        ("giaddr", message.giaddr()),
    ];
    for (name, address) in addresses {
        if address != Ipv4Addr::UNSPECIFIED {
            let _ = write!(line, " {name} {address}");
        }
    }
    for (name, value) in [("hops", message.hops().into()), ("secs", message.secs()), ("flags", message.flags())] {
        if value != 0 {
            let _ = write!(line, " {name} {value}");
        }
    }
    for (name, value) in [
        ("sname", name(message.sname(), message.sname_is_overloaded())),
        ("file", name(message.file(), message.file_is_overloaded())),
    ] {
        if let Some(value) = value {
            let _ = write!(line, " {name} {value:?}");
        }
    }
    line
}

/// The text in `sname` or `file`, if there is one.
pub(super) fn name(field: &[u8], overloaded: bool) -> Option<String> {
    let text = field.split(|byte| *byte == 0).next().filter(|text| !text.is_empty() && !overloaded)?;
    Some(String::from_utf8_lossy(text).into_owned())
}

fn line(entry: &Entry<'_>) -> String {
    let mut line = format!("{} {}", entry.code.0, entry.code);
    if let Some(field) = entry.field {
        let _ = write!(line, " (in {field})");
    }
    let value = match &entry.meaning {
        Ok(Meaning::Value(value)) => format!("{value:#}"),
        Ok(Meaning::Pxe(value)) => format!("{value:#}"),
        Ok(Meaning::Continued) => "continues the option before".to_owned(),
        Err(error) => format!("malformed: {}, in {}", error.kind(), hex(entry.raw)),
    };
    // Sub-options begin lines of their own.
    let blank = if value.is_empty() || value.starts_with('\n') { "" } else { " " };
    let _ = write!(line, ":{blank}{}", value.replace('\n', "\n    "));
    line
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
