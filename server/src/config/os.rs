//! `os = "OSYSTEM/RELEASE"`, or `[os]` with `default` and a table for each classic installer.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::{fmt, iter};

use firstlight_preseed::Template;
use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};

use super::ConfigError;

/// What can be deployed.
#[derive(Debug, Clone)]
pub struct OperatingSystems {
    /// `OSYSTEM/RELEASE` of the ephemeral system, and of deployments that name none.
    pub default: String,
    /// Classic installers by the name that deployments choose them by.
    pub installers: BTreeMap<String, Installer>,
}

/// `[os.NAME]`: an installer that is booted from the network, and answers to its questions.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Installer {
    /// The name of its table.
    #[serde(skip)]
    pub name: String,
    /// Which one.
    pub kind: Kind,
    /// `OSYSTEM/RELEASE` that it installs: what templates are looked up for and told of.
    pub os: String,
    /// Its kernel: a file, by its path or below `images_dir`.
    pub kernel: PathBuf,
    /// Its initial RAM disk, likewise.
    pub initrd: PathBuf,
    /// The kernel's command line, a template; the default is the kind's.
    pub parameters: Option<String>,
    /// The first part of the names of the answers' template; the default is the kind's.
    pub template: Option<String>,
    /// Where packages come from, for templates and parameters.
    pub mirror: String,
    /// An image that the installer loads: a URL, or a path below `images_dir`.
    #[serde(default)]
    pub image: String,
    /// The proxy for packages.
    pub proxy: Option<String>,
}

/// The installers that are known: how they are told where their answers are, and how they are made to report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Debian's, with a preseed file.
    DebianInstaller,
    /// Anaconda (Red Hat and kin), with a kickstart file.
    Kickstart,
    /// `YaST`, with a profile.
    Autoyast,
    /// Ubuntu's subiquity, with cloud-init user-data.
    Autoinstall,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::DebianInstaller, Self::Kickstart, Self::Autoyast, Self::Autoinstall];

    /// The prefix of its template, and the name of the built-in one.
    #[must_use]
    pub const fn template(self) -> &'static str {
        match self {
            Self::DebianInstaller => "debian_preseed",
            Self::Kickstart => "kickstart",
            Self::Autoyast => "autoyast",
            Self::Autoinstall => "autoinstall",
        }
    }

    /// Its command line where the configuration gives none.
    const fn parameters(self) -> &'static str {
        match self {
            // Without `auto`, the questions about language and keyboard come before the answers are there.
            Self::DebianInstaller => {
                "auto=true priority=critical url={{answers_url}} interface=auto BOOTIF={{bootif}} \
                 hostname={{node.hostname}}"
            }
            Self::Kickstart => "inst.ks={{answers_url}} inst.repo={{mirror}} ip=dhcp BOOTIF={{bootif}}",
            Self::Autoyast => "autoyast={{answers_url}} install={{mirror}} netsetup=dhcp BOOTIF={{bootif}}",
            // Without the last, its initramfs takes the image's `url` for cloud-init's.
            Self::Autoinstall => {
                "ip=dhcp url={{image_url}} autoinstall ds=nocloud;s={{answers_url}}/ BOOTIF={{bootif}} \
                 cloud-config-url=/dev/null"
            }
        }
    }
}

impl Installer {
    /// The prefix of its template.
    #[must_use]
    pub fn template(&self) -> &str {
        self.template.as_deref().unwrap_or(self.kind.template())
    }

    /// The template of its command line.
    #[must_use]
    pub fn parameters(&self) -> &str {
        self.parameters.as_deref().unwrap_or(self.kind.parameters())
    }
}

