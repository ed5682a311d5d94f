//! `muhr govern status`: what is proposed, who said what, and what happens if nobody says more, as a node tells.

use std::time::{SystemTime, UNIX_EPOCH};

use api::{GovernanceReport, ProposalProgress, ProposalReport, ReadinessReport, RulesReport};
use clap::Args;
use messages::UserMessage;
use protocol::{hash::TrustHash, state::Governance};
use views::{
    auditor::trust::spoken,
    govern::status::{
        EndedProposal, Forecast, GovernanceView, OpenProposal, ShownReadiness, ShownVoice, span,
    },
    shown::ShownTime,
};

use crate::{
    exit::{DONE, Failure, UNEXPECTED, words},
    nodes,
    output::Output,
};

/// `muhr govern status`.
#[derive(Debug, Args)]
pub struct GovernStatusArguments {
    /// Address of a node; of several, joined by commas, the next is asked where one fails
    #[arg(long, env = "MUHR_NODE", value_name = "URL")]
    pub node: String,
}

pub(crate) fn run(arguments: &GovernStatusArguments, output: &Output) -> Result<u8, Failure> {
    let report = nodes::connect_to(&arguments.node)?.governance()?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_or(0, |passed| u64::try_from(passed.as_millis()).unwrap_or(0));
    let view = view(report, ShownTime::of_ms(now));
    let malformed = || Failure::new(UNEXPECTED, UserMessage::new("governance-malformed"));
    output.view(&view.ok_or_else(malformed)?);
    output.note(&UserMessage::new("note-as-node-tells-governance"));
    Ok(DONE)
}

fn view(report: GovernanceReport, now: ShownTime) -> Option<GovernanceView> {
    let trust = TrustHash::from_hex(&report.epoch.trust)?;
    let epoch = report.epoch;
    let (mut open, mut ended) = (Vec::new(), Vec::new());
    for proposal in report.proposals {
        match proposal.progress.clone() {
            Some(progress) => open.push(opened(&proposal, progress, &epoch.validators, now)),
            None => ended.push(EndedProposal {
                id: proposal.id,
                author: proposal.author,
                end: proposal.state,
                height: proposal.height,
            }),
        }
    }
    let voices = report.voices.into_iter().map(|voice| ShownVoice {
        agency: voice.agency,
        proposal: voice.proposal,
        ballot: voice.ballot,
    });
    Some(GovernanceView {
        origin: report.origin,
        height: report.height,
        now,
        epoch: epoch.number,
        words: spoken(trust.as_bytes()),
        quorum: epoch.quorum,
        validators: epoch.validators,
        held: epoch.held,
        not_cosigned: epoch.not_cosigned,
        cosigners_needed: epoch.cosigners_needed,
        protocol: report.rules.protocol,
        voices: voices.collect(),
        open,
        ended,
        weaknesses: weaknesses(&report.rules),
    })
}

fn opened(
    proposal: &ProposalReport,
    progress: ProposalProgress,
    validators: &[String],
    now: ShownTime,
) -> OpenProposal {
    let with = |stance: &str| {
        let ballots = progress.ballots.iter();
        let ballots = ballots.filter(|ballot| ballot.stance == stance);
        ballots.map(|ballot| ballot.agency.clone()).collect()
    };
    let (yes, no): (Vec<String>, Vec<String>) = (with("for"), with("against"));
    let silent = validators.iter();
    let silent = silent.filter(|agency| !yes.contains(agency) && !no.contains(agency));
    let mut open = OpenProposal {
        id: proposal.id.clone(),
        author: proposal.author.clone(),
        kind: progress.kind,
        opens: ShownTime::of_ms(progress.opens),
        ready_from: ShownTime::of_ms(progress.ready_from),
        until: ShownTime::of_ms(progress.until),
        needed: progress.needed,
        silent: silent.cloned().collect(),
        yes,
        no,
        present: readiness(progress.present),
        next: progress.next.map(readiness),
        forecast: Forecast::Due,
    };
    open.forecast = open.forecast(now);
    open
}

fn readiness(report: ReadinessReport) -> ShownReadiness {
    let ready = report.ready.into_iter().map(|ready| ready.agency);
    ShownReadiness {
        needed: report.needed,
        newcomers: report.newcomers,
        ready: ready.collect(),
        silent: report.silent,
    }
}

/// Waits that are shorter than those of an ordinary network: agencies have less time to read, and nodes to get ready.
fn weaknesses(rules: &RulesReport) -> Vec<String> {
    let usual = Governance::default();
    let waits = [
        ("notice-ms", rules.notice_ms, usual.notice_ms),
        ("ready-ms", rules.ready_ms, usual.ready_ms),
        ("grace-ms", rules.grace_ms, usual.grace_ms),
        ("retire-ms", rules.retire_ms, usual.retire_ms),
        ("return-ms", rules.return_ms, usual.return_ms),
    ];
    let shorter = waits.into_iter().filter(|(_, now, usual)| now < usual);
    shorter
        .map(|(name, now, usual)| {
            words(
                &UserMessage::new("wait-below-usual")
                    .text("name", name)
                    .text("now", span(now))
                    .text("usual", span(usual)),
            )
        })
        .collect()
}
