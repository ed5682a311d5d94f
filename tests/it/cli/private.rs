//! Records kept private at the desk: copies that withhold fields, erasure, and numbers that look alike.

use std::{ffi::OsStr, fs};

use protocol::{
    commitment::field_salt,
    opening::Content,
    receipt::Receipt,
    text::{base64, hex},
};
use tests::{
    args,
    cluster::{Cluster, Ran},
    command_line,
};

const PERMITS: &str = "qurilish.permits";

fn run(cluster: &Cluster, arguments: &[impl AsRef<OsStr>]) -> Ran {
    cluster.clerk("qurilish", arguments)
}

/// A permit with three fields, anchored.
fn permit(cluster: &Cluster) -> Receipt {
    cluster.document("permit.txt", "one house, two floors");
    let anchor = args!(
        "anchor permit.txt --record P-1 --registry {PERMITS} --field 'holder=A. Karimov' --field use=dwelling --field 'full area=80'"
    );
    let _done = run(cluster, &anchor).expect(0);
    read(cluster, "permit.txt.receipt")
}

fn read(cluster: &Cluster, name: &str) -> Receipt {
    Receipt::parse(&fs::read(cluster.path().join(name)).unwrap()).unwrap()
}

#[test]
fn a_redacted_copy_proves_the_same_entry_and_gives_nothing_else_away() {
    let cluster = Cluster::start(0);
    let whole = permit(&cluster);
    let redact = args!("receipt redact permit.txt.receipt --keep 'use, document'");
    let done = run(&cluster, &redact).expect(0);
    assert!(done.stdout.contains("shown: document, use"), "{done:?}");
    assert!(done.stdout.contains("withheld: at most 2 fields"));
    let copy = read(&cluster, "permit.txt.redacted.receipt");
    assert_eq!(copy.entry, whole.entry);
    let text = copy.write();
    let Some(Content::Fields { secret, .. }) = whole.opening.unwrap().content else {
        panic!("no fields");
    };
    // Places: the document, the holder, the use, the area. The second and the fourth are withheld.
    let withheld = [
        field_salt(&secret, 1),
        field_salt(&secret, 3),
        *secret.as_bytes(),
    ];
    for bytes in withheld {
        assert!(!text.contains(&base64(&bytes)) && !text.contains(&hex(&bytes)));
    }
    for word in ["Karimov", "holder", "area", "80\n"] {
        let opening = text.split("--- clerk").next().unwrap();
        assert!(!opening.contains(word), "{word}");
    }
    // With and without the document, which the copy shows, and in both ways of speaking.
    let judged = run(&cluster, &["verify", "permit.txt.redacted.receipt"]).expect(0);
    let steps = run(
        &cluster,
        &["verify", "permit.txt.redacted.receipt", "--steps"],
    )
    .expect(0);
    assert!(steps.stdout.contains("others are withheld"), "{steps:?}");
    assert!(
        judged
            .stdout
            .contains("  use: dwelling\n  withheld: at most 2 fields")
    );
    let json = args!("--json verify permit.txt --receipt permit.txt.redacted.receipt");
    let judged = run(&cluster, &json).expect(0).json();
    let facts = &judged["files"][0]["facts"];
    assert_eq!(
        (&facts["shown"], &facts["withheld_max"]),
        (&"part".into(), &2.into())
    );
    cluster.document("other.txt", "one house, nine floors");
    let other = args!("verify other.txt --receipt permit.txt.redacted.receipt");
    let _altered = run(&cluster, &other).expect(11);
    // A copy of the copy that withholds the document too says nothing of documents.
    let again = args!("receipt redact permit.txt.redacted.receipt --keep use --out use.receipt");
    let _done = run(&cluster, &again).expect(0);
    let unknown = args!("verify permit.txt --receipt use.receipt");
    let unknown = run(&cluster, &unknown).expect(16);
    assert!(
        unknown.stdout.contains("fields are withheld"),
        "{unknown:?}"
    );
    let _fresh = run(&cluster, &["receipt", "refresh", "use.receipt"]).expect(0);
    assert_eq!(
        read(&cluster, "use.receipt").write().lines().next(),
        Some("muhr-receipt/v1 redacted")
    );
    let _still = run(&cluster, &["verify", "use.receipt"]).expect(0);
}

