//! `muhr govern send`: hands in what was signed, to so many nodes that one of them is honest, and proves that it is
//! in the log.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use api::Code;
use clap::Args;
use client::{
    coded::Coded,
    durable,
    http::{Client, EntryEvidence, RefusalClass, said},
};
use messages::UserMessage;
use protocol::{
    drafting::{ChangeDraft, DRAFT_BYTES_MAX, DraftedChange},
    entry::Entry,
    governance::GovernanceLeaf,
    policy::TrustPolicy,
};
use verify::Verdict;
use views::govern::sent::{GovernanceSentView, HandedTo, SentWord};

use crate::{
    arguments::trimmed,
    exit::{DONE, Failure, UNREACHABLE, USAGE, words},
    failures::code_of,
    nodes,
    output::Output,
    trust_file,
};

/// `muhr govern send`.
#[derive(Debug, Args)]
pub struct GovernSendArguments {
    /// Proposals, ballots and withdrawals, as they were signed
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Addresses of nodes, joined by commas: one more than may lie, so that one is honest
    #[arg(
        long,
        env = "MUHR_NODE",
        value_name = "URL",
        value_delimiter = ',',
        value_parser = trimmed,
        required = true
    )]
    pub node: Vec<String>,
    /// Trust file of the network
    #[arg(long, env = "MUHR_TRUST", value_name = "FILE")]
    pub trust: PathBuf,
    /// Seconds to wait for each proof
    #[arg(long, default_value_t = 30, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub timeout: u64,
}

/// A word of governance on its way.
struct Word {
    path: PathBuf,
    leaf: GovernanceLeaf,
}

pub(crate) fn run(arguments: &GovernSendArguments, output: &Output) -> Result<u8, Failure> {
    let words = arguments.files.iter().map(|path| read(path));
    let mut words = words.collect::<Result<Vec<Word>, Failure>>()?;
    // What is voted on must be in the log before its ballots.
    words.sort_by_key(|word| !matches!(word.leaf, GovernanceLeaf::Proposal(_)));
    let client = nodes::connect(&arguments.node)?;
    let trust = trust_file::of_nodes(&arguments.trust, &client, output)?;
    let patience = Duration::from_secs(arguments.timeout);
    let mut view = GovernanceSentView {
        sent: Vec::new(),
        nodes_needed: trust.agencies().len().saturating_sub(1) / 3 + 1,
    };
    for word in &words {
        let sent = send(&client, &trust, word, patience)?;
        view.sent.push(sent);
    }
    let (are_final, needed) = (view.are_all_final(), view.nodes_needed);
    output.view(&view);
    if are_final {
        return Ok(DONE);
    }
    let what = UserMessage::new("governance-not-final");
    let help = UserMessage::new("help-send-again").text("needed", needed);
    Err(Failure::verdict(Verdict::Pending, what).help(help))
}

/// The word in a file: a leaf by itself, or the proposal in a draft.
fn read(path: &Path) -> Result<Word, Failure> {
    let bytes = durable::read(path, DRAFT_BYTES_MAX)?;
    let wrong = |reason: String| {
        let what = UserMessage::new("file-not-to-be-sent")
            .text("path", path.display())
            .text("reason", reason);
        Failure::new(USAGE, what).help(UserMessage::new("help-files-to-send"))
    };
    let leaf = if ChangeDraft::is_start(&bytes) {
        let draft = ChangeDraft::parse(&bytes).map_err(|error| wrong(error.to_string()))?;
        match draft.drafted {
            DraftedChange::Proposed(proposal) => GovernanceLeaf::Proposal(proposal),
            DraftedChange::Unsigned { .. } => {
                let what = UserMessage::new("draft-not-signed").text("path", path.display());
                return Err(Failure::new(USAGE, what).help(UserMessage::new("help-sign-first")));
            }
        }
    } else {
        GovernanceLeaf::parse(&bytes).map_err(|error| wrong(error.to_string()))?
    };
    Ok(Word {
        path: path.to_owned(),
        leaf,
    })
}

