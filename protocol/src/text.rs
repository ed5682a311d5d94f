//! Strict text: `word value` lines that have exactly one way to be written.
//!
//! A reader walks the lines in their fixed order; anything else (CR, blank or unknown line, number
//! with a leading zero, base64 that is not canonical, a missing last LF) is [`Malformed`]. Types that
//! parse also write their result again and compare, so parse and write are inverses or an error.

use std::collections::BTreeSet;

use base64::{Engine, engine::general_purpose::STANDARD};
use thiserror::Error;

/// The line at which a text leaves its format, and how. Never quotes the text: it may be private or hostile.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("line {line}: {what}")]
pub struct Malformed {
    /// Number of the line, from 1.
    pub line: usize,
    /// Text that was expected there.
    pub what: String,
}

impl Malformed {
    /// A departure at `line`.
    pub fn new(line: usize, what: impl Into<String>) -> Self {
        Self {
            line,
            what: what.into(),
        }
    }

    /// The same fault in a text that has `lines` more lines above.
    #[must_use]
    pub fn after(self, lines: usize) -> Self {
        Self {
            line: self.line.saturating_add(lines),
            ..self
        }
    }
}

/// Walks the lines of a text once, from the top.
#[derive(Clone, Debug)]
pub struct Lines<'a> {
    rest: &'a str,
    line: usize,
}

impl<'a> Lines<'a> {
    /// Starts on `bytes`: UTF-8 that ends in LF, without control characters other than LF.
    ///
    /// # Errors
    ///
    /// [`Malformed`] for more than `bytes_max` bytes, bytes that are no UTF-8, a control character other than LF,
    /// and a last line without LF.
    pub fn new(bytes: &'a [u8], bytes_max: usize) -> Result<Self, Malformed> {
        if bytes.len() > bytes_max {
            return Err(Malformed::new(1, format!("longer than {bytes_max} bytes")));
        }
        let rest = std::str::from_utf8(bytes).map_err(|_| Malformed::new(1, "not UTF-8"))?;
        if let Some(at) = rest
            .bytes()
            .position(|byte| (byte < 0x20 && byte != b'\n') || byte == 0x7f)
        {
            let line = rest
                .bytes()
                .take(at)
                .filter(|byte| *byte == b'\n')
                .count()
                .saturating_add(1);
            return Err(Malformed::new(line, "a control character"));
        }
        if !rest.ends_with('\n') {
            let line = rest
                .bytes()
                .filter(|byte| *byte == b'\n')
                .count()
                .saturating_add(1);
            return Err(Malformed::new(
                line,
                "the text does not end with a line feed",
            ));
        }
        Ok(Self { rest, line: 0 })
    }

    /// Starts on a part of a text that was already checked, whose first line is number `first_line`.
    #[must_use]
    pub(crate) const fn within(section: &'a str, first_line: usize) -> Self {
        Self {
            rest: section,
            line: first_line.saturating_sub(1),
        }
    }

    /// Everything up to the next line that begins with `--- `, and the number of its first line.
    pub(crate) fn section(&mut self) -> (&'a str, usize) {
        let first_line = self.line.saturating_add(1);
        let end = if self.rest.starts_with("--- ") {
            0
        } else {
            self.rest
                .find("\n--- ")
                .map_or(self.rest.len(), |at| at.saturating_add(1))
        };
        let (section, rest) = self.rest.split_at(end);
        self.line = self
            .line
            .saturating_add(section.bytes().filter(|byte| *byte == b'\n').count());
        self.rest = rest;
        (section, first_line)
    }

    /// Consumes the next line if it is exactly `text`.
    pub(crate) fn skip_if(&mut self, text: &str) -> bool {
        let mut ahead = self.clone();
        let found = ahead.exact(text).is_ok();
        if found {
            *self = ahead;
        }
        found
    }

    /// The next line with its LF, read by `parse`; `what` says what it should have been.
    pub(crate) fn whole<T>(
        &mut self,
        parse: impl FnOnce(&str) -> Option<T>,
        what: &str,
    ) -> Result<T, Malformed> {
        let line = self.any()?;
        parse(&format!("{line}\n")).ok_or_else(|| self.malformed(format!("not {what}")))
    }

    /// Number of the line last read.
    #[must_use]
    pub const fn line(&self) -> usize {
        self.line
    }

    /// An error at the line last read.
    pub fn malformed(&self, what: impl Into<String>) -> Malformed {
        Malformed::new(self.line, what)
    }

