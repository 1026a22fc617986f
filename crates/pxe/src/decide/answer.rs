//! The boot part of a reply, and what every one of them has.

use std::net::Ipv4Addr;
use std::time::Duration;

use super::{Policy, Quirks};
use crate::{BootFile, Client, Explanation, VendorOption, emit_vendor_options};

/// The boot part of a DHCP OFFER or ACK.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answer {
    /// The header's `siaddr`.
    pub siaddr: Ipv4Addr,
    /// The header's `sname`: the same address in text.
    pub sname: String,
    /// The header's `file` field; shorter than 128 bytes, without the closing NUL.
    pub file: String,
    /// Options to add as they are, in this order: each code at most once.
    pub options: Vec<(u8, Vec<u8>)>,
    /// The boot file that the answer names; `None` if it names iPXE's script, or a file of the operator's.
    pub boot_file: Option<BootFile>,
    /// How long to hold the answer back: no time at all, but for the firmware that misses an answer that is too quick.
    pub delay: Duration,
    /// Why this answer; why it is this client, the client says.
    pub explanation: Explanation,
}

/// Fills both the header and the options: U-Boot and shim read only the header, some ROMs only the options.
pub(crate) fn name_file(
    client: &Client,
    policy: &Policy,
    quirks: &Quirks,
    file: &str,
    boot_file: Option<BootFile>,
    why: &'static str,
) -> Answer {
    let is_terminated = quirks.terminated.unwrap_or(true);
    let server = policy.server.to_string();
    let mut explanation = Explanation::default();
    explanation.push(why);
    // Room for what the roles add.
    let mut options = Vec::with_capacity(8);
    options.push((66, text(&server, is_terminated)));
    if !file.is_empty() {
        options.push((67, text(file, is_terminated)));
    }
    options.extend(echo(client));
    Answer {
        siaddr: policy.server,
        sname: server,
        file: file.to_owned(),
        options,
        boot_file,
        delay: quirks.delay.unwrap_or_default(),
        explanation,
    }
}

/// PXE 2.1 §2.2.3 wants its identifier back, as it came; of old ROMs that may be nothing.
fn echo(client: &Client) -> Option<(u8, Vec<u8>)> {
    let id = client.machine_id.as_ref().filter(|id| id.len() <= 17)?;
    Some((97, id.clone()))
}

/// EDK2 writes a NUL one byte past an option 67 that does not end with one, and old ROMs read on to the next NUL.
fn text(text: &str, is_terminated: bool) -> Vec<u8> {
    let mut value = Vec::with_capacity(text.len() + 1);
    value.extend_from_slice(text.as_bytes());
    if is_terminated {
        value.push(0);
    }
    value
}

/// Lists of fixed size: they always fit.
pub(super) fn sub_options(options: &[VendorOption<'_>]) -> Vec<u8> {
    emit_vendor_options(options).unwrap_or_default()
}
