//! The trial of `muhr reconcile`: a register with the difficulties of a real one is anchored, errors are
//! seeded in 1 % of its rows, and what is found is exactly those, row by row.
//!
//! `MUHR_PERMITS` names a table of somebody's own (columns `permit_number`, `issuer`, `issued_on` and any
//! others); without it rows are made up, `MUHR_PERMIT_ROWS` of them. `MUHR_SEED` seeds the same errors again.

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    time::{Instant, SystemTime},
};

use protocol::{
    hash::RecordKey,
    name::{Date, RegistryName},
    record::RecordId,
};
use serde_json::Value;
use testkit::Random;
use tests::cluster::Cluster;

use super::{REGISTRY, run};

const ROWS: u64 = 1_000;
const SEED: u64 = 9;
/// Tables with errors of their own that are compared with one ledger.
const ROUNDS: u64 = 3;
const KEY: [&str; 2] = ["permit_number", "issuer"];
const DATE: &str = "issued_on";
/// Days by which a seeded change may move a date, and then some.
const SLACK_DAYS: i64 = 40;

/// Kind, row, record and columns of one finding.
type Told = (String, Option<u64>, Option<String>, Vec<String>);

#[derive(Clone)]
struct Table {
    names: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// The table that somebody named, or one that is made up.
    fn of_the_run() -> (String, Self) {
        let number = |name: &str| env::var(name).ok()?.parse().ok();
        if let Ok(path) = env::var("MUHR_PERMITS") {
            let mut rows = parsed(&fs::read_to_string(&path).unwrap());
            let names = rows.remove(0);
            return (path, Self { names, rows });
        }
        let rows = number("MUHR_PERMIT_ROWS").unwrap_or(ROWS);
        ("made-up rows".to_owned(), made_up(rows))
    }

    fn at(&self, name: &str) -> usize {
        self.names.iter().position(|column| column == name).unwrap()
    }

    fn record(&self, row: &[String]) -> RecordId {
        RecordId::new(KEY.map(|name| row[self.at(name)].as_str())).unwrap()
    }

    fn key(&self, row: &[String]) -> RecordKey {
        self.record(row)
            .key(&RegistryName::parse(REGISTRY).unwrap())
    }

    /// How many rows have each number.
    fn numbers(&self) -> BTreeMap<RecordKey, u64> {
        let mut numbers = BTreeMap::new();
        for row in &self.rows {
            *numbers.entry(self.key(row)).or_default() += 1;
        }
        numbers
    }

    /// The columns, but those of the number, in which two rows differ.
    fn differing(&self, one: &[String], other: &[String]) -> Vec<String> {
        let cells = self.names.iter().zip(one.iter().zip(other));
        let differ =
            cells.filter(|(name, (one, other))| !KEY.contains(&name.as_str()) && one != other);
        differ.map(|(name, _)| name.clone()).collect()
    }

    fn write(&self) -> String {
        let lines = std::iter::once(&self.names).chain(&self.rows).map(|row| {
            let cells = row
                .iter()
                .map(|cell| format!("\"{}\"", cell.replace('"', "\"\"")));
            cells.collect::<Vec<_>>().join(",") + "\n"
        });
        lines.collect()
    }
}

/// Rows of a CSV file: commas, and quotes around what holds commas, quotes and ends of lines.
fn parsed(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell) = (Vec::new(), Vec::new(), String::new());
    let mut quoted = false;
    let mut letters = text.trim_start_matches('\u{feff}').chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => cell.extend(letters.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut cell)),
            '\r' if !quoted => {}
            '\n' if !quoted => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            other => cell.push(other),
        }
    }
    rows
}

/// Rows with what makes real ones hard: a number is used by each issuer, some by one issuer twice; cells
/// are empty, begin like formulas, hold quotes, commas, ends of lines and three alphabets.
fn made_up(rows: u64) -> Table {
    const ISSUERS: [&str; 4] = [
        "Бош меъмор, \"Чилонзор\" тумани",
        "Главный архитектор района «Юнусабад»",
        "Qurilish qo‘mitasi",
        "Bosh me’mor; Sergeli",
    ];
    let made = (0..rows).map(|row| {
        // A row now and then has the number of the one some before it, for another house.
        let numbered = if row % 60 == 59 { row - 37 } else { row };
        let (number, issuer) = (
            numbered / 4,
            ISSUERS[usize::try_from(numbered % 4).unwrap()],
        );
        let (year, month, day) = (2014 + row % 5, 1 + row % 12, 1 + row % 28);
        let object = match row % 10 {
            0 => format!("Реконструкция детской площадки,\nэтап {row};\r\n\"второй\" подъезд"),
            1 => format!("- uy {row}"),
            2 => format!("Turar joy, {row}-uy; «Bog‘ishamol»"),
            _ => format!("Жилой дом {row}"),
        };
        let address = if row % 9 == 0 {
            String::new()
        } else {
            format!("Toshkent, {row}")
        };
        [
            format!(
                "{}/{:02}.{}",
                number + 1,
                1 + number % 12,
                2014 + number % 5
            ),
            issuer.to_owned(),
            format!("{year}-{month:02}-{day:02}"),
            object,
            address,
        ]
        .to_vec()
    });
    Table {
        names: ["permit_number", "issuer", "issued_on", "object", "address"]
            .map(ToOwned::to_owned)
            .to_vec(),
        rows: made.collect(),
    }
}

