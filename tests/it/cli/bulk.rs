//! Tables as clerks have them: other letters, other delimiters, spoilt cells, and rows to mend.

mod authority;
mod codes;
mod corpus;
mod edited;
mod folders;
mod forms;
mod hot;
mod kills;
mod memory;
mod nodes;
mod places;
mod rows;
mod secrets;
mod small;
mod stale;
mod strict;
mod upsert;
pub(crate) mod workbooks;

use std::fs;

pub(crate) use self::workbooks::{row, workbook, workbook_of};
use tests::{
    args,
    cluster::{Cluster, Ran},
    terminal::Terminal,
};

fn bulk(cluster: &Cluster, table: &str, out: &str, more: &[&str]) -> Ran {
    let command = ["--json", "anchor", "bulk", table, "--record", "number"];
    let rest = ["--registry", "qurilish.permits", "--out", out];
    cluster.clerk("qurilish", &[&command[..], &rest, more].concat())
}

#[test]
fn numbers_that_are_one_number_are_told_and_two_runs_in_one_folder_are_not_made() {
    let cluster = Cluster::start(0);
    // Six apostrophes, spaces within and around, a letter in two pieces: each is written as people write it.
    let table =
        "number\nO\u{2018}-1\nO\u{02bb}-1\nO'-1\n O`-1\nA  2\nA\u{a0}2\n\u{419}\n\u{418}\u{306}\n";
    cluster.document("t.csv", table);
    let done = bulk(&cluster, "t.csv", "out", &[]).expect(20).json();
    let counts = serde_json::json!({"anchored": 3, "duplicate": 5});
    assert_eq!(done["counts"], counts);
    let journal = fs::File::open(cluster.path().join("out/journal")).unwrap();
    journal.lock().unwrap();
    let refused = bulk(&cluster, "t.csv", "out", &[]).expect(2);
    assert!(
        refused.stderr.contains("another run of muhr"),
        "{refused:?}"
    );
    drop(journal);
    let again = bulk(&cluster, "t.csv", "out", &[]).expect(20).json();
    assert_eq!(again["counts"], counts);
}

#[test]
fn tables_of_other_letters_are_read_judged_and_mended() {
    let cluster = Cluster::start(0);
    let at = |name: &str| cluster.path().join(name);
    // "number;address", and addresses in Cyrillic letters of one byte each.
    let mut table = b"number;address\r\nQ-1;\xd2\xee\xf8\xea\xe5\xed\xf2, 1\r\n".to_vec();
    table.extend(b"Q-2;\"\xf3\xeb. \xcd\xe0\xe2\xee\xe8;\r\n 2\"\r\n");
    table.extend(b"Q\xa02;x\r\nQ-3;=A1\r\n3.0E+13;x\r\nQ-5;#REF!\r\n ;x\r\nQ-1 ;x\r\n");
    fs::write(at("t.csv"), &table).unwrap();
    let refused = bulk(&cluster, "t.csv", "none", &["--encoding", "utf-8"]).expect(2);
    for words in ["row 2, column \"address\"", "--encoding windows-1251"] {
        assert!(refused.stderr.contains(words), "{}", refused.stderr);
    }
    assert!(!at("none").exists());

    // Tried: the same judgement, and nothing in the log. Its letters are known, and it is said how.
    let tried = bulk(&cluster, "t.csv", "november", &["--dry-run"]).expect(20);
    let said = "Windows-1251, semicolon between cells (told by its letters), 8 rows";
    assert!(tried.stderr.contains(said), "{}", tried.stderr);
    let counts = serde_json::json!({"fit": 3, "invalid": 4, "duplicate": 1});
    assert_eq!(tried.json()["counts"], counts);
    assert_eq!(tried.json()["errors"], "november/t.try.errors.csv");
    assert!(!at("november/result.csv").exists());
    let _absent = cluster
        .clerk(
            "qurilish",
            &["history", "Q-1", "--registry", "qurilish.permits"],
        )
        .expect(10);

    let told = ["--encoding", "windows-1251"];
    let done = bulk(&cluster, "t.csv", "november", &told).expect(20);
    let said = "Windows-1251, semicolon between cells, 8 rows";
    assert!(done.stderr.contains(said), "{}", done.stderr);
    assert_eq!(done.json()["counts"]["anchored"], 3);
    let receipt = fs::read_to_string(at("november/receipts/0000002.receipt")).unwrap();
    assert!(receipt.contains("Тошкент, 1"), "{receipt}");
    assert_eq!(done.json()["errors"], "november/t.errors.csv");
    let errors = fs::read_to_string(at("november/t.errors.csv")).unwrap();
    let plain = errors.replace('"', "");
    for row in [
        "\u{feff}muhr:row,muhr:column,muhr:code,muhr:reason,number,address",
        "5,address,formula,column address: a formula",
        "6,number,shortened,column number: a number that a spreadsheet has shortened",
        "7,address,spreadsheet-error,column address: a spreadsheet's error",
        "8,number,empty-key,column number: part 1",
        "9,,duplicate,the number of row 2 again",
    ] {
        let found = plain.lines().any(|line| line.starts_with(row));
        assert!(found, "{row} in {errors}");
    }

    // Tried again: what the run has written stays as it is.
    let _tried = bulk(&cluster, "t.csv", "november", &["--dry-run"]).expect(20);
    assert_eq!(
        fs::read_to_string(at("november/t.errors.csv")).unwrap(),
        errors
    );

    // Mended and fed back: the remarks are no fields. The folder of other receipts is not written over.
    let mended = errors.replace("'=A1", "mended").replace("#REF!", "mended");
    cluster.document("mended.csv", &mended);
    let other = bulk(&cluster, "mended.csv", "november", &[]).expect(20);
    let counts = serde_json::json!({"conflict": 3, "invalid": 2});
    assert_eq!(other.json()["counts"], counts);
    assert_eq!(
        fs::read_to_string(at("november/receipts/0000002.receipt")).unwrap(),
        receipt
    );
    let again = bulk(&cluster, "mended.csv", "december", &[]).expect(20);
    let counts = serde_json::json!({"anchored": 2, "conflict": 1, "invalid": 2});
    assert_eq!(again.json()["counts"], counts);
}

