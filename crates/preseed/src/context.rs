//! The names that a template can use.

mod node;

pub use node::{Disk, Interface, Node};

use crate::{Map, Value};

/// The names that a template can use.
///
/// ```
/// use firstlight_preseed::{Context, Template};
/// let context = Context::new().with("release", "bookworm").with("cores", 4);
/// let template = Template::parse("t", "{{release}}/{{cores + 1}}")?;
/// assert_eq!(template.render(&context)?, "bookworm/5");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Context {
    names: Map,
}

impl Context {
    /// An empty context.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a name, or replaces its value.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.insert(name, value);
        self
    }

    /// Adds a name, or replaces its value.
    pub fn insert(&mut self, name: &str, value: impl Into<Value>) {
        self.names.insert(name, value);
    }

    /// The value of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.names.get(name)
    }

    /// Every name.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.keys()
    }
}

impl<K: AsRef<str>, V: Into<Value>> FromIterator<(K, V)> for Context {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(names: I) -> Self {
        Self { names: names.into_iter().collect() }
    }
}

/// What MAAS hands to its templates, as plain values: fill it, and turn it into a [`Context`].
///
/// The README has a table of the names. Those of MAAS keep their names and meanings; `image_url`, `storage_config`,
/// `network_config` and `ssh_keys` are additions.
///
/// ```
/// use firstlight_preseed::{Context, Machine, Node, Server, Template, Variables};
/// let variables = Variables {
///     server: Server { release: "noble", server_host: "10.0.0.1", ..Server::default() },
///     machine: Some(Machine { node: Node { hostname: "web01", domain: "lab", ..Node::default() }, ..Machine::default() }),
///     ..Variables::default()
/// };
/// let template = Template::parse("curtin", "{{node.fqdn}} gets {{release}} from {{server_host}}")?;
/// assert_eq!(template.render(&Context::from(&variables))?, "web01.lab gets noble from 10.0.0.1");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Variables<'a> {
    /// What does not depend on a machine: for every template.
    pub server: Server<'a>,
    /// `preseed_data`: the cloud-init configuration or script that the template is to deliver.
    pub preseed_data: &'a str,
    /// The machine; there is none for `enlist`.
    pub machine: Option<Machine<'a>>,
    /// The installation, for `curtin_userdata` and installers.
    pub installation: Option<Installation<'a>>,
}

/// The server and what is installed from it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Server<'a> {
    /// `osystem`, such as `ubuntu`.
    pub osystem: &'a str,
    /// `release`, such as `noble`.
    pub release: &'a str,
    /// `server_host`: the host that machines reach the server at.
    pub server_host: &'a str,
    /// `server_url`: the API's address for machines.
    pub server_url: &'a str,
    /// `metadata_enlist_url`: where a machine that is not known yet asks for metadata.
    pub metadata_enlist_url: &'a str,
    /// `syslog_host_port`, as `HOST:PORT`.
    pub syslog_host_port: &'a str,
    /// `http_proxy`, and whether `enable_http_proxy`: the proxy for packages.
    pub http_proxy: Option<&'a str>,
    /// `main_archive_hostname` and `main_archive_directory`, from an address.
    pub main_archive: &'a str,
    /// `ports_archive_hostname` and `ports_archive_directory`, from an address.
    pub ports_archive: &'a str,
}

/// What is told of a machine beside the machine itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Machine<'a> {
    /// `node`
    pub node: Node<'a>,
    /// `node_disable_pxe_url`: asked once the installation is done, so that the machine boots from its disk.
    pub node_disable_pxe_url: &'a str,
    /// `node_disable_pxe_data`: the body of that request.
    pub node_disable_pxe_data: &'a str,
    /// `third_party_drivers`: whether they are wanted.
    pub third_party_drivers: bool,
    /// `driver`, and its entry `package` as `driver_package`: the driver that fits the machine, by key and value.
    pub driver: &'a [(&'a str, &'a str)],
    /// `license_key`
    pub license_key: Option<&'a str>,
}

/// What is installed on a machine.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Installation<'a> {
    /// `curtin_preseed`: the cloud-init configuration of the installed system, as debconf answers.
    pub curtin_preseed: &'a str,
    /// `image_url`: the root file system to install.
    pub image_url: &'a str,
    /// `storage_config`: curtin's `storage` section, or `None`.
    pub storage_config: Value,
    /// `network_config`: curtin's `network` section, or `None`.
    pub network_config: Value,
    /// `ssh_keys`: the public keys of the owner.
    pub ssh_keys: &'a [&'a str],
}

impl From<&Variables<'_>> for Context {
    fn from(variables: &Variables<'_>) -> Self {
        let Variables { server, preseed_data, machine, installation } = variables;
        let mut context = Self::new();
        server.put(&mut context);
        context.insert("preseed_data", *preseed_data);
        if let Some(machine) = machine {
            machine.put(&mut context);
        }
        if let Some(installation) = installation {
            installation.put(&mut context);
        }
        context
    }
}

impl Server<'_> {
    fn put(&self, context: &mut Context) {
        context.insert("osystem", self.osystem);
        context.insert("release", self.release);
        context.insert("server_host", self.server_host);
        context.insert("server_url", self.server_url);
        context.insert("metadata_enlist_url", self.metadata_enlist_url);
        context.insert("syslog_host_port", self.syslog_host_port);
        context.insert("http_proxy", self.http_proxy);
        context.insert("enable_http_proxy", self.http_proxy.is_some());
        for (archive, url) in [("main", self.main_archive), ("ports", self.ports_archive)] {
            let (hostname, directory) = host_and_path(url);
            context.insert(&format!("{archive}_archive_hostname"), hostname);
            context.insert(&format!("{archive}_archive_directory"), directory);
        }
    }
}

impl Machine<'_> {
    fn put(&self, context: &mut Context) {
        context.insert("node", &self.node);
        context.insert("node_disable_pxe_url", self.node_disable_pxe_url);
        context.insert("node_disable_pxe_data", self.node_disable_pxe_data);
        context.insert("third_party_drivers", self.third_party_drivers);
        let package = self.driver.iter().find(|(key, _)| *key == "package").map_or("", |(_, package)| package);
        context.insert("driver", self.driver.iter().copied().collect::<Map>());
        context.insert("driver_package", package);
        context.insert("license_key", self.license_key);
    }
}

impl Installation<'_> {
    fn put(&self, context: &mut Context) {
        context.insert("curtin_preseed", self.curtin_preseed);
        context.insert("image_url", self.image_url);
        context.insert("storage_config", self.storage_config.clone());
        context.insert("network_config", self.network_config.clone());
        context.insert("ssh_keys", Value::list(self.ssh_keys.iter().copied()));
    }
}

/// The host with its port, and the path without its first slash.
fn host_and_path(url: &str) -> (&str, &str) {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split_once('/').unwrap_or((rest, ""))
}
