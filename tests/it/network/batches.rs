//! Batches on real nodes: signed once, taken whole or not at all, each entry proven alone, also by those
//! who were away.

use std::{fs, ops::Range};

use protocol::{
    batch::WholeBatch,
    chain_id::NetworkId,
    entry::{Authorship, Operation, Statement},
    key::SecretKey,
    keyfile::KeyFile,
    name::ClerkName,
    policy::TrustPolicy,
    receipt::Receipt,
};
use serde_json::Value;
use tests::{
    args,
    cluster::{Cluster, Ran, wait_until},
    world::statement,
};

const REGISTRY: &str = "qurilish.permits";

fn bulk(cluster: &Cluster, name: &str, numbers: impl IntoIterator<Item = String>) -> Ran {
    let rows: String = numbers
        .into_iter()
        .map(|number| format!("{number},x\n"))
        .collect();
    let table = cluster.document(&format!("{name}.csv"), &format!("number,kind\n{rows}"));
    cluster.clerk(
        "qurilish",
        &args!("--json anchor bulk {table} --record number --registry {REGISTRY} --out {name}"),
    )
}

fn receipt(cluster: &Cluster, name: &str, row: u64) -> Receipt {
    let file = format!("{name}/receipts/{row:07}.receipt");
    let bytes = fs::read(cluster.path().join(file)).unwrap();
    Receipt::parse(&bytes).unwrap()
}

fn height(cluster: &Cluster, name: &str) -> u64 {
    let status = cluster.status(name);
    status
        .and_then(|status| status["height"].as_u64())
        .unwrap_or(0)
}

fn audited(cluster: &Cluster, node: &str) -> Value {
    let audited = cluster.clerk("qurilish", &["--json", "audit", &cluster.url(node)]);
    audited.expect(0).json()
}

#[test]
fn a_table_is_signed_once_and_every_row_is_proven_alone() {
    let mut cluster = Cluster::start(0);
    cluster.kill("soliq");
    let numbers = || (0..300).map(|row| format!("B-{row}"));
    let ran = bulk(&cluster, "first", numbers()).expect(0).json();
    assert_eq!(ran["counts"]["anchored"], 300);
    let receipts: Vec<Receipt> = (2..302)
        .map(|row| receipt(&cluster, "first", row))
        .collect();
    let leaf = &receipts[0].batch.as_ref().unwrap().leaf;
    assert_eq!(leaf.statement.count, 300);
    for receipt in &receipts {
        assert_eq!(receipt.entry.authorship, Authorship::Batched);
        assert_eq!(&receipt.batch.as_ref().unwrap().leaf, leaf);
    }
    let one = cluster.path().join("first/receipts/0000123.receipt");
    let one = one.to_str().unwrap();
    let judged = cluster.clerk("kadastr", &["--json", "verify", one]);
    assert_eq!(
        judged.expect(0).json()["files"][0]["facts"]["record"],
        "B-121"
    );

    // One of the rows is there already, by a document of its own: the rest goes in without it.
    let document = cluster.document("C-7.pdf", "C-7");
    let single = args!("anchor {document} --registry {REGISTRY} --record C-7");
    let _done = cluster.clerk("qurilish", &single).expect(0);
    let ran = bulk(&cluster, "second", (0..20).map(|row| format!("C-{row}")))
        .expect(20)
        .json();
    assert_eq!(ran["counts"]["anchored"], 19, "{ran}");
    assert_eq!(ran["counts"]["conflict"], 1, "{ran}");
    let batch = receipt(&cluster, "second", 2).batch.unwrap();
    assert_eq!(batch.leaf.statement.count, 19);

    // Whoever was away reads the batches back as they were handed in.
    cluster.start_node("soliq");
    wait_until("the node has caught up", || {
        height(&cluster, "soliq") == height(&cluster, "kadastr")
    });
    let (there, here) = (audited(&cluster, "soliq"), audited(&cluster, "kadastr"));
    assert_eq!(there["root"], here["root"]);
    assert_eq!(there["entries"], 300 + 1 + 19);

    // A record of a batch lives on like any other, and its history says how it began.
    let document = cluster.document("C-3.pdf", "C-3, changed");
    let amend = args!("amend C-3 {document} --registry {REGISTRY} --reason C01");
    let _done = cluster.clerk("qurilish", &amend).expect(0);
    let key = ["--json", "history", "C-3", "--registry", REGISTRY];
    let history = cluster.clerk("kadastr", &key).expect(0).json();
    assert_eq!(
        history["facts"]["versions"].as_array().unwrap().len(),
        2,
        "{history}"
    );
}

