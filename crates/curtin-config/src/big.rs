//! Integers beyond 128 bits, as decimal digits: Python's have no end.

/// As many decimal digits as Python writes for an integer; what is longer stops curtin where it writes its configuration.
pub(crate) const MAX_DIGITS: usize = 4300;

/// A number in the making: groups of nine digits, the smallest first.
#[derive(Default)]
pub(crate) struct Big(Vec<u64>);

const GROUP: u64 = 1_000_000_000;

impl Big {
    /// The number in `base` to which these digits belong, unless it is too long.
    pub(crate) fn from_digits(digits: &str, base: u32) -> Option<Self> {
        let mut big = Self::default();
        // As many digits at once as a group holds.
        let (mut scale, mut part) = (1, 0);
        for digit in digits.chars() {
            (scale, part) = (scale * u64::from(base), part * u64::from(base) + u64::from(digit.to_digit(base)?));
            if scale > GROUP / u64::from(base) {
                big.push(scale, part)?;
                (scale, part) = (1, 0);
            }
        }
        big.push(scale, part)?;
        Some(big)
    }

    /// Makes it `base` times as large, and adds a digit. A base is no larger than a group.
    pub(crate) fn push(&mut self, base: u64, digit: u64) -> Option<()> {
        let mut carry = digit;
        for group in &mut self.0 {
            let sum = *group * base + carry;
            *group = sum % GROUP;
            carry = sum / GROUP;
        }
        if carry > 0 {
            self.0.push(carry);
        }
        (self.0.len() <= MAX_DIGITS / 9 + 1).then_some(())
    }

    /// Its digits, unless it is too long.
    pub(crate) fn text(&self, negative: bool) -> Option<String> {
        let mut groups = self.0.iter().rev();
        let mut text = groups.next().map_or_else(|| "0".to_owned(), u64::to_string);
        for group in groups {
            text.push_str(&format!("{group:09}"));
        }
        (text.len() <= MAX_DIGITS).then(|| if negative { format!("-{text}") } else { text })
    }
}
