//! Numbers of one table, or names of one folder, that look alike and are two: a Cyrillic letter for a Latin one, or
//! a dash for a hyphen. The ledger would have two records of what may be one; only a person can say.

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash, Hasher},
};

use messages::UserMessage;
use protocol::record::RecordId;

use super::columns::shown;

/// Pairs of which each is named.
const NAMED: usize = 5;

/// The numbers that went by, by what they look like: of each the row, and a print that tells it from others.
#[derive(Debug, Default)]
pub struct Twins {
    seen: BTreeMap<u64, (u64, u64)>,
    found: Vec<Twin>,
    count: usize,
}

/// Places at which numbers that look alike stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TwinsOf {
    /// Rows of a table.
    Rows,
    /// Files of a folder.
    Files,
}

/// A number that looks like one before it.
#[derive(Debug)]
pub(super) struct Twin {
    row: u64,
    number: RecordId,
    /// The row of the one before, of which only that is kept.
    pub(super) first: u64,
}

impl Twins {
    /// Takes in the number of a row.
    pub fn know(&mut self, row: u64, number: RecordId) {
        let own = print(&number);
        let (first, known) = *self
            .seen
            .entry(print(&number.skeleton()))
            .or_insert((row, own));
        if known == own {
            return;
        }
        self.count += 1;
        if self.found.len() < NAMED {
            self.found.push(Twin { row, number, first });
        }
    }

    /// Those that are named.
    pub(super) fn found(&self) -> &[Twin] {
        &self.found
    }

    /// Remark on them, if there are any: `first` tells the number of a row or file before.
    #[must_use]
    pub fn remark(
        &self,
        of: TwinsOf,
        first: impl Fn(u64) -> Option<RecordId>,
    ) -> Option<UserMessage> {
        let mut named: Vec<UserMessage> = Vec::new();
        for twin in &self.found {
            let Some(before) = first(twin.first) else {
                continue;
            };
            // Two prints may meet by chance; two skeletons do not.
            if before.skeleton() == twin.number.skeleton() {
                let is_first = named.is_empty();
                named.push(twin.message(of, &before, is_first));
            }
        }
        if named.is_empty() {
            return None;
        }
        match self.count.saturating_sub(self.found.len()) {
            0 => {}
            more => named.push(UserMessage::new("twins-more").text("more", more)),
        }
        Some(match self.count {
            1 => UserMessage::new("twin").part("named", named),
            count => UserMessage::new("twins")
                .text("count", count)
                .part("named", named),
        })
    }
}

impl Twin {
    fn message(&self, of: TwinsOf, before: &RecordId, is_first: bool) -> UserMessage {
        let (own, other) = (self.number.to_string(), before.to_string());
        let of = match of {
            TwinsOf::Rows => UserMessage::new("word-row"),
            TwinsOf::Files => UserMessage::new("word-file"),
        };
        let pair = UserMessage::new("twin-pair")
            .part("of", of)
            .text("row", self.row)
            .text("number", shown(&own))
            .text("first", self.first)
            .text("other", shown(&other))
            .text("letters", letters(&own, &other));
        match is_first {
            true => pair,
            false => UserMessage::new("twins-next").part("pair", pair),
        }
    }
}

/// The letters by which two texts of one skeleton differ: it has a letter for each, so that they stand side by side.
pub(super) fn letters(own: &str, other: &str) -> String {
    let mut pairs: Vec<String> = Vec::new();
    let differ = own.chars().zip(other.chars());
    for (one, other) in differ.filter(|(one, other)| one != other) {
        let pair = format!("U+{:04X} for U+{:04X}", u32::from(one), u32::from(other));
        if !pairs.contains(&pair) {
            pairs.push(pair);
        }
    }
    pairs.join(", ")
}

fn print(of: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_look_alike_are_named_in_pairs_and_the_same_number_is_none() {
        let numbers = ["X-4", "\u{425}-4", "X-4", "X\u{2011}4", "Y-1"];
        let number = |row: u64| {
            let at = usize::try_from(row).ok()?.checked_sub(2)?;
            RecordId::parse(numbers.get(at)?).ok()
        };
        let mut twins = Twins::default();
        for row in 2..7 {
            twins.know(row, number(row).unwrap());
        }
        let words = twins.remark(TwinsOf::Rows, number).unwrap();
        let words = words.in_words(messages::Language::English);
        for part in [
            "2 numbers look like another",
            "row 3: \u{425}-4 like row 2: X-4 (U+0425 for U+0058)",
            "row 5: X\u{2011}4 like row 2: X-4 (U+2011 for U+002D)",
        ] {
            assert!(words.contains(part), "{words}");
        }
        assert!(Twins::default().remark(TwinsOf::Rows, number).is_none());
    }
}
