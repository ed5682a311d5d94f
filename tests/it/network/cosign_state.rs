//! What must be on disk before a cosignature leaves, and what binds a cosigner that comes back.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

use node::{
    cosign_state::{CosignState, NotCosigned},
    cosigner::{CheckpointCosigner, Collect, CosignKeys},
    durable::{AtPath, Durable, StoredValue},
    epoch::EpochState,
};
use protocol::{
    checkpoint::Checkpoint, hash::RootHash, height::TimeMs, name::AgencyName, sign_state::Owner,
};
use tests::{
    require::require,
    world::{AGENCIES, ORIGIN, agency_secret, genesis},
};

const NOW: TimeMs = TimeMs::new(1_795_430_400_000);

fn checkpoint(size: u64, root: u8) -> Checkpoint {
    let text = format!("{ORIGIN}\n{size}\n{}\n", RootHash::new([root; 32]));
    Checkpoint::parse(&text).unwrap()
}

fn owner(agency: &str) -> Owner {
    Owner {
        chain: genesis().chain(),
        key: agency_secret(agency, "cosign").public(),
    }
}

/// A cosigner with what is on disk; the first one makes its file.
fn cosigner(agency: &str, path: &Path) -> CheckpointCosigner {
    let epoch = EpochState::first(&genesis()).unwrap();
    let owner = owner(agency);
    let place = AtPath(path.to_owned());
    let (file, value) = match Durable::open(&place).unwrap() {
        Some((file, StoredValue::Value(value))) => (file, value),
        Some((_, doubtful)) => panic!("{doubtful:?}"),
        None => {
            let blank = owner.value(b"");
            (Durable::make(&place, &blank).unwrap(), blank)
        }
    };
    let (found, body) = Owner::of_value(&value).unwrap();
    assert_eq!(found, owner);
    let state = CosignState::over(file, owner, body).unwrap();
    let own = CosignKeys {
        agency: AgencyName::parse(agency),
        secrets: vec![agency_secret(agency, "cosign")],
        states: [(owner.key, state)].into(),
        publishers: Vec::new(),
    };
    CheckpointCosigner::new(Arc::new(epoch), own)
}

#[test]
fn a_restarted_cosigner_signs_nothing_that_contradicts_what_it_signed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cosign-state");
    let mut signed: Option<Checkpoint> = None;
    for size in [2, 5, 9] {
        // Each life of the process signs one checkpoint, and then knows what the disk knows.
        let next = checkpoint(size, 1);
        assert!(cosigner("soliq", &path).cosign(&next, NOW).is_ok());
        let mut restarted = cosigner("soliq", &path);
        let registered = restarted.cosigned().map(|last| (last.size, last.root));
        assert_eq!(registered, Some((next.size, next.root)), "not on disk");
        let mut contradictions = vec![checkpoint(size, 2), checkpoint(size - 1, 1)];
        contradictions.extend(signed);
        for other in contradictions {
            let answer = restarted.cosign(&other, NOW);
            assert!(
                matches!(answer, Err(NotCosigned::Contradicts { .. })),
                "{other:?}: {answer:?}"
            );
        }
        // The same again is no contradiction: that is how an idle log stays fresh.
        assert!(restarted.cosign(&next, NOW).is_ok());
        signed = Some(next);
    }
}

#[test]
fn nothing_is_published_without_a_quorum() {
    let folder = tempfile::tempdir().unwrap();
    let of = |agency: &str| cosigner(agency, &folder.path().join(agency));
    let mut collector = of(AGENCIES[0]);
    let head = checkpoint(7, 1);
    assert!(collector.cosign(&head, NOW).is_ok());
    for (others, agency) in AGENCIES[1..].iter().enumerate() {
        assert_eq!(
            collector.note(&head).is_some(),
            others + 1 >= 3,
            "with {} of 4 cosignatures",
            others + 1
        );
        let cosign = of(agency).cosign(&head, NOW).unwrap().unwrap();
        let again = cosign.clone();
        assert_eq!(collector.collect(cosign, NOW), Collect::Counted);
        // The same voice twice is one voice.
        assert_eq!(collector.collect(again, NOW), Collect::Ignored);
    }
    assert!(collector.note(&head).is_some());
}

/// What was made is there, whole. The traced process of the next test is this one, with a path of its own.
#[test]
fn a_cosign_state_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let traced = std::env::var_os("MUHR_TRACED").map(PathBuf::from);
    let place = AtPath(traced.unwrap_or_else(|| folder.path().join("cosign-state")));
    let blank = owner("soliq").value(b"");
    let _made = Durable::make(&place, &blank).unwrap();
    let (_, found) = Durable::open(&place).unwrap().unwrap();
    assert_eq!(found, StoredValue::Value(blank));
    assert!(!place.0.with_extension("new").exists(), "a part is left");
}

#[test]
fn a_new_cosign_state_is_synced_and_so_is_its_name() {
    let Some(strace) = require("strace") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().canonicalize().unwrap();
    let (path, trace) = (folder.join("cosign-state"), folder.join("trace"));
    let traced = Command::new(strace)
        .args(["-f", "-y", "-e", "trace=fsync,fdatasync,/^rename"])
        .arg("-o")
        .arg(&trace)
        .arg(std::env::current_exe().unwrap())
        .args(["network::cosign_state::a_cosign_state_is_made", "--exact"])
        .env("MUHR_TRACED", &path)
        .output()
        .unwrap();
    assert!(traced.status.success(), "{traced:?}");
    let trace = std::fs::read_to_string(&trace).unwrap();
    let name = |path: &Path| format!("<{}>", path.display());
    let place = |calls: &[&str], what: &str| {
        let called = |line: &&str| calls.iter().any(|call| line.contains(call));
        let mut lines = trace.lines().filter(|line| !line.is_empty());
        lines.position(|line| called(&line) && line.contains(what))
    };
    let syncs = ["fsync(", "fdatasync("];
    let content = place(&syncs, &name(&folder.join("cosign-state.new")));
    let renamed = place(&["rename"], "cosign-state.new");
    let named = place(&syncs, &name(&folder));
    assert!(content.is_some() && renamed.is_some(), "{trace}");
    assert!(content < renamed && renamed < named, "{trace}");
}
