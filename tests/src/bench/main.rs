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

mod audit;
mod bulk;
mod catchup;
mod closed;
mod floors;
mod history;
mod idle;
mod load;
mod receipts;
mod report;
mod storage;
mod wire;

use std::path::PathBuf;

use tests::{cluster::Cluster, load::Load};

fn main() {
    let write = std::env::args()
        .skip_while(|argument| argument != "--write")
        .nth(1)
        .map(PathBuf::from);
    let only = std::env::args()
        .skip_while(|argument| argument != "--only")
        .nth(1);
    let asked = |question: &str| only.as_deref().is_none_or(|only| only == question);
    let mut report = report::Report::default();
    if asked("floors") {
        floors::measure(&mut report);
    }
    if asked("history") {
        history::measure(&mut report);
    }
    if asked("bulk") {
        bulk::measure(&mut report);
    }
    if only
        .as_deref()
        .is_some_and(|only| ["floors", "history", "bulk"].contains(&only))
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
