//! A strict reader of RFC 4180 that shares no line with the product: rows as lists of cells, or none at all where
//! a quote is never closed or text stands behind a closing one.

/// Rows of a text; none if it is not well-formed.
pub(crate) fn read(text: &[u8], delimiter: u8) -> Option<Vec<Vec<Vec<u8>>>> {
    let mut rows = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let mut row = Vec::new();
        loop {
            let (cell, behind) = cell(rest, delimiter)?;
            row.push(cell);
            match behind {
                [first, ..] if *first == delimiter => rest = &behind[1..],
                [b'\r', b'\n', ..] => {
                    rest = &behind[2..];
                    break;
                }
                [b'\n' | b'\r', ..] => {
                    rest = &behind[1..];
                    break;
                }
                [] => {
                    rest = behind;
                    break;
                }
                _ => return None,
            }
        }
        rows.push(row);
    }
    Some(rows)
}

/// One cell, and what stands behind it.
fn cell(text: &[u8], delimiter: u8) -> Option<(Vec<u8>, &[u8])> {
    let Some(mut rest) = text.strip_prefix(b"\"") else {
        let is_end = |byte: &u8| *byte == delimiter || matches!(byte, b'\r' | b'\n');
        let end = text.iter().position(is_end).unwrap_or(text.len());
        return Some((text[..end].to_vec(), &text[end..]));
    };
    let mut cell = Vec::new();
    loop {
        let end = rest.iter().position(|byte| *byte == b'"')?;
        cell.extend_from_slice(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix(b"\"") {
            Some(more) => {
                cell.push(b'"');
                rest = more;
            }
            None => return Some((cell, rest)),
        }
    }
}

#[test]
fn the_reader_is_strict() {
    let cells = |text: &str| {
        let rows = read(text.as_bytes(), b',')?;
        let text = |cell: Vec<u8>| String::from_utf8(cell).unwrap();
        let rows = rows
            .into_iter()
            .map(|row| row.into_iter().map(text).collect::<Vec<_>>().join("|"));
        Some(rows.collect::<Vec<_>>().join("/"))
    };
    assert_eq!(
        cells("a,b\r\n\"1,2\",\"say \"\"x\"\"\"\n").unwrap(),
        "a|b/1,2|say \"x\""
    );
    assert_eq!(cells("a,\n,\"x\ny\"").unwrap(), "a|/|x\ny");
    for none in ["a,\"b", "\"a\"b", "\"a\" ,b", "a,\"\"\""] {
        assert_eq!(cells(none), None, "{none}");
    }
}
