//! The genesis of the test world: who founds it, and with which keys.

use protocol::{entry::Operation, genesis::Genesis, hash::sha256, height::TimeMs, key::SecretKey};
use testkit::{Founder, founder};

use super::{clerk_name, registry};

pub(super) const AGENCIES: [&str; 4] = ["adliya", "iiv", "kadastr", "qurilish"];

pub(super) fn secret(name: &str) -> SecretKey {
    SecretKey::from_seed(&sha256(&[b"verify tests", name.as_bytes()]))
}

pub(super) fn found(origin: &str) -> Genesis {
    let founder = Founder {
        origin,
        secret: |holder: &str, purpose: &str| match purpose {
            "clerk" | "publisher" => secret(&format!("{origin} {purpose}")),
            _ => secret(&format!("{origin} {holder} {purpose}")),
        },
    };
    let agency = |name| {
        let (url, cosigner) = (
            format!("https://{name}.example"),
            format!("{name}.example/2026"),
        );
        founder.agency(name, url, cosigner)
    };
    let registries = vec![founder::registry(registry().as_str(), "qurilish")];
    let (name, registry) = (clerk_name(), registry());
    let clerk = founder.clerk(name.as_str(), &[registry.as_str()], Operation::ALL);
    let time = TimeMs::new(1_800_000_000_000);
    let agencies = AGENCIES.map(agency).to_vec();
    Genesis {
        recovery_threshold: 3,
        ..founder.genesis(time, agencies, registries, vec![clerk])
    }
}
