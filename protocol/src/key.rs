//! Keys and signatures: Ed25519 under one rule.
//!
//! The rule is RFC 8032 without cofactor and with the extra refusals of `verify_strict`: it accepts
//! a subset of what OpenSSL, Go and WebCrypto accept, so nobody else refuses what a node took. [`verify`]
//! says it of one signature, and [`group`] of many, with the same verdict for each. Batch verification
//! accepts another set and is never used: it would let one crafted signature split the chain.

pub mod group;

use ed25519_dalek::{Signer, SigningKey, VerifyingKey};
use thiserror::Error;

use crate::{hash::sha256, text};

/// Why bytes are no key that we would let act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum KeyError {
    /// Not 32 bytes of canonical base64.
    #[error("a public key is 32 bytes in canonical base64")]
    Encoding,
    /// Not a point of the curve, or not its one canonical encoding.
    #[error("these 32 bytes are not the canonical encoding of an Ed25519 point")]
    NotAPoint,
    /// In the small subgroup, or with a part in it: such keys verify crafted signatures.
    #[error("the key is not of prime order")]
    NotPrimeOrder,
    /// The proof of possession does not hold.
    #[error("the proof that the key is held does not verify")]
    NotHeld,
}

/// The signature does not verify under the key, or breaks the strict rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the signature does not verify")]
pub struct BadSignature;

/// An Ed25519 public key: a canonical point of the curve, already decompressed.
#[derive(Clone, Copy)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// Takes 32 bytes if they are the canonical encoding of a point.
    ///
    /// # Errors
    ///
    /// [`KeyError::NotAPoint`] for bytes that are not the canonical encoding of a point.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, KeyError> {
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| KeyError::NotAPoint)?;
        if key.to_edwards().compress().as_bytes() != bytes {
            return Err(KeyError::NotAPoint);
        }
        Ok(Self(key))
    }

    /// Reads canonical base64.
    ///
    /// # Errors
    ///
    /// As [`PublicKey::from_bytes`], and for a text that is not the base64 of 32 bytes.
    pub fn from_base64(text: &str) -> Result<Self, KeyError> {
        Self::from_bytes(&text::base64_array(text).ok_or(KeyError::Encoding)?)
    }

    /// The 32 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// Returns whether the point is of prime order: none of the few in the small subgroup, and without a part in it.
    #[must_use]
    pub fn is_of_prime_order(&self) -> bool {
        self.0.to_edwards().is_torsion_free() && !self.0.is_weak()
    }

    /// Checks that the key may be registered for `purpose` of `holder`: of prime order, and shown to be
    /// held by a signature over the possession message.
    ///
    /// # Errors
    ///
    /// [`KeyError`] for a point that is not of prime order, and for a proof that does not hold.
    pub fn check_registrable(
        &self,
        claim: &Possession<'_>,
        proof: &Signature,
    ) -> Result<(), KeyError> {
        if !self.is_of_prime_order() {
            return Err(KeyError::NotPrimeOrder);
        }
        verify(self, &claim.message(self), proof).map_err(|BadSignature| KeyError::NotHeld)
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}
impl Eq for PublicKey {}
impl PartialOrd for PublicKey {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for PublicKey {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.as_bytes().cmp(other.as_bytes())
    }
}
impl std::fmt::Display for PublicKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&text::base64(self.as_bytes()))
    }
}
impl std::fmt::Debug for PublicKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "PublicKey({self})")
    }
}

/// The message of a proof of possession: this key serves this purpose of this holder in this network.
#[derive(Clone, Copy, Debug)]
pub struct Possession<'a> {
    /// Origin of the network.
    pub origin: &'a str,
    /// Agency or clerk that the key acts for.
    pub holder: &'a str,
    /// `peer`, `vote`, `cosign`, `admin`, `recovery`, `clerk` or `publisher`.
    pub purpose: &'a str,
}

impl Possession<'_> {
    /// The signed bytes.
    #[must_use]
    pub fn message(&self, key: &PublicKey) -> Vec<u8> {
        format!(
            "muhr-possession/v1\norigin {}\nholder {}\npurpose {}\nkey ed25519 {key}\n",
            self.origin, self.holder, self.purpose
        )
        .into_bytes()
    }
}

/// An Ed25519 signature as it came; only [`verify`] says whether it holds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature([u8; 64]);

