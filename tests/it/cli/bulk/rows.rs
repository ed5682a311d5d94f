//! Of any table every row is accounted for: what is anchored, to mend, or named is what a strict reader of RFC 4180
//! counts, and no anchored value holds what was another row.
//!
//! Tables are made up, well-formed, and then spoilt by quotes: put in, taken out, doubled. `MUHR_SEED` makes the same
//! ones again.

use std::{collections::BTreeSet, env, fs};

use protocol::{opening::Content, receipt::Receipt};
use tests::cluster::{Cluster, Ran};

use super::{bulk, strict};

const SEED: u64 = 20_261_128;
const TABLES: u64 = 60;
/// Tables that are anchored; the others are tried.
const ANCHORED: u64 = 36;

/// Numbers that look like chance, the same for the same seed.
struct Chance(u64);

impl Chance {
    fn next(&mut self, below: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % below
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.next(all.len())]
    }
}

/// A table as it was meant: its delimiter, and the lines of its rows without their ends.
struct Meant {
    delimiter: char,
    width: usize,
    rows: Vec<String>,
}

fn meant(chance: &mut Chance, table: u64) -> Meant {
    // Of several lines too, none of them like a row: what is like one is to mend, and has its cases in the corpus.
    const CELLS: [&str; 12] = [
        "x",
        "",
        "Toshkent, 5",
        "12\" pipe",
        "say \"yes\"",
        "a;b",
        "ў",
        " ",
        "a\tb",
        "Chilonzor\n12-uy",
        "one\n\nthree \"3\"",
        "x\r\ny",
    ];
    let delimiter = chance.of(&[',', ';', '\t']);
    let width = 2 + chance.next(3);
    let names: Vec<String> = (1..width).map(|at| format!("c{at}")).collect();
    let delimited = delimiter.to_string();
    let mut rows = vec![format!("number{delimiter}{}", names.join(&delimited))];
    for row in 0..3 + chance.next(10) {
        let mut cells = vec![format!("P{table}-{row}")];
        cells.extend((1..width).map(|_| quoted(chance.of(&CELLS), delimiter, chance)));
        rows.push(cells.join(&delimited));
    }
    Meant {
        delimiter,
        width,
        rows,
    }
}

/// A cell as a careful program writes it.
fn quoted(cell: &str, delimiter: char, chance: &mut Chance) -> String {
    let must = cell.contains([delimiter, '"', '\n', '\r']);
    match must || chance.next(4) == 0 {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell.to_owned(),
    }
}

/// One to three quotes too many, too few, or not doubled.
fn spoilt(text: &str, chance: &mut Chance) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let start = text.find('\n').unwrap() + 1;
    for _ in 0..=chance.next(3) {
        let quotes: Vec<usize> = (start..bytes.len())
            .filter(|at| bytes[*at] == b'"')
            .collect();
        let starts: Vec<usize> = (start..bytes.len())
            .filter(|at| matches!(bytes[*at - 1], b',' | b';' | b'\t' | b'\n'))
            .collect();
        match (chance.next(3), quotes.is_empty(), starts.is_empty()) {
            (0, false, _) => {
                let _quote = bytes.remove(chance.of(&quotes));
            }
            (1, _, false) => bytes.insert(chance.of(&starts), b'"'),
            _ => {
                let at = start + chance.next(bytes.len() - start);
                if std::str::from_utf8(&bytes[..at]).is_ok() {
                    bytes.insert(at, b'"');
                }
            }
        }
    }
    String::from_utf8(bytes).unwrap()
}

/// The rows that are named in a table of this program, by their numbers.
fn named(cluster: &Cluster, path: &str) -> BTreeSet<u64> {
    let text = fs::read_to_string(cluster.path().join(path)).unwrap_or_default();
    let rows = strict::read(text.trim_start_matches('\u{feff}').as_bytes(), b',').unwrap();
    let number = |row: &Vec<Vec<u8>>| std::str::from_utf8(&row[0]).ok()?.parse().ok();
    rows.iter().filter_map(number).collect()
}

/// Rows that a strict reader counts below the first, if the text is well-formed.
fn counted(text: &str, delimiter: char) -> Option<u64> {
    let rows = strict::read(text.as_bytes(), delimiter as u8)?;
    let filled = rows
        .iter()
        .skip(1)
        .filter(|row| row.iter().any(|cell| !cell.is_empty()));
    Some(filled.count() as u64)
}

