//! Files of governance, opened: drafts compared with what their own proofs show to be in force, and requests.

use std::path::{Path, PathBuf};

use client::{
    durable,
    governing::{self, EpochDifference, InForce, PollTarget},
};
use messages::UserMessage;
use protocol::{
    drafting::{
        AGENCY_REQUEST_BYTES_MAX, AgencyRequest, ChangeDraft, DRAFT_BYTES_MAX, DraftedChange,
        NodePoll,
    },
    governance::ProposedChange,
    name::AgencyName,
    policy::TrustPolicy,
    text::Malformed,
};

use crate::{
    exit::{Failure, USAGE},
    nodes,
};

/// A draft whose proofs have held.
pub(super) struct OpenedDraft {
    pub(super) draft: ChangeDraft,
    pub(super) in_force: InForce,
}

/// Reads the draft at `path`, and proves under the trust file what it is to be compared with. The signature of a
/// proposal in it is checked.
pub(super) fn draft(path: &Path, trust: &TrustPolicy) -> Result<OpenedDraft, Failure> {
    let bytes = durable::read(path, DRAFT_BYTES_MAX)?;
    of_bytes(path, &bytes, trust)
}

/// The same of bytes that were read.
pub(super) fn of_bytes(
    path: &Path,
    bytes: &[u8],
    trust: &TrustPolicy,
) -> Result<OpenedDraft, Failure> {
    let draft = ChangeDraft::parse(bytes).map_err(|error| not_a_draft(path, &error))?;
    let in_force = governing::judge(&draft.in_force, trust)?;
    if let DraftedChange::Proposed(proposal) = &draft.drafted {
        governing::check_proposal(&in_force, proposal)?;
    }
    Ok(OpenedDraft { draft, in_force })
}

fn not_a_draft(path: &Path, error: &Malformed) -> Failure {
    let what = UserMessage::new("draft-malformed")
        .text("path", path.display())
        .text("reason", error);
    Failure::new(USAGE, what).help(UserMessage::new("help-draft-file"))
}

/// Reads the request at `path`.
pub(super) fn request(path: &Path) -> Result<AgencyRequest, Failure> {
    let bytes = durable::read(path, AGENCY_REQUEST_BYTES_MAX)?;
    AgencyRequest::parse(&bytes).map_err(|error| {
        let what = UserMessage::new("request-malformed")
            .text("path", path.display())
            .text("reason", error);
        Failure::new(USAGE, what).help(UserMessage::new("help-request-file"))
    })
}

/// Requests in the order of their agencies, of which each has one.
pub(super) fn in_order(mut requests: Vec<AgencyRequest>) -> Vec<AgencyRequest> {
    requests.sort_by(|a, b| a.statement.agency.name.cmp(&b.statement.agency.name));
    requests.dedup_by(|a, b| a.statement.agency.name == b.statement.agency.name);
    requests
}

/// A file beside another, which names an agency and what it is.
pub(super) fn beside(path: &Path, agency: &AgencyName, ending: &str) -> PathBuf {
    let mut name = path.file_stem().unwrap_or_default().to_owned();
    name.push(format!(".{agency}.{ending}"));
    path.with_file_name(name)
}

/// Asks the nodes of both sets how they are.
pub(super) fn poll(in_force: &InForce, change: &ProposedChange) -> Result<NodePoll, Failure> {
    let next = match change {
        ProposedChange::Epoch(change) => change.statement.agencies.as_slice(),
        ProposedChange::Rules(_) => &[],
    };
    let mut targets: Vec<PollTarget> = Vec::new();
    // Whoever stays is asked where it is now: another address is for clients, and the keys vote from the same machine.
    for agency in in_force.agencies.iter().chain(next) {
        if !targets.iter().any(|target| target.agency == agency.name) {
            targets.push(PollTarget {
                agency: agency.name.clone(),
                url: agency.url.clone(),
            });
        }
    }
    let options = nodes::options()?;
    Ok(governing::poll(&in_force.network, &targets, &options))
}

impl OpenedDraft {
    /// How the change differs from what is in force, if it is one of agencies.
    pub(super) fn difference(&self) -> Option<EpochDifference> {
        let ProposedChange::Epoch(change) = self.draft.drafted.change() else {
            return None;
        };
        let ChangeDraft { requests, poll, .. } = &self.draft;
        let mut difference = EpochDifference::of(&self.in_force, change, requests, poll);
        if let DraftedChange::Proposed(proposal) = &self.draft.drafted {
            difference.asked_by(&proposal.statement.author);
        }
        Some(difference)
    }
}
