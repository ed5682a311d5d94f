//! What agencies decide and say: clerks come and go, registries ask other agencies, and their word is
//! proven with the record. Real processes; one of the four is away for the first half and catches up.

use std::fs;

use serde_json::Value;
use tests::{
    args,
    cluster::{Cluster, Ran, muhr, wait_until},
};

use crate::house::schemas::assert_shapes;

const PERMITS: &str = "qurilish.permits";
/// The key of the clerk whose permits they are.
const CLERK: &str = "net/qurilish/keys/clerk.key";

/// Runs `muhr` with the admin key of an agency.
fn decides(cluster: &Cluster, agency: &str, arguments: Vec<String>) -> Ran {
    let signed = args!("--key net/{agency}/keys/admin.key --yes");
    cluster.clerk(agency, &[args!("--json"), arguments, signed].concat())
}

/// Makes a key for a clerk of another agency, and lets it attest to permits.
fn attester(cluster: &Cluster, agency: &str) -> String {
    let (file, name) = (
        format!("{agency}-attester.key"),
        format!("{agency}/attester"),
    );
    let made = cluster.clerk(
        agency,
        &["--json", "key", "new", &file, "--holder", &name, "--plain"],
    );
    let public = made.expect(0).json()["public"].as_str().unwrap().to_owned();
    let added =
        args!("clerk add {name} --public {public} --registries {PERMITS} --operations attest");
    let done = decides(cluster, agency, added).expect(0).json();
    assert_eq!(done["state"], "final", "{done}");
    assert!(done["cosigners"].as_array().unwrap().len() >= 3, "{done}");
    file
}

fn anchor(cluster: &Cluster, number: &str) -> (String, String) {
    let document = cluster.document(&format!("{number}.pdf"), number);
    let command = args!("anchor {document} --registry {PERMITS} --record {number}");
    let _done = cluster.clerk("qurilish", &command).expect(0);
    let receipt = format!("{document}.receipt");
    (document, receipt)
}

/// Says one word of a receipt: `said` is the word and what goes with it.
fn attest(cluster: &Cluster, agency: &str, key: &str, said: Vec<String>) -> Ran {
    let command = [args!("--json attest"), said, args!("--key {key}")].concat();
    cluster.clerk(agency, &command)
}

/// The facts of a receipt that was brought up to date.
fn facts(cluster: &Cluster, document: &str, code: i32) -> Value {
    let receipt = format!("{document}.receipt");
    let _fresh = cluster
        .clerk("kadastr", &["receipt", "refresh", &receipt])
        .expect(0);
    let judged = cluster.clerk("kadastr", &["--json", "verify", document]);
    judged.expect(code).json()["files"][0]["facts"].clone()
}

fn inbox(cluster: &Cluster, agency: &str) -> u64 {
    let listed = cluster.clerk("qurilish", &["--json", "inbox", "--agency", agency]);
    listed.expect(0).json()["all"].as_u64().unwrap()
}

