//! Real processes: agencies are killed and come back, observers follow, entries are never lost.

use std::fs;

use tests::{
    args,
    cluster::{AGENCIES, Cluster, wait_until},
};

fn height(cluster: &Cluster, name: &str) -> u64 {
    cluster
        .status(name)
        .and_then(|status| status["height"].as_u64())
        .unwrap_or(0)
}

#[test]
fn a_network_survives_the_loss_of_one_and_stops_safely_without_two() {
    let mut cluster = Cluster::start(1);
    let one = cluster.document("one.txt", "one");
    let command = args!("anchor {one} --registry qurilish.permits --record N-1");
    let _done = cluster.clerk("qurilish", &command).expect(0);
    wait_until("the observer follows", || {
        height(&cluster, "observer-1") == 1
    });
    cluster.kill("soliq");
    let two = cluster.document("two.txt", "two");
    let command = args!("anchor {two} --registry qurilish.permits --record N-2");
    let _done = cluster.clerk("qurilish", &command).expect(0);
    cluster.kill("adliya");
    let three = cluster.document("three.txt", "three");
    let command = args!("anchor {three} --registry qurilish.permits --record N-3 --timeout 7");
    let pending = cluster.clerk("qurilish", &command).expect(6);
    assert!(pending.stderr.contains("not final yet"));
    assert!(cluster.path().join("three.txt.receipt.pending").exists());
    wait_until("the status names who is missing", || {
        cluster
            .status("qurilish")
            .is_some_and(|status| status["missing"] == serde_json::json!(["adliya", "soliq"]))
    });
    // By now what was proposed in vain is older than a proposal may be; it is brought again to those who come back.
    cluster.start_node("adliya");
    cluster.start_node("soliq");
    let command = args!("anchor {three} --registry qurilish.permits --record N-3 --timeout 60");
    let _done = cluster.clerk("qurilish", &command).expect(0);
    assert!(!cluster.path().join("three.txt.receipt.pending").exists());
    for name in AGENCIES.into_iter().chain(["observer-1"]) {
        wait_until("everybody catches up", || height(&cluster, name) == 3);
        let audit = cluster
            .clerk("qurilish", &["--json", "audit", &cluster.url(name)])
            .expect(0)
            .json();
        assert_eq!(
            (audit["entries"].as_u64(), audit["blocks"].as_u64()),
            (Some(3), Some(3)),
            "{name}"
        );
        // All clocks are this machine's, and nobody's is accused of the outage.
        assert!(!cluster.log(name).contains("\"untimely\""), "{name}");
    }
}

#[test]
fn the_same_entry_gives_the_same_receipt_from_every_node() {
    let mut cluster = Cluster::start(0);
    let document = cluster.document("same.txt", "same");
    let command = args!("anchor {document} --registry kadastr.permits --record S-1");
    let _done = cluster.clerk("kadastr", &command).expect(0);
    let first = fs::read_to_string(cluster.path().join("same.txt.receipt")).unwrap();
    // The entry again, to every node, also after one was killed: the same place in the log.
    let entry = first
        .split("--- opening")
        .next()
        .unwrap()
        .split_once("--- entry\n")
        .unwrap()
        .1
        .to_owned();
    cluster.kill("soliq");
    cluster.start_node("soliq");
    for name in AGENCIES {
        wait_until("the node answers with the same leaf", || {
            let sent = ureq::post(format!("{}/v1/entries", cluster.url(name)))
                .config()
                .http_status_as_error(false)
                .build()
                .send(entry.as_str());
            let Ok(mut response) = sent else { return false };
            let Ok(text) = response.body_mut().read_to_string() else {
                return false;
            };
            let answer: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
            answer["state"] == "final" && answer["index"] == 2
        });
    }
    // The command again: the receipt is there, nothing is sent.
    let again = cluster.clerk_at("kadastr", "adliya", &command).expect(0);
    assert!(again.stderr.contains("already there"));
    assert_eq!(
        fs::read_to_string(cluster.path().join("same.txt.receipt")).unwrap(),
        first
    );
}

#[test]
fn killing_all_at_once_loses_no_receipt() {
    let mut cluster = Cluster::start(0);
    for number in 1..=5 {
        let document = cluster.document(&format!("k{number}.txt"), &format!("content {number}"));
        let command = args!("anchor {document} --registry soliq.permits --record K-{number}");
        let _done = cluster.clerk("soliq", &command).expect(0);
    }
    for name in AGENCIES {
        cluster.kill(name);
    }
    for name in AGENCIES {
        cluster.start_node(name);
    }
    let document = cluster.document("k6.txt", "content 6");
    wait_until("the network is back", || {
        cluster
            .status("soliq")
            .is_some_and(|status| status["reached"] == 4)
    });
    let command = args!("anchor {document} --registry soliq.permits --record K-6");
    let _done = cluster.clerk("soliq", &command).expect(0);
    for number in 1..=6 {
        let _authentic = cluster
            .clerk("soliq", &["verify", &format!("k{number}.txt")])
            .expect(0);
        let command = args!("--json history K-{number} --registry soliq.permits");
        let history = cluster.clerk("soliq", &command).expect(0).json();
        assert_eq!(
            history["facts"]["versions"].as_array().map(Vec::len),
            Some(1)
        );
    }
}
