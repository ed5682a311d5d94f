//! Checkpoints: whether a quorum stands behind one, and whether two contradict each other.
//!
//! Not here: where checkpoints come from, and what an auditor does with evidence.

mod fork;

use protocol::{
    batch::Batch,
    checkpoint::Checkpoint,
    hash::{IndexRoot, TrustHash},
    height::Epoch,
    index::{BadIndexProof, IndexProof},
    key::{BadSignature, PublicKey},
    merkle::{self, BadProof, Hash},
    name::Origin,
    note::SignedNote,
    policy::{Judgement, OpenedBy, Past, TrustPolicy, Unworthy},
    receipt::{BatchProof, BlockProof},
    state::{ClerkState, value_hash},
};

use crate::{
    memory::Memory,
    steps::{Failed, Steps},
    verdict::Verdict,
};

pub use self::fork::{Inconsistent, consistency, evidence, fork, parse_evidence};

/// How a checkpoint came to be believed, the strongest first.
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
    /// Its words.
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
    judgement: Judgement,
    /// The trust file that its newest block leaf must name.
    named: TrustHash,
    way: Way,
}

impl Trusted {
    /// What it says.
    #[must_use]
    pub const fn checkpoint(&self) -> &Checkpoint {
        &self.judgement.checkpoint
    }

    /// Who cosigned it, and when (seconds since 1970).
    #[must_use]
    pub fn cosigners(&self) -> &[(String, u64)] {
        &self.judgement.cosigners
    }

    /// Who of the trust file did not.
    #[must_use]
    pub fn missing(&self) -> &[String] {
        &self.judgement.missing
    }

    /// How it came to be believed.
    #[must_use]
    pub const fn way(&self) -> Way {
        self.way
    }

    /// Whether the log's own line is there, which other people's tools ask for.
    #[must_use]
    pub const fn log_signed(&self) -> bool {
        self.judgement.log_signed
    }
}

/// Why a checkpoint is not trusted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Untrusted {
    /// Not in the format, or a known signature that does not hold.
    #[error("{0}")]
    Broken(String),
    /// Of another network.
    #[error("{0}")]
    WrongNetwork(String),
    /// Too few signed.
    #[error(
        "{found} of {all} validators cosigned it, and the trust file asks for more; missing: {missing}"
    )]
    NoQuorum {
        /// How many signed.
        found: usize,
        /// How many could have.
        all: usize,
        /// Who did not.
        missing: String,
    },
    /// Of another epoch than the trust file, and nothing here says what to make of it.
    #[error("{0}")]
    OtherEpoch(String),
}

impl Untrusted {
    /// The verdict that follows.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        match self {
            Self::WrongNetwork(_) => Verdict::WrongNetwork,
            Self::OtherEpoch(_) => Verdict::CannotDecide,
            Self::Broken(_) | Self::NoQuorum { .. } => Verdict::ProofBroken,
        }
    }
}

/// Whether a quorum of `trust` stands behind a note.
pub fn judge(trust: &TrustPolicy, note: &str) -> Result<Trusted, Untrusted> {
    let note = SignedNote::parse(note).map_err(|error| Untrusted::Broken(error.to_string()))?;
    let judgement = trust.evaluate(&note).map_err(|error| match error {
        Unworthy::WrongOrigin { .. } => Untrusted::WrongNetwork(error.to_string()),
        Unworthy::Malformed(_) | Unworthy::BadLine(_) => Untrusted::Broken(error.to_string()),
    })?;
    if judgement.quorum {
        return Ok(Trusted {
            judgement,
            named: trust.network_hash(),
            way: Way::Current,
        });
    }
    let all = trust.witnesses().len();
    Err(Untrusted::NoQuorum {
        found: judgement.cosigners.len(),
        all,
        missing: judgement.missing.join(", "),
    })
}

/// The trust file that is held, and those of epochs before it that are kept beside it.
#[derive(Clone, Copy, Debug)]
pub struct Trusts<'a> {
    now: &'a TrustPolicy,
    then: &'a [TrustPolicy],
    memory: Option<&'a Memory<'a>>,
}

impl<'a> Trusts<'a> {
    /// `then` are trust files of earlier epochs; each counts only if `now` names it as one of its past.
    #[must_use]
    pub const fn new(now: &'a TrustPolicy, then: &'a [TrustPolicy]) -> Self {
        Self {
            now,
            then,
            memory: None,
        }
    }

    /// Whether a quorum of the trust file that is held stands behind a note.
    fn judge(self, note: &str) -> Result<Trusted, Untrusted> {
        self.memory
            .map_or_else(|| judge(self.now, note), |memory| memory.judge(note))
    }

    /// Whether the signature of a batch holds.
    pub(crate) fn check(
        self,
        leaf: &Batch,
        origin: &Origin,
        key: &PublicKey,
    ) -> Result<(), BadSignature> {
        self.memory.map_or_else(
            || leaf.check(origin, key),
            |memory| memory.signature(leaf, origin, key),
        )
    }

