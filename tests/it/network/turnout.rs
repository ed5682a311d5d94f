//! Who counts: a validator that is there and does not vote is no help, and two nodes with one key are told.

use std::{fs, net::TcpListener, process::Command, time::Duration};

use serde_json::{Value, json};
use tests::cluster::{Cluster, muhr, wait_until, wait_within};

fn get(cluster: &Cluster, name: &str, path: &str) -> Option<(u16, String)> {
    let asked = ureq::get(format!("{}{path}", cluster.url(name)));
    let mut answer = asked
        .config()
        .http_status_as_error(false)
        .build()
        .call()
        .ok()?;
    let page = answer.body_mut().read_to_string().ok()?;
    Some((answer.status().as_u16(), page))
}

/// Whether `/readyz` of a node is well, and the check of that name.
fn readiness(cluster: &Cluster, name: &str, check: &str) -> Option<(bool, bool, String)> {
    let (_, page) = get(cluster, name, "/readyz")?;
    let health: Value = serde_json::from_str(&page).ok()?;
    let checks = health["checks"].as_array()?;
    let found = checks.iter().find(|found| found["name"] == check)?;
    let reason = found["reason"].as_str()?.to_owned();
    Some((health["ok"].as_bool()?, found["ok"].as_bool()?, reason))
}

#[test]
fn validators_that_are_there_and_silent_are_not_counted_and_are_named() {
    let mut cluster = Cluster::start(0);
    let _receipt = cluster.anchor("qurilish", "T-1");
    for name in ["soliq", "kadastr"] {
        cluster.kill(name);
        fs::remove_file(cluster.sign_state(name, "vote")).unwrap();
        cluster.start_node_that_lost(name);
    }
    // Two of four speak: no block can hold the marks that the others wait for.
    for name in ["adliya", "qurilish"] {
        wait_until("both are there and count for nothing", || {
            let status = cluster.status(name).unwrap_or_default();
            let peers = status["peers"].as_array().cloned().unwrap_or_default();
            let lost = peers.iter().filter(|peer| {
                let silent = peer["silent"].as_str().unwrap_or_default();
                peer["reached"] == true && silent.starts_with("its sign state is lost")
            });
            lost.count() == 2
                && status["reached"] == 2
                && status["missing"] == json!(["kadastr", "soliq"])
        });
        let (is_ready, is_well, reason) = readiness(&cluster, name, "quorum").unwrap();
        assert!(!is_ready && !is_well, "{reason}");
        let named = "soliq is reached and does not vote: its sign state is lost";
        assert!(reason.contains(named), "{reason}");
        let (_, page) = get(&cluster, name, "/metrics").unwrap();
        assert!(page.contains("muhr_validators_reached 2\n"), "{page}");
        let said = muhr(&["network", "status", "--node", &cluster.url(name)]).expect(0);
        assert!(
            said.stdout.contains("stopped safely: 2 validators"),
            "{said:?}"
        );
        assert!(
            said.stdout
                .contains("does not vote: its sign state is lost"),
            "{said:?}"
        );
    }
    for name in ["soliq", "kadastr"] {
        wait_until("a silent node says so of itself", || {
            readiness(&cluster, name, "votes").is_some_and(|(ready, votes, _)| !ready && !votes)
        });
    }
    // Nothing gets into a block, and after a while that alone is told.
    wait_until("the entries that wait are told of", || {
        readiness(&cluster, "adliya", "progress")
            .is_some_and(|(_, is_well, reason)| !is_well && reason.contains("without a block"))
    });
}

/// Each of the two speaks every two seconds, and both must have spoken twice: four seconds, and as many more for
/// words that are lost with a stream and for a copy that is still being connected to, on a machine that is loaded.
const NOTICED_WITHIN: Duration = Duration::from_secs(20);

/// A copy of a validator's folder that runs elsewhere.
#[test]
fn two_nodes_with_one_key_are_named_and_neither_is_called_away() {
    let mut cluster = Cluster::start(0);
    let _receipt = cluster.anchor("qurilish", "T-1");
    wait_until(
        "nothing is being written at the node that is copied",
        || {
            let shown = |name| {
                let status = cluster.status(name)?;
                Some((status["height"].as_u64()?, status["published"].as_u64()?))
            };
            shown("soliq").is_some() && shown("soliq") == shown("qurilish")
        },
    );
    let (own, copy) = (cluster.dir("soliq"), cluster.dir("soliq-2"));
    let copied = Command::new("cp").arg("-a").args([&own, &copy]).status();
    assert!(copied.unwrap().success());
    let path = copy.join("node.toml");
    let mut text = fs::read_to_string(&path).unwrap();
    for key in ["p2p", "http"] {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let free = free.local_addr().unwrap().to_string();
        let mine = cluster.setting("soliq", key);
        text = text.replacen(&format!("\"{mine}\""), &format!("\"{free}\""), 1);
    }
    fs::write(&path, text).unwrap();
    cluster.add_node("soliq-2");
    cluster.start_node("soliq-2");
    wait_until("the copy is a node", || {
        assert!(cluster.is_alive("soliq-2"), "{}", cluster.log("soliq-2"));
        cluster.status("soliq-2").is_some()
    });
    for name in ["adliya", "kadastr", "qurilish"] {
        wait_within(NOTICED_WITHIN, "two are noticed", || {
            assert!(cluster.is_alive("soliq-2"), "{}", cluster.log("soliq-2"));
            warning(&cluster, name).is_some()
        });
        let said = warning(&cluster, name).unwrap();
        assert!(said.matches("127.0.0.1:").count() >= 2, "{said}");
        assert!(cluster.log(name).contains("\"key-used-twice\""));
        let peers = &cluster.status(name).unwrap()["peers"];
        let mut peers = peers.as_array().unwrap().iter();
        let soliq = peers.find(|peer| peer["name"] == "soliq").unwrap();
        assert_eq!(soliq["reached"], true, "{soliq}");
    }
}

/// What a node says of a second node with soliq's key.
fn warning(cluster: &Cluster, name: &str) -> Option<String> {
    let status = cluster.status(name)?;
    let warnings = status["warnings"].as_array()?.iter();
    let said = warnings.filter_map(Value::as_str);
    let mut said = said.filter(|said| said.contains("another node uses soliq's key"));
    said.next().map(ToOwned::to_owned)
}
