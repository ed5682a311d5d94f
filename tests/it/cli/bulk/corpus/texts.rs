//! Tables of text: quotes, delimiters, line ends, alphabets, spoilt cells, and files that are no tables.

use super::{Case, Outcome};

const DELIMITERS: [&str; 3] = [",", ";", "\t"];
const ENDS: [&str; 3] = ["\n", "\r\n", "\r"];

/// What every word of a case stands in, as bytes of an alphabet.
fn windows_1251(text: &str) -> Vec<u8> {
    let byte = |letter: char| match u32::from(letter) {
        code @ 0..0x80 => code as u8,
        code @ 0x410..=0x44f => (code - 0x410 + 0xc0) as u8,
        0x401 => 0xa8,
        0x451 => 0xb8,
        0x2116 => 0xb9,
        0xa0 => 0xa0,
        other => panic!("no letter of Windows-1251: {other:x}"),
    };
    text.chars().map(byte).collect()
}

/// Numbers the cases that are made, so that no two share a record.
struct Maker(Vec<Case>);

impl Maker {
    /// A number that no other case has.
    fn fill(&self, text: &str) -> String {
        text.replace('$', &format!("T{}", self.0.len()))
    }

    fn rows(
        &mut self,
        what: impl Into<String>,
        text: &str,
        rows: &[(u64, &'static str)],
    ) -> &mut Case {
        let bytes = self.fill(text).into_bytes();
        self.bytes(what, bytes, rows)
    }

    fn bytes(
        &mut self,
        what: impl Into<String>,
        bytes: Vec<u8>,
        rows: &[(u64, &'static str)],
    ) -> &mut Case {
        let case = Case::new(what, "csv", bytes, Outcome::Rows(rows.to_vec()));
        self.0.push(case);
        self.0.last_mut().unwrap()
    }

    fn refused(&mut self, what: impl Into<String>, bytes: impl Into<Vec<u8>>, words: &'static str) {
        let case = Case::new(what, "csv", bytes.into(), Outcome::Refused(words));
        self.0.push(case);
    }
}

pub(super) fn all() -> Vec<Case> {
    let mut made = Maker(Vec::new());
    well_formed(&mut made);
    quotes(&mut made);
    shapes(&mut made);
    cells(&mut made);
    numbers(&mut made);
    alphabets(&mut made);
    headers(&mut made);
    others(&mut made);
    made.0
}

/// The same small table in every delimiter, line end and alphabet.
fn well_formed(made: &mut Maker) {
    for delimiter in DELIMITERS {
        for end in ENDS {
            let text = format!(
                "number{delimiter}address\n$-1{delimiter}\"a{delimiter} b\"\n$-2{delimiter}\"say \"\"x\"\"\"\n\n$-3{delimiter}12\" pipe\n$-4{delimiter}\"two\nlines\""
            );
            let rows = [(2, "fit"), (3, "fit"), (5, "fit"), (6, "fit")];
            let text = text.replace('\n', end);
            let name = |alphabet| format!("well-formed, {alphabet}, {delimiter:?}, {end:?}");
            let plain = made.fill(&text).into_bytes();
            made.bytes(name("UTF-8"), plain, &rows);
            let marked = format!("\u{feff}{}", made.fill(&text)).into_bytes();
            made.bytes(name("marked UTF-8"), marked, &rows);
            let old = made.fill(&text).replace("address", "Адрес дома");
            let old = old.replace(
                "pipe",
                "Труба, улица Навои, Ташкент".replace(',', "").as_str(),
            );
            made.bytes(name("Windows-1251"), windows_1251(&old), &rows);
        }
    }
}

/// Files of which no row is taken; `|` stands for the delimiter.
const DOUBTFUL: [(&str, &str, &str); 5] = [
    (
        "a quote is never closed",
        "number|a\nX-1|\"x\nX-2|y\n",
        "row 2, column 2: a quote opens here and is never closed",
    ),
    (
        "the last quote is never closed",
        "number|a\nX-1|\"x\"\n\nX-2|\"y\"\"\n",
        "row 4, column 2: a quote opens here",
    ),
    (
        "a quote of the first row is never closed",
        "number|\"a\nX-1|x\nX-2|y\n",
        "row 1, column 2: a quote opens here",
    ),
    (
        "the first row swallows others",
        "number|\"a\nX-1|x\nX-2|y\"\nX-3|z\n",
        "row 1, column 2: quoted text holds line ends",
    ),
    (
        "text behind a quote of the first row",
        "number|\"a\"b\nX-1|x\n",
        "row 1, column 2: text stands behind a closing quote",
    ),
];

fn quotes(made: &mut Maker) {
    for d in DELIMITERS {
        let with = |text: &str| text.replace('|', d);
        for (what, text, rows) in [
            (
                "a quote opens and closes two rows later",
                "number|a|b\n$-1|\"x|1\n$-2|y|2\n$-3|z\"|3\n$-4|w|4\n",
                vec![(2, "quotes"), (3, "fit")],
            ),
            (
                "one row is swallowed",
                "number|a\n$-1|\"x\n$-2|y\"\n$-3|z\n",
                vec![(2, "quotes"), (3, "fit")],
            ),
            (
                "two open quotes pair across rows",
                "number|a\n$-1|\"x\n$-2|\"y\n$-3|z\n",
                vec![(2, "quotes"), (3, "fit")],
            ),
            (
                "text behind a closing quote",
                "number|a\n$-1|\"x\"y\n$-2|z\n",
                vec![(2, "quotes"), (3, "fit")],
            ),
            (
                "a blank behind a closing quote",
                "number|a\n$-1|\"x\" \n$-2|z\n",
                vec![(2, "quotes"), (3, "fit")],
            ),
            (
                "a quote in the number is not closed",
                "number|a\n\"$-1|x\n$-2|\"y\"\n$-3|z\n",
                vec![(2, "quotes"), (3, "fit")],
            ),
            (
                "a row with an empty quoted cell is swallowed",
                "number|a|b\n$-1|\"x|1\n$-2|\"\"|2\"|3\n$-3|z|4\n",
                vec![(2, "quotes"), (3, "fit")],
            ),
            (
                "a cell of several lines that are no rows",
                "number|a|b\n$-1|\"one\ntwo\nthree\"|1\n$-2|x|2\n",
                vec![(2, "fit"), (3, "fit")],
            ),
            (
                "quotes within cells",
                "number|a\n$-1|5\" x 7\"\n$-2|\"\"\"\"\n",
                vec![(2, "fit"), (3, "fit")],
            ),
        ] {
            made.rows(format!("{what}, {d:?}"), &with(text), &rows);
        }
        for (what, text, words) in DOUBTFUL {
            made.refused(format!("{what}, {d:?}"), with(text), words);
        }
    }
}

/// Rows that are longer, shorter, blank or again.
fn shapes(made: &mut Maker) {
    made.rows(
        "empty columns at the end",
        "number,a,,\n$-1,x,,\n$-2,y\n$-3,z,,,,\n",
        &[(2, "fit"), (3, "fit"), (4, "fit")],
    );
    made.rows(
        "rows of delimiters are blank",
        "number,a\n,\n$-1,x\n,,,\n$-2,y\n,\n",
        &[(3, "fit"), (5, "fit")],
    );
    made.rows(
        "a cell beyond the last",
        "number,a\n$-1,x,y\n$-2,z\n",
        &[(2, "cell-count"), (3, "fit")],
    );
    made.rows(
        "a cell too few",
        "number,a,b\n$-1,x\n$-2,y,z\n",
        &[(2, "cell-count"), (3, "fit")],
    );
    made.rows(
        "a number twice",
        "number,a\n$-1,x\n$-1,y\n",
        &[(2, "fit"), (3, "duplicate")],
    );
    made.rows(
        "a number empty",
        "number,a\n,x\n$-1,y\n",
        &[(2, "empty-key"), (3, "fit")],
    );
    made.rows(
        "one column, a blank row between",
        "number\n$-1\n\n$-2\n\n",
        &[(2, "fit"), (3, "empty-key"), (4, "fit")],
    );
    made.rows(
        "one column, a line end in quotes",
        "number\n\"$-1\n$-2\"\n$-3\n",
        &[(2, "quotes"), (3, "fit")],
    );
    made.rows(
        "blank rows first",
        "\n\n,,\nnumber,a\n$-1,x\n",
        &[(5, "fit")],
    );
    made.rows("sep=;", "sep=;\nnumber;a,b\n$-1;x\n", &[(2, "fit")]);
    made.rows(
        "SEP= of a tab, with a mark",
        "\u{feff}SEP=\t\r\nnumber\ta\r\n$-1\tx\r\n",
        &[(2, "fit")],
    );
    made.rows(
        "the first row again",
        "number,a\n$-1,x\nnumber,a\n$-2,y\n",
        &[(2, "fit"), (3, "no-record"), (4, "fit")],
    );
    let many: String = (0..200).map(|at| format!("$-{at},x\n")).collect();
    let rows: Vec<(u64, &str)> = (2..202).map(|row| (row, "fit")).collect();
    made.rows("two hundred rows", &format!("number,a\n{many}"), &rows);
}

/// Cells in which no value stands, each in a column that is not the number's.
fn cells(made: &mut Maker) {
    for (cell, code) in [
        ("=A1+1", "formula"),
        ("#REF!", "spreadsheet-error"),
        ("#N/A", "spreadsheet-error"),
        ("#ДЕЛ/0!", "spreadsheet-error"),
        ("#ССЫЛКА!", "spreadsheet-error"),
        ("#ЗНАЧ!", "spreadsheet-error"),
        ("#Н/Д", "spreadsheet-error"),
        ("#ИМЯ?", "spreadsheet-error"),
        ("#ПЕРЕНОС!", "spreadsheet-error"),
        ("#BEZUG!", "spreadsheet-error"),
        ("#YOK", "spreadsheet-error"),
        ("Err:502", "spreadsheet-error"),
        ("Ошибка:504", "spreadsheet-error"),
        ("#####", "narrow-column"),
        ("3.12E+13", "shortened"),
        ("3,12E+13", "shortened"),
        ("3.0E13", "shortened"),
        ("3.12\u{415}+13", "shortened"),
        ("1.5E-07", "shortened"),
        ("To\u{fffd}kent", "lost-letter"),
        ("#MERGED x", "merged"),
        ("7E9", "fit"),
        ("-", "fit"),
        ("101.0", "fit"),
        ("#12", "fit"),
        ("2026-11-23", "fit"),
        ("  padded  ", "fit"),
    ] {
        let text = format!("number;a;b\n$-1;{cell};x\n$-2;ok;x\n");
        made.rows(format!("the cell {cell}"), &text, &[(2, code), (3, "fit")]);
    }
    made.rows(
        "a number of a day among dates",
        "number,issued\n$-1,2026-11-02\n$-2,46349\n$-3,03.11.2026\n",
        &[(2, "fit"), (3, "serial-date"), (4, "fit")],
    );
}

/// What stands in the column of the number.
fn numbers(made: &mut Maker) {
    for (number, code) in [
        ("nan", "no-record"),
        ("NULL", "no-record"),
        ("-", "no-record"),
        ("Jami", "no-record"),
        ("Итого:", "no-record"),
        ("101.0", "fraction"),
        ("3.0E13", "shortened"),
        ("#Н/Д", "spreadsheet-error"),
        ("8\u{200b}", "bad-key"),
    ] {
        let text = format!("number,a\n$-1,x\n{number},y\n");
        made.rows(
            format!("the number {number:?}"),
            &text,
            &[(2, "fit"), (3, code)],
        );
    }
    let strict = made.rows(
        "numbers by a pattern",
        "number,a\n$-1,x\n$-a,y\n$-22,z\n",
        &[(2, "fit"), (3, "unlike-pattern"), (4, "fit")],
    );
    strict.more = &["--strict-numbers", "T[0-9]+-[0-9]+"];
}

fn alphabets(made: &mut Maker) {
    let head = windows_1251("number;address\n");
    let other = |made: &Maker, second: &[u8]| {
        let first = windows_1251(&made.fill("$-1;Ташкент, улица Навои\n$-2;"));
        [
            &head[..],
            &first,
            second,
            &windows_1251(&made.fill("\n$-3;Самарканд\n")),
        ]
        .concat()
    };
    for (what, cell) in [
        ("a word", "Бухара"),
        ("one sign", "№"),
        ("a part of a cell", "дом Хива"),
    ] {
        let bytes = other(made, cell.as_bytes());
        made.bytes(
            format!("UTF-8 among Windows-1251: {what}"),
            bytes,
            &[(2, "fit"), (3, "two-alphabets"), (4, "fit")],
        )
        .more = &["--encoding", "windows-1251"];
    }
    for cell in ["Сёмин", "В№12", "СЁ"] {
        let bytes = other(made, &windows_1251(cell));
        made.bytes(
            format!("Windows-1251 that might be UTF-8: {cell}"),
            bytes,
            &[(2, "fit"), (3, "fit"), (4, "fit")],
        );
    }
    // In a long table the letters of the rest tell.
    let mut long = other(made, "Бухара".as_bytes());
    let mut rows = vec![(2, "fit"), (3, "two-alphabets"), (4, "fit")];
    for row in 5..25 {
        let line = format!("$-{row};разрешение на строительство жилого дома\n");
        long.extend(windows_1251(&made.fill(&line)));
        rows.push((row, "fit"));
    }
    made.bytes(
        "one word of UTF-8 in a long table of Windows-1251",
        long,
        &rows,
    );
    made.refused("UTF-16", b"\xff\xfen\0u\0".to_vec(), "UTF-16");
    made.refused("a zero byte", b"number,a\n1,\0\n".to_vec(), "a zero byte");
    made.refused(
        "one letter of nobody knows what",
        b"number,a\nX-1,Orl\xe9ans\n".to_vec(),
        "row 2, column \"a\": not UTF-8",
    );
    let case = Case::new(
        "UTF-8 that is said to be Windows-1251",
        "csv",
        "number,a\nX-1,Ташкент\n".into(),
        Outcome::Refused("it is UTF-8 from end to end"),
    );
    made.0.push(case.with(&["--encoding", "windows-1251"]));
}

fn headers(made: &mut Maker) {
    for (what, text, words) in [
        (
            "no such column",
            "nomer;a\n1;x\n",
            "there is no column \"number\"",
        ),
        (
            "a column without a name",
            "number;a;;b\n1;x;y;z\n",
            "column 3: it has no name",
        ),
        (
            "a name twice",
            "number;a;a\n1;x;y\n",
            "column 3: its name, \"a\", is that of column 2 too",
        ),
        (
            "the name document",
            "number;document\n1;x\n",
            "is kept for a document's own hash",
        ),
        (
            "a name that cannot be seen",
            "number;a\u{200b}\n1;x\n",
            "U+200B",
        ),
        ("a name of two lines", "number;\"a\nb\"\n1;x\n", "U+000A"),
        (
            "two ways to split",
            "number,a;number;b,c\n1,x\n",
            "more than one way",
        ),
        ("no rows", "number,a\n", "no row stands below"),
        (
            "no rows but blank ones",
            "number,a\n\n,,\n\n",
            "no row stands below",
        ),
        (
            "a separator that is none of ours",
            "sep=|\nnumber|a\n1|x\n",
            "its first line says that '|' stands between cells",
        ),
        ("nothing at all", "", "it is empty"),
    ] {
        made.refused(what, text, words);
    }
}

/// Files that are something else.
fn others(made: &mut Maker) {
    let old = |stream: &str| {
        let mut bytes = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec();
        bytes.resize(1024, 0);
        bytes.extend(stream.encode_utf16().flat_map(u16::to_le_bytes));
        bytes.resize(4096, 0);
        bytes
    };
    made.refused(
        "a workbook with a password",
        old("EncryptedPackage"),
        "a workbook with a password",
    );
    made.refused("a workbook of before 2007", old("Workbook"), "(.xls)");
    made.refused(
        "a web page",
        "<html><body><table><tr><td>number",
        "a web page",
    );
    made.refused(
        "a spreadsheet of 2003",
        "<?xml version=\"1.0\"?><Workbook xmlns=\"urn:schemas-microsoft-com:office:spreadsheet\">",
        "of 2003",
    );
    made.refused("a PDF", "%PDF-1.7\n", "a PDF");
    made.refused("a receipt", "muhr-receipt/v1\n", "a file of muhr");
    made.refused("a compressed table", b"\x1f\x8b\x08\0".to_vec(), "gzip");
}
