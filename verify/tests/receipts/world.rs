//! A network of four agencies in a few vectors: a log, an index and keys, made by the rules of
//! `protocol` alone, so that what `verify` says is not checked against the ledger's own code.

mod founding;
mod told;
mod tree;

use std::collections::BTreeMap;

use founding::{AGENCIES, found, secret};
use protocol::{
    batch::{Batch, BatchStatement},
    block::BlockLeaf,
    chain_id::NetworkId,
    checkpoint::Checkpoint,
    commitment::{Fields, Secret},
    cosignature::{self, Cosigner},
    entry::{Authorship, Entry, EntryRef, Operation, Statement},
    genesis::Genesis,
    hash::{DocumentHash, IndexKey, IndexRoot, LeafHash, RecordKey, ValueHash, sha256},
    height::{Epoch, Height, LeafIndex, LogSize, TimeMs, Version},
    index::IndexProof,
    key::{SecretKey, Signature},
    merkle,
    name::{AgencyName, ClerkName, Date, ReasonCode, RegistryName},
    opening::{Content, Opening},
    policy::TrustPolicy,
    receipt::{BatchProof, BlockProof, Receipt, RegistryProof},
    record::RecordId,
    standing::{Mark, RegistryPolicy},
    state::{ClerkState, RecordState, RecordStatus, RegistryState, value_hash},
    state_proof::StateProof,
    tlog_proof::TlogProof,
};
use tree::{subtree, walk};

pub(crate) const DOCUMENT: DocumentHash = DocumentHash::new([0xd0; 32]);
pub(crate) const OTHER_DOCUMENT: DocumentHash = DocumentHash::new([0xd1; 32]);
/// Seconds since 1970 at which everyone cosigns.
const COSIGNED: u64 = 1_800_000_100;

/// A leaf before it is in the log.
#[derive(Clone)]
#[allow(clippy::large_enum_variant, reason = "a handful of leaves in a test")]
pub(crate) enum Leaf {
    Entry(Entry),
    Batch(Batch),
}

/// What is known of one leaf index.
#[derive(Clone)]
struct Placed {
    leaf: Leaf,
    opening: Option<Opening>,
}

/// Everything that a network holds.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) genesis: Genesis,
    /// The trust file that the blocks name.
    pub(crate) trust_file: String,
    cosigners: Vec<SecretKey>,
    publisher: SecretKey,
    clerk: SecretKey,
    leaves: Vec<Vec<u8>>,
    placed: BTreeMap<u64, Placed>,
    records: BTreeMap<RecordKey, RecordState>,
    index: BTreeMap<IndexKey, String>,
    blocks: Vec<(u64, BlockLeaf)>,
    openings: BTreeMap<RecordKey, Opening>,
    /// The time that the next blocks bear, if the clock stands still.
    pub(crate) stopped_at: Option<TimeMs>,
}

pub(crate) fn registry() -> RegistryName {
    RegistryName::parse("qurilish.permits").unwrap()
}

pub(crate) fn clerk_name() -> ClerkName {
    ClerkName::parse("qurilish/aziza").unwrap()
}

pub(crate) fn number(text: &str) -> RecordId {
    RecordId::parse(text).unwrap()
}

pub(crate) fn key_of(text: &str) -> RecordKey {
    number(text).key(&registry())
}

impl World {
    /// A network after its genesis block.
    pub(crate) fn new(origin: &str) -> Self {
        Self::with_trust(origin, |file| file)
    }

    /// The same, whose blocks name another trust file than the genesis gives.
    pub(crate) fn with_trust(origin: &str, change: impl FnOnce(String) -> String) -> Self {
        let made = found(origin);
        let genesis = Genesis::parse(made.write().as_bytes()).unwrap();
        assert_eq!(genesis, made);
        let mut world = Self {
            trust_file: change(genesis.trust_file()),
            cosigners: AGENCIES
                .iter()
                .map(|name| secret(&format!("{origin} {name} cosign")))
                .collect(),
            publisher: secret(&format!("{origin} publisher")),
            clerk: secret(&format!("{origin} clerk")),
            leaves: vec![genesis.write().into_bytes()],
            placed: BTreeMap::new(),
            records: BTreeMap::new(),
            index: genesis.state().into_iter().collect(),
            blocks: Vec::new(),
            openings: BTreeMap::new(),
            stopped_at: None,
            genesis,
        };
        world.seal(1);
        world
    }