#[test]
fn rows_to_mend_run_in_no_spreadsheet_and_are_fed_back_as_they_were() {
    let cluster = Cluster::start(0);
    let read = |name: &str| fs::read_to_string(cluster.path().join(name)).unwrap();
    let table = "number,+note\nQ-1,=A1\n-2,one\n-2,'=A1\n-2,\"a;=B1\"\n";
    cluster.document("t.csv", table);
    let done = bulk(&cluster, "t.csv", "first", &[]).expect(20).json();
    let counts = serde_json::json!({"anchored": 1, "invalid": 1, "duplicate": 2});
    assert_eq!(done["counts"], counts);
    // A formula stands there as text, so that no spreadsheet puts another value in its place.
    let errors = read("first/t.errors.csv");
    for end in ["number,'+note", "Q-1,'=A1", "'-2,''=A1", "'-2,a;'=B1"] {
        assert!(errors.lines().any(|line| line.ends_with(end)), "{errors}");
    }
    let result = read("first/result.csv");
    assert!(result.contains("\n3,'-2,1,anchored,"), "{result}");
    // As they were: the formula is none of the fields yet, and what is anchored has no apostrophe more.
    let second = errors.replace("'-2,''=A1", "'-3,''=A1");
    cluster.document("again.csv", &second.replace("'-2,a;'=B1", "'-4,a;'=B1"));
    let done = bulk(&cluster, "again.csv", "second", &[]).expect(20).json();
    let counts = serde_json::json!({"anchored": 2, "invalid": 1});
    assert_eq!(done["counts"], counts);
    for (row, fields) in [
        (3, "field number -3\nfield +note '=A1\n"),
        (4, "field number -4\nfield +note a;=B1\n"),
    ] {
        let receipt = read(&format!("second/receipts/{row:07}.receipt"));
        assert!(receipt.contains(fields), "{receipt}");
    }
    let again = read("second/again.errors.csv");
    assert!(again.contains(",Q-1,'=A1"), "{again}");
}