fn post(url: &str, body: &str) -> (u16, Value) {
    let request = ureq::post(url).config().http_status_as_error(false).build();
    let mut response = request.send(body.as_bytes()).unwrap();
    let text = response.body_mut().read_to_string().unwrap();
    let found = serde_json::from_str(&text).unwrap_or_default();
    (response.status().as_u16(), found)
}

/// The clerk of `cluster` at `qurilish`: name, key and network.
fn clerk(cluster: &Cluster) -> (ClerkName, SecretKey, NetworkId) {
    let file = fs::read(cluster.dir("qurilish").join("keys/clerk.key")).unwrap();
    let file = KeyFile::parse(&file).unwrap();
    let trust = TrustPolicy::parse(&fs::read(cluster.trust()).unwrap()).unwrap();
    let name = ClerkName::parse(&file.holder).unwrap();
    (name, file.secret, trust.network_id().unwrap())
}

/// A statement of that clerk about each of these records.
fn statements_of(author: &ClerkName, rows: Range<u64>) -> Vec<Statement> {
    let all = rows.map(|row| {
        let mut statement = statement("qurilish", &format!("D-{row}"), Operation::Register, None);
        statement.author = author.clone();
        statement
    });
    all.collect()
}

#[test]
fn a_node_takes_a_batch_whole_or_names_the_entry_that_is_wrong() {
    let cluster = Cluster::start(0);
    let (author, secret, network) = clerk(&cluster);
    let url = format!("{}/v1/entries", cluster.url("kadastr"));
    let statements = |rows| statements_of(&author, rows);
    let sign = |all| WholeBatch::sign(all, &network, &secret).unwrap();

    let mut bent = statements(0..10);
    bent[6].commitment = None;
    let (status, problem) = post(&url, &sign(bent).write());
    assert_eq!(
        (status, problem["code"].as_str()),
        (422, Some("commitment-missing")),
        "{problem}"
    );
    assert_eq!(problem["row"], 7);
    let mut twice = statements(0..10);
    twice[9] = twice[0].clone();
    let (status, problem) = post(&url, &sign(twice).write());
    assert_eq!(
        (status, problem["code"].as_str()),
        (422, Some("twice-in-batch")),
        "{problem}"
    );

    let batch = sign(statements(0..10));
    let text = batch.write();
    let leaf = batch.leaf.write();
    let (first, second) = (batch.entries[0].write(), batch.entries[1].write());
    let swapped = text.replacen(&format!("{first}{second}"), &format!("{second}{first}"), 1);
    for (body, status, code) in [
        (first.clone(), 400, "batch-missing"),
        (leaf.clone(), 400, "malformed"),
        (format!("{leaf}{first}"), 400, "malformed"),
        (format!("{text}{first}"), 400, "malformed"),
        (format!("{text}x"), 400, "malformed"),
        (swapped, 403, "bad-signature"),
        (
            text.replacen("expires 10000", "expires 9999", 1),
            400,
            "malformed",
        ),
        (format!("{leaf}{}", "x".repeat(1 << 20)), 400, "malformed"),
    ] {
        let (found, problem) = post(&url, &body);
        assert_eq!(
            (found, problem["code"].as_str()),
            (status, Some(code)),
            "{problem}"
        );
    }

    // Nothing of all that is there; the same batch, unbent, is taken, and twice is once.
    let (status, answer) = post(&url, &text);
    assert!(matches!(status, 200 | 202), "{answer}");
    wait_until("the batch is final", || {
        post(&url, &text).1["state"] == "final"
    });
    let id = batch.entries[4].statement.id().to_hex();
    let found = ureq::get(format!("{url}/{id}/receipt?wait=10000")).call();
    let found = found.unwrap().body_mut().read_to_string().unwrap();
    let receipt = Receipt::parse(found.as_bytes()).unwrap();
    assert_eq!(receipt.batch.unwrap().leaf, batch.leaf);
    let (status, problem) = post(&url, &sign(statements(5..12)).write());
    assert_eq!(
        (status, problem["row"].as_u64()),
        (422, Some(1)),
        "{problem}"
    );
    assert_eq!(problem["code"], "already-there");
    assert_eq!(audited(&cluster, "kadastr")["entries"], 10);
}
