//! Checkpoints: whether a quorum stands behind one, and whether two contradict each other.
//!
//! Not here: where checkpoints come from, and what an auditor does with evidence.

mod fork;

use protocol::{
    batch::Batch,
    chain_id::{NetworkId, NotSigned},
    checkpoint::Checkpoint,
    hash::{IndexRoot, TrustHash},
    height::{Epoch, LogSize, UnixSeconds},
    index::{BadIndexProof, IndexProof},
    key::PublicKey,
    merkle::{self, BadProof, Hash},
    note::SignedNote,
    policy::{NoteJudgement, OpenedBy, Past, Short, TrustPolicy, Unworthy},
    receipt::{BatchProof, BlockProof},
    state::{ClerkState, value_hash},
    text::Malformed,
};

use crate::{
    check::Check,
    steps::{Cause, Failed, Steps},
    verdict::Verdict,
    verified_cache::VerifiedCache,
};

pub use self::fork::{ForkEvidence, Inconsistent, consistency, fork};

/// The way in which a checkpoint came to be believed, the strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Cosigned by the agencies of the trust file that is held.
    Current,
    /// Of an epoch that has ended, and part of the log with which it ended.
    Bridge,
    /// Cosigned by the agencies of an epoch that has ended, with keys that are retired since.
    AsOfThen,
}

impl Way {
    /// The way in words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Bridge => "bridge",
            Self::AsOfThen => "as of then",
        }
    }
}

/// A checkpoint with a quorum behind it, now or when its epoch ended. Only this module makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trusted {
    judgement: NoteJudgement,
    /// The trust file that its newest block leaf must name.
    named: TrustHash,
    way: Way,
}

impl Trusted {
    /// The checkpoint.
    #[must_use]
    pub const fn checkpoint(&self) -> &Checkpoint {
        &self.judgement.checkpoint
    }

    /// Cosigners, and the times at which they signed.
    #[must_use]
    pub fn cosigners(&self) -> &[(String, UnixSeconds)] {
        &self.judgement.cosigners
    }

    /// Cosigners of the trust file that did not sign.
    #[must_use]
    pub fn missing(&self) -> &[String] {
        &self.judgement.missing
    }

    /// The way in which the checkpoint came to be believed.
    #[must_use]
    pub const fn way(&self) -> Way {
        self.way
    }

    /// The check that found it so, of a checkpoint of `epoch`.
    pub(crate) fn check(&self, epoch: Epoch) -> Check {
        let (size, signed) = (self.checkpoint().size, self.cosigners().len());
        let all = signed.saturating_add(self.missing().len());
        match self.way {
            Way::Current => self.quorum_check(),
            Way::Bridge => Check::Bridge { size, epoch },
            Way::AsOfThen => Check::EpochQuorum {
                size,
                signed,
                all,
                epoch,
            },
        }
    }

    /// The check that enough signed.
    pub(crate) fn quorum_check(&self) -> Check {
        let signed = self.cosigners().len();
        Check::Quorum {
            size: self.checkpoint().size,
            signed,
            all: signed.saturating_add(self.missing().len()),
            missing: self.missing().join(", "),
        }
    }

    /// Returns whether the log's own line is there, which other people's tools ask for.
    #[must_use]
    pub const fn log_signed(&self) -> bool {
        self.judgement.log_signed
    }
}

