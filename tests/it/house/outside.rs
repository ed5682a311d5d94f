//! Other people's verifiers (`checkers`) on the stored corpus and on a living network, and the golden
//! files, whose verdicts stand for good.

use std::{collections::BTreeSet, ffi::OsStr, fs, path::PathBuf, process::Command, sync::LazyLock};

use protocol::{
    hash::{DocumentHash, sha256},
    name::RegistryName,
    policy::TrustPolicy,
    record::RecordId,
};
use serde_json::Value;
use tests::cluster::{Cluster, Ran, muhr, wait_until};
use verify::{Cause, Verdict, checkpoint, history, receipt};

/// The folder of the project.
fn root() -> PathBuf {
    PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("..")
}

/// Installed once, although tests run side by side.
static TOOLS: LazyLock<()> = LazyLock::new(|| {
    let script = root().join("deploy/outside-tools.sh");
    let _there = Ran::from(Command::new(script).output().unwrap()).expect(0);
});

fn run(arguments: &[&str]) -> Ran {
    LazyLock::force(&TOOLS);
    let mut command = Command::new(root().join("checkers/run.sh"));
    command.args(arguments).output().unwrap().into()
}

#[test]
fn outside_checkers_judge_the_corpus_and_the_golden_files_alike() {
    let ran = run(&[]).expect(0);
    let judged: Vec<&str> = ran
        .stdout
        .lines()
        .filter(|line| line.ends_with(", 0 judged otherwise"))
        .collect();
    // The corpus, and each folder of golden files.
    assert_eq!(judged.len(), 4, "{}", ran.stdout);
    assert!(ran.stdout.ends_with("All agree.\n"), "{}", ran.stdout);
}

/// Whoever checks a receipt with Python hears by which trust file, in the words that `muhr` has for it and that
/// agencies read out.
#[test]
fn python_says_the_words_of_the_trust_file_that_it_judged_by() {
    LazyLock::force(&TOOLS);
    let corpus = root().join("corpus");
    let golden = |name: &str| corpus.join("golden/1").join(name);
    let case = |name: &str| corpus.join("cases").join(name);
    // A trust file of the network, one that has lines of past epochs, and a document that was changed.
    let judged = [
        (
            golden("trust.policy"),
            golden("permit.txt.receipt"),
            Some(golden("permit.txt")),
            0,
        ),
        (
            golden("trust.policy"),
            golden("permit.txt.receipt"),
            Some(golden("house.txt")),
            11,
        ),
        (case("epoch-1.policy"), case("bridged.receipt"), None, 0),
    ];
    let mut heard = BTreeSet::new();
    for (trust, receipt, document, code) in judged {
        let mut command = Command::new(python());
        command.arg(root().join("checkers/python/check.py"));
        command
            .arg("--trust")
            .arg(&trust)
            .arg(receipt)
            .args(document);
        let said = Ran::from(command.output().unwrap()).expect(code).stdout;
        let shown = muhr(&[
            OsStr::new("--json"),
            OsStr::new("trust"),
            OsStr::new("show"),
            trust.as_os_str(),
        ]);
        let words = shown.expect(0).json()["words"].as_str().unwrap().to_owned();
        assert_eq!(words.split(' ').count(), 8, "{words}");
        let line = format!("  by the trust file of the words: {words}");
        assert_eq!(said.lines().last(), Some(line.as_str()), "{said}");
        let _new = heard.insert(words);
    }
    assert_eq!(heard.len(), 2, "{heard:?}");
}

/// What the Python checker says of a registry's policy, also of one that was lifted.
#[test]
fn a_policy_that_was_lifted_asks_nothing() {
    let cases = root().join("corpus/cases");
    for (receipt, asks) in [
        (
            "registry-asks-nobody-any-more.receipt",
            "by policy 2: nothing",
        ),
        ("registry-asks-nobody.receipt", "by policy 7: nothing"),
    ] {
        let mut command = Command::new(python());
        command.arg(root().join("checkers/python/check.py"));
        command.arg("--trust").arg(cases.join("trust.policy"));
        let ran = Ran::from(command.arg(cases.join(receipt)).output().unwrap());
        let line = format!("the registry asks of new versions, {asks}\n");
        assert!(ran.stderr.contains(&line), "{receipt}: {ran:?}");
    }
}

