//! What a workbook unpacks to, measured before anything else reads it: bytes, and the markup that a reader
//! would gather in memory.
//!
//! It reads the markup as the reader does, but keeps nothing of it. What it cannot follow, it refuses: a
//! part that two readers could take for two things is bounded by neither.

use super::{
    super::source::CELL_BYTES_MAX,
    facts::{PartFacts, WorkbookFacts},
};

/// Elements within elements.
const DEPTH_MAX: usize = 128;
/// Bytes of the name of an element.
const NAME_BYTES_MAX: usize = 64;
/// Bytes that a string takes beside its text.
const STRING_BYTES: u64 = 48;
/// The most bytes that all strings take in memory.
const STRINGS_BYTES_MAX: u64 = 128 << 20;
/// Elements for each of which a reader keeps something, and how many a workbook may have.
const ELEMENTS_MAX: [(&[u8], u64); 8] = [
    (b"mergeCell", 100_000),
    (b"sheet", 4_096),
    (b"Relationship", 100_000),
    (b"xf", 100_000),
    (b"numFmt", 100_000),
    (b"font", 100_000),
    (b"fill", 100_000),
    (b"border", 100_000),
];
/// Strings that a part may promise and not hold, as careless programs do: room for them is made at once.
const PROMISED_MORE_MAX: u64 = 1_000_000;
/// How the tags begin without which a part holds neither sheets nor rows.
const ROWS: [&[u8]; 2] = [b"<sheet", b":sheet"];
const ROWS_BYTES: usize = 6;

/// Where in the markup the next byte stands.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum XmlState {
    #[default]
    Text,
    /// Behind `<`.
    Open,
    /// In a tag that starts an element; the quote that is open.
    Start(Option<u8>),
    End,
    /// Behind `<!`: not known yet what it is.
    Bang,
    Comment,
    Data,
    Instruction,
}

/// What is known of a part while it is unpacked.
pub(super) struct Measure<'a> {
    /// What the parts before this one have said, and what this one says.
    known: &'a WorkbookFacts,
    pub(super) facts: PartFacts,
    /// The text of the cell or string that goes by.
    text: Vec<u8>,
    pub(super) bytes: u64,
    is_markup: bool,
    place: XmlState,
    /// Bytes of the tag, text or comment that is being read.
    token: u64,
    /// Its first bytes.
    head: Vec<u8>,
    /// Its last bytes.
    tail: [u8; 3],
    open: Vec<Vec<u8>>,
    /// The depth at which a cell or string began, and its bytes so far.
    cell: Option<(usize, u64)>,
    strings: u64,
    string_bytes: u64,
    /// How many strings the part says it has.
    promised: u64,
    counts: [u64; ELEMENTS_MAX.len()],
    /// The last bytes of a part without markup, with which such a tag may begin.
    carry: Vec<u8>,
}

impl<'a> Measure<'a> {
    /// For the part of this name: what is named otherwise than markup must not be read as rows.
    pub(super) fn of(name: &str, known: &'a WorkbookFacts) -> Self {
        let facts = PartFacts::of(name);
        let name = name.to_ascii_lowercase();
        Self {
            known,
            facts,
            text: Vec::new(),
            bytes: 0,
            is_markup: name.ends_with(".xml") || name.ends_with(".rels"),
            place: XmlState::Text,
            token: 0,
            head: Vec::new(),
            tail: [0; 3],
            open: Vec::new(),
            cell: None,
            strings: 0,
            string_bytes: 0,
            promised: 0,
            counts: [0; ELEMENTS_MAX.len()],
            carry: Vec::new(),
        }
    }

    /// Takes the next bytes, or says why the part is refused.
    pub(super) fn take(&mut self, piece: &[u8]) -> Result<(), String> {
        self.bytes += piece.len() as u64;
        if !self.is_markup {
            let mut known = std::mem::take(&mut self.carry);
            known.extend_from_slice(piece);
            if known.windows(ROWS_BYTES).any(|word| ROWS.contains(&word)) {
                return Err("it holds rows in a part that is not named as one".to_owned());
            }
            self.carry = known.split_off(known.len().saturating_sub(ROWS_BYTES - 1));
            return Ok(());
        }
        let mut rest = piece;
        while let Some(first) = rest.first() {
            // Text is most of a part, and ends at the next mark only.
            let count = match self.place {
                XmlState::Text => rest.iter().position(|byte| *byte == b'<'),
                _ => Some(0),
            };
            match count {
                Some(0) => {
                    self.step(*first)?;
                    rest = &rest[1..];
                    self.grow(1)?;
                }
                count => {
                    let count = count.unwrap_or(rest.len());
                    self.grow(count as u64)?;
                    if self.cell.is_some() {
                        self.text.extend_from_slice(&rest[..count]);
                    }
                    rest = &rest[count..];
                }
            }
        }
        Ok(())
    }

