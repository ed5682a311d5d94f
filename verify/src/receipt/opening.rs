//! The private part of a receipt, and the document that came with it, against what was recorded.
//!
//! A holder may remove the opening, and then it accuses nobody; or withhold fields, and then the rest
//! must be what was recorded. Otherwise an opening must show all that the entry commits to: half of it
//! is *altered*, like one that does not fit.

use protocol::{
    commitment::DOCUMENT_FIELD,
    hash::DocumentHash,
    opening::{Content, Opening},
    receipt::Receipt,
};

use crate::{
    steps::{Failed, Steps},
    verdict::Verdict,
};

/// The number is the record's, and the content is what the entry commits to. Gives back the opening
/// if there is one.
pub(super) fn check<'a>(
    steps: &mut Steps,
    receipt: &'a Receipt,
) -> Result<Option<&'a Opening>, Failed> {
    let statement = &receipt.entry.statement;
    let Some(opening) = &receipt.opening else {
        steps.held(
            "content",
            "the entry is proven; its number and content are not shown",
        );
        return Ok(None);
    };
    if opening.record.key(&statement.registry) != statement.key {
        return Err(steps.failed(
            "number",
            Verdict::Altered,
            "the record's number is not the one that was recorded",
        ));
    }
    steps.held("number", "the record's number is the one that was recorded");
    if opening.content.as_ref().map(Content::commit) != statement.commitment {
        return Err(steps.failed(
            "content",
            Verdict::Altered,
            "what the receipt shows is not what was recorded",
        ));
    }
    match &opening.content {
        Some(Content::Redacted(_)) => steps.held(
            "content",
            "the fields that are shown are what was recorded; others are withheld",
        ),
        Some(_) => steps.held("content", "what the receipt shows is what was recorded"),
        None => {}
    }
    Ok(Some(opening))
}

/// The document is the one that was recorded.
pub(super) fn document(
    steps: &mut Steps,
    receipt: &Receipt,
    document: &DocumentHash,
) -> Result<(), Failed> {
    let Some(opening) = &receipt.opening else {
        return Err(steps.failed(
            "document",
            Verdict::CannotDecide,
            "the receipt's private part was removed, so it says nothing of documents",
        ));
    };
    if let Some(Content::Redacted(redacted)) = &opening.content
        && redacted.fields().get(DOCUMENT_FIELD).is_none()
    {
        return Err(steps.failed(
            "document",
            Verdict::CannotDecide,
            "fields are withheld, so the receipt says nothing of documents",
        ));
    }
    match opening.content.as_ref().and_then(Content::document) {
        Some(recorded) if recorded == *document => {
            steps.held("document", "the document is the one that was recorded");
            Ok(())
        }
        Some(_) => Err(steps.failed(
            "document",
            Verdict::Altered,
            "the document is not the one that was recorded",
        )),
        None => Err(steps.failed(
            "document",
            Verdict::CannotDecide,
            "this entry recorded no document",
        )),
    }
}
