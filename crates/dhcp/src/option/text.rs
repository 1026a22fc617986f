//! Options that hold text.

#[cfg(feature = "alloc")]
use alloc::vec::Vec;
use core::fmt::{self, Write as _};

use super::{
    describe::{Describe, Printer, Written},
    error::OptionError,
    reader::Reader,
    shape::Format,
};

/// Text, at least one byte.
///
/// RFC 2132 §2 asks clients to be ready for text that ends in NULs and senders not to send them. They are kept, so that
/// a value is written as it came; [`Text::as_bytes`] and what is made from it leave them out. Nothing is said about the
/// encoding: `Display` shows what is not UTF-8 and control characters as escapes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Text<'a>(&'a [u8]);

impl<'a> Text<'a> {
    /// Text to be sent.
    #[must_use]
    pub const fn new(text: &'a str) -> Self {
        Self(text.as_bytes())
    }

    /// The text without the NULs at its end.
    #[must_use]
    pub fn as_bytes(self) -> &'a [u8] {
        let end = self.0.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        self.0.get(..end).unwrap_or_default()
    }

    /// The text, if it is UTF-8.
    #[must_use]
    pub fn as_str(self) -> Option<&'a str> {
        str::from_utf8(self.as_bytes()).ok()
    }

    pub(crate) const fn raw(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.as_bytes().utf8_chunks() {
            for character in chunk.valid().chars() {
                if character.is_control() {
                    write!(f, "{}", character.escape_default())?;
                } else {
                    f.write_char(character)?;
                }
            }
            chunk.invalid().iter().try_for_each(|byte| write!(f, "\\x{byte:02x}"))?;
        }
        Ok(())
    }
}

impl<'a> Format<'a> for Text<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, OptionError> {
        reader.at_least(1)?;
        Ok(Self(reader.rest()))
    }

    #[cfg(feature = "alloc")]
    fn emit(&self, value: &mut Vec<u8>) {
        value.extend_from_slice(self.0);
    }
}

impl Describe for Text<'_> {
    fn describe(&self, out: &mut dyn Printer) -> Written {
        out.text(self)
    }
}

/// Text that may be empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MaybeText<'a>(pub Text<'a>);

impl<'a> Format<'a> for MaybeText<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, OptionError> {
        Ok(Self(Text(reader.rest())))
    }

    #[cfg(feature = "alloc")]
    fn emit(&self, value: &mut Vec<u8>) {
        self.0.emit(value);
    }
}

impl Describe for MaybeText<'_> {
    fn describe(&self, out: &mut dyn Printer) -> Written {
        out.text(&self.0)
    }
}

typed! { Text<'a>;
    /// The client's name (RFC 2132 §3.14).
    HostName = HOST_NAME;
    /// Where a crashing client dumps its memory (RFC 2132 §3.16).
    MeritDumpFile = MERIT_DUMP_FILE;
    /// The client's domain (RFC 2132 §3.17).
    DomainName = DOMAIN_NAME;
    /// Path of the root disk (RFC 2132 §3.19).
    RootPath = ROOT_PATH;
    /// A file with more options, to be loaded by TFTP (RFC 2132 §3.20).
    ExtensionsPath = EXTENSIONS_PATH;
    /// The NIS domain (RFC 2132 §8.1).
    NisDomain = NIS_DOMAIN;
    /// The NetBIOS scope (RFC 2132 §8.8).
    NetbiosScope = NETBIOS_SCOPE;
    /// Text for a human (RFC 2132 §9.9).
    Message = MESSAGE;
    /// Vendor class, such as `PXEClient` (RFC 2132 §9.13).
    VendorClass = VENDOR_CLASS;
    /// The NetWare/IP domain (RFC 2242 §2).
    NetwareIpDomain = NETWARE_IP_DOMAIN;
    /// The NIS+ domain (RFC 2132 §8.11).
    NisplusDomain = NISPLUS_DOMAIN;
    /// TFTP server name (RFC 2132 §9.4).
    TftpServerName = TFTP_SERVER_NAME;
    /// Boot file name (RFC 2132 §9.5).
    BootFileName = BOOT_FILE_NAME;
    /// The NetWare directory tree (RFC 2241 §3).
    NdsTreeName = NDS_TREE_NAME;
    /// The NetWare directory context (RFC 2241 §4).
    NdsContext = NDS_CONTEXT;
    /// LDAP servers, as Apple sends them (RFC 3679 §3.2.1).
    Ldap = LDAP;
    /// URLs of user authentication servers, with blanks between (RFC 2485).
    UserAuthentication = USER_AUTHENTICATION;
    /// The time zone as a POSIX TZ string (RFC 4833 §2).
    TimeZonePosix = TIME_ZONE_POSIX;
    /// The time zone by its name in the tz database (RFC 4833 §3).
    TimeZoneName = TIME_ZONE_NAME;
    /// NetInfo parent server tag (RFC 3679 §3.2.2).
    NetinfoTag = NETINFO_TAG;
    /// The URI of the captive portal's API (RFC 8910 §2.1).
    CaptivePortal = CAPTIVE_PORTAL;
    /// The URL of the device's usage description (RFC 8520 §10).
    MudUrl = MUD_URL;
    /// PXELINUX's configuration file (RFC 5071 §4).
    PxelinuxConfigFile = PXELINUX_CONFIG_FILE;
    /// What PXELINUX puts before its file names (RFC 5071 §5).
    PxelinuxPathPrefix = PXELINUX_PATH_PREFIX;
    /// The URL of the proxy configuration (WPAD).
    Wpad = WPAD;
}
