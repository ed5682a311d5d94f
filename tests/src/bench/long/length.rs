//! What does a long log cost? One network grows, and at each mark everything is asked of it anew.
//!
//! It grows by tables of rows, and every tenth time by single entries. What is measured at a mark is measured
//! in one order: what only reads comes first, then starts, then loads.

use std::{
    fs, thread,
    time::{Duration, Instant},
};

use tests::{
    cluster::Cluster,
    load::{Load, Ready},
};

use super::{
    super::{
        Asked, audit, bulk, catchup,
        closed::{Loop, closed_of},
        figures::{Axis, Chart, Series, chart},
        load::{Node, cluster_cpu},
        report::{machine, percentile},
        storage,
    },
    Grid, say,
};

/// Rows of one table at the most.
const ROWS_MAX: usize = 100_000;
/// Entries of one single load at the most: more than ten seconds take.
const SINGLES_MAX: usize = 200_000;
/// Old entries whose receipts are asked for at every mark, and how often the old history is.
const SAMPLE: usize = 200;
/// Versions of the record whose history is asked for.
const VERSIONS: usize = 10;
/// Longer than a start may take.
const START_MAX: Duration = Duration::from_secs(300);
/// A log is worth an audit and a catch-up from here on.
const SOME: u64 = 1_000;
/// How often a node is started at each mark.
const STARTS: usize = 5;

/// What was found at one length of the log.
struct Mark {
    entries: u64,
    catchup: Option<f64>,
    audit: Option<f64>,
    memory: u64,
    disk: u64,
    receipt: (f64, f64),
    history: (f64, f64),
    answer: f64,
    /// The least of some starts, and their median.
    vote: (f64, f64),
    bulk: (f64, f64),
    single: Loop,
}

/// The network, and what was put into it first.
struct Grown {
    cluster: Cluster,
    load: Load,
    old: Vec<Ready>,
    /// The old record's part of a path.
    record: String,
    tables: usize,
    /// Rows of one table here.
    rows: usize,
}

impl Grown {
    fn start(entries: u64) -> Self {
        let mut cluster = Cluster::start(1);
        cluster.kill("observer-1");
        let load = Load::new(&cluster);
        let node = Node::new(&cluster, "adliya");
        let old = load.sign(SAMPLE);
        node.submit_many(&old);
        for entry in &old {
            let _final = node.receipt(&entry.id);
        }
        let record = load.versions(VERSIONS, |entry, path| {
            node.submit(entry);
            let _final = node.receipt(&entry.id);
            serde_json::from_str(&node.get(&format!("/v1/records/{path}"))).unwrap()
        });
        Self {
            cluster,
            load,
            old,
            record,
            tables: 0,
            rows: usize::try_from(entries / 20)
                .unwrap()
                .clamp(1_000, ROWS_MAX),
        }
    }

    /// Entries of the log, as a node counts them that is never started anew.
    fn entries(&self) -> u64 {
        Node::new(&self.cluster, "adliya").metric("muhr_entries_total") as u64
    }

    /// A table is anchored and its receipts are thrown away: rows a second, cluster CPU for a row.
    fn bulk(&mut self, rows: usize) -> (f64, f64) {
        self.tables += 1;
        let name = format!("g{}", self.tables);
        let _bytes = bulk::table(&self.cluster, rows, &name);
        let cpu = cluster_cpu(&self.cluster);
        let (seconds, ..) = bulk::run(&self.cluster, &name, &["--archive"]);
        let spent = cluster_cpu(&self.cluster) - cpu;
        let out = self.cluster.path().join(&name);
        fs::remove_file(out.with_extension("csv")).unwrap();
        fs::remove_dir_all(out).unwrap();
        (rows as f64 / seconds, spent * 1e6 / rows as f64)
    }

    fn single(&self) -> Loop {
        let entries = (2 * self.rows).min(SINGLES_MAX);
        closed_of(&self.cluster, &self.load, 16, 256, entries)
    }

