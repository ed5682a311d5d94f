//! Judging what stands by itself beside receipts and histories: a checkpoint's note, and evidence of a fork.

use protocol::{
    checkpoint::Checkpoint, kind::Kind, note::NOTE_BYTES_MAX, policy::TrustPolicy,
    receipt::RECEIPT_BYTES_MAX, text::Malformed,
};

use crate::{
    check::Check,
    checkpoint::{self, ForkEvidence},
    judgement::Judgement,
    steps::{Cause, Failed, Steps},
    unread,
    verdict::Verdict,
};

/// Judges a checkpoint's note: authentic if a quorum of `trust` stands behind it.
#[must_use]
pub fn checkpoint(trust: &TrustPolicy, bytes: &[u8]) -> Judgement {
    judged(|steps| {
        let note = read_note(bytes).map_err(|error| {
            let reads = |bytes: &[u8]| read_note(bytes).is_ok();
            let asked = (Check::CheckpointFormat, Kind::Checkpoint);
            unread::failed(steps, asked, bytes, error, reads)
        })?;
        let trusted = checkpoint::judge(trust, note).map_err(|error| steps.untrusted(error))?;
        steps.held(trusted.quorum_check());
        Ok(Verdict::Authentic)
    })
}

fn read_note(bytes: &[u8]) -> Result<&str, Malformed> {
    let text = std::str::from_utf8(bytes).ok();
    let text = text.filter(|text| text.len() <= NOTE_BYTES_MAX);
    let text = text.ok_or_else(|| Malformed::new(1, "not UTF-8, or longer than 64 KiB"))?;
    Checkpoint::parse_note(text).map(|_| text)
}

/// Judges evidence of a fork: a fork if somebody is convicted under `trust`, else a broken proof.
#[must_use]
pub fn evidence(trust: &TrustPolicy, bytes: &[u8]) -> Judgement {
    judged(|steps| {
        let evidence = read_evidence(bytes).ok_or_else(|| {
            let reads = |bytes: &[u8]| read_evidence(bytes).is_some();
            let asked = (Check::EvidenceFormat, Kind::Evidence);
            unread::failed(steps, asked, bytes, Cause::NoEvidence, reads)
        })?;
        let guilty = evidence.convicted(trust);
        if guilty.is_empty() {
            return Err(steps.failed(Check::ForkProven, Verdict::ProofBroken));
        }
        let names = guilty.join(", ");
        let sizes = evidence.sizes().filter(|(one, other)| one != other);
        steps.held(match sizes {
            Some((one, other)) => Check::ForkOfTwoSizes { one, other, names },
            None => Check::ForkOfOneSize { names },
        });
        Ok(Verdict::Fork)
    })
}

fn read_evidence(bytes: &[u8]) -> Option<ForkEvidence> {
    let text = std::str::from_utf8(bytes).ok();
    ForkEvidence::parse(text.filter(|text| text.len() <= RECEIPT_BYTES_MAX)?)
}

fn judged(walk: impl FnOnce(&mut Steps) -> Result<Verdict, Failed>) -> Judgement {
    let mut steps = Steps::default();
    let verdict = walk(&mut steps).unwrap_or_else(|Failed(verdict)| verdict);
    Judgement {
        verdict,
        steps: steps.0,
        facts: None,
    }
}