/// What happened to a row of the clean table, or that it is another.
#[derive(Clone, Copy, PartialEq)]
enum Seed {
    Clean,
    Changed(usize),
    Doubled,
    Added,
}

/// The clean table with errors, and what is to be told of it.
struct Bent<'a> {
    clean: &'a Table,
    late: &'a BTreeSet<RecordKey>,
    rows: Vec<(Vec<String>, Seed)>,
    dropped: Vec<String>,
}

impl<'a> Bent<'a> {
    /// Seeds `each` of the four kinds of errors, in rows whose number is theirs alone.
    fn seed(
        clean: &'a Table,
        late: &'a BTreeSet<RecordKey>,
        each: usize,
        random: &mut Random,
    ) -> Self {
        let numbers = clean.numbers();
        let fit = |at: &usize| {
            let key = clean.key(&clean.rows[*at]);
            numbers[&key] == 1 && !late.contains(&key)
        };
        let mut fit: Vec<usize> = (0..clean.rows.len()).filter(fit).collect();
        let mut pick = |random: &mut Random| fit.swap_remove(random.index(fit.len()));
        let mut rows: Vec<_> = { clean.rows.iter() }
            .map(|row| (row.clone(), Seed::Clean))
            .collect();
        let (mut dropped, mut extra) = (BTreeSet::new(), Vec::new());
        for number in 0..each {
            let (row, seed) = &mut rows[pick(random)];
            let others =
                (0..clean.names.len()).filter(|at| !KEY.contains(&clean.names[*at].as_str()));
            let others: Vec<usize> = others.collect();
            let column = others[random.index(others.len())];
            row[column] = changed(&row[column], clean.names[column] == DATE, random);
            *seed = Seed::Changed(column);
            let _new = dropped.insert(pick(random));
            let twice = pick(random);
            rows[twice].1 = Seed::Doubled;
            extra.push(rows[twice].clone());
            let mut added = clean.rows[random.index(clean.rows.len())].clone();
            added[clean.at(KEY[0])] = format!("NEW-{number}");
            extra.push((added, Seed::Added));
        }
        let names = dropped
            .iter()
            .map(|at| clean.record(&clean.rows[*at]).to_string());
        let names = names.collect();
        for at in dropped.iter().rev() {
            let _gone = rows.remove(*at);
        }
        for row in extra {
            rows.insert(random.index(rows.len() + 1), row);
        }
        Self {
            clean,
            late,
            rows,
            dropped: names,
        }
    }

    fn table(&self) -> Table {
        let rows = self.rows.iter().map(|(row, _)| row.clone());
        Table {
            names: self.clean.names.clone(),
            rows: rows.collect(),
        }
    }

    /// All that is to be told, and nothing else. Row 1 of a file has the names of the columns.
    fn expected(&self) -> Vec<Told> {
        let clean = self.clean;
        let mut first = BTreeMap::<RecordKey, &Vec<String>>::new();
        let mut expected: Vec<Told> = Vec::new();
        for (number, (row, seed)) in (2..).zip(&self.rows) {
            let mut expect = |kind: &str, fields: Vec<String>| {
                let record = Some(clean.record(row).to_string());
                expected.push((kind.to_owned(), Some(number), record, fields));
            };
            let key = clean.key(row);
            if let Some(first) = first.get(&key) {
                expect("duplicate", clean.differing(row, first));
                continue;
            }
            let _new = first.insert(key, row);
            match seed {
                Seed::Added => expect("missing", Vec::new()),
                Seed::Changed(column) => expect("changed", vec![clean.names[*column].clone()]),
                Seed::Clean | Seed::Doubled => {}
            }
            if self.late.contains(&key) {
                expect("late", vec![DATE.to_owned()]);
            }
        }
        let gone = self.dropped.iter();
        expected.extend(
            gone.map(|record| ("extra".to_owned(), None, Some(record.clone()), Vec::new())),
        );
        expected.sort();
        expected
    }
}

/// Another cell, by one of the ways in which cells become others.
fn changed(cell: &str, is_date: bool, random: &mut Random) -> String {
    if is_date {
        let (month, day) = cell.rsplit_once('-').unwrap();
        return format!("{month}-{}", if day == "01" { "02" } else { "01" });
    }
    let ways = [
        format!("{cell}x"),
        format!("{cell} "),
        format!("\n{cell}"),
        cell.chars().skip(1).collect(),
        cell.to_uppercase(),
        // Latin for Cyrillic: the same to the eye.
        cell.replace('о', "o"),
        String::new(),
    ];
    let other: Vec<_> = ways.iter().filter(|way| *way != cell).collect();
    other[random.index(other.len())].clone()
}

