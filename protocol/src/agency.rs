//! Agencies with all their keys, as genesis and a change of agencies write them, and what every such
//! set must fulfil.
//!
//! Not here: who may change the set (`epoch`), and what the index holds of an agency (`state`).

use std::collections::BTreeSet;

use thiserror::Error;

use crate::{
    key::{KeyError, Possession, PublicKey, Signature},
    name::{AgencyName, Origin},
    state::AgencyState,
    text::{Lines, Malformed},
};

/// The fewest agencies: fewer could not lose one and go on.
pub const AGENCIES_MIN: usize = 4;
/// The most agencies: a quorum of more would not fit the 16 signature lines that all tools read.
pub const AGENCIES_MAX: usize = 22;

/// Why agencies cannot run a network.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BadAgencies {
    /// A key that may not act.
    #[error("the {purpose} key of {holder}: {error}")]
    Key {
        /// Purpose that the key was given for.
        purpose: &'static str,
        /// Holder that the key was given for.
        holder: String,
        /// Reason of the refusal.
        error: KeyError,
    },
    /// A statement that cannot be true.
    #[error("{0}")]
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

/// An agency with the proofs that it holds its keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenAgency {
    /// Name of the agency.
    pub name: AgencyName,
    /// Address of the agency's node, a URL.
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

impl ProvenAgency {
    /// Keys of the agency with their purposes, in the order of the text.
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

    pub(crate) fn write(&self, out: &mut String) {
        *out += &format!(
            "agency {}\nurl {}\ncosigner {}\n",
            self.name, self.url, self.cosigner
        );
        for (word, proven) in self.keys() {
            proven.write(word, out);
        }
    }

    fn read(lines: &mut Lines<'_>, name: &str) -> Result<Self, Malformed> {
        let name = AgencyName::parse(name)
            .ok_or_else(|| lines.malformed("\"agency\" is not the name of an agency"))?;
        Ok(Self {
            name,
            url: lines.parsed("url", "a URL without spaces", url)?,
            cosigner: lines.parsed("cosigner", "the name of a note key", note_name)?,
            peer: ProvenKey::read(lines, "peer")?,
            vote: ProvenKey::read(lines, "vote")?,
            cosign: ProvenKey::read(lines, "cosign")?,
            admin: ProvenKey::read(lines, "admin")?,
            recovery: ProvenKey::read(lines, "recovery")?,
        })
    }

    pub(crate) fn read_all(lines: &mut Lines<'_>) -> Result<Vec<Self>, Malformed> {
        let mut agencies = Vec::new();
        while let Some(name) = lines.optional("agency")? {
            agencies.push(Self::read(lines, name)?);
        }
        Ok(agencies)
    }
}

impl ProvenKey {
    pub(crate) fn write(&self, word: &str, out: &mut String) {
        *out += &format!("{word} ed25519 {} {}\n", self.key, self.proof);
    }

    pub(crate) fn read(lines: &mut Lines<'_>, word: &'static str) -> Result<Self, Malformed> {
        lines.parsed(
            word,
            "ed25519, a public key and its proof in base64",
            |value| {
                let (key, proof) = value.strip_prefix("ed25519 ")?.split_once(' ')?;
                Some(Self {
                    key: PublicKey::from_base64(key).ok()?,
                    proof: Signature::from_base64(proof)?,
                })
            },
        )
    }
}

/// Quorum of `n` validators, floor(2n/3)+1: any two such sets share an honest member while fewer than a third lie.
#[must_use]
pub const fn quorum(n: usize) -> usize {
    n.saturating_mul(2).saturating_div(3).saturating_add(1)
}

/// Keys that were registered, each for one use.
#[derive(Debug)]
pub(crate) struct KeyRing<'a> {
    origin: &'a str,
    seen: BTreeSet<PublicKey>,
}

impl<'a> KeyRing<'a> {
    pub(crate) fn new(origin: &'a Origin) -> Self {
        Self {
            origin: origin.as_str(),
            seen: BTreeSet::new(),
        }
    }

    /// Takes a key that is shown to be held and serves nothing else.
    pub(crate) fn add(
        &mut self,
        holder: &str,
        purpose: &'static str,
        key: &PublicKey,
        proof: &Signature,
    ) -> Result<(), BadAgencies> {
        let claim = Possession {
            origin: self.origin,
            holder,
            purpose,
        };
        key.check_registrable(&claim, proof)
            .map_err(|error| BadAgencies::Key {
                purpose,
                holder: holder.to_owned(),
                error,
            })?;
        if self.seen.insert(*key) {
            Ok(())
        } else {
            Err(BadAgencies::Inconsistent(format!(
                "the {purpose} key of {holder} is used twice; every use has a key of its own"
            )))
        }
    }
}

/// As many agencies as can run a network, in order, with a recovery threshold that makes sense, and
/// each key of theirs and the publisher's shown to be held and used once.
pub(crate) fn check<'a>(
    origin: &'a Origin,
    publisher: &ProvenKey,
    agencies: &[ProvenAgency],
    recovery_threshold: u64,
) -> Result<KeyRing<'a>, BadAgencies> {
    let no = |what: String| Err(BadAgencies::Inconsistent(what));
    let count = agencies.len();
    if !(AGENCIES_MIN..=AGENCIES_MAX).contains(&count) {
        return no(format!(
            "a network has {AGENCIES_MIN} to {AGENCIES_MAX} agencies, and not {count}"
        ));
    }
    if !agencies.is_sorted_by(|a, b| a.name < b.name) {
        return no("agencies stand in the order of their names, each once".to_owned());
    }
    let threshold = usize::try_from(recovery_threshold).unwrap_or(usize::MAX);
    if threshold < quorum(count).div_ceil(2) || threshold > count {
        return no(format!(
            "a recovery threshold of {threshold} is not between half a quorum and all agencies"
        ));
    }
    let mut ring = KeyRing::new(origin);
    ring.add(
        origin.as_str(),
        "publisher",
        &publisher.key,
        &publisher.proof,
    )?;
    for agency in agencies {
        for (purpose, proven) in agency.keys() {
            ring.add(agency.name.as_str(), purpose, &proven.key, &proven.proof)?;
        }
    }
    Ok(ring)
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
