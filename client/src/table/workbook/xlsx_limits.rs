//! Size of what a workbook unpacks to, measured before anything else reads it: bytes, and the markup that a reader
//! would gather in memory.
//!
//! The markup is read by the library that reads the cells later (`quick-xml`, which `calamine` brings), so that no
//! part is one thing here and another there. What that library lets pass, this refuses: tags that do not pair, a
//! document type, a name without letters. Nothing is kept of a part but what `facts` asks for.

use std::io::Read;

use messages::UserMessage;
use quick_xml::{
    Reader,
    escape::resolve_xml_entity,
    events::{BytesEnd, BytesRef, BytesStart, Event},
};

use super::{
    bounded::{Bounded, early, malformed},
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
const ELEMENTS_MAX: [(&str, u64); 8] = [
    ("mergeCell", 100_000),
    ("sheet", 4_096),
    ("Relationship", 100_000),
    ("xf", 100_000),
    ("numFmt", 100_000),
    ("font", 100_000),
    ("fill", 100_000),
    ("border", 100_000),
];
/// Strings that a part may promise and not hold, as careless programs do: room for them is made at once.
const PROMISED_MORE_MAX: u64 = 1_000_000;
/// Unpacks a part of this name, of at most so many bytes: what its markup says, and how many bytes it has; or why it
/// is refused. What is named otherwise than markup must not be read as rows.
pub(super) fn measure(
    part: impl Read,
    name: &str,
    most: u64,
    known: &WorkbookFacts,
) -> Result<(PartFacts, u64), UserMessage> {
    let mut input = Bounded::of(part, most);
    let lower = name.to_ascii_lowercase();
    if !lower.ends_with(".xml") && !lower.ends_with(".rels") {
        input.pass_without_rows()?;
        return Ok((PartFacts::of(name), input.bytes));
    }
    let mut reader = Reader::from_reader(input);
    reader.config_mut().expand_empty_elements = true;
    let mut measure = Measure::of(name, known);
    let mut token = Vec::new();
    loop {
        token.clear();
        let read = reader.read_event_into(&mut token);
        let event = read.map_err(|error| reader.get_ref().refused(&error))?;
        let input = reader.get_mut();
        input.within()?;
        if matches!(event, Event::Eof) {
            measure.finish()?;
            return Ok((measure.facts, input.bytes));
        }
        measure.take(&event, input)?;
        input.go_on(&event, measure.cell.is_some());
    }
}

/// Facts of a part while its marks go by.
struct Measure<'a> {
    /// Facts of the parts before this one, and of this one.
    known: &'a WorkbookFacts,
    facts: PartFacts,
    /// The text of the cell or string that goes by.
    text: String,
    depth: usize,
    /// The depth at which a cell or string began.
    cell: Option<usize>,
    strings: u64,
    string_bytes: u64,
    /// How many strings the part says it has.
    promised: u64,
    counts: [u64; ELEMENTS_MAX.len()],
}

impl<'a> Measure<'a> {
    fn of(name: &str, known: &'a WorkbookFacts) -> Self {
        Self {
            known,
            facts: PartFacts::of(name),
            text: String::new(),
            depth: 0,
            cell: None,
            strings: 0,
            string_bytes: 0,
            promised: 0,
            counts: [0; ELEMENTS_MAX.len()],
        }
    }

    fn take<R>(&mut self, event: &Event<'_>, input: &mut Bounded<R>) -> Result<(), UserMessage> {
        match event {
            Event::Start(tag) => self.start(tag, input),
            Event::End(tag) => self.end(tag, input),
            Event::Text(text) if self.cell.is_some() => {
                self.text.push_str(&text.xml10_content());
                Ok(())
            }
            Event::CData(text) if self.cell.is_some() => {
                self.text.push_str(&text.xml10_content());
                Ok(())
            }
            Event::GeneralRef(letter) if self.cell.is_some() => self.letter(letter),
            Event::DocType(_) => Err(malformed()),
            _ => Ok(()),
        }
    }

    fn start<R>(
        &mut self,
        tag: &BytesStart<'_>,
        input: &mut Bounded<R>,
    ) -> Result<(), UserMessage> {
        let name = tag.name();
        let is_named = !name.as_ref().is_empty() && name.as_ref().len() <= NAME_BYTES_MAX;
        if !is_named || self.depth >= DEPTH_MAX {
            return Err(malformed());
        }
        let local = name.local_name();
        let local = local.as_ref();
        let promised = self.facts.start(local, tag).map_err(|_| malformed())?;
        self.promised = self.promised.max(promised);
        for (count, (counted, most)) in self.counts.iter_mut().zip(ELEMENTS_MAX) {
            *count += u64::from(local == counted);
            if *count > most {
                return Err(UserMessage::new("workbook-too-many-elements")
                    .text("most", most)
                    .text("element", counted));
            }
        }
        match self.cell {
            // Of a cell with several values the last is read.
            Some(depth) if self.depth == depth + 1 && self.facts.is_in_cell() => self.text.clear(),
            None if matches!(local, "c" | "si") => {
                self.strings += u64::from(local == "si");
                self.cell = Some(self.depth);
                self.text.clear();
                input.held = input.last;
            }
            _ => {}
        }
        self.depth += 1;
        Ok(())
    }

