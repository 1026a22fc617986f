//! Messages for programs: one JSON object a line.

use std::fmt;
use std::io::{self, Write};
use std::net::Ipv4Addr;

use firstlight_dhcp::option::{Describe, OptionError, Printer, Written};
use firstlight_dhcp::{MessageRef, OptionCode};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::Record;
use super::options::{Entry, Joined, entries};
use super::text::{hex, name};

#[derive(Serialize)]
struct Line {
    frame: u64,
    time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    src: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dst: Option<String>,
    #[serde(flatten)]
    message: Option<Message>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

#[derive(Serialize)]
struct Message {
    op: u8,
    xid: u32,
    /// The name of the message type; of the operation for a message without one.
    r#type: String,
    hops: u8,
    secs: u16,
    flags: u16,
    ciaddr: Ipv4Addr,
    yiaddr: Ipv4Addr,
    siaddr: Ipv4Addr,
    giaddr: Ipv4Addr,
    htype: u8,
    chaddr: String,
    sname: Option<String>,
    file: Option<String>,
    options: Vec<OptionLine>,
}

#[derive(Serialize)]
struct OptionLine {
    code: u8,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    raw: String,
    /// `file` or `sname`, for an option in there.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'static str>,
}

pub(super) fn write(record: &Record<'_>, out: &mut dyn Write) -> io::Result<()> {
    let (src, dst) = record.ends.map(|(src, dst)| (src.to_string(), dst.to_string())).unzip();
    let line = Line {
        frame: record.frame,
        time: record.time.map(|time| time.to_string()),
        src,
        dst,
        message: record.message.as_ref().map(message),
        error: record.error.clone(),
    };
    serde_json::to_writer(&mut *out, &line)?;
    writeln!(out)
}

fn message(message: &MessageRef<'_>) -> Message {
    let joined = Joined::of(message);
    Message {
        op: message.op().0,
        xid: message.xid(),
        r#type: message.message_type().map_or_else(|| message.op().to_string(), |kind| kind.to_string()),
        hops: message.hops(),
        secs: message.secs(),
        flags: message.flags(),
        ciaddr: message.ciaddr(),
        yiaddr: message.yiaddr(),
        siaddr: message.siaddr(),
        giaddr: message.giaddr(),
        htype: message.htype(),
        chaddr: hex(message.chaddr()),
        sname: name(message.sname(), message.sname_is_overloaded()),
        file: name(message.file(), message.file_is_overloaded()),
        options: entries(message, &joined).iter().map(option).collect(),
    }
}

fn option(entry: &Entry<'_>) -> OptionLine {
    let (value, error) = match &entry.meaning {
        Ok(meaning) => (Some(Tree::of(meaning)), None),
        Err(error) => (None, Some(error.to_string())),
    };
    let OptionCode(code) = entry.code;
    OptionLine { code, name: entry.code.to_string(), value, error, raw: hex(entry.raw), field: entry.field }
}

/// Builds JSON from the parts of a value.
#[derive(Default)]
struct Tree {
    open: Vec<Open>,
    root: Value,
}

enum Open {
    List(Vec<Value>),
    /// An object, and the key of the value that comes next.
    Object(Map<String, Value>, &'static str),
}

impl Tree {
    fn of(value: &dyn Describe) -> Value {
        let mut tree = Self::default();
        // Nothing here fails to write.
        let _ = value.describe(&mut tree);
        tree.root
    }

    fn put(&mut self, value: Value) -> Written {
        match self.open.last_mut() {
            Some(Open::List(list)) => list.push(value),
            Some(Open::Object(object, key)) => {
                object.insert((*key).to_owned(), value);
            }
            None => self.root = value,
        }
        Ok(())
    }
}

impl Printer for Tree {
    fn number(&mut self, value: i64, _unit: &'static str) -> Written {
        self.put(json!(value))
    }

    fn flag(&mut self, value: bool) -> Written {
        self.put(json!(value))
    }

    fn text(&mut self, value: &dyn fmt::Display) -> Written {
        self.put(json!(value.to_string()))
    }

    fn bytes(&mut self, value: &[u8]) -> Written {
        let text = str::from_utf8(value).ok().filter(|text| !text.is_empty() && !text.contains(char::is_control));
        self.put(text.map_or_else(|| json!(format!("0x{}", hex(value))), |text| json!(text)))
    }

    fn error(&mut self, error: &OptionError) -> Written {
        if let Some(Open::Object(object, _)) = self.open.last_mut() {
            object.insert("error".to_owned(), json!(error.to_string()));
        }
        Ok(())
    }

    fn begin_list(&mut self) -> Written {
        self.open.push(Open::List(Vec::new()));
        Ok(())
    }

    fn begin_record(&mut self) -> Written {
        self.open.push(Open::Object(Map::new(), ""));
        Ok(())
    }

    fn field(&mut self, name: &'static str) -> Written {
        if let Some(Open::Object(_, key)) = self.open.last_mut() {
            *key = name;
        }
        Ok(())
    }

    fn begin_sub_option(&mut self, code: u32, name: Option<&'static str>) -> Written {
        let mut object = Map::from_iter([("code".to_owned(), json!(code))]);
        object.extend(name.map(|name| ("name".to_owned(), json!(name))));
        self.open.push(Open::Object(object, "value"));
        Ok(())
    }

    fn end(&mut self) -> Written {
        match self.open.pop() {
            Some(Open::List(list)) => self.put(Value::Array(list)),
            Some(Open::Object(object, _)) => self.put(Value::Object(object)),
            None => Ok(()),
        }
    }
}
