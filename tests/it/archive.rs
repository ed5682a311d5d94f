//! The log outside the nodes: a mirror in a folder, a watch over several nodes, and what held then.

use std::fs;

use tests::cluster::{Cluster, muhr, wait_until};

use crate::schemas::assert_shapes;

fn anchor(cluster: &Cluster, number: u32) {
    let document = cluster.document(&format!("{number}.txt"), &format!("document {number}"));
    let record = format!("A-{number}");
    let command = [
        "anchor",
        &document,
        "--registry",
        "qurilish.permits",
        "--record",
        &record,
    ];
    let _done = cluster.clerk("qurilish", &command).expect(0);
}

#[test]
fn a_mirror_is_audited_like_a_node_and_kept_up_to_date() {
    let cluster = Cluster::start(0);
    (1..=2).for_each(|number| anchor(&cluster, number));
    let (url, trust) = (cluster.url("kadastr"), cluster.trust());
    let folder = cluster.path().join("mirror");
    let (folder, trust) = (folder.to_str().unwrap(), trust.to_str().unwrap());
    let mirror = ["--json", "log", "mirror", &url, folder, "--trust", trust];
    let audit = ["--json", "audit", folder, "--trust", trust];
    let first = muhr(&mirror).expect(0).json();
    assert_shapes("mirror", std::slice::from_ref(&first));
    assert_eq!(muhr(&audit).expect(0).json()["entries"], 2);
    anchor(&cluster, 3);
    wait_until("the node has published it", || {
        let again = muhr(&mirror).expect(0).json();
        again["size"].as_u64() > first["size"].as_u64()
    });
    assert_eq!(muhr(&audit).expect(0).json()["entries"], 3);
    // A mirror of the mirror is the same log.
    let second = cluster.path().join("second");
    let second = second.to_str().unwrap();
    let copied = muhr(&["log", "mirror", folder, second, "--trust", trust]).expect(0);
    assert!(copied.stdout.contains("up to size"));
    // One changed byte in an entry is found, by an audit and by whoever mirrors it.
    let bundle = cluster.path().join("mirror/tile/entries/000.p/8");
    let mut bytes = fs::read(&bundle).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&bundle, bytes).unwrap();
    assert_eq!(muhr(&audit).code, 14);
    let third = cluster.path().join("third");
    let third = third.to_str().unwrap();
    let spoilt = muhr(&["log", "mirror", folder, third, "--trust", trust]);
    assert_eq!(spoilt.code, 14);
    assert!(!cluster.path().join("third/checkpoint").exists());
}

#[test]
fn a_watch_follows_nodes_and_names_those_that_are_away_or_behind() {
    let mut cluster = Cluster::start(0);
    anchor(&cluster, 1);
    let (one, two, trust) = (
        cluster.url("kadastr"),
        cluster.url("soliq"),
        cluster.trust(),
    );
    let (trust, state) = (trust.to_str().unwrap(), cluster.path().join("seen"));
    let old = cluster.path().join("old");
    let old = old.to_str().unwrap();
    let _mirrored = muhr(&["log", "mirror", &one, old, "--trust", trust]).expect(0);
    anchor(&cluster, 2);
    wait_until("the node has published it", || {
        cluster
            .status("kadastr")
            .is_some_and(|status| status["published"] == 6)
    });
    let state = state.to_str().unwrap();
    let watch = |places: &[&str]| {
        let mut words = vec!["audit", "watch"];
        words.extend(places);
        words.extend(["--trust", trust, "--state", state, "--rounds", "1"]);
        muhr(&words)
    };
    let seen = watch(&[&one, &two]).expect(0);
    assert_eq!(
        seen.stdout.matches("consistent").count(),
        2,
        "{}",
        seen.stdout
    );
    cluster.kill("soliq");
    let seen = watch(&[&one, &two, old]).expect(0);
    assert!(seen.stdout.contains("cannot be reached"), "{}", seen.stdout);
    assert!(seen.stdout.contains("was seen before"), "{}", seen.stdout);
    let told = muhr(&[
        "--json", "audit", "watch", &one, "--trust", trust, "--state", state, "--rounds", "1",
    ]);
    assert_shapes("watch", &[told.expect(0).json()]);
    // What was seen stays known: a log that is only older is never taken for a contradiction.
    assert_eq!(watch(&[old]).code, 5);
}

#[test]
fn what_held_then_follows_from_the_history() {
    let cluster = Cluster::start(0);
    anchor(&cluster, 1);
    let revoke = [
        "revoke",
        "A-1",
        "--registry",
        "qurilish.permits",
        "--reason",
        "C02",
    ];
    let _revoked = cluster.clerk("qurilish", &revoke).expect(0);
    let at = |when: &str| {
        let command = [
            "--json",
            "history",
            "A-1",
            "--registry",
            "qurilish.permits",
            "--at",
            when,
        ];
        cluster.clerk("qurilish", &command).json()["at"].clone()
    };
    let expected = |proven, version: Option<u64>, status: Option<&str>| serde_json::json!({"proven": proven, "version": version, "status": status});
    assert_eq!(at("0"), expected(true, None, None));
    assert_eq!(at("1"), expected(true, Some(1), Some("active")));
    assert_eq!(at("2"), expected(true, Some(2), Some("revoked")));
    assert_eq!(at("99"), expected(false, None, None));
    assert_eq!(at("2020-01-01"), expected(true, None, None));
    assert_eq!(at("2999-01-01T00:00:00Z"), expected(false, None, None));
    let command = [
        "history",
        "A-1",
        "--registry",
        "qurilish.permits",
        "--at",
        "soon",
    ];
    let _usage = cluster.clerk("qurilish", &command).expect(2);
}

#[test]
fn a_trust_file_is_known_by_eight_words_and_one_wrong_word_is_caught() {
    let cluster = Cluster::start(0);
    let trust = cluster.trust();
    let trust = trust.to_str().unwrap();
    let shown = muhr(&["--json", "trust", "show", trust]).expect(0).json();
    let words: Vec<&str> = shown["words"].as_str().unwrap().split(' ').collect();
    assert_shapes("trust", std::slice::from_ref(&shown));
    assert_eq!(words.len(), 8);
    let check = |words: &[&str]| {
        let mut command = vec!["trust", "check", trust];
        command.extend(words);
        muhr(&command)
    };
    let _right = check(&words).expect(0);
    let _joined = check(&[&words.join("-").to_uppercase()]).expect(0);
    for at in 0..8 {
        let mut wrong = words.clone();
        wrong[at] = "zuzuz";
        let refused = check(&wrong).expect(3);
        assert!(
            refused.stderr.contains(&format!("word {}", at + 1)),
            "{}",
            refused.stderr
        );
    }
}
