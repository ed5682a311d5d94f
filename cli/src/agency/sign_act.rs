//! From what an agency decides to the proof that it stands in the log: show, ask, sign, send, verify.
//!
//! The admin key may stay on a machine without a network: there the act is signed into a file, and
//! `muhr act send` hands it in from another.

use std::path::PathBuf;

use std::time::{Duration, Instant};

use api::Problem;
use clap::Args;
use client::{
    durable, formats,
    http::{Client, EntryEvidence},
    proven, submit,
};
use messages::UserMessage;
use protocol::{
    act::{ACT_BYTES_MAX, Act, ActStatement, Decision},
    authentic::Submission,
    chain_id::NetworkId,
    height::Height,
    key::SecretKey,
    keyfile::KeyFile,
    name::AgencyName,
    policy::TrustPolicy,
};
use verify::Verdict;
use views::agency::act::{ActState, ActView};

use super::foresee;
use crate::{
    arguments::AdminOptions,
    exit::{CONFIGURATION, CONFLICT, DONE, ExitCode, Failure, UNEXPECTED, USAGE},
    keys::{self, KeySource},
    nodes,
    output::Output,
    terminal,
};

/// `muhr act send`.
#[derive(Debug, Args)]
pub struct ActSendArguments {
    /// The signed act
    pub file: PathBuf,
    /// Address of a node
    #[arg(long, env = "MUHR_NODE", value_name = "URL")]
    pub node: String,
    /// Trust file of the network
    #[arg(long, env = "MUHR_TRUST", value_name = "FILE")]
    pub trust: PathBuf,
    /// Seconds to wait for the proof
    #[arg(long, default_value_t = 30, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub timeout: u64,
}

/// Says what is about to be signed, until when it holds, and where it goes.
fn announce(options: &AdminOptions, sentences: &[UserMessage], expires: Height, output: &Output) {
    for sentence in sentences {
        output.note(&UserMessage::new("act-line").part("line", sentence.clone()));
    }
    output.note(&UserMessage::new("act-until").text("expires", expires));
    match (&options.out, &options.node) {
        (Some(path), _) => {
            output.note(&UserMessage::new("act-signed-into").text("path", path.display()))
        }
        (None, node) => {
            let node = node.as_deref().unwrap_or_default();
            output.note(&UserMessage::new("act-handed-to").text("node", node));
        }
    }
}

/// Signs a decision with the agency's admin key, and hands it in or writes it to a file.
pub(super) fn decide(
    options: &AdminOptions,
    decision: Decision,
    sentences: &[UserMessage],
    output: &Output,
) -> Result<u8, Failure> {
    if let Some(path) = &options.out {
        // Before anybody is asked for anything.
        durable::must_be_new(path)?;
    }
    // What is missing is said before anybody is asked for a passphrase, or to agree.
    if options.out.is_none() && options.node.is_none() {
        let what = UserMessage::new("act-goes-nowhere");
        let help = UserMessage::new("help-act-to-file");
        return Err(Failure::new(USAGE, what).help(help));
    }
    if let Some(out) = &options.out {
        durable::must_have_room(out)?;
    }
    let trust = formats::trust(&options.trust)?;
    let network = formats::network(&trust, &options.trust)?;
    let (agency, secret) = admin(&options.key_options.place(options.key.as_deref())?, output)?;
    let client = options.node.as_deref().map(nodes::connect_to).transpose()?;
    let expires = match (options.expires, &client) {
        (Some(height), _) => Height::new(height),
        (None, Some(client)) => {
            let told = client.network()?;
            submit::must_be_of(options.node.as_deref().unwrap_or_default(), &told, &network)?;
            proven::last_height(&proven::network(client, &trust)?)
        }
        (None, None) => {
            return Err(Failure::new(USAGE, UserMessage::new("act-height-missing"))
                .help(UserMessage::new("help-act-expires")));
        }
    };
    foresee::act(&agency, &decision, client.as_ref().zip(Some(&trust)))?;
    output.note(
        &UserMessage::new("act-decides")
            .text("agency", &agency)
            .text("origin", &network.origin),
    );
    announce(options, sentences, expires, output);
    confirm(options.yes, output)?;
    let statement = ActStatement {
        decision,
        author: agency,
        expires,
    };
    let act = statement.sign(&network, &secret);
    match (&options.out, client) {
        (Some(path), _) => {
            durable::write_unless_there(path, act.write().as_bytes())?;
            let id = id(&act, &network, &secret)?;
            output.view(&ActView::signed(id, path.display().to_string()));
            Ok(DONE)
        }
        (None, Some(client)) => {
            let until = Instant::now() + Duration::from_secs(options.timeout);
            hand_in(&client, &trust, &act, until, output)
        }
        (None, None) => Err(Failure::new(USAGE, UserMessage::new("act-goes-nowhere"))),
    }
}

/// `muhr act send`.
pub(crate) fn send(arguments: &ActSendArguments, output: &Output) -> Result<u8, Failure> {
    let trust = formats::trust(&arguments.trust)?;
    let bytes = durable::read(&arguments.file, ACT_BYTES_MAX)?;
    let act = Act::parse(&bytes).map_err(|error| {
        let what = UserMessage::new("act-malformed")
            .text("path", arguments.file.display())
            .text("reason", error);
        Failure::new(USAGE, what).help(UserMessage::new("help-act-file"))
    })?;
    let client = nodes::connect_to(&arguments.node)?;
    let until = Instant::now() + Duration::from_secs(arguments.timeout);
    hand_in(&client, &trust, &act, until, output)
}