/// Backdates some rows before anything is anchored: to two years before the earliest of all.
fn backdate(table: &mut Table, each: usize, random: &mut Random) -> (BTreeSet<RecordKey>, i64) {
    let at = table.at(DATE);
    let dates = table.rows.iter().filter_map(|row| Date::parse(&row[at]));
    let earliest = dates.min().unwrap();
    let year: i64 = earliest.as_str()[..4].parse().unwrap();
    let numbers = table.numbers();
    let mut late = BTreeSet::new();
    while late.len() < each {
        let row = random.index(table.rows.len());
        let key = table.key(&table.rows[row]);
        if numbers[&key] == 1 && late.insert(key) {
            table.rows[row][at] = format!("{}-03-01", year - 2);
        }
    }
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let today = i64::try_from(now.unwrap().as_secs() / 86_400).unwrap();
    (late, today - earliest.day() + SLACK_DAYS)
}

fn told(report: &Value) -> Vec<Told> {
    let findings = report["findings"].as_array().unwrap().iter();
    let mut told: Vec<Told> = findings
        .map(|finding| {
            let fields = finding["fields"].as_array().unwrap().iter();
            (
                finding["kind"].as_str().unwrap().to_owned(),
                finding["row"].as_u64(),
                finding["record"].as_str().map(ToOwned::to_owned),
                fields
                    .map(|name| name.as_str().unwrap().to_owned())
                    .collect(),
            )
        })
        .collect();
    told.sort();
    told
}

/// Exactly these: a list of a hundred findings is no use if one is not of them.
fn assert_told(report: &Value, expected: &[Told]) {
    let told = told(report);
    let missed: Vec<_> = expected.iter().filter(|one| !told.contains(one)).collect();
    let false_ones: Vec<_> = told.iter().filter(|one| !expected.contains(one)).collect();
    assert!(
        missed.is_empty(),
        "not told: {missed:#?}\ntold falsely: {false_ones:#?}"
    );
    assert_eq!(told, expected, "told falsely, or more than once");
    let rows: BTreeSet<_> = expected.iter().filter_map(|(_, row, ..)| *row).collect();
    let matching = report["counts"]["rows"].as_u64().unwrap() - rows.len() as u64;
    assert_eq!(report["counts"]["matching"], matching);
}

#[test]
fn of_a_hard_register_every_seeded_error_is_found_and_nothing_else() {
    let seed = env::var("MUHR_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or(SEED);
    let mut random = Random::new(seed);
    let (what, mut table) = Table::of_the_run();
    // Five kinds of errors make 1 % of all rows.
    let each = (table.rows.len() / 500).max(1);
    println!(
        "{} rows of {what}, {each} of each of 5 kinds of errors, MUHR_SEED={seed}",
        table.rows.len()
    );
    let (late, days) = backdate(&mut table, each, &mut random);
    let cluster = Cluster::start(0);
    let clean = cluster.document("register.csv", &table.write());
    let begun = Instant::now();
    let key = KEY.join(",");
    let bulk = format!("--json anchor bulk {clean} --record {key} --registry {REGISTRY} --out run");
    let records = table.numbers().len();
    let surplus = table.rows.len() - records;
    let anchored = run(&cluster, &bulk)
        .expect(if surplus == 0 { 0 } else { 20 })
        .json();
    assert_eq!(anchored["counts"]["anchored"], records);
    assert_eq!(
        anchored["counts"]["duplicate"].as_u64().unwrap_or(0),
        surplus as u64
    );
    println!("anchored in {:?}: {}", begun.elapsed(), anchored["counts"]);

    let reconcile = |name: &str| {
        let command =
            format!("--json reconcile {name} --registry {REGISTRY} --record {key} --receipts run");
        run(&cluster, &format!("{command} --date {DATE} --late {days}"))
            .expect(22)
            .json()
    };
    let nothing_seeded = Bent {
        clean: &table,
        late: &late,
        rows: { table.rows.iter() }
            .map(|row| (row.clone(), Seed::Clean))
            .collect(),
        dropped: Vec::new(),
    };
    let begun = Instant::now();
    assert_told(&reconcile(&clean), &nothing_seeded.expected());
    println!("compared in {:?}", begun.elapsed());
    for round in 0..ROUNDS {
        let bent = Bent::seed(&table, &late, each, &mut random);
        let name = cluster.document(&format!("bent-{round}.csv"), &bent.table().write());
        let report = reconcile(&name);
        assert_told(&report, &bent.expected());
        println!("round {round}: {}", report["counts"]);
    }
}
