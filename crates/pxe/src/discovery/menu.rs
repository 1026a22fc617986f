//! The menu that a proxy offers, checked once so that it can always be sent.

use std::net::Ipv4Addr;

use crate::decide::is_file_name;
use crate::{BootServer, DiscoveryControl, MenuItem, VendorOption, VendorOptionsTooLong, emit_vendor_options};

/// What BIOS ROMs show before they boot. UEFI firmware and iPXE are not offered it: neither survives it reliably.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Menu {
    items: Vec<Item>,
    multicast: Option<Ipv4Addr>,
    broadcast: bool,
    option_43: Vec<u8>,
}

/// A line of the menu and the type of boot server behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The type of the boot server: 0 for the local disk, from 0x8000 free for everybody (PXE 2.1, table 2-2).
    pub kind: u16,
    /// What the menu shows.
    pub text: String,
    /// Who serves it.
    pub service: Service,
}

/// Who serves an item.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Service {
    /// Nobody: the client boots its disk. Only as type 0.
    LocalDisk,
    /// We do, with the boot file that [`decide`](crate::decide) names.
    Decided,
    /// We do, with these files: the client's layer counts them from 0.
    Files(Vec<String>),
    /// Boot servers at these addresses; with none, whoever answers to a broadcast or multicast.
    Elsewhere(Vec<Ipv4Addr>),
}

/// What stands before the menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prompt {
    /// Seconds until the first item is taken: 0 at once, 255 never.
    pub timeout: u8,
    /// The text.
    pub text: String,
}

/// A menu that no client could use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MenuError {
    /// There is nothing to choose from.
    #[error("the boot menu has no items: leave it out")]
    Empty,
    /// A type stands twice.
    #[error("boot server type {0} is in the menu twice: give each item its own")]
    Duplicate(u16),
    /// Type 0 and the local disk belong together.
    #[error("menu item `{0}` must have type 0 if it boots the local disk, and another if it does not")]
    LocalDisk(String),
    /// A service without a file.
    #[error("menu item `{0}` has no boot file, or one that is empty, longer than 127 bytes or holds a NUL")]
    File(String),
    /// Not a multicast address.
    #[error("discovery multicast address {0} is not within 224.0.0.0/4")]
    Multicast(Ipv4Addr),
    /// The menu does not fit into option 43.
    #[error("the boot menu does not fit into option 43, shorten its texts: {0}")]
    TooLong(#[from] VendorOptionsTooLong),
}

impl Menu {
    /// A menu of items served by `server`, which is us. Clients find boot servers through `multicast` if there is a
    /// group, by broadcast if that is allowed, and by the addresses of the items.
    ///
    /// ```
    /// use firstlight_pxe::discovery::{Item, Menu, Prompt, Service};
    /// let items = vec![
    ///     Item { kind: 0, text: "local disk".into(), service: Service::LocalDisk },
    ///     Item { kind: 0x8001, text: "install".into(), service: Service::Decided },
    /// ];
    /// let prompt = Prompt { timeout: 5, text: "F8 for the menu".into() };
    /// let menu = Menu::new([10, 0, 0, 1].into(), items, Some(&prompt), None, false).unwrap();
    /// assert!(menu.option_43().starts_with(&[6, 1, 7]));
    /// ```
    ///
    /// # Errors
    /// [`MenuError`] names the item that is wrong.
    pub fn new(
        server: Ipv4Addr,
        items: Vec<Item>,
        prompt: Option<&Prompt>,
        multicast: Option<Ipv4Addr>,
        broadcast: bool,
    ) -> Result<Self, MenuError> {
        check(&items)?;
        if let Some(address) = multicast.filter(|address| !address.is_multicast()) {
            return Err(MenuError::Multicast(address));
        }
        let option_43 = encode(server, &items, prompt, multicast, broadcast)?;
        Ok(Self { items, multicast, broadcast, option_43 })
    }

    /// The value of option 43 in an offer.
    #[must_use]
    pub fn option_43(&self) -> &[u8] {
        &self.option_43
    }

    /// The group to join.
    #[must_use]
    pub fn multicast(&self) -> Option<Ipv4Addr> {
        self.multicast
    }

    /// True if clients were told that they may broadcast.
    #[must_use]
    pub fn broadcast(&self) -> bool {
        self.broadcast
    }

    pub(super) fn item(&self, kind: u16) -> Option<&Item> {
        self.items.iter().find(|item| item.kind == kind)
    }
}

fn check(items: &[Item]) -> Result<(), MenuError> {
    if items.is_empty() {
        return Err(MenuError::Empty);
    }
    for (at, item) in items.iter().enumerate() {
        if items.iter().take(at).any(|other| other.kind == item.kind) {
            return Err(MenuError::Duplicate(item.kind));
        }
        if (item.kind == 0) != (item.service == Service::LocalDisk) {
            return Err(MenuError::LocalDisk(item.text.clone()));
        }
        if let Service::Files(files) = &item.service
            && (files.is_empty() || !files.iter().all(|file| is_file_name(file)))
        {
            return Err(MenuError::File(item.text.clone()));
        }
    }
    Ok(())
}

