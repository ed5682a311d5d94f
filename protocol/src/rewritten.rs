//! Texts that a mail program or an editor has written again: other line ends, a mark at the beginning,
//! blanks at ends of lines, a line feed more or less at the end, UTF-16.
//!
//! Such a text is refused like any other that leaves its format: nothing is judged by what it may have
//! been. It only gets a sentence of its own, for it is no forgery, and the way out is another copy.

use std::fmt::Write as _;

/// Advice to whoever holds a text that another program has re-written.
pub const SENTENCE: &str = "another program has re-written this text (its line ends, blanks at ends of lines, or marks at its beginning or end); ask for the file again, as an attachment";

/// Returns whether `reads` refuses `bytes` only for what a mail program or an editor has done to them: it accepts
/// the text with such changes undone.
pub fn is_rewritten(bytes: &[u8], reads: impl Fn(&[u8]) -> bool) -> bool {
    let lines = with_line_feeds(&utf8(bytes));
    let ended = with_one_end(&lines);
    let bare = with_one_end(&without_trailing_blanks(&lines));
    [lines, ended, bare]
        .iter()
        .any(|text| text != bytes && reads(text))
}

/// Returns whether a text has none of these changes: no empty line, no blank before a line feed, one line feed at
/// the end.
#[must_use]
pub fn is_as_written(bytes: &[u8]) -> bool {
    let Some(lines) = bytes.strip_suffix(b"\n") else {
        return false;
    };
    let mut lines = lines.split(|byte| *byte == b'\n');
    lines.all(|line| !matches!(line.last(), None | Some(b' ' | b'\t' | b'\r')))
}

/// The text in UTF-8 without byte order marks, whatever it was written in. A text in UTF-16 is told by its
/// mark, or by the zero that one of its first two bytes is.
#[must_use]
pub fn utf8(bytes: &[u8]) -> Vec<u8> {
    let (high_first, units) = match bytes {
        [0xff, 0xfe, rest @ ..] => (false, rest),
        [0xfe, 0xff, rest @ ..] => (true, rest),
        [first, 0, ..] if *first != 0 => (false, bytes),
        [0, second, ..] if *second != 0 => (true, bytes),
        _ => {
            let mut rest = bytes;
            while let Some(behind) = rest.strip_prefix(b"\xef\xbb\xbf") {
                rest = behind;
            }
            return rest.to_vec();
        }
    };
    let (pairs, _) = units.as_chunks::<2>();
    let units = pairs.iter().map(|pair| {
        if high_first {
            u16::from_be_bytes(*pair)
        } else {
            u16::from_le_bytes(*pair)
        }
    });
    let mut text = String::new();
    for letter in char::decode_utf16(units) {
        let _infallible = write!(text, "{}", letter.unwrap_or(char::REPLACEMENT_CHARACTER));
    }
    text.into_bytes()
}

/// CR LF, with one CR or more, as LF; and each other CR as LF.
fn with_line_feeds(bytes: &[u8]) -> Vec<u8> {
    let mut out: Vec<u8> = Vec::with_capacity(bytes.len());
    let mut waiting = 0_usize;
    for byte in bytes {
        if *byte == b'\r' {
            waiting = waiting.saturating_add(1);
            continue;
        }
        if *byte != b'\n' {
            out.extend(std::iter::repeat_n(b'\n', waiting));
        }
        waiting = 0;
        out.push(*byte);
    }
    out.extend(std::iter::repeat_n(b'\n', waiting));
    out
}

/// Without empty lines at beginning and end, and with one line feed there.
fn with_one_end(bytes: &[u8]) -> Vec<u8> {
    let is_text = |byte: &u8| *byte != b'\n';
    let first = bytes.iter().position(is_text).unwrap_or(bytes.len());
    let last = bytes.iter().rposition(is_text);
    let last = last.map_or(first, |last| last.saturating_add(1));
    let mut out = bytes.get(first..last).unwrap_or_default().to_vec();
    out.push(b'\n');
    out
}

fn without_trailing_blanks(bytes: &[u8]) -> Vec<u8> {
    let mut out: Vec<u8> = Vec::with_capacity(bytes.len());
    for byte in bytes {
        if *byte == b'\n' {
            while matches!(out.last(), Some(b' ' | b'\t')) {
                let _blank = out.pop();
            }
        }
        out.push(*byte);
    }
    while matches!(out.last(), Some(b' ' | b'\t')) {
        let _blank = out.pop();
    }
    out
}

#[cfg(test)]
mod tests;
