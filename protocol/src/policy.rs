//! The trust file: who may sign for a log, and how many of them must (C2SP tlog-policy).
//!
//! An auditor's only input beside a receipt. Lines that begin with `#: ` are comments to other tools
//! and say to ours which epoch of which network this is.

mod error;
mod groups;
mod headers;
mod rule;
mod term;

use thiserror::Error;

use crate::{
    chain_id::NetworkId,
    checkpoint::Checkpoint,
    cosignature,
    hash::{ChainId, TrustHash, sha256},
    height::{Epoch, UnixSeconds},
    key::PublicKey,
    name::{AgencyName, Origin, is_policy_url},
    note::{ALGORITHM_COSIGNATURE, ALGORITHM_ED25519, NoteKey, SignedNote},
    rewritten,
    text::Malformed,
};

use self::{error::BadLine, groups::Groups, headers::Headers};

pub use self::{
    headers::Past,
    rule::{Rule, Short},
    term::{OpenedBy, Term},
};

/// The most bytes of a trust file.
pub const POLICY_BYTES_MAX: usize = 64 * 1024;
/// The most witnesses, and the most groups.
pub const MEMBERS_MAX: usize = 256;

/// The group of the network's own agencies, in its trust file and in those that are built on it.
const VALIDATORS: &str = "validators";

/// One agency that cosigns, or another witness.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyKey {
    /// Name in the file.
    pub name: String,
    /// Key.
    pub key: NoteKey,
    /// Address at which the cosigner answers, a URL.
    pub url: Option<String>,
}

/// A trust file that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustPolicy {
    hash: TrustHash,
    file: [u8; 32],
    logs: Vec<(NoteKey, Option<String>)>,
    witnesses: Vec<PolicyKey>,
    groups: Groups,
    headers: Headers,
    /// Quorum of the file; under a file of somebody's own, also the quorum of the network itself.
    rule: Rule,
    of_network: Option<Rule>,
}

/// The worth of a note under a trust file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteJudgement {
    /// Checkpoint that the note holds.
    pub checkpoint: Checkpoint,
    /// Cosigners whose signatures hold, with their times; in the order of the file.
    pub cosigners: Vec<(String, UnixSeconds)>,
    /// Cosigners of the file who did not sign.
    pub missing: Vec<String>,
    /// `true` if the log's own line is there.
    pub log_signed: bool,
    /// `true` if as many signed as the file asks for.
    pub quorum: bool,
    /// `true` if as many agencies signed as the network itself asks for: under a file of somebody's own that
    /// may be so where the quorum is not met.
    pub network_quorum: bool,
    /// Groups that are short, if the quorum is not met.
    pub short: Option<Short>,
}

/// Why a note is worth nothing.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Unworthy {
    /// The text of the note is no checkpoint.
    #[error("the checkpoint: {0}")]
    Malformed(#[from] Malformed),
    /// Of another log.
    #[error("the checkpoint is of {found}, and the trust file is for {expected}")]
    WrongOrigin {
        /// Of which.
        found: String,
        /// For which.
        expected: String,
    },
    /// A line of a known key that does not verify: the whole note is refused.
    #[error("the signature line of {0} does not verify")]
    BadLine(String),
}

