//! The return mark of this validator: made, handed in until a block holds it, and told of.

use std::collections::BTreeSet;

use consensus::{Safety, ValidatorSet};
use protocol::{
    chain_id::NetworkId,
    height::Height,
    name::AgencyName,
    return_mark::{ReturnMark, ReturnStatement},
    state::ReturnState,
};

use super::SignGuard;
use crate::network::PeerIndex;

/// For so many heights a mark can be decided; then it is signed again, with the same nonce.
const LIFETIME: u64 = 1_000;

/// The mark as it was last handed in.
#[derive(Debug)]
pub(super) struct HandedIn {
    bytes: Vec<u8>,
    expires: Height,
    /// Why the ledger does not take it now.
    refused: Option<String>,
}

impl SignGuard {
    /// Bytes of the mark that is to be handed in while `next` is being decided, and of which the ledger
    /// takes none that lives longer than `lifetime` heights, nor one that does not expire later than the
    /// `last` of this validator; `None` if none is awaited. To be handed in again and again: told once it
    /// can be lost, and it can be refused for a while.
    pub(in crate::driver) fn mark(
        &mut self,
        next: Height,
        lifetime: u64,
        last: Option<&ReturnState>,
        network: &NetworkId,
    ) -> Option<&[u8]> {
        let (nonce, signer) = (self.returning?, self.signer.as_ref()?);
        // The last was taken at most `lifetime` before it expires, so one height more is not too late.
        let least = last.map_or(next, |last| next.max(last.expires.next()));
        let known = self.mark.as_ref();
        if known.is_none_or(|mark| mark.expires < least) {
            let usual = Height::new(next.get().saturating_add(LIFETIME.min(lifetime)));
            let statement = ReturnStatement {
                agency: signer.agency().clone(),
                nonce,
                peer: self.peer_key,
                expires: usual.max(least),
            };
            let mark: ReturnMark = signer.returns(statement, network);
            self.mark = Some(HandedIn {
                expires: mark.statement.expires,
                bytes: mark.write().into_bytes(),
                refused: None,
            });
        }
        self.mark.as_ref().map(|mark| mark.bytes.as_slice())
    }

    /// The mark was handed in: why the ledger does not take it now, if it does not.
    pub(in crate::driver) fn on_mark_answer(&mut self, refused: Option<String>) {
        if let Some(mark) = &mut self.mark {
            mark.refused = refused;
        }
    }

    /// Why this validator is silent while it waits for its mark, for its operator. `lost` are the validators
    /// whose marks wait here.
    pub(super) fn return_reason(
        &self,
        mut lost: BTreeSet<AgencyName>,
        validators: &ValidatorSet,
    ) -> String {
        lost.extend(self.agency().cloned());
        let voting = validators.count().saturating_sub(lost.len());
        if voting < validators.quorum() {
            let names: Vec<&str> = lost.iter().map(AgencyName::as_str).collect();
            let all = validators.count();
            return format!(
                "what this validator signed was declared lost, and so was that of others: {} of {all} validators wait for a return mark ({}), and {} must vote to record one; the network cannot come back by itself: put back the safety record and the cosign state of one of them, or recover the network with the agencies' recovery keys",
                lost.len(),
                names.join(", "),
                validators.quorum()
            );
        }
        let refused = self.mark.as_ref();
        let refused = refused.and_then(|mark| mark.refused.as_deref());
        format!(
            "what this validator signed was declared lost; it follows in silence until a block holds its return mark{}",
            refused.map_or_else(String::new, |why| format!(" (not taken now: {why})"))
        )
    }

    /// A planted bug: the rule of before, by which q - 1 others that say that they are not above this
    /// node's own last block, `top`, end its silence two heights later.
    pub(in crate::driver) fn return_by_hearsay(
        &mut self,
        from: PeerIndex,
        height: Height,
        top: Height,
        quorum: usize,
    ) {
        if self.returning.is_none() || height > top {
            return;
        }
        self.hearsay.insert(from);
        if self.hearsay.len().saturating_add(1) < quorum {
            return;
        }
        self.returning = None;
        self.record = Some(if top == Height::ZERO {
            Safety::blank(self.chain, top.next())
        } else {
            Safety::observe_until(self.chain, Height::new(top.get().saturating_add(3)))
        });
    }
}
