//! A network in memory: a genesis with known keys, its clerks, and entries signed by them.

use protocol::{
    agency::ProvenAgency,
    chain_id::NetworkId,
    commitment::{Secret, commit_document},
    entry::{Committed, Entry, EntryRef, Operation, Statement},
    genesis::Genesis,
    hash::{DocumentHash, sha256},
    height::{Height, TimeMs, Version},
    key::SecretKey,
    name::{ClerkName, RegistryName},
    record::RecordId,
    state::{Limits, RecordState},
};
use testkit::founder::{Founder, registry};

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

/// The secret key of an agency, of its clerk, or of the log, for a purpose.
fn secret_of(holder: &str, purpose: &str) -> SecretKey {
    match holder {
        ORIGIN => secret(purpose),
        _ => agency_secret(holder.split('/').next().unwrap_or(holder), purpose),
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
    let founder = Founder {
        origin: ORIGIN,
        secret: secret_of,
    };
    let (mut agencies, mut registries, mut clerks) = (Vec::new(), Vec::new(), Vec::new());
    for &name in names {
        agencies.push(agency(&founder, name, 2026));
        let permits = format!("{name}.permits");
        registries.push(registry(&permits, name));
        let clerk = format!("{name}/clerk-1");
        clerks.push(founder.clerk(&clerk, &[&permits], Operation::OF_OWNER));
    }
    let time = TimeMs::new(1_795_430_400_000);
    let genesis = Genesis {
        limits,
        ..founder.genesis(time, agencies, registries, clerks)
    };
    Genesis::parse(genesis.write().as_bytes()).unwrap()
}

/// An agency whose cosigner is of a year, with keys from `founder`.
pub fn agency<F: Fn(&str, &str) -> SecretKey>(
    founder: &Founder<'_, F>,
    name: &str,
    year: u32,
) -> ProvenAgency {
    let url = format!("http://{name}.example/");
    founder.agency(name, url, format!("{ORIGIN}/{name}/{year}"))
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
        previous: current.map(|state| EntryRef {
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

/// The same, signed for a network.
#[must_use]
pub fn entry(
    network: &NetworkId,
    agency: &str,
    number: &str,
    operation: Operation,
    current: Option<&RecordState>,
) -> Entry {
    let statement = statement(agency, number, operation, current);
    statement.sign(network, &agency_secret(agency, "clerk"))
}
