//! A taking: the word of an agency that it takes a registry over, for the owner to put into the transfer.

use crate::{
    act::{ActStatement, Decision, take_registry},
    chain_id::NetworkId,
    entry,
    height::Height,
    key::{BadSignature, PublicKey, SecretKey, Signature},
    name::{AgencyName, RegistryName},
    text::{self, Lines, Malformed},
};

/// The most bytes of a taking.
pub const TAKING_BYTES_MAX: usize = 1024;

const WORD: &str = "muhr-taking/v1";

/// What one agency takes over from another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistryTaking {
    /// The registry.
    pub registry: RegistryName,
    /// The agency that owns it.
    pub owner: AgencyName,
    /// The agency that takes it.
    pub taker: AgencyName,
    /// The last height at which the transfer may be decided.
    pub expires: Height,
    /// By the admin key of the agency that takes it.
    pub taken: Signature,
}

impl RegistryTaking {
    /// Signs that `taker` takes the registry over.
    #[must_use]
    pub fn sign(
        network: &NetworkId,
        registry: RegistryName,
        taker: AgencyName,
        (owner, expires): (AgencyName, Height),
        admin: &SecretKey,
    ) -> Self {
        let taken = take_registry(network, &registry, &taker, (&owner, expires), admin);
        Self {
            registry,
            owner,
            taker,
            expires,
            taken,
        }
    }

    /// The transfer that the owner then signs.
    #[must_use]
    pub fn transfer(&self) -> ActStatement {
        ActStatement {
            decision: Decision::TransferRegistry {
                registry: self.registry.clone(),
                taker: self.taker.clone(),
                taken: self.taken,
            },
            author: self.owner.clone(),
            expires: self.expires,
        }
    }

    /// Checks that `admin`, the key of the agency that takes it, made the signature for the network.
    ///
    /// # Errors
    ///
    /// [`BadSignature`] if it did not.
    pub fn check(&self, network: &NetworkId, admin: &PublicKey) -> Result<(), BadSignature> {
        self.transfer().check_taker(network, admin)
    }

    /// The text of the file.
    #[must_use]
    pub fn write(&self) -> String {
        let Self {
            registry,
            owner,
            taker,
            expires,
            taken,
        } = self;
        format!(
            "{WORD}\nregistry {registry}\nowner {owner}\ntaker {taker}\nexpires {expires}\ntaken ed25519 {taken}\n"
        )
    }

    /// Reads a file; anything that `write` would not give back is refused.
    ///
    /// # Errors
    ///
    /// [`Malformed`] names the first line that is not of the format.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut lines = Lines::new(bytes, TAKING_BYTES_MAX)?;
        lines.exact(WORD)?;
        let registry = lines.parsed("registry", "the name of a registry", RegistryName::parse)?;
        let owner = lines.parsed("owner", "the name of an agency", AgencyName::parse)?;
        let taker = lines.parsed("taker", "the name of an agency", AgencyName::parse)?;
        let expires = Height::new(lines.number("expires")?);
        let taken = lines.value("taken")?;
        let taken = entry::signature(&lines, taken)?;
        lines.end()?;
        let taking = Self {
            registry,
            owner,
            taker,
            expires,
            taken,
        };
        text::same(bytes, taking.write().as_bytes())?;
        Ok(taking)
    }
}