    /// What is left to be said at the end of a part.
    pub(super) fn finish(&self) -> Result<(), String> {
        if self.promised > self.strings + PROMISED_MORE_MAX {
            return Err("it promises more strings than it holds".to_owned());
        }
        if self.is_markup && (self.place != XmlState::Text || !self.open.is_empty()) {
            return Err("a part of it ends too early".to_owned());
        }
        Ok(())
    }

    fn grow(&mut self, count: u64) -> Result<(), String> {
        let long = || Err(format!("a cell is longer than {CELL_BYTES_MAX} bytes"));
        self.token += count;
        if self.token > CELL_BYTES_MAX as u64 {
            return long();
        }
        if let Some((_, bytes)) = &mut self.cell {
            *bytes += count;
            if *bytes > CELL_BYTES_MAX as u64 {
                return long();
            }
        }
        Ok(())
    }

    fn step(&mut self, byte: u8) -> Result<(), String> {
        self.tail = [self.tail[1], self.tail[2], byte];
        if !matches!(self.place, XmlState::Text | XmlState::Open)
            && self.head.len() < CELL_BYTES_MAX
        {
            self.head.push(byte);
        }
        self.place = match (self.place, byte) {
            (XmlState::Text, _) => {
                // What only begins here is counted from here.
                self.token = 0;
                self.head.clear();
                XmlState::Open
            }
            (XmlState::Open, b'!') => XmlState::Bang,
            (XmlState::Open, b'?') => XmlState::Instruction,
            (XmlState::Open, b'/') => XmlState::End,
            (XmlState::Open, b'>') => return Err(malformed()),
            (XmlState::Open, _) => {
                self.head.push(byte);
                XmlState::Start(None)
            }
            (XmlState::Bang, _) if self.head == b"--" => {
                self.head.clear();
                XmlState::Comment
            }
            (XmlState::Bang, _) if self.head == b"[CDATA[" => {
                self.head.clear();
                XmlState::Data
            }
            (XmlState::Bang, _) if b"--".starts_with(&self.head) => XmlState::Bang,
            (XmlState::Bang, _) if b"[CDATA[".starts_with(&self.head) => XmlState::Bang,
            (XmlState::Bang, _) => return Err(malformed()),
            (XmlState::Comment, _) if self.tail == *b"-->" && self.head.len() >= 3 => self.text(),
            (XmlState::Data, _) if self.tail == *b"]]>" && self.head.len() >= 3 => self.text(),
            (XmlState::Instruction, _) if self.tail.ends_with(b"?>") && self.head.len() >= 2 => {
                self.text()
            }
            (XmlState::Start(None), b'>') => {
                let _end = self.head.pop();
                self.start()?;
                self.text()
            }
            (XmlState::Start(None), quote @ (b'"' | b'\'')) => XmlState::Start(Some(quote)),
            (XmlState::Start(Some(quote)), _) if byte == quote => XmlState::Start(None),
            (XmlState::End, b'>') => {
                let _end = self.head.pop();
                self.end(true)?;
                self.text()
            }
            (place, _) => place,
        };
        Ok(())
    }

    /// A tag or comment has ended.
    fn text(&mut self) -> XmlState {
        self.token = 0;
        self.head.clear();
        XmlState::Text
    }

    fn start(&mut self) -> Result<(), String> {
        let is_empty = self.head.last() == Some(&b'/');
        let name = name(&self.head[..self.head.len() - usize::from(is_empty)]).to_vec();
        if name.is_empty() || name.len() > NAME_BYTES_MAX || self.open.len() >= DEPTH_MAX {
            return Err(malformed());
        }
        let local = local(&name);
        self.facts.start(local, &self.head);
        for (count, (counted, most)) in self.counts.iter_mut().zip(ELEMENTS_MAX) {
            *count += u64::from(local == counted);
            if *count > most {
                let counted = String::from_utf8_lossy(counted);
                return Err(format!("it has more than {most} elements \"{counted}\""));
            }
        }
        match local {
            b"c" | b"si" if self.cell.is_none() => {
                self.strings += u64::from(local == b"si");
                self.cell = Some((self.open.len(), self.head.len() as u64));
                self.text.clear();
            }
            b"sst" => self.promised = self.promised.max(promised(&self.head)),
            _ => {}
        }
        self.open.push(name);
        if is_empty {
            self.end(false)?;
        }
        Ok(())
    }

    /// The element that was opened last ends: by a tag, or by itself if it was empty.
    fn end(&mut self, by_tag: bool) -> Result<(), String> {
        let Some(opened) = self.open.pop() else {
            return Err(malformed());
        };
        if by_tag && name(&self.head) != opened {
            return Err(malformed());
        }
        let Some((_, bytes)) = self.cell.take_if(|(depth, _)| *depth == self.open.len()) else {
            return Ok(());
        };
        if local(&opened) == b"si" {
            self.facts.string(&self.text);
            self.string_bytes += bytes + STRING_BYTES;
            if self.string_bytes > STRINGS_BYTES_MAX {
                return Err("it holds more strings than a table can have".to_owned());
            }
        } else {
            self.facts.cell(&self.text, self.known);
        }
        Ok(())
    }
}

