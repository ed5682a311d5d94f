//! Meanings of the errors of one submission: codes and arguments, and the verdict that follows.

use messages::UserMessage;
use verify::Verdict;

use super::SubmitError;
use crate::{
    coded::{Coded, failed_check},
    http::{RefusalClass, said},
};

impl Coded for SubmitError {
    fn message(&self) -> UserMessage {
        match self {
            Self::File(error) => error.message(),
            Self::Http(error) => error.message(),
            Self::Proof(error) => error.message(),
            Self::OtherOrigin { node, theirs, mine } => UserMessage::new("node-of-other-origin")
                .text("node", node)
                .text("theirs", theirs)
                .text("mine", mine),
            Self::OtherChain { node, mine } => UserMessage::new("node-of-other-chain")
                .text("node", node)
                .text("mine", mine),
            Self::History {
                step: Some(step), ..
            } => UserMessage::new("history-does-not-hold").part("check", failed_check(step)),
            Self::History { step: None, .. } => UserMessage::new("history-without-facts"),
            Self::NeverRegistered(registry) => {
                UserMessage::new("record-never-registered").text("registry", registry)
            }
            Self::Fields(bad) => UserMessage::new("fields-invalid").text("reason", bad),
            Self::NotAgreed => UserMessage::new("not-confirmed"),
            Self::NotFinal => UserMessage::new("entry-accepted-not-final"),
            Self::NoReceipt(malformed) => {
                UserMessage::new("submit-receipt-malformed").text("reason", malformed)
            }
            Self::OtherReceipt => UserMessage::new("submit-receipt-of-other-entry"),
            Self::Receipt {
                step: Some(step), ..
            } => UserMessage::new("submit-receipt-does-not-verify")
                .text("part", step.check.part())
                .part("check", failed_check(step)),
            Self::Receipt { step: None, .. } => UserMessage::new("submit-receipt-without-facts"),
            Self::NotAFile { path } => {
                UserMessage::new("out-not-a-file").text("path", path.display())
            }
            Self::InTheWay { path, what } => UserMessage::new("out-taken")
                .text("path", path.display())
                .part("trouble", what.message()),
            Self::EarlierReceipt {
                path,
                operation,
                version,
            } => UserMessage::new("receipt-of-earlier-act")
                .text("path", path.display())
                .text("operation", operation.word())
                .text("version", version),
            Self::FinishedEarlier {
                path,
                operation,
                version,
            } => UserMessage::new("earlier-act-finished")
                .text("path", path.display())
                .text("operation", operation.word())
                .text("version", version),
            Self::RefusedButRecorded { problem } => {
                UserMessage::new("refused-but-recorded").part("said", said(problem))
            }
            Self::Refused { problem } => said(problem),
            Self::Never(why) => why.message(),
            Self::ByWord {
                problem,
                is_proven: true,
                ..
            } => UserMessage::new("refused").part("said", said(problem)),
            Self::ByWord { problem, .. } => {
                UserMessage::new("refused-unproven").part("said", said(problem))
            }
        }
    }
}

impl SubmitError {
    /// Verdict that follows for the record or the network; none where nothing was judged.
    #[must_use]
    pub fn verdict(&self) -> Option<Verdict> {
        Some(match self {
            Self::Proof(error) => return error.verdict(),
            Self::OtherOrigin { .. } | Self::OtherChain { .. } => Verdict::WrongNetwork,
            Self::History { verdict, .. } | Self::Receipt { verdict, .. } => *verdict,
            Self::NeverRegistered(_) => Verdict::NotFound,
            Self::NotFinal => Verdict::Pending,
            Self::NoReceipt(_) | Self::OtherReceipt => Verdict::ProofBroken,
            // What else has that version would show in the record's history, and does not.
            Self::ByWord { problem, .. } if RefusalClass::of(problem) == RefusalClass::Conflict => {
                Verdict::CannotDecide
            }
            _ => return None,
        })
    }

    /// Returns whether the node is away, or gives no answer of this protocol: another one may do better.
    #[must_use]
    pub fn is_of_the_node(&self) -> bool {
        match self {
            Self::Http(error) => error.is_of_the_node(),
            Self::Proof(error) => error.is_of_the_node(),
            _ => false,
        }
    }
}