/// Why a checkpoint is not trusted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Untrusted {
    /// Not a note, or no checkpoint in it.
    #[error("{0}")]
    Malformed(Malformed),
    /// Of another log, or with a known signature that does not hold.
    #[error(transparent)]
    Unworthy(#[from] Unworthy),
    /// Too few signed.
    #[error(
        "{found} of {all} validators cosigned it, and the trust file asks for more; missing: {missing}"
    )]
    NoQuorum {
        /// Leaves under the checkpoint.
        size: LogSize,
        /// Cosigners that signed.
        found: usize,
        /// Cosigners that could have.
        all: usize,
        /// Cosigners that did not, with commas.
        missing: String,
    },
    /// The agencies signed, and others that a trust file of somebody's own asks for besides did not.
    #[error(
        "the agencies have signed, and group \"{}\" of the trust file is short: {} of {} signed; missing: {}",
        .0.name, .0.met, .0.needed, .0.missing.join(", ")
    )]
    WitnessesShort(Short),
    /// Of a later epoch than the trust file.
    #[error("it is of epoch {epoch}, and the trust file of {held}; advance the trust file first")]
    LaterEpoch {
        /// Of the checkpoint.
        epoch: Epoch,
        /// Of the trust file.
        held: Epoch,
    },
    /// Of an epoch before, and the trust file does not say how that ended.
    #[error(
        "it is of epoch {0}, and the trust file does not say how that ended; take a trust file that was advanced from there, or refresh the receipt"
    )]
    UnknownEpoch(Epoch),
    /// Of an epoch that has ended, without a bridge and without that epoch's trust file.
    #[error(
        "it is of epoch {0}, which has ended; refresh it, add a bridge to it, or give the trust file of that epoch too"
    )]
    EndedEpoch(Epoch),
    /// The log had no such size in the epoch.
    #[error("size {size} is not one that the log had in epoch {epoch}")]
    SizeOutsideEpoch {
        /// Leaves under the checkpoint.
        size: LogSize,
        /// Of the checkpoint.
        epoch: Epoch,
    },
    /// The bridge does not lead to where the epoch ended.
    #[error("the bridge does not hold: {cause}")]
    BadBridge {
        /// Leaves under the checkpoint.
        size: LogSize,
        /// Of the checkpoint.
        epoch: Epoch,
        /// Why not.
        cause: Inconsistent,
    },
    /// A leaf is not in the log.
    #[error("{0}")]
    NotIncluded(BadProof),
}

impl Untrusted {
    /// The verdict that follows.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        match self {
            Self::Unworthy(Unworthy::WrongOrigin { .. }) => Verdict::WrongNetwork,
            Self::WitnessesShort(_)
            | Self::LaterEpoch { .. }
            | Self::UnknownEpoch(_)
            | Self::EndedEpoch(_) => Verdict::CannotDecide,
            Self::Malformed(_)
            | Self::Unworthy(_)
            | Self::NoQuorum { .. }
            | Self::SizeOutsideEpoch { .. }
            | Self::BadBridge { .. }
            | Self::NotIncluded(_) => Verdict::ProofBroken,
        }
    }

    /// The check that failed, and the error for which it did.
    pub(crate) fn into_check(self) -> (Check, Option<Cause>) {
        let check = match self {
            Self::Malformed(error) | Self::Unworthy(Unworthy::Malformed(error)) => {
                return (Check::NoteFormat, Some(error.into()));
            }
            Self::BadBridge { size, epoch, cause } => {
                return (Check::Bridge { size, epoch }, Some(cause.into()));
            }
            Self::NotIncluded(error) => return (Check::LeafIncluded, Some(error.into())),
            Self::Unworthy(Unworthy::WrongOrigin { found, expected }) => {
                Check::Origin { found, expected }
            }
            Self::Unworthy(Unworthy::BadLine(name)) => Check::SignatureLine { name },
            Self::NoQuorum {
                size,
                found,
                all,
                missing,
            } => Check::Quorum {
                size,
                signed: found,
                all,
                missing,
            },
            Self::WitnessesShort(short) => Check::Witnesses {
                group: short.name,
                met: short.met,
                needed: short.needed,
                missing: short.missing.join(", "),
            },
            Self::LaterEpoch { epoch, held } => Check::EpochReached { epoch, held },
            Self::UnknownEpoch(epoch) => Check::EpochListed { epoch },
            Self::EndedEpoch(epoch) => Check::EpochTrust { epoch },
            Self::SizeOutsideEpoch { size, epoch } => Check::EpochSize { size, epoch },
        };
        (check, None)
    }
}

/// Checks that a quorum of `trust` stands behind a note.
///
/// # Errors
///
/// [`Untrusted`] says why the note is not believed.
pub fn judge(trust: &TrustPolicy, note: &str) -> Result<Trusted, Untrusted> {
    let note = SignedNote::parse(note).map_err(Untrusted::Malformed)?;
    let judgement = trust.evaluate(&note)?;
    if judgement.quorum {
        return Ok(Trusted {
            judgement,
            named: trust.network_hash(),
            way: Way::Current,
        });
    }
    if let Some(short) = judgement.short.filter(|_| judgement.network_quorum) {
        return Err(Untrusted::WitnessesShort(short));
    }
    let all = trust.witnesses().len();
    Err(Untrusted::NoQuorum {
        size: judgement.checkpoint.size,
        found: judgement.cosigners.len(),
        all,
        missing: judgement.missing.join(", "),
    })
}

