//! Command lines as people type them, split into words.
//!
//! Not here: a shell. Blanks part words, single quotes keep them together, and nothing else is special.

/// Words of a command line, written as for `format!`: `args!("verify {file} --trust {trust}")`.
///
/// # Panics
/// If a value has blanks and does not stand between quotes: it would become several words.
#[macro_export]
macro_rules! args {
    ($line:literal $($values:tt)*) => {
        $crate::command_line::filled($line, &format!($line $($values)*))
    };
}

/// Words of `line`, which was made of `template`.
///
/// # Panics
/// If it has more words or fewer than the template: a value has blanks or quotes.
#[must_use]
pub fn filled(template: &str, line: &str) -> Vec<String> {
    let (wanted, words) = (split(template), split(line));
    assert_eq!(
        words.len(),
        wanted.len(),
        "{template}: a value with blanks stands between quotes, and one with quotes in no line: {line}"
    );
    words
}

/// Words of a line.
///
/// # Panics
/// If a quote is not closed.
#[must_use]
pub fn split(line: &str) -> Vec<String> {
    let (mut words, mut word, mut is_quoted) = (Vec::new(), None::<String>, false);
    for letter in line.chars() {
        match letter {
            '\'' => {
                is_quoted = !is_quoted;
                let _begun = word.get_or_insert_default();
            }
            ' ' if !is_quoted => words.extend(word.take()),
            _ => word.get_or_insert_default().push(letter),
        }
    }
    assert!(!is_quoted, "a quote is not closed: {line}");
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_line_falls_into_its_words() {
        let (file, trust, nothing) = ("a.txt", "two words", "");
        assert_eq!(
            args!("verify {file} --trust '{trust}'  --field 'name=A B' '{nothing}'"),
            [
                "verify",
                "a.txt",
                "--trust",
                "two words",
                "--field",
                "name=A B",
                ""
            ]
        );
        assert_eq!(args!("anchor {}.txt", 7), ["anchor", "7.txt"]);
    }

    #[test]
    fn no_value_is_broken_into_several_words() {
        for file in ["two words", "", "O'Neil"] {
            let broken = std::panic::catch_unwind(|| args!("verify {file} --json"));
            assert!(broken.is_err(), "{file:?}: {broken:?}");
        }
    }
}
