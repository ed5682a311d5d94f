//! A corpus of odd tables and workbooks, made here: each row has one right outcome, which a try, a run, a run that
//! amends, and a reconciliation must all give.
//!
//! `texts` and `books` make the files. `$` in them stands for the case, so that no two share a number and one
//! ledger takes them all.

mod texts;
mod workbooks;

use std::{
    collections::BTreeMap,
    fs,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use tests::cluster::{Cluster, Ran};

/// Files that are judged at the same time: most of a run is waiting for blocks.
const AT_ONCE: usize = 6;
/// The least files of the corpus.
const FILES_MIN: usize = 150;
const REGISTRY: [&str; 2] = ["--registry", "qurilish.permits"];

/// What must come of a file.
pub(super) enum Outcome {
    /// Nothing of it is taken, with these words.
    Refused(&'static str),
    /// Each row that is named, with its code; "fit" for one that is anchored.
    Rows(Vec<(u64, &'static str)>),
}

/// One file.
pub(super) struct Case {
    pub(super) what: String,
    pub(super) extension: &'static str,
    pub(super) bytes: Vec<u8>,
    pub(super) more: &'static [&'static str],
    pub(super) outcome: Outcome,
}

impl Case {
    pub(super) fn new(
        what: impl Into<String>,
        extension: &'static str,
        bytes: Vec<u8>,
        outcome: Outcome,
    ) -> Self {
        Self {
            what: what.into(),
            extension,
            bytes,
            more: &[],
            outcome,
        }
    }

    pub(super) fn with(mut self, more: &'static [&'static str]) -> Self {
        self.more = more;
        self
    }
}

/// A case on its way through all four commands.
struct Desk<'a> {
    cluster: &'a Cluster,
    name: String,
    table: String,
    more: &'a [&'a str],
}

impl Desk<'_> {
    fn run(&self, command: &[&str], rest: &[&str]) -> Ran {
        let how = ["--record", "number"];
        let all = [
            &["--json"],
            command,
            &[&self.table],
            &how,
            &REGISTRY,
            self.more,
            rest,
        ];
        self.cluster.clerk("qurilish", &all.concat())
    }

    fn bulk(&self, out: &str, rest: &[&str]) -> Ran {
        let out = format!("{}.{out}", self.name);
        self.run(&["anchor", "bulk"], &[&["--out", &out], rest].concat())
    }

    fn read(&self, path: &str) -> String {
        let text = fs::read_to_string(self.cluster.path().join(path));
        text.unwrap_or_default()
    }

    /// The codes of the rows to mend, by row.
    fn to_mend(&self, out: &str, kind: &str) -> BTreeMap<u64, String> {
        let errors = self.read(&format!("{}.{out}/{}.{kind}", self.name, self.name));
        rows(&errors)
            .filter_map(|row| Some((row.first()?.parse().ok()?, row.get(2)?.clone())))
            .collect()
    }

    /// What became of every row: a code, or the status of one that went well.
    fn result(&self, out: &str) -> BTreeMap<u64, String> {
        let result = self.read(&format!("{}.{out}/result.csv", self.name));
        let of = |row: Vec<String>| {
            let code = row
                .get(4)
                .filter(|code| !code.is_empty() && *code != "look-alikes");
            Some((row.first()?.parse().ok()?, code.or(row.get(3))?.clone()))
        };
        rows(&result).filter_map(of).collect()
    }

    /// Rows that the report names, with the kinds of findings.
    fn reconciled(&self, out: &str) -> BTreeMap<u64, String> {
        let receipts = format!("{}.{out}", self.name);
        let ran = self.run(&["reconcile"], &["--receipts", &receipts]);
        assert!(matches!(ran.code, 0 | 22), "{}: {ran:?}", self.name);
        let found = ran.json();
        let findings = found["findings"].as_array().unwrap().iter();
        let of = |finding: &serde_json::Value| {
            Some((
                finding["row"].as_u64()?,
                finding["kind"].as_str()?.to_owned(),
            ))
        };
        findings.filter_map(of).collect()
    }
}

/// Rows of a table of this program: commas, and quotes as RFC 4180 has them.
fn rows(text: &str) -> impl Iterator<Item = Vec<String>> {
    super::strict::read(text.trim_start_matches('\u{feff}').as_bytes(), b',')
        .unwrap()
        .into_iter()
        .map(|row| {
            row.into_iter()
                .map(|cell| String::from_utf8_lossy(&cell).into_owned())
                .collect()
        })
}

