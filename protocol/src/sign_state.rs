//! The outer form of the two files that hold what a validator has signed: slots, and whose the file is.
//!
//! A file is two generations of two copies each, then a tail area. Each value begins with a line that
//! names the network and the key whose words it remembers, so that the file of another key is never
//! taken for this one's. A new key's files are written blank, once, by whoever makes the key; so a file
//! that is not there was lost. Not here: what the body of a value says (the node), and the disk.

use crate::{
    hash::{ChainId, sha256},
    key::PublicKey,
};

/// Bytes of one slot.
pub const SLOT_BYTES: usize = 16 * 1024;
/// Bytes in front of a slot's value: generation, length, checksum.
pub const SLOT_HEADER_BYTES: usize = 8 + 4 + 32;
/// The most bytes of one value, its owner's line included.
pub const VALUE_BYTES_MAX: usize = SLOT_BYTES - SLOT_HEADER_BYTES;
/// Start of the tail area, in bytes; a file is never shorter.
pub const TAIL_AT: usize = 4 * SLOT_BYTES;

/// Name of the safety record: what the vote key has said. Each key has a file of its own ([`file_of`]).
pub const SAFETY_FILE: &str = "safety";
/// Name of the cosign state: what the cosign key has said.
pub const COSIGN_FILE: &str = "cosign-state";

/// Bytes of a key that stand in the name of its file, in hex. Few keys lie in one folder, and each file
/// names its whole key inside.
const NAME_KEY_BYTES: usize = 4;

/// Name of a key's own file of this kind: `safety-1f2e3d4c`.
#[must_use]
pub fn file_of(kind: &str, key: &PublicKey) -> String {
    let first = key.as_bytes().iter().take(NAME_KEY_BYTES);
    let hex: String = first.map(|byte| format!("{byte:02x}")).collect();
    format!("{kind}-{hex}")
}

/// Names and bytes of the files that a new pair of keys needs: what nothing was signed with yet. To be
/// written once, by whoever makes the keys: where one is missing later, it was lost.
#[must_use]
pub fn blank_files(chain: ChainId, vote: &PublicKey, cosign: &PublicKey) -> [(String, Vec<u8>); 2] {
    [(SAFETY_FILE, *vote), (COSIGN_FILE, *cosign)].map(|(kind, key)| {
        let owner = Owner { chain, key };
        (file_of(kind, &key), owner.blank_file())
    })
}

const OWNER: &str = "muhr-sign-state/v1";

/// The owner of a safety record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The network.
    pub chain: ChainId,
    /// The public half of the key.
    pub key: PublicKey,
}

impl Owner {
    /// The value that says `body` of this key: the owner's line, then the body.
    #[must_use]
    pub fn value(&self, body: &[u8]) -> Vec<u8> {
        let mut value = format!("{OWNER} {} {}\n", self.chain, self.key).into_bytes();
        value.extend_from_slice(body);
        value
    }

    /// Takes a value apart: whose it is, and the body. `None` if it has no owner's line.
    #[must_use]
    pub fn of_value(value: &[u8]) -> Option<(Self, &[u8])> {
        let end = value.iter().position(|byte| *byte == b'\n')?;
        let (line, body) = value.split_at_checked(end)?;
        let line = std::str::from_utf8(line).ok()?;
        let words: Vec<&str> = line.split(' ').collect();
        let [OWNER, chain, key] = words.as_slice() else {
            return None;
        };
        let owner = Self {
            chain: ChainId::from_base64(chain)?,
            key: PublicKey::from_base64(key).ok()?,
        };
        Some((owner, body.get(1..)?))
    }

    /// A whole file for a key that has signed nothing yet.
    #[must_use]
    pub fn blank_file(&self) -> Vec<u8> {
        let slot = slot(1, &self.value(b""));
        let mut file = vec![0; TAIL_AT];
        // Generation 1 stands in the odd pair.
        for copy in [2, 3] {
            let from = SLOT_BYTES.saturating_mul(copy);
            if let Some(place) = file.get_mut(from..from.saturating_add(slot.len())) {
                place.copy_from_slice(&slot);
            }
        }
        file
    }
}

/// One slot with a value: generation, length, checksum over all but itself, value.
#[must_use]
pub fn slot(generation: u64, value: &[u8]) -> Vec<u8> {
    let mut slot = Vec::with_capacity(SLOT_HEADER_BYTES.saturating_add(value.len()));
    slot.extend_from_slice(&generation.to_be_bytes());
    slot.extend_from_slice(&u32::try_from(value.len()).unwrap_or(u32::MAX).to_be_bytes());
    let check = sha256(&[&slot, value]);
    slot.extend_from_slice(&check);
    slot.extend_from_slice(value);
    slot
}

/// Generation and value of a slot, if its checksum holds.
#[must_use]
pub fn read_slot(slot: &[u8]) -> Option<(u64, Vec<u8>)> {
    let (header, rest) = slot.split_at_checked(12)?;
    let (check, rest) = rest.split_at_checked(32)?;
    let generation = u64::from_be_bytes(header.get(..8)?.try_into().ok()?);
    let length = u32::from_be_bytes(header.get(8..)?.try_into().ok()?);
    let value = rest.get(..usize::try_from(length).ok()?)?;
    (sha256(&[header, value]) == *check && generation > 0).then(|| (generation, value.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::SecretKey;

    #[test]
    fn a_blank_file_names_its_key_and_says_nothing() {
        let owner = Owner {
            chain: ChainId::new([3; 32]),
            key: SecretKey::from_seed(&[4; 32]).public(),
        };
        let file = owner.blank_file();
        assert_eq!(file.len(), TAIL_AT);
        for copy in [2, 3] {
            let (generation, value) = read_slot(&file[copy * SLOT_BYTES..]).unwrap();
            assert_eq!(generation, 1);
            assert_eq!(Owner::of_value(&value), Some((owner, &b""[..])));
        }
        assert!(read_slot(&file).is_none());
    }

    #[test]
    fn each_key_has_a_blank_file_of_its_own_name() {
        let chain = ChainId::new([3; 32]);
        let (vote, cosign) = (
            SecretKey::from_seed(&[4; 32]),
            SecretKey::from_seed(&[5; 32]),
        );
        let (vote, cosign) = (vote.public(), cosign.public());
        let [safety, register] = blank_files(chain, &vote, &cosign);
        let hex = |key: &PublicKey| u32::from_be_bytes(key.as_bytes()[..4].try_into().unwrap());
        assert_eq!(safety.0, format!("safety-{:08x}", hex(&vote)));
        assert_eq!(register.0, format!("cosign-state-{:08x}", hex(&cosign)));
        for (file, key) in [(safety.1, vote), (register.1, cosign)] {
            let (_, value) = read_slot(&file[2 * SLOT_BYTES..]).unwrap();
            let owner = Owner { chain, key };
            assert_eq!(Owner::of_value(&value), Some((owner, &b""[..])));
        }
    }

    #[test]
    fn what_has_no_owner_is_nobodys() {
        let other: [&[u8]; 4] = [b"", b"\n", b"muhr-sign-state/v1 x y\n", b"\x01\0\0\0"];
        for value in other {
            assert_eq!(Owner::of_value(value), None);
        }
    }
}
