//! Whatever is offered, the oracle names a boot or a reason; and a boot has an address and a file.
#![no_main]

use std::net::Ipv4Addr;

use firstlight_pxe::oracle::{Offer, Rom, would_boot};
use libfuzzer_sys::fuzz_target;

/// Flags, then options (code, length, value) up to a code of 0.
fn offers(mut data: &[u8]) -> Vec<Offer> {
    let mut offers = Vec::new();
    while let [flags, tail @ ..] = data {
        data = tail;
        let mut options = Vec::new();
        while let [code @ 1..=255, len, tail @ ..] = data {
            let (value, rest) = tail.split_at(usize::from(*len).min(tail.len()));
            options.push((*code, value.to_vec()));
            data = rest;
        }
        data = data.split_first().map_or(&[], |(_, rest)| rest);
        let address = |bit: u8, last: u8| {
            if flags & bit == 0 { Ipv4Addr::UNSPECIFIED } else { Ipv4Addr::new(192, 0, 2, last) }
        };
        let file = if flags & 4 == 0 { Vec::new() } else { b"file".to_vec() };
        offers.push(Offer { yiaddr: address(1, 100), siaddr: address(2, 1), file, options });
    }
    offers
}

fuzz_target!(|data: &[u8]| {
    let offers = offers(data);
    for rom in [Rom::Edk2Pxe, Rom::Edk2PxeOld, Rom::Edk2Http, Rom::Ipxe, Rom::Legacy] {
        for reply in [None, offers.last().cloned()] {
            match would_boot(rom, &offers, |_| reply.clone()) {
                Ok(boot) => assert!(!boot.file.is_empty() && !boot.address.is_unspecified()),
                Err(why) => assert!(!why.to_string().is_empty()),
            }
        }
    }
});