    pub(crate) fn trust(&self) -> TrustPolicy {
        TrustPolicy::parse(self.trust_file.as_bytes()).unwrap()
    }

    /// A block with one signed entry about the record `id`; gives its leaf index.
    pub(crate) fn act(&mut self, operation: Operation, id: &str) -> u64 {
        self.act_on(operation, id, &DOCUMENT, false)
    }

    /// The same, with a document of its own, as a document or within fields.
    pub(crate) fn act_on(
        &mut self,
        operation: Operation,
        id: &str,
        document: &DocumentHash,
        fields: bool,
    ) -> u64 {
        let statement = self.statement(operation, id, document, fields);
        let entry = statement.sign(&self.genesis.network_id(), &self.clerk);
        let at = self.size();
        self.block(vec![Leaf::Entry(entry)]);
        at
    }

    /// What the clerk would say next of a record.
    pub(crate) fn statement(
        &mut self,
        operation: Operation,
        id: &str,
        document: &DocumentHash,
        fields: bool,
    ) -> Statement {
        let salt = Secret::new(sha256(&[b"salt", id.as_bytes()]));
        let content = if !operation.has_content() {
            None
        } else if fields {
            let list = [
                ("holder", "Karimov  A.\n(o'g'li)".to_owned()),
                ("document", document.to_hex()),
            ];
            let list = list.map(|(name, value)| (name.to_owned(), value));
            Some(Content::Fields {
                fields: Fields::new(list.to_vec()).unwrap(),
                secret: salt,
            })
        } else {
            Some(Content::Document {
                document: *document,
                salt,
            })
        };
        self.statement_of(operation, id, content)
    }

    /// The same, with any content.
    pub(crate) fn statement_of(
        &mut self,
        operation: Operation,
        id: &str,
        content: Option<Content>,
    ) -> Statement {
        let key = key_of(id);
        let state = self.records.get(&key);
        let attests = operation.is_attestation();
        let previous = state.map(|state| {
            let mark = state.mark(&clerk_name().agency()).filter(|_| attests);
            mark.map_or_else(|| state.place(), |mark| mark.place)
        });
        let commitment = content.as_ref().map(Content::commit);
        let opening = Opening {
            record: number(id),
            content,
        };
        self.openings.insert(key, opening);
        Statement {
            operation,
            registry: registry(),
            key,
            version: Version::new(
                state.map_or(1, |state| state.version.get() + u64::from(!attests)),
            ),
            previous,
            effective: Date::parse("2026-11-23"),
            reason: state.and_then(|_| ReasonCode::parse("C01")),
            references: Vec::new(),
            commitment,
            author: clerk_name(),
            expires: Height::new(1000),
        }
    }

    pub(crate) fn sign(&self, statement: Statement) -> Entry {
        self.sign_for(&self.genesis.network_id(), statement)
    }

    /// The same, for a network that may be another.
    pub(crate) fn sign_for(&self, network: &NetworkId, statement: Statement) -> Entry {
        statement.sign(network, &self.clerk)
    }

    /// The clerk's signature on any bytes, as the last line of an entry or batch.
    pub(crate) fn signature_line(&self, message: &[u8]) -> String {
        format!("signature ed25519 {}\n", self.signature(message))
    }

    /// The clerk's signature on any bytes.
    pub(crate) fn signature(&self, message: &[u8]) -> Signature {
        self.clerk.sign(message)
    }

    /// The batch with the clerk's signature.
    pub(crate) fn sign_batch(&self, statement: BatchStatement) -> Batch {
        statement.sign(&self.genesis.network_id(), &self.clerk)
    }

