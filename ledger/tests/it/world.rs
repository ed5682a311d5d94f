//! A small network with its keys, and a chain in memory. Not a test.
#![allow(dead_code, reason = "the tests and the example each use a part of it")]

use std::collections::BTreeSet;
use std::sync::Arc;

use ledger::{
    Built, Executed, Head, MemoryRecords, NotExecuted, Records, Refusal, build, execute,
    execute::Proposal,
};
use protocol::{
    agency::{ProvenAgency, ProvenKey},
    authentic::{Authentic, Said},
    batch::WholeBatch,
    entry::{Committed, Operation, Statement},
    genesis::Genesis,
    hash::{Commitment, RecordKey, sha256},
    height::{Height, TimeMs, Version},
    key::{Possession, SecretKey},
    name::{AgencyName, ClerkName, Date, Origin, ReasonCode, RegistryName},
    state::{ClerkState, Limits, RecordState, RegistryState},
};

pub const PERMITS: &str = "build.permits";
pub const LICENCES: &str = "build.licences";
pub const PARCELS: &str = "land.parcels";
pub const ANNA: &str = "build/anna";
/// May only register, and only permits.
pub const BOB: &str = "build/bob";
/// Ended before the network began.
pub const OLD: &str = "build/old";
pub const LOLA: &str = "land/lola";
/// 2026-11-23, 00:00 UTC.
pub const START: u64 = 1_795_392_000_000;

pub fn secret(name: &str) -> SecretKey {
    SecretKey::from_seed(&sha256(&[b"test key of ", name.as_bytes()]))
}

pub fn registry(name: &str) -> RegistryName {
    RegistryName::parse(name).unwrap()
}

pub fn key(number: u64) -> RecordKey {
    RecordKey::new(sha256(&[b"record", &number.to_be_bytes()]))
}

pub fn origin() -> Origin {
    Origin::parse("registry.example.uz/test/1").unwrap()
}

fn proven(holder: &str, purpose: &str) -> ProvenKey {
    let secret = secret(&format!("{holder} {purpose}"));
    let origin = origin();
    let claim = Possession {
        origin: origin.as_str(),
        holder,
        purpose,
    };
    let key = secret.public();
    ProvenKey {
        key,
        proof: secret.sign(&claim.message(&key)),
    }
}

pub fn agency(name: &str) -> ProvenAgency {
    ProvenAgency {
        name: AgencyName::parse(name).unwrap(),
        url: format!("https://{name}.example.uz"),
        cosigner: format!("{name}.example.uz/cosigner-2026"),
        peer: proven(name, "peer"),
        vote: proven(name, "vote"),
        cosign: proven(name, "cosign"),
        admin: proven(name, "admin"),
        recovery: proven(name, "recovery"),
    }
}

fn clerk(
    name: &str,
    until: Option<&str>,
    registries: &[&str],
    operations: &[Operation],
) -> ClerkState {
    ClerkState {
        name: ClerkName::parse(name).unwrap(),
        key: secret(&format!("{name} clerk")).public(),
        until: until.map(|date| Date::parse(date).unwrap()),
        registries: registries.iter().map(|name| registry(name)).collect(),
        operations: operations.iter().copied().collect::<BTreeSet<_>>(),
        revoked: None,
    }
}

/// The network of all tests.
pub fn genesis_with(limits: Limits) -> Genesis {
    let owned = |name, owner| RegistryState {
        letters: protocol::record::Letters::AsWritten,
        name: registry(name),
        owner: AgencyName::parse(owner).unwrap(),
        policy: None,
    };
    let clerks = [
        clerk(ANNA, None, &[LICENCES, PERMITS], &Operation::ALL),
        clerk(BOB, Some("2027-01-31"), &[PERMITS], &[Operation::Register]),
        clerk(OLD, Some("2026-11-22"), &[PERMITS], &Operation::ALL),
        clerk(LOLA, None, &[PARCELS, PERMITS], &Operation::ALL),
    ];
    let genesis = Genesis {
        origin: origin(),
        time: TimeMs::new(START),
        limits,
        recovery_threshold: 3,
        publisher: proven(origin().as_str(), "publisher"),
        agencies: ["build", "court", "land", "tax"].map(agency).into(),
        registries: vec![
            owned(LICENCES, "build"),
            owned(PERMITS, "build"),
            owned(PARCELS, "land"),
        ],
        clerks: clerks
            .into_iter()
            .map(|state| {
                let proof = proven(state.name.as_str(), "clerk").proof;
                (state, proof)
            })
            .collect(),
    };
    Genesis::parse(genesis.write().as_bytes()).unwrap()
}

pub fn genesis() -> Genesis {
    genesis_with(Limits::default())
}

