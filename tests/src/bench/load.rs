//! Load: entries signed beforehand, and HTTP clients that hand them in.

use std::{
    fs,
    sync::atomic::{AtomicU64, Ordering},
};

use protocol::{
    commitment::{Secret, commit_document},
    entry::{Committed, Operation, Statement},
    hash::{DocumentHash, EntryId, sha256},
    height::{Height, Version},
    key::SecretKey,
    keyfile::KeyFile,
    merkle::tiles,
    name::{ClerkName, Origin, RegistryName},
    policy::TrustPolicy,
    record::RecordId,
};
use tests::cluster::{AGENCIES, Cluster};

/// A signed entry and its id.
#[derive(Clone, Debug)]
pub(crate) struct Ready {
    pub(crate) text: String,
    pub(crate) id: EntryId,
}

/// Makes entries of all agencies, each about another record.
pub(crate) struct Load {
    origin: Origin,
    clerks: Vec<(ClerkName, RegistryName, SecretKey)>,
    pub(crate) trust: TrustPolicy,
    next: AtomicU64,
}

impl Load {
    pub(crate) fn new(cluster: &Cluster) -> Self {
        let clerk = |agency: &&str| {
            let key =
                KeyFile::parse(&fs::read(cluster.dir(agency).join("keys/clerk.key")).unwrap())
                    .unwrap();
            (
                ClerkName::parse(&format!("{agency}/clerk-1")).unwrap(),
                RegistryName::parse(&format!("{agency}.permits")).unwrap(),
                key.secret,
            )
        };
        let trust = TrustPolicy::parse(&fs::read(cluster.trust()).unwrap()).unwrap();
        Self {
            origin: Origin::parse(trust.origin()).unwrap(),
            clerks: AGENCIES.iter().map(clerk).collect(),
            trust,
            next: AtomicU64::new(0),
        }
    }

    /// The next entries; the clerks take turns.
    pub(crate) fn sign(&self, count: usize) -> Vec<Ready> {
        (0..count).map(|_| self.sign_one()).collect()
    }

    fn sign_one(&self) -> Ready {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let (author, registry, secret) =
            &self.clerks[usize::try_from(number).unwrap() % self.clerks.len()];
        let document = DocumentHash::new(sha256(&[&number.to_be_bytes()]));
        let statement = Statement {
            operation: Operation::Register,
            registry: registry.clone(),
            key: RecordId::parse(&format!("BENCH-{number}"))
                .unwrap()
                .key(registry),
            version: Version::new(1),
            previous: None,
            effective: None,
            reason: None,
            references: Vec::new(),
            commitment: Some(Committed::Document(commit_document(
                &Secret::new([1; 32]),
                &document,
            ))),
            author: author.clone(),
            expires: Height::new(500_000),
        };
        let id = statement.id();
        Ready {
            text: statement.sign(&self.origin, secret).write(),
            id,
        }
    }
}

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
