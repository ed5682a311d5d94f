//! The log outside the nodes: a mirror in a folder, a watch over several nodes, and what held then.

use std::fs;

use tests::{
    args,
    cluster::{Cluster, muhr, wait_until},
};

use crate::house::schemas::assert_shapes;

fn anchor(cluster: &Cluster, number: u32) {
    let document = cluster.document(&format!("{number}.txt"), &format!("document {number}"));
    let record = format!("A-{number}");
    let command = args!("anchor {document} --registry qurilish.permits --record {record}");
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
    let command = args!("--json audit watch {one} --trust {trust} --state {state} --rounds 1");
    let told = muhr(&command);
    assert_shapes("watch", &[told.expect(0).json()]);
    // What was seen stays known: a log that is only older is never taken for a contradiction.
    assert_eq!(watch(&[old]).code, 5);
}

#[test]
fn what_held_then_follows_from_the_history() {
    let cluster = Cluster::start(0);
    anchor(&cluster, 1);
    let revoke = args!("revoke A-1 --registry qurilish.permits --reason C02");
    let _revoked = cluster.clerk("qurilish", &revoke).expect(0);
    let ask = |record: &str, when: &str, form: &[&str]| {
        let command = ["history", record, "--registry", "qurilish.permits"];
        let command = [form, &command, &["--at", when]].concat();
        cluster.clerk("qurilish", &command)
    };
    let judged = |when: &str, code: i32, at: (bool, Option<u64>, Option<&str>)| {
        let shown = ask("A-1", when, &["--json"]).expect(code).json();
        let (proven, version, status) = at;
        let expected = serde_json::json!({"proven": proven, "version": version, "status": status});
        assert_eq!(
            (&shown["at"], &shown["exit_code"]),
            (&expected, &code.into())
        );
        assert_eq!(shown["facts"]["status"], "revoked", "{when}");
    };
    // The verdict is of the moment that was asked for.
    judged("0", 10, (true, None, None));
    judged("1", 0, (true, Some(1), Some("active")));
    judged("2", 13, (true, Some(2), Some("revoked")));
    judged("99", 16, (false, None, None));
    judged("2020-01-01", 10, (true, None, None));
    judged("2999-01-01T00:00:00Z", 16, (false, None, None));
    // Of a number that was never registered too.
    assert_eq!(ask("B-9", "1", &[]).code, 10);
    assert_eq!(ask("B-9", "99", &[]).code, 16);
    // A number that is not there says how it was read, and one that loses a letter is none.
    let parted = ask("12|2026", "1", &[]).expect(10).stdout;
    assert!(
        parted.contains("read as 2 parts: \"12\", \"2026\""),
        "{parted}"
    );
    let lost = ask("12\\2026", "1", &[]).expect(2).stderr;
    assert!(lost.contains("write \\\\ for a backslash"), "{lost}");
    // The first line says what held then, and what it is by now stands below where that differs.
    let then = ask("A-1", "1", &[]).expect(0).stdout;
    let first = then.lines().next().unwrap_or_default();
    assert!(
        first.contains("AUTHENTIC  A-1 in qurilish.permits, after block 1"),
        "{then}"
    );
    assert!(then.contains("as of block 2: version 2, revoked"), "{then}");
    let now = ask("A-1", "2", &[]).expect(13).stdout;
    assert!(!now.contains("as of block 2: version 2"), "{now}");
    let before = ask("A-1", "0", &[]).expect(10).stdout;
    assert!(!before.contains("never registered"), "{before}");
    let command = args!("history A-1 --registry qurilish.permits --at soon");
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