/// What a clerk would say next about a record in that state; attestations are clerk lola's.
pub fn next(operation: Operation, number: u64, current: Option<&RecordState>) -> Statement {
    if operation.is_attestation() {
        return attest(operation, number, current, LOLA);
    }
    let version = current.map_or(Version::ZERO, |state| state.version).next();
    Statement {
        operation,
        registry: registry(PERMITS),
        key: key(number),
        version,
        previous: current.map(RecordState::place),
        effective: None,
        reason: (operation != Operation::Register).then(|| ReasonCode::parse("C01").unwrap()),
        references: Vec::new(),
        commitment: operation
            .has_content()
            .then(|| Committed::Document(Commitment::new(sha256(&[&version.get().to_be_bytes()])))),
        author: ClerkName::parse(ANNA).unwrap(),
        expires: Height::new(1000),
    }
}

/// What a clerk of another agency would say of the latest version.
pub fn attest(
    operation: Operation,
    number: u64,
    current: Option<&RecordState>,
    author: &str,
) -> Statement {
    let author = ClerkName::parse(author).unwrap();
    let last = current.map(|state| {
        let mark = state.mark(&author.agency());
        mark.map_or_else(|| state.place(), |mark| mark.place)
    });
    Statement {
        operation,
        version: current.map_or(Version::new(1), |state| state.version),
        previous: last,
        reason: (operation != Operation::Confirm).then(|| ReasonCode::parse("D01").unwrap()),
        commitment: None,
        author,
        ..register(number)
    }
}

pub fn register(number: u64) -> Statement {
    next(Operation::Register, number, None)
}

/// Signed by whoever the statement names.
pub fn sign(statement: Statement) -> Authentic {
    let secret = secret(&format!("{} clerk", statement.author));
    sign_with(statement, &secret)
}

pub fn sign_with(statement: Statement, secret: &SecretKey) -> Authentic {
    let said = Said::from(statement.sign(&origin(), secret));
    said.authenticate(&origin(), &secret.public()).unwrap()
}

/// One signature over all, by whoever the first names.
pub fn sign_batch(statements: Vec<Statement>) -> Authentic {
    let secret = secret(&format!("{} clerk", statements[0].author));
    let batch = WholeBatch::sign(statements, &origin(), &secret).unwrap();
    let said = Said::from(batch);
    said.authenticate(&origin(), &secret.public()).unwrap()
}

pub fn proposal(time: TimeMs) -> Proposal {
    Proposal {
        proposer: AgencyName::parse("tax").unwrap(),
        time,
    }
}

/// A chain in memory, with its log.
pub struct Chain {
    pub genesis: Genesis,
    pub head: Arc<Head>,
    pub records: MemoryRecords,
    pub log: Vec<Vec<u8>>,
}

impl Chain {
    pub fn new() -> Self {
        Self::with(genesis())
    }

    pub fn with(genesis: Genesis) -> Self {
        let executed = execute::genesis(&genesis);
        let mut chain = Self {
            genesis,
            head: Arc::clone(executed.head()),
            records: MemoryRecords::default(),
            log: Vec::new(),
        };
        chain.append(&executed);
        chain
    }

    pub fn append(&mut self, executed: &Executed) {
        self.records.apply(executed.records());
        self.log.extend_from_slice(executed.leaves());
        self.head = Arc::clone(executed.head());
    }

    pub fn state(&self, number: u64) -> Option<RecordState> {
        self.records
            .record(&RecordState::index_key(&registry(PERMITS), &key(number)))
            .unwrap()
    }

    /// What clerk anna would say next.
    pub fn next(&self, operation: Operation, number: u64) -> Statement {
        next(operation, number, self.state(number).as_ref())
    }

    pub fn execute(&self, entries: &[Authentic]) -> Result<Executed, NotExecuted> {
        let time = TimeMs::new(self.head.time().get() + 1000);
        execute::execute(&self.head, &self.records, proposal(time), entries)
    }

    /// Executes and appends a block that must be valid.
    pub fn block(&mut self, statements: impl IntoIterator<Item = Statement>) -> Executed {
        let entries: Vec<Authentic> = statements.into_iter().map(sign).collect();
        let executed = self.execute(&entries).unwrap();
        self.append(&executed);
        executed
    }

    pub fn build(&self, entries: &[Authentic]) -> Built {
        build(&self.head, &self.records, proposal(TimeMs::ZERO), entries).unwrap()
    }

    /// Why the entry may not stand in the next block.
    pub fn refusal(&self, entry: Authentic) -> Option<Refusal> {
        let built = self.build(&[entry]);
        assert_eq!(built.executed.is_none(), built.refused.len() == 1);
        built.refused.into_iter().next().map(|(_, refusal)| refusal)
    }
}
