//! Any value of option 43 is read to its end; what was read can be written and read again; and a client that follows it
//! looks for its boot server a bounded number of times.
#![no_main]

use std::time::Duration;

use firstlight_pxe::discovery::{Choice, Discovery, Instructions};
use firstlight_pxe::{BootItem, emit_vendor_options, vendor_options};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|value: &[u8]| {
    for error in vendor_options(value).filter_map(Result::err) {
        assert!(!error.to_string().is_empty());
    }
    let read: Vec<_> = vendor_options(value).flatten().collect();
    if let Ok(bytes) = emit_vendor_options(&read) {
        assert!(bytes.len() <= 255);
        assert!(vendor_options(&bytes).map(Result::unwrap).eq(read));
    }
    let instructions = Instructions::parse(value);
    let Choice::Discover { kind, .. } = instructions.choice() else { return };
    let mut discovery = Discovery::new(Duration::ZERO, &instructions, BootItem { kind, layer: 0 });
    let mut tries = 0;
    while let Some(deadline) = discovery.poll_timeout() {
        assert!(discovery.poll_transmit().is_some());
        discovery.handle_timeout(deadline);
        tries += 1;
    }
    // An address takes four bytes of the list, and is asked four times; a group and a broadcast come on top.
    assert!(tries <= value.len() + 8);
    assert!(discovery.outcome().unwrap().is_err());
});
