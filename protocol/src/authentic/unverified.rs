//! What was handed in and read, with its bytes: they are hashed and signed over as they came and never
//! written anew, since whatever is read is written in one way only.

use std::iter;

use super::{Authentic, Part, Submission};
use crate::{
    batch,
    chain_id::NetworkId,
    entry::Entry,
    hash::{EntryId, LeafHash},
    key::{
        self, BadSignature, PublicKey, Signature,
        group::{Disagreement, GroupVerifier, SignatureClaim},
    },
    merkle,
    text::Malformed,
};

/// A submission as it came. Nothing in it is believed yet.
#[derive(Clone, Debug)]
pub struct Unverified {
    submission: Submission,
    bytes: Vec<u8>,
    hash: LeafHash,
    id: EntryId,
}

impl From<Submission> for Unverified {
    fn from(submission: Submission) -> Self {
        let bytes = submission.write().into_bytes();
        Self::new(submission, bytes)
    }
}

impl Unverified {
    /// Reads what was handed in.
    ///
    /// # Errors
    ///
    /// As [`Submission::parse`].
    pub fn parse(bytes: impl Into<Vec<u8>>) -> Result<Self, Malformed> {
        let bytes = bytes.into();
        let submission = Submission::parse(&bytes)?;
        Ok(Self::new(submission, bytes))
    }

    fn new(submission: Submission, bytes: Vec<u8>) -> Self {
        Self {
            hash: Submission::hash_of(&bytes),
            id: Submission::id_of_parsed(&bytes),
            submission,
            bytes,
        }
    }

    /// The submission.
    #[must_use]
    pub const fn submission(&self) -> &Submission {
        &self.submission
    }

    /// The hash of its first leaf.
    #[must_use]
    pub const fn hash(&self) -> LeafHash {
        self.hash
    }

    /// Its identity; of a batch, that of its own leaf.
    #[must_use]
    pub const fn id(&self) -> EntryId {
        self.id
    }

    /// The bytes that its author should have signed, and the signature; none for an entry of a batch by itself,
    /// which has no signature.
    fn signed(&self, network: &NetworkId) -> Option<(Vec<u8>, &Signature)> {
        let (kind, signature) = self.submission.signature()?;
        // The signature is the last line of the first leaf.
        let leaf = Submission::first_leaf(&self.bytes).strip_suffix(b"\n")?;
        let end = leaf.iter().rposition(|byte| *byte == b'\n')?;
        let text = std::str::from_utf8(leaf.get(..=end)?).ok()?;
        Some((kind.message(network, text), signature))
    }

    /// Believes it if `key`, which the caller found for its author, made its signature, and a batch is
    /// that of its entries. An entry of a batch by itself has no signature and is refused here.
    ///
    /// # Errors
    ///
    /// [`BadSignature`] if `key` did not make the signature for the network.
    pub fn authenticate(
        self,
        network: &NetworkId,
        key: &PublicKey,
    ) -> Result<Authentic, BadSignature> {
        let (message, signature) = self.signed(network).ok_or(BadSignature)?;
        key::verify(key, &message, signature)?;
        let leaves = self.leaves().ok_or(BadSignature)?;
        Ok(self.believed(leaves, *key))
    }

    /// Believes many, each by the key that the caller found for its author: the verdicts of
    /// [`Unverified::authenticate`], in the order of the claims, at a lower price. What is not believed is
    /// given back.
    ///
    /// # Errors
    ///
    /// [`Disagreement`] if this machine cannot be trusted to check signatures.
    pub fn authenticate_all(
        claims: Vec<(Self, PublicKey)>,
        network: &NetworkId,
        verifier: &GroupVerifier,
    ) -> Result<Vec<Result<Authentic, Box<Self>>>, Disagreement> {
        let holds = hold(&claims, network, verifier)?;
        let judged = claims.into_iter().zip(holds);
        let believed = judged.map(|((claim, key), holds)| {
            let leaves = holds.then(|| claim.leaves()).flatten();
            match leaves {
                Some(leaves) => Ok(claim.believed(leaves, key)),
                None => Err(Box::new(claim)),
            }
        });
        Ok(believed.collect())
    }

    /// Its leaves; none for a batch that is not of its entries.
    fn leaves(&self) -> Option<Vec<Part>> {
        let batch = match &self.submission {
            Submission::Batch(batch) => batch,
            one => {
                let record = match one {
                    Submission::Entry(entry) => Some(entry.statement.index_key()),
                    _ => None,
                };
                return Some(vec![Part {
                    id: self.id,
                    hash: self.hash,
                    end: self.bytes.len(),
                    record,
                }]);
            }
        };
        let leaves = leaves_of_batch(&self.bytes, &batch.entries);
        let mut covered = merkle::Frontier::default();
        for entry in leaves.iter().skip(1) {
            covered.push(entry.hash);
        }
        (covered.root() == batch.leaf.statement.root).then_some(leaves)
    }

    /// The same once its signature holds, with its leaves.
    fn believed(self, leaves: Vec<Part>, key: PublicKey) -> Authentic {
        let Self {
            submission,
            bytes,
            hash,
            id,
        } = self;
        Authentic {
            submission,
            id,
            hash,
            bytes,
            leaves,
            key,
        }
    }
}

/// Whether each claim's signature was made by its key; false for an entry of a batch by itself.
fn hold(
    claims: &[(Unverified, PublicKey)],
    network: &NetworkId,
    verifier: &GroupVerifier,
) -> Result<Vec<bool>, Disagreement> {
    let signed: Vec<_> = claims
        .iter()
        .map(|(claim, _)| claim.signed(network))
        .collect();
    let with_keys = signed.iter().zip(claims);
    let group: Vec<SignatureClaim<'_>> = with_keys
        .filter_map(|(signed, (_, key))| {
            let (message, signature) = signed.as_ref()?;
            Some(SignatureClaim {
                key,
                message,
                signature,
            })
        })
        .collect();
    let mut verdicts = verifier.verify(&group)?.into_iter();
    let holds = |has_signature: bool| has_signature && matches!(verdicts.next(), Some(Ok(())));
    Ok(signed.iter().map(Option::is_some).map(holds).collect())
}

fn leaves_of_batch(bytes: &[u8], entries: &[Entry]) -> Vec<Part> {
    let mut end: usize = 0;
    // The batch leaf itself is about no record.
    let records = iter::once(None).chain(
        entries
            .iter()
            .map(|entry| Some(entry.statement.index_key())),
    );
    let parts = batch::parts(bytes).zip(records).map(|(part, record)| {
        end = end.saturating_add(part.len());
        Part {
            id: Entry::id_of_parsed(part),
            hash: merkle::leaf_hash(part),
            end,
            record,
        }
    });
    parts.collect()
}
