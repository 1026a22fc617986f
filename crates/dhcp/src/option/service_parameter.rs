//! Parameters of a service, as SVCB records of the DNS have them (RFC 9460 §2.2).

#[cfg(feature = "alloc")]
use alloc::vec::Vec;

use super::{
    Bytes, Counted, Describe, Format, List, OptionError, Printer, Reader, Rest, Text,
    describe::{self, Written},
};
use crate::OptionCode;

/// A parameter: a key from the IANA registry "Service Parameter Keys", and a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ServiceParameter<'a> {
    /// The key.
    pub key: u16,
    /// The value's bytes.
    pub value: &'a [u8],
}

/// Protocols of the application layer, such as `h2` or `dot`.
pub type Alpn<'a> = List<'a, Counted<Bytes<'a>>>;

/// What a parameter of an encrypted resolver says. Those of RFC 9463; the addresses stand outside of the parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ServiceValue<'a> {
    /// 1, `alpn`: how the resolver is spoken to (RFC 9460 §7.1).
    Alpn(Alpn<'a>),
    /// 3, `port`: where it listens (RFC 9460 §7.2).
    Port(u16),
    /// 7, `dohpath`: the template of its URI for DNS over HTTPS (RFC 9461 §5).
    DohPath(Text<'a>),
    /// Any other.
    Unknown(Rest<'a>),
}

impl<'a> ServiceParameter<'a> {
    /// What the parameter says.
    ///
    /// # Errors
    /// The bytes do not have the parameter's format. The other parameters are not touched by that.
    pub fn value(self) -> Result<ServiceValue<'a>, OptionError> {
        let mut reader = Reader::new(OptionCode::ENCRYPTED_DNS, self.value);
        let reader = reader.named("service parameter");
        match self.key {
            1 => Alpn::read_all(reader).map(ServiceValue::Alpn),
            3 => u16::read_all(reader).map(ServiceValue::Port),
            7 => Text::read_all(reader).map(ServiceValue::DohPath),
            _ => Rest::read_all(reader).map(ServiceValue::Unknown),
        }
    }

    const fn name(self) -> Option<&'static str> {
        Some(match self.key {
            0 => "mandatory",
            1 => "alpn",
            2 => "no-default-alpn",
            3 => "port",
            4 => "ipv4hint",
            5 => "ech",
            6 => "ipv6hint",
            7 => "dohpath",
            8 => "ohttp",
            _ => return None,
        })
    }
}

impl<'a> Format<'a> for ServiceParameter<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, OptionError> {
        let key = reader.u16("service parameter key")?;
        let len = reader.u16("service parameter length")?;
        Ok(Self { key, value: reader.take("service parameter", len.into())? })
    }

    #[cfg(feature = "alloc")]
    fn emit(&self, value: &mut Vec<u8>) {
        let len = u16::try_from(self.value.len()).unwrap_or(u16::MAX);
        self.key.emit(value);
        len.emit(value);
        value.extend(self.value.iter().take(len.into()));
    }
}

impl Describe for ServiceParameter<'_> {
    fn describe(&self, out: &mut dyn Printer) -> Written {
        describe::part(out, (self.key.into(), self.name()), &self.value())
    }
}

impl Describe for ServiceValue<'_> {
    fn describe(&self, out: &mut dyn Printer) -> Written {
        match self {
            Self::Alpn(protocols) => protocols.describe(out),
            Self::Port(port) => port.describe(out),
            Self::DohPath(template) => template.describe(out),
            Self::Unknown(bytes) => bytes.describe(out),
        }
    }
}

/// Parameters in the order of their keys; there may be none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ServiceParameters<'a>(List<'a, ServiceParameter<'a>>);

impl<'a> ServiceParameters<'a> {
    /// The parameters.
    pub fn iter(self) -> impl Iterator<Item = ServiceParameter<'a>> + Clone {
        self.0.iter()
    }
}

impl<'a> Format<'a> for ServiceParameters<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, OptionError> {
        let parameters = List::read_any(reader)?;
        // RFC 9460 §2.2: keys come in increasing order, each once.
        let mut last = None;
        for ServiceParameter { key, .. } in parameters {
            if last >= Some(key) {
                let expected = "more than the key before it";
                return Err(reader.wrong_value("service parameter key", expected, key.into()));
            }
            last = Some(key);
        }
        Ok(Self(parameters))
    }

    #[cfg(feature = "alloc")]
    fn emit(&self, value: &mut Vec<u8>) {
        self.0.emit(value);
    }
}

impl Describe for ServiceParameters<'_> {
    fn describe(&self, out: &mut dyn Printer) -> Written {
        self.0.describe(out)
    }
}
