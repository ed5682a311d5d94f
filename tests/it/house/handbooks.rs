//! The handbooks' commands, run as they stand, one after the other.
//!
//! `MUHR_BLESS=1` writes what one run prints into the clerks' page, all of it: times, leaves and keys of
//! different blocks then belong together.

use std::{
    collections::BTreeMap, env, fs, net::TcpListener, os::unix::fs::symlink, path::PathBuf,
    process::Command,
};

use tests::{
    args,
    cluster::{Cluster, binary},
    require, require_that,
    terminal::Terminal,
};

fn root() -> PathBuf {
    let tests = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap());
    tests.parent().unwrap().to_owned()
}

/// All blocks of commands of a page.
fn blocks(page: &str) -> String {
    let text = fs::read_to_string(root().join("docs").join(page)).unwrap();
    let blocks = text.split("```sh\n").skip(1);
    let commands = blocks.map(|block| block.split("```").next().unwrap());
    commands.collect()
}

fn has(program: &str, arguments: &[&str]) -> bool {
    let ran = Command::new(program).args(arguments).output();
    ran.is_ok_and(|ran| ran.status.success())
}

#[test]
fn an_auditor_gets_from_nothing_to_a_full_check() {
    let cluster = Cluster::start(0);
    let bin = cluster.path().join("bin");
    fs::create_dir(&bin).unwrap();
    for program in ["muhr", "muhr-node"] {
        symlink(binary(program), bin.join(program)).unwrap();
    }
    symlink(root().join("checkers"), cluster.path().join("checkers")).unwrap();
    let document = cluster.document("permit.txt", "a permit");
    let command = args!("anchor {document} --registry qurilish.permits --record TSH-2026-0001");
    let _done = cluster.clerk("qurilish", &command).expect(0);
    // The system names a free port; it stays free for the moment until the witness takes it.
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port().to_string();
    drop(free);
    let with_python = require_that(
        has("python3", &["-c", "import cryptography"]),
        "cryptography for Python",
    );
    let with_openssl = require("openssl").is_some();
    let mut script =
        String::from("set -euo pipefail\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n");
    for line in blocks("auditors.md").lines() {
        if line.starts_with("export MUHR_NODE=") {
            script += &format!("export MUHR_NODE={}\n", cluster.url("kadastr"));
        } else if line.starts_with("python3 ") && !with_python
            || line.contains("openssl.sh") && !with_openssl
        {
            eprintln!("not run: {line}");
        } else {
            script += &format!("{}\n", line.replace("7499", &port));
            if line.ends_with('&') {
                script +=
                    &format!("until (: </dev/tcp/127.0.0.1/{port}) 2>/dev/null; do :; done\n");
            }
        }
    }
    let ran = Command::new("bash")
        .args(["-c", &script])
        .current_dir(cluster.path())
        .output()
        .unwrap();
    let (out, error) = (
        String::from_utf8_lossy(&ran.stdout),
        String::from_utf8_lossy(&ran.stderr),
    );
    assert!(ran.status.success(), "{script}\n{out}\n{error}");
    assert!(out.contains("the words are this file's"), "{out}");
}

/// First of eight ports that follow one another and are free now.
fn free_ports() -> u16 {
    let listen = |port: u16| TcpListener::bind(("127.0.0.1", port));
    let is_free = |first: u16| {
        let ports = (0..8).map(|more| first.checked_add(more).map(listen));
        // All are held until the last was tried.
        let held: Vec<_> = ports.collect();
        held.iter().all(|port| matches!(port, Some(Ok(_))))
    };
    for _ in 0..100 {
        let system = listen(0).unwrap().local_addr().unwrap().port();
        if is_free(system) {
            return system;
        }
    }
    panic!("no eight free ports follow one another");
}