/// The trust file that is held, and those of epochs before it that are kept beside it.
#[derive(Clone, Copy, Debug)]
pub struct Trusts<'a> {
    now: &'a TrustPolicy,
    past: &'a [TrustPolicy],
    memory: Option<&'a VerifiedCache<'a>>,
}

impl<'a> Trusts<'a> {
    /// `then` are trust files of earlier epochs; each counts only if `now` names it as one of its past.
    #[must_use]
    pub const fn new(now: &'a TrustPolicy, past: &'a [TrustPolicy]) -> Self {
        Self {
            now,
            past,
            memory: None,
        }
    }

    /// Checks that a quorum of the trust file that is held stands behind a note.
    fn judge(self, note: &str) -> Result<Trusted, Untrusted> {
        self.memory
            .map_or_else(|| judge(self.now, note), |memory| memory.judge(note))
    }

    /// Checks that the signature of a batch holds.
    pub(crate) fn check(
        self,
        leaf: &Batch,
        network: &NetworkId,
        key: &PublicKey,
    ) -> Result<(), NotSigned> {
        self.memory.map_or_else(
            || leaf.check(network, key),
            |memory| memory.signature(leaf, network, key),
        )
    }

    /// Checks that a block leaf is in the log.
    pub(crate) fn block(self, trusted: &Trusted, block: &BlockProof) -> Result<(), BadProof> {
        let check = || included(trusted, block);
        match self.memory {
            None => check(),
            Some(memory) => memory.block(block, &trusted.checkpoint().root, check),
        }
    }

    /// Checks that a batch leaf is in the log.
    pub(crate) fn batch(self, trusted: &Trusted, batch: &BatchProof) -> Result<(), BadProof> {
        let checkpoint = trusted.checkpoint();
        let (index, size, path) = (batch.index, checkpoint.size, &batch.path);
        let check = || {
            let leaf = merkle::leaf_hash(batch.leaf.write().as_bytes());
            merkle::verify_inclusion(&leaf, index, size, path, &checkpoint.root)
        };
        match self.memory {
            None => check(),
            Some(memory) => memory.place(batch, &checkpoint.root, check),
        }
    }

    /// Checks that a clerk's state is in the index.
    pub(crate) fn clerk(
        self,
        root: &IndexRoot,
        clerk: &ClerkState,
        proof: &IndexProof,
    ) -> Result<(), BadIndexProof> {
        let check = || {
            let key = ClerkState::index_key(&clerk.name);
            proof.verify_present(root, &key, &value_hash(&clerk.write()))
        };
        match self.memory {
            None => check(),
            Some(memory) => memory.clerk(clerk, proof, root, check),
        }
    }

    /// The network that signatures of clerks must be for: the checkpoint's origin, and the chain id that
    /// the trust file names. Without one nobody can tell a signature for this network from one for a
    /// network that had its name before.
    pub(crate) fn network_id(
        self,
        steps: &mut Steps,
        trusted: &Trusted,
    ) -> Result<NetworkId, Failed> {
        let origin = trusted.checkpoint().origin.clone();
        let chain = self.now.genesis();
        chain
            .map(|chain| NetworkId { origin, chain })
            .ok_or_else(|| steps.failed(Check::GenesisNamed, Verdict::CannotDecide))
    }

    /// The trust file that is held.
    #[must_use]
    pub const fn now(&self) -> &'a TrustPolicy {
        self.now
    }
}

impl<'a> From<&'a TrustPolicy> for Trusts<'a> {
    fn from(now: &'a TrustPolicy) -> Self {
        Self::new(now, &[])
    }
}

impl<'a> From<&'a VerifiedCache<'a>> for Trusts<'a> {
    fn from(memory: &'a VerifiedCache<'a>) -> Self {
        Self {
            now: memory.trust(),
            past: &[],
            memory: Some(memory),
        }
    }
}

/// The checkpoint of a text, believed in the strongest way that there is. Which epoch it is of says
/// `newest`, which nothing has shown yet: [`head`] must be asked next.
pub(crate) fn trusted(
    steps: &mut Steps,
    trusts: Trusts<'_>,
    note: &str,
    newest: &BlockProof,
    bridge: Option<&[Hash]>,
) -> Result<Trusted, Failed> {
    let (claimed, held) = (newest.leaf.epoch, trusts.now.epoch());
    let trusted = match held {
        // Agencies that came since are unknown to the file that is held: that is no broken proof.
        Some(held) if claimed > held => match trusts.judge(note) {
            Err(Untrusted::NoQuorum { .. }) => Err(Untrusted::LaterEpoch {
                epoch: claimed,
                held,
            }),
            judged => judged,
        },
        Some(held) if claimed < held => of_past(trusts, note, claimed, bridge),
        _ => trusts.judge(note),
    };
    let trusted = trusted.map_err(|error| steps.untrusted(error))?;
    steps.held(trusted.check(claimed));
    Ok(trusted)
}

