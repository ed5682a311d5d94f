//! A permit with the parcel and the company that it rests on, proven together in one file.

use std::fs;

use protocol::{dossier::Dossier, receipt::Receipt};
use tests::{
    args,
    cluster::{Cluster, Ran},
};

fn anchor(cluster: &Cluster, agency: &str, number: &str, rests_on: &[&str]) -> Ran {
    let document = cluster.document(&format!("{number}.pdf"), number);
    let mut command = args!("anchor {document} --registry {agency}.permits --record {number}");
    for other in rests_on {
        command.extend(args!("--rests-on {other}"));
    }
    // All at one node: what is final there may come a moment later to another.
    cluster.clerk_at(agency, "qurilish", &command)
}

fn gather(cluster: &Cluster, more: Vec<String>) -> Ran {
    let command = args!("--json receipt gather P-1.pdf.receipt --out p.dossier");
    cluster.clerk_at("soliq", "qurilish", &[command, more].concat())
}

fn dossier(cluster: &Cluster) -> Dossier {
    Dossier::parse(&fs::read(cluster.path().join("p.dossier")).unwrap()).unwrap()
}

#[test]
fn a_permit_is_proven_with_what_it_rests_on() {
    let cluster = Cluster::start(0);
    let _street = anchor(&cluster, "soliq", "STREET", &[]).expect(0);
    let _parcel = anchor(&cluster, "kadastr", "10:01@x", &["soliq.permits:STREET"]).expect(0);
    let _company = anchor(&cluster, "adliya", "C-7", &["soliq.permits:STREET@1"]).expect(0);
    let nothing = anchor(&cluster, "qurilish", "P-1", &["kadastr.permits:other"]);
    assert!(nothing.expect(10).stderr.contains("never registered"));
    let later = anchor(&cluster, "qurilish", "P-1", &["adliya.permits:C-7@2"]);
    assert!(later.expect(2).stderr.contains("no version 2"));
    let rests_on = ["kadastr.permits:10:01@x@1", "adliya.permits:C-7"];
    let _permit = anchor(&cluster, "qurilish", "P-1", &rests_on).expect(0);

    let gathered = gather(&cluster, Vec::new()).expect(0).json();
    assert_eq!(gathered["receipts"], 4, "{gathered}");
    let verify = ["--json", "verify", "P-1.pdf", "--receipt", "p.dossier"];
    let judged = cluster
        .clerk_at("kadastr", "qurilish", &verify)
        .expect(0)
        .json();
    let file = &judged["files"][0];
    assert_eq!(file["facts"]["record"], "P-1", "{judged}");
    let depths = file["rests_on"].as_array().unwrap().iter();
    let depths: Vec<u64> = depths.map(|one| one["depth"].as_u64().unwrap()).collect();
    assert_eq!(
        depths,
        [1, 1, 2],
        "what two rest on is shown once: {judged}"
    );
    let shown = cluster
        .clerk_at("kadastr", "qurilish", &["verify", "p.dossier"])
        .expect(0);
    assert_eq!(shown.stdout.matches("rests on").count(), 3, "{shown:?}");
    // Whose receipts are the others': their keys are known, and not their numbers.
    assert_eq!(shown.stdout.matches("version 1 of key ").count(), 3);
    assert_eq!(shown.stdout.matches(", as of block ").count(), 3);
    let other = cluster.document("other.pdf", "another document");
    let altered = ["verify", &other, "--receipt", "p.dossier"];
    let _altered = cluster.clerk_at("kadastr", "qurilish", &altered).expect(11);
    less_is_proven_by_less(&cluster);
    what_was_revoked_since_is_said(&cluster);
    a_spoilt_one_is_none(&cluster);
}

/// A dossier that ends before all that the permit rests on, and a receipt alone.
fn less_is_proven_by_less(cluster: &Cluster) {
    // Gathered to a lesser depth, something is missing unless no more is asked for.
    let _less = gather(cluster, args!("--depth 1")).expect(0);
    let less = cluster
        .clerk("kadastr", &["verify", "p.dossier"])
        .expect(16);
    assert!(less.stdout.contains("not in the dossier"), "{less:?}");
    let asked = ["verify", "p.dossier", "--follow", "1"];
    let enough = cluster
        .clerk_at("kadastr", "qurilish", &asked)
        .expect(0)
        .stdout;
    let farther = enough.matches("is farther away than what is followed");
    assert_eq!(farther.count(), 2, "{enough}");

    // A receipt alone says what it rests on, and proves nothing of that.
    let alone = args!("verify P-1.pdf");
    let said = cluster
        .clerk_at("kadastr", "qurilish", &alone)
        .expect(0)
        .stdout;
    let rests_on = said.matches("which this receipt does not prove");
    assert_eq!(rests_on.count(), 2, "{said}");
    let follow = args!("verify P-1.pdf --follow 1");
    let undecided = cluster
        .clerk_at("kadastr", "qurilish", &follow)
        .expect(16)
        .stdout;
    assert!(undecided.contains("gather it first"), "{undecided}");
    let none = ["verify", "STREET.pdf", "--follow", "16"];
    let _rests_on_nothing = cluster.clerk_at("kadastr", "qurilish", &none).expect(0);
}

