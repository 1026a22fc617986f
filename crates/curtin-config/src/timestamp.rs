//! Dates and times as YAML 1.1 has them, in the form of Python's `isoformat`.

/// A text that looks like a date but is none, such as 2026-13-01: PyYAML refuses the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoSuchDate;

/// What is left to read.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.0.first().copied()
    }

    fn eat(&mut self, wanted: &[u8]) -> Option<u8> {
        let found = self.peek().filter(|byte| wanted.contains(byte))?;
        self.0 = self.0.get(1..).unwrap_or_default();
        Some(found)
    }

    /// A number of `least` to `most` digits.
    fn number(&mut self, least: usize, most: usize) -> Option<u32> {
        let mut value = 0;
        let mut count = 0;
        while count < most {
            let Some(digit) = self.eat(b"0123456789") else { break };
            value = value * 10 + u32::from(digit - b'0');
            count += 1;
        }
        (count >= least).then_some(value)
    }

    fn blanks(&mut self) -> bool {
        let mut any = false;
        while self.eat(b" \t").is_some() {
            any = true;
        }
        any
    }
}

/// `None` when it does not look like a date. Without a time, month and day have two digits, unless a tag says that it is a
/// date.
pub(crate) fn timestamp(text: &str, tagged: bool) -> Option<Result<String, NoSuchDate>> {
    let mut reader = Reader(text.as_bytes());
    let year = reader.number(4, 4)?;
    reader.eat(b"-")?;
    let month = reader.number(1, 2)?;
    reader.eat(b"-")?;
    let day = reader.number(1, 2)?;
    let date = format!("{year:04}-{month:02}-{day:02}");
    let good = exists(year, month, day);
    if reader.peek().is_none() {
        return (tagged || text.len() == 10).then_some(if good { Ok(date) } else { Err(NoSuchDate) });
    }
    if reader.eat(b"Tt").is_none() && !reader.blanks() {
        return None;
    }
    let hour = reader.number(1, 2)?;
    reader.eat(b":")?;
    let minute = reader.number(2, 2)?;
    reader.eat(b":")?;
    let second = reader.number(2, 2)?;
    let fraction = fraction(&mut reader);
    let (zone, zone_good) = zone(&mut reader)?;
    if reader.peek().is_some() {
        return None;
    }
    if !good || !zone_good || hour > 23 || minute > 59 || second > 59 {
        return Some(Err(NoSuchDate));
    }
    Some(Ok(format!("{date}T{hour:02}:{minute:02}:{second:02}{fraction}{zone}")))
}

/// Six digits, or nothing when they are all zero; further digits are dropped.
fn fraction(reader: &mut Reader<'_>) -> String {
    if reader.eat(b".").is_none() {
        return String::new();
    }
    let mut digits = String::new();
    while let Some(digit) = reader.eat(b"0123456789") {
        if digits.len() < 6 {
            digits.push(char::from(digit));
        }
    }
    if digits.bytes().all(|digit| digit == b'0') { String::new() } else { format!(".{digits:0<6}") }
}

fn zone(reader: &mut Reader<'_>) -> Option<(String, bool)> {
    let blanks = reader.blanks();
    if reader.eat(b"Z").is_some() {
        return Some(("+00:00".to_owned(), true));
    }
    let Some(sign) = reader.eat(b"+-") else {
        return (!blanks).then_some((String::new(), true));
    };
    let hours = reader.number(1, 2)?;
    let minutes = if reader.eat(b":").is_some() { reader.number(2, 2)? } else { 0 };
    let total = hours * 60 + minutes;
    let sign = if total == 0 { '+' } else { char::from(sign) };
    Some((format!("{sign}{:02}:{:02}", total / 60, total % 60), total < 24 * 60))
}

fn exists(year: u32, month: u32, day: u32) -> bool {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => 0,
    };
    year >= 1 && (1..=days).contains(&day)
}
