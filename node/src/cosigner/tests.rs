//! Whose cosignature counts for which size, with which key this node signs, and what is kept of others.

use std::path::Path;

use protocol::{
    hash::ChainId,
    sign_state::{COSIGN_FILE, Owner, file_of},
};

use super::*;
use crate::{
    durable::{AtPath, Durable},
    epoch::examples::{epoch, epoch_of_keys, secret},
};

const NAMES: [&str; 2] = ["adliya", "soliq"];

/// A cosigner that signs nothing itself.
fn cosigner(epoch: Arc<EpochState>) -> CheckpointCosigner {
    CheckpointCosigner::new(epoch, CosignKeys::default())
}

/// Blank states of keys, in a folder.
fn states(dir: &Path, keys: &[PublicKey]) -> BTreeMap<PublicKey, CosignState> {
    let state = |key: &PublicKey| {
        let owner = Owner {
            chain: ChainId::new([1; 32]),
            key: *key,
        };
        let place = AtPath(dir.join(file_of(COSIGN_FILE, key)));
        let file = Durable::make(&place, &owner.value(b"")).unwrap();
        (*key, CosignState::over(file, owner, b"").unwrap())
    };
    keys.iter().map(state).collect()
}

fn checkpoint(size: u64) -> Checkpoint {
    Checkpoint {
        origin: epoch(0, &NAMES).origin().clone(),
        size: LogSize::new(size),
        root: RootHash::new([7; 32]),
    }
}

/// Each key remembers what it has cosigned itself, and the state says which of them acts.
#[test]
fn a_checkpoint_is_cosigned_with_the_key_that_its_own_epoch_names() {
    let dir = tempfile::tempdir().unwrap();
    let (old, new) = (secret("soliq", "cosign"), secret("soliq", "cosign/2"));
    let own = CosignKeys {
        agency: AgencyName::parse("soliq"),
        states: states(dir.path(), &[old.public(), new.public()]),
        secrets: vec![new.clone(), old.clone()],
        publishers: Vec::new(),
    };
    let mut cosigner = CheckpointCosigner::new(epoch(0, &NAMES), own);
    let now = TimeMs::new(5000);
    let by = |cosigner: &mut CheckpointCosigner, size: u64| {
        let made = cosigner.cosign(&checkpoint(size), now).unwrap()?;
        let body = checkpoint(size).write();
        let is_by = |key: &SecretKey| {
            let name = "registry.example.uz/test/1/soliq".to_owned();
            let key = CosignerKey::validator(name, key.public());
            key.verify_cosignature(&body, made.time, &made.signature)
                .is_ok()
        };
        Some((is_by(&old), is_by(&new)))
    };
    let last = |cosigner: &CheckpointCosigner, key: &SecretKey| {
        let last = cosigner.own.states[&key.public()].last();
        last.map(|last| last.size.get())
    };
    assert_eq!(by(&mut cosigner, 6), Some((true, false)));
    cosigner.enter(epoch_of_keys(1, &NAMES, "cosign/2"), LogSize::new(8));
    // The block that ended the epoch was decided by the old key, and is cosigned with it however late.
    assert_eq!(by(&mut cosigner, 8), Some((true, false)));
    assert_eq!(by(&mut cosigner, 9), Some((false, true)));
    assert_eq!(
        (last(&cosigner, &old), last(&cosigner, &new)),
        (Some(8), Some(9))
    );
    assert_eq!(cosigner.cosigned().unwrap().size, LogSize::new(9));
    let refused = cosigner.cosign(&checkpoint(6), now);
    assert!(matches!(refused, Err(NotCosigned::Contradicts { .. })));
    // With none that is named it observes.
    cosigner.enter(epoch(2, &["adliya", "kadastr"]), LogSize::new(9));
    assert_eq!(by(&mut cosigner, 10), None);
    assert_eq!(
        (last(&cosigner, &old), last(&cosigner, &new)),
        (Some(8), Some(9))
    );
}

#[test]
fn what_opens_an_epoch_is_cosigned_by_the_agencies_before_it() {
    let mut cosigner = cosigner(epoch(0, &NAMES));
    let by = |cosigner: &mut CheckpointCosigner, agency: &str, size: u64| {
        let checkpoint = Checkpoint {
            origin: cosigner.epoch.origin().clone(),
            size: LogSize::new(size),
            root: RootHash::new([7; 32]),
        };
        let cosign = Cosignature {
            size: checkpoint.size,
            root: checkpoint.root,
            time: 1,
            agency: agency.to_owned(),
            signature: cosignature::sign(&secret(agency, "cosign"), 1, &checkpoint.write()),
        };
        cosigner.collect(cosign, TimeMs::new(1000))
    };
    assert_eq!(by(&mut cosigner, "soliq", 6), Collect::Counted);
    assert_eq!(by(&mut cosigner, "kadastr", 6), Collect::Refused);
    cosigner.enter(epoch(1, &["adliya", "kadastr"]), LogSize::new(7));
    assert_eq!(by(&mut cosigner, "soliq", 7), Collect::Counted);
    assert_eq!(by(&mut cosigner, "kadastr", 7), Collect::Refused);
    assert_eq!(by(&mut cosigner, "soliq", 8), Collect::Refused);
    assert_eq!(by(&mut cosigner, "kadastr", 8), Collect::Counted);
}

/// A validator that signs without end fills no memory, and drives out nobody.
#[test]
fn an_agency_has_room_for_so_many_roots_and_others_have_theirs() {
    let mut cosigner = cosigner(epoch(0, &NAMES));
    let names = NAMES.map(|name| AgencyName::parse(name).unwrap());
    let origin = cosigner.epoch.origin().clone();
    let secret = |agency: &AgencyName| secret(agency.as_str(), "cosign");
    let cosign = |agency: &AgencyName, size: u64, root: u64| {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&root.to_be_bytes());
        let (size, root) = (LogSize::new(size), RootHash::new(bytes));
        let body = format!("{origin}\n{size}\n{root}\n");
        Cosignature {
            size,
            root,
            time: 1,
            agency: agency.to_string(),
            signature: cosignature::sign(&secret(agency), 1, &body),
        }
    };
    let now = TimeMs::new(1000);
    for root in 0..200 {
        let _taken = cosigner.collect(cosign(&names[0], 5, root), now);
    }
    assert_eq!(cosigner.collected.len(), limits::AGENCY_ROOTS_MAX);
    assert_eq!(
        cosigner.collect(cosign(&names[1], 5, 999), now),
        Collect::Counted
    );
    let here = Checkpoint {
        origin: origin.clone(),
        size: LogSize::new(7),
        root: cosign(&names[0], 7, 1).root,
    };
    cosigner.cosign(&here, TimeMs::new(1)).unwrap();
    let late = Cosignature {
        time: 62,
        signature: cosignature::sign(&secret(&names[0]), 62, &here.write()),
        ..cosign(&names[0], 7, 1)
    };
    assert_eq!(cosigner.collect(late.clone(), now), Collect::Early);
    assert!(!cosigner.has_signed(&here, names[0].as_str()));
    assert_eq!(
        cosigner.collect(cosign(&names[0], 7, 1), now),
        Collect::Counted
    );
    assert_eq!(cosigner.collect(late, TimeMs::new(2000)), Collect::Counted);
    cosigner.forget_below(LogSize::new(7));
    assert_eq!(cosigner.collected.len(), 1);
}
