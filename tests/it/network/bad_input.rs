//! Bad input at the doors of a node: clear refusals, and nothing lost. Folders, ports and disks too.

use std::{
    fs,
    process::{Command, Stdio},
};

use serde_json::Value;
use tests::{
    args,
    cluster::{Cluster, Ran, binary, wait_until},
};

fn post(url: &str, body: &[u8]) -> (u16, Value) {
    let request = ureq::post(url).config().http_status_as_error(false).build();
    let mut response = request.send(body).unwrap();
    let text = response.body_mut().read_to_string().unwrap();
    (
        response.status().as_u16(),
        serde_json::from_str(&text).unwrap_or_default(),
    )
}

fn node(dir: &std::path::Path) -> Ran {
    Command::new(binary("muhr-node"))
        .args(["run", "--dir"])
        .arg(dir)
        .stdin(Stdio::null())
        .output()
        .unwrap()
        .into()
}

#[test]
fn a_node_refuses_what_is_no_entry_and_says_why() {
    let cluster = Cluster::start(0);
    let document = cluster.document("d.txt", "d");
    let command = args!("anchor {document} --registry adliya.permits --record D-1");
    let _done = cluster.clerk("adliya", &command).expect(0);
    let receipt = fs::read_to_string(cluster.path().join("d.txt.receipt")).unwrap();
    let entry = receipt
        .split_once("--- entry\n")
        .unwrap()
        .1
        .split("--- ")
        .next()
        .unwrap()
        .to_owned();
    let url = format!("{}/v1/entries", cluster.url("kadastr"));
    let cases: [(String, u16, &str); 8] = [
        (String::new(), 400, "malformed"),
        ("\u{0}\u{1}garbage".to_owned(), 400, "malformed"),
        (format!("{entry}\n"), 400, "malformed"),
        (format!("{entry}trailing\n"), 400, "malformed"),
        (
            entry.replace("\nversion 1\n", "\nversion 01\n"),
            400,
            "malformed",
        ),
        (
            entry.replace("author adliya/clerk-1", "author adliya/clerk-2"),
            403,
            "unknown-clerk",
        ),
        (entry.replace("expires ", "expires 1"), 403, "bad-signature"),
        ("x".repeat(5000), 400, "malformed"),
    ];
    for (body, status, code) in cases {
        let (found, problem) = post(&url, body.as_bytes());
        assert_eq!(
            (found, problem["code"].as_str()),
            (status, Some(code)),
            "{problem}"
        );
        assert!(problem["detail"].as_str().unwrap().len() > 10);
    }
    // Non-canonical base64: the same bytes with another last letter.
    let bent = entry.replace("=\nversion", "\nversion");
    assert_eq!(post(&url, bent.as_bytes()).1["code"], "malformed");
    // The unchanged entry is still the same one.
    wait_until("it is final at this node too", || {
        post(&url, entry.as_bytes()).1["state"] == "final"
    });
    let (status, _) = post(
        &format!("{}/v1/bundles", cluster.url("kadastr")),
        b"\xff\xffcut",
    );
    assert_eq!(status, 400);
    paths_of_nothing_and_of_something(&cluster);
}

fn paths_of_nothing_and_of_something(cluster: &Cluster) {
    for path in [
        "/tile/0/1",
        "/tile/0/000.p/0",
        "/tile/99/000",
        "/tile/entries/x01/000",
        "/v1/entries/zz",
        "/v1/records/Bad/00/history",
        "/nothing",
    ] {
        let response = ureq::get(format!("{}{path}", cluster.url("kadastr")))
            .config()
            .http_status_as_error(false)
            .build()
            .call()
            .unwrap();
        assert!(
            (400..500).contains(&response.status().as_u16()),
            "{path}: {}",
            response.status()
        );
    }
    for path in [
        "/livez",
        "/readyz",
        "/metrics",
        "/checkpoint",
        "/v1/genesis",
        "/v1/trust",
        "/v1/network",
    ] {
        let response = ureq::get(format!("{}{path}", cluster.url("kadastr")))
            .call()
            .unwrap();
        assert_eq!(response.status().as_u16(), 200, "{path}");
    }
}

#[test]
fn a_second_process_a_taken_port_and_a_wrong_folder_are_refused() {
    let mut cluster = Cluster::start(0);
    let dir = cluster.dir("soliq");
    let second = node(&dir).expect(1);
    assert!(
        second.stderr.contains("is another node running"),
        "{}",
        second.stderr
    );
    // The same folder with other ports: its lock says so.
    let toml = fs::read_to_string(dir.join("node.toml")).unwrap();
    let elsewhere = toml.replace(&cluster.setting("soliq", "http"), "127.0.0.1:0");
    fs::write(dir.join("node.toml"), elsewhere).unwrap();
    let second = node(&dir).expect(1);
    assert!(
        second.stderr.contains("another process"),
        "{}",
        second.stderr
    );
    fs::write(dir.join("node.toml"), &toml).unwrap();
    // The same ports from another folder.
    cluster.kill("soliq");
    let taken = cluster
        .url("adliya")
        .trim_start_matches("http://")
        .to_owned();
    let http = toml
        .lines()
        .find(|line| line.starts_with("http = "))
        .unwrap();
    fs::write(
        dir.join("node.toml"),
        toml.replace(http, &format!("http = \"{taken}\"")),
    )
    .unwrap();
    let port = node(&dir).expect(1);
    assert!(port.stderr.contains("cannot listen on"), "{}", port.stderr);
    // Misspelt settings, another agency's keys, readable keys, another genesis.
    fs::write(dir.join("node.toml"), format!("colour = 1\n{toml}")).unwrap();
    assert!(node(&dir).expect(3).stderr.contains("colour"));
    fs::write(
        dir.join("node.toml"),
        toml.replace("agency = \"soliq\"", "agency = \"adliya\"")
            .replace("adliya = ", "soliq = "),
    )
    .unwrap();
    assert!(
        node(&dir)
            .expect(3)
            .stderr
            .contains("another agency's folder")
    );
    fs::write(dir.join("node.toml"), &toml).unwrap();
    let key = dir.join("keys/vote.key");
    fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o640)).unwrap();
    assert!(node(&dir).expect(3).stderr.contains("chmod 600"));
    fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let genesis = fs::read_to_string(dir.join("genesis")).unwrap();
    fs::write(
        dir.join("genesis"),
        genesis
            .replacen("lifetime", "life", 1)
            .replacen("limits 4096", "limits 4095", 1),
    )
    .unwrap();
    let other = node(&dir);
    assert_ne!(other.code, 0);
    fs::write(dir.join("genesis"), genesis).unwrap();
}
