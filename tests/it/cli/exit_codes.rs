//! Exit codes as verdicts, each produced by what it stands for; and the table of the help.

use std::fs;

use protocol::{
    checkpoint::Checkpoint,
    cosignature::{self, Cosigner},
    hash::RootHash,
    height::LogSize,
    keyfile::KeyFile,
};
use tests::{
    args,
    cluster::{Cluster, muhr, wait_until},
};

#[test]
fn exit_codes_without_a_network() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let _usage = muhr(&args!("anchor")).expect(2);
    let _usage = muhr(&args!("no-such-command")).expect(2);
    let command = args!(
        "network create --agencies a,b,c --origin x.example/1 --dir {}",
        path("n")
    );
    let _usage = muhr(&command).expect(2);
    fs::write(path("bad.policy"), "log nonsense\n").unwrap();
    fs::write(path("doc"), "content").unwrap();
    let command = args!("verify {} --trust {}", path("doc"), path("bad.policy"));
    let bad = muhr(&command).expect(3);
    assert!(bad.stderr.contains("line 1"), "{}", bad.stderr);
    let command = args!("verify {} --trust {}", path("doc"), path("none.policy"));
    let _missing = muhr(&command).expect(3);
    let _away = muhr(&args!("network status --node http://127.0.0.1:9")).expect(5);
    let codes = muhr(&args!("exit-codes")).expect(0);
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
    assert_eq!(muhr(&args!("help exit-codes")).expect(0).code, 0);
}

#[test]
fn key_files_are_private_and_not_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("k.key").to_str().unwrap().to_owned();
    let command = args!("--json key new {key} --holder qurilish/aziza-2026 --plain");
    let made = muhr(&command).expect(0).json();
    let shown = muhr(&args!("--json key show {key} --proof-for x.example/1"))
        .expect(0)
        .json();
    assert_eq!(made["public"], shown["public"]);
    assert!(shown["proof"].is_string());
    let _kept = muhr(&args!("key new {key} --holder qurilish/aziza-2026 --plain")).expect(1);
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    fs::set_permissions(&key, mode).unwrap();
    let open = muhr(&args!("key show {key}")).expect(3);
    assert!(open.stderr.contains("chmod 600"));
}

#[test]
fn exit_codes_are_verdicts() {
    let cluster = Cluster::start(0);
    let run = |arguments: Vec<String>| {
        let registry = args!("--registry qurilish.permits");
        cluster.clerk("qurilish", &[arguments, registry].concat())
    };
    let document = cluster.document("a.txt", "first");
    let _done = run(args!(
        "anchor {document} --record A-1 --field area=80 --effective 2026-11-01"
    ))
    .expect(0);
    let _authentic = cluster.clerk("qurilish", &args!("verify a.txt")).expect(0);
    // 21: the number is taken by other content
    let other = cluster.document("b.txt", "second");
    let conflict = run(args!("anchor {other} --record A-1")).expect(21);
    assert!(
        conflict.stderr.contains("version-taken"),
        "{}",
        conflict.stderr
    );
    // 4: the clerk of another agency
    let command = args!("anchor {other} --record A-2 --registry qurilish.permits");
    let foreign = cluster.clerk_at("soliq", "soliq", &command).expect(4);
    assert!(foreign.stderr.contains("foreign-registry"));
    // 4: a clerk that nobody authorised
    let made = args!("key new unknown.key --holder qurilish/nobody --plain");
    let _made = cluster.clerk("qurilish", &made).expect(0);
    let refused = run(args!("anchor {other} --record A-2 --key unknown.key")).expect(4);
    assert!(refused.stderr.contains("unknown-clerk"));
    // 11: altered
    cluster.document("altered.txt", "fjrst");
    let command = args!("verify altered.txt --receipt a.txt.receipt");
    let _altered = cluster.clerk("qurilish", &command).expect(11);
    // 17 and back
    let _done = run(args!("suspend A-1 --reason S01 --out suspend.receipt")).expect(0);
    let _suspended = run(args!("history A-1")).expect(17);
    let command = args!("verify suspend.receipt");
    let _suspended = cluster.clerk("qurilish", &command).expect(17);
    let _refused = run(args!("amend A-1 b.txt --reason C02")).expect(21);
    let _done = run(args!("reinstate A-1 --reason S02 --out reinstate.receipt")).expect(0);
    let _authentic = run(args!("history A-1")).expect(0);
    // 12: superseded, seen in a receipt fetched after the amendment
    let _done = run(args!("amend A-1 b.txt --reason C02")).expect(0);
    let old = superseded(&cluster);
    let _superseded = cluster.clerk("qurilish", &args!("verify {old}")).expect(12);
    // 13
    let _done = run(args!("revoke A-1 --reason R04 --out revoke.receipt")).expect(0);
    let command = args!("verify revoke.receipt");
    let _revoked = cluster.clerk("qurilish", &command).expect(13);
    // 10
    let _absent = run(args!("history A-99")).expect(10);
    let _absent = run(args!("amend A-99 b.txt --reason C02 --out x.receipt")).expect(10);
    // 16: without a receipt, and without the opening
    cluster.document("alone.txt", "alone");
    let command = args!("verify alone.txt");
    let _undecided = cluster.clerk("qurilish", &command).expect(16);
    // 14: any cut of the receipt; 16 for one that is no receipt any more, or lost its last line feed alone
    let receipt = fs::read(cluster.path().join("a.txt.receipt")).unwrap();
    for (cut, code) in [
        (0, 16),
        (1, 16),
        (100, 14),
        (receipt.len() / 2, 14),
        (receipt.len() - 1, 16),
    ] {
        fs::write(cluster.path().join("cut.receipt"), &receipt[..cut]).unwrap();
        let command = args!("verify a.txt --receipt cut.receipt");
        let _broken = cluster.clerk("qurilish", &command).expect(code);
    }
    of_another_network(&cluster);
    fork_evidence(&cluster);
}