fn hand_in(
    client: &Client,
    trust: &TrustPolicy,
    act: &Act,
    until: Instant,
    output: &Output,
) -> Result<u8, Failure> {
    let text = act.write();
    // What it is called follows from its bytes: no node is asked for that.
    let id = Submission::id_of_parsed(text.as_bytes()).to_hex();
    let found = match client.submit(&text, until)? {
        Some(problem) => EntryEvidence::Never(problem),
        None => client.evidence(&id, until)?,
    };
    let proof = match found {
        EntryEvidence::Some(proof) => proof,
        EntryEvidence::Never(problem) => return Err(refused(client, trust, act, &problem)),
        EntryEvidence::NotYet => {
            let what = UserMessage::new("act-not-final");
            return Err(
                Failure::verdict(Verdict::Pending, what).help(UserMessage::new("help-act-again"))
            );
        }
    };
    let (trusted, proof) =
        verify::leaf::judge(trust, text.as_bytes(), &proof).map_err(|error| {
            Failure::verdict(
                error.verdict(),
                UserMessage::new("act-unproven").text("reason", error),
            )
            .help(UserMessage::new("help-tell-auditors"))
        })?;
    let cosigners = trusted.cosigners().iter();
    output.view(&ActView {
        state: ActState::Final,
        id,
        file: None,
        index: Some(proof.index.get()),
        size: Some(trusted.checkpoint().size.get()),
        cosigners: cosigners.map(|(name, _)| name.clone()).collect(),
    });
    Ok(DONE)
}

/// A refusal is the node's word; that a name or number is taken, it must prove.
fn refused(client: &Client, trust: &TrustPolicy, act: &Act, problem: &Problem) -> Failure {
    let refused = Failure::of_problem(problem);
    let said = refused.what;
    let (code, what) = match shows(client, trust, &act.statement.decision) {
        Ok(IndexState::Done) => (
            UNEXPECTED,
            UserMessage::new("refused-holds-already").part("said", said),
        ),
        Err(_) | Ok(IndexState::Open) if refused.code == CONFLICT => (
            Verdict::CannotDecide.exit_code(),
            UserMessage::new("refused-unproven").part("said", said),
        ),
        _ => (refused.code, UserMessage::new("refused").part("said", said)),
    };
    Failure::new(code, what).help(UserMessage::new("help-act-can-be-handed-in"))
}

/// State of the index beside what an act decides.
enum IndexState {
    /// The very thing that it decides.
    Done,
    /// Something else, which is in its way.
    Other,
    /// Nothing that speaks against it.
    Open,
}

fn shows(client: &Client, trust: &TrustPolicy, decision: &Decision) -> Result<IndexState, Failure> {
    Ok(match decision {
        Decision::AddClerk(clerk) => match proven::clerk(client, trust, &clerk.name)?.state {
            Some(state) if state == **clerk => IndexState::Done,
            Some(_) => IndexState::Other,
            None => IndexState::Open,
        },
        Decision::RevokeClerk { clerk, .. } => {
            let state = proven::clerk(client, trust, clerk)?.state;
            let is_revoked = state.is_some_and(|state| state.revoked.is_some());
            if is_revoked {
                IndexState::Done
            } else {
                IndexState::Open
            }
        }
        Decision::SetPolicy { registry, policy } => {
            let state = proven::registry(client, trust, registry)?.state;
            let held = state.and_then(|state| state.policy);
            let next = held
                .as_ref()
                .map_or(0, |held| held.version)
                .saturating_add(1);
            if held.as_ref() == Some(policy) {
                IndexState::Done
            } else if policy.version == next {
                IndexState::Open
            } else {
                IndexState::Other
            }
        }
    })
}

/// Asks whoever signs, who has seen in words what it is.
fn confirm(yes: bool, output: &Output) -> Result<(), Failure> {
    let asks = !yes && terminal::answers(output);
    if asks && !terminal::agrees(&terminal::SIGN, output) {
        return Err(Failure::new(USAGE, UserMessage::new("not-confirmed")));
    }
    Ok(())
}

/// The admin key that is meant, and its agency.
pub(crate) fn admin(
    place: &KeySource<'_>,
    output: &Output,
) -> Result<(AgencyName, SecretKey), Failure> {
    let KeyFile {
        purpose,
        holder,
        secret,
    } = keys::read(place, output)?.file;
    let agency = AgencyName::parse(&holder).filter(|_| purpose == "admin");
    let agency = agency.ok_or_else(|| {
        let what = UserMessage::new("key-not-admin")
            .text("path", place.path.display())
            .text("purpose", purpose);
        Failure::new(CONFIGURATION, what)
    })?;
    Ok((agency, secret))
}

fn id(act: &Act, network: &NetworkId, secret: &SecretKey) -> Result<String, Failure> {
    Submission::from(act.clone())
        .authenticate(network, &secret.public())
        .map(|act| act.id().to_hex())
        .map_err(|error| {
            let what = UserMessage::new("act-not-authentic").text("reason", error);
            Failure::new(CONFIGURATION, what)
        })
}
