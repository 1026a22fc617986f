//! `SipHash`-2-4 with a key that the caller gives: the tables stay fast even if somebody chooses clients that are to
//! collide, and the server draws no entropy.
//!
//! Aumasson and Bernstein, "`SipHash`: a fast short-input PRF" (2012).

use std::{
    collections::HashMap,
    hash::{BuildHasher, Hasher},
};

/// A hash table without entropy of its own. Nothing may depend on the order of its entries.
pub(super) type Table<K, V> = HashMap<K, V, Key>;

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Key(u64, u64);

impl Key {
    pub(super) const fn new(seed: [u8; 16]) -> Self {
        // The halves, little endian.
        let whole = u128::from_le_bytes(seed);
        Self(whole as u64, (whole >> 64) as u64)
    }
}

impl BuildHasher for Key {
    type Hasher = SipHasher;

    fn build_hasher(&self) -> SipHasher {
        let Self(k0, k1) = *self;
        let v = [0x736f_6d65_7073_6575, 0x646f_7261_6e64_6f6d, 0x6c79_6765_6e65_7261, 0x7465_6462_7974_6573];
        let [v0, v1, v2, v3] = v;
        SipHasher { v: [v0 ^ k0, v1 ^ k1, v2 ^ k0, v3 ^ k1], tail: 0, len: 0 }
    }
}

#[derive(Clone, Copy)]
pub(super) struct SipHasher {
    v: [u64; 4],
    /// Up to seven bytes that do not fill a word yet.
    tail: u64,
    len: u64,
}

impl SipHasher {
    const fn rounds(&mut self, count: u8) {
        let [mut v0, mut v1, mut v2, mut v3] = self.v;
        let mut round = 0;
        while round < count {
            v0 = v0.wrapping_add(v1);
            v2 = v2.wrapping_add(v3);
            v1 = v1.rotate_left(13) ^ v0;
            v3 = v3.rotate_left(16) ^ v2;
            v0 = v0.rotate_left(32).wrapping_add(v3);
            v2 = v2.wrapping_add(v1);
            v1 = v1.rotate_left(17) ^ v2;
            v3 = v3.rotate_left(21) ^ v0;
            v2 = v2.rotate_left(32);
            round += 1;
        }
        self.v = [v0, v1, v2, v3];
    }

    const fn absorb(&mut self, word: u64) {
        self.v[3] ^= word;
        self.rounds(2);
        self.v[0] ^= word;
    }
}

impl Hasher for SipHasher {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.tail |= u64::from(*byte) << (8 * (self.len % 8));
            self.len += 1;
            if self.len.is_multiple_of(8) {
                self.absorb(self.tail);
                self.tail = 0;
            }
        }
    }

    fn finish(&self) -> u64 {
        let mut last = *self;
        last.absorb(self.tail | self.len << 56);
        last.v[2] ^= 0xff;
        last.rounds(4);
        let [v0, v1, v2, v3] = last.v;
        v0 ^ v1 ^ v2 ^ v3
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vectors of the reference implementation: key 00 01 .. 0f, input 00 01 .. of the given length. The one of 15
    /// bytes is also in the paper's appendix.
    #[test]
    fn published_vectors() {
        let input: Vec<u8> = (0..64).collect();
        let key = Key::new(std::array::from_fn(|byte| byte as u8));
        for (len, expect) in [
            (0, 0x726f_db47_dd0e_0e31),
            (1, 0x74f8_39c5_93dc_67fd),
            (7, 0xab02_00f5_8b01_d137),
            (8, 0x93f5_f579_9a93_2462),
            (15, 0xa129_ca61_49be_45e5),
            (63, 0x958a_324c_eb06_4572),
        ] {
            let mut hasher = key.build_hasher();
            hasher.write(&input[..len]);
            assert_eq!(hasher.finish(), expect, "{len} bytes");
            let mut hasher = key.build_hasher();
            input[..len].chunks(3).for_each(|piece| hasher.write(piece));
            assert_eq!(hasher.finish(), expect, "{len} bytes in pieces");
        }
    }
}
