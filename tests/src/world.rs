//! A network in memory: a genesis with known keys, its clerks, and entries signed by them.

use std::collections::BTreeSet;

use protocol::{
    agency::{ProvenAgency, ProvenKey, quorum},
    commitment::{Secret, commit_document},
    entry::{Committed, Entry, Operation, Previous, Statement},
    genesis::Genesis,
    hash::{DocumentHash, sha256},
    height::{Height, TimeMs, Version},
    key::{Possession, SecretKey},
    name::{AgencyName, ClerkName, Origin, RegistryName},
    record::RecordId,
    state::{ClerkState, Limits, RecordState, RegistryState},
};

/// The origin of every world.
pub const ORIGIN: &str = "registry.example.uz/test/1";
/// The agencies of a small world.
pub const AGENCIES: [&str; 4] = ["adliya", "kadastr", "qurilish", "soliq"];

/// The agencies of larger worlds.
pub const MANY: [&str; 7] = [
    "adliya", "bojxona", "kadastr", "qurilish", "soliq", "suv", "yer",
];

/// The key that a seed of words leads to.
#[must_use]
pub fn secret(words: &str) -> SecretKey {
    SecretKey::from_seed(&sha256(&[words.as_bytes()]))
}

/// The key of an agency for a purpose.
#[must_use]
pub fn agency_secret(agency: &str, purpose: &str) -> SecretKey {
    secret(&format!("{agency} {purpose}"))
}

fn proven(holder: &str, purpose: &str, secret: &SecretKey) -> ProvenKey {
    let key = secret.public();
    ProvenKey {
        key,
        proof: secret.sign(
            &Possession {
                origin: ORIGIN,
                holder,
                purpose,
            }
            .message(&key),
        ),
    }
}

/// A genesis of `AGENCIES`, each with a registry `<agency>.permits` and a clerk `<agency>/clerk-1`.
#[must_use]
pub fn genesis() -> Genesis {
    genesis_of(&AGENCIES, Limits::default())
}

/// The same of other agencies and limits.
#[must_use]
pub fn genesis_of(names: &[&str], limits: Limits) -> Genesis {
    let origin = Origin::parse(ORIGIN).unwrap();
    let (mut agencies, mut registries, mut clerks) = (Vec::new(), Vec::new(), Vec::new());
    for &name in names {
        let key = |purpose: &str| proven(name, purpose, &agency_secret(name, purpose));
        agencies.push(ProvenAgency {
            name: AgencyName::parse(name).unwrap(),
            url: format!("http://{name}.example/"),
            cosigner: format!("{ORIGIN}/{name}/2026"),
            peer: key("peer"),
            vote: key("vote"),
            cosign: key("cosign"),
            admin: key("admin"),
            recovery: key("recovery"),
        });
        let registry = RegistryName::parse(&format!("{name}.permits")).unwrap();
        registries.push(RegistryState {
            letters: protocol::record::Letters::AsWritten,
            name: registry.clone(),
            owner: AgencyName::parse(name).unwrap(),
            policy: None,
        });
        let clerk = ClerkName::parse(&format!("{name}/clerk-1")).unwrap();
        let ProvenKey { key, proof } =
            proven(clerk.as_str(), "clerk", &agency_secret(name, "clerk"));
        let state = ClerkState {
            name: clerk,
            key,
            until: None,
            registries: BTreeSet::from([registry]),
            operations: BTreeSet::from(Operation::OF_OWNER),
            revoked: None,
        };
        clerks.push((state, proof));
    }
    let genesis = Genesis {
        origin,
        time: TimeMs::new(1_795_430_400_000),
        limits,
        recovery_threshold: u64::try_from(quorum(names.len())).unwrap(),
        publisher: proven(ORIGIN, "publisher", &secret("publisher")),
        agencies,
        registries,
        clerks,
    };
    Genesis::parse(genesis.write().as_bytes()).unwrap()
}

/// A statement of the clerk of `agency` on record `number` of `<agency>.permits`.
#[must_use]
pub fn statement(
    agency: &str,
    number: &str,
    operation: Operation,
    current: Option<&RecordState>,
) -> Statement {
    let registry = RegistryName::parse(&format!("{agency}.permits")).unwrap();
    let document = DocumentHash::new(sha256(&[number.as_bytes(), operation.word().as_bytes()]));
    Statement {
        operation,
        key: RecordId::parse(number).unwrap().key(&registry),
        registry,
        version: current.map_or(Version::new(1), |state| state.version.next()),
        previous: current.map(|state| Previous {
            index: state.index,
            hash: state.hash,
            height: state.height,
            time: state.time,
        }),
        effective: None,
        reason: (operation != Operation::Register)
            .then(|| protocol::name::ReasonCode::parse("C01").unwrap()),
        references: Vec::new(),
        commitment: operation
            .has_content()
            .then(|| Committed::Document(commit_document(&Secret::new([7; 32]), &document))),
        author: ClerkName::parse(&format!("{agency}/clerk-1")).unwrap(),
        expires: Height::new(10_000),
    }
}

/// The same, signed.
#[must_use]
pub fn entry(
    agency: &str,
    number: &str,
    operation: Operation,
    current: Option<&RecordState>,
) -> Entry {
    statement(agency, number, operation, current).sign(
        &Origin::parse(ORIGIN).unwrap(),
        &agency_secret(agency, "clerk"),
    )
}