fn send(
    client: &Client,
    trust: &TrustPolicy,
    word: &Word,
    patience: Duration,
) -> Result<SentWord, Failure> {
    let text = word.leaf.write();
    let id = Entry::id_of_parsed(text.as_bytes()).to_hex();
    let until = Instant::now() + patience;
    let (mut handed, mut refused) = (Vec::new(), None);
    for node in client.each() {
        let url = node.nodes().first().cloned().unwrap_or_default();
        let answer = match node.submit(&text, until) {
            Ok(None) => None,
            Ok(Some(problem)) => {
                let reason = words(&said(&problem));
                refused = refused.or(Some(problem));
                Some(reason)
            }
            Err(error) => Some(words(&error.message())),
        };
        handed.push(HandedTo {
            node: url,
            taken: answer.is_none(),
            reason: answer,
        });
    }
    let is_taken = handed.iter().any(|node| node.taken);
    if let Some(problem) = refused.filter(|_| !is_taken) {
        let what = UserMessage::new("governance-refused")
            .text("path", word.path.display())
            .part("said", said(&problem));
        let code = code_of(RefusalClass::of(&problem));
        return Err(Failure::new(code, what).help(way_out(&problem)));
    }
    if !is_taken {
        let reasons: Vec<String> = handed.into_iter().filter_map(|node| node.reason).collect();
        let what = UserMessage::new("no-node-took")
            .text("path", word.path.display())
            .text("reasons", reasons.join("; "));
        return Err(Failure::new(UNREACHABLE, what).help(UserMessage::new("help-no-node-answers")));
    }
    let mut sent = SentWord {
        file: word.path.display().to_string(),
        id: id.clone(),
        nodes: handed,
        index: None,
        size: None,
        cosigners: Vec::new(),
    };
    if let Some(proof) = evidence(client, &sent.nodes, &id, until)? {
        let judged = verify::leaf::judge(trust, text.as_bytes(), &proof);
        let (trusted, proof) = judged.map_err(|error| {
            let what = UserMessage::new("governance-unproven").text("reason", &error);
            Failure::verdict(error.verdict(), what).help(UserMessage::new("help-tell-auditors"))
        })?;
        let cosigners = trusted.cosigners().iter();
        sent.index = Some(proof.index.get());
        sent.size = Some(trusted.checkpoint().size.get());
        sent.cosigners = cosigners.map(|(name, _)| name.clone()).collect();
    }
    Ok(sent)
}

/// The proof that a node gives, of those that took the word: one that keeps it to itself is left for the next in time.
fn evidence(
    client: &Client,
    handed: &[HandedTo],
    id: &str,
    until: Instant,
) -> Result<Option<Vec<u8>>, Failure> {
    let takers: Vec<Client> = client
        .each()
        .zip(handed)
        .filter(|(_, node)| node.taken)
        .map(|(client, _)| client)
        .collect();
    let mut trouble = None;
    for (at, taker) in takers.iter().enumerate() {
        let left = until.saturating_duration_since(Instant::now());
        let others = u32::try_from(takers.len().saturating_sub(at)).unwrap_or(1);
        let share = Instant::now() + left / others.max(1);
        match taker.evidence(id, share) {
            Ok(EntryEvidence::Some(proof)) => return Ok(Some(proof)),
            Ok(EntryEvidence::NotYet) => {}
            Ok(EntryEvidence::Never(problem)) => trouble = Some(Failure::of_problem(&problem)),
            Err(error) => trouble = Some(error.into()),
        }
    }
    trouble.map_or(Ok(None), Err)
}

/// The way out of a refusal, by its code.
fn way_out(problem: &api::Problem) -> UserMessage {
    match problem.code() {
        Some(Code::ProposalNumber | Code::BallotNumber) => UserMessage::new("help-fetch-numbers"),
        Some(Code::UnknownProposal) => UserMessage::new("help-proposal-first"),
        Some(Code::OpensOutside) => UserMessage::new("help-draft-with-later-time"),
        Some(Code::BadChange | Code::RulesOvertaken | Code::WrongProtocol) => {
            UserMessage::new("help-draft-again")
        }
        Some(Code::WithdrawnTooLate) => UserMessage::new("help-vote-against"),
        _ => UserMessage::new("help-govern-status"),
    }
}
