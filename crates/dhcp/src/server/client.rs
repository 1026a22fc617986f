//! [`ClientKey`]: who is asking.
//!
//! RFC 2131 §4.2 identifies a client by option 61 if it sends one. Netboot breaks that rule: firmware, iPXE and the
//! installed system of one machine send three different identifiers within a minute, and each would get its own
//! address. So the hardware address comes first, and option 61 only stands in where there is none (RFC 4390,
//! InfiniBand). Two clients that share a hardware address are one client, whatever identifiers they send.

use std::hash::{Hash, Hasher};

use super::lease::{ClientId, HostName, Lease};
use crate::{HardwareAddress, MessageRef, OptionCode};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ClientKey {
    Hardware(HardwareAddress),
    Id(ClientId),
}

impl ClientKey {
    pub(super) fn of_lease(lease: &Lease) -> Option<Self> {
        Self::new(lease.hardware_address, lease.client_id.as_ref())
    }

    pub(super) fn new(hardware: HardwareAddress, id: Option<&ClientId>) -> Option<Self> {
        if hardware.is_identifying() { Some(Self::Hardware(hardware)) } else { id.cloned().map(Self::Id) }
    }

    pub(super) const fn hardware(&self) -> Option<&HardwareAddress> {
        match self {
            Self::Hardware(hardware) => Some(hardware),
            Self::Id(_) => None,
        }
    }

    /// The same value in every run and on every machine (FNV-1a, finished so that all bits count). Whoever can choose
    /// hardware addresses can choose collisions; they cost him a few probes and nobody else anything.
    pub(super) fn stable_hash(&self) -> u64 {
        let bytes = match self {
            Self::Hardware(hardware) => hardware.as_bytes(),
            Self::Id(id) => id.as_bytes(),
        };
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for byte in bytes {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
        hash ^= hash >> 33;
        hash = hash.wrapping_mul(0xff51_afd7_ed55_8ccd);
        hash ^ (hash >> 33)
    }
}

impl Hash for ClientKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // As few bytes as tell keys apart: a hardware address and its type fill one word.
        match self {
            Self::Hardware(hardware) => {
                state.write(hardware.as_bytes());
                state.write_u8(hardware.htype());
            }
            Self::Id(id) => state.write(id.as_bytes()),
        }
    }
}

/// Option 61, unless it is empty.
pub(super) fn client_id(request: &MessageRef<'_>) -> Option<ClientId> {
    let id = request.get(OptionCode::CLIENT_IDENTIFIER)?;
    (!id.is_empty()).then(|| ClientId::new(&id))
}

/// Option 12, if it is something that can be shown: ROMs send NULs at its end, fuzzers everything.
pub(super) fn hostname(request: &MessageRef<'_>) -> Option<HostName> {
    let name = request.get(OptionCode::HOST_NAME)?;
    let end = name.iter().rposition(|byte| *byte != 0)?;
    let name = name.get(..=end)?;
    let printable = name.len() <= 255 && name.iter().all(u8::is_ascii_graphic);
    std::str::from_utf8(name).ok().filter(|_| printable).map(HostName::new)
}

/// Option 97 (RFC 4578 §2.3: type 0 and 16 bytes), in the order of its bytes.
pub(super) fn uuid(request: &MessageRef<'_>) -> Option<[u8; 16]> {
    match request.first(OptionCode::CLIENT_UUID)? {
        [0, uuid @ ..] => uuid.try_into().ok(),
        _ => None,
    }
}