#[test]
fn what_cannot_be_redacted_is_refused_and_nothing_is_written() {
    let cluster = Cluster::start(0);
    let whole = permit(&cluster);
    cluster.document("plain.txt", "a document alone");
    let anchor = args!("anchor plain.txt --record P-2 --registry {PERMITS}");
    let _done = run(&cluster, &anchor).expect(0);
    cluster.document("no.receipt", "no receipt\n");
    let mut erased = whole.clone();
    erased.opening = None;
    cluster.document("erased.receipt", &erased.write());
    let altered = whole
        .write()
        .replacen("field use dwelling", "field use palace", 1);
    cluster.document("altered.receipt", &altered);
    let all = "document,holder,use,full area";
    for (file, keep, code, why) in [
        ("permit.txt.receipt", "owner", 2, "no field \"owner\""),
        ("permit.txt.receipt", "use,", 2, "no field \"\""),
        ("permit.txt.receipt", all, 2, "nothing would be withheld"),
        ("plain.txt.receipt", "use", 2, "it has no fields"),
        ("no.receipt", "use", 2, "not a receipt"),
        ("none.receipt", "use", 2, "none.receipt"),
        ("erased.receipt", "use", 2, "the private part was removed"),
        (
            "altered.receipt",
            "use",
            11,
            "does not show what was recorded",
        ),
    ] {
        let command = args!("receipt redact {file} --keep '{keep}' --out out.receipt");
        let refused = run(&cluster, &command).expect(code);
        assert!(refused.stderr.contains(why), "{file}: {refused:?}");
        assert!(!cluster.path().join("out.receipt").exists());
    }
    let unknown = args!("receipt redact permit.txt.receipt --keep x");
    let help = run(&cluster, &unknown).expect(2).stderr;
    assert!(help.contains("document, holder, use, full area"), "{help}");
    // What is there already stays.
    let command = args!("receipt redact permit.txt.receipt --keep 'full area' --out plain.txt");
    let taken = run(&cluster, &command).expect(21);
    assert!(taken.stderr.contains("plain.txt: is there already"));
    let kept = fs::read_to_string(cluster.path().join("plain.txt")).unwrap();
    assert_eq!(kept, "a document alone");
}

#[test]
fn an_erased_receipt_still_proves_its_entry_and_shows_nothing() {
    let cluster = Cluster::start(0);
    let whole = permit(&cluster).write();
    let folder = cluster.path().join("archive");
    fs::create_dir_all(folder.join("2026")).unwrap();
    for name in ["a.receipt", "2026/b.receipt"] {
        fs::write(folder.join(name), &whole).unwrap();
    }
    let redact = args!("receipt redact permit.txt.receipt --keep use --out archive/c.receipt");
    let _done = run(&cluster, &redact).expect(0);
    for name in ["journal", "d.receipt.pending", "e.receipt", "f.pdf"] {
        fs::write(folder.join(name), "something else\n").unwrap();
    }
    let asked = run(&cluster, &["receipt", "erase", "archive"]).expect(2);
    assert!(
        asked
            .stderr
            .contains("3 receipts would be destroyed for good"),
        "{asked:?}"
    );
    assert!(asked.stderr.contains("--yes"));
    assert_eq!(fs::read_to_string(folder.join("a.receipt")).unwrap(), whole);
    let command = ["--json", "receipt", "erase", "archive", "--yes"];
    let done = run(&cluster, &command).expect(20).json();
    let erased = [
        "archive/2026/b.receipt",
        "archive/a.receipt",
        "archive/c.receipt",
    ];
    assert_eq!(done["erased"], serde_json::json!(erased));
    let left = done["left"].as_array().unwrap().iter();
    let left: Vec<&str> = left.map(|left| left["file"].as_str().unwrap()).collect();
    assert_eq!(
        left,
        [
            "archive/d.receipt.pending",
            "archive/e.receipt",
            "archive/journal"
        ]
    );
    for name in ["journal", "d.receipt.pending", "e.receipt", "f.pdf"] {
        fs::remove_file(folder.join(name)).unwrap();
    }
    let again = run(&cluster, &command).expect(0).json();
    assert_eq!(again["had_none"], done["erased"]);
    for name in erased {
        let text = fs::read_to_string(cluster.path().join(name)).unwrap();
        for gone in ["opening", "P-1", "Karimov", "dwelling", "shown", "secret"] {
            assert!(!text.contains(gone), "{name} still holds {gone}");
        }
        let judged = run(&cluster, &["verify", name]).expect(0);
        assert!(
            judged
                .stdout
                .contains("withheld: number and content; the entry is proven"),
            "{judged:?}"
        );
    }
    let unknown = args!("verify permit.txt --receipt archive/a.receipt");
    let _unknown = run(&cluster, &unknown).expect(16);
    let json = run(&cluster, &["--json", "verify", "archive/a.receipt"])
        .expect(0)
        .json();
    let facts = &json["files"][0]["facts"];
    assert_eq!(
        (&facts["shown"], &facts["withheld_max"]),
        (&"nothing".into(), &().into())
    );
    let _fresh = run(&cluster, &["receipt", "refresh", "archive/a.receipt"]).expect(0);
    let _still = run(&cluster, &["verify", "archive/a.receipt"]).expect(0);
}

