//! Commitments: what an entry holds in place of a document or of the fields of a record.
//!
//! A plain hash of a permit is found by guessing in a second. Here every hash is keyed with 32 random
//! bytes that stay with the holder: whoever destroys them leaves noise behind, and every proof still
//! holds. Fields are committed one by one, so that a holder can show some and hide the rest.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use thiserror::Error;

use crate::hash::{Commitment, DocumentHash, sha256};

/// The most fields that one record may have.
pub const FIELDS_MAX: usize = 256;
/// The most bytes that the names and values of one record may have together.
pub const FIELD_BYTES_MAX: usize = 128 * 1024;
/// The field that stands for an attached document; its value is the document's SHA-256 in hex.
pub const DOCUMENT_FIELD: &str = "document";

/// Why fields cannot be committed to.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BadFields {
    /// None, or more than the limit.
    #[error("a record has 1 to {FIELDS_MAX} fields")]
    Count,
    /// Longer than the limit in all.
    #[error("the fields of a record have at most {FIELD_BYTES_MAX} bytes together")]
    TooLong,
    /// A name that is empty, repeated, or holds a control character.
    #[error("field {0} has an empty, repeated or unprintable name")]
    Name(usize),
    /// The places of a redaction: of another count, or none of them hidden.
    #[error("a redaction has 4 to {FIELDS_MAX} places, a power of two, and hides at least one")]
    Places,
    /// A document alone, of which nothing can be withheld.
    #[error("a document alone has no fields")]
    NoFields,
}

/// 32 bytes that open a commitment: random, or the salt of one field; never in the log.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Secret([u8; 32]);

impl Secret {
    /// Takes 32 bytes from the system's random source.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes, for the opening in a receipt.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Secret")
    }
}

/// Fields of a record in their order: names are distinct, printable and not empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// Checks count, sizes and names.
    ///
    /// # Errors
    ///
    /// [`BadFields`] for no fields or too many, too many bytes, and a name that is empty, repeated or unprintable.
    pub fn new(fields: Vec<(String, String)>) -> Result<Self, BadFields> {
        if fields.is_empty() || fields.len() > FIELDS_MAX {
            return Err(BadFields::Count);
        }
        let bytes: usize = fields
            .iter()
            .map(|(name, value)| name.len().saturating_add(value.len()))
            .fold(0, usize::saturating_add);
        if bytes > FIELD_BYTES_MAX {
            return Err(BadFields::TooLong);
        }
        let mut seen = std::collections::BTreeSet::new();
        for (at, (name, _)) in (1..).zip(&fields) {
            if name.is_empty() || name.chars().any(char::is_control) || !seen.insert(name.as_str())
            {
                return Err(BadFields::Name(at));
            }
        }
        Ok(Self(fields))
    }

    /// Names and values in order.
    #[must_use]
    pub fn as_slice(&self) -> &[(String, String)] {
        &self.0
    }

    /// The value of the field `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(field, _)| field == name)
            .map(|(_, value)| value.as_str())
    }

    /// The commitment under `secret`: SHA-256 over the commitments of the fields, filled up with noise
    /// to a power of two of at least four so that the count does not show.
    #[must_use]
    pub fn commit(&self, secret: &Secret) -> Commitment {
        let salts = keyed(secret.as_bytes());
        let place = |(at, field)| field_commitment(&salt_at(&salts, at), field);
        commit_places(self.places().enumerate().map(place))
    }

    /// The fields, and nothing for each place that fills up.
    pub(crate) fn places(&self) -> impl Iterator<Item = Option<&(String, String)>> {
        let padded = self.0.len().next_power_of_two().max(4);
        let fields = self.0.iter().map(Some);
        fields.chain(std::iter::repeat(None)).take(padded)
    }
}

/// The commitment to fields from those of all places.
pub(crate) fn commit_places(places: impl Iterator<Item = [u8; 32]>) -> Commitment {
    let mut bytes = b"muhr-fields/v1\0".to_vec();
    places.for_each(|place| bytes.extend_from_slice(&place));
    Commitment::new(sha256(&[&bytes]))
}

/// The salt of the field at position `at`, derived from the record's secret.
#[must_use]
pub fn field_salt(secret: &Secret, at: usize) -> [u8; 32] {
    salt_at(&keyed(secret.as_bytes()), at)
}

fn salt_at(secret: &Hmac<Sha256>, at: usize) -> [u8; 32] {
    let at = u32::try_from(at).unwrap_or(u32::MAX);
    finish(
        secret.clone(),
        &[b"muhr-field-salt/v1\0", &at.to_be_bytes()],
    )
}

/// The commitment to one field under its salt; to a padding place if there is none.
#[must_use]
pub fn field_commitment(salt: &[u8; 32], field: Option<&(String, String)>) -> [u8; 32] {
    match field {
        Some((name, value)) => hmac(
            salt,
            &[b"muhr-field/v1\0", name.as_bytes(), b"\0", value.as_bytes()],
        ),
        None => hmac(salt, &[b"muhr-field-none/v1\0"]),
    }
}

/// The commitment to a document alone: HMAC-SHA-256 over a domain and the document's SHA-256.
#[must_use]
pub fn commit_document(secret: &Secret, document: &DocumentHash) -> Commitment {
    Commitment::new(hmac(
        secret.as_bytes(),
        &[b"muhr-document/v1\0", document.as_bytes()],
    ))
}

fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    finish(keyed(key), parts)
}

/// HMAC-SHA-256 with its key hashed in, for one message or many.
#[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
fn keyed(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("any key length")
}

fn finish(mut mac: Hmac<Sha256>, parts: &[&[u8]]) -> [u8; 32] {
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(list: &[(&str, &str)]) -> Fields {
        Fields::new(
            list.iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
        )
        .unwrap()
    }

    #[test]
    fn every_part_of_a_field_counts() {
        let secret = Secret::new([7; 32]);
        let base = fields(&[("a", "1"), ("b", "2")]).commit(&secret);
        for other in [
            &[("a", "1"), ("b", "3")][..],
            &[("b", "2"), ("a", "1")],
            &[("a", "1")],
            &[("a", "1"), ("b2", "")],
        ] {
            assert_ne!(base, fields(other).commit(&secret));
        }
        assert_ne!(
            base,
            fields(&[("a", "1"), ("b", "2")]).commit(&Secret::new([8; 32]))
        );
    }

    #[test]
    fn names_must_be_distinct_and_printable() {
        let bad = |list: &[(&str, &str)]| {
            Fields::new(
                list.iter()
                    .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
                    .collect(),
            )
            .unwrap_err()
        };
        assert_eq!(bad(&[]), BadFields::Count);
        assert_eq!(bad(&[("a", ""), ("a", "")]), BadFields::Name(2));
        assert_eq!(bad(&[("a\n", "")]), BadFields::Name(1));
        assert_eq!(
            bad(&[("a", &"x".repeat(FIELD_BYTES_MAX))]),
            BadFields::TooLong
        );
    }
}
