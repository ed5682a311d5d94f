//! The values that stand in the index, each one line of text, and the keys under which they stand.
//!
//! All state that a rule reads is here: two nodes with equal index roots agree on everything. How a
//! value changes is the ledger's business.

mod governance;
mod returned;

use std::collections::BTreeSet;

use crate::{
    entry::{EntryRef, Operation},
    hash::{ChainId, IndexKey, LeafHash, RecordKey, TrustHash, ValueHash, sha256},
    height::{Epoch, Height, LeafIndex, TimeMs, Version},
    key::PublicKey,
    name::{AgencyName, ClerkName, Date, RegistryName},
    record::CaseRule,
    standing::{Endorsement, Mark, RegistryPolicy, Standing},
    text,
};

pub use self::{
    governance::{
        BallotState, DAY_MS, Governance, OpeningState, ProposalEnd, ProposalState, ReadyState,
        VoiceState,
    },
    returned::ReturnState,
};

/// The most bytes that one value has: that of an open proposal holds its leaf.
pub const VALUE_BYTES_MAX: usize = 128 * 1024;

fn index_key(kind: &str, parts: &[&[u8]]) -> IndexKey {
    let mut bytes = Vec::with_capacity(128);
    bytes.extend_from_slice(b"muhr-index/v1\0");
    bytes.extend_from_slice(kind.as_bytes());
    for part in parts {
        bytes.push(0);
        bytes.extend_from_slice(part);
    }
    IndexKey::new(sha256(&[&bytes]))
}

/// SHA-256 of a value.
#[must_use]
pub fn value_hash(value: &str) -> ValueHash {
    ValueHash::new(sha256(&[value.as_bytes()]))
}

/// The force of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecordStatus {
    /// In force.
    Active,
    /// Out of force until reinstated.
    Suspended,
    /// Ended for good.
    Revoked,
}

impl RecordStatus {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Active, Self::Suspended, Self::Revoked];

    /// The word in a record's value.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Revoked => "revoked",
        }
    }

    /// Reads its word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.word() == word)
    }

    /// The table of `docs/protocol.md`: what `operation` makes of a record in status `before`, which is none
    /// for a record that is not there; none if it may not.
    #[must_use]
    pub const fn after(before: Option<Self>, operation: Operation) -> Option<Self> {
        match (before, operation) {
            (None, Operation::Register)
            | (Some(Self::Active), Operation::Amend | Operation::Correct)
            | (Some(Self::Suspended), Operation::Reinstate) => Some(Self::Active),
            (Some(Self::Active), Operation::Suspend)
            | (Some(Self::Suspended), Operation::Correct) => Some(Self::Suspended),
            (Some(Self::Active | Self::Suspended), Operation::Revoke) => Some(Self::Revoked),
            (
                Some(status @ (Self::Active | Self::Suspended)),
                Operation::Confirm | Operation::Dispute | Operation::Withdraw,
            ) => Some(status),
            _ => None,
        }
    }
}

/// The present state of one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordState {
    /// Force of the record.
    pub status: RecordStatus,
    /// Number of the latest version.
    pub version: Version,
    /// The latest version that carried content: a reinstated record says what it said before.
    pub content: Version,
    /// Index of the latest version in the log.
    pub index: LeafIndex,
    /// Leaf hash of the latest version.
    pub hash: LeafHash,
    /// Height of its block.
    pub height: Height,
    /// Time of its block.
    pub time: TimeMs,
    /// Confirmations asked of the latest version, and given; most records have none.
    pub standing: Option<Box<Standing>>,
}

impl RecordState {
    /// Key of the record's place in the index.
    #[must_use]
    pub fn index_key(registry: &RegistryName, key: &RecordKey) -> IndexKey {
        index_key("record", &[registry.as_str().as_bytes(), key.as_bytes()])
    }

    /// Position of the latest version.
    #[must_use]
    pub const fn place(&self) -> EntryRef {
        EntryRef {
            index: self.index,
            hash: self.hash,
            height: self.height,
            time: self.time,
        }
    }

    /// The last that `agency` said of the latest version.
    #[must_use]
    pub fn mark(&self, agency: &AgencyName) -> Option<&Mark> {
        self.standing.as_ref()?.mark(agency)
    }

    /// Author of the latest version, if a second clerk of the agency is asked to look at it.
    #[must_use]
    pub fn four_eyes(&self) -> Option<&ClerkName> {
        self.standing.as_ref()?.terms.as_ref()?.four_eyes.as_ref()
    }

