//! Resolvers with conditions: options 146 and 162.

#[cfg(feature = "alloc")]
use alloc::vec::Vec;
use core::net::Ipv4Addr;

use super::{
    Addresses, Counted, Describe, Format, List, MaybeList, Name, OptionError, Printer, Reader, ServiceParameters,
    describe::Written,
};

/// How much resolvers are preferred to those of other options (RFC 6731 §4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ResolverPreference(
    /// The lower two bits count: 0 is medium, 1 high, 3 low.
    pub u8,
);

transparent!(ResolverPreference(u8) len 1 named "preference");

impl Describe for ResolverPreference {
    fn describe(&self, out: &mut dyn Printer) -> Written {
        match self.0 & 3 {
            0 => out.text(&"medium"),
            1 => out.text(&"high"),
            3 => out.text(&"low"),
            reserved => out.number(reserved.into(), ""),
        }
    }
}

record! {
    /// Resolvers for certain domains (RFC 6731 §4.3).
    pub struct RdnssSelection<'a> {
        /// How much they are preferred.
        preference: ResolverPreference = "preference",
        /// The resolver.
        primary: Ipv4Addr = "primary",
        /// Its stand-in; 0.0.0.0 if there is none.
        secondary: Ipv4Addr = "secondary",
        /// The domains and reverse zones that it knows; none for a resolver of everything.
        domains: MaybeList<'a, Name<'a>> = "domains",
    }
}

single! { RdnssSelection<'a> = RDNSS_SELECTION; }

/// An encrypted resolver (RFC 9463 §5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EncryptedResolver<'a> {
    /// The lowest is preferred.
    pub priority: u16,
    /// The name in the resolver's certificate.
    pub name: Name<'a>,
    /// How it is reached; without it (ADN-only mode) the name is to be resolved.
    pub service: Option<ResolverService<'a>>,
}

/// How an encrypted resolver is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ResolverService<'a> {
    /// Its addresses.
    pub addresses: Addresses<'a>,
    /// How it is spoken to.
    pub parameters: ServiceParameters<'a>,
}

/// Encrypted resolvers, at least one.
pub type EncryptedResolvers<'a> = List<'a, EncryptedResolver<'a>>;

typed! { EncryptedResolvers<'a>;
    /// Encrypted resolvers (RFC 9463 §5.1).
    EncryptedDns = ENCRYPTED_DNS;
}

impl<'a> Format<'a> for EncryptedResolver<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, OptionError> {
        let len = reader.u16("instance length")?;
        let instance = reader.take("instance", len.into())?;
        let mut instance = reader.over(instance);
        let priority = instance.u16("service priority")?;
        let Counted(name) = Counted::read(instance.named("authentication domain name"))?;
        let service = if instance.left() == 0 {
            None
        } else {
            let Counted(addresses) = Counted::read(instance.named("addresses"))?;
            Some(ResolverService { addresses, parameters: Format::read(&mut instance)? })
        };
        Ok(Self { priority, name, service })
    }

    #[cfg(feature = "alloc")]
    fn emit(&self, value: &mut Vec<u8>) {
        let at = value.len();
        value.extend([0, 0]);
        self.priority.emit(value);
        Counted(self.name).emit(value);
        if let Some(service) = self.service {
            Counted(service.addresses).emit(value);
            service.parameters.emit(value);
        }
        let len = u16::try_from(value.len() - at - 2).unwrap_or(u16::MAX);
        value.truncate(at + 2 + usize::from(len));
        for (to, from) in value.iter_mut().skip(at).zip(len.to_be_bytes()) {
            *to = from;
        }
    }
}

impl Describe for EncryptedResolver<'_> {
    fn describe(&self, out: &mut dyn Printer) -> Written {
        out.begin_record()?;
        out.field("priority")?;
        out.number(self.priority.into(), "")?;
        out.field("name")?;
        out.text(&self.name)?;
        if let Some(service) = self.service {
            out.field("addresses")?;
            service.addresses.describe(out)?;
            out.field("parameters")?;
            service.parameters.describe(out)?;
        }
        out.end()
    }
}
