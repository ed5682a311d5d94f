//! HTTP clients that hand load in, and what the validators use of the processor meanwhile.

use std::{
    fs,
    time::{Duration, Instant},
};

use api::{Code, EntryAnswer};
use client::http::{Client, ConnectOptions};
use protocol::hash::EntryId;
use tests::{cluster::Cluster, load::Ready};

/// Longer than any answer takes on a machine that is not stuck.
const PATIENCE: Duration = Duration::from_secs(120);

/// An HTTP client of one node; keeps its connection.
#[derive(Clone)]
pub(crate) struct Node(Client);

impl Node {
    pub(crate) fn new(cluster: &Cluster, name: &str) -> Self {
        let options = ConnectOptions {
            timeout: PATIENCE,
            ..ConnectOptions::default()
        };
        Self(Client::new(&[cluster.url(name)], &options).unwrap())
    }

    /// Hands in one entry.
    pub(crate) fn submit(&self, entry: &Ready) {
        let problem = self.0.submit(&entry.text, Instant::now()).unwrap();
        assert!(problem.is_none(), "{problem:?}");
    }

    /// Hands in many; says how many were taken and how many met "busy".
    pub(crate) fn submit_many(&self, entries: &[Ready]) -> (usize, usize) {
        let texts: Vec<&str> = entries.iter().map(|entry| entry.text.as_str()).collect();
        let answers = self.0.submit_bundle(&texts).unwrap();
        let is_busy = |answer: &&EntryAnswer| {
            let problem = answer.problem.as_ref();
            problem.is_some_and(|problem| problem.is(Code::Busy))
        };
        let busy = answers.iter().filter(is_busy).count();
        let taken = answers
            .iter()
            .filter(|answer| answer.problem.is_none())
            .count();
        assert_eq!(
            taken + busy,
            entries.len(),
            "{:?}",
            answers.iter().find_map(|answer| answer.problem.as_ref())
        );
        (taken, busy)
    }

    /// Waits for the receipt of an entry.
    pub(crate) fn receipt(&self, id: &EntryId) -> String {
        let found = self.0.receipt(&id.to_hex(), Instant::now() + PATIENCE);
        String::from_utf8(found.unwrap().expect("no receipt in time")).unwrap()
    }

    pub(crate) fn get(&self, path: &str) -> String {
        self.0.page(path).unwrap().1
    }

    /// A number of the metrics page.
    pub(crate) fn metric(&self, name: &str) -> f64 {
        let found = self.try_metric(name);
        found.unwrap_or_else(|| panic!("no metric {name}"))
    }

    /// The same of a node that may not answer yet.
    pub(crate) fn try_metric(&self, name: &str) -> Option<f64> {
        let (_, page) = self.0.page("/metrics").ok()?;
        page.lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok())
    }

    /// Whether the node gives the receipt of an entry now.
    pub(crate) fn has_receipt(&self, id: &EntryId) -> bool {
        let found = self.0.receipt(&id.to_hex(), Instant::now());
        matches!(found, Ok(Some(_)))
    }
}

/// CPU seconds that all validators have used.
pub(crate) fn cluster_cpu(cluster: &Cluster) -> f64 {
    let validators = cluster.validators().iter();
    let pids = validators.map(|name| cluster.pid(name).unwrap());
    pids.map(tree_cpu).sum()
}

/// CPU seconds of a process and of all that it has started, those that have ended included.
pub(crate) fn tree_cpu(root: u32) -> f64 {
    let mut ticks: f64 = 0.0;
    let mut waiting = vec![root];
    while let Some(pid) = waiting.pop() {
        let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else {
            continue;
        };
        let (_, fields) = stat.rsplit_once(')').unwrap();
        let fields: Vec<&str> = fields.split_whitespace().collect();
        // User and system time of its own, and of children that it has waited for.
        let spent = fields[11..15].iter().map(|field| field.parse::<f64>());
        ticks += spent.map(Result::unwrap).sum::<f64>();
        for thread in fs::read_dir(format!("/proc/{pid}/task"))
            .into_iter()
            .flatten()
        {
            let children = thread.map(|thread| thread.path().join("children"));
            let children = children.and_then(fs::read_to_string).unwrap_or_default();
            waiting.extend(
                children
                    .split_whitespace()
                    .map(|pid| pid.parse::<u32>().unwrap()),
            );
        }
    }
    ticks / 100.0
}
