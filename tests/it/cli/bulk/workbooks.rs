//! Workbooks (XLSX) as clerks have them, and as nobody should make them.

use std::{
    fs::{self, File},
    io::Write,
    path::Path,
};

use serde_json::json;
use tests::cluster::Cluster;
use zip::{ZipWriter, write::SimpleFileOptions};

use super::bulk;

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const DOCUMENT: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006/relationships";

/// A workbook of two sheets, whose first is `rows` and whose strings are `strings`; `more` are other parts.
pub(crate) fn workbook(path: &Path, rows: &str, strings: &str, more: &[(&str, &[u8])]) {
    workbook_of(path, "Permits", rows, strings, more);
}

/// The same, its first sheet of another name.
pub(crate) fn workbook_of(
    path: &Path,
    name: &str,
    rows: &str,
    strings: &str,
    more: &[(&str, &[u8])],
) {
    let mut zip = ZipWriter::new(File::create(path).unwrap());
    let sheet = |rows: &str| format!("{HEAD}<worksheet xmlns=\"{MAIN}\">{rows}</worksheet>");
    let relations =
        |inside: &str| format!("{HEAD}<Relationships xmlns=\"{PACKAGE}\">{inside}</Relationships>");
    let relation = |id: &str, kind: &str, target: &str| {
        format!("<Relationship Id=\"{id}\" Type=\"{DOCUMENT}/{kind}\" Target=\"{target}\"/>")
    };
    let inside = relation("rId1", "worksheet", "worksheets/sheet1.xml")
        + &relation("rId2", "worksheet", "worksheets/sheet2.xml")
        + &relation("rId3", "styles", "styles.xml")
        + &relation("rId4", "sharedStrings", "sharedStrings.xml");
    let second = "<sheetData><row r=\"1\"><c r=\"A1\" t=\"inlineStr\"><is><t>number</t></is></c></row><row r=\"2\"><c r=\"A2\"><v>77</v></c></row></sheetData>";
    let parts = [
        (
            "_rels/.rels",
            relations(&relation("rId1", "officeDocument", "xl/workbook.xml")),
        ),
        (
            "xl/workbook.xml",
            format!(
                "{HEAD}<workbook xmlns=\"{MAIN}\" xmlns:r=\"{DOCUMENT}\"><sheets><sheet name=\"{name}\" sheetId=\"1\" r:id=\"rId1\"/><sheet name=\"Other\" sheetId=\"2\" r:id=\"rId2\"/></sheets></workbook>"
            ),
        ),
        ("xl/_rels/workbook.xml.rels", relations(&inside)),
        // Style 1 is a date.
        (
            "xl/styles.xml",
            format!(
                "{HEAD}<styleSheet xmlns=\"{MAIN}\"><cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"14\"/></cellXfs></styleSheet>"
            ),
        ),
        (
            "xl/sharedStrings.xml",
            format!("{HEAD}<sst xmlns=\"{MAIN}\" {strings}</sst>"),
        ),
        ("xl/worksheets/sheet1.xml", sheet(rows)),
        ("xl/worksheets/sheet2.xml", sheet(second)),
    ];
    let more = more.iter().map(|(name, bytes)| (*name, bytes.to_vec()));
    let parts = parts
        .into_iter()
        .map(|(name, text)| (name, text.into_bytes()));
    for (name, bytes) in parts.chain(more) {
        zip.start_file(name, SimpleFileOptions::default()).unwrap();
        zip.write_all(&bytes).unwrap();
    }
    zip.finish().unwrap();
}

/// Inline cells of a row, each as given between its tags.
pub(crate) fn row(number: u32, cells: &[(&str, &str)]) -> String {
    let cells = cells
        .iter()
        .map(|(column, cell)| match cell.strip_prefix('<') {
            Some(_) => format!("<c r=\"{column}{number}\">{cell}</c>"),
            None => format!("<c r=\"{column}{number}\" t=\"inlineStr\"><is><t>{cell}</t></is></c>"),
        });
    format!("<row r=\"{number}\">{}</row>", cells.collect::<String>())
}

