//! The private part of a receipt, and the document that came with it, against what was recorded.
//!
//! A holder may remove the opening, and then it accuses nobody; or withhold fields, and then the rest
//! must be what was recorded. Otherwise an opening must show all that the entry commits to: half of it
//! is *altered*, like one that does not fit.

use protocol::{
    commitment::DOCUMENT_FIELD,
    entry::Statement,
    hash::DocumentHash,
    opening::{Content, Opening},
    receipt::Receipt,
};

use crate::{
    check::Check,
    steps::{Failed, Steps},
    verdict::Verdict,
};

/// The number is the record's, and the content is what the entry commits to. Gives back the opening
/// if there is one.
pub(super) fn check<'a>(
    steps: &mut Steps,
    statement: &Statement,
    opening: Option<&'a Opening>,
) -> Result<Option<&'a Opening>, Failed> {
    let Some(opening) = opening else {
        steps.held(Check::ContentWithheld);
        return Ok(None);
    };
    if opening.record.key(&statement.registry) != statement.key {
        return Err(steps.failed(Check::NumberRecorded, Verdict::Altered));
    }
    steps.held(Check::NumberRecorded);
    if opening.content.as_ref().map(Content::commit) != statement.commitment {
        return Err(steps.failed(Check::ContentRecorded, Verdict::Altered));
    }
    match &opening.content {
        Some(Content::Redacted(_)) => steps.held(Check::FieldsRecorded),
        Some(_) => steps.held(Check::ContentRecorded),
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
        return Err(steps.failed(Check::DocumentOpened, Verdict::CannotDecide));
    };
    if let Some(Content::Redacted(redacted)) = &opening.content
        && redacted.fields().get(DOCUMENT_FIELD).is_none()
    {
        return Err(steps.failed(Check::DocumentShown, Verdict::CannotDecide));
    }
    match opening.content.as_ref().and_then(Content::document) {
        Some(recorded) if recorded == *document => {
            steps.held(Check::DocumentRecorded);
            Ok(())
        }
        Some(_) => Err(steps.failed(Check::DocumentRecorded, Verdict::Altered)),
        None => Err(steps.failed(Check::DocumentCommitted, Verdict::CannotDecide)),
    }
}
