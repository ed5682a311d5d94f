//! Commands by which agencies that trust nobody found a network: each makes its own keys, and nothing secret leaves
//! the folder that it was made in. Not here: the pilot of one machine (`create`).

pub(crate) mod accept;
pub(crate) mod assemble;
pub(crate) mod contribute;
pub(crate) mod plan;
pub(crate) mod review;

use std::time::{SystemTime, UNIX_EPOCH};

use client::{coded::Coded, founding::{FoundingError, GenesisTrouble}};
use messages::UserMessage;
use protocol::{
    ceremony::{ContributionTrouble, PlanAge},
    height::TimeMs,
    name::{AgencyName, Origin},
};

use crate::{
    exit::{CONFIGURATION, Failure, USAGE},
    operator::names::{name_invalid, origin_invalid},
};

/// The moment by this machine's clock.
pub(super) fn now() -> TimeMs {
    let passed = SystemTime::now().duration_since(UNIX_EPOCH);
    TimeMs::new(passed.map_or(0, |passed| {
        u64::try_from(passed.as_millis()).unwrap_or(u64::MAX)
    }))
}

fn origin(text: &str) -> Result<Origin, Failure> {
    Origin::parse(text).ok_or_else(origin_invalid)
}

fn agency(text: &str) -> Result<AgencyName, Failure> {
    AgencyName::parse(text).ok_or_else(|| name_invalid(text))
}

impl From<FoundingError> for Failure {
    fn from(error: FoundingError) -> Self {
        let what = error.message();
        let failure = Self::new(CONFIGURATION, what);
        let help = match &error {
            FoundingError::File(_) => None,
            FoundingError::NotA {
                is_rewritten: true, ..
            } => None,
            FoundingError::NotA { .. } => Some(UserMessage::new("help-founding-file")),
            FoundingError::Plan { age, .. } => Some(match age {
                PlanAge::Ahead => UserMessage::new("help-check-clock"),
                PlanAge::Alive | PlanAge::Dead => UserMessage::new("help-founding-new-plan"),
            }),
            FoundingError::NotInPlan { .. } => Some(UserMessage::new("help-founding-in-plan")),
            FoundingError::OtherOrigin { .. } | FoundingError::NotSigned { .. } => {
                Some(UserMessage::new("help-founding-other-origin"))
            }
            FoundingError::Request { .. } => Some(UserMessage::new("help-founding-request")),
            FoundingError::Contribution { trouble, .. } => Some(of_contribution(trouble)),
            FoundingError::Doubled { differ, .. } => Some(match differ {
                Some(_) => UserMessage::new("help-founding-which"),
                None => UserMessage::new("help-founding-once"),
            }),
            FoundingError::KeyTwice { .. } => Some(UserMessage::new("help-founding-own-keys")),
            FoundingError::Missing { .. } => Some(UserMessage::new("help-founding-all")),
            FoundingError::NoGenesis(_) => Some(UserMessage::new("help-founding-together")),
            FoundingError::Unacceptable { trouble, .. } => Some(of_genesis(trouble)),
            _ => None,
        };
        match (error, help) {
            (FoundingError::File(error), _) => error.into(),
            (_, Some(help)) => failure.help(help),
            (_, None) => failure,
        }
    }
}

const fn of_genesis(trouble: &GenesisTrouble) -> UserMessage {
    match trouble {
        GenesisTrouble::OtherLines { .. } | GenesisTrouble::OtherFrame { .. } => {
            UserMessage::new("help-founding-do-not-accept")
        }
        GenesisTrouble::Words { .. } => UserMessage::new("help-founding-words"),
        GenesisTrouble::OtherKey { .. } => UserMessage::new("help-founding-admin-key"),
    }
}

fn of_contribution(trouble: &ContributionTrouble) -> UserMessage {
    match trouble {
        ContributionTrouble::OtherPlan => UserMessage::new("help-founding-same-plan"),
        ContributionTrouble::Surplus(_) => UserMessage::new("help-founding-in-plan"),
        ContributionTrouble::Altered => UserMessage::new("help-founding-ask-again"),
        ContributionTrouble::Registry { .. } | ContributionTrouble::Clerk(_) => {
            UserMessage::new("help-founding-own-names")
        }
        ContributionTrouble::PublisherMissing(_) | ContributionTrouble::PublisherSurplus(_) => {
            UserMessage::new("help-founding-publisher")
        }
        _ => UserMessage::new("help-founding-contribute-again"),
    }
}

/// A command line that says what cannot be.
fn misused(what: UserMessage, help: UserMessage) -> Failure {
    Failure::new(USAGE, what).help(help)
}
