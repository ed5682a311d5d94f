//! Numbers of a table that look unlike all others, and what stands in the column of the number and is none.
//!
//! A number has a shape: runs of digits, of Latin and of Cyrillic letters, and everything else as it is. In most
//! tables a handful of shapes cover all rows, and a total, a remark or a slip of the hand has one of its own.
//! Such a number may be right: it is named, not refused. What programs write for no value at all, and the word
//! for a total, is refused.

use std::collections::HashMap;

/// Shapes that are told apart; a table of more has no shape of its own.
const SHAPES_MAX: usize = 10_000;
/// So many rows must share a shape before another is unlike it.
const SHARED_MIN: u64 = 10;
/// Words that programs write for no value and people before a sum, in small letters.
const NO_NUMBERS: [&str; 28] = [
    "nan",
    "null",
    "none",
    "nil",
    "n/a",
    "#n/a",
    "nat",
    "<na>",
    "undefined",
    "-",
    "--",
    "\u{2013}",
    "\u{2014}",
    "?",
    "jami",
    "hammasi",
    "umumiy",
    "жами",
    "ҳаммаси",
    "умумий",
    "итого",
    "всего",
    "общий итог",
    "total",
    "grand total",
    "sum",
    "summa",
    "сумма",
];

/// Returns whether a text stands where a number should, and is none.
pub(super) fn is_no_number(text: &str) -> bool {
    let text = text
        .trim()
        .trim_end_matches([':', '.'])
        .trim_end()
        .to_lowercase();
    NO_NUMBERS.contains(&text.as_str())
}

/// The shapes of the numbers that went by.
#[derive(Debug, Default)]
pub(super) struct NumberShapes(HashMap<String, ShapeCount>);

#[derive(Debug)]
struct ShapeCount {
    count: u64,
    row: u64,
    number: String,
}

impl NumberShapes {
    pub(super) fn know(&mut self, row: u64, number: &str) {
        let shape = shape(number);
        let has_room = self.0.len() < SHAPES_MAX;
        if let Some(seen) = self.0.get_mut(&shape) {
            seen.count += 1;
        } else if has_room {
            let number = number.to_owned();
            let count = 1;
            let _new = self.0.insert(shape, ShapeCount { count, row, number });
        }
    }

    /// The rows whose numbers have a shape that no other has, where most share theirs.
    pub(super) fn unlike(&self) -> Vec<(u64, &str)> {
        let most = self
            .0
            .values()
            .map(|seen| seen.count)
            .max()
            .unwrap_or_default();
        let all: u64 = self.0.values().map(|seen| seen.count).sum();
        let alone = self.0.values().filter(|seen| seen.count == 1);
        let mut alone: Vec<_> = alone.map(|seen| (seen.row, seen.number.as_str())).collect();
        // Where every other number has a shape of its own, none is unlike the rest.
        let is_rare = alone.len() as u64 * 10 <= all;
        if most < SHARED_MIN || !is_rare || self.0.len() >= SHAPES_MAX {
            return Vec::new();
        }
        alone.sort_unstable();
        alone
    }
}

fn shape(number: &str) -> String {
    let mut shape = String::new();
    for letter in number.trim().chars() {
        let kind = match letter {
            '0'..='9' => '9',
            'a'..='z' | 'A'..='Z' => 'A',
            '\u{400}'..='\u{52f}' => '\u{42f}',
            letter if letter.is_whitespace() => ' ',
            letter => letter,
        };
        let is_run = matches!(kind, '9' | 'A' | '\u{42f}' | ' ');
        if !(is_run && shape.ends_with(kind)) {
            shape.push(kind);
        }
    }
    shape
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_unlike_all_others_is_named() {
        let numbers = |count: u64, more: &[&str]| {
            let mut shapes = NumberShapes::default();
            for row in 0..count {
                shapes.know(row + 2, &format!("TSH-2026-{row}"));
            }
            for (row, number) in (count + 2..).zip(more) {
                shapes.know(row, number);
            }
            let unlike = shapes.unlike().into_iter();
            unlike
                .map(|(row, number)| format!("{row} {number}"))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            numbers(20, &["TSH 2026-4", "TSH-2026-21"]),
            ["22 TSH 2026-4"]
        );
        assert_eq!(numbers(20, &["ТSH-2026-21"]), ["22 ТSH-2026-21"]);
        // Few rows, or as many kinds as rows, tell nothing.
        assert!(numbers(9, &["Q 1"]).is_empty());
        assert!(numbers(10, &["a", "1", "a1", "1a", "-", "+"]).is_empty());
        assert!(numbers(20, &["Q1", "Q2"]).is_empty());
        assert!(numbers(0, &[]).is_empty());
    }

    #[test]
    fn what_programs_and_people_write_for_no_number_is_none() {
        for text in [
            "NaN",
            " null ",
            "Итого:",
            "ЖАМИ",
            "Jami",
            "\u{2014}",
            "-",
            "Total.",
        ] {
            assert!(is_no_number(text), "{text}");
        }
        for text in ["", "0", "N-1", "Total 1", "итого-1", "Jami 12"] {
            assert!(!is_no_number(text), "{text}");
        }
    }
}
