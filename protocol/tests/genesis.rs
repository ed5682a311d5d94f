//! Genesis: one that holds reads back, and every way to spoil it is refused with what is wrong.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests fail by panicking, with the reason"
)]

use protocol::{
    agency::{ProvenAgency, quorum},
    entry::Operation,
    genesis::Genesis,
    hash::{RootHash, TrustHash, sha256},
    height::{Epoch, LogSize, TimeMs},
    key::{PublicKey, SecretKey, Signature},
    name::{AgencyName, Origin},
    policy::{Past, TrustPolicy},
    state::{ClerkState, Limits, NetworkState, value_hash},
};
use testkit::founder::{Founder, proven, registry};

const ORIGIN: &str = "muhr.example/test/1";

fn secret(holder: &str, purpose: &str) -> SecretKey {
    SecretKey::from_seed(&sha256(&[holder.as_bytes(), b" ", purpose.as_bytes()]))
}

const FOUNDER: Founder<'_, fn(&str, &str) -> SecretKey> = Founder {
    origin: ORIGIN,
    secret,
};

fn agency(name: &str) -> ProvenAgency {
    let (url, cosigner) = (
        format!("https://{name}.example"),
        format!("{name}.example/2026"),
    );
    FOUNDER.agency(name, url, cosigner)
}

fn clerk(name: &str, registry: &str) -> (ClerkState, Signature) {
    FOUNDER.clerk(name, &[registry], [Operation::Register, Operation::Revoke])
}

/// A genesis that holds.
fn genesis() -> Genesis {
    let agencies = ["adliya", "iiv", "kadastr", "qurilish"].map(agency);
    let registries = vec![
        registry("kadastr.titles", "kadastr"),
        registry("qurilish.permits", "qurilish"),
    ];
    let clerks = vec![
        clerk("kadastr/bobur", "kadastr.titles"),
        clerk("qurilish/aziza", "qurilish.permits"),
    ];
    let time = TimeMs::new(1_800_000_000_000);
    Genesis {
        recovery_threshold: 3,
        ..FOUNDER.genesis(time, agencies.to_vec(), registries, clerks)
    }
}

/// What is said of a genesis after `change`.
fn refusal(change: impl FnOnce(&mut Genesis)) -> String {
    let mut spoilt = genesis();
    change(&mut spoilt);
    Genesis::parse(spoilt.write().as_bytes())
        .expect_err("it was accepted")
        .to_string()
}

fn assert_names(what: &str, words: &[&str]) {
    for word in words {
        assert!(what.contains(word), "{word:?} is not in {what:?}");
    }
}

#[test]
fn a_genesis_reads_back_and_its_trust_file_names_it() {
    let genesis = genesis();
    let text = genesis.write();
    assert_eq!(Genesis::parse(text.as_bytes()).unwrap(), genesis);
    let file = genesis.trust_file();
    let trust = TrustPolicy::parse(file.as_bytes()).unwrap();
    assert_eq!(trust.origin(), ORIGIN);
    assert_eq!(trust.epoch(), Some(Epoch::ZERO));
    assert_eq!(trust.genesis(), Some(genesis.chain()));
    assert_eq!(trust.hash(), genesis.network().trust);
    let names: Vec<&str> = trust.witnesses().iter().map(|one| &*one.name).collect();
    assert_eq!(names, ["adliya", "iiv", "kadastr", "qurilish"]);
    assert!(file.ends_with("group validators 3 adliya iiv kadastr qurilish\nquorum validators\n"));
}

