//! A witness as its own process: it cosigns what continues, and answers everything else as specified.

use std::{
    fs,
    net::TcpListener,
    process::{Child, Command, Stdio},
};

use protocol::{
    checkpoint::Checkpoint, cosignature::Cosigner, hash::RootHash, height::LogSize,
    keyfile::KeyFile, note::SignedNote,
};
use tests::cluster::{Cluster, binary, muhr, wait_until};

use crate::schemas::assert_shapes;

const NAME: &str = "witness.example.org/1";

struct Running {
    child: Child,
    url: String,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _ended = self.child.wait();
    }
}

fn start(cluster: &Cluster) -> Running {
    // The system names a free port; it stays free for the moment until the witness takes it.
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap().to_string();
    drop(free);
    let child = Command::new(binary("muhr-node"))
        .arg("witness")
        .arg("--dir")
        .arg(cluster.path().join("witness"))
        .arg("--trust")
        .arg(cluster.trust())
        .args(["--http", &address])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let running = Running {
        child,
        url: format!("http://{address}"),
    };
    wait_until("the witness answers", || post(&running.url, "").is_some());
    running
}

fn post(url: &str, body: &str) -> Option<(u16, String)> {
    let sent = ureq::post(format!("{url}/add-checkpoint"))
        .config()
        .http_status_as_error(false)
        .build()
        .send(body);
    let mut response = sent.ok()?;
    let status = response.status().as_u16();
    Some((status, response.body_mut().read_to_string().unwrap()))
}

fn anchor(cluster: &Cluster, number: u32) {
    let document = cluster.document(&format!("{number}.txt"), &format!("document {number}"));
    let record = format!("W-{number}");
    let command = [
        "anchor",
        &document,
        "--registry",
        "qurilish.permits",
        "--record",
        &record,
    ];
    let _done = cluster.clerk("qurilish", &command).expect(0);
}

fn checkpoint(cluster: &Cluster) -> String {
    let mut answer = ureq::get(format!("{}/checkpoint", cluster.url("kadastr")))
        .call()
        .unwrap();
    answer.body_mut().read_to_string().unwrap()
}

/// A checkpoint that the log's own key has signed, of a tree that never was.
fn invented(cluster: &Cluster, real: &Checkpoint, size: u64) -> String {
    let publisher = ["adliya", "kadastr", "qurilish", "soliq"]
        .map(|name| cluster.dir(name).join("keys/publisher.key"))
        .into_iter()
        .find(|path| path.exists())
        .unwrap();
    let key = KeyFile::parse(&fs::read(publisher).unwrap()).unwrap();
    let invented = Checkpoint {
        size: LogSize::new(size),
        root: RootHash::new([7; 32]),
        ..real.clone()
    };
    let log = Cosigner::log(real.origin.to_string(), key.secret.public());
    let body = invented.write();
    let line = log.log_line(&key.secret.sign(body.as_bytes()));
    format!("{body}\n{line}")
}

