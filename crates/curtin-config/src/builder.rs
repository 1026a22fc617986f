//! Configurations made in code.

use crate::check::check_root;
use crate::command::Command;
use crate::config::{Config, Parsed, read_mapping};
use crate::power::PowerState;
use crate::problem::Level;
use crate::section::{Apt, Boot, Kernel, Network, Proxy, Reporter, Swap};
use crate::source::Source;
use crate::storage::Storage;
use crate::value::{Node, Value};
use crate::write_file::WriteFile;

/// Puts a configuration together from the types that [`parse`](crate::parse) gives, and judges it as a file is judged.
///
/// ```
/// use firstlight_curtin_config::{
///     ConfigBuilder, DiskItem, FormatItem, MountItem, PartitionItem, PowerState, Source, Storage,
/// };
///
/// let mut storage = Storage::new();
/// let serial = Some("S3YZNB0K".to_owned());
/// storage.push("disk", DiskItem { serial, ptable: Some("msdos".to_owned()), ..DiskItem::default() });
/// storage.push("part", PartitionItem { device: "disk".to_owned(), size: Some(8 << 30), ..PartitionItem::default() });
/// storage.push(
///     "root",
///     FormatItem { volume: "part".to_owned(), fstype: "ext4".to_owned(), ..FormatItem::default() },
/// );
/// let device = Some("root".to_owned());
/// storage.push("mount", MountItem { device, path: Some("/".to_owned()), ..MountItem::default() });
///
/// let built = ConfigBuilder::new()
///     .source(Source::from_uri("http://127.0.0.1/root.tar.zst"))
///     .storage(storage)
///     .late_command("10_hello", ["curtin", "in-target", "--", "touch", "/hello"])
///     .power_state(PowerState::default())
///     .build();
/// assert_eq!(built.problems, []);
/// assert!(built.config.to_yaml().starts_with("late_commands:\n  \"10_hello\":\n    - curtin\n"));
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct ConfigBuilder {
    config: Config,
}

impl ConfigBuilder {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a root image.
    pub fn source(mut self, source: Source) -> Self {
        self.config.sources.push(source);
        self
    }

    /// How the disks shall look; also what [`StorageLayout`](crate::StorageLayout) makes.
    pub fn storage(mut self, storage: Storage) -> Self {
        self.config.storage = Some(storage);
        self
    }

    /// Adds a command that runs before anything else.
    pub fn early_command(self, key: impl Into<String>, command: impl Into<Command>) -> Self {
        self.with(|config| config.early_commands.set(key, command.into()))
    }

    /// Adds a command that runs at the end.
    pub fn late_command(self, key: impl Into<String>, command: impl Into<Command>) -> Self {
        self.with(|config| config.late_commands.set(key, command.into()))
    }

    /// The network of the installed system.
    pub fn network(self, network: Network) -> Self {
        self.with(|config| {
            config.network = Some(network.to_node());
            config.network_config = Some(network);
        })
    }

    /// Adds a file of the installed system.
    pub fn write_file(self, key: impl Into<String>, file: WriteFile) -> Self {
        self.with(|config| config.write_files.push((key.into(), file)))
    }

    /// The boot loader.
    pub fn boot(self, boot: Boot) -> Self {
        self.with(|config| config.boot = boot)
    }

    /// The kernel.
    pub fn kernel(self, kernel: Kernel) -> Self {
        self.with(|config| config.kernel = Some(kernel))
    }

    /// The swap file.
    pub fn swap(self, swap: Swap) -> Self {
        self.with(|config| config.swap = Some(swap))
    }

    /// Package sources.
    pub fn apt(self, apt: Apt) -> Self {
        self.with(|config| config.apt = Some(apt))
    }

    /// Proxies of the installer.
    pub fn proxy(self, proxy: Proxy) -> Self {
        self.with(|config| config.proxy = Some(proxy))
    }

    /// Adds somebody who is told how the installation goes on.
    pub fn reporter(self, reporter: Reporter) -> Self {
        self.with(|config| config.reporting.push(reporter))
    }

    /// What happens afterwards.
    pub fn power_state(self, power: PowerState) -> Self {
        self.with(|config| config.power_state = Some(power))
    }

    /// Any other field of the configuration.
    pub fn with(mut self, change: impl FnOnce(&mut Config)) -> Self {
        change(&mut self.config);
        self
    }

    /// The configuration, and everything that [`check`](crate::check()) says of it.
    ///
    /// Places are paths: what was built stands on no line.
    #[must_use]
    pub fn build(self) -> Parsed {
        let Value::Mapping(root) = self.config.to_node().value else {
            return read_mapping(&Default::default(), Vec::new());
        };
        let config = read_mapping(&root, Vec::new()).config;
        Parsed { config, problems: check_root(&root, &[], Level::Lint, None) }
    }
}

impl From<&str> for Command {
    /// A text for the shell.
    fn from(text: &str) -> Self {
        Self::Shell(text.to_owned())
    }
}

impl<const N: usize> From<[&str; N]> for Command {
    /// Words that no shell sees.
    fn from(words: [&str; N]) -> Self {
        Self::Argv(words.map(str::to_owned).to_vec())
    }
}

impl From<&Config> for Node {
    fn from(config: &Config) -> Self {
        config.to_node()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan;

    #[test]
    fn what_is_wrong_is_found_before_anything_is_written() {
        let built = ConfigBuilder::new()
            .storage(Storage::new())
            .early_command("a", "true")
            .write_file("f", WriteFile::new("/etc/motd", "hello\n"))
            .build();
        let codes: Vec<&str> = built.problems.iter().map(|problem| problem.code).collect();
        assert_eq!(codes, ["empty-storage"]);
        assert_eq!(built.config.early_commands.iter().next(), Some(("a", &Command::Shell("true".to_owned()))));
        assert_eq!(built.config.write_files[0].1.content, b"hello\n");
    }

    #[test]
    fn what_was_built_has_a_plan() {
        let built = ConfigBuilder::new().source(Source::from_uri("http://127.0.0.1/r.tar")).build();
        let disks = vec![crate::Disk::new("/dev/sda", 8 << 30)];
        assert!(plan(&built.config, &crate::Target { disks, ..crate::Target::default() }).is_ok());
    }
}
