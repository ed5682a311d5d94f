//! etcd by gRPC: a put, or a transaction of puts. Key is the entry's hash, value the entry.

use std::{sync::atomic::Ordering, time::Duration};

use prost::{Message, Oneof};
use tonic::{
    Code, Request,
    client::Grpc,
    codegen::http::uri::PathAndQuery,
    transport::{Channel, Endpoint},
};
use tonic_prost::ProstCodec;

use crate::{AGAIN, Options, Target, entries::Entry};

/// Before a node that was too busy is asked again.
const PAUSE: Duration = Duration::from_millis(10);

/// `etcdserverpb.PutRequest`, as far as it is used.
#[derive(Clone, PartialEq, Message)]
struct Put {
    #[prost(bytes = "vec", tag = "1")]
    key: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
}

/// `etcdserverpb.RequestOp`.
#[derive(Clone, PartialEq, Message)]
struct Operation {
    #[prost(oneof = "Kind", tags = "2")]
    kind: Option<Kind>,
}

#[derive(Clone, PartialEq, Oneof)]
enum Kind {
    #[prost(message, tag = "2")]
    Put(Put),
}

/// `etcdserverpb.TxnRequest` without conditions.
#[derive(Clone, PartialEq, Message)]
struct Transaction {
    #[prost(message, repeated, tag = "2")]
    success: Vec<Operation>,
}

/// Both answers, of which only the error is read.
#[derive(Clone, PartialEq, Message)]
struct Answer {}

#[derive(Clone)]
pub struct Etcd(Grpc<Channel>);

/// Connections to the nodes in turn.
pub async fn connect(options: &Options) -> Vec<Etcd> {
    let mut all = Vec::new();
    for number in 0..options.connections {
        let address = options.at[number % options.at.len()].clone();
        let endpoint = Endpoint::from_shared(address).unwrap();
        all.push(Etcd(Grpc::new(endpoint.connect().await.unwrap())));
    }
    all
}

impl Etcd {
    /// Calls until it is done: a node that has no leader for a moment, or too much in hand, says so, and the
    /// same put twice is one put.
    async fn call<M: Message + Clone + 'static>(
        &self,
        path: &'static str,
        message: M,
    ) -> Result<(), String> {
        loop {
            let mut grpc = self.0.clone();
            grpc.ready().await.map_err(|error| error.to_string())?;
            let (request, codec) = (
                Request::new(message.clone()),
                ProstCodec::<M, Answer>::default(),
            );
            let answer = grpc
                .unary(request, PathAndQuery::from_static(path), codec)
                .await;
            let Err(status) = answer else {
                return Ok(());
            };
            if ![Code::Unavailable, Code::ResourceExhausted].contains(&status.code()) {
                return Err(status.to_string());
            }
            if AGAIN.fetch_add(1, Ordering::Relaxed) == 0 {
                eprintln!("    etcd, for the first time: {}", status.message());
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

impl Target for Etcd {
    async fn put(&self, entries: &[Entry]) -> Result<(), String> {
        let put = |entry: &Entry| Put {
            key: entry.hash.to_vec(),
            value: entry.bytes.clone(),
        };
        if let [entry] = entries {
            return self.call("/etcdserverpb.KV/Put", put(entry)).await;
        }
        let operation = |entry: &Entry| Operation {
            kind: Some(Kind::Put(put(entry))),
        };
        let success = entries.iter().map(operation).collect();
        self.call("/etcdserverpb.KV/Txn", Transaction { success })
            .await
    }
}
