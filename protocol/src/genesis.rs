//! Genesis: the first leaf of the log, which names the network, its agencies with all their keys,
//! their registries and first clerks, and the limits.
//!
//! Reading one checks every key: canonical, of prime order, shown to be held, and used once. What
//! the index holds after it is derived here, so that a node and an auditor start from the same state.

use std::collections::BTreeSet;

use thiserror::Error;

use crate::{
    hash::{ChainId, IndexKey, TrustHash, sha256},
    height::{Epoch, TimeMs},
    key::{KeyError, Possession, PublicKey, Signature, vkey},
    name::{AgencyName, Origin, RegistryName},
    state::{AgencyState, ClerkState, Limits, NetworkState, RegistryState},
    text::{self, Lines, Malformed},
};

/// The most bytes of a genesis: the log's bundles count a leaf in 16 bits.
pub const GENESIS_BYTES_MAX: usize = 65_535;
/// The fewest agencies: fewer could not lose one and go on.
pub const AGENCIES_MIN: usize = 4;
/// The most agencies: a quorum of more would not fit the 16 signature lines that all tools read.
pub const AGENCIES_MAX: usize = 22;
/// The protocol version that this code speaks.
pub const PROTOCOL: u64 = 1;

/// Why a text is no genesis.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BadGenesis {
    /// Not in the format.
    #[error("genesis: {0}")]
    Malformed(#[from] Malformed),
    /// A key that may not act.
    #[error("genesis: the {purpose} key of {holder}: {error}")]
    Key {
        /// What the key was for.
        purpose: &'static str,
        /// Whose it was.
        holder: String,
        /// What is wrong with it.
        error: KeyError,
    },
    /// A statement that cannot be true.
    #[error("genesis: {0}")]
    Inconsistent(String),
}

/// A public key with the proof that its holder has the secret half.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProvenKey {
    /// The key.
    pub key: PublicKey,
    /// Signature over the possession message.
    pub proof: Signature,
}

/// An agency as genesis writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GenesisAgency {
    /// Its name.
    pub name: AgencyName,
    /// Where its node answers.
    pub url: String,
    /// Name of its cosigning key in notes.
    pub cosigner: String,
    /// Names its node to its peers.
    pub peer: ProvenKey,
    /// Signs its votes.
    pub vote: ProvenKey,
    /// Cosigns checkpoints.
    pub cosign: ProvenKey,
    /// Administers its clerks and registries.
    pub admin: ProvenKey,
    /// Kept offline.
    pub recovery: ProvenKey,
}

/// A network at its start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Genesis {
    /// Its name.
    pub origin: Origin,
    /// When it was made.
    pub time: TimeMs,
    /// The bounds.
    pub limits: Limits,
    /// How many recovery keys must sign after a disaster.
    pub recovery_threshold: u64,
    /// The key that adds the log's own line to quorate checkpoints. It can forge nothing.
    pub publisher: ProvenKey,
    /// In the order of their names.
    pub agencies: Vec<GenesisAgency>,
    /// In the order of their names.
    pub registries: Vec<RegistryState>,
    /// In the order of their names, each with the proof that the key is held.
    pub clerks: Vec<(ClerkState, Signature)>,
}

impl Genesis {
    /// The bytes of the leaf.
    #[must_use]
    pub fn write(&self) -> String {
        let limits = &self.limits;
        let mut out = format!(
            "muhr-genesis/v1\norigin {}\nprotocol {PROTOCOL}\ntime {}\nlimits {} {} {} {}\nrecovery-threshold {}\n",
            self.origin,
            self.time,
            limits.entry_bytes,
            limits.block_entries,
            limits.block_bytes,
            limits.lifetime_heights,
            self.recovery_threshold
        );
        let key = |word: &str, proven: &ProvenKey| {
            format!("{word} ed25519 {} {}\n", proven.key, proven.proof)
        };
        out += &key("publisher", &self.publisher);
        for agency in &self.agencies {
            out += &format!(
                "agency {}\nurl {}\ncosigner {}\n",
                agency.name, agency.url, agency.cosigner
            );
            for (word, proven) in agency.keys() {
                out += &key(word, proven);
            }
        }
        for registry in &self.registries {
            out += &registry.write();
        }
        for (clerk, proof) in &self.clerks {
            out += &format!("{}proof {proof}\n", clerk.write());
        }
        out
    }

