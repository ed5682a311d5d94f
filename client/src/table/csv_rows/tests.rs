//! Rows of CSV text: their numbers, their cells as the library `csv` gives them, and what quotes make doubtful.

use super::*;

type Row = (u64, Vec<String>, Option<usize>);

fn read(text: &[u8]) -> Result<Vec<Row>, UserMessage> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    std::fs::write(&path, text).unwrap();
    let mut rows = CsvRows::open(&path, b',').unwrap();
    let mut found = Vec::new();
    while let Some(raw) = rows.next()? {
        let cells = raw.cells.iter();
        let cells = cells.map(|cell| String::from_utf8(cell.to_vec()).unwrap());
        found.push((
            raw.number,
            cells.collect(),
            raw.wrong.map(|wrong| wrong.column),
        ));
    }
    Ok(found)
}

fn numbers(text: &str) -> Vec<u64> {
    let found = read(text.as_bytes()).unwrap();
    found.into_iter().map(|(number, ..)| number).collect()
}

#[test]
fn a_row_has_the_number_that_a_spreadsheet_gives_it() {
    for end in ["\n", "\r\n", "\r"] {
        let with = |text: &str| text.replace('\n', end);
        assert_eq!(numbers(&with("n,a\n1,x\n\n\n2,y\n3,z")), [1, 2, 5, 6]);
        assert_eq!(numbers(&with("\n\nn,a\n1,x\n\n")), [3, 4]);
        // A new line within a cell is no new row, however the cell goes on.
        let quoted = with("n,a\n\"1\n\n\",x\n\n2,\"\"\"\n\"\"\"\n3,\"y\"z\n4,a\"b\n5,c");
        assert_eq!(numbers(&quoted), [1, 2, 4, 5, 6, 7], "{quoted:?}");
    }
    let ahead: String = (0..100_000).map(|row| format!("{row},x\n\n")).collect();
    let found = numbers(&format!("n,a\n{ahead}"));
    assert_eq!((found.len(), found.last()), (100_001, Some(&200_000)));
}

#[test]
fn well_formed_rows_are_read_as_by_the_csv_library() {
    const PARTS: [&str; 9] = [
        "a",
        ",",
        "\n",
        "\r\n",
        "\"\"",
        "\"x,y\"",
        "\"\"\"q\"\"\"",
        "б",
        " ",
    ];
    let mut texts = vec![String::new()];
    for _ in 0..5 {
        let longer = texts
            .iter()
            .flat_map(|text| PARTS.map(|part| format!("{text}{part}")));
        texts = longer.collect();
        // One reader for all of them: what one text leaves behind must not show in the next.
        let mut rows = CsvRows::of(&b""[..], b',');
        for text in &texts {
            let mut theirs = csv::ReaderBuilder::new();
            let theirs = theirs.flexible(true).has_headers(false);
            let theirs = theirs.from_reader(text.as_bytes()).into_byte_records();
            let theirs: Vec<csv::ByteRecord> = theirs.map(Result::unwrap).collect();
            rows.input = text.as_bytes();
            let ours = std::iter::from_fn(|| rows.next().unwrap());
            let ours: Vec<Raw> = ours.collect();
            // What is no well-formed text is marked, and not the same.
            if ours.iter().all(|raw| raw.wrong.is_none()) {
                let ours = ours.iter().map(|raw| &raw.cells);
                assert!(ours.eq(&theirs), "{text:?}");
            }
        }
    }
}

#[test]
fn what_quotes_make_doubtful_is_named() {
    for (text, place) in [
        ("n,a\n1,\"x\n2,y\n", "row 2, column 2"),
        ("n,\"a\n1,x\n2,y\n", "row 1, column 2"),
        ("n,a\n\n1,\"x\"\n2,\"y\"\"", "row 4, column 2"),
        ("\"n", "row 1, column 1"),
        ("n,a\n1,x\n\"", "row 3, column 1"),
    ] {
        let refused = read(text.as_bytes()).unwrap_err();
        let words = refused.in_words(messages::Language::English);
        assert!(words.starts_with(place), "{text:?}: {words}");
        assert_eq!(refused.code(), "quote-never-closed");
    }
    for (text, row, column) in [
        // One row swallowed, several, one that is split alone, one with an empty quoted cell.
        ("n,a\n1,\"x\n2,y\"\n3,z\n", 1, 1),
        ("n,a,b\n1,\"x,p\n2,y,q\n3,z\",r\n", 1, 1),
        ("n,a\n1,\"x\n2,\",y\"\n", 1, 1),
        ("n,a,b\n1,\"x\n2,\"\",q\",z\n", 1, 1),
        ("n,a\n1,\"x\n2,y,,\"\n", 1, 1),
        ("n\n\"1\n2\"\n", 1, 0),
        // The first row too.
        ("n,\"a\n1,x\n2,y\"\n3,z\n", 0, 1),
        // Text behind a closing quote.
        ("n,a\n1,\"x\"y\n", 1, 1),
        ("n,a\n\"1\"2,\"x\" \n", 1, 0),
        ("n,a\n1,\"x\n2,\"y\"\n", 1, 1),
    ] {
        let found = read(text.as_bytes()).unwrap();
        assert_eq!(found[row].2, Some(column), "{text:?}: {found:?}");
        assert!(found[row].1[column].starts_with("#QUOTES "), "{found:?}");
    }
    for fine in [
        "n,a\n1,\"two\nlines\"\n",
        "n,a\n1,\"say \"\"yes\"\"\"\n",
        "n,a\n1,12\" pipe\n",
        "n,a,b,c\n1,\"x, y\n5 z\",c,d\n",
    ] {
        let found = read(fine.as_bytes()).unwrap();
        assert!(found.iter().all(|row| row.2.is_none()), "{fine:?}");
    }
}

#[test]
fn a_row_without_end_is_refused_within_bounds() {
    let mut text = b"a,b\n\n1,\"b\n".to_vec();
    text.resize(4 * 1024 * 1024, b'x');
    let refused = read(&text).unwrap_err();
    let words = "row-too-long-quote (row: \"3\", bytes-max: \"1048576\")";
    assert_eq!(refused.to_string(), words);
}

#[test]
fn a_line_that_says_what_stands_between_cells_is_no_row() {
    for text in [&b"\xef\xbb\xbfsep=,\r\nn,a\r\n1,x"[..], b"sep=,\nn,a\n1,x"] {
        let found = read(text).unwrap();
        assert_eq!(found[0], (1, vec!["n".to_owned(), "a".to_owned()], None));
        assert_eq!(found[1].0, 2);
    }
    // One mark is the file's; a second is text.
    let found = read(b"\xef\xbb\xbf\xef\xbb\xbfn,a\n1,x").unwrap();
    assert_eq!(found[0].1, ["\u{feff}n", "a"]);
}