    /// The text not yet read.
    #[must_use]
    pub const fn rest(&self) -> &'a str {
        self.rest
    }

    /// The next line without its LF, or an error at the end.
    ///
    /// # Errors
    ///
    /// [`Malformed`] at the end of the text.
    pub fn any(&mut self) -> Result<&'a str, Malformed> {
        self.line = self.line.saturating_add(1);
        let (line, rest) = self
            .rest
            .split_once('\n')
            .ok_or_else(|| self.malformed("the text ends too early"))?;
        self.rest = rest;
        Ok(line)
    }

    /// Consumes a line that must be exactly `text`.
    ///
    /// # Errors
    ///
    /// [`Malformed`] for another line, and at the end of the text.
    pub fn exact(&mut self, text: &str) -> Result<(), Malformed> {
        if self.any()? == text {
            Ok(())
        } else {
            Err(self.malformed(format!("expected \"{text}\"")))
        }
    }

    /// The value of a line that must begin with `word` and a space.
    ///
    /// # Errors
    ///
    /// [`Malformed`] for a line that does not begin with `word` and a space, and at the end of the text.
    pub fn value(&mut self, word: &str) -> Result<&'a str, Malformed> {
        let line = self.any()?;
        match line
            .strip_prefix(word)
            .and_then(|rest| rest.strip_prefix(' '))
        {
            Some(value) if !value.is_empty() => Ok(value),
            _ => Err(self.malformed(format!("expected \"{word} ...\""))),
        }
    }

    /// The value of the next line if it begins with `word` and a space; else nothing is consumed.
    ///
    /// # Errors
    ///
    /// [`Malformed`] for a line that begins with `word` and a space and has no value.
    pub fn optional(&mut self, word: &str) -> Result<Option<&'a str>, Malformed> {
        let next = self.rest.split_once('\n').map_or("", |(line, _)| line);
        if next
            .strip_prefix(word)
            .is_some_and(|rest| rest.starts_with(' '))
        {
            self.value(word).map(Some)
        } else {
            Ok(None)
        }
    }

    /// The value of a `word` line, read by `parse`; `what` says what it should have been.
    ///
    /// # Errors
    ///
    /// As [`Self::value`], and [`Malformed`] for a value of which `parse` makes nothing.
    pub fn parsed<T>(
        &mut self,
        word: &str,
        what: &str,
        parse: impl FnOnce(&'a str) -> Option<T>,
    ) -> Result<T, Malformed> {
        let value = self.value(word)?;
        parse(value).ok_or_else(|| self.malformed(format!("\"{word}\" is not {what}")))
    }

    /// The value of a `word` line as a canonical decimal number.
    ///
    /// # Errors
    ///
    /// As [`Self::value`], and [`Malformed`] for anything but the one spelling of a number.
    pub fn number(&mut self, word: &str) -> Result<u64, Malformed> {
        self.parsed(word, "a canonical decimal number", number)
    }

    /// Returns whether everything has been read.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Checks that nothing follows.
    ///
    /// # Errors
    ///
    /// [`Malformed`] for a line that follows.
    pub fn end(&self) -> Result<(), Malformed> {
        #[cfg(feature = "planted")]
        if crate::planted::takes_trailing_lines() {
            return Ok(());
        }
        if self.is_empty() {
            Ok(())
        } else {
            Err(Malformed::new(
                self.line.saturating_add(1),
                "nothing may follow here",
            ))
        }
    }
}

/// The guard behind every `parse`: what was read, written again, must be the very same bytes.
///
/// # Errors
///
/// [`Malformed`] names the first line that differs.
pub fn same(bytes: &[u8], written: &[u8]) -> Result<(), Malformed> {
    #[cfg(feature = "planted")]
    if crate::planted::takes_trailing_lines() && bytes.starts_with(written) {
        return Ok(());
    }
    if bytes == written {
        Ok(())
    } else {
        Err(Malformed::new(1, "not written the one canonical way"))
    }
}

/// A decimal number without sign and without leading zeros.
pub fn number(text: &str) -> Option<u64> {
    let canonical = !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_digit())
        && (text.len() == 1 || !text.starts_with('0'));
    if canonical { text.parse().ok() } else { None }
}

/// Words with commas between them.
#[must_use]
pub fn list<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.collect::<Vec<_>>().join(",")
}

/// Reads words with commas between them: at least one, each once, in their order.
pub fn read_list<T: Ord>(text: &str, parse: impl Fn(&str) -> Option<T>) -> Option<BTreeSet<T>> {
    let words = text.split(',').map(parse).collect::<Option<Vec<T>>>()?;
    let sorted = words.is_sorted_by(|a, b| a < b);
    sorted.then(|| words.into_iter().collect())
}

/// Standard base64 with padding (RFC 4648 section 4).
#[must_use]
pub fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Appends a hash's base64 and the end of its line: most lines of a proof are such.
pub(crate) fn end_with_hash(out: &mut String, hash: &[u8; 32]) {
    STANDARD.encode_string(hash, out);
    out.push('\n');
}

/// Writes a hash's base64.
pub(crate) fn write_hash(out: &mut std::fmt::Formatter<'_>, hash: &[u8; 32]) -> std::fmt::Result {
    let mut digits = [0; 44];
    let length = STANDARD.encode_slice(hash, &mut digits).unwrap_or(0);
    let written = digits.get(..length).map(std::str::from_utf8);
    out.write_str(written.and_then(Result::ok).unwrap_or_default())
}

/// Reads canonical base64 of any length; trailing bits must be zero and padding present.
pub fn base64_bytes(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// Reads canonical base64 of exactly `N` bytes.
pub fn base64_array<const N: usize>(text: &str) -> Option<[u8; N]> {
    // No more room than the bytes need: what is longer does not fit, whatever it says.
    let mut bytes = [0; N];
    let length = STANDARD.decode_slice(text, &mut bytes).ok()?;
    (length == N).then_some(bytes)
}

/// Lowercase hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
    ];
    let digit = |half: u8| DIGITS.get(usize::from(half)).copied().unwrap_or_default();
    let mut out = String::with_capacity(bytes.len().saturating_mul(2));
    for byte in bytes {
        out.push(digit(byte >> 4));
        out.push(digit(byte & 15));
    }
    out
}

/// Reads exactly `2 N` lowercase hexadecimal digits.
pub fn hex_array<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => byte.checked_sub(b'0'),
        b'a'..=b'f' => byte.checked_sub(b'a').and_then(|low| low.checked_add(10)),
        _ => None,
    };
    if text.len() != N.saturating_mul(2) {
        return None;
    }
    let mut out = [0; N];
    for (slot, pair) in out.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let (high, low) = (digit(*pair.first()?)?, digit(*pair.get(1)?)?);
        *slot = (high << 4) | low;
    }
    Some(out)
}
