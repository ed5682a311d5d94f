//! Beginning of CSV text before its first row: the mark of UTF-8, and a line that says what stands between cells.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read},
    path::Path,
};

use super::super::{TableError, TableTrouble, source::Delimiter};
use crate::durable::FileError;

/// How spreadsheets mark UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// Beginning of a first line that names the delimiter, and is no row.
const SEPARATOR: &[u8] = b"sep=";

/// Delimiter that a first line like `sep=;` names, if there is one.
pub(in crate::table) fn told(path: &Path) -> Result<Option<Delimiter>, TableError> {
    let unreadable = |error| FileError::unreadable(path, error);
    let mut file = BufReader::new(File::open(path).map_err(unreadable)?);
    let (_, separator) = start(&mut file).map_err(unreadable)?;
    let Some(separator) = separator else {
        return Ok(None);
    };
    let known = Delimiter::of(separator).ok_or_else(|| {
        let separator = char::from(separator);
        TableTrouble::Separator { separator }.of(path)
    });
    known.map(Some)
}

/// How many bytes stand before the first row, and the separator that they name.
pub(super) fn start(input: &mut impl BufRead) -> std::io::Result<(u64, Option<u8>)> {
    let mut start = Vec::new();
    let mut most = input.take(BYTE_ORDER_MARK.len() as u64 + SEPARATOR.len() as u64 + 3);
    let _count = most.read_to_end(&mut start)?;
    let mark = match start.strip_prefix(BYTE_ORDER_MARK) {
        Some(rest) => start.len() - rest.len(),
        None => 0,
    };
    let separator = separator(start.get(mark..).unwrap_or_default());
    let line = separator.map_or(0, |(_, length)| length);
    Ok(((mark + line) as u64, separator.map(|(byte, _)| byte)))
}

/// Delimiter that a first line like `sep=;` names, and the bytes of that line with its end.
fn separator(text: &[u8]) -> Option<(u8, usize)> {
    let head = text.get(..SEPARATOR.len())?;
    let (separator, rest) = text.get(SEPARATOR.len()..)?.split_first()?;
    let end = match rest {
        [b'\r', b'\n', ..] => 2,
        [b'\r' | b'\n', ..] => 1,
        [] => 0,
        _ => return None,
    };
    let is_one = head.eq_ignore_ascii_case(SEPARATOR) && !matches!(separator, b'\r' | b'\n');
    is_one.then_some((*separator, SEPARATOR.len() + 1 + end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_that_names_a_separator_is_known() {
        for (text, found) in [
            (&b"sep=;\nn"[..], Some((b';', 6))),
            (b"SEP=\t\r\nn", Some((b'\t', 7))),
            (b"sep=,", Some((b',', 5))),
            (b"sep=;;\n", None),
            (b"sep=\n", None),
            (b"separator,a\n", None),
        ] {
            assert_eq!(separator(text), found);
        }
    }
}
