//! Every class of file of a node's folder flipped, cut, removed, replaced by an old copy, and by
//! another node's: the node stops with a sentence, or comes back and says nothing that contradicts it.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use tests::cluster::{AGENCIES, copy_folder};

use super::{net::Net, run::Run};

const BOUND: Duration = Duration::from_secs(40);
/// How long a node with a spoilt file is watched.
const WATCHED: Duration = Duration::from_secs(4);
const CLIENTS: usize = 2;

type Spoil = fn(&Path, &Path, &Path);

/// What is done to a file: itself, its copy from earlier, and the same of another node.
const WAYS: [(&str, Spoil); 5] = [
    ("flipped", |file, _, _| {
        let mut bytes = fs::read(file).unwrap();
        let middle = bytes.len() / 2;
        if let Some(byte) = bytes.get_mut(middle) {
            *byte ^= 0x40;
        }
        fs::write(file, bytes).unwrap();
    }),
    ("cut", |file, _, _| {
        let bytes = fs::read(file).unwrap();
        fs::write(file, &bytes[..bytes.len() / 2]).unwrap();
    }),
    ("removed", |file, _, _| fs::remove_file(file).unwrap()),
    ("an old copy", |file, old, _| {
        if old.exists() {
            fs::copy(old, file).unwrap();
        }
    }),
    ("another node's", |file, _, other| {
        if other.exists() {
            fs::copy(other, file).unwrap();
        }
    }),
];

/// One file of each class: numbers in names are different ones of a class.
fn classes(root: &Path, at: &Path, found: &mut BTreeMap<String, PathBuf>) {
    for entry in fs::read_dir(at).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            classes(root, &path, found);
            continue;
        }
        let name = path
            .strip_prefix(root)
            .unwrap()
            .to_string_lossy()
            .into_owned();
        let class = name.replace(|letter: char| letter.is_ascii_digit(), "");
        // What people read, and the lock that is only held.
        let ours =
            !class.ends_with("LOG") && !class.contains("LOG.old") && !class.ends_with("LOCK");
        if ours && class != "log" {
            found.insert(class, path);
        }
    }
}

pub(crate) fn run(run: &mut Run) {
    let mut net = Net::start();
    let (name, other) = ("soliq", "kadastr");
    let dir = net.cluster.dir(name);
    let keep = net.cluster.path().join("keep");
    let traffic = net.traffic(&AGENCIES, CLIENTS);
    net.block_within(BOUND, &AGENCIES);
    net.cluster.kill(name);
    let old = net.cluster.path().join("old");
    replace_folder(&dir, &old);
    net.cluster.start_node(name);
    for _ in 0..3 {
        net.block_within(BOUND, &AGENCIES);
    }
    let mut outcomes: BTreeMap<String, String> = BTreeMap::new();
    let mut files = BTreeMap::new();
    classes(&dir, &dir, &mut files);
    let mut cases: Vec<(String, usize)> = files
        .keys()
        .flat_map(|class| (0..WAYS.len()).map(move |way| (class.clone(), way)))
        .collect();
    if run.by_depth(true, false, false) {
        cases = run.random.shuffled(&(0..cases.len()).collect::<Vec<_>>())[..3]
            .iter()
            .map(|at| cases[*at].clone())
            .collect();
    }
    for (class, way) in cases {
        net.cluster.kill(name);
        replace_folder(&dir, &keep);
        let mut now = BTreeMap::new();
        classes(&dir, &dir, &mut now);
        if let Some(file) = now.get(&class) {
            let inside = file.strip_prefix(&dir).unwrap();
            let (what, spoil) = WAYS[way];
            spoil(
                file,
                &old.join(inside),
                &net.cluster.dir(other).join(inside),
            );
            run.fault(what);
            let outcome = watch(&mut net, name);
            outcomes.insert(format!("{class} {what}"), outcome);
        }
        // The way out of the runbook: the folder as it was, or an empty one.
        net.cluster.kill(name);
        replace_folder(&keep, &dir);
        net.cluster.start_node(name);
        net.block_within(BOUND, &AGENCIES);
        net.assert_one_history(&AGENCIES);
        run.cycles += 1;
    }
    let acks = traffic.acks();
    drop(traffic);
    net.assert_kept(&acks, &AGENCIES);
    net.assert_audits(&AGENCIES);
    for (case, outcome) in outcomes {
        eprintln!("  {case}: {outcome}");
    }
}

/// Starts the node and says what became of it: a refusal in one sentence, or it came back. A node that
/// panics, or hangs without an answer, fails the scenario.
fn watch(net: &mut Net, name: &str) -> String {
    let before = net.cluster.log(name).len();
    net.cluster.start_node(name);
    let since = Instant::now();
    while since.elapsed() < WATCHED && net.cluster.is_alive(name) {
        thread::sleep(Duration::from_millis(50));
    }
    let log = net.cluster.log(name);
    let said = log.get(before..).unwrap_or_default();
    assert!(!said.contains("panicked"), "{said}");
    if net.cluster.is_alive(name) {
        let status = net.client(name).status();
        let status = status.unwrap_or_else(|| panic!("{name} runs and does not answer:\n{said}"));
        return match status.not_voting {
            Some(reason) => format!("observes: {reason}"),
            None => "came back".to_owned(),
        };
    }
    let last = said
        .lines()
        .rev()
        .find(|line| line.starts_with("muhr-node:"));
    let last = last.unwrap_or_else(|| panic!("{name} ended without a sentence:\n{said}"));
    format!("refused: {}", last.trim_start_matches("muhr-node: "))
}

fn replace_folder(from: &Path, to: &Path) {
    let _fresh = fs::remove_dir_all(to);
    copy_folder(from, to);
}
