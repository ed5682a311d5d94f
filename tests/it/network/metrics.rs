//! The metrics page in both its formats, read by Prometheus' own checker, and what must stand on it.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use tests::{
    cluster::{AGENCIES, Cluster, wait_until},
    require::require,
};

fn page(cluster: &Cluster, name: &str, accept: Option<&str>) -> (String, String) {
    let mut request = ureq::get(format!("{}/metrics", cluster.url(name)));
    if let Some(accept) = accept {
        request = request.header("Accept", accept);
    }
    let mut response = request.call().unwrap();
    let kind = response.headers()["content-type"]
        .to_str()
        .unwrap()
        .to_owned();
    (kind, response.body_mut().read_to_string().unwrap())
}

/// The samples of a page: name with labels, and value.
fn value(page: &str, sample: &str) -> Option<f64> {
    let line = page
        .lines()
        .find_map(|line| line.strip_prefix(sample)?.strip_prefix(' '));
    line.map(|value| value.parse().unwrap())
}

#[test]
fn the_metrics_page_is_what_it_says_and_holds_what_operators_need() {
    let mut cluster = Cluster::start(1);
    let _receipt = cluster.anchor("adliya", "M-1");
    // A refusal, so that its family has a sample.
    let refused = ureq::post(format!("{}/v1/entries", cluster.url("adliya")))
        .config()
        .http_status_as_error(false)
        .build()
        .send("nonsense");
    assert_eq!(refused.unwrap().status().as_u16(), 400);
    wait_until("the clocks of all are compared", || {
        let (_, page) = page(&cluster, "adliya", None);
        let known = |agency: &&str| {
            value(
                &page,
                &format!("muhr_peer_clock_offset_seconds{{peer=\"{agency}\"}}"),
            )
            .is_some()
        };
        AGENCIES[1..].iter().all(known)
    });
    let (kind, older) = page(&cluster, "adliya", None);
    assert_eq!(kind, "text/plain; version=0.0.4; charset=utf-8");
    promtool_finds_nothing(&older);
    holds_what_operators_need(&cluster, &older);
    assert!(!older.contains("# EOF"));
    let (kind, open) = page(&cluster, "adliya", Some("application/openmetrics-text"));
    assert_eq!(
        kind,
        "application/openmetrics-text; version=1.0.0; charset=utf-8"
    );
    assert!(open.ends_with("# EOF\n"), "{open}");
    assert!(open.contains("# TYPE muhr_entries counter\n"));
    // The same samples in both.
    let names = |page: &str| {
        let samples = page.lines().filter(|line| !line.starts_with('#'));
        let names =
            samples.filter_map(|line| line.rsplit_once(' ').map(|(name, _)| name.to_owned()));
        names.collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(names(&older), names(&open));
    // An observer does not vote, and says so.
    let (_, observer) = page(&cluster, "observer-1", None);
    promtool_finds_nothing(&observer);
    assert_eq!(value(&observer, "muhr_votes"), Some(0.0));
    a_peer_that_is_gone_has_missed_what_follows(&mut cluster);
}

/// Checkpoints whose cosignature by an agency came too late.
fn missed(page: &str, agency: &str) -> Option<f64> {
    let name = "muhr_missed_cosignatures_total";
    value(page, &format!("{name}{{agency=\"{agency}\"}}"))
}

fn holds_what_operators_need(cluster: &Cluster, older: &str) {
    for agency in &AGENCIES[1..] {
        let of = |name: &str| value(older, &format!("{name}{{peer=\"{agency}\"}}"));
        assert_eq!(of("muhr_peer_reached"), Some(1.0), "{agency}");
        assert!(of("muhr_peer_silent_seconds").unwrap() < 8.0);
        assert!(of("muhr_peer_clock_offset_seconds").unwrap().abs() < 1.0);
        assert!(of("muhr_peer_chain_height").is_some());
    }
    for agency in AGENCIES {
        assert!(missed(older, agency).is_some(), "{agency}: {older}");
    }
    assert_eq!(value(older, "muhr_epoch"), Some(0.0));
    assert!(value(older, "muhr_disk_free_bytes") > Some(0.0));
    assert_eq!(value(older, "muhr_votes"), Some(1.0));
    assert_eq!(value(older, "muhr_log_lines_lost_total"), Some(0.0));
    assert!(value(older, "muhr_clock_offset_seconds").unwrap().abs() < 1.0);
    assert!(value(older, "muhr_head_timestamp_seconds").unwrap() > 1.7e9);
    let status = cluster.status("adliya").unwrap();
    let build = format!("muhr_build_info{{version={}}}", status["version"]);
    assert_eq!(value(older, &build), Some(1.0), "{older}");
}

fn a_peer_that_is_gone_has_missed_what_follows(cluster: &mut Cluster) {
    let before = cluster.log("adliya").len();
    cluster.kill("soliq");
    wait_until("a peer that is gone is not reached", || {
        let (_, page) = page(cluster, "adliya", None);
        value(&page, "muhr_peer_reached{peer=\"soliq\"}") == Some(0.0)
    });
    // What is published without it, it has missed once something follows.
    for number in 2..=4 {
        let _receipt = cluster.anchor("adliya", &format!("M-{number}"));
    }
    let (_, page) = page(cluster, "adliya", None);
    assert!(missed(&page, "soliq") >= Some(2.0), "{page}");
    assert!(missed(&page, "soliq") > missed(&page, "adliya"), "{page}");
    // Why it is not reached is said once, however often it is dialled.
    wait_until("the reason is said", || {
        let status = cluster.status("adliya").unwrap();
        let peers = status["peers"].as_array().unwrap();
        let soliq = peers.iter().find(|peer| peer["name"] == "soliq").unwrap();
        soliq["reason"]
            .as_str()
            .is_some_and(|why| why.contains("refused"))
    });
    let log = cluster.log("adliya").split_off(before);
    let said = log
        .lines()
        .filter(|line| line.contains("\"not-reached\"") && line.contains("refused"));
    assert_eq!(said.count(), 1, "{log}");
}

fn promtool_finds_nothing(page: &str) {
    let Some(promtool) = require("promtool") else {
        return;
    };
    let mut child = Command::new(promtool)
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(page.as_bytes())
        .unwrap();
    let ran = child.wait_with_output().unwrap();
    let said = [ran.stdout, ran.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(ran.status.success() && said.is_empty(), "{said}\n{page}");
}
