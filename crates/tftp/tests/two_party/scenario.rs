//! What one run is made of: the parameters, all from one seed, and the dice.

use bytes::Bytes;
use firstlight_tftp::{Mode, Proposal};

/// One run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scenario {
    pub(crate) seed: u64,
    pub(crate) put: bool,
    pub(crate) mode: Mode,
    pub(crate) size: usize,
    pub(crate) block: u16,
    pub(crate) window: u16,
    /// Whether options are asked for at all; if not, blocks are of 512 bytes and the window is 1.
    pub(crate) options: bool,
    /// Chances in 1000.
    pub(crate) loss: u64,
    pub(crate) duplicate: u64,
    pub(crate) replay: u64,
    pub(crate) early: u64,
    pub(crate) slow_file: u64,
    /// Packets that the receiver's socket holds, and the microseconds that it takes to handle one.
    pub(crate) buffer: usize,
    pub(crate) service: u64,
}

impl Scenario {
    pub(crate) fn of_seed(seed: u64) -> Self {
        let mut dice = Dice(seed ^ 0xF1F1);
        let mut pick = |from: &[u16]| from[usize::try_from(dice.roll(from.len() as u64)).unwrap()];
        let (block, window) = (pick(&[8, 9, 64]), pick(&[1, 1, 2, 3, 4, 16, 64]));
        let (buffer, chaos) = (pick(&[2, 8, 1000, 1000]), pick(&[0, 1, 1]));
        let options = pick(&[0, 1, 1, 1, 1, 1]) == 1;
        let block_len = if options { usize::from(block) } else { 512 };
        let mut chances = |most| if chaos == 0 { 0 } else { dice.roll(most) };
        let (loss, duplicate, replay) = (chances(200), chances(200), chances(100));
        let (early, slow_file) = (chances(500), chances(300));
        Self {
            seed,
            put: dice.chance(500),
            mode: if dice.chance(200) { Mode::Netascii } else { Mode::Octet },
            size: usize::try_from(dice.roll(if options { 40 } else { 5 })).unwrap() * block_len
                + usize::try_from(dice.roll(3)).unwrap(),
            block,
            window,
            options,
            loss,
            duplicate,
            replay,
            early,
            slow_file,
            buffer: usize::from(buffer),
            service: 10 + dice.roll(200),
        }
    }

    pub(crate) fn file(&self) -> Bytes {
        let mut dice = Dice(self.seed);
        // Netascii is about line ends, so they are frequent.
        let byte = |dice: &mut Dice| match (self.mode, dice.roll(4)) {
            (Mode::Netascii, 0) => b"\r\n\0x"[usize::try_from(dice.roll(4)).unwrap()],
            _ => dice.roll(256).to_le_bytes()[0],
        };
        (0..self.size).map(|_| byte(&mut dice)).collect()
    }
}

/// `splitmix64`: small, and the same everywhere.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % sides.max(1)
    }

    pub(crate) fn chance(&mut self, in_1000: u64) -> bool {
        in_1000 > 0 && self.roll(1000) < in_1000
    }
}

/// A sender may or may not know how long the file is.
pub(crate) fn size_told(s: &Scenario) -> Option<u64> {
    (!s.seed.is_multiple_of(3)).then_some(s.size as u64)
}

pub(crate) fn proposal(s: &Scenario) -> Proposal {
    if s.options {
        Proposal { block_size: Some(s.block), window_size: Some(s.window), ..Proposal::default() }
    } else {
        Proposal::default()
    }
}
