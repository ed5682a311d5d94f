//! Servers that an auditor may meet: slow, endless, of the wrong length, of another log, or behind what
//! was seen before. Each is named as such, within bounds of time and memory.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    thread,
    time::Duration,
};

use tests::{
    args,
    cluster::{Cluster, Ran, binary, muhr},
};

/// What a server does to the file that was asked for.
type Twist = fn(&str, Vec<u8>) -> Answer;

enum Answer {
    /// These bytes, honestly announced.
    Bytes(Vec<u8>),
    /// A byte from time to time, for ever.
    Slow,
    /// Bytes without end.
    Endless,
    /// Fewer bytes than announced, and then the end.
    Short(Vec<u8>),
}

/// Serves the files of a mirror, twisted. Ends with the test's process.
fn serve(folder: PathBuf, twist: Twist) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let folder = Arc::new(folder);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let folder = Arc::clone(&folder);
            thread::spawn(move || answer(&stream, &folder, twist));
        }
    });
    url
}

/// Ends, with an error or without, when the client has hung up.
fn answer(mut stream: &TcpStream, folder: &Path, twist: Twist) -> Option<()> {
    let mut lines = BufReader::new(stream).lines();
    let asked = lines.next()?.ok()?;
    for line in lines {
        if line.ok()?.is_empty() {
            break;
        }
    }
    let path = asked.split(' ').nth(1)?;
    let found = fs::read(folder.join(path.trim_start_matches('/'))).unwrap_or_default();
    let mut head = |length: String| {
        let text = format!("HTTP/1.1 200 OK\r\n{length}connection: close\r\n\r\n");
        stream.write_all(text.as_bytes()).ok()
    };
    let length = |bytes: usize| format!("content-length: {bytes}\r\n");
    match twist(path, found) {
        Answer::Bytes(bytes) => {
            head(length(bytes.len()))?;
            stream.write_all(&bytes).ok()
        }
        Answer::Slow => {
            head(length(1000))?;
            loop {
                stream.write_all(b"x").ok()?;
                // What is slow here is the server that is being tested against.
                thread::sleep(Duration::from_millis(100));
            }
        }
        Answer::Endless => {
            head(String::new())?;
            loop {
                stream.write_all(&[b'x'; 4096]).ok()?;
            }
        }
        Answer::Short(bytes) => {
            head(length(bytes.len() + 100))?;
            stream.write_all(&bytes).ok()
        }
    }
}

/// A command with two seconds for each request, and at most 2 GB of address space.
fn impatient(arguments: &[&str]) -> Ran {
    let child = Command::new("/usr/bin/env")
        .args(["bash", "-c", "ulimit -v 2000000; exec \"$0\" \"$@\""])
        .arg(binary("muhr"))
        .args(arguments)
        .env("MUHR_TIMEOUT", "2")
        .output();
    child.unwrap().into()
}

fn anchor(cluster: &Cluster, number: u32) {
    let document = cluster.document(&format!("{number}.txt"), &format!("document {number}"));
    let record = format!("S-{number}");
    let command = args!("anchor {document} --registry qurilish.permits --record {record}");
    let _done = cluster.clerk("qurilish", &command).expect(0);
}

/// What a server does to files, the code with which an audit of it ends, and what that says.
fn cases() -> [(&'static str, Twist, i32, &'static str); 8] {
    [
        (
            "honest",
            |_, found| Answer::Bytes(found),
            0,
            "no contradiction",
        ),
        ("slow checkpoint", |_, _| Answer::Slow, 5, "within 2 s"),
        (
            "endless checkpoint",
            |_, _| Answer::Endless,
            1,
            "65536 bytes",
        ),
        (
            "slow tile",
            |path, found| match path.starts_with("/tile/") {
                true => Answer::Slow,
                false => Answer::Bytes(found),
            },
            5,
            "within 2 s",
        ),
        (
            "endless tile",
            |path, found| match path.starts_with("/tile/0") {
                true => Answer::Endless,
                false => Answer::Bytes(found),
            },
            1,
            "8192 bytes",
        ),
        (
            "tile of half its length",
            |path, found| match path.starts_with("/tile/0") {
                true => Answer::Bytes(found[..found.len() / 2].to_vec()),
                false => Answer::Bytes(found),
            },
            14,
            "tile",
        ),
        (
            "bundle that ends early",
            |path, found| match path.starts_with("/tile/entries") {
                true => Answer::Short(found[..found.len() / 2].to_vec()),
                false => Answer::Bytes(found),
            },
            5,
            "cannot be reached",
        ),
        (
            "page of a router",
            |_, _| Answer::Bytes(b"<html>Welcome to our router</html>".to_vec()),
            14,
            "checkpoint",
        ),
    ]
}

#[test]
fn a_dishonest_server_is_named_within_time_and_memory() {
    let cluster = Cluster::start(0);
    anchor(&cluster, 1);
    let (url, trust) = (cluster.url("kadastr"), cluster.trust());
    let trust = trust.to_str().unwrap();
    let folder = cluster.path().join("mirror");
    let mirror = args!("log mirror {url} '{}' --trust {trust}", folder.display());
    let _copied = muhr(&mirror).expect(0);
    for (name, twist, code, says) in cases() {
        let server = serve(folder.clone(), twist);
        let ran = impatient(&["audit", &server, "--trust", trust]);
        let said = format!("{}{}", ran.stdout, ran.stderr);
        assert_eq!(ran.code, code, "{name}: {said}");
        assert!(said.contains(says), "{name}: {said}");
    }
}

#[test]
fn another_log_and_an_older_checkpoint_are_named() {
    let cluster = Cluster::start(0);
    let other = Cluster::start(0);
    anchor(&cluster, 1);
    anchor(&other, 1);
    let (url, trust) = (cluster.url("kadastr"), cluster.trust());
    let trust = trust.to_str().unwrap();
    let old = cluster.path().join("old");
    let old = old.to_str().unwrap();
    let _copied = muhr(&["log", "mirror", &url, old, "--trust", trust]).expect(0);
    // Another network of the same name: none of its signers is known.
    let foreign = muhr(&["audit", &other.url("kadastr"), "--trust", trust]);
    assert_eq!(foreign.code, 14, "{}", foreign.stderr);
    assert!(
        foreign.stderr.contains("0 of 4 validators"),
        "{}",
        foreign.stderr
    );
    anchor(&cluster, 2);
    let state = cluster.path().join("seen");
    let state = state.to_str().unwrap();
    let server = serve(PathBuf::from(old), |_, found| Answer::Bytes(found));
    let watch = |url: &str| {
        muhr(&args!(
            "audit watch {url} --trust {trust} --state {state} --rounds 1"
        ))
    };
    tests::cluster::wait_until("the node has published the second", || {
        let seen = watch(&url).expect(0);
        seen.stdout.contains("size 6") || seen.stderr.contains("size 6")
    });
    let behind = watch(&server);
    let said = format!("{}{}", behind.stdout, behind.stderr);
    assert_eq!(behind.code, 5, "{said}");
    assert!(
        said.contains("it shows size 4, and size 6 was seen before"),
        "{said}"
    );
}