    fn grow(&mut self, to: u64) {
        for turn in 1.. {
            let here = self.entries();
            if here >= to {
                return;
            }
            eprintln!("  {here} of {to} entries");
            if turn % 10 == 0 {
                let _measured = self.single();
            } else {
                let left = usize::try_from(to - here).unwrap();
                let _measured = self.bulk(left.min(self.rows));
            }
        }
    }

    /// Milliseconds from the start of a process to what `is_there` finds.
    fn start_until(&mut self, mut is_there: impl FnMut() -> bool) -> f64 {
        let begun = Instant::now();
        self.cluster.start_node("soliq");
        while !is_there() {
            assert!(begun.elapsed() < START_MAX, "no start within {START_MAX:?}");
            thread::sleep(Duration::from_millis(1));
        }
        begun.elapsed().as_secs_f64() * 1000.0
    }

    /// Milliseconds from a node's start to its first answer, an old receipt.
    fn answer(&mut self) -> f64 {
        let (started, old) = (Node::new(&self.cluster, "soliq"), self.old[0].id);
        let mut taken = [0.0; STARTS];
        for taken in &mut taken {
            self.cluster.kill("soliq");
            *taken = self.start_until(|| started.has_receipt(&old));
        }
        percentile(&mut taken, 0.5)
    }

    /// Milliseconds from a node's start to its first vote: least and median of some starts. Two nodes are
    /// away, so that an entry is final only when the one that starts has voted. Where one of the two would
    /// have to propose, a round passes first, which takes longer than a start: hence the least.
    fn vote(&mut self) -> (f64, f64) {
        let mut taken = [0.0; STARTS];
        for taken in &mut taken {
            *taken = self.one_vote();
        }
        (percentile(&mut taken, 0.0), percentile(&mut taken, 0.5))
    }

    fn one_vote(&mut self) -> f64 {
        self.cluster.kill("soliq");
        self.cluster.kill("qurilish");
        let (node, entry) = (Node::new(&self.cluster, "adliya"), self.load.sign_one());
        node.submit(&entry);
        let vote = self.start_until(|| node.has_receipt(&entry.id));
        self.cluster.start_node("qurilish");
        let height = node.metric("muhr_chain_height");
        let returned = Node::new(&self.cluster, "qurilish");
        tests::cluster::wait_until("the node that was away is back", || {
            returned.try_metric("muhr_chain_height") >= Some(height)
                && node.metric("muhr_validators_reached") >= 4.0
        });
        vote
    }

    fn mark(&mut self) -> Mark {
        let entries = self.entries();
        eprintln!("· at {entries} entries");
        let node = Node::new(&self.cluster, "kadastr");
        let some = entries >= SOME;
        let memory = ["adliya", "kadastr"].map(|name| self.cluster.resident_bytes(name));
        let disk = storage::of_node(&self.cluster, "kadastr");
        let receipt = times(SAMPLE, |number| {
            let _text = node.receipt(&self.old[number].id);
        });
        let path = format!("/v1/records/{}/history", self.record);
        let history = times(SAMPLE, |_| {
            assert!(node.get(&path).len() > 1000, "no history");
        });
        let audit = some.then(|| audit::rate(&self.cluster) / audit::cores());
        let catchup = some.then(|| {
            let seconds = catchup::seconds(&mut self.cluster);
            self.cluster.kill("observer-1");
            entries as f64 / seconds
        });
        let (answer, vote) = (self.answer(), self.vote());
        let bulk = self.bulk(self.rows);
        let single = self.single();
        eprintln!(
            "  {:.0} rows/s, {:.0} entries/s, answer {answer:.0} ms, vote {:.0} ms",
            bulk.0, single.rate, vote.0
        );
        Mark {
            entries,
            catchup,
            audit,
            memory: memory.into_iter().max().unwrap_or(0),
            disk,
            receipt,
            history,
            answer,
            vote,
            bulk,
            single,
        }
    }
}

