//! Typed sections back to a configuration.

use super::{
    Apt, AptMirror, AptMirrors, AptPreference, AptSource, BlockMeta, Boot, Bootloader, Install, Kernel,
    KernelCrashDumps, Multipath, Pollinate, Proxy, RemoveKernels, Reporter, ReporterKind, Swap,
};
use crate::entries::{Entries, list, named};
use crate::value::{Node, Value};

impl Swap {
    pub(crate) fn to_node(&self) -> Node {
        let mut entries = Entries::new();
        entries.text("filename", self.filename.as_deref()).number("size", self.size).number("maxsize", self.maxsize);
        entries.choice("force", self.force).rest(&self.rest);
        if *self == Self::default() {
            // An empty section would turn it off.
            entries.put("size", Node::detached(Value::Null));
        }
        entries.node()
    }
}

impl Multipath {
    pub(crate) fn to_node(&self) -> Node {
        let mut entries = Entries::new();
        entries.text("mode", self.mode.as_deref()).list("packages", self.packages.as_deref().unwrap_or_default());
        entries.choice("overwrite_bindings", self.overwrite_bindings).rest(&self.rest);
        entries.node()
    }
}

impl Pollinate {
    pub(crate) fn to_node(&self) -> Node {
        let mut entries = Entries::new();
        match &self.user_agent {
            Some(agent) => entries.mapping("user_agent", agent),
            None => entries.put("user_agent", false),
        };
        entries.rest(&self.rest);
        entries.node()
    }
}

impl BlockMeta {
    pub(crate) fn to_node(&self) -> Node {
        let mut entries = Entries::new();
        entries.list("devices", &self.devices).text("format", self.format.as_deref());
        if let Some(boot) = &self.boot_partition {
            let mut partition = Entries::new();
            partition.choice("enabled", boot.enabled).text("format", boot.format.as_deref());
            partition.text("fstype", boot.fstype.as_deref()).text("label", boot.label.as_deref()).rest(&boot.rest);
            entries.put("boot-partition", partition.node());
        }
        entries.rest(&self.rest);
        entries.node()
    }
}

impl Boot {
    pub(crate) fn to_node(&self) -> Node {
        let mut entries = Entries::new();
        // GRUB is what the section means by its old name.
        let names = self.bootloaders.iter().map(|loader| match loader {
            Bootloader::Grub => "grub",
            Bootloader::Extlinux => "extlinux",
        });
        let names: Vec<Node> = names.map(Node::from).collect();
        entries.nodes("bootloaders", if names.is_empty() { vec![Node::from("grub")] } else { names });
        if self.no_install {
            entries.put("install_devices", Node::detached(Value::Null));
        }
        entries.list("install_devices", &self.install_devices);
        entries.choice("replace_linux_default", self.replace_linux_default);
        entries.text("terminal", self.terminal.as_deref()).choice("update_nvram", self.update_nvram);
        entries.choice("probe_additional_os", self.probe_additional_os).choice("reorder_uefi", self.reorder_uefi);
        entries.choice("reorder_uefi_force_fallback", self.reorder_uefi_force_fallback);
        entries.choice("remove_duplicate_entries", self.remove_duplicate_entries);
        entries.choice("remove_old_uefi_loaders", self.remove_old_uefi_loaders);
        entries.list("alternatives", &self.alternatives).rest(&self.rest);
        entries.node()
    }
}

impl Kernel {
    pub(crate) fn to_node(&self) -> Node {
        let mut entries = Entries::new();
        entries.text("package", self.package.as_deref()).text("fallback_package", self.fallback_package.as_deref());
        entries.mapping("mapping", &self.mapping).choice("install", self.install);
        match &self.remove {
            Some(RemoveKernels::Existing) => entries.put("remove", "existing"),
            Some(RemoveKernels::Packages(names)) => {
                entries.put("remove", list(names.iter().map(|name| Node::from(name.as_str()))))
            }
            None => &mut entries,
        };
        entries.rest(&self.rest);
        entries.node()
    }
}

impl KernelCrashDumps {
    pub(crate) fn to_node(&self) -> Node {
        let mut entries = Entries::new();
        entries.choice("enabled", self.enabled).rest(&self.rest);
        entries.node()
    }
}

impl Install {
    pub(crate) fn to_node(&self) -> Node {
        let mut entries = Entries::new();
        entries.text("log_file", self.log_file.as_deref()).choice("log_file_append", self.log_file_append);
        entries.text("error_tarfile", self.error_tarfile.as_deref());
        entries.list("post_files", self.post_files.as_deref().unwrap_or_default());
        entries.text("save_install_config", self.save_install_config.as_deref());
        entries.text("save_install_log", self.save_install_log.as_deref()).text("target", self.target.as_deref());
        entries.text("unmount", self.unmount.as_deref()).text("resume_data", self.resume_data.as_deref());
        entries.list("extra_rsync_args", self.extra_rsync_args.as_deref().unwrap_or_default()).rest(&self.rest);
        entries.node()
    }
}

