//! Where files go and come from: receipts that cannot have their places, names that are too long, links that others
//! have put there, who may read what is written, and what in a folder is no document yet, or never.

use std::{
    fs::{self, File},
    io::Write,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use tests::{
    args,
    cluster::{Cluster, Ran},
};

const REGISTRY: [&str; 2] = ["--registry", "qurilish.permits"];

fn folder(cluster: &Cluster, name: &str, out: &str, more: &[&str]) -> Ran {
    let command = ["--json", "anchor", "bulk", name, "--out", out];
    cluster.clerk("qurilish", &[&command[..], &REGISTRY, more].concat())
}

/// Looks so often at a folder: what came of it, and what was said.
fn watch(cluster: &Cluster, more: &[&str]) -> (Value, String) {
    let command = [
        "--json", "anchor", "watch", "hot", "--every", "0", "--rounds", "2",
    ];
    let ran = cluster.clerk("qurilish", &[&command[..], &REGISTRY, more].concat());
    assert!(matches!(ran.code, 0 | 20), "{ran:?}");
    (ran.json(), ran.stderr)
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// The modes of all files in a folder that are not what they should be.
fn readable_by_others(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries
        .filter(|path| path.is_file() && mode(path) & 0o077 != 0)
        .collect()
}

#[test]
fn one_receipt_without_a_place_keeps_no_other_from_its_own() {
    let cluster = Cluster::start(0);
    let at = |name: &str| cluster.path().join(name);
    fs::create_dir(at("scans")).unwrap();
    let long = format!("{}.pdf", "x".repeat(247));
    let device = "CON.pdf";
    for name in ["A-1.pdf", "B-1.pdf", "C:1.pdf", device, &long] {
        cluster.document(&format!("scans/{name}"), name);
    }
    fs::create_dir_all(at("out/receipts/B-1.pdf.receipt")).unwrap();
    let tried = folder(&cluster, "scans", "out", &["--dry-run"])
        .expect(20)
        .json();
    assert_eq!(tried["counts"], json!({"fit": 4, "invalid": 1}));
    let done = folder(&cluster, "scans", "out", &[]).expect(20).json();
    assert_eq!(done["counts"], json!({"anchored": 4, "invalid": 1}));
    let errors = fs::read_to_string(at("out/scans.errors.csv")).unwrap();
    assert!(
        errors.contains("B-1.pdf") && errors.contains("receipt-place"),
        "{errors}"
    );
    // Nothing was signed for it.
    let history = ["history", "B-1", "--registry", "qurilish.permits"];
    let _absent = cluster.clerk("qurilish", &history).expect(10);
    // Names that every file system takes, each telling whose it is.
    let receipts = fs::read_dir(at("out/receipts")).unwrap();
    let mut names: Vec<_> = receipts
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names.len(), 5, "{names:?}");
    assert!(
        names
            .iter()
            .all(|name| name.len() <= 255 && !name.contains(':')),
        "{names:?}"
    );
    assert!(
        names.iter().any(|name| name.starts_with("_CON.pdf~")),
        "{names:?}"
    );
    assert_eq!(readable_by_others(&at("out")), Vec::<PathBuf>::new());
    assert_eq!(
        readable_by_others(&at("out/receipts")),
        Vec::<PathBuf>::new()
    );

    // The way out: out of the way, and the same command again.
    fs::remove_dir(at("out/receipts/B-1.pdf.receipt")).unwrap();
    let done = folder(&cluster, "scans", "out", &[]).expect(0).json();
    assert_eq!(done["counts"], json!({"anchored": 5}));
    // Beside a document of a long name its receipt is found by whoever verifies it.
    let anchor = ["anchor", &format!("scans/{long}"), "--record", "L-2"];
    let _done = cluster
        .clerk("qurilish", &[&anchor[..], &REGISTRY].concat())
        .expect(0);
    let _authentic = cluster
        .clerk("qurilish", &["verify", &format!("scans/{long}")])
        .expect(0);
}

#[test]
fn a_link_that_somebody_has_put_there_overwrites_nothing() {
    let cluster = Cluster::start(0);
    let at = |name: &str| cluster.path().join(name);
    fs::create_dir(at("hot")).unwrap();
    let key = cluster.dir("qurilish").join("keys/clerk.key");
    let before = fs::read(&key).unwrap();
    cluster.document("hot/L-1.pdf", "one");
    cluster.document("hot/L-2.pdf", "two");
    // As guessed by somebody who knows how such files were called, and how they are.
    for name in [
        "L-1.pdf.receipt.part",
        "L-1.pdf.receipt.pending.part",
        "L-1.pdf.refused.part",
        "L-1.pdf.refused",
        "L-2.pdf.receipt",
        "other.pdf",
    ] {
        symlink(&key, at("hot").join(name)).unwrap();
    }
    let (looked, said) = watch(&cluster, &[]);
    assert_eq!(
        (&looked["anchored"], &looked["refused"]),
        (&json!(1), &json!(1)),
        "{said}"
    );
    assert!(
        said.contains("L-2.pdf") && said.contains("a link"),
        "{said}"
    );
    assert_eq!(fs::read(&key).unwrap(), before);
    assert_eq!(mode(&at("hot/L-1.pdf.receipt")), 0o600);
    let history = ["history", "other", "--registry", "qurilish.permits"];
    let _absent = cluster.clerk("qurilish", &history).expect(10);
    // A receipt at the end of a link takes the link's place.
    symlink(&key, at("here.receipt")).unwrap();
    let anchor = [
        "anchor",
        "hot/L-2.pdf",
        "--record",
        "L-3",
        "--out",
        "new.receipt",
    ];
    symlink(&key, at("new.receipt.pending.part")).unwrap();
    let _done = cluster
        .clerk("qurilish", &[&anchor[..], &REGISTRY].concat())
        .expect(0);
    assert_eq!(fs::read(&key).unwrap(), before);
    // So does the journal of a run.
    fs::create_dir(at("run")).unwrap();
    symlink(&key, at("run/journal")).unwrap();
    cluster.document("t.csv", "number\nL-4\n");
    let refused = super::bulk(&cluster, "t.csv", "run", &[]).expect(1);
    assert!(refused.stderr.contains("a link is there"), "{refused:?}");
    assert_eq!(fs::read(&key).unwrap(), before);
}

#[test]
fn what_is_no_document_yet_waits_and_what_is_never_one_is_left() {
    let cluster = Cluster::start(0);
    let at = |name: &str| cluster.path().join("hot").join(name);
    fs::create_dir(cluster.path().join("hot")).unwrap();
    for name in [
        "Thumbs.db",
        "desktop.ini",
        "D-1.pdf.FILEPART",
        "D-1.lnk",
        "~$D-1.docx",
        "D-1.dwl",
        "D-1.bak",
    ] {
        fs::write(at(name), "x").unwrap();
    }
    fs::write(at("empty.pdf"), "").unwrap();
    // What nobody would find the reason of by looking at it.
    for name in ["U-1\u{200b}.pdf", "U\n1.pdf"] {
        fs::write(at(name), "a page").unwrap();
    }
    symlink("elsewhere.pdf", at("linked.pdf")).unwrap();
    fs::write(at("half.pdf"), "%PDF-1.7\n1 0 obj\n").unwrap();
    fs::write(at("renamed.txt"), "muhr-receipt/v1\n").unwrap();
    let mut open = File::create(at("open.pdf")).unwrap();
    open.write_all(b"a page").unwrap();
    let (looked, said) = watch(&cluster, &[]);
    assert_eq!(looked["anchored"], 0, "{said}");
    assert_eq!(
        (&looked["refused"], &looked["waiting"]),
        (&json!(0), &json!(3)),
        "{said}"
    );
    for words in [
        "empty.pdf: it is empty; waiting",
        "half.pdf: a PDF without its end; waiting",
        "open.pdf: a program still has it open; waiting",
        "renamed.txt: a receipt; no document",
        "left out: \"U-1<U+200B>.pdf\" (its name holds what cannot be seen)",
        "left out: \"U<U+000A>1.pdf\" (its name holds what cannot be seen)",
        "left out: linked.pdf (a link)",
    ] {
        assert_eq!(said.matches(words).count(), 1, "{words}: {said}");
    }
    assert!(!said.contains("Thumbs.db"), "{said}");
    // Whole by now: each is taken.
    drop(open);
    fs::write(at("empty.pdf"), "a page").unwrap();
    fs::write(at("half.pdf"), "%PDF-1.7\n1 0 obj\nstartxref\n9\n%%EOF\n").unwrap();
    let (looked, said) = watch(&cluster, &[]);
    assert_eq!(
        (&looked["anchored"], &looked["waiting"]),
        (&json!(3), &json!(0)),
        "{said}"
    );
    // What a user says by names.
    for name in ["a.pdf", "b.PDF", "c.txt", "d.bak"] {
        fs::write(at(name), name).unwrap();
    }
    let (looked, said) = watch(&cluster, &["--include", "*.pdf", "--exclude", "A*"]);
    assert_eq!(looked["anchored"], 1, "{said}");
    assert!(at("b.PDF.receipt").exists());
    anchored_once_it_leaves_out_the_same(&cluster);
}

fn anchored_once_it_leaves_out_the_same(cluster: &Cluster) {
    let ran = folder(cluster, "hot", "out", &["--dry-run", "--include", "*.bak"]).expect(0);
    assert_eq!(ran.json()["counts"], json!({"fit": 2}));
    assert!(
        ran.stderr.contains("left out: Thumbs.db (not included)"),
        "{}",
        ran.stderr
    );
    let ran = folder(cluster, "hot", "out", &["--dry-run"]).expect(0);
    assert_eq!(ran.json()["counts"], json!({"fit": 6}));
    for words in [
        "Thumbs.db (a file of the system)",
        "D-1.pdf.FILEPART (an unfinished transfer)",
        "renamed.txt (a receipt)",
    ] {
        assert!(ran.stderr.contains(words), "{words}: {}", ran.stderr);
    }
}

/// Whatever is anchored stands in the log for good, and a key or a receipt that somebody renamed is no document.
#[test]
fn no_file_of_this_program_is_anchored_whatever_it_is_called() {
    let cluster = Cluster::start(0);
    let at = |name: &str| cluster.path().join(name);
    cluster.document("t.csv", "number\nR-1\nx,y\n");
    let _done = super::bulk(&cluster, "t.csv", "run", &["--archive"]).expect(20);
    let words = at("words");
    fs::write(&words, "olma anor uzum behi").unwrap();
    fs::set_permissions(&words, PermissionsExt::from_mode(0o600)).unwrap();
    let sealed = args!("key new sealed.key --holder qurilish/vera --passphrase-file words");
    let _made = cluster.clerk("qurilish", &sealed).expect(0);
    let mirror = args!("log mirror {} mirror", cluster.url("qurilish"));
    let _done = cluster.clerk("qurilish", &mirror).expect(0);
    let _receipt = cluster.anchor("qurilish", "R-2");
    let clerk = cluster.dir("qurilish").join("keys/clerk.key");
    let own = [
        (at("sealed.key"), "a secret key"),
        (clerk, "a secret key"),
        (cluster.trust(), "a trust file"),
        (at("mirror/checkpoint"), "a checkpoint of a log"),
        (at("run/journal"), "the journal of a bulk run"),
        (at("run/receipts.archive"), "an archive of many receipts"),
        (at("run/result.csv"), "a table of results"),
        (at("run/t.errors.csv"), "a table of rows to mend"),
        (at("R-2.txt.receipt"), "a receipt"),
    ];
    fs::create_dir(at("hot")).unwrap();
    for (number, (file, _)) in own.iter().enumerate() {
        fs::copy(file, at(&format!("hot/A-{number}.pdf"))).unwrap();
    }
    cluster.document("hot/D-1.pdf", "a page");
    // More than are named by their names leave none of these unnamed.
    for number in 0..30 {
        cluster.document(&format!("hot/{number}.bak"), "a copy");
    }
    let ran = folder(&cluster, "hot", "out", &[]).expect(0);
    assert_eq!(ran.json()["counts"], json!({"anchored": 1}), "{ran:?}");
    for (number, (_, kind)) in own.iter().enumerate() {
        let words = format!("left out: A-{number}.pdf ({kind})");
        assert!(ran.stderr.contains(&words), "{words}: {ran:?}");
    }
    let (looked, said) = watch(&cluster, &[]);
    assert_eq!(
        (&looked["anchored"], &looked["refused"], &looked["waiting"]),
        (&json!(0), &json!(1), &json!(0)),
        "{said}"
    );
    for (number, (_, kind)) in own.iter().enumerate() {
        let words = format!("A-{number}.pdf: {kind}; no document");
        assert!(said.contains(&words), "{words}: {said}");
    }
}

#[test]
fn a_file_that_is_still_being_written_waits_for_the_next_run() {
    let cluster = Cluster::start(0);
    let at = |name: &str| cluster.path().join("scans").join(name);
    fs::create_dir(cluster.path().join("scans")).unwrap();
    fs::write(at("O-1.pdf"), "a page").unwrap();
    let mut open = File::create(at("O-2.pdf")).unwrap();
    open.write_all(b"the first page").unwrap();
    // To have it open to read it is no trouble.
    let _read = File::open(at("O-1.pdf")).unwrap();
    let done = folder(&cluster, "scans", "out", &[]).expect(20).json();
    assert_eq!(done["counts"], json!({"anchored": 1, "invalid": 1}));
    let errors = fs::read_to_string(cluster.path().join("out/scans.errors.csv")).unwrap();
    for words in ["O-2.pdf", "open-file", "a program still has it open"] {
        assert!(errors.contains(words), "{words}: {errors}");
    }
    let history = ["history", "O-2", "--registry", "qurilish.permits"];
    let _absent = cluster.clerk("qurilish", &history).expect(10);
    drop(open);
    let done = folder(&cluster, "scans", "out", &[]).expect(0).json();
    assert_eq!(done["counts"], json!({"anchored": 2}));
}