    /// A block with one batch over these records; gives the leaf index of the batch.
    pub(crate) fn batch(&mut self, ids: &[&str]) -> u64 {
        let entries: Vec<Entry> = ids
            .iter()
            .map(|id| Entry {
                statement: self.statement(Operation::Register, id, &DOCUMENT, false),
                authorship: Authorship::Batched,
            })
            .collect();
        let texts: Vec<String> = entries.iter().map(Entry::write).collect();
        let batch = BatchStatement {
            author: clerk_name(),
            count: u64::try_from(entries.len()).unwrap(),
            root: merkle::root_of(texts.iter().map(String::as_bytes)),
            expires: Height::new(1000),
        };
        let batch = self.sign_batch(batch);
        let at = self.size();
        let mut leaves = vec![Leaf::Batch(batch)];
        leaves.extend(entries.into_iter().map(Leaf::Entry));
        self.block(leaves);
        at
    }

    /// A block with these leaves. No rules: tests also make worlds in which a quorum erred.
    pub(crate) fn block(&mut self, leaves: Vec<Leaf>) {
        let count = u64::try_from(leaves.len()).unwrap();
        let written = |leaf: Leaf| match &leaf {
            Leaf::Entry(entry) => (entry.write(), leaf),
            Leaf::Batch(batch) => (batch.write(), leaf),
        };
        self.block_as(leaves.into_iter().map(written).collect(), count);
    }

    /// The same, of leaves as they are written, which may be otherwise than they should, and with
    /// another count of them.
    pub(crate) fn block_as(&mut self, leaves: Vec<(String, Leaf)>, count: u64) {
        self.turned_block(leaves, count, |_| {});
    }

    /// The same, and what is then in the index is turned before the block is sealed.
    pub(crate) fn turned_block(
        &mut self,
        leaves: Vec<(String, Leaf)>,
        count: u64,
        turn: impl FnOnce(&mut Self),
    ) {
        let (height, time) = (self.height(), self.time());
        for (text, leaf) in leaves {
            let at = self.size();
            let mut opening = None;
            if let Leaf::Entry(entry) = &leaf {
                opening = self.openings.get(&entry.statement.key).cloned();
                let hash = merkle::leaf_hash(text.as_bytes());
                self.record(&entry.statement, at, hash, height, time);
            }
            self.leaves.push(text.into_bytes());
            self.placed.insert(at, Placed { leaf, opening });
        }
        turn(self);
        self.seal(count);
    }

    fn record(&mut self, said: &Statement, at: u64, hash: LeafHash, height: Height, time: TimeMs) {
        let before = self.records.get(&said.key).cloned();
        if said.operation.is_attestation() {
            let place = EntryRef {
                index: LeafIndex::new(at),
                hash,
                height,
                time,
            };
            let agency = said.author.agency();
            let mark = Mark {
                agency,
                said: said.operation,
                place,
            };
            let mut state = before.unwrap();
            let standing = state.standing.take().unwrap_or_default();
            state.standing = Some(Box::new(standing.marked(mark)));
            return self.set_record(&said.key, state);
        }
        let status = match said.operation {
            Operation::Register | Operation::Amend | Operation::Reinstate => RecordStatus::Active,
            Operation::Correct => before
                .as_ref()
                .map_or(RecordStatus::Active, |state| state.status),
            Operation::Suspend => RecordStatus::Suspended,
            Operation::Revoke => RecordStatus::Revoked,
            Operation::Confirm | Operation::Dispute | Operation::Withdraw => unreachable!(),
        };
        let content = if said.operation.has_content() {
            said.version
        } else {
            before.map_or(said.version, |state| state.content)
        };
        let state = RecordState {
            status,
            version: said.version,
            content,
            index: LeafIndex::new(at),
            hash,
            height,
            time,
            standing: None,
        };
        self.set_record(&said.key, state);
    }

    /// Puts a record's state into the index, whatever the log says.
    pub(crate) fn set_record(&mut self, key: &RecordKey, state: RecordState) {
        self.records.insert(*key, state.clone());
        self.index
            .insert(RecordState::index_key(&registry(), key), state.write());
    }

    /// Puts a clerk into the index, whatever the log says.
    pub(crate) fn set_clerk(&mut self, clerk: &ClerkState) {
        self.set_clerk_as(&clerk.name, clerk.write());
    }

    /// Puts any text into the index in the place of a clerk.
    pub(crate) fn set_clerk_as(&mut self, name: &ClerkName, value: String) {
        self.index.insert(ClerkState::index_key(name), value);
    }

