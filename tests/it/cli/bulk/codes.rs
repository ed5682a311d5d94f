//! Every code of a row, as the clerks' page lists them, is produced by what it stands for.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    path::PathBuf,
};

use tests::cluster::Cluster;

use super::{
    bulk,
    workbooks::{row, workbook},
};

/// Those of documents that change or vanish at the wrong moment: `cli/src/clerk/bulk/folder.rs` makes them.
const MOMENTS: [&str; 3] = ["changed-while-read", "missing-file", "unreadable-file"];
/// Those that tell what the ledger or the network did, and their tests: `upsert.rs`, `nodes.rs`, `bulk.rs`.
const SENT: [&str; 5] = ["conflict", "look-alikes", "pending", "refused", "undecided"];

/// The codes of the table in the clerks' page.
fn listed() -> BTreeSet<String> {
    let tests = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap());
    let page = fs::read_to_string(tests.join("../docs/clerks.md")).unwrap();
    let (_, table) = page
        .split_once("| code | what is wrong |\n|---|---|\n")
        .unwrap();
    let lines = table.lines().take_while(|line| line.starts_with("| `"));
    let codes = lines.map(|line| line[3..].split_once('`').unwrap().0.to_owned());
    codes.collect()
}

/// Tries a table: the code of each row to mend, behind its number.
fn codes(cluster: &Cluster, table: &str, more: &[&str]) -> Vec<(u64, String)> {
    let _ran = bulk(cluster, table, "out", &[&["--dry-run"], more].concat()).expect(20);
    let stem = table.split('.').next().unwrap();
    let errors = cluster.path().join(format!("out/{stem}.try.errors.csv"));
    let errors = fs::read_to_string(errors).unwrap();
    let code = |line: &str| {
        let mut cells = line.split(',');
        let row = cells.next()?.parse().ok()?;
        Some((row, cells.nth(1)?.to_owned()))
    };
    errors.lines().skip(1).filter_map(code).collect()
}

/// Takes what was found in a table, and what should be.
type Assert<'a> = &'a mut dyn FnMut(Vec<(u64, String)>, &[(u64, &str)]);

fn of_cells(cluster: &Cluster, assert_codes: Assert<'_>) {
    let long = "x".repeat(140_000);
    let longer = "9".repeat(600);
    let table = [
        "number,from,a",
        "1,2026-11-02,x",
        "2,2026-11-02,=A1",
        "3,2026-11-02,#N/A",
        "4,2026-11-02,#####",
        "5E+12,2026-11-02,x",
        "6,2026-11-02",
        " ,2026-11-02,x",
        "8\u{200b},2026-11-02,x",
        &format!("9,2026-11-02,{long}"),
        &format!("{longer},2026-11-02,x"),
        "",
        "1,2026-11-03,x",
        "12,46349,x",
        "13,soon,x",
        "14,,x",
        "15,03.11.2026,x",
        "16,2026-02-30,x",
    ]
    .join("\n");
    cluster.document("t.csv", &table);
    let found = codes(cluster, "t.csv", &["--effective", "from"]);
    assert_codes(
        found,
        &[
            (3, "formula"),
            (4, "spreadsheet-error"),
            (5, "narrow-column"),
            (6, "shortened"),
            (7, "cell-count"),
            (8, "empty-key"),
            (9, "bad-key"),
            (10, "too-long"),
            (11, "too-long"),
            (13, "duplicate"),
            (14, "serial-date"),
            (15, "bad-date"),
            (18, "bad-date"),
        ],
    );
}

fn of_letters_and_numbers(cluster: &Cluster, assert_codes: Assert<'_>) {
    cluster.document(
        "c.csv",
        "number,a\n1,\"x\n2,y\"\nNULL,z\n101.0,w\n4,To\u{fffd}kent\n",
    );
    assert_codes(
        codes(cluster, "c.csv", &[]),
        &[
            (2, "quotes"),
            (3, "no-record"),
            (4, "fraction"),
            (5, "lost-letter"),
        ],
    );
    cluster.document("n.csv", "number\nQ-1\nq1\n");
    let strict = ["--strict-numbers", "Q-[0-9]+"];
    assert_codes(codes(cluster, "n.csv", &strict), &[(3, "unlike-pattern")]);
    // "number;a", Toshkent in Windows-1251, and in UTF-8.
    let mut table = b"number;a\n1;\xd2\xee\xf8\xea\xe5\xed\xf2\n2;".to_vec();
    table.extend("Тошкент\n".as_bytes());
    fs::write(cluster.path().join("l.csv"), table).unwrap();
    let told = ["--encoding", "windows-1251"];
    assert_codes(codes(cluster, "l.csv", &told), &[(3, "two-alphabets")]);
}

