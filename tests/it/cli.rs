//! Exit codes as verdicts, each produced by what it stands for; and the table of the help.

use std::fs;

use protocol::{
    checkpoint::Checkpoint,
    cosignature::{self, Cosigner},
    hash::RootHash,
    height::LogSize,
    keyfile::KeyFile,
};
use tests::cluster::{Cluster, muhr, wait_until};

#[test]
fn exit_codes_without_a_network() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let _usage = muhr(&["anchor"]).expect(2);
    let _usage = muhr(&["no-such-command"]).expect(2);
    let _usage = muhr(&[
        "network",
        "create",
        "--agencies",
        "a,b,c",
        "--origin",
        "x.example/1",
        "--dir",
        &path("n"),
    ])
    .expect(2);
    fs::write(path("bad.policy"), "log nonsense\n").unwrap();
    fs::write(path("doc"), "content").unwrap();
    let bad = muhr(&["verify", &path("doc"), "--trust", &path("bad.policy")]).expect(3);
    assert!(bad.stderr.contains("line 1"), "{}", bad.stderr);
    let _missing = muhr(&["verify", &path("doc"), "--trust", &path("none.policy")]).expect(3);
    let _away = muhr(&["network", "status", "--node", "http://127.0.0.1:9"]).expect(5);
    let codes = muhr(&["exit-codes"]).expect(0);
    for code in [
        0, 1, 2, 3, 4, 5, 6, 10, 11, 12, 13, 14, 15, 16, 17, 20, 21, 30,
    ] {
        assert!(
            codes
                .stdout
                .lines()
                .any(|line| line.trim_start().starts_with(&format!("{code}  "))),
            "{code}"
        );
    }
    assert_eq!(muhr(&["help", "exit-codes"]).expect(0).code, 0);
}

#[test]
fn key_files_are_private_and_not_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("k.key").to_str().unwrap().to_owned();
    let made = muhr(&[
        "--json",
        "key",
        "new",
        &key,
        "--holder",
        "qurilish/aziza-2026",
        "--plain",
    ])
    .expect(0)
    .json();
    let shown = muhr(&["--json", "key", "show", &key, "--proof-for", "x.example/1"])
        .expect(0)
        .json();
    assert_eq!(made["public"], shown["public"]);
    assert!(shown["proof"].is_string());
    let _kept = muhr(&[
        "key",
        "new",
        &key,
        "--holder",
        "qurilish/aziza-2026",
        "--plain",
    ])
    .expect(1);
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    fs::set_permissions(&key, mode).unwrap();
    let open = muhr(&["key", "show", &key]).expect(3);
    assert!(open.stderr.contains("chmod 600"));
}

