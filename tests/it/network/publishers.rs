//! The log's own line under checkpoints: who can add it, and what is said where it lacks.

use std::fs;

use tests::{
    args,
    cluster::{AGENCIES, Cluster, muhr, wait_until},
    world::MANY,
};

const LACKS: &str = "without the log's own line";

fn publishers<'a>(cluster: &Cluster, names: &[&'a str]) -> Vec<&'a str> {
    let has = |name: &&&str| cluster.dir(name).join("keys/publisher.key").exists();
    names.iter().filter(has).copied().collect()
}

/// As many agencies can be away as the network can lose, and the log's line is there all the same.
#[test]
fn with_two_of_seven_away_another_agency_publishes() {
    let mut cluster = Cluster::create_of(&MANY, 0, &[]);
    assert_eq!(publishers(&cluster, &MANY), MANY[..3]);
    cluster.start_all();
    cluster.kill(MANY[0]);
    cluster.kill(MANY[1]);
    let trust = cluster.trust();
    let trust = trust.to_str().unwrap();
    for number in ["P-1", "P-2"] {
        let receipt = cluster.anchor("soliq", number);
        let judged = muhr(&["--json", "verify", &receipt, "--trust", trust]).expect(0);
        assert_eq!(
            judged.json()["files"][0]["facts"]["log_signed"],
            true,
            "{judged:?}"
        );
        let said = muhr(&["verify", &receipt, "--trust", trust]).expect(0);
        assert!(!said.stdout.contains(LACKS), "{said:?}");
    }
    let status = cluster.status("soliq").unwrap();
    assert_eq!(status["log_signed"], true, "{status}");
}

/// The quorum needs no publisher; whoever hands the checkpoint to other people's tools is told.
#[test]
fn a_checkpoint_without_the_logs_line_is_told_of_everywhere() {
    let mut cluster = Cluster::create(0);
    assert_eq!(publishers(&cluster, &AGENCIES), AGENCIES[..2]);
    let net = cluster.path().join("net");
    let key = |name: &str| net.join(name).join("keys/publisher.key");
    let kept = fs::read(key(AGENCIES[0])).unwrap();
    for name in &AGENCIES[..2] {
        fs::remove_file(key(name)).unwrap();
    }
    cluster.start_all();
    let receipt = cluster.anchor("qurilish", "L-1");
    let trust = cluster.trust();
    let (trust, url) = (trust.to_str().unwrap(), cluster.url("qurilish"));
    let verified = muhr(&["verify", &receipt, "--trust", trust]).expect(0);
    assert!(verified.stdout.contains(LACKS), "{verified:?}");
    let json = muhr(&["--json", "verify", &receipt, "--trust", trust])
        .expect(0)
        .json();
    assert_eq!(json["files"][0]["facts"]["log_signed"], false);
    let status = muhr(&["network", "status", "--node", &url]).expect(0);
    assert!(status.stdout.contains(LACKS), "{status:?}");
    assert_eq!(cluster.status("qurilish").unwrap()["log_signed"], false);
    let dir = cluster.path().join("mirror");
    let dir = dir.to_str().unwrap();
    let mirrored = muhr(&["log", "mirror", &url, dir, "--trust", trust]).expect(0);
    assert!(mirrored.stderr.contains(LACKS), "{mirrored:?}");

    // An agency with the key comes back: what is newer has the line, and the old receipt gets it.
    cluster.kill(AGENCIES[0]);
    fs::write(key(AGENCIES[0]), kept).unwrap();
    let owner_only = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    fs::set_permissions(key(AGENCIES[0]), owner_only).unwrap();
    cluster.start_node(AGENCIES[0]);
    let mut number = 1;
    wait_until("a checkpoint has the line again", || {
        number += 1;
        let _receipt = cluster.anchor("qurilish", &format!("L-{number}"));
        cluster.status("qurilish").unwrap()["log_signed"] == true
    });
    let refresh = args!("receipt refresh {receipt} --node {url} --trust {trust}");
    let _newer = muhr(&refresh).expect(0);
    let verified = muhr(&["verify", &receipt, "--trust", trust]).expect(0);
    assert!(!verified.stdout.contains(LACKS), "{verified:?}");
    let mirrored = muhr(&["log", "mirror", &url, dir, "--trust", trust]).expect(0);
    assert!(!mirrored.stderr.contains(LACKS), "{mirrored:?}");
}

/// Names that mean something in trust files are refused where a network is made.
#[test]
fn no_agency_is_called_by_a_word_of_trust_files() {
    let folder = tempfile::tempdir().unwrap();
    for (at, word) in [
        "all",
        "any",
        "both",
        "group",
        "log",
        "none",
        "outside",
        "quorum",
        "validators",
        "witness",
    ]
    .iter()
    .enumerate()
    {
        let dir = folder.path().join(at.to_string());
        let agencies = format!("adliya,kadastr,{word},soliq");
        let command = args!(
            "network create --origin registry.example.uz/test/1 --agencies {agencies} --dir '{}'",
            dir.display()
        );
        let refused = muhr(&command).expect(2);
        assert!(
            refused
                .stderr
                .contains(&format!("\"{word}\" is not the name")),
            "{refused:?}"
        );
        assert!(
            refused.stderr.contains("means something in trust files"),
            "{refused:?}"
        );
        assert!(!dir.exists(), "{word}");
    }
    let dir = folder.path().join("fine");
    let create = args!(
        "network create --origin registry.example.uz/test/1 --agencies all-1,log-2,none-3,witness-4 --dir '{}'",
        dir.display()
    );
    let _made = muhr(&create).expect(0);
    let trust = dir.join("trust.policy");
    let _read = muhr(&["trust", "show", trust.to_str().unwrap()]).expect(0);
}
