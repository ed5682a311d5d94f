//! `muhr network plan`: which agencies found a network, and in what frame. It binds nobody.

use std::path::PathBuf;

use clap::Args;
use client::durable;
use messages::UserMessage;
use protocol::{
    agency::{publishers, quorum, recovery_threshold_min},
    ceremony::{FoundingPlan, PLAN_DAYS},
    height::TimeMs,
    name::AgencyName,
    state::Limits,
};
use views::operator::founding::PlanView;

use super::{agency, misused, now, origin};
use crate::{
    arguments::trimmed,
    exit::{DONE, Failure},
    operator::names::agencies,
    output::Output,
};

/// `muhr network plan`.
#[derive(Debug, Args)]
pub struct PlanArguments {
    /// Name of the network: a URL without scheme that ends in a number
    #[arg(long, value_name = "ORIGIN")]
    pub origin: String,
    /// Names of the agencies, joined by commas: 4 to 22
    #[arg(long, value_delimiter = ',', value_parser = trimmed, required = true, value_name = "NAMES")]
    pub agencies: Vec<String>,
    /// Those that hold the publisher's key, one more than may be away; the first makes it. The first by name if not said
    #[arg(long, value_delimiter = ',', value_parser = trimmed, value_name = "NAMES")]
    pub publishers: Vec<String>,
    /// How many recovery keys must sign after a disaster; as many as must agree if not said
    #[arg(long, value_name = "COUNT")]
    pub recovery_threshold: Option<u64>,
    /// The file to make
    #[arg(long, default_value = "founding.plan", value_name = "FILE")]
    pub out: PathBuf,
}

pub(crate) fn run(arguments: &PlanArguments, output: &Output) -> Result<u8, Failure> {
    let names = agencies(&arguments.agencies)?;
    let count = names.len();
    let publishers = chosen_publishers(&arguments.publishers, &names)?;
    let quorum = quorum(count);
    let default = u64::try_from(quorum).unwrap_or(u64::MAX);
    let threshold = arguments.recovery_threshold.unwrap_or(default);
    let least = recovery_threshold_min(count);
    if !usize::try_from(threshold).is_ok_and(|threshold| (least..=count).contains(&threshold)) {
        let what = UserMessage::new("threshold-invalid")
            .text("threshold", threshold)
            .text("least", least)
            .text("count", count);
        return Err(misused(what, UserMessage::new("help-threshold")));
    }
    let plan = FoundingPlan {
        origin: origin(&arguments.origin)?,
        time: now(),
        limits: Limits::default(),
        recovery_threshold: threshold,
        agencies: names,
        publishers,
    };
    durable::write_unless_there(&arguments.out, plan.write().as_bytes())?;
    output.view(&view(&plan, arguments, quorum));
    Ok(DONE)
}

/// Those that publish, as many as there must be.
fn chosen_publishers(
    given: &[String],
    names: &std::collections::BTreeSet<AgencyName>,
) -> Result<Vec<AgencyName>, Failure> {
    let needed = publishers(names.len());
    if given.is_empty() {
        return Ok(names.iter().take(needed).cloned().collect());
    }
    let mut found: Vec<AgencyName> = Vec::new();
    for text in given {
        let name = agency(text)?;
        if !names.contains(&name) || found.contains(&name) {
            let what = UserMessage::new("publisher-invalid").text("agency", &name);
            return Err(misused(what, UserMessage::new("help-publishers")));
        }
        found.push(name);
    }
    if found.len() == needed {
        return Ok(found);
    }
    let what = UserMessage::new("publishers-count")
        .text("count", found.len())
        .text("needed", needed);
    Err(misused(what, UserMessage::new("help-publishers")))
}

fn view(plan: &FoundingPlan, arguments: &PlanArguments, quorum: usize) -> PlanView {
    let texts =
        |names: &mut dyn Iterator<Item = &AgencyName>| names.map(ToString::to_string).collect();
    let days = PLAN_DAYS * 86_400_000;
    PlanView {
        file: arguments.out.display().to_string(),
        origin: plan.origin.to_string(),
        time: plan.time.into(),
        until: TimeMs::new(plan.time.get().saturating_add(days)).into(),
        agencies: texts(&mut plan.agencies.iter()),
        publishers: texts(&mut plan.publishers.iter()),
        quorum,
        recovery_threshold: plan.recovery_threshold,
        sha256: plan.hash().to_hex(),
    }
}
