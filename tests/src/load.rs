//! Load: entries of all agencies, signed beforehand.

use std::{
    fs,
    sync::atomic::{AtomicU64, Ordering},
};

use crate::cluster::{AGENCIES, Cluster};
use protocol::{
    commitment::{Secret, commit_document},
    entry::{Committed, Operation, Statement},
    hash::{DocumentHash, EntryId, sha256},
    height::{Height, Version},
    key::SecretKey,
    keyfile::KeyFile,
    name::{ClerkName, Origin, RegistryName},
    policy::TrustPolicy,
    record::RecordId,
};

/// A signed entry and its id.
#[derive(Clone, Debug)]
pub struct Ready {
    /// The entry.
    pub text: String,
    /// Its id.
    pub id: EntryId,
}

/// Makes entries of all agencies, each about another record.
#[derive(Debug)]
pub struct Load {
    origin: Origin,
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
            origin: Origin::parse(trust.origin()).unwrap(),
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