    /// Reads and checks a genesis: the format, every key and every name.
    pub fn parse(bytes: &[u8]) -> Result<Self, BadGenesis> {
        let mut lines = Lines::new(bytes, GENESIS_BYTES_MAX)?;
        lines.exact("muhr-genesis/v1")?;
        let origin = lines.parsed(
            "origin",
            "a URL without scheme that ends in a number",
            Origin::parse,
        )?;
        lines.parsed("protocol", "version 1", |value| {
            (text::number(value)? == PROTOCOL).then_some(())
        })?;
        let time = TimeMs::new(lines.number("time")?);
        let limits = lines.parsed("limits", "four numbers", limits)?;
        let recovery_threshold = lines.number("recovery-threshold")?;
        let publisher = proven(&mut lines, "publisher")?;
        let mut agencies = Vec::new();
        while let Some(name) = lines.optional("agency")? {
            let name = AgencyName::parse(name)
                .ok_or_else(|| lines.malformed("\"agency\" is not the name of an agency"))?;
            agencies.push(GenesisAgency {
                name,
                url: lines.parsed("url", "a URL without spaces", url)?,
                cosigner: lines.parsed("cosigner", "the name of a note key", note_name)?,
                peer: proven(&mut lines, "peer")?,
                vote: proven(&mut lines, "vote")?,
                cosign: proven(&mut lines, "cosign")?,
                admin: proven(&mut lines, "admin")?,
                recovery: proven(&mut lines, "recovery")?,
            });
        }
        let mut registries = Vec::new();
        while lines.rest().starts_with("registry ") {
            registries.push(lines.whole(RegistryState::parse, "a registry and its owner")?);
        }
        let mut clerks = Vec::new();
        while lines.rest().starts_with("clerk ") {
            let clerk = lines.whole(ClerkState::parse, "a clerk")?;
            clerks.push((
                clerk,
                lines.parsed("proof", "64 bytes in base64", Signature::from_base64)?,
            ));
        }
        lines.end()?;
        let genesis = Self {
            origin,
            time,
            limits,
            recovery_threshold,
            publisher,
            agencies,
            registries,
            clerks,
        };
        text::same(bytes, genesis.write().as_bytes())?;
        genesis.check()?;
        Ok(genesis)
    }

    /// Identity of the network: the leaf hash of this text.
    #[must_use]
    pub fn chain(&self) -> ChainId {
        ChainId::new(*crate::merkle::leaf_hash(self.write().as_bytes()).as_bytes())
    }

    /// How many of the agencies must agree: floor(2n/3)+1.
    #[must_use]
    pub fn quorum(&self) -> usize {
        quorum(self.agencies.len())
    }

    /// The first trust file.
    #[must_use]
    pub fn trust_file(&self) -> String {
        let mut out = format!(
            "# trust file of {}: who the agencies are, and how many of them must sign\n#: epoch 0\n#: genesis {}\n#: from-size 0\n#: prev none\n",
            self.origin,
            self.chain().to_hex()
        );
        let log_url = self
            .agencies
            .first()
            .map_or("", |agency| agency.url.as_str());
        out += &format!(
            "log {} {log_url}\n",
            vkey(self.origin.as_str(), 1, &self.publisher.key)
        );
        for agency in &self.agencies {
            out += &format!(
                "witness {} {} {}\n",
                agency.name,
                vkey(&agency.cosigner, 4, &agency.cosign.key),
                agency.url
            );
        }
        let names: Vec<&str> = self
            .agencies
            .iter()
            .map(|agency| agency.name.as_str())
            .collect();
        out + &format!(
            "group validators {} {}\nquorum validators\n",
            self.quorum(),
            names.join(" ")
        )
    }

    /// What holds for the whole network at its start.
    #[must_use]
    pub fn network(&self) -> NetworkState {
        NetworkState {
            chain: self.chain(),
            protocol: PROTOCOL,
            limits: self.limits,
            recovery_threshold: self.recovery_threshold,
            epoch: Epoch::ZERO,
            trust: TrustHash::new(sha256(&[self.trust_file().as_bytes()])),
            validators: self
                .agencies
                .iter()
                .map(|agency| agency.name.clone())
                .collect(),
        }
    }

    /// Everything that the index holds after genesis.
    #[must_use]
    pub fn state(&self) -> Vec<(IndexKey, String)> {
        let mut state = vec![(NetworkState::index_key(), self.network().write())];
        state.extend(
            self.agencies
                .iter()
                .map(|agency| (AgencyState::index_key(&agency.name), agency.state().write())),
        );
        state.extend(
            self.registries
                .iter()
                .map(|registry| (RegistryState::index_key(&registry.name), registry.write())),
        );
        state.extend(
            self.clerks
                .iter()
                .map(|(clerk, _)| (ClerkState::index_key(&clerk.name), clerk.write())),
        );
        state
    }