fn permits() -> String {
    let head = row(1, &[("A", "number"), ("B", "issued"), ("C", "area")]);
    let date = |number: u32, value: &str| {
        let issued = format!("<c r=\"B{number}\" s=\"1\"><v>{value}</v></c>");
        let area = row(number, &[("C", "80")]);
        let area = area.split_once("<c ").unwrap().1;
        let first = row(number, &[("A", &format!("X-{number}"))]);
        first.replace("</row>", &format!("{issued}<c {area}"))
    };
    let rows = [
        head,
        date(2, "46349"),
        date(3, "46349.5"),
        // A string of the shared ones, a number, a formula with its value.
        "<row r=\"4\"><c r=\"A4\" t=\"s\"><v>0</v></c><c r=\"B4\"><v>12.5</v></c></row>".to_owned(),
        row(5, &[("A", "X-5"), ("C", "<f>C2*2</f><v>160</v>")]),
        row(7, &[("A", "X-7"), ("B", "merged"), ("C", "1")]),
        row(8, &[("A", "X-8"), ("C", "2")]),
        // A number of which a spreadsheet has kept 15 digits, an error, an impossible day, an empty key.
        row(9, &[("A", "<v>12345678901234567</v>"), ("C", "3")]),
        "<row r=\"10\"><c r=\"A10\" t=\"inlineStr\"><is><t>X-10</t></is></c><c r=\"C10\" t=\"e\"><v>#REF!</v></c></row>".to_owned(),
        date(11, "60"),
        row(12, &[("B", "no number")]),
        // Formatted and blank, as below most tables.
        "<row r=\"13\"><c r=\"A13\" s=\"1\"/></row>".to_owned(),
        row(14, &[("A", "x-5"), ("D", "beyond")]),
    ];
    let merged = "<mergeCells count=\"1\"><mergeCell ref=\"B7:B8\"/></mergeCells>";
    format!("<sheetData>{}</sheetData>{merged}", rows.concat())
}

#[test]
fn a_workbook_is_read_as_it_is_meant_row_by_row() {
    let cluster = Cluster::start(0);
    let path = cluster.path().join("t.xlsx");
    workbook(
        &path,
        &permits(),
        "uniqueCount=\"1\"><si><t>X-4</t></si>",
        &[],
    );
    let done = bulk(&cluster, "t.xlsx", "out", &[]).expect(20);
    let said = "a workbook, sheet \"Permits\" of 2, 11 rows; number from: number; fields: number, issued, area";
    assert!(done.stderr.contains(said), "{}", done.stderr);
    assert_eq!(done.json()["counts"], json!({"anchored": 3, "invalid": 8}));
    let receipt = |row: u32| {
        let name = format!("out/receipts/{row:07}.receipt");
        fs::read_to_string(cluster.path().join(name)).unwrap()
    };
    assert!(
        receipt(2).contains("field issued 2026-11-23\n"),
        "{}",
        receipt(2)
    );
    assert!(receipt(3).contains("field issued 2026-11-23T12:00:00\n"));
    assert!(receipt(4).contains("record-id X-4\n") && receipt(4).contains("field issued 12.5\n"));
    let errors = fs::read_to_string(cluster.path().join("out/t.errors.csv")).unwrap();
    for line in [
        "5,area,formula,\"column area: a formula, not its value",
        "7,issued,merged,column issued: merged with other cells",
        "8,issued,merged,column issued: merged with other cells",
        "9,number,digits-lost,column number: a number of which a spreadsheet keeps only 15 digits",
        "10,area,spreadsheet-error,column area: a spreadsheet's error",
        "11,issued,no-day,\"column issued: 29 February 1900",
        "12,number,empty-key,column number: part 1",
        "14,,cell-count,4 cells where the first row has 3",
    ] {
        let found = errors.replace("; ", ", ");
        let line = line.replace("; ", ", ");
        assert!(
            found
                .lines()
                .any(|found| found.replace('"', "").starts_with(&line.replace('"', ""))),
            "{line} in {errors}"
        );
    }
    // What stands for the cells that were wrong is refused when it is fed back as it is, row by row.
    for cells in [
        "X-5,,'=C2*2\n",
        "X-7,#MERGED merged,1\n",
        "X-8,#MERGED,2\n",
        "#DIGITS 12345678901234568,,3\n",
        "X-10,,#REF!\n",
        "X-11,#DAY 60,80\n",
        "x-5,,,beyond\n",
    ] {
        assert!(errors.contains(cells), "{cells} in {errors}");
    }
    cluster.document("back.csv", &errors);
    let back = bulk(&cluster, "back.csv", "back", &[]).expect(20).json();
    assert_eq!(back["counts"], json!({"invalid": 8}));
    let codes = |errors: &str| -> Vec<String> {
        let of = |line: &str| line.split(',').nth(2).unwrap_or_default().to_owned();
        errors.lines().skip(1).map(of).collect()
    };
    let again = fs::read_to_string(cluster.path().join("back/back.errors.csv")).unwrap();
    assert_eq!(codes(&again), codes(&errors), "{again}");

    let other = bulk(&cluster, "t.xlsx", "other", &["--sheet", "Other"]).expect(0);
    assert_eq!(other.json()["counts"], json!({"anchored": 1}));
    let missing = bulk(&cluster, "t.xlsx", "none", &["--sheet", "Third"]).expect(2);
    assert!(
        missing.stderr.contains("the sheets are: Permits, Other"),
        "{missing:?}"
    );
}

