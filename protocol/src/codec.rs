//! The one place that speaks bincode: peer messages, the safety record and RocksDB values.
//!
//! Fixed-width little-endian integers, a version byte in front, a size limit, no trailing bytes.
//! Nothing that is signed or hashed for the world passes through here (docs/decisions/0001-bincode.md).

use serde::{Serialize, de::DeserializeOwned};
use thiserror::Error;

/// The most bytes that one value may take, unless a node wrote it for itself ([`decode_own`]).
pub const VALUE_BYTES_MAX: usize = 16 << 20;

/// Byte strings as serde's own `bytes`: the same encoding as a list of numbers, moved at once instead of
/// one by one.
pub mod byte_strings {
    use std::fmt;

    use serde::{
        Deserialize, Deserializer, Serialize, Serializer,
        de::{Error, Visitor},
    };

    struct CountingWriter<'a>(&'a [u8]);

    impl Serialize for CountingWriter<'_> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_bytes(self.0)
        }
    }

    struct CountingReader(Vec<u8>);

    impl<'de> Deserialize<'de> for CountingReader {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            deserializer.deserialize_byte_buf(Bytes).map(Self)
        }
    }

    struct Bytes;

    impl Visitor<'_> for Bytes {
        type Value = Vec<u8>;

        fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
            out.write_str("bytes")
        }

        fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
            Ok(bytes.to_vec())
        }

        fn visit_byte_buf<E: Error>(self, bytes: Vec<u8>) -> Result<Vec<u8>, E> {
            Ok(bytes)
        }
    }

    /// Writes them.
    ///
    /// # Errors
    ///
    /// As the serializer.
    pub fn serialize<S: Serializer>(strings: &[Vec<u8>], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(strings.iter().map(|bytes| CountingWriter(bytes)))
    }

    /// Reads them.
    ///
    /// # Errors
    ///
    /// As the deserializer.
    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<Vec<u8>>, D::Error> {
        let strings = Vec::<CountingReader>::deserialize(deserializer)?;
        Ok(strings
            .into_iter()
            .map(|CountingReader(bytes)| bytes)
            .collect())
    }
}

/// Why bytes are no value of ours.
#[derive(Debug, Error)]
pub enum DecodeError {
    /// Longer than the limit of its place.
    #[error("{bytes} bytes are more than the limit of {bytes_max}")]
    TooLong {
        /// Bytes that came.
        bytes: usize,
        /// Bytes that are allowed at most.
        bytes_max: usize,
    },
    /// Written by another version of the format.
    #[error("format version {found} where {expected} was expected")]
    Version {
        /// The byte in front.
        found: u8,
        /// The one that this build writes.
        expected: u8,
    },
    /// Not decodable.
    #[error("undecodable bytes")]
    Undecodable(#[source] bincode::error::DecodeError),
    /// Something follows the value.
    #[error("the value is followed by more bytes: {0}")]
    Trailing(usize),
}

fn config<const MOST: usize>() -> impl bincode::config::Config {
    bincode::config::standard()
        .with_little_endian()
        .with_fixed_int_encoding()
        .with_limit::<MOST>()
}

/// Writes `value` behind the byte `version`.
#[must_use]
#[expect(
    clippy::expect_used,
    reason = "our own types always encode; a value over the limit is a bug of its maker"
)]
pub fn encode<T: Serialize>(version: u8, value: &T) -> Vec<u8> {
    let mut out = vec![version];
    bincode::serde::encode_into_std_write(value, &mut out, config::<VALUE_BYTES_MAX>())
        .expect("encodable value");
    out
}

/// Reads a value of `version` that fills `bytes` exactly.
///
/// # Errors
///
/// [`DecodeError`] for more than `bytes_max` bytes, another version, bytes that are no `T`, and bytes behind it.
pub fn decode<T: DeserializeOwned>(
    version: u8,
    bytes: &[u8],
    bytes_max: usize,
) -> Result<T, DecodeError> {
    read::<T, VALUE_BYTES_MAX>(version, bytes, bytes_max)
}

/// Reads a value that this node wrote to its own disk, of at most `MOST` bytes, which may be more than
/// [`VALUE_BYTES_MAX`].
///
/// # Errors
///
/// As [`decode`].
pub fn decode_own<T: DeserializeOwned, const MOST: usize>(
    version: u8,
    bytes: &[u8],
) -> Result<T, DecodeError> {
    read::<T, MOST>(version, bytes, MOST)
}

fn read<T: DeserializeOwned, const MOST: usize>(
    version: u8,
    bytes: &[u8],
    bytes_max: usize,
) -> Result<T, DecodeError> {
    if bytes.len() > bytes_max {
        return Err(DecodeError::TooLong {
            bytes: bytes.len(),
            bytes_max,
        });
    }
    let (found, rest) = bytes.split_first().unwrap_or((&0, &[]));
    if *found != version {
        return Err(DecodeError::Version {
            found: *found,
            expected: version,
        });
    }
    let (value, used) = bincode::serde::decode_from_slice(rest, config::<MOST>())
        .map_err(DecodeError::Undecodable)?;
    match rest.len().saturating_sub(used) {
        0 => Ok(value),
        #[cfg(feature = "planted")]
        _ if crate::planted::takes_trailing_bytes() => Ok(value),
        more => Err(DecodeError::Trailing(more)),
    }
}
