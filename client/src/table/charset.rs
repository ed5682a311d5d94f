//! Which alphabet of one byte a letter a text is written in, told by how often letters come and by their case.
//!
//! The same bytes are letters in each of these alphabets, and nonsense in all but one: rare letters where
//! common ones should be, capitals in the middle of words. One is named only if it is better than all
//! others by a margin; a text of a few letters names none. Not here: UTF-8, which proves itself.

/// Letters of the rest of Windows-1251, from 0x80 on; 0x98 stands for none.
const MIDDLE: &str = "ЂЃ‚ѓ„…†‡€‰Љ‹ЊЌЋЏђ‘’“”•–—\0™љ›њќћџ\u{a0}ЎўЈ¤Ґ¦§Ё©Є«¬\u{ad}®Ї°±Ііґµ¶·ё№є»јЅѕї";
/// KOI8-R from 0xC0 on; the capitals follow in the same order.
const KOI8: &str = "юабцдефгхийклмнопярстужвьызшэщчъ";
/// Tenths of bits by which a letter is more or less likely than the average of all.
const WEIGHTS: [(&str, i64); 12] = [
    ("о", 18),
    ("еа", 15),
    ("ин", 12),
    ("тс", 9),
    ("рвл", 5),
    ("кмдпу", 0),
    ("яыьгзб", -8),
    ("ўч", -10),
    ("йхж", -16),
    ("шю", -20),
    ("цщэё", -28),
    ("фъ", -35),
];
/// A letter that only other languages have.
const STRANGE: i64 = -45;
/// A byte that is no letter and nothing that stands between words.
const NO_TEXT: i64 = -40;
/// A capital behind a small letter.
const BROKEN_CASE: i64 = -40;
/// A letter beside one of the Latin alphabet.
const MIXED: i64 = -30;
/// So much better than any other an alphabet must be.
const MARGIN: i64 = 30;
/// So few letters tell nothing.
const LETTERS_MIN: u64 = 4;
/// The lowest mean weight of letters that are words of a language.
const MEAN_MIN: i64 = -10;
/// What may stand between words.
const PUNCTUATION: &str = "«»№–—“”„‘’‚…§°±·•©®\u{a0}";

/// Apostrophes of Uzbek words.
const APOSTROPHES: &str = "\u{2bb}\u{2bc}";

/// The alphabets that are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Alphabet {
    Windows1251,
    Koi8R,
    Cp866,
    Iso8859,
    Mac,
}

impl Alphabet {
    const ALL: [Self; 5] = [
        Self::Windows1251,
        Self::Koi8R,
        Self::Cp866,
        Self::Iso8859,
        Self::Mac,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Windows1251 => "Windows-1251",
            Self::Koi8R => "KOI8-R",
            Self::Cp866 => "CP866 (DOS)",
            Self::Iso8859 => "ISO 8859-5",
            Self::Mac => "Mac Cyrillic",
        }
    }

    /// The letter or sign of a byte from 0x80 on, as far as it tells something.
    fn letter(self, byte: u8) -> Option<char> {
        let from = |first: u32, start: u8| char::from_u32(first + u32::from(byte - start));
        let koi8 = |at: u8| KOI8.chars().nth(usize::from(at));
        match (self, byte) {
            (Self::Windows1251, _) => windows_1251(byte),
            (Self::Koi8R, 0xc0..=0xdf) => koi8(byte - 0xc0),
            (Self::Koi8R, 0xe0..) => koi8(byte - 0xe0)?.to_uppercase().next(),
            (Self::Koi8R, 0xa3) => Some('ё'),
            (Self::Koi8R, 0xb3) => Some('Ё'),
            (Self::Koi8R, 0x9a) => Some('\u{a0}'),
            (Self::Cp866, 0x80..=0xaf) => from(0x410, 0x80),
            (Self::Cp866, 0xe0..=0xef) => from(0x440, 0xe0),
            (Self::Cp866, 0xf0..=0xff) => "ЁёЄєЇїЎў°\0·\0№\0\0\u{a0}"
                .chars()
                .nth(usize::from(byte - 0xf0)),
            (Self::Iso8859, 0xb0..=0xef) => from(0x410, 0xb0),
            (Self::Iso8859, 0xa1) => Some('Ё'),
            (Self::Iso8859, 0xf1) => Some('ё'),
            (Self::Iso8859, 0xf0) => Some('№'),
            (Self::Iso8859, 0xa0) => Some('\u{a0}'),
            (Self::Mac, 0x80..=0x9f) => from(0x410, 0x80),
            (Self::Mac, 0xdf) => Some('я'),
            (Self::Mac, 0xe0..=0xfe) => from(0x430, 0xe0),
            (Self::Mac, 0xdc) => Some('№'),
            (Self::Mac, 0xca) => Some('\u{a0}'),
            (Self::Mac, 0xc7) => Some('«'),
            (Self::Mac, 0xc8) => Some('»'),
            _ => None,
        }
    }
}

