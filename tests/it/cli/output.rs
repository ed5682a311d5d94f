//! What leaves the program: nothing foreign commands a terminal, lost output is no success, and a reader
//! who has left is no failure.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    process::{Command, Stdio},
    thread,
};

use serde_json::{Value, json};
use tests::{
    args,
    cluster::{Cluster, Ran, binary, muhr},
    command_line::split,
    liar::lies::HOSTILE,
    witness,
};

use super::bulk::{row, workbook_of};

/// What a terminal would obey, but for line ends.
fn commands(text: &str) -> bool {
    let marks = ['\u{200f}', '\u{2028}', '\u{202e}', '\u{feff}'];
    text.chars()
        .any(|letter| (letter.is_control() && letter != '\n') || marks.contains(&letter))
}

/// A node that answers every question with one status and body.
fn node(status: u16, body: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut lines = BufReader::new(&stream).lines();
            let _head = lines
                .by_ref()
                .take_while(|line| line.as_ref().is_ok_and(|line| !line.is_empty()));
            let _asked = lines.next();
            let length = body.len();
            let head = format!(
                "HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
            );
            let _gone = stream.write_all(head.as_bytes());
            let _gone = stream.write_all(body.as_bytes());
        }
    });
    url
}

fn is_clean(ran: &Ran) {
    assert!(!commands(&ran.stdout) && !commands(&ran.stderr), "{ran:?}");
    let shown = format!("{}{}", ran.stdout, ran.stderr);
    assert!(
        ["u{202e}", "\\u202e", "<U+202E>"]
            .iter()
            .any(|written| shown.contains(written)),
        "{shown}"
    );
}

fn both(arguments: Vec<String>) -> [Ran; 2] {
    let people = muhr(&arguments);
    [people, muhr(&[args!("--json"), arguments].concat())]
}

#[test]
fn what_a_node_says_commands_no_terminal() {
    let problem = json!({"code": HOSTILE, "status": 422, "detail": HOSTILE}).to_string();
    let peer =
        json!({"name": HOSTILE, "reached": true, "height": 1, "cosigned": 1, "reason": HOSTILE});
    let status = json!({
        "agency": HOSTILE, "role": HOSTILE, "version": HOSTILE, "origin": HOSTILE, "height": 1, "size": 1,
        "published": 1, "round": 0, "step": HOSTILE, "waiting": 0, "quorum": 3, "reached": 1,
        "missing": [HOSTILE], "peers": [peer], "not_voting": HOSTILE,
    });
    let record = json!({
        "registry": HOSTILE, "key": HOSTILE, "version": 1, "index": 1, "time": 1, "endorsement": HOSTILE,
    });
    let inbox = json!({"records": [record], "all": 1});
    for ran in both(args!(
        "network status --node {}",
        node(422, problem.clone())
    )) {
        is_clean(&ran);
        assert_eq!(ran.code, 2);
    }
    for ran in both(args!(
        "network status --node {}",
        node(200, status.to_string())
    )) {
        is_clean(&ran);
        assert_eq!(ran.code, 0);
    }
    for ran in both(args!(
        "inbox --agency kadastr --node {}",
        node(200, inbox.to_string())
    )) {
        is_clean(&ran);
        assert_eq!(ran.code, 0);
    }
}

#[test]
fn what_a_file_is_called_and_says_commands_no_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let name = format!("a{}\n.pdf", HOSTILE.replace('/', ""));
    let path = folder.path().join(&name);
    fs::write(&path, "x").unwrap();
    let path = path.to_str().unwrap();
    let trust = folder.path().join(format!("t{HOSTILE}"));
    fs::write(&trust, "no trust file").unwrap();
    for ran in both(args!("trust show '{}'", trust.display())) {
        is_clean(&ran);
        assert_eq!(ran.code, 3);
    }
    for ran in both(args!("verify '{path}' --trust '{}'", trust.display())) {
        is_clean(&ran);
    }
    for ran in both(args!("no-such-command '{path}'")) {
        assert!(!commands(&ran.stdout) && !commands(&ran.stderr), "{ran:?}");
        assert_eq!(ran.code, 2);
    }
    // A table whose columns, sheet and cells are hostile, tried without a node.
    let table = folder.path().join("t.csv");
    fs::write(
        &table,
        format!("number,{HOSTILE}\n{HOSTILE},1\nA-1,{HOSTILE}\nA-1,2\n"),
    )
    .unwrap();
    let out = folder.path().join("out");
    let bulk = args!(
        "anchor bulk '{}' --registry a.b --record nowhere --dry-run --out '{}' --node http://127.0.0.1:9 --trust '{}' --key none",
        table.display(),
        out.display(),
        trust.display()
    );
    for ran in both(bulk) {
        is_clean(&ran);
        assert_eq!(ran.code, 2, "{ran:?}");
    }
}

