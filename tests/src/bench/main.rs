//! `make bench`: one file per question, four validators as four processes on this machine.
//!
//! Load is signed beforehand; finality is seen with a verified receipt at another validator than the
//! one submitted to; CPU is that of all server processes. Floors are measured in the same run, so that
//! every figure is also a ratio to what the machine could do.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::cast_precision_loss,
    reason = "a benchmark fails by panicking, with the reason"
)]

mod against;
mod audit;
mod bulk;
mod catchup;
mod closed;
mod figures;
mod floors;
mod history;
mod hostile;
mod idle;
mod load;
mod long;
mod peers;
mod receipts;
mod report;
mod signatures;
mod start;
mod storage;
mod wire;

use std::path::{Path, PathBuf};

use tests::{cluster::Cluster, load::Load, press::child::Task};

/// What this program was asked for.
struct Asked {
    /// The questions of `--only`, separated by commas; none stands for all.
    only: Option<String>,
    write: Option<PathBuf>,
}

impl Asked {
    fn is_asked(&self, question: &str) -> bool {
        let only = self.only.as_deref();
        only.is_none_or(|only| only.split(',').any(|asked| asked == question))
    }
}

fn main() {
    let argument = |name: &str| {
        let mut rest = std::env::args().skip_while(|argument| argument != name);
        rest.nth(1)
    };
    // The processes of the question `hostile`, which this program starts itself.
    if let Some(path) = argument("--task") {
        return Task::run(Path::new(&path));
    }
    let asked = Asked {
        only: argument("--only"),
        write: argument("--write").map(PathBuf::from),
    };
    if let Some(folder) = argument("--against") {
        let pairs = argument("--pairs").map_or(5, |pairs| pairs.parse().unwrap());
        let (only, write) = (asked.only.as_deref(), asked.write.as_deref());
        return against::compare(Path::new(&folder), only, pairs, write);
    }
    if let Some(driver) = argument("--peers") {
        let rounds = argument("--rounds").map_or(3, |rounds| rounds.parse().unwrap());
        return peers::measure(Path::new(&driver), rounds, asked.write.as_deref());
    }
    if let Some(entries) = argument("--long") {
        return long::measure(entries.parse().unwrap(), &asked);
    }
    all(&asked);
}

/// The questions of `make bench`.
fn all(asked: &Asked) {
    let mut report = report::Report::default();
    for (question, measure) in [
        ("floors", floors::measure as fn(&mut report::Report)),
        ("verify", signatures::measure),
        ("history", history::measure),
        ("bulk", bulk::measure),
        ("hostile", hostile::measure),
    ] {
        if asked.is_asked(question) {
            measure(&mut report);
        }
    }
    if asked.is_asked("million") || asked.is_asked("start") {
        on_a_million(asked, &mut report);
    }
    let of_the_cluster = ["wire", "idle", "closed", "receipts", "grown"];
    let mut points = Vec::new();
    if of_the_cluster
        .iter()
        .any(|question| asked.is_asked(question))
    {
        points = on_one_cluster(asked, &mut report);
    }
    let only = asked.only.as_ref();
    let command = only.map_or("make bench".to_owned(), |only| {
        format!("bench --only {only}")
    });
    if let Some(page) = asked.write.as_deref()
        && !points.is_empty()
    {
        report.picture(&closed::picture(page, &report::machine(&command), &points));
    }
    report.print(&command, "figures", asked.write.as_deref());
}

/// A million rows, on a network of their own since they take longer than all else; and how long a validator that
/// holds them takes to start.
fn on_a_million(asked: &Asked, report: &mut report::Report) {
    let mut cluster = Cluster::start(0);
    bulk::million(&cluster, report);
    if asked.is_asked("start") {
        start::measure(&mut cluster, report);
    }
}

/// The questions that one network answers, and the points of the closed loop.
fn on_one_cluster(asked: &Asked, report: &mut report::Report) -> Vec<closed::Loop> {
    eprintln!("· four validators, one observer that waits");
    let mut cluster = Cluster::start(1);
    cluster.kill("observer-1");
    let load = Load::new(&cluster);
    if asked.is_asked("wire") {
        wire::idle(&cluster, report);
    }
    if asked.is_asked("idle") {
        idle::measure(&cluster, &load, report);
    }
    let mut points = Vec::new();
    if asked.is_asked("closed") || asked.is_asked("grown") {
        points = closed::measure(&cluster, &load, report);
    }
    if asked.is_asked("receipts") {
        receipts::measure(&cluster, &load, report);
    }
    // What is asked of a ledger that the closed loop has grown.
    if asked.is_asked("grown") {
        storage::measure(&cluster, report);
        audit::measure(&cluster, report);
        catchup::measure(&mut cluster, report);
    }
    points
}
