//! Tests of texts that other programs have re-written.

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