#[test]
fn agencies_found_a_network_as_the_page_says() {
    let folder = tempfile::tempdir().unwrap();
    let bin = folder.path().join("bin");
    fs::create_dir(&bin).unwrap();
    for program in ["muhr", "muhr-node"] {
        symlink(binary(program), bin.join(program)).unwrap();
    }
    let commands = blocks("agencies.md");
    assert!(commands.lines().count() > 30, "{commands}");
    let first = free_ports();
    let ports = [(7480, first), (7485, first + 5)];
    let commands = ports.iter().fold(commands, |text, (named, real)| {
        text.replace(&named.to_string(), &real.to_string())
    });
    let script =
        format!("set -euo pipefail\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n{commands}");
    let ran = Command::new("bash")
        .args(["-c", &script])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let (out, error) = (
        String::from_utf8_lossy(&ran.stdout),
        String::from_utf8_lossy(&ran.stderr),
    );
    assert!(ran.status.success(), "{script}\n{out}\n{error}");
    assert_eq!(out.matches("accepts the genesis of").count(), 4, "{out}");
    assert!(out.contains("authentic"), "{out}");
}

/// The blocks of a page: their language, and what they hold.
fn fenced(page: &str) -> Vec<(String, String)> {
    let text = fs::read_to_string(root().join("docs").join(page)).unwrap();
    let mut blocks = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(language) = line.strip_prefix("```") {
            let inside = lines.by_ref().take_while(|line| !line.starts_with("```"));
            let inside = inside.map(|line| format!("{line}\n")).collect();
            blocks.push((language.to_owned(), inside));
        }
    }
    blocks
}

/// What is another at every run: moments and spans, keys and hashes, places in the log, addresses, and
/// which quorum of the four was the first.
fn masked(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let line = match line.split_once("cosigned by ") {
            Some((before, after)) => {
                let (_, rest) = after.split_once(';').unwrap_or_default();
                format!("{before}cosigned by … {rest}")
            }
            None => line.to_owned(),
        };
        let words: Vec<&str> = line.split(' ').collect();
        let word = |at: usize| words.get(at).copied().unwrap_or_default();
        let like = |word: &str, shape: &str| {
            let bare = word.trim_end_matches([',', ')', ';', '.']);
            let fits = |(one, of): (char, char)| one == of || (of == '0' && one.is_ascii_digit());
            bare.len() == shape.len() && bare.chars().zip(shape.chars()).all(fits)
        };
        let masked = |at: usize| {
            let (here, before) = (word(at), if at == 0 { "" } else { word(at - 1) });
            let is_moment = (like(here, "0000-00-00") && like(word(at + 1), "00:00:00"))
                || (like(here, "00:00:00") && like(before, "0000-00-00"));
            let bare = here.trim_end_matches(',');
            let is_long = bare.len() >= 40
                && bare
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte));
            let is_number = here.starts_with(|first: char| first.is_ascii_digit());
            let is_place = is_number && ["leaf", "block", "size", "is"].contains(&before);
            let is_span = is_number && ["days", "minutes"].contains(&word(at + 1));
            let is_address = here.starts_with("http://127.0.0.1:");
            is_moment || is_long || is_place || is_span || is_address
        };
        let shown = (0..words.len()).map(|at| if masked(at) { "…" } else { words[at] });
        shown.collect::<Vec<_>>().join(" ") + "\n"
    });
    lines.collect()
}

