//! What a server between a clerk and a node answers when the node does not: told apart from the node's
//! own words, with the way out.

use std::{
    io::{Read, Write},
    net::TcpListener,
    thread,
};

use tests::cluster::muhr;

/// Answers every request with these lines and a page of its own; gives its address back.
fn server(head: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 4096];
            let _read = stream.read(&mut request);
            let page = "<html>a page of some server</html>";
            let answer = format!(
                "HTTP/1.1 {head}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{page}",
                page.len()
            );
            let _gone = stream.write_all(answer.as_bytes());
        }
    }));
    format!("http://{address}")
}

#[test]
fn statuses_of_servers_before_a_node_have_their_code_and_the_way_out() {
    let cases = [
        ("502 Bad Gateway", 5, "try again later"),
        ("504 Gateway Timeout", 5, "try again later"),
        ("503 Service Unavailable", 5, "later"),
        ("429 Too Many Requests", 5, "later"),
        (
            "301 Moved Permanently\r\nlocation: https://muhr.adliya.example/v1/status",
            1,
            "https://muhr.adliya.example/v1/status",
        ),
        ("302 Found", 1, "--node"),
        (
            "308 Permanent Redirect\r\nlocation: https://b.example/",
            1,
            "https://b.example/",
        ),
        ("401 Unauthorized", 1, "asks who you are"),
        ("403 Forbidden", 1, "asks who you are"),
        ("407 Proxy Authentication Required", 1, "asks who you are"),
        ("404 Not Found", 1, "check the address"),
        ("418 I'm a teapot", 1, "418"),
    ];
    for (head, code, words) in cases {
        let ran = muhr(&["network", "status", "--node", &server(head)]);
        assert_eq!(ran.code, code, "{head}: {}", ran.stderr);
        assert!(ran.stderr.contains(words), "{head}: {}", ran.stderr);
        let status = head.split(' ').next().unwrap();
        let named = ran.stderr.contains(status) || matches!(status, "503" | "429");
        assert!(named, "{head}: {}", ran.stderr);
        assert!(!ran.stderr.contains("<html>"), "{head}: {}", ran.stderr);
    }
}