/// Milliseconds of so many calls: p50 and p99.
fn times(count: usize, mut call: impl FnMut(usize)) -> (f64, f64) {
    let mut taken: Vec<f64> = (0..count)
        .map(|number| {
            let begun = Instant::now();
            call(number);
            begun.elapsed().as_secs_f64() * 1000.0
        })
        .collect();
    (percentile(&mut taken, 0.5), percentile(&mut taken, 0.99))
}

type Row = (&'static str, fn(&Mark) -> String);

const ROWS: [Row; 13] = [
    ("single entries, 4,096 clients", |mark| {
        format!("{:.0} entries/s", mark.single.rate)
    }),
    ("cluster CPU for each", |mark| {
        format!("{:.0} µs", mark.single.cpu_us)
    }),
    ("p50, p99", |mark| {
        format!("{:.0} ms, {:.0} ms", mark.single.p50, mark.single.p99)
    }),
    ("rows anchored, receipts in an archive", |mark| {
        format!("{:.0} rows/s", mark.bulk.0)
    }),
    ("cluster CPU for each row", |mark| {
        format!("{:.0} µs", mark.bulk.1)
    }),
    (
        "memory of a validator that was never started anew",
        |mark| format!("{} MB", mark.memory / 1_000_000),
    ),
    ("disk of a validator", |mark| {
        let each = mark.disk as f64 / mark.entries as f64;
        format!("{:.2} GB, {each:.0} bytes an entry", mark.disk as f64 / 1e9)
    }),
    (
        "start to the first answer, an old receipt: median of five",
        |mark| format!("{:.0} ms", mark.answer),
    ),
    (
        "start to the first vote, seen by its entry's receipt: least of five",
        |mark| format!("{:.0} ms (median {:.0} ms)", mark.vote.0, mark.vote.1),
    ),
    ("an old receipt over HTTP, p50, p99", |mark| {
        format!("{:.2} ms, {:.2} ms", mark.receipt.0, mark.receipt.1)
    }),
    (
        "an old history of 10 versions over HTTP, p50, p99",
        |mark| format!("{:.2} ms, {:.2} ms", mark.history.0, mark.history.1),
    ),
    ("a fresh node catches up", |mark| per_second(mark.catchup)),
    ("audit, per core", |mark| per_second(mark.audit)),
];

fn per_second(rate: Option<f64>) -> String {
    rate.map_or("–".to_owned(), |rate| format!("{rate:.0} entries/s"))
}

/// The page's table of the marks that there are by now, and the picture.
fn write(marks: &[Mark], asked: &Asked, command: &str) {
    let entries = |mark: &Mark| format!("at {} entries", mark.entries);
    let head = ["question".to_owned()].into_iter();
    let mut grid = Grid::new(head.chain(marks.iter().map(entries)));
    for (name, of) in ROWS {
        let cells = [name.to_owned()].into_iter().chain(marks.iter().map(of));
        grid.rows.push(cells.collect());
    }
    let mut body = grid.write();
    if let Some(page) = asked.write.as_deref() {
        let series = |name: &str, of: fn(&Mark) -> f64| Series {
            name: name.to_owned(),
            points: marks
                .iter()
                .map(|mark| (mark.entries as f64 / 1e6, of(mark)))
                .collect(),
        };
        let figure = Chart {
            title: "Cluster CPU for an entry, over the length of the log".to_owned(),
            x: Axis {
                label: "million entries in the log",
                is_log: false,
            },
            y: Axis {
                label: "µs of CPU, four validators together",
                is_log: false,
            },
            series: vec![
                series("single entries", |mark| mark.single.cpu_us),
                series("rows in bulk", |mark| mark.bulk.1),
            ],
        };
        body += &chart(page, "length", &machine(command), &figure);
    }
    say(asked, command, "length", &body);
}

pub(super) fn measure(entries: u64, asked: &Asked, command: &str) {
    eprintln!("· four validators; a log of {entries} entries");
    let mut grown = Grown::start(entries);
    let mut marks = Vec::new();
    for tenths in [0, 1, 3, 10] {
        grown.grow(entries / 10 * tenths);
        marks.push(grown.mark());
        // A long run that is stopped leaves what it has found.
        write(&marks, asked, command);
    }
}
