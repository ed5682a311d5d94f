//! Foreign text, made fit for a terminal and for JSON: one line that moves no cursor, rings no bell and
//! turns no text round.
//!
//! Text of a file, a table or a node is shown with every such character written out. Both functions are
//! called where output leaves the program, so that no caller can forget them.

use std::{borrow::Cow, fmt::Write};

/// Returns whether a character does something besides standing there: control characters of both sets, marks that
/// turn the direction of text, line ends of other alphabets, and what has no width at all.
fn acts(letter: char) -> bool {
    letter.is_control()
        || matches!(
            letter,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

/// One line for people.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    escaped(text, |letter, out| match letter {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        letter => {
            let _memory = write!(out, "\\u{{{:x}}}", u32::from(letter));
        }
    })
}

/// One line of JSON whose strings say the same: such a character can only stand within a string.
pub(crate) fn printable_json(text: &str) -> Cow<'_, str> {
    escaped(text, |letter, out| {
        for unit in letter.encode_utf16(&mut [0; 2]) {
            let _memory = write!(out, "\\u{unit:04x}");
        }
    })
}

fn escaped(text: &str, escape: impl Fn(char, &mut String)) -> Cow<'_, str> {
    if !text.contains(acts) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for letter in text.chars() {
        if acts(letter) {
            escape(letter, &mut out);
        } else {
            out.push(letter);
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_still_is_left_as_it_is() {
        for text in [
            "Bog'ishamol ko'chasi, \"7\"",
            "Тошкент шаҳри, Ғ Қ Ҳ Ў",
            "✔ authentic – a\\b €",
        ] {
            assert!(matches!(printable(text), Cow::Borrowed(_)), "{text}");
        }
    }

    #[test]
    fn what_acts_is_written_out() {
        let text = "a\n\r\t\u{1b}[2Jb\u{202e}c\u{9b}d\u{2028}\u{7f}\u{e0041}";
        assert_eq!(
            printable(text),
            "a\\n\\r\\t\\u{1b}[2Jb\\u{202e}c\\u{9b}d\\u{2028}\\u{7f}\\u{e0041}"
        );
    }

    #[test]
    fn json_keeps_its_meaning() {
        let value = serde_json::json!({"a\u{202e}": "\u{1b}\u{9b}\u{7f}\u{e0041}\u{feff}\n"});
        let text = value.to_string();
        let line = printable_json(&text);
        assert!(!line.contains(acts), "{line}");
        let read: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(read, value);
    }
}