#[test]
fn another_agency_s_word_is_proven_with_the_record() {
    let mut cluster = Cluster::start(0);
    cluster.kill("soliq");
    let policy = args!(
        "registry policy set {PERMITS} --needed 2 --agencies adliya,kadastr,soliq --within 30"
    );
    let _set = decides(&cluster, "qurilish", policy.clone()).expect(0);
    let foreign = decides(&cluster, "kadastr", policy);
    assert!(
        foreign.stderr.contains("belongs to qurilish"),
        "{foreign:?}"
    );
    let (kadastr, adliya) = (attester(&cluster, "kadastr"), attester(&cluster, "adliya"));
    let (document, receipt) = anchor(&cluster, "TSH-1");
    assert_eq!(inbox(&cluster, "kadastr"), 1);
    let seen = facts(&cluster, &document, 0);
    assert_eq!(seen["standing"]["endorsement"], "pending", "{seen}");
    assert_eq!(seen["standing"]["terms"]["needed"], 2, "{seen}");

    // A confirmation has a receipt of its own, and is shown with the record's.
    let confirm = args!("confirm {receipt} --document {document}");
    let _said = attest(&cluster, "kadastr", &kadastr, confirm.clone()).expect(0);
    let own = "TSH-1.pdf.kadastr.confirm.receipt";
    let judged = cluster.clerk("adliya", &["--json", "verify", own]);
    let judged = judged.expect(0).json();
    assert_eq!(
        judged["files"][0]["facts"]["operation"], "confirm",
        "{judged}"
    );
    assert_eq!(inbox(&cluster, "kadastr"), 0);
    assert_eq!(inbox(&cluster, "adliya"), 1);
    let _said = attest(&cluster, "adliya", &adliya, confirm).expect(0);
    let seen = facts(&cluster, &document, 0);
    assert_eq!(seen["standing"]["endorsement"], "effective", "{seen}");
    assert_eq!(seen["standing"]["marks"].as_array().unwrap().len(), 2);
    assert_eq!(inbox(&cluster, "soliq"), 0, "nobody waits for it any more");

    // One who was away learns the keys from the blocks themselves.
    cluster.start_node("soliq");
    wait_until("soliq catches up", || {
        let height = |name| cluster.status(name).map(|status| status["height"].clone());
        height("soliq").is_some() && height("soliq") == height("kadastr")
    });
    let evidence = cluster.document("map.txt", "the plot is a river");
    let dispute = args!(
        "dispute {receipt} --reason D02 --evidence {evidence} --node {}",
        cluster.url("soliq")
    );
    let _said = attest(&cluster, "kadastr", &kadastr, dispute).expect(0);
    let seen = facts(&cluster, &document, 0);
    assert_eq!(seen["standing"]["endorsement"], "disputed", "{seen}");
    // Its own confirmation is not the last word any more: exit code 12.
    let refreshed = cluster.clerk("kadastr", &["receipt", "refresh", own]);
    let _fresh = refreshed.expect(0);
    let _judged = cluster.clerk("kadastr", &["verify", own]).expect(12);
    let history = args!("--json history TSH-1 --registry {PERMITS}");
    let history = cluster.clerk("soliq", &history).expect(0).json();
    assert_eq!(
        history["facts"]["standing"]["endorsement"], "disputed",
        "{history}"
    );

    // A new version starts anew, and an old receipt cannot be attested to any more.
    let newer = cluster.document("TSH-1b.pdf", "another text");
    let amend = args!("amend TSH-1 {newer} --registry {PERMITS} --reason C01");
    let _done = cluster.clerk("qurilish", &amend).expect(0);
    let late = args!("withdraw {receipt} --reason D09");
    let late = attest(&cluster, "adliya", &adliya, late);
    assert!(late.expect(21).stderr.contains("at version 2 by now"));
    let own_record = args!("confirm TSH-1b.pdf.receipt");
    let own_record = attest(&cluster, "qurilish", CLERK, own_record);
    assert!(own_record.expect(4).stderr.contains("clerk's own agency's"));

    let audited = cluster.clerk("kadastr", &["audit", &cluster.url("soliq")]);
    assert!(audited.expect(0).stdout.contains("✔"));
}

#[test]
fn a_version_waits_for_a_second_clerk_where_four_eyes_are_asked() {
    let cluster = Cluster::start(0);
    let second = attester(&cluster, "qurilish");
    let role = args!("registry policy set {PERMITS} --needed 2 --agencies @validators");
    let _set = decides(&cluster, "qurilish", role).expect(0);
    let shown = cluster.clerk("kadastr", &["registry", "policy", "show", PERMITS]);
    let shown = shown.expect(0).stdout;
    assert!(
        shown.contains("once 2 of those that run a validator when it is recorded confirm it"),
        "{shown}"
    );
    let (first, _) = anchor(&cluster, "TSH-8");
    let asked = facts(&cluster, &first, 0)["standing"]["terms"]["agencies"].clone();
    assert_eq!(asked, serde_json::json!(["adliya", "kadastr", "soliq"]));
    let policy = args!("registry policy set {PERMITS} --needed 0 --four-eyes --within 30");
    let _set = decides(&cluster, "qurilish", policy).expect(0);
    let shown = cluster.clerk("kadastr", &["registry", "policy", "show", PERMITS]);
    let shown = shown.expect(0).stdout;
    assert!(
        shown.contains("effective once a second clerk of the agency confirm it within 30 days"),
        "{shown}"
    );
    let history = args!("--json registry policy show {PERMITS} --history");
    let history = cluster.clerk("kadastr", &history).expect(0).json();
    let policies = history["policies"].as_array().unwrap().iter();
    let told: Vec<_> = policies
        .map(|told| (&told["policy"]["number"], &told["policy"]["four_eyes"]))
        .collect();
    assert_eq!(
        format!("{told:?}"),
        "[(Number(1), Bool(false)), (Number(2), Bool(true))]"
    );
    let leaf = |at: usize| history["policies"][at]["place"]["leaf"].as_u64().unwrap();
    assert!(leaf(0) < leaf(1), "{history}");
    assert_shapes("policy-history", &[history]);
    let (document, receipt) = anchor(&cluster, "TSH-9");
    assert_eq!(inbox(&cluster, "qurilish"), 1);
    // What was asked of the first on its day, and what its registry asks by now.
    let first = facts(&cluster, &first, 0);
    assert_eq!(first["standing"]["terms"]["policy"], 1, "{first}");
    assert_eq!(first["policy"]["number"], 2, "{first}");
    let seen = facts(&cluster, &document, 0);
    assert_eq!(seen["standing"]["endorsement"], "pending", "{seen}");
    let author = seen["author"].as_str().unwrap();
    assert_eq!(seen["standing"]["terms"]["four_eyes"], author, "{seen}");
    // It is authentic, and is not in effect: who asks for that is told so by the exit code.
    let effective = ["--json", "verify", "--effective", &document];
    let judged = cluster.clerk("kadastr", &effective).expect(6).json();
    assert_eq!(judged["verdict"], "pending", "{judged}");

    // Whoever made it cannot approve it, with whichever words.
    let own = attest(&cluster, "qurilish", CLERK, args!("confirm {receipt}"));
    let told = own.expect(4).stderr;
    assert!(told.contains("the eyes of a second clerk"), "{told}");
    let approve = args!("confirm {receipt} --document {document}");
    let _said = attest(&cluster, "qurilish", &second, approve).expect(0);
    assert_eq!(inbox(&cluster, "qurilish"), 0);
    let seen = facts(&cluster, &document, 0);
    assert_eq!(seen["standing"]["endorsement"], "effective", "{seen}");
    let _effective = cluster.clerk("kadastr", &effective).expect(0);
    let audited = cluster.clerk("kadastr", &["audit", &cluster.url("soliq")]);
    assert!(audited.expect(0).stdout.contains("✔"));
}

