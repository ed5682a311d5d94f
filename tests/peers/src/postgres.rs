//! PostgreSQL: a row for each entry, whose signature was checked before. The database checks the hash.

use std::sync::{Arc, atomic::Ordering};

use rustix::time::ClockId;
use tokio_postgres::{Client, NoTls, Statement};

use crate::{CHECKING, Options, Target, clock, entries::Entry};

const TABLE: &str = "DROP TABLE IF EXISTS entries; CREATE TABLE entries (hash bytea PRIMARY KEY CHECK (hash = sha256(entry)), entry bytea NOT NULL, signature bytea NOT NULL)";
const ONE: &str = "INSERT INTO entries VALUES ($1, $2, $3)";
const MANY: &str =
    "INSERT INTO entries SELECT * FROM unnest($1::bytea[], $2::bytea[], $3::bytea[])";

#[derive(Clone)]
pub struct Postgres {
    client: Arc<Client>,
    one: Statement,
    many: Statement,
}

/// A connection; what drives it ends with it.
async fn open(address: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(address, NoTls).await.unwrap();
    tokio::spawn(async move { connection.await.unwrap() });
    client
}

/// Makes the table anew, and connections to the primary.
pub async fn connect(options: &Options) -> Vec<Postgres> {
    let address = &options.at[0];
    open(address).await.batch_execute(TABLE).await.unwrap();
    let mut all = Vec::new();
    for _ in 0..options.connections {
        let client = open(address).await;
        let one = client.prepare(ONE).await.unwrap();
        let many = client.prepare(MANY).await.unwrap();
        let client = Arc::new(client);
        all.push(Postgres { client, one, many });
    }
    all
}

impl Target for Postgres {
    async fn put(&self, entries: &[Entry]) -> Result<(), String> {
        // PostgreSQL has no Ed25519: whoever stands before it checks, as an application would.
        let before = clock(ClockId::ThreadCPUTime);
        entries.iter().try_for_each(Entry::check)?;
        let spent = (clock(ClockId::ThreadCPUTime) - before) * 1e9;
        CHECKING.fetch_add(spent as u64, Ordering::Relaxed);
        let rows = if let [entry] = entries {
            let (hash, body, signature) = (&entry.hash[..], entry.body(), entry.signature());
            self.client
                .execute(&self.one, &[&hash, &body, &signature])
                .await
        } else {
            let hashes: Vec<&[u8]> = entries.iter().map(|entry| &entry.hash[..]).collect();
            let bodies: Vec<&[u8]> = entries.iter().map(Entry::body).collect();
            let signatures: Vec<&[u8]> = entries.iter().map(Entry::signature).collect();
            self.client
                .execute(&self.many, &[&hashes, &bodies, &signatures])
                .await
        };
        match rows {
            Ok(rows) if rows == entries.len() as u64 => Ok(()),
            Ok(rows) => Err(format!("{rows} rows of {}", entries.len())),
            Err(error) => Err(error.to_string()),
        }
    }
}
