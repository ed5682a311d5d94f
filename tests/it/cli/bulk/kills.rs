//! A bulk run that is killed, and the node that it talks to: every row has one entry and one receipt, in a folder or
//! in an archive.
//!
//! `MUHR_BULK_ROWS` and `MUHR_BULK_KILLS` make it longer, `MUHR_SEED` plays the same points again as
//! nearly as processes can.

use std::{
    collections::BTreeSet,
    env, fs,
    path::Path,
    process::{Child, Stdio},
    thread,
    time::Duration,
};

use client::import::Archive;
use protocol::{
    name::RegistryName, opening::Content, policy::TrustPolicy, receipt::Receipt, record::RecordId,
};
use testkit::Random;
use tests::cluster::{Cluster, Ran, wait_until};
use verify::Verdict;

const ROWS: u64 = 12_000;
const KILLS: u64 = 20;
const SEED: u64 = 5;
/// Bytes that one row takes in the journal, nearly: only to spread the points over the whole run.
const LINE_BYTES: u64 = 1_000;
/// Looks between the start and the end of a run that nothing else ends, a thousand a second.
const LOOKS: u64 = 2_000;

fn number(name: &str) -> Option<u64> {
    env::var(name).ok()?.parse().ok()
}

struct Import {
    cluster: Cluster,
    rows: u64,
    step: u64,
    points: Random,
    /// Runs that did not come to their end.
    cut: u64,
    /// Whether receipts go into an archive.
    archive: bool,
}

impl Import {
    fn start(&self, nodes: &str) -> Child {
        let command = ["--json", "anchor", "bulk", "t.csv", "--record", "number"];
        let rest = ["--registry", "qurilish.permits", "--out", "out"];
        let place = if self.archive {
            &["--archive"][..]
        } else {
            &[]
        };
        let arguments = [&command[..], &rest, &["--node", nodes], place].concat();
        let mut command = self
            .cluster
            .clerk_command("qurilish", "qurilish", &arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    }

    fn journal(&self) -> u64 {
        let path = self.cluster.path().join("out/journal");
        fs::metadata(path).map_or(0, |found| found.len())
    }

    /// Looks on until the journal has grown by a random part and somewhat longer, or the run has ended.
    fn wait_for_a_point(&mut self, child: &mut Child) {
        let until = self.journal() + self.points.below(self.step);
        let longer = self.points.below(40);
        let grown = (0..self.points.below(LOOKS))
            .take_while(|_| self.journal() < until && child.try_wait().unwrap().is_none());
        for _ in grown {
            thread::sleep(Duration::from_millis(1));
        }
        for _ in 0..longer {
            thread::sleep(Duration::from_millis(1));
        }
    }

    fn kill_the_client(&mut self, nodes: &str) {
        let mut child = self.start(nodes);
        self.wait_for_a_point(&mut child);
        self.cut(&mut child);
    }

    fn cut(&mut self, child: &mut Child) {
        child.kill().unwrap();
        self.cut += u64::from(child.wait().unwrap().code().is_none());
    }

    /// The node alone: the run says that nobody answers, or goes on with the other node given.
    fn kill_the_node(&mut self, nodes: &str, alone: bool) {
        let mut child = self.start(nodes);
        self.wait_for_a_point(&mut child);
        self.cluster.kill("qurilish");
        if alone {
            let ran = Ran::from(child.wait_with_output().unwrap());
            assert!(matches!(ran.code, 0 | 5), "{ran:?}");
            self.cut += u64::from(ran.code == 5);
        } else {
            self.wait_for_a_point(&mut child);
            self.cut(&mut child);
        }
        self.cluster.start_node("qurilish");
        wait_until("the node is back", || {
            let status = self.cluster.status("qurilish");
            status.is_some_and(|status| status["reached"] == 4)
        });
    }

    /// Every row has its receipt, which verifies and is of this row; no two are of one entry; and the
    /// log, replayed, holds so many entries and no more.
    fn assert_every_row_has_one_entry(&self) {
        let trust = fs::read(self.cluster.trust()).unwrap();
        let trust = TrustPolicy::parse(&trust).unwrap();
        let mut places = BTreeSet::new();
        let archived = self.cluster.path().join("out/receipts.archive");
        let archive = self.archive.then(|| Archive::open(&archived).unwrap());
        let registry = RegistryName::parse("qurilish.permits").unwrap();
        for row in 0..self.rows {
            let name = format!("out/receipts/{:07}.receipt", row + 2);
            let bytes = match &archive {
                Some(archive) => {
                    let record = RecordId::parse(&format!("K-{row}")).unwrap();
                    archive.find(&record.key(&registry)).unwrap()
                }
                None => fs::read(self.cluster.path().join(Path::new(&name))).unwrap(),
            };
            let judged = verify::receipt::judge(&trust, &bytes, None);
            assert_eq!(judged.verdict, Verdict::Authentic, "{name}");
            let opening = Receipt::parse(&bytes).unwrap().opening.unwrap();
            let Some(Content::Fields { fields, .. }) = opening.content else {
                panic!("{name} shows no fields");
            };
            assert_eq!(fields.get("number"), Some(format!("K-{row}").as_str()));
            places.insert(judged.facts.unwrap().index);
        }
        assert_eq!(places.len() as u64, self.rows);
        let url = self.cluster.url("soliq");
        let audited = self.cluster.clerk("qurilish", &["--json", "audit", &url]);
        let audited = audited.expect(0).json();
        assert_eq!(audited["entries"], self.rows);
        assert_eq!(audited["records"], self.rows);
        let result = fs::read_to_string(self.cluster.path().join("out/result.csv")).unwrap();
        let anchored = result.lines().filter(|line| line.contains(",anchored,"));
        assert_eq!(anchored.count() as u64, self.rows);
    }
}

#[test]
fn an_import_survives_its_own_kills_and_those_of_its_node() {
    survives(false);
}

#[test]
fn an_import_into_an_archive_survives_them_too() {
    survives(true);
}

fn survives(archive: bool) {
    let rows = number("MUHR_BULK_ROWS").unwrap_or(ROWS);
    let kills = number("MUHR_BULK_KILLS").unwrap_or(KILLS);
    let seed = number("MUHR_SEED").unwrap_or(SEED);
    println!("{rows} rows, {kills} kills, MUHR_SEED={seed}");
    let cluster = Cluster::start(0);
    let table: String = (0..rows)
        .map(|row| format!("K-{row},house {row}\n"))
        .collect();
    cluster.document("t.csv", &format!("number,kind\n{table}"));
    let one = cluster.url("qurilish");
    let two = format!("{one},{}", cluster.url("kadastr"));
    let mut import = Import {
        cluster,
        rows,
        step: (2 * rows * LINE_BYTES / kills).max(1),
        points: Random::new(seed),
        cut: 0,
        archive,
    };
    for kill in 0..kills {
        match kill % 5 {
            3 => import.kill_the_node(&one, true),
            4 => import.kill_the_node(&two, false),
            _ => import.kill_the_client(&one),
        }
    }
    println!("{} of {kills} runs were cut short", import.cut);
    assert!(
        import.cut >= kills / 2,
        "a test that kills nothing says nothing"
    );
    let child = import.start(&two);
    let ran = Ran::from(child.wait_with_output().unwrap()).expect(0);
    assert_eq!(ran.json()["counts"]["anchored"], rows);
    import.assert_every_row_has_one_entry();
}
