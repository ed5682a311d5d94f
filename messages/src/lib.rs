//! The sentences that people read, by code and language: of a verifier's checks, of why one fails, of failures and
//! the ways out of them; and how moments are shown.
//!
//! Depends on nothing of ours: whoever has a code and its arguments gets the sentence. Not here: what a code means
//! to programs, and what follows from it.

pub mod catalogue;
mod causes;
mod checks;
mod kinds;
mod message;
pub mod time;

use std::fmt::Display;

pub use self::message::{Arg, FailedCheck, UserMessage};

/// A language of the sentences.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Language {
    /// English.
    #[default]
    English,
}

/// Something that has a sentence: its code, and arguments by name.
#[derive(Clone, Copy, Debug)]
pub struct CodeWithArgs<'a> {
    /// The code.
    pub code: &'a str,
    /// What its sentence may name.
    pub args: &'a [(&'static str, String)],
}

/// The sentence of a check that held; none for a code that is not known, and for a check that is only ever
/// told when it fails.
#[must_use]
pub fn held(language: Language, check: CodeWithArgs<'_>) -> Option<String> {
    fill(language, checks::held(language, check.code)?, check.args)
}

/// The sentence of a check that failed, perhaps for a cause; none for a code that is not known.
#[must_use]
pub fn failed(
    language: Language,
    check: CodeWithArgs<'_>,
    cause: Option<CodeWithArgs<'_>>,
) -> Option<String> {
    let template = checks::failed(language, check.code);
    let Some(cause) = cause else {
        return match template {
            Some(template) => fill(language, template, check.args),
            None => Some(checks::not_so(language, &held(language, check)?)),
        };
    };
    let why = fill(language, causes::cause(language, cause.code)?, cause.args)?;
    let Some(template) = template else {
        return Some(why);
    };
    let args = [check.args, &[("cause", why)]].concat();
    fill(language, template, &args)
}

/// The codes of checks that have a sentence here, for whoever compares them with a verifier's.
pub fn check_codes() -> impl Iterator<Item = &'static str> {
    checks::codes()
}

/// How many of a thing, in words: `1 row`, `2 rows`.
#[must_use]
pub fn counted(count: impl Display, one: &str, many: &str) -> String {
    let count = count.to_string();
    let word = if count == "1" { one } else { many };
    format!("{count} {word}")
}

/// Puts values at their places, each `{name}`, or `{name|row|rows}` for so many of a thing; none if one is missing.
fn fill_places(template: &str, value: impl Fn(&str) -> Option<String>) -> Option<String> {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, behind)) = rest.split_once('{') {
        let (place, after) = behind.split_once('}')?;
        out += before;
        out += &match place.split_once('|') {
            None => value(place)?,
            Some((name, words)) => {
                let (one, many) = words.split_once('|')?;
                counted(value(name)?, one, many)
            }
        };
        rest = after;
    }
    Some(out + rest)
}

/// Puts arguments at their places; none if one is missing. Kinds of files are given by their codes.
fn fill(language: Language, template: &str, args: &[(&str, String)]) -> Option<String> {
    fill_places(template, |name| {
        let (_, value) = args.iter().find(|(other, _)| *other == name)?;
        Some(match name {
            "wanted-kind" | "found-kind" => kinds::kind(language, value)?.to_owned(),
            _ => value.clone(),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_thing_is_not_told_as_many() {
        let told = |count: u64| {
            let folder = UserMessage::new("note-folder").text("path", "p");
            folder.text("rows", count).in_words(Language::English)
        };
        let behind = "; number from: the file's name";
        assert_eq!(told(1), format!("p: a folder, 1 document{behind}"));
        for count in [0, 2, 11] {
            assert_eq!(
                told(count),
                format!("p: a folder, {count} documents{behind}")
            );
        }
        assert_eq!(counted(1, "row", "rows"), "1 row");
    }

    #[test]
    fn a_sentence_is_filled_or_there_is_none() {
        let args = [("index", "7".to_owned())];
        let check = |code, args| CodeWithArgs { code, args };
        let entry = check("entry-included", &args[..]);
        let sentence = "the entry is leaf 7 of the log";
        assert_eq!(held(Language::English, entry).as_deref(), Some(sentence));
        let not = format!("not so: {sentence}");
        assert_eq!(failed(Language::English, entry, None), Some(not));
        let without = check("entry-included", &[]);
        assert_eq!(held(Language::English, without), None);
        assert_eq!(held(Language::English, check("of nobody", &args)), None);
        assert_eq!(
            failed(Language::English, check("of nobody", &args), None),
            None
        );
    }

    #[test]
    fn a_cause_stands_alone_or_where_its_check_puts_it() {
        let args = [("size", "7".to_owned()), ("epoch", "2".to_owned())];
        let why = [("what", "they differ".to_owned())];
        let cause = CodeWithArgs {
            code: "inconsistent",
            args: &why,
        };
        let check = |code| CodeWithArgs { code, args: &args };
        let bridge = failed(Language::English, check("bridge"), Some(cause));
        assert_eq!(
            bridge.as_deref(),
            Some("the bridge does not hold: they differ")
        );
        let alone = failed(Language::English, check("end-continued"), Some(cause));
        assert_eq!(alone.as_deref(), Some("they differ"));
    }
}
