//! [`Short`]: bytes that are mostly few, kept where they are named. A server has two of them in each lease, and a million
//! leases: what lies elsewhere costs an allocation to make, and a miss of the cache to look at or to drop.

use std::{
    cmp::Ordering,
    hash::{Hash, Hasher},
};

/// A client identifier of RFC 4361 with a DUID of a link-layer address and time has 19 bytes.
const INLINE: usize = 22;

#[derive(Clone)]
pub(super) enum Short {
    Inline { len: u8, bytes: [u8; INLINE] },
    Boxed(Box<[u8]>),
}

impl Short {
    pub(super) fn new(value: &[u8]) -> Self {
        let mut bytes = [0; INLINE];
        match (bytes.get_mut(..value.len()), u8::try_from(value.len())) {
            (Some(room), Ok(len)) => {
                room.copy_from_slice(value);
                Self::Inline { len, bytes }
            }
            _ => Self::Boxed(value.into()),
        }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Inline { len, bytes } => bytes.get(..usize::from(*len)).unwrap_or_default(),
            Self::Boxed(bytes) => bytes,
        }
    }
}

impl PartialEq for Short {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for Short {}

impl PartialOrd for Short {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Short {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_bytes().cmp(other.as_bytes())
    }
}

impl Hash for Short {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_is_kept_and_no_room_is_wasted() {
        for len in (0..=INLINE + 2).chain([255, 300]) {
            let value: Vec<u8> = (0..len).map(|at| at as u8).collect();
            assert_eq!(Short::new(&value).as_bytes(), value);
            assert_eq!(matches!(Short::new(&value), Short::Inline { .. }), len <= INLINE);
        }
        assert_eq!(size_of::<Option<Short>>(), size_of::<Option<Vec<u8>>>());
    }
}
