//! `muhr network status`: how a node sees its network, and who is missing.

use api::PeerView;
use serde_json::Value;

use crate::{
    arguments::StatusArguments,
    exit::{DONE, Failure, UNEXPECTED},
    nodes,
    output::{Output, WITHOUT_LOG_LINE},
};

pub(crate) fn run(arguments: &StatusArguments, output: &Output) -> Result<u8, Failure> {
    let status = nodes::connect_to(&arguments.node)?.status()?;
    let mut data = serde_json::to_value(&status)
        .map_err(|error| Failure::new(UNEXPECTED, error.to_string()))?;
    if let Some(object) = data.as_object_mut() {
        object.insert("schema".to_owned(), Value::from("muhr/status/1"));
    }
    output.data(&data);
    let who = status.agency.as_deref().unwrap_or("an observer");
    output.text(&format!(
        "{} as {who} sees it  (muhr-node {})",
        status.origin, status.version
    ));
    output.text(&format!(
        "  block {}  log size {}  published {}  waiting {}  round {} {}",
        status.height, status.size, status.published, status.waiting, status.round, status.step
    ));
    for peer in &status.peers {
        let mark = if peer.reached { "✔" } else { "✘" };
        output.text(&format!(
            "  {mark} {:<16} block {:<8} cosigned {:<10} {}",
            peer.name,
            peer.height,
            peer.cosigned,
            if status.not_known_to.contains(&peer.name) {
                "does not know this node yet: its key may not be in their set".to_owned()
            } else {
                presence(peer)
            }
        ));
    }
    let (reached, quorum) = (status.reached, status.quorum);
    if reached < quorum {
        output.text(&format!(
            "  ▲ stopped safely: {reached} validators reached that vote, {quorum} are needed; missing: {}",
            status.missing.join(", ")
        ));
    } else {
        output.text(&format!(
            "  {reached} validators reached that vote; {} more may be lost before the network stops",
            reached - quorum
        ));
    }
    if status.published > 0 && !status.log_signed {
        output.text(&format!("  ▲ the newest checkpoint is {WITHOUT_LOG_LINE}"));
    }
    if let Some(reason) = &status.not_voting {
        output.text(&format!("  ▲ this node does not vote: {reason}"));
    }
    for warning in &status.warnings {
        output.text(&format!("  ▲ {warning}"));
    }
    Ok(DONE)
}

/// What to say of a peer that is not reached, or does not vote.
fn presence(peer: &PeerView) -> String {
    if peer.reached {
        let silent = peer.silent.as_ref();
        return silent.map_or_else(String::new, |reason| {
            format!("is reached and does not vote: {reason}")
        });
    }
    let heard = match peer.heard_ms {
        Some(ms) => format!("not reached; last heard {} s ago", ms / 1000),
        None => "not reached, never heard".to_owned(),
    };
    match &peer.reason {
        Some(reason) => format!("{heard} ({reason})"),
        None => heard,
    }
}
