//! `bench --against DIR [--only QUESTION] [--pairs N]`: this build and another's in turn, as ratios.
//!
//! DIR holds another commit's own `bench`, `muhr` and `muhr-node`. The two run one after the other, so
//! that whatever else the machine does meets both; which goes first changes from pair to pair. Each number
//! of a figure is compared with the one in its place. A figure in other words is not compared, and said to
//! be so. Ratios are this build's number to the other's.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::report::spread;

/// A figure taken apart: its words with `#` for each number, and the numbers.
#[derive(Debug, PartialEq)]
struct Figure {
    words: String,
    numbers: Vec<f64>,
}

impl Figure {
    fn read(text: &str) -> Self {
        let (mut words, mut numbers, mut number) = (String::new(), Vec::new(), String::new());
        for letter in text.chars().chain(['\n']) {
            let goes_on = !number.is_empty();
            // The digits of a name ("p99") are no number.
            let begins = !words.ends_with(char::is_alphanumeric);
            if (letter.is_ascii_digit() && (goes_on || begins)) || (letter == '.' && goes_on) {
                number.push(letter);
                continue;
            }
            if !number.is_empty() {
                numbers.push(number.trim_end_matches('.').parse().unwrap());
                number.clear();
                words.push('#');
            }
            words.push(letter);
        }
        let words = words.trim().to_owned();
        Self { words, numbers }
    }
}

/// Figures of one run, by question.
type Run = BTreeMap<String, Figure>;

fn rows(table: &str) -> Run {
    let rows = table.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| ")?.split(" | ");
        let (question, figure) = (cells.next()?, cells.next()?);
        (question != "question").then(|| (question.to_owned(), Figure::read(figure)))
    });
    rows.collect()
}

fn run(program: &Path, only: Option<&str>) -> Run {
    let mut command = Command::new(program);
    command.args(only.iter().flat_map(|only| ["--only", *only]));
    let ran = command.stderr(Stdio::inherit()).output().unwrap();
    assert!(ran.status.success(), "{} failed", program.display());
    rows(&String::from_utf8(ran.stdout).unwrap())
}

/// The ratios of one question, a list for each number of its figure; none if nothing can be compared.
fn ratios(pairs: &[(Run, Run)], question: &str) -> Option<Vec<Vec<f64>>> {
    let mut all: Vec<Vec<f64>> = Vec::new();
    for (ours, theirs) in pairs {
        let (ours, theirs) = (ours.get(question)?, theirs.get(question)?);
        if ours.words != theirs.words {
            return None;
        }
        all.resize(ours.numbers.len(), Vec::new());
        for ((all, ours), theirs) in all.iter_mut().zip(&ours.numbers).zip(&theirs.numbers) {
            // Two zeros are as good as one another; one alone has no ratio.
            let ratio = if ours == theirs { 1.0 } else { ours / theirs };
            all.push(ratio);
        }
    }
    Some(all)
}

fn line(pairs: &[(Run, Run)], question: &str) -> String {
    let Some(mut ratios) = ratios(pairs, question) else {
        return format!("| {question} | not compared | |\n");
    };
    let shown = |ratios: &mut Vec<f64>| {
        let (median, low, high) = spread(ratios);
        format!("{median:.2} ({low:.2} to {high:.2})")
    };
    let shown: Vec<String> = ratios.iter_mut().map(shown).collect();
    let words = pairs.first().and_then(|(ours, _)| ours.get(question));
    let words = words.map_or("", |figure| figure.words.as_str());
    format!("| {question} | {} | {words} |\n", shown.join("; "))
}

/// Compares this build with the one in `folder` and prints the ratios.
pub(crate) fn compare(folder: &Path, only: Option<&str>, pairs: usize) {
    let ours = std::env::current_exe().unwrap();
    let theirs: PathBuf = folder.join("bench");
    for name in ["bench", "muhr", "muhr-node"] {
        let path = folder.join(name);
        assert!(path.is_file(), "there is no {}", path.display());
    }
    let mut done = Vec::new();
    for pair in 0..pairs {
        eprintln!("· pair {} of {pairs}", pair + 1);
        let other_first = pair % 2 == 1;
        let early = other_first.then(|| run(&theirs, only));
        let mine = run(&ours, only);
        let other = early.unwrap_or_else(|| run(&theirs, only));
        done.push((mine, other));
    }
    let questions = done.first().map(|(ours, _)| ours.keys().cloned());
    let questions: Vec<String> = questions.into_iter().flatten().collect();
    assert!(!questions.is_empty(), "nothing was measured");
    println!(
        "| question | this build to {} | figure |\n|---|---|---|",
        folder.display()
    );
    for question in &questions {
        print!("{}", line(&done, question));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = "Measured\n\n| question | figure | target | note |\n|---|---|---|---|\n| W1 idle | p50 9.0 ms, p99 14.0 ms | | |\n| W10 disk | 426 bytes | | |\n| bulk | NOT within 3 s | | |\n";

    #[test]
    fn numbers_are_compared_place_by_place_and_other_words_not_at_all() {
        let theirs = OURS
            .replace("9.0", "4.5")
            .replace("14.0", "28.0")
            .replace("NOT within", "after");
        let pairs = [(rows(OURS), rows(&theirs))];
        assert_eq!(ratios(&pairs, "W1 idle"), Some(vec![vec![2.0], vec![0.5]]));
        assert_eq!(ratios(&pairs, "W10 disk"), Some(vec![vec![1.0]]));
        assert_eq!(ratios(&pairs, "bulk"), None);
        let said = line(&pairs, "W1 idle");
        assert!(said.contains("2.00 (2.00 to 2.00); 0.50"), "{said}");
        assert!(line(&pairs, "bulk").contains("not compared"));
    }

    #[test]
    fn a_figure_ends_with_a_number_or_a_full_stop() {
        let figure = Figure::read("within 0.2 s. In all 12.");
        assert_eq!(figure.words, "within # s. In all #");
        assert_eq!(figure.numbers, [0.2, 12.0]);
        assert_eq!(Figure::read("p99 14.0 ms").numbers, [14.0]);
    }
}