impl Proxy {
    pub(crate) fn to_node(&self) -> Node {
        let mut entries = Entries::new();
        entries.text("http_proxy", self.http_proxy.as_deref()).text("https_proxy", self.https_proxy.as_deref());
        entries.text("no_proxy", self.no_proxy.as_deref()).rest(&self.rest);
        entries.node()
    }
}

impl Reporter {
    pub(crate) fn to_node(&self) -> Node {
        let mut entries = Entries::new();
        match &self.kind {
            ReporterKind::Log => entries.put("type", "log"),
            ReporterKind::Print => entries.put("type", "print"),
            ReporterKind::Journald { identifier } => {
                entries.put("type", "journald").text("identifier", identifier.as_deref())
            }
            ReporterKind::Webhook {
                endpoint,
                consumer_key,
                consumer_secret,
                token_key,
                token_secret,
                timeout,
                retries,
            } => {
                entries.put("type", "webhook").put("endpoint", endpoint.as_str());
                entries.text("consumer_key", consumer_key.as_deref());
                entries.text("consumer_secret", consumer_secret.as_deref());
                entries.text("token_key", token_key.as_deref()).text("token_secret", token_secret.as_deref());
                entries.number("timeout", *timeout).nodes("retries", retries.clone())
            }
        };
        entries.text("level", self.level.as_deref()).rest(&self.rest);
        entries.node()
    }
}

impl Apt {
    pub(crate) fn to_node(&self) -> Node {
        let mut entries = Entries::new();
        entries.nodes("primary", self.primary.iter().map(AptMirror::to_node).collect());
        entries.nodes("security", self.security.iter().map(AptMirror::to_node).collect());
        if !self.sources.is_empty() {
            let sources = self.sources.iter().map(|(name, source)| (name.clone(), source.to_node()));
            entries.put("sources", named(sources));
        }
        entries.choice("preserve_sources_list", self.preserve_sources_list);
        entries.text("sources_list", self.sources_list.as_deref());
        entries.list("disable_suites", &self.disable_suites).list("disable_components", &self.disable_components);
        entries.text("proxy", self.proxy.as_deref()).text("http_proxy", self.http_proxy.as_deref());
        entries.text("https_proxy", self.https_proxy.as_deref()).text("ftp_proxy", self.ftp_proxy.as_deref());
        entries.text("conf", self.conf.as_deref());
        entries.nodes("preferences", self.preferences.iter().map(AptPreference::to_node).collect());
        if !self.debconf_selections.is_empty() {
            entries.put("debconf_selections", selections(&self.debconf_selections));
        }
        entries.text("add_apt_repo_match", self.add_apt_repo_match.as_deref()).rest(&self.rest);
        entries.node()
    }
}

pub(crate) fn selections(all: &[(String, String)]) -> Node {
    named(all.iter().map(|(name, text)| (name.clone(), Node::from(text.as_str()))))
}

impl AptMirror {
    fn to_node(&self) -> Node {
        let mut entries = Entries::new();
        entries.put("arches", list(self.arches.iter().map(|arch| Node::from(arch.as_str()))));
        entries.text("uri", self.uri.as_deref()).list("search", &self.search).rest(&self.rest);
        entries.node()
    }
}

impl AptSource {
    fn to_node(&self) -> Node {
        let mut entries = Entries::new();
        entries.text("source", self.source.as_deref()).node_at("key", self.key.as_deref().map(bytes));
        entries.text("keyid", self.keyid.as_deref()).text("keyserver", self.keyserver.as_deref());
        entries.text("filename", self.filename.as_deref()).rest(&self.rest);
        entries.node()
    }
}

/// Text where it is one.
pub(crate) fn bytes(content: &[u8]) -> Node {
    match std::str::from_utf8(content) {
        Ok(text) => Node::from(text),
        Err(_) => Node::detached(Value::Binary(content.to_vec())),
    }
}

impl AptPreference {
    fn to_node(&self) -> Node {
        let mut entries = Entries::new();
        entries.put("package", self.package.as_str()).put("pin", self.pin.as_str());
        entries.put("pin-priority", self.pin_priority.as_str()).rest(&self.rest);
        entries.node()
    }
}

impl AptMirrors {
    pub(crate) fn to_node(&self) -> Node {
        let mut entries = Entries::new();
        entries.text("ubuntu_archive", self.ubuntu_archive.as_deref());
        entries.text("ubuntu_security", self.ubuntu_security.as_deref()).rest(&self.rest);
        entries.node()
    }
}