/// The network's trust file, and a witness that must sign as well.
fn stricter(cluster: &Cluster, vkey: &str) -> String {
    let path = cluster.path().join("stricter.policy");
    let (trust, out) = (cluster.trust(), path.to_str().unwrap());
    let trust = trust.to_str().unwrap();
    let extend = |witness: &str| {
        muhr(&[
            "--json",
            "trust",
            "extend",
            trust,
            "--witness",
            witness,
            "--out",
            out,
        ])
    };
    let refused = extend(&format!("court {vkey}")).expect(2);
    assert!(refused.stderr.contains("is not NAME=VKEY"), "{refused:?}");
    assert!(!path.exists());
    let made = extend(&format!("court={vkey}")).expect(0).json();
    assert_shapes("extend", &[made]);
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_witness_signs_what_continues_and_nothing_else() {
    let cluster = Cluster::start(0);
    anchor(&cluster, 1);
    let folder = cluster.path().join("witness");
    fs::create_dir_all(&folder).unwrap();
    let key = folder.join("witness.key");
    let key = key.to_str().unwrap();
    let made = muhr(&[
        "--json",
        "key",
        "new",
        key,
        "--holder",
        NAME,
        "--purpose",
        "witness",
    ]);
    let vkey = made.expect(0).json()["vkey"].as_str().unwrap().to_owned();
    let strict = stricter(&cluster, &vkey);
    let trust = cluster.trust();
    let (trust, url) = (trust.to_str().unwrap(), cluster.url("kadastr"));
    let witness = start(&cluster);
    let dir = cluster.path().join("mirror");
    let dir = dir.to_str().unwrap();
    let mirror = |trust: &str| {
        muhr(&[
            "log",
            "mirror",
            &url,
            dir,
            "--trust",
            trust,
            "--witness",
            &witness.url,
        ])
    };
    let _first = mirror(trust).expect(0);
    // The node's own checkpoint has no line of the witness; the mirror's has one.
    assert_ne!(muhr(&["audit", &url, "--trust", &strict]).code, 0);
    let _held = muhr(&["audit", dir, "--trust", &strict]).expect(0);
    anchor(&cluster, 2);
    wait_until("the witness signs the larger log", || {
        let _again = mirror(trust).expect(0);
        fs::read_to_string(format!("{dir}/checkpoint"))
            .unwrap()
            .lines()
            .nth(1)
            == Some("6")
    });
    let _held = muhr(&["audit", dir, "--trust", &strict]).expect(0);
    refusals(&cluster, &witness.url);
    // What it signed is on disk: another process with its folder stands where this one stood.
    let note = checkpoint(&cluster);
    drop(witness);
    let again = start(&cluster);
    let forgotten = post(&again.url, &format!("old 0\n\n{note}")).unwrap();
    assert_eq!(forgotten, (409, "6\n".to_owned()));
    // A witness that is away keeps nobody from the log.
    let gone = again.url.clone();
    drop(again);
    let alone = muhr(&[
        "log",
        "mirror",
        &url,
        dir,
        "--trust",
        trust,
        "--witness",
        &gone,
    ])
    .expect(0);
    assert!(
        alone.stderr.contains("cannot be reached"),
        "{}",
        alone.stderr
    );
}

fn refusals(cluster: &Cluster, url: &str) {
    let note = checkpoint(cluster);
    let real = Checkpoint::parse(&SignedNote::parse(&note).unwrap().text).unwrap();
    assert_eq!(real.size.get(), 6);
    let status = |body: String| post(url, &body).unwrap().0;
    assert_eq!(
        post(url, &format!("old 0\n\n{note}")).unwrap(),
        (409, "6\n".to_owned())
    );
    assert_eq!(
        post(url, &format!("old 4\n\n{note}")).unwrap(),
        (409, "6\n".to_owned())
    );
    // The same tree again, with a new time; another tree of the size; a larger one without proof.
    assert_eq!(status(format!("old 6\n\n{note}")), 200);
    assert_eq!(
        status(format!("old 6\n\n{}", invented(cluster, &real, 6))),
        422
    );
    assert_eq!(
        status(format!("old 6\n\n{}", invented(cluster, &real, 9))),
        422
    );
    assert_eq!(status(format!("old 7\n\n{note}")), 400);
    assert_eq!(status(format!("old 06\n\n{note}")), 400);
    assert_eq!(status(format!("old 6\nAAAA\n\n{note}")), 400);
    assert_eq!(status(format!("old 6\n{note}")), 400);
    let unsigned: String = note
        .lines()
        .filter(|line| !line.contains(&format!("— {} ", real.origin)))
        .map(|line| format!("{line}\n"))
        .collect();
    assert_eq!(status(format!("old 6\n\n{unsigned}")), 403);
    assert_eq!(
        status(format!(
            "old 6\n\n{}",
            note.replace("example.uz", "example.org")
        )),
        404
    );
}
