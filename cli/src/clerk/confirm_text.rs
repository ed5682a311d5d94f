//! What is about to be signed, in plain words: taken from the statement itself, not from what was typed.
//!
//! Nothing is asked or printed here. The values of fields are for the clerk's own eyes: the lines go to a
//! terminal and nowhere else.

use std::borrow::Cow;

use protocol::{
    commitment::DOCUMENT_FIELD,
    entry::{Operation, Statement},
    name::Origin,
    opening::Content,
};

use super::{references::Rests, submission::SignRequest};

/// A value is shown no longer than this.
const CHARACTERS_MAX: usize = 200;

/// One sentence for who signs, and one for each thing that the signature stands for.
pub(super) fn of(request: &SignRequest<'_>, origin: &Origin) -> Vec<String> {
    let statement = &request.statement;
    let mut lines = vec![
        format!("{} signs for {origin}:", statement.author),
        format!(
            "  {}",
            what_is_done(statement, &request.opening.record.to_string())
        ),
    ];
    match &request.opening.content {
        Some(Content::Document { document, .. }) => {
            lines.push(file(request, &document.to_hex()));
        }
        Some(Content::Fields { fields, .. }) => {
            for (name, value) in fields.as_slice() {
                lines.push(if name == DOCUMENT_FIELD {
                    file(request, value)
                } else {
                    format!("  field {} = {}", shown(name), shown(value))
                });
            }
        }
        Some(Content::Redacted(_)) | None => {}
    }
    if let Some(date) = &statement.effective {
        lines.push(format!("  in force from {date}"));
    }
    if let Some(reason) = &statement.reason {
        lines.push(format!("  for the reason {reason}"));
    }
    for rests_on in &statement.references {
        lines.push(format!(
            "  resting on version {} of a record in {}, key {}",
            rests_on.version,
            rests_on.registry,
            rests_on.key.to_hex()
        ));
    }
    lines.extend(rests(request));
    let nodes = request.options.node.join(", ");
    lines.push(format!(
        "  handed to {nodes}; it stands in the log for good"
    ));
    if statement.commitment.is_some() {
        lines.push(
            "  what it says of the content is a commitment: the content stays here".to_owned(),
        );
    }
    lines
}

/// What the new version rests on though it was not said, or no more though an earlier one does.
pub(super) fn rests(request: &SignRequest<'_>) -> Vec<String> {
    let line = match request.rests {
        Rests::AsSaid => return Vec::new(),
        Rests::As(version) => format!(
            "  resting on all that version {version} rests on ({}); --rests-on says otherwise",
            request.statement.references.len()
        ),
        Rests::NoMore(version) => {
            format!("  resting on no other record any more, as version {version} does")
        }
    };
    vec![line]
}

fn what_is_done(statement: &Statement, record: &str) -> String {
    let Statement {
        registry, version, ..
    } = statement;
    let agency = statement.author.agency();
    let record = shown(record);
    match statement.operation {
        Operation::Register => format!("registers record {record} in {registry}: its version 1"),
        Operation::Amend => {
            format!("amends record {record} in {registry} from now on: its version {version}")
        }
        Operation::Correct => {
            format!("corrects record {record} in {registry} from the start: its version {version}")
        }
        Operation::Suspend => {
            format!("suspends record {record} in {registry} for a while: its version {version}")
        }
        Operation::Reinstate => {
            format!("puts record {record} in {registry} back in force: its version {version}")
        }
        Operation::Revoke => format!(
            "revokes record {record} in {registry} for good: version {version} will be its last"
        ),
        Operation::Confirm => format!(
            "confirms, as the word of {agency}, version {version} of record {record} in {registry}"
        ),
        Operation::Dispute => format!(
            "disputes, as the word of {agency}, version {version} of record {record} in {registry}"
        ),
        Operation::Withdraw => format!(
            "takes back what {agency} said of version {version} of record {record} in {registry}"
        ),
    }
}

fn file(request: &SignRequest<'_>, hash: &str) -> String {
    let what = if request.statement.operation == Operation::Dispute {
        "evidence"
    } else {
        "document"
    };
    let Some(path) = request.file else {
        return format!("  {what} with the SHA-256 {hash}");
    };
    let bytes = std::fs::metadata(path).map_or(0, |found| found.len());
    let path = path.display().to_string();
    let path = shown(&path);
    format!("  {what} {path}, {bytes} bytes, SHA-256 {hash}")
}

/// A text that is not endless. What acts in it is written out where it is shown.
fn shown(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(CHARACTERS_MAX) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_not_endless() {
        assert_eq!(shown("Тошкент шаҳри"), "Тошкент шаҳри");
        assert_eq!(shown(&"ў".repeat(300)).chars().count(), CHARACTERS_MAX + 1);
    }
}
