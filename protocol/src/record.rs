//! The numbers that people give to records, folded into the 32-byte key that the ledger uses.
//!
//! A number is written in many ways: six apostrophes, two spaces, decomposed letters. The fold makes
//! those one; it never touches digits or the letters themselves, and small letters only in a registry
//! that says so. Look-alike letters of two scripts are not folded but named (`lookalike`), since only a
//! person can say which was meant.

use thiserror::Error;
use unicode_normalization::UnicodeNormalization;

use crate::{
    hash::{RecordKey, sha256},
    lookalike::{self, LookAlike},
    name::RegistryName,
};

/// The most parts that one number may have.
pub const PARTS_MAX: usize = 8;
/// The most bytes that one part may have, folded.
pub const PART_BYTES_MAX: usize = 512;

/// Why a text is no record number.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BadRecordId {
    /// Nothing is left after folding.
    #[error("part {part} of the record number is empty")]
    Empty {
        /// Number of the part, from 1.
        part: usize,
    },
    /// Too long after folding.
    #[error("part {part} of the record number is longer than {PART_BYTES_MAX} bytes")]
    TooLong {
        /// Number of the part, from 1.
        part: usize,
    },
    /// A character that cannot be seen.
    #[error("part {part} of the record number holds an invisible character (U+{code:04X})")]
    Invisible {
        /// Number of the part, from 1.
        part: usize,
        /// The character's code point.
        code: u32,
    },
    /// A backslash before what it stands for nothing: were it dropped, two numbers would be one.
    #[error(
        "part {part} of the record number holds a backslash that escapes nothing; write \\\\ for a backslash, \\| for a |"
    )]
    Escape {
        /// Number of the part, from 1.
        part: usize,
    },
    /// Too many parts.
    #[error("a record number has at most {PARTS_MAX} parts")]
    Parts,
}

/// The case rule of a registry's numbers, set at its beginning: keys would move with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CaseRule {
    /// Small letters are other letters than capital ones.
    #[default]
    AsWritten,
    /// All are capitals: whoever types a small one means the capital.
    Capitals,
}

impl CaseRule {
    /// The word in an act.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::AsWritten => "as-written",
            Self::Capitals => "capitals",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "as-written" => Some(Self::AsWritten),
            "capitals" => Some(Self::Capitals),
            _ => None,
        }
    }

    /// The letter as such numbers have it. Latin letters without marks, and the Cyrillic ones of Russian and
    /// Uzbek: one letter is one letter, in every language of computers.
    #[must_use]
    pub fn of(self, letter: char) -> char {
        let moved = |by: u32| {
            let code = u32::from(letter).checked_sub(by);
            code.and_then(char::from_u32).unwrap_or(letter)
        };
        match (self, letter) {
            (Self::AsWritten, _) => letter,
            (Self::Capitals, 'a'..='z' | '\u{430}'..='\u{44f}') => moved(0x20),
            (Self::Capitals, '\u{450}'..='\u{45f}') => moved(0x50),
            (Self::Capitals, '\u{493}' | '\u{49b}' | '\u{4b3}') => moved(1),
            (Self::Capitals, _) => letter,
        }
    }
}

/// A record's number, folded: one part, or several for a composite key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId(Vec<String>);

impl RecordId {
    /// Folds each part.
    ///
    /// # Errors
    ///
    /// [`BadRecordId`] names the part and what is wrong with it.
    pub fn new<'a>(parts: impl IntoIterator<Item = &'a str>) -> Result<Self, BadRecordId> {
        let folded: Vec<String> = (1..)
            .zip(parts)
            .map(|(at, part)| fold(at, part))
            .collect::<Result<_, _>>()?;
        match folded.len() {
            0 => Err(BadRecordId::Empty { part: 1 }),
            1..=PARTS_MAX => Ok(Self(folded)),
            _ => Err(BadRecordId::Parts),
        }
    }

    /// Reads the one-line form: parts joined by `|`; `\|` and `\\` stand for themselves, and no other backslash
    /// for anything.
    ///
    /// # Errors
    ///
    /// [`BadRecordId`] names the part and what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, BadRecordId> {
        let mut parts: Vec<String> = Vec::new();
        let mut part = String::new();
        let mut letters = text.chars();
        while let Some(letter) = letters.next() {
            match letter {
                '|' => parts.push(std::mem::take(&mut part)),
                '\\' => match letters.next() {
                    Some(escaped @ ('\\' | '|')) => part.push(escaped),
                    _ => {
                        let part = parts.len().saturating_add(1);
                        return Err(BadRecordId::Escape { part });
                    }
                },
                _ => part.push(letter),
            }
        }
        parts.push(part);
        Self::new(parts.iter().map(String::as_str))
    }

    /// The parts into which the one-line form was taken, where that may not be what its writer meant.
    #[must_use]
    pub fn parted(&self) -> Option<String> {
        let is_plain = self.0.len() == 1 && !self.0.iter().any(|part| part.contains(['|', '\\']));
        if is_plain {
            return None;
        }
        let shown: Vec<String> = self.0.iter().map(|part| format!("\"{part}\"")).collect();
        Some(match shown.as_slice() {
            [one] => format!("read as one part: {one}"),
            parts => format!("read as {} parts: {}", parts.len(), parts.join(", ")),
        })
    }

    /// The number as a registry's are written.
    #[must_use]
    pub fn in_case(&self, rule: CaseRule) -> Self {
        // A capital may join with a mark that its small letter leaves alone.
        let part = |part: &String| part.chars().map(|letter| rule.of(letter)).nfc().collect();
        Self(self.0.iter().map(part).collect())
    }

    /// The folded parts.
    #[must_use]
    pub fn parts(&self) -> &[String] {
        &self.0
    }

    /// The key under `registry`: SHA-256 over `muhr-record/v1` NUL, the registry, NUL, and each part
    /// with its length as two bytes big-endian in front.
    #[must_use]
    pub fn key(&self, registry: &RegistryName) -> RecordKey {
        let mut bytes = format!("muhr-record/v1\0{registry}\0").into_bytes();
        for part in &self.0 {
            let length = u16::try_from(part.len()).unwrap_or(u16::MAX);
            bytes.extend_from_slice(&length.to_be_bytes());
            bytes.extend_from_slice(part.as_bytes());
        }
        RecordKey::new(sha256(&[&bytes]))
    }

    /// The number with one letter for all that look like it: two numbers of one such form are two to the
    /// ledger, and one to the eye.
    #[must_use]
    pub fn skeleton(&self) -> String {
        let letters = |part: &String| part.chars().map(lookalike::skeleton).collect::<String>();
        self.0.iter().map(letters).collect::<Vec<_>>().join("|")
    }

    /// The letters that may have been typed for look-alikes of the other script.
    #[must_use]
    pub fn look_alikes(&self) -> Vec<LookAlike> {
        lookalike::find(&self.0)
    }
}

