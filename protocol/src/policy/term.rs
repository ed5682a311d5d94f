//! Writing the trust file of one epoch: what the network itself names in every block leaf.

use crate::{
    agency::{ProvenAgency, quorum},
    hash::{ChainId, TrustHash},
    height::Epoch,
    key::{PublicKey, vkey},
    name::Origin,
    note::{ALGORITHM_COSIGNATURE, ALGORITHM_ED25519},
    text,
};

/// The holders who opened an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenedBy {
    /// A quorum of the agencies before, by their admin keys.
    Agencies,
    /// As many offline recovery keys as were needed, after a disaster.
    Recovery,
}

impl OpenedBy {
    /// The word in a trust file.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Agencies => "agencies",
            Self::Recovery => "recovery",
        }
    }

    /// Reads its word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Agencies, Self::Recovery]
            .into_iter()
            .find(|by| by.word() == word)
    }
}

/// The agencies that run the network in one epoch.
#[derive(Clone, Copy, Debug)]
pub struct Term<'a> {
    /// Name of the network.
    pub origin: &'a Origin,
    /// Identity of the network.
    pub chain: ChainId,
    /// Number of the epoch.
    pub epoch: Epoch,
    /// The trust file before, and who opened this epoch; none for epoch 0.
    pub before: Option<(TrustHash, OpenedBy)>,
    /// Adds the log's own line.
    pub publisher: &'a PublicKey,
    /// In the order of their names.
    pub agencies: &'a [ProvenAgency],
    /// Number of recovery keys that must sign after a disaster.
    pub recovery_threshold: u64,
}

impl Term<'_> {
    /// The trust file: the same for everybody, byte for byte.
    #[must_use]
    pub fn trust_file(&self) -> String {
        let mut out = format!(
            "# trust file of {}: who the agencies are, and how many of them must sign\n#: epoch {}\n#: genesis {}\n",
            self.origin,
            self.epoch,
            self.chain.to_hex()
        );
        match self.before {
            None => out += "#: prev none\n",
            Some((prev, by)) => {
                let prev = text::hex(prev.as_bytes());
                out += &format!("#: prev {prev}\n#: opened-by {}\n", by.word());
            }
        }
        out += &format!("#: recovery-threshold {}\n", self.recovery_threshold);
        for agency in self.agencies {
            out += &format!("#: recovery {} {}\n", agency.name, agency.recovery.key);
        }
        let log_url = self
            .agencies
            .first()
            .map_or("", |agency| agency.url.as_str());
        let log = vkey(self.origin.as_str(), ALGORITHM_ED25519, self.publisher);
        out += &format!("log {log} {log_url}\n");
        for agency in self.agencies {
            let key = vkey(&agency.cosigner, ALGORITHM_COSIGNATURE, &agency.cosign.key);
            out += &format!("witness {} {key} {}\n", agency.name, agency.url);
        }
        let names: Vec<&str> = self
            .agencies
            .iter()
            .map(|agency| agency.name.as_str())
            .collect();
        out + &format!(
            "group validators {} {}\nquorum validators\n",
            quorum(self.agencies.len()),
            names.join(" ")
        )
    }
}
