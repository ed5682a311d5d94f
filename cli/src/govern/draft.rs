//! `muhr govern draft`: a change, made of requests and wishes, with all that others need to read it offline.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use clap::Args;
use client::{
    durable,
    governing::{self, EpochWishes, InForce, RuleWishes},
    http::Client,
    submit, time,
};
use messages::UserMessage;
use protocol::{
    agency::ProvenKey,
    drafting::{AgencyRequest, ChangeDraft, DraftedChange, NextNumbers},
    height::TimeMs,
    key::{PublicKey, Signature},
    name::AgencyName,
};
use views::shown::ShownTime;

use super::{
    open::{self, OpenedDraft},
    show,
};
use crate::{
    arguments::trimmed,
    clerk,
    exit::{DONE, Failure, UNEXPECTED, USAGE},
    nodes,
    output::Output,
    trust_file,
};

/// `muhr govern draft`.
#[derive(Debug, Args)]
pub struct GovernDraftArguments {
    /// Request of an agency that comes; may be repeated, as all of these
    #[arg(long, value_name = "REQUEST")]
    pub add: Vec<PathBuf>,
    /// An agency that goes and the request of the one that comes in its place, as soliq=x.request
    #[arg(long, value_name = "NAME=REQUEST")]
    pub replace: Vec<String>,
    /// Request of an agency that stays, with other keys
    #[arg(long, value_name = "REQUEST")]
    pub rotate: Vec<PathBuf>,
    /// An agency that goes
    #[arg(long, value_name = "NAME")]
    pub remove: Vec<String>,
    /// Another address of an agency's node, as soliq=https://muhr.soliq.example/
    #[arg(long, value_name = "NAME=URL")]
    pub url: Vec<String>,
    /// Another key for the log's own line, and the proof that it is held, as muhr key show --proof-for tells them
    #[arg(long, value_name = "KEY,PROOF")]
    pub publisher: Option<String>,
    /// How many recovery keys must sign after a disaster
    #[arg(long, value_name = "COUNT")]
    pub recovery_threshold: Option<u64>,
    /// Bounds of the rules, as entry-bytes=4096; entry-bytes, block-entries, block-bytes, lifetime-heights
    #[arg(long, value_delimiter = ',', value_parser = trimmed, value_name = "NAME=NUMBER")]
    pub limits: Vec<String>,
    /// Waits and quotas of governance, as notice-ms=900000; notice-ms, horizon-ms, ready-ms, grace-ms, retire-ms,
    /// return-ms, proposals-a-day, ballots
    #[arg(long, value_delimiter = ',', value_parser = trimmed, value_name = "NAME=NUMBER")]
    pub governance: Vec<String>,
    /// Version of the rules
    #[arg(long, value_name = "VERSION")]
    pub protocol: Option<u64>,
    /// From when on the change is made, on the clock of Tashkent (UTC+5), as "2026-12-12 22:00"
    #[arg(long, value_name = "MOMENT")]
    pub opens: String,
    /// Address of a node; of several, joined by commas, the next is asked where one fails
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
    /// The draft to write
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

pub(crate) fn run(arguments: &GovernDraftArguments, output: &Output) -> Result<u8, Failure> {
    durable::must_be_new(&arguments.out)?;
    let (epoch, rules) = wishes(arguments)?;
    let opens = opens(&arguments.opens)?;
    let client = nodes::connect(&arguments.node)?;
    let trust = trust_file::of_nodes(&arguments.trust, &client, output)?;
    let in_force_text = governing::fetch(&client, &trust)?;
    let in_force = governing::judge(&in_force_text, &trust)?;
    must_be_in_time(opens, &in_force)?;
    let change = match epoch.is_empty() {
        true => governing::rules_change(&in_force, &rules),
        false => governing::epoch_change(&in_force, &epoch),
    };
    let change = change.map_err(governing::GoverningError::from)?;
    let requests = open::in_order(epoch.requests().cloned().collect());
    let poll = open::poll(&in_force, &change)?;
    let numbers = numbers(&client, &in_force)?;
    let draft = ChangeDraft {
        drafted: DraftedChange::Unsigned { opens, change },
        numbers,
        poll,
        in_force: in_force_text,
        requests,
    };
    write(&OpenedDraft { draft, in_force }, &arguments.out, output)
}

/// Writes a draft, and shows it as whoever reads it will see it.
pub(super) fn write(opened: &OpenedDraft, path: &Path, output: &Output) -> Result<u8, Failure> {
    durable::write_unless_there(path, opened.draft.write().as_bytes())?;
    output.view(&show::view(opened, path));
    output.note(&UserMessage::new("note-draft-written").text("path", path.display()));
    Ok(DONE)
}

/// What is wished, of the agencies or of the rules.
fn wishes(arguments: &GovernDraftArguments) -> Result<(EpochWishes, RuleWishes), Failure> {
    let requests = |paths: &[PathBuf]| {
        let read = paths.iter().map(|path| open::request(path));
        read.collect::<Result<Vec<AgencyRequest>, Failure>>()
    };
    let mut epoch = EpochWishes {
        added: requests(&arguments.add)?,
        rotated: requests(&arguments.rotate)?,
        recovery_threshold: arguments.recovery_threshold,
        publisher: arguments.publisher.as_deref().map(publisher).transpose()?,
        ..EpochWishes::default()
    };
    for given in &arguments.replace {
        let (name, path) = pair(given, UserMessage::new("help-replace-form"))?;
        let request = open::request(&PathBuf::from(path))?;
        epoch.replaced.push((clerk::agency(name)?, request));
    }
    for name in &arguments.remove {
        epoch.removed.push(clerk::agency(name)?);
    }
    for given in &arguments.url {
        let (name, url) = pair(given, UserMessage::new("help-url-form"))?;
        epoch.urls.push((clerk::agency(name)?, url.to_owned()));
    }
    let rules = RuleWishes {
        limits: arguments.limits.clone(),
        governance: arguments.governance.clone(),
        protocol: arguments.protocol,
    };
    let code = match (epoch.is_empty(), rules.is_empty()) {
        (true, true) => UserMessage::new("draft-says-nothing"),
        (false, false) => UserMessage::new("draft-two-changes"),
        _ => return Ok((epoch, rules)),
    };
    Err(Failure::new(USAGE, code).help(UserMessage::new("help-one-change")))
}

fn pair(given: &str, help: UserMessage) -> Result<(&str, &str), Failure> {
    given.split_once('=').ok_or_else(|| {
        let what = UserMessage::new("name-and-value-expected").text("given", given);
        Failure::new(USAGE, what).help(help)
    })
}

fn publisher(given: &str) -> Result<ProvenKey, Failure> {
    let read = given.split_once(',').and_then(|(key, proof)| {
        Some(ProvenKey {
            key: PublicKey::from_base64(key.trim()).ok()?,
            proof: Signature::from_base64(proof.trim())?,
        })
    });
    read.ok_or_else(|| {
        Failure::new(USAGE, UserMessage::new("publisher-key-invalid"))
            .help(UserMessage::new("help-publisher-key"))
    })
}

fn opens(given: &str) -> Result<TimeMs, Failure> {
    time::on_the_clock(given).ok_or_else(|| {
        Failure::new(
            USAGE,
            UserMessage::new("opens-not-a-moment").text("given", given),
        )
        .help(UserMessage::new("help-opens-form"))
    })
}

/// The ledger takes no proposal that opens too early or too late: others must have time to read it.
fn must_be_in_time(opens: TimeMs, in_force: &InForce) -> Result<(), Failure> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_or(0, |passed| u64::try_from(passed.as_millis()).unwrap_or(0));
    let governance = &in_force.state.governance;
    let after = |wait: u64| TimeMs::new(now.saturating_add(wait));
    let (from, until) = (after(governance.notice_ms), after(governance.horizon_ms));
    if (from..=until).contains(&opens) {
        return Ok(());
    }
    let what = UserMessage::new("opens-too-early-or-late")
        .text("opens", ShownTime::from(opens).local())
        .text("from", ShownTime::from(from).local())
        .text("until", ShownTime::from(until).local());
    Err(Failure::new(USAGE, what).help(UserMessage::new("help-opens-later")))
}

/// What each agency must say next, as the node tells.
pub(super) fn numbers(
    client: &Client,
    in_force: &InForce,
) -> Result<BTreeMap<AgencyName, NextNumbers>, Failure> {
    let node = client.nodes().first().map_or("", String::as_str);
    submit::must_be_of(node, &client.network()?, &in_force.network)?;
    let report = client.governance()?;
    let voices = report.voices.iter().map(|voice| {
        let name = AgencyName::parse(&voice.agency)?;
        let numbers = NextNumbers {
            proposal: voice.proposal,
            ballot: voice.ballot,
        };
        Some((name, numbers))
    });
    let voices = voices.collect::<Option<BTreeMap<_, _>>>();
    voices.ok_or_else(|| Failure::new(UNEXPECTED, UserMessage::new("governance-malformed")))
}
