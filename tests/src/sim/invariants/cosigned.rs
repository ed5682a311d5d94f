//! I15: no cosignature is smaller than, or beside, an earlier one of its agency, whoever hears them.
//!
//! What counts is the making. A cosignature that was never seen before must not be smaller than the greatest
//! that its agency has made, to whomever either went, on whatever lane, before whatever loss: somebody who
//! holds both has two words of one key about the log. One that was seen before stands for nothing new when
//! it is sent again, as it is in answers to whoever asks for those of an older checkpoint. Beside: two roots
//! of one size are forbidden to the whole network (I6).
//!
//! A node with an old copy of its whole disk cannot know what it has made, and nobody need know it: it is
//! bound from the moment at which a peer has told it.

use std::collections::{BTreeMap, BTreeSet};

use node::{
    cosign_state::Cosigned,
    network::Lane,
    wire::{ConsensusMessage, Cosignature, SyncMessage},
};
use protocol::{codec, hash::RootHash, height::LogSize};

use super::{
    Broken, Done, Host, KEPT_VERSION, Laws, SimFile, VALUE_BYTES_MAX, ensure, value_of, words,
};

/// A signature of Ed25519 follows from what is signed.
type Made = (LogSize, RootHash, u64);

fn made(cosign: &Cosignature) -> Made {
    (cosign.size, cosign.root, cosign.time)
}

/// All cosignatures that an agency was seen to make.
#[derive(Debug, Default)]
struct OfAgency {
    all: BTreeSet<Made>,
    greatest: LogSize,
}

/// The greatest of its own that a process was told of: what it has certainly heard, and what has come to
/// it since its last step.
#[derive(Clone, Copy, Debug, Default)]
struct Told {
    heard: LogSize,
    came: LogSize,
}

/// Who has cosigned what, and who was told of it.
#[derive(Debug, Default)]
pub(in crate::sim) struct Cosignatures {
    by_agency: BTreeMap<String, OfAgency>,
    /// Hosts with an old copy of their disk.
    told: BTreeMap<usize, Told>,
}

/// The host's own cosignatures among what it sends, with the stream in which each goes.
fn own<'a>(host: &'a Host, done: &'a Done) -> impl Iterator<Item = ((usize, Lane), Cosignature)> {
    let sent = done.sent.iter().flat_map(|(to, lane, bytes)| {
        let cosigns = match lane {
            Lane::Consensus => match words::consensus(bytes) {
                Some(ConsensusMessage::Cosignature(cosign)) => vec![cosign],
                _ => Vec::new(),
            },
            Lane::Sync => match words::sync(bytes) {
                Some(SyncMessage::Cosigns(cosigns, _)) => cosigns,
                _ => Vec::new(),
            },
            Lane::Entries => Vec::new(),
        };
        cosigns
            .into_iter()
            .map(move |cosign| ((*to, *lane), cosign))
    });
    sent.filter(move |(_, cosign)| cosign.agency == host.name)
}

impl Cosignatures {
    /// Takes what a host has cosigned in a step. Gives what was never seen before, and the least that each
    /// of it may be: the greatest of before the step, and in one stream also what went before it. In which
    /// order one step has made what it sends to several cannot be seen.
    fn take(&mut self, host: &Host, done: &Done) -> Vec<(Cosignature, LogSize)> {
        let known = self.by_agency.entry(host.name.clone()).or_default();
        let before = known.greatest;
        let mut last: BTreeMap<(usize, Lane), LogSize> = BTreeMap::new();
        let mut new = Vec::new();
        for (stream, cosign) in own(host, done) {
            if known.all.insert(made(&cosign)) {
                let least = *last.entry(stream).or_insert(before);
                last.insert(stream, cosign.size.max(least));
                known.greatest = known.greatest.max(cosign.size);
                new.push((cosign, least));
            }
        }
        new
    }

    /// A host is one that gets an old copy of its disk.
    pub(in crate::sim) fn has_old_copy(&mut self, host: usize) {
        self.told.insert(host, Told::default());
    }

    /// A message comes to a host.
    pub(in crate::sim) fn is_told(&mut self, host: &Host, lane: Lane, bytes: &[u8]) {
        let Some(told) = self.told.get_mut(&host.number) else {
            return;
        };
        let status = (lane == Lane::Sync).then(|| words::sync(bytes)).flatten();
        if let Some(SyncMessage::Status {
            cosigned_by_you: Some(cosign),
            ..
        }) = status
            && cosign.agency == host.name
            && let Some(known) = self.by_agency.get(&host.name)
            && known.all.contains(&made(&cosign))
        {
            told.came = told.came.max(cosign.size);
        }
    }

    /// The process of a host has ended.
    pub(in crate::sim) fn forget_told(&mut self, host: usize) {
        if let Some(told) = self.told.get_mut(&host) {
            *told = Told::default();
        }
    }
}

impl Laws {
    /// I15, and I11 for cosignatures: what is said is on disk.
    pub(super) fn judge_cosignatures(&mut self, host: &Host, done: &Done) -> Result<(), Broken> {
        for (cosign, least) in self.cosigned.take(host, done) {
            let on_disk = cosigned_of(&host.cosign_state)?;
            let durable = on_disk.is_some_and(|last| {
                last.size > cosign.size || (last.size, last.root) == (cosign.size, cosign.root)
            });
            ensure(durable, "I11", || {
                format!(
                    "{} cosigned size {} before its cosign state said so",
                    host.name, cosign.size
                )
            })?;
            ensure(cosign.size >= least, "I15", || {
                format!(
                    "{} cosigned size {} after size {least}",
                    host.name, cosign.size
                )
            })?;
            self.one_root(cosign.size, cosign.root)?;
        }
        Ok(())
    }

    /// I15 for a host with an old copy of its disk: what it was told of binds it.
    pub(in crate::sim) fn judge_old_copy(
        &mut self,
        host: &Host,
        done: &Done,
    ) -> Result<(), Broken> {
        let Some(told) = self.cosigned.told.get(&host.number).copied() else {
            return Ok(());
        };
        for (cosign, _) in self.cosigned.take(host, done) {
            ensure(cosign.size >= told.heard, "I15", || {
                format!(
                    "{} cosigned size {} and was told of its size {}",
                    host.name, cosign.size, told.heard
                )
            })?;
        }
        if let Some(told) = self.cosigned.told.get_mut(&host.number) {
            told.heard = told.came;
        }
        Ok(())
    }
}

fn cosigned_of(file: &SimFile) -> Result<Option<Cosigned>, Broken> {
    let (_, body) = value_of(file)?;
    (!body.is_empty())
        .then(|| codec::decode(KEPT_VERSION, &body, VALUE_BYTES_MAX))
        .transpose()
        .map_err(|error| format!("I11: the cosign state: {error}"))
}
