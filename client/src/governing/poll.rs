//! How the nodes of agencies are: each is asked by itself, all at once, and none is believed beyond what it says.

use std::{
    collections::BTreeMap,
    thread,
    time::{SystemTime, UNIX_EPOCH},
};

use protocol::{
    chain_id::NetworkId,
    drafting::{NodeHealth, NodePoll},
    height::TimeMs,
    name::AgencyName,
};

use crate::http::{Client, ConnectOptions};

/// Blocks by which a node may be behind the farthest and count as up to date.
const BEHIND_MAX: u64 = 20;

/// A node that is to be asked.
#[derive(Clone, Debug)]
pub struct PollTarget {
    /// Its agency.
    pub agency: AgencyName,
    /// Its address.
    pub url: String,
}

/// What a node said.
struct Told {
    height: u64,
    is_ready: bool,
    is_of_network: bool,
}

/// Asks all nodes how they are. One of which nothing is heard within the time of one request is away.
#[must_use]
pub fn poll(network: &NetworkId, targets: &[PollTarget], options: &ConnectOptions) -> NodePoll {
    let told: Vec<Option<Told>> = thread::scope(|scope| {
        let asked = targets.iter().map(|target| {
            let url = target.url.clone();
            scope.spawn(move || ask(network, url, options))
        });
        let asked: Vec<_> = asked.collect();
        let answers = asked.into_iter().map(|asked| asked.join().ok().flatten());
        answers.collect()
    });
    let farthest = told.iter().flatten().map(|told| told.height).max();
    let health = |told: &Option<Told>| match told {
        None => NodeHealth::Away,
        Some(told) if !told.is_of_network => NodeHealth::Foreign,
        Some(told) if told.height.saturating_add(BEHIND_MAX) < farthest.unwrap_or(0) => {
            NodeHealth::Behind
        }
        Some(told) if !told.is_ready => NodeHealth::Unready,
        Some(_) => NodeHealth::Well,
    };
    let names = targets.iter().map(|target| target.agency.clone());
    let nodes: BTreeMap<_, _> = names.zip(told.iter().map(health)).collect();
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_or(0, |passed| u64::try_from(passed.as_millis()).unwrap_or(0));
    NodePoll {
        time: TimeMs::new(now),
        nodes,
    }
}

fn ask(network: &NetworkId, url: String, options: &ConnectOptions) -> Option<Told> {
    let client = Client::new(&[url], options).ok()?;
    let told = client.network().ok()?;
    let is_of_network =
        told.origin == network.origin.as_str() && told.chain == network.chain.to_hex();
    // Whoever is not reached any more has said enough.
    let is_ready = client
        .page("/readyz")
        .is_ok_and(|(status, _)| status == 200);
    Some(Told {
        height: told.height,
        is_ready,
        is_of_network,
    })
}
