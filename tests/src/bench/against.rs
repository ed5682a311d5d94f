//! `bench --against DIR [--only QUESTIONS] [--pairs N] [--write FILE]`: this build and another's in turn.
//!
//! DIR holds another commit's own `bench`, `muhr` and `muhr-node`, and in `commit` which one it is
//! (`deploy/bench-base.sh` makes it). The two run one after the other, so that whatever else the machine
//! does meets both; which goes first changes from pair to pair. Each number of a figure is compared with the
//! one in its place: both medians are said, and the median of the ratios of each pair, this build's number to
//! the other's. A figure in other words is not compared, and said to be so.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::{
    figures::{self, Change},
    report::{commit, load_average, measured, percentile, put},
};

/// A figure taken apart: its words with `#` for each number, and the numbers as they were written.
#[derive(Debug, PartialEq)]
struct Figure {
    words: String,
    numbers: Vec<String>,
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
                let digits = number.trim_end_matches('.');
                numbers.push(digits.to_owned());
                words.push('#');
                words.push_str(&number[digits.len()..]);
                number.clear();
            }
            words.push(letter);
        }
        let words = words.trim().to_owned();
        Self { words, numbers }
    }

    fn number(&self, place: usize) -> f64 {
        self.numbers[place].parse().unwrap()
    }
}

/// Figures of one run, in the order of their questions.
type Run = Vec<(String, Figure)>;

/// This build's figures and the other's, by question.
type Pair = (BTreeMap<String, Figure>, BTreeMap<String, Figure>);

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

/// One number of a figure over all pairs.
#[derive(Debug, PartialEq)]
struct Compared {
    ours: f64,
    theirs: f64,
    /// Median, least and greatest of the ratios.
    ratio: (f64, f64, f64),
}

impl Compared {
    fn of(pairs: &[(f64, f64)]) -> Self {
        let median = |values: &mut dyn Iterator<Item = f64>| {
            let mut values: Vec<f64> = values.collect();
            percentile(&mut values, 0.5)
        };
        // Two zeros are as good as one another; one alone has no ratio.
        let ratio = |(ours, theirs): &(f64, f64)| {
            if ours == theirs { 1.0 } else { ours / theirs }
        };
        let mut ratios: Vec<f64> = pairs.iter().map(ratio).collect();
        Self {
            ours: median(&mut pairs.iter().map(|(ours, _)| *ours)),
            theirs: median(&mut pairs.iter().map(|(_, theirs)| *theirs)),
            ratio: (
                percentile(&mut ratios, 0.5),
                percentile(&mut ratios, 0.0),
                percentile(&mut ratios, 1.0),
            ),
        }
    }
}

/// The words of a figure with these numbers in it, each with as many decimals as it was written with.
fn filled(figure: &Figure, numbers: impl Iterator<Item = f64>) -> String {
    let mut out = String::new();
    let mut numbers = numbers.zip(&figure.numbers);
    for letter in figure.words.chars() {
        let number = if letter == '#' { numbers.next() } else { None };
        match number {
            Some((number, written)) => {
                let decimals = written.split_once('.').map_or(0, |(_, rest)| rest.len());
                out += &format!("{number:.decimals$}");
            }
            None => out.push(letter),
        }
    }
    out
}

/// A question over all pairs; none if its figure was said in different words.
fn compared<'a>(pairs: &'a [Pair], question: &str) -> Option<(&'a Figure, Vec<Compared>)> {
    let mut found = Vec::new();
    for (ours, theirs) in pairs {
        found.push((ours.get(question)?, theirs.get(question)?));
    }
    let (first, _) = *found.first()?;
    let alike = |figure: &Figure| {
        figure.words == first.words && figure.numbers.len() == first.numbers.len()
    };
    if !found
        .iter()
        .all(|(ours, theirs)| alike(ours) && alike(theirs))
    {
        return None;
    }
    let numbers = (0..first.numbers.len()).map(|place| {
        let number =
            |(ours, theirs): &(&Figure, &Figure)| (ours.number(place), theirs.number(place));
        Compared::of(&found.iter().map(number).collect::<Vec<_>>())
    });
    Some((first, numbers.collect()))
}

fn line(question: &str, found: Option<&(&Figure, Vec<Compared>)>) -> String {
    let Some((figure, numbers)) = found else {
        return format!(
            "| {question} | not compared: one of the two says it in other words, or not at all | | |\n"
        );
    };
    let ratio = |number: &Compared| {
        let (median, low, high) = number.ratio;
        format!("{median:.2} ({low:.2} to {high:.2})")
    };
    format!(
        "| {question} | {} | {} | {} |\n",
        filled(figure, numbers.iter().map(|number| number.ours)),
        filled(figure, numbers.iter().map(|number| number.theirs)),
        numbers.iter().map(ratio).collect::<Vec<_>>().join("; ")
    )
}

