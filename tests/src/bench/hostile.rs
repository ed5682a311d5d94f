//! Hostile: what do strangers and a flooding observer at two of four nodes cost an anchor at a third, and
//! what do those two need meanwhile and afterwards?
//!
//! The same load, held to half a core, presses first on a server beside the network that answers from
//! memory: what an anchor loses then it loses to the machine and not to the nodes. Each part of it has its
//! turns, and the run fails where one of them did not press.

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
/// So long after the load has ended memory is read again.
const AFTERWARDS: Duration = Duration::from_secs(120);
const FILES: u32 = 1024;
const MIB: u64 = 1 << 20;

pub(crate) fn measure(report: &mut Report) {
    let mut cluster = Cluster::create(1);
    // The third too: its memory is what theirs is compared with.
    for name in PRESSED.into_iter().chain([THIRD]) {
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
    thread::sleep(AFTERWARDS);
    for name in AGENCIES {
        assert!(cluster.is_alive(name), "{name} has ended");
    }
    write_times(report, [idle, control, hostile], [&beside, &pressed]);
    write_memory(report, &cluster, before, &watch);
    let figure = format!("within {:.0} and {:.0} ms", ready[0], ready[1]);
    let what = "hostile: readyz of the pressed nodes is answered";
    report.row(what, figure, "", "while the load is on");
    let figure = format!("within {returned:.1} s");
    let what = "hostile: a restarted validator reaches all others";
    report.row(what, figure, "", "while the load is on");
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
    let what = "hostile: the same with the load at two of four nodes";
    report.row(what, shown_times(hostile), "", &shown(tallies[1]));
    let times = |of: Times| {
        let (p50, p99) = (hostile.0 / of.0, hostile.1 / of.1);
        format!("p50 {p50:.1} times, p99 {p99:.1} times")
    };
    let what = "hostile: the load at two of four nodes, against idle";
    report.row(what, times(idle), "p99 ≤ 3 times", "");
    let what = "hostile: the load at two of four nodes, against a server beside";
    report.row(what, times(control), "p99 ≤ 1.5 times", "");
}

/// What the pressed nodes needed, and what they still hold beside one that nobody pressed.
fn write_memory(report: &mut Report, cluster: &Cluster, before: [u64; 2], watch: &Watch) {
    let most = watch.bytes.load(Ordering::Relaxed) / MIB;
    let what = "hostile: memory of a pressed node";
    let note = format!("before: {} and {} MiB", before[0] / MIB, before[1] / MIB);
    report.row(what, format!("{most} MiB at the most"), "< 512 MiB", &note);
    let now = PRESSED.map(|name| cluster.resident_bytes(name) / MIB);
    let alone = cluster.resident_bytes(THIRD) / MIB;
    let what = "hostile: memory of the pressed nodes two minutes after the load";
    let figure = format!(
        "{} and {} MiB, beside {alone} MiB of a node of the same log that nobody pressed",
        now[0], now[1]
    );
    report.row(what, figure, "≤ 32 MiB more", "");
    let files = watch.files.load(Ordering::Relaxed);
    let what = "hostile: files and connections of a pressed node";
    report.row(what, format!("{files} at the most"), "< 1,024", "");
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

/// What a load has come to; fails where a part of it did not press.
fn tally(pressing: Running) -> Tally {
    let tally: Tally = serde_json::from_str(&pressing.end()).unwrap();
    let parts = [
        ("connections were made", &tally.opened, 10_000),
        ("bytes of bodies were sent", &tally.sent_bytes, 64 * MIB),
        ("answers were taken", &tally.answered, 200),
        ("bytes were flooded", &tally.flooded_bytes, 64 * MIB),
    ];
    for (what, counter, least) in parts {
        let count = counter.load(Ordering::Relaxed);
        assert!(count >= least, "{count} {what}, fewer than {least}");
    }
    tally
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

/// A return that takes longer is shown with the node's log.
const RETURN_SECONDS: f64 = 5.0;

/// Seconds from the start of the fourth validator until it reaches all others.
fn restart(cluster: &mut Cluster) -> f64 {
    cluster.kill(FOURTH);
    let begun = Instant::now();
    cluster.start_node(FOURTH);
    wait_until("the restarted validator reaches all others", || {
        let status = cluster.status(FOURTH);
        status.is_some_and(|status| status["reached"] == 4)
    });
    let seconds = begun.elapsed().as_secs_f64();
    // Whoever wonders why has the node's own words; the folder goes with the run.
    if seconds > RETURN_SECONDS {
        eprintln!("{}", cluster.log(FOURTH));
    }
    seconds
}
