//! Words of the command line that become types: names, numbers, dates, fields. Each refusal names the word.

use client::{submit::Clerk, time};
use messages::UserMessage;
use protocol::{
    commitment::DOCUMENT_FIELD,
    name::{AgencyName, Date, ReasonCode, RegistryName},
    record::{CaseRule, RecordId},
};

use crate::{
    exit::{Failure, USAGE},
    output::Output,
};

/// Reads `--field name=value` arguments.
pub(crate) fn fields(arguments: &[String]) -> Result<Vec<(String, String)>, Failure> {
    // A word without its name may be a value, and values are shown nowhere.
    let read = |(number, argument): (usize, &String)| {
        let what = match argument.split_once('=') {
            None => UserMessage::new("field-without-value").text("number", number),
            Some(("", _)) => UserMessage::new("field-without-name").text("number", number),
            Some((DOCUMENT_FIELD, _)) => {
                let what = UserMessage::new("field-is-document").text("number", number);
                let help = UserMessage::new("help-field-document");
                return Err(Failure::new(USAGE, what).help(help));
            }
            // What a variable that is not set leaves behind would stand in the log for good.
            Some((name, value)) if value.trim().is_empty() => {
                let what = UserMessage::new("field-empty").text("field", name);
                let help = UserMessage::new("help-field-empty").text("field", name);
                return Err(Failure::new(USAGE, what).help(help));
            }
            Some((name, value)) => return Ok((name.to_owned(), value.to_owned())),
        };
        Err(Failure::new(USAGE, what).help(UserMessage::new("help-field-form")))
    };
    let pairs: Vec<(String, String)> = (1..).zip(arguments).map(read).collect::<Result<_, _>>()?;
    for (at, (name, _)) in pairs.iter().enumerate() {
        if pairs.iter().take(at).any(|(before, _)| before == name) {
            let what = UserMessage::new("field-twice").text("field", name);
            return Err(Failure::new(USAGE, what).help(UserMessage::new("help-field-once")));
        }
    }
    Ok(pairs)
}

/// Reads the name of a registry.
pub(crate) fn registry(text: &str) -> Result<RegistryName, Failure> {
    RegistryName::parse(text).ok_or_else(|| {
        let what = UserMessage::new("registry-name-invalid").text("name", text);
        Failure::new(USAGE, what).help(UserMessage::new("help-registry-name"))
    })
}

/// Reads the name of an agency.
pub(crate) fn agency(text: &str) -> Result<AgencyName, Failure> {
    AgencyName::parse(text).ok_or_else(|| {
        Failure::new(
            USAGE,
            UserMessage::new("agency-argument-invalid").text("name", text),
        )
        .help(UserMessage::new("help-agency-name"))
    })
}

/// Reads a number, whatever registry it is of.
pub(crate) fn number(text: &str) -> Result<RecordId, Failure> {
    RecordId::parse(text).map_err(|error| {
        let what = UserMessage::new("number-invalid").text("reason", error);
        Failure::new(USAGE, what)
    })
}

/// Reads a record's number, written as the registry's are, and warns of look-alike letters.
pub(crate) fn record(
    text: &str,
    case_rule: CaseRule,
    output: &Output,
) -> Result<RecordId, Failure> {
    let record = number(text)?.in_case(case_rule);
    output.look_alikes(&record);
    Ok(record)
}

/// How the numbers of a registry are written, as a node proves.
pub(crate) fn case_rule(clerk: &Clerk, registry: &RegistryName) -> Result<CaseRule, Failure> {
    Ok(client::proven::case_rule(
        &clerk.client,
        &clerk.trust,
        registry,
    )?)
}

/// Reads a day.
pub(crate) fn date(text: Option<&str>) -> Result<Option<Date>, Failure> {
    let read = |text| {
        let found = time::of_cell(text).ok().flatten();
        found.ok_or_else(|| {
            Failure::new(USAGE, UserMessage::new("effective-not-a-date"))
                .help(UserMessage::new("help-date-form"))
        })
    };
    text.map(read).transpose()
}

/// Reads a reason code.
pub(crate) fn reason(text: &str) -> Result<ReasonCode, Failure> {
    ReasonCode::parse(text).ok_or_else(|| {
        Failure::new(USAGE, UserMessage::new("reason-invalid"))
            .help(UserMessage::new("help-reason-form"))
    })
}