/// The pairs of runs, the order of the questions, and the load average before each pair.
type Pairs = (Vec<Pair>, Vec<String>, Vec<String>);

fn pairs(folder: &Path, only: Option<&str>, count: usize) -> Pairs {
    let ours = std::env::current_exe().unwrap();
    let theirs: PathBuf = folder.join("bench");
    for name in ["bench", "muhr", "muhr-node", "commit"] {
        let path = folder.join(name);
        assert!(path.is_file(), "there is no {}", path.display());
    }
    let (mut done, mut questions, mut loads) = (Vec::new(), Vec::new(), Vec::new());
    for pair in 0..count {
        eprintln!("· pair {} of {count}", pair + 1);
        loads.push(load_average());
        let other_first = pair % 2 == 1;
        let early = other_first.then(|| run(&theirs, only));
        let mine = run(&ours, only);
        let other = early.unwrap_or_else(|| run(&theirs, only));
        if pair == 0 {
            questions = mine.iter().map(|(question, _)| question.clone()).collect();
        }
        done.push((mine.into_iter().collect(), other.into_iter().collect()));
    }
    assert!(!questions.is_empty(), "nothing was measured");
    (done, questions, loads)
}

/// Compares this build with the one in `folder`, prints the table and writes it where it is asked for.
pub(crate) fn compare(folder: &Path, only: Option<&str>, count: usize, write: Option<&Path>) {
    let (pairs, questions, loads) = pairs(folder, only, count);
    let base = fs::read_to_string(folder.join("commit")).unwrap();
    let only = only.map_or(String::new(), |only| format!(" --only {only}"));
    let command = format!("bench --against {}{only} --pairs {count}", folder.display());
    let mut text = format!(
        "{}; this build is commit {}, the other {}; medians of {count} pairs, the ratio of each pair with the least and the greatest; load average before each pair {}, at the end {}.\n\n| question | this build | the other | ratio |\n|---|---|---|---|\n",
        measured(&command),
        commit(),
        base.trim(),
        loads.join(", "),
        load_average()
    );
    let mut changes = Vec::new();
    for question in &questions {
        let found = compared(&pairs, question);
        text += &line(question, found.as_ref());
        let first = found.and_then(|(figure, numbers)| {
            let number = numbers.into_iter().next()?;
            Some(Change::of(question, &figure.words, number.ratio))
        });
        changes.extend(first);
    }
    println!("{text}");
    if let Some(path) = write {
        text += &figures::changes(path, &measured(&command), &changes);
        put(path, "against", &text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = "Measured\n\n| question | figure | target | note |\n|---|---|---|---|\n| W1 idle | p50 9.0 ms, p99 14.0 ms | | |\n| W10 disk | 426 bytes | | |\n| bulk | NOT within 3 s | | |\n";

    fn figures(table: &str) -> BTreeMap<String, Figure> {
        rows(table).into_iter().collect()
    }

    #[test]
    fn numbers_are_compared_place_by_place_and_other_words_not_at_all() {
        let theirs = OURS
            .replace("9.0", "4.5")
            .replace("14.0", "28.0")
            .replace("NOT within", "after");
        let pairs = [(figures(OURS), figures(&theirs))];
        let idle = compared(&pairs, "W1 idle").unwrap();
        let ratios: Vec<f64> = idle.1.iter().map(|number| number.ratio.0).collect();
        assert_eq!(ratios, [2.0, 0.5]);
        assert_eq!(
            line("W1 idle", Some(&idle)),
            "| W1 idle | p50 9.0 ms, p99 14.0 ms | p50 4.5 ms, p99 28.0 ms | 2.00 (2.00 to 2.00); 0.50 (0.50 to 0.50) |\n"
        );
        assert_eq!(compared(&pairs, "bulk"), None);
        assert!(line("bulk", None).contains("not compared"));
    }

    #[test]
    fn each_side_has_its_median_and_the_ratio_is_that_of_the_pairs() {
        // The ratio of the medians, 30 to 20, is that of no pair.
        let found = Compared::of(&[(10.0, 20.0), (30.0, 10.0), (50.0, 50.0)]);
        assert_eq!((found.ours, found.theirs), (30.0, 20.0));
        assert_eq!(found.ratio, (1.0, 0.5, 3.0));
    }

    #[test]
    fn a_figure_ends_with_a_number_or_a_full_stop() {
        let figure = Figure::read("within 0.2 s. In all 12.");
        assert_eq!(figure.words, "within # s. In all #.");
        assert_eq!(figure.numbers, ["0.2", "12"]);
        assert_eq!(
            filled(&figure, [0.34, 7.0].into_iter()),
            "within 0.3 s. In all 7."
        );
        assert_eq!(Figure::read("p99 14.0 ms").numbers, ["14.0"]);
    }
}
