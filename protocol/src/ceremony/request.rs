//! A request: what a person who made a key gives to the agency that is to register it. The key, and the proof
//! that it is held for one network; not what it may do, which the agency says.

use crate::{
    agency::ProvenKey,
    key::{KeyError, Possession, SecretKey},
    name::{ClerkName, Origin},
    text::{self, Lines, Malformed},
};

/// The most bytes of a request.
pub const REQUEST_BYTES_MAX: usize = 1024;

const REQUEST: &str = "muhr-clerk-request/v1";

/// A clerk's public key on its way to the agency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClerkRequest {
    /// Name of the network.
    pub origin: Origin,
    /// The clerk.
    pub clerk: ClerkName,
    /// The key, with the proof that it is held.
    pub key: ProvenKey,
}

impl ClerkRequest {
    /// A request for the key that `secret` is of.
    #[must_use]
    pub fn of(origin: Origin, clerk: ClerkName, secret: &SecretKey) -> Self {
        let key = ProvenKey::of(&origin, clerk.as_str(), "clerk", secret);
        Self { origin, clerk, key }
    }

    /// The text of the file.
    #[must_use]
    pub fn write(&self) -> String {
        let mut out = format!("{REQUEST}\norigin {}\nclerk {}\n", self.origin, self.clerk);
        self.key.write("key", &mut out);
        out
    }

    /// Reads a file; anything that `write` would not give back is refused.
    ///
    /// # Errors
    ///
    /// [`Malformed`] names the first line that is not of the format.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut lines = Lines::new(bytes, REQUEST_BYTES_MAX)?;
        lines.exact(REQUEST)?;
        let request = Self {
            origin: lines.parsed(
                "origin",
                "a URL without scheme that ends in a number",
                Origin::parse,
            )?,
            clerk: lines.parsed(
                "clerk",
                "the name of a clerk like agency/name",
                ClerkName::parse,
            )?,
            key: ProvenKey::read(&mut lines, "key")?,
        };
        lines.end()?;
        text::same(bytes, request.write().as_bytes())?;
        Ok(request)
    }

    /// Checks that the key may be registered and is shown to be held.
    ///
    /// # Errors
    ///
    /// [`KeyError`], as for every key that is registered.
    pub fn check(&self) -> Result<(), KeyError> {
        let claim = Possession {
            origin: self.origin.as_str(),
            holder: self.clerk.as_str(),
            purpose: "clerk",
        };
        self.key.key.check_registrable(&claim, &self.key.proof)
    }
}