impl std::fmt::Display for RecordId {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (at, part) in self.0.iter().enumerate() {
            if at > 0 {
                out.write_str("|")?;
            }
            out.write_str(&part.replace('\\', "\\\\").replace('|', "\\|"))?;
        }
        Ok(())
    }
}

fn fold(part: usize, text: &str) -> Result<String, BadRecordId> {
    let mut out = String::new();
    let mut space = false;
    for letter in text.nfc() {
        let letter = match letter {
            '\u{02bb}' | '\u{02bc}' | '\u{2018}' | '\u{2019}' | '\u{0060}' => '\'',
            other => other,
        };
        if letter.is_whitespace() {
            space = !out.is_empty();
            continue;
        }
        if is_invisible(letter) {
            return Err(BadRecordId::Invisible {
                part,
                code: u32::from(letter),
            });
        }
        if std::mem::take(&mut space) {
            out.push(' ');
        }
        out.push(letter);
    }
    match out.len() {
        0 => Err(BadRecordId::Empty { part }),
        1..=PART_BYTES_MAX => Ok(out),
        _ => Err(BadRecordId::TooLong { part }),
    }
}

/// Returns whether a character cannot be seen: control characters, what Unicode lets a program ignore, and marks of
/// annotations.
#[must_use]
pub fn is_invisible(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_says_how_it_was_taken_apart() {
        let parted = |text: &str| RecordId::parse(text).unwrap().parted();
        assert_eq!(parted("TSH-1"), None);
        let two = parted("12|2026").unwrap();
        assert_eq!(two, "read as 2 parts: \"12\", \"2026\"");
        let one = parted("12\\\\2026").unwrap();
        assert_eq!(one, "read as one part: \"12\\2026\"");
    }

    #[test]
    fn ways_to_write_one_number_are_one_key() {
        let registry = RegistryName::parse("qurilish.permits").unwrap();
        let key = |text: &str| RecordId::parse(text).unwrap().key(&registry);
        assert_eq!(key("Yo\u{2018}l  12 "), key(" Yo'l\u{a0}12"));
        assert_eq!(key("e\u{301}1"), key("\u{e9}1"));
        assert_ne!(key("a1"), key("A1"));
        assert_ne!(key("a|b"), key("a\\|b"));
        assert_ne!(key("ab|c"), key("a|bc"));
    }

    #[test]
    fn the_one_line_form_reads_back() {
        for text in ["a", "a|b c|d", "x\\|y\\\\|z"] {
            assert_eq!(RecordId::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn invisible_and_empty_numbers_are_refused() {
        assert!(matches!(
            RecordId::parse("a\u{202e}b"),
            Err(BadRecordId::Invisible {
                part: 1,
                code: 0x202e
            })
        ));
        // Dropped, it would make 122026 of it; what follows may be the end, and the letter may be any.
        for (text, part) in [("12\\2026", 1), ("a\\", 1), ("a|b\\c", 2), ("\\\\\\", 1)] {
            let wrong = BadRecordId::Escape { part };
            assert_eq!(RecordId::parse(text), Err(wrong), "{text}");
        }
        assert_eq!(RecordId::parse("a| "), Err(BadRecordId::Empty { part: 2 }));
        assert_eq!(
            RecordId::parse(&"x".repeat(600)),
            Err(BadRecordId::TooLong { part: 1 })
        );
        assert_eq!(
            RecordId::parse("1|2|3|4|5|6|7|8|9"),
            Err(BadRecordId::Parts)
        );
    }
}