#[test]
fn nothing_private_is_left_of_a_bulk_run_once_it_is_erased() {
    let cluster = Cluster::start(0);
    let at = |name: &str| cluster.path().join(name);
    cluster.document("t.csv", "number,holder\nE-1,A. Karimov\nE-2,A. Aliyev\n");
    let bulk = args!("anchor bulk t.csv --record number --archive --out run --registry {PERMITS}");
    let _done = run(&cluster, &bulk).expect(0);
    let archive = "run/receipts.archive";
    let extract = |out: &str| {
        let command = args!("receipt extract {archive} E-2 --out {out} --registry {PERMITS}");
        run(&cluster, &command).expect(0)
    };
    let _taken = extract("run/renamed.txt");
    let gather = args!("receipt gather run/renamed.txt --out run/dossier.old");
    let _gathered = run(&cluster, &gather).expect(0);

    let erase = ["--json", "receipt", "erase", "run", "--yes"];
    let done = run(&cluster, &erase).expect(20).json();
    let erased = ["run/dossier.old", archive, "run/renamed.txt"];
    assert_eq!(done["erased"], serde_json::json!(erased));
    let left = done["left"].as_array().unwrap().iter();
    let left: Vec<(&str, &str)> = left
        .map(|left| {
            (
                left["file"].as_str().unwrap(),
                left["why"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(left.len(), 2, "{left:?}");
    for ((file, why), (name, words)) in left.into_iter().zip([
        ("run/journal", "every number, value and secret"),
        ("run/result.csv", "the numbers of the records"),
    ]) {
        assert!(file == name && why.contains(words), "{file}: {why}");
        assert!(why.contains("remove the file"), "{why}");
        fs::remove_file(at(file)).unwrap();
    }
    let again = run(&cluster, &erase).expect(0).json();
    assert_eq!(again["had_none"], serde_json::json!(erased));
    for entry in fs::read_dir(at("run")).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        for gone in ["E-1", "E-2", "Karimov", "Aliyev", "holder", "secret"] {
            assert!(!text.contains(gone), "{gone}");
        }
    }
    // All of it still proves what was anchored.
    let _taken = extract("bare.receipt");
    for file in ["bare.receipt", "run/renamed.txt", "run/dossier.old"] {
        let judged = run(&cluster, &["verify", file]).expect(0);
        assert!(judged.stdout.contains("withheld: number and content"));
    }
}

#[test]
fn a_number_is_found_however_its_apostrophe_is_typed() {
    let cluster = Cluster::start(0);
    cluster.document("road.txt", "a road");
    cluster.document("other.txt", "another road");
    let typed = |apostrophe: char| format!("Yo{apostrophe}l  12|Mas{apostrophe}ul");
    let anchor = |file: &str, number: &str| {
        let command = ["anchor", file, "--record", number, "--registry", PERMITS];
        run(&cluster, &command)
    };
    let done = anchor("road.txt", &typed('\u{2bb}')).expect(0);
    assert!(done.stderr.is_empty(), "no warning: {done:?}");
    for apostrophe in ['\'', '`', '\u{2bb}', '\u{2bc}', '\u{2018}', '\u{2019}'] {
        let number = typed(apostrophe);
        let history = ["--json", "history", &number, "--registry", PERMITS];
        let found = run(&cluster, &history).expect(0).json();
        assert_eq!(found["record"], "Yo'l 12|Mas'ul");
        assert_eq!(found["facts"]["versions"].as_array().unwrap().len(), 1);
        let _taken = anchor("other.txt", &number).expect(21);
    }
    // The same receipt answers, however the number is typed, and parts stay apart.
    let _again = anchor("road.txt", &typed('\u{2019}')).expect(0);
    let joined = ["history", "Yo'l 12Mas'ul", "--registry", PERMITS];
    let _absent = run(&cluster, &joined).expect(10);
}

#[test]
fn look_alike_letters_are_named_and_not_refused() {
    let cluster = Cluster::start(0);
    cluster.document("a.txt", "a");
    let mixed = "TS\u{41d}-12";
    for anchor in ["--json anchor", "anchor"] {
        let anchor = format!("{anchor} a.txt --record {mixed} --registry {PERMITS}");
        let anchor = command_line::split(&anchor);
        let done = run(&cluster, &anchor).expect(0);
        let named =
            "mixes alphabets: Cyrillic \u{41d} (U+041D), which looks like Latin H (U+0048);";
        assert!(done.stderr.contains(named), "{done:?}");
    }
    // What looks the same is another number; whoever asks for either is told of the letters.
    let history = |number: &str| {
        let history = args!("history {number} --registry {PERMITS}");
        run(&cluster, &history)
    };
    let absent = history("TSH-12").expect(10);
    assert_eq!(absent.stderr, "");
    assert!(history(mixed).expect(0).stderr.contains("U+041D"));
}