impl OperatingSystems {
    /// Whether the names and templates can be what they are to be.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let refuse = |key: &str, value: &str, problem: String| {
            Err(ConfigError::Value { key: key.to_owned().into(), value: value.to_owned(), problem: problem.into() })
        };
        let installers = self.installers.iter().map(|(name, installer)| (format!("os.{name}.os"), &installer.os));
        for (key, os) in iter::once(("os".to_owned(), &self.default)).chain(installers) {
            if os.split('/').count() != 2 || os.contains("..") {
                return refuse(&key, os, "must be OSYSTEM/RELEASE, such as debian/bookworm".to_owned());
            }
        }
        for (name, installer) in &self.installers {
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
            if name.is_empty() || !name.bytes().all(is_plain) || name.starts_with('.') {
                let problem = "must be letters, digits, dashes, dots and underscores".to_owned();
                return refuse("os", name, problem);
            }
            let problem = match Template::parse("parameters", installer.parameters()) {
                Ok(template) => template.faults().first().map(ToString::to_string),
                Err(error) => Some(error.to_string()),
            };
            if let Some(problem) = problem {
                return refuse(&format!("os.{name}.parameters"), installer.parameters(), problem);
            }
        }
        Ok(())
    }
}

impl Default for OperatingSystems {
    fn default() -> Self {
        Self { default: "debian/bookworm".to_owned(), installers: BTreeMap::new() }
    }
}

impl<'de> Deserialize<'de> for OperatingSystems {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NameOrTable)
    }
}

struct NameOrTable;

impl<'de> Visitor<'de> for NameOrTable {
    type Value = OperatingSystems;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("OSYSTEM/RELEASE, or a table with `default` and a table for each installer")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<OperatingSystems, E> {
        Ok(OperatingSystems { default: name.to_owned(), ..OperatingSystems::default() })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut table: A) -> Result<OperatingSystems, A::Error> {
        let mut found = OperatingSystems::default();
        while let Some(key) = table.next_key::<String>()? {
            if key == "default" {
                found.default = table.next_value()?;
            } else {
                let installer = Installer { name: key.clone(), ..table.next_value()? };
                found.installers.insert(key, installer);
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<OperatingSystems, String> {
        #[derive(Deserialize)]
        struct Config {
            os: OperatingSystems,
        }
        let config: Config = toml::from_str(text).map_err(|error| error.to_string())?;
        config.os.check().map_err(|error| error.to_string())?;
        Ok(config.os)
    }

    const DI: &str = "[os.di]\nkind = 'debian-installer'\nos = 'debian/bookworm'\nkernel = 'k'\ninitrd = 'i'\nmirror = 'http://m/d'\n";

    #[test]
    fn a_name_or_a_table() {
        assert_eq!(parse("os = 'debian/trixie'").unwrap().default, "debian/trixie");
        let os = parse(DI).unwrap();
        assert_eq!((os.default.as_str(), os.installers.len()), ("debian/bookworm", 1));
        assert_eq!(
            (os.installers["di"].kind, os.installers["di"].template()),
            (Kind::DebianInstaller, "debian_preseed")
        );
        let os = parse(&format!("{DI}template = 'mine'\n[os]\ndefault = 'a/b'\n")).unwrap();
        assert_eq!((os.default.as_str(), os.installers["di"].template()), ("a/b", "mine"));
    }

    #[test]
    fn mistakes_are_named() {
        for (text, told) in [
            (DI.replace("debian/bookworm", "debian"), "os.di.os = debian: must be OSYSTEM/RELEASE"),
            (DI.replace("os.di", "os.'a/b'"), "os = a/b: must be letters"),
            (format!("{DI}parameters = 'url={{{{if}}}}'\n"), "os.di.parameters = url={{if}}: parameters:1:"),
            (DI.replace("kernel", "kernal"), "unknown field `kernal`"),
            (DI.replace("mirror = 'http://m/d'", ""), "missing field `mirror`"),
            (DI.replace("debian-installer", "fai"), "unknown variant `fai`"),
        ] {
            let error = parse(&text).unwrap_err();
            assert!(error.contains(told), "{error}");
        }
    }
}
