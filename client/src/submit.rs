//! From what a clerk wants to a verified receipt: commit, sign, keep, send, wait, verify, write.
//!
//! The signed entry and its secret are on disk before anything is sent. Whatever happens then, the
//! same call sends the same entry again and gets the same receipt. Not here: many entries at once.

mod error;
mod error_codes;
mod obstacles;
mod refusal;
mod resume;

use std::{
    collections::BTreeMap,
    path::Path,
    time::{Duration, Instant},
};

use protocol::{
    chain_id::NetworkId,
    commitment::{DOCUMENT_FIELD, Fields, Secret},
    entry::{Operation, Reference, Statement},
    hash::{DocumentHash, RecordKey},
    height::{Height, Version},
    key::SecretKey,
    keyfile::KeyFile,
    name::{ClerkName, Date, RegistryName},
    opening::{Content, Opening},
    pending::Pending,
    policy::TrustPolicy,
    receipt::Receipt,
    state::RecordState,
};
use verify::{checkpoint::Trusts, history::HistoryFacts, receipt::ReceiptFacts};

pub use self::{
    error::SubmitError,
    obstacles::{InTheWay, Never},
    refusal::{Proven, look},
    resume::existing_receipt,
};
use crate::{
    durable,
    http::{Client, EntryEvidence},
    keys::KeyTrouble,
    proven, values,
};

/// A clerk's key and the name it signs with.
#[derive(Clone, Debug)]
pub struct ClerkKey {
    name: ClerkName,
    secret: SecretKey,
}

impl ClerkKey {
    /// The clerk's key in a key file.
    ///
    /// # Errors
    /// [`KeyTrouble::Purpose`] for a key of another purpose, or whose holder is no clerk's name.
    pub fn of(file: KeyFile) -> Result<Self, KeyTrouble> {
        let KeyFile {
            purpose,
            holder,
            secret,
        } = file;
        match ClerkName::parse(&holder).filter(|_| purpose == "clerk") {
            Some(name) => Ok(Self { name, secret }),
            None => Err(KeyTrouble::Purpose {
                found: purpose,
                wanted: "clerk",
            }),
        }
    }
}

/// A clerk at a desk, ready to sign.
#[derive(Debug)]
pub struct Clerk {
    /// The nodes that are asked.
    pub client: Client,
    /// Trust file that is believed.
    pub trust: TrustPolicy,
    /// The network that is signed for.
    pub network: NetworkId,
    /// The clerk's name.
    pub name: ClerkName,
    /// The clerk's key.
    pub secret: SecretKey,
    /// The last height of what is signed now.
    pub expires: Height,
    /// How long a receipt is waited for.
    pub until: Instant,
}

impl Clerk {
    /// Asks all nodes how far the network is, of which `network` is the trust file's own name for it. Receipts
    /// are waited for up to `patience`.
    ///
    /// # Errors
    /// [`SubmitError::OtherOrigin`] and [`SubmitError::OtherChain`] where a node is of another network, and
    /// [`SubmitError::Http`] or [`SubmitError::Proof`] where none of them proves how far it is.
    pub fn open(
        client: Client,
        trust: TrustPolicy,
        network: NetworkId,
        key: &ClerkKey,
        patience: Duration,
    ) -> Result<Self, SubmitError> {
        let expires = expires(&client, &network, &trust)?;
        Ok(Self {
            client,
            trust,
            network,
            name: key.name.clone(),
            secret: key.secret.clone(),
            expires,
            until: Instant::now() + patience,
        })
    }

    /// Waits for the next receipt for `patience`, as for the first.
    pub fn wait_anew(&mut self, patience: Duration) {
        self.until = Instant::now() + patience;
    }
}

/// The last height of what is signed now. Every node that answers must be of the network, and prove how far
/// that is: what is signed for one network is refused by another as if the clerk's key were wrong.
fn expires(nodes: &Client, mine: &NetworkId, trust: &TrustPolicy) -> Result<Height, SubmitError> {
    let mut last = None;
    let mut away = None;
    for client in nodes.each() {
        let proven = expires_of(&client, mine, trust);
        match proven {
            Ok(height) => last = last.max(Some(height)),
            // One that is away, or gives no answer of ours, is left to the others.
            Err(error) if error.is_of_the_node() => away = away.or(Some(error)),
            Err(error) => return Err(error),
        }
    }
    last.ok_or_else(|| away.unwrap_or(crate::http::HttpError::NoNode.into()))
}

fn expires_of(
    client: &Client,
    mine: &NetworkId,
    trust: &TrustPolicy,
) -> Result<Height, SubmitError> {
    let node = client.nodes().first().map_or("", String::as_str);
    must_be_of(node, &client.network()?, mine)?;
    Ok(proven::last_height(&proven::network(client, trust)?))
}

