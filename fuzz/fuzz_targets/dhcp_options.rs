//! The bytes of one option: a code, then its value. It has its format and is emitted as it came, or the error names it.
#![no_main]

use firstlight_dhcp::{OptionCode, OptionValue};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((&code, value)) = bytes.split_first() else { return };
    let code = OptionCode(code);
    match OptionValue::parse(code, value) {
        Ok(option) => {
            let _ = format!("{option} {option:#} {option:?}");
            let mut emitted = Vec::new();
            option.emit(&mut emitted);
            assert_eq!(emitted, value);
        }
        Err(error) => {
            assert_eq!(error.code(), code);
            let _ = error.to_string();
        }
    }
});
