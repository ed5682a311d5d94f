//! Tables that are opened and read: delimiters, reasons, dates, and files that change meanwhile.

use super::{
    super::{columns::find_delimiter, source::Delimiter},
    *,
};
use crate::coded::Coded;

fn words(refused: &TableError) -> String {
    refused.message().in_words(messages::Language::English)
}

fn of(record: &str) -> Wanted<'_> {
    let effective = None;
    Wanted { record, effective }
}

#[test]
fn delimiters_are_found_by_the_columns_of_the_number() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    let open = |text: &str, record: &str| {
        std::fs::write(&path, text).unwrap();
        let delimiter = find_delimiter(&path, of(record), Encoding::Utf8)?;
        let form = Form::Text(Encoding::Utf8, delimiter);
        Table::open(&path, of(record), form, Rules::default())
    };
    for (text, delimiter) in [
        ("\u{feff}\"n\";a;b\n1;\"x\ny\";2\n", Delimiter::Semicolon),
        ("n\ta,b\n1\tx\n", Delimiter::Tab),
        ("n,a;b\n1,x\n", Delimiter::Comma),
        ("n\n1\n", Delimiter::Comma),
    ] {
        let table = open(text, "n").ok().unwrap();
        assert_eq!(table.form, Form::Text(Encoding::Utf8, delimiter), "{text}");
        assert_eq!(table.rows(), 1, "{text}");
    }
    let refused = open("n,a;n;c,d\n", "n").err().unwrap();
    assert!(words(&refused).contains("more than one way"));
    let refused = open("n;a\n", "m").err().unwrap();
    assert!(words(&refused).contains("no column \"m\""));
}

#[test]
fn the_reason_is_that_of_the_delimiter_which_finds_the_number() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    for (text, part) in [
        ("number;a;;b\n1;x;y;z\n", "column 3: it has no name"),
        (
            "number;a;a\n1;x;y\n",
            "column 3: its name, \"a\", is that of column 2 too",
        ),
        (
            "number;document\n1;x\n",
            "column 2: the name \"document\" is kept",
        ),
        (
            "number;a\u{200b}\n1;x\n",
            "holds what cannot be seen (U+200B)",
        ),
        ("number;\"a\nb\"\n1;x\n", "\"a<U+000A>b\""),
        ("number;\"a\n1;x\n", "row 1, column 2: a quote opens here"),
        ("nomer;a;b\n1;x;y\n", "there is no column \"number\""),
        ("number\n", "no row stands below"),
        ("number;a\n;\n;;;\n", "no row stands below"),
    ] {
        std::fs::write(&path, text).unwrap();
        let found = find_delimiter(&path, of("number"), Encoding::Utf8);
        let opened = found.and_then(|delimiter| {
            let form = Form::Text(Encoding::Utf8, delimiter);
            Table::open(&path, of("number"), form, Rules::default())
        });
        let refused = opened.err().unwrap();
        assert!(words(&refused).contains(part), "{text:?}: {refused}");
    }
    std::fs::write(&path, "number\u{a0};a;b\n1;x;y\n").unwrap();
    let refused = find_delimiter(&path, of("number"), Encoding::Utf8).unwrap_err();
    let TableError::Unfit { trouble, .. } = refused else {
        panic!("{refused}")
    };
    let TableTrouble::NoColumn { columns, .. } = *trouble else {
        panic!("{trouble}")
    };
    assert_eq!(columns, ["\"number<U+00A0>\"", "a", "b"]);
    // A blank after a comma, as people write lists.
    std::fs::write(&path, "number;issuer\n1;x\n").unwrap();
    assert!(find_delimiter(&path, of("number, issuer"), Encoding::Utf8).is_ok());
}

#[test]
fn a_table_that_changes_while_it_is_read_stops_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    for later in ["n,a\n1,x\n2,z\n", "n,a\n1,x\n", "n,a\n1,x\n2,y\n3,z\n"] {
        std::fs::write(&path, "n,a\n1,x\n2,y\n").unwrap();
        let form = Form::Text(Encoding::Utf8, Delimiter::Comma);
        let mut table = Table::open(&path, of("n"), form.clone(), Rules::default())
            .ok()
            .unwrap();
        std::fs::write(&path, later).unwrap();
        let mut rows = form.rows(&path).unwrap();
        let _header = rows.next();
        table.rows = Some(rows);
        assert!(table.next_row().unwrap().unwrap().is_ok());
        let mut last = table.next_row();
        while matches!(last, Ok(Some(_))) {
            last = table.next_row();
        }
        assert!(
            words(&last.unwrap_err()).contains("changed while"),
            "{later}"
        );
    }
}

#[test]
fn the_date_of_a_row_is_taken_from_its_column() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    let text =
        "n,from,issued\n1,2026-11-23,x\n2,23.11.2026 09:12,x\n3,,x\n4,23/11/2026,x\n5,46349,x\n";
    std::fs::write(&path, text).unwrap();
    let open = |effective| {
        let record = "n";
        let form = Form::Text(Encoding::Utf8, Delimiter::Comma);
        Table::open(&path, Wanted { record, effective }, form, Rules::default())
    };
    let mut table = open(Some("from")).ok().unwrap();
    let mut next = || match table.next_row().unwrap().unwrap() {
        Ok(row) => row.effective.map(|date| date.as_str().to_owned()),
        Err(outcome) => Some(format!("{} {}", outcome.code, outcome.column)),
    };
    let found: Vec<_> = (0..5).map(|_| next()).collect();
    let found: Vec<_> = found.iter().map(Option::as_deref).collect();
    let date = Some("2026-11-23");
    let wrong = Some("bad-date from");
    assert_eq!(found, [date, date, None, wrong, Some("serial-date from")]);
    // Nobody has named the column: its cells are fields like all others, whatever they are.
    let mut plain = open(None).ok().unwrap();
    let first = plain.next_row().unwrap().unwrap();
    assert_eq!(first.unwrap().effective, None);
    let refused = open(Some("since")).err().unwrap();
    assert!(words(&refused).contains("no column \"since\""));
}
