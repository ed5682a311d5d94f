//! Several nodes for one import, and nodes without room.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use tests::cluster::{Cluster, Ran};

/// What stands before a node answers in its place: a status line, and the headers that go with it.
type Answers = Arc<Mutex<Vec<&'static str>>>;

/// A server before a node. It hands requests on, but for batches while it has answers of its own.
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
    let own = head
        .starts_with("POST /v1/entries")
        .then(|| answers.lock().unwrap().pop())
        .flatten();
    if let Some(own) = own {
        let page = "<html>too many</html>";
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
    let command = ["--json", "anchor", "bulk", &table, "--record", "number"];
    let rest = ["--registry", "qurilish.permits", "--out", name];
    let nodes = ["--node", nodes];
    cluster.clerk("qurilish", &[&command[..], &rest, &nodes].concat())
}

#[test]
fn a_node_without_room_is_waited_for_and_one_in_trouble_is_left() {
    let mut cluster = Cluster::start(0);
    let node = cluster.url("qurilish");
    let other = cluster.url("kadastr");

    // No room: the same node again, when it says.
    let answers = Answers::default();
    *answers.lock().unwrap() = vec![
        "503 Service Unavailable\r\nretry-after: 0",
        "429 Too Many Requests\r\nretry-after: 1",
        "503 Service Unavailable",
    ];
    let url = before(&node, &answers);
    let ran = bulk(&cluster, &url, "room").expect(0).json();
    assert_eq!(ran["counts"]["anchored"], 300);
    assert!(answers.lock().unwrap().is_empty());

    // Trouble: the other node, and the import ends as if nothing had been.
    let trouble = Answers::default();
    *trouble.lock().unwrap() = vec!["500 Internal Server Error"; 100];
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
