//! What follows when a file is not in the format that it was to be judged in: it is of another kind, a
//! mail program or an editor has re-written it, or it is broken. None of these is ever accepted.

use protocol::{
    kind::{KIND_BYTES, Kind, kind_of},
    rewritten,
};

use crate::{
    check::Check,
    steps::{Cause, Failed, Steps},
    verdict::Verdict,
};

/// Notes that `bytes` are not a good `wanted`, whose format `check` asks for; `reads` says whether other
/// bytes are.
///
/// Cannot decide for a file of another kind and for a re-written one, proof broken for all else. A
/// checkpoint has no first line of its own, so that one of no known kind counts as a broken checkpoint.
pub(crate) fn failed(
    steps: &mut Steps,
    (check, wanted): (Check, Kind),
    bytes: &[u8],
    error: impl Into<Cause>,
    reads: impl Fn(&[u8]) -> bool,
) -> Failed {
    if rewritten::is_rewritten(bytes, reads) {
        return steps.failed_for(check, Verdict::CannotDecide, Cause::Rewritten);
    }
    let head = bytes.get(..=KIND_BYTES).unwrap_or(bytes);
    let found = kind_of(head);
    let nameless = wanted == Kind::Checkpoint && found == Kind::Unknown;
    if found == wanted || nameless {
        return steps.failed_for(check, Verdict::ProofBroken, error);
    }
    let cause = Cause::OtherKind { wanted, found };
    steps.failed_for(check, Verdict::CannotDecide, cause)
}
