//! Signatures on checkpoints: the validators' cosignatures (C2SP `cosignature/v1`) and the log's line.

#[cfg(feature = "planted")]
use crate::planted;
use crate::{
    height::UnixSeconds,
    key::{self, BadSignature, PublicKey, SecretKey, Signature},
    note::{ALGORITHM_COSIGNATURE, ALGORITHM_ED25519, NoteKey, NoteSignature},
};

/// The bytes that a cosignature made at `time` (seconds since 1970) covers.
#[must_use]
pub fn message(time: u64, body: &str) -> Vec<u8> {
    #[cfg(feature = "planted")]
    let time = planted::signed_time(time);
    format!("cosignature/v1\ntime {time}\n{body}").into_bytes()
}

/// Cosigns the text of a checkpoint.
#[must_use]
pub fn sign(secret: &SecretKey, time: u64, body: &str) -> Signature {
    secret.sign(&message(time, body))
}

/// A cosigning key, or the log's own, with its name in notes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cosigner(NoteKey);

impl Cosigner {
    /// A validator's cosigning key.
    #[must_use]
    pub const fn validator(name: String, key: PublicKey) -> Self {
        Self(NoteKey {
            name,
            algorithm: ALGORITHM_COSIGNATURE,
            key,
        })
    }

    /// The log's own key, named after its origin.
    #[must_use]
    pub const fn log(name: String, key: PublicKey) -> Self {
        Self(NoteKey {
            name,
            algorithm: ALGORITHM_ED25519,
            key,
        })
    }

    /// The key as notes name it.
    #[must_use]
    pub const fn key(&self) -> &NoteKey {
        &self.0
    }

    /// Checks a cosignature on `body`.
    ///
    /// # Errors
    ///
    /// [`BadSignature`] if the key did not make it over this body and time.
    pub fn verify_cosignature(
        &self,
        body: &str,
        time: u64,
        signature: &Signature,
    ) -> Result<(), BadSignature> {
        // Zero would mean "not the largest tree that I have seen", and more than 2^63-1 is not allowed.
        if time == 0 || time > i64::MAX.unsigned_abs() {
            return Err(BadSignature);
        }
        key::verify(&self.0.key, &message(time, body), signature)
    }

    /// Checks the log's signature on `body`.
    ///
    /// # Errors
    ///
    /// [`BadSignature`] if the key did not make it over this body.
    pub fn verify_log(&self, body: &str, signature: &Signature) -> Result<(), BadSignature> {
        key::verify(&self.0.key, body.as_bytes(), signature)
    }

    /// The note line of a cosignature.
    #[must_use]
    pub fn cosignature_line(&self, time: u64, signature: &Signature) -> String {
        let mut blob = time.to_be_bytes().to_vec();
        blob.extend_from_slice(signature.as_bytes());
        self.line(blob)
    }

    /// The note line of the log's signature.
    #[must_use]
    pub fn log_line(&self, signature: &Signature) -> String {
        self.line(signature.as_bytes().to_vec())
    }

    fn line(&self, blob: Vec<u8>) -> String {
        NoteSignature {
            name: self.0.name.clone(),
            key_id: self.0.id(),
            blob,
        }
        .write()
    }
}

/// Checks the line of a key that is known: the time for a cosignature, none for the log's line.
///
/// # Errors
///
/// [`BadSignature`] for bytes that are no signature of the key's algorithm, and for one that the key did not make.
pub fn verify_line(
    key: &NoteKey,
    body: &str,
    line: &NoteSignature,
) -> Result<Option<UnixSeconds>, BadSignature> {
    let signer = Cosigner(key.clone());
    let signature = |blob: &[u8]| {
        blob.try_into()
            .map(Signature::new)
            .map_err(|_| BadSignature)
    };
    if key.algorithm == ALGORITHM_ED25519 {
        return signer
            .verify_log(body, &signature(&line.blob)?)
            .map(|()| None);
    }
    let (time, rest) = line.blob.split_first_chunk::<8>().ok_or(BadSignature)?;
    let time = u64::from_be_bytes(*time);
    signer.verify_cosignature(body, time, &signature(rest)?)?;
    Ok(Some(UnixSeconds::new(time)))
}