    fn check(&self) -> Result<(), BadGenesis> {
        let no = |what: String| Err(BadGenesis::Inconsistent(what));
        let agencies: Vec<&AgencyName> = self.agencies.iter().map(|agency| &agency.name).collect();
        if !(AGENCIES_MIN..=AGENCIES_MAX).contains(&agencies.len()) {
            return no(format!(
                "{} agencies; a network has {AGENCIES_MIN} to {AGENCIES_MAX}",
                agencies.len()
            ));
        }
        let registries: Vec<&RegistryName> = self
            .registries
            .iter()
            .map(|registry| &registry.name)
            .collect();
        let clerks: Vec<_> = self.clerks.iter().map(|(clerk, _)| &clerk.name).collect();
        if !agencies.is_sorted_by(|a, b| a < b)
            || !registries.is_sorted_by(|a, b| a < b)
            || !clerks.is_sorted_by(|a, b| a < b)
        {
            return no(
                "agencies, registries and clerks stand in the order of their names, each once"
                    .to_owned(),
            );
        }
        let threshold = usize::try_from(self.recovery_threshold).unwrap_or(usize::MAX);
        if threshold < quorum(agencies.len()).div_ceil(2) || threshold > agencies.len() {
            return no(format!(
                "a recovery threshold of {threshold} is not between half a quorum and all agencies"
            ));
        }
        let Limits {
            entry_bytes,
            block_entries,
            block_bytes,
            lifetime_heights,
        } = self.limits;
        if !(1024..=4096).contains(&entry_bytes)
            || !(1..=16_384).contains(&block_entries)
            || !(65_536..=8 << 20).contains(&block_bytes)
            || !(1000..=1 << 40).contains(&lifetime_heights)
        {
            return no("a limit is out of its bounds".to_owned());
        }
        for registry in &self.registries {
            if !agencies.contains(&&registry.owner) {
                return no(format!(
                    "registry {} is owned by {}, which is not an agency here",
                    registry.name, registry.owner
                ));
            }
        }
        for (clerk, _) in &self.clerks {
            if !agencies.contains(&&clerk.name.agency()) {
                return no(format!("clerk {} belongs to no agency here", clerk.name));
            }
            if let Some(unknown) = clerk
                .registries
                .iter()
                .find(|registry| !registries.contains(registry))
            {
                return no(format!(
                    "clerk {} may act in {unknown}, which is not a registry here",
                    clerk.name
                ));
            }
        }
        self.check_keys()
    }

    fn check_keys(&self) -> Result<(), BadGenesis> {
        let mut seen = BTreeSet::new();
        let mut check = |holder: &str,
                         purpose: &'static str,
                         key: &PublicKey,
                         proof: &Signature| {
            let claim = Possession {
                origin: self.origin.as_str(),
                holder,
                purpose,
            };
            key.check_registrable(&claim, proof)
                .map_err(|error| BadGenesis::Key {
                    purpose,
                    holder: holder.to_owned(),
                    error,
                })?;
            if seen.insert(*key) {
                Ok(())
            } else {
                Err(BadGenesis::Inconsistent(format!(
                    "the {purpose} key of {holder} is used twice; every use has a key of its own"
                )))
            }
        };
        check(
            self.origin.as_str(),
            "publisher",
            &self.publisher.key,
            &self.publisher.proof,
        )?;
        for agency in &self.agencies {
            for (purpose, proven) in agency.keys() {
                check(agency.name.as_str(), purpose, &proven.key, &proven.proof)?;
            }
        }
        for (clerk, proof) in &self.clerks {
            check(clerk.name.as_str(), "clerk", &clerk.key, proof)?;
        }
        Ok(())
    }
}

impl GenesisAgency {
    /// Its keys in the order of the text.
    #[must_use]
    pub const fn keys(&self) -> [(&'static str, &ProvenKey); 5] {
        [
            ("peer", &self.peer),
            ("vote", &self.vote),
            ("cosign", &self.cosign),
            ("admin", &self.admin),
            ("recovery", &self.recovery),
        ]
    }

    /// The agency as the index holds it.
    #[must_use]
    pub fn state(&self) -> AgencyState {
        AgencyState {
            name: self.name.clone(),
            peer: self.peer.key,
            vote: self.vote.key,
            cosign: self.cosign.key,
            admin: self.admin.key,
            recovery: self.recovery.key,
            cosign_name: self.cosigner.clone(),
            url: self.url.clone(),
        }
    }
}

/// How many of `n` must agree so that any two such sets share an honest member: floor(2n/3)+1.
#[must_use]
pub const fn quorum(n: usize) -> usize {
    n.saturating_mul(2).saturating_div(3).saturating_add(1)
}

fn proven(lines: &mut Lines<'_>, word: &'static str) -> Result<ProvenKey, Malformed> {
    lines.parsed(
        word,
        "ed25519, a public key and its proof in base64",
        |value| {
            let (key, proof) = value.strip_prefix("ed25519 ")?.split_once(' ')?;
            Some(ProvenKey {
                key: PublicKey::from_base64(key).ok()?,
                proof: Signature::from_base64(proof)?,
            })
        },
    )
}

fn limits(value: &str) -> Option<Limits> {
    let numbers: Vec<u64> = value.split(' ').map(text::number).collect::<Option<_>>()?;
    let [entry_bytes, block_entries, block_bytes, lifetime_heights] = numbers.as_slice() else {
        return None;
    };
    Some(Limits {
        entry_bytes: *entry_bytes,
        block_entries: *block_entries,
        block_bytes: *block_bytes,
        lifetime_heights: *lifetime_heights,
    })
}

/// No space and no `#`: other people's parsers of trust files cut lines there.
fn url(value: &str) -> Option<String> {
    let fine = value.len() <= 200
        && value
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'#');
    (fine && (value.starts_with("http://") || value.starts_with("https://")))
        .then(|| value.to_owned())
}

/// Printable ASCII without `+` and `#`, at most 255 bytes.
fn note_name(value: &str) -> Option<String> {
    let fine = value.len() <= 255
        && value
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'+' && byte != b'#');
    fine.then(|| value.to_owned())
}