#[test]
fn a_trust_file_names_the_recovery_keys_and_the_epochs_that_have_ended() {
    let file = genesis().trust_file();
    let trust = TrustPolicy::parse(file.as_bytes()).unwrap();
    let (needed, keys) = trust.recovery();
    let names: Vec<&str> = keys.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(needed, genesis().recovery_threshold);
    assert_eq!(names, ["adliya", "iiv", "kadastr", "qurilish"]);
    assert!(trust.past().is_empty());
    let later = file.replacen("#: epoch 0\n", "#: epoch 2\n", 1);
    assert_ne!(later, file);
    let past = |epoch: u64, size: u64| {
        let (hash, root) = (TrustHash::new([7; 32]), RootHash::new([8; 32]));
        let (epoch, size) = (Epoch::new(epoch), LogSize::new(size));
        let trust = hash;
        Past {
            epoch,
            trust,
            size,
            root,
        }
        .write()
    };
    let read = |lines: &[String]| TrustPolicy::parse((later.clone() + &lines.concat()).as_bytes());
    let held = read(&[past(0, 10), past(1, 11)]).unwrap();
    let epochs: Vec<u64> = held.past().iter().map(|past| past.epoch.get()).collect();
    assert_eq!(epochs, [0, 1]);
    // Out of order in one way or the other alone.
    assert!(read(&[past(0, 10), past(1, 10)]).is_err());
    assert!(read(&[past(1, 10), past(1, 11)]).is_err());
}

#[test]
fn the_state_after_genesis_holds_everyone_once() {
    let state = genesis().state();
    let keys: std::collections::BTreeSet<_> = state.iter().map(|(key, _)| *key).collect();
    assert_eq!((keys.len(), state.len()), (9, 9));
    let (_, network) = state
        .iter()
        .find(|(key, _)| *key == NetworkState::index_key())
        .unwrap();
    let read = NetworkState::parse(network).unwrap();
    assert_eq!(read, genesis().network());
    assert_eq!(value_hash(&read.write()), value_hash(network));
}

#[test]
fn any_two_quorums_share_more_than_may_be_faulty() {
    for n in 4..=22 {
        let faulty = (n - 1) / 3;
        assert!(2 * quorum(n) > n + faulty, "{n}");
        assert!(quorum(n) <= n - faulty, "{n} with {faulty} down");
    }
}

#[test]
fn a_key_of_small_order_is_refused_and_named() {
    let identity = {
        let mut bytes = [0; 32];
        bytes[0] = 1;
        PublicKey::from_bytes(&bytes).unwrap()
    };
    let said = refusal(|spoilt| spoilt.agencies[2].vote.key = identity);
    assert_names(&said, &["vote", "kadastr", "not of prime order"]);
    let said = refusal(|spoilt| spoilt.clerks[1].0.key = identity);
    assert_names(&said, &["clerk", "qurilish/aziza", "not of prime order"]);
    let said = refusal(|spoilt| spoilt.publisher.key = identity);
    assert_names(&said, &["publisher", ORIGIN, "not of prime order"]);
}

#[test]
fn a_key_that_is_not_shown_to_be_held_is_refused_and_named() {
    let said = refusal(|spoilt| spoilt.agencies[1].cosign.proof = Signature::new([9; 64]));
    assert_names(&said, &["cosign", "iiv", "does not verify"]);
    // Swapped between two uses of one agency, a proof shows nothing.
    let said = refusal(|spoilt| {
        let agency = &mut spoilt.agencies[0];
        std::mem::swap(&mut agency.vote, &mut agency.admin);
    });
    assert_names(&said, &["vote", "adliya", "does not verify"]);
    // Copied from another agency, neither.
    let said = refusal(|spoilt| spoilt.agencies[3].peer = spoilt.agencies[0].peer);
    assert_names(&said, &["peer", "qurilish", "does not verify"]);
    let said = refusal(|spoilt| spoilt.clerks[0].1 = spoilt.clerks[1].1);
    assert_names(&said, &["clerk", "kadastr/bobur", "does not verify"]);
    let said = refusal(|spoilt| spoilt.origin = Origin::parse("muhr.example/test/2").unwrap());
    assert_names(&said, &["publisher", "does not verify"]);
}

#[test]
fn a_key_that_is_used_twice_is_refused_although_each_use_is_proven() {
    let said = refusal(|spoilt| {
        spoilt.agencies[2].recovery =
            proven(ORIGIN, "kadastr", "recovery", &secret("kadastr", "admin"));
    });
    assert_names(&said, &["recovery", "kadastr", "twice"]);
    let said = refusal(|spoilt| {
        spoilt.agencies[3].vote = proven(ORIGIN, "qurilish", "vote", &secret("adliya", "vote"));
    });
    assert_names(&said, &["vote", "qurilish", "twice"]);
}

