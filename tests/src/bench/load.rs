//! HTTP clients that hand load in, and what the validators use of the processor meanwhile.

use std::fs;

use protocol::{hash::EntryId, merkle::tiles};
use tests::{
    cluster::{AGENCIES, Cluster},
    load::Ready,
};

/// An HTTP client of one node; keeps its connection.
#[derive(Clone)]
pub(crate) struct Node {
    agent: ureq::Agent,
    url: String,
}

impl Node {
    pub(crate) fn new(cluster: &Cluster, name: &str) -> Self {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .build()
            .into();
        Self {
            agent,
            url: cluster.url(name),
        }
    }

    /// Hands in one entry.
    pub(crate) fn submit(&self, entry: &Ready) {
        let mut response = self
            .agent
            .post(format!("{}/v1/entries", self.url))
            .send(&entry.text)
            .unwrap();
        let body = response.body_mut().read_to_string().unwrap();
        assert!(response.status().is_success(), "{body}");
    }

    /// Hands in many; says how many were taken and how many met "busy".
    pub(crate) fn submit_many(&self, entries: &[Ready]) -> (usize, usize) {
        let bundle = tiles::write_bundle(
            &entries
                .iter()
                .map(|entry| entry.text.as_str())
                .collect::<Vec<_>>(),
        );
        let mut response = self
            .agent
            .post(format!("{}/v1/bundles", self.url))
            .send(&bundle[..])
            .unwrap();
        let answers: Vec<api::EntryAnswer> =
            serde_json::from_str(&response.body_mut().read_to_string().unwrap()).unwrap();
        let busy = answers
            .iter()
            .filter(|answer| {
                answer
                    .problem
                    .as_ref()
                    .is_some_and(|problem| problem.code == "busy")
            })
            .count();
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
        loop {
            let url = format!("{}/v1/entries/{}/receipt?wait=30000", self.url, id.to_hex());
            let mut response = self.agent.get(url).call().unwrap();
            let body = response.body_mut().read_to_string().unwrap();
            match response.status().as_u16() {
                200 => return body,
                202 => {}
                status => panic!("{status}: {body}"),
            }
        }
    }

    pub(crate) fn get(&self, path: &str) -> String {
        self.agent
            .get(format!("{}{path}", self.url))
            .call()
            .unwrap()
            .body_mut()
            .read_to_string()
            .unwrap()
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
