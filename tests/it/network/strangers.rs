//! Strangers at the ports of real nodes: silent, half-headed, half-bodied, greedy, and not reading. The
//! nodes live, keep within their files and their memory, and serve whoever comes meanwhile.

use std::{
    fs,
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use tests::{
    args,
    cluster::{AGENCIES, Cluster, Ran, binary, muhr, wait_until},
    load::{Load, Ready},
    press::{Spec, Tally, ask, press},
};
use tokio::{net::TcpSocket, sync::watch};

/// Files and connections of a pressed node: what is kept back and some 200 connections.
const FILES: u32 = 640;
/// More memory than this no node has in use, whatever strangers do.
const RESIDENT_BYTES_MAX: u64 = 384 << 20;

fn http(cluster: &Cluster, name: &str) -> SocketAddr {
    cluster.setting(name, "http").parse().unwrap()
}

/// A load that ends when it is dropped.
struct Pressing {
    tell: watch::Sender<bool>,
    tally: Arc<Tally>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Pressing {
    fn start(spec: Spec) -> Self {
        let (tell, stop) = watch::channel(false);
        let tally = Arc::new(Tally::default());
        let shared = Arc::clone(&tally);
        let thread = thread::spawn(move || press(&spec, &shared, &stop));
        Self {
            tell,
            tally,
            thread: Some(thread),
        }
    }

    fn wait_for(&self, what: &str, counter: impl Fn(&Tally) -> &AtomicU64, least: u64) {
        wait_until(what, || {
            counter(&self.tally).load(Ordering::Relaxed) >= least
        });
    }
}

impl Drop for Pressing {
    fn drop(&mut self) {
        self.tell.send_replace(true);
        let _ended = self.thread.take().map(thread::JoinHandle::join);
    }
}

fn nothing(cluster: &Cluster, names: &[&str]) -> Spec {
    Spec {
        http: names.iter().map(|name| http(cluster, name)).collect(),
        silent: 0,
        bodies: 0,
        readers: 0,
        questions: Vec::new(),
        peers: Vec::new(),
        key: None,
        share: None,
    }
}

fn anchor(cluster: &Cluster, node: &str, record: &str) {
    let document = cluster.document(&format!("{record}.txt"), record);
    let command = args!("anchor {document} --registry soliq.permits --record {record}");
    let _done = cluster.clerk_at("soliq", node, &command).expect(0);
}

fn open_files(cluster: &Cluster, name: &str) -> usize {
    let folder = format!("/proc/{}/fd", cluster.pid(name).unwrap());
    fs::read_dir(folder).unwrap().count()
}

fn assert_bounded(cluster: &mut Cluster, name: &str) {
    assert!(cluster.is_alive(name), "{name} has ended");
    let bytes = cluster.resident_bytes(name);
    println!("{name}: {} MiB resident", bytes >> 20);
    assert!(
        bytes < RESIDENT_BYTES_MAX,
        "{name} has {bytes} bytes in use"
    );
}

/// A number of a node's metrics page; 0 for what was never counted.
fn metric(cluster: &Cluster, name: &str, line: &str) -> f64 {
    let mut response = ureq::get(format!("{}/metrics", cluster.url(name)))
        .call()
        .unwrap();
    let page = response.body_mut().read_to_string().unwrap();
    let found = page
        .lines()
        .find_map(|found| found.strip_prefix(line)?.strip_prefix(' '));
    found.map_or(0.0, |number| number.parse().unwrap())
}

fn head(stream: &mut TcpStream) -> String {
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(b"\r\n\r\n") && matches!(stream.read(&mut byte), Ok(1)) {
        bytes.push(byte[0]);
    }
    String::from_utf8(bytes).unwrap()
}

/// Entries that are final at `name`.
fn finals(cluster: &Cluster, load: &Load, name: &str, count: usize) -> Vec<Ready> {
    let entries = load.sign(count);
    for entry in &entries {
        let sent = ureq::post(format!("{}/v1/entries", cluster.url(name))).send(&entry.text);
        assert!(sent.unwrap().status().is_success());
    }
    for entry in &entries {
        let id = entry.id.to_hex();
        let url = format!("{}/v1/entries/{id}/receipt?wait=30000", cluster.url(name));
        assert_eq!(ureq::get(url).call().unwrap().status().as_u16(), 200);
    }
    entries
}

fn ask_for_receipts(entries: &[Ready]) -> String {
    let ids: Vec<String> = entries.iter().map(|entry| entry.id.to_hex()).collect();
    let body = serde_json::json!({ "ids": ids }).to_string();
    format!(
        "POST /v1/receipts HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[test]
fn silent_connections_make_room_for_whoever_asks_and_for_peers() {
    let mut cluster = Cluster::create(0);
    for name in ["adliya", "kadastr"] {
        cluster.limit_files(name, FILES);
    }
    cluster.start_all();
    let mut spec = nothing(&cluster, &["adliya", "kadastr"]);
    spec.silent = 1000;
    let pressing = Pressing::start(spec);
    pressing.wait_for(
        "connections are ended to make room",
        |tally| &tally.ended,
        3000,
    );
    for name in ["adliya", "kadastr"] {
        let files = open_files(&cluster, name);
        assert!(files < FILES as usize, "{name} has {files} files open");
        assert!(metric(&cluster, name, "muhr_open_files") < f64::from(FILES));
        assert!(
            metric(
                &cluster,
                name,
                "muhr_http_connections_turned_away_total{reason=\"room\"}"
            ) > 0.0
        );
        let ready = ureq::get(format!("{}/readyz", cluster.url(name))).call();
        assert_eq!(ready.unwrap().status().as_u16(), 200, "{name}");
        anchor(&cluster, name, &format!("S-{name}"));
    }
    // A peer that was away is let in by both, and both still write.
    cluster.kill("soliq");
    cluster.start_node("soliq");
    wait_until("the peer is back", || {
        let reached = |name| {
            cluster
                .status(name)
                .is_some_and(|status| status["reached"] == 4)
        };
        AGENCIES.into_iter().all(reached)
    });
    for name in ["adliya", "kadastr"] {
        anchor(&cluster, name, &format!("T-{name}"));
        assert_bounded(&mut cluster, name);
    }
}

#[test]
fn silent_half_headed_and_half_bodied_connections_end() {
    let cluster = Cluster::start(0);
    let connect = |bytes: &[u8]| {
        let mut stream = TcpStream::connect(http(&cluster, "adliya")).unwrap();
        stream.write_all(bytes).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        stream
    };
    let half = b"GET /livez HTTP/1.1\r\nhost: x\r\n";
    let once = b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n";
    let body = b"POST /v1/entries HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nmuhr-";
    let begun = Instant::now();
    let mut waiting = [connect(b""), connect(half), connect(once), connect(body)];
    // After an answer half a head again.
    let answered = head(&mut waiting[2]);
    assert!(answered.starts_with("HTTP/1.1 200 "), "{answered}");
    waiting[2].write_all(half).unwrap();
    let said: Vec<String> = waiting
        .iter_mut()
        .map(|stream| {
            let mut said = Vec::new();
            let _ended = stream.read_to_end(&mut said);
            String::from_utf8(said).unwrap()
        })
        .collect();
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(45), "{took:?}");
    assert_eq!(said[0], "");
    assert_eq!(said[1], "");
    assert!(said[2].starts_with("{\"ok\""), "{}", said[2]);
    assert!(said[3].starts_with("HTTP/1.1 408 "), "{}", said[3]);
    assert!(said[3].contains("\"too-slow\""), "{}", said[3]);
}

#[test]
fn bodies_without_end_have_one_budget_and_keep_no_entry_out() {
    let mut cluster = Cluster::start(0);
    let mut spec = nothing(&cluster, &["adliya"]);
    spec.bodies = 120;
    let pressing = Pressing::start(spec);
    pressing.wait_for(
        "four times the budget was sent",
        |tally| &tally.sent_bytes,
        128 << 20,
    );
    let held = metric(&cluster, "adliya", "muhr_http_body_bytes");
    assert!(held <= node::limits::BODIES_BYTES_MAX as f64, "{held}");
    for number in 0..5 {
        anchor(&cluster, "adliya", &format!("B-{number}"));
    }
    assert_bounded(&mut cluster, "adliya");
    drop(pressing);
    // Whoever is beyond the budget hears when to come again.
    let body = format!(
        "POST /v1/bundles HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n",
        2 << 20
    );
    let mut streams = Vec::new();
    for _ in 0..24 {
        let mut stream = TcpStream::connect(http(&cluster, "adliya")).unwrap();
        stream.write_all(body.as_bytes()).unwrap();
        stream.write_all(&vec![b'x'; (2 << 20) - 1]).unwrap();
        streams.push(stream);
    }
    let first = head(&mut streams[0]);
    assert!(first.starts_with("HTTP/1.1 503 "), "{first}");
    assert!(first.contains("retry-after: 1\r\n"), "{first}");
    assert!(first.contains("application/problem+json"), "{first}");
    drop(streams);
    wait_until("all bytes are given back", || {
        metric(&cluster, "adliya", "muhr_http_body_bytes") == 0.0
    });
}

/// A connection from an address of its own.
fn connect_from(from: Ipv4Addr, to: SocketAddr) -> TcpStream {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()
        .unwrap();
    let stream = runtime.block_on(async {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from((from, 0)))?;
        socket.connect(to).await?.into_std()
    });
    let stream = stream.unwrap();
    stream.set_nonblocking(false).unwrap();
    stream
}

/// What has come of an answer; fails if it has ended before the end that its head promises.
fn so_far(stream: &mut TcpStream) -> String {
    stream.set_nonblocking(true).unwrap();
    let mut bytes = Vec::new();
    let ended = stream.read_to_end(&mut bytes).is_ok();
    let said = String::from_utf8(bytes).unwrap();
    if ended && !said.is_empty() {
        let (head, body) = said.split_once("\r\n\r\n").expect("half a head");
        let mut lines = head.lines();
        let promised = lines.find_map(|line| line.strip_prefix("content-length: "));
        assert_eq!(promised.unwrap().parse(), Ok(body.len()), "{said}");
    }
    said
}

#[test]
fn bodies_that_do_not_go_on_make_room_and_every_answer_is_whole() {
    let mut cluster = Cluster::create(0);
    cluster.limit_files("adliya", FILES);
    cluster.start_all();
    let to = http(&cluster, "adliya");
    let half = b"POST /v1/entries HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nmuhr-";
    // From so many addresses that they hold all places of the node, and more.
    let mut waiting: Vec<TcpStream> = (0..400_u16)
        .map(|number| {
            let [_, last] = (number / 50 + 1).to_be_bytes();
            let mut stream = connect_from(Ipv4Addr::new(127, 0, 7, last), to);
            stream.write_all(half).unwrap();
            stream
        })
        .collect();
    for _ in 0..40 {
        for path in ["/livez", "/readyz", "/checkpoint"] {
            let answer = ask(to, &format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n"));
            let answer = String::from_utf8(answer).unwrap();
            assert!(answer.starts_with("HTTP/1.1 200 "), "{path}: {answer}");
        }
    }
    anchor(&cluster, "adliya", "H-1");
    let said: Vec<String> = waiting.iter_mut().map(so_far).collect();
    let told = said.iter().filter(|said| !said.is_empty());
    let told: Vec<&String> = told.collect();
    for said in &told {
        assert!(said.starts_with("HTTP/1.1 503 "), "{said}");
        assert!(said.contains("\"busy\""), "{said}");
    }
    assert!(told.len() > 100, "{} of 400 were told", told.len());
    assert_bounded(&mut cluster, "adliya");
}

#[test]
fn costly_questions_are_bounded_and_answered_in_turns() {
    let mut cluster = Cluster::start(0);
    let load = Load::new(&cluster);
    let entries = finals(&cluster, &load, "adliya", 256);
    let mut spec = nothing(&cluster, &["adliya"]);
    spec.readers = 400;
    spec.questions = vec![ask_for_receipts(&entries)];
    let pressing = Pressing::start(spec);
    pressing.wait_for(
        "many are told that the node is busy",
        |tally| &tally.busy,
        50,
    );
    pressing.wait_for("and many are answered", |tally| &tally.answered, 20);
    // One receipt waits behind no list, and writes go on, here and elsewhere.
    let one = ask(
        http(&cluster, "adliya"),
        &format!(
            "GET /v1/entries/{}/receipt HTTP/1.1\r\nhost: x\r\n\r\n",
            entries[0].id.to_hex()
        ),
    );
    assert!(one.starts_with(b"HTTP/1.1 200 "));
    for name in ["adliya", "qurilish"] {
        anchor(&cluster, name, &format!("C-{name}"));
    }
    assert_eq!(pressing.tally.odd.load(Ordering::Relaxed), 0);
    assert!(
        metric(
            &cluster,
            "adliya",
            "muhr_http_busy_total{class=\"receipts\"}"
        ) >= 50.0
    );
    assert_bounded(&mut cluster, "adliya");
}

#[test]
fn answers_that_nobody_takes_are_bounded_and_make_room() {
    let mut cluster = Cluster::start(0);
    let load = Load::new(&cluster);
    let entries = finals(&cluster, &load, "adliya", 256);
    let question = ask_for_receipts(&entries);
    let mut streams = Vec::new();
    for _ in 0..120 {
        let mut stream = TcpStream::connect(http(&cluster, "adliya")).unwrap();
        stream.write_all(question.as_bytes()).unwrap();
        // More than the system buffers of an answer is never read.
        streams.push(stream);
    }
    wait_until("nothing is being made any more", || {
        let answer = ask(http(&cluster, "adliya"), &question);
        answer.starts_with(b"HTTP/1.1 200 ")
    });
    let held = metric(&cluster, "adliya", "muhr_http_answer_bytes");
    assert!(held <= node::limits::ANSWERS_BYTES_MAX as f64, "{held}");
    assert_bounded(&mut cluster, "adliya");
    drop(streams);
    wait_until("all bytes are given back", || {
        metric(&cluster, "adliya", "muhr_http_answer_bytes") == 0.0
    });
}

#[test]
fn silent_strangers_at_the_peers_port_keep_no_peer_out() {
    let mut cluster = Cluster::start(0);
    let mut silent = Vec::new();
    for name in ["adliya", "kadastr"] {
        for _ in 0..300 {
            silent.push(TcpStream::connect(cluster.p2p(name)).unwrap());
        }
    }
    cluster.kill("soliq");
    cluster.start_node("soliq");
    let begun = Instant::now();
    wait_until("the peer is back among strangers", || {
        cluster
            .status("soliq")
            .is_some_and(|status| status["reached"] == 4)
    });
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(10), "{took:?}");
    for name in ["adliya", "kadastr"] {
        assert!(
            open_files(&cluster, name) < 200,
            "strangers are held at the gate"
        );
        assert!(cluster.is_alive(name));
    }
    drop(silent);
}

#[test]
fn heads_are_bounded_and_name_their_host() {
    let cluster = Cluster::start(0);
    let says = |request: &str| {
        let mut stream = TcpStream::connect(http(&cluster, "adliya")).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        head(&mut stream)
            .lines()
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    let long = "x".repeat(20_000);
    let many: String = (0..100)
        .map(|number| format!("x-{number}: y\r\n"))
        .collect();
    let cases = [
        ("GET /livez HTTP/1.1\r\nhost: x\r\n\r\n".to_owned(), "200"),
        ("GET /livez HTTP/1.0\r\n\r\n".to_owned(), "200"),
        ("GET /livez HTTP/1.1\r\n\r\n".to_owned(), "400"),
        (
            "GET /livez HTTP/1.1\r\nhost: x\r\nhost: y\r\n\r\n".to_owned(),
            "400",
        ),
        (
            format!("GET /livez HTTP/1.1\r\nhost: x\r\nx: {long}\r\n\r\n"),
            "431",
        ),
        (format!("GET /{long} HTTP/1.1\r\nhost: x\r\n\r\n"), "431"),
        (
            format!("GET /livez HTTP/1.1\r\nhost: x\r\n{many}\r\n"),
            "431",
        ),
        ("GARBAGE\r\n\r\n".to_owned(), "400"),
    ];
    for (request, status) in cases {
        let line = says(&request);
        let first: String = request.chars().take(60).collect();
        assert!(line.contains(&format!(" {status} ")), "{first:?}: {line:?}");
    }
}

#[test]
fn a_witness_stands_the_same() {
    let cluster = Cluster::create(0);
    let folder = cluster.path().join("witness");
    fs::create_dir_all(&folder).unwrap();
    let key = folder.join("witness.key");
    let command = args!(
        "key new '{}' --purpose witness --holder witness.example.org/1",
        key.display()
    );
    let _made = muhr(&command).expect(0);
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let mut child = Command::new("/bin/sh")
        .args(["-c", "ulimit -n 256; exec \"$0\" \"$@\""])
        .arg(binary("muhr-node"))
        .args(["witness", "--http", &address.to_string(), "--dir"])
        .arg(&folder)
        .arg("--trust")
        .arg(cluster.trust())
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    wait_until("the witness listens", || {
        TcpStream::connect(address).is_ok()
    });
    let mut spec = nothing(&cluster, &[]);
    spec.http = vec![address];
    spec.silent = 500;
    spec.bodies = 20;
    let pressing = Pressing::start(spec);
    pressing.wait_for("connections make room", |tally| &tally.ended, 1000);
    let asked = ask(
        address,
        "POST /add-checkpoint HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\nold ",
    );
    assert!(asked.starts_with(b"HTTP/1.1 400 "), "{asked:?}");
    let too_much = ask(
        address,
        "POST /add-checkpoint HTTP/1.1\r\nhost: x\r\ncontent-length: 2000000\r\n\r\n",
    );
    assert!(too_much.starts_with(b"HTTP/1.1 413 "), "{too_much:?}");
    drop(pressing);
    assert!(child.try_wait().unwrap().is_none(), "the witness has ended");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_node_or_witness_that_may_open_too_few_files_says_so() {
    let cluster = Cluster::create(0);
    let run = |count: u32, words: &[&str]| -> Ran {
        let limited = format!("ulimit -n {count}; exec \"$0\" \"$@\"");
        let command = Command::new("/bin/sh")
            .args(["-c", &limited])
            .arg(binary("muhr-node"))
            .args(words)
            .stdin(Stdio::null())
            .output();
        command.unwrap().into()
    };
    let dir = cluster.dir("adliya");
    let refused = run(256, &["run", "--dir", dir.to_str().unwrap()]).expect(1);
    for words in ["only 256 files", "LimitNOFILE"] {
        assert!(refused.stderr.contains(words), "{}", refused.stderr);
    }
}
