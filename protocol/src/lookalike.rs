//! Look-alike letters: Latin and Cyrillic ones that the eye cannot tell apart, where one may stand for
//! the other.
//!
//! They are named, never folded and never refused: only a person can say which was meant. Not here:
//! other scripts, and digits that look like letters.

/// Each Latin letter before the Cyrillic one that looks the same; docs/protocol.md, section 1.2.
const TWINS: &str = "A\u{410}a\u{430}B\u{412}C\u{421}c\u{441}d\u{501}E\u{415}e\u{435}\u{cb}\u{401}\u{eb}\u{451}\
    H\u{41d}h\u{4bb}I\u{406}I\u{4c0}i\u{456}\u{cf}\u{407}\u{ef}\u{457}J\u{408}j\u{458}K\u{41a}l\u{4cf}M\u{41c}\
    O\u{41e}o\u{43e}P\u{420}p\u{440}Q\u{51a}q\u{51b}S\u{405}s\u{455}T\u{422}W\u{51c}w\u{51d}X\u{425}x\u{445}\
    Y\u{423}Y\u{4ae}y\u{443}";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Script {
    Latin,
    Cyrillic,
}

/// A letter that may have been typed for one of the other script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LookAlike {
    /// The letter as it stands in the number.
    pub letter: char,
    /// The letter of the other script that looks the same, if there is one.
    pub twin: Option<char>,
}

impl std::fmt::Display for LookAlike {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (own, other) = match script(self.letter) {
            Some(Script::Cyrillic) => ("Cyrillic", "Latin"),
            _ => ("Latin", "Cyrillic"),
        };
        write!(
            out,
            "{own} {} (U+{:04X})",
            self.letter,
            u32::from(self.letter)
        )?;
        match self.twin {
            Some(twin) => write!(
                out,
                ", which looks like {other} {twin} (U+{:04X})",
                u32::from(twin)
            ),
            None => Ok(()),
        }
    }
}

const fn script(letter: char) -> Option<Script> {
    match letter {
        'A'..='Z'
        | 'a'..='z'
        | '\u{c0}'..='\u{d6}'
        | '\u{d8}'..='\u{f6}'
        | '\u{f8}'..='\u{24f}' => Some(Script::Latin),
        '\u{400}'..='\u{481}' | '\u{48a}'..='\u{52f}' => Some(Script::Cyrillic),
        _ => None,
    }
}

fn twin(letter: char) -> Option<char> {
    let mut letters = TWINS.chars();
    std::iter::from_fn(|| letters.next().zip(letters.next())).find_map(|(latin, cyrillic)| {
        match (letter == latin, letter == cyrillic) {
            (true, _) => Some(cyrillic),
            (_, true) => Some(latin),
            _ => None,
        }
    })
}

/// One letter for all that look like it: the Latin one of twins, and the hyphen of the keyboard for the dashes that
/// programs put in its place.
pub(crate) fn skeleton(letter: char) -> char {
    match (letter, script(letter)) {
        (
            '\u{2010}'..='\u{2015}'
            | '\u{2043}'
            | '\u{2212}'
            | '\u{fe58}'
            | '\u{fe63}'
            | '\u{ff0d}',
            _,
        ) => '-',
        (_, Some(Script::Cyrillic)) => twin(letter).unwrap_or(letter),
        _ => letter,
    }
}

/// Numbers of letters of either script.
#[derive(Clone, Copy, Default)]
struct Count {
    latin: usize,
    cyrillic: usize,
}

impl Count {
    fn of(letters: impl Iterator<Item = char>) -> Self {
        letters.fold(Self::default(), |count, letter| match script(letter) {
            Some(Script::Latin) => Self {
                latin: count.latin.saturating_add(1),
                ..count
            },
            Some(Script::Cyrillic) => Self {
                cyrillic: count.cyrillic.saturating_add(1),
                ..count
            },
            None => count,
        })
    }

    const fn is_mixed(self) -> bool {
        self.latin > 0 && self.cyrillic > 0
    }

    /// Returns whether a letter is of the script with fewer letters; of either if there are as many of each.
    fn is_rare(self, letter: char) -> bool {
        match script(letter) {
            Some(Script::Latin) => self.latin <= self.cyrillic,
            Some(Script::Cyrillic) => self.cyrillic <= self.latin,
            None => false,
        }
    }
}

/// The letters of a number that may have been typed for others, each once, as they first appear.
pub(crate) fn find(parts: &[String]) -> Vec<LookAlike> {
    let whole = Count::of(parts.iter().flat_map(|part| part.chars()));
    let mut found: Vec<LookAlike> = Vec::new();
    if !whole.is_mixed() {
        return found;
    }
    let words = parts
        .iter()
        .flat_map(|part| part.split(|letter| script(letter).is_none()));
    for word in words {
        let count = Count::of(word.chars());
        // A word of one script is suspicious among words of the other only if all of it could be that.
        let disguised = || word.chars().all(|letter| twin(letter).is_some());
        let against = match count.is_mixed() {
            true => count,
            false if disguised() => whole,
            false => continue,
        };
        for letter in word.chars().filter(|letter| against.is_rare(*letter)) {
            if !found.iter().any(|known| known.letter == letter) {
                let twin = twin(letter);
                found.push(LookAlike { letter, twin });
            }
        }
    }
    found
}
