//! A small network with its keys, and a chain in memory. Not a test.
#![allow(dead_code, reason = "the tests and the example each use a part of it")]

use std::sync::{Arc, LazyLock};

use ledger::{
    Built, Executed, Head, MemoryRecords, NotExecuted, Records, Refusal, build, execute,
    execute::BlockParameters,
};
use protocol::{
    agency::ProvenAgency,
    authentic::{Authentic, Submission},
    batch::WholeBatch,
    chain_id::NetworkId,
    entry::{Committed, Operation, Statement},
    genesis::Genesis,
    hash::{Commitment, RecordKey, sha256},
    height::{Height, TimeMs, Version},
    key::{SecretKey, Signature},
    name::{AgencyName, ClerkName, Date, ReasonCode, RegistryName},
    state::{ClerkState, Limits, RecordState},
};
use testkit::founder::{self, Founder};

const ORIGIN: &str = "registry.example.uz/test/1";
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

/// The network that tests sign for: the one with the usual limits.
pub fn network() -> NetworkId {
    static NETWORK: LazyLock<NetworkId> =
        LazyLock::new(|| genesis_with(Limits::default()).network_id());
    NETWORK.clone()
}

const FOUNDER: Founder<'_, fn(&str, &str) -> SecretKey> = Founder {
    origin: ORIGIN,
    secret: |holder, purpose| secret(&format!("{holder} {purpose}")),
};

pub fn agency(name: &str) -> ProvenAgency {
    let (url, cosigner) = (
        format!("https://{name}.example.uz"),
        format!("{name}.example.uz/cosigner-2026"),
    );
    FOUNDER.agency(name, url, cosigner)
}

/// The network of all tests.
pub fn genesis_with(limits: Limits) -> Genesis {
    let until = |date: &str, mut clerk: (ClerkState, Signature)| {
        clerk.0.until = Some(Date::parse(date).unwrap());
        clerk
    };
    let clerks = vec![
        FOUNDER.clerk(ANNA, &[LICENCES, PERMITS], Operation::ALL),
        until(
            "2027-01-31",
            FOUNDER.clerk(BOB, &[PERMITS], [Operation::Register]),
        ),
        until("2026-11-22", FOUNDER.clerk(OLD, &[PERMITS], Operation::ALL)),
        FOUNDER.clerk(LOLA, &[PARCELS, PERMITS], Operation::ALL),
    ];
    let agencies = ["build", "court", "land", "tax"].map(agency).to_vec();
    let registries = vec![
        founder::registry(LICENCES, "build"),
        founder::registry(PERMITS, "build"),
        founder::registry(PARCELS, "land"),
    ];
    let genesis = Genesis {
        limits,
        ..FOUNDER.genesis(TimeMs::new(START), agencies, registries, clerks)
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
    let said = Submission::from(statement.sign(&network(), secret));
    said.authenticate(&network(), &secret.public()).unwrap()
}

/// One signature over all, by whoever the first names.
pub fn sign_batch(statements: Vec<Statement>) -> Authentic {
    let secret = secret(&format!("{} clerk", statements[0].author));
    let batch = WholeBatch::sign(statements, &network(), &secret).unwrap();
    let said = Submission::from(batch);
    said.authenticate(&network(), &secret.public()).unwrap()
}

pub fn proposal(time: TimeMs) -> BlockParameters {
    BlockParameters {
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
