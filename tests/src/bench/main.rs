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
mod catchup;
mod closed;
mod floors;
mod idle;
mod load;
mod receipts;
mod report;
mod storage;
mod wire;

use std::path::PathBuf;

use tests::cluster::Cluster;

fn main() {
    let write = std::env::args()
        .skip_while(|argument| argument != "--write")
        .nth(1)
        .map(PathBuf::from);
    let mut report = report::Report::default();
    eprintln!("· floors");
    floors::measure(&mut report);
    eprintln!("· four validators, one observer that waits");
    let mut cluster = Cluster::start(1);
    cluster.kill("observer-1");
    let load = load::Load::new(&cluster);
    eprintln!("· W11 idle wire");
    wire::idle(&cluster, &mut report);
    eprintln!("· W1 idle latency");
    idle::measure(&cluster, &load, &mut report);
    eprintln!("· W2, W4 closed loop, and 120 %");
    closed::measure(&cluster, &load, &mut report);
    eprintln!("· W8 receipts");
    receipts::measure(&cluster, &load, &mut report);
    eprintln!("· W10 storage");
    storage::measure(&cluster, &mut report);
    eprintln!("· W7 audit");
    audit::measure(&cluster, &mut report);
    eprintln!("· W6 catch-up");
    catchup::measure(&mut cluster, &mut report);
    report.print(write.as_deref());
}