/// The letter that a byte of Windows-1251 stands for; 0x98 stands for none.
pub(super) fn windows_1251(byte: u8) -> Option<char> {
    match byte {
        0..0x80 => Some(char::from(byte)),
        0x80..0xc0 => MIDDLE
            .chars()
            .nth(usize::from(byte - 0x80))
            .filter(|letter| *letter != '\0'),
        _ => char::from_u32(0x410 + u32::from(byte - 0xc0)),
    }
}

/// What a byte is to an alphabet.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ByteClass {
    /// Of ASCII, no letter; or what may stand between words.
    Between,
    Latin,
    Small(i64),
    Capital(i64),
    Nonsense,
}

fn kind(alphabet: Alphabet, byte: u8) -> ByteClass {
    if byte.is_ascii() {
        let is_letter = byte.is_ascii_alphabetic();
        return if is_letter {
            ByteClass::Latin
        } else {
            ByteClass::Between
        };
    }
    let Some(letter) = alphabet.letter(byte) else {
        return ByteClass::Nonsense;
    };
    if PUNCTUATION.contains(letter) {
        return ByteClass::Between;
    }
    let is_cyrillic = ('\u{400}'..'\u{460}').contains(&letter);
    if !is_cyrillic {
        return ByteClass::Nonsense;
    }
    let small = letter.to_lowercase().next().unwrap_or(letter);
    let weight = WEIGHTS.iter().find(|(letters, _)| letters.contains(small));
    let weight = weight.map_or(STRANGE, |(_, weight)| *weight);
    if letter == small {
        ByteClass::Small(weight)
    } else {
        ByteClass::Capital(weight)
    }
}

/// Whether bytes that are to be Windows-1251 hold text that was plainly written as UTF-8. By chance a capital and
/// one of ё, Ё, №, ў and such make a letter of UTF-8; two such pairs side by side, three bytes of one letter, or
/// a pair that no word has, do not come by chance.
pub(super) fn holds_utf8(bytes: &[u8]) -> bool {
    let runs = bytes.split(u8::is_ascii).filter(|run| !run.is_empty());
    let texts = runs.filter_map(|run| Some((run, std::str::from_utf8(run).ok()?)));
    { texts }.any(|(run, text)| {
        let is_letter = |letter: char| {
            letter.is_alphabetic() || PUNCTUATION.contains(letter) || APOSTROPHES.contains(letter)
        };
        let by_chance = run.len() == 2
            && run.get(1).is_some_and(|byte| {
                matches!(
                    kind(Alphabet::Windows1251, *byte),
                    ByteClass::Small(_) | ByteClass::Capital(_) | ByteClass::Between
                )
            });
        text.chars().all(is_letter) && !by_chance
    })
}

/// What is known of a text while its bytes go by.
pub(super) struct Guess(Vec<CharsetScore>);

struct CharsetScore {
    alphabet: Alphabet,
    kinds: Vec<ByteClass>,
    before: ByteClass,
    letters: u64,
    nonsense: u64,
    mixed: u64,
    weight: i64,
    score: i64,
}

