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
mod floors;
mod history;
mod hostile;
mod idle;
mod load;
mod receipts;
mod report;
mod start;
mod storage;
mod wire;

use std::path::{Path, PathBuf};

use tests::{cluster::Cluster, load::Load, press::child::Task};

fn main() {
    let argument = |name: &str| {
        let mut rest = std::env::args().skip_while(|argument| argument != name);
        rest.nth(1)
    };
    let write = argument("--write").map(PathBuf::from);
    // The processes of the question `hostile`, which this program starts itself.
    if let Some(path) = argument("--task") {
        return Task::run(Path::new(&path));
    }
    let only = argument("--only");
    if let Some(folder) = argument("--against") {
        let pairs = argument("--pairs").map_or(3, |pairs| pairs.parse().unwrap());
        return against::compare(Path::new(&folder), only.as_deref(), pairs);
    }
    let asked = |question: &str| only.as_deref().is_none_or(|only| only == question);
    let mut report = report::Report::default();
    if asked("floors") {
        floors::measure(&mut report);
    }
    if asked("history") {
        history::measure(&mut report);
    }
    if asked("bulk") || asked("start") {
        eprintln!("· four validators; tables of up to a million rows");
        let mut cluster = Cluster::start(0);
        if asked("bulk") {
            bulk::measure(&cluster, &mut report);
        }
        bulk::million(&cluster, &mut report);
        if asked("start") {
            start::measure(&mut cluster, &mut report);
        }
    }
    if asked("hostile") {
        hostile::measure(&mut report);
    }
    if only
        .as_deref()
        .is_some_and(|only| ["floors", "history", "bulk", "start", "hostile"].contains(&only))
    {
        return report.print(None);
    }
    eprintln!("· four validators, one observer that waits");
    let mut cluster = Cluster::start(1);
    cluster.kill("observer-1");
    let load = Load::new(&cluster);
    if asked("wire") {
        wire::idle(&cluster, &mut report);
    }
    if asked("idle") {
        idle::measure(&cluster, &load, &mut report);
    }
    if asked("closed") || asked("grown") {
        closed::measure(&cluster, &load, &mut report);
    }
    if asked("receipts") {
        receipts::measure(&cluster, &load, &mut report);
    }
    // What is asked of a ledger that the closed loop has grown.
    if only.as_deref().is_none_or(|only| only == "grown") {
        storage::measure(&cluster, &mut report);
        audit::measure(&cluster, &mut report);
        catchup::measure(&mut cluster, &mut report);
    }
    report.print(write.as_deref());
}
