//! A network under test: its processes, clients, and what must hold after every fault.

use std::{
    collections::BTreeMap,
    fs,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use tests::{
    cluster::{AGENCIES, Cluster},
    load::{Load, Ready},
};

use super::{
    client::{Ack, Client, Traffic},
    recorder::Recorder,
};

/// How often a condition is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// A node has caught up within this.
const KEPT_WITHIN: Duration = Duration::from_secs(20);
/// Receipts that one `muhr verify` is given.
const RECEIPTS_AT_ONCE: usize = 200;

/// Four agencies, a recorder, and what is known of the log so far.
pub(crate) struct Net {
    // Before the cluster: it ends first.
    recorder: Recorder,
    pub(crate) cluster: Cluster,
    load: Arc<Load>,
    /// The root at every size that any node has ever shown.
    roots: BTreeMap<u64, String>,
}

/// Waits until `condition` holds; fails after `bound`. Says how long it took.
pub(crate) fn within(bound: Duration, what: &str, mut condition: impl FnMut() -> bool) -> Duration {
    let since = Instant::now();
    while !condition() {
        assert!(since.elapsed() < bound, "not within {bound:?}: {what}");
        thread::sleep(LOOK_EVERY);
    }
    since.elapsed()
}

impl Net {
    /// A network on loopback, all of whose nodes run.
    pub(crate) fn start() -> Self {
        let mut cluster = Cluster::create(1);
        for name in AGENCIES {
            cluster.start_node(name);
        }
        Self::over(cluster)
    }

    /// The network of a cluster whose validators run.
    pub(crate) fn over(cluster: Cluster) -> Self {
        let net = Self {
            recorder: Recorder::start(&cluster),
            load: Arc::new(Load::new(&cluster)),
            roots: BTreeMap::new(),
            cluster,
        };
        within(Duration::from_secs(30), "all reach one another", || {
            AGENCIES
                .iter()
                .all(|name| net.client(name).status().is_some_and(|it| it.reached == 4))
        });
        net
    }

    pub(crate) fn client(&self, name: &str) -> Client {
        Client::new(self.cluster.url(name))
    }

    /// Clients at work with the nodes of `names`.
    pub(crate) fn traffic(&self, names: &[&str], workers: usize) -> Traffic {
        let clients: Vec<Client> = names.iter().map(|name| self.client(name)).collect();
        Traffic::start(&self.load, &clients, workers)
    }

    pub(crate) fn sign(&self) -> Ready {
        self.load.sign_one()
    }

    pub(crate) fn height(&self, name: &str) -> Option<u64> {
        Some(self.client(name).status()?.height)
    }

    /// A new entry is taken by one of `names` and final at all of them; says how long it took.
    pub(crate) fn block_within(&self, bound: Duration, names: &[&str]) -> Duration {
        let entry = self.load.sign_one();
        let clients: Vec<Client> = names.iter().map(|name| self.client(name)).collect();
        let mut taken = false;
        let what = || -> String {
            let status = names.iter().map(|name| (name, self.client(name).status()));
            format!(
                "a new entry is final at {names:?}: {:#?}",
                status.collect::<Vec<_>>()
            )
        };
        let since = Instant::now();
        loop {
            taken = taken || clients.iter().any(|client| client.submit(&entry));
            if taken && clients.iter().all(|client| client.index(&entry).is_some()) {
                return since.elapsed();
            }
            assert!(since.elapsed() < bound, "not within {bound:?}: {}", what());
            thread::sleep(LOOK_EVERY);
        }
    }

    /// Every receipt verifies, and every node of `names` has its entry where the receipt says.
    pub(crate) fn assert_kept(&self, acks: &[Ack], names: &[&str]) {
        let clients: Vec<_> = names.iter().map(|name| (name, self.client(name))).collect();
        for Ack { ready, receipt } in acks {
            let judged = verify::receipt::judge(&self.load.trust, receipt.as_bytes(), None);
            let facts = judged.facts.expect("a receipt that was read verifies");
            for (name, client) in &clients {
                let id = ready.id.to_hex();
                // The newest receipts may be of blocks that this node is still fetching.
                let mut index = None;
                within(KEPT_WITHIN, &format!("{name} has entry {id}"), || {
                    index = client.index(ready);
                    index.is_some()
                });
                assert_eq!(
                    index,
                    Some(facts.index.get()),
                    "{name} has entry {id} elsewhere"
                );
            }
        }
        for acks in acks.chunks(RECEIPTS_AT_ONCE) {
            self.verify_with_muhr(acks);
        }
    }

    /// The same receipts, judged by the command that people use.
    fn verify_with_muhr(&self, acks: &[Ack]) {
        let folder = tempfile::tempdir().unwrap();
        let mut words = vec!["--json".to_owned(), "verify".to_owned()];
        for ack in acks {
            let path = folder
                .path()
                .join(format!("{}.receipt", ack.ready.id.to_hex()));
            fs::write(&path, &ack.receipt).unwrap();
            words.push(path.to_str().unwrap().to_owned());
        }
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let _verified = self.cluster.clerk("qurilish", &words).expect(0);
    }

    /// What holds always: no two roots for one size, no key that contradicts itself, no evidence.
    pub(crate) fn assert_one_history(&mut self, names: &[&str]) {
        for name in names {
            let Some((size, root)) = self.client(name).checkpoint() else {
                continue;
            };
            let known = self.roots.entry(size).or_insert_with(|| root.clone());
            assert_eq!(*known, root, "{name} shows another root for size {size}");
        }
        let _messages = self.recorder.assert_no_contradiction();
        for name in AGENCIES {
            let folder = self.cluster.dir(name).join("evidence");
            assert!(!folder.exists(), "{name} has kept evidence");
            let metrics = self.client(name).get("/metrics");
            let found = metrics.iter().flat_map(|(_, page)| page.lines());
            let found = found.filter(|line| line.contains("evidence") && !line.starts_with('#'));
            for line in found {
                assert!(line.ends_with(" 0"), "{name}: {line}");
            }
        }
    }

    /// The nodes of `names` serve one log that holds every rule, and extend what was seen before.
    pub(crate) fn assert_audits(&mut self, names: &[&str]) -> u64 {
        self.assert_one_history(names);
        for name in names {
            let url = self.cluster.url(name);
            let _held = self.cluster.clerk("qurilish", &["audit", &url]).expect(0);
        }
        self.recorder.assert_no_contradiction()
    }
}
