//! Every route of a node, asked wrongly: each refusal is a problem document with a code, and public reads
//! are open to pages of any origin.

use std::fs;

use api::Code;
use serde_json::Value;
use tests::{cluster::Cluster, press::ask};

const JSON: &str = "content-type: application/json\r\n";

fn root() -> std::path::PathBuf {
    std::path::PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap())
        .parent()
        .unwrap()
        .to_owned()
}

/// An answer as it came.
struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(": ")?;
            (found == name).then_some(value)
        })
    }

    /// Fails unless this is a problem document of `status` and `code`.
    fn is_problem(&self, status: u16, code: &str, what: &str) {
        assert_eq!(
            self.status,
            status,
            "{what}: {}",
            String::from_utf8_lossy(&self.body)
        );
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json"),
            "{what}"
        );
        let problem: Value = serde_json::from_slice(&self.body).unwrap();
        assert_eq!(problem["code"], code, "{what}");
        assert_eq!(problem["status"], status, "{what}");
        assert!(
            problem["detail"].as_str().unwrap().len() > 10,
            "{what}: {problem}"
        );
    }
}

struct Node(std::net::SocketAddr);

impl Node {
    fn say(&self, method: &str, path: &str, headers: &str, body: &str) -> Answer {
        let length = match body.is_empty() {
            true => String::new(),
            false => format!("content-length: {}\r\n", body.len()),
        };
        let said = ask(
            self.0,
            &format!("{method} {path} HTTP/1.1\r\nhost: x\r\n{length}{headers}\r\n{body}"),
        );
        let end = said
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .unwrap();
        let head = String::from_utf8(said[..end].to_vec())
            .unwrap()
            .to_ascii_lowercase();
        Answer {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            head,
            body: said[end + 4..].to_vec(),
        }
    }
}

/// A path in place of a pattern, well formed.
fn filled(pattern: &str) -> String {
    pattern
        .replace("{id}", &"0".repeat(64))
        .replace("{registry}", "adliya.permits")
        .replace("{key}", &"0".repeat(64))
        .replace("{agency}", "adliya")
        .replace("{epoch}", "0")
        .replace("{name}", "clerk-1")
        .replace("{*path}", "0/000")
}

fn node(cluster: &Cluster) -> Node {
    Node(cluster.setting("adliya", "http").parse().unwrap())
}

#[test]
fn every_route_refuses_another_method_with_a_problem() {
    let cluster = Cluster::start(0);
    let node = node(&cluster);
    let routes = node::http::paths();
    assert!(routes.len() > 20);
    for (method, pattern) in &routes {
        let path = filled(pattern);
        for wrong in ["DELETE", "PUT", "PATCH", "BREW"] {
            let answer = node.say(wrong, &path, "", "");
            let what = format!("{wrong} {path}");
            answer.is_problem(405, "method-not-allowed", &what);
            let allowed = answer.header("allow").unwrap_or_default().to_uppercase();
            assert!(allowed.contains(method), "{what} allows {allowed:?}");
        }
        let other = if *method == "GET" { "POST" } else { "GET" };
        let answer = node.say(other, &path, "", "");
        answer.is_problem(405, "method-not-allowed", &format!("{other} {path}"));
    }
    for path in [
        "/",
        "/v1",
        "/v2/status",
        "/v1/entries/a/b/c",
        "/favicon.ico",
        "/%00",
        "/..%2f",
    ] {
        node.say("GET", path, "", "")
            .is_problem(404, "not-found", path);
        node.say("POST", path, "", "x")
            .is_problem(404, "not-found", path);
    }
}

