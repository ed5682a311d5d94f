//! A permit with the parcel and the company that it rests on, proven together in one file.

use std::fs;

use tests::cluster::{Cluster, Ran};

fn anchor(cluster: &Cluster, agency: &str, number: &str, rests_on: &[&str]) -> Ran {
    let document = cluster.document(&format!("{number}.pdf"), number);
    let registry = format!("{agency}.permits");
    let mut command = vec![
        "anchor",
        &document,
        "--registry",
        &registry,
        "--record",
        number,
    ];
    for other in rests_on {
        command.extend(["--rests-on", other]);
    }
    cluster.clerk(agency, &command)
}

fn gather(cluster: &Cluster, more: &[&str]) -> Ran {
    let command = [
        "--json",
        "receipt",
        "gather",
        "P-1.pdf.receipt",
        "--out",
        "p.dossier",
    ];
    cluster.clerk("soliq", &[&command, more].concat())
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

    let gathered = gather(&cluster, &[]).expect(0).json();
    assert_eq!(gathered["receipts"], 4, "{gathered}");
    let verify = ["--json", "verify", "P-1.pdf", "--receipt", "p.dossier"];
    let judged = cluster.clerk("kadastr", &verify).expect(0).json();
    let file = &judged["files"][0];
    assert_eq!(file["facts"]["record"], "P-1", "{judged}");
    let depths = file["rests_on"].as_array().unwrap().iter();
    let depths: Vec<u64> = depths.map(|one| one["depth"].as_u64().unwrap()).collect();
    assert_eq!(
        depths,
        [1, 1, 2],
        "what two rest on is shown once: {judged}"
    );
    let shown = cluster.clerk("kadastr", &["verify", "p.dossier"]).expect(0);
    assert_eq!(shown.stdout.matches("rests on").count(), 3, "{shown:?}");
    let other = cluster.document("other.pdf", "another document");
    let altered = ["verify", &other, "--receipt", "p.dossier"];
    let _altered = cluster.clerk("kadastr", &altered).expect(11);

    // Gathered to a lesser depth, something is missing unless no more is asked for.
    let _less = gather(&cluster, &["--depth", "1"]).expect(0);
    let less = cluster
        .clerk("kadastr", &["verify", "p.dossier"])
        .expect(16);
    assert!(less.stdout.contains("not in the dossier"), "{less:?}");
    let asked = ["verify", "p.dossier", "--follow", "1"];
    let _enough = cluster.clerk("kadastr", &asked).expect(0);

    // What it rests on was revoked since: the newer proof says so.
    let revoke = [
        "revoke",
        "10:01@x",
        "--registry",
        "kadastr.permits",
        "--reason",
        "R01",
        "--out",
        "revoked.receipt",
    ];
    let _revoked = cluster.clerk("kadastr", &revoke).expect(0);
    let _fresh = gather(&cluster, &[]).expect(0);
    let revoked = cluster.clerk("kadastr", &["--json", "verify", "p.dossier"]);
    let revoked = revoked.expect(13).json();
    let verdict = &revoked["files"][0]["rests_on"][0]["verdict"];
    assert_eq!(verdict, "revoked", "{revoked}");

    // A spoilt dossier is none, and a spoilt receipt in it is found.
    let path = cluster.path().join("p.dossier");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen("receipt ", "receipt 1", 1)).unwrap();
    let spoilt = cluster.clerk("kadastr", &["verify", "p.dossier"]);
    assert!(spoilt.expect(14).stderr.contains("line 2"));
    let at = text.rfind("author soliq/clerk-1").unwrap();
    let bent = format!("{}author soliq/clerk-2{}", &text[..at], &text[at + 20..]);
    fs::write(&path, bent).unwrap();
    let _bent = cluster
        .clerk("kadastr", &["verify", "p.dossier"])
        .expect(14);
}