#[test]
fn networks_that_are_too_small_too_large_or_unsorted_are_refused() {
    assert_names(
        &refusal(|spoilt| drop(spoilt.agencies.remove(0))),
        &["3 agencies"],
    );
    let said = refusal(|spoilt| {
        spoilt.agencies = (10..33).map(|n| agency(&format!("agency-{n}"))).collect();
        spoilt.registries.clear();
        spoilt.clerks.clear();
        spoilt.recovery_threshold = 16;
    });
    assert_names(&said, &["23 agencies"]);
    let order = ["order of their names"];
    assert_names(&refusal(|spoilt| spoilt.agencies.swap(0, 1)), &order);
    assert_names(&refusal(|spoilt| spoilt.registries.swap(0, 1)), &order);
    assert_names(&refusal(|spoilt| spoilt.clerks.swap(0, 1)), &order);
    let twice = refusal(|spoilt| spoilt.registries.push(spoilt.registries[1].clone()));
    assert_names(&twice, &order);
}

#[test]
fn names_thresholds_and_limits_must_make_sense() {
    for threshold in [0, 1, 2, 5] {
        let said = refusal(|spoilt| spoilt.recovery_threshold = threshold);
        assert_names(&said, &["recovery threshold"]);
    }
    let limits: [fn(&mut Limits); 6] = [
        |limits| limits.entry_bytes = 4097,
        |limits| limits.entry_bytes = 100,
        |limits| limits.block_entries = 0,
        |limits| limits.block_bytes = 9 << 20,
        |limits| limits.lifetime_heights = 1,
        |limits| limits.lifetime_heights = u64::MAX,
    ];
    for limit in limits {
        assert_names(&refusal(|spoilt| limit(&mut spoilt.limits)), &["limit"]);
    }
    let said = refusal(|spoilt| {
        spoilt.registries[0].owner = AgencyName::parse("nobody").unwrap();
    });
    assert_names(&said, &["kadastr.titles", "nobody"]);
    let said = refusal(|spoilt| spoilt.clerks[1] = clerk("soliq/aziza", "qurilish.permits"));
    assert_names(&said, &["soliq/aziza"]);
    let said = refusal(|spoilt| spoilt.clerks[1] = clerk("qurilish/aziza", "other.permits"));
    assert_names(&said, &["qurilish/aziza", "other.permits"]);
}

#[test]
fn a_spoilt_text_is_refused() {
    let text = genesis().write();
    for (from, to) in [
        ("protocol 1\n", "protocol 2\n"),
        ("protocol 1\n", "protocol 01\n"),
        ("\ntime ", "\ntime  "),
        ("\ntime ", "\ntime +"),
        ("\nurl https://", "\nurl ftp://"),
        ("\nurl https://", "\nurl https://#"),
        ("\ncosigner ", "\ncosigner +"),
        ("\npublisher ed25519 ", "\npublisher rsa "),
        ("\nrecovery ed25519 ", "\nrecovery ed25519  "),
        ("operations register,revoke", "operations revoke,register"),
        ("operations register,revoke", "operations register,register"),
        ("\n", "\r\n"),
        ("\n", "\n\n"),
    ] {
        assert!(text.contains(from), "{from:?}");
        let spoilt = text.replacen(from, to, 1);
        assert!(
            Genesis::parse(spoilt.as_bytes()).is_err(),
            "{from:?} to {to:?}"
        );
    }
    for end in (0..text.len()).filter(|end| end % 7 == 0) {
        assert!(Genesis::parse(&text.as_bytes()[..end]).is_err(), "{end}");
    }
    assert!(Genesis::parse(format!("{text}\n").as_bytes()).is_err());
    assert!(Genesis::parse(text.trim_end().as_bytes()).is_err());
}

#[test]
fn no_changed_byte_of_a_genesis_leaves_the_network_the_same() {
    let genesis = genesis();
    let bytes = genesis.write().into_bytes();
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        if let Ok(read) = Genesis::parse(&changed) {
            assert_eq!(read.write().as_bytes(), changed, "byte {at}");
            assert_ne!(read.chain(), genesis.chain(), "byte {at}");
        }
    }
}
