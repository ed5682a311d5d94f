//! How long does one entry take when the validators are far from one another?
//!
//! Every node is the same time from every other, by relays on loopback; the client stands beside its node.
//! An entry that is handed in where nobody proposes takes four message delays to be decided: on to the
//! proposer, the proposal, two rounds of votes. The cosignatures for its receipt follow.

use std::time::{Duration, Instant};

use protocol::hash::sha256;
use tests::{
    cluster::{AGENCIES, Cluster},
    delay,
    load::Load,
};
use verify::Verdict;

use super::{
    super::{Asked, load::Node, report::percentile},
    Grid, say,
};

/// One way, in milliseconds; none is the machine alone.
const DELAYS_MS: [u64; 4] = [0, 10, 25, 50];
/// Entries of each delay and kind, at all four validators in no order.
const ENTRIES: usize = 80;
/// Message delays of a decision.
const MESSAGES: f64 = 4.0;

/// Milliseconds of entries one by one: to the receipt at the node that each was handed to, and at the next.
fn times(cluster: &Cluster, load: &Load) -> (Vec<f64>, Vec<f64>) {
    let nodes = AGENCIES.map(|name| Node::new(cluster, name));
    let (mut here, mut elsewhere) = (Vec::new(), Vec::new());
    for (number, entry) in load.sign(2 * ENTRIES).iter().enumerate() {
        // Not in turn: whose turn it is to propose goes round as well, and the two would keep step.
        let at = usize::from(sha256(&[&number.to_be_bytes()])[0]) % nodes.len();
        let (asked, taken) = if number % 2 == 0 {
            (at, &mut here)
        } else {
            ((at + 1) % nodes.len(), &mut elsewhere)
        };
        let begun = Instant::now();
        nodes[at].submit(entry);
        let receipt = nodes[asked].receipt(&entry.id);
        let judged = verify::receipt::judge(&load.trust, receipt.as_bytes(), None);
        assert_eq!(judged.verdict, Verdict::Authentic);
        taken.push(begun.elapsed().as_secs_f64() * 1000.0);
    }
    (here, elsewhere)
}

pub(super) fn measure(asked: &Asked, command: &str) {
    let head = [
        "one way between all",
        "receipt at its own node, p50",
        "p99",
        "p50 to four delays",
        "receipt at another node, p50",
        "p99",
        "p50 to four delays",
    ];
    let mut grid = Grid::new(head.map(str::to_owned));
    for delay in DELAYS_MS {
        eprintln!("· {delay} ms between all validators");
        let mut cluster = Cluster::create(0);
        if delay > 0 {
            delay::between_all(&mut cluster, Duration::from_millis(delay));
        }
        cluster.start_all();
        let load = Load::new(&cluster);
        let (here, elsewhere) = times(&cluster, &load);
        let mut row = vec![format!("{delay} ms")];
        for mut taken in [here, elsewhere] {
            let (p50, p99) = (percentile(&mut taken, 0.5), percentile(&mut taken, 0.99));
            let bound = MESSAGES * delay as f64;
            row.extend([format!("{p50:.1} ms"), format!("{p99:.1} ms")]);
            row.push(if delay > 0 {
                format!("{:.2}", p50 / bound)
            } else {
                "–".to_owned()
            });
        }
        eprintln!("  {}", row.join(", "));
        grid.rows.push(row);
    }
    let note = format!(
        "\n{ENTRIES} entries of each kind, one after the other, at all four validators in no order. Wanted: p50 ≤ 1.25 of four message delays.\n"
    );
    say(asked, command, "delays", &(grid.write() + &note));
}
