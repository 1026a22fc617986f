//! A whole typed configuration back to a mapping.

use super::Config;
use crate::command::{Command, Commands};
use crate::emit::to_yaml;
use crate::entries::{Entries, list, named};
use crate::power::PowerState;
use crate::section::emit::{bytes, selections};
use crate::section::{
    Apt, AptMirrors, BlockMeta, Boot, Install, Kernel, KernelCrashDumps, Multipath, Network, Pollinate, Proxy, Swap,
};
use crate::source::Source;
use crate::storage::Storage;
use crate::value::Node;
use crate::write_file::WriteFile;

impl Config {
    /// The configuration as a value: curtin reads from it what this crate read.
    ///
    /// Old names of sections are written by their new ones. A network that came from a file is written as it stood
    /// there; one that was built comes from [`network_config`](Self::network_config).
    #[must_use]
    pub fn to_node(&self) -> Node {
        let mut entries = Entries::new();
        self.put_stages(&mut entries);
        self.put_installation(&mut entries);
        self.put_system(&mut entries);
        entries.rest(&self.rest);
        entries.node()
    }

    /// The configuration as YAML.
    ///
    /// ```
    /// use firstlight_curtin_config::{Config, Source, parse};
    ///
    /// let config = Config::flat(Source::from_uri("http://127.0.0.1/root.squashfs"));
    /// let yaml = config.to_yaml();
    /// assert_eq!(yaml, "sources:\n  -\n    type: fsimage\n    uri: \"http://127.0.0.1/root.squashfs\"\n");
    /// assert_eq!(parse(&yaml).config.sources[0].kind, config.sources[0].kind);
    /// ```
    #[must_use]
    pub fn to_yaml(&self) -> String {
        to_yaml(&self.to_node())
    }

    fn put_stages(&self, entries: &mut Entries) {
        for (stage, commands) in [
            ("early", &self.early_commands),
            ("partitioning", &self.partitioning_commands),
            ("network", &self.network_commands),
            ("extract", &self.extract_commands),
            ("curthooks", &self.curthooks_commands),
            ("hook", &self.hook_commands),
            ("late", &self.late_commands),
        ] {
            if !commands.is_empty() {
                entries.put(&format!("{stage}_commands"), commands.to_node());
            }
        }
        for (stage, commands) in &self.stage_commands {
            entries.put(&format!("{stage}_commands"), commands.to_node());
        }
        if let Some(stages) = &self.stages {
            entries.put("stages", list(stages.iter().map(|stage| Node::from(stage.as_str()))));
        }
    }

    fn put_installation(&self, entries: &mut Entries) {
        entries.nodes("sources", self.sources.iter().map(Source::to_node).collect());
        entries.node_at("storage", self.storage.as_ref().map(Storage::to_node));
        entries.node_at("block-meta", self.block_meta.as_ref().map(BlockMeta::to_node));
        entries.node_at("install", self.install.as_ref().map(Install::to_node));
        if !self.reporting.is_empty() {
            let all = self.reporting.iter().map(|reporter| (reporter.name.clone(), reporter.to_node()));
            entries.put("reporting", named(all));
        }
        if !self.reporter.is_empty() {
            let all = self.reporter.iter().map(|(name, reporter)| (name.clone(), reporter.to_node()));
            entries.put("reporter", named(all));
        }
        entries.node_at("proxy", self.proxy.as_ref().map(Proxy::to_node));
        entries.node_at("power_state", self.power_state.as_ref().map(PowerState::to_node));
        if let Some(kexec) = self.kexec {
            entries.put("kexec", self.one("kexec", "mode", if kexec { "on" } else { "off" }));
        }
        entries.number("verbosity", self.verbosity).choice("showtrace", self.showtrace);
    }

    /// A section with one key, and what nobody knows in it.
    fn one(&self, section: &str, key: &str, value: impl Into<Node>) -> Node {
        let mut entries = Entries::new();
        entries.put(key, value);
        if let Some(rest) = self.inner_rest.get(section).and_then(Node::as_mapping) {
            entries.rest(rest);
        }
        entries.node()
    }