    pub(crate) fn state_of(&self, id: &str) -> RecordState {
        self.records[&key_of(id)].clone()
    }

    fn seal(&mut self, entries: u64) {
        let leaf = BlockLeaf {
            height: self.height(),
            time: self.time(),
            proposer: AgencyName::parse("iiv").filter(|_| !self.blocks.is_empty()),
            parent: (!self.blocks.is_empty()).then(|| self.checkpoint().block_id()),
            entries,
            index: IndexRoot::new(subtree(&self.hashed(), 0)),
            epoch: Epoch::ZERO,
            trust: self.trust().hash(),
        };
        let at = self.size();
        self.leaves.push(leaf.write().into_bytes());
        self.blocks.push((at, leaf));
    }

    /// How many leaves there are.
    pub(crate) fn size(&self) -> u64 {
        u64::try_from(self.leaves.len()).unwrap()
    }

    fn height(&self) -> Height {
        Height::new(u64::try_from(self.blocks.len()).unwrap())
    }

    fn time(&self) -> TimeMs {
        let time = TimeMs::new(1_800_000_000_000 + self.height().get() * 1000);
        self.stopped_at.unwrap_or(time)
    }

    fn hashed(&self) -> Vec<(IndexKey, ValueHash)> {
        self.index
            .iter()
            .map(|(key, value)| (*key, value_hash(value)))
            .collect()
    }

    pub(crate) fn prove(&self, key: &IndexKey) -> IndexProof {
        let mut siblings = Vec::new();
        let leaf = walk(&self.hashed(), key, &mut siblings);
        IndexProof { leaf, siblings }
    }

    fn hashes(&self) -> Vec<LeafHash> {
        self.leaves
            .iter()
            .map(|leaf| merkle::leaf_hash(leaf))
            .collect()
    }

    pub(crate) fn path(&self, at: u64) -> Vec<[u8; 32]> {
        let hashes = self.hashes();
        let size = LogSize::new(self.size());
        merkle::inclusion(LeafIndex::new(at), size, merkle::from_leaves(&hashes)).unwrap()
    }

    /// That the log of now continues the one of `old` leaves.
    pub(crate) fn consistency(&self, old: LogSize) -> Vec<[u8; 32]> {
        let hashes = self.hashes();
        let size = LogSize::new(self.size());
        merkle::consistency(old, size, merkle::from_leaves(&hashes)).unwrap()
    }

    /// What shows with what root this log begins.
    pub(crate) fn prefix(&self, old: u64) -> Vec<[u8; 32]> {
        let (old, size) = (LogSize::new(old), LogSize::new(self.size()));
        merkle::prefix(old, size, merkle::from_leaves(&self.hashes())).unwrap()
    }