#[test]
#[expect(clippy::too_many_lines, reason = "one story, in its order")]
fn exit_codes_are_verdicts() {
    let cluster = Cluster::start(0);
    let registry = ["--registry", "qurilish.permits"];
    let run = |arguments: &[&str]| cluster.clerk("qurilish", &[arguments, &registry].concat());
    let document = cluster.document("a.txt", "first");
    let _done = run(&[
        "anchor",
        &document,
        "--record",
        "A-1",
        "--field",
        "area=80",
        "--effective",
        "2026-11-01",
    ])
    .expect(0);
    let _authentic = cluster.clerk("qurilish", &["verify", "a.txt"]).expect(0);
    // 21: the number is taken by other content
    let other = cluster.document("b.txt", "second");
    let conflict = run(&["anchor", &other, "--record", "A-1"]).expect(21);
    assert!(
        conflict.stderr.contains("version-taken"),
        "{}",
        conflict.stderr
    );
    // 4: the clerk of another agency
    let foreign = cluster
        .clerk_at(
            "soliq",
            "soliq",
            &[
                "anchor",
                &other,
                "--record",
                "A-2",
                "--registry",
                "qurilish.permits",
            ],
        )
        .expect(4);
    assert!(foreign.stderr.contains("foreign-registry"));
    // 4: a clerk that nobody authorised
    let unknown = cluster
        .path()
        .join("unknown.key")
        .to_str()
        .unwrap()
        .to_owned();
    let _made = muhr(&[
        "key",
        "new",
        &unknown,
        "--holder",
        "qurilish/nobody",
        "--plain",
    ])
    .expect(0);
    let refused = run(&["anchor", &other, "--record", "A-2", "--key", &unknown]).expect(4);
    assert!(refused.stderr.contains("unknown-clerk"));
    // 11: altered
    cluster.document("altered.txt", "fjrst");
    let _altered = cluster
        .clerk(
            "qurilish",
            &["verify", "altered.txt", "--receipt", "a.txt.receipt"],
        )
        .expect(11);
    // 17 and back
    let _done = run(&[
        "suspend",
        "A-1",
        "--reason",
        "S01",
        "--out",
        "suspend.receipt",
    ])
    .expect(0);
    let _suspended = run(&["history", "A-1"]).expect(17);
    let _suspended = cluster
        .clerk("qurilish", &["verify", "suspend.receipt"])
        .expect(17);
    let _refused = run(&["amend", "A-1", "b.txt", "--reason", "C02"]).expect(21);
    let _done = run(&[
        "reinstate",
        "A-1",
        "--reason",
        "S02",
        "--out",
        "reinstate.receipt",
    ])
    .expect(0);
    let _authentic = run(&["history", "A-1"]).expect(0);
    // 12: superseded, seen in a receipt fetched after the amendment
    let _done = run(&["amend", "A-1", "b.txt", "--reason", "C02"]).expect(0);
    let old = superseded(&cluster);
    let _superseded = cluster.clerk("qurilish", &["verify", &old]).expect(12);
    // 13
    let _done = run(&[
        "revoke",
        "A-1",
        "--reason",
        "R04",
        "--out",
        "revoke.receipt",
    ])
    .expect(0);
    let _revoked = cluster
        .clerk("qurilish", &["verify", "revoke.receipt"])
        .expect(13);
    // 10
    let _absent = run(&["history", "A-99"]).expect(10);
    let _absent = run(&[
        "amend",
        "A-99",
        "b.txt",
        "--reason",
        "C02",
        "--out",
        "x.receipt",
    ])
    .expect(10);
    // 16: without a receipt, and without the opening
    cluster.document("alone.txt", "alone");
    let _undecided = cluster
        .clerk("qurilish", &["verify", "alone.txt"])
        .expect(16);
    // 14: any cut of the receipt
    let receipt = fs::read(cluster.path().join("a.txt.receipt")).unwrap();
    for cut in [0, 1, 100, receipt.len() / 2, receipt.len() - 1] {
        fs::write(cluster.path().join("cut.receipt"), &receipt[..cut]).unwrap();
        let _broken = cluster
            .clerk("qurilish", &["verify", "a.txt", "--receipt", "cut.receipt"])
            .expect(14);
    }
    // 15: the trust file of another network
    let _made = muhr(&[
        "network",
        "create",
        "--agencies",
        "a,b,c,d",
        "--origin",
        "other.example/1",
        "--dir",
        cluster.path().join("other").to_str().unwrap(),
    ])
    .expect(0);
    let _wrong = cluster
        .clerk(
            "qurilish",
            &["verify", "a.txt", "--trust", "other/trust.policy"],
        )
        .expect(15);
    let _wrong = cluster
        .clerk(
            "qurilish",
            &[
                "audit",
                &cluster.url("soliq"),
                "--trust",
                "other/trust.policy",
            ],
        )
        .expect(15);
    let _wrong = run(&[
        "anchor",
        "alone.txt",
        "--record",
        "A-3",
        "--trust",
        "other/trust.policy",
    ])
    .expect(15);
    fork_evidence(&cluster);
}

/// The receipt of version 1 as a node gives it now.
fn superseded(cluster: &Cluster) -> String {
    let text = fs::read_to_string(cluster.path().join("a.txt.receipt")).unwrap();
    let entry = text
        .split_once("--- entry\n")
        .unwrap()
        .1
        .split("--- ")
        .next()
        .unwrap();
    let id = protocol::entry::Entry::parse(entry.as_bytes())
        .unwrap()
        .statement
        .id()
        .to_hex();
    let url = format!("{}/v1/entries/{id}/receipt", cluster.url("kadastr"));
    let mut found = String::new();
    wait_until("the other node has the receipt", || {
        found = ureq::get(&url)
            .call()
            .and_then(|mut response| response.body_mut().read_to_string())
            .unwrap_or_default();
        found.contains("record active 4")
    });
    cluster.document("old.receipt", &found)
}

