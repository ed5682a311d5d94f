//! `muhr govern sign` and `withdraw`: what was signed, and into which file.

use schemars::JsonSchema;
use serde::Serialize;

use crate::{CommandView, Line, line::texts};

/// What was signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SignedWord {
    /// A proposal, in a draft for those who are to vote on it.
    Proposal,
    /// A ballot for a proposal.
    For,
    /// A ballot against a proposal.
    Against,
    /// That a proposal is taken back.
    Withdrawal,
    /// A request for an agency's lines in a change.
    Request,
}

/// A word of governance that was signed into a file.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct GovernanceSignedView {
    /// What was signed.
    pub word: SignedWord,
    /// Who signed.
    pub agency: String,
    /// Id of the proposal that it is, or that it is about; none of a request.
    pub proposal: Option<String>,
    /// The file.
    pub file: String,
}

impl CommandView for GovernanceSignedView {
    const SCHEMA: &'static str = "muhr/governance-signed/1";

    fn lines(&self) -> Vec<Line> {
        let Self { agency, file, .. } = self;
        let (what, next) = match self.word {
            SignedWord::Proposal => (
                "proposal",
                format!(
                    "  hand it in with: muhr govern send {file} --node URL,URL; give it to all agencies, which vote with: muhr govern sign {file}"
                ),
            ),
            SignedWord::For | SignedWord::Against | SignedWord::Withdrawal => (
                match self.word {
                    SignedWord::For => "ballot for the proposal",
                    SignedWord::Against => "ballot against the proposal",
                    _ => "withdrawal",
                },
                format!("  hand it in with: muhr govern send {file} --node URL,URL"),
            ),
            SignedWord::Request => (
                "request",
                "  give it to whoever drafts the change: muhr govern draft".to_owned(),
            ),
        };
        let mut lines = vec![format!("✔ {what} of {agency} signed  {file}")];
        let id = self.proposal.as_ref();
        lines.extend(id.map(|id| format!("  proposal {id}")));
        lines.push(next);
        texts(lines)
    }
}
