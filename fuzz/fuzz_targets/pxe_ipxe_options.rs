//! Any value of option 175 is read to its end, and shown.
#![no_main]

use firstlight_pxe::{IpxeFeatures, ipxe_option_name, ipxe_options};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|value: &[u8]| {
    let mut len = 0;
    for (tag, value) in ipxe_options(value) {
        assert!(tag != 0 && tag != 255);
        let _ = ipxe_option_name(tag);
        len += 2 + value.len();
    }
    assert!(len <= value.len());
    let features = IpxeFeatures::parse(value);
    assert!(features.features().all(|feature| features.has(feature)));
    assert!(features.to_string().starts_with("iPXE"));
});
