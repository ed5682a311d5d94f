//! HTTP clients that hand load in, and what the validators use of the processor meanwhile.

use std::{
    fs,
    time::{Duration, Instant},
};

use api::{Code, EntryAnswer};
use client::http::{Client, ConnectOptions};
use protocol::hash::EntryId;
use tests::{
    cluster::{AGENCIES, Cluster},
    load::Ready,
};

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
        let page = self.get("/metrics");
        page.lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok())
            .unwrap_or_else(|| panic!("no metric {name}"))
    }
}

/// CPU seconds that all validators have used.
pub(crate) fn cluster_cpu(cluster: &Cluster) -> f64 {
    let used = |name: &&str| {
        let stat =
            fs::read_to_string(format!("/proc/{}/stat", cluster.pid(name).unwrap())).unwrap();
        let fields: Vec<&str> = stat
            .rsplit_once(')')
            .unwrap()
            .1
            .split_whitespace()
            .collect();
        (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
    };
    AGENCIES.iter().map(used).sum()
}
