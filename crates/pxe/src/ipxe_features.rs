//! Option 175 of iPXE: an encapsulated list that says, among other things, which features the binary was built with.
//!
//! Sub-options 16 to 63 are feature indicators, one byte each, non-zero for present.

/// The features that an iPXE binary declares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct IpxeFeatures(u64);

impl IpxeFeatures {
    /// The sub-option for HTTP.
    pub const HTTP: u8 = 19;
    /// The sub-option for TFTP.
    pub const TFTP: u8 = 21;
    /// The sub-option for the Linux kernel format `bzImage`.
    pub const BZIMAGE: u8 = 24;
    /// The sub-option for EFI images.
    pub const EFI: u8 = 36;

    /// Parses the value of option 175. What is cut off or not a feature is passed over.
    ///
    /// ```
    /// use firstlight_pxe::IpxeFeatures;
    /// let features = IpxeFeatures::parse(&[19, 1, 1, 21, 1, 0]);
    /// assert!(features.has(IpxeFeatures::HTTP));
    /// assert!(!features.has(IpxeFeatures::TFTP));
    /// ```
    #[must_use]
    pub fn parse(value: &[u8]) -> Self {
        let mut features = 0_u64;
        let mut rest = value;
        loop {
            rest = match rest {
                [0, tail @ ..] => tail,
                [255, ..] | [] | [_] => return Self(features),
                [code, len, tail @ ..] => {
                    let Some((data, tail)) = tail.split_at_checked(usize::from(*len)) else {
                        return Self(features);
                    };
                    if *code < 64 && data.iter().any(|&byte| byte != 0) {
                        features |= 1 << code;
                    }
                    tail
                }
            };
        }
    }

    /// True if the feature with this sub-option code is declared.
    #[must_use]
    pub const fn has(self, feature: u8) -> bool {
        feature < 64 && self.0 >> feature & 1 == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cut_off_lists_keep_what_came_before() {
        let features = IpxeFeatures::parse(&[0, 36, 1, 1, 177, 2, 9, 9, 19, 4, 1]);
        assert!(features.has(IpxeFeatures::EFI));
        assert!(!features.has(IpxeFeatures::HTTP));
        assert!(!features.has(177));
        assert_eq!(IpxeFeatures::parse(&[255, 19, 1, 1]), IpxeFeatures::default());
    }
}
