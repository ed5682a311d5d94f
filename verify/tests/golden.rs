//! The golden files in `corpus/golden`: frozen. What they say is judged in `tests/it/house/outside.rs`.
//!
//! Each folder's files are as they were when its format was frozen, by their hashes in `SHA256SUMS`. The
//! folder of the present format was made here once, by `MUHR_BLESS_GOLDEN=1`; whoever does so again has
//! changed what a receipt is, and says in the commit why.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic,
    reason = "tests fail by panicking, with the reason"
)]

#[allow(
    dead_code,
    reason = "the world of the receipts, of which this needs a part"
)]
#[path = "receipts/world.rs"]
mod world;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use protocol::{
    commitment::{Fields, Secret},
    entry::Operation,
    hash::{DocumentHash, sha256},
    opening::Content,
    text::hex,
};
use verify::checkpoint::ForkEvidence;
use world::{Leaf, World};

const PERMIT: &str = "TSH-2026-0001";

fn golden() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../corpus/golden")
}

/// The files of the present format beside documents and cases, which are written by hand.
type Files = BTreeMap<&'static str, String>;

fn hash(folder: &Path, document: &str) -> DocumentHash {
    DocumentHash::new(sha256(&[&fs::read(folder.join(document)).unwrap()]))
}

fn register(world: &mut World, id: &str, fields: &[(&str, &str)]) -> u64 {
    let pairs = fields
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let content = Content::Fields {
        fields: Fields::new(pairs.collect()).unwrap(),
        secret: Secret::new(sha256(&[b"golden", id.as_bytes()])),
    };
    let statement = world.statement_of(Operation::Register, id, Some(content));
    let entry = world.sign(statement);
    let at = world.size();
    world.block(vec![Leaf::Entry(entry)]);
    at
}

/// One permit from its registration to its end, a parcel, and a row of a table.
fn life(files: &mut Files, folder: &Path) {
    let mut world = World::new("registry.example.uz/golden/1");
    files.insert("trust.policy", world.trust_file.clone());
    let permit = world.act_on(
        Operation::Register,
        PERMIT,
        &hash(folder, "permit.txt"),
        false,
    );
    files.insert("permit.txt.receipt", world.receipt(permit).write());
    files.insert("registered.history", world.history(PERMIT).write());
    let document = hash(folder, "parcel.txt").to_hex();
    let fields = [
        ("document", &*document),
        ("holder", "Karimov A."),
        ("area m2", "410"),
    ];
    let parcel = register(&mut world, "TSH-2026-0002", &fields);
    files.insert("parcel.txt.receipt", world.receipt(parcel).write());
    let fields = [
        ("number", "TSH-2026-0003"),
        ("kind", "savdo \"Markaz\""),
        ("district", "Chilonzor"),
        ("area", "120"),
    ];
    let row = register(&mut world, "TSH-2026-0003", &fields);
    files.insert("row.receipt", world.receipt(row).write());
    let amended = world.act_on(
        Operation::Amend,
        PERMIT,
        &hash(folder, "amended.txt"),
        false,
    );
    files.insert("amended.txt.receipt", world.receipt(amended).write());
    files.insert("permit-later.receipt", world.receipt(permit).write());
    let mut redacted = world.receipt(amended);
    redacted.opening = None;
    files.insert("amended-later.receipt", redacted.write());
    let suspended = world.act(Operation::Suspend, PERMIT);
    files.insert("suspended.receipt", world.receipt(suspended).write());
    files.insert("suspended.history", world.history(PERMIT).write());
    let reinstated = world.act(Operation::Reinstate, PERMIT);
    files.insert("reinstated.receipt", world.receipt(reinstated).write());
    let revoked = world.act(Operation::Revoke, PERMIT);
    files.insert("revoked.receipt", world.receipt(revoked).write());
    files.insert("revoked.history", world.history(PERMIT).write());
    files.insert("checkpoint.note", world.published(&[0, 1, 2, 3]));
}

/// A batch, fields with everything that is escaped, an absence, and a fork.
fn others(files: &mut Files, folder: &Path) {
    let mut world = World::new("muhr.example/golden/2");
    files.insert("example.policy", world.trust_file.clone());
    let batch = world.batch(&["TSH-1", "TSH-2", "TSH-3", "TSH-4", "TSH-5"]);
    files.insert("batch.receipt", world.receipt(batch + 2).write());
    let document = hash(folder, "house.txt").to_hex();
    let fields = [
        ("holder", "Karimov  A.\n(o'g'li)"),
        ("full name", " \\ \r \t \u{1} \u{7f} \u{85} \u{1f3e0} "),
        ("a\\b", ""),
        ("\u{422}\u{428}", "\u{5d0}"),
        ("document", &document),
    ];
    let house = register(&mut world, "TSH-12", &fields);
    files.insert("fields.receipt", world.receipt(house).write());
    let absent = world.history("TSH-100").write();
    assert!(
        absent.contains("index-leaf other "),
        "an absence by another's leaf"
    );
    files.insert("absent-other.history", absent);
    let mut other = world.clone();
    world.act(Operation::Revoke, "TSH-12");
    other.act(Operation::Suspend, "TSH-12");
    let fork = ForkEvidence {
        one: world.note(&[0, 1, 2]),
        other: other.note(&[1, 2, 3]),
        prefix: None,
    };
    files.insert("fork.evidence", fork.write());
}

/// `sha256sum` of every file below the folder, by name.
fn sums(folder: &Path) -> String {
    let mut lines = Vec::new();
    for version in fs::read_dir(folder).unwrap() {
        let version = version.unwrap().path();
        if !version.is_dir() {
            continue;
        }
        for file in fs::read_dir(&version).unwrap() {
            let file = file.unwrap().path();
            let name = file.strip_prefix(folder).unwrap().display().to_string();
            lines.push(format!(
                "{name}\0{}",
                hex(&sha256(&[&fs::read(&file).unwrap()]))
            ));
        }
    }
    lines.sort_unstable();
    let line = |line: &String| {
        let (name, sum) = line.split_once('\0').unwrap();
        format!("{sum}  {name}\n")
    };
    lines.iter().map(line).collect()
}

#[test]
fn golden_files_are_those_that_were_frozen() {
    let folder = golden();
    if std::env::var_os("MUHR_BLESS_GOLDEN").is_some() {
        let own = folder.join("1");
        let mut files = Files::new();
        life(&mut files, &own);
        others(&mut files, &own);
        for (name, text) in files {
            fs::write(own.join(name), text).unwrap();
        }
        fs::write(folder.join("SHA256SUMS"), sums(&folder)).unwrap();
    }
    let frozen = fs::read_to_string(folder.join("SHA256SUMS")).unwrap();
    assert!(frozen.lines().count() > 40, "{frozen}");
    assert!(
        frozen == sums(&folder),
        "a golden file has changed, is new, or is gone: they are frozen, and `sha256sum -c SHA256SUMS` in corpus/golden says which"
    );
}
