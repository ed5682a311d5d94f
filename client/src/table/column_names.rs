//! Names of columns: why one can be none, and one that only looks like another.

use messages::UserMessage;
use protocol::commitment::DOCUMENT_FIELD;

use super::columns::shown;
use crate::coded::Coded;

/// Why a name cannot be that of a column.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BadName {
    /// None at all.
    Missing,
    /// That of another column, from 1.
    Repeated {
        /// The name.
        name: String,
        /// The column that has it too, from 1.
        column: usize,
    },
    /// The name that is kept for a document's own hash.
    Reserved,
    /// A letter that cannot be seen.
    Invisible {
        /// The name.
        name: String,
        /// The letter.
        letter: char,
    },
}

impl Coded for BadName {
    fn message(&self) -> UserMessage {
        match self {
            Self::Missing => UserMessage::new("name-missing"),
            Self::Repeated { name, column } => UserMessage::new("name-repeated")
                .text("name", name)
                .text("column", column),
            Self::Reserved => UserMessage::new("name-reserved").text("name", DOCUMENT_FIELD),
            Self::Invisible { name, letter } => UserMessage::new("name-invisible")
                .text("name", shown(name))
                .text("letter", format_args!("{:04X}", u32::from(*letter))),
        }
    }
}

/// A column whose name only looks like the one that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimilarColumn {
    /// The column, from 1.
    pub column: usize,
    /// The name.
    pub name: String,
    /// The letters that differ.
    pub letters: String,
}