/// A checkpoint of an epoch that has ended: consistent with where it ended, or signed by its agencies.
fn of_past(
    trusts: Trusts<'_>,
    note: &str,
    epoch: Epoch,
    bridge: Option<&[Hash]>,
) -> Result<Trusted, Untrusted> {
    let all = trusts.now.past();
    let at = all.iter().position(|past| past.epoch == epoch);
    let Some((past, at)) = at.and_then(|at| Some((all.get(at)?, at))) else {
        return Err(Untrusted::UnknownEpoch(epoch));
    };
    if let Some(path) = bridge {
        return over_bridge(trusts.now.origin(), note, past, path);
    }
    let Some(policy) = trusts
        .past
        .iter()
        .find(|policy| policy.hash() == past.trust)
    else {
        return Err(Untrusted::EndedEpoch(epoch));
    };
    let mut trusted = judge(policy, note)?;
    let size = trusted.checkpoint().size;
    let before = at.checked_sub(1).and_then(|at| all.get(at));
    if size > past.size || before.is_some_and(|before| size <= before.size) {
        return Err(Untrusted::SizeOutsideEpoch { size, epoch });
    }
    trusted.way = Way::AsOfThen;
    Ok(trusted)
}

/// No signature is asked: what is consistent with the pinned root was in the log, whoever stole keys.
fn over_bridge(origin: &str, note: &str, past: &Past, path: &[Hash]) -> Result<Trusted, Untrusted> {
    let (_, checkpoint) = Checkpoint::parse_note(note).map_err(Untrusted::Malformed)?;
    if checkpoint.origin.as_str() != origin {
        return Err(Untrusted::Unworthy(Unworthy::WrongOrigin {
            found: checkpoint.origin.to_string(),
            expected: origin.to_owned(),
        }));
    }
    let end = Checkpoint {
        size: past.size,
        root: past.root,
        ..checkpoint.clone()
    };
    fork::consistency(&checkpoint, &end, path).map_err(|cause| Untrusted::BadBridge {
        size: checkpoint.size,
        epoch: past.epoch,
        cause,
    })?;
    Ok(Trusted {
        judgement: NoteJudgement {
            checkpoint,
            cosigners: Vec::new(),
            missing: Vec::new(),
            log_signed: false,
            quorum: false,
            network_quorum: false,
            short: None,
        },
        named: past.trust,
        way: Way::Bridge,
    })
}

/// The newest block leaf is the last leaf under the checkpoint, and names the trust file.
pub(crate) fn head(
    steps: &mut Steps,
    trusts: Trusts<'_>,
    trusted: &Trusted,
    head: &BlockProof,
) -> Result<(), Failed> {
    let size = trusted.checkpoint().size;
    let last = head.index.get().checked_add(1) == Some(size.get());
    steps.require(Check::HeadLast, last)?;
    steps.proof(Check::HeadIncluded, trusts.block(trusted, head))?;
    let epoch = head.leaf.epoch;
    let current = trusted.way == Way::Current;
    let other_epoch = current && trusts.now.epoch().is_some_and(|held| held != epoch);
    if head.leaf.trust != trusted.named || other_epoch {
        return Err(steps.failed(Check::TrustNamed { epoch }, Verdict::CannotDecide));
    }
    let by_recovery = trusts.now.opened_by() == Some(OpenedBy::Recovery);
    steps.held(match trusted.way {
        Way::Current if by_recovery => Check::RecoveryNamed { epoch },
        Way::Current => Check::TrustNamed { epoch },
        Way::Bridge | Way::AsOfThen => Check::EndedNamed { epoch },
    });
    Ok(())
}

/// Checks that a block leaf is in the log.
pub(crate) fn included(trusted: &Trusted, block: &BlockProof) -> Result<(), merkle::BadProof> {
    let checkpoint = trusted.checkpoint();
    let leaf = merkle::leaf_hash(block.leaf.write().as_bytes());
    merkle::verify_inclusion(
        &leaf,
        block.index,
        checkpoint.size,
        &block.path,
        &checkpoint.root,
    )
}