    /// Effect of the other agencies' word on the latest version at `now`.
    #[must_use]
    pub fn endorsement(&self, now: TimeMs) -> Endorsement {
        let standing = self.standing.as_ref();
        standing.map_or(Endorsement::NotAsked, |standing| standing.endorsement(now))
    }

    /// The value, one line with its LF.
    #[must_use]
    pub fn write(&self) -> String {
        let standing = self.standing.as_ref().map(|standing| standing.write());
        format!(
            "record {} {} {} {} {} {} {}{}\n",
            self.status.word(),
            self.version,
            self.content,
            self.index,
            self.hash,
            self.height,
            self.time,
            standing.unwrap_or_default()
        )
    }

    /// Reads a value.
    pub fn parse(value: &str) -> Option<Self> {
        let mut words = value
            .strip_suffix('\n')?
            .strip_prefix("record ")?
            .split(' ');
        let status = RecordStatus::parse(words.next()?)?;
        let mut number = || text::number(words.next()?);
        let (version, content, index) = (number()?, number()?, number()?);
        let hash = LeafHash::from_base64(words.next()?)?;
        let mut number = || text::number(words.next()?);
        let (height, time) = (number()?, number()?);
        let standing = Standing::read(words)?;
        let state = Self {
            status,
            version: Version::new(version),
            content: Version::new(content),
            index: LeafIndex::new(index),
            hash,
            height: Height::new(height),
            time: TimeMs::new(time),
            standing: (!standing.is_empty()).then(|| Box::new(standing)),
        };
        (state.write() == value).then_some(state)
    }
}

/// The permissions of a clerk's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClerkState {
    /// The clerk, named `<agency>/<name>`.
    pub name: ClerkName,
    /// The one key of this name.
    pub key: PublicKey,
    /// The last day, in UTC, on which it may sign; none for no end.
    pub until: Option<Date>,
    /// The registries in which it may act.
    pub registries: BTreeSet<RegistryName>,
    /// The operations that it may do there.
    pub operations: BTreeSet<Operation>,
    /// End of the key, if its agency has revoked it. A revoked key stays: what it signed before still verifies.
    pub revoked: Option<Revoked>,
}

/// The end of a clerk key by its agency's decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revoked {
    /// Time of the block that holds the decision.
    pub time: TimeMs,
    /// Since when somebody else may have had the key, if that is feared.
    pub compromised: Option<TimeMs>,
}

impl ClerkState {
    /// Key of the clerk's place in the index.
    #[must_use]
    pub fn index_key(name: &ClerkName) -> IndexKey {
        index_key("clerk", &[name.as_str().as_bytes()])
    }

    /// The value, one line with its LF.
    #[must_use]
    pub fn write(&self) -> String {
        let until = self.until.as_ref().map_or("never", Date::as_str);
        let registries: Vec<&str> = self.registries.iter().map(RegistryName::as_str).collect();
        let operations: Vec<&str> = self
            .operations
            .iter()
            .map(|operation| operation.word())
            .collect();
        let revoked = self.revoked.map(|revoked| {
            let since = revoked
                .compromised
                .map(|since| format!(" compromised {since}"));
            format!(" revoked {}{}", revoked.time, since.unwrap_or_default())
        });
        format!(
            "clerk {} ed25519 {} until {until} registries {} operations {}{}\n",
            self.name,
            self.key,
            registries.join(","),
            operations.join(","),
            revoked.unwrap_or_default()
        )
    }

    /// Reads a value.
    pub fn parse(value: &str) -> Option<Self> {
        let words: Vec<&str> = value.strip_suffix('\n')?.split(' ').collect();
        let [
            "clerk",
            name,
            "ed25519",
            key,
            "until",
            until,
            "registries",
            registries,
            "operations",
            operations,
            revoked @ ..,
        ] = words.as_slice()
        else {
            return None;
        };
        let time = |text: &str| Some(TimeMs::new(text::number(text)?));
        let revoked = match revoked {
            [] => None,
            ["revoked", at] => Some(Revoked {
                time: time(at)?,
                compromised: None,
            }),
            ["revoked", at, "compromised", since] => Some(Revoked {
                time: time(at)?,
                compromised: Some(time(since)?),
            }),
            _ => return None,
        };
        let state = Self {
            name: ClerkName::parse(name)?,
            key: PublicKey::from_base64(key).ok()?,
            until: if *until == "never" {
                None
            } else {
                Some(Date::parse(until)?)
            },
            registries: registries
                .split(',')
                .map(RegistryName::parse)
                .collect::<Option<_>>()?,
            operations: operations
                .split(',')
                .map(Operation::parse)
                .collect::<Option<_>>()?,
            revoked,
        };
        (state.write() == value).then_some(state)
    }
}

