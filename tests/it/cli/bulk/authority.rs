//! A clerk whose key is ended in the middle of an import: what stands is proven, what does not is named,
//! and another clerk ends the work from the list of errors.

use std::{fs, process::Stdio};

use tests::cluster::{Cluster, Ran, send_signal, wait_until};

const ROWS: u64 = 32_000;

fn run(cluster: &Cluster, line: &str) -> Ran {
    cluster.clerk("qurilish", &line.split_whitespace().collect::<Vec<_>>())
}

/// A clerk of `qurilish` whose key is `{name}.key`.
fn clerk(cluster: &Cluster, name: &str) {
    let new = format!("--json key new {name}.key --holder qurilish/{name} --plain");
    let made = run(cluster, &new).expect(0).json();
    let public = made["public"].as_str().unwrap();
    let add = format!("clerk add qurilish/{name} --public {public} --registries qurilish.permits");
    let _added = run(cluster, &format!("{add} --yes {}", admin(cluster))).expect(0);
}

fn admin(cluster: &Cluster) -> String {
    let key = cluster.dir("qurilish").join("keys/admin.key");
    format!("--key {}", key.display())
}

#[test]
fn a_clerk_whose_key_ends_in_mid_import_leaves_nothing_undecided() {
    let cluster = Cluster::start(0);
    clerk(&cluster, "first");
    clerk(&cluster, "second");
    let table: String = (0..ROWS).map(|row| format!("A-{row},house\n")).collect();
    cluster.document("t.csv", &format!("number,kind\n{table}"));
    let bulk = "--json anchor bulk t.csv --record number --registry qurilish.permits --out out";
    let arguments = format!("{bulk} --archive --key first.key");
    let arguments: Vec<&str> = arguments.split(' ').collect();
    let mut command = cluster.clerk_command("qurilish", "qurilish", &arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let import = command.spawn().unwrap();
    let archive = cluster.path().join("out/receipts.archive");
    wait_until("the first receipts are there", || {
        fs::metadata(&archive).is_ok_and(|found| found.len() > 1 << 10)
    });
    // It stands still meanwhile, or a fast machine is through before anybody can revoke.
    send_signal(import.id(), "STOP");
    let revoke = "clerk revoke qurilish/first --reason K01 --yes";
    let _revoked = run(&cluster, &format!("{revoke} {}", admin(&cluster))).expect(0);
    send_signal(import.id(), "CONT");
    let ran = Ran::from(import.wait_with_output().unwrap()).expect(20);
    let counts = ran.json()["counts"].clone();
    let count = |what: &str| counts[what].as_u64().unwrap_or(0);
    assert!(count("anchored") > 0, "{counts}");
    assert!(count("refused") > 0, "the import was over first: {counts}");
    assert_eq!(count("anchored") + count("refused"), ROWS, "{counts}");
    let errors = fs::read_to_string(cluster.path().join("out/t.errors.csv")).unwrap();
    let refused = errors.lines().filter(|line| {
        line.contains(
            "clerk qurilish/first was revoked by its agency; sign with the key of a clerk",
        )
    });
    assert_eq!(refused.count() as u64, count("refused"));

    // Another clerk takes the list of errors as it is; then every row has exactly one entry.
    let rest = "--json anchor bulk out/t.errors.csv --record number --registry qurilish.permits";
    let rest = format!("{rest} --out rest --archive --key second.key");
    let done = run(&cluster, &rest).expect(0).json();
    assert_eq!(done["counts"]["anchored"], count("refused"));
    let url = cluster.url("soliq");
    let audited = run(&cluster, &format!("--json audit {url}"))
        .expect(0)
        .json();
    assert_eq!(audited["records"], ROWS);
}
