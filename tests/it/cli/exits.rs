//! Every exit code of the table has a test, and this machine's trouble loses nothing.

use std::{
    collections::BTreeSet,
    fs,
    io::{Read, Write},
    net::TcpListener,
    path::PathBuf,
    thread,
};

use serde_json::Value;
use tests::{
    args,
    cluster::{Cluster, Ran, muhr, short_of_room},
    command_line::split,
};

/// The codes that commands of this test have ended with.
#[derive(Default)]
struct Recorded(BTreeSet<i32>);

impl Recorded {
    /// Runs a command line at a desk of the network, and records how it ended.
    fn run(&mut self, cluster: &Cluster, code: i32, line: &str) {
        self.run_as(cluster, "qurilish", code, line);
    }

    fn run_as(&mut self, cluster: &Cluster, agency: &str, code: i32, line: &str) {
        let ran = cluster.clerk_at(agency, "qurilish", &split(line));
        assert_eq!(ran.code, code, "{line}\n{}\n{}", ran.stdout, ran.stderr);
        self.0.insert(ran.code);
    }
}

/// Verdicts of files that stand in the clone: receipts of every status, evidence, and one changed letter.
fn of_stored_files(cluster: &Cluster, recorded: &mut Recorded) {
    let golden =
        PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("../corpus/golden/1");
    let book: Value =
        serde_json::from_slice(&fs::read(golden.join("cases.json")).unwrap()).unwrap();
    for case in book["cases"].as_array().unwrap() {
        let text = |key: &str| {
            case[key]
                .as_str()
                .map(|name| golden.join(name).display().to_string())
        };
        if ["receipt", "evidence"]
            .iter()
            .all(|kind| case["kind"] != *kind)
        {
            continue;
        }
        let (mut file, trust) = (text("file").unwrap(), text("trust").unwrap());
        // A document is judged by the receipt beside it.
        if let Some(document) = text("document") {
            fs::copy(&document, cluster.path().join("judged")).unwrap();
            fs::copy(&file, cluster.path().join("judged.receipt")).unwrap();
            "judged".clone_into(&mut file);
        }
        let code = i32::try_from(case["exit"].as_i64().unwrap()).unwrap();
        recorded.run(cluster, code, &format!("verify '{file}' --trust '{trust}'"));
    }
    let receipt = fs::read_to_string(golden.join("permit.txt.receipt")).unwrap();
    let last = receipt.trim_end().chars().last().unwrap();
    let other = if last == 'A' { "B" } else { "A" };
    cluster.document(
        "spoilt.receipt",
        &format!(
            "{}{other}\n",
            receipt.trim_end().strip_suffix(last).unwrap()
        ),
    );
    let trust = golden.join("trust.policy");
    recorded.run(
        cluster,
        14,
        &format!("verify spoilt.receipt --trust '{}'", trust.display()),
    );
}

/// What a desk at a network of four meets.
fn of_a_network(cluster: &Cluster, recorded: &mut Recorded) {
    let registry = "--registry qurilish.permits";
    cluster.document("a.txt", "one");
    cluster.document("b.txt", "two");
    recorded.run(cluster, 0, &format!("anchor a.txt --record E-1 {registry}"));
    recorded.run(
        cluster,
        21,
        &format!("anchor b.txt --record E-1 {registry}"),
    );
    recorded.run(cluster, 10, &format!("history E-9 {registry}"));
    recorded.run_as(
        cluster,
        "soliq",
        4,
        &format!("anchor b.txt --record E-2 {registry}"),
    );
    cluster.document("t.csv", "number\nE-3\n \nE-4\n");
    recorded.run(
        cluster,
        20,
        &format!("anchor bulk t.csv --record number {registry} --out t"),
    );
    recorded.run(
        cluster,
        22,
        &format!("reconcile t.csv --record number {registry}"),
    );
    recorded.run(cluster, 2, "anchor --no-such-word");
    recorded.run(cluster, 3, "verify a.txt --trust no-such.policy");
    let nobody = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    recorded.run(
        cluster,
        5,
        &format!("network status --node http://{nobody}"),
    );
    let (url, serving) = stranger(1);
    recorded.run(cluster, 1, &format!("network status --node {url}"));
    serving.join().unwrap();
}

