//! Every exit code of the table has a test, and this machine's trouble loses nothing.

use std::{
    fs,
    io::{Read, Write},
    net::TcpListener,
    path::PathBuf,
    thread,
};

use tests::cluster::{Cluster, muhr};

#[test]
fn every_exit_code_of_the_table_is_expected_by_a_test() {
    let folder = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("it");
    let mut source = String::new();
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            source += &fs::read_to_string(path).unwrap();
        }
    }
    let codes = muhr(&["--json", "exit-codes"]).expect(0).json();
    let codes = codes["codes"].as_array().unwrap();
    assert_eq!(codes.len(), 19);
    for code in codes {
        let expected = format!(".expect({})", code["code"]);
        assert!(source.contains(&expected), "no test has {expected}");
    }
}

#[test]
fn a_receipt_that_cannot_be_written_is_not_lost() {
    let cluster = Cluster::start(0);
    let registry = ["--registry", "qurilish.permits"];
    let run = |arguments: &[&str]| cluster.clerk("qurilish", &[arguments, &registry].concat());
    cluster.document("a.txt", "one");
    // The receipt's place is taken when it arrives: the entry is final, and the command says what to do.
    fs::create_dir(cluster.path().join("a.txt.receipt.part")).unwrap();
    let anchor = ["anchor", "a.txt", "--record", "E-1"];
    let failed = run(&anchor).expect(1);
    assert!(
        failed.stderr.contains("a.txt.receipt: cannot be written"),
        "{}",
        failed.stderr
    );
    assert!(failed.stderr.contains("nothing is lost"));
    assert!(cluster.path().join("a.txt.receipt.pending").exists());
    let _pending = cluster.clerk("qurilish", &["verify", "a.txt"]).expect(6);
    fs::remove_dir(cluster.path().join("a.txt.receipt.part")).unwrap();
    let _done = run(&anchor).expect(0);
    let _authentic = cluster.clerk("qurilish", &["verify", "a.txt"]).expect(0);
    let history = run(&["--json", "history", "E-1"]).expect(0).json();
    let versions = history["facts"]["versions"].as_array().unwrap().len();
    assert_eq!(versions, 1, "the second try sent nothing new");
    // Nowhere to keep the signed entry: nothing is sent.
    let suspend = ["suspend", "E-1", "--reason", "S01", "--out"];
    let failed = run(&[&suspend[..], &["no-such-folder/x.receipt"]].concat()).expect(1);
    assert!(failed.stderr.contains("no-such-folder/x.receipt.pending"));
    let _in_force = run(&["history", "E-1"]).expect(0);
    // The folder of a table is a file.
    cluster.document("t.csv", "number\nE-2\n");
    let bulk = ["anchor", "bulk", "t.csv", "--record", "number", "--out"];
    let failed = run(&[&bulk[..], &["a.txt"]].concat()).expect(1);
    assert!(
        failed.stderr.contains("cannot be written"),
        "{}",
        failed.stderr
    );
    let _absent = run(&["history", "E-2"]).expect(10);
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