impl Guess {
    pub(super) fn new() -> Self {
        let candidate = |alphabet| CharsetScore {
            alphabet,
            kinds: (0..=u8::MAX).map(|byte| kind(alphabet, byte)).collect(),
            before: ByteClass::Between,
            letters: 0,
            nonsense: 0,
            mixed: 0,
            weight: 0,
            score: 0,
        };
        Self(Alphabet::ALL.map(candidate).into())
    }

    pub(super) fn take(&mut self, piece: &[u8]) {
        for candidate in &mut self.0 {
            for byte in piece {
                candidate.step(*byte);
            }
        }
    }

    /// Whether a text, too short to say so, may be in an alphabet: all of it reads as words, and in no other
    /// better.
    pub(super) fn may_be(&self, alphabet: Alphabet) -> bool {
        let Some(own) = self.0.iter().find(|one| one.alphabet == alphabet) else {
            return false;
        };
        let best = self.0.iter().map(|other| other.score).max();
        own.letters > 0 && own.nonsense == 0 && own.mixed == 0 && best <= Some(own.score)
    }

    /// The alphabet that the text is written in, if one is plainly better than all others.
    pub(super) fn judge(&self) -> Option<Alphabet> {
        let mut best = self.0.first()?;
        for other in &self.0[1..] {
            if other.score > best.score {
                best = other;
            }
        }
        // The Mac's small letters are those of Windows-1251 but for one, and its capitals those of DOS: where
        // one of these is as good, it is it.
        let is_rival = |other: &&CharsetScore| {
            let shares = matches!(best.alphabet, Alphabet::Windows1251 | Alphabet::Cp866);
            other.alphabet != best.alphabet && !(shares && other.alphabet == Alphabet::Mac)
        };
        let next = self.0.iter().filter(is_rival).map(|other| other.score);
        let plainly = best.score >= next.max()? + MARGIN;
        (plainly && best.is_text()).then_some(best.alphabet)
    }
}

impl CharsetScore {
    fn step(&mut self, byte: u8) {
        let kind = self.kinds[usize::from(byte)];
        let is_cyrillic = |kind| matches!(kind, ByteClass::Small(_) | ByteClass::Capital(_));
        if let ByteClass::Small(weight) | ByteClass::Capital(weight) = kind {
            self.letters += 1;
            self.weight += weight;
            self.score += weight;
        }
        if kind == ByteClass::Nonsense {
            self.nonsense += 1;
            self.score += NO_TEXT;
        }
        let meets = (is_cyrillic(kind) && self.before == ByteClass::Latin)
            || (is_cyrillic(self.before) && kind == ByteClass::Latin);
        if meets {
            self.mixed += 1;
            self.score += MIXED;
        }
        if matches!(
            (self.before, kind),
            (ByteClass::Small(_), ByteClass::Capital(_))
        ) {
            self.score += BROKEN_CASE;
        }
        self.before = kind;
    }

