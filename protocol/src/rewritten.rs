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
mod tests {
    use super::*;

    const TEXT: &str = "muhr-x/v1\nname \u{2014} ва\n\nend\n";

    fn reads(bytes: &[u8]) -> bool {
        bytes == TEXT.as_bytes()
    }

    #[test]
    fn whatever_a_mail_program_or_editor_does_is_told_apart_from_other_changes() {
        let utf16 = |high_first: bool| -> Vec<u8> {
            let bytes = |unit: u16| {
                if high_first {
                    unit.to_be_bytes()
                } else {
                    unit.to_le_bytes()
                }
            };
            TEXT.encode_utf16().flat_map(bytes).collect()
        };
        let marked = |mark: &[u8], rest: &[u8]| [mark, rest].concat();
        for rewritten in [
            TEXT.replace('\n', "\r\n").into_bytes(),
            TEXT.replace('\n', "\r\r\n").into_bytes(),
            TEXT.replace('\n', "\r").into_bytes(),
            TEXT.replacen('\n', "\r\n", 1).into_bytes(),
            marked(b"\xef\xbb\xbf", TEXT.as_bytes()),
            marked(b"\xef\xbb\xbf\xef\xbb\xbf", TEXT.as_bytes()),
            TEXT.trim_end().as_bytes().to_vec(),
            format!("{TEXT}\n").into_bytes(),
            format!("\n\n{TEXT}\n\n").into_bytes(),
            TEXT.replace('\n', " \n").into_bytes(),
            TEXT.replace('\n', "\t \r\n").into_bytes(),
            format!("{}  ", TEXT.trim_end()).into_bytes(),
            marked(b"\xff\xfe", &utf16(false)),
            marked(b"\xfe\xff", &utf16(true)),
            utf16(false),
            utf16(true),
        ] {
            assert!(!reads(&rewritten));
            assert!(is_rewritten(&rewritten, reads), "{rewritten:?}");
        }
        let odd: Vec<u8> = utf16(false).into_iter().chain([b'x']).collect();
        assert!(is_rewritten(&odd, reads), "half a unit is nothing");
        for other in [
            TEXT.as_bytes(),
            b"",
            b"\n",
            b"\xff\xfe",
            TEXT.replacen("end", "End", 1).as_bytes(),
            TEXT.replacen("\n\n", "\n", 1).as_bytes(),
            TEXT.replacen("\nname", "\n name", 1).as_bytes(),
            &TEXT.as_bytes()[..TEXT.len() - 2],
        ] {
            assert!(!is_rewritten(other, reads), "{other:?}");
        }
    }

    #[test]
    fn a_text_is_as_written_without_empty_lines_and_blanks_at_ends() {
        assert!(is_as_written(b"a\n b\n"));
        for other in [
            &b"a"[..],
            b"",
            b"\n",
            b"a\n\n",
            b"\na\n",
            b"a\n\nb\n",
            b"a \nb\n",
            b"a\nb\t\n",
        ] {
            assert!(!is_as_written(other), "{}", other.escape_ascii());
        }
    }

    #[test]
    fn a_blank_that_belongs_to_the_text_does_not_hide_what_was_done_to_it() {
        let text = "field area \nend\n";
        let rewritten = text.replace('\n', "\r\n");
        assert!(is_rewritten(rewritten.as_bytes(), |bytes| bytes == text.as_bytes()));
    }
}
