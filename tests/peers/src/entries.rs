//! Entries of a given length, each another and each signed by one of eight keys, as Muhr's load is.

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};

const KEYS: usize = 8;
pub const SIGNATURE: usize = 64;

/// An entry.
pub struct Entry {
    /// SHA-256 of the body.
    pub hash: [u8; 32],
    /// The statement and behind it the signature.
    pub bytes: Vec<u8>,
    key: VerifyingKey,
}

impl Entry {
    pub fn body(&self) -> &[u8] {
        &self.bytes[..self.bytes.len() - SIGNATURE]
    }

    pub fn signature(&self) -> &[u8] {
        &self.bytes[self.bytes.len() - SIGNATURE..]
    }

    /// Whether the signature holds, by the rule that Muhr's nodes have.
    pub fn check(&self) -> Result<(), String> {
        let signature =
            Signature::from_slice(self.signature()).map_err(|error| error.to_string())?;
        let checked = self.key.verify_strict(self.body(), &signature);
        checked.map_err(|error| error.to_string())
    }
}

/// Makes entries on all cores.
pub fn make(count: usize, bytes: usize) -> Vec<Entry> {
    let secrets: Vec<SigningKey> = (1..=KEYS)
        .map(|key| SigningKey::from_bytes(&[key as u8; 32]))
        .collect();
    let one = |number: usize| {
        let secret = &secrets[number % KEYS];
        // No two pages of a table may look alike to a server that compresses: the hash fills the body.
        let seed: [u8; 32] = Sha256::digest(number.to_be_bytes()).into();
        let mut body: Vec<u8> = seed
            .iter()
            .copied()
            .cycle()
            .take(bytes - SIGNATURE)
            .collect();
        body[..8].copy_from_slice(&number.to_be_bytes());
        let hash = Sha256::digest(&body).into();
        let signature = secret.sign(&body).to_bytes();
        body.extend_from_slice(&signature);
        Entry {
            hash,
            bytes: body,
            key: secret.verifying_key(),
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, |cores| cores.get());
    let share = count.div_ceil(threads);
    std::thread::scope(|scope| {
        let parts: Vec<_> = (0..threads)
            .map(|thread| {
                let one = &one;
                let range = thread * share..count.min((thread + 1) * share);
                scope.spawn(move || range.map(one).collect::<Vec<_>>())
            })
            .collect();
        parts
            .into_iter()
            .flat_map(|part| part.join().unwrap())
            .collect()
    })
}
