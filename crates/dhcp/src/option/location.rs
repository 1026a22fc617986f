//! Where the client is: options 99, 123 and 144.

#[cfg(feature = "alloc")]
use alloc::vec::Vec;
use core::fmt;

use super::{Counted, Describe, Format, MaybeList, MaybeText, OptionError, Printer, Reader, describe::Written};

named! {
    /// Whose location it is (RFC 4776 §3.1).
    CivicSubject, "what" {
        0 "server"
        1 "network element"
        2 "client"
    }

    /// An element of a civic address (RFC 4776 §3.4), from the IANA registry "Civic Address Types Registry".
    CivicType, "type" {
        0 "language"
        1 "A1"
        2 "A2"
        3 "A3"
        4 "A4"
        5 "A5"
        6 "A6"
        16 "PRD"
        17 "POD"
        18 "STS"
        19 "HNO"
        20 "HNS"
        21 "LMK"
        22 "LOC"
        23 "NAM"
        24 "PC"
        25 "BLD"
        26 "UNIT"
        27 "FLR"
        28 "ROOM"
        29 "PLC"
        30 "PCN"
        31 "POBOX"
        32 "ADDCODE"
        33 "SEAT"
        34 "RD"
        35 "RDSEC"
        36 "RDBR"
        37 "RDSUBBR"
        38 "PRM"
        39 "POM"
        128 "script"
    }
}

record! {
    /// An element of a civic address.
    pub struct CivicElement<'a> {
        /// The element.
        kind: CivicType = "type",
        /// UTF-8, which may be empty.
        value: Counted<MaybeText<'a>> = "value",
    }
}

record! {
    /// The client's civic location (RFC 4776 §3.1).
    pub struct GeoconfCivic<'a> {
        /// Whose location it is.
        what: CivicSubject = "what",
        /// The country, in two letters of ISO 3166.
        country: [u8; 2] = "country",
        /// The elements; there may be none.
        elements: MaybeList<'a, CivicElement<'a>> = "elements",
    }
}

/// Coordinates of RFC 6225 §2.2, 128 bits. Latitude and longitude are in degrees; their unit on the wire is 2⁻²⁵.
///
/// In option 123 the `uncertainty` fields are the number of bits that are meant, in option 144 an exponent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Coordinates(u128);

impl Coordinates {
    const fn bits(self, from_left: u32, len: u32) -> u64 {
        ((self.0 << from_left) >> (128 - len)) as u64
    }

    const fn signed(self, from_left: u32, len: u32) -> i64 {
        ((self.bits(from_left, len) << (64 - len)) as i64) >> (64 - len)
    }

    /// Six bits of uncertainty or resolution of the latitude.
    #[must_use]
    pub const fn latitude_uncertainty(self) -> u8 {
        self.bits(0, 6) as u8
    }

    /// Degrees north.
    #[must_use]
    pub fn latitude(self) -> f64 {
        self.signed(6, 34) as f64 / f64::from(1 << 25)
    }

    /// Six bits of uncertainty or resolution of the longitude.
    #[must_use]
    pub const fn longitude_uncertainty(self) -> u8 {
        self.bits(40, 6) as u8
    }

    /// Degrees east.
    #[must_use]
    pub fn longitude(self) -> f64 {
        self.signed(46, 34) as f64 / f64::from(1 << 25)
    }

    /// 0: no altitude, 1: meters, 2: floors.
    #[must_use]
    pub const fn altitude_type(self) -> u8 {
        self.bits(80, 4) as u8
    }

    /// Six bits of uncertainty or resolution of the altitude.
    #[must_use]
    pub const fn altitude_uncertainty(self) -> u8 {
        self.bits(84, 6) as u8
    }

    /// Meters or floors.
    #[must_use]
    pub fn altitude(self) -> f64 {
        self.signed(90, 30) as f64 / 256.0
    }

    /// The version; 0 in option 123, 1 in option 144.
    #[must_use]
    pub const fn version(self) -> u8 {
        self.bits(120, 2) as u8
    }

    /// 1: WGS 84, 2: NAD 83 with NAVD 88, 3: NAD 83 with MLLW.
    #[must_use]
    pub const fn datum(self) -> u8 {
        self.bits(125, 3) as u8
    }
}

impl Format<'_> for Coordinates {
    const LEN: Option<usize> = Some(16);

    fn read(reader: &mut Reader<'_>) -> Result<Self, OptionError> {
        let this = Self(u128::from_be_bytes(reader.array("coordinates")?));
        match this.datum() {
            1..=3 => Ok(this),
            other => Err(reader.wrong_value("datum", "1 to 3", other.into())),
        }
    }

    #[cfg(feature = "alloc")]
    fn emit(&self, value: &mut Vec<u8>) {
        value.extend_from_slice(&self.0.to_be_bytes());
    }
}

impl fmt::Display for Coordinates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.6} N {:.6} E", self.latitude(), self.longitude())?;
        match self.altitude_type() {
            0 => Ok(()),
            1 => write!(f, ", {:.2} m", self.altitude()),
            2 => write!(f, ", floor {:.2}", self.altitude()),
            other => write!(f, ", altitude {:.2} of type {other}", self.altitude()),
        }?;
        let (latitude, longitude) = (self.latitude_uncertainty(), self.longitude_uncertainty());
        write!(f, ", uncertainty {latitude}/{longitude}/{}, datum {}", self.altitude_uncertainty(), self.datum())
    }
}

impl Describe for Coordinates {
    fn describe(&self, out: &mut dyn Printer) -> Written {
        out.text(self)
    }
}

typed! { Coordinates;
    /// The client's coordinates, with resolution (RFC 6225 §2.2.1).
    Geoconf = GEOCONF;
    /// The client's coordinates, with uncertainty (RFC 6225 §2.2.2).
    Geoloc = GEOLOC;
}

single! { GeoconfCivic<'a> = GEOCONF_CIVIC; }
