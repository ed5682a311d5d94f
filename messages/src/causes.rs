//! The sentences of the errors for which a check fails.

use crate::Language;

pub(crate) fn cause(language: Language, code: &str) -> Option<&'static str> {
    match language {
        Language::English => english(code),
    }
}

fn english(code: &str) -> Option<&'static str> {
    Some(match code {
        "malformed" => "line {line}: {what}",
        "rewritten" => {
            "another program has re-written this text (its line ends, blanks at ends of lines, or marks at its beginning or end); ask for the file again, as an attachment"
        }
        "other-kind" => "this is not {wanted-kind}: it is {found-kind}",
        "no-evidence" => "not evidence of version 1",
        "merkle-range" => "the position or sizes are impossible",
        "merkle-length" => "the proof has {found|hash|hashes} where this tree needs another number",
        "merkle-root" => "the proof does not lead to the root",
        "index-claim" => "the index proof shows another thing than is claimed",
        "index-root" => "the index proof does not lead to the index root",
        "bad-signature" => "the signature does not verify",
        "unbound-signature" => {
            "the signature was made before chain ids were bound, so it is of any network of this name; sign the statement anew"
        }
        "inconsistent" | "bad-change" => "{what}",
        _ => return None,
    })
}
