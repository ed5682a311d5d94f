//! The sentences of messages, by language and area: why something was not done, and the ways out.
//!
//! A code stands once, in one area. A place in a sentence is `{name}`, for the argument of that name.

mod english;

use crate::Language;

/// Codes with their sentences.
pub(crate) type Area = &'static [(&'static str, &'static str)];

const fn areas(language: Language) -> &'static [Area] {
    match language {
        Language::English => english::AREAS,
    }
}

/// The sentence of a code, with places for arguments.
pub(crate) fn template(language: Language, code: &str) -> Option<&'static str> {
    let mut all = entries(language);
    all.find(|(known, _)| *known == code)
        .map(|(_, template)| template)
}

/// All codes with their sentences, for whoever compares them with those that are used.
pub fn entries(language: Language) -> impl Iterator<Item = (&'static str, &'static str)> {
    areas(language).iter().copied().flatten().copied()
}