/// An agency and the public halves of its keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgencyState {
    /// Name of the agency.
    pub name: AgencyName,
    /// Names its node to its peers.
    pub peer: PublicKey,
    /// Signs its votes; none for an agency without a validator.
    pub vote: PublicKey,
    /// Cosigns checkpoints.
    pub cosign: PublicKey,
    /// Administers its clerks and registries.
    pub admin: PublicKey,
    /// Kept offline, for recovery after a disaster.
    pub recovery: PublicKey,
    /// Name of the cosigning key in notes; carries its year.
    pub cosign_name: String,
    /// Address of the agency's node, for the trust file.
    pub url: String,
}

impl AgencyState {
    /// Key of the agency's place in the index.
    #[must_use]
    pub fn index_key(name: &AgencyName) -> IndexKey {
        index_key("agency", &[name.as_str().as_bytes()])
    }

    /// All its keys, with what each is for.
    #[must_use]
    pub fn keys(&self) -> [(&'static str, PublicKey); 5] {
        [
            ("peer", self.peer),
            ("vote", self.vote),
            ("cosign", self.cosign),
            ("admin", self.admin),
            ("recovery", self.recovery),
        ]
    }

    /// The value, one line with its LF.
    #[must_use]
    pub fn write(&self) -> String {
        format!(
            "agency {} peer {} vote {} cosign {} admin {} recovery {} cosigner {} url {}\n",
            self.name,
            self.peer,
            self.vote,
            self.cosign,
            self.admin,
            self.recovery,
            self.cosign_name,
            self.url
        )
    }

    /// Reads a value.
    pub fn parse(value: &str) -> Option<Self> {
        let words: Vec<&str> = value.strip_suffix('\n')?.split(' ').collect();
        let [
            "agency",
            name,
            "peer",
            peer,
            "vote",
            vote,
            "cosign",
            cosign,
            "admin",
            admin,
            "recovery",
            recovery,
            "cosigner",
            cosign_name,
            "url",
            url,
        ] = words.as_slice()
        else {
            return None;
        };
        let key = |text: &str| PublicKey::from_base64(text).ok();
        let state = Self {
            name: AgencyName::parse(name)?,
            peer: key(peer)?,
            vote: key(vote)?,
            cosign: key(cosign)?,
            admin: key(admin)?,
            recovery: key(recovery)?,
            cosign_name: (*cosign_name).to_owned(),
            url: (*url).to_owned(),
        };
        (state.write() == value).then_some(state)
    }
}

/// A registry and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistryState {
    /// Name of the registry.
    pub name: RegistryName,
    /// The agency that owns it: only its clerks may make versions of its records.
    pub owner: AgencyName,
    /// Case rule of the registry's numbers, from genesis on.
    pub case_rule: CaseRule,
    /// Policy of the registry, if its owner has set one.
    pub policy: Option<RegistryPolicy>,
}

impl RegistryState {
    /// Key of the registry's place in the index.
    #[must_use]
    pub fn index_key(name: &RegistryName) -> IndexKey {
        index_key("registry", &[name.as_str().as_bytes()])
    }

    /// The value, one line with its LF.
    #[must_use]
    pub fn write(&self) -> String {
        let policy = self.policy.as_ref();
        let policy = policy.map(|policy| format!(" policy {}", policy.write()));
        let case_rule = match self.case_rule {
            CaseRule::AsWritten => "",
            CaseRule::Capitals => " capitals",
        };
        format!(
            "registry {} owner {}{case_rule}{}\n",
            self.name,
            self.owner,
            policy.unwrap_or_default()
        )
    }

    /// Reads a value.
    pub fn parse(value: &str) -> Option<Self> {
        let line = value.strip_suffix('\n')?;
        let (line, policy) = match line.split_once(" policy ") {
            Some((line, policy)) => (line, Some(RegistryPolicy::parse(policy)?)),
            None => (line, None),
        };
        let words: Vec<&str> = line.split(' ').collect();
        let (name, owner, case_rule) = match words.as_slice() {
            ["registry", name, "owner", owner] => (name, owner, CaseRule::AsWritten),
            ["registry", name, "owner", owner, "capitals"] => (name, owner, CaseRule::Capitals),
            _ => return None,
        };
        Some(Self {
            name: RegistryName::parse(name)?,
            owner: AgencyName::parse(owner)?,
            case_rule,
            policy,
        })
    }
}

