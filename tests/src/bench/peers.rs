//! `make bench-peers`: Muhr beside what people would pick instead, etcd and PostgreSQL, in one run.
//!
//! Each is started by itself, driven, and ended before the next begins, several rounds over; medians are
//! said. All take entries of the same bytes from as many clients. What each does with them is not the same,
//! and a table says what each leaves out. CPU is that of all server processes, and of the signature check
//! that somebody has to make before PostgreSQL.

mod etcd;
mod postgres;
mod server;

use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Command, Stdio},
};

use serde_json::Value;
// The crate of that name, and not the module below.
use ::tests::{cluster::Cluster, load::Load};

use self::server::Servers;
use super::{
    bulk,
    closed::{LOADS, closed},
    load::{cluster_cpu, tree_cpu},
    report::{machine, percentile, put},
};

const SECONDS: u32 = 10;
/// Entries that are made for the drivers of others: more than ten seconds take.
const PREPARED: usize = 400_000;
/// Entries of one transaction: as many as etcd takes by default.
const BATCH: usize = 128;
/// Connections over which clients are spread. PostgreSQL runs a process for each.
const CONNECTIONS: usize = 64;
/// Rows of Muhr's batched load.
const ROWS: usize = 100_000;

/// How entries are handed in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// One by one, by so many clients.
    Single(usize),
    /// In batches, 4,096 entries at a time.
    Batches,
}

const WAYS: [Way; 4] = [
    Way::Single(1),
    Way::Single(256),
    Way::Single(4096),
    Way::Batches,
];
const SYSTEMS: [&str; 3] = ["etcd", "PostgreSQL", "Muhr"];

impl Way {
    fn words(self) -> String {
        match self {
            Self::Single(1) => "one by one, 1 client".to_owned(),
            Self::Single(clients) => format!("one by one, {clients} clients"),
            Self::Batches => "in batches".to_owned(),
        }
    }
}

/// What one run of one load showed.
#[derive(Clone, Copy)]
struct Sample {
    rate: f64,
    /// CPU of all servers for an entry, in microseconds.
    server: f64,
    /// CPU of the signature check before the servers.
    check: f64,
    /// Requests that were made again because the server was too busy.
    again: f64,
    /// CPU of the clients; none where it was not counted.
    clients: Option<f64>,
    /// Milliseconds of one request; none where the load is one program's whole work.
    times: Option<(f64, f64)>,
}

/// Hands in at servers by the driver, which begins when it is told to.
fn drive(driver: &Path, servers: &Servers, way: Way, bytes: usize) -> Sample {
    let (clients, batch) = match way {
        Way::Single(clients) => (clients, 1),
        Way::Batches => (4096 / BATCH, BATCH),
    };
    let mut command = Command::new(driver);
    command.args(["--system", servers.system, "--at", &servers.addresses]);
    for (name, value) in [
        ("--clients", clients),
        ("--connections", clients.min(CONNECTIONS)),
        ("--batch", batch),
        ("--bytes", bytes),
        ("--seconds", SECONDS as usize),
        ("--entries", PREPARED),
    ] {
        command.arg(name).arg(value.to_string());
    }
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "ready");
    let cpu = || servers.pids().map(tree_cpu).sum::<f64>();
    let before = cpu();
    child.stdin.take().unwrap().write_all(b"go\n").unwrap();
    let line = lines.next().expect("the driver has ended").unwrap();
    let spent = cpu() - before;
    assert!(child.wait().unwrap().success());
    let said: Value = serde_json::from_str(&line).unwrap();
    let number = |key: &str| said[key].as_f64().unwrap();
    Sample {
        rate: number("entries") / number("seconds"),
        server: spent * 1e6 / number("entries"),
        check: number("check_us"),
        again: number("again"),
        clients: Some(number("driver_us") - number("check_us")),
        times: Some((number("p50_ms"), number("p99_ms"))),
    }
}

/// Muhr's four validators under the same load.
fn muhr(cluster: &Cluster, load: &Load, way: Way) -> Sample {
    if let Way::Single(clients) = way {
        let load_of = LOADS.iter().find(|(found, ..)| *found == clients);
        let (_, threads, bundle) = *load_of.unwrap();
        let found = closed(cluster, load, threads, bundle);
        return Sample {
            rate: found.rate,
            server: found.cpu_us,
            check: 0.0,
            again: 0.0,
            clients: None,
            times: Some((found.p50, found.p99)),
        };
    }
    let _bytes = bulk::table(cluster, ROWS, "batches");
    let before = cluster_cpu(cluster);
    let (seconds, ..) = bulk::run(cluster, "batches", &["--archive"]);
    Sample {
        rate: ROWS as f64 / seconds,
        server: (cluster_cpu(cluster) - before) * 1e6 / ROWS as f64,
        check: 0.0,
        again: 0.0,
        clients: None,
        times: None,
    }
}