#[test]
fn letters_are_told_apart_or_the_way_out_is_named() {
    let cluster = Cluster::create(0);
    // "Тошкент" in KOI8-R and in CP866; a lone accent of another language.
    let koi8 = b"number;address\nQ-1;\xf4\xcf\xdb\xcb\xc5\xce\xd4, \xce\xc1\xd7\xcf\xc9\n";
    let dos = b"number;address\nQ-1;\x92\xae\xe8\xaa\xa5\xad\xe2, \xad\xa0\xa2\xae\xa8\n";
    for (table, words) in [
        (&koi8[..], ["look like KOI8-R", "CSV UTF-8"]),
        (dos, ["look like CP866", "CSV UTF-8"]),
        (
            b"number;address\nQ-1;Orl\xe9ans\n",
            ["row 2, column \"address\": not UTF-8", "CSV UTF-8"],
        ),
    ] {
        fs::write(cluster.path().join("t.csv"), table).unwrap();
        // Agreeing beforehand is no knowledge of letters.
        for more in [&["--dry-run"][..], &["--dry-run", "--yes"]] {
            let refused = bulk(&cluster, "t.csv", "none", more).expect(2);
            for word in words {
                assert!(refused.stderr.contains(word), "{word}: {refused:?}");
            }
        }
        let told = ["--dry-run", "--encoding", "windows-1251"];
        let believed = bulk(&cluster, "t.csv", "told", &told).expect(0);
        // Whoever says so is believed, and told what it looks like.
        let looks = words[0].strip_prefix("look like ");
        let warns = believed
            .stderr
            .contains("as told, and its letters look like");
        assert_eq!(warns, looks.is_some(), "{believed:?}");
        assert!(
            believed.stderr.contains(looks.unwrap_or_default()),
            "{believed:?}"
        );
    }
    // A way out is named only if it may be one: in Windows-1251 these would be words of no language.
    let short_dos = b"number;place\nQ-1;\x8e\xe8\n";
    let short_windows = b"number;place\nQ-1;\xce\xf8\n";
    for (table, may_be) in [(short_dos, false), (short_windows, true)] {
        fs::write(cluster.path().join("t.csv"), table).unwrap();
        let refused = bulk(&cluster, "t.csv", "none", &["--dry-run"]).expect(2);
        let proposes = refused.stderr.contains("--encoding windows-1251");
        assert_eq!(proposes, may_be, "{refused:?}");
    }
}

#[test]
fn nothing_is_written_over_that_no_run_has_written() {
    let cluster = Cluster::create(0);
    let at = |name: &str| cluster.path().join(name);
    cluster.document("t.csv", "number\n1\n=A1\n");
    for (taken, more) in [
        ("result.csv", &[][..]),
        ("t.errors.csv", &[]),
        ("t.try.errors.csv", &["--dry-run"]),
        ("journal", &["--dry-run"]),
    ] {
        cluster.document(taken, "somebody's own work");
        // Of the real run it is said before anything is sent; no node runs here.
        let refused = bulk(&cluster, "t.csv", ".", more);
        if more.is_empty() {
            assert_eq!(refused.code, 5, "{refused:?}");
        } else {
            let refused = refused.expect(2);
            assert!(refused.stderr.contains("is there already"), "{refused:?}");
        }
        let kept = fs::read_to_string(at(taken)).unwrap();
        assert_eq!(kept, "somebody's own work");
        fs::remove_file(at(taken)).unwrap();
    }
    // A try takes the lock of the folder too.
    fs::create_dir(at("out")).unwrap();
    let journal = fs::File::create(at("out/journal")).unwrap();
    journal.lock().unwrap();
    let refused = bulk(&cluster, "t.csv", "out", &["--dry-run"]).expect(2);
    assert!(
        refused.stderr.contains("another run of muhr"),
        "{refused:?}"
    );
}

#[test]
fn a_run_into_a_folder_of_other_work_sends_nothing() {
    let cluster = Cluster::start(0);
    cluster.document("t.csv", "number\nW-1\n");
    cluster.document("result.csv", "number;who\n1;x\n");
    let refused = bulk(&cluster, "t.csv", ".", &[]).expect(2);
    assert!(refused.stderr.contains("result.csv: is there already"));
    let itself = bulk(&cluster, "result.csv", ".", &["--delimiter", "semicolon"]).expect(2);
    assert!(
        itself.stderr.contains("is the table itself"),
        "{}",
        itself.stderr
    );
    let absent = ["history", "W-1", "--registry", "qurilish.permits"];
    let _absent = cluster.clerk("qurilish", &absent).expect(10);
}