impl TrustPolicy {
    /// Reads a trust file.
    ///
    /// # Errors
    ///
    /// [`Malformed`] names the first line that is not of the format.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        if bytes.len() > POLICY_BYTES_MAX {
            return Err(Malformed::new(1, "longer than 64 KiB"));
        }
        let mut policy = Self {
            hash: TrustHash::new(sha256(&[headers::without_past(bytes)])),
            file: sha256(&[bytes]),
            logs: Vec::new(),
            witnesses: Vec::new(),
            groups: Groups::default(),
            headers: Headers::default(),
            rule: Rule::LogAlone,
            of_network: None,
        };
        let mut last = 0;
        for (number, line) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
            policy
                .line(line)
                .map_err(|bad| Malformed::new(number, bad.to_string()))?;
            last = number;
        }
        if policy.logs.is_empty() {
            return Err(Malformed::new(last, "no \"log\" line"));
        }
        if !policy.groups.has_quorum() {
            return Err(Malformed::new(last, "no \"quorum\" line"));
        }
        policy
            .headers
            .check()
            .map_err(|bad| Malformed::new(last, bad.to_string()))?;
        // The network's own file has one way to be written, and block leaves name its hash.
        let is_networks = policy.headers.genesis.is_some() && policy.headers.base.is_none();
        if is_networks && !rewritten::is_as_written(bytes) {
            return Err(Malformed::new(last, rewritten::SENTENCE));
        }
        policy.rule = policy.groups.rule();
        let own = policy.headers.base.is_some();
        policy.of_network = own
            .then(|| policy.groups.rule_of_group(VALIDATORS))
            .flatten();
        Ok(policy)
    }

    fn line(&mut self, bytes: &[u8]) -> Result<(), BadLine> {
        if bytes
            .iter()
            .any(|byte| (*byte < 0x20 && *byte != b'\t') || *byte == 0x7f)
        {
            return Err(BadLine::Control);
        }
        if self.headers.has_past() && !bytes.is_empty() && !headers::is_past(bytes) {
            return Err(BadLine::AfterPast);
        }
        let line = match std::str::from_utf8(bytes) {
            Ok(line) => line,
            // Whatever else it may be written in, a comment says nothing to us; a line of ours would.
            Err(_) if bytes.trim_ascii_start().starts_with(b"#") && !bytes.starts_with(b"#: ") => {
                return Ok(());
            }
            Err(_) => return Err(BadLine::NotUtf8),
        };
        if let Some(header) = line.strip_prefix("#: ") {
            return Ok(self.headers.read(header)?);
        }
        let words: Vec<&str> = line
            .split([' ', '\t'])
            .filter(|word| !word.is_empty())
            .collect();
        match words.as_slice() {
            [] => Ok(()),
            [first, ..] if first.starts_with('#') => Ok(()),
            ["log", vkey, url @ ..] if url.len() <= 1 => {
                check_url(url)?;
                let key = self.new_key(vkey, ALGORITHM_ED25519)?;
                if self
                    .logs
                    .first()
                    .is_some_and(|(other, _)| other.name != key.name)
                {
                    return Err(BadLine::SecondLog);
                }
                self.logs
                    .push((key, url.first().map(|url| (*url).to_owned())));
                Ok(())
            }
            ["witness", name, vkey, url @ ..] if url.len() <= 1 => {
                check_url(url)?;
                let key = self.new_key(vkey, ALGORITHM_COSIGNATURE)?;
                self.groups.add_witness(name)?;
                self.witnesses.push(PolicyKey {
                    name: (*name).to_owned(),
                    key,
                    url: url.first().map(|url| (*url).to_owned()),
                });
                Ok(())
            }
            ["group", name, threshold, members @ ..] => {
                Ok(self.groups.add_group(name, threshold, members)?)
            }
            ["quorum", name] => Ok(self.groups.set_quorum(name)?),
            [word, ..] => Err(BadLine::Unknown(word.chars().take(16).collect())),
        }
    }

    fn new_key(&self, vkey: &str, needed: u8) -> Result<NoteKey, BadLine> {
        let key = NoteKey::parse(vkey)?;
        if key.algorithm != needed {
            return Err(BadLine::Algorithm {
                found: key.algorithm,
                needed,
            });
        }
        let mut known = self
            .logs
            .iter()
            .map(|(key, _)| key)
            .chain(self.witnesses.iter().map(|witness| &witness.key));
        if known.any(|other| other.key == key.key) {
            return Err(BadLine::KeyTwice);
        }
        Ok(key)
    }

    /// SHA-256 of the file without the lines of past epochs, which whoever walked the chain put under
    /// it: the hash that block leaves name.
    #[must_use]
    pub const fn hash(&self) -> TrustHash {
        self.hash
    }

    /// SHA-256 of the whole file.
    #[must_use]
    pub const fn file_hash(&self) -> &[u8; 32] {
        &self.file
    }

    /// The hash of the network's own trust file: this one, or the one that it is built on.
    #[must_use]
    pub fn network_hash(&self) -> TrustHash {
        self.headers.base.unwrap_or(self.hash)
    }

    /// The log that the file is for.
    #[must_use]
    pub fn origin(&self) -> &str {
        self.logs.first().map_or("", |(key, _)| key.name.as_str())
    }

    /// The log's own keys, which are of one name.
    pub fn logs(&self) -> impl Iterator<Item = &NoteKey> {
        self.logs.iter().map(|(key, _)| key)
    }

    /// Number of the file in its chain, if it says so.
    #[must_use]
    pub const fn epoch(&self) -> Option<Epoch> {
        self.headers.epoch
    }

    /// Identity of the network, if the file says so.
    #[must_use]
    pub const fn genesis(&self) -> Option<ChainId> {
        self.headers.genesis
    }

    /// Identity of the network in signed messages; none if the file names no genesis, or is for a log that
    /// is no network of Muhr.
    #[must_use]
    pub fn network_id(&self) -> Option<NetworkId> {
        Some(NetworkId {
            origin: Origin::parse(self.origin())?,
            chain: self.genesis()?,
        })
    }

    /// The network's own file that this one of somebody's own is built on.
    #[must_use]
    pub const fn base(&self) -> Option<TrustHash> {
        self.headers.base
    }

    /// Holders who opened the epoch; none for epoch 0, and where the file does not say.
    #[must_use]
    pub const fn opened_by(&self) -> Option<OpenedBy> {
        self.headers.opened_by
    }

    /// The offline keys that can open the next epoch after a disaster, and how many of them must.
    #[must_use]
    pub fn recovery(&self) -> (u64, &[(AgencyName, PublicKey)]) {
        let threshold = self.headers.recovery_threshold.unwrap_or(u64::MAX);
        (threshold, &self.headers.recovery)
    }

    /// Ends of the epochs before, as walking the chain has shown; the oldest first.
    #[must_use]
    pub fn past(&self) -> &[Past] {
        &self.headers.past
    }

    /// Quorum of the file.
    #[must_use]
    pub const fn rule(&self) -> &Rule {
        &self.rule
    }

    /// The agencies: all witnesses of the network's own file; of one that is built on it those of its group
    /// `validators`.
    #[must_use]
    pub fn agencies(&self) -> Vec<&str> {
        match &self.of_network {
            Some(rule) => rule.witnesses(),
            None => self
                .witnesses
                .iter()
                .map(|witness| witness.name.as_str())
                .collect(),
        }
    }

    /// Cosigners of the file.
    #[must_use]
    pub fn witnesses(&self) -> &[PolicyKey] {
        &self.witnesses
    }

    /// Judges the worth of a note: lines of unknown keys are ignored, a known one that does not verify
    /// refuses the note. Too few signatures are an answer, not an error.
    ///
    /// # Errors
    ///
    /// [`Unworthy`] for a text that is no checkpoint of this log, and for a line of a known key that does not verify.
    pub fn evaluate(&self, note: &SignedNote) -> Result<NoteJudgement, Unworthy> {
        let checkpoint = Checkpoint::parse(&note.text)?;
        if checkpoint.origin.as_str() != self.origin() {
            return Err(Unworthy::WrongOrigin {
                found: checkpoint.origin.to_string(),
                expected: self.origin().to_owned(),
            });
        }
        let mut log_signed = false;
        let mut times: Vec<Option<UnixSeconds>> = vec![None; self.witnesses.len()];
        for line in &note.signatures {
            let bad = |_| Unworthy::BadLine(line.name.clone());
            if let Some((key, _)) = self.logs.iter().find(|(key, _)| key.is_of(line)) {
                cosignature::verify_line(key, &note.text, line).map_err(bad)?;
                log_signed = true;
            }
            for (witness, slot) in self.witnesses.iter().zip(&mut times) {
                if witness.key.is_of(line) {
                    *slot = (*slot).max(
                        cosignature::verify_line(&witness.key, &note.text, line).map_err(bad)?,
                    );
                }
            }
        }
        let signed = |name: &str| {
            self.witnesses
                .iter()
                .zip(&times)
                .any(|(witness, time)| witness.name == name && time.is_some())
        };
        let quorum = self.rule.is_met(&signed, log_signed);
        let of_network = self.of_network.as_ref().unwrap_or(&self.rule);
        let network_quorum = of_network.is_met(&signed, log_signed);
        let short = (!quorum).then(|| self.rule.short(&signed)).flatten();
        let with_times = || self.witnesses.iter().zip(&times);
        let cosigners = with_times()
            .filter_map(|(witness, time)| time.map(|time| (witness.name.clone(), time)))
            .collect();
        let missing = with_times()
            .filter(|(_, time)| time.is_none())
            .map(|(witness, _)| witness.name.clone())
            .collect();
        Ok(NoteJudgement {
            checkpoint,
            cosigners,
            missing,
            log_signed,
            quorum,
            network_quorum,
            short,
        })
    }
}

fn check_url(url: &[&str]) -> Result<(), BadLine> {
    if url.iter().all(|url| is_policy_url(url)) {
        Ok(())
    } else {
        Err(BadLine::Url)
    }
}