impl Signature {
    /// Takes the 64 bytes as they are.
    #[must_use]
    pub const fn new(bytes: [u8; 64]) -> Self {
        Self(bytes)
    }

    /// The 64 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 64] {
        &self.0
    }

    /// The two halves: the encoding of a point, and a scalar.
    fn halves(&self) -> (&[u8; 32], &[u8; 32]) {
        const NONE: (&[u8; 32], &[u8; 32]) = (&[0; 32], &[0; 32]);
        let (r, s) = self.0.split_at(32);
        match (r.first_chunk(), s.first_chunk()) {
            (Some(r), Some(s)) => (r, s),
            // Sixty-four bytes have two halves.
            _ => NONE,
        }
    }

    /// Reads canonical base64 of exactly 64 bytes.
    pub fn from_base64(text: &str) -> Option<Self> {
        text::base64_array(text).map(Self)
    }
}

impl std::fmt::Display for Signature {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&text::base64(&self.0))
    }
}
impl std::fmt::Debug for Signature {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [a, b, c, d, ..] = self.0;
        write!(out, "Signature({a:02x}{b:02x}{c:02x}{d:02x})")
    }
}

/// Checks one signature. What [`group`] says of many is what this says of each.
///
/// # Errors
///
/// [`BadSignature`] for every signature that RFC 8032, read strictly (`verify_strict`), does not accept.
pub fn verify(key: &PublicKey, message: &[u8], signature: &Signature) -> Result<(), BadSignature> {
    let signature = ed25519_dalek::Signature::from_bytes(signature.as_bytes());
    #[cfg(feature = "planted")]
    if let Some(checked) = crate::planted::lax_verify(&key.0, message, &signature) {
        return checked.map_err(|_| BadSignature);
    }
    let checked = key.0.verify_strict(message, &signature);
    checked.map_err(|_| BadSignature)
}

/// A secret key. It is wiped from memory when dropped and never printed.
#[derive(Clone)]
pub struct SecretKey(SigningKey);

impl SecretKey {
    /// Takes a 32-byte seed.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// The seed, for writing a key file.
    #[must_use]
    pub fn seed(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    /// Signs `message`. Whoever calls this has already put domain and network into it.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Signature {
        Signature(self.0.sign(message).to_bytes())
    }
}

impl std::fmt::Debug for SecretKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "SecretKey(of {})", self.public())
    }
}

/// The four bytes by which signed notes name a key: the start of SHA-256 over name, LF, algorithm, key.
#[must_use]
pub fn note_key_id(name: &str, algorithm: u8, key: &[u8]) -> [u8; 4] {
    let [a, b, c, d, ..] = sha256(&[name.as_bytes(), b"\n", &[algorithm], key]);
    [a, b, c, d]
}

/// A key in the form of signed notes: name, id, and algorithm with key in base64.
#[must_use]
pub fn vkey(name: &str, algorithm: u8, key: &PublicKey) -> String {
    let id = text::hex(&note_key_id(name, algorithm, key.as_bytes()));
    let mut bytes = vec![algorithm];
    bytes.extend_from_slice(key.as_bytes());
    format!("{name}+{id}+{}", text::base64(&bytes))
}

#[cfg(feature = "codec")]
mod codec {
    //! Serde by bytes, for messages between nodes. A key is checked to be a point as it is read.
    use super::{PublicKey, Signature};
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    impl Serialize for PublicKey {
        fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
            self.as_bytes().serialize(out)
        }
    }
    impl<'de> Deserialize<'de> for PublicKey {
        fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
            Self::from_bytes(&<[u8; 32]>::deserialize(input)?).map_err(D::Error::custom)
        }
    }
    impl Serialize for Signature {
        fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
            let (a, b) = self.0.split_at(32);
            (
                <[u8; 32]>::try_from(a).unwrap_or_default(),
                <[u8; 32]>::try_from(b).unwrap_or_default(),
            )
                .serialize(out)
        }
    }
    impl<'de> Deserialize<'de> for Signature {
        fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
            let (a, b) = <([u8; 32], [u8; 32])>::deserialize(input)?;
            let mut bytes = [0; 64];
            let (left, right) = bytes.split_at_mut(32);
            left.copy_from_slice(&a);
            right.copy_from_slice(&b);
            Ok(Self(bytes))
        }
    }
}