/// 15: the trust file of another network.
fn of_another_network(cluster: &Cluster) {
    let command = args!(
        "network create --agencies a,b,c,d --origin other.example/1 --dir '{}'",
        cluster.path().join("other").display()
    );
    let _made = muhr(&command).expect(0);
    let command = args!("verify a.txt --trust other/trust.policy");
    let _wrong = cluster.clerk("qurilish", &command).expect(15);
    let command = args!("audit {} --trust other/trust.policy", cluster.url("soliq"));
    let _wrong = cluster.clerk("qurilish", &command).expect(15);
    let command = args!(
        "anchor alone.txt --record A-3 --registry qurilish.permits --trust other/trust.policy"
    );
    let _wrong = cluster.clerk("qurilish", &command).expect(15);
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
    // At the same size, and at a smaller one that is perfect or not.
    let size = seen.size.get();
    let perfect = 1 << (size - 1).ilog2();
    for size in [size, size - 1, perfect, 1] {
        let forged = Checkpoint {
            root: RootHash::new([9; 32]),
            size: LogSize::new(size),
            ..seen.clone()
        };
        let mut forged_note = format!("{}\n", forged.write());
        let genesis = protocol::genesis::Genesis::parse(
            &fs::read(cluster.path().join("net/genesis")).unwrap(),
        )
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
        let command = args!(
            "audit {} --against seen.checkpoint --evidence fork.evidence",
            cluster.url("soliq")
        );
        let forked = cluster.clerk("qurilish", &command).expect(30);
        assert!(forked.stderr.contains("evidence is in"), "{forked:?}");
        let command = args!("verify fork.evidence");
        let _evidence = cluster.clerk("qurilish", &command).expect(30);
    }
    // The node's own checkpoint is no contradiction.
    cluster.document("own.checkpoint", &note);
    let command = args!("audit {} --against own.checkpoint", cluster.url("soliq"));
    let _done = cluster.clerk("qurilish", &command).expect(0);
}

#[test]
fn every_row_of_a_table_is_accounted_for() {
    let cluster = Cluster::start(0);
    let table =
        "\u{feff}number,kind\nB-1,house\nB-2,\"two\nlines\"\nB-1,again\n,empty\nB-3\nB-4,last\n";
    cluster.document("table.csv", table);
    let command = args!(
        "--json anchor bulk table.csv --registry qurilish.permits --record number --out bulk"
    );
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
        let command = args!("verify bulk/receipts/{receipt}.receipt");
        let _authentic = cluster.clerk("qurilish", &command).expect(0);
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
    let command = args!(
        "--json anchor bulk table.csv --registry qurilish.permits --record number --out second"
    );
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
        (
            b"number,number\nB-9,x\n",
            "number",
            "its name, \"number\", is that of column 1 too",
        ),
    ] {
        fs::write(cluster.path().join("bad.csv"), content).unwrap();
        let command =
            args!("anchor bulk bad.csv --registry qurilish.permits --record {record} --out bad");
        let refused = cluster.clerk("qurilish", &command).expect(2);
        assert!(refused.stderr.contains(message), "{}", refused.stderr);
    }
}