    /// Whether a block leaf is in the log.
    pub(crate) fn block(self, trusted: &Trusted, block: &BlockProof) -> Result<(), BadProof> {
        let check = || included(trusted, block);
        match self.memory {
            None => check(),
            Some(memory) => memory.block(block, &trusted.checkpoint().root, check),
        }
    }

    /// Whether a batch leaf is in the log.
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

    /// Whether a clerk's state is in the index.
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

impl<'a> From<&'a Memory<'a>> for Trusts<'a> {
    fn from(memory: &'a Memory<'a>) -> Self {
        Self {
            now: memory.trust(),
            then: &[],
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
            Err(Untrusted::NoQuorum { .. }) => Err(Untrusted::OtherEpoch(format!(
                "it is of epoch {claimed}, and the trust file of {held}; advance the trust file first"
            ))),
            judged => judged,
        },
        Some(held) if claimed < held => of_past(trusts, note, claimed, bridge),
        _ => trusts.judge(note),
    };
    let trusted =
        trusted.map_err(|error| steps.failed("checkpoint", error.verdict(), error.to_string()))?;
    let (size, signed) = (trusted.checkpoint().size, trusted.cosigners().len());
    let all = signed.saturating_add(trusted.missing().len());
    let detail = match trusted.way {
        Way::Current => format!("size {size}, cosigned by {signed} of {all}"),
        Way::Bridge => {
            format!("size {size}, part of the log with which epoch {claimed} ended")
        }
        Way::AsOfThen => format!(
            "size {size}, cosigned by {signed} of {all} in epoch {claimed}, with keys that are retired since"
        ),
    };
    steps.held("checkpoint", detail);
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
        return Err(Untrusted::OtherEpoch(format!(
            "it is of epoch {epoch}, and the trust file does not say how that ended; take a trust file that was advanced from there, or refresh the receipt"
        )));
    };
    if let Some(path) = bridge {
        return over_bridge(trusts.now.origin(), note, past, path);
    }
    let Some(then) = trusts.then.iter().find(|then| then.hash() == past.trust) else {
        return Err(Untrusted::OtherEpoch(format!(
            "it is of epoch {epoch}, which has ended; refresh it, add a bridge to it, or give the trust file of that epoch too"
        )));
    };
    let mut trusted = judge(then, note)?;
    let size = trusted.checkpoint().size;
    let before = at.checked_sub(1).and_then(|at| all.get(at));
    if size > past.size || before.is_some_and(|before| size <= before.size) {
        return Err(Untrusted::Broken(format!(
            "size {size} is not one that the log had in epoch {epoch}"
        )));
    }
    trusted.way = Way::AsOfThen;
    Ok(trusted)
}

/// No signature is asked: what is consistent with the pinned root was in the log, whoever stole keys.
fn over_bridge(origin: &str, note: &str, past: &Past, path: &[Hash]) -> Result<Trusted, Untrusted> {
    let broken = |what: String| Untrusted::Broken(what);
    let note = SignedNote::parse(note).map_err(|error| broken(error.to_string()))?;
    let checkpoint = Checkpoint::parse(&note.text).map_err(|error| broken(error.to_string()))?;
    if checkpoint.origin.as_str() != origin {
        return Err(Untrusted::WrongNetwork(format!(
            "the checkpoint is of {}, and the trust file is for {origin}",
            checkpoint.origin
        )));
    }
    let end = Checkpoint {
        size: past.size,
        root: past.root,
        ..checkpoint.clone()
    };
    fork::consistency(&checkpoint, &end, path)
        .map_err(|error| broken(format!("the bridge does not hold: {error}")))?;
    Ok(Trusted {
        judgement: Judgement {
            checkpoint,
            cosigners: Vec::new(),
            missing: Vec::new(),
            log_signed: false,
            quorum: false,
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
    steps.require(
        "head",
        last,
        "the newest block leaf is the last leaf of the checkpoint",
    )?;
    let included = trusts.block(trusted, head);
    steps.proof("head", "the newest block leaf is in the log", included)?;
    let epoch = head.leaf.epoch;
    let current = trusted.way == Way::Current;
    let other_epoch = current && trusts.now.epoch().is_some_and(|held| held != epoch);
    if head.leaf.trust != trusted.named || other_epoch {
        let detail = format!(
            "the log names another trust file for epoch {epoch} than the one that was given"
        );
        return Err(steps.failed("trust file", Verdict::CannotDecide, detail));
    }
    let by_recovery = trusts.now.opened_by() == Some(OpenedBy::Recovery);
    let detail = match trusted.way {
        Way::Current if by_recovery => format!(
            "epoch {epoch} as the log names it; it was opened by recovery keys after a disaster"
        ),
        Way::Current => format!("epoch {epoch} as the log names it"),
        Way::Bridge | Way::AsOfThen => {
            format!("epoch {epoch}, which has ended, as the log names it")
        }
    };
    steps.held("trust file", detail);
    Ok(())
}

/// Whether a block leaf is in the log.
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