/// The bounds that all nodes keep, so that one never refuses what another took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one entry.
    pub entry_bytes: u64,
    /// Entries of one block.
    pub block_entries: u64,
    /// Bytes of all entries of one block.
    pub block_bytes: u64,
    /// Number of heights that an entry's last height may lie ahead of the chain.
    pub lifetime_heights: u64,
}

impl Limits {
    /// The four numbers, separated by spaces.
    #[must_use]
    pub fn write(&self) -> String {
        let Self {
            entry_bytes,
            block_entries,
            block_bytes,
            lifetime_heights,
        } = self;
        format!("{entry_bytes} {block_entries} {block_bytes} {lifetime_heights}")
    }

    /// Reads the four numbers.
    pub fn parse(value: &str) -> Option<Self> {
        let numbers: Vec<u64> = value.split(' ').map(text::number).collect::<Option<_>>()?;
        let [entry_bytes, block_entries, block_bytes, lifetime_heights] = *numbers.as_slice()
        else {
            return None;
        };
        Some(Self {
            entry_bytes,
            block_entries,
            block_bytes,
            lifetime_heights,
        })
    }

    /// Returns whether each is within its bounds: what every node's buffers are made for.
    #[must_use]
    pub fn is_sensible(&self) -> bool {
        (1024..=4096).contains(&self.entry_bytes)
            && (1..=16_384).contains(&self.block_entries)
            && (65_536..=8 << 20).contains(&self.block_bytes)
            && (1000..=1 << 40).contains(&self.lifetime_heights)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            entry_bytes: 4096,
            block_entries: 2048,
            block_bytes: 1 << 20,
            lifetime_heights: 1_000_000,
        }
    }
}

/// The state of the whole network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkState {
    /// Chain id of the network.
    pub chain: ChainId,
    /// Version of the rules.
    pub protocol: u64,
    /// The bounds.
    pub limits: Limits,
    /// The waits and quotas of governance.
    pub governance: Governance,
    /// Number of recovery keys that must sign after a disaster.
    pub recovery_threshold: u64,
    /// Number of the trust file in force.
    pub epoch: Epoch,
    /// Hash of the trust file.
    pub trust: TrustHash,
    /// The validators, in the order of their names.
    pub validators: BTreeSet<AgencyName>,
}

impl NetworkState {
    /// Key of the network's place in the index.
    #[must_use]
    pub fn index_key() -> IndexKey {
        index_key("network", &[])
    }

    /// The value, one line with its LF.
    #[must_use]
    pub fn write(&self) -> String {
        let validators: Vec<&str> = self.validators.iter().map(AgencyName::as_str).collect();
        format!(
            "network {} protocol {} limits {} governance {} recovery {} epoch {} trust {} validators {}\n",
            self.chain,
            self.protocol,
            self.limits.write(),
            self.governance.write(),
            self.recovery_threshold,
            self.epoch,
            self.trust,
            validators.join(",")
        )
    }

    /// Reads a value.
    pub fn parse(value: &str) -> Option<Self> {
        let words: Vec<&str> = value.strip_suffix('\n')?.split(' ').collect();
        let [
            "network",
            chain,
            "protocol",
            protocol,
            "limits",
            numbers @ ..,
            "recovery",
            recovery,
            "epoch",
            epoch,
            "trust",
            trust,
            "validators",
            validators,
        ] = words.as_slice()
        else {
            return None;
        };
        let (limits, governance) = numbers.split_at_checked(4)?;
        let governance = governance.strip_prefix(&["governance"])?;
        Some(Self {
            chain: ChainId::from_base64(chain)?,
            protocol: text::number(protocol)?,
            limits: Limits::parse(&limits.join(" "))?,
            governance: Governance::parse(&governance.join(" "))?,
            recovery_threshold: text::number(recovery)?,
            epoch: Epoch::new(text::number(epoch)?),
            trust: TrustHash::from_base64(trust)?,
            validators: validators
                .split(',')
                .map(AgencyName::parse)
                .collect::<Option<_>>()?,
        })
    }
}