/// 30: all agencies sign two roots for one size; the auditor saw the other one before.
fn fork_evidence(cluster: &Cluster) {
    let note = ureq::get(format!("{}/checkpoint", cluster.url("soliq")))
        .call()
        .unwrap()
        .body_mut()
        .read_to_string()
        .unwrap();
    let seen = Checkpoint::parse(
        note.split("\n\n")
            .next()
            .map(|text| format!("{text}\n"))
            .unwrap()
            .as_str(),
    )
    .unwrap();
    let forged = Checkpoint {
        root: RootHash::new([9; 32]),
        size: LogSize::new(seen.size.get()),
        ..seen
    };
    let mut forged_note = format!("{}\n", forged.write());
    let genesis =
        protocol::genesis::Genesis::parse(&fs::read(cluster.path().join("net/genesis")).unwrap())
            .unwrap();
    for agency in &genesis.agencies {
        let key = KeyFile::parse(
            &fs::read(cluster.dir(agency.name.as_str()).join("keys/cosign.key")).unwrap(),
        )
        .unwrap();
        let signature = cosignature::sign(&key.secret, 1_795_430_401, &forged.write());
        forged_note += &Cosigner::validator(agency.cosigner.clone(), agency.cosign.key)
            .cosignature_line(1_795_430_401, &signature);
    }
    cluster.document("seen.checkpoint", &forged_note);
    let forked = cluster
        .clerk(
            "qurilish",
            &[
                "audit",
                &cluster.url("soliq"),
                "--against",
                "seen.checkpoint",
                "--evidence",
                "fork.evidence",
            ],
        )
        .expect(30);
    assert!(forked.stderr.contains("forked"));
    let _evidence = cluster
        .clerk("qurilish", &["verify", "fork.evidence"])
        .expect(30);
    // The node's own checkpoint is no contradiction.
    cluster.document("own.checkpoint", &note);
    let _done = cluster
        .clerk(
            "qurilish",
            &[
                "audit",
                &cluster.url("soliq"),
                "--against",
                "own.checkpoint",
            ],
        )
        .expect(0);
}

#[test]
fn every_row_of_a_table_is_accounted_for() {
    let cluster = Cluster::start(0);
    let table =
        "\u{feff}number,kind\nB-1,house\nB-2,\"two\nlines\"\nB-1,again\n,empty\nB-3\nB-4,last\n";
    cluster.document("table.csv", table);
    let command = [
        "--json",
        "anchor",
        "bulk",
        "table.csv",
        "--registry",
        "qurilish.permits",
        "--record",
        "number",
        "--out",
        "bulk",
    ];
    let ran = cluster.clerk("qurilish", &command).expect(20).json();
    assert_eq!(
        ran["counts"],
        serde_json::json!({"anchored": 3, "duplicate": 1, "invalid": 2})
    );
    let result = fs::read_to_string(cluster.path().join("bulk/result.csv")).unwrap();
    let rows: Vec<&str> = result.lines().skip(1).collect();
    assert_eq!(rows.len(), 6, "{result}");
    for (row, status) in [
        ("2,", "anchored"),
        ("3,", "anchored"),
        ("4,", "duplicate"),
        ("5,", "invalid"),
        ("6,", "invalid"),
        ("7,", "anchored"),
    ] {
        assert!(
            rows.iter()
                .any(|line| line.starts_with(row) && line.contains(status)),
            "row {row} {status}: {result}"
        );
    }
    for receipt in ["0000002", "0000003", "0000007"] {
        let _authentic = cluster
            .clerk(
                "qurilish",
                &["verify", &format!("bulk/receipts/{receipt}.receipt")],
            )
            .expect(0);
    }
    // Again: the same receipts, nothing new in the log.
    let before = fs::read(cluster.path().join("bulk/receipts/0000002.receipt")).unwrap();
    let again = cluster.clerk("qurilish", &command).expect(20).json();
    assert_eq!(again["counts"], ran["counts"]);
    assert_eq!(
        fs::read(cluster.path().join("bulk/receipts/0000002.receipt")).unwrap(),
        before
    );
    // Another folder knows nothing of the first run: the numbers are taken.
    let command = [
        "--json",
        "anchor",
        "bulk",
        "table.csv",
        "--registry",
        "qurilish.permits",
        "--record",
        "number",
        "--out",
        "second",
    ];
    let second = cluster.clerk("qurilish", &command).expect(20).json();
    assert_eq!(second["counts"]["conflict"], 3);
    for (content, record, message) in [
        (
            &b"number,kind\nB-9,\xff\xfe\n"[..],
            "number",
            "row 2, column \"kind\": not UTF-8",
        ),
        (
            b"number,kind\nB-9,x\n",
            "nummer",
            "the columns are: number, kind",
        ),
        (b"number,number\nB-9,x\n", "number", "repeated"),
    ] {
        fs::write(cluster.path().join("bad.csv"), content).unwrap();
        let refused = cluster
            .clerk(
                "qurilish",
                &[
                    "anchor",
                    "bulk",
                    "bad.csv",
                    "--registry",
                    "qurilish.permits",
                    "--record",
                    record,
                    "--out",
                    "bad",
                ],
            )
            .expect(2);
        assert!(refused.stderr.contains(message), "{}", refused.stderr);
    }
}
