//! What a running node takes of its machine and says of it: open files, room on the disk, its limits; and
//! what becomes of it when the machine gives it no thread.
//!
//! What strangers take of it is `strangers`, and a disk that is full is `disk`.

use std::{
    collections::BTreeMap,
    fs,
    process::{Child, Command, Stdio},
    thread,
};

use node::limits;
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use serde_json::Value;
use tests::{
    cluster::{Cluster, wait_until},
    load::Load,
    require::require,
};

use super::disk::Disk;

fn get(cluster: &Cluster, name: &str, path: &str) -> (u16, String) {
    let request = ureq::get(format!("{}{path}", cluster.url(name)))
        .config()
        .http_status_as_error(false)
        .build();
    let mut answer = request.call().unwrap();
    let body = answer.body_mut().read_to_string().unwrap();
    (answer.status().as_u16(), body)
}

fn metric(cluster: &Cluster, name: &str, sample: &str) -> Option<f64> {
    let page = get(cluster, name, "/metrics").1;
    let mut lines = page.lines();
    let value = lines.find_map(|line| line.strip_prefix(sample)?.strip_prefix(' '));
    value.map(|value| value.parse().unwrap())
}

/// A check of `/readyz`: whether it holds, and its reason. One that fails makes the node not ready.
fn check(cluster: &Cluster, name: &str, wanted: &str) -> (bool, String) {
    let (code, body) = get(cluster, name, "/readyz");
    let health: Value = serde_json::from_str(&body).unwrap();
    let checks = health["checks"].as_array().unwrap();
    let found = checks.iter().find(|check| check["name"] == wanted);
    let found = found.unwrap_or_else(|| panic!("no check {wanted}: {body}"));
    let ok = found["ok"].as_bool().unwrap();
    assert!(ok || code == 503, "{body}");
    (ok, found["reason"].as_str().unwrap().to_owned())
}

fn start(cluster: &mut Cluster, name: &str) {
    cluster.start_node(name);
    let metrics = format!("{}/metrics", cluster.url(name));
    wait_until("the node runs", || ureq::get(&metrics).call().is_ok());
}

#[test]
fn the_soft_limit_of_open_files_is_raised_and_a_lack_of_them_is_said() {
    const SOFT: u32 = 200;
    const HARD: u32 = 3_000;
    let mut cluster = Cluster::create(0);
    let limited = format!("ulimit -Sn {SOFT}; ulimit -Hn {HARD}; exec \"$0\" \"$@\"");
    cluster.run_under("soliq", &["/bin/sh", "-c", &limited]);
    // With the soft limit it would not start: less than its disk and its peers take.
    start(&mut cluster, "soliq");
    assert_eq!(
        metric(&cluster, "soliq", "muhr_open_files_max"),
        Some(f64::from(HARD))
    );
    assert!(check(&cluster, "soliq", "open files").0);
    // An operator takes some away, until fewer are free than a node needs.
    let pid = Pid::from_raw(cluster.pid("soliq").unwrap().cast_signed());
    let allow = |count: u64| {
        let limit = Rlimit {
            current: Some(count),
            maximum: Some(HARD.into()),
        };
        let _before = prlimit(pid, Resource::Nofile, limit).unwrap();
    };
    let used = metric(&cluster, "soliq", "muhr_open_files").unwrap();
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a count of open files"
    )]
    let few = used as u64 + limits::OPEN_FILES_FREE_MIN / 2;
    allow(few);
    let (ok, reason) = check(&cluster, "soliq", "open files");
    assert!(!ok, "{reason}");
    assert!(reason.contains(&format!("of {few} are open")), "{reason}");
    allow(HARD.into());
    let (ok, reason) = check(&cluster, "soliq", "open files");
    assert!(ok, "{reason}");
}