/// Debian's Python, where another comes first in the path and lacks the package that was installed.
fn python() -> &'static str {
    let mut asked = Command::new("python3");
    let asked = asked.args(["-c", "import cryptography"]).output();
    match asked.is_ok_and(|ran| ran.status.success()) {
        true => "python3",
        false => "/usr/bin/python3",
    }
}

#[test]
fn outside_checkers_believe_a_living_network() {
    let cluster = Cluster::start(0);
    let registry = ["--registry", "qurilish.permits"];
    let done = |arguments: &[&str]| {
        let _done = cluster
            .clerk("qurilish", &[arguments, &registry].concat())
            .expect(0);
    };
    let permit = cluster.document("permit.txt", "one house\n");
    let parcel = cluster.document("parcel.txt", "one field\n");
    done(&["anchor", &permit, "--record", "A-1"]);
    done(&["anchor", &parcel, "--record", "A-2|7", "--field", "area=4"]);
    let amended = cluster.document("amended.txt", "two houses\n");
    done(&["amend", "A-1", &amended, "--reason", "C02"]);
    let (node, trust) = (cluster.url("qurilish"), cluster.trust());
    let path = |name: &str| cluster.path().join(name).to_str().unwrap().to_owned();
    let checkpoint = path("checkpoint.note");
    wait_until("the log's line is under the newest checkpoint", || {
        let note = ureq::get(format!("{node}/checkpoint")).call();
        let note = note.unwrap().body_mut().read_to_string().unwrap();
        fs::write(&checkpoint, &note).unwrap();
        note.contains("\u{2014} registry.example.uz/test/1 ")
    });
    let ran = run(&[
        "--node",
        &node,
        "--trust",
        trust.to_str().unwrap(),
        &path("permit.txt.receipt"),
        &path("parcel.txt.receipt"),
        &path("amended.txt.receipt"),
        &checkpoint,
    ])
    .expect(0);
    assert!(
        ran.stdout.contains("leaves, from entries and from tiles"),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains("with its document"), "{}", ran.stdout);
    assert!(ran.stdout.ends_with("All agree.\n"), "{}", ran.stdout);
}

/// Receipts of whole batches and of rows that came alone, before and after an erasure.
#[test]
fn python_makes_the_very_receipts_of_an_archive() {
    let cluster = Cluster::start(0);
    let rows: String = (0..1_100).map(|row| format!("A-{row},{row}\n")).collect();
    cluster.document("t.csv", &format!("number,area\n{rows}"));
    let registry = RegistryName::parse("qurilish.permits").unwrap();
    let bulk = "anchor bulk t.csv --record number --archive --out run";
    let bulk: Vec<&str> = bulk.split(' ').collect();
    let bulk = [&bulk[..], &["--registry", registry.as_str()]].concat();
    let _done = cluster.clerk("qurilish", &bulk).expect(0);
    let archive = cluster.path().join("run/receipts.archive");
    let made = |key: Option<&str>| {
        let mut command = Command::new(python());
        command.arg(root().join("checkers/python/archive.py"));
        command.arg(&archive).args(key);
        Ran::from(command.output().unwrap()).expect(0).stdout
    };
    let keys = made(None);
    assert_eq!(keys.lines().count(), 1_100);
    for erased in [false, true] {
        if erased {
            let erase = ["receipt", "erase", "run/receipts.archive", "--yes"];
            let _done = cluster.clerk("qurilish", &erase).expect(0);
        }
        for row in [0, 1, 511, 1_022, 1_023, 1_099] {
            let number = RecordId::parse(&format!("A-{row}")).unwrap();
            let key = number.key(&registry);
            let bytes = client::import::archive::extract(&archive, &key).unwrap();
            let text = String::from_utf8(bytes.unwrap()).unwrap();
            assert_eq!(made(Some(&key.to_hex())), text, "row {row}");
            assert_eq!(text.contains("--- opening"), !erased);
            let path = cluster.path().join("one.receipt");
            fs::write(&path, &text).unwrap();
            let _authentic = cluster
                .clerk("qurilish", &["verify", "one.receipt"])
                .expect(0);
        }
    }
}

