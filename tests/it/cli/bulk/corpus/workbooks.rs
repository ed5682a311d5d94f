//! Workbooks: typed cells, days of two calendars, what is hidden, merged or escaped, and what is no table.

use std::io::{Cursor, Write};

use zip::{ZipWriter, write::SimpleFileOptions};

use super::{Case, Outcome};

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const DOCUMENT: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006/relationships";

/// What a workbook is made of.
#[derive(Default)]
struct Book {
    /// Before and behind the rows of the first sheet.
    before: &'static str,
    behind: &'static str,
    /// Rows, each with what its tag says besides, and its cells between their tags.
    rows: Vec<(&'static str, Vec<String>)>,
    strings: Vec<String>,
    is_1904: bool,
    /// What the tags of the two sheets say besides.
    states: [&'static str; 2],
    is_chart: bool,
}

/// A cell of text, of a number, of a day, and of a time of day.
fn text(text: &str) -> String {
    format!("t=\"inlineStr\"><is><t xml:space=\"preserve\">{text}</t></is>")
}

fn number(value: &str) -> String {
    format!("><v>{value}</v>")
}

fn day(value: &str) -> String {
    format!("s=\"1\"><v>{value}</v>")
}

fn time(value: &str) -> String {
    format!("s=\"2\"><v>{value}</v>")
}

impl Book {
    fn of(rows: Vec<Vec<String>>) -> Self {
        Self {
            rows: rows.into_iter().map(|cells| ("", cells)).collect(),
            ..Self::default()
        }
    }

    fn sheet(&self) -> String {
        let mut rows = String::new();
        for (at, (tag, cells)) in (1..).zip(&self.rows) {
            rows += &format!("<row r=\"{at}\" {tag}>");
            for (column, cell) in ('A'..).zip(cells) {
                if !cell.is_empty() {
                    rows += &format!("<c r=\"{column}{at}\" {cell}</c>");
                }
            }
            rows += "</row>";
        }
        format!(
            "{}<sheetData>{rows}</sheetData>{}",
            self.before, self.behind
        )
    }

    fn write(&self) -> Vec<u8> {
        let relations = |inside: &str| {
            format!("{HEAD}<Relationships xmlns=\"{PACKAGE}\">{inside}</Relationships>")
        };
        let relation = |id: &str, kind: &str, target: &str| {
            format!("<Relationship Id=\"{id}\" Type=\"{DOCUMENT}/{kind}\" Target=\"{target}\"/>")
        };
        let (kind, part) = if self.is_chart {
            ("chartsheet", "chartsheets/sheet1.xml")
        } else {
            ("worksheet", "worksheets/sheet1.xml")
        };
        let inside = relation("rId1", kind, part)
            + &relation("rId2", "worksheet", "worksheets/sheet2.xml")
            + &relation("rId3", "styles", "styles.xml")
            + &relation("rId4", "sharedStrings", "sharedStrings.xml");
        let properties = if self.is_1904 {
            "<workbookPr date1904=\"1\"/>"
        } else {
            ""
        };
        let [first, second] = self.states;
        let sheets = format!(
            "<sheets><sheet name=\"First\" sheetId=\"1\" {first} r:id=\"rId1\"/><sheet name=\"Second\" sheetId=\"2\" {second} r:id=\"rId2\"/></sheets>"
        );
        let sheet =
            |inside: &str| format!("{HEAD}<worksheet xmlns=\"{MAIN}\">{inside}</worksheet>");
        let first = if self.is_chart {
            format!("{HEAD}<chartsheet xmlns=\"{MAIN}\"/>")
        } else {
            sheet(&self.sheet())
        };
        let strings: String = self
            .strings
            .iter()
            .map(|text| format!("<si><t>{text}</t></si>"))
            .collect();
        let parts = [
            (
                "_rels/.rels".to_owned(),
                relations(&relation("rId1", "officeDocument", "xl/workbook.xml")),
            ),
            (
                "xl/workbook.xml".to_owned(),
                format!(
                    "{HEAD}<workbook xmlns=\"{MAIN}\" xmlns:r=\"{DOCUMENT}\">{properties}{sheets}</workbook>"
                ),
            ),
            ("xl/_rels/workbook.xml.rels".to_owned(), relations(&inside)),
            (
                "xl/styles.xml".to_owned(),
                format!(
                    "{HEAD}<styleSheet xmlns=\"{MAIN}\"><cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"14\"/><xf numFmtId=\"22\"/></cellXfs></styleSheet>"
                ),
            ),
            (format!("xl/{part}"), first),
            ("xl/worksheets/sheet2.xml".to_owned(), sheet("<sheetData/>")),
            // Behind the sheets, as some programs put them.
            (
                "xl/sharedStrings.xml".to_owned(),
                format!(
                    "{HEAD}<sst xmlns=\"{MAIN}\" uniqueCount=\"{}\">{strings}</sst>",
                    self.strings.len()
                ),
            ),
        ];
        archive(&parts)
    }
}

fn archive(parts: &[(String, String)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in parts {
        zip.start_file(name, SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

struct Maker(Vec<Case>);

impl Maker {
    /// A number that no other case has.
    fn key(&self, at: u32) -> String {
        text(&format!("B{}-{at}", self.0.len()))
    }

    fn head(&self) -> Vec<String> {
        vec![text("number"), text("a"), text("b")]
    }

    fn rows(&mut self, what: &str, book: &Book, rows: &[(u64, &'static str)]) -> &mut Case {
        let case = Case::new(what, "xlsx", book.write(), Outcome::Rows(rows.to_vec()));
        self.0.push(case);
        self.0.last_mut().unwrap()
    }

    fn refused(&mut self, what: &str, book: &Book, words: &'static str) {
        self.0.push(Case::new(
            what,
            "xlsx",
            book.write(),
            Outcome::Refused(words),
        ));
    }

    /// One cell that is judged, and a row that is fit behind it.
    fn cell(&mut self, what: &str, cell: String, code: &'static str) -> &mut Case {
        let rows = vec![
            self.head(),
            vec![self.key(1), cell, text("x")],
            vec![self.key(2), text("y"), text("x")],
        ];
        self.rows(what, &Book::of(rows), &[(2, code), (3, "fit")])
    }
}

pub(super) fn all() -> Vec<Case> {
    let mut made = Maker(Vec::new());
    cells(&mut made);
    strings(&mut made);
    days(&mut made);
    hidden(&mut made);
    shapes(&mut made);
    others(&mut made);
    made.0
}

fn cells(made: &mut Maker) {
    for (what, cell, code) in [
        ("a whole number", number("80"), "fit"),
        (
            "a fraction of 16 digits",
            number("0.7999999999999999"),
            "fit",
        ),
        (
            "a fraction of 17 digits",
            number("0.30000000000000004"),
            "fit",
        ),
        (
            "a number of 17 digits",
            number("12345678901234567"),
            "digits-lost",
        ),
        ("a truth", "t=\"b\"><v>1</v>".to_owned(), "fit"),
        (
            "an error",
            "t=\"e\"><v>#REF!</v>".to_owned(),
            "spreadsheet-error",
        ),
        ("an error as text", text("#ССЫЛКА!"), "spreadsheet-error"),
        ("a formula", "><f>A1*2</f><v>160</v>".to_owned(), "formula"),
        (
            "a formula of text",
            "t=\"str\"><f>A1</f><v>x</v>".to_owned(),
            "formula",
        ),
        (
            "text of a letter escaped",
            text("TSH_x0041_2"),
            "escaped-text",
        ),
        (
            "text of an escape as the format has it",
            text("TSH_x005F_x0041_2"),
            "fit",
        ),
        ("a line end escaped", text("one_x000D_two"), "fit"),
        ("a shortened number as text", text("3.12E+13"), "shortened"),
        ("a lost letter", text("To\u{fffd}kent"), "lost-letter"),
        (
            "a day of ISO 8601",
            "t=\"d\"><v>2026-11-23T00:00:00.000</v>".to_owned(),
            "fit",
        ),
        (
            "no day of ISO 8601",
            "t=\"d\"><v>2026-13-23</v>".to_owned(),
            "no-day",
        ),
    ] {
        made.cell(what, cell, code);
    }
}

fn strings(made: &mut Maker) {
    let mut book = Book::of(vec![
        made.head(),
        vec![
            made.key(1),
            "t=\"s\"><v>1</v>".to_owned(),
            "t=\"s\"><v>0</v>".to_owned(),
        ],
        vec![made.key(2), "t=\"s\"><v>0</v>".to_owned()],
    ]);
    book.strings = ["plain", "TSH_x0041_2"].map(ToOwned::to_owned).into();
    made.rows(
        "a shared text of a letter escaped",
        &book,
        &[(2, "escaped-text"), (3, "fit")],
    );
}

fn days(made: &mut Maker) {
    for (what, cell, code) in [
        ("a day", day("46349"), "fit"),
        ("a day with a time", time("46349.5"), "fit"),
        ("a moment before midnight", time("45989.999999"), "fit"),
        ("the day that never was", day("60"), "no-day"),
        ("a time alone", time("0.5"), "no-day"),
        ("day nought of 1900", day("0"), "no-day"),
        ("a day beyond the calendar", day("2958466"), "no-day"),
    ] {
        made.cell(what, cell, code);
    }
    let mut of_1904 = |what: &str, cell: String, code: &'static str| {
        let mut book = Book::of(vec![made.head(), vec![made.key(1), cell, text("x")]]);
        book.is_1904 = true;
        made.rows(what, &book, &[(2, code)]);
    };
    of_1904("day nought of 1904", day("0"), "fit");
    of_1904("day 60 of 1904", day("60"), "fit");
    of_1904("a time alone, 1904", time("0.5"), "no-day");
    let mut book = Book::of(vec![
        vec![text("number"), text("issued")],
        vec![made.key(1), number("46349")],
        vec![made.key(2), day("46349")],
    ]);
    made.rows(
        "a number of a day among days",
        &book,
        &[(2, "serial-date"), (3, "fit")],
    );
    book.is_1904 = true;
    book.rows[1].1 = vec![made.key(1), number("44887")];
    book.rows[2].1 = vec![made.key(2), day("44887")];
    made.rows(
        "a number of a day among days, 1904",
        &book,
        &[(2, "serial-date"), (3, "fit")],
    );
}

fn hidden(made: &mut Maker) {
    let book = |made: &Maker| {
        Book::of(vec![
            made.head(),
            vec![made.key(1), text("x"), text("y")],
            vec![made.key(2), text("x"), text("z")],
        ])
    };
    for (what, tag) in [
        ("hidden", "hidden=\"1\""),
        ("of no height", "ht=\"0\" customHeight=\"1\""),
    ] {
        let mut one = book(made);
        one.rows[2].0 = tag;
        made.refused(&format!("a row {what}"), &one, "row 3 is hidden");
        one = book(made);
        one.rows[2].0 = tag;
        made.rows(
            &format!("a row {what}, and read"),
            &one,
            &[(2, "fit"), (3, "fit")],
        )
        .more = &["--hidden"];
    }
    let mut one = book(made);
    one.before = "<cols><col min=\"2\" max=\"2\" width=\"9\" hidden=\"1\"/></cols>";
    made.refused("a column hidden", &one, "column a is hidden");
    let mut one = book(made);
    one.before = "<cols><col min=\"2\" max=\"2\" width=\"9\" hidden=\"1\"/></cols>";
    made.rows("a column hidden, and read", &one, &[(2, "fit"), (3, "fit")])
        .more = &["--hidden"];
    let mut one = book(made);
    one.before = "<cols><col min=\"5\" max=\"16384\" width=\"9\" hidden=\"1\"/></cols>";
    made.rows(
        "columns hidden beyond the table",
        &one,
        &[(2, "fit"), (3, "fit")],
    );
    let mut one = book(made);
    one.before = "<sheetFormatPr zeroHeight=\"1\"/>";
    made.refused(
        "all rows hidden unless they say otherwise",
        &one,
        "are hidden",
    );
    for state in ["state=\"hidden\"", "state=\"veryHidden\""] {
        let mut one = book(made);
        one.states[0] = state;
        made.refused(
            &format!("the first sheet, {state}"),
            &one,
            "sheet \"First\" is hidden",
        );
        let mut one = book(made);
        one.states[0] = state;
        made.rows(
            &format!("the first sheet, {state}, and read"),
            &one,
            &[(2, "fit"), (3, "fit")],
        )
        .more = &["--hidden"];
    }
    let mut one = book(made);
    one.states[1] = "state=\"hidden\"";
    made.rows("another sheet hidden", &one, &[(2, "fit"), (3, "fit")]);
}

fn shapes(made: &mut Maker) {
    let mut rows = vec![
        made.head(),
        vec![made.key(1), text("x")],
        vec![made.key(2), text("x"), text("y")],
        vec![made.key(3), text("x"), text("y"), text("z")],
    ];
    rows[0].push(text(""));
    made.rows(
        "cells too few, an empty column at the end, a cell beyond",
        &Book::of(rows),
        &[(2, "fit"), (3, "fit"), (4, "cell-count")],
    );
    let rows = vec![
        made.head(),
        vec![],
        vec![made.key(1), text("x"), text("y")],
        vec!["s=\"1\">".to_owned()],
    ];
    made.rows("blank rows", &Book::of(rows), &[(3, "fit")]);
    let mut book = Book::of(vec![
        made.head(),
        vec![made.key(1), text("x"), text("y")],
        vec![made.key(2), text(""), text("z")],
        vec![made.key(3), text("w"), text("v")],
    ]);
    book.behind = "<mergeCells count=\"1\"><mergeCell ref=\"B2:C3\"/></mergeCells>";
    made.rows(
        "merged cells",
        &book,
        &[(2, "merged"), (3, "merged"), (4, "fit")],
    );
    let rows = vec![
        made.head(),
        vec![made.key(1), text("x"), text("y")],
        vec![made.key(1), text("x"), text("z")],
        vec![text("Jami"), number("2"), text("")],
    ];
    made.rows(
        "a number twice, and a total",
        &Book::of(rows),
        &[(2, "fit"), (3, "duplicate"), (4, "no-record")],
    );
    made.refused(
        "no rows",
        &Book::of(vec![made.head()]),
        "no row stands below",
    );
    made.refused("an empty sheet", &Book::of(vec![]), "there is no column");
    // One long string that many cells share.
    let cells: Vec<String> = (0..16).map(|_| "t=\"s\"><v>0</v>".to_owned()).collect();
    let mut rows = vec![vec![text("number")]];
    rows[0].extend((0..16).map(|at| text(&format!("c{at}"))));
    rows.extend((0..2_000).map(|at| [vec![made.key(at)], cells.clone()].concat()));
    let mut book = Book::of(rows);
    book.strings = vec!["x".repeat(700)];
    made.refused(
        "rows of far more text than their workbook",
        &book,
        "its rows hold far more text",
    );
}

fn others(made: &mut Maker) {
    let mut chart = Book::of(vec![]);
    chart.is_chart = true;
    made.refused("a chart", &chart, "sheet \"First\" is a chart");
    let part = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    let ods = "application/vnd.oasis.opendocument.spreadsheet";
    for (what, parts, words) in [
        (
            "a spreadsheet of LibreOffice",
            vec![part("mimetype", ods), part("content.xml", "<x/>")],
            "(.ods)",
        ),
        (
            "a binary workbook",
            vec![part("xl/workbook.bin", "x")],
            "(.xlsb)",
        ),
        (
            "a text document",
            vec![part("word/document.xml", "<x/>")],
            "(.docx)",
        ),
        (
            "an archive",
            vec![part("a.csv", "number\n1\n")],
            "an archive, and no workbook",
        ),
    ] {
        made.0.push(Case::new(
            what,
            "xlsx",
            archive(&parts),
            Outcome::Refused(words),
        ));
    }
    made.0.push(Case::new(
        "half a workbook",
        "xlsx",
        b"PK\x03\x04 and no more".to_vec(),
        Outcome::Refused("not a workbook"),
    ));
}