/// The record of votes lies on a small disk of its own, the ledger on a large one: the least room counts.
#[test]
fn a_disk_with_little_room_is_said_while_the_node_goes_on() {
    let mut cluster = Cluster::create(0);
    let place = cluster.path().join("small");
    let Some(disk) = Disk::mount(&place, "2g") else {
        return;
    };
    let dir = cluster.dir("soliq");
    let record = place.join("safety");
    let own = cluster.sign_state("soliq", "vote");
    fs::copy(&own, place.join(own.file_name().unwrap())).unwrap();
    let settings = dir.join("node.toml");
    let text = fs::read_to_string(&settings).unwrap();
    let places = format!("\n[places]\nsafety = \"{}\"\n", record.display());
    fs::write(settings, text + &places).unwrap();
    start(&mut cluster, "soliq");
    let free = || metric(&cluster, "soliq", "muhr_disk_free_bytes").unwrap();
    #[allow(clippy::cast_precision_loss, reason = "far fewer bytes than 2^52")]
    let low = limits::DISK_FREE_BYTES_MIN as f64;
    assert!(free() > low && free() < 2.0 * low, "{}", free());
    let (ok, reason) = check(&cluster, "soliq", "disk");
    assert!(ok, "{reason}");
    disk.resize("1g");
    assert!(free() < low, "{}", free());
    let (ok, reason) = check(&cluster, "soliq", "disk");
    assert!(!ok && reason.contains("MiB are free"), "{reason}");
    assert!(cluster.status("soliq").is_some(), "it goes on");
    disk.resize("2g");
    assert!(check(&cluster, "soliq", "disk").0);
}

#[test]
fn a_running_node_shows_the_limits_of_the_table() {
    let mut cluster = Cluster::create(0);
    start(&mut cluster, "soliq");
    let page = get(&cluster, "soliq", "/metrics").1;
    let shown = page.lines().filter_map(|line| {
        let (labels, value) = line.strip_prefix("muhr_limit{")?.rsplit_once("} ")?;
        Some((labels.to_owned(), value.to_owned()))
    });
    let shown: BTreeMap<String, String> = shown.collect();
    let table = limits::ALL.iter().map(|limit| {
        let labels = format!(
            "name=\"{}\",unit=\"{}\"",
            limit.name.to_lowercase(),
            limit.unit
        );
        (labels, limit.value.to_string())
    });
    assert_eq!(shown, table.collect::<BTreeMap<_, _>>());
}

/// A tracer, which lets its process go when it ends.
struct Tracer(Child);

impl Drop for Tracer {
    fn drop(&mut self) {
        let _ended = self.0.kill();
        let _ended = self.0.wait();
    }
}

/// From now on a process gets no new thread.
fn refuse_threads(strace: &std::path::Path, pid: u32) -> Tracer {
    let tracer = Command::new(strace)
        .args(["-f", "-qq", "-o", "/dev/null", "-e", "trace=clone,clone3"])
        .args(["-e", "inject=clone,clone3:error=EPERM", "-p"])
        .arg(pid.to_string())
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let tracer = Tracer(tracer);
    let is_traced = |task: fs::DirEntry| {
        let status = fs::read_to_string(task.path().join("status")).unwrap_or_default();
        status.contains("TracerPid:") && !status.contains("TracerPid:\t0\n")
    };
    wait_until("all threads are traced", || {
        let tasks = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
        tasks.flatten().all(is_traced)
    });
    tracer
}

/// What checks clients' entries wants a thread more, and panics where it gets none. A node without a door
/// that goes on would look alive.
#[test]
fn a_node_that_loses_one_of_its_parts_ends_and_says_which() {
    let Some(strace) = require("strace") else {
        return;
    };
    let mut cluster = Cluster::start(0);
    let load = Load::new(&cluster);
    let bundle = load.sign(8).iter().fold(Vec::new(), |mut bundle, entry| {
        let length = u16::try_from(entry.text.len()).unwrap();
        bundle.extend(length.to_be_bytes());
        bundle.extend(entry.text.as_bytes());
        bundle
    });
    let tracer = refuse_threads(&strace, cluster.pid("soliq").unwrap());
    let url = format!("{}/v1/bundles", cluster.url("soliq"));
    let asked = thread::spawn(move || ureq::post(url).send(&bundle[..]).is_ok());
    wait_until("the node ends", || cluster.exit_code("soliq").is_some());
    let _answered = asked.join().unwrap();
    drop(tracer);
    assert_eq!(
        cluster.exit_code("soliq"),
        Some(1),
        "{}",
        cluster.log("soliq")
    );
    let log = cluster.log("soliq");
    assert_eq!(
        log.lines().last(),
        Some(
            "muhr-node: the door for clients has ended: a bug; restart the node and report the log"
        ),
        "{log}"
    );
    // Started again it is whole.
    cluster.start_node("soliq");
    wait_until("it is back", || {
        cluster.status("soliq").is_some_and(|it| it["reached"] == 4)
    });
}