/// What it rests on was revoked since: the newer proof says so, and an older one cannot hide it.
fn what_was_revoked_since_is_said(cluster: &Cluster) {
    let _whole = gather(cluster, Vec::new()).expect(0);
    let before = dossier(cluster);
    let revoke =
        args!("revoke 10:01@x --registry kadastr.permits --reason R01 --out revoked.receipt");
    let _revoked = cluster.clerk_at("kadastr", "qurilish", &revoke).expect(0);
    let _fresh = gather(cluster, Vec::new()).expect(0);
    let revoked = cluster.clerk_at("kadastr", "qurilish", &["--json", "verify", "p.dossier"]);
    let revoked = revoked.expect(13).json();
    let verdict = &revoked["files"][0]["rests_on"][0]["verdict"];
    assert_eq!(verdict, "revoked", "{revoked}");
    assert_eq!(revoked["files"][0]["verdict"], "revoked", "{revoked}");
    assert_eq!(revoked["files"][0]["own_verdict"], "authentic", "{revoked}");
    // The first line says what the exit code says.
    let shown = cluster.clerk_at("kadastr", "qurilish", &["verify", "p.dossier"]);
    let shown = shown.expect(13).stdout;
    assert!(shown.starts_with("✘ REVOKED (dossier alone)  "), "{shown}");
    assert!(
        shown.contains("  the record itself: ✔ AUTHENTIC; "),
        "{shown}"
    );

    let mut hidden = before;
    hidden.receipts[0] = dossier(cluster).receipts[0].clone();
    fs::write(cluster.path().join("hidden.dossier"), hidden.write()).unwrap();
    let undecided = cluster.clerk_at("kadastr", "qurilish", &["verify", "hidden.dossier"]);
    let undecided = undecided.expect(16).stdout;
    let older = undecided.matches("older than the first's");
    assert_eq!(older.count(), 3, "{undecided}");
}

/// A spoilt dossier is none, and a spoilt receipt in it is found.
fn a_spoilt_one_is_none(cluster: &Cluster) {
    let path = cluster.path().join("p.dossier");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen("receipt ", "receipt 1", 1)).unwrap();
    let spoilt = cluster.clerk_at("kadastr", "qurilish", &["verify", "p.dossier"]);
    assert!(spoilt.expect(14).stdout.contains("line 2"));
    let at = text.rfind("author soliq/clerk-1").unwrap();
    let bent = format!("{}author soliq/clerk-2{}", &text[..at], &text[at + 20..]);
    fs::write(&path, bent).unwrap();
    let _bent = cluster
        .clerk("kadastr", &["verify", "p.dossier"])
        .expect(14);
}

/// What the receipt of a document names.
fn names(cluster: &Cluster, file: &str) -> Vec<(String, u64)> {
    let receipt = Receipt::parse(&fs::read(cluster.path().join(file)).unwrap()).unwrap();
    let named = receipt.entry.statement.references.into_iter();
    named
        .map(|reference| (reference.registry.to_string(), reference.version.get()))
        .collect()
}

fn amend(cluster: &Cluster, agency: &str, number: &str, file: &str, more: Vec<String>) -> Ran {
    let document = cluster.document(file, file);
    let command = args!("amend {number} {document} --registry {agency}.permits --reason C01");
    // All at one node: what is final there may come a moment later to another.
    cluster.clerk_at(agency, "qurilish", &[command, more].concat())
}

