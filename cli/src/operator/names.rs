//! Names of agencies and networks, as command lines that make networks give them.

use std::collections::BTreeSet;

use messages::UserMessage;
use protocol::{
    agency::{AGENCIES_MAX, AGENCIES_MIN},
    name::{AgencyName, is_reserved},
};

use crate::exit::{Failure, USAGE};

/// Agencies that may run a network together.
pub(super) fn agencies(given: &[String]) -> Result<BTreeSet<AgencyName>, Failure> {
    let mut names = BTreeSet::new();
    for text in given {
        let name = AgencyName::parse(text).ok_or_else(|| name_invalid(text))?;
        if !names.insert(name) {
            return Err(Failure::new(
                USAGE,
                UserMessage::new("agency-twice").text("agency", text),
            ));
        }
    }
    if (AGENCIES_MIN..=AGENCIES_MAX).contains(&names.len()) {
        Ok(names)
    } else {
        Err(Failure::new(
            USAGE,
            UserMessage::new("agencies-count")
                .text("count", names.len())
                .text("agencies-min", AGENCIES_MIN)
                .text("agencies-max", AGENCIES_MAX),
        )
        .help(UserMessage::new("help-four-agencies")))
    }
}

/// A text that is no agency's name.
pub(super) fn name_invalid(text: &str) -> Failure {
    Failure::new(
        USAGE,
        UserMessage::new("agency-name-invalid").text("name", text.escape_default()),
    )
    .help(if is_reserved(text) {
        UserMessage::new("help-reserved-name")
    } else {
        UserMessage::new("help-small-letters")
    })
}

/// A text that is no network's name.
pub(super) fn origin_invalid() -> Failure {
    Failure::new(USAGE, UserMessage::new("origin-invalid")).help(UserMessage::new("help-origin"))
}