fn encode(
    server: Ipv4Addr,
    items: &[Item],
    prompt: Option<&Prompt>,
    multicast: Option<Ipv4Addr>,
    broadcast: bool,
) -> Result<Vec<u8>, VendorOptionsTooLong> {
    let servers: Vec<BootServer> = items
        .iter()
        .filter_map(|item| {
            let addresses = match &item.service {
                Service::LocalDisk => return None,
                Service::Decided | Service::Files(_) => vec![server],
                Service::Elsewhere(addresses) => addresses.clone(),
            };
            Some(BootServer { kind: item.kind, addresses })
        })
        .collect();
    let mut control = 0;
    if !broadcast {
        control |= DiscoveryControl::NO_BROADCAST.0;
    }
    if multicast.is_none() {
        control |= DiscoveryControl::NO_MULTICAST.0;
    }
    // Without the bit, any stranger who answers a discovery first is believed. An item without addresses is to be
    // found, so it takes the bit away.
    if servers.iter().all(|server| !server.addresses.is_empty()) {
        control |= DiscoveryControl::ONLY_LISTED.0;
    }
    let mut options = vec![VendorOption::DiscoveryControl(DiscoveryControl(control))];
    options.extend(multicast.map(VendorOption::DiscoveryMulticast));
    if !servers.is_empty() {
        options.push(VendorOption::BootServers(servers));
    }
    let line = |item: &'_ Item| (item.kind, item.text.as_bytes().to_vec());
    let lines: Vec<(u16, Vec<u8>)> = items.iter().map(line).collect();
    options.push(VendorOption::BootMenu(lines.iter().map(|(kind, text)| MenuItem { kind: *kind, text }).collect()));
    options.extend(
        prompt.map(|prompt| VendorOption::MenuPrompt { timeout: prompt.timeout, text: prompt.text.as_bytes() }),
    );
    emit_vendor_options(&options)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vendor_options;

    const SERVER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
    const OTHER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);
    const GROUP: Ipv4Addr = Ipv4Addr::new(239, 1, 2, 3);

    fn item(kind: u16, service: Service) -> Item {
        Item { kind, text: format!("item {kind}"), service }
    }

    fn control(items: Vec<Item>, multicast: Option<Ipv4Addr>, broadcast: bool) -> u8 {
        let menu = Menu::new(SERVER, items, None, multicast, broadcast).unwrap();
        menu.option_43()[2]
    }

    #[test]
    fn a_menu_is_written_as_clients_read_it() {
        let items = vec![
            item(0, Service::LocalDisk),
            item(0x8001, Service::Decided),
            item(3, Service::Elsewhere(vec![OTHER, SERVER])),
        ];
        let prompt = Prompt { timeout: 7, text: "F8".into() };
        let menu = Menu::new(SERVER, items, Some(&prompt), Some(GROUP), true).unwrap();
        let read: Vec<_> = vendor_options(menu.option_43()).map(Result::unwrap).collect();
        let lines = [(0, &b"item 0"[..]), (0x8001, b"item 32769"), (3, b"item 3")];
        assert_eq!(
            read,
            [
                VendorOption::DiscoveryControl(DiscoveryControl::ONLY_LISTED),
                VendorOption::DiscoveryMulticast(GROUP),
                VendorOption::BootServers(vec![
                    BootServer { kind: 0x8001, addresses: vec![SERVER] },
                    BootServer { kind: 3, addresses: vec![OTHER, SERVER] },
                ]),
                VendorOption::BootMenu(lines.iter().map(|&(kind, text)| MenuItem { kind, text }).collect()),
                VendorOption::MenuPrompt { timeout: 7, text: b"F8" },
            ]
        );
    }

    #[test]
    fn discovery_control_says_what_is_switched_off() {
        let ours = || vec![item(1, Service::Decided)];
        assert_eq!(control(ours(), None, false), 7);
        assert_eq!(control(ours(), None, true), 6);
        assert_eq!(control(ours(), Some(GROUP), false), 5);
        assert_eq!(control(vec![item(1, Service::Elsewhere(vec![]))], None, true), 2);
    }

    #[test]
    fn a_menu_that_no_client_could_use_is_refused() {
        let refused = |items, multicast| Menu::new(SERVER, items, None, multicast, true).unwrap_err();
        assert_eq!(refused(vec![], None), MenuError::Empty);
        let twice = vec![item(1, Service::Decided), item(1, Service::Decided)];
        assert_eq!(refused(twice, None), MenuError::Duplicate(1));
        assert_eq!(refused(vec![item(0, Service::Decided)], None), MenuError::LocalDisk("item 0".into()));
        assert_eq!(refused(vec![item(1, Service::LocalDisk)], None), MenuError::LocalDisk("item 1".into()));
        for files in [vec![], vec!["x".repeat(128)], vec!["a\0b".into()], vec![String::new()]] {
            assert_eq!(refused(vec![item(1, Service::Files(files))], None), MenuError::File("item 1".into()));
        }
        assert_eq!(refused(vec![item(1, Service::Decided)], Some(SERVER)), MenuError::Multicast(SERVER));
        let long = Item { kind: 1, text: "x".repeat(250), service: Service::Decided };
        assert_eq!(
            refused(vec![long], None).to_string(),
            "the boot menu does not fit into option 43, shorten its texts: PXE sub-options of 268 bytes are more than \
             the 255 of option 43"
        );
    }
}