#[test]
fn every_body_that_is_too_large_of_another_type_or_broken_is_a_problem() {
    let cluster = Cluster::start(0);
    let node = node(&cluster);
    too_large_or_cut_bodies(&node);
    let ids = |count: usize| {
        let ids = vec!["0".repeat(64); count];
        serde_json::json!({ "ids": ids }).to_string()
    };
    for kind in [
        "",
        "content-type: text/plain\r\n",
        "content-type: application/jsonp\r\n",
        "content-type: \r\n",
    ] {
        let answer = node.say("POST", "/v1/receipts", kind, &ids(1));
        answer.is_problem(415, "unsupported-type", kind);
    }
    for broken in [
        "",
        "{",
        "{}",
        "[]",
        "null",
        "{\"ids\":1}",
        "{\"ids\":[1]}",
        "{\"ids\":[]}x",
        "\u{feff}{}",
        "{\"ids\":[\"zz\"]}",
    ] {
        let answer = node.say("POST", "/v1/receipts", JSON, broken);
        answer.is_problem(400, "bad-request", broken);
    }
    node.say("POST", "/v1/receipts", JSON, &ids(257))
        .is_problem(400, "bad-request", "257 ids");
    node.say("POST", "/v1/receipts", JSON, &ids(600))
        .is_problem(413, "too-large", "600 ids");
    let one = node.say(
        "POST",
        "/v1/receipts",
        "content-type: Application/JSON; charset=utf-8\r\n",
        &ids(1),
    );
    assert_eq!(one.status, 200, "{}", String::from_utf8_lossy(&one.body));
    addresses_that_are_none(&node);
}

fn too_large_or_cut_bodies(node: &Node) {
    let posts = node::http::paths();
    let posts: Vec<_> = posts
        .iter()
        .filter(|(method, _)| *method == "POST")
        .collect();
    assert_eq!(posts.len(), 3);
    for (_, path) in posts {
        // The length is refused before the body is read.
        let huge = format!("{JSON}content-length: 3000000\r\n");
        node.say("POST", path, &huge, "")
            .is_problem(413, "too-large", path);
        let chunks = format!("{JSON}transfer-encoding: chunked\r\n");
        let body = format!("200001\r\n{}\r\n0\r\n\r\n", "x".repeat(0x20_0001));
        let answer = ask(
            node.0,
            &format!("POST {path} HTTP/1.1\r\nhost: x\r\n{chunks}\r\n{body}"),
        );
        assert!(answer.starts_with(b"HTTP/1.1 413 "), "{path}");
        let bad = "transfer-encoding: chunked\r\ncontent-type: application/json\r\n";
        let answer = ask(
            node.0,
            &format!("POST {path} HTTP/1.1\r\nhost: x\r\n{bad}\r\nzz\r\n"),
        );
        assert!(answer.starts_with(b"HTTP/1.1 400 "), "{path}");
    }
}

fn addresses_that_are_none(node: &Node) {
    for path in [
        "/v1/entries/00/receipt",
        "/v1/proofs/inclusion",
        "/v1/proofs/inclusion?index=0&size=x",
        "/v1/proofs/inclusion?index=9&size=9",
        "/v1/proofs/consistency?from=0&to=1",
        "/v1/proofs/consistency?from=-1&to=1",
        "/v1/clerks/%ff",
        "/v1/clerks/%ff/%fe",
        "/v1/records/%ff/%ff",
        "/v1/records/adliya.permits/zz/history",
        "/v1/trust/first",
        "/v1/trust/01",
        "/v1/trust/-1/proof",
        "/v1/trust/chain?from=x",
        "/v1/governance/zz",
        "/tile/zz",
    ] {
        node.say("GET", path, "", "")
            .is_problem(400, "bad-request", path);
    }
    for path in [
        "/v1/trust/1",
        "/v1/trust/1/proof",
        "/v1/trust/0/proof",
        "/v1/trust/chain?from=1",
        &format!("/v1/governance/{}", "0".repeat(64)),
    ] {
        node.say("GET", path, "", "")
            .is_problem(404, "not-found", path);
    }
    for path in [
        "/v1/trust",
        "/v1/trust/0",
        "/v1/trust/chain",
        "/v1/governance",
    ] {
        let answer = node.say("GET", path, "", "");
        assert_eq!(answer.status, 200, "{path}");
    }
    for wait in ["soon", "-1", "30001", ""] {
        let wait = format!("/v1/entries/{}/receipt?wait={wait}", "0".repeat(64));
        node.say("GET", &wait, "", "")
            .is_problem(400, "bad-request", &wait);
    }
}

