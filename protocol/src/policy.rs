//! The trust file: who may sign for a log, and how many of them must (C2SP tlog-policy).
//!
//! An auditor's only input beside a receipt. Lines that begin with `#: ` are comments to other tools
//! and say to ours which epoch of which network this is.

mod groups;

use thiserror::Error;

use crate::{
    checkpoint::Checkpoint,
    cosignature,
    hash::{ChainId, TrustHash, sha256},
    height::Epoch,
    note::{ALGORITHM_COSIGNATURE, ALGORITHM_ED25519, NoteKey, SignedNote},
    text::{self, Malformed},
};

use groups::Groups;

/// The most bytes of a trust file.
pub const POLICY_BYTES_MAX: usize = 64 * 1024;
/// The most witnesses, and the most groups.
pub const MEMBERS_MAX: usize = 256;

/// One agency that cosigns, or another witness.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// Its name in the file.
    pub name: String,
    /// Its key.
    pub key: NoteKey,
    /// Where it answers.
    pub url: Option<String>,
}

/// A trust file that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustPolicy {
    hash: TrustHash,
    logs: Vec<(NoteKey, Option<String>)>,
    witnesses: Vec<Witness>,
    groups: Groups,
    epoch: Option<Epoch>,
    genesis: Option<ChainId>,
}

/// What a note is worth under a trust file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// What it says.
    pub checkpoint: Checkpoint,
    /// Whose cosignatures hold, with their times in seconds since 1970; in the order of the file.
    pub cosigners: Vec<(String, u64)>,
    /// Who of the file did not sign.
    pub missing: Vec<String>,
    /// Whether the log's own line is there.
    pub log_signed: bool,
    /// Whether as many signed as the file asks for.
    pub quorum: bool,
}

