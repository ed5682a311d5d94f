//! Governance and trust files, as a node tells of them. Proofs and leaves are texts, for whoever judges them.

use api::{GovernanceReport, Proof, TrustChain};
use protocol::{
    checkpoint::Checkpoint,
    epoch::PROOF_BYTES_MAX,
    genesis::GENESIS_BYTES_MAX,
    governance::PROPOSAL_BYTES_MAX,
    hash::EntryId,
    height::{Epoch, LeafIndex},
    policy::POLICY_BYTES_MAX,
    text,
    tlog_proof::TlogProof,
};

use super::{ANSWER_BYTES_MAX, Client, HttpError};

impl Client {
    /// What is proposed, who said what, and what must be said next.
    ///
    /// # Errors
    /// [`HttpError`].
    pub fn governance(&self) -> Result<GovernanceReport, HttpError> {
        self.fetch("/v1/governance", ANSWER_BYTES_MAX)?.json()
    }

    /// A leaf of governance, as it stands in the log by a node's word; none if the node knows none of this id.
    ///
    /// # Errors
    /// [`HttpError`].
    pub fn governance_leaf(&self, id: &EntryId) -> Result<Option<Vec<u8>>, HttpError> {
        let path = format!("/v1/governance/{}", id.to_hex());
        let answer = self.fetch(&path, PROPOSAL_BYTES_MAX)?;
        if answer.is_not_found() {
            return Ok(None);
        }
        answer.text().map(Some)
    }

    /// The first leaf of the log, by a node's word.
    ///
    /// # Errors
    /// [`HttpError`].
    pub fn genesis(&self) -> Result<Vec<u8>, HttpError> {
        self.fetch("/v1/genesis", GENESIS_BYTES_MAX)?.text()
    }

    /// The trust file of an epoch, by a node's word; none if it has not begun there.
    ///
    /// # Errors
    /// [`HttpError`].
    pub fn trust_file(&self, epoch: Epoch) -> Result<Option<Vec<u8>>, HttpError> {
        let answer = self.fetch(&format!("/v1/trust/{epoch}"), POLICY_BYTES_MAX)?;
        if answer.is_not_found() {
            return Ok(None);
        }
        answer.text().map(Some)
    }

    /// The proof that leads to the trust file of an epoch.
    ///
    /// # Errors
    /// [`HttpError`].
    pub fn epoch_proof(&self, epoch: Epoch) -> Result<Vec<u8>, HttpError> {
        let path = format!("/v1/trust/{epoch}/proof");
        self.fetch(&path, PROOF_BYTES_MAX)?.text()
    }

    /// The next proofs behind an epoch. None of a node that has no such path, or where the epoch has not begun.
    ///
    /// # Errors
    /// [`HttpError`].
    pub fn trust_chain(&self, from: Epoch) -> Result<Option<TrustChain>, HttpError> {
        let answer = self.fetch(&format!("/v1/trust/chain?from={from}"), ANSWER_BYTES_MAX)?;
        if answer.is_not_found() {
            return Ok(None);
        }
        answer.json().map(Some)
    }

    /// Hands a witness the proof of the next epoch; its answers are statuses and short texts.
    ///
    /// # Errors
    /// [`HttpError`].
    pub fn add_epoch(&self, proof: &[u8]) -> Result<(u16, String), HttpError> {
        let answer = self.post("/add-epoch", "text/plain", proof)?;
        let text = String::from_utf8_lossy(&answer.bytes).into_owned();
        Ok((answer.status, text))
    }

    /// The proof that a leaf is in the log, under the newest checkpoint of the node. Nothing of it is judged.
    ///
    /// # Errors
    /// [`HttpError`], and [`HttpError::NotUtf8`] for a checkpoint that is none.
    pub fn inclusion(&self, index: LeafIndex) -> Result<TlogProof, HttpError> {
        let checkpoint = self.checkpoint()?;
        let read = Checkpoint::parse_note(&checkpoint);
        let (_, read) = read.map_err(|_| HttpError::NotUtf8)?;
        let size = read.size;
        let path = format!("/v1/proofs/inclusion?index={index}&size={size}");
        let proof: Proof = self.fetch(&path, ANSWER_BYTES_MAX)?.json()?;
        let hashes = proof.path.iter().map(|hash| text::base64_array(hash));
        Ok(TlogProof {
            index,
            // A hash that is none makes a path that does not hold.
            path: hashes.map(Option::unwrap_or_default).collect(),
            checkpoint,
        })
    }
}
