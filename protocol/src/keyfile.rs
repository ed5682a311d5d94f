//! The file that holds one secret key on disk. What reads it checks that nobody else may.

use crate::{
    key::{PublicKey, SecretKey},
    text::{self, Lines, Malformed},
};

/// A secret key with what it is for.
#[derive(Clone, Debug)]
pub struct KeyFile {
    /// `peer`, `vote`, `cosign`, `admin`, `recovery`, `clerk` or `publisher`.
    pub purpose: String,
    /// Agency, clerk or note key name that it acts for.
    pub holder: String,
    /// The key.
    pub secret: SecretKey,
}

impl KeyFile {
    /// The text of the file.
    #[must_use]
    pub fn write(&self) -> String {
        format!(
            "muhr-key/v1\npurpose {}\nholder {}\npublic ed25519 {}\nsecret ed25519 {}\n",
            self.purpose,
            self.holder,
            self.secret.public(),
            text::base64(self.secret.seed())
        )
    }

    /// Reads the text; the two halves must belong together.
    ///
    /// # Errors
    ///
    /// [`Malformed`] names the first line that is not of the format.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut lines = Lines::new(bytes, 4096)?;
        lines.exact("muhr-key/v1")?;
        let purpose = lines.value("purpose")?.to_owned();
        let holder = lines.value("holder")?.to_owned();
        let public = lines.parsed("public", "ed25519 and 32 bytes in base64", |value| {
            PublicKey::from_base64(value.strip_prefix("ed25519 ")?).ok()
        })?;
        let secret = lines.parsed("secret", "ed25519 and 32 bytes in base64", |value| {
            text::base64_array(value.strip_prefix("ed25519 ")?)
                .map(|seed| SecretKey::from_seed(&seed))
        })?;
        lines.end()?;
        if secret.public() != public {
            return Err(lines.malformed("the secret key is not the one of the public key above it"));
        }
        Ok(Self {
            purpose,
            holder,
            secret,
        })
    }
}
