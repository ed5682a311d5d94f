//! Hostile: what do strangers and a flooding observer at two of four nodes cost an anchor at a third, and
//! what do those two need meanwhile?
//!
//! The same load, held to half a core, presses first on a server beside the network that answers from
//! memory: what an anchor loses then it loses to the machine and not to the nodes.

use std::{
    fs,
    net::SocketAddr,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use tests::{
    cluster::{AGENCIES, Cluster, wait_until},
    hostile::peer_id,
    load::Load,
    press::{
        Spec, Standing, Tally,
        child::{Running, Task},
    },
};
use verify::Verdict;

use super::{
    load::Node,
    report::{Report, percentile},
};

const PRESSED: [&str; 2] = ["adliya", "kadastr"];
const THIRD: &str = "qurilish";
const FOURTH: &str = "soliq";
const ANCHORS: u32 = 300;
const EVERY: Duration = Duration::from_millis(100);
/// Versions of the record whose history is asked for.
const VERSIONS: usize = 200;
/// The load has so long to come to its height.
const RISE: Duration = Duration::from_secs(15);
const FILES: u32 = 1024;
const MIB: u64 = 1 << 20;

pub(crate) fn measure(report: &mut Report) {
    let mut cluster = Cluster::create(1);
    for name in PRESSED {
        cluster.run_as_advised(name, FILES);
    }
    cluster.start_all();
    cluster.kill("observer-1");
    let load = Load::new(&cluster);
    let spec = Spec {
        http: PRESSED
            .map(|name| cluster.setting(name, "http").parse().unwrap())
            .to_vec(),
        silent: 4000,
        bodies: 1000,
        readers: 200,
        questions: questions(&cluster, &load),
        peers: PRESSED.map(|name| peer(&cluster, name)).to_vec(),
        key: Some(cluster.dir("observer-1").join("keys/peer.key")),
        share: Some(0.5),
    };
    let idle = anchors(&cluster, &load);
    let (control, beside) = control(&cluster, &load, &spec);
    let before = PRESSED.map(|name| cluster.resident_bytes(name));
    let pressing = start(&Task::Press(spec), &cluster, "press.json");
    let watch = Watch::default();
    let (hostile, ready) = thread::scope(|scope| {
        scope.spawn(|| watch.look(&cluster));
        let _over = Over(&watch.over);
        thread::sleep(RISE);
        let hostile = anchors(&cluster, &load);
        let ready = PRESSED.map(|name| millis_to_answer(&cluster, name));
        (hostile, ready)
    });
    let returned = restart(&mut cluster);
    let pressed = tally(pressing);
    let calm = calm_again(&cluster);
    for name in AGENCIES {
        assert!(cluster.is_alive(name), "{name} has ended");
    }
    write_times(report, [idle, control, hostile], [&beside, &pressed]);
    let figure = format!(
        "{} MiB at the most, {} files and connections",
        watch.bytes.load(Ordering::Relaxed) / MIB,
        watch.files.load(Ordering::Relaxed)
    );
    let note = format!("before: {} and {} MiB", before[0] / MIB, before[1] / MIB);
    report.row(
        "hostile: what a pressed node needs",
        figure,
        "< 512 MiB, < 1,024",
        &note,
    );
    let note = "within 32 MiB of a node that holds the same log and was left alone, after the load has ended";
    report.row("hostile: memory comes back", calm, "", note);
    let figure = format!("within {:.0} and {:.0} ms", ready[0], ready[1]);
    let note = "while the load is on";
    report.row(
        "hostile: readyz of the pressed nodes is answered",
        figure,
        "",
        note,
    );
    let figure = format!("within {returned:.1} s");
    report.row(
        "hostile: a restarted validator reaches all others",
        figure,
        "",
        note,
    );
}

/// The half and the hundredth part of how long anchors take, in milliseconds.
type Times = (f64, f64);

/// The same load at a server beside the network.
fn control(cluster: &Cluster, load: &Load, spec: &Spec) -> (Times, Tally) {
    let mut standing = Standing::default();
    for question in &spec.questions {
        standing.learn(spec.http[0], question);
    }
    let mut stands = start(&Task::Stand(standing, PRESSED.len()), cluster, "stand.json");
    let beside = stands.stands();
    let spec = Spec {
        http: beside.http,
        peers: beside.peers,
        ..spec.clone()
    };
    let pressing = start(&Task::Press(spec), cluster, "control.json");
    thread::sleep(RISE);
    let times = anchors(cluster, load);
    (times, tally(pressing))
}

fn start(task: &Task, cluster: &Cluster, name: &str) -> Running {
    task.start(
        &std::env::current_exe().unwrap(),
        &cluster.path().join(name),
    )
}

fn write_times(report: &mut Report, times: [Times; 3], tallies: [&Tally; 2]) {
    let [idle, control, hostile] = times;
    let shown_times = |(p50, p99): Times| format!("p50 {p50:.1} ms, p99 {p99:.1} ms");
    let note = "300 at 10 a second, receipts verified";
    report.row(
        "hostile: an anchor at a third node, idle",
        shown_times(idle),
        "",
        note,
    );
    let what = "hostile: the same with the load at a server beside the network";
    report.row(what, shown_times(control), "", &shown(tallies[0]));
    let figure = format!(
        "{}: {:.1} times idle, {:.1} times the server beside",
        shown_times(hostile),
        hostile.1 / idle.1,
        hostile.1 / control.1
    );
    let what = "hostile: the same with the load at two of four nodes";
    let target = "p99 ≤ 3 times idle, ≤ 1.5 times the other";
    report.row(what, figure, target, &shown(tallies[1]));
}

fn shown(tally: &Tally) -> String {
    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    format!(
        "4,000 silent connections, 1,000 bodies without end and 200 readers at each, and a flooding observer, all of half a core: {} connections made, {} ended by the other side, {} MiB of bodies, {} answers, {} busy, {} MiB flooded",
        count(&tally.opened),
        count(&tally.ended),
        count(&tally.sent_bytes) / MIB,
        count(&tally.answered),
        count(&tally.busy),
        count(&tally.flooded_bytes) / MIB
    )
}

fn tally(pressing: Running) -> Tally {
    serde_json::from_str(&pressing.end()).unwrap()
}

fn peer(cluster: &Cluster, name: &str) -> (SocketAddr, String) {
    let key = fs::read(cluster.dir(name).join("keys/peer.key")).unwrap();
    let key = protocol::keyfile::KeyFile::parse(&key).unwrap().secret;
    (cluster.p2p(name), peer_id(&key.public()).to_string())
}

/// Whole requests: many receipts, a long history, a tile.
fn questions(cluster: &Cluster, load: &Load) -> Vec<String> {
    let node = Node::new(cluster, THIRD);
    let entries = load.sign(256);
    let mut rest = entries.as_slice();
    while !rest.is_empty() {
        let (taken, _) = node.submit_many(rest);
        rest = &rest[taken..];
    }
    let record = load.versions(VERSIONS, |entry, path| {
        node.submit(entry);
        let _final = node.receipt(&entry.id);
        serde_json::from_str(&node.get(&format!("/v1/records/{path}"))).unwrap()
    });
    for name in PRESSED {
        let pressed = Node::new(cluster, name);
        for entry in &entries {
            let _final = pressed.receipt(&entry.id);
        }
    }
    let ids: Vec<String> = entries.iter().map(|entry| entry.id.to_hex()).collect();
    let body = serde_json::json!({ "ids": ids }).to_string();
    let receipts = format!(
        "POST /v1/receipts HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let get =
        |path: &str| format!("GET {path} HTTP/1.1\r\nhost: x\r\naccept-encoding: gzip\r\n\r\n");
    let history = get(&format!("/v1/records/{record}/history"));
    let tile = get("/tile/entries/000");
    vec![receipts.clone(), history, receipts.clone(), tile, receipts]
}

fn anchors(cluster: &Cluster, load: &Load) -> Times {
    let node = Node::new(cluster, THIRD);
    let entries = load.sign(ANCHORS as usize);
    let start = Instant::now() + EVERY;
    let mut taken = Vec::new();
    for (number, entry) in (0..).zip(&entries) {
        let intended = start + EVERY * number;
        thread::sleep(intended.saturating_duration_since(Instant::now()));
        node.submit(entry);
        let receipt = node.receipt(&entry.id);
        let judged = verify::receipt::judge(&load.trust, receipt.as_bytes(), None);
        assert_eq!(judged.verdict, Verdict::Authentic);
        taken.push(intended.elapsed().as_secs_f64() * 1000.0);
    }
    (percentile(&mut taken, 0.5), percentile(&mut taken, 0.99))
}

fn millis_to_answer(cluster: &Cluster, name: &str) -> f64 {
    let begun = Instant::now();
    let health = Node::new(cluster, name).get("/readyz");
    assert!(health.contains("\"open files\""), "{health}");
    begun.elapsed().as_secs_f64() * 1000.0
}

/// The most that the pressed nodes need while the load is on.
#[derive(Default)]
struct Watch {
    over: AtomicBool,
    bytes: AtomicU64,
    files: AtomicU64,
}

/// Ends the watch, also when a measurement fails.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Watch {
    fn look(&self, cluster: &Cluster) {
        while !self.over.load(Ordering::Relaxed) {
            for name in PRESSED {
                let bytes = cluster.resident_bytes(name);
                self.bytes.fetch_max(bytes, Ordering::Relaxed);
                let folder = format!("/proc/{}/fd", cluster.pid(name).unwrap());
                let files = fs::read_dir(folder).map_or(0, Iterator::count);
                self.files.fetch_max(files as u64, Ordering::Relaxed);
            }
            thread::sleep(Duration::from_millis(250));
        }
    }
}

/// Seconds from the start of the fourth validator until it reaches all others.
fn restart(cluster: &mut Cluster) -> f64 {
    cluster.kill(FOURTH);
    let begun = Instant::now();
    cluster.start_node(FOURTH);
    wait_until("the restarted validator reaches all others", || {
        let status = cluster.status(FOURTH);
        status.is_some_and(|status| status["reached"] == 4)
    });
    begun.elapsed().as_secs_f64()
}

/// How long it takes until the pressed nodes are about as large as one that nobody pressed.
fn calm_again(cluster: &Cluster) -> String {
    let begun = Instant::now();
    let within = Duration::from_secs(120);
    loop {
        let now = PRESSED.map(|name| cluster.resident_bytes(name));
        let alone = cluster.resident_bytes(THIRD);
        let back = now.iter().all(|now| *now <= alone + 32 * MIB);
        let seconds = begun.elapsed().as_secs_f64();
        let sizes = format!(
            "{} and {} MiB beside {}",
            now[0] / MIB,
            now[1] / MIB,
            alone / MIB
        );
        if back {
            return format!("after {seconds:.0} s: {sizes}");
        }
        if begun.elapsed() > within {
            return format!("NOT within {seconds:.0} s: {sizes}");
        }
        thread::sleep(Duration::from_millis(250));
    }
}
