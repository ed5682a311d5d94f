//! Strict formats: every seed of the fuzzers holds its property, and so does every way to spoil it.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests fail by panicking, with the reason"
)]

#[path = "../fuzz/properties.rs"]
mod properties;

use std::{fs, path::PathBuf};

use proptest::{collection, prelude::*};
use protocol::{
    ceremony::{Acceptance, ClerkRequest, Contribution, FoundingPlan, read_acceptances},
    entry::Entry,
    pending::Pending,
    receipt::Receipt,
    return_mark::ReturnMark,
};

fn corpus() -> Vec<(String, Vec<u8>)> {
    let folder = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("fuzz/corpus");
    let mut found = Vec::new();
    for target in fs::read_dir(folder).unwrap().flatten() {
        let name = target.file_name().into_string().unwrap();
        for seed in fs::read_dir(target.path()).unwrap().flatten() {
            found.push((name.clone(), fs::read(seed.path()).unwrap()));
        }
    }
    assert!(found.len() >= 12, "only {} seeds", found.len());
    found
}

#[test]
fn every_seed_holds_its_property() {
    for (name, bytes) in corpus() {
        assert!(properties::check(&name, &bytes), "no target {name}");
    }
}

#[test]
fn seeds_cut_at_every_byte_and_with_every_byte_changed_hold_it_too() {
    for (name, bytes) in corpus()
        .into_iter()
        .filter(|(name, bytes)| name != "genesis" && bytes.len() < 8192)
    {
        for at in 0..bytes.len() {
            properties::check(&name, &bytes[..at]);
            for change in [0x01, 0x20, 0x80] {
                let mut changed = bytes.clone();
                changed[at] ^= change;
                properties::check(&name, &changed);
            }
        }
    }
}

#[test]
fn seeds_are_what_they_should_be() {
    let seed = |name: &str| {
        corpus()
            .into_iter()
            .find(|(target, _)| target == name)
            .unwrap()
            .1
    };
    let entry = seed("entry");
    Entry::parse(&entry).unwrap();
    Receipt::parse(&seed("receipt")).unwrap();
    Pending::parse(&seed("pending")).unwrap();
    ReturnMark::parse(&seed("return_mark")).unwrap();
    FoundingPlan::parse(&seed("plan")).unwrap();
    Contribution::parse(&seed("contribution")).unwrap();
    Acceptance::parse(&seed("acceptance")).unwrap();
    assert_eq!(read_acceptances(&seed("acceptances")).unwrap().len(), 4);
    ClerkRequest::parse(&seed("clerk_request")).unwrap();
    let text = String::from_utf8(entry).unwrap();
    for (from, to) in [
        ("\nversion 1\n", "\nversion 01\n"),
        ("\nversion 1\n", "\nversion +1\n"),
        ("\n", "\r\n"),
        ("\nauthor ", "\n\nauthor "),
        ("\nversion 1\n", "\nversion 1\nversion 1\n"),
        ("\nkey ", "\nkey  "),
    ] {
        assert!(
            Entry::parse(text.replacen(from, to, 1).as_bytes()).is_err(),
            "{from:?} to {to:?}"
        );
    }
    assert!(Entry::parse(text.trim_end().as_bytes()).is_err());
    assert!(Entry::parse(format!("{text}x\n").as_bytes()).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn spliced_seeds_hold_their_property(seed in 0_usize..100, at in 0_usize..4000, length in 0_usize..40, insert in collection::vec(any::<u8>(), 0..40)) {
        let seeds = corpus();
        let (name, bytes) = &seeds[seed % seeds.len()];
        if name != "genesis" {
            let at = at % (bytes.len() + 1);
            let end = (at + length).min(bytes.len());
            let spliced = [&bytes[..at], &insert, &bytes[end..]].concat();
            properties::check(name, &spliced);
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in collection::vec(any::<u8>(), 0..400)) {
        for name in ["entry", "act", "return_mark", "dossier", "batch", "block", "genesis", "plan", "contribution", "acceptance", "acceptances", "clerk_request", "receipt", "history", "state", "pending", "keyfile", "proof", "policy", "note", "bundle", "tile_path"] {
            properties::check(name, &bytes);
        }
    }
}
