//! Load: entries of all agencies, signed beforehand.

use std::{
    fs,
    sync::atomic::{AtomicU64, Ordering},
};

use crate::cluster::{AGENCIES, Cluster};
use protocol::{
    chain_id::NetworkId,
    commitment::{Secret, commit_document},
    entry::{Committed, EntryRef, Operation, Statement},
    hash::{DocumentHash, EntryId, LeafHash, RecordKey, sha256},
    height::{Height, LeafIndex, TimeMs, Version},
    key::SecretKey,
    keyfile::KeyFile,
    name::{ClerkName, ReasonCode, RegistryName},
    policy::TrustPolicy,
    record::RecordId,
    text,
};

/// A signed entry and its id.
#[derive(Clone, Debug)]
pub struct Ready {
    /// The entry.
    pub text: String,
    /// Its id.
    pub id: EntryId,
}

fn key(number: u64, registry: &RegistryName) -> RecordKey {
    let id = RecordId::parse(&format!("BENCH-{number}")).unwrap();
    id.key(registry)
}

/// Makes entries of all agencies, each about another record.
#[derive(Debug)]
pub struct Load {
    network: NetworkId,
    clerks: Vec<(ClerkName, RegistryName, SecretKey)>,
    /// The trust file of the network.
    pub trust: TrustPolicy,
    next: AtomicU64,
}

impl Load {
    /// Takes the clerks' keys of a network.
    #[must_use]
    pub fn new(cluster: &Cluster) -> Self {
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
            network: trust.network_id().unwrap(),
            clerks: AGENCIES.iter().map(clerk).collect(),
            trust,
            next: AtomicU64::new(0),
        }
    }

    /// The next entries; the clerks take turns.
    #[must_use]
    pub fn sign(&self, count: usize) -> Vec<Ready> {
        (0..count).map(|_| self.sign_one()).collect()
    }

    /// The next entry.
    #[must_use]
    pub fn sign_one(&self) -> Ready {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let clerk = usize::try_from(number).unwrap() % self.clerks.len();
        self.sign_version(number, clerk, number, None)
    }

    /// Makes `count` versions of one record, each final before the next: `done` hands one in at a node and
    /// gives the record as it is then. The record's part of a path.
    pub fn versions(&self, count: usize, done: impl Fn(&Ready, &str) -> api::Record) -> String {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let registry = &self.clerks[0].1;
        let path = format!("{registry}/{}", key(number, registry).to_hex());
        let mut latest: Option<api::Record> = None;
        for _ in 0..count {
            let document = self.next.fetch_add(1, Ordering::Relaxed);
            let entry = self.sign_version(number, 0, document, latest.as_ref());
            latest = Some(done(&entry, &path));
        }
        path
    }

    fn sign_version(
        &self,
        record: u64,
        clerk: usize,
        document: u64,
        latest: Option<&api::Record>,
    ) -> Ready {
        let (author, registry, secret) = &self.clerks[clerk];
        let document = DocumentHash::new(sha256(&[&document.to_be_bytes()]));
        let previous = latest.map(|latest| EntryRef {
            index: LeafIndex::new(latest.index),
            hash: LeafHash::new(text::base64_array(&latest.hash).unwrap()),
            height: Height::new(latest.height),
            time: TimeMs::new(latest.time),
        });
        let statement = Statement {
            operation: if latest.is_some() {
                Operation::Amend
            } else {
                Operation::Register
            },
            registry: registry.clone(),
            key: key(record, registry),
            version: Version::new(latest.map_or(0, |latest| latest.version) + 1),
            previous,
            effective: None,
            reason: latest.and_then(|_| ReasonCode::parse("C01")),
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
            text: statement.sign(&self.network, secret).write(),
            id,
        }
    }
}