/// Refuses a node that is not of the network which is signed for.
///
/// # Errors
/// [`SubmitError::OtherOrigin`], [`SubmitError::OtherChain`].
pub fn must_be_of(node: &str, network: &api::Network, mine: &NetworkId) -> Result<(), SubmitError> {
    let NetworkId { origin, chain } = mine;
    if network.origin != origin.as_str() {
        Err(SubmitError::OtherOrigin {
            node: node.to_owned(),
            theirs: network.origin.clone(),
            mine: origin.clone(),
        })
    } else if network.chain != chain.to_hex() {
        Err(SubmitError::OtherChain {
            node: node.to_owned(),
            mine: origin.clone(),
        })
    } else {
        Ok(())
    }
}

/// A record's history, after its proof held.
///
/// # Errors
/// [`SubmitError::Http`], [`SubmitError::History`].
pub fn history(
    clerk: &Clerk,
    registry: &RegistryName,
    key: &RecordKey,
) -> Result<HistoryFacts, SubmitError> {
    let history = clerk.client.history(registry, key)?;
    let judged = verify::history::judge_pages(&clerk.trust, &history, registry, key);
    let step = judged.failure().cloned().map(Box::new);
    let verdict = judged.verdict;
    judged.facts.ok_or(SubmitError::History { verdict, step })
}

/// The state of a record with its history, after the proof of both has held.
///
/// # Errors
/// As of [`history`], and [`SubmitError::NeverRegistered`].
pub fn latest(
    clerk: &Clerk,
    registry: &RegistryName,
    key: &RecordKey,
) -> Result<(RecordState, HistoryFacts), SubmitError> {
    let facts = history(clerk, registry, key)?;
    let state = facts
        .state
        .clone()
        .ok_or_else(|| SubmitError::NeverRegistered(registry.clone()))?;
    Ok((state, facts))
}

/// Content to be committed to: the hash of a document, fields by name and value, or both; none of neither.
///
/// # Errors
/// [`SubmitError::Fields`], and [`SubmitError::File`] where the system gives no random bytes.
pub fn content(
    document: Option<DocumentHash>,
    fields: Vec<(String, String)>,
) -> Result<Option<Content>, SubmitError> {
    let secret = Secret::new(durable::random()?);
    if fields.is_empty() {
        return Ok(document.map(|document| Content::Document {
            document,
            salt: secret,
        }));
    }
    let mut fields = fields;
    if let Some(document) = document {
        fields.insert(0, (DOCUMENT_FIELD.to_owned(), document.to_hex()));
    }
    let fields = Fields::new(fields).map_err(SubmitError::Fields)?;
    Ok(Some(Content::Fields { fields, secret }))
}

/// Returns whether an opening shows the same number and content as another, whatever their secrets.
pub fn same_content(one: &Opening, other: &Opening) -> bool {
    is_alike(one, other, |one, other| one == other)
}

/// Returns whether an opening shows the same number and values as another, however these are written.
pub fn same_values(one: &Opening, other: &Opening) -> bool {
    is_alike(one, other, values::same)
}

fn is_alike(one: &Opening, other: &Opening, is_same: impl Fn(&str, &str) -> bool) -> bool {
    let same = match (&one.content, &other.content) {
        (None, None) => true,
        (
            Some(Content::Document { document: a, .. }),
            Some(Content::Document { document: b, .. }),
        ) => a == b,
        (Some(Content::Fields { fields: a, .. }), Some(Content::Fields { fields: b, .. })) => {
            let (a, b) = (by_name(a), by_name(b));
            a.len() == b.len() && { a.iter().zip(&b) }.all(
                |((name, value), (other_name, other))| name == other_name && is_same(value, other),
            )
        }
        _ => false,
    };
    one.record == other.record && same
}

/// A field is known by its name: that the columns of a table change places says nothing new.
fn by_name(fields: &Fields) -> BTreeMap<&str, &str> {
    let fields = fields.as_slice().iter();
    { fields }
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect()
}

/// The statement that makes a record.
pub fn first(
    clerk: &Clerk,
    registry: RegistryName,
    key: RecordKey,
    effective: Option<Date>,
    references: Vec<Reference>,
    opening: &Opening,
) -> Statement {
    Statement {
        operation: Operation::Register,
        registry,
        key,
        version: Version::new(1),
        previous: None,
        effective,
        reason: None,
        references,
        commitment: opening.content.as_ref().map(Content::commit),
        author: clerk.name.clone(),
        expires: clerk.expires,
    }
}