#[test]
fn golden_files_keep_their_verdicts() {
    for version in fs::read_dir(root().join("corpus/golden")).unwrap() {
        let folder = version.unwrap().path();
        if !folder.is_dir() {
            continue;
        }
        let read = |name: &Value| fs::read(folder.join(name.as_str().unwrap())).unwrap();
        let book = fs::read_to_string(folder.join("cases.json")).unwrap();
        let book: Value = serde_json::from_str(&book).unwrap();
        let cases = book["cases"].as_array().unwrap();
        assert!(cases.len() > 20, "{}", folder.display());
        for case in cases {
            let trust = TrustPolicy::parse(&read(&case["trust"])).unwrap();
            let verdict = judge(case, &trust, &read);
            let words = Some(verdict.words());
            assert_eq!(case["verdict"].as_str(), words, "{}", case["name"]);
            let meant = &book["verdicts"][case["exit"].to_string()];
            assert_eq!(meant.as_str(), words, "{}", case["name"]);
        }
    }
}

/// The files that were made before chain ids were bound are refused by that name, not as forgeries.
#[test]
fn the_format_before_is_refused_by_name() {
    let folder = root().join("corpus/golden/unbound");
    let trust = |name: &str| TrustPolicy::parse(&fs::read(folder.join(name)).unwrap()).unwrap();
    let mut seen = 0;
    for file in fs::read_dir(&folder).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let bytes = fs::read(&path).unwrap();
        let policy = trust(match name {
            "batch.receipt" | "fields.receipt" => "example.policy",
            _ => "trust.policy",
        });
        let steps = if name.ends_with(".receipt") {
            receipt::judge(&policy, &bytes, None).steps
        } else if name.ends_with(".history") && !name.starts_with("absent") {
            let registry = RegistryName::parse("qurilish.permits").unwrap();
            let record = RecordId::parse("TSH-2026-0001").unwrap();
            history::judge(&policy, &bytes, &registry, &record.key(&registry)).steps
        } else {
            continue;
        };
        let failed = steps.iter().find(|step| !step.is_ok()).unwrap();
        assert_eq!(failed.check.part(), "signature", "{name}: {failed:?}");
        let why = failed.cause().map(Cause::code);
        assert_eq!(why, Some("unbound-signature"), "{name}: {failed:?}");
        seen += 1;
    }
    assert!(seen > 12, "{seen} files");
}

fn judge(case: &Value, trust: &TrustPolicy, read: &impl Fn(&Value) -> Vec<u8>) -> Verdict {
    let bytes = read(&case["file"]);
    let text = || String::from_utf8(bytes.clone()).unwrap();
    match case["kind"].as_str().unwrap() {
        "receipt" => {
            let document = case
                .get("document")
                .map(|name| DocumentHash::new(sha256(&[&read(name)])));
            receipt::judge(trust, &bytes, document.as_ref()).verdict
        }
        "history" => {
            let registry = RegistryName::parse(case["registry"].as_str().unwrap()).unwrap();
            let record = RecordId::parse(case["record"].as_str().unwrap()).unwrap();
            history::judge(trust, &bytes, &registry, &record.key(&registry)).verdict
        }
        "checkpoint" => checkpoint::judge(trust, &text())
            .map_or_else(|error| error.verdict(), |_| Verdict::Authentic),
        kind => {
            assert_eq!(kind, "evidence");
            verify::file::evidence(trust, &bytes).verdict
        }
    }
}