/// Tries or anchors a table.
fn run(cluster: &Cluster, name: &str, delimiter: char, is_tried: bool) -> Ran {
    let told = match delimiter {
        ',' => "comma",
        ';' => "semicolon",
        _ => "tab",
    };
    let more: &[&str] = if is_tried { &["--dry-run"] } else { &[] };
    let more = [more, &["--delimiter", told]].concat();
    bulk(cluster, &format!("{name}.csv"), name, &more)
}

#[test]
fn every_row_is_accounted_for_and_no_value_holds_another() {
    let seed = env::var("MUHR_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok())
        .unwrap_or(SEED);
    println!("MUHR_SEED={seed}");
    let mut chance = Chance(seed);
    let cluster = Cluster::start(0);
    let (mut refused, mut marked, mut clean) = (0, 0, 0);
    for table in 0..TABLES {
        let meant = meant(&mut chance, table);
        let text = meant.rows.join("\n") + "\n";
        let is_spoilt = table % 4 != 0;
        let text = if is_spoilt {
            spoilt(&text, &mut chance)
        } else {
            text
        };
        let name = format!("p{table}");
        cluster.document(&format!("{name}.csv"), &text);
        let is_tried = table >= ANCHORED;
        let ran = run(&cluster, &name, meant.delimiter, is_tried);
        let shown = format!("MUHR_SEED={seed}, table {table}: {text:?}\n{}", ran.stderr);
        let rows = counted(&text, meant.delimiter);
        if ran.code == 2 {
            // Refused whole: only what no strict reader reads either.
            assert!(rows.is_none() && is_spoilt, "{shown}");
            refused += 1;
            continue;
        }
        assert!(matches!(ran.code, 0 | 20), "{shown}");
        let said = ran.json();
        let errors = if is_tried {
            "try.errors.csv"
        } else {
            "errors.csv"
        };
        let bad = named(&cluster, &format!("{name}/{name}.{errors}"));
        let fit = said["counts"]["fit"]
            .as_u64()
            .or(said["counts"]["anchored"].as_u64())
            .unwrap_or_default();
        let all = said["rows"].as_u64().unwrap();
        assert_eq!(fit + bad.len() as u64, all, "{shown}");
        assert!(all > 0, "{shown}");
        match rows {
            Some(rows) => assert_eq!(all, rows, "{shown}"),
            None => assert!(
                !bad.is_empty(),
                "what is no CSV is not taken as if it were: {shown}"
            ),
        }
        if !is_spoilt {
            // A row of several lines may have one that passes for a row: then it is to mend, and no other is.
            let of_one_line = |row: &u64| !meant.rows[*row as usize - 1].contains('\n');
            assert!(!bad.iter().any(of_one_line), "{shown}");
        }
        if bad.is_empty() {
            clean += 1;
        } else {
            marked += 1;
        }
        if !is_tried {
            holds_no_other_row(&cluster, &name, &meant, &shown);
        }
    }
    println!("{refused} refused, {marked} with rows to mend, {clean} without");
    assert!(refused > 0 && marked > 0 && clean > 0);
}

/// No value of an anchored row holds a line that was a row of the table as it was meant.
fn holds_no_other_row(cluster: &Cluster, name: &str, meant: &Meant, shown: &str) {
    let Ok(receipts) = fs::read_dir(cluster.path().join(name).join("receipts")) else {
        return;
    };
    for receipt in receipts {
        let bytes = fs::read(receipt.unwrap().path()).unwrap();
        let opening = Receipt::parse(&bytes).unwrap().opening.unwrap();
        let Some(Content::Fields { fields, .. }) = opening.content else {
            panic!("{shown}");
        };
        assert_eq!(fields.as_slice().len(), meant.width, "{shown}");
        for (_, value) in fields.as_slice() {
            let number = |row: &String| {
                row.split(meant.delimiter)
                    .next()
                    .unwrap_or_default()
                    .to_owned()
            };
            let others = meant.rows.iter().skip(1).map(number);
            for other in others.filter(|other| *other != opening.record.to_string()) {
                let start = format!("{other}{}", meant.delimiter);
                assert!(
                    !value.contains(&start),
                    "{value:?} holds {start:?}: {shown}"
                );
            }
        }
    }
}