    fn end<R>(&mut self, tag: &BytesEnd<'_>, input: &Bounded<R>) -> Result<(), UserMessage> {
        self.depth -= 1;
        let local = tag.local_name();
        if self.cell.take_if(|depth| *depth == self.depth).is_none() {
            self.facts.end(local.as_ref());
        } else if local.as_ref() == "si" {
            self.facts.string(&self.text);
            self.string_bytes += input.bytes - input.held + STRING_BYTES;
            if self.string_bytes > STRINGS_BYTES_MAX {
                return Err(UserMessage::new("workbook-too-many-strings"));
            }
        } else {
            self.facts.cell(&self.text, self.known);
        }
        Ok(())
    }

    /// Reference to a letter, as &amp; or &#65;. One that stands for none is for the reader of cells to refuse.
    fn letter(&mut self, letter: &BytesRef<'_>) -> Result<(), UserMessage> {
        if let Some(text) = resolve_xml_entity(letter) {
            self.text.push_str(text);
        } else {
            let letter = letter.resolve_char_ref().map_err(|_| malformed())?;
            self.text.extend(letter);
        }
        Ok(())
    }

    /// Judges a part at its end.
    fn finish(&self) -> Result<(), UserMessage> {
        if self.promised > self.strings + PROMISED_MORE_MAX {
            return Err(UserMessage::new("workbook-promises-strings"));
        }
        if self.depth > 0 {
            return Err(early());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    /// A reader that gives one byte at a time.
    struct Single<'a>(&'a [u8]);

    impl Read for Single<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let count = into.len().min(1);
            self.0.read(&mut into[..count])
        }
    }

    /// Judges a text whole and, where that is not long, byte by byte.
    fn judge(name: &str, text: &[u8]) -> Result<(), UserMessage> {
        let known = WorkbookFacts::default();
        let most = 1 << 30;
        let judged = measure(text, name, most, &known).map(|(_, bytes)| bytes);
        if text.len() < 1 << 16 {
            let single = measure(Single(text), name, most, &known).map(|(_, bytes)| bytes);
            assert_eq!(single, judged);
        }
        assert!(judged.is_err() || judged == Ok(text.len() as u64));
        judged.map(|_| ())
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
            assert_eq!(refused.code(), "workbook-cell-too-long");
        }
    }

    #[test]
    fn the_reader_that_measures_is_the_one_that_reads_cells() {
        let locked = include_str!("../../../../Cargo.lock");
        let versions = locked.matches("\nname = \"quick-xml\"\n").count();
        assert_eq!(
            versions, 1,
            "calamine has another quick-xml than this crate"
        );
        // What this library would read otherwise than a stricter one is refused.
        for bad in [
            "<c></c x='>'></c>",
            "<row r='1' r='2'></row>",
            "<row r=1></row>",
            "<sheetData><c r='A'/></sheetData>",
            "<c><v>&amp</v></c>",
            "<!doctype a><a/>",
            "< a></ a>",
        ] {
            let refused = judge("a.xml", bad.as_bytes()).unwrap_err();
            assert_eq!(refused.code(), "workbook-markup-broken", "{bad}");
        }
        assert!(judge("a.xml", b"<a>\xff</a>").is_err());
    }

    #[test]
    fn what_a_reader_keeps_is_counted() {
        let strings = |promised: u64, count: usize| {
            let all = "<si><t>a</t></si>".repeat(count);
            format!("<x:sst x:uniqueCount=\"{promised}\">{all}</x:sst>")
        };
        assert_eq!(judge("s.xml", strings(3, 3).as_bytes()), Ok(()));
        assert!(judge("s.xml", strings(2_000_000, 3).as_bytes()).is_err());
        let refused = judge("s.xml", strings(3_000_000, 3_000_000).as_bytes()).unwrap_err();
        assert_eq!(refused.code(), "workbook-too-many-strings");
        let merged = "<mergeCell ref=\"A1:A2\"/>".repeat(100_001);
        let refused = judge("w.xml", format!("<w>{merged}</w>").as_bytes());
        assert!(refused.unwrap_err().to_string().contains("mergeCell"));
    }
}
