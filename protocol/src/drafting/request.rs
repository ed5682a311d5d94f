//! A request: the lines that an agency wants to have in the next epoch, with the proofs that it holds its keys.

use crate::{
    agency::{BadAgencies, KeyRing, ProvenAgency},
    chain_id::{NetworkId, NotSigned, SignedText},
    entry,
    hash::ChainId,
    key::{PublicKey, SecretKey, Signature},
    name::Origin,
    text::{self, Lines, Malformed},
};

/// The most bytes of a request.
pub const AGENCY_REQUEST_BYTES_MAX: usize = 4096;

const WORD: &str = "muhr-request/v1";

/// The signed part of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestStatement {
    /// The network that it is for.
    pub network: NetworkId,
    /// The agency as it is to be, with all its keys: also those that stay.
    pub agency: ProvenAgency,
}

/// What an agency asks for. Nothing in it is believed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgencyRequest {
    /// The signed part.
    pub statement: RequestStatement,
    /// By the admin key in force, or of an agency that is new by its own. Whoever made new keys at a node may have
    /// no admin key there: then there is none yet.
    pub signature: Option<Signature>,
}

impl RequestStatement {
    /// The text up to and without the signature line.
    #[must_use]
    pub fn write(&self) -> String {
        let NetworkId { origin, chain } = &self.network;
        let mut out = format!("{WORD}\norigin {origin}\nchain {}\n", chain.to_hex());
        self.agency.write(&mut out);
        out
    }

    /// Signs it.
    #[must_use]
    pub fn sign(self, admin: &SecretKey) -> AgencyRequest {
        let message = SignedText::Request.message(&self.network, &self.write());
        AgencyRequest {
            signature: Some(admin.sign(&message)),
            statement: self,
        }
    }

    /// Checks that every key may be registered, is shown to be held and is used once.
    ///
    /// # Errors
    ///
    /// [`BadAgencies`] names the first key that is not.
    pub fn check_keys(&self) -> Result<(), BadAgencies> {
        let mut ring = KeyRing::new(&self.network.origin);
        let agency = &self.agency;
        for (purpose, proven) in agency.keys() {
            ring.add(agency.name.as_str(), purpose, &proven.key, &proven.proof)?;
        }
        Ok(())
    }
}

impl AgencyRequest {
    /// Returns whether a file begins as a request does.
    #[must_use]
    pub fn is_start(bytes: &[u8]) -> bool {
        bytes.starts_with(WORD.as_bytes())
    }

    /// The text of the file.
    #[must_use]
    pub fn write(&self) -> String {
        let signature = self.signature;
        let line = signature.map(|signature| format!("signature ed25519 {signature}\n"));
        self.statement.write() + &line.unwrap_or_default()
    }

    /// Reads a file; anything that `write` would not give back is refused.
    ///
    /// # Errors
    ///
    /// [`Malformed`] names the first line that is not of the format.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut lines = Lines::new(bytes, AGENCY_REQUEST_BYTES_MAX)?;
        lines.exact(WORD)?;
        let network = NetworkId {
            origin: lines.parsed(
                "origin",
                "a URL without scheme that ends in a number",
                Origin::parse,
            )?,
            chain: lines.parsed("chain", "64 hexadecimal digits", ChainId::from_hex)?,
        };
        let name = lines.value("agency")?;
        let agency = ProvenAgency::read(&mut lines, name)?;
        let signature = lines.optional("signature")?;
        let signature = signature.map(|value| entry::signature(&lines, value));
        let signature = signature.transpose()?;
        lines.end()?;
        let request = Self {
            statement: RequestStatement { network, agency },
            signature,
        };
        text::same(bytes, request.write().as_bytes())?;
        Ok(request)
    }

    /// Checks that `admin` signed it; of one that nobody has signed, nothing holds.
    ///
    /// # Errors
    ///
    /// [`NotSigned`] if it did not.
    pub fn check_signature(&self, admin: &PublicKey) -> Result<(), NotSigned> {
        let statement = &self.statement;
        let signature = self.signature.as_ref();
        let signature = signature.ok_or(NotSigned::Bad(crate::key::BadSignature))?;
        SignedText::Request.check(&statement.network, &statement.write(), admin, signature)
    }
}