/// Runs all blocks of the clerks' page in one shell, and what stands at a prompt on a terminal. Gives what
/// is shown for each block that shows something, by its place on the page.
fn lived(cluster: &Cluster, blocks: &[(String, String)]) -> BTreeMap<usize, String> {
    let nodes = format!("{},{}", cluster.url("kadastr"), cluster.url("soliq"));
    let mut own = String::new();
    let mut script = "set -euo pipefail\n".to_owned();
    for (at, (language, block)) in blocks.iter().enumerate() {
        if language == "sh" {
            script += &format!("exec >{at}.printed 2>&1\n");
        }
        for line in block.lines().filter(|_| language == "sh") {
            script += &match line.strip_prefix("export MUHR_NODE=") {
                Some(named) => {
                    named.clone_into(&mut own);
                    format!("export MUHR_NODE={nodes}\n")
                }
                None => format!("{line}\n"),
            };
        }
    }
    let bash = |script: &str| {
        let mut command = Command::new("bash");
        command.args(["-c", script]).current_dir(cluster.path());
        command
    };
    let ran = bash(&script).status().unwrap();
    let printed = |at: usize| {
        fs::read_to_string(cluster.path().join(format!("{at}.printed"))).unwrap_or_default()
    };
    let last = (0..blocks.len()).rfind(|at| cluster.path().join(format!("{at}.printed")).exists());
    let (last, code) = (last.unwrap_or(0), ran.code());
    assert!(
        ran.success(),
        "exit code {code:?} within\n{}\n{}",
        blocks[last].1,
        printed(last)
    );
    let mut shown = BTreeMap::new();
    for (at, (language, block)) in blocks.iter().enumerate() {
        let text = match language.as_str() {
            "sh" => continue,
            "text" => printed(at - 1),
            // At a prompt: up to the question, which is answered with no.
            "console" => {
                let line = block
                    .lines()
                    .next()
                    .and_then(|line| line.strip_prefix("$ "));
                cluster.document("permit.pdf", "a permit");
                let mut command = bash(line.unwrap());
                let key = cluster.dir("qurilish").join("keys/clerk.key");
                command.env("MUHR_NODE", &nodes).env("MUHR_KEY", key);
                command.env("MUHR_TRUST", cluster.trust());
                let mut terminal = Terminal::start(command);
                let end = block.lines().last().unwrap();
                let before = terminal.until(end);
                terminal.types("n\n");
                let (code, _) = terminal.end();
                assert_eq!(code, 2, "{before}");
                format!("$ {}\n{before}{end}\n", line.unwrap())
            }
            other => panic!("a block of {other} is not run"),
        };
        // The page names addresses of its own.
        let named = nodes.split(',').zip(own.split(','));
        let text = text.replace('\u{feff}', "");
        let text = named.fold(text, |text, (real, named)| text.replace(real, named));
        let _new = shown.insert(at, text);
    }
    shown
}

/// A page with other blocks in the places that `shown` names.
fn blessed(page: &str, shown: &BTreeMap<usize, String>) -> String {
    let (mut out, mut at, mut inside) = (String::new(), 0, false);
    for line in page.lines() {
        let fence = line.starts_with("```");
        if !inside || fence || !shown.contains_key(&at) {
            out += &format!("{line}\n");
        }
        if fence && !inside {
            out += shown.get(&at).map_or("", String::as_str);
        }
        at += usize::from(fence && inside);
        inside ^= fence;
    }
    out
}

#[test]
fn a_clerk_s_day_goes_as_the_page_says() {
    let cluster = Cluster::start(0);
    let bin = cluster.path().join("bin");
    fs::create_dir(&bin).unwrap();
    symlink(binary("muhr"), bin.join("muhr")).unwrap();
    let blocks = fenced("clerks.md");
    let shown = lived(&cluster, &blocks);
    if env::var("MUHR_BLESS").is_ok_and(|bless| bless == "1") {
        let path = root().join("docs/clerks.md");
        let page = fs::read_to_string(&path).unwrap();
        fs::write(&path, blessed(&page, &shown)).unwrap();
        return;
    }
    for (at, shown) in &shown {
        let (above, wanted) = (&blocks[at - 1].1, &blocks[*at].1);
        assert_eq!(masked(shown), masked(wanted), "{above}, whole:\n{shown}");
    }
    assert!(shown.len() >= 20, "only {}", shown.len());
}

#[test]
fn blessing_a_page_changes_what_is_shown_and_nothing_else() {
    let page = "a\n```sh\nls\n```\n```text\nold\nold\n```\nb\n```text\nc\n```\n";
    let shown = BTreeMap::from([(1, "new\n".to_owned())]);
    let blessed = blessed(page, &shown);
    assert_eq!(blessed, page.replace("old\nold\n", "new\n"));
}