/// Why a note is worth nothing.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Unworthy {
    /// Its text is no checkpoint.
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
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        if bytes.len() > POLICY_BYTES_MAX {
            return Err(Malformed::new(1, "longer than 64 KiB"));
        }
        let mut policy = Self {
            hash: TrustHash::new(sha256(&[bytes])),
            logs: Vec::new(),
            witnesses: Vec::new(),
            groups: Groups::default(),
            epoch: None,
            genesis: None,
        };
        let mut last = 0;
        for (number, line) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
            policy
                .line(line)
                .map_err(|what| Malformed::new(number, what))?;
            last = number;
        }
        if policy.logs.is_empty() {
            return Err(Malformed::new(last, "no \"log\" line"));
        }
        if !policy.groups.has_quorum() {
            return Err(Malformed::new(last, "no \"quorum\" line"));
        }
        Ok(policy)
    }

    fn line(&mut self, bytes: &[u8]) -> Result<(), String> {
        if bytes
            .iter()
            .any(|byte| (*byte < 0x20 && *byte != b'\t') || *byte == 0x7f)
        {
            return Err("a control character; lines end with a line feed alone".to_owned());
        }
        let line = match std::str::from_utf8(bytes) {
            Ok(line) => line,
            // Whatever else it may be written in, a comment says nothing to us.
            Err(_) if bytes.trim_ascii_start().starts_with(b"#") => return Ok(()),
            Err(_) => return Err("names and URLs must be UTF-8".to_owned()),
        };
        if let Some(header) = line.strip_prefix("#: ") {
            return self.header(header);
        }
        let words: Vec<&str> = line
            .split([' ', '\t'])
            .filter(|word| !word.is_empty())
            .collect();
        match words.as_slice() {
            [] => Ok(()),
            [first, ..] if first.starts_with('#') => Ok(()),
            ["log", vkey, url @ ..] if url.len() <= 1 => {
                let key = self.new_key(vkey, ALGORITHM_ED25519)?;
                if self
                    .logs
                    .first()
                    .is_some_and(|(other, _)| other.name != key.name)
                {
                    return Err("two \"log\" lines for different logs".to_owned());
                }
                self.logs
                    .push((key, url.first().map(|url| (*url).to_owned())));
                Ok(())
            }
            ["witness", name, vkey, url @ ..] if url.len() <= 1 => {
                let key = self.new_key(vkey, ALGORITHM_COSIGNATURE)?;
                self.groups.add_witness(name)?;
                self.witnesses.push(Witness {
                    name: (*name).to_owned(),
                    key,
                    url: url.first().map(|url| (*url).to_owned()),
                });
                Ok(())
            }
            ["group", name, threshold, members @ ..] => {
                self.groups.add_group(name, threshold, members)
            }
            ["quorum", name] => self.groups.set_quorum(name),
            [word, ..] => Err(format!(
                "an unknown or incomplete \"{}\" line",
                word.chars().take(16).collect::<String>().escape_default()
            )),
        }
    }

    fn header(&mut self, header: &str) -> Result<(), String> {
        let second = match header.split_once(' ') {
            Some(("epoch", value)) => {
                let epoch = text::number(value).ok_or("\"epoch\" is not a number")?;
                self.epoch.replace(Epoch::new(epoch)).is_some()
            }
            Some(("genesis", value)) => {
                let genesis =
                    ChainId::from_hex(value).ok_or("\"genesis\" is not 64 hexadecimal digits")?;
                self.genesis.replace(genesis).is_some()
            }
            _ => false,
        };
        // Another reader might take the other one.
        if second {
            return Err("a header that stands in the file already".to_owned());
        }
        Ok(())
    }

    fn new_key(&self, vkey: &str, algorithm: u8) -> Result<NoteKey, String> {
        let key =
            NoteKey::parse(vkey).ok_or("not a verifier key (name, id and key joined by +)")?;
        if key.algorithm != algorithm {
            return Err(format!(
                "a key of algorithm {} where {algorithm} is needed",
                key.algorithm
            ));
        }
        let mut known = self
            .logs
            .iter()
            .map(|(key, _)| key)
            .chain(self.witnesses.iter().map(|witness| &witness.key));
        if known.any(|other| other.key == key.key) {
            return Err("a key that stands in the file already".to_owned());
        }
        Ok(key)
    }

    /// SHA-256 of the file.
    #[must_use]
    pub const fn hash(&self) -> TrustHash {
        self.hash
    }

    /// The log that the file is for.
    #[must_use]
    pub fn origin(&self) -> &str {
        self.logs.first().map_or("", |(key, _)| key.name.as_str())
    }

    /// Number of the file in its chain, if it says so.
    #[must_use]
    pub const fn epoch(&self) -> Option<Epoch> {
        self.epoch
    }

    /// Identity of the network, if the file says so.
    #[must_use]
    pub const fn genesis(&self) -> Option<ChainId> {
        self.genesis
    }

    /// Who may cosign.
    #[must_use]
    pub fn witnesses(&self) -> &[Witness] {
        &self.witnesses
    }

    /// Says what a note is worth: lines of unknown keys are ignored, a known one that does not verify
    /// refuses the note. Too few signatures are an answer, not an error.
    pub fn evaluate(&self, note: &SignedNote) -> Result<Judgement, Unworthy> {
        let checkpoint = Checkpoint::parse(&note.text)?;
        if checkpoint.origin.as_str() != self.origin() {
            return Err(Unworthy::WrongOrigin {
                found: checkpoint.origin.to_string(),
                expected: self.origin().to_owned(),
            });
        }
        let mut log_signed = false;
        let mut times: Vec<Option<u64>> = vec![None; self.witnesses.len()];
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
        let quorum = self.groups.is_met(&signed, log_signed);
        let with_times = || self.witnesses.iter().zip(&times);
        let cosigners = with_times()
            .filter_map(|(witness, time)| time.map(|time| (witness.name.clone(), time)))
            .collect();
        let missing = with_times()
            .filter(|(_, time)| time.is_none())
            .map(|(witness, _)| witness.name.clone())
            .collect();
        Ok(Judgement {
            checkpoint,
            cosigners,
            missing,
            log_signed,
            quorum,
        })
    }
}
