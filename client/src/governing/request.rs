//! A request: an agency's lines for the next epoch, made of those in force and of new keys.

use messages::time::iso;
use protocol::{
    agency::{ProvenAgency, ProvenKey},
    chain_id::NetworkId,
    drafting::RequestStatement,
    height::TimeMs,
    keyfile::KeyFile,
    name::AgencyName,
};

use super::DraftTrouble;

/// What an agency wants to have in the next epoch.
#[derive(Debug)]
pub struct RequestWishes<'a> {
    /// The agency.
    pub agency: AgencyName,
    /// Its lines so far: those in force, or of a request before this one; none of an agency that is new.
    pub before: Option<ProvenAgency>,
    /// New keys, each for its purpose.
    pub keys: &'a [KeyFile],
    /// Another address of its node.
    pub url: Option<String>,
    /// Name of a new cosigning key; after the year if none is given.
    pub cosigner: Option<String>,
}

/// The request that fulfils the wishes at a time, unsigned.
///
/// # Errors
/// [`DraftTrouble::Lacks`] names what an agency that is new must bring besides, and [`DraftTrouble::CosignName`] a name
/// that is the old key's.
pub fn request(
    network: &NetworkId,
    wishes: RequestWishes<'_>,
    time: TimeMs,
) -> Result<RequestStatement, DraftTrouble> {
    let RequestWishes {
        agency: name,
        before,
        keys,
        url,
        cosigner,
    } = wishes;
    let lacks = |what: &'static str| DraftTrouble::Lacks {
        agency: name.clone(),
        what,
    };
    let new = |purpose: &str| {
        let key = keys.iter().find(|key| key.purpose == purpose);
        key.map(|key| ProvenKey::of(&network.origin, name.as_str(), purpose, &key.secret))
    };
    let held = |purpose: &'static str| {
        let of_before = before.as_ref().and_then(|before| {
            let mut keys = before.keys().into_iter();
            keys.find(|(word, _)| *word == purpose).map(|(_, key)| *key)
        });
        new(purpose).or(of_before).ok_or_else(|| lacks(purpose))
    };
    let old_name = before.as_ref().map(|before| before.cosigner.clone());
    let cosigner = match (cosigner, old_name) {
        (Some(given), Some(old)) if given == old && new("cosign").is_some() => {
            return Err(DraftTrouble::CosignName {
                agency: name.clone(),
                name: given,
            });
        }
        (Some(given), _) => given,
        (None, Some(old)) if new("cosign").is_none() => old,
        (None, old) => cosign_name(network, &name, time, old.as_deref()),
    };
    let url = url.or_else(|| before.as_ref().map(|before| before.url.clone()));
    let agency = ProvenAgency {
        url: url.ok_or_else(|| lacks("url"))?,
        cosigner,
        peer: held("peer")?,
        vote: held("vote")?,
        cosign: held("cosign")?,
        admin: held("admin")?,
        recovery: held("recovery")?,
        name,
    };
    Ok(RequestStatement {
        network: network.clone(),
        agency,
    })
}

/// A name for a cosigning key after the year, and with a number where the key before has that name.
fn cosign_name(
    network: &NetworkId,
    agency: &AgencyName,
    time: TimeMs,
    old: Option<&str>,
) -> String {
    let year: String = iso(time.get())
        .chars()
        .take_while(|it| *it != '-')
        .collect();
    let first = format!("{}/{agency}/{year}", network.origin);
    let Some(behind) = old.and_then(|old| old.strip_prefix(&first)) else {
        return first;
    };
    let number = behind
        .strip_prefix('-')
        .and_then(|it| it.parse::<u32>().ok());
    format!("{first}-{}", number.unwrap_or(1).saturating_add(1))
}

#[cfg(test)]
mod tests {
    use protocol::{hash::ChainId, key::SecretKey, name::Origin};

    use super::*;

    const TIME: TimeMs = TimeMs::new(1_797_094_800_000);

    fn network() -> NetworkId {
        NetworkId {
            origin: Origin::parse("registry.example.uz/test/1").unwrap(),
            chain: ChainId::new([7; 32]),
        }
    }

    fn key(purpose: &str, seed: u8) -> KeyFile {
        KeyFile {
            purpose: purpose.to_owned(),
            holder: "soliq".to_owned(),
            secret: SecretKey::from_seed(&[seed; 32]),
        }
    }

    fn all(first: u8) -> Vec<KeyFile> {
        let purposes = ["peer", "vote", "cosign", "admin", "recovery"];
        let keys = purposes.iter().zip(first..);
        keys.map(|(purpose, seed)| key(purpose, seed)).collect()
    }

    fn made(
        before: Option<ProvenAgency>,
        keys: &[KeyFile],
        url: Option<&str>,
    ) -> Result<ProvenAgency, DraftTrouble> {
        let wishes = RequestWishes {
            agency: AgencyName::parse("soliq").unwrap(),
            before,
            keys,
            url: url.map(ToOwned::to_owned),
            cosigner: None,
        };
        let statement = request(&network(), wishes, TIME)?;
        statement.check_keys().unwrap();
        Ok(statement.agency)
    }

    #[test]
    fn a_new_agency_brings_everything_and_what_lacks_is_named() {
        let agency = made(None, &all(1), Some("https://soliq.example/")).unwrap();
        assert_eq!(agency.cosigner, "registry.example.uz/test/1/soliq/2026");
        for lacking in 0..5 {
            let mut keys = all(1);
            let key = keys.remove(lacking);
            let error = made(None, &keys, Some("https://soliq.example/")).unwrap_err();
            assert!(
                matches!(error, DraftTrouble::Lacks { what, .. } if what == key.purpose),
                "{error:?}"
            );
        }
        let error = made(None, &all(1), None).unwrap_err();
        assert!(matches!(error, DraftTrouble::Lacks { what: "url", .. }));
    }

    #[test]
    fn keys_that_stay_keep_their_proofs_and_a_new_cosigning_key_gets_a_new_name() {
        let first = made(None, &all(1), Some("https://soliq.example/")).unwrap();
        let vote = made(Some(first.clone()), &[key("vote", 20)], None).unwrap();
        assert_eq!(
            ProvenAgency {
                vote: first.vote,
                ..vote.clone()
            },
            first
        );
        assert_ne!(vote.vote, first.vote);
        let second = made(Some(vote), &[key("cosign", 21)], None).unwrap();
        assert_eq!(second.cosigner, "registry.example.uz/test/1/soliq/2026-2");
        let third = made(Some(second), &[key("cosign", 22)], None).unwrap();
        assert_eq!(third.cosigner, "registry.example.uz/test/1/soliq/2026-3");
        let older = ProvenAgency {
            cosigner: "registry.example.uz/test/1/soliq/2025".to_owned(),
            ..third
        };
        let fourth = made(Some(older), &[key("cosign", 23)], None).unwrap();
        assert_eq!(fourth.cosigner, "registry.example.uz/test/1/soliq/2026");
    }
}
