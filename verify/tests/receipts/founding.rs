//! The genesis of the test world: who founds it, and with which keys.

use std::collections::BTreeSet;

use protocol::{
    agency::{ProvenAgency, ProvenKey},
    entry::Operation,
    genesis::Genesis,
    hash::sha256,
    height::TimeMs,
    key::{Possession, SecretKey},
    name::{AgencyName, Origin},
    state::{ClerkState, Limits, RegistryState},
};

use super::{clerk_name, registry};

pub(super) const AGENCIES: [&str; 4] = ["adliya", "iiv", "kadastr", "qurilish"];

pub(super) fn secret(name: &str) -> SecretKey {
    SecretKey::from_seed(&sha256(&[b"verify tests", name.as_bytes()]))
}

fn proven(origin: &str, holder: &str, purpose: &str, secret: &SecretKey) -> ProvenKey {
    let key = secret.public();
    let claim = Possession {
        origin,
        holder,
        purpose,
    };
    ProvenKey {
        key,
        proof: secret.sign(&claim.message(&key)),
    }
}

pub(super) fn found(origin: &str) -> Genesis {
    let agency = |name: &&str| {
        let key = |purpose: &str| {
            proven(
                origin,
                name,
                purpose,
                &secret(&format!("{origin} {name} {purpose}")),
            )
        };
        ProvenAgency {
            name: AgencyName::parse(name).unwrap(),
            url: format!("https://{name}.example"),
            cosigner: format!("{name}.example/2026"),
            peer: key("peer"),
            vote: key("vote"),
            cosign: key("cosign"),
            admin: key("admin"),
            recovery: key("recovery"),
        }
    };
    let clerk = proven(
        origin,
        "qurilish/aziza",
        "clerk",
        &secret(&format!("{origin} clerk")),
    );
    Genesis {
        origin: Origin::parse(origin).unwrap(),
        time: TimeMs::new(1_800_000_000_000),
        limits: Limits::default(),
        recovery_threshold: 2,
        publisher: proven(
            origin,
            origin,
            "publisher",
            &secret(&format!("{origin} publisher")),
        ),
        agencies: AGENCIES.iter().map(agency).collect(),
        registries: vec![RegistryState {
            letters: protocol::record::Letters::AsWritten,
            policy: None,
            name: registry(),
            owner: AgencyName::parse("qurilish").unwrap(),
        }],
        clerks: vec![(
            ClerkState {
                revoked: None,
                name: clerk_name(),
                key: clerk.key,
                until: None,
                registries: BTreeSet::from([registry()]),
                operations: Operation::ALL.into_iter().collect(),
            },
            clerk.proof,
        )],
    }
}