fn malformed() -> String {
    "not a workbook: its markup is broken".to_owned()
}

/// The name at the start of a tag.
fn name(tag: &[u8]) -> &[u8] {
    let end = tag.iter().position(u8::is_ascii_whitespace);
    &tag[..end.unwrap_or(tag.len())]
}

/// A name without its prefix.
fn local(name: &[u8]) -> &[u8] {
    let colon = name.iter().rposition(|byte| *byte == b':');
    &name[colon.map_or(0, |at| at + 1)..]
}

/// How many strings a part says that it has. What is no number is not believed by the reader either; what
/// is too long for one is too many.
fn promised(tag: &[u8]) -> u64 {
    let text = String::from_utf8_lossy(tag);
    let Some((_, after)) = text.split_once("uniqueCount") else {
        return 0;
    };
    let digits = after.trim_start_matches(|letter: char| !letter.is_ascii_digit());
    let end = digits.find(|letter: char| !letter.is_ascii_digit());
    match &digits[..end.unwrap_or(digits.len())] {
        "" => 0,
        digits => digits.parse().unwrap_or(u64::MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same whole and letter by letter.
    fn judge(name: &str, text: &[u8]) -> Result<(), String> {
        let known = WorkbookFacts::default();
        let mut whole = Measure::of(name, &known);
        let judged = whole.take(text).and_then(|()| whole.finish());
        let mut single = Measure::of(name, &known);
        let letters = text.iter().try_for_each(|byte| single.take(&[*byte]));
        assert_eq!(letters.and_then(|()| single.finish()), judged);
        judged
    }

    #[test]
    fn markup_is_followed_and_what_is_none_is_refused() {
        for good in [
            "<a/>",
            "<?xml version=\"1.0\"?>\n<a b='>'><x:c d=\"/\"/><!-- <c> --><![CDATA[<c>]]></a >",
            "<a><!----><c/></a>",
        ] {
            assert_eq!(judge("a.xml", good.as_bytes()), Ok(()), "{good}");
        }
        for bad in [
            "<a>",
            "<a></b>",
            "</a>",
            "<!DOCTYPE a><a/>",
            "<a><!-->",
            "<>",
            "<a><is></a></is>",
        ] {
            assert!(judge("a.xml", bad.as_bytes()).is_err(), "{bad}");
        }
        let deep = "<a>".repeat(DEPTH_MAX + 1);
        assert!(judge("a.xml", deep.as_bytes()).is_err());
        assert!(judge("a.png", b"\x89PNG <a> <shee").is_ok());
        assert!(judge("a.png", b"\x89PNG <sheetData>").is_err());
    }

    #[test]
    fn a_cell_is_bounded_however_it_is_cut_up() {
        let run = format!("<r><t>{}</t></r>", "x".repeat(1000));
        let runs = |count| run.repeat(count);
        let cell = |inside: &str| format!("<sheetData><c><is>{inside}</is></c></sheetData>");
        assert_eq!(judge("a.xml", cell(&runs(1000)).as_bytes()), Ok(()));
        let two = cell(&runs(600)) + &cell(&runs(600));
        assert_eq!(judge("a.xml", format!("<w>{two}</w>").as_bytes()), Ok(()));
        let data = format!("<![CDATA[{}]]>", "<c>".repeat(1 << 20));
        let nested = format!("<c>{}</c>", runs(600)).repeat(2);
        let comment = format!("<!--{}-->", "<c></c>".repeat(1 << 18));
        for long in [runs(1100), data, nested, comment] {
            let refused = judge("a.xml", cell(&long).as_bytes()).unwrap_err();
            assert!(refused.contains("a cell is longer"), "{refused}");
        }
    }

    #[test]
    fn what_a_reader_keeps_is_counted() {
        let strings = |promised: u64, count: usize| {
            let all = "<si><t>a</t></si>".repeat(count);
            format!("<x:sst x:uniqueCount=\"{promised}\">{all}</x:sst>")
        };
        assert_eq!(judge("s.xml", strings(3, 3).as_bytes()), Ok(()));
        assert!(judge("s.xml", strings(2_000_000, 3).as_bytes()).is_err());
        let many = strings(3_000_000, 3_000_000);
        let known = WorkbookFacts::default();
        let mut measure = Measure::of("s.xml", &known);
        let refused = measure.take(many.as_bytes()).unwrap_err();
        assert!(refused.contains("more strings"), "{refused}");
        let merged = "<mergeCell ref=\"A1:A2\"/>".repeat(100_001);
        let refused = judge("w.xml", format!("<w>{merged}</w>").as_bytes());
        assert!(refused.unwrap_err().contains("mergeCell"));
    }
}