    fn put_system(&self, entries: &mut Entries) {
        let network = self.network.clone().or_else(|| self.network_config.as_ref().map(Network::to_node));
        entries.node_at("network", network);
        if !self.write_files.is_empty() {
            let files = self.write_files.iter().map(|(name, file)| (name.clone(), file.to_node(true)));
            entries.put("write_files", named(files));
        }
        if self.boot != Boot::default() {
            entries.put("boot", self.boot.to_node());
        }
        entries.node_at("kernel", self.kernel.as_ref().map(Kernel::to_node));
        entries.node_at("kernel-crash-dumps", self.kernel_crash_dumps.as_ref().map(KernelCrashDumps::to_node));
        entries.node_at("swap", self.swap.as_ref().map(Swap::to_node));
        entries.node_at("multipath", self.multipath.as_ref().map(Multipath::to_node));
        entries.node_at("apt", self.apt.as_ref().map(Apt::to_node));
        entries.node_at("apt_mirrors", self.apt_mirrors.as_ref().map(AptMirrors::to_node));
        entries.text("apt_proxy", self.apt_proxy.as_deref());
        if !self.debconf_selections.is_empty() {
            entries.put("debconf_selections", selections(&self.debconf_selections));
        }
        entries.node_at("pollinate", self.pollinate.as_ref().map(Pollinate::to_node));
        if let Some(enabled) = self.system_upgrade {
            entries.put("system_upgrade", self.one("system_upgrade", "enabled", enabled));
        }
        if let Some(mode) = &self.curthooks {
            entries.put("curthooks", self.one("curthooks", "mode", mode.as_str()));
        }
        entries.choice("disable_overlayroot", self.disable_overlayroot);
        entries.choice("restore_dist_interfaces", self.restore_dist_interfaces);
        if !self.cloudconfig.is_empty() {
            // The paths are curtin's choice.
            let files = self.cloudconfig.iter().map(|(name, file)| (name.clone(), file.to_node(false)));
            entries.put("cloudconfig", named(files));
        }
        entries.node_at("users", self.users.clone()).node_at("bucket", self.bucket.clone());
    }
}

impl Commands {
    fn to_node(&self) -> Node {
        named(self.iter().map(|(key, command)| {
            let node = match command {
                Command::Argv(words) => list(words.iter().map(|word| Node::from(word.as_str()))),
                Command::Shell(text) => Node::from(text.as_str()),
            };
            (key.to_owned(), node)
        }))
    }
}

impl Source {
    fn to_node(&self) -> Node {
        let mut entries = Entries::new();
        entries.put("type", self.type_name()).put("uri", self.uri.as_str()).rest(&self.rest);
        entries.node()
    }
}

impl PowerState {
    fn to_node(&self) -> Node {
        let mut entries = Entries::new();
        entries
            .put("mode", self.mode.name())
            .number("delay", Some(self.delay))
            .text("message", self.message.as_deref())
            .rest(&self.rest);
        entries.node()
    }
}

impl WriteFile {
    fn to_node(&self, has_path: bool) -> Node {
        let mut entries = Entries::new();
        entries.text("path", has_path.then_some(self.path.as_str())).put("content", bytes(&self.content));
        entries.put("permissions", format!("{:04o}", self.mode).as_str()).text("owner", self.owner.as_deref());
        entries.rest(&self.rest);
        entries.node()
    }
}

#[cfg(test)]
mod tests {
    use crate::{Node, parse, to_yaml};

    /// Every section, every field.
    const ALL: &str = include_str!("../../../../testdata/curtin/every_section.yaml");

    const NETPLAN: &str = include_str!("../../../../testdata/curtin/every_netplan.yaml");

    /// How many keys there are on all levels.
    fn keys(node: &Node) -> usize {
        let inside = |nodes: &mut dyn Iterator<Item = &Node>| nodes.map(keys).sum::<usize>();
        match (node.as_mapping(), node.as_sequence()) {
            (Some(mapping), _) => mapping.len() + inside(&mut mapping.iter().map(|(_, value)| value)),
            (_, Some(items)) => inside(&mut items.iter()),
            _ => 0,
        }
    }

    #[test]
    fn what_nobody_knows_is_written_back() {
        let text = "sources:\n  -\n    type: tgz\n    uri: /a.tgz\n    sum: 1\nkexec:\n  mode: \"on\"\n  when: 2\n\
                    system_upgrade:\n  enabled: true\n  how: 3\ncurthooks:\n  mode: auto\n  more:\n    - 4\n";
        let parsed = parse(text);
        assert_eq!(parsed.problems.iter().filter(|problem| problem.code == "unknown-key").count(), 4);
        assert_eq!(parsed.config.to_yaml(), text);
    }

    #[test]
    fn nothing_is_lost_on_the_way_out() {
        for text in [ALL, NETPLAN] {
            let parsed = parse(text);
            assert_eq!(parsed.problems, []);
            let mut config = parsed.config;
            // What was built has no value that it came from.
            config.network = None;
            let written = config.to_node();
            assert_eq!(keys(&written), keys(&crate::yaml::load(text).0.unwrap()), "{}", to_yaml(&written));
            let again = parse(&config.to_yaml());
            assert_eq!(again.problems, []);
            assert_eq!(again.config.to_yaml(), config.to_yaml());
        }
    }

    #[test]
    fn a_swap_file_of_a_fitting_size_stays_one() {
        let config = parse("swap: {size: null}\n").config;
        assert_eq!(config.to_yaml(), "swap:\n  size: null\n");
        assert_eq!(parse("swap: {}\n").config.to_yaml(), "swap:\n  size: 0\n");
    }

    #[test]
    fn old_names_become_new_ones() {
        let yaml = "grub: {terminal: unmodified}\ngrub_install_devices: [/dev/sda]\nhttp_proxy: http://p\n";
        assert_eq!(
            parse(yaml).config.to_yaml(),
            "proxy:\n  http_proxy: \"http://p\"\nboot:\n  bootloaders:\n    - grub\n  install_devices:\n    - /dev/sda\n  \
             terminal: unmodified\n"
        );
    }
}
