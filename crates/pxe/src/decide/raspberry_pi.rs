//! What a Raspberry Pi's own loaders are answered.

use std::time::Duration;

use super::answer::{Answer, name_file, sub_options};
use super::{Policy, Quirks};
use crate::{Client, DiscoveryControl, MenuItem, VendorOption};

/// How long they are made to wait: some firmware starts over, for ever, if the answer comes sooner (which is what
/// dnsmasq's `dhcp-reply-delay` is for).
const DELAY: Duration = Duration::from_secs(2);

/// It looks for its name in the menu, and asks the server for files of its own; a boot file means nothing to it.
pub(super) fn answer(client: &Client, policy: &Policy, quirks: &Quirks) -> Answer {
    // Without the NUL: it takes all of option 66 for the address.
    let unterminated = Quirks { terminated: Some(quirks.terminated.unwrap_or(false)), ..Quirks::default() };
    let mut answer = name_file(client, policy, &unterminated, "", None, "Raspberry Pi: the server, it knows its files");
    answer.options.push((60, b"PXEClient".to_vec()));
    let no_discovery = DiscoveryControl(DiscoveryControl::NO_BROADCAST.0 | DiscoveryControl::NO_MULTICAST.0);
    let list = [
        VendorOption::DiscoveryControl(no_discovery),
        VendorOption::MenuPrompt { timeout: 0, text: b"PXE" },
        VendorOption::BootMenu(vec![MenuItem { kind: 0, text: b"Raspberry Pi Boot" }]),
    ];
    answer.options.push((43, sub_options(&list)));
    answer.delay = quirks.delay.unwrap_or(DELAY);
    answer
}