/// The first table's rows to mend, fed back.
fn of_a_day_that_is_fed_back(cluster: &Cluster, assert_codes: Assert<'_>) {
    // A number of a day passes for nothing the second time either, though no date is left beside it.
    let errors = fs::read_to_string(cluster.path().join("out/t.try.errors.csv")).unwrap();
    let serial = errors.lines().find(|line| line.starts_with("14,")).unwrap();
    assert!(serial.contains("most likely 2026-11-23"), "{serial}");
    let header = errors.lines().next().unwrap();
    cluster.document("s.csv", &format!("{header}\n{serial}\n"));
    assert_codes(codes(cluster, "s.csv", &[]), &[(2, "serial-date")]);
}

fn of_sheets_and_folders(cluster: &Cluster, assert_codes: Assert<'_>) {
    // One column: a blank row has no number; what follows the last has none to lack.
    cluster.document("o.csv", "number\n1\n\n\n2\n\n");
    let blank = [(3, "empty-key"), (4, "empty-key")];
    assert_codes(codes(cluster, "o.csv", &[]), &blank);

    let rows = [
        row(1, &[("A", "number"), ("B", "b")]),
        row(2, &[("A", "1"), ("B", "merged")]),
        row(3, &[("A", "<v>12345678901234567</v>")]),
        "<row r=\"4\"><c r=\"A4\"><v>3</v></c><c r=\"B4\" s=\"1\"><v>0.5</v></c></row>".to_owned(),
        row(5, &[("A", "5"), ("B", "a_x0041_b")]),
    ];
    let merged = "<mergeCells count=\"1\"><mergeCell ref=\"B2:C2\"/></mergeCells>";
    let sheet = format!("<sheetData>{}</sheetData>{merged}", rows.concat());
    workbook(
        &cluster.path().join("w.xlsx"),
        &sheet,
        "uniqueCount=\"0\">",
        &[],
    );
    assert_codes(
        codes(cluster, "w.xlsx", &[]),
        &[
            (2, "merged"),
            (3, "digits-lost"),
            (4, "no-day"),
            (5, "escaped-text"),
        ],
    );

    fs::create_dir(cluster.path().join("f")).unwrap();
    cluster.document("f/ .pdf", "no number");
    cluster.document("f/1.pdf", "one");
    cluster.document("f/2.pdf", "");
    cluster.document("f/3.pdf", "%PDF-1.7\n1 0 obj");
    cluster.document("f/4.pdf", "four");
    // Something is where the receipt of one would go, and somebody is not done with the last.
    fs::create_dir_all(cluster.path().join("out/receipts/4.pdf.receipt")).unwrap();
    cluster.document("f/5.pdf", "five");
    let mut written = File::options();
    let _open = written
        .append(true)
        .open(cluster.path().join("f/5.pdf"))
        .unwrap();
    assert_codes(
        codes(cluster, "f", &[]),
        &[
            (1, "bad-name"),
            (3, "empty-file"),
            (4, "unfinished-file"),
            (5, "receipt-place"),
            (6, "open-file"),
        ],
    );
}

#[test]
fn every_code_is_produced_by_what_it_stands_for() {
    let cluster = Cluster::create(0);
    let mut seen = BTreeSet::new();
    let mut assert_codes = |found: Vec<(u64, String)>, wanted: &[(u64, &str)]| {
        let found: Vec<_> = found
            .iter()
            .map(|(row, code)| (*row, code.as_str()))
            .collect();
        assert_eq!(found, wanted);
        seen.extend(wanted.iter().map(|(_, code)| (*code).to_owned()));
    };
    of_cells(&cluster, &mut assert_codes);
    of_letters_and_numbers(&cluster, &mut assert_codes);
    of_a_day_that_is_fed_back(&cluster, &mut assert_codes);
    of_sheets_and_folders(&cluster, &mut assert_codes);
    let elsewhere = MOMENTS.iter().chain(&SENT).map(ToString::to_string);
    seen.extend(elsewhere);
    assert_eq!(seen, listed());
}

#[test]
fn numbers_unlike_all_others_are_named_before_anything_is_sent() {
    let cluster = Cluster::create(0);
    let rows: String = (1..=20).map(|row| format!("TSH-{row},x\n")).collect();
    cluster.document("t.csv", &format!("number,a\n{rows}TSH 21,x\n"));
    let tried = bulk(&cluster, "t.csv", "out", &["--dry-run"]).expect(0);
    assert_eq!(tried.json()["unlike_numbers"], 1);
    for words in ["unlike all others", "row 22: TSH 21", "--strict-numbers"] {
        assert!(tried.stderr.contains(words), "{words}: {}", tried.stderr);
    }
    let strict = ["--dry-run", "--strict-numbers", "TSH-[0-9]+"];
    let _to_mend = bulk(&cluster, "t.csv", "out", &strict).expect(20);
    let broken = ["--dry-run", "--strict-numbers", "TSH-[0-9"];
    let refused = bulk(&cluster, "t.csv", "out", &broken).expect(2);
    assert!(
        refused.stderr.contains("no regular expression"),
        "{refused:?}"
    );
}
