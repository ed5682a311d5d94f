//! No plaintext of a record reaches a node: a whole run of four nodes, with everything that they keep,
//! write, serve and answer, is searched for every word of every record.
//!
//! Not here: what a clerk's own desk shows and keeps.

mod work;

use std::{
    fs,
    path::{Path, PathBuf},
};

use protocol::{
    hash::sha256,
    text::{base64, hex},
};
use tests::cluster::{AGENCIES, Cluster};

/// A word that the log does hold, in the open: the search must find it wherever entries are.
const PUBLIC: &str = "PLAINVIEW-7741";

/// The node that logs everything.
const TALKER: &str = "kadastr";

/// Numbers, names, values and documents of the run: nobody else's words.
const WORDS: [&str; 25] = [
    "MAXFIY-58213",
    "MAXFIY-58214",
    "Qo'rg'ontepa 58215",
    "JADVAL-58216",
    "JADVAL-58217",
    "egasining-ismi",
    "yashirin maydon",
    "Tursunoy Abdurahmonova",
    "\u{422}\u{443}\u{440}\u{441}\u{443}\u{43d}\u{43e}\u{439}",
    "uch qavatli turar joy",
    "omborxona 58218",
    "Ruxsatnoma matni: 58219",
    "Ruxsatnoma matni: 58220",
    "yolg'iz bino 58221",
    "Dalil matni: 58222",
    "JADVAL-58223",
    "yangi manzil 58224",
    "EXCEL-58225",
    "jadval katagi 58226",
    "PAPKA-58227",
    "Skan matni: 58228",
    "ISSIQ-58229",
    "Issiq matn: 58230",
    "YER-58231",
    "Yer matni: 58232",
];

/// One way in which a word could stand somewhere.
struct Needle {
    word: &'static str,
    way: &'static str,
    bytes: Vec<u8>,
}

/// A word as it is, and in every dress in which programs keep and print text; and its plain hash, from
/// which a word of few possible values is guessed.
fn needles(word: &'static str) -> Vec<Needle> {
    let bytes = word.as_bytes();
    let mut ways = vec![
        ("plain", bytes.to_vec()),
        (
            "UTF-16",
            word.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        ),
    ];
    let decimals: Vec<String> = bytes.iter().map(ToString::to_string).collect();
    let percent = |byte: &u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' => char::from(*byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    let escaped = |letter: char| match letter.is_ascii() {
        true => letter.to_string(),
        false => format!("\\u{:04x}", u32::from(letter)),
    };
    let hash = sha256(&[bytes]);
    ways.extend([
        ("debug", decimals.join(", ").into_bytes()),
        (
            "percent",
            bytes.iter().map(percent).collect::<String>().into_bytes(),
        ),
        (
            "escaped",
            word.chars().map(escaped).collect::<String>().into_bytes(),
        ),
        ("hash", hash.to_vec()),
    ]);
    for (way, bytes) in [("hexadecimal", bytes), ("hash in hexadecimal", &hash[..])] {
        ways.push((way, hex(bytes).into_bytes()));
        ways.push((way, hex(bytes).to_uppercase().into_bytes()));
    }
    for (way, bytes) in [("base64", bytes), ("hash in base64", &hash[..])] {
        // At each of the three places that a text can have among others; the letters it shares are cut.
        for (before, begin) in [(0, 0), (1, 2), (2, 3)] {
            let whole = base64(&[&vec![0; before], bytes].concat());
            let end = (before + bytes.len()) * 8 / 6;
            ways.push((way, whole.as_bytes()[begin..end].to_vec()));
        }
    }
    let needle = |(way, bytes)| Needle { word, way, bytes };
    ways.into_iter().map(needle).collect()
}

fn holds(hay: &[u8], needle: &[u8]) -> bool {
    let (first, rest) = needle.split_first().unwrap();
    let mut at = 0;
    while let Some(next) = hay[at..].iter().position(|byte| byte == first) {
        at += next + 1;
        if hay[at..].starts_with(rest) {
            return true;
        }
    }
    false
}

/// What was gathered from the nodes, by where it was.
type Gathered = Vec<(String, Vec<u8>)>;

fn found(all: &[Needle], gathered: &Gathered) -> Vec<String> {
    let mut found = Vec::new();
    for (place, bytes) in gathered {
        for needle in all.iter().filter(|needle| holds(bytes, &needle.bytes)) {
            found.push(format!("{place}: \"{}\" ({})", needle.word, needle.way));
        }
    }
    found
}

fn files(folder: &Path, gathered: &mut Gathered) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, gathered);
        } else if let Ok(bytes) = fs::read(&path) {
            // A running database may remove a file at any moment: then it is no place to keep anything.
            gathered.push((path.display().to_string(), bytes));
        }
    }
}

fn ask(url: &str, body: Option<&[u8]>) -> Vec<u8> {
    let answer = match body {
        None => ureq::get(url)
            .config()
            .http_status_as_error(false)
            .build()
            .call(),
        Some(body) => ureq::post(url)
            .config()
            .http_status_as_error(false)
            .build()
            .send(body),
    };
    let mut answer = answer.unwrap();
    let mut text = format!("{} {:?}\n", answer.status(), answer.headers()).into_bytes();
    text.extend(answer.body_mut().read_to_vec().unwrap());
    text
}

