//! The names of kinds of files, as they stand in a sentence.

use crate::Language;

pub(crate) fn kind(language: Language, code: &str) -> Option<&'static str> {
    match language {
        Language::English => english(code),
    }
}

fn english(code: &str) -> Option<&'static str> {
    Some(match code {
        "receipt" => "a receipt",
        "dossier" => "a dossier (a receipt with those that it rests on)",
        "history" => "the history of a record",
        "archive" => "an archive of many receipts",
        "batch-receipts" => "the receipts of a whole batch",
        "evidence" => "evidence of a fork",
        "checkpoint" => "a checkpoint of a log",
        "trust" => "a trust file",
        "pending" => "an entry on its way",
        "journal" => "the journal of a bulk run",
        "to-mend" => "a table of rows to mend",
        "results" => "a table of results",
        "key" => "a secret key",
        "report" => "a report",
        "text" => "another text of Muhr's",
        "plan" => "a founding plan",
        "contribution" => "a contribution to a founding",
        "genesis" => "a genesis",
        "clerk-request" => "a clerk's request",
        "pdf" => "a PDF document",
        "zip" => "a ZIP archive or a document of an office program",
        "html" => "a web page",
        "picture" => "a picture",
        "empty" => "empty",
        "unknown" => "of a kind that is not known here",
        _ => return None,
    })
}