/// All ways of one system, which is started for them and ended after them.
fn round(driver: &Path, system: &str, bytes: usize) -> Vec<Sample> {
    let say = |way: Way, sample: Sample| {
        let (rate, server) = (sample.rate, sample.server);
        eprintln!("  {system}, {}: {rate:.0}/s at {server:.0} µs", way.words());
        sample
    };
    if system == "Muhr" {
        let cluster = Cluster::start(0);
        let load = Load::new(&cluster);
        return WAYS
            .map(|way| say(way, muhr(&cluster, &load, way)))
            .to_vec();
    }
    let servers = match system {
        "etcd" => etcd::start(),
        _ => postgres::start(),
    };
    WAYS.map(|way| say(way, drive(driver, &servers, way, bytes)))
        .to_vec()
}

/// The median of what some rounds showed of one system and way.
fn median(samples: &[Sample]) -> Sample {
    let of = |get: &dyn Fn(&Sample) -> Option<f64>| {
        let mut values: Vec<f64> = samples.iter().filter_map(get).collect();
        (!values.is_empty()).then(|| percentile(&mut values, 0.5))
    };
    let some = |get: &dyn Fn(&Sample) -> f64| of(&|sample| Some(get(sample))).unwrap();
    let p50 = of(&|sample| Some(sample.times?.0));
    let p99 = of(&|sample| Some(sample.times?.1));
    Sample {
        rate: some(&|sample| sample.rate),
        server: some(&|sample| sample.server),
        check: some(&|sample| sample.check),
        again: some(&|sample| sample.again),
        clients: of(&|sample| sample.clients),
        times: p50.zip(p99),
    }
}

/// What stands behind the figures of a system, and what it does not do.
const LEFT_OUT: &str = "
| system | what it does with an entry | what it does not do |
|---|---|---|
| etcd, three nodes | a put of key (its hash) and value; a log on two of three disks (fsync); in batches: transactions of 128 puts | no signature is checked, by nobody; one operator: no other party agrees; no receipt or proof; whoever may write can overwrite; no order of versions by rules |
| PostgreSQL, one synchronous standby | a row of hash, statement and signature; `fsync` and `synchronous_commit` on: on both disks; the database checks that the hash is the statement's; in batches: one statement of 128 rows | its driver checks the signature before the insert, which stands beside the servers' CPU, and the database believes it; one operator, who can change any row; no receipt or proof; a read of the standby is a matter of trust |
| Muhr, four validators | all four check the signature and the registry's rules; three of four agencies sign, synced before each vote; a receipt is fetched at another validator, and the client verifies the last of each bundle (each one in batches) | nothing is left out. In batches: the whole of `muhr anchor bulk` with receipts in an archive, one signature for up to 1,023 rows |
";

fn table(all: &[Vec<Sample>]) -> String {
    let mut out = String::from(
        "| load | system | entries/s | CPU of all servers for an entry | CPU of the clients | p50 | p99 |\n|---|---|---|---|---|---|---|\n",
    );
    for (place, way) in WAYS.iter().enumerate() {
        for (system, samples) in SYSTEMS.iter().zip(all) {
            let sample = samples[place];
            let check = if sample.check > 0.0 {
                format!(" + {:.0} µs for the signature before them", sample.check)
            } else {
                String::new()
            };
            let again = if sample.again > 0.0 {
                format!(" ({:.0} requests were told to come back)", sample.again)
            } else {
                String::new()
            };
            let clients = sample.clients;
            let clients = clients.map_or("–".to_owned(), |spent| format!("{spent:.0} µs"));
            let times = sample.times.map_or("– | –".to_owned(), |(p50, p99)| {
                format!("{p50:.1} ms | {p99:.1} ms")
            });
            out += &format!(
                "| {} | {system} | {:.0}{again} | {:.0} µs{check} | {clients} | {times} |\n",
                way.words(),
                sample.rate,
                sample.server,
            );
        }
    }
    out
}