    pub(crate) fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            origin: self.genesis.origin.clone(),
            size: LogSize::new(self.size()),
            root: merkle::root_of(self.leaves.iter().map(Vec::as_slice)),
        }
    }

    /// The line of one agency under `body`.
    pub(crate) fn line(&self, signer: usize, body: &str) -> String {
        self.line_at(COSIGNED, signer, body)
    }

    /// The same, made at another time.
    pub(crate) fn line_at(&self, time: u64, signer: usize, body: &str) -> String {
        let (agency, secret) = (&self.genesis.agencies[signer], &self.cosigners[signer]);
        let cosigner = Cosigner::validator(agency.cosigner.clone(), secret.public());
        cosigner.cosignature_line(time, &cosignature::sign(secret, time, body))
    }

    pub(crate) fn log_line(&self, body: &str) -> String {
        let cosigner = Cosigner::log(self.genesis.origin.to_string(), self.publisher.public());
        cosigner.log_line(&self.publisher.sign(body.as_bytes()))
    }

    /// The present checkpoint, cosigned by these of the four.
    pub(crate) fn note(&self, signers: &[usize]) -> String {
        let body = self.checkpoint().write();
        let lines = signers.iter().map(|signer| self.line(*signer, &body));
        format!("{body}\n{}", lines.collect::<String>())
    }

    /// The same with the log's own line above them, as nodes hand it out.
    pub(crate) fn published(&self, signers: &[usize]) -> String {
        let (body, note) = (self.checkpoint().write(), self.note(signers));
        note.replacen(
            &format!("{body}\n"),
            &format!("{body}\n{}", self.log_line(&body)),
            1,
        )
    }

    pub(crate) fn block_proof(&self, place: usize) -> BlockProof {
        let (at, leaf) = &self.blocks[place];
        BlockProof {
            leaf: leaf.clone(),
            index: LeafIndex::new(*at),
            path: self.path(*at),
        }
    }

    pub(crate) fn head(&self) -> BlockProof {
        self.block_proof(self.blocks.len() - 1)
    }

    pub(crate) fn clerk_state(&self) -> ClerkState {
        self.genesis.clerks[0].0.clone()
    }

    pub(crate) fn clerk_proof(&self) -> IndexProof {
        self.prove(&ClerkState::index_key(&clerk_name()))
    }

    /// The receipt of the entry at a leaf index, under the present checkpoint with three of four.
    pub(crate) fn receipt(&self, at: u64) -> Receipt {
        let Placed {
            leaf: Leaf::Entry(entry),
            opening,
        } = self.placed[&at].clone()
        else {
            panic!("leaf {at} is a batch")
        };
        let place = self.blocks.iter().position(|(block, _)| *block > at);
        let place = place.unwrap();
        let key = entry.statement.key;
        let batch = (entry.authorship == Authorship::Batched).then(|| self.batch_proof(at));
        Receipt {
            opening,
            clerk: self.clerk_state(),
            clerk_proof: self.clerk_proof(),
            batch,
            record: self.records[&key].clone(),
            record_proof: self.prove(&RecordState::index_key(&registry(), &key)),
            registry: self.registry_proof(&registry()),
            block: self.block_proof(place),
            head: (place + 1 < self.blocks.len()).then(|| self.head()),
            bridge: None,
            proof: TlogProof {
                index: LeafIndex::new(at),
                path: self.path(at),
                checkpoint: self.published(&[0, 1, 3]),
            },
            entry,
        }
    }

    /// What a receipt shows of a registry, once it has a policy.
    pub(crate) fn registry_proof(&self, name: &RegistryName) -> Option<RegistryProof> {
        let key = RegistryState::index_key(name);
        let state = RegistryState::parse(&self.index[&key]).unwrap();
        let proof = self.prove(&key);
        let shown = state.policy.is_some();
        shown.then_some(RegistryProof { state, proof })
    }

    /// The proof of what the index holds at a place, or that it holds nothing.
    pub(crate) fn state_proof(&self, key: IndexKey) -> StateProof {
        StateProof {
            key,
            state: self.index.get(&key).cloned(),
            proof: self.prove(&key),
            head: self.head(),
            checkpoint: self.note(&[0, 1, 3]),
        }
    }

    /// Puts any text into the index.
    pub(crate) fn set_state(&mut self, key: IndexKey, value: String) {
        self.index.insert(key, value);
    }

    /// The registry has that policy from now on; one that was not there is.
    pub(crate) fn set_policy(&mut self, name: &RegistryName, text: &str) {
        let state = RegistryState {
            case_rule: protocol::record::CaseRule::AsWritten,
            name: name.clone(),
            owner: clerk_name().agency(),
            policy: RegistryPolicy::parse(text),
        };
        let key = RegistryState::index_key(name);
        let _before = self.index.insert(key, state.write());
    }

    fn batch_proof(&self, at: u64) -> BatchProof {
        let batches = self.placed.range(..at).rev();
        let (index, batch) = batches
            .filter_map(|(index, placed)| match &placed.leaf {
                Leaf::Batch(batch) => Some((*index, batch.clone())),
                Leaf::Entry(_) => None,
            })
            .next()
            .unwrap();
        let first = usize::try_from(index + 1).unwrap();
        let count = usize::try_from(batch.statement.count).unwrap();
        let covered = &self.hashes()[first..first + count];
        let entry_path = merkle::inclusion(
            LeafIndex::new(at - index - 1),
            LogSize::new(batch.statement.count),
            merkle::from_leaves(covered),
        );
        BatchProof {
            leaf: batch,
            index: LeafIndex::new(index),
            path: self.path(index),
            entry_path: entry_path.unwrap(),
        }
    }
}