#[test]
fn numbers_of_mixed_alphabets_are_anchored_and_named() {
    let cluster = Cluster::start(0);
    let at = |name: &str| cluster.path().join(name);
    // The first letter of the second number is Cyrillic.
    cluster.document("t.csv", "number\nTAS-1\n\u{422}AS-1\n\u{422}-3\n");
    let done = bulk(&cluster, "t.csv", "out", &[]).expect(0).json();
    assert_eq!(done["look_alikes"], 1);
    let result = fs::read_to_string(at("out/result.csv")).unwrap();
    let named: Vec<&str> = result
        .lines()
        .filter(|line| line.contains("look-alikes"))
        .collect();
    assert_eq!(named.len(), 1, "{result}");
    assert!(named[0].starts_with("3,"), "{result}");
    assert!(named[0].contains("U+0422"), "{result}");
    assert!(named[0].contains(",anchored,") && named[0].ends_with(".receipt"));
    let command =
        args!("anchor bulk t.csv --record number --dry-run --registry qurilish.permits --out try");
    let tried = cluster.clerk("qurilish", &command);
    let tried = tried.expect(0).stdout;
    for words in ["1 of the numbers mix alphabets", "row 3: the number mixes"] {
        assert!(tried.contains(words), "{tried}");
    }
    // A record that rests on one is warned of too.
    cluster.document("p.pdf", "a permit");
    let rests = [
        "anchor",
        "p.pdf",
        "--record",
        "P-1",
        "--registry",
        "qurilish.permits",
    ];
    let on = ["--rests-on", "qurilish.permits:\u{422}AS-1"];
    let done = cluster.clerk("qurilish", &[&rests[..], &on].concat());
    assert!(done.expect(0).stderr.contains("mixes alphabets"));
}

#[test]
fn a_number_of_several_parts_goes_all_the_way() {
    let cluster = Cluster::start(0);
    cluster.document(
        "t.csv",
        "permit_number,issuer,area\n7,Toshkent,80\n7,Buxoro,90\n7|Buxoro,x,1\n",
    );
    let command = args!(
        "--json anchor bulk t.csv --out out --record permit_number,issuer --registry qurilish.permits"
    );
    let done = cluster.clerk("qurilish", &command);
    let done = done.expect(0).json();
    assert_eq!(done["counts"], serde_json::json!({"anchored": 3}));
    let result = fs::read_to_string(cluster.path().join("out/result.csv")).unwrap();
    for line in ["2,7|Toshkent,", "3,7|Buxoro,", "4,7\\|Buxoro|x,"] {
        assert!(
            result.lines().any(|found| found.starts_with(line)),
            "{result}"
        );
    }
    let history = |number: &str| {
        let command = args!("--json history {number} --registry qurilish.permits");
        cluster.clerk("qurilish", &command)
    };
    let _known = history("7|Buxoro").expect(0);
    let _other_order = history("Buxoro|7").expect(10);
    let verified = cluster.clerk("qurilish", &["verify", "out/receipts/0000003.receipt"]);
    assert!(
        verified
            .expect(0)
            .stdout
            .contains("7|Buxoro in qurilish.permits")
    );
}

#[test]
fn progress_is_shown_with_its_rate_and_what_is_left() {
    let cluster = Cluster::start(0);
    let rows: String = (0..4_000).map(|row| format!("P-{row},x\n")).collect();
    cluster.document("t.csv", &format!("number,a\n{rows}"));
    let command = ["anchor", "bulk", "t.csv", "--record", "number", "--yes"];
    let rest = ["--registry", "qurilish.permits", "--out", "out"];
    let arguments = [&command[..], &rest].concat();
    let mut command = cluster.clerk_command("qurilish", "qurilish", &arguments);
    command.env("TERM", "xterm");
    let mut terminal = Terminal::start(command);
    terminal.until("/4000  ");
    let rate = terminal.until("/s  ");
    assert!(
        rate.starts_with(|first: char| first.is_ascii_digit()),
        "{rate}"
    );
    let left = terminal.until(" left");
    assert!(left.ends_with('s'), "{left}");
    let (code, shown) = terminal.end();
    assert_eq!(code, 0, "{shown}");
    assert!(shown.contains("4000 of 4000 rows anchored"), "{shown}");
}