/// Signs a statement once that is agreed to, and carries it to its receipt, unless that is there. What a call
/// before this one has signed and left beside `receipt_path` is sent again, and nothing else is signed.
///
/// # Errors
/// [`SubmitError`]. Whatever it is, what was signed stays on disk unless it is proven that it can never be
/// recorded, and the same call takes it up again.
pub fn sign_and_submit(
    clerk: &Clerk,
    receipt_path: &Path,
    statement: Statement,
    opening: Opening,
    agree: impl FnOnce() -> bool,
) -> Result<ReceiptFacts, SubmitError> {
    if let Some(facts) = existing_receipt(clerk, receipt_path, &statement, &opening)? {
        return Ok(facts);
    }
    let pending_path = durable::beside(receipt_path, ".pending");
    refusal::take_up(receipt_path, &statement, &opening)?;
    let (pending, is_earlier) = match resume::left_over(&pending_path, &statement, &opening)? {
        Some(found) => (found.pending, found.is_earlier),
        None => {
            durable::must_have_room(receipt_path)?;
            if !agree() {
                return Err(SubmitError::NotAgreed);
            }
            let entry = statement.sign(&clerk.network, &clerk.secret);
            let pending = Pending { entry, opening };
            durable::write_private(&pending_path, pending.write().as_bytes())?;
            (pending, false)
        }
    };
    let id = pending.entry.statement.id();
    match send(clerk, &pending, &id.to_hex())? {
        EntryEvidence::Never(problem) => {
            Err(refusal::settle(clerk, receipt_path, &pending, problem))
        }
        EntryEvidence::Some(bytes) => {
            let (text, facts) = accept(&clerk.trust, &pending, &bytes)?;
            durable::write_private(receipt_path, text.as_bytes())?;
            let _left = std::fs::remove_file(&pending_path);
            if is_earlier {
                return Err(resume::finished_earlier(receipt_path, &facts));
            }
            Ok(facts)
        }
        EntryEvidence::NotYet => Err(SubmitError::NotFinal),
    }
}

fn send(clerk: &Clerk, pending: &Pending, id: &str) -> Result<EntryEvidence, SubmitError> {
    let entry = pending.entry.write();
    let mut told_again = false;
    loop {
        if let Some(problem) = clerk.client.submit(&entry, clerk.until)? {
            return Ok(EntryEvidence::Never(problem));
        }
        match clerk.client.evidence(id, clerk.until) {
            // A node that has started anew, or is asked in place of another, may not know the entry.
            Err(error) if error.is_unexpected() && !told_again => told_again = true,
            other => return Ok(other?),
        }
    }
}

/// Believes a receipt from a node only after the same judgement that everybody can make. Gives its text with
/// the opening in it, and what it proves.
///
/// # Errors
/// As of [`read`] and [`believe`].
pub fn accept<'a>(
    trusts: impl Into<Trusts<'a>>,
    pending: &Pending,
    bytes: &[u8],
) -> Result<(String, ReceiptFacts), SubmitError> {
    believe(trusts, pending, read(bytes)?)
}

/// Reads a receipt from a node.
///
/// # Errors
/// [`SubmitError::NoReceipt`].
pub fn read(bytes: &[u8]) -> Result<Receipt, SubmitError> {
    Receipt::parse(bytes).map_err(SubmitError::NoReceipt)
}

/// Believes a receipt that was read before, as [`accept`] does.
///
/// # Errors
/// [`SubmitError::OtherReceipt`], [`SubmitError::Receipt`].
pub fn believe<'a>(
    trusts: impl Into<Trusts<'a>>,
    pending: &Pending,
    mut receipt: Receipt,
) -> Result<(String, ReceiptFacts), SubmitError> {
    // Another valid signature over the same statement is the same entry.
    if receipt.entry.statement != pending.entry.statement {
        return Err(SubmitError::OtherReceipt);
    }
    receipt.opening = Some(pending.opening.clone());
    let judged = verify::receipt::judge_read(trusts, &receipt, None);
    let proves = judged.proves_entry();
    let step = judged.failure().cloned().map(Box::new);
    match judged.facts {
        Some(facts) if proves => Ok((receipt.write(), facts)),
        _ => Err(SubmitError::Receipt {
            verdict: judged.verdict,
            step,
        }),
    }
}

#[cfg(test)]
mod tests {
    use protocol::record::RecordId;

    use super::*;

    fn opening(fields: &[(&str, &str)], secret: u8) -> Opening {
        let fields = fields.iter();
        let fields = fields.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Opening {
            record: RecordId::parse("P-1").unwrap(),
            content: Some(Content::Fields {
                fields: Fields::new(fields.collect()).unwrap(),
                secret: Secret::new([secret; 32]),
            }),
        }
    }

    #[test]
    fn fields_are_the_same_by_their_names_wherever_they_stand() {
        let one = opening(&[("a", "1"), ("b", "23.11.2026")], 1);
        let moved = opening(&[("b", "23.11.2026"), ("a", "1")], 2);
        assert!(same_content(&one, &moved) && same_values(&one, &moved));
        let written = opening(&[("b", "2026-11-23"), ("a", "1")], 2);
        assert!(!same_content(&one, &written) && same_values(&one, &written));
        for other in [
            opening(&[("a", "23.11.2026"), ("b", "1")], 1),
            opening(&[("a", "1"), ("c", "23.11.2026")], 1),
            opening(&[("a", "1")], 1),
            opening(&[("a", "1"), ("b", "23.11.2026"), ("c", "")], 1),
        ] {
            assert!(!same_values(&one, &other) && !same_values(&other, &one));
            assert!(!same_content(&one, &other) && !same_content(&other, &one));
        }
    }
}