#[test]
fn a_workbook_that_is_a_weapon_is_refused_before_it_is_unpacked() {
    let cluster = Cluster::start(0);
    let path = cluster.path().join("t.xlsx");
    let few = "uniqueCount=\"1\"><si><t>X-4</t></si>";
    // Rows without end, parts without end, one cell of 64 MiB, room for more strings than there are.
    let spaces = vec![b'\n'; 64 << 20];
    let bomb = [&b"<a>"[..], &b"<b><t>a</t></b>".repeat(9 << 20), b"</a>"].concat();
    let cell = format!(
        "<sheetData>{}</sheetData>",
        row(1, &[("A", &"x".repeat(64 << 20))])
    );
    let promise = "uniqueCount=\"99999999999\"><si><t>X-4</t></si>";
    let out_of_order = format!(
        "<sheetData>{}{}{}</sheetData>",
        row(1, &[("A", "number")]),
        row(3, &[("A", "a")]),
        row(2, &[("A", "b")])
    );
    type Parts<'a> = &'a [(&'a str, &'a [u8])];
    let cases: [(&str, &str, Parts<'_>, &str); 5] = [
        (
            &permits(),
            few,
            &[("xl/more.xml", &bomb)],
            "unpacks to more than a table can be",
        ),
        (
            &permits(),
            few,
            &[("xl/more.xml", &spaces)],
            "a cell is longer than 1048576 bytes",
        ),
        (&cell, few, &[], "a cell is longer than 1048576 bytes"),
        (
            &permits(),
            promise,
            &[],
            "promises more strings than it holds",
        ),
        (&out_of_order, few, &[], "out of order"),
    ];
    for (rows, strings, more, words) in cases {
        workbook(&path, rows, strings, more);
        let refused = bulk(&cluster, "t.xlsx", "none", &[]).expect(2);
        assert!(
            refused.stderr.contains(words),
            "{words}: {}",
            refused.stderr
        );
        assert!(!cluster.path().join("none").exists());
    }
    for broken in [
        &b"PK\x03\x04 and no more"[..],
        &fs::read(&path).unwrap()[..900],
    ] {
        fs::write(&path, broken).unwrap();
        let refused = bulk(&cluster, "t.xlsx", "none", &[]).expect(2);
        assert!(refused.stderr.contains("not a workbook"), "{refused:?}");
    }
}
