//! `muhr receipt gather`: a record together with those that it rests on, each proven by itself. Not here:
//! what is said of a dossier, which `views` has for whoever gathers and whoever verifies.

use std::path::PathBuf;

use std::collections::{BTreeSet, VecDeque};

use clap::Args;
use client::{durable, formats, http::Client, proven};
use messages::UserMessage;
use protocol::{
    dossier::{Dossier, RECEIPTS_MAX},
    entry::Reference,
    hash::RecordKey,
    height::Version,
    kind::Kind,
    name::RegistryName,
    policy::TrustPolicy,
    receipt::Receipt,
};
use verify::Verdict;
use views::{auditor::dossier::GatherView, shown::Ruling};

use crate::{
    exit::{DONE, Failure, USAGE},
    nodes,
    output::Output,
    trust_file,
};

/// `muhr receipt gather`.
#[derive(Debug, Args)]
pub struct ReceiptGatherArguments {
    /// The receipt
    pub file: PathBuf,
    /// The dossier to write
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// How many references away from the record the others may be
    #[arg(long, default_value_t = 16, value_name = "DEPTH", value_parser = clap::value_parser!(u8).range(0..=16))]
    pub depth: u8,
    /// Address of a node, as http://127.0.0.1:7481
    #[arg(long, env = "MUHR_NODE", value_name = "URL")]
    pub node: String,
    /// Trust file of the network
    #[arg(long, env = "MUHR_TRUST", value_name = "FILE")]
    pub trust: PathBuf,
}

pub(crate) fn gather(arguments: &ReceiptGatherArguments, output: &Output) -> Result<u8, Failure> {
    let client = nodes::connect_to(&arguments.node)?;
    let trust = trust_file::of_nodes(&arguments.trust, &client, output)?;
    let name = arguments.file.display();
    let old = formats::receipt(&arguments.file)?;
    // Proven anew, before the others are: nothing in the dossier is then older than it.
    let (first, _) = proven::receipt(&client, &trust, &old.entry.statement, old.opening)?;
    let mut ahead = VecDeque::new();
    let mut seen = BTreeSet::from([place(&as_reference(&first))]);
    let name_all = |receipt: &Receipt, depth: u8, ahead: &mut VecDeque<_>| {
        if depth < arguments.depth {
            let named = receipt.entry.statement.references.iter().cloned();
            ahead.extend(named.map(|reference| (depth + 1, reference)));
        }
    };
    name_all(&first, 0, &mut ahead);
    let mut receipts = vec![first];
    while let Some((depth, reference)) = ahead.pop_front() {
        if !seen.insert(place(&reference)) {
            continue;
        }
        if receipts.len() >= RECEIPTS_MAX {
            let what = UserMessage::new("dossier-too-large")
                .text("path", &name)
                .text("receipts-max", RECEIPTS_MAX);
            return Err(Failure::new(USAGE, what).help(UserMessage::new("help-gather-fewer")));
        }
        let receipt = fetch(&client, &trust, &reference)?;
        name_all(&receipt, depth, &mut ahead);
        receipts.push(receipt);
    }
    let count = receipts.len();
    let dossier = Dossier { receipts };
    let members = verify::dossier::judge(&trust, &dossier, None, arguments.depth.into());
    let verdict = verify::dossier::verdict(&members);
    durable::must_be_new_or(&arguments.out, Kind::Dossier)?;
    durable::write_private(&arguments.out, dossier.write().as_bytes())?;
    output.view(&GatherView {
        file: arguments.out.display().to_string(),
        receipts: count,
        verdict: Ruling(verdict),
        members: members.iter().map(Into::into).collect(),
    });
    Ok(DONE)
}

fn as_reference(receipt: &Receipt) -> Reference {
    let statement = &receipt.entry.statement;
    Reference {
        registry: statement.registry.clone(),
        key: statement.key,
        version: statement.version,
    }
}

fn place(reference: &Reference) -> (RegistryName, RecordKey, Version) {
    (reference.registry.clone(), reference.key, reference.version)
}

/// The receipt of a version that an entry names, found by the record's proven history.
fn fetch(client: &Client, trust: &TrustPolicy, reference: &Reference) -> Result<Receipt, Failure> {
    let Reference {
        registry,
        key,
        version,
    } = reference;
    let history = client.history(registry, key)?;
    let judged = verify::history::judge_pages(trust, &history, registry, key);
    let versions = judged.facts.map(|facts| facts.versions).unwrap_or_default();
    let found = versions
        .iter()
        .find(|proven| proven.entry.statement.version == *version);
    let missing = || {
        let what = UserMessage::new("version-unproven")
            .text("version", version)
            .text("key", key.to_hex())
            .text("registry", registry);
        Failure::verdict(Verdict::ProofBroken, what).help(UserMessage::new("help-ask-another-node"))
    };
    let statement = &found.ok_or_else(missing)?.entry.statement;
    Ok(proven::receipt(client, trust, statement, None)?.0)
}