/// What the figures were wanted to be, as ratios of the medians.
fn goals(all: &[Vec<Sample>]) -> String {
    let [etcd, postgres, muhr] = all else {
        panic!("three systems")
    };
    let place = |way: Way| WAYS.iter().position(|found| *found == way).unwrap();
    let (many, batches) = (place(Way::Single(4096)), place(Way::Batches));
    let singles = |samples: &[Sample]| {
        let rates = samples[..batches].iter().map(|sample| sample.rate);
        rates.fold(0.0, f64::max)
    };
    let rows = [
        (
            "entries/s to etcd's single puts, 4,096 clients",
            muhr[many].rate / etcd[many].rate,
            "≥ 0.9",
        ),
        (
            "entries/s at its best to PostgreSQL's single inserts at their best",
            singles(muhr) / singles(postgres),
            "≥ 0.7",
        ),
        (
            "bulk rows/s to puts/s in etcd's transactions",
            muhr[batches].rate / etcd[batches].rate,
            "≥ 0.9",
        ),
        (
            "servers' CPU for an entry to etcd's for a put, 4,096 clients",
            muhr[many].server / etcd[many].server,
            "≤ 1.5",
        ),
        (
            "servers' CPU for a row to etcd's for a put in a transaction",
            muhr[batches].server / etcd[batches].server,
            "≤ 1.5",
        ),
    ];
    let mut out = String::from("\n| Muhr's | ratio | wanted |\n|---|---|---|\n");
    for (what, ratio, wanted) in rows {
        out += &format!("| {what} | {ratio:.2} | {wanted} |\n");
    }
    out
}

/// Compares the three and prints the tables; writes them where that is asked for.
pub(crate) fn measure(driver: &Path, rounds: usize, write: Option<&Path>) {
    let bytes = {
        let cluster = Cluster::create(0);
        Load::new(&cluster).sign_one().text.len()
    };
    let mut rounds_of: Vec<Vec<Vec<Sample>>> = vec![Vec::new(); SYSTEMS.len()];
    for number in 1..=rounds {
        eprintln!("· round {number} of {rounds}");
        for (system, found) in SYSTEMS.iter().zip(&mut rounds_of) {
            found.push(round(driver, system, bytes));
        }
    }
    let of_system = |rounds: &Vec<Vec<Sample>>| -> Vec<Sample> {
        let of_way = |place: usize| {
            rounds
                .iter()
                .map(|samples| samples[place])
                .collect::<Vec<_>>()
        };
        (0..WAYS.len())
            .map(|place| median(&of_way(place)))
            .collect()
    };
    let all: Vec<Vec<Sample>> = rounds_of.iter().map(of_system).collect();
    let versions = format!("{}; {}", etcd::version(), postgres::version());
    let text = format!(
        "{}\nMedians of {rounds} round(s); entries of {bytes} bytes, signature included; {versions}. Clients, drivers and servers share the cores; 256 and 4,096 clients share {CONNECTIONS} connections (Muhr: 4 and 16).\n\n{}{LEFT_OUT}{}",
        machine("make bench-peers"),
        table(&all),
        goals(&all)
    );
    println!("{text}");
    if let Some(path) = write {
        put(path, "peers", &text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(rate: f64) -> Sample {
        Sample {
            rate,
            server: 1e6 / rate,
            check: 0.0,
            again: 0.0,
            clients: None,
            times: Some((1.0, 2.0)),
        }
    }

    #[test]
    fn a_row_for_each_system_and_way_and_the_goals_by_their_places() {
        let all = [10.0, 20.0, 5.0].map(|rate| {
            let singles = [1.0, 2.0, 4.0].map(|times| sample(rate * times));
            let batches = Sample {
                times: None,
                ..sample(rate * 8.0)
            };
            [&singles[..], &[batches]].concat()
        });
        let table = table(&all);
        assert_eq!(table.lines().count(), 2 + SYSTEMS.len() * WAYS.len());
        assert!(
            table.contains("| in batches | Muhr | 40 | 25000 µs | – | – | – |"),
            "{table}"
        );
        let goals = goals(&all);
        assert!(goals.contains("4,096 clients | 0.50 | ≥ 0.9"), "{goals}");
        assert!(goals.contains("at their best | 0.25 | ≥ 0.7"), "{goals}");
        assert!(
            goals.contains("for a put, 4,096 clients | 2.00 | ≤ 1.5"),
            "{goals}"
        );
    }

    #[test]
    fn the_median_is_that_of_each_figure() {
        let found = median(&[sample(10.0), sample(40.0), sample(20.0)]);
        assert!((found.rate - 20.0).abs() < 1e-9 && found.clients.is_none());
    }
}
