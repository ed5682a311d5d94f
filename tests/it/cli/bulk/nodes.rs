//! Several nodes for one import, and nodes without room.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use tests::{
    args,
    cluster::{Cluster, Ran},
};

/// What stands before a node answers in its place to what begins like this: a status line with the headers
/// that go with it, and a body.
type Answers = Arc<Mutex<Vec<(&'static str, &'static str, &'static str)>>>;

const BATCHES: &str = "POST /v1/entries";

/// To batches, the last first.
fn to_batches(lines: &[&'static str]) -> Answers {
    let page = "<html>too many</html>";
    let answers = lines.iter().map(|line| (BATCHES, *line, page));
    Arc::new(Mutex::new(answers.collect()))
}

/// A server before a node. It hands requests on, but for those for which it has an answer of its own.
/// Its thread ends with the test's process: nobody waits for it.
fn before(node: &str, answers: &Answers) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let node = node.trim_start_matches("http://").to_owned();
    let answers = Arc::clone(answers);
    let _serving = thread::spawn(move || {
        for stream in listener.incoming() {
            let (node, answers) = (node.clone(), Arc::clone(&answers));
            let _serving = thread::spawn(move || pass(stream.unwrap(), &node, &answers));
        }
    });
    url
}

fn pass(mut client: TcpStream, node: &str, answers: &Answers) -> Option<()> {
    let mut reader = BufReader::new(client.try_clone().ok()?);
    let mut head = String::new();
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let lower = line.to_lowercase();
        if let Some(bytes) = lower.strip_prefix("content-length:") {
            length = bytes.trim().parse().ok()?;
        }
        if line.trim().is_empty() {
            break;
        }
        if !lower.starts_with("connection:") {
            head += &line;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let own = {
        let mut answers = answers.lock().unwrap();
        let at = answers
            .iter()
            .rposition(|(start, ..)| head.starts_with(start));
        at.map(|at| answers.remove(at))
    };
    if let Some((_, own, page)) = own {
        let rest = format!(
            "content-length: {}\r\nconnection: close\r\n\r\n{page}",
            page.len()
        );
        return write!(client, "HTTP/1.1 {own}\r\n{rest}").ok();
    }
    let mut node = TcpStream::connect(node).ok()?;
    write!(node, "{head}connection: close\r\n\r\n").ok()?;
    node.write_all(&body).ok()?;
    let _bytes = std::io::copy(&mut node, &mut client).ok()?;
    Some(())
}

fn bulk(cluster: &Cluster, nodes: &str, name: &str) -> Ran {
    let table: String = (0..300).map(|row| format!("{name}-{row}\n")).collect();
    let table = cluster.document(&format!("{name}.csv"), &format!("number\n{table}"));
    let command = args!(
        "--json anchor bulk {table} --record number --registry qurilish.permits --out {name} --node '{nodes}'"
    );
    cluster.clerk("qurilish", &command)
}

#[test]
fn a_node_without_room_is_waited_for_and_one_in_trouble_is_left() {
    let mut cluster = Cluster::start(0);
    let node = cluster.url("qurilish");
    let other = cluster.url("kadastr");

    // No room: the same node again, when it says.
    let answers = to_batches(&[
        "503 Service Unavailable\r\nretry-after: 0",
        "429 Too Many Requests\r\nretry-after: 1",
        "503 Service Unavailable",
    ]);
    let url = before(&node, &answers);
    let ran = bulk(&cluster, &url, "room").expect(0).json();
    assert_eq!(ran["counts"]["anchored"], 300);
    assert!(answers.lock().unwrap().is_empty());

    // Trouble: the other node, and the import ends as if nothing had been.
    let trouble = to_batches(&["500 Internal Server Error"; 100]);
    let url = before(&node, &trouble);
    let refused = bulk(&cluster, &url, "trouble").expect(1);
    assert!(refused.stderr.contains("HTTP status 500"), "{refused:?}");
    let ran = bulk(&cluster, &format!("{url},{other}"), "trouble").expect(0);
    assert_eq!(ran.json()["counts"]["anchored"], 300);

    // Dead from the start, in either place.
    cluster.kill("qurilish");
    for (nodes, name) in [
        (format!("{node},{other}"), "first"),
        (format!("{other},{node}"), "last"),
    ] {
        let ran = bulk(&cluster, &nodes, name).expect(0).json();
        assert_eq!(ran["counts"]["anchored"], 300);
    }
    let away = bulk(&cluster, &node, "away").expect(5);
    assert!(away.stderr.contains("cannot be reached"), "{away:?}");
}

/// No batch receipts, spoilt ones, and answers for fewer rows than were asked for: the first two are gone around,
/// the last is said, and no row is lost.
#[test]
fn a_node_that_answers_otherwise_than_it_should_loses_no_row() {
    let cluster = Cluster::start(0);
    let node = cluster.url("qurilish");
    let batch = "GET /v1/entries/";
    for (answer, name) in [
        ((batch, "404 Not Found", "{}"), "none"),
        ((batch, "200 OK", "muhr-batch-receipts/v1\n"), "spoilt"),
    ] {
        let answers = Answers::new(Mutex::new(vec![answer]));
        let ran = bulk(&cluster, &before(&node, &answers), name).expect(0);
        assert_eq!(ran.json()["counts"]["anchored"], 300);
        assert!(answers.lock().unwrap().is_empty());
    }
    let json = "200 OK\r\ncontent-type: application/json";
    let answers = vec![
        ("POST /v1/receipts", json, "[]"),
        (batch, "404 Not Found", "{}"),
    ];
    let answers = Answers::new(Mutex::new(answers));
    let url = before(&node, &answers);
    let stopped = bulk(&cluster, &url, "fewer").expect(1);
    assert!(
        stopped.stderr.contains("for another number of entries"),
        "{stopped:?}"
    );
    let result = std::fs::read_to_string(cluster.path().join("fewer/result.csv")).unwrap();
    let pending = result.lines().filter(|line| line.contains(",pending,"));
    assert_eq!(pending.count(), 300);
    let ran = bulk(&cluster, &url, "fewer").expect(0);
    assert_eq!(ran.json()["counts"]["anchored"], 300);
}