#[test]
fn any_page_may_read_what_is_public_and_nothing_else() {
    let cluster = Cluster::start(0);
    let node = node(&cluster);
    let origin = "origin: https://portal.example\r\n";
    let asks = format!("{origin}access-control-request-method: GET\r\n");
    for (method, pattern) in node::http::paths() {
        let path = filled(pattern);
        let open = method == "GET" && !["/livez", "/readyz", "/metrics"].contains(&pattern);
        let allowed = |answer: &Answer| {
            let any = answer
                .header("access-control-allow-origin")
                .map(str::to_owned);
            assert_eq!(
                any.as_deref(),
                open.then_some("*"),
                "{path}: {}",
                answer.head
            );
        };
        if method == "GET" {
            // Whatever it answers: also a refusal is read by the page.
            allowed(&node.say("GET", &path, origin, ""));
        }
        let preflight = node.say("OPTIONS", &path, &asks, "");
        if open {
            assert_eq!(preflight.status, 204, "{path}");
            let methods = preflight.header("access-control-allow-methods").unwrap();
            assert_eq!(methods, "get, head, options", "{path}");
            assert!(preflight.body.is_empty());
        } else {
            preflight.is_problem(405, "method-not-allowed", &path);
        }
        allowed(&preflight);
    }
}

#[test]
fn gzip_is_sent_only_where_it_is_accepted() {
    let cluster = Cluster::start(0);
    let node = node(&cluster);
    let size = cluster.status("adliya").unwrap()["published"]
        .as_u64()
        .unwrap();
    let path = format!("/tile/entries/000.p/{size}");
    for (accepts, packed) in [
        ("", false),
        ("accept-encoding: gzip\r\n", true),
        ("accept-encoding: gzip;q=0\r\n", false),
        ("accept-encoding: *;q=0.5, gzip;q=0\r\n", false),
        ("accept-encoding: br, *\r\n", true),
    ] {
        let answer = node.say("GET", &path, accepts, "");
        assert_eq!(answer.status, 200, "{accepts}");
        let coding = answer.header("content-encoding");
        assert_eq!(coding, packed.then_some("gzip"), "{accepts}");
        assert_eq!(answer.header("vary"), Some("accept-encoding"));
    }
}

#[test]
fn the_page_of_the_interface_lists_every_route_and_every_code() {
    let page = fs::read_to_string(root().join("docs/api.md")).unwrap();
    for (method, pattern) in node::http::paths() {
        // The page shortens what belongs together: `GET /v1/network`, `/v1/status`.
        let written = pattern.replace("{*path}", "{L}/{N}");
        assert!(
            page.contains(&written),
            "docs/api.md does not list {method} {written}"
        );
    }
    for code in [
        "bad-request",
        "not-found",
        "method-not-allowed",
        "unsupported-type",
        "too-large",
        "too-slow",
        "busy",
        "fault",
    ] {
        assert!(
            page.contains(&format!("`{code}`")),
            "docs/api.md does not list {code}"
        );
    }
}

/// Words in backticks of the first cell of a row, and the number in the second.
fn documented() -> Vec<(String, u16)> {
    let page = fs::read_to_string(root().join("docs/api.md")).unwrap();
    let mut found = Vec::new();
    for line in page.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = line.split('|').collect();
        let Ok(status) = cells[2].trim().parse() else {
            continue;
        };
        let words = cells[1].split('`').skip(1).step_by(2);
        found.extend(words.map(|word| (word.to_owned(), status)));
    }
    found
}

#[test]
fn every_code_is_documented_with_its_status_and_the_rules_use_no_other() {
    let mut codes: Vec<(String, u16)> = Code::all()
        .map(|code| (code.as_str().to_owned(), code.status()))
        .collect();
    let mut documented = documented();
    codes.sort();
    documented.sort();
    assert_eq!(codes, documented);
    let rules = fs::read_to_string(root().join("ledger/src/rules/refusal.rs")).unwrap();
    let arms = rules.lines().filter_map(|line| {
        let (_, word) = line.trim().strip_prefix("Self::")?.split_once("=> \"")?;
        word.strip_suffix("\",")
    });
    let words: Vec<&str> = arms.collect();
    assert!(words.len() > 40, "{words:?}");
    for word in words {
        assert!(
            Code::parse(word).is_some(),
            "{word} is no code of the interface"
        );
    }
}