fn judge(cluster: &Cluster, at: usize, case: &Case) {
    let name = format!("k{at:03}");
    let table = format!("{name}.{}", case.extension);
    fs::write(cluster.path().join(&table), &case.bytes).unwrap();
    let desk = Desk {
        cluster,
        name,
        table,
        more: case.more,
    };
    let what = &case.what;
    let upsert = ["--upsert", "--reason", "C02", "--earlier"];
    let earlier = format!("{}.run", desk.name);
    let upsert = [&upsert[..], &[&earlier]].concat();
    let rows = match &case.outcome {
        Outcome::Rows(rows) => rows,
        Outcome::Refused(words) => {
            let receipts = cluster.path().join(&earlier);
            fs::create_dir(&receipts).unwrap();
            for ran in [
                desk.bulk("try", &["--dry-run"]),
                desk.bulk("run", &[]),
                desk.bulk("next", &upsert),
                desk.run(&["reconcile"], &["--receipts", &earlier]),
            ] {
                assert_eq!(ran.code, 2, "{what}: {ran:?}");
                assert!(
                    ran.stderr.contains(words),
                    "{what}: {words}: {}",
                    ran.stderr
                );
                assert!(ran.stderr.contains(" help: "), "{what}: {}", ran.stderr);
            }
            assert_eq!(fs::read_dir(receipts).unwrap().count(), 0, "{what}");
            return;
        }
    };
    let wanted = |fit: &str| -> BTreeMap<u64, String> {
        let of = |code: &str| if code == "fit" { fit } else { code }.to_owned();
        rows.iter().map(|(row, code)| (*row, of(code))).collect()
    };
    let mut bad = wanted("fit");
    bad.retain(|_, code| code != "fit");
    let code = if bad.is_empty() { 0 } else { 20 };
    let tried = desk.bulk("try", &["--dry-run"]).expect(code).json();
    assert_eq!(desk.to_mend("try", "try.errors.csv"), bad, "{what}: tried");
    assert_eq!(tried["rows"], rows.len(), "{what}");
    let _ran = desk.bulk("run", &[]).expect(code);
    assert_eq!(desk.result("run"), wanted("anchored"), "{what}: run");
    assert_eq!(desk.to_mend("run", "errors.csv"), bad, "{what}: to mend");
    let _ran = desk.bulk("next", &upsert).expect(code);
    assert_eq!(desk.result("next"), wanted("unchanged"), "{what}: amended");
    let invalid = |code: &str| {
        if code == "duplicate" {
            "duplicate"
        } else {
            "invalid"
        }
        .to_owned()
    };
    let invalid: BTreeMap<u64, String> = bad
        .iter()
        .map(|(row, code)| (*row, invalid(code)))
        .collect();
    assert_eq!(desk.reconciled("run"), invalid, "{what}: reconciled");
    fed_back(&desk, what, bad.len());
}

/// Rows to mend that are fed back unmended are refused again, but for those that were duplicates only.
fn fed_back(desk: &Desk<'_>, what: &str, bad: usize) {
    let errors = desk.read(&format!("{}.try/{}.try.errors.csv", desk.name, desk.name));
    if bad == 0 || errors.contains(",duplicate,") {
        return;
    }
    let name = format!("{}back", desk.name);
    desk.cluster.document(&format!("{name}.csv"), &errors);
    let back = Desk {
        cluster: desk.cluster,
        table: format!("{name}.csv"),
        name,
        more: if desk.more.contains(&"--strict-numbers") {
            desk.more
        } else {
            &[]
        },
    };
    let back = back.bulk("try", &["--dry-run"]).expect(20).json();
    assert_eq!(
        back["counts"],
        serde_json::json!({"invalid": bad}),
        "{what}: fed back"
    );
}

#[test]
fn each_row_of_every_odd_table_has_its_one_right_outcome() {
    let mut cases = texts::all();
    cases.extend(workbooks::all());
    assert!(cases.len() >= FILES_MIN, "{} files", cases.len());
    let cluster = Cluster::start(0);
    let next = AtomicUsize::new(0);
    let failures = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(case) = cases.get(at) else {
                        return;
                    };
                    // Whatever one file does, the others are judged too.
                    let judged = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                        judge(&cluster, at, case)
                    }));
                    if judged.is_err() {
                        failures.lock().unwrap().push(case.what.clone());
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(
        failures.is_empty(),
        "{} of {} files: {failures:#?}",
        failures.len(),
        cases.len()
    );
    println!("{} files", cases.len());
}