#[test]
fn every_exit_code_of_the_table_is_seen_by_running() {
    let (mut cluster, mut recorded) = (Cluster::start(0), Recorded::default());
    of_stored_files(&cluster, &mut recorded);
    of_a_network(&cluster, &mut recorded);
    // Without two of four nothing becomes final.
    cluster.kill("adliya");
    cluster.kill("soliq");
    let pending = "anchor b.txt --record E-5 --registry qurilish.permits --timeout 2";
    recorded.run(&cluster, 6, pending);
    let codes = muhr(&["--json", "exit-codes"]).expect(0).json();
    let codes = codes["codes"].as_array().unwrap();
    let table: BTreeSet<i32> = codes
        .iter()
        .map(|code| i32::try_from(code["code"].as_i64().unwrap()).unwrap())
        .collect();
    assert_eq!(table.len(), codes.len());
    assert_eq!(recorded.0, table);
}

#[test]
fn a_receipt_that_cannot_be_written_is_not_lost() {
    let cluster = Cluster::start(0);
    let run = |arguments: &[String]| {
        let registry = args!("--registry qurilish.permits");
        cluster.clerk("qurilish", &[arguments, &registry].concat())
    };
    cluster.document("a.txt", "one");
    // What is in the way of the receipt is seen before anything is sent.
    let anchor = args!("anchor a.txt --record E-1");
    fs::create_dir(cluster.path().join("a.txt.receipt")).unwrap();
    let _taken = run(&anchor).expect(2);
    let _absent = run(&args!("history E-1")).expect(10);
    fs::remove_dir(cluster.path().join("a.txt.receipt")).unwrap();
    // No room for the receipt when it arrives: the entry is final, and the command says what to do.
    let command = args!("anchor a.txt --record E-1 --registry qurilish.permits");
    let command = cluster.clerk_command("qurilish", "qurilish", &command);
    let failed = Ran::from(short_of_room(&command, 4).output().unwrap()).expect(1);
    assert!(
        failed.stderr.contains("a.txt.receipt: cannot be written"),
        "{}",
        failed.stderr
    );
    assert!(failed.stderr.contains("nothing is lost"));
    assert!(cluster.path().join("a.txt.receipt.pending").exists());
    let _pending = cluster.clerk("qurilish", &["verify", "a.txt"]).expect(6);
    let _done = run(&anchor).expect(0);
    let _authentic = cluster.clerk("qurilish", &["verify", "a.txt"]).expect(0);
    let history = run(&args!("--json history E-1")).expect(0).json();
    let versions = history["facts"]["versions"].as_array().unwrap().len();
    assert_eq!(versions, 1, "the second try sent nothing new");
    // Nowhere to keep the signed entry: nothing is sent.
    let failed = run(&args!(
        "suspend E-1 --reason S01 --out no-such-folder/x.receipt"
    ))
    .expect(1);
    assert!(failed.stderr.contains("no-such-folder/x.receipt"));
    let _in_force = run(&args!("history E-1")).expect(0);
    // The folder of a table is a file.
    cluster.document("t.csv", "number\nE-2\n");
    let failed = run(&args!("anchor bulk t.csv --record number --out a.txt")).expect(1);
    assert!(
        failed.stderr.contains("cannot be written"),
        "{}",
        failed.stderr
    );
    let _absent = run(&args!("history E-2")).expect(10);
}

/// Somebody who answers every request with a page of his own, until dropped.
fn stranger(answers: usize) -> (String, thread::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let serve = move || {
        for stream in listener.incoming().take(answers) {
            let mut stream = stream.unwrap();
            let _asked = stream.read(&mut [0; 4096]).unwrap();
            let page = "<html>Welcome to our router</html>";
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n",
                page.len()
            );
            write!(stream, "{head}\r\n{page}").unwrap();
        }
    };
    (url, thread::spawn(serve))
}

#[test]
fn an_address_where_no_node_is_is_named() {
    let (url, serving) = stranger(2);
    for json in [false, true] {
        let words = ["--json", "network", "status", "--node", &url];
        let failed = muhr(&words[usize::from(!json)..]).expect(1);
        assert!(failed.stderr.contains(&url), "{}", failed.stderr);
        assert!(failed.stderr.contains("none of Muhr's"));
        assert_eq!(failed.stdout.is_empty(), !json);
    }
    serving.join().unwrap();
}