#[test]
fn clerks_come_and_go_by_their_agency_s_decision() {
    let cluster = Cluster::start(0);
    let command = args!("--json key new vera.key --holder qurilish/vera --plain");
    let made = cluster.clerk("qurilish", &command);
    let public = made.expect(0).json()["public"].as_str().unwrap().to_owned();
    // The admin key stays where there is no network: signed there, handed in elsewhere.
    let mut offline = args!(
        "clerk add qurilish/vera --public {public} --registries {PERMITS} --until 2099-12-31 --key '{}' --trust '{}' --yes",
        cluster.dir("qurilish").join("keys/admin.key").display(),
        cluster.trust().display()
    );
    assert!(muhr(&offline).expect(2).stderr.contains("--expires"));
    let act = cluster.path().join("vera.act");
    offline.extend(args!("--expires 1000 --out '{}'", act.display()));
    let signed = muhr(&offline).expect(0);
    assert!(signed.stderr.contains("may register, amend"), "{signed:?}");
    let document = cluster.document("v.pdf", "by vera");
    let by_vera = |code| {
        let anchor = args!("anchor {document} --registry {PERMITS} --record V-1 --key vera.key");
        cluster.clerk("kadastr", &anchor).expect(code)
    };
    assert!(by_vera(4).stderr.contains("not on the ledger"));
    let sent = cluster.clerk("kadastr", &["act", "send", "vera.act"]);
    let _sent = sent.expect(0);
    let twice = cluster.clerk("soliq", &["act", "send", "vera.act"]);
    let _twice = twice.expect(0);
    let _anchored = by_vera(0);

    // A spoilt act names what is wrong, and nobody else decides for the agency.
    let text = fs::read_to_string(&act).unwrap();
    fs::write(&act, text.replace("until 2099-12-31", "until 2098-12-31")).unwrap();
    let spoilt = cluster.clerk("kadastr", &["act", "send", "vera.act"]);
    assert!(spoilt.expect(4).stderr.contains("signature"));
    let revoke = args!("clerk revoke qurilish/vera --reason K01");
    assert!(
        decides(&cluster, "soliq", revoke.clone())
            .expect(4)
            .stderr
            .contains("belongs to qurilish")
    );

    let revoke = [revoke, args!("--compromised 2026-01-01")].concat();
    let revoked = decides(&cluster, "qurilish", revoke);
    let _revoked = revoked.expect(0);
    let listed = args!("--json clerk list --agency qurilish");
    let listed = cluster.clerk("kadastr", &listed).expect(0).json();
    let vera = &listed["clerks"][1];
    assert_eq!(vera["clerk"], "qurilish/vera", "{listed}");
    assert_eq!(vera["compromised"], "2026-01-01T00:00:00.000Z", "{listed}");
    let other = cluster.document("w.pdf", "by vera, later");
    let late = args!("anchor {other} --registry {PERMITS} --record V-2 --key vera.key");
    let late = cluster.clerk("kadastr", &late).expect(4);
    assert!(late.stderr.contains("revoked"), "{late:?}");
    // What she signed before still verifies, and says what is to be thought of it.
    let seen = facts(&cluster, "v.pdf", 0);
    assert_eq!(seen["compromised"], "2026-01-01T00:00:00.000Z", "{seen}");
    let judged = cluster.clerk("kadastr", &["verify", "v.pdf"]).expect(0);
    assert!(
        judged.stdout.contains("may have been in other hands"),
        "{judged:?}"
    );
    let audited = cluster.clerk("kadastr", &["audit", &cluster.url("soliq")]);
    let _audited = audited.expect(0);
}