    /// Hardly anything but words: one byte in fifty may be something else, one letter in twenty beside a
    /// Latin one.
    fn is_text(&self) -> bool {
        let letters = i64::try_from(self.letters).unwrap_or(i64::MAX);
        self.letters >= LETTERS_MIN
            && self.nonsense * 50 <= self.letters
            && self.mixed * 20 <= self.letters
            && self.weight >= letters.saturating_mul(MEAN_MIN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A text in an alphabet.
    fn written(alphabet: Alphabet, text: &str) -> Vec<u8> {
        let byte = |letter: char| match u8::try_from(letter) {
            Ok(byte) if byte.is_ascii() => byte,
            _ => (0x80..=0xff)
                .find(|byte| alphabet.letter(*byte) == Some(letter))
                .unwrap_or_else(|| panic!("{letter} is not in {}", alphabet.name())),
        };
        text.chars().map(byte).collect()
    }

    fn judge(bytes: &[u8]) -> Option<Alphabet> {
        let mut letters = Guess::new();
        letters.take(bytes);
        letters.judge()
    }

    #[test]
    fn each_alphabet_is_told_by_its_words() {
        for text in [
            "номер;адрес\nQ-1;Ташкент, 1\n",
            "number;address\nQ-1;ул. Навои, 12\nQ-2;Самарканд\n",
            "number;holder\n7;КАРИМОВ АНВАР РУСТАМОВИЧ\n",
            "number;holder\n7;каримова нодира\n",
            "Рухсатнома;Манзил\n12;Тошкент шахри, Чилонзор тумани\n",
            "разрешение на строительство",
        ] {
            let windows = written(Alphabet::Windows1251, text);
            for alphabet in Alphabet::ALL {
                let bytes = written(alphabet, text);
                let told = judge(&bytes);
                match alphabet {
                    // Of a few words without capitals nobody can tell, nor need to.
                    Alphabet::Mac => {
                        assert!(told != Some(Alphabet::Windows1251) || bytes == windows)
                    }
                    _ => assert_eq!(told, Some(alphabet), "{text} in {}", alphabet.name()),
                }
            }
        }
        let mac = written(Alphabet::Mac, "Каримов Анвар\nАлиева Нодира Тохировна\n");
        assert_eq!(judge(&mac), Some(Alphabet::Mac));
        let uzbek = written(Alphabet::Windows1251, "Ўзбекистон");
        assert_eq!(judge(&uzbek), Some(Alphabet::Windows1251));
    }

    #[test]
    fn what_is_no_such_text_is_not_named() {
        for bytes in [
            // Latin letters with accents, apostrophes of Windows, one letter alone, and noise.
            &b"name\ncaf\xe9, na\xefve, Fran\xe7ois, \xe9t\xe9\n"[..],
            b"O\x91zbekiston, G\x91ijduvon, to\x92g\x92ri",
            b"7;\xc6-1",
            b"\x98\x98\x98\x98\x98\xff\x81",
            b"x",
        ] {
            assert_eq!(judge(bytes), None, "{bytes:?}");
        }
        let noise: Vec<u8> = (0..4096_u32)
            .map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8)
            .collect();
        assert_eq!(judge(&noise), None);
        // One undefined byte among thousands of letters is found by its row and column later.
        let mut long = written(Alphabet::Windows1251, &"Ташкент ".repeat(100));
        long.push(0x98);
        assert_eq!(judge(&long), Some(Alphabet::Windows1251));
    }

    #[test]
    fn text_of_utf_8_among_windows_1251_is_told() {
        for text in [
            "Тошкент",
            "ул. Навои, 12",
            "№ 7",
            "о\u{2bb}zbek",
            "ш",
            "Ўзбекистон",
            "a – b",
            "Q-1; дом",
        ] {
            assert!(holds_utf8(text.as_bytes()), "{text}");
        }
        for text in [
            "Тошкент",
            "ТОШКЕНТ",
            "Сёмин",
            "Рё",
            "В№12",
            "АЛЁНА ЁЛКИНА",
            "«Блок В»",
            "СЁ",
            "г.Т\u{a0}5",
            "Ў",
            "plain",
            "О‘ТКИР",
            "Т–5",
        ] {
            let bytes = written(Alphabet::Windows1251, text);
            assert!(!holds_utf8(&bytes), "{text}");
        }
    }

    #[test]
    fn letters_of_windows_1251_are_read() {
        let read = |bytes: &[u8]| -> Option<String> {
            bytes.iter().map(|byte| windows_1251(*byte)).collect()
        };
        let word = b"\xd0\xe0\xe7\xf0\xe5\xf8\xe5\xed\xe8\xe5 \xb9 7";
        assert_eq!(read(word).unwrap(), "Разрешение № 7");
        assert_eq!(read(b"\xa8\xb8\xa1\xa2\xff").unwrap(), "ЁёЎўя");
        assert_eq!(read(b"\x98"), None);
        let all: Vec<u8> = (0..=255).filter(|byte| *byte != 0x98).collect();
        assert_eq!(read(&all).unwrap().chars().count(), 255);
    }
}