#[test]
fn what_a_record_a_workbook_and_a_witness_say_commands_no_terminal() {
    let cluster = Cluster::start(0);
    let at = |name: &str| cluster.path().join(name).to_str().unwrap().to_owned();
    let both = |arguments: Vec<String>| {
        let run = |arguments: &[String]| cluster.clerk("qurilish", arguments);
        [
            run(&arguments),
            run(&[args!("--json"), arguments.clone()].concat()),
        ]
    };
    // A field's value, as a clerk of another agency may have written it.
    cluster.document("a.txt", "a permit");
    let mut anchor = args!("anchor a.txt --registry qurilish.permits --record T-1 --field");
    anchor.push(format!("address=7 {HOSTILE}"));
    let _done = cluster.clerk("qurilish", &anchor).expect(0);
    for ran in both(args!("verify a.txt")) {
        is_clean(&ran);
        assert_eq!(ran.code, 0, "{ran:?}");
    }
    // The name of a sheet; XML has no place for the controls of before 1991.
    let sheet: String = HOSTILE
        .chars()
        .filter(|letter| *letter >= ' ' && *letter != '[')
        .collect();
    let rows = row(1, &[("A", "number")]) + &row(2, &[("A", "S-1")]);
    let rows = format!("<sheetData>{rows}</sheetData>");
    let table = at("t.xlsx");
    workbook_of(table.as_ref(), &sheet, &rows, "uniqueCount=\"0\">", &[]);
    let bulk = "anchor bulk t.xlsx --registry qurilish.permits --record number --out out --dry-run";
    for (more, code) in [("", 0), (" --sheet nowhere", 2)] {
        for ran in both(split(&format!("{bulk}{more}"))) {
            is_clean(&ran);
            assert_eq!(ran.code, code, "{ran:?}");
        }
    }
    // What a witness answers instead of its line.
    let vkey = witness::make(&cluster);
    for (status, answer) in [
        (400, HOSTILE.to_owned()),
        (200, format!("\u{2014} {HOSTILE}\n")),
    ] {
        let (url, witness) = (cluster.url("kadastr"), node(status, answer));
        let asked = format!("court={vkey},{witness}");
        for ran in both(args!("log mirror {url} mirror --witness {asked}")) {
            assert!(!commands(&ran.stdout) && !commands(&ran.stderr), "{ran:?}");
            assert!(ran.code == 20 && ran.stdout.contains("witness"), "{ran:?}");
        }
    }
}

/// Runs with stdout going to `out`.
fn into(out: Stdio, arguments: &[&str]) -> (i32, String) {
    let mut child = Command::new(binary("muhr"))
        .args(arguments)
        .env_clear()
        .stdin(Stdio::null())
        .stdout(out)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    (child.wait().unwrap().code().unwrap(), said)
}

const COMMANDS: [&[&str]; 4] = [
    &["exit-codes"],
    &["--json", "exit-codes"],
    &["--help"],
    &["--version"],
];

#[test]
fn output_that_is_lost_is_no_success() {
    for arguments in COMMANDS {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let (code, said) = into(full.into(), arguments);
        assert_eq!(code, 1, "{arguments:?}: {said}");
        assert!(said.contains("the output could not be written"), "{said}");
    }
    // A graver code stays.
    let full = File::options().write(true).open("/dev/full").unwrap();
    let (code, said) = into(full.into(), &["--json", "trust", "show", "no-such-file"]);
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("the output could not be written"), "{said}");
}

#[test]
fn a_reader_who_has_left_is_no_failure() {
    for arguments in COMMANDS {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let (code, said) = into(writer.into(), arguments);
        assert_eq!((code, said.as_str()), (0, ""), "{arguments:?}");
    }
    // What a reader gets before it leaves is whole.
    let codes = muhr(&["--json", "exit-codes"]).expect(0);
    let _document: Value = codes.json();
}
