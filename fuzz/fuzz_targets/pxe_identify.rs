//! Any options give a client or none, any client an answer or a reason, any path a meaning, any text a script.
#![no_main]

use std::borrow::Cow;
use std::net::Ipv4Addr;

use firstlight_pxe::{BootScript, Client, Loader, Policy, Purpose, RequestedPath, Role, decide, emit_vendor_options, render, vendor_options};
use libfuzzer_sys::fuzz_target;

/// Code, length, value, and again: what does not fit is left.
fn options(mut data: &[u8]) -> Vec<(u8, &[u8])> {
    let mut options = Vec::new();
    while let [code, len, tail @ ..] = data {
        let Some((value, rest)) = tail.split_at_checked(usize::from(*len)) else { break };
        options.push((*code, value));
        data = rest;
    }
    options
}

fuzz_target!(|data: &[u8]| {
    let options = options(data);
    let option = |code| options.iter().find(|(other, _)| *other == code).map(|(_, value)| Cow::Borrowed(*value));
    if let Some(client) = Client::identify(option) {
        assert!(!client.explanation.to_string().is_empty());
        let policy = Policy { server: Ipv4Addr::new(192, 0, 2, 1), http_port: 80 };
        for role in [Role::Dhcp, Role::ProxyOffer, Role::BootServer] {
            let Ok(answer) = decide(&client, role, &policy) else { continue };
            assert!(answer.file.len() < 128);
            assert!(answer.options.iter().all(|(_, value)| value.len() < 256));
        }
    }
    let read: Vec<_> = vendor_options(data).flatten().collect();
    if let Ok(bytes) = emit_vendor_options(&read) {
        assert!(vendor_options(&bytes).map(Result::unwrap).eq(read));
    }
    let text = String::from_utf8_lossy(data);
    if let RequestedPath::Image(path) = RequestedPath::parse(&text) {
        assert!(!path.split('/').any(|part| matches!(part, "" | "." | "..")));
    }
    let script = |text: &str| BootScript {
        server: Ipv4Addr::new(192, 0, 2, 1),
        http_port: 80,
        machine: Some(text.to_owned()),
        purpose: Purpose::Kernel { kernel: text.to_owned(), initrd: text.to_owned(), command_line: text.to_owned() },
    };
    for loader in [Loader::Ipxe, Loader::Grub, Loader::Pxelinux] {
        let lines = |text| render(loader, &script(text)).matches('\n').count();
        assert_eq!(lines(&text), lines("x"));
    }
});
