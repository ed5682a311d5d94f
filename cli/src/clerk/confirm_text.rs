//! Lines about what is to be signed, in plain words: taken from the statement itself, not from what was typed.
//!
//! Nothing is asked or printed here. The values of fields are for the clerk's own eyes: the lines go to a
//! terminal and nowhere else.

use std::borrow::Cow;

use messages::UserMessage;
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
pub(super) fn of(request: &SignRequest<'_>, origin: &Origin) -> Vec<UserMessage> {
    let statement = &request.statement;
    let mut lines = vec![
        UserMessage::new("sign-who")
            .text("author", &statement.author)
            .text("origin", origin),
        UserMessage::new("sign-line").part(
            "line",
            what_is_done(statement, &request.opening.record.to_string()),
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
                    UserMessage::new("sign-field")
                        .text("name", shown(name))
                        .text("value", shown(value))
                });
            }
        }
        Some(Content::Redacted(_)) | None => {}
    }
    if let Some(date) = &statement.effective {
        lines.push(UserMessage::new("sign-in-force").text("date", date));
    }
    if let Some(reason) = &statement.reason {
        lines.push(UserMessage::new("sign-reason").text("reason", reason));
    }
    for rests_on in &statement.references {
        lines.push(
            UserMessage::new("sign-rests-on")
                .text("version", rests_on.version)
                .text("registry", &rests_on.registry)
                .text("key", rests_on.key.to_hex()),
        );
    }
    lines.extend(rests(request));
    let nodes = request.options.node.join(", ");
    lines.push(UserMessage::new("sign-handed-to").text("nodes", nodes));
    if statement.commitment.is_some() {
        lines.push(UserMessage::new("sign-commitment"));
    }
    lines
}

/// Line about what the new version rests on though it was not said, or no more though an earlier one does.
pub(super) fn rests(request: &SignRequest<'_>) -> Vec<UserMessage> {
    let line = match request.rests {
        Rests::AsSaid => return Vec::new(),
        Rests::As(version) => UserMessage::new("sign-rests-as")
            .text("version", version)
            .text("count", request.statement.references.len()),
        Rests::NoMore(version) => UserMessage::new("sign-rests-no-more").text("version", version),
    };
    vec![line]
}

fn what_is_done(statement: &Statement, record: &str) -> UserMessage {
    let Statement {
        registry, version, ..
    } = statement;
    let agency = statement.author.agency();
    let record = shown(record);
    match statement.operation {
        Operation::Register => UserMessage::new("sign-registers")
            .text("record", record)
            .text("registry", registry),
        Operation::Amend => UserMessage::new("sign-amends")
            .text("record", record)
            .text("registry", registry)
            .text("version", version),
        Operation::Correct => UserMessage::new("sign-corrects")
            .text("record", record)
            .text("registry", registry)
            .text("version", version),
        Operation::Suspend => UserMessage::new("sign-suspends")
            .text("record", record)
            .text("registry", registry)
            .text("version", version),
        Operation::Reinstate => UserMessage::new("sign-reinstates")
            .text("record", record)
            .text("registry", registry)
            .text("version", version),
        Operation::Revoke => UserMessage::new("sign-revokes")
            .text("record", record)
            .text("registry", registry)
            .text("version", version),
        Operation::Confirm => UserMessage::new("sign-confirms")
            .text("agency", agency)
            .text("version", version)
            .text("record", record)
            .text("registry", registry),
        Operation::Dispute => UserMessage::new("sign-disputes")
            .text("agency", agency)
            .text("version", version)
            .text("record", record)
            .text("registry", registry),
        Operation::Withdraw => UserMessage::new("sign-withdraws")
            .text("agency", agency)
            .text("version", version)
            .text("record", record)
            .text("registry", registry),
    }
}

fn file(request: &SignRequest<'_>, hash: &str) -> UserMessage {
    let what = if request.statement.operation == Operation::Dispute {
        UserMessage::new("word-evidence")
    } else {
        UserMessage::new("word-document")
    };
    let Some(path) = request.file else {
        return UserMessage::new("sign-file-hash")
            .part("what", what)
            .text("hash", hash);
    };
    let bytes = std::fs::metadata(path).map_or(0, |found| found.len());
    let path = path.display().to_string();
    let path = shown(&path);
    UserMessage::new("sign-file")
        .part("what", what)
        .text("path", path)
        .text("bytes", bytes)
        .text("hash", hash)
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
