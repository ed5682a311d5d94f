//! Which alphabet of one byte a letter a text is written in, told by how often letters come and by their case.
//!
//! Bytes are letters in each of these alphabets, and nonsense in all but one: rare letters where
//! common ones should be, capitals in the middle of words. One is named only if it is better than all
//! others by a margin; a text of a few letters names none. Which byte is which letter is for the library to say
//! (`encoding_rs`). Not here: UTF-8, which proves itself.

use encoding_rs::{Encoding, IBM866, ISO_8859_5, KOI8_R, WINDOWS_1251, X_MAC_CYRILLIC};

/// A byte that Windows-1251 has no letter for. The library, as browsers do, takes it for a control character.
const NO_LETTER: u8 = 0x98;
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
/// Letters that may stand between words.
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

    /// Returns whether a sign of it is looked at. Of an alphabet that is never read only what its common texts hold is: with
    /// every sign that the library knows, UTF-8 that broke off looked like KOI8-R.
    fn is_told_by(self, letter: char) -> bool {
        let more = match self {
            Self::Windows1251 => return true,
            Self::Cp866 => "ЁёЄєЇїЎў°·№\u{a0}",
            Self::Koi8R => "Ёё\u{a0}",
            Self::Iso8859 => "Ёё№\u{a0}",
            Self::Mac => "№«»\u{a0}",
        };
        matches!(letter, 'А'..='я') || more.contains(letter)
    }

    const fn encoding(self) -> &'static Encoding {
        match self {
            Self::Windows1251 => WINDOWS_1251,
            Self::Koi8R => KOI8_R,
            Self::Cp866 => IBM866,
            Self::Iso8859 => ISO_8859_5,
            Self::Mac => X_MAC_CYRILLIC,
        }
    }
}

/// The text that bytes of Windows-1251 stand for; none if one of them stands for nothing.
pub(super) fn windows_1251(bytes: &[u8]) -> Option<String> {
    if bytes.contains(&NO_LETTER) {
        return None;
    }
    let (text, _) = WINDOWS_1251.decode_without_bom_handling(bytes);
    Some(text.into_owned())
}

/// Class of a byte in an alphabet.
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
    let bytes = [byte];
    let (text, _) = alphabet.encoding().decode_without_bom_handling(&bytes);
    let Some(letter) = text.chars().next() else {
        return ByteClass::Nonsense;
    };
    if !alphabet.is_told_by(letter) {
        return ByteClass::Nonsense;
    }
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

/// Returns whether bytes that are to be Windows-1251 hold text that was plainly written as UTF-8. By chance a capital and
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

/// Knowledge of a text while its bytes go by.
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

    /// Returns whether a text, too short to say so, may be in an alphabet: all of it reads as words, and in no other
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
mod tests;