/// What people and programs send by mistake: receipts with their openings, numbers in addresses. Gives
/// the answers back.
fn mistakes(cluster: &Cluster, name: &str) -> Gathered {
    let url = cluster.url(name);
    let receipt = fs::read(cluster.path().join("first.txt.receipt")).unwrap();
    let mut answers = Vec::new();
    let mut keep = |what: String, answer| answers.push((format!("{name} answers {what}"), answer));
    for path in ["/v1/entries", "/v1/bundles", "/v1/receipts"] {
        keep(
            format!("a receipt to {path}"),
            ask(&format!("{url}{path}"), Some(&receipt)),
        );
    }
    for word in WORDS {
        let plain = word.as_bytes();
        let body = format!("muhr-entry/v1 register\nregistry {word}\n");
        let json = format!("{{\"ids\": [\"{word}\"], \"{word}\": 1}}");
        keep(
            format!("an entry with {word}"),
            ask(&format!("{url}/v1/entries"), Some(body.as_bytes())),
        );
        keep(
            format!("ids with {word}"),
            ask(&format!("{url}/v1/receipts"), Some(json.as_bytes())),
        );
        keep(
            format!("{word} alone"),
            ask(&format!("{url}/v1/entries"), Some(plain)),
        );
        let word: String = plain.iter().map(|byte| format!("%{byte:02X}")).collect();
        for path in [
            "/v1/records/qurilish.permits/",
            "/v1/entries/",
            "/tile/entries/",
            "/",
            "/v1/clerks/a/",
        ] {
            keep(
                format!("a GET of {path}"),
                ask(&format!("{url}{path}{word}"), None),
            );
        }
        let query = format!("{url}/v1/proofs/inclusion?index={word}&size={word}");
        keep("a proof".to_owned(), ask(&query, None));
    }
    answers
}

/// What a node keeps on disk, has logged, serves and measures.
fn gather(cluster: &Cluster, name: &str) -> Gathered {
    let mut gathered = Vec::new();
    files(&cluster.dir(name), &mut gathered);
    let url = cluster.url(name);
    let size = String::from_utf8(ask(&format!("{url}/checkpoint"), None)).unwrap();
    let size = size
        .lines()
        .skip_while(|line| *line != "registry.example.uz/test/1")
        .nth(1);
    let size = size.unwrap().to_owned();
    assert!(size.parse::<u64>().unwrap() < 256, "one tile holds the log");
    for path in [
        format!("/tile/entries/000.p/{size}"),
        format!("/tile/0/000.p/{size}"),
        "/checkpoint".to_owned(),
        "/metrics".to_owned(),
        "/v1/status".to_owned(),
        "/v1/network".to_owned(),
        "/v1/genesis".to_owned(),
        "/readyz".to_owned(),
    ] {
        gathered.push((format!("{name}{path}"), ask(&format!("{url}{path}"), None)));
    }
    gathered
}

#[test]
fn no_word_of_any_record_is_anywhere_in_a_whole_run() {
    let mut cluster = Cluster::create(0);
    // One of them tells all that it ever could.
    cluster.run_under(TALKER, &["env", "MUHR_LOG=debug"]);
    cluster.start_all();
    work::all(&cluster);
    let mut gathered: Gathered = Vec::new();
    for name in AGENCIES {
        gathered.extend(mistakes(&cluster, name));
    }
    for name in AGENCIES {
        gathered.extend(gather(&cluster, name));
    }
    // Once more after a restart, which rewrites what was in memory.
    cluster.kill("soliq");
    cluster.start_node("soliq");
    tests::cluster::wait_until("it is back", || cluster.status("soliq").is_some());
    gathered.extend(gather(&cluster, "soliq"));
    let all: Vec<Needle> = WORDS.into_iter().flat_map(needles).collect();
    assert_eq!(found(&all, &gathered), Vec::<String>::new());
    let bytes: usize = gathered.iter().map(|(_, bytes)| bytes.len()).sum();
    println!(
        "{} needles in {} places, {bytes} bytes",
        all.len(),
        gathered.len()
    );
    controls(&cluster, &all, gathered);
}

/// The search finds what is there: the words that the log holds in the open, in every node's folder and
/// in what it serves; and every word, in every dress, were it in any kind of place.
fn controls(cluster: &Cluster, all: &[Needle], gathered: Gathered) {
    let public = needles(PUBLIC);
    let places = found(&public[..1], &gathered);
    for name in AGENCIES {
        let folder = cluster.dir(name).display().to_string();
        assert!(
            places.iter().any(|place| place.starts_with(&folder)),
            "{places:?}"
        );
        let tile = format!("{name}/tile/entries");
        assert!(
            places.iter().any(|place| place.starts_with(&tile)),
            "{places:?}"
        );
        let log: PathBuf = cluster.dir(name).join("log");
        let log = log.display().to_string();
        let (_, log) = gathered.iter().find(|(place, _)| *place == log).unwrap();
        assert!(
            holds(log, b"peer-connected"),
            "the log of {name} says nothing"
        );
        assert_eq!(holds(log, b"DEBUG"), name == TALKER, "{name}");
        let metrics = format!("{name}/metrics");
        let (_, metrics) = gathered
            .iter()
            .find(|(place, _)| *place == metrics)
            .unwrap();
        assert!(
            holds(metrics, b"# TYPE muhr_chain_height"),
            "no metrics of {name}"
        );
    }
    let wanted = ["/log", "/metrics", "/tile/entries", " answers "];
    for wanted in wanted {
        let (place, bytes) = gathered
            .iter()
            .find(|(place, _)| place.contains(wanted))
            .unwrap();
        for needle in all {
            let middle = bytes.len() / 2;
            let planted = [&bytes[..middle], &needle.bytes, &bytes[middle..]].concat();
            let there = found(
                std::slice::from_ref(needle),
                &vec![(place.clone(), planted)],
            );
            assert_eq!(
                there.len(),
                1,
                "{} ({}) in {place}",
                needle.word,
                needle.way
            );
        }
    }
}