#[test]
fn a_later_version_rests_on_what_the_one_before_does_unless_it_is_said() {
    let cluster = Cluster::start(0);
    let _parcel = anchor(&cluster, "kadastr", "10:01", &[]).expect(0);
    let _permit = anchor(&cluster, "qurilish", "P-1", &["kadastr.permits:10:01"]).expect(0);
    let _parcel = amend(&cluster, "kadastr", "10:01", "10.pdf", Vec::new()).expect(0);
    let on = |version| vec![("kadastr.permits".to_owned(), version)];
    let next = |file: &str, more: Vec<String>| amend(&cluster, "qurilish", "P-1", file, more);

    // The same version that was meant, not the latest by now; and over a suspension.
    let said = next("2.pdf", Vec::new()).expect(0).stderr;
    assert!(said.contains("all that version 1 rests on (1)"), "{said}");
    assert_eq!(names(&cluster, "2.pdf.receipt"), on(1));
    let again = next("2.pdf", Vec::new()).expect(0);
    assert!(again.stderr.contains("already there"), "{again:?}");
    for operation in ["suspend", "reinstate"] {
        let out = format!("{operation}.receipt");
        let command = args!("{operation} P-1 --registry qurilish.permits --reason S01 --out {out}");
        let _done = cluster.clerk("qurilish", &command).expect(0);
        assert_eq!(names(&cluster, &out), []);
    }
    let said = next("5.pdf", Vec::new()).expect(0).stderr;
    assert!(said.contains("all that version 2 rests on (1)"), "{said}");
    assert_eq!(names(&cluster, "5.pdf.receipt"), on(1));

    // Said otherwise; said to be none; and from then on none.
    let other = args!("--rests-on kadastr.permits:10:01");
    let said = next("6.pdf", other.clone()).expect(0).stderr;
    assert_eq!(said, "", "nothing is taken over");
    assert_eq!(names(&cluster, "6.pdf.receipt"), on(2));
    let none = args!("--rests-on none");
    let said = next("7.pdf", none.clone()).expect(0).stderr;
    assert!(
        said.contains("resting on no other record any more"),
        "{said}"
    );
    assert_eq!(names(&cluster, "7.pdf.receipt"), []);
    let said = next("8.pdf", Vec::new()).expect(0).stderr;
    assert_eq!(
        (said.as_str(), names(&cluster, "8.pdf.receipt")),
        ("", vec![])
    );
    let mixed = next("9.pdf", [none, other].concat()).expect(2);
    assert!(mixed.stderr.contains("stands alone"), "{mixed:?}");
    let not_theirs = args!("suspend P-1 --registry qurilish.permits --reason S01 --rests-on none");
    let _usage = cluster
        .clerk_at("qurilish", "qurilish", &not_theirs)
        .expect(2);
}

#[test]
fn a_table_that_amends_a_record_keeps_what_it_rests_on() {
    let cluster = Cluster::start(0);
    let _parcel = anchor(&cluster, "kadastr", "10:01", &[]).expect(0);
    let document = cluster.document("u.pdf", "u");
    let command = args!(
        "anchor {document} --record U-1 --field area=80 --rests-on kadastr.permits:10:01 --registry qurilish.permits"
    );
    let _done = cluster.clerk_at("qurilish", "qurilish", &command).expect(0);
    cluster.document("t.csv", "number,area\nU-1,81\n");
    fs::create_dir(cluster.path().join("before")).unwrap();
    let receipt = |name: &str| cluster.path().join(name);
    fs::copy(receipt("u.pdf.receipt"), receipt("before/u.receipt")).unwrap();
    let bulk = args!(
        "anchor bulk t.csv --record number --out o --upsert --reason C01 --earlier before --registry qurilish.permits"
    );
    let _done = cluster.clerk("qurilish", &bulk).expect(0);
    let named = names(&cluster, "o/receipts/0000002.receipt");
    assert_eq!(named, [("kadastr.permits".to_owned(), 1)]);
}

/// Each version named what was there: a circle of records over their versions is history.
#[test]
fn a_circle_over_versions_is_gathered_once_and_said() {
    let cluster = Cluster::start(0);
    let _a = anchor(&cluster, "kadastr", "A", &[]).expect(0);
    let _b = anchor(&cluster, "soliq", "B", &["kadastr.permits:A@1"]).expect(0);
    let back = args!("--rests-on soliq.permits:B@1");
    let _a = amend(&cluster, "kadastr", "A", "a2.pdf", back).expect(0);
    let gather = args!("receipt gather a2.pdf.receipt --out p.dossier");
    let gathered = cluster
        .clerk_at("kadastr", "qurilish", &gather)
        .expect(0)
        .stdout;
    assert!(gathered.contains("(3 receipts)"), "{gathered}");
    assert!(gathered.contains("a circle: another version"), "{gathered}");
    let judged = cluster.clerk_at("soliq", "qurilish", &["--json", "verify", "p.dossier"]);
    let judged = judged.expect(12).json();
    let rests_on = judged["files"][0]["rests_on"].as_array().unwrap();
    let circles: Vec<_> = rests_on.iter().map(|one| &one["circle"]).collect();
    assert_eq!(circles, [false, true], "{judged}");
    assert_eq!(rests_on[1]["verdict"], "superseded");
    // None can name a version that is not there yet, so none of the same versions.
    let ahead = args!("--rests-on soliq.permits:B@2");
    let refused = amend(&cluster, "kadastr", "A", "a3.pdf", ahead).expect(2);
    assert!(refused.stderr.contains("unknown-reference"), "{refused:?}");
}
